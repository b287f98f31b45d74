//! Keeping the exposure bound on disk, and turning what a crash left of it into holds.

use crate::Engine;
use crate::admission::Caller;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error};
use reeve_core::id::HoldId;
use reeve_core::money::NanoUsd;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::holds::Hold;
use std::sync::Arc;

/// What a start found of the run before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Holds that were opened.
    pub holds: usize,
    /// Their sum.
    pub amount: NanoUsd,
}

impl Engine {
    /// Writes a bound that covers the tenant's exposure, and returns once it is on disk.
    pub(super) async fn raise_bound(&self, caller: Caller) -> Result<(), Error> {
        let (admission, tenant) = (Arc::clone(&self.inner.admission), caller.tenant);
        let draft =
            self.draft(&Cx::system(), "exposure.raise", format_args!("tenant:{tenant}")).tenant(tenant);
        let raised = self
            .inner
            .store
            .write(move |tx| {
                let Some(bound) = admission.bound_to_raise(tenant) else { return Ok(None) };
                let recorded = draft.detail("bound_usd", bound.to_string()).meter(tx)?;
                recorded.exposures().put(tenant, bound, recorded.now())?;
                Ok::<_, Error>(Some(bound))
            })
            .await;
        match raised {
            Ok(bound) => {
                if let Some(bound) = bound {
                    self.inner.admission.bound_raised(tenant, bound);
                }
                Ok(())
            }
            Err(error) => {
                self.inner.admission.bound_not_raised(tenant);
                Err(Error::new(
                    Code::Unavailable,
                    "The reservation could not be made durable, so the call was not sent.",
                )
                .because(error))
            }
        }
    }

    /// Lowers the bounds of tenants that are idle, so that a crash would hold nothing of theirs.
    pub(crate) async fn lower_idle_bounds(&self) {
        for tenant in self.inner.admission.idle() {
            let admission = Arc::clone(&self.inner.admission);
            let draft =
                self.draft(&Cx::system(), "exposure.clear", format_args!("tenant:{tenant}")).tenant(tenant);
            let cleared = self
                .inner
                .store
                .write(move |tx| {
                    if admission.lower(tenant) {
                        let recorded = draft.meter(tx)?;
                        recorded.exposures().put(tenant, NanoUsd::ZERO, recorded.now())?;
                    }
                    Ok::<_, Error>(())
                })
                .await;
            if let Err(error) = cleared {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "an exposure bound could not be lowered"
                );
            }
        }
    }

    /// Turns bounds that a crash left into holds: calls may have been on their way whose cost never arrived.
    pub(crate) async fn recover(&self) -> Result<Recovery, Error> {
        let left = self
            .inner
            .store
            .read(|r| {
                let bounds = r.exposures().open()?.into_iter();
                bounds
                    .map(|e| Ok((e, r.charges().last_time(e.tenant_id)?)))
                    .collect::<Result<Vec<_>, Error>>()
            })
            .await?;
        let mut recovery = Recovery { holds: 0, amount: NanoUsd::ZERO };
        for (exposure, last_charge) in left {
            let hold = Hold {
                id: HoldId(self.inner.ids.next()),
                tenant_id: exposure.tenant_id,
                amount: exposure.bound,
                opened_at: self.now(),
                at: last_charge.map_or(exposure.at, |t| t.max(exposure.at)),
                reason: "Reeve stopped while calls were on their way; this is the most they may have cost."
                    .to_owned(),
            };
            let draft = self
                .draft(&Cx::system(), "budget.hold_open", format_args!("hold:{}", hold.id))
                .tenant(hold.tenant_id)
                .detail("amount_usd", hold.amount.to_string())
                .outcome(Outcome::Unknown, Severity::Warning);
            recovery.holds += 1;
            recovery.amount += hold.amount;
            self.inner
                .store
                .write(move |tx| {
                    let recorded = draft.record(tx)?;
                    recorded.holds().insert(&hold)?;
                    recorded.exposures().put(hold.tenant_id, NanoUsd::ZERO, recorded.now())?;
                    Ok::<_, Error>(())
                })
                .await?;
        }
        Ok(recovery)
    }
}
