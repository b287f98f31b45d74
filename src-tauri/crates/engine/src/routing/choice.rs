//! Which of several keys serves a call.

use super::credential::LiveCredential;
use reeve_core::id::CredentialId;
use reeve_core::route::pick;
use reeve_core::time::Millis;
use std::sync::Arc;

/// A key for an attempt.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) credential: Arc<LiveCredential>,
    /// Whether the attempt is the trial of an open breaker.
    pub(crate) trial: bool,
}

/// Why there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoKey {
    /// None serves the model.
    None,
    /// Those that do are kept from calls, the first of them until then.
    Blocked(Millis),
}

/// Chooses among keys that serve the model. Those of the lowest priority number go first and share calls by weight. A key
/// that its provider wants left alone, or that has just failed this call (`avoid`), is taken only where no other can be.
pub(crate) fn choose(
    among: &[Arc<LiveCredential>],
    avoid: Option<CredentialId>,
    now: Millis,
    random: u64,
) -> Result<Chosen, NoKey> {
    if let [only] = among {
        return admitted(only, now).ok_or_else(|| blocked(among, now));
    }
    for lenient in 0..3 {
        let fits = |c: &&Arc<LiveCredential>| {
            c.health.is_open_to_calls(now)
                && (lenient > 0 || !c.health.is_resting(now))
                && (lenient > 1 || Some(c.id) != avoid)
        };
        let Some(first) = among.iter().filter(fits).map(|c| c.priority).min() else { continue };
        let weights = among.iter().map(|c| if c.priority == first && fits(&c) { c.weight } else { 0 });
        let chosen = pick(weights, random).and_then(|place| admitted(&among[place], now));
        if let Some(chosen) = chosen {
            return Ok(chosen);
        }
        // Another call took the trial in this very moment: whoever else fits will do.
        if let Some(chosen) = among.iter().filter(fits).find_map(|c| admitted(c, now)) {
            return Ok(chosen);
        }
    }
    Err(blocked(among, now))
}

fn admitted(credential: &Arc<LiveCredential>, now: Millis) -> Option<Chosen> {
    let trial = credential.health.admit(now)?;
    Some(Chosen { credential: Arc::clone(credential), trial })
}

fn blocked(among: &[Arc<LiveCredential>], now: Millis) -> NoKey {
    let first = among.iter().filter_map(|c| c.health.blocked_until(now)).min();
    if among.is_empty() { NoKey::None } else { NoKey::Blocked(first.unwrap_or(now.plus(1_000))) }
}

#[cfg(test)]
mod tests {
    use super::super::health::Note;
    use super::*;
    use reeve_core::breaker::{BreakerRules, Served};
    use reeve_store::table::credentials::{Credential, SealedKey};
    use uuid::Uuid;

    const START: Millis = Millis(1_780_000_000_000);

    fn key(n: u128, weight: u32, priority: u32) -> Arc<LiveCredential> {
        let stored = Credential {
            id: CredentialId(Uuid::from_u128(n)),
            name: format!("key {n}"),
            provider: "openai".to_owned(),
            base_url: "https://api.openai.com/v1".to_owned(),
            models: Vec::new(),
            weight,
            priority,
            policy: Default::default(),
            control: None,
            control_credential: None,
            renews: None,
            version: 1,
            fingerprint: String::new(),
            last4: String::new(),
            sealed: Some(SealedKey { wrapped_dek: Vec::new(), sealed: Vec::new() }),
            promoted_at: START,
            expires_at: None,
            grace: None,
            created_at: START,
            revoked_at: None,
            last_used_at: None,
        };
        Arc::new(LiveCredential::new(stored, None, BreakerRules::default()).unwrap())
    }

    fn refuse(key: &LiveCredential) {
        let note = Note {
            served: Served::KeyRefused(401),
            trial: false,
            status: Some(401),
            latency_ms: Some(1),
            rest_ms: None,
            error: Some("no".to_owned()),
        };
        assert!(key.health.note(note, START, 0).is_some());
    }

    /// How often each key is chosen over a hundred even random numbers.
    fn shares(among: &[Arc<LiveCredential>], avoid: Option<CredentialId>, now: Millis) -> Vec<usize> {
        let mut hits = vec![0; among.len()];
        for random in 0..100 {
            if let Ok(chosen) = choose(among, avoid, now, random) {
                hits[among.iter().position(|k| k.id == chosen.credential.id).unwrap()] += 1;
            }
        }
        hits
    }

    #[test]
    fn the_first_priority_shares_by_weight_and_the_next_steps_in() {
        let keys = [key(1, 75, 1), key(2, 25, 1), key(3, 100, 2)];
        assert_eq!(shares(&keys, None, START), [75, 25, 0]);
        assert_eq!(
            shares(&keys, Some(keys[0].id), START),
            [0, 100, 0],
            "the one that failed just now is avoided"
        );
        refuse(&keys[0]);
        assert_eq!(shares(&keys, None, START), [0, 100, 0]);
        refuse(&keys[1]);
        assert_eq!(shares(&keys, None, START), [0, 0, 100]);
        refuse(&keys[2]);
        let NoKey::Blocked(until) = choose(&keys, None, START, 0).unwrap_err() else { panic!("blocked") };
        assert!(until > START.plus(200_000));
    }

    #[test]
    fn only_one_call_tries_a_key_that_was_open() {
        let keys = [key(1, 1, 1)];
        refuse(&keys[0]);
        let later = START.plus(400_000);
        assert!(choose(&keys, None, later, 0).unwrap().trial);
        assert_eq!(choose(&keys, None, later, 0).unwrap_err(), NoKey::Blocked(later.plus(10_000)));
        assert_eq!(choose(&[], None, later, 0).unwrap_err(), NoKey::None);
    }

    #[test]
    fn a_resting_key_is_asked_only_where_there_is_no_other() {
        let keys = [key(1, 100, 1), key(2, 1, 2)];
        let limited = Note {
            served: Served::Well,
            trial: false,
            status: Some(429),
            latency_ms: None,
            rest_ms: Some(1_000),
            error: None,
        };
        keys[0].health.note(limited, START, 0);
        assert_eq!(shares(&keys, None, START), [0, 100]);
        assert_eq!(shares(&keys, None, START.plus(1_000)), [100, 0]);
        refuse(&keys[1]);
        assert_eq!(shares(&keys, None, START), [100, 0]);
    }
}
