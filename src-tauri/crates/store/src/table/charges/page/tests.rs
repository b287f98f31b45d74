use super::*;
use crate::table::charges::{ChargeFilter, Trail, Writes};
use crate::table::refusals;
use crate::table::usage_slots::{self, SLOT, UsageSlot};
use reeve_core::id::{ApiKeyId, ChargeId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::usage::{Unit, Usage};
use rusqlite::Connection;
use uuid::Uuid;

fn uuid(n: u64) -> Uuid {
    Uuid::from_u128(u128::from(n))
}

/// Three charges in a moment, and ten moments in a slot.
fn time(moment: u64) -> Millis {
    Millis(i64::try_from(moment).unwrap() * SLOT / 10)
}

/// Every number decides differently, so that each filter finds something and no two the same.
fn charge(n: u64) -> Charge {
    Charge {
        seq: n,
        id: ChargeId(uuid(n)),
        time: time(n / 3),
        tenant_id: TenantId(uuid(n % 5)),
        api_key_id: (n.is_multiple_of(2)).then(|| ApiKeyId(uuid(n % 4))),
        user: (n.is_multiple_of(7)).then(|| format!("user-{}", n % 21)),
        provider: ["openai", "anthropic"][usize::from(n.is_multiple_of(11))].to_owned(),
        model: format!("model-{}", n % 3),
        operation: "chat".to_owned(),
        source: "gateway".to_owned(),
        outcome: ["success", "failure", "cancelled"][usize::try_from(n % 13).unwrap().min(2)].to_owned(),
        status: Some(if n.is_multiple_of(17) { 429 } else { 200 }),
        usage: Usage::new().with(Unit::Input, n),
        cost: (!n.is_multiple_of(19)).then(|| NanoUsd(i64::try_from(n).unwrap() * 1_000_000)),
        pricing: "priced".to_owned(),
        unpriced_reason: None,
        price: None,
        latency_ms: Some(i64::try_from(n % 400).unwrap() * 100),
        first_byte_ms: None,
        stream: false,
        trace_id: (n.is_multiple_of(23)).then(|| format!("{n:032x}")),
        request_id: Some(RequestId(uuid(n)).to_string()),
        import_id: None,
        dedupe: None,
        credential_id: None,
        tags: (0..n % 3).map(|t| format!("tag-{t}")).collect(),
        attempts: 1,
        trail: Trail { reserved: Some(NanoUsd(5)), ..Trail::default() },
    }
}

fn filled(count: u64) -> Connection {
    let mut conn = Connection::open_in_memory().unwrap();
    crate::migrations::apply(&mut conn).unwrap();
    conn.pragma_update(None, "foreign_keys", "OFF").unwrap();
    let tx = conn.transaction().unwrap();
    for c in (0..count).map(charge) {
        Writes { conn: &tx }.insert_at(c.seq, &c, None).unwrap();
        usage_slots::Writes { conn: &tx }.add(&UsageSlot::of(&c)).unwrap();
    }
    tx.commit().unwrap();
    conn
}

/// Each filter, the index that must lead it, and what it means.
type Case = (&'static str, RequestFilter, fn(&Charge) -> bool);

fn cases() -> Vec<Case> {
    let f = RequestFilter::default;
    vec![
        ("charges_time", f(), |_| true),
        ("charges_time", RequestFilter { from: Some(time(45)), to: Some(time(95)), ..f() }, |c| {
            (time(45)..time(95)).contains(&c.time)
        }),
        ("charges_tenant", RequestFilter { tenant: Some(TenantId(uuid(3))), ..f() }, |c| {
            c.tenant_id.0 == uuid(3)
        }),
        ("charges_time", RequestFilter { model: Some("model-1".to_owned()), ..f() }, |c| {
            c.model == "model-1"
        }),
        ("charges_time", RequestFilter { provider: Some("anthropic".to_owned()), ..f() }, |c| {
            c.provider == "anthropic"
        }),
        ("charges_time", RequestFilter { api_key: Some(ApiKeyId(uuid(2))), ..f() }, |c| {
            c.api_key_id == Some(ApiKeyId(uuid(2)))
        }),
        ("charges_user", RequestFilter { user: Some("user-14".to_owned()), ..f() }, |c| {
            c.user.as_deref() == Some("user-14")
        }),
        (
            "SEARCH r USING PRIMARY KEY (kind=? AND tag=?",
            RequestFilter { tag: Some("tag-1".to_owned()), ..f() },
            |c| c.tags.iter().any(|t| t == "tag-1"),
        ),
        ("charges_outcome", RequestFilter { outcome: Some("failure".to_owned()), ..f() }, |c| {
            c.outcome == "failure"
        }),
        ("charges_time", RequestFilter { outcome: Some("success".to_owned()), ..f() }, |c| {
            c.outcome == "success"
        }),
        ("charges_status", RequestFilter { status: Some(429), ..f() }, |c| c.status == Some(429)),
        ("charges_time", RequestFilter { status: Some(200), ..f() }, |c| c.status == Some(200)),
        ("charges_dear", RequestFilter { min_cost: Some(NanoUsd(150_000_000)), ..f() }, |c| {
            c.cost.is_some_and(|n| n.0 >= 150_000_000)
        }),
        ("charges_slow", RequestFilter { min_latency_ms: Some(12_000), ..f() }, |c| {
            c.latency_ms.is_some_and(|ms| ms >= 12_000)
        }),
        ("charges_trace", RequestFilter { trace: Some(format!("{:032x}", 46)), ..f() }, |c| c.seq == 46),
        ("charges_request", RequestFilter { request: Some(RequestId(uuid(99))), ..f() }, |c| c.seq == 99),
        ("sqlite_autoindex_charges_1", RequestFilter { charge: Some(ChargeId(uuid(98))), ..f() }, |c| {
            c.seq == 98
        }),
        ("charges_time", RequestFilter { text: Some("anthropic".to_owned()), ..f() }, |c| {
            c.provider == "anthropic"
        }),
        (
            "charges_tenant",
            RequestFilter {
                tenant: Some(TenantId(uuid(3))),
                model: Some("model-2".to_owned()),
                api_key: Some(ApiKeyId(uuid(2))),
                from: Some(time(45)),
                ..f()
            },
            |c| {
                c.tenant_id.0 == uuid(3)
                    && c.model == "model-2"
                    && c.api_key_id == Some(ApiKeyId(uuid(2)))
                    && c.time >= time(45)
            },
        ),
        (
            "charges_user",
            RequestFilter { user: Some("user-14".to_owned()), provider: Some("openai".to_owned()), ..f() },
            |c| c.user.as_deref() == Some("user-14") && c.provider == "openai",
        ),
    ]
}

#[test]
fn every_filter_finds_what_it_says_by_an_index() {
    let conn = filled(1_000);
    let reads = Reads { conn: &conn };
    for (index, filter, means) in cases() {
        let plan = reads.plan(&filter).unwrap();
        assert!(plan.contains(index), "{filter:?}: {plan}");
        assert!(!plan.contains("SCAN charges"), "{filter:?}: {plan}");
        // One id is one row, which needs no sorting.
        assert!(filter.charge.is_some() || !plan.contains("TEMP B-TREE"), "{filter:?}: {plan}");
        let found = reads.stretch(&Visible::All, &filter, None, 2_000).unwrap();
        let mut expected: Vec<_> = (0..1_000).map(charge).filter(means).collect();
        expected.sort_by_key(|c| std::cmp::Reverse((c.time, c.seq)));
        assert!(!expected.is_empty(), "{filter:?} finds nothing, so it proves nothing");
        assert_eq!(found.rows, expected, "{filter:?}");
        assert_eq!(found.end, None);
        let (mut paged, mut before) = (Vec::new(), None);
        loop {
            let page = reads.stretch(&Visible::All, &filter, before, 7).unwrap();
            paged.extend(page.rows);
            before = page.end;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(paged, expected, "{filter:?} in pages");
    }
}

#[test]
fn of_some_tenants_every_filter_finds_theirs_and_no_others() {
    let conn = filled(1_000);
    let reads = Reads { conn: &conn };
    let own = [TenantId(uuid(1)), TenantId(uuid(3))];
    let visible = Visible::Only(own.into());
    let place = |c: &Charge| Place { time: c.time, kind: Kind::Charge, seq: c.seq };
    for (_, filter, means) in cases() {
        let theirs = |c: &Charge| means(c) && own.contains(&c.tenant_id);
        let mut expected: Vec<_> = (0..1_000).map(charge).filter(theirs).collect();
        expected.sort_by_key(|c| std::cmp::Reverse(place(c)));
        let (mut paged, mut before) = (Vec::new(), None);
        loop {
            let Stretch { mut rows, end } = reads.stretch(&visible, &filter, before, 7).unwrap();
            rows.sort_by_key(|c| std::cmp::Reverse(place(c)));
            // What lies behind the end comes again with the next page.
            paged.extend(rows.into_iter().filter(|c| end.is_none_or(|end| place(c) >= end)));
            before = end;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(paged, expected, "{filter:?}");
    }
}

#[test]
fn every_filter_of_refusals_has_an_index() {
    let conn = filled(0);
    let reads = refusals::Reads { conn: &conn };
    let mut all = cases();
    let reason = RequestFilter { reason: Some("budget_exceeded".to_owned()), ..RequestFilter::default() };
    all.push(("refusals_reason", reason, |_| true));
    for (_, filter, _) in all {
        let plan = reads.plan(&filter).unwrap();
        assert!(!plan.contains("SCAN refusals"), "{filter:?}: {plan}");
        assert!(filter.request.is_some() || !plan.contains("TEMP B-TREE"), "{filter:?}: {plan}");
        assert!(reads.stretch(&Visible::All, &filter, None, 5).unwrap().rows.is_empty());
    }
}

#[test]
fn a_rare_word_does_not_read_the_whole_table_at_once() {
    let count = MOST_READ as u64 + 500;
    let conn = filled(count);
    let reads = Reads { conn: &conn };
    // Only the very first charge.
    let filter = RequestFilter {
        text: Some("model-0".to_owned()),
        status: Some(200),
        to: Some(time(1)),
        ..RequestFilter::default()
    };
    assert_eq!(
        reads.stretch(&Visible::All, &filter, None, 5).unwrap().rows.len(),
        0,
        "its status is another"
    );
    let nowhere = RequestFilter { text: Some("nowhere".to_owned()), ..RequestFilter::default() };
    let page = reads.stretch(&Visible::All, &nowhere, None, 5).unwrap();
    let end = page.end.expect("it stopped on the way");
    assert!(page.rows.is_empty() && end.seq == count - MOST_READ as u64);
    assert_eq!(reads.stretch(&Visible::All, &nowhere, Some(end), 5).unwrap().end, None, "the rest fits");
}

#[test]
fn a_model_that_is_rare_is_found_without_reading_what_lies_between() {
    let mut conn = filled(MOST_READ as u64 + 500);
    let rare = Charge { model: "rare".to_owned(), time: time(1), ..charge(MOST_READ as u64 + 500) };
    let tx = conn.transaction().unwrap();
    Writes { conn: &tx }.insert_at(rare.seq, &rare, None).unwrap();
    usage_slots::Writes { conn: &tx }.add(&UsageSlot::of(&rare)).unwrap();
    tx.commit().unwrap();
    let filter = RequestFilter { model: Some("rare".to_owned()), ..RequestFilter::default() };
    let page = Reads { conn: &conn }.stretch(&Visible::All, &filter, None, 5).unwrap();
    assert_eq!((page.rows, page.end), (vec![rare], None));
}

#[test]
fn a_common_model_with_a_rare_word_stops_on_the_way_and_goes_on() {
    let count = MOST_READ as u64 * 2;
    let conn = filled(count);
    let reads = Reads { conn: &conn };
    let filter = RequestFilter {
        model: Some("model-0".to_owned()),
        text: Some("nowhere".to_owned()),
        ..RequestFilter::default()
    };
    let (mut pages, mut before) = (0, None);
    loop {
        let page = reads.stretch(&Visible::All, &filter, before, 5).unwrap();
        assert!(page.rows.is_empty());
        pages += 1;
        before = page.end;
        if before.is_none() {
            break;
        }
    }
    assert!((2..=3).contains(&pages), "{pages} pages");
}

#[test]
fn records_of_a_model_come_in_pages_and_are_counted() {
    let conn = filled(1_000);
    let reads = Reads { conn: &conn };
    let mut filter = ChargeFilter {
        model: Some("model-1".to_owned()),
        from: Some(time(33)),
        to: Some(time(248)),
        ..ChargeFilter::default()
    };
    let mut expected: Vec<_> = (0..1_000)
        .map(charge)
        .filter(|c| c.model == "model-1" && (time(33)..time(248)).contains(&c.time))
        .collect();
    let of_openai = expected.iter().filter(|c| c.provider == "openai").count() as u64;
    assert_eq!(reads.count(None, "openai", "model-1", time(33), time(248)).unwrap(), of_openai);
    let few = expected.iter().filter(|c| c.provider == "openai" && c.time < time(36)).count() as u64;
    assert_eq!(reads.count(None, "openai", "model-1", time(33), time(36)).unwrap(), few);
    expected.sort_by_key(|c| std::cmp::Reverse((c.time, c.seq)));
    let mut paged = Vec::new();
    loop {
        let page = reads.list(&Visible::All, &filter, 7).unwrap();
        filter.before = page.last().map(|c| (c.time, c.seq));
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    assert_eq!(paged, expected);
}
