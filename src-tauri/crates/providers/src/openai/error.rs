//! What is wrong with a request, in words for the person who wrote it.

/// Why a request cannot be governed, and so is not sent.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The body is not JSON.
    #[error("the body is not valid JSON (line {line}, column {column})")]
    NotJson {
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault, from 1.
        column: usize,
        /// The fault.
        #[source]
        source: serde_json::Error,
    },
    /// The body is JSON, but not an object.
    #[error("the body must be a JSON object")]
    NotAnObject,
    /// The body is no form, or not a whole one.
    #[error("the body must be a multipart/form-data form, whole")]
    NotAForm,
    /// A field that must be there is not.
    #[error("\"{field}\" is missing")]
    Missing {
        /// Its name.
        field: &'static str,
    },
    /// A field holds another kind of value.
    #[error("\"{field}\" must be {expected}")]
    WrongType {
        /// Its name.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A number is out of its range.
    #[error("\"{field}\" must be between {min} and {max}")]
    OutOfRange {
        /// Its name.
        field: &'static str,
        /// The least allowed.
        min: u64,
        /// The most allowed.
        max: u64,
    },
    /// A field stands there twice: which one counts is anyone's guess.
    #[error("\"{field}\" appears more than once")]
    Duplicate {
        /// Its name.
        field: &'static str,
    },
    /// A field in other letters, which some providers take for the real one.
    #[error("write \"{field}\", not \"{written}\"")]
    Miswritten {
        /// Its name.
        field: &'static str,
        /// What the request says.
        written: String,
    },
    /// A field that changes the price in a way no price list says. Nothing is charged by guesswork.
    #[error("\"{field}\" changes what the call costs in a way that cannot be priced; leave it out")]
    Unpriceable {
        /// Its name.
        field: &'static str,
    },
}

impl RequestError {
    /// The field at fault, if it is one.
    #[must_use]
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::NotJson { .. } | Self::NotAnObject | Self::NotAForm => None,
            Self::Missing { field }
            | Self::WrongType { field, .. }
            | Self::OutOfRange { field, .. }
            | Self::Duplicate { field }
            | Self::Miswritten { field, .. }
            | Self::Unpriceable { field } => Some(field),
        }
    }
}
