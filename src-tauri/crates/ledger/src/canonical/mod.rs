//! Canonical JSON: one value, one spelling. A restricted profile of RFC 8785.
//!
//! Keys match `[a-z][a-z0-9_]*`, are sorted and unique; there is no whitespace, no `null` and no fraction;
//! integers stay within ±(2^53 - 1), so every JSON reader agrees on them; strings escape only what JSON
//! forces them to; values nest at most [`MAX_DEPTH`] deep. The reader accepts exactly what the writer
//! writes: `encode(&parse(bytes)?)? == bytes`.

mod error;
mod read;
mod write;

use serde_json::Value;

pub use error::{CanonicalError, Fault, Place};
pub(crate) use read::Reader;
pub(crate) use write::{write_integer, write_object, write_string};

/// Levels of nesting allowed: the outermost array or object is the first.
pub const MAX_DEPTH: usize = 16;

/// The largest integer allowed, and its negative the smallest: 2^53 - 1.
pub const MAX_INTEGER: i64 = (1 << 53) - 1;

/// Writes a value in its one canonical spelling.
///
/// # Errors
/// The [`Fault`] that keeps the value out of the profile, and the path to it.
pub fn encode(value: &Value) -> Result<Vec<u8>, CanonicalError> {
    let mut out = Vec::new();
    write::write_value(&mut out, value, 0)?;
    Ok(out)
}

/// Reads canonical bytes. Any other spelling of the same value is refused, never repaired.
///
/// # Errors
/// The first [`Fault`], and the byte at which it was met.
pub fn parse(bytes: &[u8]) -> Result<Value, CanonicalError> {
    let mut reader = Reader::new(bytes)?;
    let value = reader.value(0)?;
    reader.end()?;
    Ok(value)
}

fn is_key(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_lowercase())
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}
