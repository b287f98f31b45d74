//! The write transaction. Table write handles come only from [`Recorded`], and that only with an entry in the ledger.

use crate::error::StoreError;
use crate::log::{Log, NewEntry, Stream};
use crate::reader::Read;
use crate::table;
use reeve_core::time::Millis;
use rusqlite::Connection;

/// One closure's part of the writer's transaction.
pub struct Tx<'c> {
    pub(crate) conn: &'c Connection,
    pub(crate) log: &'c mut Log,
    pub(crate) now: Millis,
}

impl<'c> Tx<'c> {
    /// The time of this transaction.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.now
    }

    /// The tables for reading, with this transaction's changes.
    #[must_use]
    pub fn read(&self) -> Read<'c> {
        Read { conn: self.conn }
    }

    /// Appends `entry` to the audit stream and lends the tables for writing.
    ///
    /// # Errors
    /// [`StoreError::Leaf`] if the entry does not fit the format, [`StoreError::Sqlite`].
    pub fn record(&mut self, entry: NewEntry) -> Result<Recorded<'c>, StoreError> {
        self.append(Stream::Audit, entry)
    }

    /// Appends `entry` to the usage stream and lends the tables for writing.
    ///
    /// # Errors
    /// As [`Tx::record`].
    pub fn meter(&mut self, entry: NewEntry) -> Result<Recorded<'c>, StoreError> {
        self.append(Stream::Usage, entry)
    }

    /// Persists a signed checkpoint of both streams.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn checkpoint(&mut self, reason: &str) -> Result<(), StoreError> {
        self.log.retain(self.conn, reason, self.now)
    }

    /// Appends `entry`, which names the key of `signer` as the next one: the head that ends with it is signed by both keys and
    /// kept, and later ones by the new key alone.
    ///
    /// # Errors
    /// As [`Tx::record`]; [`StoreError::Ledger`] if the stream has no key yet, or the next one is not named after it.
    pub fn hand_over(
        &mut self,
        stream: Stream,
        entry: NewEntry,
        signer: reeve_ledger::Signer,
    ) -> Result<Recorded<'c>, StoreError> {
        let recorded = self.append(stream, entry)?;
        self.log.hand_over_to(stream, signer)?;
        Ok(recorded)
    }

    /// Deletes kept checkpoints that newer ones stand for: beyond two days one an hour is enough, beyond ninety one a day. Those
    /// at which a key handed over and those of round sizes stay. How many went.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn thin_checkpoints(&mut self) -> Result<usize, StoreError> {
        self.log.thin(self.conn, self.now)
    }

    fn append(&mut self, stream: Stream, entry: NewEntry) -> Result<Recorded<'c>, StoreError> {
        let sequence = self.log.append(self.conn, stream, entry, self.now)?;
        Ok(Recorded { conn: self.conn, sequence, now: self.now })
    }
}

/// Proof that an entry is in the ledger, and with it the tables for writing.
pub struct Recorded<'c> {
    pub(crate) conn: &'c Connection,
    sequence: u64,
    now: Millis,
}

impl<'c> Recorded<'c> {
    /// Index of the entry in its stream.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The time of this transaction.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.now
    }
}

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        impl<'c> Recorded<'c> {
            $($(#[$doc])*
            #[must_use]
            pub fn $name(&self) -> table::$name::Writes<'c> {
                table::$name::Writes { conn: self.conn }
            })+
        }
    };
}

tables! {
    /// Which charge corrects which.
    adjustments,
    /// Tenants' API keys.
    api_keys,
    /// Prices charges were computed with.
    applied_prices,
    /// What entries of applications name: resources, links, projects, and keys they were sent with.
    app_entries,
    /// When calls are kept from a provider key.
    breaker_rules,
    /// Temporary limits of budgets.
    budget_overrides,
    /// Whom budgets refused.
    budget_refusals,
    /// Thresholds that were passed.
    budget_thresholds,
    /// Budgets.
    budgets,
    /// Captured bodies and their keys.
    captures,
    /// Which bodies are captured.
    capture_rules,
    /// Charges.
    charges,
    /// Provider credentials.
    credentials,
    /// Admin keys of providers.
    control_credentials,
    /// Invitations that nobody has taken up.
    invitations,
    /// The keys of credentials, version by version.
    key_versions,
    /// Roles that people hold for single tenants.
    grants,
    /// Roles that people made.
    roles,
    /// The ledger of key rotations.
    rotations,
    /// Requests for erasure.
    erasures,
    /// Exposure bounds.
    exposures,
    /// Holds left by crashes.
    holds,
    /// From what people have signed in before.
    known_devices,
    /// Legal holds.
    legal_holds,
    /// What providers bill.
    bills,
    /// Which models tenants may call.
    model_rules,
    /// Provider keys that share budgets.
    pools,
    /// Own prices.
    own_prices,
    /// Approved price lists.
    price_lists,
    /// Sums of calls that a rate limit refused.
    limit_refusals,
    /// Who is sent entries as they are written.
    listeners,
    /// Rate limits that people have set.
    limits,
    /// Quota overrides.
    quota_overrides,
    /// Sums of refused calls.
    refusal_slots,
    /// Re-ratings.
    reratings,
    /// How long the ledger is kept.
    retention_policies,
    /// Routes.
    routes,
    /// Refused calls.
    refusals,
    /// Saved views of the audit trail.
    saved_views,
    /// Sealed small secrets.
    sealed_items,
    /// Second factors of people, and their recovery codes.
    second_factors,
    /// Sessions.
    sessions,
    /// The workspace's settings.
    settings,
    /// Data keys of the ledger's private sections.
    subject_keys,
    /// People of the ledger that something was decided about.
    subjects,
    /// Tenants.
    tenants,
    /// Models that were asked for without a price.
    unpriced_models,
    /// Sums of charges by user, tag and other facets.
    usage_facets,
    /// Sums of charges.
    usage_slots,
    /// People.
    users,
    /// The vault's header and slots.
    vault,
    /// Backups of the vault's keys.
    vault_backups,
    /// Rotations of the master key, and what they seal anew.
    vault_rewraps,
    /// Outside witnesses, and what they signed.
    witnesses,
}
