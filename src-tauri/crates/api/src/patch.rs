//! The three things a PATCH can say of a field: nothing, clear it, set it. And reading the texts of a body.

use crate::failure::Failure;
use reeve_engine::FieldError;
use serde::{Deserialize, Deserializer};

/// What a PATCH says of a field. Use with `#[serde(default)]`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) enum Patch<T> {
    /// Absent: it stays.
    #[default]
    Keep,
    /// `null`: it is cleared.
    Clear,
    /// A value.
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

impl<T> Patch<T> {
    /// `None` keeps, an inner `None` clears.
    pub(crate) fn nullable(self) -> Option<Option<T>> {
        match self {
            Self::Keep => None,
            Self::Clear => Some(None),
            Self::Set(value) => Some(Some(value)),
        }
    }

    /// For a field that cannot be cleared: `None` keeps.
    pub(crate) fn required(self, field: &str) -> Result<Option<T>, Failure> {
        match self {
            Self::Keep => Ok(None),
            Self::Clear => Err(Failure::field(field, "cannot be cleared")),
            Self::Set(value) => Ok(Some(value)),
        }
    }

    /// The value read further; what is wrong with it is told under the field's name.
    pub(crate) fn try_map<U, E: std::fmt::Display>(
        self,
        field: &str,
        read: impl FnOnce(T) -> Result<U, E>,
    ) -> Result<Patch<U>, Failure> {
        match self {
            Self::Keep => Ok(Patch::Keep),
            Self::Clear => Ok(Patch::Clear),
            Self::Set(value) => read(value).map(Patch::Set).map_err(|e| Failure::field(field, e.to_string())),
        }
    }
}

/// Reads texts of a body, and gathers what is wrong with them.
#[derive(Default)]
pub(crate) struct Reading(Vec<FieldError>);

impl Reading {
    /// The value, or `None` with a note that makes [`Reading::done`] fail.
    pub(crate) fn read<T, E: std::fmt::Display>(&mut self, field: &str, value: Result<T, E>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(error) => {
                self.0.push(FieldError { field: field.to_owned(), message: error.to_string() });
                None
            }
        }
    }

    /// The same for what may be absent.
    pub(crate) fn read_some<T, E: std::fmt::Display>(
        &mut self,
        field: &str,
        value: Option<Result<T, E>>,
    ) -> Option<T> {
        value.and_then(|value| self.read(field, value))
    }

    /// Everything that was wrong, as one failure.
    pub(crate) fn done(self) -> Result<(), Failure> {
        reeve_engine::Error::fields(self.0).map_or(Ok(()), |error| Err(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        owner: Patch<String>,
    }

    fn read(json: &str) -> Patch<String> {
        serde_json::from_str::<Body>(json).unwrap().owner
    }

    #[test]
    fn absent_null_and_a_value_differ() {
        assert_eq!(read("{}").nullable(), None);
        assert_eq!(read(r#"{"owner":null}"#).nullable(), Some(None));
        assert_eq!(read(r#"{"owner":"x"}"#).nullable(), Some(Some("x".to_owned())));
        assert!(read(r#"{"owner":null}"#).required("owner").is_err());
        assert_eq!(read("{}").required("owner").unwrap(), None);
    }
}
