//! Routes: where calls for a model go, in which order, and what is tried again.

use crate::id::CredentialId;
use serde::{Deserialize, Serialize};

/// One place a call may go to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Target {
    /// Provider, as the price catalogue spells it.
    pub provider: String,
    /// Model, as the provider spells it.
    pub model: String,
    /// Which provider key; any of the provider's that serves the model where absent.
    pub credential: Option<CredentialId>,
    /// Its share of the calls' first attempts, against the other targets' weights. With 0 it only steps in for others.
    pub weight: u32,
}

/// How long a route waits for a provider; the workspace's own patience where absent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Patience {
    /// For a connection, in ms.
    pub connect_ms: Option<u64>,
    /// For the first byte of an answer, in ms.
    pub first_byte_ms: Option<u64>,
    /// For a whole answer, in ms.
    pub total_ms: Option<u64>,
}

/// What a route tries again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Retries {
    /// How often each target is asked again before the next one is.
    pub each: u32,
    /// The wait before the first repetition, in ms; it doubles with each.
    pub backoff_ms: u64,
    /// The longest wait, in ms. Where a provider asks for a longer one the next target is asked instead.
    pub max_backoff_ms: u64,
    /// Whether to try again what may have run at the provider, although its outcome is unknown. The call may then be paid
    /// for twice, and both are charged.
    pub after_unknown: bool,
}

impl Default for Retries {
    fn default() -> Self {
        Self { each: 1, backoff_ms: 250, max_backoff_ms: 5_000, after_unknown: false }
    }
}

impl Retries {
    /// The wait before repetition `n`, counted from 0, in ms: between half and all of what doubling makes of it.
    #[must_use]
    pub fn backoff(&self, n: u32, random: u64) -> u64 {
        let whole = self.backoff_ms.saturating_mul(1 << n.min(20)).min(self.max_backoff_ms);
        whole - random % (whole / 2 + 1)
    }
}

/// Which of `weights` a random number falls to; `None` if all of them are 0.
pub fn pick(weights: impl Iterator<Item = u32> + Clone, random: u64) -> Option<usize> {
    let total: u64 = weights.clone().map(u64::from).sum();
    let mut point = random.checked_rem(total)?;
    weights.into_iter().position(|weight| {
        let hit = point < u64::from(weight);
        point = point.saturating_sub(u64::from(weight));
        hit
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn weights_share_what_comes() {
        let weights = [90, 0, 10];
        let mut hits = [0; 3];
        for random in 0..1_000 {
            hits[pick(weights.into_iter(), random).unwrap()] += 1;
        }
        assert_eq!(hits, [900, 0, 100]);
        assert_eq!(pick([0, 0].into_iter(), 7), None);
        assert_eq!(pick(std::iter::empty(), 7), None);
    }

    proptest! {
        #[test]
        fn nothing_without_weight_is_picked(weights in prop::collection::vec(0u32..1_000, 0..20), random in any::<u64>()) {
            match pick(weights.iter().copied(), random) {
                Some(place) => prop_assert!(weights[place] > 0),
                None => prop_assert!(weights.iter().all(|w| *w == 0)),
            }
        }

        #[test]
        fn waits_grow_and_stay_below_the_most(n in 0u32..40, random in any::<u64>()) {
            let retries = Retries { each: 3, backoff_ms: 100, max_backoff_ms: 2_000, after_unknown: false };
            let wait = retries.backoff(n, random);
            let whole = 100u64.saturating_mul(1 << n.min(20)).min(2_000);
            prop_assert!(wait <= whole && wait >= whole / 2, "{wait} of {whole}");
        }
    }
}
