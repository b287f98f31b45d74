//! Prices and what a call costs: `Priced` or `Unpriced(reason)`, never zero by default.

mod check;
mod words;
mod worst_case;

pub use check::{Departure, departures};
pub use words::{per, rate_text, rates_text, read_rate};
pub use worst_case::{Bounds, RateTable, Tiers};

use crate::money::{NanoUsd, PicoUsd};
use crate::time::Millis;
use crate::usage::{Unit, Usage};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

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
    /// The day (its first moment, UTC) the provider withdraws the model, where it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated_on: Option<Millis>,
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

impl CostLine {
    /// Its rate, without how much of it was used.
    #[must_use]
    pub const fn rate(&self) -> Rate {
        Rate { unit: self.unit, pico_usd: self.pico_usd, tier: None, above_input_tokens: None }
    }
}

impl Rate {
    /// What `usage` has of its unit, at this rate.
    #[must_use]
    pub fn line(&self, usage: &Usage) -> CostLine {
        CostLine { unit: self.unit, quantity: usage.get(self.unit), pico_usd: self.pico_usd }
    }
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
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
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
            // A search costs as much as thousands of tokens; no rate per token stands in for it.
            .filter(|unit| *unit != Unit::WebSearch)
            .map(|unit| match unit {
                Unit::Input
                | Unit::CacheRead
                | Unit::CacheReadAudio
                | Unit::CacheWrite
                | Unit::CacheWrite1h => rate(unit, input),
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
            deprecated_on: None,
        }
    }

    /// The rate for `unit` on `tier` at `input_tokens`: the longest-context rate that applies, of the tier if it has one,
    /// else of the standard tier. Reasoning falls back to output, and the kinds of input to input, as providers bill them.
    ///
    /// Where a list is silent the dearer reading holds: a tier without the long-context rate the standard tier has, or
    /// a premium tier that names output but not reasoning, is not taken for a discount.
    #[must_use]
    pub fn rate(&self, unit: Unit, tier: Option<&str>, input_tokens: u64) -> Option<PicoUsd> {
        let wider = || wider(unit).and_then(|w| self.rate(w, tier, input_tokens));
        let standard = self.listed(unit, None, input_tokens);
        match tier.and_then(|t| self.listed(unit, Some(t), input_tokens)) {
            Some(of_tier) => Some(match standard {
                Some(standard) if standard.above > of_tier.above => standard.pico_usd.max(of_tier.pico_usd),
                _ => of_tier.pico_usd,
            }),
            None => match standard {
                None => wider(),
                Some(standard) if tier.is_some_and(|t| self.is_premium(unit, t, input_tokens)) => {
                    Some(wider().map_or(standard.pico_usd, |w| w.max(standard.pico_usd)))
                }
                Some(standard) => Some(standard.pico_usd),
            },
        }
    }

    /// The longest-context rate listed for exactly this unit and tier.
    fn listed(&self, unit: Unit, tier: Option<&str>, input_tokens: u64) -> Option<Listed> {
        self.rates
            .iter()
            .filter(|r| r.unit == unit && r.tier.as_deref() == tier)
            .map(|r| Listed { above: r.above_input_tokens, pico_usd: r.pico_usd })
            .filter(|r| r.above.is_none_or(|above| input_tokens > above))
            .max_by_key(|r| r.above)
    }

    /// Whether `tier` charges more than the standard one for what `unit` is a kind of.
    fn is_premium(&self, unit: Unit, tier: &str, input_tokens: u64) -> bool {
        wider(unit).is_some_and(|w| self.rate(w, Some(tier), input_tokens) > self.rate(w, None, input_tokens))
    }

    /// What `usage` costs.
    ///
    /// # Errors
    /// [`UnpricedReason::MissingRate`] where something used has no rate, or where all of it is listed at zero while the
    /// price charges for something else (a song, a call): the call was then not free, its charge is just not visible here.
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
        if pico == 0 && !lines.is_empty() && !self.is_free() {
            return Err(UnpricedReason::MissingRate);
        }
        Ok(Cost { total: NanoUsd::from_pico(pico), lines })
    }

    /// The most a call may cost. [`RateTable`] answers the same question many times over.
    ///
    /// # Errors
    /// As [`RateTable::worst_case`].
    pub fn worst_case(&self, bounds: &Bounds<'_>) -> Result<NanoUsd, UnpricedReason> {
        RateTable::of(self).worst_case(bounds)
    }

    /// What is charged for of a call that used `usage`: the call itself too, where the price says what one costs.
    #[must_use]
    pub fn charged<'u>(&self, usage: &'u Usage) -> Cow<'u, Usage> {
        let counts = !usage.is_empty() && usage.get(Unit::Request) == 0;
        if counts && self.rates.iter().any(|r| r.unit == Unit::Request && r.pico_usd > 0) {
            Cow::Owned(usage.clone().with(Unit::Request, 1))
        } else {
            Cow::Borrowed(usage)
        }
    }

    /// Whether the list says in so many words that everything is free.
    #[must_use]
    pub fn is_free(&self) -> bool {
        !self.rates.is_empty() && self.rates.iter().all(|r| r.pico_usd == 0)
    }
}

/// A rate of one unit and tier; ordered by how long a context it is for.
struct Listed {
    above: Option<u64>,
    pico_usd: PicoUsd,
}

/// What a unit is a kind of, and is billed as where it has no rate of its own.
fn wider(unit: Unit) -> Option<Unit> {
    match unit {
        Unit::Reasoning | Unit::AudioOutput | Unit::ImageOutput => Some(Unit::Output),
        Unit::CacheWrite1h => Some(Unit::CacheWrite),
        Unit::CacheReadAudio => Some(Unit::AudioInput),
        Unit::CacheRead | Unit::CacheWrite | Unit::AudioInput | Unit::ImageInput => Some(Unit::Input),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let usage = Usage::tokens(1, 1).with(Unit::SecondIn, 3);
        assert_eq!(gpt_4o().cost(&usage, None), Err(UnpricedReason::MissingRate));
    }

    #[test]
    fn a_tier_is_no_discount_where_its_list_is_silent() {
        let mut price = gpt_4o();
        assert_eq!(
            price.rate(Unit::Input, Some("batch"), 100_001),
            Some(5_000_000),
            "batch has no long-context rate: the standard one, not the short batch one"
        );
        let rate = |unit, pico_usd, tier: Option<&str>| Rate {
            unit,
            pico_usd,
            tier: tier.map(str::to_owned),
            above_input_tokens: None,
        };
        price.rates.extend([
            rate(Unit::Reasoning, 10_000_000, None),
            rate(Unit::Output, 17_000_000, Some("priority")),
            rate(Unit::Output, 5_000_000, Some("batch")),
            rate(Unit::CacheWrite, 6_000_000, None),
        ]);
        assert_eq!(price.rate(Unit::Reasoning, Some("priority"), 10), Some(17_000_000));
        assert_eq!(price.rate(Unit::Reasoning, Some("batch"), 10), Some(10_000_000));
        assert_eq!(price.rate(Unit::CacheWrite1h, None, 10), Some(6_000_000), "as a write, not as input");
    }

    #[test]
    fn zero_token_rates_beside_another_charge_are_unpriced() {
        let rate = |unit, pico_usd| Rate { unit, pico_usd, tier: None, above_input_tokens: None };
        let song = Price {
            rates: vec![rate(Unit::Input, 0), rate(Unit::Output, 0), rate(Unit::Image, 80_000_000_000)],
            ..gpt_4o()
        };
        assert_eq!(song.cost(&Usage::tokens(10, 10), None), Err(UnpricedReason::MissingRate));
        assert_eq!(song.worst_case(&Bounds::tokens(10, 10)), Err(UnpricedReason::MissingRate));
        let paid = song.cost(&Usage::tokens(10, 10).with(Unit::Image, 1), None).unwrap();
        assert_eq!(paid.total.to_string(), "0.08");
        let free = Price { rates: vec![rate(Unit::Input, 0), rate(Unit::Output, 0)], ..gpt_4o() };
        assert_eq!(free.worst_case(&Bounds::tokens(10, 10)), Ok(NanoUsd::ZERO));
    }

    #[test]
    fn a_call_is_charged_as_such_where_the_price_says_so() {
        let mut price = gpt_4o();
        let usage = Usage::tokens(10, 10);
        assert_eq!(price.charged(&usage).as_ref(), &usage);
        price.rates.push(Rate {
            unit: Unit::Request,
            pico_usd: 1_000_000_000,
            tier: None,
            above_input_tokens: None,
        });
        assert_eq!(price.charged(&usage).get(Unit::Request), 1);
        assert!(price.charged(&Usage::new()).is_empty(), "a call that used nothing was not answered");
    }
}
