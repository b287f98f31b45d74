//! Settled charges on their way to the ledger. They ride in batches: a transaction every few milliseconds costs a small
//! part of what one write a call does, and nobody waits for it, because the exposure bound covers what is not written yet.

use super::waiting::{FirstUse, Waiting};
use crate::Engine;
use crate::charges::ChargeBatch;
use crate::cx::Cx;
use crate::entry::Draft;
use crate::error::Error;
use crate::events::EventKind;
use parking_lot::Mutex;
use reeve_core::id::TenantId;
use reeve_core::money::NanoUsd;
use reeve_store::table::charges::Charge;
use reeve_store::table::key_versions::KeyVersion;
use reeve_store::{Read, StoreError, Tx};
use std::sync::Arc;
use std::time::Duration;

/// How long charges gather.
const GATHER: Duration = Duration::from_millis(50);
/// Charges that do not wait for more.
const MOST: usize = 1_024;

/// What a batch became.
struct Wrote {
    /// Of each charge, the index of its entry.
    sequences: Vec<u64>,
    /// Exposure bounds that were raised beside them.
    raised: Vec<(TenantId, NanoUsd)>,
}

/// Charges that are settled and not known to be in the ledger.
#[derive(Default)]
pub(crate) struct Settling(Mutex<Books>);

#[derive(Default)]
struct Books {
    /// Not handed to the writer yet.
    waiting: Vec<Waiting>,
    /// With the writer.
    in_flight: Vec<Arc<Vec<Waiting>>>,
    /// Written while somebody counts.
    written: Vec<Arc<Vec<Waiting>>>,
    /// How many count.
    counting: u32,
}

impl Books {
    fn take(&mut self, batch: &Arc<Vec<Waiting>>) -> Option<Arc<Vec<Waiting>>> {
        let at = self.in_flight.iter().position(|known| Arc::ptr_eq(known, batch))?;
        Some(self.in_flight.swap_remove(at))
    }
}

/// While it lives, charges that reach the ledger are remembered: a snapshot read meanwhile may be older than they are.
pub(crate) struct Counting<'s>(&'s Settling);

impl Drop for Counting<'_> {
    fn drop(&mut self) {
        let mut books = self.0.0.lock();
        books.counting -= 1;
        if books.counting == 0 {
            books.written.clear();
        }
    }
}

impl Settling {
    /// Adds a charge while `settle` makes it count; how many wait now.
    fn push(&self, waiting: Waiting, settle: impl FnOnce()) -> usize {
        let mut books = self.0.lock();
        settle();
        books.waiting.push(waiting);
        books.waiting.len()
    }

    /// Begins to count: before the snapshot is read.
    pub(crate) fn count(&self) -> Counting<'_> {
        self.0.lock().counting += 1;
        Counting(self)
    }

    /// All that wait, now with the writer.
    fn hand_over(&self) -> Option<Arc<Vec<Waiting>>> {
        let mut books = self.0.lock();
        if books.waiting.is_empty() {
            return None;
        }
        // The next batch is likely as large: it need not grow while calls wait for the lock.
        let next = Vec::with_capacity(books.waiting.len());
        let batch = Arc::new(std::mem::replace(&mut books.waiting, next));
        books.in_flight.push(Arc::clone(&batch));
        Some(batch)
    }

    /// The batch is in the ledger.
    fn done(&self, batch: &Arc<Vec<Waiting>>) {
        let mut books = self.0.lock();
        let taken = books.take(batch);
        if books.counting > 0 {
            books.written.extend(taken);
        }
    }

    /// A batch that could not be written, each charge by itself.
    fn split(&self, batch: Arc<Vec<Waiting>>) -> Vec<Arc<Vec<Waiting>>> {
        let mut books = self.0.lock();
        drop(books.take(&batch));
        let all = Arc::into_inner(batch).unwrap_or_default();
        let singles: Vec<_> = all.into_iter().map(|one| Arc::new(vec![one])).collect();
        books.in_flight.extend(singles.iter().cloned());
        singles
    }
}

impl Counting<'_> {
    /// Hands the charges that are settled but not in `read` to `install`. None settles until it returns.
    pub(crate) fn finish(self, read: &Read<'_>, install: impl FnOnce(&[Charge])) -> Result<(), StoreError> {
        let books = self.0.0.lock();
        let mut undurable: Vec<_> = books.waiting.iter().map(Waiting::charge).collect();
        for waiting in books.in_flight.iter().chain(&books.written).flat_map(|batch| batch.iter()) {
            if !read.charges().contains(waiting.id)? {
                undurable.push(waiting.charge());
            }
        }
        install(&undurable);
        drop(books);
        Ok(())
    }
}

impl Engine {
    /// Runs `settle`, and writes the charge with those that settle about now.
    pub(super) fn write_soon(&self, waiting: Waiting, settle: impl FnOnce()) {
        match self.inner.settling.push(waiting, settle) {
            1 if tokio::runtime::Handle::try_current().is_ok() => {
                let engine = self.clone();
                self.inner.tasks.spawn(async move {
                    tokio::time::sleep(GATHER).await;
                    engine.write_charges();
                });
            }
            // Settled where no timer runs, such as at the very end.
            1 | MOST => self.write_charges(),
            _ => {}
        }
    }

    /// Hands all charges that wait to the writer.
    pub(crate) fn write_charges(&self) {
        if let Some(batch) = self.inner.settling.hand_over() {
            self.submit_charges(batch);
        }
    }

    fn submit_charges(&self, batch: Arc<Vec<Waiting>>) {
        let engine = self.clone();
        let (writer, written) = (self.clone(), Arc::clone(&batch));
        self.inner.store.submit_now(
            move |tx| writer.write_all(&batch, tx),
            move |result| match result {
                Ok(wrote) => engine.charges_written(&written, &wrote),
                Err(error) => engine.charges_failed(written, &error),
            },
        );
    }

    fn charges_written(&self, batch: &Arc<Vec<Waiting>>, wrote: &Wrote) {
        self.inner.settling.done(batch);
        for (tenant, bound) in &wrote.raised {
            self.inner.admission.bound_raised(*tenant, *bound);
        }
        for (waiting, sequence) in batch.iter().zip(&wrote.sequences) {
            self.inner.admission.durable(waiting.caller.tenant, waiting.amount);
            if self.inner.events.is_heard() {
                let id = waiting.id.to_string();
                self.inner.events.tell_of(waiting.caller.tenant, EventKind::Charge, *sequence, id);
            }
        }
    }

    /// One charge that cannot be written must not keep the others from it: they try again, each by itself.
    fn charges_failed(&self, batch: Arc<Vec<Waiting>>, error: &Error) {
        batch.iter().for_each(|waiting| self.inner.admission.bound_not_raised(waiting.caller.tenant));
        if let [waiting] = batch.as_slice() {
            // The cost stays in the meters and in the tenant's exposure: the next start holds it.
            self.inner.keeping.dropped("charge.settle");
            let error = error as &dyn std::error::Error;
            return tracing::error!(error, charge.id = %waiting.id, "a charge could not be written");
        }
        self.inner.settling.split(batch).into_iter().for_each(|single| self.submit_charges(single));
    }

    fn write_all(&self, waiting: &[Waiting], tx: &mut Tx<'_>) -> Result<Wrote, Error> {
        let mut batch = ChargeBatch::new(self);
        let mut sequences = Vec::with_capacity(waiting.len());
        let mut tenants = Vec::new();
        let mut last = None;
        for waiting in waiting {
            let charge = waiting.charge();
            let recorded = batch.write(tx, waiting.entry(self), &charge)?;
            sequences.push(recorded.sequence());
            if !tenants.contains(&charge.tenant_id) {
                tenants.push(charge.tenant_id);
            }
            if let Some(FirstUse { credential, version, calls }) = waiting.first_use_of {
                let key = recorded.key_versions().reads().get(credential, version)?;
                recorded.credentials().touch(credential, version, calls, charge.time)?;
                if let Some(key) = key.filter(|key| key.last_used_at.is_none()) {
                    let name = recorded.credentials().reads().get(credential)?.map(|c| c.name);
                    let draft = self.used_first(&key, &charge.provider);
                    draft.name(name.as_deref().unwrap_or_default()).record(tx)?;
                }
            }
            if let Some(overrun) = waiting.unusual.as_ref().and_then(|unusual| unusual.overrun.as_ref()) {
                overrun.record(tx)?;
            }
            last = Some(recorded);
        }
        last.map_or(Ok(()), |last| batch.sum_up(&last))?;
        Ok(Wrote { sequences, raised: self.raise_ahead(tx, &tenants)? })
    }

    /// A version of a key that nothing went out with before.
    fn used_first(&self, key: &KeyVersion, provider: &str) -> Draft {
        self.draft(&Cx::system(), "key.used_first", format_args!("credential:{}", key.credential_id))
            .detail("provider", provider)
            .detail("version", key.version)
            .detail("fingerprint", key.fingerprint.as_str())
            .detail("last4", key.last4.as_str())
    }
}
