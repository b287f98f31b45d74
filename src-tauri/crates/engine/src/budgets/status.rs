//! How budgets stand.

use super::level::target_name;
use super::{Budget, BudgetOverride};
use crate::Engine;
use crate::admission::PeriodMeter;
use crate::error::Error;
use reeve_core::budget::{BudgetState, Limit, at_this_pace, state};
use reeve_core::money::NanoUsd;
use reeve_core::period::Period;

/// How a budget stands.
#[derive(Clone, Debug)]
pub struct BudgetStatus {
    /// The current period.
    pub period: Period,
    /// The limit in force now.
    pub limit: NanoUsd,
    /// The override it comes from, if it is not the budget's own.
    pub overridden: Option<BudgetOverride>,
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

/// A budget, what its level is called, and how it stands.
#[derive(Clone, Debug)]
pub struct BudgetWithStatus {
    /// The budget.
    pub budget: Budget,
    /// Its tenant's name.
    pub tenant_name: Option<String>,
    /// What its key, user, model, tag or pool is called.
    pub target_name: Option<String>,
    /// How it stands.
    pub status: BudgetStatus,
}

/// What the store knows beside a budget.
struct Beside {
    refused: (u64, NanoUsd),
    target_name: Option<String>,
    overridden: Option<BudgetOverride>,
}

impl Engine {
    pub(super) async fn one_with_status(&self, budget: Budget) -> Result<BudgetWithStatus, Error> {
        self.with_status(vec![budget]).await?.pop().ok_or_else(|| Error::not_found("budget"))
    }

    pub(crate) async fn with_status(&self, budgets: Vec<Budget>) -> Result<Vec<BudgetWithStatus>, Error> {
        let now = self.now();
        let metered = |budget: Budget| {
            let meter = self.inner.admission.meter(&budget.level, budget.period, now);
            // Between its row and its meter, a new budget has an empty one.
            let meter = meter.unwrap_or_else(|| PeriodMeter::new(budget.period, self.zone(), now));
            (budget, meter)
        };
        let budgets: Vec<_> = budgets.into_iter().map(metered).collect();
        let (budgets, beside) = self
            .inner
            .store
            .read(move |r| {
                let beside = budgets.iter().map(|(budget, meter)| {
                    let over = meter.budget.as_ref().and_then(|b| b.from);
                    let over = over.map(|over| r.budget_overrides().get(budget.id, over)).transpose()?;
                    Ok(Beside {
                        refused: r.refusal_slots().of_budget(
                            budget.id,
                            meter.period.start,
                            meter.period.end,
                        )?,
                        target_name: target_name(r, &budget.level)?,
                        overridden: over.flatten(),
                    })
                });
                let beside = beside.collect::<Result<Vec<_>, Error>>()?;
                Ok::<_, Error>((budgets, beside))
            })
            .await?;
        let all = budgets.into_iter().zip(beside);
        Ok(all.map(|((budget, meter), beside)| self.status(budget, &meter, beside)).collect())
    }

    fn status(&self, budget: Budget, meter: &PeriodMeter, beside: Beside) -> BudgetWithStatus {
        let (m, period) = (meter.meter, meter.period);
        let limit = meter.budget.as_ref().map_or(budget.limit, |b| b.limit);
        let limit = Limit { kind: budget.limit.kind, ..limit };
        let status = BudgetStatus {
            period,
            limit: limit.amount,
            overridden: beside.overridden,
            spent: m.spent,
            reserved: m.reserved + m.held,
            held: m.held,
            remaining: m.remaining(limit.amount),
            percentage: (m.spent + m.held).percent_of(limit.amount).unwrap_or(100.0),
            projected: at_this_pace(m.spent, period, self.now()),
            state: state(&m, limit, &budget.thresholds),
            refused_calls: beside.refused.0,
            refused: beside.refused.1,
        };
        let tenant_name = self.name_of(budget.level.tenant_id);
        BudgetWithStatus { budget, tenant_name, target_name: beside.target_name, status }
    }
}
