//! Hybrid logical time: wall-clock milliseconds while the clock behaves, a counter when it does not.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// 48 bits of UTC milliseconds above a 16-bit counter. Any `u64` is a valid stamp, and stamps compare as
/// numbers. Within one log they strictly increase, also when the wall clock stands still or is set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hlc(pub u64);

/// Text that is not a stamp: 16 lowercase hexadecimal digits are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a logical time is 16 lowercase hexadecimal digits")]
pub struct HlcError;

impl Hlc {
    const COUNTER_BITS: u32 = 16;
    const MAX_MILLIS: u64 = (1 << 48) - 1;

    /// The stamp for an entry written at `now_ms` (UTC milliseconds) after the entry stamped `self`.
    ///
    /// Strictly larger than `self`. More than 65,536 entries in a millisecond borrow from the next one; a
    /// clock set back is ignored until it has caught up. The range ends in the year 10889, where it stays.
    #[must_use]
    pub fn next(self, now_ms: i64) -> Self {
        let millis = u64::try_from(now_ms).unwrap_or(0).min(Self::MAX_MILLIS);
        Self((millis << Self::COUNTER_BITS).max(self.0.saturating_add(1)))
    }

    /// The wall-clock part, UTC milliseconds.
    #[must_use]
    pub fn millis(self) -> i64 {
        (self.0 >> Self::COUNTER_BITS).cast_signed()
    }

    /// How many stamps before this one share its millisecond.
    #[must_use]
    pub fn counter(self) -> u16 {
        (self.0 & 0xffff) as u16
    }
}

impl fmt::Display for Hlc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Hlc {
    type Err = HlcError;

    fn from_str(text: &str) -> Result<Self, HlcError> {
        let lowercase_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() != 16 || !text.bytes().all(lowercase_hex) {
            return Err(HlcError);
        }
        u64::from_str_radix(text, 16).map(Self).map_err(|_| HlcError)
    }
}
