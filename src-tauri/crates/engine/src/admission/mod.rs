//! Admission: may this call go out? The state is in memory, rebuilt from the store at start.
//!
//! One lock guards it all, so a reservation is at every level or at none, and `spent + reserved + held <= limit` holds at
//! every hard budget after every admitted reservation. What may be spent is durable before the provider is called: not by
//! a commit for each call, but by an *exposure bound* for each tenant, raised in blocks (see [`exposure`]).
//!
//! The workspace and its tenants are always metered; keys, users, models, tags and pools only while they have a budget
//! (see `tree`). Meters that are counted from the store while calls are on their way take these in whole, so they may
//! count too much until those calls have ended, and never too little.
//!
//! Start reading at [`state`], then [`reserve`] and [`settle`].

pub mod adjust;
mod decisions;
pub mod exposure;
pub mod facets;
pub mod keys;
pub mod meter;
pub mod recover;
pub mod reserve;
pub mod settle;
mod spent;
pub mod state;
#[cfg(test)]
mod tests;
mod tree;

pub use facets::Facets;
pub use keys::Caller;
pub use meter::{Crossing, PeriodMeter};
pub use recover::{LevelSnapshot, Snapshot};
pub use reserve::{Ask, Refusal, Reservation};
pub use state::{Admission, Limits, TenantCounters};
