//! A histogram of times in ms whose buckets are an eighth of their size wide.

/// Values up to 2^24 ms, about four and a half hours.
const BUCKETS: usize = 22 * 8;

/// How often which time was met.
#[derive(Clone)]
pub(crate) struct Latencies(Box<[u32; BUCKETS]>);

impl Default for Latencies {
    fn default() -> Self {
        Self(Box::new([0; BUCKETS]))
    }
}

fn bucket(ms: u64) -> usize {
    if ms < 8 {
        return usize::try_from(ms).unwrap_or(0);
    }
    let octave = ms.ilog2();
    let eighth = usize::try_from((ms >> (octave - 3)) & 7).unwrap_or(0);
    ((octave as usize - 2) * 8 + eighth).min(BUCKETS - 1)
}

/// The largest time of a bucket.
fn most(bucket: usize) -> u64 {
    if bucket < 8 {
        return bucket as u64;
    }
    let (octave, eighth) = (bucket / 8 + 2, (bucket % 8) as u64);
    ((8 + eighth + 1) << (octave - 3)) - 1
}

impl Latencies {
    pub(crate) fn add(&mut self, ms: i64) {
        let count = &mut self.0[bucket(u64::try_from(ms).unwrap_or(0))];
        *count = count.saturating_add(1);
    }

    pub(crate) fn clear(&mut self) {
        self.0.fill(0);
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0.iter()).for_each(|(own, more)| *own = own.saturating_add(*more));
    }

    /// The time that 95 of 100 calls stayed below, rounded up by an eighth at most; `None` without calls.
    pub(crate) fn p95(&self) -> Option<i64> {
        let total: u64 = self.0.iter().copied().map(u64::from).sum();
        let rank = (total * 95).div_ceil(100).max(1);
        let mut seen = 0;
        let found = self.0.iter().position(|count| {
            seen += u64::from(*count);
            seen >= rank
        });
        found.filter(|_| total > 0).and_then(|bucket| i64::try_from(most(bucket)).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_falls_into_a_bucket_that_holds_it() {
        for ms in (0..5_000).chain([65_535, 65_536, 1_000_000, 16_000_000]) {
            let top = most(bucket(ms));
            assert!(top >= ms && top - ms <= ms / 8 + 1, "{ms} in a bucket up to {top}");
        }
    }

    #[test]
    fn the_slowest_five_of_a_hundred_are_left_out() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.p95(), None);
        (0..95).for_each(|_| latencies.add(7));
        (0..5).for_each(|_| latencies.add(9_000));
        assert_eq!(latencies.p95(), Some(7));
        latencies.add(9_000);
        assert!(latencies.p95().unwrap() >= 9_000);
    }
}
