//! Whom a budget refused.

use crate::Engine;
use crate::cx::Cx;
use crate::error::Error;
use reeve_core::id::BudgetId;
use reeve_core::period::Period;
use reeve_store::table::budget_refusals::BudgetRefusal;

/// Callers that are listed.
const LISTED: usize = 200;

/// A caller whose calls a budget refused.
#[derive(Clone, Debug)]
pub struct RefusedCaller {
    /// Who, how often, how much, when last.
    pub refusal: BudgetRefusal,
    /// The tenant's name.
    pub tenant_name: Option<String>,
    /// The key's name.
    pub api_key_name: Option<String>,
}

impl Engine {
    /// Whom a budget refused in its current period, last first.
    ///
    /// # Errors
    /// If `cx` may not see it, or there is no such budget.
    pub async fn budget_refusals(&self, cx: &Cx, id: BudgetId) -> Result<Vec<RefusedCaller>, Error> {
        let budget = self.seen_budget(cx, id).await?;
        let period = Period::containing(budget.period, self.zone(), self.now());
        let found = self
            .inner
            .store
            .read(move |r| {
                let refusals = r.budget_refusals().of_budget(id, period.start, period.end, LISTED)?;
                let with_key = refusals.into_iter().map(|refusal| {
                    let key = refusal.api_key_id.map(|key| r.api_keys().get(refusal.tenant_id, key));
                    Ok((refusal, key.transpose()?.flatten().map(|k| k.name)))
                });
                with_key.collect::<Result<Vec<_>, Error>>()
            })
            .await?;
        let named = |(refusal, api_key_name): (BudgetRefusal, _)| RefusedCaller {
            tenant_name: self.name_of(Some(refusal.tenant_id)),
            api_key_name,
            refusal,
        };
        Ok(found.into_iter().map(named).collect())
    }
}
