//! The reader pool. A read sees one snapshot of the file.

use crate::error::StoreError;
use crate::open::{Store, connect_to_read};
use crate::table;
use parking_lot::Mutex;
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::Semaphore;

#[derive(Clone)]
pub(crate) struct Readers {
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
    count: u32,
}

impl Readers {
    pub(crate) fn open(path: &Path, count: u32) -> Result<Self, StoreError> {
        let count = count.max(1);
        let connections = (0..count)
            .map(|_| {
                let conn = connect_to_read(path)?;
                // A mapped page is looked through afresh at each visit, which is most of what finding a row takes. It is for
                // those who write, and verification does look.
                conn.pragma_update(None, "cell_size_check", "OFF")
                    .map_err(StoreError::sqlite("set up its connection"))?;
                Ok(conn)
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        let permits = Arc::new(Semaphore::new(connections.len()));
        Ok(Self { idle: Arc::new(Mutex::new(connections)), permits, count })
    }

    /// Waits for the reads that run and closes every connection; later reads are refused.
    pub(crate) async fn close(&self) {
        let all = self.permits.acquire_many(self.count).await;
        self.permits.close();
        self.idle.lock().clear();
        drop(all);
    }

    fn with<T, E: From<StoreError>>(&self, work: impl FnOnce(&Read<'_>) -> Result<T, E>) -> Result<T, E> {
        let Some(conn) = self.idle.lock().pop() else { return Err(StoreError::Closed.into()) };
        let result = match conn.unchecked_transaction() {
            Ok(snapshot) => work(&Read { conn: &snapshot }),
            Err(e) => Err(StoreError::sqlite("begin a read")(e).into()),
        };
        self.idle.lock().push(conn);
        result
    }
}

impl Store {
    /// Runs `work` on a read connection, off the async threads.
    ///
    /// # Errors
    /// Whatever `work` says, or [`StoreError::Closed`].
    pub async fn read<T, E>(
        &self,
        work: impl FnOnce(&Read<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let permit =
            Arc::clone(&self.readers.permits).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let readers = self.readers.clone();
        let answer = tokio::task::spawn_blocking(move || {
            let answer = readers.with(work);
            drop(permit);
            answer
        });
        answer.await.map_err(|_| StoreError::Panicked)?
    }

    /// As [`Store::read`], for start-up and the command line, where blocking is what is wanted.
    ///
    /// # Errors
    /// Whatever `work` says, or [`StoreError::Closed`] while every connection is lent.
    pub fn read_blocking<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&Read<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.readers.with(work)
    }
}

/// The tables, for reading.
#[derive(Clone, Copy)]
pub struct Read<'c> {
    pub(crate) conn: &'c Connection,
}

macro_rules! tables {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {
        impl<'c> Read<'c> {
            $($(#[$doc])*
            #[must_use]
            pub fn $name(&self) -> table::$name::Reads<'c> {
                table::$name::Reads { conn: self.conn }
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
    /// Ledger entries.
    entries,
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
