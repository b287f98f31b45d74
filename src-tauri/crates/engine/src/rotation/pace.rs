//! How long rotations wait for what.

use reeve_core::time::Millis;

/// How long rotations wait for what, in ms. Tests hurry; nobody else sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Until a list of keys is believed behind a call whose effect is not known.
    pub settle_ms: i64,
    /// Before a new key is first tried, where the provider needs a while.
    pub probe_delay_ms: i64,
    /// Between two tries, where several in a row are needed.
    pub probe_gap_ms: i64,
    /// How long a refusal of a new key counts as "not yet", where the provider needs a while.
    pub probe_patience_ms: i64,
    /// Before what failed is tried again the first time; twice as long each time.
    pub backoff_ms: i64,
    /// How far scheduled rotations are spread.
    pub jitter_ms: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            settle_ms: 20 * Millis::SECOND,
            probe_delay_ms: 10 * Millis::SECOND,
            probe_gap_ms: 5 * Millis::SECOND,
            probe_patience_ms: 5 * Millis::MINUTE,
            backoff_ms: 30 * Millis::SECOND,
            jitter_ms: 600_000,
        }
    }
}

impl Pace {
    /// How long to wait after so many failures in a row.
    pub(super) fn backoff(self, attempts: u32) -> i64 {
        self.backoff_ms.saturating_mul(1 << attempts.saturating_sub(1).min(10))
    }
}
