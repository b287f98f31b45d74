//! Exports: entries of a stream as a bundle that a third party can verify, or as a feed. Written a page at a time, so that
//! their length costs no memory; each is an entry of the audit trail itself, written before the first byte leaves.

mod pages;
mod plan;

use super::{EntryFilter, Head, Stream};
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error};
use plan::Plan;
use reeve_bundle::{BundleWriter, Feed, FeedFormat, TileTreeWriter};
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use serde_json::{Map, Value};

/// What entries are exported as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// `reeve-export v1`, for who verifies.
    Bundle,
    /// A C2SP tlog-tiles tree, for any program that reads one: the whole log.
    Tiles,
    /// CSV, for a spreadsheet.
    Csv,
    /// JSON lines, for a system that collects events.
    Jsonl,
}

impl ExportFormat {
    /// All formats.
    pub const ALL: [Self; 4] = [Self::Bundle, Self::Tiles, Self::Csv, Self::Jsonl];

    /// The word on the wire and in the ledger.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::Tiles => "tiles",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
        }
    }

    /// How its files end.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        if self.is_archive() { "zip" } else { self.as_str() }
    }

    /// Whether it is an archive of files, which holds so many bytes and no more.
    pub(crate) const fn is_archive(self) -> bool {
        matches!(self, Self::Bundle | Self::Tiles)
    }
}

/// Which entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ExportRange {
    /// All, up to the head that is signed now.
    #[default]
    All,
    /// From this index; up to, but without, that one, or to the head.
    Sequence {
        /// First.
        first: u64,
        /// Behind the last.
        end: Option<u64>,
    },
    /// The shortest run with every entry from this moment, before that one.
    Time {
        /// From.
        from: Option<Millis>,
        /// Before.
        to: Option<Millis>,
    },
}

/// What is to be exported.
#[derive(Clone, Debug)]
pub struct ExportAudit {
    /// Which stream.
    pub stream: Stream,
    /// Which entries of it.
    pub range: ExportRange,
    /// Only some of those: then it is a selection, whose completeness nobody can prove. Its stream, times and cursor are not
    /// looked at: those are the range's.
    pub filter: Option<EntryFilter>,
    /// As what.
    pub format: ExportFormat,
    /// With the private sections opened, where they are not erased; only in a bundle.
    pub private: bool,
}

/// An export under way. Ask for [`Export::piece`] until there is none.
pub struct Export {
    engine: Engine,
    plan: Plan,
    sheet: Sheet,
    next: u64,
    over: bool,
}

/// What entries are written to.
enum Sheet {
    Bundle(Box<BundleWriter>),
    Tiles(TileTreeWriter),
    Feed(Feed),
}

impl Engine {
    /// Begins an export, and notes it in the audit trail.
    ///
    /// # Errors
    /// If `cx` may not read the audit trail, or not what is personal in it and that is asked for; if the newest head is not
    /// signed, because the vault is locked; if the range is not there, or the selection or the bundle too large.
    pub async fn export_audit(&self, cx: &Cx, ask: ExportAudit) -> Result<Export, Error> {
        self.require(cx, Permission::AuditRead).await?;
        if ask.private {
            self.require(cx, Permission::AuditPrivate).await?;
            if ask.format != ExportFormat::Bundle {
                return Err(Error::field("private", "goes only into a bundle"));
            }
        }
        if self.vault_locked().is_some() {
            return Err(Error::new(
                Code::PreconditionFailed,
                "The newest head is not signed, because the vault is locked. Unlock it first: an export without a \
                 signature proves nothing.",
            ));
        }
        // What cannot be exported is refused before it is noted; then the head moves on, and covers the note.
        let plan = Plan::make(self, ask).await?;
        self.note_export(cx, &plan).await?;
        let plan = plan.renew(self).await?;
        let sheet = plan.sheet()?;
        Ok(Export { engine: self.clone(), next: plan.first, plan, sheet, over: false })
    }

    /// The entry of an export, and a kept checkpoint that covers it.
    async fn note_export(&self, cx: &Cx, plan: &Plan) -> Result<(), Error> {
        let ask = &plan.ask;
        let mut draft = self
            .draft(cx, "audit.export", format_args!("ledger:{}", ask.stream.as_str()))
            .outcome(Outcome::Success, Severity::Notice)
            .detail("format", ask.format.as_str())
            .detail("entries", plan.count)
            .detail("private", if ask.private { "opened" } else { "withheld" });
        for (key, value) in ask.details() {
            draft = draft.detail(&key, value);
        }
        let write = move |tx: &mut reeve_store::Tx<'_>| {
            let sequence = draft.record(tx)?.sequence();
            tx.checkpoint("export")?;
            Ok::<_, Error>(sequence)
        };
        let sequence = self.inner.store.write(write).await?;
        self.told(sequence);
        Ok(())
    }
}

impl ExportAudit {
    /// What was asked for, as details of the entry: numbers and words, nothing personal.
    fn details(&self) -> Map<String, Value> {
        let mut details = Map::new();
        let mut put = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                details.insert(key.to_owned(), value);
            }
        };
        match self.range {
            ExportRange::All => {}
            ExportRange::Sequence { first, end } => {
                put("first", Some(first.into()));
                put("end", end.map(Value::from));
            }
            ExportRange::Time { from, to } => {
                put("from", from.map(|t| moment(t).into()));
                put("to", to.map(|t| moment(t).into()));
            }
        }
        if let Some(filter) = &self.filter {
            let kinds =
                filter.kinds.iter().cloned().chain(filter.not_kinds.iter().map(|kind| format!("-{kind}")));
            let kinds = kinds.collect::<Vec<_>>().join(",");
            put("event_type", (!kinds.is_empty()).then_some(Value::from(kinds)));
            put("actor", filter.who.clone().map(Value::from));
            put("resource", filter.res.clone().map(Value::from));
            put("of_tenant", filter.tenant.clone().map(Value::from));
            put("outcome", filter.ok.map(Value::from));
            put("not_ok", filter.not_ok.then_some(Value::Bool(true)));
        }
        details
    }

    /// The same in words, for the manifest.
    fn words(&self) -> String {
        let details = self.details();
        if details.is_empty() {
            return "everything".to_owned();
        }
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let words = details.iter().map(|(key, value)| format!("{} {}", key.replace('_', " "), plain(value)));
        words.collect::<Vec<_>>().join(", ")
    }
}

/// A moment as RFC 3339.
fn moment(at: Millis) -> String {
    at.to_datetime().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

impl Export {
    /// The signed head that the export leads to.
    #[must_use]
    pub const fn head(&self) -> &Head {
        &self.plan.head
    }

    /// Entries in it.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.plan.count
    }

    /// A name for its file, such as `reeve-audit-0-1204.zip`.
    #[must_use]
    pub fn file_name(&self) -> String {
        let some = if self.plan.selected.is_some() { "-selection" } else { "" };
        let Plan { ask, first, end, .. } = &self.plan;
        let tiles = if ask.format == ExportFormat::Tiles { "-tiles" } else { "" };
        format!("reeve-{}-{first}-{end}{some}{tiles}.{}", ask.stream.as_str(), ask.format.extension())
    }

    /// The next piece of the file; `None` once it is whole.
    ///
    /// # Errors
    /// If the store cannot be read, or an entry is missing in it.
    pub async fn piece(&mut self) -> Result<Option<Vec<u8>>, Error> {
        while !self.over {
            let lines = self.page().await?;
            let bytes = match &mut self.sheet {
                Sheet::Bundle(writer) => pages::bundled(writer, &lines, self.over)?,
                Sheet::Tiles(writer) => pages::tiled(writer, &lines, self.over)?,
                Sheet::Feed(feed) => pages::fed(feed, &lines, self.next == self.plan.first)?,
            };
            self.next = lines.last().map_or(self.next, |line| line.n + 1);
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }
}

impl Plan {
    /// The sheet, with what stands before the entries.
    fn sheet(&self) -> Result<Sheet, Error> {
        let feed = |format| Sheet::Feed(Feed::new(format, self.head.origin.clone()));
        match self.ask.format {
            ExportFormat::Csv => Ok(feed(FeedFormat::Csv)),
            ExportFormat::Jsonl => Ok(feed(FeedFormat::Jsonl)),
            ExportFormat::Tiles => {
                TileTreeWriter::begin(&self.head.note).map(Sheet::Tiles).map_err(pages::untiled)
            }
            ExportFormat::Bundle => BundleWriter::begin(&self.manifest(), &self.evidence)
                .map(|writer| Sheet::Bundle(Box::new(writer)))
                .map_err(pages::unwritten),
        }
    }
}
