//! One file per table: the stored type, its `Reads` and its `Writes`.
//!
//! `Writes` are lent only by [`crate::Recorded`]. Columns are named in every statement and read by name in one `from_row`.

pub mod adjustments;
pub mod api_keys;
pub mod app_entries;
pub mod applied_prices;
pub mod bills;
pub mod breaker_rules;
pub mod budget_overrides;
pub mod budget_refusals;
pub mod budget_thresholds;
pub mod budgets;
pub mod capture_rules;
pub mod captures;
pub mod charges;
pub mod control_credentials;
pub mod credentials;
pub mod entries;
pub mod erasures;
pub mod exposures;
pub mod grants;
pub mod holds;
pub mod invitations;
pub mod key_versions;
pub mod known_devices;
pub mod legal_holds;
pub mod limit_refusals;
pub mod limits;
pub mod listeners;
pub mod model_rules;
pub mod own_prices;
pub mod pools;
pub mod price_lists;
pub mod quota_overrides;
pub mod refusal_slots;
pub mod refusals;
pub(crate) mod request_tags;
pub mod reratings;
pub mod retention_policies;
pub mod roles;
pub mod rotations;
pub mod routes;
pub mod saved_views;
pub mod sealed_items;
pub mod second_factors;
pub mod sessions;
pub mod settings;
pub mod subject_keys;
pub mod subjects;
pub mod tenants;
pub mod unpriced_models;
pub mod usage_facets;
pub mod usage_slots;
pub mod users;
pub mod vault;
pub mod vault_backups;
pub mod vault_rewraps;
pub mod vault_seals;
pub mod witnesses;

/// Declares the read and write handles of a table's file.
macro_rules! handles {
    () => {
        /// The table, for reading.
        pub struct Reads<'c> {
            pub(crate) conn: &'c rusqlite::Connection,
        }

        /// The table, for writing.
        pub struct Writes<'c> {
            pub(crate) conn: &'c rusqlite::Connection,
        }

        impl<'c> Writes<'c> {
            /// The same table, for reading with this transaction's changes.
            #[must_use]
            pub fn reads(&self) -> Reads<'c> {
                Reads { conn: self.conn }
            }
        }
    };
}
pub(crate) use handles;
