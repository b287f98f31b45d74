//! Budget periods: calendar days and months in a time zone, with daylight saving.

use crate::time::Millis;
use chrono::{Datelike, Days, Months, NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Tz;
use std::str::FromStr;

/// An IANA time zone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Zone(pub Tz);

/// The name is not in the IANA time zone database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a time zone; use an IANA name such as Europe/Berlin")]
pub struct ZoneError(pub String);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(Tz::UTC);

    /// The IANA name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }
}

impl FromStr for Zone {
    type Err = ZoneError;
    fn from_str(text: &str) -> Result<Self, ZoneError> {
        text.parse().map(Self).map_err(|_| ZoneError(text.chars().take(60).collect()))
    }
}

/// How long a budget period is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeriodKind {
    /// A calendar day.
    Day,
    /// A calendar month.
    Month,
}

impl PeriodKind {
    /// Both, shortest first.
    pub const ALL: [Self; 2] = [Self::Day, Self::Month];

    /// The word in the store and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

/// A span of time, start included, end excluded.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Period {
    /// First moment.
    pub start: Millis,
    /// First moment after it.
    pub end: Millis,
}

impl Period {
    /// The calendar period of `kind` in `zone` that holds `at`.
    #[must_use]
    pub fn containing(kind: PeriodKind, zone: Zone, at: Millis) -> Self {
        let day = local_day(zone, at);
        let (first, next) = match kind {
            PeriodKind::Day => (day, day.checked_add_days(Days::new(1)).unwrap_or(day)),
            PeriodKind::Month => {
                let first = day.with_day(1).unwrap_or(day);
                (first, first.checked_add_months(Months::new(1)).unwrap_or(first))
            }
        };
        Self { start: start_of(zone, first), end: start_of(zone, next) }
    }

    /// Whether `at` lies in it.
    #[must_use]
    pub fn contains(&self, at: Millis) -> bool {
        self.start <= at && at < self.end
    }

    /// Its length in milliseconds.
    #[must_use]
    pub const fn length(&self) -> i64 {
        self.end.0 - self.start.0
    }
}

/// The calendar day of `at` in `zone`.
#[must_use]
pub fn local_day(zone: Zone, at: Millis) -> NaiveDate {
    at.to_datetime().with_timezone(&zone.0).date_naive()
}

/// The day as a number that sorts and stores well: 20261120.
#[must_use]
pub fn day_number(day: NaiveDate) -> i64 {
    i64::from(day.year()) * 10_000 + i64::from(day.month()) * 100 + i64::from(day.day())
}

/// The day of a number made by [`day_number`].
#[must_use]
pub fn day_of_number(number: i64) -> Option<NaiveDate> {
    let year = i32::try_from(number / 10_000).ok()?;
    let month = u32::try_from(number / 100 % 100).ok()?;
    let day = u32::try_from(number % 100).ok()?;
    NaiveDate::from_ymd_opt(year, month, day)
}

/// First moment of a calendar day. Where midnight does not exist (clocks put forward at midnight), the first that does;
/// where it comes twice, the earlier.
#[must_use]
pub fn start_of(zone: Zone, day: NaiveDate) -> Millis {
    let midnight = day.and_time(NaiveTime::MIN);
    (0..=24 * 4)
        .find_map(|quarter| {
            let wall = midnight + chrono::Duration::minutes(15 * quarter);
            zone.0.from_local_datetime(&wall).earliest()
        })
        .map_or(Millis(midnight.and_utc().timestamp_millis()), |t| Millis(t.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Millis {
        text.parse().unwrap()
    }

    fn day(zone: &str, t: &str) -> Period {
        Period::containing(PeriodKind::Day, zone.parse().unwrap(), at(t))
    }

    #[test]
    fn a_day_loses_and_gains_an_hour() {
        assert_eq!(day("Europe/Berlin", "2026-03-29T12:00:00Z").length(), 23 * Millis::HOUR);
        assert_eq!(day("Europe/Berlin", "2026-10-25T12:00:00Z").length(), 25 * Millis::HOUR);
        assert_eq!(
            day("Australia/Lord_Howe", "2026-10-03T20:00:00Z").length(),
            23 * Millis::HOUR + 30 * Millis::MINUTE
        );
    }

    #[test]
    fn a_midnight_that_does_not_exist() {
        // Chile puts its clocks forward at midnight: 2026-09-06 begins at 01:00.
        let p = day("America/Santiago", "2026-09-06T12:00:00Z");
        assert_eq!(p.start, at("2026-09-06T04:00:00Z"));
        assert_eq!(p.length(), 23 * Millis::HOUR);
    }

    #[test]
    fn months_have_their_length() {
        let feb = Period::containing(PeriodKind::Month, Zone::UTC, at("2028-02-29T23:59:59Z"));
        assert_eq!(feb.length(), 29 * Millis::DAY);
        assert_eq!(feb.end, at("2028-03-01T00:00:00Z"));
    }

    #[test]
    fn a_skipped_day_still_gives_a_period() {
        // Samoa had no 30 December 2011.
        let p = day("Pacific/Apia", "2011-12-30T10:30:00Z");
        assert!(p.contains(at("2011-12-30T10:30:00Z")));
    }

    proptest! {
        #[test]
        fn periods_tile_time(ms in 0i64..4_102_444_800_000, zone in 0usize..chrono_tz::TZ_VARIANTS.len(), month in any::<bool>()) {
            let zone = Zone(chrono_tz::TZ_VARIANTS[zone]);
            let kind = if month { PeriodKind::Month } else { PeriodKind::Day };
            let p = Period::containing(kind, zone, Millis(ms));
            prop_assert!(p.contains(Millis(ms)), "{zone:?} {p:?}");
            let next = Period::containing(kind, zone, p.end);
            prop_assert_eq!(next.start, p.end);
        }

        #[test]
        fn day_numbers_round_trip(days in 0i32..60_000) {
            let d = NaiveDate::from_num_days_from_ce_opt(719_163 + days).unwrap();
            prop_assert_eq!(day_of_number(day_number(d)), Some(d));
        }
    }
}
