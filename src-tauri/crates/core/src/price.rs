//! Prices and what a call costs: `Priced` or `Unpriced(reason)`, never zero by default.

use crate::money::{NanoUsd, PicoUsd};
use crate::time::Millis;
use crate::usage::{Unit, Usage};
use serde::{Deserialize, Serialize};

/// One rate of a price.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rate {
    /// What is counted.
    pub unit: Unit,
    /// Pico-USD (1e-12 USD) per unit.
    pub pico_usd: PicoUsd,
    /// Service tier it holds for (`batch`, `flex`, `priority` …); the standard one where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<String>,
    /// Holds only for calls with more input tokens than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above_input_tokens: Option<u64>,
}

/// What a model costs from a moment on, and who says so.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Price {
    /// Provider's catalogue name, such as `openai`.
    pub provider: String,
    /// Model as the provider spells it.
    pub model: String,
    /// What the model does: `chat`, `embedding` …
    pub mode: String,
    /// Its rates.
    pub rates: Vec<Rate>,
    /// Where the rates were read.
    pub source: String,
    /// Version of the list they came with.
    pub version: String,
    /// From when they hold.
    pub effective_from: Millis,
    /// Whether a second source gives the same; `None` where only one lists the model.
    pub agree: Option<bool>,
    /// The most tokens the model reads.
    pub max_input_tokens: Option<u64>,
    /// The most tokens the model writes in one call.
    pub max_output_tokens: Option<u64>,
}

/// One line of a cost: quantity x rate.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CostLine {
    /// What was counted.
    pub unit: Unit,
    /// How much of it.
    pub quantity: u64,
    /// Pico-USD per unit.
    pub pico_usd: PicoUsd,
}

/// A computed cost.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cost {
    /// The sum, rounded half up to a nano-USD once.
    pub total: NanoUsd,
    /// What it is made of.
    pub lines: Vec<CostLine>,
}

/// Why a call has no price.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnpricedReason {
    /// No list names the model of this provider.
    UnknownModel,
    /// The price has no rate for something the call used.
    MissingRate,
    /// The provider did not say what the call used.
    MissingUsage,
}

impl UnpricedReason {
    /// The word in the store and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownModel => "unknown_model",
            Self::MissingRate => "missing_rate",
            Self::MissingUsage => "missing_usage",
        }
    }
}

impl Price {
    /// A price of two rates that stands in where a workspace lets unpriced models through, at a ceiling.
    #[must_use]
    pub fn ceiling(provider: &str, model: &str, input: PicoUsd, output: PicoUsd, since: Millis) -> Self {
        let dearest = input.max(output);
        let rate = |unit, pico_usd| Rate { unit, pico_usd, tier: None, above_input_tokens: None };
        let rates = Unit::ALL
            .into_iter()
            .map(|unit| match unit {
                Unit::Input | Unit::CacheRead | Unit::CacheWrite | Unit::CacheWrite1h => rate(unit, input),
                Unit::Output | Unit::Reasoning => rate(unit, output),
                // A call as such is free: the ceiling is per token.
                Unit::Request => rate(unit, 0),
                _ => rate(unit, dearest),
            })
            .collect();
        Self {
            provider: provider.to_owned(),
            model: model.to_owned(),
            mode: "chat".to_owned(),
            rates,
            source: "workspace ceiling".to_owned(),
            version: "ceiling".to_owned(),
            effective_from: since,
            agree: None,
            max_input_tokens: None,
            max_output_tokens: None,
        }
    }

    /// The rate for `unit` on `tier` at `input_tokens`: the longest-context rate that applies, of the tier if it has one,
    /// else of the standard tier. Reasoning falls back to output, and the kinds of input to input, as providers bill them.
    #[must_use]
    pub fn rate(&self, unit: Unit, tier: Option<&str>, input_tokens: u64) -> Option<PicoUsd> {
        let of_tier = |unit: Unit, tier: Option<&str>| {
            self.rates
                .iter()
                .filter(|r| r.unit == unit && r.tier.as_deref() == tier)
                .filter(|r| r.above_input_tokens.is_none_or(|above| input_tokens > above))
                .max_by_key(|r| r.above_input_tokens.unwrap_or(0))
                .map(|r| r.pico_usd)
        };
        let of_unit = |unit| tier.and_then(|t| of_tier(unit, Some(t))).or_else(|| of_tier(unit, None));
        of_unit(unit).or_else(|| fallback(unit).and_then(of_unit))
    }

    /// What `usage` costs.
    ///
    /// # Errors
    /// [`UnpricedReason::MissingRate`] where something used has no rate.
    pub fn cost(&self, usage: &Usage, tier: Option<&str>) -> Result<Cost, UnpricedReason> {
        let input_tokens = usage.input_tokens();
        let mut pico: u128 = 0;
        let mut lines = Vec::new();
        for (unit, quantity) in usage.iter() {
            let Some(rate) = self.rate(unit, tier, input_tokens) else {
                // Most prices say nothing of calls as such: a call is then free beside its tokens.
                if unit == Unit::Request && !lines.is_empty() {
                    continue;
                }
                return Err(UnpricedReason::MissingRate);
            };
            pico = pico.saturating_add(u128::from(quantity) * u128::from(rate));
            lines.push(CostLine { unit, quantity, pico_usd: rate });
        }
        Ok(Cost { total: NanoUsd::from_pico(pico), lines })
    }

    /// The most a call may cost: every input token at the dearest input rate, every output token at the dearest output
    /// rate, over all tiers and context lengths the price knows.
    ///
    /// # Errors
    /// [`UnpricedReason::MissingRate`] where the price lacks a rate for input or output.
    pub fn worst_case(&self, input_tokens: u64, output_tokens: u64) -> Result<NanoUsd, UnpricedReason> {
        use Unit::{
            AudioInput, AudioOutput, CacheRead, CacheWrite, CacheWrite1h, ImageInput, ImageOutput, Input,
            Output, Reasoning,
        };
        let dearest =
            |units: &[Unit]| self.rates.iter().filter(|r| units.contains(&r.unit)).map(|r| r.pico_usd).max();
        let input = dearest(&[Input, CacheRead, CacheWrite, CacheWrite1h, AudioInput, ImageInput]);
        let output = dearest(&[Output, Reasoning, AudioOutput, ImageOutput]);
        let part = |tokens: u64, rate: Option<PicoUsd>| match (tokens, rate) {
            (0, _) => Ok(0),
            (_, None) => Err(UnpricedReason::MissingRate),
            (n, Some(rate)) => Ok(u128::from(n) * u128::from(rate)),
        };
        Ok(NanoUsd::from_pico(part(input_tokens, input)?.saturating_add(part(output_tokens, output)?)))
    }
}

fn fallback(unit: Unit) -> Option<Unit> {
    match unit {
        Unit::Reasoning | Unit::AudioOutput | Unit::ImageOutput => Some(Unit::Output),
        Unit::CacheRead | Unit::CacheWrite | Unit::CacheWrite1h | Unit::AudioInput | Unit::ImageInput => {
            Some(Unit::Input)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn gpt_4o() -> Price {
        let rate = |unit, pico_usd, tier: Option<&str>| Rate {
            unit,
            pico_usd,
            tier: tier.map(str::to_owned),
            above_input_tokens: None,
        };
        Price {
            rates: vec![
                rate(Unit::Input, 2_500_000, None),
                rate(Unit::Input, 1_250_000, Some("batch")),
                rate(Unit::CacheRead, 1_250_000, None),
                rate(Unit::Output, 10_000_000, None),
                Rate {
                    unit: Unit::Input,
                    pico_usd: 5_000_000,
                    tier: None,
                    above_input_tokens: Some(100_000),
                },
            ],
            ..Price::ceiling("openai", "gpt-4o", 0, 0, Millis(0))
        }
    }

    #[test]
    fn a_call_costs_quantity_times_rate() {
        let cost = gpt_4o().cost(&Usage::tokens(374, 44), None).unwrap();
        assert_eq!(cost.total.to_string(), "0.001375");
        assert_eq!(cost.lines.len(), 2);
    }

    #[test]
    fn tiers_and_long_contexts_have_their_rates() {
        let price = gpt_4o();
        assert_eq!(price.rate(Unit::Input, Some("batch"), 10), Some(1_250_000));
        assert_eq!(price.rate(Unit::Input, None, 100_001), Some(5_000_000));
        assert_eq!(
            price.rate(Unit::Output, Some("batch"), 10),
            Some(10_000_000),
            "no batch output rate: the standard one"
        );
        assert_eq!(price.rate(Unit::Reasoning, None, 10), Some(10_000_000), "reasoning is billed as output");
    }

    #[test]
    fn what_has_no_rate_is_unpriced_never_free() {
        let usage = Usage::tokens(1, 1).with(Unit::Second, 3);
        assert_eq!(gpt_4o().cost(&usage, None), Err(UnpricedReason::MissingRate));
    }

    proptest! {
        #[test]
        fn no_mix_of_tokens_costs_more_than_the_worst_case(
            parts in prop::collection::vec((0usize..6, 0u64..200_000), 0..6), batch in any::<bool>(),
        ) {
            let units = [Unit::Input, Unit::CacheRead, Unit::CacheWrite, Unit::Output, Unit::Reasoning, Unit::CacheWrite1h];
            let usage = parts.iter().fold(Usage::new(), |u, (i, q)| u.with(units[*i], *q));
            let price = gpt_4o();
            let worst = price.worst_case(usage.input_tokens(), usage.output_tokens()).unwrap();
            let cost = price.cost(&usage, batch.then_some("batch")).unwrap();
            prop_assert!(cost.total <= worst);
        }
    }
}
