//! Settling: the real cost replaces the reservation, and the rest is free again at once.

use super::facets::Facets;
use super::reserve::Reservation;
use super::state::Admission;
use reeve_core::id::TenantId;
use reeve_core::money::NanoUsd;

impl Admission {
    /// Replaces a reservation by the real cost. Until [`Admission::durable`] hears that the charge is in the ledger, the
    /// cost stays in the tenant's exposure.
    pub fn settle(&self, reservation: &Reservation, facets: &Facets<'_>, cost: NanoUsd) {
        let mut state = self.lock();
        state.close(reservation, facets);
        let mut crossed = std::mem::take(&mut state.crossed);
        state.on_own(reservation.tenant, facets, |m| {
            if m.period.contains(reservation.at) {
                m.meter.spent += cost;
                m.requests += 1;
                m.cross(&mut crossed);
            }
        });
        state.crossed = crossed;
        if let Some(t) = state.tenants.get_mut(&reservation.tenant) {
            t.undurable += cost;
        }
    }

    /// The charge is in the ledger.
    pub fn durable(&self, tenant: TenantId, cost: NanoUsd) {
        if let Some(t) = self.lock().tenants.get_mut(&tenant) {
            t.undurable -= cost;
        }
    }
}
