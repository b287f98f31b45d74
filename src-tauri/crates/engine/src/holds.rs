//! Holds: what a crash left unsettled, until somebody has looked at the provider's bill.

use crate::Engine;
use crate::cx::Cx;
use crate::error::Error;
use reeve_core::grant::Visible;
use reeve_core::id::HoldId;
use reeve_core::permission::Permission;
pub use reeve_store::table::holds::Hold;

impl Engine {
    /// Open holds that `cx` sees, each with its tenant's name.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn holds(&self, cx: &Cx) -> Result<Vec<(Hold, String)>, Error> {
        let visible = self.require_visible(cx, Permission::BudgetRead).await?;
        let holds = self.inner.store.read(move |r| r.holds().open(&visible)).await?;
        let name = |hold: &Hold| self.inner.admission.tenant_name(hold.tenant_id).unwrap_or_default();
        Ok(holds.into_iter().map(|hold| (hold.clone(), name(&hold))).collect())
    }

    /// Releases a hold: its money is free again.
    ///
    /// # Errors
    /// If `cx` may not, or there is no such open hold.
    pub async fn release_hold(&self, cx: &Cx, id: HoldId) -> Result<(), Error> {
        self.require(cx, Permission::BudgetWrite).await?;
        let hold = self
            .inner
            .store
            .read(move |r| r.holds().get_open(id))
            .await?
            .ok_or_else(|| Error::not_found("open hold"))?;
        let draft = self
            .draft(cx, "budget.hold_release", format_args!("hold:{id}"))
            .tenant(hold.tenant_id)
            .change("state", "open", "released")
            .detail("amount_usd", hold.amount.to_string());
        let (sequence, rest) = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.holds().release(id, recorded.now())?;
                Ok::<_, Error>((recorded.sequence(), recorded.holds().reads().open(&Visible::All)?))
            })
            .await?;
        self.inner.admission.put_holds(&rest, self.now());
        self.told_of(crate::EventKind::Budget, sequence);
        Ok(())
    }
}
