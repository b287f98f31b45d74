//! What a call used: disjoint buckets, so that their sum is the provider's total and nothing is counted twice.

use serde::{Deserialize, Serialize};

/// What is counted. Token units are disjoint: `Input` excludes what a cache served or stored, `Output` excludes reasoning
/// only where the provider prices it apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Prompt tokens, neither read from nor written to a cache.
    Input,
    /// Prompt tokens served from a cache.
    CacheRead,
    /// Audio tokens served from a cache.
    CacheReadAudio,
    /// Prompt tokens written to a cache for about five minutes.
    CacheWrite,
    /// Prompt tokens written to a cache for an hour.
    #[serde(rename = "cache_write_1h")]
    CacheWrite1h,
    /// Generated tokens.
    Output,
    /// Generated tokens the caller does not see.
    Reasoning,
    /// Audio tokens in.
    AudioInput,
    /// Audio tokens out.
    AudioOutput,
    /// Image tokens in.
    ImageInput,
    /// Image tokens out.
    ImageOutput,
    /// Pictures made.
    Image,
    /// Pictures read.
    ImageRead,
    /// Pixels of the pictures asked for.
    PixelIn,
    /// Calls.
    Request,
    /// Searches of the web that the provider makes for the model.
    WebSearch,
    /// Seconds of sound read, or of machine time.
    SecondIn,
    /// Seconds of sound made.
    SecondOut,
    /// Characters of text read.
    CharacterIn,
    /// Characters of text made.
    CharacterOut,
}

impl Unit {
    /// Every unit, in the order of display.
    pub const ALL: [Self; 20] = [
        Self::Input,
        Self::CacheRead,
        Self::CacheReadAudio,
        Self::CacheWrite,
        Self::CacheWrite1h,
        Self::Output,
        Self::Reasoning,
        Self::AudioInput,
        Self::AudioOutput,
        Self::ImageInput,
        Self::ImageOutput,
        Self::Image,
        Self::ImageRead,
        Self::PixelIn,
        Self::Request,
        Self::WebSearch,
        Self::SecondIn,
        Self::SecondOut,
        Self::CharacterIn,
        Self::CharacterOut,
    ];

    /// The kinds of token that go in.
    pub const INPUT_TOKENS: [Self; 7] = [
        Self::Input,
        Self::CacheRead,
        Self::CacheReadAudio,
        Self::CacheWrite,
        Self::CacheWrite1h,
        Self::AudioInput,
        Self::ImageInput,
    ];

    /// The kinds of token that come out.
    pub const OUTPUT_TOKENS: [Self; 4] =
        [Self::Output, Self::Reasoning, Self::AudioOutput, Self::ImageOutput];

    /// The word in the store and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::CacheRead => "cache_read",
            Self::CacheReadAudio => "cache_read_audio",
            Self::CacheWrite => "cache_write",
            Self::CacheWrite1h => "cache_write_1h",
            Self::Output => "output",
            Self::Reasoning => "reasoning",
            Self::AudioInput => "audio_input",
            Self::AudioOutput => "audio_output",
            Self::ImageInput => "image_input",
            Self::ImageOutput => "image_output",
            Self::Image => "image",
            Self::ImageRead => "image_read",
            Self::PixelIn => "pixel_in",
            Self::Request => "request",
            Self::WebSearch => "web_search",
            Self::SecondIn => "second_in",
            Self::SecondOut => "second_out",
            Self::CharacterIn => "character_in",
            Self::CharacterOut => "character_out",
        }
    }

    /// Whether it is a kind of token: such rates are told for a million.
    #[must_use]
    pub fn is_token(self) -> bool {
        Self::INPUT_TOKENS.contains(&self) || Self::OUTPUT_TOKENS.contains(&self)
    }

    /// The unit of a word, if it is one.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|u| u.as_str() == word)
    }
}

/// A set of units.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Units(u32);

impl Units {
    /// Every unit.
    pub const ALL: Self = Self(u32::MAX);

    /// These units.
    #[must_use]
    pub fn of(units: &[Unit]) -> Self {
        units.iter().fold(Self(0), |all, unit| all.with(*unit))
    }

    /// The same with `unit`.
    #[must_use]
    pub const fn with(self, unit: Unit) -> Self {
        Self(self.0 | 1 << unit as u32)
    }

    /// The same without `unit`.
    #[must_use]
    pub const fn without(self, unit: Unit) -> Self {
        Self(self.0 & !(1 << unit as u32))
    }

    /// Whether `unit` is one of them.
    #[must_use]
    pub const fn contains(self, unit: Unit) -> bool {
        self.0 & 1 << unit as u32 != 0
    }
}

/// Quantities by unit; what is absent is zero.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Usage {
    buckets: Vec<(Unit, u64)>,
}

impl Usage {
    /// Nothing used.
    #[must_use]
    pub const fn new() -> Self {
        Self { buckets: Vec::new() }
    }

    /// Prompt and generated tokens alone.
    #[must_use]
    pub fn tokens(input: u64, output: u64) -> Self {
        Self::new().with(Unit::Input, input).with(Unit::Output, output)
    }

    /// The same with `quantity` of `unit` added.
    #[must_use]
    pub fn with(mut self, unit: Unit, quantity: u64) -> Self {
        self.add(unit, quantity);
        self
    }

    /// Adds `quantity` of `unit`; saturates.
    pub fn add(&mut self, unit: Unit, quantity: u64) {
        if quantity == 0 {
            return;
        }
        match self.buckets.binary_search_by_key(&unit, |(u, _)| *u) {
            Ok(i) => self.buckets[i].1 = self.buckets[i].1.saturating_add(quantity),
            Err(i) => self.buckets.insert(i, (unit, quantity)),
        }
    }

    /// How much of `unit`.
    #[must_use]
    pub fn get(&self, unit: Unit) -> u64 {
        self.buckets.iter().find(|(u, _)| *u == unit).map_or(0, |(_, q)| *q)
    }

    /// The non-zero buckets, in the order of [`Unit::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Unit, u64)> + '_ {
        self.buckets.iter().copied()
    }

    /// All tokens that went in.
    #[must_use]
    pub fn input_tokens(&self) -> u64 {
        Unit::INPUT_TOKENS.into_iter().fold(0, |sum, u| sum.saturating_add(self.get(u)))
    }

    /// All tokens that came out.
    #[must_use]
    pub fn output_tokens(&self) -> u64 {
        Unit::OUTPUT_TOKENS.into_iter().fold(0, |sum, u| sum.saturating_add(self.get(u)))
    }

    /// Whether nothing was used.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }
}

impl Serialize for Usage {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_map(self.buckets.iter().map(|(u, q)| (u.as_str(), q)))
    }
}

impl<'de> Deserialize<'de> for Usage {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let map = std::collections::BTreeMap::<Unit, u64>::deserialize(d)?;
        Ok(map.into_iter().fold(Self::new(), |usage, (unit, quantity)| usage.with(unit, quantity)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_add_up_and_round_trip() {
        let usage =
            Usage::tokens(100, 20).with(Unit::CacheRead, 30).with(Unit::Reasoning, 5).with(Unit::Input, 1);
        assert_eq!((usage.input_tokens(), usage.output_tokens()), (131, 25));
        let json = serde_json::to_string(&usage).unwrap();
        assert_eq!(json, r#"{"input":101,"cache_read":30,"output":20,"reasoning":5}"#);
        assert_eq!(serde_json::from_str::<Usage>(&json).unwrap(), usage);
    }

    #[test]
    fn words_name_one_unit_each() {
        for unit in Unit::ALL {
            assert_eq!(Unit::parse(unit.as_str()), Some(unit));
            assert_eq!(serde_json::to_value(unit).unwrap(), unit.as_str());
        }
    }
}
