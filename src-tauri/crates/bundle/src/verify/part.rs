//! A part: some thousand lines, what is noted of each, and their opened private sections.

use super::walk::{Log, Stop};
use super::{Fault, FaultCode};
use crate::archive::StoredFile;
use crate::{Folder, Kind};
use data_encoding::HEXLOWER;
use reeve_ledger::keys::named_by;
use reeve_ledger::{Hash, Leaf, base64, canonical, commitment, leaf_hash, verify_inclusion};
use serde_json::Value;

/// What later files of the part are checked against.
struct Line {
    n: u64,
    hash: Hash,
    commitments: Vec<Hash>,
}

pub(super) struct Part {
    name: String,
    lines: Vec<Line>,
}

fn at(code: FaultCode, sequence: Option<u64>, file: &str, line: usize, reason: impl Into<String>) -> Stop {
    Stop::Fault(Fault {
        code,
        sequence,
        place: Some((file.to_owned(), line as u64 + 1)),
        reason: reason.into(),
    })
}

/// The lines of a file; each must end with a newline, and there must be one.
fn lines(data: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    Some(data.strip_suffix(b"\n")?.split(|b| *b == b'\n'))
}

impl Part {
    /// Reads the entries: each is one, and follows on the one before it.
    pub(super) fn read(file: &StoredFile, log: &mut Log) -> Result<Self, Stop> {
        let mut part = Self { name: file.name.clone(), lines: Vec::new() };
        let cut = || at(FaultCode::Line, None, &file.name, 0, "the file does not end with a whole line");
        for (i, bytes) in lines(&file.data).ok_or_else(cut)?.enumerate() {
            let expected = (log.manifest.kind != Kind::Selection).then_some(log.next);
            let leaf = Leaf::parse(bytes).map_err(|e| {
                at(FaultCode::Line, expected, &file.name, i, format!("the line is no entry: {e}"))
            })?;
            part.follows(&leaf, log, i)?;
            part.names_a_known_key(&leaf, log, i)?;
            log.next = leaf.n + 1;
            log.hlc = Some(leaf.hlc);
            let commitments = leaf.p.iter().map(|(_, commitment)| *commitment).collect();
            part.lines.push(Line { n: leaf.n, hash: leaf_hash(bytes), commitments });
        }
        Ok(part)
    }

    fn follows(&self, leaf: &Leaf, log: &Log, i: usize) -> Result<(), Stop> {
        let selected = log.manifest.kind == Kind::Selection;
        let in_order = if selected { leaf.n >= log.next } else { leaf.n == log.next };
        if !in_order || leaf.n >= log.manifest.end {
            let sequence = if selected { leaf.n } else { log.next };
            let reason = format!("entry {} stands where {} was due", leaf.n, log.next);
            return Err(at(FaultCode::Order, Some(sequence), &self.name, i, reason));
        }
        if log.hlc.is_some_and(|before| leaf.hlc <= before) {
            let reason = "its logical time is not after that of the entry before it";
            return Err(at(FaultCode::Clock, Some(leaf.n), &self.name, i, reason));
        }
        Ok(())
    }

    /// A key that the log names must be one that the export knows of: else an older one could go on signing.
    fn names_a_known_key(&self, leaf: &Leaf, log: &Log, i: usize) -> Result<(), Stop> {
        let manifest = &log.manifest;
        match named_by(leaf, &manifest.stream) {
            Some(key) if !manifest.successors.iter().any(|(from, own)| *from == leaf.n + 1 && own == key) => {
                let reason = "the entry names a key that the export does not list";
                Err(at(FaultCode::Key, Some(leaf.n), &self.name, i, reason))
            }
            _ => Ok(()),
        }
    }

    /// Compares each entry with the hash that is noted of it, or follows its proof, and adds it to the tree.
    pub(super) fn check(&mut self, data: &[u8], folder: Folder, log: &mut Log) -> Result<(), Stop> {
        let file = self.name.replace(Folder::Entries.as_str(), folder.as_str()).replace(".jsonl", ".txt");
        let code = if folder == Folder::Proofs { FaultCode::Proof } else { FaultCode::Hash };
        let short = |i| at(code, None, &file, i, "it has not one line for each entry");
        let mut noted = lines(data).ok_or_else(|| short(0))?;
        for (i, line) in self.lines.iter().enumerate() {
            let text = noted.next().ok_or_else(|| short(i))?;
            let hashes =
                hashes(text).ok_or_else(|| at(code, Some(line.n), &file, i, "the line holds no hashes"))?;
            if folder == Folder::Proofs {
                verify_inclusion(line.n, log.checkpoint.size, line.hash, &hashes, log.checkpoint.root)
                    .map_err(|e| {
                        at(code, Some(line.n), &self.name, i, format!("it is not in the signed log: {e}"))
                    })?;
            } else if hashes != [line.hash] {
                return Err(at(
                    code,
                    Some(line.n),
                    &self.name,
                    i,
                    "the entry is not the one whose hash was noted",
                ));
            } else {
                log.tree.push(line.hash);
                log.comes_by()?;
            }
            log.entries += 1;
        }
        if noted.next().is_some() { Err(short(self.lines.len())) } else { Ok(()) }
    }

    /// Checks opened private sections against the commitments, counting them.
    pub(super) fn sections(&self, file: &StoredFile, count: &mut u64) -> Result<(), Stop> {
        let wrong = |sequence, i, reason: &str| at(FaultCode::Private, sequence, &file.name, i, reason);
        let mut before = None;
        for (line, bytes) in lines(&file.data)
            .ok_or_else(|| wrong(None, 0, "the file does not end with a whole line"))?
            .enumerate()
        {
            let section = section(bytes).ok_or_else(|| wrong(None, line, "the line is no opened section"))?;
            let place = (section.n, section.i);
            if before.is_some_and(|before| place <= before) {
                return Err(wrong(Some(section.n), line, "the section is out of order"));
            }
            let expected = self
                .lines
                .binary_search_by_key(&section.n, |line| line.n)
                .ok()
                .and_then(|at| self.lines[at].commitments.get(usize::try_from(section.i).ok()?));
            if expected != Some(&section.commitment) {
                return Err(wrong(Some(section.n), line, "the section is not what the entry committed to"));
            }
            before = Some(place);
            *count += 1;
        }
        Ok(())
    }
}

/// Hashes with one space between them; of an empty line, none.
fn hashes(line: &[u8]) -> Option<Vec<Hash>> {
    if line.is_empty() {
        return Some(Vec::new());
    }
    // A tree of 2^53 entries has proofs of 53 hashes.
    if line.len() > 53 * 65 {
        return None;
    }
    line.split(|b| *b == b' ').map(|hex| HEXLOWER.decode(hex).ok()?.try_into().ok()).collect()
}

struct Section {
    n: u64,
    i: u64,
    commitment: Hash,
}

fn section(line: &[u8]) -> Option<Section> {
    let Value::Object(fields) = canonical::parse(line).ok()? else { return None };
    let (n, i) = (fields.get("n")?.as_u64()?, fields.get("i")?.as_u64()?);
    let salt: [u8; 32] = base64::decode(fields.get("salt")?.as_str()?)?.try_into().ok()?;
    let json = fields.get("json").filter(|json| json.is_object())?;
    let json = canonical::encode(json).ok()?;
    (fields.len() == 4).then(|| Section { n, i, commitment: commitment(&salt, &json) })
}
