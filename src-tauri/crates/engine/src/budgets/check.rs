//! Asking before spending, without reserving.

use crate::Engine;
use crate::admission::{Facets, Refusal};
use crate::cx::Cx;
use crate::error::Error;
use reeve_core::budget::BudgetLevel;
use reeve_core::id::{ApiKeyId, BudgetId, CredentialId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::period::PeriodKind;
use reeve_core::permission::Permission;
use reeve_core::time::Millis;

/// What somebody would like to spend, and as whom.
#[derive(Clone, Debug)]
pub struct CheckSpend {
    /// Whose call.
    pub tenant: TenantId,
    /// Through which key.
    pub api_key: Option<ApiKeyId>,
    /// For which end user.
    pub user: Option<String>,
    /// Model, as the price list spells it.
    pub model: Option<String>,
    /// Labels.
    pub tags: Vec<String>,
    /// The credential that would pay.
    pub credential: Option<CredentialId>,
    /// How much.
    pub amount: NanoUsd,
}

/// One level of a pre-spend check.
#[derive(Clone, Debug)]
pub struct CheckedLevel {
    /// Which budget.
    pub budget: BudgetId,
    /// What it stands on.
    pub level: BudgetLevel,
    /// What that is called.
    pub name: String,
    /// Day or month.
    pub period: PeriodKind,
    /// The limit in force.
    pub limit: NanoUsd,
    /// What is left.
    pub remaining: NanoUsd,
    /// When its period ends.
    pub resets_at: Millis,
}

impl Engine {
    /// Whether a call may spend `amount` now: every level above it that has a budget, and which one would refuse.
    ///
    /// # Errors
    /// If `cx` may not ask, or there is no such tenant.
    pub async fn check_budget(
        &self,
        cx: &Cx,
        check: CheckSpend,
    ) -> Result<(Option<BudgetId>, Vec<CheckedLevel>), Error> {
        self.require(cx, Permission::BudgetRead).await?;
        self.stored_tenant(check.tenant).await?;
        let now = self.now();
        let facets = Facets {
            api_key: check.api_key,
            user: check.user.as_deref(),
            model: check.model.as_deref().unwrap_or_default(),
            tags: &check.tags,
            credential: check.credential,
        };
        let admission = &self.inner.admission;
        let refused_by = match admission.check(check.tenant, &facets, check.amount, now) {
            Err(Refusal::Budget { budget, .. }) => Some(budget),
            _ => None,
        };
        let mut levels = Vec::new();
        for (level, meter) in admission.above(check.tenant, &facets, now) {
            let Some(budget) = &meter.budget else { continue };
            levels.push(CheckedLevel {
                budget: budget.id,
                name: self.level_name(level.clone()).await?,
                level,
                period: meter.kind,
                limit: budget.limit.amount,
                remaining: meter.meter.remaining(budget.limit.amount),
                resets_at: meter.period.end,
            });
        }
        Ok((refused_by, levels))
    }
}
