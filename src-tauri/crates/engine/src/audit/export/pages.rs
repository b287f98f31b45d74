//! From the store to the sheet, a page at a time.

use super::{Export, ExportFormat, moment};
use crate::Engine;
use crate::error::{Code, Error};
use reeve_bundle::{BundleWriter, Feed, Noted, OpenedSection, TileTreeError, TileTreeWriter, WriteError};
use reeve_core::time::Millis;
use reeve_ledger::{Hash, Leaf};
use reeve_store::{Read, Stream};

/// Entries read at once.
const PAGE: usize = 1_000;

/// An entry, and what goes with it.
pub(super) struct Line {
    pub(super) n: u64,
    bytes: Vec<u8>,
    beside: Beside,
    opened: Vec<OpenedSection>,
}

/// What is noted of an entry beside it.
enum Beside {
    Hash(Hash),
    Proof(Vec<Hash>),
}

impl Export {
    /// The next entries; the last page ends the export.
    pub(super) async fn page(&mut self) -> Result<Vec<Line>, Error> {
        let (stream, next, end, size) = (self.plan.ask.stream, self.next, self.plan.end, self.plan.head.size);
        let bundle = self.plan.ask.format == ExportFormat::Bundle;
        let private = self.plan.ask.private.then(|| self.engine.clone());
        let selected = self.plan.selected.as_ref().map(|all| {
            let start = all.partition_point(|n| *n < next);
            all[start..].iter().copied().take(PAGE).collect::<Vec<_>>()
        });
        let last = match &selected {
            Some(numbers) => numbers.len() < PAGE,
            None => end - next <= PAGE as u64,
        };
        let proven = bundle && selected.is_some();
        let read = move |r: &Read<'_>| {
            let lines = match selected {
                None => run(r, stream, next, end.min(next + PAGE as u64))?,
                Some(numbers) => some(r, stream, &numbers)?,
            };
            let beside: Vec<_> = if proven {
                let numbers: Vec<_> = lines.iter().map(|(n, _)| *n).collect();
                let proofs = r.entries().inclusion_proofs(stream, &numbers, size)?;
                proofs.into_iter().map(Beside::Proof).collect()
            } else {
                r.entries().noted_hashes(stream, &lines)?.into_iter().map(Beside::Hash).collect()
            };
            let with = |((n, bytes), beside): ((u64, Vec<u8>), Beside)| {
                let opened = match &private {
                    Some(engine) => opened(engine, r, stream, n, &bytes)?,
                    None => Vec::new(),
                };
                Ok::<_, Error>(Line { n, bytes, beside, opened })
            };
            lines.into_iter().zip(beside).map(with).collect::<Result<Vec<_>, Error>>()
        };
        let lines = self.engine.inner.store.read(read).await?;
        self.over = last;
        Ok(lines)
    }
}

fn missing(stream: Stream, n: u64) -> Error {
    let message = format!("Entry {n} of the {} stream is missing. Verify the ledger.", stream.as_str());
    Error::new(Code::Internal, message)
}

fn run(r: &Read<'_>, stream: Stream, first: u64, end: u64) -> Result<Vec<(u64, Vec<u8>)>, Error> {
    let lines = r.entries().lines(stream, first, end, PAGE)?;
    match (first..end)
        .zip(lines.iter().map(|l| Some(l.0)).chain(std::iter::repeat(None)))
        .find(|(n, found)| *found != Some(*n))
    {
        Some((n, _)) => Err(missing(stream, n)),
        None => Ok(lines),
    }
}

fn some(r: &Read<'_>, stream: Stream, numbers: &[u64]) -> Result<Vec<(u64, Vec<u8>)>, Error> {
    let one = |n: &u64| r.entries().lines(stream, *n, n + 1, 1)?.pop().ok_or_else(|| missing(stream, *n));
    numbers.iter().map(one).collect()
}

/// The private sections of an entry that are not erased.
fn opened(
    engine: &Engine,
    r: &Read<'_>,
    stream: Stream,
    n: u64,
    bytes: &[u8],
) -> Result<Vec<OpenedSection>, Error> {
    let Ok(leaf) = Leaf::parse(bytes) else { return Ok(Vec::new()) };
    if leaf.p.is_empty() {
        return Ok(Vec::new());
    }
    let mut sections = Vec::new();
    for (i, ((key_id, sealed), (_, commitment))) in
        r.entries().private(stream, n)?.into_iter().zip(&leaf.p).enumerate()
    {
        let Some((wrapped, sealed)) = r.subject_keys().get(&key_id)?.zip(sealed) else { continue };
        if let Some((salt, json)) = engine.inner.privacy.open_salted(&key_id, &wrapped, &sealed, commitment) {
            sections.push(OpenedSection { i, salt, json });
        }
    }
    Ok(sections)
}

/// The lines in a bundle; with the last of them, its end.
pub(super) fn bundled(writer: &mut BundleWriter, lines: &[Line], last: bool) -> Result<Vec<u8>, Error> {
    for line in lines {
        let noted = match &line.beside {
            Beside::Hash(hash) => Noted::Hash(*hash),
            Beside::Proof(proof) => Noted::Proof(proof),
        };
        writer.push(line.n, &line.bytes, noted, &line.opened).map_err(unwritten)?;
    }
    if last {
        writer.finish().map_err(unwritten)?;
    }
    Ok(writer.take())
}

/// The entries in a tile tree; with the last of them, its end.
pub(super) fn tiled(writer: &mut TileTreeWriter, lines: &[Line], last: bool) -> Result<Vec<u8>, Error> {
    for line in lines {
        writer.push(&line.bytes).map_err(untiled)?;
    }
    if last {
        writer.finish().map_err(untiled)?;
    }
    Ok(writer.take())
}

/// The lines of a feed; before the first of them, its head.
pub(super) fn fed(feed: &Feed, lines: &[Line], first: bool) -> Result<Vec<u8>, Error> {
    let mut out = if first { feed.head() } else { String::new() };
    for line in lines {
        let t = Leaf::parse(&line.bytes).map_or(0, |leaf| leaf.t);
        feed.push(&mut out, &line.bytes, &moment(Millis(t))).map_err(|e| {
            Error::new(
                Code::Internal,
                format!("Entry {} is not in the ledger's format. Verify the ledger.", line.n),
            )
            .because(e)
        })?;
    }
    Ok(out.into_bytes())
}

pub(super) fn unwritten(error: WriteError) -> Error {
    let code = if matches!(error, WriteError::TooLarge(_)) { Code::Invalid } else { Code::Internal };
    Error::new(code, "The bundle cannot be written.").because(error)
}

pub(super) fn untiled(error: TileTreeError) -> Error {
    let code = if matches!(error, TileTreeError::TooLarge(_)) { Code::Invalid } else { Code::Internal };
    Error::new(code, "The tile tree cannot be written.").because(error)
}
