//! Being a witness without a server: signing a checkpoint that somebody sends, if it continues the last one that was signed.

use crate::keyfile;
use crate::memory::{Memory, Signed};
use clap::Args;
use reeve_bundle::archive::ArchiveReader;
use reeve_bundle::{FIXED, Kind, Known, Verdict, verify};
use reeve_ledger::{Checkpoint, VerifierKey, note};
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

/// A longer file is no checkpoint, in bytes.
const LONGEST: u64 = 1_000_000;

/// Makes the key of a witness.
#[derive(Args)]
pub(crate) struct MakeKey {
    /// The witness's name, such as audit.example.com/ledger: everybody sees it.
    name: String,
    /// The file that the key is written to. It must not be there yet; keep it, and let nobody have it.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

/// Signs a checkpoint as a witness, if it continues the last one signed.
#[derive(Args)]
pub(crate) struct Cosign {
    /// The checkpoint; or an export, whose checkpoint is then signed. Once a log has grown, only an export shows that it
    /// continues what was signed before.
    file: PathBuf,
    /// The witness's key. What it signed last is remembered in a file beside it.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The log's key, had from another place than the file: needed the first time if the file is a checkpoint alone.
    #[arg(long, value_name = "KEY")]
    vkey: Option<VerifierKey>,
    /// Write the signed checkpoint here instead of to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Why nothing was signed.
pub(crate) enum Refusal {
    /// It contradicts what was signed before, or is not what it says: exit code 1.
    Wrong(String),
    /// It cannot be told: exit code 2.
    Unclear(String),
}

use Refusal::{Unclear, Wrong};

/// What is printed, and what is told beside it.
pub(crate) type Done = (String, String);

impl MakeKey {
    pub(crate) fn run(&self) -> Result<Done, Refusal> {
        let made = keyfile::make(&self.key, &self.name)
            .map_err(|e| Unclear(format!("{} cannot be made: {}", self.key.display(), e.words())))?;
        let told =
            format!("The key is in {}. Give the line above to whoever runs Reeve.", self.key.display());
        Ok((format!("{}\n", made.witness_key()), told))
    }
}

/// A head that may be signed.
struct Shown {
    head: Checkpoint,
    note: String,
    vkey: String,
}

impl Cosign {
    /// Signs at `now`, in seconds since 1970.
    pub(crate) fn run(&self, now: u64) -> Result<Done, Refusal> {
        let cannot = |path: &Path, why: String| Unclear(format!("{} cannot be read: {why}", path.display()));
        let by = keyfile::read(&self.key).map_err(|e| cannot(&self.key, e.words()))?;
        let mut memory = Memory::open(&self.key).map_err(|e| cannot(&self.key, e.to_string()))?;
        let mut begins = [0; 2];
        let mut file = File::open(&self.file).map_err(|e| cannot(&self.file, e.to_string()))?;
        let is_export = file.read_exact(&mut begins).is_ok() && begins == *b"PK";
        let note = if is_export { self.note_in_export() } else { self.note() }?;
        let head = parse(&note)?;
        let last = memory.of(&head.origin).map_err(|e| cannot(&self.key, e.to_string()))?;
        let shown = match is_export {
            true => self.export(head, note, last.as_ref())?,
            false => self.alone(head, note, last.as_ref())?,
        };
        let Shown { head, note, vkey } = shown;
        memory
            .set(&head.origin, &Signed { vkey, note: note.clone() })
            .map_err(|e| Unclear(format!("what was signed cannot be remembered: {e}")))?;
        let signed = note::cosigned(&note, by.witness_key(), &by.cosign(&head.to_text(), now));
        let told = format!(
            "Signed the first {} entries of {} as {}. Send the whole text back.",
            head.size,
            head.origin,
            by.witness_key().name()
        );
        let Some(out) = &self.out else { return Ok((signed, told)) };
        std::fs::write(out, signed)
            .map_err(|e| Unclear(format!("{} cannot be written: {e}", out.display())))?;
        Ok((String::new(), told))
    }

    fn note(&self) -> Result<String, Refusal> {
        let unclear = |why: String| Unclear(format!("{} cannot be read: {why}", self.file.display()));
        let mut text = String::new();
        let file = File::open(&self.file).map_err(|e| unclear(e.to_string()))?;
        file.take(LONGEST).read_to_string(&mut text).map_err(|e| unclear(e.to_string()))?;
        // As a mail leaves it: with other line ends, and blank lines around it.
        Ok(format!("{}\n", text.replace('\r', "").trim()))
    }

    /// The checkpoint of an export. Nothing of it is believed yet.
    fn note_in_export(&self) -> Result<String, Refusal> {
        let none = || Unclear(format!("{} is no export with a checkpoint", self.file.display()));
        let file = File::open(&self.file).map_err(|_| none())?;
        let mut archive = ArchiveReader::new(BufReader::new(file));
        while let Ok(Some(file)) = archive.next_file() {
            if file.name == FIXED[1] {
                return String::from_utf8(file.data).map_err(|_| none());
            }
        }
        Err(none())
    }

    /// A checkpoint that comes alone: the first of a log, with its key; later only the same one again.
    fn alone(&self, head: Checkpoint, note: String, last: Option<&Signed>) -> Result<Shown, Refusal> {
        let Some(last) = last else {
            let key = self.vkey.as_ref().ok_or_else(|| {
                Unclear(
                    "This log is new to this witness: give its key with --vkey, as you had it from another place, or an export \
                     instead of the checkpoint alone."
                        .to_owned(),
                )
            })?;
            Checkpoint::open(&note, key)
                .map_err(|e| Wrong(format!("The checkpoint is not signed by the key you gave: {e}.")))?;
            return Ok(Shown { head, note, vkey: key.to_string() });
        };
        let before = parse(&last.note)?;
        match head.size.cmp(&before.size) {
            std::cmp::Ordering::Less => Err(smaller(&head, &before)),
            std::cmp::Ordering::Equal if head.root == before.root => {
                Ok(Shown { head, note: last.note.clone(), vkey: last.vkey.clone() })
            }
            std::cmp::Ordering::Equal => Err(Wrong(rewritten(before.size))),
            std::cmp::Ordering::Greater => Err(Unclear(format!(
                "The log has grown from {} to {} entries since this witness signed it. A checkpoint alone does not show that it \
                 continues those: ask for an export that begins before entry {} and reaches to the newest, and give that.",
                before.size, head.size, before.size
            ))),
        }
    }

    /// A checkpoint in an export: everything in that is checked, and that it leads through the head signed last.
    fn export(&self, head: Checkpoint, note: String, last: Option<&Signed>) -> Result<Shown, Refusal> {
        let pinned = match last {
            Some(last) => Some(
                last.vkey
                    .parse()
                    .map_err(|_| Unclear("what this witness remembers is damaged".to_owned()))?,
            ),
            None => self.vkey.clone(),
        };
        if let Some(last) = last {
            let before = parse(&last.note)?;
            if head.size < before.size {
                return Err(smaller(&head, &before));
            }
        }
        let file = File::open(&self.file).map_err(|e| Unclear(e.to_string()))?;
        let known = Known {
            key: pinned.as_ref(),
            checkpoint: last.map(|last| last.note.as_str()),
            ..Known::default()
        };
        let report = verify(BufReader::with_capacity(1 << 16, file), known);
        match report.verdict {
            Verdict::Intact => {}
            Verdict::NotIntact(fault) => return Err(Wrong(format!("The export is not intact: {fault}."))),
            Verdict::Unreadable(why) => return Err(Unclear(format!("The export cannot be used: {why}."))),
        }
        // The file is read more than once: what is signed is what was checked.
        let (Some(manifest), true) = (report.manifest, report.checkpoint.as_ref() == Some(&head)) else {
            return Err(Unclear("The file changed while it was read.".to_owned()));
        };
        if manifest.kind == Kind::Selection {
            return Err(Unclear(
                "A selection of entries does not show how a log grew: ask for all of them, or a range."
                    .to_owned(),
            ));
        }
        let vkey = last.map_or(manifest.vkey, |last| last.vkey.clone());
        Ok(Shown { head, note, vkey })
    }
}

fn parse(note: &str) -> Result<Checkpoint, Refusal> {
    let none = |why: String| Unclear(format!("This is no checkpoint: {why}"));
    let (text, _) =
        note.rsplit_once("\n\n").ok_or_else(|| none("there is no empty line in it".to_owned()))?;
    Checkpoint::parse(&format!("{text}\n")).map_err(|e| none(e.to_string()))
}

fn smaller(head: &Checkpoint, before: &Checkpoint) -> Refusal {
    Wrong(format!(
        "This witness has already signed {} entries of this log, and the checkpoint has {}: either it is an old one, or entries were \
         cut off. It is not signed.",
        before.size, head.size
    ))
}

fn rewritten(size: u64) -> String {
    format!(
        "The first {size} entries are not those that this witness signed: the history was written anew. It is not signed."
    )
}
