//! What a call was measured against when it was admitted, to be kept beside its charge.

use super::state::State;
use reeve_core::id::TenantId;
use reeve_core::time::Millis;
use reeve_store::table::charges::{BudgetLeft, Decisions, QuotaLeft};

impl State {
    /// What each budget and the quota have left now, this reservation counted.
    pub(super) fn decisions(&self, tenant: TenantId, now: Millis) -> Decisions {
        let budgets = self.levels(tenant).filter_map(|(_, m)| {
            let (budget, limit) = m.budget?;
            let left = limit.amount.0.saturating_sub(m.meter.committed().0);
            Some(BudgetLeft { budget, limit: limit.amount.0, left })
        });
        let quota = self.tenants.get(&tenant).map(|t| {
            let quota = t.quota(now);
            QuotaLeft {
                requests: quota.requests_per_day.saturating_sub(t.requests_today),
                concurrent: quota.concurrent_requests.saturating_sub(t.concurrent),
            }
        });
        Decisions { budgets: budgets.collect(), quota }
    }
}
