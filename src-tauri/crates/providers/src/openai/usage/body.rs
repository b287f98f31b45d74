//! Finding the usage object in an answer or in an event of a stream.

use super::reading::{Reading, read};
use crate::openai::fields::Text;
use serde::Deserialize;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// What an answer says about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// What it used.
    pub usage: Reading,
    /// The model that answered, as the provider spells it.
    pub model: Option<String>,
    /// The tier it was served at, where it is not the standard one: `flex`, `priority` …
    pub service_tier: Option<String>,
    /// Whether it is an error instead of an answer.
    pub is_error: bool,
}

/// Reads a whole answer of `/chat/completions` or `/embeddings`. What is not JSON says nothing: [`Reading::Missing`].
#[must_use]
pub fn read_answer(body: &[u8]) -> Answer {
    serde_json::from_slice::<Members<'_>>(body).unwrap_or_default().into_answer()
}

pub(in crate::openai) fn read_members(data: &[u8]) -> Option<Members<'_>> {
    serde_json::from_slice(data).ok()
}

/// The members of an answer or chunk that matter.
#[derive(Deserialize, Default)]
pub(in crate::openai) struct Members<'a> {
    #[serde(default, borrow, deserialize_with = "lenient_text")]
    model: Option<Text<'a>>,
    #[serde(default, borrow, deserialize_with = "lenient_text")]
    service_tier: Option<Text<'a>>,
    #[serde(default)]
    usage: Value,
    #[serde(default)]
    x_groq: Value,
    #[serde(default)]
    error: Value,
    choices: Option<Choices>,
}

impl Members<'_> {
    /// Whether this is a chunk that carries usage and nothing else.
    pub(in crate::openai) fn is_usage_only(&self) -> bool {
        self.choices.as_ref().is_some_and(|c| c.count == 0) && !self.usage.is_null() && self.error.is_null()
    }

    /// Whether this is a chunk of an answer that goes on: what it says of usage is a count so far, or no count at all.
    pub(in crate::openai) fn goes_on(&self) -> bool {
        self.choices.as_ref().is_some_and(|c| c.count > 0 && !c.finished)
    }

    pub(in crate::openai) fn into_answer(self) -> Answer {
        let groq = self.x_groq.get("usage");
        let usage = match (&self.usage, groq) {
            (Value::Null, Some(groq)) => read(groq),
            (own, _) => read(own),
        };
        let tier = self.service_tier.map(|t| t.0.into_owned());
        Answer {
            usage,
            model: self.model.map(|m| m.0.into_owned()),
            service_tier: tier.filter(|t| matches!(t.as_str(), "flex" | "priority" | "batch")),
            is_error: !self.error.is_null(),
        }
    }
}

/// The choices of an answer or chunk.
#[derive(Default)]
struct Choices {
    count: usize,
    /// Whether one of them says why it ended.
    finished: bool,
}

#[derive(Deserialize)]
struct Choice {
    finish_reason: Option<IgnoredAny>,
}

impl<'de> Deserialize<'de> for Choices {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> Visitor<'de> for Seen {
            type Value = Choices;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Choices, A::Error> {
                let mut seen = Choices::default();
                while let Some(choice) = seq.next_element::<Choice>()? {
                    seen.count += 1;
                    seen.finished |= choice.finish_reason.is_some();
                }
                Ok(seen)
            }
        }
        d.deserialize_seq(Seen)
    }
}

/// A text, or nothing where it is something else: an answer is not refused for an odd `model`.
fn lenient_text<'de, D: serde::Deserializer<'de>>(d: D) -> Result<Option<Text<'de>>, D::Error> {
    struct Lenient;
    impl<'de> Visitor<'de> for Lenient {
        type Value = Option<Text<'de>>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("anything")
        }
        fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
            Ok(Some(Text(text.into())))
        }
        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Some(Text(text.to_owned().into())))
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
            IgnoredAny.visit_seq(seq).map(|_| None)
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            IgnoredAny.visit_map(map).map(|_| None)
        }
    }
    d.deserialize_any(Lenient)
}
