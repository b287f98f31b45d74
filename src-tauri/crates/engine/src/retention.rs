//! How long the trail is kept: entries by stream, what is personal in them by month; pruning by hand and every night.

mod forget;
mod prune;
mod schedule;

pub use prune::{PrunePreview, Pruned};
pub use reeve_core::retention::{FLOOR_DAYS, PERSONAL_FLOOR_DAYS, Retention};

use crate::Engine;
use crate::audit::{Head, Stream};
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::Error;
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::Read;

/// How a stream is kept and how it stands.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Which.
    pub stream: Stream,
    /// How long.
    pub retention: Retention,
    /// Its newest state.
    pub head: Head,
    /// When the first entry that is kept was written.
    pub oldest: Option<Millis>,
}

/// How the trail is kept.
#[derive(Clone, Debug)]
pub struct RetentionStatus {
    /// Each stream.
    pub streams: Vec<Kept>,
    /// When the daily task last ran to its end.
    pub last_run: Option<Millis>,
    /// When it runs next.
    pub next_run: Millis,
    /// Whether rows are still being deleted.
    pub sweeping: bool,
}

/// A number of days in words.
fn days(days: Option<u32>) -> String {
    days.map_or_else(|| "for ever".to_owned(), |n| format!("{n} days"))
}

fn kept(r: &Read<'_>, stream: Stream) -> Result<Kept, Error> {
    let head = r.entries().head(stream)?;
    let oldest = r.entries().get(stream, head.min_index)?.map(|e| Millis(e.leaf.t));
    Ok(Kept { stream, retention: r.retention_policies().get(stream)?, head, oldest })
}

impl Engine {
    /// How the trail is kept.
    ///
    /// # Errors
    /// If `cx` may not see it.
    pub async fn retention(&self, cx: &Cx) -> Result<RetentionStatus, Error> {
        self.require(cx, Permission::PrivacyRead).await?;
        let next_run = schedule::next_run(self.zone(), self.now());
        let read = move |r: &Read<'_>| {
            let streams = Stream::ALL.into_iter().map(|s| kept(r, s)).collect::<Result<Vec<_>, Error>>()?;
            let (last_run, sweeping) = (r.retention_policies().last_run()?, r.unswept()?);
            Ok::<_, Error>(RetentionStatus { streams, last_run, next_run, sweeping })
        };
        self.inner.store.read(read).await
    }

    /// Sets how long a stream is kept. What is beyond goes with the next nightly run, not now.
    ///
    /// # Errors
    /// If `cx` may not, or a number is below its floor.
    pub async fn set_retention(&self, cx: &Cx, stream: Stream, after: Retention) -> Result<Kept, Error> {
        self.require(cx, Permission::PrivacyWrite).await?;
        after.check().map_err(|(field, why)| Error::field(field, why.to_string()))?;
        if stream == Stream::Usage && after.personal_days.is_some() {
            return Err(Error::field(
                "personal_days",
                "goes only with the audit stream: the usage stream holds nothing personal",
            ));
        }
        let before = self.inner.store.read(move |r| r.retention_policies().get(stream)).await?;
        let personal = |r: &Retention| {
            r.personal_days.map_or_else(|| "as long as entries".to_owned(), |n| format!("{n} days"))
        };
        let shorter = |old: Option<u32>, new: Option<u32>| new.unwrap_or(u32::MAX) < old.unwrap_or(u32::MAX);
        // A shorter time deletes more: somebody should look.
        let severity = match shorter(before.entries_days, after.entries_days) {
            true => Severity::Warning,
            false => Severity::Notice,
        };
        let draft = self
            .draft(cx, "retention.update", format_args!("ledger:{}", stream.as_str()))
            .change("entries", days(before.entries_days), days(after.entries_days))
            .change("personal", personal(&before), personal(&after))
            .outcome(Outcome::Success, severity);
        let write = move |tx: &mut reeve_store::Tx<'_>| {
            let recorded = draft.record(tx)?;
            recorded.retention_policies().put(stream, after, recorded.now())?;
            tx.checkpoint("retention")?;
            Ok::<_, Error>((recorded.sequence(), kept(&tx.read(), stream)?))
        };
        let (sequence, kept) = self.inner.store.write(write).await?;
        self.told_of(crate::EventKind::Privacy, sequence);
        Ok(kept)
    }
}
