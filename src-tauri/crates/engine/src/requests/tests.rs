use super::*;
use reeve_core::id::TenantId;
use reeve_core::usage::Usage;
use reeve_store::table::charges::Trail;
use uuid::Uuid;

fn charge(time: i64, seq: u64) -> Charge {
    Charge {
        seq,
        id: ChargeId(Uuid::from_u128(u128::from(seq))),
        time: Millis(time),
        tenant_id: TenantId(Uuid::nil()),
        api_key_id: None,
        user: None,
        provider: "openai".to_owned(),
        model: "m".to_owned(),
        operation: "chat".to_owned(),
        source: "gateway".to_owned(),
        outcome: "success".to_owned(),
        status: None,
        usage: Usage::new(),
        cost: None,
        pricing: "priced".to_owned(),
        unpriced_reason: None,
        price: None,
        latency_ms: None,
        first_byte_ms: None,
        stream: false,
        trace_id: None,
        request_id: None,
        import_id: None,
        dedupe: None,
        credential_id: None,
        tags: Vec::new(),
        attempts: 1,
        trail: Trail::default(),
    }
}

fn refusal(time: i64, seq: u64) -> RefusedCall {
    RefusedCall {
        seq,
        id: RequestId(Uuid::from_u128(u128::from(seq))),
        time: Millis(time),
        tenant_id: None,
        api_key_id: None,
        user: None,
        provider: None,
        model: None,
        operation: None,
        stream: false,
        tags: Vec::new(),
        reason: "budget_exceeded".to_owned(),
        message: None,
        calls: 1,
        asked: NanoUsd::ZERO,
        trace_id: None,
    }
}

/// A table that is read as the store reads one: at most `limit` rows, at most `most` looked at.
fn stretch<T: Clone>(
    rows: &[T],
    place: impl Fn(&T) -> Place,
    matches: impl Fn(&T) -> bool,
    before: Option<Place>,
    limit: usize,
    most: usize,
) -> Stretch<T> {
    let behind: Vec<_> = rows.iter().filter(|r| before.is_none_or(|b| place(r) < b)).collect();
    let mut found = Vec::new();
    for (seen, row) in behind.iter().enumerate() {
        if matches(row) {
            found.push((*row).clone());
        }
        if found.len() == limit || seen + 1 == most {
            return Stretch { rows: found, end: Some(place(row)) };
        }
    }
    Stretch { rows: found, end: None }
}

#[test]
fn pages_of_two_tables_are_one_list_without_gaps_or_doubles() {
    let charges: Vec<_> = (0..97).rev().map(|n| charge(n / 3, n as u64)).collect();
    let refusals: Vec<_> = (0..31).rev().map(|n| refusal(n, n as u64)).collect();
    let mut all: Vec<_> = charges.iter().map(|c| Request::Charged(Box::new(c.clone())).place()).collect();
    all.extend(refusals.iter().map(|r| Request::Refused(Box::new(r.clone())).place()));
    all.sort_by_key(|p| std::cmp::Reverse(*p));
    for (limit, most) in [(1, 100), (7, 100), (50, 9), (10, 3), (500, 500)] {
        for rare in [1_u64, 5] {
            let mut seen = Vec::new();
            let mut before = None;
            for _ in 0..1_000 {
                let of_charges = stretch(
                    &charges,
                    |c| Place { time: c.time, kind: Kind::Charge, seq: c.seq },
                    |c| c.seq.is_multiple_of(rare),
                    before,
                    limit,
                    most,
                );
                let of_refusals = stretch(
                    &refusals,
                    |r| Place { time: r.time, kind: Kind::Refusal, seq: r.seq },
                    |r| r.seq.is_multiple_of(rare),
                    before,
                    limit,
                    most,
                );
                let (items, next) = merged(of_charges, of_refusals, limit);
                assert!(items.len() <= limit);
                seen.extend(items.iter().map(Request::place));
                before = next;
                if before.is_none() {
                    break;
                }
            }
            let expected: Vec<_> = all.iter().copied().filter(|p| p.seq.is_multiple_of(rare)).collect();
            assert_eq!(seen, expected, "pages of {limit}, {most} looked at, every {rare}");
        }
    }
}

#[test]
fn what_is_typed_is_an_id_a_trace_or_a_text() {
    let typed = |text: &str| typed(RequestFilter::default(), text);
    let charge = ChargeId(Uuid::from_u128(7));
    assert_eq!(typed(&format!(" {charge} ")).charge, Some(charge));
    let request = RequestId(Uuid::from_u128(7));
    assert_eq!(typed(&request.to_string()).request, Some(request));
    let trace = "4BF92F3577B34DA6A3CE929D0E0E4736";
    assert_eq!(typed(trace).trace.as_deref(), Some("4bf92f3577b34da6a3ce929d0e0e4736"));
    assert_eq!(typed("GPT").text.as_deref(), Some("gpt"));
    assert_eq!(typed("  ").text, None);
}
