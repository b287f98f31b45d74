//! What a call used, as Google says, in buckets that do not overlap.
//!
//! `promptTokenCount` includes what a cache served; thoughts, and what tools of the provider's brought in, stand beside
//! prompt and candidates. The total is the sum of the four. Sound and pictures have prices of their own and are told apart
//! by the details of each count.

mod counts;

use crate::openai::usage::{Answer, Contradiction, Reading};
use counts::{Counts, Kinds};
use reeve_core::usage::{Unit, Usage};
use serde::Deserialize;
use serde_json::Value;

/// Reads a whole answer. What is not JSON says nothing: [`Reading::Missing`].
#[must_use]
pub fn read_answer(body: &[u8]) -> Answer {
    serde_json::from_slice::<Said>(body).unwrap_or_default().answer()
}

/// An answer, or an event of a stream.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Said {
    #[serde(default)]
    usage_metadata: Value,
    #[serde(default)]
    model_version: Value,
    #[serde(default)]
    error: Value,
    #[serde(default)]
    pub(super) candidates: Vec<Candidate>,
    #[serde(default)]
    pub(super) prompt_feedback: Value,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub(super) struct Candidate {
    #[serde(default)]
    pub(super) finish_reason: Value,
    #[serde(default)]
    grounding_metadata: Value,
}

impl Said {
    pub(super) fn answer(&self) -> Answer {
        Answer {
            usage: with_searches(read(&self.usage_metadata), self.searches()),
            model: self.model_version.as_str().map(str::to_owned),
            service_tier: self.tier(),
            is_error: !self.error.is_null(),
        }
    }

    /// The tier it was served at, where the answer says so.
    fn tier(&self) -> Option<String> {
        let said = self.usage_metadata.get("serviceTier")?.as_str()?.to_ascii_lowercase();
        Some(said).filter(|t| matches!(t.as_str(), "flex" | "priority" | "batch"))
    }

    /// How often the provider searched for this answer; at least once where it leans on sources.
    pub(super) fn searches(&self) -> u64 {
        let of = |candidate: &Candidate| match candidate.grounding_metadata.get("webSearchQueries") {
            Some(Value::Array(queries)) => queries.len() as u64,
            _ => u64::from(candidate.grounding_metadata.is_object()),
        };
        self.candidates.iter().map(of).sum()
    }
}

/// The same with searches of the web added, unless nothing is known.
pub(super) fn with_searches(mut reading: Reading, searches: u64) -> Reading {
    if let Reading::Usage(usage) | Reading::Contradictory { best: usage, .. } = &mut reading {
        usage.add(Unit::WebSearch, searches);
    }
    reading
}

/// Reads a `usageMetadata` object. Null is [`Reading::Missing`].
#[must_use]
pub fn read(usage: &Value) -> Reading {
    let object = match usage {
        Value::Null => return Reading::Missing,
        Value::Object(object) => object,
        _ => return Reading::Contradictory { what: Contradiction::NotAnObject, best: Usage::new() },
    };
    let mut counts = Counts::of(object);
    let mut what = counts.fault.or_else(|| counts.prompt.is_none().then_some(Contradiction::NoPrompt));
    let mut note = |found: Option<Contradiction>| what = what.or(found);
    note(settle_total(&mut counts));
    let prompt = counts.prompt.unwrap_or(0);
    if prompt + counts.tool_prompt + counts.candidates + counts.thoughts == 0 {
        note(Some(Contradiction::Nothing));
    }
    let mut used = Usage::new();
    note((counts.cached > prompt).then_some(Contradiction::PromptParts));
    let cached = counts.cached.min(prompt);
    let cached_audio = counts.cached_kinds.audio.min(cached);
    used.add(Unit::CacheReadAudio, cached_audio);
    used.add(Unit::CacheRead, cached - cached_audio);
    let fresh = counts.kinds.less(counts.cached_kinds);
    note(split_input(prompt - cached, fresh, &mut used));
    note(split_input(counts.tool_prompt, counts.tool_kinds, &mut used));
    used.add(Unit::Reasoning, counts.thoughts);
    let made = counts.made_kinds;
    note((made.audio + made.image > counts.candidates).then_some(Contradiction::CompletionParts));
    let audio = made.audio.min(counts.candidates);
    let image = made.image.min(counts.candidates - audio);
    used.add(Unit::AudioOutput, audio);
    used.add(Unit::ImageOutput, image);
    used.add(Unit::Output, counts.candidates - audio - image);
    match what {
        None => Reading::Usage(used),
        Some(what) => Reading::Contradictory { what, best: used },
    }
}

/// Compares the total with its parts, and makes the parts the larger of the two.
fn settle_total(counts: &mut Counts) -> Option<Contradiction> {
    let total = counts.total?;
    let sum = counts.prompt.unwrap_or(0) + counts.tool_prompt + counts.candidates + counts.thoughts;
    if total == sum {
        return None;
    }
    let missing = total.saturating_sub(sum);
    if counts.prompt.is_none() {
        counts.prompt = Some(missing);
    } else {
        // Tokens nobody names are charged as the dearest kind.
        counts.thoughts += missing;
    }
    Some(Contradiction::Total)
}

/// Puts `tokens` into the input buckets by kind; a fault where the kinds are more than that.
fn split_input(tokens: u64, kinds: Kinds, used: &mut Usage) -> Option<Contradiction> {
    let audio = kinds.audio.min(tokens);
    let image = kinds.image.min(tokens - audio);
    used.add(Unit::AudioInput, audio);
    used.add(Unit::ImageInput, image);
    used.add(Unit::Input, tokens - audio - image);
    (kinds.audio + kinds.image > tokens).then_some(Contradiction::PromptParts)
}
