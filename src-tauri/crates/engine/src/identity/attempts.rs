//! Slowing down guesses: five free failures, then a wait that doubles, up to 15 minutes.
//!
//! The window has counters of its own, so that a program hammering the HTTP door cannot lock the owner out of the window.

use crate::cx::Via;
use reeve_core::time::Millis;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

const FREE: u32 = 5;
const LONGEST_S: i64 = 15 * 60;
/// A count is forgotten after a day without attempts.
const KEPT: i64 = Millis::DAY;
/// Counts kept at most; beyond it the one idle for longest goes.
const MOST: usize = 10_000;

/// Whose attempts: an e-mail at a door. Hashed, so that the table holds nothing personal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Source([u8; 32]);

impl Source {
    pub(super) fn new(via: Via, email: &str) -> Self {
        let door: &[u8] = if via == Via::Ui { b"window\n" } else { b"http\n" };
        Self(Sha256::new().chain_update(door).chain_update(email.trim().to_lowercase()).finalize().into())
    }
}

#[derive(Clone, Copy, Default)]
struct Count {
    failures: u32,
    turned_away: u32,
    last: Millis,
    until: Millis,
}

/// The counts.
#[derive(Default)]
pub(super) struct Attempts(HashMap<Source, Count>);

impl Attempts {
    /// Lets an attempt begin. It counts as failed until [`Attempts::succeeded`] says otherwise, so that many at the same
    /// time are no way around the wait.
    ///
    /// # Errors
    /// Seconds to wait.
    pub(super) fn begin(&mut self, source: Source, now: Millis) -> Result<(), u64> {
        self.make_room(now);
        let count = self.0.entry(source).or_default();
        if now.0 - count.last.0 > KEPT {
            *count = Count::default();
        }
        count.last = now;
        if now < count.until {
            count.turned_away += 1;
            let ms = u64::try_from(count.until.0 - now.0).unwrap_or(0);
            return Err(ms.div_ceil(1_000).max(1));
        }
        count.failures = count.failures.saturating_add(1);
        if let Some(doublings) = count.failures.checked_sub(FREE) {
            let wait = 1_i64.checked_shl(doublings.min(20)).unwrap_or(LONGEST_S).min(LONGEST_S);
            count.until = now.plus(wait * Millis::SECOND);
        }
        Ok(())
    }

    /// The password was right. Returns failures before it, and attempts that were turned away unheard.
    pub(super) fn succeeded(&mut self, source: Source) -> (u32, u32) {
        self.0.remove(&source).map_or((0, 0), |c| (c.failures.saturating_sub(1), c.turned_away))
    }

    /// The attempt was neither right nor wrong: there is another question first.
    pub(super) fn undecided(&mut self, source: Source, now: Millis) {
        if let Some(count) = self.0.get_mut(&source) {
            count.failures = count.failures.saturating_sub(1);
            count.until = now;
        }
    }

    /// Failures so far, and attempts turned away since the last failure that was written down.
    pub(super) fn failed(&mut self, source: Source) -> (u32, u32) {
        self.0.get_mut(&source).map_or((1, 0), |c| (c.failures, std::mem::take(&mut c.turned_away)))
    }

    fn make_room(&mut self, now: Millis) {
        if self.0.len() < MOST {
            return;
        }
        self.0.retain(|_, c| now.0 - c.last.0 <= KEPT && now < c.until.plus(Millis::HOUR));
        if self.0.len() >= MOST
            && let Some(oldest) = self.0.iter().min_by_key(|(_, c)| c.last).map(|(source, _)| *source)
        {
            self.0.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(email: &str) -> Source {
        Source::new(Via::Api, email)
    }

    #[test]
    fn five_are_free_then_the_wait_doubles_to_a_quarter_of_an_hour() {
        let (mut attempts, source, mut now) = (Attempts::default(), http("a@b"), Millis(0));
        for _ in 0..FREE {
            assert_eq!(attempts.begin(source, now), Ok(()));
        }
        for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900] {
            assert_eq!(attempts.begin(source, now), Err(wait));
            now = now.plus(i64::try_from(wait).unwrap() * Millis::SECOND);
            assert_eq!(attempts.begin(source, now), Ok(()), "after {wait} s");
        }
    }

    #[test]
    fn a_success_forgets_and_tells_what_was_before() {
        let (mut attempts, source) = (Attempts::default(), http("a@b"));
        for _ in 0..6 {
            let _ = attempts.begin(source, Millis(0));
        }
        assert_eq!(attempts.begin(source, Millis(1_000)), Ok(()));
        assert_eq!(attempts.succeeded(source), (5, 1));
        assert_eq!(attempts.begin(source, Millis(1_000)), Ok(()));
    }

    #[test]
    fn an_attempt_without_a_verdict_changes_nothing() {
        let (mut attempts, source) = (Attempts::default(), http("a@b"));
        for _ in 0..20 {
            assert_eq!(attempts.begin(source, Millis(0)), Ok(()));
            attempts.undecided(source, Millis(0));
        }
        for _ in 0..FREE {
            assert_eq!(attempts.begin(source, Millis(0)), Ok(()));
        }
        assert_eq!(attempts.begin(source, Millis(0)), Err(1));
        // Nor does it forgive what was wrong before.
        assert_eq!(attempts.begin(source, Millis(1_000)), Ok(()));
        attempts.undecided(source, Millis(1_000));
        assert_eq!(attempts.begin(source, Millis(1_000)), Ok(()));
        assert_eq!(attempts.begin(source, Millis(1_000)), Err(2));
    }

    #[test]
    fn the_window_is_counted_apart_and_case_does_not_matter() {
        let mut attempts = Attempts::default();
        for _ in 0..5 {
            let _ = attempts.begin(http("Owner@Example.com"), Millis(0));
        }
        assert!(attempts.begin(http(" owner@example.com"), Millis(0)).is_err());
        assert!(attempts.begin(Source::new(Via::Ui, "owner@example.com"), Millis(0)).is_ok());
    }

    #[test]
    fn a_day_of_silence_forgets() {
        let (mut attempts, source) = (Attempts::default(), http("a@b"));
        for _ in 0..40 {
            let _ = attempts.begin(source, Millis(0));
        }
        let later = Millis(Millis::DAY + 1);
        for _ in 0..FREE {
            assert_eq!(attempts.begin(source, later), Ok(()));
        }
    }

    #[test]
    fn the_table_stays_bounded() {
        let mut attempts = Attempts::default();
        for n in 0..MOST + 50 {
            let _ = attempts.begin(http(&format!("{n}@example.com")), Millis(i64::try_from(n).unwrap()));
        }
        assert!(attempts.0.len() <= MOST);
    }
}
