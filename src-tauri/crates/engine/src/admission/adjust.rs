//! Correcting what the meters have counted: a re-rating changed what charges of the current periods cost.

use super::facets::Facets;
use super::state::Admission;
use reeve_store::table::charges::Charge;

impl Admission {
    /// Adds the cost of corrections, which may be below zero, to the meters whose current period the corrected calls fall
    /// into. They are in the ledger already.
    pub fn adjust(&self, corrections: &[Charge]) {
        let mut state = self.lock();
        for correction in corrections {
            let Some(cost) = correction.cost else { continue };
            state.on_own(correction.tenant_id, &Facets::of(correction), |m| {
                if m.period.contains(correction.time) {
                    m.meter.spent += cost;
                }
            });
        }
    }

    /// Rises whenever meters are counted anew from the store.
    pub fn tick(&self) -> u64 {
        self.lock().tick
    }
}
