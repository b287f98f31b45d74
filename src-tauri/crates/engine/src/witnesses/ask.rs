//! Asking a witness over HTTP: C2SP tlog-witness, `add-checkpoint`.

use super::take::{Answer, Note, Word};
use super::{Taken, Witness};
use crate::Engine;
use crate::cx::Cx;
use crate::error::{Code, Error};
use reeve_ledger::{NoteError, base64};
use reeve_store::table::entries::Head;
use reeve_store::{StoreError, Stream};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, USER_AGENT};

/// An answer is read up to here, in bytes.
const LONGEST: usize = 64 * 1024;
/// A witness that says it is elsewhere than we thought is asked so often.
const ROUNDS: usize = 3;

/// Why a witness did not sign.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It does not know the log.
    UnknownLog,
    /// It knows the log, and not the key that signs it.
    UnknownKey,
    /// It could not be reached, or does not work.
    Away(String),
    /// It answered something that is not the protocol's.
    Strange(String),
    /// It signed so few entries that what came after them was pruned.
    TooFar(u64),
    /// Nothing can be signed here while the vault is locked.
    Locked,
    /// It holds another log than this one.
    Against(String),
    /// It is Reeve that could not.
    Own(Error),
}

impl Refusal {
    /// The word on the wire.
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::UnknownLog => "unknown_log",
            Self::UnknownKey => "unknown_key",
            Self::Away(_) => "away",
            Self::Strange(_) => "strange_answer",
            Self::TooFar(_) => "too_far",
            Self::Locked => "locked",
            Self::Against(_) => "contradicts",
            Self::Own(_) => "failed",
        }
    }

    /// In a sentence.
    pub(super) fn words(&self) -> String {
        match self {
            Self::UnknownLog => {
                "It does not know this ledger (404): whoever runs it must enter its name and key there.".to_owned()
            }
            Self::UnknownKey => {
                "It does not know the key that signs this ledger (403). The key is replaced every seven days: whoever runs the witness must enter the new one."
                    .to_owned()
            }
            Self::Away(why) => format!("It {why}."),
            Self::Strange(what) => format!("Its answer is not one of a witness: {what}."),
            Self::TooFar(size) => format!(
                "It signed {size} entries, and what would show that the ledger continues those was pruned."
            ),
            Self::Locked => "The vault is locked, so there is no signed checkpoint to show.".to_owned(),
            Self::Against(words) => words.clone(),
            Self::Own(error) => error.message.clone(),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Own(error)
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Own(error.into())
    }
}

/// What is sent: that the tree of `old` entries grew into this head.
struct Request {
    head: Head,
    body: String,
}

impl Engine {
    /// Asks a witness to sign the newest head of a stream; `None` if there is nothing in it.
    pub(super) async fn ask_about(
        &self,
        witness: &Witness,
        stream: Stream,
    ) -> Result<Option<Taken>, Refusal> {
        let id = witness.id;
        let last = self.inner.store.read(move |r| r.witnesses().latest(stream, id)).await?;
        let mut old = last.map_or(0, |c| c.size);
        for _ in 0..ROUNDS {
            let Some(request) = self.growth(stream, old).await? else { return Ok(None) };
            let size = request.head.size;
            if old > size {
                let says = format!("says that it signed {old} entries of the {} ledger", stream.as_str());
                let words = format!(
                    "{} {says}, which has {size} here: entries are missing at its end.",
                    witness.name
                );
                return Err(self.is_against(witness, stream, words).await?);
            }
            let (status, body) = self.submit(witness, request.body).await?;
            match status.as_u16() {
                200 => return self.signed(witness, stream, &request.head, &body).await,
                403 => return Err(Refusal::UnknownKey),
                404 => return Err(Refusal::UnknownLog),
                409 => match held(&body) {
                    Some(held) if held == old && old == size => {
                        let words = other_root(witness, stream, size);
                        return Err(self.is_against(witness, stream, words).await?);
                    }
                    Some(held) if held != old => old = held,
                    _ => {
                        return Err(Refusal::Strange(
                            "a conflict (409) without the size that it signed".to_owned(),
                        ));
                    }
                },
                422 if old == 0 => return Err(Refusal::Strange("422 for the first checkpoint".to_owned())),
                422 => {
                    let words = if old == size {
                        other_root(witness, stream, size)
                    } else {
                        not_continued(witness, stream, old)
                    };
                    return Err(self.is_against(witness, stream, words).await?);
                }
                500.. => return Err(Refusal::Away(format!("does not work now (it answered {status})"))),
                other => return Err(Refusal::Strange(format!("status {other}"))),
            }
        }
        Err(Refusal::Strange("it says another size each time (409)".to_owned()))
    }

    /// The newest signed head, with the proof that it continues the first `old` entries.
    async fn growth(&self, stream: Stream, old: u64) -> Result<Option<Request>, Refusal> {
        let read = move |r: &reeve_store::Read<'_>| {
            let head = r.entries().head(stream)?;
            let proof = match r.entries().consistency_proof(stream, old, head.size) {
                Ok(proof) => Some(proof),
                Err(StoreError::Ledger { .. }) => None,
                Err(other) => return Err(other),
            };
            Ok::<_, StoreError>((head, proof))
        };
        let (head, proof) = self.inner.store.read(read).await?;
        if head.size == 0 {
            return Ok(None);
        }
        if head.note.is_empty() {
            return Err(Refusal::Locked);
        }
        let Some(proof) = proof else { return Err(Refusal::TooFar(old)) };
        let lines: String = proof.iter().map(|hash| format!("{}\n", base64::encode(hash))).collect();
        let body = format!("old {old}\n{lines}\n{}", head.note);
        Ok(Some(Request { head, body }))
    }

    async fn submit(&self, witness: &Witness, body: String) -> Result<(StatusCode, String), Refusal> {
        let url = witness.url.as_deref().unwrap_or_default();
        let url = crate::listeners::checked_url(&format!("{url}/add-checkpoint"), witness.allow_private)?;
        let request = self
            .inner
            .witnesses
            .clients
            .get(witness.allow_private)?
            .post(url)
            .header(CONTENT_TYPE, "text/plain; charset=utf-8")
            .header(USER_AGENT, concat!("Reeve/", env!("CARGO_PKG_VERSION")))
            .body(body);
        let away = |error: reqwest::Error| Refusal::Away(crate::listeners::in_words(&error));
        let mut answer = request.send().await.map_err(away)?;
        let (status, mut body) = (answer.status(), Vec::new());
        while let Some(chunk) = answer.chunk().await.map_err(away)? {
            if body.len() + chunk.len() > LONGEST {
                return Err(Refusal::Strange("it is too long".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        let body = String::from_utf8(body).map_err(|_| Refusal::Strange("it is no text".to_owned()))?;
        Ok((status, body))
    }

    /// Takes the signature lines that a witness answered with.
    async fn signed(
        &self,
        witness: &Witness,
        stream: Stream,
        head: &Head,
        lines: &str,
    ) -> Result<Option<Taken>, Refusal> {
        let strange = |what: &str| Refusal::Strange(what.to_owned());
        let note = Note::read(&format!("{}{lines}", head.note))
            .map_err(|_| strange("its lines are no signatures"))?;
        let cosignature = note
            .word_of(witness)
            .map_err(|error| match error {
                NoteError::BadSignature { .. } => strange("its signature is wrong"),
                _ => strange("its lines are no signatures"),
            })?
            .ok_or_else(|| strange("it is not signed with the key of this witness"))?;
        if note.head.size != head.size || note.head.root != head.root {
            return Err(strange("it signed something else"));
        }
        let word = Word { witness: witness.clone(), note: &note, cosignature };
        match self.take_word(&Cx::system(), word, Some(stream)).await {
            Ok(Answer::Taken(taken, _)) => Ok(Some(taken)),
            Ok(Answer::Against(words)) => Err(Refusal::Against(words)),
            // The same head in the same second: it is known already.
            Err(error) if error.code == Code::Conflict => Ok(None),
            Err(error) if !error.fields.is_empty() => Err(Refusal::Strange(error.message)),
            Err(error) => Err(Refusal::Own(error)),
        }
    }

    /// Notes what a witness holds against this ledger.
    async fn is_against(&self, witness: &Witness, stream: Stream, words: String) -> Result<Refusal, Refusal> {
        let (engine, of, said) = (self.clone(), witness.clone(), words.clone());
        self.inner.store.write(move |tx| engine.contradicted(tx, &of, stream, &said, None)).await?;
        self.inner.witnesses.contradictions.lock().entry(witness.id).or_insert_with(|| words.clone());
        self.inner.events.tell(crate::EventKind::Ledger, None, None);
        Ok(Refusal::Against(words))
    }
}

fn other_root(witness: &Witness, stream: Stream, size: u64) -> String {
    let stream = stream.as_str();
    format!(
        "{} says that the first {size} entries of the {stream} ledger that it signed were not the ones that are here.",
        witness.name
    )
}

fn not_continued(witness: &Witness, stream: Stream, old: u64) -> String {
    let stream = stream.as_str();
    format!(
        "{} says that the {stream} ledger does not continue the {old} entries that it signed.",
        witness.name
    )
}

/// The size in the body of a conflict: a decimal without leading zeros, and a newline.
fn held(body: &str) -> Option<u64> {
    let text = body.strip_suffix('\n').unwrap_or(body);
    text.parse().ok().filter(|size: &u64| size.to_string() == text && i64::try_from(*size).is_ok())
}
