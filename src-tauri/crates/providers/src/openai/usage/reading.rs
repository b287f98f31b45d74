//! From the provider's `usage` object to buckets.

use super::variants::{Counts, Details};
use reeve_core::usage::{Unit, Usage};
use serde_json::Value;

/// More tokens than any call uses; a larger number is a fault and is read as this.
pub const MAX_TOKENS: u64 = 1_000_000_000;

/// What an answer says about usage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Reading {
    /// It adds up.
    Usage(Usage),
    /// It says nothing.
    #[default]
    Missing,
    /// It says things that cannot all be true.
    Contradictory {
        /// Which.
        what: Contradiction,
        /// The most plausible usage; where two numbers differ, the larger.
        best: Usage,
    },
}

/// What cannot be true about a usage object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// `usage` is something else than an object.
    #[error("usage is not an object")]
    NotAnObject,
    /// A count is negative, a fraction, or no number.
    #[error("usage.{0} is not a count")]
    NotACount(&'static str),
    /// A count is beyond what a call can use.
    #[error("usage.{0} is absurdly large")]
    TooLarge(&'static str),
    /// No number of prompt tokens.
    #[error("usage has no prompt_tokens")]
    NoPrompt,
    /// Nothing was used, which no answered call manages.
    #[error("usage counts no tokens at all")]
    Nothing,
    /// The total is not the sum.
    #[error("usage.total_tokens is not prompt_tokens + completion_tokens")]
    Total,
    /// More cached, audio or image tokens than prompt tokens.
    #[error("the parts of the prompt are more than usage.prompt_tokens")]
    PromptParts,
    /// More reasoning, audio or image tokens than completion tokens.
    #[error("the parts of the completion are more than usage.completion_tokens")]
    CompletionParts,
    /// Cache hits and misses are not the prompt.
    #[error("cache hits and misses do not add up to usage.prompt_tokens")]
    CacheParts,
}

/// Reads a `usage` object. Null is [`Reading::Missing`].
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
    if counts.hit_and_miss.is_some_and(|sum| Some(sum) != counts.prompt) {
        note(Some(Contradiction::CacheParts));
    }
    let (prompt, completion) = (counts.prompt.unwrap_or(0), counts.completion);
    if prompt == 0 && completion == 0 {
        note(Some(Contradiction::Nothing));
    }
    let mut usage = Usage::new();
    note(split_prompt(prompt, &counts.details, &mut usage).then_some(Contradiction::PromptParts));
    note(split_completion(completion, &counts.details, &mut usage).then_some(Contradiction::CompletionParts));
    match what {
        None => Reading::Usage(usage),
        Some(what) => Reading::Contradictory { what, best: usage },
    }
}

/// Compares the total with its parts, and makes the parts the larger of the two.
fn settle_total(counts: &mut Counts) -> Option<Contradiction> {
    let reasoning = counts.details.reasoning;
    let total = counts.total;
    let sum = counts.prompt.unwrap_or(0) + counts.completion;
    match total {
        None if reasoning > counts.completion => {
            // Counted beside the completion, by the look of it.
            counts.completion += reasoning;
            Some(Contradiction::CompletionParts)
        }
        None => None,
        Some(total) if total == sum => None,
        Some(total) if reasoning > 0 && total == sum + reasoning => {
            // xAI counts reasoning beside the completion, not in it.
            counts.completion += reasoning;
            None
        }
        Some(total) => {
            let missing = total.saturating_sub(sum);
            if counts.prompt.is_none() {
                counts.prompt = Some(missing);
            } else {
                // Tokens nobody names: thinking, which some leave out of the completion.
                counts.completion += missing;
                counts.details.reasoning = reasoning.saturating_add(missing).min(counts.completion);
            }
            Some(Contradiction::Total)
        }
    }
}

/// Fills the input buckets with exactly `prompt` tokens; whether the parts were more than that. The dearer kinds are filled
/// first, so that what is cut off is the cheapest.
fn split_prompt(prompt: u64, details: &Details, usage: &mut Usage) -> bool {
    let cached_audio = details.cached_audio.min(details.cached);
    let mut left = Left(prompt);
    let parts = [
        (Unit::CacheWrite, details.cache_write),
        (Unit::AudioInput, details.audio_in.saturating_sub(cached_audio)),
        (Unit::ImageInput, details.image_in),
        (Unit::CacheReadAudio, cached_audio),
        (Unit::CacheRead, details.cached - cached_audio),
    ];
    let cut = parts.into_iter().fold(false, |cut, (unit, n)| left.fill(usage, unit, n) || cut);
    usage.add(Unit::Input, left.0);
    cut
}

/// The same for the output.
fn split_completion(completion: u64, details: &Details, usage: &mut Usage) -> bool {
    let mut left = Left(completion);
    let parts = [
        (Unit::AudioOutput, details.audio_out),
        (Unit::ImageOutput, details.image_out),
        (Unit::Reasoning, details.reasoning),
    ];
    let cut = parts.into_iter().fold(false, |cut, (unit, n)| left.fill(usage, unit, n) || cut);
    usage.add(Unit::Output, left.0);
    cut
}

/// What has not been put into a bucket yet.
struct Left(u64);

impl Left {
    /// Moves `n` to a bucket, or what there is; whether there was less.
    fn fill(&mut self, usage: &mut Usage, unit: Unit, n: u64) -> bool {
        let moved = n.min(self.0);
        usage.add(unit, moved);
        self.0 -= moved;
        moved < n
    }
}
