//! How long the ledger keeps what: entries by stream, and what is personal in them by month.

use crate::tenant::words;
use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// Entries are kept for so many days at least.
pub const FLOOR_DAYS: u32 = 30;
/// What is personal is kept for so many days at least: nobody can look into a break-in of last week without it.
pub const PERSONAL_FLOOR_DAYS: u32 = 7;
/// A hundred years: beyond that, "for ever" is meant.
pub const MOST_DAYS: u32 = 36_525;
/// The default, in days.
pub const DEFAULT_DAYS: u32 = 90;

/// How long a stream is kept. `None` is for ever.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Retention {
    /// Entries, in days.
    pub entries_days: Option<u32>,
    /// What is personal in them, in days; `None`: as long as the entries.
    pub personal_days: Option<u32>,
}

/// Why a retention may not be set.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RetentionError {
    /// Below the floor.
    #[error("must be {floor} days at least")]
    BelowFloor {
        /// In days.
        floor: u32,
    },
    /// Beyond what anybody can mean.
    #[error("must be {MOST_DAYS} days at most; leave it out to keep for ever")]
    TooLong,
    /// What is personal cannot outlive its entries.
    #[error("must not be longer than entries are kept")]
    OutlivesEntries,
}

impl Default for Retention {
    fn default() -> Self {
        Self { entries_days: Some(DEFAULT_DAYS), personal_days: None }
    }
}

impl Retention {
    /// Checks floors and order; the name of the field that is wrong, and why.
    ///
    /// # Errors
    /// [`RetentionError`] with `entries_days` or `personal_days`.
    pub fn check(&self) -> Result<(), (&'static str, RetentionError)> {
        for (field, days, floor) in [
            ("entries_days", self.entries_days, FLOOR_DAYS),
            ("personal_days", self.personal_days, PERSONAL_FLOOR_DAYS),
        ] {
            match days {
                Some(days) if days < floor => return Err((field, RetentionError::BelowFloor { floor })),
                Some(days) if days > MOST_DAYS => return Err((field, RetentionError::TooLong)),
                _ => {}
            }
        }
        match (self.personal_days, self.entries_days) {
            (Some(personal), Some(entries)) if personal > entries => {
                Err(("personal_days", RetentionError::OutlivesEntries))
            }
            _ => Ok(()),
        }
    }

    /// Entries of before this moment may go.
    #[must_use]
    pub fn entries_before(&self, now: Millis) -> Option<Millis> {
        self.entries_days.map(|days| now.plus(-i64::from(days) * Millis::DAY))
    }

    /// What is personal of before this moment may go.
    #[must_use]
    pub fn personal_before(&self, now: Millis) -> Option<Millis> {
        self.personal_days.or(self.entries_days).map(|days| now.plus(-i64::from(days) * Millis::DAY))
    }
}

words! {
    /// What a legal hold covers.
    HoldScope {
        /// The whole trail.
        Workspace = "workspace",
        /// What happened in a tenant.
        Tenant = "tenant",
        /// What a subject did.
        Subject = "subject",
        /// A span of time.
        Time = "time",
    }
}

words! {
    /// How a request for erasure stands.
    ErasureState {
        /// Nobody has decided yet.
        Requested = "requested",
        /// A legal hold keeps what it asks for.
        Blocked = "blocked",
        /// Refused on a ground of the law.
        Refused = "refused",
        /// Carried out.
        Done = "done",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floors_and_order_hold() {
        let of = |entries_days, personal_days| Retention { entries_days, personal_days }.check();
        assert_eq!(of(Some(30), Some(7)), Ok(()));
        assert_eq!(of(None, None), Ok(()));
        assert_eq!(of(None, Some(90)), Ok(()));
        assert_eq!(of(Some(29), None), Err(("entries_days", RetentionError::BelowFloor { floor: 30 })));
        assert_eq!(of(Some(90), Some(6)), Err(("personal_days", RetentionError::BelowFloor { floor: 7 })));
        assert_eq!(of(Some(90), Some(91)), Err(("personal_days", RetentionError::OutlivesEntries)));
        assert_eq!(of(Some(MOST_DAYS + 1), None), Err(("entries_days", RetentionError::TooLong)));
    }

    #[test]
    fn personal_data_goes_with_its_entries_unless_earlier() {
        let now = Millis(100 * Millis::DAY);
        let of = |entries_days, personal_days| Retention { entries_days, personal_days }.personal_before(now);
        assert_eq!(of(Some(90), None), Some(Millis(10 * Millis::DAY)));
        assert_eq!(of(None, Some(30)), Some(Millis(70 * Millis::DAY)));
        assert_eq!(of(None, None), None);
    }
}
