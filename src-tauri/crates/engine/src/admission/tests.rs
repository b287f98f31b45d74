//! Admission by example and under concurrency; random histories of the whole tree are in [`histories`].

mod histories;

use super::*;
use reeve_core::budget::{BudgetKind, BudgetLevel, Limit};
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

fn whose(tenant: Option<TenantId>) -> BudgetLevel {
    tenant.map_or(BudgetLevel::WORKSPACE, BudgetLevel::tenant)
}

fn budget(n: u128, level: BudgetLevel, period: PeriodKind, nano: i64) -> Budget {
    Budget {
        id: BudgetId(Uuid::from_u128(n)),
        level,
        period,
        limit: Limit { amount: NanoUsd(nano), kind: BudgetKind::Hard },
        thresholds: vec![80, 100],
        sample: false,
        created_at: START,
        updated_at: START,
    }
}

fn ask(tenant: TenantId, nano: i64) -> Ask<'static> {
    let caller = Caller { key: ApiKeyId(Uuid::nil()), tenant };
    Ask { caller, facets: Facets::default(), tokens: 10, worst_case: NanoUsd(nano) }
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
        let day = budget(10 + i as u128, whose(level), PeriodKind::Day, limits[2 * i]);
        let month = budget(20 + i as u128, whose(level), PeriodKind::Month, limits[2 * i + 1]);
        admission.set_budgets(&whose(level), &[(day, Vec::new()), (month, Vec::new())], START);
    }
    (admission, ids)
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
    admission.settle(&reservation, &Facets::default(), NanoUsd(50));
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
fn the_bound_rises_before_calls_have_to_wait_for_it() {
    let (admission, [first, _]) = admission([i64::MAX, i64::MAX, i64::MAX, i64::MAX, 0, 0]);
    let reserve = |nano| admission.reserve(&ask(first, nano), START).unwrap().1;
    assert!(reserve(100_000_000), "nothing is on disk yet");
    let bound = admission.bound_to_raise(first).unwrap();
    admission.bound_raised(first, bound);
    assert_eq!((bound, admission.bound_to_raise_ahead(first)), (NanoUsd(200_000_000), None));

    assert!(!reserve(60_000_000));
    let ahead = admission.bound_to_raise_ahead(first).unwrap();
    assert_eq!(ahead, NanoUsd(320_000_000));
    assert!(reserve(50_000_000), "not on disk yet, so this call waits");
    assert_eq!(admission.bound_to_raise(first), None, "what is being written suffices");

    admission.bound_not_raised(first);
    assert_eq!(admission.bound_to_raise(first), Some(NanoUsd(420_000_000)), "it was not written after all");
    admission.bound_raised(first, NanoUsd(420_000_000));
    assert!(!reserve(60_000_000));
}

#[test]
fn quotas_refuse_in_their_order_and_free_their_place() {
    let admission = Admission::new(Zone::UTC, START);
    let free = tenant(1, Tier::Free);
    let id = free.id;
    admission.put_tenant(free, START);
    let open: Vec<_> = (0..5).map(|_| admission.reserve(&ask(id, 0), START).unwrap().0).collect();
    assert_eq!(admission.reserve(&ask(id, 0), START).unwrap_err(), Refusal::Concurrent { limit: 5 });
    admission.settle(&open[0], &Facets::default(), NanoUsd::ZERO);
    assert!(admission.reserve(&ask(id, 0), START).is_ok());
    let big = Ask { tokens: 4_097, ..ask(id, 0) };
    assert_eq!(admission.reserve(&big, START).unwrap_err(), Refusal::Tokens { limit: 4_096, asked: 4_097 });
}
