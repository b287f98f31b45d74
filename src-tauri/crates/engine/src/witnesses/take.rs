//! Taking what a witness signed: it is held against the tree, and kept with an entry that says so.

use super::{Cosigned, Witness};
use crate::Engine;
use crate::cx::Cx;
use crate::entry::{Draft, Severity};
use crate::error::{Code, Error};
use crate::events::EventKind;
use reeve_core::id::WitnessId;
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_ledger::note::cosignatures;
use reeve_ledger::{Checkpoint, Cosignature, KeyChain, NoteError, WitnessKey};
use reeve_store::table::entries::Head;
use reeve_store::{Read, StoreError, Stream, Tx};
use std::sync::atomic::Ordering;

/// A longer text is no note that anybody would carry, in bytes.
const LONGEST: usize = 64 * 1024;
/// What the log's own keys sign it with is never longer, in bytes.
const LONGEST_SIGNED: usize = 4_000;
/// A witness's clock may be ahead by so much.
const AHEAD: i64 = 5 * Millis::MINUTE;

/// What was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Who signed.
    pub witness: WitnessId,
    /// Its name.
    pub name: String,
    /// Which stream.
    pub stream: Stream,
    /// How many entries.
    pub size: u64,
    /// When, by its clock.
    pub at: Millis,
}

/// A note by its parts.
pub(super) struct Note {
    text: String,
    pub(super) head: Checkpoint,
    /// As the log signed it, with whatever others signed beside.
    whole: String,
}

/// One witness's word on a note.
pub(super) struct Word<'n> {
    pub(super) witness: Witness,
    pub(super) note: &'n Note,
    pub(super) cosignature: Cosignature,
}

/// What came of a word.
pub(super) enum Answer {
    Taken(Taken, u64),
    /// It is evidence that this ledger is not the one that the witness saw.
    Against(String),
}

impl Note {
    /// Reads a note as it comes out of a mail: with other line ends and blank lines around it.
    pub(super) fn read(text: &str) -> Result<Self, Error> {
        let wrong = |message: &str| Error::field("note", message);
        if text.len() > LONGEST {
            return Err(wrong("is too long for a checkpoint"));
        }
        let whole = format!("{}\n", text.replace('\r', "").trim());
        let (head, _) = whole.rsplit_once("\n\n").ok_or_else(|| {
            wrong("must be the whole checkpoint: three lines, an empty line, and the lines of those who signed it")
        })?;
        let text = format!("{head}\n");
        let head = Checkpoint::parse(&text).map_err(|e| wrong(&format!("is no checkpoint: {e}")))?;
        Ok(Self { text, head, whole })
    }

    /// The newest word of a witness on it, if there is one.
    pub(super) fn word_of(&self, witness: &Witness) -> Result<Option<Cosignature>, NoteError> {
        let key: WitnessKey = witness.vkey.parse()?;
        Ok(cosignatures(&self.whole, &key)?.into_iter().max_by_key(|c| c.time))
    }

    /// The note with nobody's signatures but the log's own.
    fn as_signed(&self, origin: &str) -> String {
        let own = format!("\u{2014} {origin} ");
        let lines = self.whole.lines().filter(|line| line.starts_with(&own));
        lines.fold(format!("{}\n", self.text), |note, line| format!("{note}{line}\n"))
    }
}

impl Engine {
    /// Takes a checkpoint that one or more witnesses signed and that somebody carried back.
    ///
    /// # Errors
    /// If `cx` may not change settings, the note is none of this ledger's, no witness signed it, or a signature is wrong. A note
    /// which shows that this ledger is not the one that a witness saw is noted as that, and is an error, too.
    pub async fn submit_cosigned(&self, cx: &Cx, note: &str) -> Result<Vec<Taken>, Error> {
        self.require(cx, Permission::SettingsWrite).await?;
        let note = Note::read(note)?;
        let standing = self.inner.store.read(|r| r.witnesses().standing()).await?;
        let mut words = Vec::new();
        for witness in standing {
            match note.word_of(&witness) {
                Ok(Some(cosignature)) => words.push((witness, cosignature)),
                Ok(None) => {}
                Err(NoteError::BadSignature { name }) => {
                    return Err(Error::field("note", format!("bears a signature of {name} that is wrong")));
                }
                Err(error) => return Err(Error::field("note", format!("cannot be read: {error}"))),
            }
        }
        if words.is_empty() {
            return Err(Error::field("note", "is not signed by any of the witnesses that are listed here"));
        }
        let mut taken = Vec::new();
        for (witness, cosignature) in words {
            let word = Word { witness, note: &note, cosignature };
            match self.take_word(cx, word, None).await? {
                Answer::Taken(one, _) => taken.push(one),
                Answer::Against(words) => return Err(Error::new(Code::Conflict, words)),
            }
        }
        Ok(taken)
    }

    /// Takes one witness's word on a note. `expected` is the stream that was asked about, where Reeve itself asked: then the entry
    /// goes with the machinery's into the usage stream.
    pub(super) async fn take_word(
        &self,
        cx: &Cx,
        word: Word<'_>,
        expected: Option<Stream>,
    ) -> Result<Answer, Error> {
        let Word { witness, note, cosignature } = word;
        let (engine, cx, now) = (self.clone(), cx.clone(), self.now());
        let (head, text, whole) = (note.head.clone(), note.text.clone(), note.whole.clone());
        let own = Note { text, head, whole };
        let id = witness.id;
        let answer = self
            .inner
            .store
            .write(move |tx| engine.take_in(tx, &cx, &witness, &own, cosignature, now, expected))
            .await?;
        match &answer {
            Answer::Taken(taken, sequence) => {
                if expected.is_some() {
                    self.inner.witnesses.own.fetch_add(1, Ordering::Relaxed);
                    self.inner.events.tell(EventKind::Ledger, None, None);
                } else {
                    self.told_of(EventKind::Ledger, *sequence);
                }
                tracing::debug!(witness = taken.name, size = taken.size, "a witness signed the ledger");
                self.refresh_contradiction(id).await?;
            }
            Answer::Against(_) => self.refresh_contradiction(id).await?,
        }
        Ok(answer)
    }

    async fn refresh_contradiction(&self, id: WitnessId) -> Result<(), Error> {
        let found = self.inner.store.read(move |r| r.witnesses().get(id)).await?;
        let now = found.and_then(|w| w.contradiction);
        self.inner.verdicts.set_contradiction(id, now.as_ref());
        let mut known = self.inner.witnesses.contradictions.lock();
        match now {
            Some((_, words)) => drop(known.insert(id, words)),
            None => drop(known.remove(&id)),
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one transaction")]
    fn take_in(
        &self,
        tx: &mut Tx<'_>,
        cx: &Cx,
        witness: &Witness,
        note: &Note,
        cosignature: Cosignature,
        now: Millis,
        expected: Option<Stream>,
    ) -> Result<Answer, Error> {
        let wrong = |message: String| Error::field("note", message);
        let name = &witness.name;
        if tx.read().witnesses().get(witness.id)?.is_none() {
            return Err(Error::not_found("witness"));
        }
        let (stream, head) = stream_of(&tx.read(), &note.head.origin)?
            .filter(|(stream, _)| expected.is_none_or(|e| e == *stream))
            .ok_or_else(|| wrong("is the checkpoint of another ledger than this one".to_owned()))?;
        let at = i64::try_from(cosignature.time).unwrap_or(i64::MAX).saturating_mul(1_000);
        if at > now.0.saturating_add(AHEAD) {
            return Err(wrong(format!(
                "was signed by {name} in the future, at {}: one of the clocks is wrong",
                Millis(at)
            )));
        }
        if let Some(words) = against(&tx.read(), name, stream, &head, &note.head)? {
            self.contradicted(tx, witness, stream, &words, Some(&note.whole))?;
            return Ok(Answer::Against(words));
        }
        let size = note.head.size;
        if size == 0 {
            return Err(wrong("is of a ledger without entries, which proves nothing".to_owned()));
        }
        let signed = note.as_signed(&head.origin);
        let keys = tx.read().entries().keys(stream)?;
        let keys = KeyChain::parse(&head.origin, keys.iter().map(|(from, key)| (*from, key.as_str())));
        let own = keys.is_ok_and(|keys| signed.len() <= LONGEST_SIGNED && keys.open(&signed).is_ok());
        if !own {
            return Err(wrong("is not signed by this ledger's own key".to_owned()));
        }
        if let Some(last) = tx.read().witnesses().latest(stream, witness.id)? {
            let known = last.size == size && cosignature.time <= last.cosignature.time;
            if size < last.size || known {
                let sentence = format!("{name} has already signed {} entries of this ledger.", last.size);
                return Err(Error::new(Code::Conflict, sentence));
            }
        }
        let line = self
            .draft(cx, "log.witnessed", format_args!("ledger:{}", stream.as_str()))
            .detail("witness", name.as_str())
            .detail("size", size)
            .detail("at", Millis(at).to_string())
            .detail("note", format!("{signed}{}", line_of(witness, &cosignature)));
        let recorded = if expected.is_some() { line.meter(tx)? } else { line.record(tx)? };
        recorded.witnesses().keep(&Cosigned {
            stream,
            witness: witness.id,
            size,
            cosignature,
            note: signed,
        })?;
        let sequence = recorded.sequence();
        self.reconciled(tx, witness, stream, size)?;
        Ok(Answer::Taken(
            Taken { witness: witness.id, name: name.clone(), stream, size, at: Millis(at) },
            sequence,
        ))
    }

    /// Notes that a witness holds another log than this one; once is enough.
    pub(super) fn contradicted(
        &self,
        tx: &mut Tx<'_>,
        witness: &Witness,
        stream: Stream,
        words: &str,
        note: Option<&str>,
    ) -> Result<(), Error> {
        let known = tx.read().witnesses().get(witness.id)?.is_none_or(|w| w.contradiction.is_some());
        if known {
            return Ok(());
        }
        tracing::error!(witness = witness.name, words, "a witness holds another ledger than this one");
        let mut draft = self
            .draft(&Cx::system(), "witness.contradict", format_args!("witness:{}", witness.id))
            .name(&witness.name)
            .detail("stream", stream.as_str())
            .detail("message", words)
            .outcome(Outcome::Error, Severity::Critical);
        if let Some(note) = note {
            draft = draft.detail("note", note.chars().take(4_000).collect::<String>());
        }
        let recorded = draft.record(tx)?;
        recorded.witnesses().set_contradiction(witness.id, Some((recorded.sequence(), words)))?;
        tx.checkpoint("witness")?;
        Ok(())
    }

    /// A witness that held something against the ledger and signs it again has taken that back: it signs only what continues all
    /// that it saw before.
    fn reconciled(&self, tx: &mut Tx<'_>, witness: &Witness, stream: Stream, size: u64) -> Result<(), Error> {
        let now = tx.read().witnesses().get(witness.id)?;
        let Some((by, _)) = now.and_then(|w| w.contradiction) else { return Ok(()) };
        let said = tx.read().entries().get(Stream::Audit, by)?.map(|e| e.leaf.x);
        let of = said.as_ref().and_then(|x| x.get("stream")?.as_str()) == Some(stream.as_str());
        if !of {
            return Ok(());
        }
        let draft: Draft = self
            .draft(&Cx::system(), "witness.reconcile", format_args!("witness:{}", witness.id))
            .name(&witness.name)
            .detail("stream", stream.as_str())
            .detail("size", size)
            .outcome(Outcome::Success, Severity::Notice);
        draft.record(tx)?.witnesses().set_contradiction(witness.id, None)?;
        Ok(())
    }
}

fn line_of(witness: &Witness, cosignature: &Cosignature) -> String {
    witness.vkey.parse::<WitnessKey>().map_or_else(|_| String::new(), |key| key.line(cosignature))
}

/// The stream of an origin.
fn stream_of(r: &Read<'_>, origin: &str) -> Result<Option<(Stream, Head)>, Error> {
    for stream in Stream::ALL {
        let head = r.entries().head(stream)?;
        if head.origin == origin {
            return Ok(Some((stream, head)));
        }
    }
    Ok(None)
}

/// How a head that a witness signed shows that this ledger is not the one it saw.
fn against(
    r: &Read<'_>,
    name: &str,
    stream: Stream,
    head: &Head,
    signed: &Checkpoint,
) -> Result<Option<String>, Error> {
    let (size, stream_name) = (signed.size, stream.as_str());
    if size > head.size {
        return Ok(Some(format!(
            "{name} signed {size} entries of the {stream_name} ledger, which has {} here: entries are missing at its end.",
            head.size
        )));
    }
    let root = match r.entries().root_at(stream, size) {
        Ok(root) => root,
        Err(StoreError::Ledger { .. }) => {
            let sentence =
                format!("is of the first {size} entries, which were pruned and can no longer be compared");
            return Err(Error::field("note", sentence));
        }
        Err(other) => return Err(other.into()),
    };
    Ok((root != signed.root).then(|| {
        format!("{name} signed the first {size} entries of the {stream_name} ledger, and they were not the ones that are here.")
    }))
}
