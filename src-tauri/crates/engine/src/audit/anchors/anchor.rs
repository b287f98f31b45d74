//! An anchor: what the ledger's heads were at one moment, written down outside of the ledger's file.

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use reeve_core::time::Millis;
use reeve_ledger::{Checkpoint, Hash, VerifierKey, canonical};
use reeve_store::Stream;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

const FORMAT: &str = "reeve-anchor v1";

/// The heads of both streams at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// When it was written.
    pub at: Millis,
    /// The keyring's name for the anchor that was written with it; empty without one.
    pub keyring: String,
    /// Each stream's head.
    pub heads: Vec<AnchoredHead>,
}

/// A head, with what is needed to check it without the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnchoredHead {
    /// Which stream.
    pub stream: Stream,
    /// The key that the log began with.
    pub vkey: String,
    /// The key that signed the head.
    pub signed_by: String,
    /// The head: a signed note.
    pub note: String,
    /// Entries it covers, from the note.
    pub size: u64,
    /// Root, from the note.
    pub root: Hash,
    /// The log's name, from the note.
    pub origin: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: String,
    heads: Vec<WrittenHead>,
    keyring: String,
    sum: String,
    t: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenHead {
    note: String,
    signed_by: String,
    stream: String,
    vkey: String,
}

impl AnchoredHead {
    /// Reads what a note says, and that the key did sign it; `None` if not.
    pub(super) fn new(stream: Stream, vkey: String, signed_by: String, note: String) -> Option<Self> {
        let key: VerifierKey = signed_by.parse().ok()?;
        let Checkpoint { origin, size, root } = Checkpoint::open(&note, &key).ok()?;
        Some(Self { stream, vkey, signed_by, note, size, root, origin })
    }
}

impl Anchor {
    /// One line of JSON.
    pub(super) fn to_text(&self) -> String {
        let heads = self.heads.iter().map(|h| WrittenHead {
            note: h.note.clone(),
            signed_by: h.signed_by.clone(),
            stream: h.stream.as_str().to_owned(),
            vkey: h.vkey.clone(),
        });
        let mut written = Written {
            format: FORMAT.to_owned(),
            heads: heads.collect(),
            keyring: self.keyring.clone(),
            sum: String::new(),
            t: self.at.0,
        };
        written.sum = sum(&written);
        text(&written)
    }

    /// One line of printable ASCII, for keyrings.
    pub(super) fn to_item(&self) -> String {
        BASE64URL_NOPAD.encode(self.to_text().as_bytes())
    }

    /// Reads what [`Anchor::to_text`] wrote; in words what is wrong with it.
    pub(super) fn parse(text: &[u8]) -> Result<Self, &'static str> {
        let written: Written =
            serde_json::from_slice(text).map_err(|_| "it is not in the form that Reeve writes")?;
        if written.format != FORMAT {
            return Err("it is of another version");
        }
        let told = written.sum.clone();
        if sum(&Written { sum: String::new(), ..written_copy(&written) }) != told {
            return Err("its checksum does not fit");
        }
        let heads = written.heads.into_iter().map(|h| {
            let stream = Stream::parse(&h.stream)?;
            AnchoredHead::new(stream, h.vkey, h.signed_by, h.note)
        });
        let heads = heads.collect::<Option<Vec<_>>>().ok_or("a head in it is not signed as it says")?;
        if heads.is_empty() {
            return Err("no head is in it");
        }
        Ok(Self { at: Millis(written.t), keyring: written.keyring, heads })
    }

    /// Reads what [`Anchor::to_item`] wrote.
    pub(super) fn parse_item(item: &[u8]) -> Result<Self, &'static str> {
        let text = BASE64URL_NOPAD.decode(item).map_err(|_| "it is not in the form that Reeve writes")?;
        Self::parse(&text)
    }

    /// The head of a stream.
    #[must_use]
    pub fn head(&self, stream: Stream) -> Option<&AnchoredHead> {
        self.heads.iter().find(|h| h.stream == stream)
    }
}

fn written_copy(written: &Written) -> Written {
    let heads = written.heads.iter().map(|h| WrittenHead {
        note: h.note.clone(),
        signed_by: h.signed_by.clone(),
        stream: h.stream.clone(),
        vkey: h.vkey.clone(),
    });
    Written {
        format: written.format.clone(),
        heads: heads.collect(),
        keyring: written.keyring.clone(),
        sum: written.sum.clone(),
        t: written.t,
    }
}

fn text(written: &Written) -> String {
    let value = serde_json::to_value(written).unwrap_or_default();
    let bytes = canonical::encode(&value).unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

/// Tells damage from a change of hands: the notes are signed, the rest of the text is not.
fn sum(written: &Written) -> String {
    HEXLOWER.encode(&Sha256::digest(text(written).as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reeve_ledger::genesis_signer;

    fn anchor() -> Anchor {
        let head = |stream: Stream| {
            let signer = genesis_signer(&[7; 32], stream.as_str()).unwrap();
            let head = Checkpoint { origin: signer.name().to_owned(), size: 9, root: [3; 32] };
            let vkey = signer.verifier_key().to_string();
            AnchoredHead::new(stream, vkey.clone(), vkey, head.sign(&signer)).unwrap()
        };
        Anchor { at: Millis(1), keyring: "anchor-1".to_owned(), heads: Stream::ALL.map(head).to_vec() }
    }

    #[test]
    fn it_reads_what_it_wrote_and_fits_into_a_windows_credential() {
        let anchor = anchor();
        assert_eq!(Anchor::parse(anchor.to_text().as_bytes()).unwrap(), anchor);
        let item = anchor.to_item();
        assert_eq!(Anchor::parse_item(item.as_bytes()).unwrap(), anchor);
        assert!(item.is_ascii() && item.len() < 2_560, "{}", item.len());
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_noticed() {
        let text = anchor().to_text().into_bytes();
        for at in 0..text.len() {
            let mut changed = text.clone();
            changed[at] ^= 1;
            assert!(Anchor::parse(&changed).is_err(), "byte {at}");
            assert!(Anchor::parse(&text[..at]).is_err(), "cut at {at}");
        }
    }
}
