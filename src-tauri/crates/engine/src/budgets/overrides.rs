//! Temporary overrides: another limit for a while, that ends by itself.

use super::check_amount;
use crate::Engine;
use crate::cx::Cx;
use crate::error::{Code, Error};
use reeve_core::budget::LimitOverride;
use reeve_core::id::{BudgetId, OverrideId};
use reeve_core::money::NanoUsd;
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
pub use reeve_store::table::budget_overrides::BudgetOverride;

/// Overrides of one budget that hold or will, at most.
const MOST: usize = 50;
/// Past and present overrides that are listed.
const LISTED: usize = 200;

/// A new override.
#[derive(Clone, Debug)]
pub struct SetOverride {
    /// The limit while it holds.
    pub amount: NanoUsd,
    /// First moment; now where absent.
    pub starts_at: Option<Millis>,
    /// First moment after it.
    pub ends_at: Millis,
    /// Why.
    pub reason: String,
}

impl Engine {
    /// A budget's overrides, newest first, past ones included.
    ///
    /// # Errors
    /// If `cx` may not see them, or there is no such budget.
    pub async fn budget_overrides(&self, cx: &Cx, id: BudgetId) -> Result<Vec<BudgetOverride>, Error> {
        self.seen_budget(cx, id).await?;
        Ok(self.inner.store.read(move |r| r.budget_overrides().of_budget(id, LISTED)).await?)
    }

    /// Sets another limit for a while. Of several that hold, the newest counts.
    ///
    /// # Errors
    /// If `cx` may not, there is no such budget, a field is wrong, or it has too many already.
    pub async fn override_budget(
        &self,
        cx: &Cx,
        id: BudgetId,
        new: SetOverride,
    ) -> Result<BudgetOverride, Error> {
        self.require(cx, Permission::BudgetWrite).await?;
        let budget = self.stored_budget(id).await?;
        let now = self.now();
        let over = BudgetOverride {
            budget_id: id,
            limit: LimitOverride {
                id: OverrideId(self.inner.ids.next()),
                amount: new.amount,
                starts_at: new.starts_at.unwrap_or(now),
                ends_at: new.ends_at,
            },
            reason: new.reason.trim().to_owned(),
            created_at: now,
        };
        checked(&over, now)?;
        let draft = self
            .budget_draft(cx, "budget_override.create", &budget)
            .await?
            .detail("override", over.limit.id.to_string())
            .detail("budget_limit_usd", budget.limit.amount.to_string())
            .detail("limit_usd", over.limit.amount.to_string())
            .detail("starts_at", over.limit.starts_at.to_string())
            .detail("ends_at", over.limit.ends_at.to_string())
            .detail("reason", over.reason.as_str());
        let stored = over.clone();
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                if tx.read().budget_overrides().unended(id, now)?.len() >= MOST {
                    let sentence =
                        format!("This budget has {MOST} overrides that have not ended; remove one first.");
                    return Err(Error::new(Code::Conflict, sentence));
                }
                let recorded = draft.record(tx)?;
                recorded.budget_overrides().insert(&stored)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.load_level(budget.level, false).await?;
        self.told_of(crate::EventKind::Budget, sequence);
        Ok(over)
    }

    /// Ends an override before its time, or takes back one that is to come.
    ///
    /// # Errors
    /// If `cx` may not, there is none, or it has ended by itself.
    pub async fn remove_override(&self, cx: &Cx, id: BudgetId, over: OverrideId) -> Result<(), Error> {
        self.require(cx, Permission::BudgetWrite).await?;
        let budget = self.stored_budget(id).await?;
        let found = self.inner.store.read(move |r| r.budget_overrides().get(id, over)).await?;
        let found = found.ok_or_else(|| Error::not_found("override"))?;
        if found.limit.ends_at <= self.now() {
            return Err(Error::new(Code::PreconditionFailed, "This override has ended; it stays on record."));
        }
        let draft = self
            .budget_draft(cx, "budget_override.delete", &budget)
            .await?
            .detail("override", over.to_string())
            .detail("limit_usd", found.limit.amount.to_string())
            .detail("ends_at", found.limit.ends_at.to_string());
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.budget_overrides().delete(over)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.load_level(budget.level, false).await?;
        self.told_of(crate::EventKind::Budget, sequence);
        Ok(())
    }
}

fn checked(over: &BudgetOverride, now: Millis) -> Result<(), Error> {
    check_amount(over.limit.amount, "limit_usd")?;
    if over.limit.ends_at <= over.limit.starts_at || over.limit.ends_at <= now {
        return Err(Error::field("ends_at", "must be after the start and in the future"));
    }
    if over.reason.is_empty() || over.reason.chars().count() > 500 {
        return Err(Error::field("reason", "must be 1 to 500 characters"));
    }
    Ok(())
}
