//! What is tried in which order: where a call is on its way through its route, and where it goes after a failure.

use super::credential::LiveCredential;
use super::table::{LiveRoute, Table};
use reeve_core::id::TenantId;
use reeve_core::route::{Patience, Retries, pick};
use std::sync::Arc;

/// Attempts of one call at most, whatever its route says.
const MOST_ATTEMPTS: u32 = 16;
/// Without a route a call is asked again once, and only where nothing was sent.
const IMPLICIT: Retries = Retries { each: 1, backoff_ms: 100, max_backoff_ms: 100, after_unknown: false };

/// How an attempt failed before anything of an answer had reached the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failed {
    /// Nothing was sent: it cost nothing.
    NotSent,
    /// The provider said no: it cost nothing.
    Refused {
        /// Status of its answer.
        status: u16,
        /// How long it asks to be left alone, in ms.
        retry_after_ms: Option<u64>,
    },
    /// It was sent, and nobody knows what became of it.
    Unknown,
}

/// Where a call goes after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Onward {
    /// To the same target, after so many ms; at once where that means another key.
    Again(u64),
    /// To the same target with another key, else to the next target.
    OtherKey,
    /// To the next target.
    Next,
}

/// A call's way through its route.
pub(crate) struct Trip {
    table: Arc<Table>,
    route: Option<Arc<LiveRoute>>,
    /// The only provider it may come to.
    only: Option<&'static str>,
    /// Which target is asked.
    target: usize,
    /// Targets that were asked, or cannot be: a bit for each.
    done: u32,
    /// Repetitions of this target.
    repeats: u32,
    attempts: u32,
}

/// A place on the way.
pub(crate) struct Stop<'t> {
    /// Model, as the provider spells it; as the caller did where absent.
    pub(crate) model: Option<&'t str>,
    pub(crate) keys: &'t [Arc<LiveCredential>],
}

impl Trip {
    /// The way of a call for `model`. `random` shares first attempts by the targets' weights.
    pub(crate) fn new(table: Arc<Table>, tenant: TenantId, model: &str, random: u64) -> Self {
        let route = table.route(tenant, model).cloned();
        let weights = route.iter().flat_map(|live| live.route.targets.iter().map(|t| t.weight));
        let target = route.as_ref().and_then(|_| pick(weights, random)).unwrap_or(0);
        Self { table, route, only: None, target, done: 0, repeats: 0, attempts: 0 }
    }

    /// Keeps it to one provider: the others would not understand the call.
    pub(crate) fn only(&mut self, provider: Option<&'static str>) {
        self.only = provider;
    }

    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    /// Where it is.
    pub(crate) fn stop<'t>(&'t self, asked: &str) -> Stop<'t> {
        match self.route.as_deref().map(|route| route.target(self.target)) {
            Some(Some((target, keys))) if self.only.is_none_or(|only| target.provider == only) => {
                Stop { model: Some(&target.model), keys }
            }
            Some(_) => Stop { model: None, keys: &[] },
            None => {
                let keys = match self.only {
                    Some(provider) => self.table.implicit_of(provider, asked),
                    None => self.table.implicit(asked),
                };
                Stop { model: None, keys }
            }
        }
    }

    /// Goes to the next target in the order of the list, if there is one.
    pub(crate) fn skip(&mut self) -> bool {
        let Some(live) = &self.route else { return false };
        self.done |= 1u32.checked_shl(u32::try_from(self.target).unwrap_or(31)).unwrap_or(0);
        let targets = live.route.targets.len().min(32);
        let Some(next) = (0..targets).find(|place| self.done & (1 << place) == 0) else { return false };
        (self.target, self.repeats) = (next, 0);
        true
    }

    /// Counts an attempt.
    pub(crate) fn sent(&mut self) {
        self.attempts += 1;
    }

    /// Counts a repetition of the same target.
    pub(crate) fn repeated(&mut self) {
        self.repeats += 1;
    }

    /// Attempts so far.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How long it waits for providers; `None` where no route says.
    pub(crate) fn patience(&self) -> Option<Patience> {
        self.route.as_ref().map(|live| live.route.patience)
    }

    /// Where a call goes after a failure; `None` where it ends.
    pub(crate) fn onward(&self, failed: Failed, random: u64) -> Option<Onward> {
        if self.attempts >= MOST_ATTEMPTS {
            return None;
        }
        let retries = self.route.as_ref().map_or(IMPLICIT, |live| live.route.retries);
        let again = |asked_for: u64| {
            let wait = retries.backoff(self.repeats, random).max(asked_for);
            let fits = self.repeats < retries.each && wait <= retries.max_backoff_ms;
            if fits { Onward::Again(wait) } else { Onward::Next }
        };
        let routed = self.route.is_some();
        match failed {
            Failed::NotSent => Some(again(0)),
            Failed::Unknown => retries.after_unknown.then(|| again(0)),
            Failed::Refused { status: 401 | 403, .. } if routed || self.repeats == 0 => {
                Some(Onward::OtherKey)
            }
            Failed::Refused { status: 402 | 404, .. } => routed.then_some(Onward::Next),
            Failed::Refused { status: 408 | 429 | 500.., retry_after_ms } => {
                routed.then(|| again(retry_after_ms.unwrap_or(0)))
            }
            Failed::Refused { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reeve_core::breaker::BreakerRules;
    use reeve_core::id::RouteId;
    use reeve_core::route::Target;
    use reeve_core::time::Millis;
    use reeve_store::table::routes::Route;
    use uuid::Uuid;

    fn trip(weights: &[u32], retries: Retries, random: u64) -> Trip {
        let target = |(n, weight): (usize, &u32)| Target {
            provider: "openai".to_owned(),
            model: format!("model-{n}"),
            credential: None,
            weight: *weight,
        };
        let route = Route {
            id: RouteId(Uuid::nil()),
            tenant_id: None,
            model: "fast".to_owned(),
            targets: weights.iter().enumerate().map(target).collect(),
            patience: Patience::default(),
            retries,
            created_at: Millis(0),
            updated_at: Millis(0),
        };
        let table =
            Table::new(Vec::new(), vec![route], Vec::new(), BreakerRules::default(), &Table::default());
        Trip::new(Arc::new(table), TenantId(Uuid::nil()), "fast", random)
    }

    fn at(trip: &Trip) -> &str {
        trip.stop("fast").model.unwrap()
    }

    const BUSY: Failed = Failed::Refused { status: 503, retry_after_ms: None };

    #[test]
    fn the_first_target_is_picked_by_weight_and_the_others_follow_in_order() {
        let mut trip = trip(&[10, 0, 90], Retries::default(), 50);
        assert_eq!(at(&trip), "model-2");
        assert!(trip.skip() && at(&trip) == "model-0");
        assert!(trip.skip() && at(&trip) == "model-1");
        assert!(!trip.skip());
    }

    #[test]
    fn a_target_is_repeated_as_often_as_the_route_says() {
        let retries = Retries { each: 2, backoff_ms: 100, max_backoff_ms: 1_000, after_unknown: false };
        let mut trip = trip(&[1, 0], retries, 0);
        assert_eq!(trip.onward(BUSY, 0), Some(Onward::Again(100)));
        trip.repeated();
        assert_eq!(trip.onward(BUSY, 0), Some(Onward::Again(200)));
        trip.repeated();
        assert_eq!(trip.onward(BUSY, 0), Some(Onward::Next));
        assert!(trip.skip());
        assert_eq!(trip.onward(BUSY, 0), Some(Onward::Again(100)), "each target anew");
    }

    #[test]
    fn a_wait_that_is_asked_for_is_kept_or_the_next_target_is_asked() {
        let trip =
            trip(&[1], Retries { each: 1, backoff_ms: 10, max_backoff_ms: 2_000, after_unknown: false }, 0);
        let limited = |ms| Failed::Refused { status: 429, retry_after_ms: Some(ms) };
        assert_eq!(trip.onward(limited(1_500), 0), Some(Onward::Again(1_500)));
        assert_eq!(trip.onward(limited(2_500), 0), Some(Onward::Next));
    }

    #[test]
    fn what_may_have_run_is_asked_again_only_where_the_route_says_so() {
        assert_eq!(trip(&[1], Retries::default(), 0).onward(Failed::Unknown, 0), None);
        let twice = Retries { after_unknown: true, ..Retries::default() };
        assert!(trip(&[1], twice, 0).onward(Failed::Unknown, 0).is_some());
    }

    #[test]
    fn the_callers_own_mistakes_are_not_repeated() {
        let trip = trip(&[1, 1], Retries::default(), 0);
        for status in [400, 409, 413, 422] {
            assert_eq!(trip.onward(Failed::Refused { status, retry_after_ms: None }, 0), None, "{status}");
        }
        let none = |status| Failed::Refused { status, retry_after_ms: None };
        assert_eq!(trip.onward(none(404), 0), Some(Onward::Next));
        assert_eq!(trip.onward(none(401), 0), Some(Onward::OtherKey));
    }

    #[test]
    fn without_a_route_only_what_was_not_sent_or_not_taken_is_asked_again() {
        let mut trip = Trip::new(Arc::default(), TenantId(Uuid::nil()), "gpt-4o", 0);
        assert_eq!(trip.onward(BUSY, 0), None);
        assert_eq!(trip.onward(Failed::Unknown, 0), None);
        assert_eq!(trip.onward(Failed::NotSent, 0), Some(Onward::Again(100)));
        assert_eq!(
            trip.onward(Failed::Refused { status: 401, retry_after_ms: None }, 0),
            Some(Onward::OtherKey)
        );
        trip.repeated();
        assert_eq!(trip.onward(Failed::NotSent, 0), Some(Onward::Next));
        assert!(!trip.skip(), "there is no next one");
    }
}
