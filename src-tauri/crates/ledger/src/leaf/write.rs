//! Writing an entry: the fields in their sorted order straight into one buffer.

use super::{HARD_LIMIT, Leaf, LeafError};
use crate::base64;
use crate::canonical::{CanonicalError, write_integer, write_object, write_string};
use crate::tree::Hash;

/// Room for the fixed fields and modest details, so that most entries take one allocation.
const USUAL_LEN: usize = 512;

pub(super) fn encode(leaf: &Leaf) -> Result<Vec<u8>, LeafError> {
    if leaf.kind.is_empty() {
        return Err(LeafError::NoKind);
    }
    let mut out = Vec::with_capacity(USUAL_LEN);
    write_fields(&mut out, leaf)?;
    if out.len() > HARD_LIMIT {
        return Err(LeafError::TooLarge { len: out.len() });
    }
    Ok(out)
}

fn write_fields(out: &mut Vec<u8>, leaf: &Leaf) -> Result<(), CanonicalError> {
    out.extend_from_slice(b"{\"hlc\":");
    write_string(out, &leaf.hlc.to_string());
    out.extend_from_slice(b",\"k\":");
    write_string(out, &leaf.kind);
    out.extend_from_slice(b",\"n\":");
    // An index beyond i64 is out of the profile's range like any other that is too large.
    let index = i64::try_from(leaf.n).unwrap_or(i64::MAX);
    write_integer(out, index).map_err(|e| e.inside_field("n"))?;
    out.extend_from_slice(b",\"ok\":");
    write_string(out, leaf.ok.as_str());
    out.extend_from_slice(b",\"on\":");
    write_string(out, &leaf.on);
    out.extend_from_slice(b",\"p\":[");
    write_commitments(out, &leaf.p);
    out.push(b']');
    if let Some(sid) = &leaf.sid {
        out.extend_from_slice(b",\"sid\":");
        write_string(out, sid);
    }
    out.extend_from_slice(b",\"t\":");
    write_integer(out, leaf.t).map_err(|e| e.inside_field("t"))?;
    out.extend_from_slice(b",\"v\":1,\"via\":");
    write_string(out, &leaf.via);
    out.extend_from_slice(b",\"who\":");
    write_string(out, &leaf.who);
    out.extend_from_slice(b",\"x\":");
    write_object(out, &leaf.x, 1).map_err(|e| e.inside_field("x"))?;
    out.push(b'}');
    Ok(())
}

fn write_commitments(out: &mut Vec<u8>, commitments: &[(String, Hash)]) {
    for (position, (key_id, commitment)) in commitments.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        out.push(b'[');
        write_string(out, key_id);
        out.push(b',');
        write_string(out, &base64::encode(commitment));
        out.push(b']');
    }
}
