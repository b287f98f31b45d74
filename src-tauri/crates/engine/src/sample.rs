//! Sample data: a believable organisation, marked as sample, removable in one act.

mod shape;

use crate::Engine;
use crate::cx::Cx;
use crate::error::{Code, Error};
use reeve_core::budget::{BudgetKind, BudgetLevel, Limit};
use reeve_core::id::{BudgetId, ChargeId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::period::PeriodKind;
use reeve_core::permission::Permission;
use reeve_core::tenant::TenantStatus;
use reeve_store::table::budgets::Budget;
use reeve_store::table::charges::{Charge, Trail};
use reeve_store::table::tenants::Tenant;

/// Charges written in one transaction: the gateway waits no longer than for these.
const CHUNK: usize = 1_000;

/// What was loaded or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleCount {
    /// Tenants.
    pub tenants: u64,
    /// Usage records.
    pub usage_records: u64,
}

impl Engine {
    /// Whether sample data is loaded.
    ///
    /// # Errors
    /// If `cx` may not see settings.
    pub async fn has_sample(&self, cx: &Cx) -> Result<bool, Error> {
        self.require(cx, Permission::SettingsRead).await?;
        self.sample_loaded().await
    }

    async fn sample_loaded(&self) -> Result<bool, Error> {
        Ok(self.inner.store.read(|r| r.tenants().all()).await?.iter().any(|t| t.sample))
    }

    /// Loads the sample data.
    ///
    /// # Errors
    /// If `cx` may not, it is loaded already, or a tenant of the same short name exists.
    pub async fn load_sample(&self, cx: &Cx) -> Result<SampleCount, Error> {
        self.require(cx, Permission::SettingsWrite).await?;
        if self.sample_loaded().await? {
            return Err(Error::new(Code::Conflict, "The sample data is loaded already."));
        }
        let mut count = SampleCount { tenants: 0, usage_records: 0 };
        let mut charges = Vec::new();
        for plan in shape::TENANTS {
            let tenant = self.load_sample_tenant(cx, plan).await?;
            count.tenants += 1;
            charges.extend(self.sample_charges(plan, tenant)?);
        }
        self.sample_budget(cx, None, PeriodKind::Day, shape::WORKSPACE_DAY, BudgetKind::Soft).await?;
        // Both soft: what the sample spends must not refuse the calls of real tenants.
        self.sample_budget(cx, None, PeriodKind::Month, shape::WORKSPACE_MONTH, BudgetKind::Soft).await?;
        count.usage_records = charges.len() as u64;
        self.write_sample_charges(cx, charges).await?;
        let loaded = self
            .draft(cx, "sample.load", "workspace:sample")
            .detail("sample", true)
            .detail("usage_records", count.usage_records);
        self.record(loaded).await?;
        self.rebuild_admission().await?;
        Ok(count)
    }

    async fn load_sample_tenant(&self, cx: &Cx, plan: &shape::Plan) -> Result<TenantId, Error> {
        let now = self.now();
        let tenant = Tenant {
            id: TenantId(self.inner.ids.next()),
            name: plan.name.to_owned(),
            // A tenant of one's own may have the plain name.
            slug: format!("sample-{}", reeve_core::slug::from_name(plan.name)),
            tier: plan.tier,
            status: TenantStatus::Active,
            time_zone: self.zone(),
            owner: None,
            tags: vec!["sample".to_owned()],
            notes: Some("Sample data. Remove it under Settings.".to_owned()),
            sample: true,
            created_at: now,
            updated_at: now,
        };
        let id = tenant.id;
        let draft = self
            .draft(cx, "tenant.create", format_args!("tenant:{id}"))
            .tenant(id)
            .name(&tenant.name)
            .detail("sample", true)
            .detail("tier", tenant.tier.as_str());
        self.inner
            .store
            .write(move |tx| {
                draft.record(tx)?.tenants().put(&tenant)?;
                Ok::<_, Error>(())
            })
            .await?;
        self.sample_budget(cx, Some((id, plan.name)), PeriodKind::Month, plan.month_usd, BudgetKind::Hard)
            .await?;
        Ok(id)
    }

    async fn sample_budget(
        &self,
        cx: &Cx,
        tenant: Option<(TenantId, &str)>,
        period: PeriodKind,
        usd: i64,
        kind: BudgetKind,
    ) -> Result<(), Error> {
        let name = tenant.map_or("Workspace", |(_, name)| name);
        let tenant = tenant.map(|(id, _)| id);
        let now = self.now();
        let amount = NanoUsd::from_usd(usd);
        let thresholds = crate::budgets::THRESHOLDS.to_vec();
        let limit = Limit { amount, kind };
        let id = BudgetId(self.inner.ids.next());
        let budget = Budget {
            id,
            level: tenant.map_or(BudgetLevel::WORKSPACE, BudgetLevel::tenant),
            period,
            limit,
            thresholds,
            sample: true,
            created_at: now,
            updated_at: now,
        };
        let mut draft = self
            .draft(cx, "budget.create", format_args!("budget:{id}"))
            .name(name)
            .detail("sample", true)
            .detail("period", period.as_str())
            .detail("limit_usd", amount.to_string());
        if let Some(tenant) = tenant {
            draft = draft.tenant(tenant);
        }
        self.inner
            .store
            .write(move |tx| {
                // A budget that people set stays: the sample does without this one.
                let taken =
                    tx.read().budgets().all()?.iter().any(|b| b.level == budget.level && b.period == period);
                if !taken {
                    draft.record(tx)?.budgets().put(&budget)?;
                }
                Ok::<_, Error>(())
            })
            .await
    }

    fn sample_charges(&self, plan: &shape::Plan, tenant: TenantId) -> Result<Vec<Charge>, Error> {
        let price_of = |model| self.pricing(tenant, plan.provider, model, self.now());
        let (usual, small) = (price_of(plan.model)?, price_of(plan.small)?);
        let calls = shape::calls(plan, self.zone(), self.now());
        let charge = |call: shape::SampleCall| {
            let (model, pricing) = if call.small { (plan.small, &small) } else { (plan.model, &usual) };
            let cost = pricing.cost(&call.usage, None).map_err(|e| {
                Error::new(Code::Internal, format!("The sample has no price: {}.", e.as_str()))
            })?;
            Ok(Charge {
                seq: 0,
                id: ChargeId(self.inner.ids.next()),
                time: call.time,
                tenant_id: tenant,
                api_key_id: None,
                user: Some(call.user),
                provider: plan.provider.to_owned(),
                model: model.to_owned(),
                operation: "chat".to_owned(),
                source: "sample".to_owned(),
                outcome: "success".to_owned(),
                status: Some(200),
                usage: call.usage,
                cost: Some(cost.total),
                pricing: pricing.word().to_owned(),
                unpriced_reason: None,
                price: Some(pricing.applied(&cost, None)),
                latency_ms: Some(call.latency_ms),
                first_byte_ms: None,
                stream: false,
                trace_id: None,
                request_id: None,
                import_id: None,
                dedupe: None,
                credential_id: None,
                tags: vec![call.tag.to_owned()],
                attempts: 1,
                trail: Trail::default(),
            })
        };
        calls.into_iter().map(charge).collect()
    }

    async fn write_sample_charges(&self, cx: &Cx, mut charges: Vec<Charge>) -> Result<(), Error> {
        charges.sort_by_key(|c| c.time);
        while !charges.is_empty() {
            let rest = charges.split_off(CHUNK.min(charges.len()));
            let (engine, cx) = (self.clone(), cx.clone());
            let chunk = std::mem::replace(&mut charges, rest);
            let write = move |tx: &mut reeve_store::Tx<'_>| engine.write_charges_of(tx, &cx, &chunk);
            self.inner.store.write(write).await?;
        }
        Ok(())
    }

    /// Removes the sample data: tenants, budgets, usage. The ledger keeps what it recorded, and records the removal.
    ///
    /// # Errors
    /// If `cx` may not, or none is loaded.
    pub async fn remove_sample(&self, cx: &Cx) -> Result<SampleCount, Error> {
        self.require(cx, Permission::SettingsWrite).await?;
        if !self.sample_loaded().await? {
            return Err(Error::new(Code::Conflict, "No sample data is loaded."));
        }
        let draft = self.draft(cx, "sample.remove", "workspace:sample").detail("sample", true);
        let count = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.usage_slots().delete_sample()?;
                recorded.usage_facets().delete_sample()?;
                recorded.refusal_slots().delete_sample()?;
                recorded.refusals().delete_sample()?;
                recorded.captures().delete_sample()?;
                recorded.adjustments().delete_sample()?;
                recorded.limit_refusals().delete_sample()?;
                let usage_records = recorded.charges().delete_sample()? as u64;
                recorded.budgets().delete_sample()?;
                let tenants = recorded.tenants().delete_sample()? as u64;
                Ok::<_, Error>(SampleCount { tenants, usage_records })
            })
            .await?;
        self.inner.admission.retain_tenants(|t| !t.sample);
        self.load_capture_rules().await?;
        self.rebuild_admission().await?;
        Ok(count)
    }
}
