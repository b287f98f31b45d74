//! The use cases of Reeve: who may do what, in which transaction, with which entry in the ledger.
//!
//! Each noun has a file: [`tenants`], [`budgets`], [`credentials`] and so on. A use case takes a [`Cx`] (who asks), asks
//! for one permission, does its work in one transaction that also holds the audit entry, and brings the admission state in
//! memory up to date after the commit.
//!
//! It knows the store, the ledger, the vault and the providers. It must not know HTTP, windows or listeners.
//! Start reading at [`engine`], then [`admission`] (when a call may go out) and [`gateway`] (the way of one call).

pub mod admission;
pub mod api_keys;
pub mod app_entries;
pub mod audit;
pub mod backup;
pub mod bills;
pub mod breaker;
pub mod budgets;
pub mod capture;
pub(crate) mod charges;
pub mod clock;
pub mod credentials;
pub mod cx;
pub mod denials;
pub mod engine;
pub mod entry;
pub mod erasures;
pub mod error;
pub mod events;
pub mod evidence;
pub mod follow;
pub mod gateway;
pub mod health;
pub mod holds;
mod hot_map;
pub mod identity;
pub mod ids;
pub mod import;
pub mod latency;
pub mod legal_holds;
pub mod limits;
pub mod listeners;
pub mod model_rules;
pub mod overview;
mod permission;
pub mod pools;
pub mod prices;
pub mod privacy;
pub mod quotas;
pub mod random;
pub mod requests;
pub mod rerate;
pub mod retention;
pub mod rotation;
pub mod routes;
mod routing;
pub mod sample;
pub mod settings;
pub mod tasks;
pub mod tenants;
pub mod usage;
pub mod vault;
pub mod witnesses;

pub use clock::SystemClock;
pub use cx::{Cx, Via};
pub use engine::{Engine, OpenEngine};
pub use error::{Code, Error, FieldError};
pub use events::{Event, EventKind};
pub use follow::{Follow, Heard};
pub use reeve_vault::{EnvError, EnvSecret, Secret, harden_process};
