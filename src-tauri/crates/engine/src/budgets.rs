//! Budgets: setting them at any level of the tree.

mod check;
mod level;
mod overrides;
mod refused;
mod status;
mod thresholds;

pub use check::{CheckSpend, CheckedLevel};
pub use overrides::{BudgetOverride, SetOverride};
pub use reeve_store::table::budgets::Budget;
pub use refused::RefusedCaller;
pub use status::{BudgetStatus, BudgetWithStatus};

use crate::Engine;
use crate::admission::LevelSnapshot;
use crate::admission::recover::budgets_of;
use crate::cx::Cx;
use crate::entry::Draft;
use crate::error::{Code, Error};
use reeve_core::budget::{BudgetKind, BudgetLevel, BudgetScope, Limit};
use reeve_core::id::BudgetId;
use reeve_core::money::NanoUsd;
use reeve_core::period::PeriodKind;
use reeve_core::permission::Permission;

/// Percentages at which people are told where the budget does not say.
pub const THRESHOLDS: [u32; 2] = [80, 100];

/// A new budget.
#[derive(Clone, Debug)]
pub struct SetBudget {
    /// What it stands on.
    pub level: BudgetLevel,
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

impl Engine {
    /// Budgets that `cx` sees in the order they were made, with whether there are more.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn budgets(
        &self,
        cx: &Cx,
        after: Option<BudgetId>,
        limit: usize,
    ) -> Result<(Vec<BudgetWithStatus>, bool), Error> {
        let visible = self.require_visible(cx, Permission::BudgetRead).await?;
        let list = move |r: &reeve_store::Read<'_>| r.budgets().list(&visible, after, limit + 1);
        let mut budgets = self.inner.store.read(list).await?;
        let more = budgets.len() > limit;
        budgets.truncate(limit);
        Ok((self.with_status(budgets).await?, more))
    }

    /// A budget and how it stands.
    ///
    /// # Errors
    /// If `cx` may not see it, or there is none.
    pub async fn budget(&self, cx: &Cx, id: BudgetId) -> Result<BudgetWithStatus, Error> {
        let budget = self.seen_budget(cx, id).await?;
        self.one_with_status(budget).await
    }

    /// A budget that `cx` may see; another tenant's is not there.
    async fn seen_budget(&self, cx: &Cx, id: BudgetId) -> Result<Budget, Error> {
        let visible = self.require_visible(cx, Permission::BudgetRead).await?;
        let budget = self.stored_budget(id).await?;
        if visible.shows(budget.level.tenant_id) { Ok(budget) } else { Err(Error::not_found("budget")) }
    }

    async fn stored_budget(&self, id: BudgetId) -> Result<Budget, Error> {
        self.inner.store.read(move |r| r.budgets().get(id)).await?.ok_or_else(|| Error::not_found("budget"))
    }

    /// Sets a budget where there is none. What its level has spent of the period counts from the start.
    ///
    /// # Errors
    /// If `cx` may not, there is no such tenant, key or pool, a field is wrong, or the level has one for the period.
    pub async fn set_budget(&self, cx: &Cx, new: SetBudget) -> Result<BudgetWithStatus, Error> {
        self.require(cx, Permission::BudgetWrite).await?;
        let level = self.checked_level(new.level).await?;
        let now = self.now();
        let budget = Budget {
            id: BudgetId(self.inner.ids.next()),
            level,
            period: new.period,
            limit: new.limit,
            thresholds: thresholds(new.thresholds)?,
            sample: false,
            created_at: now,
            updated_at: now,
        };
        check_amount(budget.limit.amount, "limit_usd")?;
        let draft = self
            .budget_draft(cx, "budget.create", &budget)
            .await?
            .detail("period", budget.period.as_str())
            .detail("limit_usd", budget.limit.amount.to_string())
            .detail("kind", budget.limit.kind.as_str());
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
        check_amount(limit.amount, "limit_usd")?;
        let thresholds = change.thresholds.map_or_else(|| Ok(before.thresholds.clone()), thresholds)?;
        let after = Budget { limit, thresholds, updated_at: self.now(), ..before.clone() };
        let list = |t: &[u32]| t.iter().map(|p| format!("{p}%")).collect::<Vec<_>>().join(", ");
        let draft = self
            .budget_draft(cx, "budget.update", &before)
            .await?
            .change("limit_usd", before.limit.amount, after.limit.amount)
            .change("kind", before.limit.kind.as_str(), after.limit.kind.as_str())
            .change("thresholds", list(&before.thresholds), list(&after.thresholds));
        self.put_budget(after, draft).await
    }

    async fn put_budget(&self, budget: Budget, draft: Draft) -> Result<BudgetWithStatus, Error> {
        let stored = budget.clone();
        let written = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.budgets().put(&stored)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await;
        let sequence = written.map_err(|e| match e.code {
            Code::Conflict => Error::new(
                Code::Conflict,
                format!("There is a {} budget for this already; change that one.", word(budget.period)),
            ),
            _ => e,
        })?;
        self.load_level(budget.level.clone(), false).await?;
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
        let draft = self
            .budget_draft(cx, "budget.delete", &budget)
            .await?
            .detail("limit_usd", budget.limit.amount.to_string())
            .detail("period", budget.period.as_str());
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.budgets().delete(id)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.load_level(budget.level, false).await?;
        self.told_of(crate::EventKind::Budget, sequence);
        Ok(())
    }

    /// An entry about a budget. The names of end users are personal: sealed.
    async fn budget_draft(&self, cx: &Cx, kind: &str, budget: &Budget) -> Result<Draft, Error> {
        let draft = self.draft(cx, kind, format_args!("budget:{}", budget.id));
        let draft = draft.detail("scope", budget.level.scope.as_str());
        let draft = match budget.level.tenant_id {
            Some(tenant) => draft.tenant(tenant),
            None => draft,
        };
        if budget.level.scope == BudgetScope::User {
            return Ok(draft.name("an end user").private("user", &budget.level.target));
        }
        let name = self.level_name(budget.level.clone()).await?;
        Ok(draft.name(&name))
    }

    /// Takes over what the store says of a level. One that was not metered, or that is to be counted anew, is counted.
    pub(crate) async fn load_level(&self, level: BudgetLevel, recount: bool) -> Result<(), Error> {
        let _one = self.inner.recounting.lock().await;
        let (engine, zone, now) = (self.clone(), self.zone(), self.now());
        self.inner
            .store
            .read(move |r| {
                let admission = &engine.inner.admission;
                if !recount && admission.is_metered(&level) {
                    admission.set_budgets(&level, &budgets_of(r, &level, now)?, now);
                    return Ok::<_, Error>(());
                }
                let counting = engine.inner.settling.count();
                let snapshot = LevelSnapshot::load(r, level, zone, now)?;
                Ok(counting.finish(r, |undurable| admission.install_level(snapshot, undurable, now))?)
            })
            .await
    }
}

/// The period as an adjective.
pub(crate) const fn word(period: PeriodKind) -> &'static str {
    match period {
        PeriodKind::Day => "daily",
        PeriodKind::Month => "monthly",
    }
}

fn check_amount(amount: NanoUsd, field: &str) -> Result<(), Error> {
    if amount < NanoUsd::ZERO {
        return Err(Error::field(field, "may not be below zero"));
    }
    if amount > NanoUsd::from_usd(1_000_000_000) {
        return Err(Error::field(field, "is more than a billion USD"));
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
