//! Looking after the ledger while Reeve runs: sessions begin and end in it, heads are kept and anchored, silence is told, a clock
//! that jumps is noted, keys are replaced.

use super::{Head, Stream};
use crate::Engine;
use crate::cx::Cx;
use crate::entry::{Draft, Severity};
use crate::error::Error;
use data_encoding::HEXLOWER;
use parking_lot::Mutex;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::entries::EntryFilter;
use std::collections::HashMap;

/// How often the ledger is looked after.
pub(crate) const EVERY: std::time::Duration = std::time::Duration::from_secs(5);
/// A head is kept so often while entries come.
const KEEP_EVERY: i64 = 10 * Millis::MINUTE;
/// After so long without an entry, one says so.
const SILENCE: i64 = Millis::HOUR;
/// The two clocks may differ by so much from one look to the next.
const CLOCK_JUMP: i64 = 2 * Millis::SECOND;
/// Kept heads are thinned so often.
const THIN_EVERY: i64 = Millis::DAY;

/// What was seen when the ledger was last looked after.
#[derive(Default)]
pub(crate) struct Keeping {
    seen: Mutex<Seen>,
    /// Entries that could not be written, by event type, until an entry says so.
    dropped: Mutex<HashMap<String, u64>>,
}

#[derive(Clone, Copy, Default)]
struct Seen {
    /// The clock that people set, and the steady one.
    clocks: Option<(Millis, Millis)>,
    kept: Option<([u64; 2], Millis)>,
    /// Entries of the audit stream, and when their number changed.
    active: Option<(u64, Millis)>,
    thinned: Option<Millis>,
}

impl Keeping {
    /// An entry of this event type could not be written.
    pub(crate) fn dropped(&self, kind: &str) {
        *self.dropped.lock().entry(kind.to_owned()).or_default() += 1;
    }
}

/// The sizes and roots of both streams, as details of an entry.
fn heads_in(mut draft: Draft, heads: &[Head; 2]) -> Draft {
    for (stream, head) in Stream::ALL.into_iter().zip(heads) {
        let name = stream.as_str();
        draft = draft
            .detail(&format!("{name}_size"), head.size)
            .detail(&format!("{name}_root"), HEXLOWER.encode(&head.root));
    }
    draft
}

impl Engine {
    /// The heads of both streams.
    pub(super) async fn heads(&self) -> Result<[Head; 2], Error> {
        let [audit, usage] = Stream::ALL;
        let read = move |r: &reeve_store::Read<'_>| {
            Ok::<_, Error>([r.entries().head(audit)?, r.entries().head(usage)?])
        };
        self.inner.store.read(read).await
    }

    /// The entry that a session begins with.
    pub(crate) async fn begin_session(&self) -> Result<(), Error> {
        let heads = self.heads().await?;
        let newest = heads[0].size.checked_sub(1);
        let boundary = EntryFilter { stream: Some(Stream::Audit), ..EntryFilter::default() };
        let read = move |r: &reeve_store::Read<'_>| {
            let of = |kind: &str| {
                let filter = EntryFilter { kinds: vec![kind.to_owned()], ..boundary.clone() };
                Ok::<_, Error>(r.entries().page(&filter, 1)?.entries.first().map(|e| e.leaf.n))
            };
            Ok::<_, Error>((of("session.start")?, of("session.end")?))
        };
        let (started, ended) = self.inner.store.read(read).await?;
        self.note_clock_behind(newest).await?;
        let before = match (newest, started) {
            (None, _) => "nothing",
            (_, None) => "unknown",
            (_, Some(started)) if ended.is_some_and(|ended| ended > started) => "ended",
            (_, Some(_)) => "broke off",
        };
        let draft = self
            .draft(&Cx::system(), "session.start", "ledger:audit")
            .detail("boot", self.inner.boot.to_string())
            .detail("version", env!("CARGO_PKG_VERSION"))
            .detail("schema", HEXLOWER.encode(&reeve_store::schema_digest()?))
            .detail("before", before)
            .detail("anchors", self.anchor_places());
        let draft = heads_in(draft, &heads);
        let severity = if before == "broke off" { Severity::Notice } else { Severity::Info };
        self.record(draft.outcome(Outcome::Success, severity)).await?;
        match started.filter(|_| before == "broke off") {
            Some(started) => self.answer_open_intents(started).await,
            None => Ok(()),
        }
    }

    /// No entry can be from the future: the clock was set back while nobody looked.
    async fn note_clock_behind(&self, newest: Option<u64>) -> Result<(), Error> {
        let Some(newest) = newest else { return Ok(()) };
        let last = self.inner.store.read(move |r| r.entries().get(Stream::Audit, newest)).await?;
        let (Some(last), now) = (last.map(|e| Millis(e.leaf.t)), self.now()) else { return Ok(()) };
        let behind = now.0 - last.0;
        if behind >= -CLOCK_JUMP {
            return Ok(());
        }
        let draft = self
            .draft(&Cx::system(), "clock.jump", "ledger:audit")
            .detail("jump_ms", behind)
            .detail("from", last.to_string())
            .detail("to", now.to_string());
        self.record(draft.outcome(Outcome::Success, Severity::Warning)).await?;
        Ok(())
    }

    /// The entry that a session ends with, and the heads that cover it.
    pub(crate) async fn end_session(&self) {
        let draft = self
            .draft(&Cx::system(), "session.end", "ledger:audit")
            .detail("boot", self.inner.boot.to_string());
        let written = self.keep_with(draft, "shutdown").await;
        log(written.map(|_| ()), "the end of the session could not be written");
        self.write_anchors(true).await;
    }

    /// Writes an entry and keeps the heads that cover it.
    async fn keep_with(&self, draft: Draft, reason: &'static str) -> Result<u64, Error> {
        let write = move |tx: &mut reeve_store::Tx<'_>| {
            let sequence = draft.record(tx)?.sequence();
            tx.checkpoint(reason)?;
            Ok::<_, Error>(sequence)
        };
        let sequence = self.inner.store.write(write).await?;
        self.told(sequence);
        Ok(sequence)
    }

    /// Looks after the ledger: to be called again and again, and as often as one likes. What is due by the clock is done.
    pub async fn tend_ledger(&self) {
        log(self.note_clock_jump().await, "a jump of the clock could not be noted");
        log(self.note_dropped().await, "that entries were dropped could not be noted");
        log(self.rotate_when_due().await, "the ledger's signing key could not be replaced");
        log(self.keep_heads().await, "a checkpoint could not be kept");
        log(self.thin_heads().await, "old checkpoints could not be thinned");
        self.look_at_files();
        self.write_anchors(false).await;
    }

    /// The clock that people set and the steady one must agree on how much time has passed.
    async fn note_clock_jump(&self) -> Result<(), Error> {
        let (wall, steady) = (self.now(), self.inner.clock.steady());
        let Some((wall_then, steady_then)) = self.inner.keeping.seen.lock().clocks.replace((wall, steady))
        else {
            return Ok(());
        };
        let jump = (wall.0 - wall_then.0) - (steady.0 - steady_then.0);
        if jump.abs() <= CLOCK_JUMP {
            return Ok(());
        }
        let severity = if jump < 0 { Severity::Warning } else { Severity::Notice };
        let draft = self
            .draft(&Cx::system(), "clock.jump", "ledger:audit")
            .detail("jump_ms", jump)
            .detail("from", wall_then.to_string())
            .detail("to", wall.to_string());
        self.record(draft.outcome(Outcome::Success, severity)).await?;
        Ok(())
    }

    async fn note_dropped(&self) -> Result<(), Error> {
        let dropped = std::mem::take(&mut *self.inner.keeping.dropped.lock());
        if dropped.is_empty() {
            return Ok(());
        }
        let mut draft = self
            .draft(&Cx::system(), "log.gap", "ledger:audit")
            .detail("dropped", dropped.values().sum::<u64>());
        let kinds: serde_json::Map<_, _> =
            dropped.iter().map(|(kind, n)| (kind.replace('.', "_"), (*n).into())).collect();
        draft = draft.detail("kinds", kinds);
        let written = self.record(draft.outcome(Outcome::Error, Severity::Critical)).await;
        if written.is_err() {
            let mut all = self.inner.keeping.dropped.lock();
            dropped.into_iter().for_each(|(kind, n)| *all.entry(kind).or_default() += n);
        }
        written.map(|_| ())
    }

    /// Every ten minutes with entries a head is kept; an hour without any is an entry itself.
    async fn keep_heads(&self) -> Result<(), Error> {
        let (heads, now) = (self.heads().await?, self.now());
        let sizes = [heads[0].size, heads[1].size];
        let (keep, silent) = {
            let mut seen = self.inner.keeping.seen.lock();
            // A clock that was set back begins the spans anew.
            let since = |at: Millis| if at.0 > now.0 { i64::MAX } else { now.0 - at.0 };
            match seen.active {
                Some((size, at)) if size == sizes[0] && at.0 <= now.0 => {
                    let silent = since(at) >= SILENCE;
                    let kept = seen.kept.get_or_insert((sizes, now));
                    (kept.0 != sizes && since(kept.1) >= KEEP_EVERY, silent)
                }
                _ => {
                    seen.active = Some((sizes[0], now));
                    let kept = seen.kept.get_or_insert((sizes, now));
                    (kept.0 != sizes && since(kept.1) >= KEEP_EVERY, false)
                }
            }
        };
        if silent {
            let draft = self.draft(&Cx::system(), "log.heartbeat", "ledger:audit");
            self.keep_with(heads_in(draft, &heads), "heartbeat").await?;
        } else if keep {
            self.keep_checkpoint("interval").await?;
        } else {
            return Ok(());
        }
        let after = self.heads().await?;
        let sizes = [after[0].size, after[1].size];
        let mut seen = self.inner.keeping.seen.lock();
        seen.kept = Some((sizes, now));
        if silent {
            seen.active = Some((sizes[0], now));
        }
        Ok(())
    }

    pub(crate) async fn keep_checkpoint(&self, reason: &'static str) -> Result<(), Error> {
        Ok(self.inner.store.write(move |tx| tx.checkpoint(reason)).await?)
    }

    async fn thin_heads(&self) -> Result<(), Error> {
        let now = self.now();
        {
            let mut seen = self.inner.keeping.seen.lock();
            let due = seen.thinned.is_none_or(|at| !(0..THIN_EVERY).contains(&(now.0 - at.0)));
            if !due {
                return Ok(());
            }
            seen.thinned = Some(now);
        }
        let gone = self.inner.store.write(|tx| tx.thin_checkpoints()).await?;
        tracing::debug!(gone, "kept checkpoints were thinned");
        Ok(())
    }

    /// A file that was deleted or replaced beneath the open store takes all that is written with it.
    fn look_at_files(&self) {
        let faults = self.inner.store.file_faults();
        if self.inner.verdicts.set_file_faults(&faults) {
            for fault in faults {
                tracing::error!(fault, "the store's file is not the one that is open");
            }
            self.inner.events.tell(crate::EventKind::Ledger, None, None);
        }
    }
}

fn log(outcome: Result<(), Error>, what: &'static str) {
    if let Err(error) = outcome {
        tracing::error!(error = &error as &dyn std::error::Error, "{what}");
    }
}
