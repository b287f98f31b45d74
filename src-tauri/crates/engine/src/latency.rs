//! What Reeve itself adds to a call: a histogram over the last fifteen minutes that takes two atomic additions a call.
//!
//! One row of buckets for each minute; a row whose minute is over is emptied by the first call of the new one. Buckets
//! are a quarter of a power of two wide, so a figure is at most a fifth too high and never too low.

use reeve_core::time::Millis;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

/// Minutes that count.
pub const MINUTES: i64 = 15;
const ROWS: usize = MINUTES as usize;
/// Up to 2^26 microseconds, more than a minute.
const BUCKETS: usize = 4 * 26;

struct Row {
    minute: AtomicI64,
    buckets: [AtomicU32; BUCKETS],
}

impl Default for Row {
    fn default() -> Self {
        Self { minute: AtomicI64::new(-1), buckets: std::array::from_fn(|_| AtomicU32::new(0)) }
    }
}

/// The histogram.
#[derive(Default)]
pub(crate) struct AddedLatency {
    rows: [Row; ROWS],
}

/// What the calls of the last minutes took in Reeve itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Added {
    /// Calls.
    pub calls: u64,
    /// Half of them took at most so many microseconds.
    pub p50_us: u64,
    /// 95 of 100 took at most so many microseconds.
    pub p95_us: u64,
}

/// The bucket of a duration.
fn bucket(us: u64) -> usize {
    if us < 4 {
        return us as usize;
    }
    let power = us.ilog2();
    let quarter = (us >> (power - 2)) & 3;
    (4 * (power as usize - 1) + quarter as usize).min(BUCKETS - 1)
}

/// The longest duration of a bucket.
fn ceiling(bucket: usize) -> u64 {
    if bucket < 4 {
        return bucket as u64;
    }
    let (power, quarter) = (bucket / 4 + 1, (bucket % 4) as u64);
    ((4 + quarter + 1) << (power - 2)) - 1
}

impl AddedLatency {
    fn row(&self, minute: i64) -> Option<&Row> {
        self.rows.get(usize::try_from(minute.rem_euclid(MINUTES)).ok()?)
    }

    /// A call took `us` microseconds in Reeve itself.
    pub(crate) fn record(&self, now: Millis, us: i64) {
        let minute = now.0.div_euclid(Millis::MINUTE);
        let Some(row) = self.row(minute) else { return };
        let before = row.minute.load(Ordering::Acquire);
        if before < minute
            && row.minute.compare_exchange(before, minute, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        {
            // A call that adds meanwhile may be lost: one of a minute's, at most a few.
            row.buckets.iter().for_each(|b| b.store(0, Ordering::Relaxed));
        }
        row.buckets[bucket(u64::try_from(us).unwrap_or(0))].fetch_add(1, Ordering::Relaxed);
    }

    /// What the calls of the last [`MINUTES`] took; `None` where there were none.
    pub(crate) fn read(&self, now: Millis) -> Option<Added> {
        let newest = now.0.div_euclid(Millis::MINUTE);
        let mut sums = [0_u64; BUCKETS];
        for row in &self.rows {
            if (newest - MINUTES + 1..=newest).contains(&row.minute.load(Ordering::Acquire)) {
                let counts = row.buckets.iter().map(|b| u64::from(b.load(Ordering::Relaxed)));
                sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
            }
        }
        let calls: u64 = sums.iter().sum();
        let at_most = |percent: u64| {
            let rank = (calls * percent).div_ceil(100).max(1);
            let mut seen = 0;
            let found = sums.iter().position(|count| {
                seen += count;
                seen >= rank
            });
            ceiling(found.unwrap_or(BUCKETS - 1))
        };
        (calls > 0).then(|| Added { calls, p50_us: at_most(50), p95_us: at_most(95) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_bucket_holds_what_falls_into_it(us in 0_u64..(1 << 27)) {
            let at = bucket(us);
            let clamped = us.min(ceiling(BUCKETS - 1));
            prop_assert!(clamped <= ceiling(at), "{us} in {at} up to {}", ceiling(at));
            prop_assert!(at == 0 || clamped > ceiling(at - 1));
            prop_assert!(ceiling(at) as f64 <= clamped.max(1) as f64 * 1.26, "a fifth too high at most");
        }
    }

    #[test]
    fn only_the_last_fifteen_minutes_count() {
        let (added, start) = (AddedLatency::default(), Millis(1_000_000_000));
        assert_eq!(added.read(start), None, "no calls, no figure");
        (0..95).for_each(|_| added.record(start, 100));
        (0..5).for_each(|_| added.record(start.plus(Millis::MINUTE), 50_000));
        let now = start.plus(2 * Millis::MINUTE);
        let read = added.read(now).unwrap();
        assert_eq!((read.calls, read.p50_us, read.p95_us), (100, 111, 111));
        added.record(now, 50_000);
        assert!(added.read(now).unwrap().p95_us >= 50_000, "now more than five in a hundred are slow");
        let later = start.plus(15 * Millis::MINUTE);
        assert_eq!(added.read(later).unwrap().calls, 6, "the first minute is over");
        added.record(later, 1);
        assert_eq!(added.read(later).unwrap().calls, 7, "its row serves a new minute");
    }
}
