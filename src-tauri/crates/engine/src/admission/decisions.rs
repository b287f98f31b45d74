//! What a call was measured against when it was admitted, to be kept beside its charge.

use super::facets::Facets;
use super::meter::PeriodMeter;
use super::state::State;
use reeve_core::id::TenantId;
use reeve_core::time::Millis;
use reeve_store::table::charges::{BudgetLeft, Decisions, QuotaLeft};

fn left(meter: &PeriodMeter) -> Option<BudgetLeft> {
    let budget = meter.budget.as_ref()?;
    let limit = budget.limit.amount.0;
    Some(BudgetLeft { budget: budget.id, limit, left: limit.saturating_sub(meter.meter.committed().0) })
}

impl State {
    /// What each budget above the call and the quota have left now, this reservation counted.
    pub(super) fn decisions(&mut self, tenant: TenantId, facets: &Facets<'_>, now: Millis) -> Decisions {
        let mut budgets: Vec<_> = self.workspace.meters.iter().filter_map(left).collect();
        if let Some(t) = self.tenants.get(&tenant) {
            budgets.extend(t.level.meters.iter().filter_map(left));
        }
        let Ok(()) = self.tree.visit(tenant, facets, |node| {
            budgets.extend(node.level.meters.iter().filter_map(left));
            Ok::<_, std::convert::Infallible>(())
        });
        let quota = self.tenants.get(&tenant).map(|t| {
            let quota = t.quota(now);
            QuotaLeft {
                requests: quota.requests_per_day.saturating_sub(t.requests_today),
                concurrent: quota.concurrent_requests.saturating_sub(t.concurrent),
            }
        });
        Decisions { budgets, quota }
    }
}
