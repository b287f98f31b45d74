//! Pruning a stream: the entry that says what goes, with the root of what went, is signed before the first row is deleted.

use super::{Retention, days};
use crate::Engine;
use crate::audit::Stream;
use crate::cx::Cx;
use crate::entry::{Draft, Severity};
use crate::error::{Code, Error};
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::legal_holds::LegalHold;
use reeve_store::{Prunable, Read, Tx};

/// What pruning would delete now.
#[derive(Clone, Debug)]
pub struct PrunePreview {
    /// Which stream.
    pub stream: Stream,
    /// How long it is kept.
    pub retention: Retention,
    /// Entries of before this moment may go; `None`: they are kept for ever.
    pub before: Option<Millis>,
    /// What would go.
    pub prunable: Prunable,
}

/// What was pruned.
#[derive(Clone, Debug)]
pub struct Pruned {
    /// What went.
    pub prunable: Prunable,
    /// Index of the entry in the audit stream that says so; `None` where there was nothing to prune.
    pub entry: Option<u64>,
}

/// A preview with the holds that stood when it was made.
struct Plan {
    preview: PrunePreview,
    holds: Vec<LegalHold>,
}

impl Plan {
    fn load(r: &Read<'_>, stream: Stream, now: Millis) -> Result<Self, Error> {
        let (retention, holds) = (r.retention_policies().get(stream)?, r.legal_holds().standing()?);
        let before = retention.entries_before(now);
        let prunable = r.prunable(stream, before.unwrap_or(Millis(i64::MIN)), &holds)?;
        Ok(Self { preview: PrunePreview { stream, retention, before, prunable }, holds })
    }

    /// Whether nothing was pruned, and no hold placed or released, since this was made.
    fn holds_still(&self, r: &Read<'_>) -> Result<bool, Error> {
        let min_index = r.entries().head(self.preview.stream)?.min_index;
        Ok(min_index == self.preview.prunable.from && r.legal_holds().standing()? == self.holds)
    }
}

fn changed() -> Error {
    Error::new(Code::Conflict, "What would be pruned has changed meanwhile; look at it again.")
}

fn hex(hash: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(hash)
}

impl Engine {
    /// What pruning a stream would delete now.
    ///
    /// # Errors
    /// If `cx` may not see it.
    pub async fn preview_prune(&self, cx: &Cx, stream: Stream) -> Result<PrunePreview, Error> {
        self.require(cx, Permission::PrivacyRead).await?;
        Ok(self.prune_plan(stream).await?.preview)
    }

    async fn prune_plan(&self, stream: Stream) -> Result<Plan, Error> {
        let now = self.now();
        self.inner.store.read(move |r| Plan::load(r, stream, now)).await
    }

    /// Prunes a stream to `to`, which a preview said. The rows are deleted in the background.
    ///
    /// # Errors
    /// If `cx` may not, the vault is locked, what would be pruned is not what the preview said, or a witness did not sign as far.
    pub async fn prune(&self, cx: &Cx, stream: Stream, to: u64) -> Result<Pruned, Error> {
        self.require(cx, Permission::PrivacyWrite).await?;
        let plan = self.prune_plan(stream).await?;
        if plan.preview.prunable.to != to {
            return Err(changed());
        }
        let pruned = self.prune_as_planned(cx, plan).await?;
        if pruned.entry.is_some() {
            self.resume_sweep();
        }
        Ok(pruned)
    }

    /// Prunes a stream as far as its retention says, and waits until it is done.
    pub(super) async fn prune_due(&self, stream: Stream) -> Result<(), Error> {
        let plan = self.prune_plan(stream).await?;
        let to = plan.preview.prunable.to;
        let waits = move |r: &Read<'_>| Self::unwitnessed_prune(r, stream, to);
        if let Some(why) = self.inner.store.read(waits).await? {
            tracing::warn!(stream = stream.as_str(), why, "pruning waits for a witness");
            return Ok(());
        }
        if self.prune_as_planned(&Cx::system(), plan).await?.entry.is_some() {
            self.sweep().await?;
        }
        Ok(())
    }

    async fn prune_as_planned(&self, cx: &Cx, plan: Plan) -> Result<Pruned, Error> {
        let prunable = plan.preview.prunable.clone();
        if prunable.entries() == 0 {
            return Ok(Pruned { prunable, entry: None });
        }
        // Without a key the entry could not be signed before the rows go.
        self.vault()?;
        let draft = self.prune_draft(cx, &plan.preview);
        let (engine, cx, stream, to) = (self.clone(), cx.clone(), plan.preview.stream, prunable.to);
        let write = move |tx: &mut Tx<'_>| {
            if !plan.holds_still(&tx.read())? {
                return Err(changed());
            }
            if let Some(why) = Self::unwitnessed_prune(&tx.read(), stream, to)? {
                return Err(Error::new(Code::PreconditionFailed, why));
            }
            if stream == Stream::Audit {
                engine.say_again(&cx, tx, to)?;
            }
            let recorded = draft.record(tx)?;
            tx.prune(&recorded, stream, to)?;
            tx.checkpoint("prune")?;
            Ok::<_, Error>(recorded.sequence())
        };
        let sequence = self.inner.store.write(write).await?;
        self.told_of(crate::EventKind::Privacy, sequence);
        Ok(Pruned { prunable, entry: Some(sequence) })
    }

    fn prune_draft(&self, cx: &Cx, preview: &PrunePreview) -> Draft {
        let Prunable { from, to, sections, root, .. } = &preview.prunable;
        let said = preview.before.map_or_else(String::new, |before| before.to_string());
        self.draft(cx, "retention.prune", format_args!("ledger:{}", preview.stream.as_str()))
            .detail("stream", preview.stream.as_str())
            .detail("from", *from)
            .detail("to", *to)
            .detail("policy", days(preview.retention.entries_days))
            .detail("before", said)
            .detail("entries", to - from)
            .detail("sections", *sections)
            .detail("root", hex(root))
            .outcome(Outcome::Success, Severity::Notice)
    }

    /// The entry that says what was pruned of the usage stream is about to go with the audit stream: it is said again.
    fn say_again(&self, cx: &Cx, tx: &mut Tx<'_>, to: u64) -> Result<(), Error> {
        let usage = tx.read().entries().head(Stream::Usage)?;
        if usage.pruned.is_none_or(|(by, _)| by >= to) {
            return Ok(());
        }
        let root = tx.read().entries().root_at(Stream::Usage, usage.min_index)?;
        let recorded = self
            .draft(cx, "retention.prune", "ledger:usage")
            .detail("stream", "usage")
            .detail("from", usage.min_index)
            .detail("to", usage.min_index)
            .detail("entries", 0)
            .detail("root", hex(&root))
            .detail("message", "Said again what was pruned of the usage stream before")
            .record(tx)?;
        Ok(tx.prune(&recorded, Stream::Usage, usage.min_index)?)
    }
}
