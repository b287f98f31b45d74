//! The members of a JSON object as raw text, in their order, each knowing where it stands.

use super::error::RequestError;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::ops::Range;

/// The most a request may ask for; ten times what any model writes.
pub const MAX_OUTPUT_TOKENS: u64 = 10_000_000;

/// The members of a JSON object, unparsed.
#[derive(Debug)]
pub struct Fields<'a> {
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Fields<'a> {
    /// Reads a request's body.
    ///
    /// `governed` are the names whose meaning matters here: one that stands there twice, or in other letters (some
    /// providers read names whatever their case), would let a request say one thing to Reeve and another to the provider.
    pub(crate) fn read(body: &'a [u8], governed: &[&'static str]) -> Result<Self, RequestError> {
        let fields: Self = serde_json::from_slice(body).map_err(|e| match e.classify() {
            serde_json::error::Category::Data => RequestError::NotAnObject,
            _ => RequestError::NotJson { line: e.line(), column: e.column(), source: e },
        })?;
        for &field in governed {
            let same = |name: &str| name.eq_ignore_ascii_case(field);
            if let Some((written, _)) = fields.members.iter().find(|(n, _)| same(n) && n != field) {
                return Err(RequestError::Miswritten { field, written: written.clone().into_owned() });
            }
            if fields.members.iter().filter(|(n, _)| n == field).count() > 1 {
                return Err(RequestError::Duplicate { field });
            }
        }
        Ok(fields)
    }

    /// The members, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'a RawValue)> + '_ {
        self.members.iter().map(|(name, value)| (name.as_ref(), *value))
    }

    /// The value of a member that is there and not null.
    pub(crate) fn get(&self, field: &str) -> Option<&'a RawValue> {
        self.raw(field).filter(|v| v.get() != "null")
    }

    /// The value of a member, null or not.
    pub(crate) fn raw(&self, field: &str) -> Option<&'a RawValue> {
        self.members.iter().find(|(name, _)| name == field).map(|(_, value)| *value)
    }

    /// Whether the object has no member.
    pub(crate) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(crate) fn text(&self, field: &'static str) -> Result<Option<Cow<'a, str>>, RequestError> {
        self.parsed::<Text<'a>>(field, "a text").map(|t| t.map(|t| t.0))
    }

    pub(crate) fn flag(&self, field: &'static str) -> Result<bool, RequestError> {
        self.parsed(field, "true or false").map(|v| v.unwrap_or(false))
    }

    /// A whole number; absent and null are `None`.
    pub(crate) fn number(
        &self,
        field: &'static str,
        min: u64,
        max: u64,
    ) -> Result<Option<u64>, RequestError> {
        let Some(raw) = self.get(field) else { return Ok(None) };
        let digits = raw.get().strip_prefix('-').unwrap_or(raw.get());
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(RequestError::WrongType { field, expected: "a whole number" });
        }
        match raw.get().parse::<u64>() {
            Ok(n) if (min..=max).contains(&n) => Ok(Some(n)),
            _ => Err(RequestError::OutOfRange { field, min, max }),
        }
    }

    fn parsed<T: Deserialize<'a>>(
        &self,
        field: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, RequestError> {
        let Some(raw) = self.get(field) else { return Ok(None) };
        serde_json::from_str(raw.get()).map(Some).map_err(|_| RequestError::WrongType { field, expected })
    }
}

/// A text, borrowed where nothing in it is escaped.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// Where `part` stands in `whole`, which it was cut from.
pub(crate) fn place_of(part: &str, whole: &[u8]) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    let range = start..start.checked_add(part.len())?;
    (range.end <= whole.len()).then_some(range)
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Fields<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key::<Text<'de>>()? {
                    members.push((name.0, map.next_value()?));
                }
                Ok(Fields { members })
            }
        }
        d.deserialize_map(Members)
    }
}
