//! The overview: the figures of today and this month, and what needs a person.

use crate::Engine;
use crate::audit::{AuditPage, EntryFilter};
use crate::budgets::{BudgetStatus, BudgetWithStatus};
use crate::cx::Cx;
use crate::error::Error;
pub use crate::latency::{Added, MINUTES};
use crate::tenants::TenantWithUsage;
use crate::usage::Sums;
use chrono::NaiveDate;
use reeve_core::budget::{BudgetLevel, BudgetScope, BudgetState, at_this_pace};
use reeve_core::grant::Visible;
use reeve_core::money::NanoUsd;
use reeve_core::period::{PeriodKind, local_day};
use reeve_core::permission::Permission;
use reeve_core::principal::Principal;
use reeve_core::time::Millis;

/// Spending of a period.
#[derive(Clone, Copy, Debug)]
pub struct Spending {
    /// Settled cost.
    pub cost: NanoUsd,
    /// Calls.
    pub requests: u64,
    /// The workspace's budget.
    pub limit: Option<NanoUsd>,
    /// What will be spent by the end at this pace.
    pub projected: Option<NanoUsd>,
}

/// Refused calls of today.
#[derive(Clone, Debug, Default)]
pub struct RefusedToday {
    /// All.
    pub total: u64,
    /// Too many in a short time.
    pub rate: u64,
    /// By a budget.
    pub budget: u64,
    /// By a quota.
    pub quota: u64,
    /// For another reason.
    pub other: u64,
    /// By error code, the most frequent first.
    pub by_reason: Vec<(String, u64)>,
}

/// Calls of the last minutes, as the gateway saw them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// What they took in Reeve itself; `None` where there were none.
    pub added: Option<Added>,
    /// Calls that ended in the last [`MINUTES`] minutes.
    pub calls: u64,
    /// Calls on their way now.
    pub live: usize,
}

/// Something a person should look at.
#[derive(Clone, Debug)]
pub struct NeedsYou {
    /// `critical`, `warning` or `info`.
    pub severity: &'static str,
    /// In words.
    pub text: String,
    /// Since when.
    pub time: Millis,
    /// Where to look, as a path of the console.
    pub link: String,
}

/// The overview.
#[derive(Debug)]
pub struct Overview {
    /// Today.
    pub today: Spending,
    /// What a usual day of this weekday cost by now: the mean of the last four.
    pub usual: Option<NanoUsd>,
    /// This month.
    pub month: Spending,
    /// Refused calls of today.
    pub refused: RefusedToday,
    /// Calls of the last minutes.
    pub traffic: Traffic,
    /// What needs a person.
    pub needs_you: Vec<NeedsYou>,
    /// The last 30 days, oldest first.
    pub daily: Vec<(NaiveDate, Sums)>,
    /// The tenants that cost most this month, each with its tightest budget.
    pub tenants: Vec<(TenantWithUsage, Option<(NanoUsd, BudgetStatus)>)>,
    /// The newest entries of the audit trail; none if the principal may not read it.
    pub recent: Option<AuditPage>,
}

impl Engine {
    /// The overview.
    ///
    /// # Errors
    /// If `cx` may not see usage.
    pub async fn overview(&self, cx: &Cx) -> Result<Overview, Error> {
        self.require(cx, Permission::UsageRead).await?;
        let now = self.now();
        let today = local_day(self.zone(), now);
        let stored = self.inner.store.read(|r| r.budgets().all()).await?;
        let budgets = self.with_status(stored).await?;
        let daily = self.daily_sums(today - chrono::Days::new(29), today).await?;
        let recent = match &cx.principal {
            p @ (Principal::User { .. } | Principal::System) if p.may(Permission::AuditRead) => {
                Some(self.audit_page(cx, EntryFilter::default(), 8).await?)
            }
            _ => None,
        };
        Ok(Overview {
            today: self.spending(PeriodKind::Day, now),
            usual: self.usual(today, now).await?,
            month: self.spending(PeriodKind::Month, now),
            refused: self.refused_today(now).await?,
            traffic: self.traffic(now),
            needs_you: self.needs_you(&budgets).await?,
            tenants: self.top_tenants(&budgets).await?,
            daily,
            recent,
        })
    }

    fn spending(&self, kind: PeriodKind, now: Millis) -> Spending {
        let Some(limits) = self.inner.admission.limits(None, now) else {
            return Spending { cost: NanoUsd::ZERO, requests: 0, limit: None, projected: None };
        };
        let meter = if kind == PeriodKind::Day { limits.day } else { limits.month };
        Spending {
            cost: meter.meter.spent,
            requests: meter.requests,
            limit: meter.budget.as_ref().map(|b| b.limit.amount),
            projected: at_this_pace(meter.meter.spent, meter.period, now),
        }
    }

    /// The mean cost, up to this time of day, of the same weekday in the last four weeks; `None` before there are four.
    async fn usual(&self, today: NaiveDate, now: Millis) -> Result<Option<NanoUsd>, Error> {
        let zone = self.zone();
        let since_midnight = now.0 - reeve_core::period::start_of(zone, today).0;
        let costs = self
            .inner
            .store
            .read(move |r| {
                let weeks = (1..=4u64).map(|w| today - chrono::Days::new(7 * w));
                let sums = weeks.map(|day| {
                    let start = reeve_core::period::start_of(zone, day);
                    r.usage_slots().sums(&Visible::All, None, start, start.plus(since_midnight))
                });
                sums.collect::<Result<Vec<_>, _>>().map_err(Error::from)
            })
            .await?;
        let seen = costs.iter().all(|s| s.requests > 0);
        let sum: NanoUsd = costs.iter().map(|s| s.cost).sum();
        Ok(seen.then_some(NanoUsd(sum.0 / 4)))
    }

    async fn refused_today(&self, now: Millis) -> Result<RefusedToday, Error> {
        let day = reeve_core::period::Period::containing(PeriodKind::Day, self.zone(), now);
        let by_reason =
            self.inner.store.read(move |r| r.refusal_slots().by_reason(day.start, day.end)).await?;
        let mut refused = RefusedToday::default();
        for r in by_reason {
            refused.total += r.calls;
            match r.reason.as_str() {
                "rate_limited" => refused.rate += r.calls,
                "budget_exceeded" => refused.budget += r.calls,
                "quota_exceeded" => refused.quota += r.calls,
                _ => refused.other += r.calls,
            }
            // One budget's calls and another's are one reason.
            match refused.by_reason.iter_mut().find(|(reason, _)| *reason == r.reason) {
                Some((_, calls)) => *calls += r.calls,
                None => refused.by_reason.push((r.reason, r.calls)),
            }
        }
        refused.by_reason.sort_by_key(|(_, calls)| std::cmp::Reverse(*calls));
        Ok(refused)
    }

    fn traffic(&self, now: Millis) -> Traffic {
        let added = self.inner.added_latency.read(now);
        Traffic { added, calls: added.map_or(0, |a| a.calls), live: self.inner.live.count() }
    }

    async fn needs_you(&self, budgets: &[BudgetWithStatus]) -> Result<Vec<NeedsYou>, Error> {
        let now = self.now();
        let mut needs = self.ledger_needs();
        needs.extend(self.keys_kept_from_calls());
        needs.extend(self.rotations_that_wait().await?);
        needs.extend(self.keys_that_end().await?);
        if let Some(locked) = self.vault_locked() {
            needs.push(NeedsYou {
                severity: "critical",
                text: locked.message,
                time: now,
                link: "/vault".to_owned(),
            });
        }
        for b in budgets.iter().filter(|b| b.status.state != BudgetState::Ok) {
            needs.push(self.budget_need(b).await?);
        }
        for hold in self.inner.store.read(|r| r.holds().open(&Visible::All)).await? {
            let name = self.tenant_name(hold.tenant_id).unwrap_or_default();
            let text = format!(
                "${} of {name} is held since a crash; compare with the provider's bill and release it",
                hold.amount
            );
            needs.push(NeedsYou {
                severity: "warning",
                text,
                time: hold.opened_at,
                link: "/budgets".to_owned(),
            });
        }
        needs.extend(self.failing_listeners().await?);
        needs.extend(self.silent_witnesses().await?);
        needs.sort_by_key(|n| n.severity != "critical");
        Ok(needs)
    }

    async fn budget_need(&self, b: &BudgetWithStatus) -> Result<NeedsYou, Error> {
        let (name, span) = (called(b), crate::budgets::word(b.budget.period));
        let (severity, text) = match b.status.state {
            BudgetState::Ok | BudgetState::Warning => {
                ("warning", format!("{name} has used {}% of its {span} budget", b.status.percentage))
            }
            BudgetState::Over => ("warning", format!("{name} is over its {span} budget")),
            BudgetState::Refusing => {
                ("critical", format!("{name} reached its {span} budget; calls are refused"))
            }
        };
        let (id, start) = (b.budget.id, b.status.period.start);
        let passed = self.inner.store.read(move |r| r.budget_thresholds().last_passed_at(id, start)).await?;
        let link = format!("/budgets?budget={id}");
        Ok(NeedsYou { severity, text, time: passed.unwrap_or(start), link })
    }

    async fn top_tenants(
        &self,
        budgets: &[BudgetWithStatus],
    ) -> Result<Vec<(TenantWithUsage, Option<(NanoUsd, BudgetStatus)>)>, Error> {
        let now = self.now();
        let mut tenants = self.inner.store.read(|r| r.tenants().all()).await?;
        tenants.sort_by_key(|t| {
            let spent =
                self.inner.admission.limits(Some(t.id), now).map_or(NanoUsd::ZERO, |l| l.month.meter.spent);
            std::cmp::Reverse(spent)
        });
        tenants.truncate(5);
        let with_usage = self.with_usage(tenants).await?;
        let budget_of = |id| {
            let own = budgets.iter().filter(|b| b.budget.level == BudgetLevel::tenant(id));
            own.max_by(|a, b| a.status.percentage.total_cmp(&b.status.percentage))
                .map(|b| (b.status.limit, b.status.clone()))
        };
        Ok(with_usage.into_iter().map(|t| (t.clone(), budget_of(t.tenant.id))).collect())
    }
}

/// A budget's level as the beginning of a sentence.
fn called(b: &BudgetWithStatus) -> String {
    let target = b.target_name.as_deref().unwrap_or("that is gone");
    let within = b.tenant_name.as_deref().map(|t| format!(" within {t}")).unwrap_or_default();
    match b.budget.level.scope {
        BudgetScope::Workspace => "The workspace".to_owned(),
        BudgetScope::Tenant => b.tenant_name.clone().unwrap_or_default(),
        BudgetScope::ApiKey => format!("The API key {target}{within}"),
        scope => format!("The {} {target}{within}", scope.as_str()),
    }
}
