//! Comparing a price with what another list says, so that a slip of the unit is seen before it costs anything.

use super::Price;
use crate::money::PicoUsd;
use crate::usage::Unit;

/// A rate that is far from what another list says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Departure {
    /// Of what.
    pub unit: Unit,
    /// On which tier; the standard one where absent.
    pub tier: Option<String>,
    /// For calls with more input tokens than this.
    pub above_input_tokens: Option<u64>,
    /// What is asked about.
    pub pico_usd: PicoUsd,
    /// What the other list says.
    pub other: PicoUsd,
}

/// Rates this many times as high or as low as another list's are asked about.
const FAR: u64 = 10;

impl Departure {
    /// How many times as much, or as little, it is; `None` where one of the two is nothing.
    #[must_use]
    pub fn factor(&self) -> Option<u64> {
        let (most, least) = (self.pico_usd.max(self.other), self.pico_usd.min(self.other));
        most.checked_div(least)
    }
}

/// The rates of `price` that differ from those of `other` by more than ten times, or are nothing where the other's are
/// something or the other way round.
#[must_use]
pub fn departures(price: &Price, other: &Price) -> Vec<Departure> {
    let asked = price.rates.iter().filter_map(|rate| {
        let input = rate.above_input_tokens.map_or(0, |above| above.saturating_add(1));
        let other = other.rate(rate.unit, rate.tier.as_deref(), input)?;
        is_far(rate.pico_usd, other).then(|| Departure {
            unit: rate.unit,
            tier: rate.tier.clone(),
            above_input_tokens: rate.above_input_tokens,
            pico_usd: rate.pico_usd,
            other,
        })
    });
    asked.collect()
}

fn is_far(a: PicoUsd, b: PicoUsd) -> bool {
    a.max(b) > a.min(b).saturating_mul(FAR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::Rate;
    use crate::time::Millis;

    fn price(rates: &[(Unit, PicoUsd)]) -> Price {
        let rate = |(unit, pico_usd): &(Unit, PicoUsd)| Rate {
            unit: *unit,
            pico_usd: *pico_usd,
            tier: None,
            above_input_tokens: None,
        };
        Price { rates: rates.iter().map(rate).collect(), ..Price::ceiling("p", "m", 0, 0, Millis(0)) }
    }

    #[test]
    fn a_rate_for_a_thousand_entered_as_for_a_million_is_seen() {
        let list = price(&[(Unit::Input, 2_500_000), (Unit::Output, 10_000_000)]);
        let slip = price(&[(Unit::Input, 2_500), (Unit::Output, 9_000_000)]);
        let found = departures(&slip, &list);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].unit, found[0].factor()), (Unit::Input, Some(1_000)));
        assert_eq!(departures(&list, &slip)[0].factor(), Some(1_000), "in both directions");
    }

    #[test]
    fn ten_times_is_the_bound_and_nothing_is_far_from_something() {
        let list = price(&[(Unit::Input, 1_000), (Unit::Output, 0)]);
        assert!(departures(&price(&[(Unit::Input, 10_000)]), &list).is_empty());
        assert_eq!(departures(&price(&[(Unit::Input, 10_001)]), &list).len(), 1);
        assert_eq!(departures(&price(&[(Unit::Input, 0)]), &list)[0].factor(), None);
        assert_eq!(departures(&price(&[(Unit::Output, 1)]), &list).len(), 1);
        assert!(departures(&price(&[(Unit::Output, 0)]), &list).is_empty());
        assert!(departures(&price(&[(Unit::Image, 5)]), &list).is_empty(), "the other list is silent");
    }
}
