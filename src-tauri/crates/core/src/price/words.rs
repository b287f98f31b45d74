//! Rates as people write them: USD for a million tokens, for one of everything else. Exact in both directions.

use super::Rate;
use crate::money::PicoUsd;
use crate::usage::Unit;

/// Pico-USD in a dollar.
const DOLLAR: u64 = 1_000_000_000_000;
/// The highest rate that can be entered, in USD: beyond any list, and far from where sums overflow.
const MOST: u64 = 1_000_000;

/// How many units a rate is told for.
const fn told_for(token: bool) -> u64 {
    if token { 1_000_000 } else { 1 }
}

/// A rate in USD, for a million where `unit` is a kind of token, else for one.
#[must_use]
pub fn rate_text(unit: Unit, pico_usd: PicoUsd) -> String {
    let whole = u128::from(pico_usd) * u128::from(told_for(unit.is_token()));
    let (dollars, rest) = (whole / u128::from(DOLLAR), whole % u128::from(DOLLAR));
    let digits = format!("{rest:012}");
    let kept = digits.trim_end_matches('0').len().max(2);
    format!("{dollars}.{}", &digits[..kept])
}

/// The rate of a text that [`rate_text`] would write.
///
/// # Errors
/// What is wrong with it, as the rest of a sentence about the field.
pub fn read_rate(unit: Unit, text: &str) -> Result<PicoUsd, &'static str> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return Err("must be an amount in USD, such as 2.50");
    }
    let fraction = fraction.trim_end_matches('0');
    let finest = if unit.is_token() { 6 } else { 12 };
    if fraction.len() > finest {
        return Err(if unit.is_token() {
            "may have six decimals at most"
        } else {
            "may have twelve decimals at most"
        });
    }
    let dollars: u64 = whole.parse().ok().filter(|d| *d <= MOST).ok_or("may be one million USD at most")?;
    let rest: u64 =
        format!("{fraction:0<12}").parse().map_err(|_| "must be an amount in USD, such as 2.50")?;
    Ok((dollars * DOLLAR + rest) / told_for(unit.is_token()))
}

/// What a rate of `unit` is for.
#[must_use]
pub const fn per(unit: Unit) -> &'static str {
    match unit {
        Unit::Image | Unit::ImageRead => "image",
        Unit::PixelIn => "pixel",
        Unit::Request => "request",
        Unit::SecondIn | Unit::SecondOut => "second",
        Unit::CharacterIn | Unit::CharacterOut => "character",
        _ => "million tokens",
    }
}

/// The rates in one line, for the audit trail.
#[must_use]
pub fn rates_text(rates: &[Rate]) -> String {
    let one = |rate: &Rate| {
        let tier = rate.tier.as_deref().map_or_else(String::new, |tier| format!(" {tier}"));
        let above = rate.above_input_tokens.map_or_else(String::new, |n| format!(" above {n} input tokens"));
        let (name, usd, per) = (rate.unit.as_str(), rate_text(rate.unit, rate.pico_usd), per(rate.unit));
        format!("{name}{tier}{above} ${usd} per {per}")
    };
    rates.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rates_are_told_as_people_write_them() {
        for (unit, pico, text) in [
            (Unit::Input, 2_500_000, "2.50"),
            (Unit::Output, 1, "0.000001"),
            (Unit::Image, 40_000_000_000, "0.04"),
            (Unit::CharacterIn, 15_000_000, "0.000015"),
            (Unit::PixelIn, 19_073, "0.000000019073"),
            (Unit::Request, 0, "0.00"),
        ] {
            assert_eq!(rate_text(unit, pico), text);
            assert_eq!(read_rate(unit, text), Ok(pico));
        }
        assert_eq!(read_rate(Unit::Input, " 1000000 "), Ok(1_000_000_000_000));
    }

    #[test]
    fn what_is_no_rate_is_refused() {
        for text in ["", "-1", "1e3", "1,5", ".5", "1.", "0.0000001", "1000001", "x"] {
            assert!(read_rate(Unit::Input, text).is_err(), "{text}");
        }
        assert!(read_rate(Unit::Image, "0.0000000000001").is_err());
    }

    proptest! {
        #[test]
        fn every_rate_round_trips(pico in 0u64..1_000_000_000_000, unit in 0..Unit::ALL.len()) {
            let unit = Unit::ALL[unit];
            prop_assert_eq!(read_rate(unit, &rate_text(unit, pico)), Ok(pico));
        }
    }
}
