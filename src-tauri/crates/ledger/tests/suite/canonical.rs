use proptest::prelude::*;
use reeve_ledger::canonical::{Fault, MAX_DEPTH, MAX_INTEGER, Place, encode, parse};
use serde_json::{Map, Value, json};

/// Any value of the profile.
pub(crate) fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        (-MAX_INTEGER..=MAX_INTEGER).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-z][a-z0-9_]{0,6}", inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// Any object of the profile.
pub(crate) fn objects() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map("[a-z][a-z0-9_]{0,6}", values(), 0..5)
        .prop_map(|fields| fields.into_iter().collect())
}

fn nested(depth: usize) -> Vec<u8> {
    [vec![b'['; depth], vec![b']'; depth]].concat()
}

#[test]
fn strings_escape_what_they_must() {
    // The string of RFC 8785 section 3.2.2.2.
    let value = json!("\u{20ac}$\u{f}\nA'B\"\\\\\"/");
    let text = r#""€$\u000f\nA'B\"\\\\\"/""#;
    assert_eq!(encode(&value).unwrap(), text.as_bytes());
    let controls: String = (0..=0x20_u8).chain([0x7f]).map(char::from).collect();
    let text = concat!(
        r#""\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f\u0010\u0011\u0012"#,
        r#"\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f "#,
        "\u{7f}\""
    );
    assert_eq!(encode(&json!(controls)).unwrap(), text.as_bytes());
    assert_eq!(parse(text.as_bytes()).unwrap(), json!(controls));
}

#[test]
fn keys_come_out_sorted() {
    let value = json!({"b": 1, "a_b": [true, false, {}], "a0": [], "a": -7});
    assert_eq!(encode(&value).unwrap(), br#"{"a":-7,"a0":[],"a_b":[true,false,{}],"b":1}"#);
}

#[test]
fn values_outside_of_the_profile_name_their_path() {
    let cases = [
        (json!(null), "", Fault::Null),
        (json!({"a": [{"b": null}]}), "a[0].b", Fault::Null),
        (json!([1, [2, 0.5]]), "[1][1]", Fault::Float),
        (json!({"a": {"b": [1, 1.0]}}), "a.b[1]", Fault::Float),
        (json!({"n": MAX_INTEGER + 1}), "n", Fault::IntegerRange),
        (json!({"n": -MAX_INTEGER - 1}), "n", Fault::IntegerRange),
        (json!(i64::MIN), "", Fault::IntegerRange),
        (json!(u64::MAX), "", Fault::IntegerRange),
        (json!({"a": {"B": 1}}), "a", Fault::Key("B".to_owned())),
        (json!({"": 1}), "", Fault::Key(String::new())),
        (json!({"1a": 1}), "", Fault::Key("1a".to_owned())),
        (json!({"é": 1}), "", Fault::Key("é".to_owned())),
    ];
    for (value, path, fault) in cases {
        let error = encode(&value).unwrap_err();
        assert_eq!((error.place, error.fault), (Place::Path(path.to_owned()), fault), "{value}");
    }
}

#[test]
fn bytes_outside_of_the_profile_name_their_offset() {
    let key = |key: &str| key.to_owned();
    let cases: [(&[u8], usize, Fault); 40] = [
        (b"", 0, Fault::Expected("a value")),
        (b" 1", 0, Fault::Expected("a value")),
        (b"1 ", 1, Fault::Expected("the end")),
        (b"1\n", 1, Fault::Expected("the end")),
        (b"[1, 2]", 3, Fault::Expected("a value")),
        (b"[1 ,2]", 2, Fault::Expected(",")),
        (b"[1,]", 3, Fault::Expected("a value")),
        (b"[1", 2, Fault::Expected(",")),
        (b"null", 0, Fault::Null),
        (b"[1,null]", 3, Fault::Null),
        (b"tru", 0, Fault::Expected("true")),
        (b"False", 0, Fault::Expected("a value")),
        (b"NaN", 0, Fault::Expected("a value")),
        (b"1.0", 0, Fault::Float),
        (b"1e3", 0, Fault::Float),
        (b"-0.5", 0, Fault::Float),
        (b"-0", 0, Fault::IntegerSpelling),
        (b"007", 0, Fault::IntegerSpelling),
        (b"-01", 0, Fault::IntegerSpelling),
        (b"+1", 0, Fault::Expected("a value")),
        (b"-", 1, Fault::Expected("a digit")),
        (b"9007199254740992", 0, Fault::IntegerRange),
        (b"-9007199254740992", 0, Fault::IntegerRange),
        (b"99999999999999999999999999", 0, Fault::IntegerRange),
        (br#"{"a":1,"a":2}"#, 7, Fault::DuplicateKey(key("a"))),
        (br#"{"b":1,"a":2}"#, 7, Fault::KeyOrder(key("a"))),
        (br#"{"A":1}"#, 1, Fault::Key(key("A"))),
        (br#"{"":1}"#, 1, Fault::Key(key(""))),
        (br#"{a:1}"#, 1, Fault::Expected("\"")),
        (br#"{"a" :1}"#, 4, Fault::Expected(":")),
        (br#"{"a":1,}"#, 7, Fault::Expected("\"")),
        (b"\"a\nb\"", 2, Fault::ControlCharacter),
        (br#""a"#, 2, Fault::Expected("a closing quotation mark")),
        (br#""\/""#, 1, Fault::Escape),
        (br#""\u0041""#, 1, Fault::Escape),
        (br#""\u000a""#, 1, Fault::Escape),
        (br#""\u001F""#, 1, Fault::Escape),
        (br#""\ud83d\ude00""#, 1, Fault::Escape),
        (b"\"\xff\"", 1, Fault::Utf8),
        (b"\xef\xbb\xbf1", 0, Fault::Expected("a value")),
    ];
    for (bytes, at, fault) in cases {
        let shown = String::from_utf8_lossy(bytes);
        let error = parse(bytes).expect_err(&shown);
        assert_eq!((error.place, error.fault), (Place::Byte(at), fault), "{shown}");
    }
}

#[test]
fn nesting_ends_at_the_limit() {
    let deepest = nested(MAX_DEPTH);
    let value = parse(&deepest).unwrap();
    assert_eq!(encode(&value).unwrap(), deepest);

    let deeper = parse(&nested(MAX_DEPTH + 1)).unwrap_err();
    assert_eq!((deeper.place, deeper.fault), (Place::Byte(MAX_DEPTH), Fault::TooDeep));
    let error = encode(&json!({"a": value})).unwrap_err();
    assert_eq!(error.place, Place::Path(format!("a{}", "[0]".repeat(MAX_DEPTH - 1))));
    assert_eq!(error.fault, Fault::TooDeep);
    assert_eq!(parse(&vec![b'['; 1 << 20]).unwrap_err().fault, Fault::TooDeep);
}

#[test]
fn errors_read_as_what_and_where() {
    assert_eq!(parse(b"[1,null]").unwrap_err().to_string(), "null is not allowed, at byte 3");
    let error = encode(&json!({"rows": [{"cost": 0.5}]})).unwrap_err();
    assert_eq!(error.to_string(), "numbers are whole, without fraction or exponent, at rows[0].cost");
}

/// The strict reader may refuse, but what it accepts is what everybody else reads too.
fn accepts_only_canonical(bytes: &[u8]) -> Result<(), TestCaseError> {
    if let Ok(value) = parse(bytes) {
        prop_assert_eq!(encode(&value).unwrap(), bytes);
        prop_assert_eq!(serde_json::from_slice::<Value>(bytes).unwrap(), value);
    }
    Ok(())
}

proptest! {
    #[test]
    fn values_round_trip(value in values()) {
        let bytes = encode(&value).unwrap();
        prop_assert_eq!(parse(&bytes).unwrap(), value);
        accepts_only_canonical(&bytes)?;
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        accepts_only_canonical(&bytes)?;
    }

    #[test]
    fn any_text_of_json_characters_is_read_or_refused(text in r#"[\[\]{}:,"\\a-bnu0-2. -]{0,24}"#) {
        accepts_only_canonical(text.as_bytes())?;
    }

    #[test]
    fn damaged_values_are_read_as_something_else_or_refused(
        value in values(), at: prop::sample::Index, byte: u8,
    ) {
        let mut bytes = encode(&value).unwrap();
        let index = at.index(bytes.len());
        prop_assume!(bytes[index] != byte);
        bytes[index] = byte;
        accepts_only_canonical(&bytes)?;
        prop_assert_ne!(parse(&bytes).ok(), Some(value));
    }

    #[test]
    fn other_spellings_are_refused(value in values()) {
        let pretty = serde_json::to_vec_pretty(&value).unwrap();
        prop_assert_eq!(parse(&pretty).is_ok(), pretty == encode(&value).unwrap());
    }
}
