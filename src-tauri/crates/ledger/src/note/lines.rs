//! The layout of a note: where the text ends, and what a signature line says.

use super::{MAX_NOTE, MAX_SIGNATURES, NoteError};
use crate::base64;

/// An em dash and a space start every signature line.
pub(super) const PREFIX: &str = "\u{2014} ";

/// A signature line, taken apart and not yet verified.
pub(super) struct SignatureLine<'a> {
    pub(super) name: &'a str,
    pub(super) key_id: [u8; 4],
    pub(super) bytes: Vec<u8>,
}

/// The text with its final newline, and the block of signature lines: the last blank line parts them.
pub(super) fn split(note: &str) -> Result<(&str, &str), NoteError> {
    if note.len() > MAX_NOTE {
        return Err(NoteError::TooLarge { len: note.len() });
    }
    if let Some(at) = note.bytes().position(|b| b < 0x20 && b != b'\n') {
        return Err(NoteError::ControlCharacter { at });
    }
    let blank = note.rfind("\n\n").ok_or(NoteError::Shape)?;
    let (text, block) = (&note[..=blank], &note[blank + 2..]);
    // A note that starts with the blank line would have a text of one newline: nothing to sign.
    if text == "\n" || block.is_empty() { Err(NoteError::Shape) } else { Ok((text, block)) }
}

/// All lines of the block. One that is malformed spoils the note, also if its key is unknown.
pub(super) fn signatures(block: &str) -> Result<Vec<SignatureLine<'_>>, NoteError> {
    let lines = block.strip_suffix('\n').ok_or(NoteError::Shape)?;
    let mut signatures = Vec::new();
    for (index, line) in lines.split('\n').enumerate() {
        if index == MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        signatures.push(signature(line).ok_or(NoteError::SignatureLine { line: index + 1 })?);
    }
    Ok(signatures)
}

fn signature(line: &str) -> Option<SignatureLine<'_>> {
    let (name, encoded) = line.strip_prefix(PREFIX)?.split_once(' ')?;
    let decoded = base64::decode(encoded)?;
    let (key_id, bytes) = decoded.split_first_chunk::<4>()?;
    if !is_name(name) || bytes.is_empty() {
        return None;
    }
    Some(SignatureLine { name, key_id: *key_id, bytes: bytes.to_vec() })
}

/// Key names are not empty and have no whitespace, plus sign or control character.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c == '+' || c < ' ')
}
