//! The use cases over a real store and a vault in memory: what is written, what is refused, what a restart finds.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

mod backup;
mod calls;
mod imports;
mod ledger;
mod master_key;
mod sample;
mod saved_views;
mod search;
mod security;
mod settings;
mod tenants;
mod vault;
mod vault_slots;
mod world;
