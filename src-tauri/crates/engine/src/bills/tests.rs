//! Each cause is found where it is the one, and causes always add up.

use super::reconcile::{Cause, LedgerSide, ProviderSide, Side, by_cause, row};
use proptest::prelude::*;
use reeve_core::money::NanoUsd;

fn usd(text: &str) -> NanoUsd {
    text.parse().unwrap()
}

fn seen(tokens: u64) -> ProviderSide {
    ProviderSide { tokens, ..ProviderSide::default() }
}

fn own(cost: &str, tokens: u64) -> LedgerSide {
    LedgerSide { cost: usd(cost), requests: 10, tokens, cached: Some(0), ..LedgerSide::default() }
}

fn side(billed: &str, provider: ProviderSide, ledger: LedgerSide) -> Side {
    let (provider, ledger) = (Some(provider), Some(ledger));
    Side { name: "gpt-4o".into(), is_model: true, billed: usd(billed), provider, ledger, ..Side::default() }
}

fn causes(side: &Side) -> Vec<(Cause, NanoUsd, bool)> {
    row(side).causes.into_iter().map(|n| (n.cause, n.amount, n.estimated)).collect()
}

#[test]
fn no_difference_has_no_cause() {
    assert_eq!(causes(&side("10", seen(1_000), own("10", 1_000))), []);
}

#[test]
fn each_cause_is_found_where_it_is_the_one() {
    let plain = || side("10", seen(1_000), own("10", 1_000));
    let cases = [
        (side("10.004", seen(1_000), own("10", 1_000)), vec![(Cause::Rounding, "0.004", false)]),
        (Side { moving: true, ..side("4", seen(10), own("10", 1_000)) }, vec![(Cause::Recent, "-6", false)]),
        (
            Side { is_model: false, provider: None, ledger: None, ..plain() },
            vec![(Cause::NoModel, "10", false)],
        ),
        (Side { ledger: None, ..plain() }, vec![(Cause::NotThroughReeve, "10", false)]),
        (side("0", seen(0), own("10", 1_000)), vec![(Cause::NotOnTheBill, "-10", false)]),
        (side("20", seen(2_000), own("10", 1_000)), vec![(Cause::NotThroughReeve, "10", true)]),
        (side("5", seen(500), own("10", 1_000)), vec![(Cause::NotOnTheBill, "-5", true)]),
        (side("12", seen(1_000), own("10", 1_000)), vec![(Cause::PriceDiffers, "2", false)]),
        (
            Side { billed_others: usd("3"), by_key: true, ..side("13", seen(1_000), own("10", 1_000)) },
            vec![(Cause::OtherKeys, "3", false)],
        ),
        (
            side("20", ProviderSide { others: 1_000, ..seen(2_000) }, own("10", 1_000)),
            vec![(Cause::OtherKeys, "10", true)],
        ),
        (
            side("10", seen(1_000), LedgerSide { unpriced: 10, ..own("0", 1_000) }),
            vec![(Cause::Unpriced, "10", true)],
        ),
        (
            side("0", ProviderSide { priority: 1_000, ..seen(1_000) }, own("10", 1_000)),
            vec![(Cause::PriorityTier, "-10", true)],
        ),
        (
            side("7", ProviderSide { cached: 600, ..seen(1_000) }, own("10", 1_000)),
            vec![(Cause::CacheTokens, "-3", true)],
        ),
        (side("10", seen(1_500), own("10", 1_000)), vec![(Cause::BlockedRequests, "0", true)]),
        (
            Side { provider: None, ..side("12", seen(0), own("10", 1_000)) },
            vec![(Cause::Unexplained, "2", false)],
        ),
    ];
    for (side, expected) in cases {
        let expected: Vec<_> = expected.into_iter().map(|(c, amount, e)| (c, usd(amount), e)).collect();
        assert_eq!(causes(&side), expected, "{side:?}");
    }
}

#[test]
fn several_causes_take_their_share_in_order() {
    // Half of the use is of another key, a quarter did not come through Reeve, and the rest costs more than Reeve thinks.
    let two = Side {
        billed_others: usd("10"),
        by_key: true,
        ..side("20", ProviderSide { others: 1_000, ..seen(2_000) }, own("4", 750))
    };
    let expected = [
        (Cause::OtherKeys, "10", false),
        (Cause::NotThroughReeve, "2.5", true),
        (Cause::PriceDiffers, "3.5", true),
    ];
    assert_eq!(causes(&two), expected.map(|(c, amount, e)| (c, usd(amount), e)));
    let rows = [row(&two), row(&side("12", seen(1_000), own("10", 1_000)))];
    let sums: Vec<_> = by_cause(&rows).into_iter().map(|n| (n.cause, n.amount)).collect();
    let expected = [(Cause::OtherKeys, "10"), (Cause::PriceDiffers, "5.5"), (Cause::NotThroughReeve, "2.5")];
    assert_eq!(sums, expected.map(|(c, amount)| (c, usd(amount))));
}

proptest! {
    #[test]
    fn causes_add_up_to_the_difference(
        (billed, others, cost) in (-1_000_000_000_000_i64..1_000_000_000_000_000, 0_i64..1_000_000_000_000, 0_i64..1_000_000_000_000_000),
        (tokens, cached, of_others, priority) in (0_u64..1_000_000, 0_u64..1_000_000, 0_u64..1_000_000, 0_u64..1_000_000),
        (own_tokens, own_cached, requests, unpriced) in (0_u64..1_000_000, 0_u64..1_000_000, 0_u64..1_000, 0_u64..1_000),
        (has_provider, has_ledger, is_model, moving, by_key) in any::<(bool, bool, bool, bool, bool)>(),
    ) {
        let provider = has_provider.then_some(ProviderSide { tokens, cached, others: of_others, priority });
        let ledger = has_ledger.then_some(LedgerSide {
            cost: NanoUsd(cost), requests, unpriced, tokens: own_tokens, cached: Some(own_cached),
        });
        let side = Side {
            is_model, moving, by_key, billed: NanoUsd(billed), billed_others: NanoUsd(others), provider, ledger, ..Side::default()
        };
        let row = row(&side);
        let sum: NanoUsd = row.causes.iter().map(|named| named.amount).sum();
        prop_assert_eq!(sum, row.gap());
        let mut seen: Vec<_> = row.causes.iter().map(|named| named.cause).collect();
        seen.dedup();
        prop_assert_eq!(seen.len(), row.causes.len(), "no cause twice in a row");
    }
}

mod stored;
