//! Rating a period again: what its calls cost at the prices known now, and charges that make up the difference. A charge
//! is never edited. Running it twice changes nothing more, because the second time nothing differs.

mod report;
mod run;

pub use report::{RerateLine, RerateReport};

use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error, FieldError};
use crate::gateway::pricing::Pricing;
use crate::prices::book::PriceBook;
use reeve_core::id::{ReratingId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::permission::Permission;
use reeve_core::price::Cost;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::charges::{Charge, Rerated};
pub use reeve_store::table::reratings::Rerating;
use report::Tally;
use std::sync::Arc;

/// Charges read at a time for a preview.
const PAGE: usize = 2_000;
/// Re-ratings that are listed.
const LISTED: usize = 200;

/// What to rate again.
#[derive(Clone, Debug)]
pub struct Rerate {
    /// From this moment.
    pub from: Millis,
    /// Before this moment.
    pub to: Millis,
    /// Whose calls; everybody's if absent.
    pub tenant: Option<TenantId>,
    /// Of which provider.
    pub provider: Option<String>,
    /// Which model.
    pub model: Option<String>,
    /// Why.
    pub reason: String,
}

/// What a charge comes to now.
enum Again {
    /// What it came to before.
    Same,
    /// Nobody can say: what it used is not known, or nobody says what it costs.
    Unknown,
    /// Something else.
    Differs { pricing: Pricing, cost: Cost, tier: Option<String>, difference: NanoUsd },
}

/// What is looked at of the price kept beside a charge.
#[derive(serde::Deserialize)]
struct Kept {
    tier: Option<String>,
}

impl Engine {
    /// What rating a period again would change.
    ///
    /// # Errors
    /// If `cx` may not, or the period is none.
    pub async fn preview_rerate(&self, cx: &Cx, rerate: Rerate) -> Result<RerateReport, Error> {
        self.require(cx, Permission::UsageWrite).await?;
        check(&rerate, self.now(), true)?;
        let book = Arc::clone(&self.inner.prices.book());
        let mut which = which(&rerate, None);
        let tally = self.inner.store.read(move |r| {
            let mut tally = Tally::default();
            loop {
                let page = r.charges().to_rerate(&which, PAGE)?;
                let Some((last, _)) = page.last() else { break };
                which.after = Some((last.time, last.seq));
                for (charge, adjusted) in &page {
                    tally.add(charge, *adjusted, &again(&book, charge, *adjusted));
                }
            }
            Ok::<_, Error>(tally)
        });
        Ok(tally.await?.report(None))
    }

    /// Rates a period again: for every call that costs something else now a charge of the difference. Goes on where it was
    /// if Reeve stops in between.
    ///
    /// # Errors
    /// As [`Engine::preview_rerate`]; without a reason.
    pub async fn rerate(&self, cx: &Cx, rerate: Rerate) -> Result<RerateReport, Error> {
        self.require(cx, Permission::UsageWrite).await?;
        check(&rerate, self.now(), false)?;
        // Calls that have settled are in the ledger before it is read.
        self.write_charges();
        let rerating = Rerating {
            id: ReratingId(self.inner.ids.next()),
            from: rerate.from,
            to: rerate.to,
            tenant_id: rerate.tenant,
            provider: rerate.provider,
            model: rerate.model,
            reason: rerate.reason.trim().to_owned(),
            after: (Millis(i64::MIN), 0),
            adjusted: 0,
            old: NanoUsd::ZERO,
            new: NanoUsd::ZERO,
            created_at: self.now(),
            finished_at: None,
        };
        let mut draft = self
            .draft(cx, "usage.rerate", format_args!("rerating:{}", rerating.id))
            .detail("from", rerating.from.to_string())
            .detail("to", rerating.to.to_string())
            .detail("reason", rerating.reason.as_str())
            .outcome(Outcome::Success, Severity::Notice);
        if let Some(tenant) = rerating.tenant_id {
            draft = draft.tenant(tenant);
        }
        for (key, value) in [("provider", &rerating.provider), ("model", &rerating.model)] {
            if let Some(value) = value {
                draft = draft.detail(key, value.as_str());
            }
        }
        let begun = rerating.clone();
        let sequence = self.inner.store.write(move |tx| {
            let recorded = draft.record(tx)?;
            recorded.reratings().put(&begun)?;
            Ok::<_, Error>(recorded.sequence())
        });
        self.told(sequence.await?);
        self.run_to_end(rerating).await
    }

    /// The newest re-ratings.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn reratings(&self, cx: &Cx) -> Result<Vec<Rerating>, Error> {
        self.require(cx, Permission::UsageRead).await?;
        self.inner.store.read(|r| Ok(r.reratings().newest(LISTED)?)).await
    }
}

fn check(rerate: &Rerate, now: Millis, preview: bool) -> Result<(), Error> {
    let mut wrong = Vec::new();
    let mut say = |field: &str, message: &str| {
        wrong.push(FieldError { field: field.to_owned(), message: message.to_owned() });
    };
    if rerate.from >= rerate.to {
        say("to", "must be after from");
    }
    if rerate.from > now {
        say("from", "must not be in the future");
    }
    let letters = rerate.reason.trim().chars().count();
    if letters > 500 || rerate.reason.chars().any(char::is_control) {
        say("reason", "must be at most 500 visible characters");
    } else if letters == 0 && !preview {
        say("reason", "is needed: whoever looks at the corrected bill will ask");
    }
    Error::fields(wrong).map_or(Ok(()), Err)
}

fn which(rerate: &Rerate, after: Option<(Millis, u64)>) -> Rerated {
    let Rerate { from, to, tenant, ref provider, ref model, .. } = *rerate;
    Rerated { from, to, tenant, provider: provider.clone(), model: model.clone(), after }
}

/// What a charge, corrected by `adjusted` so far, comes to at the prices of `book`.
fn again(book: &PriceBook, charge: &Charge, adjusted: NanoUsd) -> Again {
    if charge.unpriced_reason.as_deref() == Some("missing_usage") {
        return Again::Unknown;
    }
    // The provider refused the call: it cost nothing and still does.
    if charge.usage.is_empty() {
        return Again::Same;
    }
    let price = book.lookup(Some(charge.tenant_id), &charge.provider, &charge.model, charge.time);
    let Some(pricing) = price.map(|price| Pricing::at(Arc::clone(price))) else { return Again::Unknown };
    let kept = charge.price.as_deref().and_then(|json| serde_json::from_str::<Kept>(json).ok());
    let tier = kept.and_then(|kept| kept.tier);
    let Ok(cost) = pricing.cost(&charge.usage, tier.as_deref()) else { return Again::Unknown };
    let difference = cost.total - (charge.cost.unwrap_or_default() + adjusted);
    if difference == NanoUsd::ZERO {
        return Again::Same;
    }
    Again::Differs { pricing, cost, tier, difference }
}

/// A re-rating is over or was never begun.
pub(super) fn lost() -> Error {
    Error::new(Code::Internal, "The re-rating was cut; it goes on when Reeve starts again.")
}
