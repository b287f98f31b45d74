//! Slowing down guesses: from one address five are free for an account, then a wait doubles, up to 15 minutes. From all addresses
//! together a hundred are (NIST SP 800-63B-4, 3.2.2), then one in a quarter of an hour: so a stranger slows down himself, and not
//! the owner who comes from elsewhere.
//!
//! The window has counters of its own, so that a program hammering the HTTP door cannot lock the owner out of the window.

use crate::cx::{Cx, Via};
use reeve_core::time::Millis;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// Guesses that are free from one address.
const FREE: u32 = 5;
/// Guesses that are free from everywhere together.
const FREE_IN_ALL: u32 = 100;
const LONGEST_S: i64 = 15 * 60;
/// A count is forgotten after a day without attempts.
const KEPT: i64 = Millis::DAY;
/// Counts kept at most; beyond it the one idle for longest goes.
const MOST: usize = 20_000;

/// Whose attempts: an e-mail at a door, from an address and in all. Hashed, so that the table holds nothing personal.
#[derive(Clone, Copy)]
pub(super) struct Source {
    here: Key,
    in_all: Key,
}

type Key = [u8; 32];

impl Source {
    pub(super) fn new(cx: &Cx, email: &str) -> Self {
        let door: &[u8] = if cx.via == Via::Ui { b"window\n" } else { b"http\n" };
        let account = Sha256::new().chain_update(door).chain_update(email.trim().to_lowercase());
        let from = cx.ip.as_deref().unwrap_or_default();
        Self {
            here: account.clone().chain_update(b"\n").chain_update(from).finalize().into(),
            in_all: account.finalize().into(),
        }
    }

    const fn counts(self) -> [(Key, u32); 2] {
        [(self.here, FREE), (self.in_all, FREE_IN_ALL)]
    }
}

#[derive(Clone, Copy, Default)]
struct Count {
    failures: u32,
    turned_away: u32,
    last: Millis,
    until: Millis,
}

impl Count {
    /// One more, until it is known to be none; from `free` on the next has to wait.
    fn add(&mut self, free: u32, now: Millis) {
        self.failures = self.failures.saturating_add(1);
        let Some(beyond) = self.failures.checked_sub(free) else { return };
        // Where so many are free, what is beyond is an attack.
        let wait = match free {
            FREE => 1_i64.checked_shl(beyond.min(20)).unwrap_or(LONGEST_S).min(LONGEST_S),
            _ => LONGEST_S,
        };
        self.until = now.plus(wait * Millis::SECOND);
    }
}

/// The counts.
#[derive(Default)]
pub(super) struct Attempts(HashMap<Key, Count>);

impl Attempts {
    /// Lets an attempt begin. It counts as failed until [`Attempts::succeeded`] says otherwise, so that many at the same
    /// time are no way around the wait.
    ///
    /// # Errors
    /// Seconds to wait.
    pub(super) fn begin(&mut self, source: Source, now: Millis) -> Result<(), u64> {
        self.make_room(now);
        let mut until = now;
        for (key, _) in source.counts() {
            let count = self.0.entry(key).or_default();
            if now.0 - count.last.0 > KEPT {
                *count = Count::default();
            }
            count.last = now;
            until = until.max(count.until);
        }
        if now < until {
            if let Some(here) = self.0.get_mut(&source.here) {
                here.turned_away += 1;
            }
            let ms = u64::try_from(until.0 - now.0).unwrap_or(0);
            return Err(ms.div_ceil(1_000).max(1));
        }
        for (key, free) in source.counts() {
            self.0.entry(key).or_default().add(free, now);
        }
        Ok(())
    }

    /// The password was right. Returns failures before it, and attempts that were turned away unheard.
    pub(super) fn succeeded(&mut self, source: Source) -> (u32, u32) {
        self.0.remove(&source.in_all);
        self.0.remove(&source.here).map_or((0, 0), |c| (c.failures.saturating_sub(1), c.turned_away))
    }

    /// The attempt was neither right nor wrong: there is another question first.
    pub(super) fn undecided(&mut self, source: Source, now: Millis) {
        for (key, _) in source.counts() {
            if let Some(count) = self.0.get_mut(&key) {
                count.failures = count.failures.saturating_sub(1);
                count.until = now;
            }
        }
    }

    /// Failures so far, and attempts turned away since the last failure that was written down.
    pub(super) fn failed(&mut self, source: Source) -> (u32, u32) {
        self.0.get_mut(&source.here).map_or((1, 0), |c| (c.failures, std::mem::take(&mut c.turned_away)))
    }

    /// A tenth at once, so that a flood of made-up accounts does not sort the table for each of them.
    fn make_room(&mut self, now: Millis) {
        if self.0.len() + 2 <= MOST {
            return;
        }
        self.0.retain(|_, c| now.0 - c.last.0 <= KEPT && now < c.until.plus(Millis::HOUR));
        if self.0.len() + 2 <= MOST {
            return;
        }
        let mut ages: Vec<Millis> = self.0.values().map(|c| c.last).collect();
        let (_, youngest, _) = ages.select_nth_unstable(MOST / 10);
        let youngest = *youngest;
        self.0.retain(|_, c| c.last > youngest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(via: Via, ip: &str, email: &str) -> Source {
        Source::new(&Cx { via, ip: Some(ip.to_owned()), ..Cx::system() }, email)
    }

    fn http(email: &str) -> Source {
        from(Via::Api, "127.0.0.1", email)
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
        assert!(attempts.begin(from(Via::Ui, "127.0.0.1", "owner@example.com"), Millis(0)).is_ok());
    }

    #[test]
    fn a_stranger_slows_down_himself_until_there_are_too_many_of_them() {
        let (mut attempts, owner) = (Attempts::default(), from(Via::Api, "192.0.2.1", "a@b"));
        for _ in 0..50 {
            let _ = attempts.begin(from(Via::Api, "198.51.100.9", "a@b"), Millis(0));
        }
        assert_eq!(attempts.begin(owner, Millis(0)), Ok(()), "turned away is no guess");
        attempts.succeeded(owner);
        for n in 0..100 {
            assert_eq!(
                attempts.begin(from(Via::Api, &format!("203.0.113.{n}"), "a@b"), Millis(0)),
                Ok(()),
                "{n}"
            );
        }
        assert_eq!(attempts.begin(owner, Millis(0)), Err(900));
        assert_eq!(
            attempts.begin(from(Via::Ui, "192.0.2.1", "a@b"), Millis(0)),
            Ok(()),
            "the window is open"
        );
        let later = Millis(900 * Millis::SECOND);
        assert_eq!(attempts.begin(owner, later), Ok(()));
        assert_eq!(attempts.begin(owner, later), Err(900));
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
