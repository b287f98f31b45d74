//! The exposure bound: durable, and never below what a tenant has on its way.
//!
//! A call's worst case joins its tenant's exposure when it is reserved and leaves it when the charge is in the ledger. The
//! bound is a row of the store. A call waits for a commit only when the exposure would pass the bound, and the bound is
//! then set to twice the exposure; where it comes near, it is raised beside the charges that are written anyhow, so a busy
//! tenant's calls hardly ever wait. After a crash the bound becomes a hold: spend can only be over-counted, never lost. The
//! idea is the mark raised in blocks of escrow systems (O'Neil 1986).
//!
//! All of this runs on the store's writer thread, before and after the commit: what was decided for one transaction is
//! settled when the next one is decided.

use super::state::Admission;
use reeve_core::id::TenantId;
use reeve_core::money::NanoUsd;

/// The bound is at least this once a tenant calls at all: ten cents.
const LEAST: NanoUsd = NanoUsd(100_000_000);

impl Admission {
    /// The bound to write before calls may go out, or `None` if one that suffices is written or being written in the same
    /// transaction.
    pub fn bound_to_raise(&self, tenant: TenantId) -> Option<NanoUsd> {
        self.raise_where(tenant, |exposure, bound| exposure > bound)
    }

    /// As [`Admission::bound_to_raise`], while there is a quarter of the bound left.
    pub fn bound_to_raise_ahead(&self, tenant: TenantId) -> Option<NanoUsd> {
        self.raise_where(tenant, |exposure, bound| exposure.0 > bound.0 - bound.0 / 4)
    }

    fn raise_where(&self, tenant: TenantId, due: impl Fn(NanoUsd, NanoUsd) -> bool) -> Option<NanoUsd> {
        let mut state = self.lock();
        let t = state.tenants.get_mut(&tenant)?;
        let exposure = t.exposure();
        due(exposure, t.writing).then(|| {
            t.writing = (exposure + exposure).max(LEAST);
            t.writing
        })
    }

    /// The raised bound is on disk.
    pub fn bound_raised(&self, tenant: TenantId, bound: NanoUsd) {
        if let Some(t) = self.lock().tenants.get_mut(&tenant) {
            t.bound = t.bound.max(bound);
            t.writing = t.writing.max(bound);
        }
    }

    /// The raise did not reach the disk: the next call writes it again.
    pub fn bound_not_raised(&self, tenant: TenantId) {
        if let Some(t) = self.lock().tenants.get_mut(&tenant) {
            t.writing = t.bound;
        }
    }

    /// The tenants whose bound could be lowered because they are idle.
    pub fn idle(&self) -> Vec<TenantId> {
        let state = self.lock();
        let idle =
            state.tenants.iter().filter(|(_, t)| t.bound > NanoUsd::ZERO && t.exposure() == NanoUsd::ZERO);
        idle.map(|(id, _)| *id).collect()
    }

    /// Lowers the bound to nothing in memory, before that is written; `false` if the tenant is busy again. From here on a
    /// new call asks for a raise, which the writer runs after this.
    pub fn lower(&self, tenant: TenantId) -> bool {
        let mut state = self.lock();
        let Some(t) = state.tenants.get_mut(&tenant) else { return false };
        let idle = t.exposure() == NanoUsd::ZERO;
        if idle {
            (t.bound, t.writing) = (NanoUsd::ZERO, NanoUsd::ZERO);
        }
        idle
    }
}
