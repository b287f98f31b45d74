//! Destroying subjects' keys: in one transaction with its entry the keys go and the rest is wrapped by a new wrapping key; then
//! the sealed sections are overwritten, the write-ahead log is emptied, and the old wrapping key goes too.

use super::{Privacy, Zeroizing};
use crate::Engine;
use crate::engine::blocking;
use crate::entry::Draft;
use crate::error::{Code, Error};
use reeve_store::{Read, Recorded, Tx};
use std::sync::Arc;
use std::time::Duration;

/// How often the write-ahead log is tried while somebody still reads from it.
const TRIES: u32 = 100;
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(50);

impl Privacy {
    /// Wraps all keys by the newest wrapping key that are not wrapped by it.
    fn rewrap(&self, recorded: &Recorded<'_>) -> Result<(), Error> {
        let Some(vault) = self.vault.unlocked() else {
            return Err(Error::new(Code::Unavailable, "The vault is locked."));
        };
        for key in recorded.subject_keys().reads().all()? {
            // What no key opens stays as it is.
            let Some(bytes) = self.unwrap(&vault, &key.id, &key.wrapped) else { continue };
            let bytes: Zeroizing<[u8; 32]> = bytes;
            let wrapped = self.wrap(&vault, &key.id, &bytes).ok_or_else(|| {
                Error::new(
                    Code::Internal,
                    "A key of the audit trail's private sections cannot be wrapped anew.",
                )
            })?;
            recorded.subject_keys().rewrap(&key.id, &wrapped)?;
        }
        Ok(())
    }
}

impl Engine {
    /// Writes `draft`, destroys the keys `ids` and does `beside` in the same transaction; then takes care that nothing of them
    /// is left in the store's files. Answers with what `beside` returned.
    pub(crate) async fn destroy_keys<T: Send + 'static>(
        &self,
        draft: Draft,
        ids: Vec<String>,
        beside: impl FnOnce(&Recorded<'_>, &Read<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.vault()?;
        let privacy = Arc::clone(&self.inner.privacy);
        let _one = privacy.destroying.lock().await;
        let changing = Arc::clone(&privacy);
        blocking(move || changing.device.begin_change()).await??;
        let (wrapping, destroyed) = (Arc::clone(&privacy), ids.clone());
        let written = self
            .inner
            .store
            .write(move |tx: &mut Tx<'_>| {
                let recorded = draft.record(tx)?;
                // Before the keys go, so that it can look once more whether they may.
                let beside = beside(&recorded, &tx.read())?;
                destroyed.iter().try_for_each(|id| recorded.subject_keys().destroy(id))?;
                wrapping.rewrap(&recorded)?;
                tx.checkpoint("privacy")?;
                Ok::<_, Error>((recorded.sequence(), beside))
            })
            .await;
        privacy.forget(&ids);
        let (sequence, beside) = written?;
        self.told_of(crate::EventKind::Privacy, sequence);
        self.leave_nothing(&privacy).await?;
        Ok(beside)
    }

    /// Overwrites and deletes what is to go, empties the write-ahead log, and drops wrapping keys that wrap nothing any more.
    async fn leave_nothing(&self, privacy: &Arc<Privacy>) -> Result<(), Error> {
        self.sweep().await?;
        if privacy.device.changing() {
            let finishing = Arc::clone(privacy);
            blocking(move || finishing.device.finish_change()).await??;
        }
        Ok(())
    }

    /// Deletes what was pruned and overwrites what was erased, piece by piece, and empties the write-ahead log.
    pub(crate) async fn sweep(&self) -> Result<(), Error> {
        let stop = self.inner.tasks.stopping();
        if !self.inner.store.sweep(|| !stop.is_cancelled()).await? {
            return Ok(());
        }
        for _ in 0..TRIES {
            if self.inner.store.empty_log().await? {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        Err(Error::new(
            Code::Unavailable,
            "Somebody still reads from the store's log, so that it cannot be emptied yet.",
        ))
    }

    /// Goes on with what a crash or a stop interrupted.
    pub(crate) fn resume_sweep(&self) {
        let engine = self.clone();
        self.inner.tasks.spawn(async move {
            if let Err(error) = engine.try_resume_sweep().await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "what is to be deleted could not be");
            }
        });
    }

    async fn try_resume_sweep(&self) -> Result<(), Error> {
        let privacy = Arc::clone(&self.inner.privacy);
        if privacy.device.changing() && self.vault_locked().is_none() {
            let _one = privacy.destroying.lock().await;
            let draft = self.draft(&crate::Cx::system(), "privacy.rewrap", "ledger:audit");
            let wrapping = Arc::clone(&privacy);
            let write = move |tx: &mut Tx<'_>| wrapping.rewrap(&draft.meter(tx)?);
            self.inner.store.write(write).await?;
            return self.leave_nothing(&privacy).await;
        }
        if self.inner.store.read(|r| r.unswept()).await? {
            self.sweep().await?;
        }
        Ok(())
    }
}
