//! Reading an entry: the fields in the order they are written, each with its only spelling. Accepting
//! nothing else makes "the bytes are what encoding the entry gives" true without encoding it again.

use super::{HARD_LIMIT, Leaf, LeafError, Ok as Outcome};
use crate::base64;
use crate::canonical::Reader;
use crate::hlc::Hlc;
use crate::tree::Hash;

pub(super) fn parse(bytes: &[u8]) -> Result<Leaf, LeafError> {
    if bytes.len() > HARD_LIMIT {
        return Err(LeafError::TooLarge { len: bytes.len() });
    }
    let mut reader = Reader::new(bytes)?;
    let leaf = read_fields(&mut reader)?;
    reader.end()?;
    Ok(leaf)
}

fn read_fields(reader: &mut Reader<'_>) -> Result<Leaf, LeafError> {
    reader.expect("{\"hlc\":")?;
    let hlc = hlc(reader)?;
    reader.expect(",\"k\":")?;
    let kind = reader.string()?;
    if kind.is_empty() {
        return Err(LeafError::NoKind);
    }
    reader.expect(",\"n\":")?;
    let n = u64::try_from(reader.integer()?).map_err(|_| LeafError::NegativeIndex)?;
    reader.expect(",\"ok\":")?;
    let ok = outcome(reader)?;
    reader.expect(",\"on\":")?;
    let on = reader.string()?;
    reader.expect(",\"p\":[")?;
    let p = commitments(reader)?;
    let sid = if reader.skip(",\"sid\":") { Some(reader.string()?.into_owned()) } else { None };
    reader.expect(",\"t\":")?;
    let t = reader.integer()?;
    reader.expect(",\"v\":1,\"via\":")?;
    let via = reader.string()?;
    reader.expect(",\"who\":")?;
    let who = reader.string()?;
    reader.expect(",\"x\":")?;
    let x = reader.object(1)?;
    reader.expect("}")?;
    let (kind, on, via, who) = (kind.into_owned(), on.into_owned(), via.into_owned(), who.into_owned());
    Ok(Leaf { n, t, hlc, kind, who, via, on, ok, sid, x, p })
}

fn hlc(reader: &mut Reader<'_>) -> Result<Hlc, LeafError> {
    let text = reader.string()?;
    text.parse().map_err(|source| LeafError::Hlc { at: reader.offset(), source })
}

fn outcome(reader: &mut Reader<'_>) -> Result<Outcome, LeafError> {
    let word = reader.string()?;
    Outcome::from_word(&word).ok_or(LeafError::Outcome { at: reader.offset() })
}

/// Reads up to and with the closing bracket of `p`.
fn commitments(reader: &mut Reader<'_>) -> Result<Vec<(String, Hash)>, LeafError> {
    let mut commitments = Vec::new();
    if reader.skip("]") {
        return Ok(commitments);
    }
    loop {
        reader.expect("[")?;
        let key_id = reader.string()?;
        reader.expect(",")?;
        let text = reader.string()?;
        let hash = decode_hash(&text).ok_or(LeafError::Commitment { at: reader.offset() })?;
        reader.expect("]")?;
        commitments.push((key_id.into_owned(), hash));
        if reader.skip("]") {
            return Ok(commitments);
        }
        reader.expect(",")?;
    }
}

fn decode_hash(text: &str) -> Option<Hash> {
    base64::decode(text)?.try_into().ok()
}
