//! Budgets: setting them, and how they stand.

use crate::Engine;
use crate::admission::Refusal;
use crate::cx::Cx;
use crate::error::{Code, Error};
use reeve_core::budget::{BudgetKind, BudgetState, Limit, at_this_pace, state};
use reeve_core::id::{BudgetId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::period::{Period, PeriodKind};
use reeve_core::permission::Permission;
pub use reeve_store::table::budgets::Budget;

/// Percentages at which people are told where the budget does not say.
pub const THRESHOLDS: [u32; 2] = [80, 100];

/// A new budget.
#[derive(Clone, Debug)]
pub struct SetBudget {
    /// Whose; `None` for the workspace.
    pub tenant_id: Option<TenantId>,
    /// Day or month.
    pub period: PeriodKind,
    /// Amount and what happens at it.
    pub limit: Limit,
    /// Percentages at which people are told.
    pub thresholds: Vec<u32>,
}

/// A change of a budget; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ChangeBudget {
    /// Amount.
    pub amount: Option<NanoUsd>,
    /// What happens at it.
    pub kind: Option<BudgetKind>,
    /// Percentages at which people are told.
    pub thresholds: Option<Vec<u32>>,
}

/// How a budget stands.
#[derive(Clone, Copy, Debug)]
pub struct BudgetStatus {
    /// The current period.
    pub period: Period,
    /// Settled charges.
    pub spent: NanoUsd,
    /// Worst case of calls on their way, holds included.
    pub reserved: NanoUsd,
    /// The holds' part of it.
    pub held: NanoUsd,
    /// What is left.
    pub remaining: NanoUsd,
    /// Spent and held, in percent of the limit.
    pub percentage: f64,
    /// What will be spent by the end at this pace.
    pub projected: Option<NanoUsd>,
    /// In a word.
    pub state: BudgetState,
    /// Calls it refused in this period.
    pub refused_calls: u64,
    /// What they might have cost.
    pub refused: NanoUsd,
}

/// A budget, its tenant's name, and how it stands.
#[derive(Clone, Debug)]
pub struct BudgetWithStatus {
    /// The budget.
    pub budget: Budget,
    /// Its tenant's name.
    pub tenant_name: Option<String>,
    /// How it stands.
    pub status: BudgetStatus,
}

/// One level of a pre-spend check.
#[derive(Clone, Copy, Debug)]
pub struct CheckedLevel {
    /// Which budget.
    pub budget: BudgetId,
    /// Whose: `None` for the workspace.
    pub tenant: Option<TenantId>,
    /// Day or month.
    pub period: PeriodKind,
    /// What is left.
    pub remaining: NanoUsd,
}

impl Engine {
    /// Budgets in the order they were made, with whether there are more.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn budgets(
        &self,
        cx: &Cx,
        after: Option<BudgetId>,
        limit: usize,
    ) -> Result<(Vec<BudgetWithStatus>, bool), Error> {
        self.require(cx, Permission::BudgetRead).await?;
        let mut budgets = self.inner.store.read(move |r| r.budgets().list(after, limit + 1)).await?;
        let more = budgets.len() > limit;
        budgets.truncate(limit);
        Ok((self.with_status(budgets).await?, more))
    }

    /// A budget and how it stands.
    ///
    /// # Errors
    /// If `cx` may not see it, or there is none.
    pub async fn budget(&self, cx: &Cx, id: BudgetId) -> Result<BudgetWithStatus, Error> {
        self.require(cx, Permission::BudgetRead).await?;
        let budget = self.stored_budget(id).await?;
        self.one_with_status(budget).await
    }

    async fn stored_budget(&self, id: BudgetId) -> Result<Budget, Error> {
        self.inner.store.read(move |r| r.budgets().get(id)).await?.ok_or_else(|| Error::not_found("budget"))
    }

    async fn one_with_status(&self, budget: Budget) -> Result<BudgetWithStatus, Error> {
        self.with_status(vec![budget]).await?.pop().ok_or_else(|| Error::not_found("budget"))
    }

    pub(crate) async fn with_status(&self, budgets: Vec<Budget>) -> Result<Vec<BudgetWithStatus>, Error> {
        let (zone, now) = (self.zone(), self.now());
        let periods: Vec<_> =
            budgets.iter().map(|b| (b.id, Period::containing(b.period, zone, now))).collect();
        let refused = self
            .inner
            .store
            .read(move |r| {
                let sums = periods.into_iter().map(|(id, p)| r.refusal_slots().of_budget(id, p.start, p.end));
                sums.collect::<Result<Vec<_>, _>>().map_err(Error::from)
            })
            .await?;
        Ok(budgets.into_iter().zip(refused).map(|(budget, refused)| self.status(budget, refused)).collect())
    }

    fn status(&self, budget: Budget, (refused_calls, refused): (u64, NanoUsd)) -> BudgetWithStatus {
        let now = self.now();
        let limits = self.inner.admission.limits(budget.tenant_id, now);
        let meter = limits.map(|l| if budget.period == PeriodKind::Day { l.day } else { l.month });
        let period = meter.map_or_else(|| Period::containing(budget.period, self.zone(), now), |m| m.period);
        let m = meter.map(|m| m.meter).unwrap_or_default();
        let status = BudgetStatus {
            period,
            spent: m.spent,
            reserved: m.reserved + m.held,
            held: m.held,
            remaining: m.remaining(budget.limit.amount),
            percentage: (m.spent + m.held).percent_of(budget.limit.amount).unwrap_or(100.0),
            projected: at_this_pace(m.spent, period, now),
            state: state(&m, budget.limit, &budget.thresholds),
            refused_calls,
            refused,
        };
        let tenant_name = budget.tenant_id.and_then(|id| self.inner.admission.tenant_name(id));
        BudgetWithStatus { budget, tenant_name, status }
    }

    /// Sets a budget where there is none.
    ///
    /// # Errors
    /// If `cx` may not, there is no such tenant, a field is wrong, or the level has one for the period.
    pub async fn set_budget(&self, cx: &Cx, new: SetBudget) -> Result<BudgetWithStatus, Error> {
        self.require(cx, Permission::BudgetWrite).await?;
        let tenant = match new.tenant_id {
            Some(id) => Some(self.stored_tenant(id).await?),
            None => None,
        };
        let now = self.now();
        let budget = Budget {
            id: BudgetId(self.inner.ids.next()),
            tenant_id: new.tenant_id,
            period: new.period,
            limit: new.limit,
            thresholds: thresholds(new.thresholds)?,
            sample: false,
            created_at: now,
            updated_at: now,
        };
        check_amount(budget.limit.amount)?;
        let mut draft = self
            .draft(cx, "budget.create", format_args!("budget:{}", budget.id))
            .name(tenant.as_ref().map_or("Workspace", |t| &t.name))
            .detail("period", budget.period.as_str())
            .detail("limit_usd", budget.limit.amount.to_string())
            .detail("kind", budget.limit.kind.as_str());
        if let Some(id) = budget.tenant_id {
            draft = draft.tenant(id);
        }
        self.put_budget(budget, draft).await
    }

    /// Changes a budget.
    ///
    /// # Errors
    /// If `cx` may not, there is none, or a value is wrong.
    pub async fn change_budget(
        &self,
        cx: &Cx,
        id: BudgetId,
        change: ChangeBudget,
    ) -> Result<BudgetWithStatus, Error> {
        self.require(cx, Permission::BudgetWrite).await?;
        let before = self.stored_budget(id).await?;
        let limit = Limit {
            amount: change.amount.unwrap_or(before.limit.amount),
            kind: change.kind.unwrap_or(before.limit.kind),
        };
        check_amount(limit.amount)?;
        let thresholds = change.thresholds.map_or_else(|| Ok(before.thresholds.clone()), thresholds)?;
        let after = Budget { limit, thresholds, updated_at: self.now(), ..before.clone() };
        let list = |t: &[u32]| t.iter().map(|p| format!("{p} %")).collect::<Vec<_>>().join(", ");
        let name = before.tenant_id.and_then(|id| self.inner.admission.tenant_name(id));
        let mut draft = self
            .draft(cx, "budget.update", format_args!("budget:{id}"))
            .name(name.as_deref().unwrap_or("Workspace"))
            .change("limit_usd", before.limit.amount, after.limit.amount)
            .change("kind", before.limit.kind.as_str(), after.limit.kind.as_str())
            .change("thresholds", list(&before.thresholds), list(&after.thresholds));
        if let Some(tenant) = before.tenant_id {
            draft = draft.tenant(tenant);
        }
        self.put_budget(after, draft).await
    }

    async fn put_budget(
        &self,
        budget: Budget,
        draft: crate::entry::Draft,
    ) -> Result<BudgetWithStatus, Error> {
        let (stored, admission) = (budget.clone(), std::sync::Arc::clone(&self.inner.admission));
        let written = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.budgets().put(&stored)?;
                Ok::<_, Error>((recorded.sequence(), recorded.holds().reads().open()?))
            })
            .await;
        let (sequence, holds) = written.map_err(|e| match e.code {
            Code::Conflict => {
                let whose = if budget.tenant_id.is_some() { "This tenant" } else { "The workspace" };
                Error::new(
                    Code::Conflict,
                    format!("{whose} has a {} budget already; change that one.", word(budget.period)),
                )
            }
            _ => e,
        })?;
        admission.put_budget(&budget);
        admission.put_holds(&holds, self.now());
        self.told_of(crate::EventKind::Budget, sequence);
        self.one_with_status(budget).await
    }

    /// Removes a budget: its level then has no limit for the period.
    ///
    /// # Errors
    /// If `cx` may not, or there is none.
    pub async fn remove_budget(&self, cx: &Cx, id: BudgetId) -> Result<(), Error> {
        self.require(cx, Permission::BudgetWrite).await?;
        let budget = self.stored_budget(id).await?;
        let mut draft = self
            .draft(cx, "budget.delete", format_args!("budget:{id}"))
            .detail("limit_usd", budget.limit.amount.to_string())
            .detail("period", budget.period.as_str());
        if let Some(tenant) = budget.tenant_id {
            draft = draft.tenant(tenant);
        }
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.budgets().delete(id)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.inner.admission.remove_budget(&budget);
        self.told_of(crate::EventKind::Budget, sequence);
        Ok(())
    }

    /// Whether a tenant may spend `amount` now: every level, and which one would refuse. Reserves nothing.
    ///
    /// # Errors
    /// If `cx` may not ask, or there is no such tenant.
    pub async fn check_budget(
        &self,
        cx: &Cx,
        tenant: TenantId,
        amount: NanoUsd,
    ) -> Result<(Option<BudgetId>, Vec<CheckedLevel>), Error> {
        self.require(cx, Permission::BudgetRead).await?;
        self.stored_tenant(tenant).await?;
        let now = self.now();
        let refused_by = match self.inner.admission.check(tenant, amount, now) {
            Err(Refusal::Budget { budget, .. }) => Some(budget),
            _ => None,
        };
        let mut levels = Vec::new();
        for whose in [None, Some(tenant)] {
            let Some(limits) = self.inner.admission.limits(whose, now) else { continue };
            for meter in [limits.day, limits.month] {
                if let Some((budget, limit)) = meter.budget {
                    let remaining = meter.meter.remaining(limit.amount);
                    levels.push(CheckedLevel { budget, tenant: whose, period: meter.kind, remaining });
                }
            }
        }
        Ok((refused_by, levels))
    }
}

/// The period as an adjective.
const fn word(period: PeriodKind) -> &'static str {
    match period {
        PeriodKind::Day => "daily",
        PeriodKind::Month => "monthly",
    }
}

fn check_amount(amount: NanoUsd) -> Result<(), Error> {
    if amount < NanoUsd::ZERO {
        return Err(Error::field("limit_usd", "may not be below zero"));
    }
    if amount > NanoUsd::from_usd(1_000_000_000) {
        return Err(Error::field("limit_usd", "is more than a billion USD"));
    }
    Ok(())
}

fn thresholds(mut list: Vec<u32>) -> Result<Vec<u32>, Error> {
    list.sort_unstable();
    list.dedup();
    if list.len() > 10 || list.iter().any(|p| !(1..=1_000).contains(p)) {
        return Err(Error::field("thresholds", "may be 10 at most, each from 1 to 1,000 percent"));
    }
    Ok(list)
}
