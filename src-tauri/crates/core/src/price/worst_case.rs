//! The most a call may cost, from everything its price says: what a reservation is made of.

use super::{Price, UnpricedReason};
use crate::money::{NanoUsd, PicoUsd};
use crate::usage::{Unit, Units, Usage};

/// The service tiers a call may be billed at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tiers<'a> {
    /// The standard one.
    Standard,
    /// The one that was asked for by name. A dearer one may be answered by the standard one.
    Named(&'a str),
    /// Whichever the provider chooses.
    Any,
}

/// What a call may use at most.
#[derive(Clone, Debug)]
pub struct Bounds<'a> {
    /// Prompt tokens of all kinds together.
    pub input_tokens: u64,
    /// Generated tokens of all kinds and all answers together.
    pub output_tokens: u64,
    /// The kinds of token that can occur.
    pub kinds: Units,
    /// Everything that is not counted in tokens: calls, pictures, seconds, characters.
    pub others: Usage,
    /// The tiers it may be billed at.
    pub tiers: Tiers<'a>,
}

impl Bounds<'_> {
    /// Any kind of token, on any tier.
    #[must_use]
    pub fn tokens(input_tokens: u64, output_tokens: u64) -> Self {
        Self { input_tokens, output_tokens, kinds: Units::ALL, others: Usage::new(), tiers: Tiers::Any }
    }
}

/// The rates of a price, resolved: one row for each tier and length of context, so that a bound is a matter of
/// nanoseconds.
#[derive(Clone, Debug)]
pub struct RateTable {
    rows: Vec<Row>,
    free: bool,
}

#[derive(Clone, Debug)]
struct Row {
    tier: Option<String>,
    /// Calls with at least this many input tokens.
    from: u64,
    rates: [Option<PicoUsd>; Unit::ALL.len()],
}

impl RateTable {
    /// The table of a price.
    #[must_use]
    pub fn of(price: &Price) -> Self {
        let mut tiers: Vec<Option<&str>> = price.rates.iter().map(|r| r.tier.as_deref()).collect();
        tiers.push(None);
        tiers.sort_unstable();
        tiers.dedup();
        let above = price.rates.iter().filter_map(|r| r.above_input_tokens);
        let mut steps: Vec<u64> = above.map(|above| above.saturating_add(1)).collect();
        steps.push(0);
        steps.sort_unstable();
        steps.dedup();
        let row = |tier: Option<&str>, from: u64| Row {
            tier: tier.map(str::to_owned),
            from,
            rates: Unit::ALL.map(|unit| price.rate(unit, tier, from)),
        };
        let rows = tiers.iter().flat_map(|tier| steps.iter().map(move |from| row(*tier, *from))).collect();
        Self { rows, free: price.is_free() }
    }

    /// The most a call within `bounds` may cost.
    ///
    /// # Errors
    /// [`UnpricedReason::MissingRate`] where the price lacks a rate for something the bounds allow for, or charges for
    /// something else alone.
    pub fn worst_case(&self, bounds: &Bounds<'_>) -> Result<NanoUsd, UnpricedReason> {
        let (named, or_standard) = self.tiers(bounds.tiers);
        let billed = |row: &&Row| match (bounds.tiers, row.tier.as_deref()) {
            (Tiers::Any, _) => true,
            (_, None) => or_standard,
            (_, tier) => tier == named,
        };
        let mut most = 0;
        for row in self.rows.iter().filter(billed).filter(|r| r.from == 0 || r.from <= bounds.input_tokens) {
            most = row.most(bounds)?.max(most);
        }
        // A call as such is free where nobody says what one costs: one that only counts tokens, for instance.
        let others = bounds.others.iter().any(|(unit, _)| unit != Unit::Request);
        let asked = bounds.input_tokens > 0 || bounds.output_tokens > 0 || others;
        if most == 0 && asked && !self.free {
            return Err(UnpricedReason::MissingRate);
        }
        Ok(NanoUsd::from_pico(most))
    }

    /// The tier that may be billed, and whether the standard one may be as well.
    fn tiers<'t>(&self, asked: Tiers<'t>) -> (Option<&'t str>, bool) {
        let Tiers::Named(named) = asked else { return (None, true) };
        // A tier that saves is served as such or not at all; a dearer one may be answered at the standard rates.
        let saves = matches!(named, "flex" | "batch");
        let listed = self.rows.iter().any(|row| row.tier.as_deref() == Some(named));
        (Some(named), !(saves && listed))
    }
}

impl Row {
    fn most(&self, bounds: &Bounds<'_>) -> Result<u128, UnpricedReason> {
        let input = self.part(bounds.input_tokens, &Unit::INPUT_TOKENS, bounds.kinds)?;
        let output = self.part(bounds.output_tokens, &Unit::OUTPUT_TOKENS, bounds.kinds)?;
        let mut sum = input.saturating_add(output);
        for (unit, quantity) in bounds.others.iter() {
            match self.rates[unit as usize] {
                Some(rate) => sum = sum.saturating_add(u128::from(quantity) * u128::from(rate)),
                // Most prices say nothing of calls as such.
                None if unit == Unit::Request => {}
                None => return Err(UnpricedReason::MissingRate),
            }
        }
        Ok(sum)
    }

    fn part(&self, tokens: u64, units: &[Unit], kinds: Units) -> Result<u128, UnpricedReason> {
        if tokens == 0 {
            return Ok(0);
        }
        let rates = units.iter().filter(|u| kinds.contains(**u)).filter_map(|u| self.rates[*u as usize]);
        rates.max().map(|rate| u128::from(tokens) * u128::from(rate)).ok_or(UnpricedReason::MissingRate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::Rate;
    use crate::time::Millis;
    use proptest::prelude::*;

    fn price(rates: Vec<Rate>) -> Price {
        Price { rates, ..Price::ceiling("openai", "m", 0, 0, Millis(0)) }
    }

    fn rate(unit: Unit, pico_usd: PicoUsd, tier: Option<&str>, above_input_tokens: Option<u64>) -> Rate {
        Rate { unit, pico_usd, tier: tier.map(str::to_owned), above_input_tokens }
    }

    fn tiered() -> RateTable {
        RateTable::of(&price(vec![
            rate(Unit::Input, 100, None, None),
            rate(Unit::Input, 50, Some("flex"), None),
            rate(Unit::Input, 200, Some("priority"), None),
            rate(Unit::Input, 300, None, Some(1_000)),
            rate(Unit::CacheWrite, 125, None, None),
            rate(Unit::CacheWrite1h, 250, None, None),
            rate(Unit::AudioInput, 4_000, None, None),
            rate(Unit::Output, 1_000, None, None),
            rate(Unit::Output, 500, Some("flex"), None),
            rate(Unit::Request, 7_000_000, None, None),
        ]))
    }

    fn worst(change: impl FnOnce(&mut Bounds<'_>)) -> i64 {
        let mut bounds = Bounds::tokens(1_000, 1_000);
        bounds.kinds = Units::of(&[Unit::Input, Unit::Output, Unit::Reasoning]);
        bounds.tiers = Tiers::Standard;
        change(&mut bounds);
        tiered().worst_case(&bounds).unwrap().0
    }

    #[test]
    fn a_call_is_reserved_at_the_tier_it_asks_for() {
        assert_eq!(worst(|_| ()), 1_100);
        assert_eq!(worst(|b| b.tiers = Tiers::Named("flex")), 550, "flex is flex or nothing");
        assert_eq!(worst(|b| b.tiers = Tiers::Named("priority")), 1_200);
        assert_eq!(
            worst(|b| b.tiers = Tiers::Named("batch")),
            1_100,
            "nobody lists batch: the standard rates"
        );
        assert_eq!(worst(|b| b.tiers = Tiers::Any), 1_200, "the dearest the provider may choose");
    }

    #[test]
    fn long_contexts_caches_sound_and_the_call_itself_count() {
        assert_eq!(
            worst(|b| b.input_tokens = 1_001),
            1_300,
            "beyond the step: 1,001 x 300 pico and the output"
        );
        assert_eq!(worst(|b| b.kinds = Units::of(&[Unit::Input, Unit::CacheWrite, Unit::Output])), 1_125);
        assert_eq!(worst(|b| b.kinds = b.kinds.with(Unit::CacheWrite1h)), 1_250);
        assert_eq!(worst(|b| b.kinds = Units::ALL), 5_000, "sound in is the dearest input of all");
        assert_eq!(worst(|b| b.others = Usage::new().with(Unit::Request, 1)), 8_100);
    }

    #[test]
    fn what_has_no_rate_cannot_be_bounded() {
        let only_input = RateTable::of(&price(vec![rate(Unit::Input, 1, None, None)]));
        assert_eq!(only_input.worst_case(&Bounds::tokens(1, 1)), Err(UnpricedReason::MissingRate));
        assert!(only_input.worst_case(&Bounds::tokens(1, 0)).is_ok());
        let alone = Bounds { others: Usage::new().with(Unit::Request, 1), ..Bounds::tokens(0, 0) };
        assert_eq!(only_input.worst_case(&alone), Ok(NanoUsd::ZERO), "a call that uses nothing is free");
        let picture = Bounds { others: Usage::new().with(Unit::Image, 1), ..Bounds::tokens(1, 0) };
        assert_eq!(only_input.worst_case(&picture), Err(UnpricedReason::MissingRate));
    }

    const TIERS: [Option<&str>; 4] = [None, Some("batch"), Some("flex"), Some("priority")];

    fn any_price() -> impl Strategy<Value = Price> {
        let above = prop_oneof![Just(None), Just(Some(100)), Just(Some(1_000)), Just(Some(50_000))];
        let one = (0..Unit::ALL.len(), 0usize..4, above, 1u64..100_000_000);
        prop::collection::vec(one, 0..30).prop_map(|some| {
            let mut rates =
                vec![rate(Unit::Input, 2_500_000, None, None), rate(Unit::Output, 10_000_000, None, None)];
            rates.extend(
                some.into_iter().map(|(u, t, above, pico)| rate(Unit::ALL[u], pico, TIERS[t], above)),
            );
            price(rates)
        })
    }

    fn any_usage() -> impl Strategy<Value = Usage> {
        prop::collection::vec((0..Unit::ALL.len(), 0u64..60_000), 0..8).prop_map(|parts| {
            parts.into_iter().fold(Usage::new(), |usage, (unit, n)| usage.with(Unit::ALL[unit], n))
        })
    }

    proptest! {
        #[test]
        fn no_usage_within_the_bounds_costs_more(
            price in any_price(), usage in any_usage(), tier in 0usize..4, known in any::<bool>(), spare in 0u64..2_000,
        ) {
            let mut bounds = Bounds::tokens(usage.input_tokens() + spare, usage.output_tokens() + spare);
            let tokens: Vec<Unit> = Unit::INPUT_TOKENS.into_iter().chain(Unit::OUTPUT_TOKENS).collect();
            for (unit, quantity) in usage.iter() {
                if !tokens.contains(&unit) {
                    bounds.others.add(unit, quantity);
                }
            }
            if known {
                bounds.kinds = usage.iter().fold(Units::of(&[Unit::Input, Unit::Output]), |all, (unit, _)| all.with(unit));
                bounds.tiers = TIERS[tier].map_or(Tiers::Standard, Tiers::Named);
            }
            // What cannot be bounded is refused, so nothing is to be shown of it.
            if let (Ok(cost), Ok(worst)) = (price.cost(&usage, TIERS[tier]), RateTable::of(&price).worst_case(&bounds)) {
                prop_assert!(cost.total <= worst, "{:?} costs {}, at most {}", usage, cost.total, worst);
            }
        }
    }
}
