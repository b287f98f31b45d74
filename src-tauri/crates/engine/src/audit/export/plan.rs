//! What an export will hold: decided once, against one signed head, before anything is written.

use super::{ExportAudit, ExportFormat, ExportRange};
use crate::Engine;
use crate::audit::{EntryFilter, Head};
use crate::error::{Code, Error};
use reeve_bundle::{Evidence, HandOver, Kind, Manifest, PrivateMode, Span, WitnessedHead, after, before};
use reeve_core::time::Millis;
use reeve_ledger::{Hash, WitnessKey, note};
use reeve_store::Read;

/// Entries of a selection at most: their numbers are kept in memory.
const MOST_SELECTED: usize = 100_000;
/// Entries of a tile tree: two files for every 256, and an archive has at most 65,534.
const MOST_TILED: u64 = 8_000_000;
/// Entries looked at together when they are selected.
const PAGE: usize = 1_000;
/// Bytes of entries, with the hashes beside them, that fit into a bundle with room to spare.
const MOST_BYTES: u64 = 4_200_000_000;
/// What a bundle needs beside each entry: the hash in words, and the newlines.
const BESIDE: u64 = 66;

/// The plan of an export.
pub(super) struct Plan {
    pub(super) ask: ExportAudit,
    pub(super) head: Head,
    pub(super) first: u64,
    pub(super) end: u64,
    pub(super) count: u64,
    /// The numbers of a selection, rising.
    pub(super) selected: Option<Vec<u64>>,
    pub(super) evidence: Evidence,
    /// The keys that sign the stream, each with the size from which it does.
    keys: Vec<reeve_store::LogKey>,
    /// The keys of the outside witnesses.
    witnesses: Vec<String>,
}

impl Plan {
    pub(super) async fn make(engine: &Engine, ask: ExportAudit) -> Result<Self, Error> {
        engine.inner.store.read(move |r| Self::from_store(r, ask, None)).await
    }

    /// The same against the head of now; what was selected stays.
    pub(super) async fn renew(self, engine: &Engine) -> Result<Self, Error> {
        let Self { ask, selected, .. } = self;
        engine.inner.store.read(move |r| Self::from_store(r, ask, selected)).await
    }

    fn from_store(r: &Read<'_>, ask: ExportAudit, selected: Option<Vec<u64>>) -> Result<Self, Error> {
        let entries = r.entries();
        let head = entries.head(ask.stream)?;
        if head.note.is_empty() {
            return Err(Error::new(
                Code::PreconditionFailed,
                "The newest head of this stream is not signed yet.",
            ));
        }
        if ask.format == ExportFormat::Tiles {
            whole_log(&ask, &head)?;
        }
        let (first, end) = range(r, &ask, &head)?;
        let selected = match (selected, &ask.filter) {
            (None, Some(filter)) => Some(select(r, &ask, filter.clone(), first, end)?),
            (selected, _) => selected,
        };
        let count = selected.as_ref().map_or(end - first, |s| s.len() as u64);
        let keys = entries.keys(ask.stream)?;
        let mut plan = Self {
            ask,
            first,
            end,
            count,
            selected,
            evidence: Evidence { checkpoint: head.note.clone(), ..Evidence::default() },
            keys,
            witnesses: Vec::new(),
            head,
        };
        if plan.ask.format == ExportFormat::Bundle {
            plan.evidence.hand_overs = hand_overs(r, &plan)?;
            (plan.witnesses, plan.evidence.witnessed) = witnessed(r, &plan)?;
        }
        if plan.ask.format.is_archive() && plan.selected.is_none() {
            plan.fits(r)?;
        }
        if plan.ask.format == ExportFormat::Bundle && plan.selected.is_none() {
            plan.evidence.before = roots(r, &plan, before(first))?;
            plan.evidence.after = roots(r, &plan, after(end, plan.head.size))?;
        }
        Ok(plan)
    }

    fn fits(&self, r: &Read<'_>) -> Result<(), Error> {
        // Nobody counts what can be no problem: an entry has 64 KiB at most.
        if self.count < MOST_BYTES / (1 << 16) {
            return Ok(());
        }
        let bytes = r.entries().bytes(self.ask.stream, self.first, self.end)?;
        if bytes + self.count * BESIDE <= MOST_BYTES {
            return Ok(());
        }
        Err(Error::field(
            "first",
            "asks for more than the 4 GiB that one bundle holds; export it in several ranges",
        ))
    }

    pub(super) fn manifest(&self) -> Manifest {
        let kind = match (&self.selected, self.first == 0 && self.end == self.head.size) {
            (Some(_), _) => Kind::Selection,
            (None, true) => Kind::Log,
            (None, false) => Kind::Range,
        };
        Manifest {
            kind,
            origin: self.head.origin.clone(),
            stream: self.ask.stream.as_str().to_owned(),
            vkey: self.head.vkey.clone(),
            successors: self.keys.iter().skip(1).cloned().collect(),
            witnesses: self.witnesses.clone(),
            size: self.head.size,
            first: self.first,
            end: self.end,
            count: self.count,
            private: if self.ask.private { PrivateMode::Opened } else { PrivateMode::Withheld },
            asked: self.ask.words(),
        }
    }
}

/// A tile tree is a whole log or none.
fn whole_log(ask: &ExportAudit, head: &Head) -> Result<(), Error> {
    if ask.filter.is_some() || ask.range != ExportRange::All {
        return Err(Error::field("format", "a tile tree is the whole log; leave range and filters out"));
    }
    if head.min_index > 0 {
        let message = format!(
            "A tile tree begins with the first entry, but entries before {} were pruned. Export a bundle: it stands for \
             them with their hashes.",
            head.min_index
        );
        return Err(Error::new(Code::PreconditionFailed, message));
    }
    if head.size > MOST_TILED {
        return Err(Error::field("format", "a tile tree in one file holds at most 8,000,000 entries"));
    }
    Ok(())
}

/// The range in numbers.
fn range(r: &Read<'_>, ask: &ExportAudit, head: &Head) -> Result<(u64, u64), Error> {
    let size = head.size;
    match ask.range {
        // What was pruned is a frontier of hashes before the first entry: the range proves itself all the same.
        ExportRange::All => Ok((head.min_index, size)),
        ExportRange::Sequence { first, end } => {
            let end = end.unwrap_or(size);
            if first > end || end > size {
                let field = if end > size { "end" } else { "first" };
                return Err(Error::field(
                    field,
                    format!("is not in the stream, which has {size} entries now"),
                ));
            }
            if first < head.min_index {
                return Err(Error::field("first", crate::audit::pruned_words(ask.stream, first, head)));
            }
            Ok((first, end))
        }
        ExportRange::Time { from, to } => {
            let (from, to) = (from.unwrap_or(Millis(i64::MIN)), to.unwrap_or(Millis(i64::MAX)));
            if from >= to {
                return Err(Error::field("to", "must be after from"));
            }
            let none = || Error::field("from", "begins a period in which nothing was recorded");
            r.entries().run_of(ask.stream, from, to)?.ok_or_else(none)
        }
    }
}

/// The numbers of the entries of `[first, end)` that fit the filter, rising.
fn select(
    r: &Read<'_>,
    ask: &ExportAudit,
    filter: EntryFilter,
    first: u64,
    end: u64,
) -> Result<Vec<u64>, Error> {
    let (from, to) = match ask.range {
        ExportRange::Time { from, to } => (from, to),
        ExportRange::All | ExportRange::Sequence { .. } => (None, None),
    };
    let mut filter = EntryFilter { stream: Some(ask.stream), from, to, before: Some(end), ..filter };
    let mut found = Vec::new();
    loop {
        let page = r.entries().page(&filter, PAGE)?;
        let numbers = page.entries.iter().map(|e| e.leaf.n);
        filter.before = numbers.clone().next_back().or(filter.before);
        let before = found.len() + numbers.len();
        found.extend(numbers.filter(|n| *n >= first));
        if found.len() > MOST_SELECTED {
            return Err(Error::field(
                "filters",
                "match more than 100,000 entries; narrow them, or export the range whole",
            ));
        }
        if !page.more || found.len() < before {
            found.reverse();
            return Ok(found);
        }
    }
}

/// How each key followed the one before it.
fn hand_overs(r: &Read<'_>, plan: &Plan) -> Result<Vec<HandOver>, Error> {
    let (entries, stream) = (r.entries(), plan.ask.stream);
    let missing = |from: u64| {
        let message = format!("How the ledger's key changed at entry {from} is not kept. Verify the ledger.");
        Error::new(Code::Internal, message)
    };
    let one = |(from, _): &reeve_store::LogKey| {
        let (_, entry) = entries.lines(stream, from - 1, *from, 1)?.pop().ok_or_else(|| missing(*from))?;
        Ok(HandOver {
            note: entries.kept_head(stream, *from)?.ok_or_else(|| missing(*from))?,
            entry,
            inclusion: entries.inclusion_proof(stream, from - 1, *from)?,
            consistency: entries.consistency_proof(stream, *from, plan.head.size)?,
        })
    };
    plan.keys.iter().skip(1).map(one).collect()
}

/// The witnesses' keys, and of each the largest head that it signed. A damaged signature stays out: verification tells of it.
fn witnessed(r: &Read<'_>, plan: &Plan) -> Result<(Vec<String>, Vec<WitnessedHead>), Error> {
    let (entries, stream) = (r.entries(), plan.ask.stream);
    let (mut keys, mut heads) = (Vec::new(), Vec::new());
    for one in r.witnessed(stream)?.0 {
        let Ok(key) = one.witness.vkey.parse::<WitnessKey>() else { continue };
        if let Some(signed) = one.through.filter(|signed| signed.size <= plan.head.size) {
            heads.push(WitnessedHead {
                witness: keys.len(),
                note: note::cosigned(&signed.note, &key, &signed.cosignature),
                consistency: entries.consistency_proof(stream, signed.size, plan.head.size)?,
            });
        }
        keys.push(one.witness.vkey);
    }
    Ok((keys, heads))
}

fn roots(r: &Read<'_>, plan: &Plan, spans: Vec<Span>) -> Result<Vec<(Span, Hash)>, Error> {
    let entries = r.entries();
    let root = |span: Span| Ok((span, entries.subtree(plan.ask.stream, span.level, span.index)?));
    spans.into_iter().map(root).collect()
}
