//! `keys.jsonl`: how one key of a log followed another. For each key but the first a line: the entry that names it, the head
//! that ends with that entry, signed by both, and the proofs that the entry is in that head and that head in the newest one.

use data_encoding::HEXLOWER;
use reeve_ledger::keys::named_by;
use reeve_ledger::{
    CanonicalError, Checkpoint, Hash, KeyChain, Leaf, canonical, leaf_hash, verify_consistency,
    verify_inclusion,
};
use serde_json::{Map, Value, json};

/// How one key followed another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOver {
    /// The head that ends with the entry that names the next key, signed by both.
    pub note: String,
    /// That entry, byte for byte.
    pub entry: Vec<u8>,
    /// Proof that the entry is the last of that head.
    pub inclusion: Vec<Hash>,
    /// Proof that the newest head grew out of that one.
    pub consistency: Vec<Hash>,
}

/// The text of the file.
pub(crate) fn to_text(list: &[HandOver]) -> Result<Vec<u8>, CanonicalError> {
    let mut out = Vec::new();
    for one in list {
        let hashes = |list: &[Hash]| list.iter().map(|h| HEXLOWER.encode(h)).collect::<Vec<_>>();
        out.extend(canonical::encode(&json!({
            "consistency": hashes(&one.consistency),
            "entry": String::from_utf8_lossy(&one.entry),
            "inclusion": hashes(&one.inclusion),
            "note": one.note,
        }))?);
        out.push(b'\n');
    }
    Ok(out)
}

fn parse(line: &[u8]) -> Option<HandOver> {
    let Value::Object(fields) = canonical::parse(line).ok()? else { return None };
    let text = |key: &str| fields.get(key)?.as_str();
    let one = HandOver {
        note: text("note")?.to_owned(),
        entry: text("entry")?.as_bytes().to_vec(),
        inclusion: hashes(&fields, "inclusion")?,
        consistency: hashes(&fields, "consistency")?,
    };
    (fields.len() == 4).then_some(one)
}

fn hashes(fields: &Map<String, Value>, key: &str) -> Option<Vec<Hash>> {
    let list = fields.get(key)?.as_array()?;
    // A tree of 2^53 entries has no longer proofs.
    if list.len() > 108 {
        return None;
    }
    list.iter().map(|h| HEXLOWER.decode(h.as_str()?.as_bytes()).ok()?.try_into().ok()).collect()
}

/// Checks that each key but the first was named by the log while the key before it signed. Gives the first line, from 0, that
/// does not show it, and why not.
pub(crate) fn check(
    file: &[u8],
    stream: &str,
    keys: &KeyChain,
    head: &Checkpoint,
) -> Result<(), (usize, String)> {
    let successors = &keys.keys()[1..];
    let text =
        file.strip_suffix(b"\n").ok_or_else(|| (0, "the file does not end with a whole line".to_owned()))?;
    let lines: Vec<_> = text.split(|b| *b == b'\n').collect();
    for (place, (from, key)) in successors.iter().enumerate() {
        let wrong = |why: String| (place, why);
        let line = lines.get(place).ok_or_else(|| wrong("a key has no line".to_owned()))?;
        let one = parse(line).ok_or_else(|| wrong("the line is not as it should be".to_owned()))?;
        let at =
            keys.open(&one.note).map_err(|e| wrong(format!("the head is not signed by both keys: {e}")))?;
        if at.size != *from {
            return Err(wrong(format!("the head is of {} entries, the key signs from {from}", at.size)));
        }
        let leaf = Leaf::parse(&one.entry).map_err(|e| wrong(format!("the entry is none: {e}")))?;
        if leaf.n + 1 != *from || named_by(&leaf, stream) != Some(key.to_string().as_str()) {
            return Err(wrong("the entry does not name this key".to_owned()));
        }
        verify_inclusion(leaf.n, at.size, leaf_hash(&one.entry), &one.inclusion, at.root)
            .map_err(|e| wrong(format!("the entry is not in the head: {e}")))?;
        verify_consistency(at.size, head.size, at.root, head.root, &one.consistency)
            .map_err(|e| wrong(format!("the newest head did not grow out of it: {e}")))?;
    }
    if lines.len() > successors.len() {
        return Err((successors.len(), "there are more lines than keys".to_owned()));
    }
    Ok(())
}
