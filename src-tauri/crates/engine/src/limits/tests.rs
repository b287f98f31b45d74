//! The table of buckets: all or nothing, concurrency, bounded memory, how long it takes.

use super::subject::{Asker, Subject};
use super::table::{Limits, MOST};
use crate::admission::Caller;
use proptest::prelude::*;
use reeve_core::id::{ApiKeyId, LimitId, TenantId};
use reeve_core::limit::{LimitScope, Metric, RateLimit};
use reeve_core::time::Millis;
use reeve_store::table::limits::Limit;
use std::net::{IpAddr, Ipv4Addr};
use uuid::Uuid;

const T: Millis = Millis(1_780_000_000_000);

fn caller(tenant: u128, key: u128) -> Caller {
    Caller { tenant: TenantId(Uuid::from_u128(tenant)), key: ApiKeyId(Uuid::from_u128(key)) }
}

fn numbers(requests: Option<u64>, tokens: Option<u64>) -> RateLimit {
    RateLimit { requests_per_minute: requests, tokens_per_minute: tokens, ..RateLimit::default() }
}

fn set(limits: &Limits, scope: LimitScope, subject: Option<&str>, numbers: RateLimit) {
    limits.put(&Limit {
        id: LimitId(Uuid::nil()),
        scope,
        subject: subject.map(str::to_owned),
        tenant_id: None,
        numbers,
        created_at: T,
        updated_at: T,
    });
}

/// Tokens left for a call, by subject.
fn left(limits: &Limits, asker: &Asker, now: Millis) -> Vec<(Option<u64>, Option<u64>)> {
    let one = |subject: &Subject| {
        let standings = limits.standings(&Asker(vec![subject.clone()]), now);
        (standings.requests.map(|s| s.remaining), standings.tokens.map(|s| s.remaining))
    };
    asker.0.iter().map(one).collect()
}

proptest! {
    /// Any mix of calls: one that is refused takes nothing from any limit, one that is admitted takes from every one, and
    /// what comes back at the end is what was not used.
    #[test]
    fn all_or_nothing(calls in prop::collection::vec((0usize..3, 0u64..300, 0u64..300, 0i64..3_000), 1..60)) {
        let limits = Limits::default();
        set(&limits, LimitScope::Tenant, None, numbers(Some(20), Some(900)));
        set(&limits, LimitScope::ApiKey, None, numbers(Some(12), Some(700)));
        set(&limits, LimitScope::User, None, numbers(Some(6), Some(500)));
        set(&limits, LimitScope::Model, Some("gpt-4o"), numbers(None, Some(800)));
        let mut now = T;
        for (who, estimate, used, wait) in calls {
            let user = ["ada", "bob", "eve"][who];
            let asker = Asker::call(caller(1, who as u128), Some(user), "gpt-4o");
            let before = left(&limits, &asker, now);
            match limits.take(&asker, estimate, now) {
                Ok(grant) => {
                    for ((r0, t0), (r1, t1)) in before.iter().zip(left(&limits, &asker, now)) {
                        prop_assert_eq!(r1, r0.map(|r| r - 1));
                        prop_assert_eq!(t1, t0.map(|t| t - estimate));
                    }
                    limits.settle(grant, Some(used), now);
                    for ((_, t0), (_, t2)) in before.iter().zip(left(&limits, &asker, now)) {
                        prop_assert_eq!(t2, t0.map(|t| t.saturating_sub(used)));
                    }
                }
                Err(refused) => {
                    prop_assert_eq!(&left(&limits, &asker, now), &before, "{:?} took something", refused);
                    let short = |(r, t): &(Option<u64>, Option<u64>)| *r == Some(0) || t.is_some_and(|t| t < estimate);
                    prop_assert!(before.iter().any(short), "there was room");
                    if let Some(ms) = refused.wait_ms {
                        prop_assert!(limits.check(&asker, now.plus(ms)).is_ok() || refused.metric == Metric::Tokens);
                    }
                }
            }
            now = now.plus(wait);
        }
    }
}

#[test]
fn many_at_once_take_exactly_what_there_is() {
    let limits = Limits::default();
    set(&limits, LimitScope::Tenant, None, numbers(Some(700), Some(40_000)));
    let taken: usize = std::thread::scope(|scope| {
        let work = |n: u128| {
            let limits = &limits;
            move || {
                let asker = Asker::call(caller(1, n), Some("ada"), "gpt-4o");
                (0..250).filter_map(|_| limits.take(&asker, 100, T).ok()).count()
            }
        };
        let threads: Vec<_> = (0..8).map(|n| scope.spawn(work(n))).collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    assert_eq!(taken, 400, "40,000 tokens are 400 calls, though 700 requests would fit");
}

#[test]
fn the_longest_reason_is_told() {
    let limits = Limits::default();
    set(&limits, LimitScope::User, None, numbers(Some(60), None));
    set(&limits, LimitScope::ApiKey, None, RateLimit { burst: Some(1), ..numbers(Some(6), None) });
    let asker = Asker::call(caller(1, 1), Some("ada"), "gpt-4o");
    let _open = limits.take(&asker, 1, T).unwrap();
    let refused = limits.take(&asker, 1, T).unwrap_err();
    assert_eq!(
        (refused.subject.scope(), refused.limit, refused.wait_ms),
        (LimitScope::ApiKey, 6, Some(10_000))
    );
    assert!(limits.take(&asker, 1, T.plus(9_999)).is_err());
    assert!(limits.take(&asker, 1, T.plus(10_000)).is_ok());
}

#[test]
fn a_call_that_never_fits_says_so() {
    let limits = Limits::default();
    set(&limits, LimitScope::Tenant, None, numbers(None, Some(1_000)));
    let refused = limits.take(&Asker::caller(caller(1, 1)), 1_001, T).unwrap_err();
    assert_eq!((refused.metric, refused.wait_ms), (Metric::Tokens, None));
    assert_eq!(limits.most_tokens(&Asker::caller(caller(1, 1)), T), Some(1_000));
}

#[test]
fn places_of_a_key_are_freed() {
    let limits = Limits::default();
    let asker = Asker::caller(caller(1, 7));
    let key = caller(1, 7).key.to_string();
    let two = RateLimit { concurrent_requests: Some(2), ..RateLimit::default() };
    set(&limits, LimitScope::ApiKey, Some(&key), two);
    let first = limits.take(&asker, 0, T).unwrap();
    let _second = limits.take(&asker, 0, T).unwrap();
    assert_eq!(limits.take(&asker, 0, T).unwrap_err().metric, Metric::Concurrent);
    assert!(limits.take(&Asker::caller(caller(1, 8)), 0, T).is_ok(), "another key has its own places");
    assert_eq!(limits.sweep(T.plus(Millis::HOUR)), 0, "a key with calls on their way is not forgotten");
    limits.settle(first, None, T);
    assert!(limits.take(&asker, 0, T).is_ok());
}

#[test]
fn a_new_number_holds_at_once_and_gives_nothing_away() {
    let limits = Limits::default();
    let asker = Asker::caller(caller(1, 1));
    for _ in 0..5_000 {
        limits.hit(&asker, T).unwrap();
    }
    assert_eq!(limits.hit(&asker, T).unwrap_err().limit, 5_000);
    set(&limits, LimitScope::ApiKey, Some(&caller(1, 1).key.to_string()), numbers(Some(9_000), None));
    assert_eq!(limits.hit(&asker, T).unwrap_err().limit, 9_000, "the bucket stays as empty as it was");
    assert!(limits.hit(&asker, T.plus(7)).is_ok(), "and fills at the new rate");
    limits.remove(LimitScope::ApiKey, Some(&caller(1, 1).key.to_string()));
    assert_eq!(limits.hit(&asker, T.plus(7)).unwrap_err().limit, 5_000);
}

#[test]
fn who_is_idle_is_forgotten() {
    let limits = Limits::default();
    for n in 0..1_000 {
        limits.hit(&Asker::caller(caller(n, n)), T).unwrap();
    }
    assert_eq!(limits.len(), 2_000);
    assert_eq!(limits.sweep(T), 0, "none is full again at once");
    assert_eq!(limits.sweep(T.plus(Millis::MINUTE)), 2_000);
    assert_eq!(limits.len(), 0);
}

fn address(n: u32) -> Asker {
    Asker::stranger(Some(IpAddr::V4(Ipv4Addr::from_bits(n))))
}

#[test]
fn a_flood_of_addresses_is_bounded_and_frees_nobody() {
    let limits = Limits::default();
    let guesser = address(7);
    for _ in 0..100 {
        limits.hit(&guesser, T).unwrap();
    }
    // No time passes, so that no bucket fills again.
    let mut refused = 0;
    for n in 0..(2 * MOST) {
        refused += usize::from(limits.hit(&address(1_000 + u32::try_from(n).unwrap()), T).is_err());
    }
    assert!(limits.len() <= MOST + 1, "{}", limits.len());
    assert_eq!(refused, MOST + 1 - 100, "those beyond share one bucket");
    assert!(limits.hit(&guesser, T).is_err(), "the flood filled nobody's bucket");
    assert!(limits.hit(&Asker::caller(caller(1, 1)), T).is_ok(), "keys have room of their own");
    // A second later those of the flood are full again, and make room.
    assert!(limits.hit(&address(1), T.plus(1_000)).is_ok());
    assert!(limits.len() < 10, "{}", limits.len());
}

#[test]
fn wrong_keys_at_the_gateway_keep_nobody_from_signing_in() {
    let limits = Limits::default();
    for _ in 0..100 {
        limits.hit(&address(7), T).unwrap();
    }
    assert!(limits.hit(&address(7), T).is_err());
    assert!(limits.hit(&Asker::visitor(Some(IpAddr::V4(Ipv4Addr::from_bits(7)))), T).is_ok());
}

#[test]
fn a_network_of_one_customer_is_one_address() {
    let limits = Limits::default();
    let v6 = |n: u16| Asker::stranger(Some(IpAddr::V6([0x2001, 0xdb8, 1, 2, n, n, n, n].into())));
    for n in 0..100 {
        limits.hit(&v6(n), T).unwrap();
    }
    assert!(limits.hit(&v6(9_999), T).is_err());
}

/// Not a promise about this machine: the bound is wide enough for an unoptimised build on a busy one.
#[test]
fn a_call_costs_microseconds_at_most() {
    let limits = Limits::default();
    set(&limits, LimitScope::Model, None, numbers(Some(1_000_000_000), Some(1_000_000_000)));
    for scope in [LimitScope::Tenant, LimitScope::ApiKey, LimitScope::User] {
        set(&limits, scope, None, numbers(Some(1_000_000_000), Some(1_000_000_000)));
    }
    let asker = Asker::call(caller(1, 1), Some("ada"), "gpt-4o");
    let began = std::time::Instant::now();
    const CALLS: u32 = 20_000;
    for _ in 0..CALLS {
        let grant = limits.take(&asker, 1_000, T).unwrap();
        limits.settle(grant, Some(10), T);
    }
    let each = began.elapsed() / CALLS;
    assert!(each < std::time::Duration::from_micros(100), "{each:?} for four limits, taken and settled");
}
