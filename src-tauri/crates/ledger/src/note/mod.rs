//! C2SP signed notes: a text, a blank line, and one signature line per key.
//!
//! A text is worth nothing until [`open`] has given it back: there is no way to read one without a key.

mod cosign;
mod key;
mod lines;

use thiserror::Error;

pub use cosign::{Cosignature, Cosigner, WitnessKey, cosignatures, cosigned};
pub use key::{Signer, VerifierKey, public_key};

/// The longest note read, in bytes. Post-quantum signatures of witnesses take up to 5 kB each.
pub const MAX_NOTE: usize = 1_000_000;

/// The most signatures read in one note; the specification asks for at least 16.
pub const MAX_SIGNATURES: usize = 100;

/// Why a note, or a key, is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoteError {
    /// More than [`MAX_NOTE`] bytes.
    #[error("a note takes at most {MAX_NOTE} bytes, not {len}")]
    TooLarge {
        /// Bytes it takes.
        len: usize,
    },
    /// A control character other than a newline.
    #[error("a note has no control characters but newlines; there is one at byte {at}")]
    ControlCharacter {
        /// Where it is.
        at: usize,
    },
    /// No blank line between text and signatures, no text, or no signature.
    #[error("a note is a text, a blank line and signature lines, each ended by a newline")]
    Shape,
    /// More than [`MAX_SIGNATURES`] signatures.
    #[error("a note has at most {MAX_SIGNATURES} signatures")]
    TooManySignatures,
    /// A line among the signatures is no signature line.
    #[error("signature line {line} is malformed")]
    SignatureLine {
        /// Number of the line among the signature lines, from 1.
        line: usize,
    },
    /// A line claims to be signed by the known key and is not.
    #[error("the signature of {name} does not fit the text")]
    BadSignature {
        /// Name of the key.
        name: String,
    },
    /// No line is signed by the known key.
    #[error("the note is not signed by {name}")]
    NotSigned {
        /// Name of the key.
        name: String,
    },
    /// A key name that is empty or has whitespace, a plus sign or a control character.
    #[error("{name:?} is no key name: it is empty or has a space, a plus sign or a control character")]
    Name {
        /// The name.
        name: String,
    },
    /// A verifier key which is not `name+id+key`.
    #[error("a verifier key is <name>+<8 hexadecimal digits>+<base64 of an Ed25519 key>")]
    VerifierKey,
    /// A verifier key whose id is not that of its name and key.
    #[error("the id in the verifier key of {name} does not fit its name and key")]
    KeyId {
        /// Name of the key.
        name: String,
    },
    /// A verifier key for another kind of signature than the one that is wanted: a log's key has type 1, a witness's type 4.
    #[error("this is a key for signatures of type {kind:#04x}, which is not the kind wanted here")]
    KeyType {
        /// The type byte.
        kind: u8,
    },
    /// Bytes that are no public key, or one for which signatures prove nothing.
    #[error("the public key of {name} is not a usable Ed25519 key")]
    PublicKey {
        /// Name of the key.
        name: String,
    },
}

/// Signs a text with each key, in that order.
///
/// A missing newline at the end of the text is added, since the format has no text without one. A text with
/// control characters gives a note that [`open`] refuses.
#[must_use]
pub fn sign(text: &str, signers: &[&Signer]) -> String {
    let mut note = text.to_owned();
    if !note.ends_with('\n') {
        note.push('\n');
    }
    let signatures: Vec<String> = signers.iter().map(|signer| signer.signature_line(&note)).collect();
    note.push('\n');
    note.extend(signatures);
    note
}

/// Gives the text of a note that the key has signed, its final newline included.
///
/// Signatures by other keys are ignored, also ones that share the name or the id with this key. Every line
/// of this key must verify.
///
/// # Errors
/// Any [`NoteError`] about notes: a malformed note, [`NoteError::BadSignature`] or [`NoteError::NotSigned`].
pub fn open(note: &str, key: &VerifierKey) -> Result<String, NoteError> {
    let (text, block) = lines::split(note)?;
    let mut signed = false;
    for signature in lines::signatures(block)? {
        if signature.name != key.name() || signature.key_id != key.id() {
            continue;
        }
        key.verify_strict(text.as_bytes(), &signature.bytes)?;
        signed = true;
    }
    if signed { Ok(text.to_owned()) } else { Err(NoteError::NotSigned { name: key.name().to_owned() }) }
}
