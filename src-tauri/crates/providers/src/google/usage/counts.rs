//! The counts of a `usageMetadata` object.

use crate::openai::usage::{Contradiction, MAX_TOKENS};
use serde_json::{Map, Value};

/// The counts, by what they mean.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// The prompt, with what a cache served.
    pub(super) prompt: Option<u64>,
    pub(super) cached: u64,
    pub(super) tool_prompt: u64,
    pub(super) candidates: u64,
    pub(super) thoughts: u64,
    pub(super) total: Option<u64>,
    pub(super) kinds: Kinds,
    pub(super) cached_kinds: Kinds,
    pub(super) tool_kinds: Kinds,
    pub(super) made_kinds: Kinds,
    /// The first count that is none.
    pub(super) fault: Option<Contradiction>,
}

/// Tokens of the kinds that have prices of their own.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Kinds {
    pub(super) audio: u64,
    pub(super) image: u64,
}

impl Kinds {
    /// What is left without `other`.
    pub(super) fn less(self, other: Self) -> Self {
        Self { audio: self.audio.saturating_sub(other.audio), image: self.image.saturating_sub(other.image) }
    }
}

impl Counts {
    pub(super) fn of(usage: &Map<String, Value>) -> Self {
        let mut fault = None;
        let mut count = |name: &'static str| number(usage.get(name)?, name, &mut fault);
        let mut counts = Self {
            prompt: count("promptTokenCount"),
            cached: count("cachedContentTokenCount").unwrap_or(0),
            tool_prompt: count("toolUsePromptTokenCount").unwrap_or(0),
            candidates: count("candidatesTokenCount").unwrap_or(0),
            thoughts: count("thoughtsTokenCount").unwrap_or(0),
            total: count("totalTokenCount"),
            ..Self::default()
        };
        let mut kinds = |name: &'static str| kinds(usage.get(name), name, &mut fault);
        counts.kinds = kinds("promptTokensDetails");
        counts.cached_kinds = kinds("cacheTokensDetails");
        counts.tool_kinds = kinds("toolUsePromptTokensDetails");
        counts.made_kinds = kinds("candidatesTokensDetails");
        Self { fault, ..counts }
    }
}

/// A count; `None`, and a fault, where it is none.
fn number(value: &Value, name: &'static str, fault: &mut Option<Contradiction>) -> Option<u64> {
    let found = match value {
        Value::Null => return None,
        value => match value.as_u64() {
            Some(n) if n <= MAX_TOKENS => return Some(n),
            Some(_) => Contradiction::TooLarge(name),
            None => Contradiction::NotACount(name),
        },
    };
    fault.get_or_insert(found);
    matches!(found, Contradiction::TooLarge(_)).then_some(MAX_TOKENS)
}

fn kinds(details: Option<&Value>, name: &'static str, fault: &mut Option<Contradiction>) -> Kinds {
    let mut kinds = Kinds::default();
    for detail in details.and_then(Value::as_array).into_iter().flatten() {
        let tokens = detail.get("tokenCount").and_then(|n| number(n, name, fault)).unwrap_or(0);
        match detail.get("modality").and_then(Value::as_str) {
            Some("AUDIO") => kinds.audio += tokens,
            // Film is priced as pictures are.
            Some("IMAGE" | "VIDEO") => kinds.image += tokens,
            _ => {}
        }
    }
    kinds
}
