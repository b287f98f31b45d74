//! What can be wrong with a value or its bytes, and where.

use std::fmt;

use thiserror::Error;

use super::{MAX_DEPTH, MAX_INTEGER};

/// Something outside of the profile: what, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{fault}, at {place}")]
pub struct CanonicalError {
    /// Where it was met.
    pub place: Place,
    /// What is wrong.
    pub fault: Fault,
}

/// Where a fault was met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Offset in the bytes read.
    Byte(usize),
    /// Path in the value written, such as `limits[2].amount`; empty for the outermost value.
    Path(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(offset) => write!(f, "byte {offset}"),
            Self::Path(path) if path.is_empty() => f.write_str("the top"),
            Self::Path(path) => f.write_str(path),
        }
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// Something else stands where only this may follow.
    #[error("expected {0}")]
    Expected(&'static str),
    /// `null`: a field without a value is left out.
    #[error("null is not allowed")]
    Null,
    /// A fraction or an exponent: two readers may disagree on it.
    #[error("numbers are whole, without fraction or exponent")]
    Float,
    /// An integer some JSON readers cannot hold.
    #[error("integers stay within {MAX_INTEGER} either way")]
    IntegerRange,
    /// A number spelled in another way, such as `-0` or `007`.
    #[error("not the canonical spelling of an integer")]
    IntegerSpelling,
    /// A key outside of `[a-z][a-z0-9_]*`.
    #[error("the key {0:?} does not match [a-z][a-z0-9_]*")]
    Key(String),
    /// A key that does not come after the key before it.
    #[error("the key {0:?} is not in order")]
    KeyOrder(String),
    /// A key that was there before.
    #[error("the key {0:?} is there twice")]
    DuplicateKey(String),
    /// An escape other than the ones JSON forces.
    #[error("not the canonical escape")]
    Escape,
    /// A raw control character inside a string.
    #[error("a control character must be escaped")]
    ControlCharacter,
    /// Bytes that are not UTF-8.
    #[error("not UTF-8")]
    Utf8,
    /// Nested too deep.
    #[error("nested more than {MAX_DEPTH} deep")]
    TooDeep,
}

impl CanonicalError {
    pub(super) fn at_byte(offset: usize, fault: Fault) -> Self {
        Self { place: Place::Byte(offset), fault }
    }

    /// A fault in the value being written; its parents put their names in front on the way out.
    pub(super) fn here(fault: Fault) -> Self {
        Self { place: Place::Path(String::new()), fault }
    }

    pub(crate) fn inside_field(self, key: &str) -> Self {
        self.inside(key.to_owned())
    }

    pub(super) fn inside_item(self, index: usize) -> Self {
        self.inside(format!("[{index}]"))
    }

    fn inside(mut self, parent: String) -> Self {
        if let Place::Path(path) = &mut self.place {
            let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
            *path = format!("{parent}{dot}{path}");
        }
        self
    }
}
