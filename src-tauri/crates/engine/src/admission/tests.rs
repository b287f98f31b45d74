//! The budget invariant over random histories and under concurrency.

use super::*;
use proptest::prelude::*;
use reeve_core::budget::{BudgetKind, Limit};
use reeve_core::id::{ApiKeyId, BudgetId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::period::{PeriodKind, Zone};
use reeve_core::tenant::{TenantStatus, Tier};
use reeve_core::time::Millis;
use reeve_store::table::budgets::Budget;
use reeve_store::table::tenants::Tenant;
use uuid::Uuid;

const START: Millis = Millis(1_780_000_000_000);

fn tenant(n: u128, tier: Tier) -> Tenant {
    Tenant {
        id: TenantId(Uuid::from_u128(n)),
        name: format!("Tenant {n}"),
        slug: format!("tenant-{n}"),
        tier,
        status: TenantStatus::Active,
        time_zone: Zone::UTC,
        owner: None,
        tags: Vec::new(),
        notes: None,
        sample: false,
        created_at: START,
        updated_at: START,
    }
}

fn budget(n: u128, tenant_id: Option<TenantId>, period: PeriodKind, nano: i64) -> Budget {
    Budget {
        id: BudgetId(Uuid::from_u128(n)),
        tenant_id,
        period,
        limit: Limit { amount: NanoUsd(nano), kind: BudgetKind::Hard },
        thresholds: vec![80, 100],
        sample: false,
        created_at: START,
        updated_at: START,
    }
}

fn ask(tenant: TenantId, nano: i64) -> Ask {
    let caller = Caller { key: ApiKeyId(Uuid::nil()), tenant };
    Ask { caller, tokens: 10, worst_case: NanoUsd(nano) }
}

/// Two tenants under a workspace, each level with both budgets.
fn admission(limits: [i64; 6]) -> (Admission, [TenantId; 2]) {
    let admission = Admission::new(Zone::UTC, START);
    let tenants = [1, 2].map(|n| tenant(n, Tier::Enterprise));
    let ids = [tenants[0].id, tenants[1].id];
    for t in tenants {
        admission.put_tenant(t, START);
    }
    let levels = [None, Some(ids[0]), Some(ids[1])];
    for (i, level) in levels.into_iter().enumerate() {
        admission.put_budget(&budget(10 + i as u128, level, PeriodKind::Day, limits[2 * i]));
        admission.put_budget(&budget(20 + i as u128, level, PeriodKind::Month, limits[2 * i + 1]));
    }
    (admission, ids)
}

fn over(admission: &Admission, ids: [TenantId; 2], now: Millis) -> bool {
    let levels = [None, Some(ids[0]), Some(ids[1])].into_iter().filter_map(|l| admission.limits(l, now));
    let mut meters = levels.flat_map(|l| [l.day, l.month]);
    meters.any(|m| m.budget.is_some_and(|(_, limit)| m.meter.committed() > limit.amount))
}

#[derive(Clone, Debug)]
enum Step {
    Reserve { second: bool, amount: i64 },
    Settle { which: usize, share: i64 },
    Release { which: usize },
    Wait { hours: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (any::<bool>(), 0i64..400).prop_map(|(second, amount)| Step::Reserve { second, amount }),
        3 => (0usize..8, 0i64..=100).prop_map(|(which, share)| Step::Settle { which, share }),
        1 => (0usize..8).prop_map(|which| Step::Release { which }),
        1 => (1i64..40).prop_map(|hours| Step::Wait { hours }),
    ]
}

proptest! {
    /// Spent + reserved + held never passes a hard limit, at any level, in any history; a refusal always names a budget
    /// that really had no room.
    #[test]
    fn no_history_overspends(limits in prop::array::uniform6(0i64..2_000), steps in prop::collection::vec(step(), 0..120)) {
        let (admission, ids) = admission(limits);
        let mut now = START;
        let mut open: Vec<Reservation> = Vec::new();
        for step in steps {
            match step {
                Step::Reserve { second, amount } => {
                    match admission.reserve(&ask(ids[usize::from(second)], amount), now) {
                        Ok((reservation, _)) => open.push(reservation),
                        Err(Refusal::Budget { remaining, .. }) => prop_assert!(remaining < NanoUsd(amount)),
                        Err(other) => prop_assert!(false, "{other:?}"),
                    }
                }
                Step::Settle { which, share } if which < open.len() => {
                    let reservation = open.swap_remove(which);
                    admission.settle(&reservation, NanoUsd(reservation.amount.0 * share / 100));
                }
                Step::Release { which } if which < open.len() => admission.release(&open.swap_remove(which)),
                Step::Wait { hours } => now = now.plus(hours * Millis::HOUR),
                Step::Settle { .. } | Step::Release { .. } => {}
            }
            prop_assert!(!over(&admission, ids, now));
        }
        // When all have ended nothing stays reserved: no reservation leaks.
        for reservation in open.drain(..) {
            admission.settle(&reservation, NanoUsd::ZERO);
        }
        let workspace = admission.limits(None, now).unwrap();
        prop_assert_eq!((workspace.day.meter.reserved, workspace.month.meter.reserved), (NanoUsd::ZERO, NanoUsd::ZERO));
        prop_assert!(ids.iter().all(|id| admission.counters(*id, now).unwrap().concurrent == 0));
    }
}

#[test]
fn a_thousand_at_the_edge_fill_it_exactly() {
    let (admission, [first, _]) = admission([1_000_000, 1_000_000, 250_000, 1_000_000, 0, 0]);
    let admitted: usize = std::thread::scope(|scope| {
        let work = || (0..125).filter(|_| admission.reserve(&ask(first, 1_000), START).is_ok()).count();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|t| t.join().unwrap()).sum()
    });
    assert_eq!(admitted, 250, "every call that fits, and not one more");
}

#[test]
fn a_call_over_midnight_counts_to_the_day_it_began() {
    let (admission, [first, _]) = admission([100, 1_000, 100, 1_000, 0, 0]);
    let before = Millis(START.0 - START.0.rem_euclid(Millis::DAY) + Millis::DAY - 1);
    let (reservation, _) = admission.reserve(&ask(first, 60), before).unwrap();
    let after = before.plus(1);
    assert!(admission.reserve(&ask(first, 100), after).is_ok(), "the new day is empty");
    admission.settle(&reservation, NanoUsd(50));
    let limits = admission.limits(Some(first), after).unwrap();
    assert_eq!((limits.day.meter.spent, limits.day.meter.reserved), (NanoUsd(0), NanoUsd(100)));
    assert_eq!((limits.month.meter.spent, limits.month.meter.reserved), (NanoUsd(50), NanoUsd(100)));
}

#[test]
fn the_bound_covers_the_exposure_and_is_raised_in_blocks() {
    let (admission, [first, _]) = admission([i64::MAX, i64::MAX, i64::MAX, i64::MAX, 0, 0]);
    let mut raises = 0;
    for _ in 0..400 {
        let (_, raise) = admission.reserve(&ask(first, 5_000_000), START).unwrap();
        if raise {
            let bound = admission.bound_to_raise(first).unwrap();
            admission.bound_raised(first, bound);
            raises += 1;
        }
        assert_eq!(admission.bound_to_raise(first), None);
    }
    assert!(raises <= 10, "{raises} commits for 400 calls");
}

#[test]
fn quotas_refuse_in_their_order_and_free_their_place() {
    let admission = Admission::new(Zone::UTC, START);
    let free = tenant(1, Tier::Free);
    let id = free.id;
    admission.put_tenant(free, START);
    let open: Vec<_> = (0..5).map(|_| admission.reserve(&ask(id, 0), START).unwrap().0).collect();
    assert_eq!(admission.reserve(&ask(id, 0), START).unwrap_err(), Refusal::Concurrent { limit: 5 });
    admission.settle(&open[0], NanoUsd::ZERO);
    assert!(admission.reserve(&ask(id, 0), START).is_ok());
    let big = Ask { tokens: 4_097, ..ask(id, 0) };
    assert_eq!(admission.reserve(&big, START).unwrap_err(), Refusal::Tokens { limit: 4_096, asked: 4_097 });
}
