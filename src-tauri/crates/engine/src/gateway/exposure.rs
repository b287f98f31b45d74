//! Keeping the exposure bound on disk, and turning what a crash left of it into holds.

use crate::Engine;
use crate::admission::Caller;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error};
use reeve_core::id::{HoldId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::holds::Hold;
use reeve_store::{StoreError, Tx};
use std::sync::Arc;
use tokio::sync::oneshot;

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
        let tenant = caller.tenant;
        let (engine, admission) = (self.clone(), Arc::clone(&self.inner.admission));
        let (reply, answer) = oneshot::channel();
        let raise = move |tx: &mut Tx<'_>| match engine.inner.admission.bound_to_raise(tenant) {
            Some(bound) => engine.write_bound(tx, tenant, bound).map(|()| Some(bound)),
            None => Ok(None),
        };
        let done = move |raised: Result<Option<NanoUsd>, Error>| {
            match &raised {
                Ok(Some(bound)) => admission.bound_raised(tenant, *bound),
                Ok(None) => {}
                Err(_) => admission.bound_not_raised(tenant),
            }
            let _ = reply.send(raised);
        };
        let submitted = self.inner.store.submit(raise, done).await.map_err(Error::from);
        let raised = match submitted {
            Ok(()) => answer.await.unwrap_or_else(|_| Err(StoreError::Closed.into())),
            Err(error) => Err(error),
        };
        raised.map(drop).map_err(|error| {
            Error::new(
                Code::Unavailable,
                "The reservation could not be made durable, so the call was not sent.",
            )
            .because(error)
        })
    }

    /// Raises the bounds of `tenants` that come near their exposure, in the transaction of their charges; which those are.
    pub(super) fn raise_ahead(
        &self,
        tx: &mut Tx<'_>,
        tenants: &[TenantId],
    ) -> Result<Vec<(TenantId, NanoUsd)>, Error> {
        let mut raised = Vec::new();
        for tenant in tenants {
            if let Some(bound) = self.inner.admission.bound_to_raise_ahead(*tenant) {
                self.write_bound(tx, *tenant, bound)?;
                raised.push((*tenant, bound));
            }
        }
        Ok(raised)
    }

    fn write_bound(&self, tx: &mut Tx<'_>, tenant: TenantId, bound: NanoUsd) -> Result<(), Error> {
        let draft =
            self.draft(&Cx::system(), "exposure.raise", format_args!("tenant:{tenant}")).tenant(tenant);
        let recorded = draft.detail("bound_usd", bound.to_string()).into_meter(tx)?;
        Ok(recorded.exposures().put(tenant, bound, recorded.now())?)
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
