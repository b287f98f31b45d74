//! Reading an entry: the fields in the order they are written, each with its only spelling. Accepting
//! nothing else makes "the bytes are what encoding the entry gives" true without encoding it again.

use super::{HARD_LIMIT, Leaf, LeafError, Ok as Outcome, Outline};
use crate::base64;
use crate::canonical::{CanonicalError, Reader};
use crate::hlc::Hlc;
use crate::tree::Hash;
use std::borrow::Cow;

pub(super) fn parse(bytes: &[u8]) -> Result<Leaf, LeafError> {
    let (outline, x) = read(bytes, |reader| reader.object(1))?;
    let Outline { n, t, hlc, kind, who, via, on, ok, sid, p } = outline;
    let p = p.into_iter().map(|(key, hash)| (key.into_owned(), hash)).collect();
    let (kind, on, via, who) = (kind.into_owned(), on.into_owned(), via.into_owned(), who.into_owned());
    Ok(Leaf { n, t, hlc, kind, who, via, on, ok, sid: sid.map(Cow::into_owned), x, p })
}

/// Reads the details as strictly, and of them keeps the text of one field.
pub(super) fn outline<'a>(
    bytes: &'a [u8],
    field: &str,
) -> Result<(Outline<'a>, Option<Cow<'a, str>>), LeafError> {
    read(bytes, |reader| {
        let mut found = None;
        reader.fields(1, |reader, key| {
            if key == field && reader.peek() == Some(b'"') {
                found = Some(reader.string()?);
                return Ok(());
            }
            reader.pass(2)
        })?;
        Ok(found)
    })
}

fn read<'a, X>(
    bytes: &'a [u8],
    details: impl FnOnce(&mut Reader<'a>) -> Result<X, CanonicalError>,
) -> Result<(Outline<'a>, X), LeafError> {
    if bytes.len() > HARD_LIMIT {
        return Err(LeafError::TooLarge { len: bytes.len() });
    }
    let mut reader = Reader::new(bytes)?;
    let entry = read_fields(&mut reader, details)?;
    reader.end()?;
    Ok(entry)
}

fn read_fields<'a, X>(
    reader: &mut Reader<'a>,
    details: impl FnOnce(&mut Reader<'a>) -> Result<X, CanonicalError>,
) -> Result<(Outline<'a>, X), LeafError> {
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
    let sid = if reader.skip(",\"sid\":") { Some(reader.string()?) } else { None };
    reader.expect(",\"t\":")?;
    let t = reader.integer()?;
    reader.expect(",\"v\":1,\"via\":")?;
    let via = reader.string()?;
    reader.expect(",\"who\":")?;
    let who = reader.string()?;
    reader.expect(",\"x\":")?;
    let x = details(reader)?;
    reader.expect("}")?;
    Ok((Outline { n, t, hlc, kind, who, via, on, ok, sid, p }, x))
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
fn commitments<'a>(reader: &mut Reader<'a>) -> Result<Vec<(Cow<'a, str>, Hash)>, LeafError> {
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
        commitments.push((key_id, hash));
        if reader.skip("]") {
            return Ok(commitments);
        }
        reader.expect(",")?;
    }
}

fn decode_hash(text: &str) -> Option<Hash> {
    base64::decode(text)?.try_into().ok()
}
