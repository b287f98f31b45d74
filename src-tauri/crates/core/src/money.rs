//! Money: integer nano-USD (1e-9 USD). No float touches money.
//!
//! Rates are integer pico-USD (1e-12 USD) per unit, exact for public price lists; a charge sums `quantity x rate` in
//! pico-USD and rounds half up to a nano-USD once.

use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::str::FromStr;

const NANO_PER_USD: i64 = 1_000_000_000;

/// An amount in nano-USD. One dollar is 1,000,000,000.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct NanoUsd(pub i64);

/// A rate in pico-USD per unit. One dollar for a million tokens is 1,000,000.
pub type PicoUsd = u64;

/// Why a text is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not digits with at most one point.
    #[error("\"{0}\" is not an amount in USD; write it as 12.50")]
    Malformed(String),
    /// More than nine decimals.
    #[error("\"{0}\" is finer than a nano-dollar (9 decimals)")]
    TooFine(String),
    /// Beyond what 64 bits of nano-USD hold (about 9.2 billion USD).
    #[error("\"{0}\" is more than Reeve can count (about 9.2 billion USD)")]
    TooLarge(String),
}

impl NanoUsd {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The most that can be counted.
    pub const MAX: Self = Self(i64::MAX);

    /// Whole dollars.
    #[must_use]
    pub const fn from_usd(usd: i64) -> Self {
        Self(usd * NANO_PER_USD)
    }

    /// Rounds a sum in pico-USD half up to a nano-USD; saturates at [`NanoUsd::MAX`].
    #[must_use]
    pub fn from_pico(pico: u128) -> Self {
        let nano = pico.saturating_add(500) / 1_000;
        Self(i64::try_from(nano).unwrap_or(i64::MAX))
    }

    /// `self + other`, at most [`NanoUsd::MAX`].
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// `self - other`, at least zero.
    #[must_use]
    pub fn minus_floor_zero(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0).max(0))
    }

    /// What share of `whole` this is, in percent with one decimal, for display only. `None` of nothing.
    #[must_use]
    pub fn percent_of(self, whole: Self) -> Option<f64> {
        if whole.0 <= 0 {
            return None;
        }
        let tenths = (i128::from(self.0) * 1_000 + i128::from(whole.0) / 2) / i128::from(whole.0);
        Some(tenths as f64 / 10.0)
    }
}

impl Add for NanoUsd {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        self.saturating_add(other)
    }
}

impl AddAssign for NanoUsd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for NanoUsd {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl SubAssign for NanoUsd {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl std::iter::Sum for NanoUsd {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for NanoUsd {
    /// Decimal USD with at least two and at most nine decimals, as on the wire.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let abs = self.0.unsigned_abs();
        let (whole, mut decimals) = (abs / NANO_PER_USD.unsigned_abs(), abs % NANO_PER_USD.unsigned_abs());
        let mut places = 9;
        while places > 2 && decimals.is_multiple_of(10) {
            (places, decimals) = (places - 1, decimals / 10);
        }
        write!(f, "{sign}{whole}.{decimals:0places$}")
    }
}

impl fmt::Debug for NanoUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${self}")
    }
}

impl FromStr for NanoUsd {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let malformed = || MoneyError::Malformed(clip(text));
        let trimmed = text.trim();
        let (negative, digits) = match trimmed.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, trimmed),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty()
            || !all_digits(whole)
            || !all_digits(fraction)
            || (digits.contains('.') && fraction.is_empty())
        {
            return Err(malformed());
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > 9 {
            return Err(MoneyError::TooFine(clip(text)));
        }
        let too_large = || MoneyError::TooLarge(clip(text));
        let whole: i64 = whole.parse().map_err(|_| too_large())?;
        let nano: i64 = format!("{fraction:0<9}").parse().map_err(|_| malformed())?;
        let total =
            whole.checked_mul(NANO_PER_USD).and_then(|n| n.checked_add(nano)).ok_or_else(too_large)?;
        Ok(Self(if negative { -total } else { total }))
    }
}

fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

impl serde::Serialize for NanoUsd {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for NanoUsd {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn writes_and_reads_amounts() {
        for (nano, text) in [
            (0, "0.00"),
            (1, "0.000000001"),
            (412_860_000_000, "412.86"),
            (-1_500_000_000, "-1.50"),
            (NANO_PER_USD, "1.00"),
            (123_000, "0.000123"),
        ] {
            assert_eq!(NanoUsd(nano).to_string(), text);
            assert_eq!(text.parse::<NanoUsd>().unwrap(), NanoUsd(nano));
        }
        assert_eq!("600".parse::<NanoUsd>().unwrap(), NanoUsd::from_usd(600));
    }

    #[test]
    fn refuses_what_is_not_an_amount() {
        for text in ["", ".", "1.", ".5", "1e3", "1,5", "--1", "NaN", "1.0.0", "٣"] {
            assert!(matches!(text.parse::<NanoUsd>(), Err(MoneyError::Malformed(_))), "{text}");
        }
        assert!(matches!("0.0000000001".parse::<NanoUsd>(), Err(MoneyError::TooFine(_))));
        assert!(matches!("99999999999".parse::<NanoUsd>(), Err(MoneyError::TooLarge(_))));
    }

    #[test]
    fn rounds_half_up_once() {
        assert_eq!(NanoUsd::from_pico(499), NanoUsd(0));
        assert_eq!(NanoUsd::from_pico(500), NanoUsd(1));
        assert_eq!(NanoUsd::from_pico(1_499), NanoUsd(1));
        assert_eq!(NanoUsd::from_pico(u128::MAX), NanoUsd::MAX);
    }

    #[test]
    fn percent_has_one_decimal() {
        assert_eq!(NanoUsd::from_usd(767).percent_of(NanoUsd::from_usd(1_000)), Some(76.7));
        assert_eq!(NanoUsd::from_usd(1).percent_of(NanoUsd::ZERO), None);
    }

    proptest! {
        #[test]
        fn text_round_trips(nano in any::<i64>().prop_filter("abs", |n| *n != i64::MIN)) {
            prop_assert_eq!(NanoUsd(nano).to_string().parse::<NanoUsd>().unwrap(), NanoUsd(nano));
        }
    }
}
