//! An anchor against the ledger.

use super::anchor::{Anchor, AnchoredHead};
use crate::error::Error;
use reeve_ledger::{KeyChain, VerifierKey};
use reeve_store::table::entries::Head;
use reeve_store::{Read, Stream};

/// How a stream contradicts what was anchored of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contradiction {
    /// The anchor has seen more entries: the ledger's file is an older copy.
    Older {
        /// Entries that were anchored.
        anchored: u64,
        /// Entries in the file.
        found: u64,
    },
    /// Its first entries are others than those that were anchored.
    Rewritten {
        /// Entries that were anchored.
        anchored: u64,
    },
    /// It is another log than the one that was anchored, or there is none.
    OtherLog {
        /// The log that was anchored.
        anchored: String,
    },
    /// The anchor names a key that this log does not have.
    ForeignKey,
}

impl Contradiction {
    /// In words, with what is anchored where.
    #[must_use]
    pub fn words(&self, stream: Stream, place: &str) -> String {
        let stream = stream.as_str();
        match self {
            Self::Older { anchored, found } => format!(
                "The {stream} log is an older copy: {place} remembers {anchored} entries, the file had {found} when it was opened. \
                 It was put back, or the disk lost what it had confirmed."
            ),
            Self::Rewritten { anchored } => format!(
                "The {stream} log was written anew: its first {anchored} entries are not those that {place} remembers."
            ),
            Self::OtherLog { anchored } => {
                format!("The {stream} log is not the one that {place} remembers: that one was {anchored}.")
            }
            Self::ForeignKey => format!(
                "What {place} remembers of the {stream} log is signed by a key that this log does not have."
            ),
        }
    }
}

/// What of an anchor the ledger contradicts. `opened` has the heads before this process wrote anything: what was anchored by then
/// cannot be longer. Without it, the heads are those of now, and the anchor must have been read before.
pub(super) fn contradictions(
    r: &Read<'_>,
    anchor: &Anchor,
    opened: Option<&[Head; 2]>,
) -> Result<Vec<(Stream, Contradiction)>, Error> {
    let mut found = Vec::new();
    for (place, stream) in Stream::ALL.into_iter().enumerate() {
        let Some(anchored) = anchor.head(stream) else { continue };
        let head = match opened {
            Some(heads) => heads[place].clone(),
            None => r.entries().head(stream)?,
        };
        found.extend(contradiction(r, stream, anchored, &head)?.map(|c| (stream, c)));
    }
    Ok(found)
}

fn contradiction(
    r: &Read<'_>,
    stream: Stream,
    anchored: &AnchoredHead,
    head: &Head,
) -> Result<Option<Contradiction>, Error> {
    if anchored.origin != head.origin {
        // A head of no entries remembers nothing that could be lost.
        let lost = anchored.size > 0 || !head.origin.is_empty();
        return Ok(lost.then(|| Contradiction::OtherLog { anchored: anchored.origin.clone() }));
    }
    if anchored.size > head.size {
        return Ok(Some(Contradiction::Older { anchored: anchored.size, found: head.size }));
    }
    let keys = r.entries().keys(stream)?;
    let chain = KeyChain::parse(&head.origin, keys.iter().map(|(from, key)| (*from, key.as_str())));
    let signed_by = anchored.signed_by.parse::<VerifierKey>();
    let known = matches!((&chain, signed_by), (Ok(chain), Ok(key)) if chain.has(&key));
    if !known || chain.is_ok_and(|chain| chain.open(&anchored.note).is_err()) {
        return Ok(Some(Contradiction::ForeignKey));
    }
    // A tree whose hashes are missing cannot have the root either; what is wrong with it, the verification says.
    let root = r.entries().root_at(stream, anchored.size);
    Ok((root.ok() != Some(anchored.root)).then_some(Contradiction::Rewritten { anchored: anchored.size }))
}
