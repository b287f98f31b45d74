//! The work of one listener: follow the ledger, send what it wants in the order it was written, note how far it is. Whatever
//! happens to this process, the next one goes on from the last note: an entry may come twice, and none is left out.

use super::{Listener, message, send};
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::Error;
use crate::follow::{Follow, Heard};
use reeve_core::id::ListenerId;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::entries::Entry;
use reeve_store::table::listeners::{Delivery, Progress};
use reeve_vault::Purpose;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The entry that notes how far a listener is: of the machinery, in the usage stream.
pub(super) const DELIVERED: &str = "listener.deliver";
/// Failing for longer, a listener is sent nothing any more.
const PATIENCE: i64 = 3 * Millis::DAY;
/// Attempts noted together at most.
const TOGETHER: usize = 50;
/// A note waits this long for others.
const GATHER: Duration = Duration::from_millis(500);
/// So many entries that are not for a listener are passed over before that is noted.
const PASSED: u64 = 10_000;
/// How often a locked vault is looked at again.
const LOCKED: Duration = Duration::from_secs(5);

/// Why a listener's work ended.
enum End {
    Stopped,
    Failed(Error),
}

impl From<Error> for End {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

struct Work {
    engine: Engine,
    listener: Listener,
    stop: CancellationToken,
    progress: Progress,
    attempts: Vec<Delivery>,
    // Where it was when that was last noted.
    noted: u64,
}

impl Engine {
    /// Works for a listener until `stop`.
    pub(super) async fn work_for(&self, id: ListenerId, stop: CancellationToken) {
        let found = self.inner.store.read(move |r| r.listeners().get(id)).await;
        let listener = match found {
            Ok(Some(listener)) if listener.enabled => listener,
            Ok(_) => return,
            Err(error) => return log(id, &error.into()),
        };
        let progress = Progress {
            next_seq: listener.next_seq,
            delivered: 0,
            last_delivered: None,
            failures: listener.failures,
            failing_since: listener.failing_since,
        };
        let (noted, attempts) = (listener.next_seq, Vec::new());
        let mut work = Work { engine: self.clone(), listener, stop, progress, attempts, noted };
        let end = work.run().await;
        if let Err(error) = work.note().await {
            log(id, &error);
        }
        if let End::Failed(error) = end {
            log(id, &error);
        }
    }
}

fn log(id: ListenerId, error: &Error) {
    tracing::error!(listener = %id, error = error as &dyn std::error::Error, "a listener is not sent entries");
}

impl Work {
    async fn run(&mut self) -> End {
        let follow = self.engine.follow(self.listener.stream, Some(self.listener.next_seq));
        match self.deliver_all(follow).await {
            Ok(()) => End::Stopped,
            Err(end) => end,
        }
    }

    async fn deliver_all(&mut self, mut follow: Follow) -> Result<(), End> {
        let secret = self.secret().await?;
        loop {
            let unnoted = !self.attempts.is_empty();
            let heard = tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(End::Stopped),
                heard = follow.next() => heard?,
                () = tokio::time::sleep(GATHER), if unnoted => {
                    self.note().await?;
                    continue;
                }
            };
            match heard {
                Heard::Entry(entry) if message::wants(&self.listener, &entry) => {
                    self.deliver(&entry, &secret).await?
                }
                Heard::Entry(entry) => self.passed(entry.leaf.n + 1).await?,
                Heard::Gap { end, .. } => self.passed(end).await?,
            }
        }
    }

    /// Nothing up to `next` is for it, or not any more.
    async fn passed(&mut self, next: u64) -> Result<(), Error> {
        self.moved(next);
        if next - self.noted >= PASSED { self.write_note().await } else { Ok(()) }
    }

    fn moved(&mut self, next: u64) {
        self.progress.next_seq = next;
        self.engine.inner.listeners.places.lock().insert(self.listener.id, next);
    }

    /// The secret; waits for a locked vault.
    async fn secret(&self) -> Result<reeve_vault::Secret, End> {
        loop {
            if let Ok(vault) = self.engine.vault() {
                return Ok(super::open_secret(&vault, &self.listener)?);
            }
            self.pause(LOCKED).await?;
        }
    }

    async fn pause(&self, wait: Duration) -> Result<(), End> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(End::Stopped),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }

    /// Tries until it is taken.
    async fn deliver(&mut self, entry: &Entry, secret: &reeve_vault::Secret) -> Result<(), End> {
        let sent = send::Message {
            url: &self.listener.url.clone(),
            allow_private: self.listener.allow_private,
            secret: secret.expose(),
            id: message::id(self.listener.id, entry),
            body: message::body(entry),
        };
        for tried in 1.. {
            let engine = self.engine.clone();
            let attempt = tokio::select! {
                biased;
                () = self.stop.cancelled() => return Err(End::Stopped),
                attempt = engine.attempt(&sent) => attempt,
            };
            let now = self.engine.now();
            self.attempts.push(super::delivery(Some(entry.leaf.n), now, tried, &attempt));
            if attempt.ok {
                self.moved(entry.leaf.n + 1);
                self.progress.delivered += 1;
                self.progress.last_delivered = Some(now);
                (self.progress.failures, self.progress.failing_since) = (0, None);
                if self.attempts.len() >= TOGETHER {
                    self.note().await?;
                }
                return Ok(());
            }
            self.progress.failures += 1;
            let since = *self.progress.failing_since.get_or_insert(now);
            self.note().await?;
            let gone = attempt.status == Some(410);
            if gone || now.0 - since.0 >= PATIENCE {
                let error = attempt.error.unwrap_or_default();
                self.engine
                    .give_up(
                        &self.listener,
                        &if gone {
                            "it answered that it is gone (410)".to_owned()
                        } else {
                            format!("it failed for three days; the last time it {error}")
                        },
                    )
                    .await?;
                return Err(End::Stopped);
            }
            self.pause(backoff(self.progress.failures, attempt.wait_s)).await?;
        }
        Ok(())
    }

    /// Notes how far it is, and the attempts since the last note, if there are any.
    async fn note(&mut self) -> Result<(), Error> {
        if self.attempts.is_empty() { Ok(()) } else { self.write_note().await }
    }

    async fn write_note(&mut self) -> Result<(), Error> {
        let (id, progress, attempts) = (self.listener.id, self.progress, std::mem::take(&mut self.attempts));
        let draft = self
            .engine
            .draft(&Cx::system(), DELIVERED, format_args!("listener:{id}"))
            .detail("delivered", progress.delivered)
            .detail("attempts", attempts.len())
            .detail("next", progress.next_seq);
        self.engine
            .inner
            .store
            .write(move |tx| {
                // Whoever was removed meanwhile needs no note.
                if tx.read().listeners().get(id)?.is_none() {
                    return Ok(());
                }
                let recorded = draft.meter(tx)?;
                recorded.listeners().advance(id, &progress)?;
                recorded.listeners().note(id, &attempts)?;
                Ok::<_, Error>(())
            })
            .await?;
        (self.progress.delivered, self.noted) = (0, progress.next_seq);
        Ok(())
    }
}

impl Engine {
    /// Sends a listener nothing any more, because it does not take it.
    async fn give_up(&self, listener: &Listener, why: &str) -> Result<(), Error> {
        let (id, text) = (listener.id, why.to_owned());
        let draft = self
            .draft(&Cx::system(), "listener.disable", format_args!("listener:{id}"))
            .name(&listener.name)
            .detail("action", "UPDATE")
            .change("enabled", true, false)
            .detail("reason", why)
            .outcome(Outcome::Success, Severity::Warning);
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.listeners().disable(id, &text)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.told_of(crate::EventKind::Settings, sequence);
        Ok(())
    }
}

/// The wait after so many failures in a row: doubled from a second to an hour, a random half of it less, so that many do
/// not come back at the same moment.
fn backoff(failures: u64, asked_s: Option<u64>) -> Duration {
    const LONGEST: u64 = 3_600_000;
    let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or(u32::MAX).min(20);
    let full = 1_000_u64.saturating_mul(1 << doublings).min(LONGEST);
    let random = crate::random::bytes::<2>().map_or(0, |bytes| u64::from(u16::from_be_bytes(bytes)));
    let jittered = full / 2 + full / 2 * random / u64::from(u16::MAX);
    Duration::from_millis(jittered.max(asked_s.unwrap_or(0).saturating_mul(1_000)))
}

pub(super) const SECRET: Purpose = Purpose::ListenerSecret;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_an_hour_and_are_never_without_jitter() {
        for (failures, most) in [(1, 1_000), (2, 2_000), (5, 16_000), (30, 3_600_000)] {
            let wait = u64::try_from(backoff(failures, None).as_millis()).unwrap();
            assert!((most / 2..=most).contains(&wait), "{failures}: {wait}");
        }
        let waits: std::collections::BTreeSet<_> = (0..20).map(|_| backoff(30, None)).collect();
        assert!(waits.len() > 10, "many do not come back at the same moment");
        assert_eq!(backoff(1, Some(90)), Duration::from_secs(90), "a receiver that asks for time gets it");
    }
}
