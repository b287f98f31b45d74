//! The names providers give their counts.

use super::reading::{Contradiction, MAX_TOKENS};
use serde_json::{Map, Value};

/// The counts of a usage object, by what they mean.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) prompt: Option<u64>,
    pub(super) completion: u64,
    pub(super) total: Option<u64>,
    /// `prompt_cache_hit_tokens + prompt_cache_miss_tokens`, where DeepSeek gives both.
    pub(super) hit_and_miss: Option<u64>,
    pub(super) details: Details,
    /// The first count that is none.
    pub(super) fault: Option<Contradiction>,
}

/// The parts of prompt and completion.
#[derive(Debug, Default)]
pub(super) struct Details {
    pub(super) cached: u64,
    pub(super) cached_audio: u64,
    pub(super) cache_write: u64,
    pub(super) audio_in: u64,
    pub(super) image_in: u64,
    pub(super) reasoning: u64,
    pub(super) audio_out: u64,
    pub(super) image_out: u64,
}

impl Counts {
    pub(super) fn of(usage: &Map<String, Value>) -> Self {
        let mut fault = None;
        let counts = Self::read(usage, &mut fault);
        Self { fault, ..counts }
    }

    fn read(usage: &Map<String, Value>, fault: &mut Option<Contradiction>) -> Self {
        let mut top = Object { members: Some(usage), fault };
        let hit = top.count(&["prompt_cache_hit_tokens"]);
        let miss = top.count(&["prompt_cache_miss_tokens"]);
        let mut counts = Self {
            prompt: top.count(&["prompt_tokens", "input_tokens"]),
            completion: top.count(&["completion_tokens", "output_tokens"]).unwrap_or(0),
            total: top.count(&["total_tokens"]),
            hit_and_miss: hit.zip(miss).map(|(h, m)| h + m),
            ..Self::default()
        };
        let top_cached = top.count(&["cached_tokens"]);
        let top_reasoning = top.count(&["reasoning_tokens"]);
        let mut prompt = top.inner(&["prompt_tokens_details", "input_tokens_details", "input_token_details"]);
        let cached = prompt.count(&["cached_tokens"]);
        let names = ["cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens"];
        counts.details.cache_write = prompt.count(&names).unwrap_or(0);
        counts.details.audio_in = prompt.count(&["audio_tokens"]).unwrap_or(0);
        counts.details.image_in = prompt.count(&["image_tokens"]).unwrap_or(0);
        let mut of_cached = prompt.inner(&["cached_tokens_details"]);
        counts.details.cached_audio = of_cached.count(&["audio_tokens"]).unwrap_or(0);
        // A provider that names the same thing twice gives the same number, or we take the smaller discount.
        counts.details.cached =
            [cached, hit, top_cached].into_iter().flatten().filter(|n| *n > 0).min().unwrap_or(0);
        let mut completion =
            top.inner(&["completion_tokens_details", "output_tokens_details", "output_token_details"]);
        counts.details.reasoning = completion.count(&["reasoning_tokens"]).or(top_reasoning).unwrap_or(0);
        counts.details.audio_out = completion.count(&["audio_tokens"]).unwrap_or(0);
        counts.details.image_out = completion.count(&["image_tokens"]).unwrap_or(0);
        counts
    }
}

/// An object of counts that may not be there.
struct Object<'a, 'f> {
    members: Option<&'a Map<String, Value>>,
    fault: &'f mut Option<Contradiction>,
}

impl<'a> Object<'a, '_> {
    /// The count under the first of these names that is there. A fault is noted, and the count left out.
    fn count(&mut self, names: &[&'static str]) -> Option<u64> {
        let (name, value) = names.iter().find_map(|n| Some((*n, self.members?.get(*n)?)))?;
        let fault = match value {
            Value::Null => return None,
            value => match value.as_u64() {
                Some(n) if n <= MAX_TOKENS => return Some(n),
                Some(_) => Contradiction::TooLarge(name),
                None => match value.as_f64() {
                    // Some JSON writers print whole numbers as 12.0.
                    Some(f) if f >= 0.0 && f.fract() == 0.0 && f <= MAX_TOKENS as f64 => {
                        return Some(f as u64);
                    }
                    Some(f) if f > MAX_TOKENS as f64 => Contradiction::TooLarge(name),
                    _ => Contradiction::NotACount(name),
                },
            },
        };
        self.fault.get_or_insert(fault);
        matches!(fault, Contradiction::TooLarge(_)).then_some(MAX_TOKENS)
    }

    fn inner<'s>(&'s mut self, names: &[&str]) -> Object<'a, 's> {
        let members = names.iter().find_map(|n| self.members?.get(*n)?.as_object());
        Object { members, fault: self.fault }
    }
}
