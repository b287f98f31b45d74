use std::borrow::Cow;

use proptest::prelude::*;
use reeve_ledger::canonical::{self, Fault, Place};
use reeve_ledger::leaf::Ok as Outcome;
use reeve_ledger::{HARD_LIMIT, Hlc, Leaf, LeafError, Outline, SOFT_LIMIT, leaf_hash};
use serde_json::{Map, json};

use crate::canonical::objects;
use crate::reference::{Hash, appendix_leaf};

prop_compose! {
    fn leaves()(
        (n, t, hlc) in (0..1_u64 << 53, -(1_i64 << 52)..(1_i64 << 52), any::<u64>()),
        (kind, who, via, on) in ("[a-z]{1,6}(\\.[a-z_]{1,8})?", any::<String>(), any::<String>(), any::<String>()),
        ok in prop::sample::select(Outcome::ALL.to_vec()),
        sid in prop::option::of(any::<String>()),
        x in objects(),
        p in prop::collection::vec((any::<String>(), any::<Hash>()), 0..4),
    ) -> Leaf {
        Leaf { n, t, hlc: Hlc(hlc), kind, who, via, on, ok, sid, x, p }
    }
}

fn with(change: impl FnOnce(&mut Leaf)) -> Leaf {
    let mut leaf = appendix_leaf(1);
    change(&mut leaf);
    leaf
}

/// Reads an entry whole and in outline, which must come to the same.
fn parse(bytes: &[u8]) -> Result<Leaf, LeafError> {
    let whole = Leaf::parse(bytes);
    let outline = Outline::parse(bytes, "tenant").map(|(o, tenant)| {
        let p: Vec<_> = o.p.iter().map(|(key, hash)| (key.to_string(), *hash)).collect();
        let texts = [o.kind, o.who, o.via, o.on].map(Cow::into_owned);
        ((o.n, o.t, o.hlc, o.ok), texts, o.sid.map(Cow::into_owned), p, tenant.map(Cow::into_owned))
    });
    let expected = whole.clone().map(|leaf| {
        let tenant = leaf.x.get("tenant").and_then(|tenant| tenant.as_str()).map(str::to_owned);
        let texts = [leaf.kind, leaf.who, leaf.via, leaf.on];
        ((leaf.n, leaf.t, leaf.hlc, leaf.ok), texts, leaf.sid, leaf.p, tenant)
    });
    assert_eq!(outline, expected);
    whole
}

/// The bytes of entry 1 with a part of them replaced.
fn altered(from: &str, to: &str) -> Result<Leaf, LeafError> {
    let text = String::from_utf8(appendix_leaf(1).encode().unwrap()).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{from}");
    parse(text.replace(from, to).as_bytes())
}

#[test]
fn every_outcome_and_a_correlation_id_are_written() {
    for (outcome, word) in Outcome::ALL.into_iter().zip(["ok", "denied", "error", "unknown"]) {
        let leaf = with(|leaf| {
            leaf.ok = outcome;
            leaf.sid = Some("01j".to_owned());
        });
        let text = String::from_utf8(leaf.encode().unwrap()).unwrap();
        assert!(text.contains(&format!(r#","ok":"{word}","on":"#)), "{text}");
        assert!(text.contains(r#"]],"sid":"01j","t":"#), "{text}");
        assert_eq!(parse(text.as_bytes()), Ok(leaf));
    }
}

#[test]
fn the_direct_writer_agrees_with_the_general_one() {
    let bytes = with(|leaf| leaf.sid = Some("\"\n".to_owned())).encode().unwrap();
    let value = canonical::parse(&bytes).unwrap();
    assert_eq!(canonical::encode(&value).unwrap(), bytes);
    assert_eq!(value.as_object().unwrap().len(), 12);
}

#[test]
fn fields_out_of_range_are_not_written() {
    let canonical = |path: &str, fault| {
        LeafError::Canonical(reeve_ledger::CanonicalError { place: Place::Path(path.to_owned()), fault })
    };
    let details = |value| Map::from_iter([("a".to_owned(), value)]);
    let cases = [
        (with(|leaf| leaf.kind.clear()), LeafError::NoKind),
        (with(|leaf| leaf.n = 1 << 53), canonical("n", Fault::IntegerRange)),
        (with(|leaf| leaf.n = u64::MAX), canonical("n", Fault::IntegerRange)),
        (with(|leaf| leaf.t = i64::MIN), canonical("t", Fault::IntegerRange)),
        (with(|leaf| leaf.x = details(json!([0.5]))), canonical("x.a[0]", Fault::Float)),
        (with(|leaf| leaf.x = details(json!({"A": 1}))), canonical("x.a", Fault::Key("A".to_owned()))),
    ];
    for (leaf, error) in cases {
        assert_eq!(leaf.encode(), Err(error));
    }
}

#[test]
fn an_outline_tells_one_detail_where_it_is_a_text() {
    for (tenant, told) in
        [(json!("ten_1"), Some("ten_1")), (json!("\n"), Some("\n")), (json!(["ten_1"]), None)]
    {
        let details = json!({"a": {"tenant": "ten_2"}, "tenant": tenant, "z": [1, "ten_3"]});
        let bytes = with(|leaf| leaf.x = details.as_object().unwrap().clone()).encode().unwrap();
        parse(&bytes).unwrap();
        assert_eq!(Outline::parse(&bytes, "tenant").unwrap().1.as_deref(), told);
    }
}

#[test]
fn details_nest_one_level_less_than_a_whole_value() {
    let mut deepest = json!(1);
    for _ in 0..canonical::MAX_DEPTH - 2 {
        deepest = json!([deepest]);
    }
    let leaf = with(|leaf| leaf.x = Map::from_iter([("a".to_owned(), deepest.clone())]));
    let bytes = leaf.encode().unwrap();
    assert_eq!(parse(&bytes), Ok(leaf));
    assert!(canonical::parse(&bytes).is_ok());
    let deeper = with(|leaf| leaf.x = Map::from_iter([("a".to_owned(), json!([deepest]))]));
    let too_deep =
        |result| matches!(result, Err(LeafError::Canonical(error)) if error.fault == Fault::TooDeep);
    assert!(too_deep(deeper.encode().map(drop)));
    let bytes = String::from_utf8(bytes).unwrap().replace("[1]", "[[1]]");
    assert!(too_deep(parse(bytes.as_bytes()).map(drop)));
}

#[test]
fn the_hard_limit_is_exact_and_the_soft_one_is_not_enforced() {
    let overhead = with(|leaf| leaf.who.clear()).encode().unwrap().len();
    let of_len = |len: usize| with(|leaf| leaf.who = "x".repeat(len - overhead));
    for len in [SOFT_LIMIT + 1, HARD_LIMIT] {
        let bytes = of_len(len).encode().unwrap();
        assert_eq!(bytes.len(), len);
        assert_eq!(parse(&bytes), Ok(of_len(len)));
    }
    let too_large = LeafError::TooLarge { len: HARD_LIMIT + 1 };
    assert_eq!(of_len(HARD_LIMIT + 1).encode(), Err(too_large.clone()));
    assert_eq!(parse(&[b'x'; HARD_LIMIT + 1]), Err(too_large));
}

#[test]
fn anything_but_version_1_is_refused() {
    let refused = [
        (r#""v":1"#, r#""v":2"#),
        (r#","v":1"#, ""),
        (r#""k":"budget.update","#, ""),
        (r#","x":{"limit_uusd":250000000}"#, ""),
        (r#""who":"u:7f3k","#, r#""who":"u:7f3k","why":"","#),
        (r#""who":"u:7f3k""#, r#""who":null"#),
        (r#""via":"ui","who":"u:7f3k""#, r#""who":"u:7f3k","via":"ui""#),
        (r#""x":{"limit_uusd":250000000}"#, r#""x":[]"#),
        (r#""x":{"limit_uusd":250000000}"#, r#""x":{"b":1,"a":1}"#),
        (r#""t":1767225601000"#, r#""t":"1767225601000""#),
        (r#""t":1767225601000"#, r#""t":1767225601000.0"#),
        (r#""p":[["#, r#""p":[ ["#),
        (r#"gi0="]]"#, r#"gi0="],]"#),
        (r#"["k1","#, r#"["k1",1,"#),
        ("000000}}", "000000}} "),
    ];
    for (from, to) in refused {
        assert!(matches!(altered(from, to), Err(LeafError::Canonical(_))), "{from} -> {to}");
    }
    assert_eq!(altered(r#""k":"budget.update""#, r#""k":"""#), Err(LeafError::NoKind));
    assert_eq!(altered(r#""n":1,"#, r#""n":-1,"#), Err(LeafError::NegativeIndex));
    assert_eq!(altered(r#""ok":"ok""#, r#""ok":"OK""#), Err(LeafError::Outcome { at: 61 }));
    assert!(matches!(altered("019b76da", "019B76da"), Err(LeafError::Hlc { at: 25, .. })));
    // The same 32 bytes with loose trailing bits, without padding, and one byte less.
    for other in [r#"gi1=""#, r#"gi0""#, r#"gg==""#] {
        assert!(matches!(altered(r#"gi0=""#, other), Err(LeafError::Commitment { .. })), "{other}");
    }
}

proptest! {
    #[test]
    fn entries_round_trip(leaf in leaves()) {
        let bytes = leaf.encode().unwrap();
        prop_assert_eq!(canonical::encode(&canonical::parse(&bytes).unwrap()).unwrap(), bytes.clone());
        prop_assert_eq!(parse(&bytes), Ok(leaf));
    }

    /// A damaged entry is refused or is visibly another one, and its hash is another one in any case.
    #[test]
    fn a_flipped_bit_is_detected(leaf in leaves(), bit: prop::sample::Index) {
        let bytes = leaf.encode().unwrap();
        let mut damaged = bytes.clone();
        let bit = bit.index(bytes.len() * 8);
        damaged[bit / 8] ^= 1 << (bit % 8);
        prop_assert_ne!(leaf_hash(&damaged), leaf_hash(&bytes));
        if let Ok(other) = parse(&damaged) {
            prop_assert_eq!(other.encode().unwrap(), damaged);
            prop_assert_ne!(other, leaf);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        prop_assert!(parse(&bytes).is_err());
    }

    #[test]
    fn cut_and_spliced_entries_are_read_or_refused(
        a in leaves(), b in leaves(), at: prop::sample::Index, from: prop::sample::Index,
    ) {
        let (a, b) = (a.encode().unwrap(), b.encode().unwrap());
        let spliced = [&a[..at.index(a.len())], &b[from.index(b.len())..]].concat();
        if let Ok(leaf) = parse(&spliced) {
            prop_assert_eq!(leaf.encode().unwrap(), spliced);
        }
        prop_assert!(parse(&a[..at.index(a.len())]).is_err());
    }
}
