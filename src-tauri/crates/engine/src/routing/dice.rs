//! Random numbers for sharing calls and spreading waits. Nothing secret hangs on them, so they need not be unguessable.

use std::sync::atomic::{AtomicU64, Ordering};

/// A sequence of random numbers: SplitMix64 (Steele, Lea, Flood 2014), which needs no lock.
pub(crate) struct Dice(AtomicU64);

impl Default for Dice {
    fn default() -> Self {
        let seed = crate::random::bytes().map_or(0x5EED, u64::from_le_bytes);
        Self(AtomicU64::new(seed))
    }
}

impl Dice {
    pub(crate) fn seed(&self, seed: u64) {
        self.0.store(seed, Ordering::Relaxed);
    }

    pub(crate) fn roll(&self) -> u64 {
        const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut z = self.0.fetch_add(GAMMA, Ordering::Relaxed).wrapping_add(GAMMA);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_the_same_sequence_again() {
        let dice = Dice::default();
        let rolls = || {
            dice.seed(1);
            [dice.roll(), dice.roll(), dice.roll()]
        };
        let first = rolls();
        assert_eq!(first, rolls());
        assert_eq!(first[0], 0x910A_2DEC_8902_5CC1, "the published sequence");
    }
}
