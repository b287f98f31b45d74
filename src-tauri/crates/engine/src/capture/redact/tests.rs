use super::*;
use proptest::prelude::*;

fn all() -> Redactor {
    Redactor::new(&Detector::ALL, Vec::new())
}

fn plain(text: &str) -> String {
    all().text(text, &mut Found::new()).into_owned()
}

#[test]
fn what_is_found_and_what_only_looks_like_it() {
    for (text, expected) in [
        ("write to jane.doe+x@mail.example.co.uk now", "write to [redacted: email] now"),
        ("a@b is no address", "a@b is no address"),
        ("Authorization: Bearer abcdef1234567890", "Authorization: [redacted: bearer]"),
        ("a bearer of bad news", "a bearer of bad news"),
        ("key sk-proj-AbCdEf0123456789xyz!", "key [redacted: api_key]!"),
        ("AKIAIOSFODNN7EXAMPLE", "[redacted: api_key]"),
        ("ghp_0123456789abcdefghijABCDEFGHIJ", "[redacted: api_key]"),
        ("rvk_ab12cd34ef56.secretsecret", "[redacted: api_key]"),
        ("ask-me-anything-you-like-today", "ask-me-anything-you-like-today"),
        ("card 4111 1111 1111 1111.", "card [redacted: card]."),
        ("card 4111-1111-1111-1112.", "card 4111-1111-1111-1112."),
        ("pay DE89 3704 0044 0532 0130 00 TODAY", "pay [redacted: iban] TODAY"),
        ("GB82WEST12345698765432", "[redacted: iban]"),
        ("DE88 3704 1144 0532 1130 11", "DE88 3704 1144 0532 1130 11"),
        ("call +49 30 1234567 or (555) 123-4567", "call [redacted: phone] or [redacted: phone]"),
        ("in 2026 there were 1500 calls", "in 2026 there were 1500 calls"),
        ("version 1.2.3, 12345678", "version 1.2.3, 12345678"),
    ] {
        assert_eq!(plain(text), expected, "{text}");
    }
}

#[test]
fn escapes_hide_nothing_and_json_stays_json() {
    let json =
        r#"{"a":"jane\u0040example.com","b":[4111111111111111,"x\"y"],"c":"4111 1111 1111 1111","d":null}"#;
    let mut found = Found::new();
    let redacted = all().json(json, &mut found);
    let value: serde_json::Value = serde_json::from_str(&redacted).unwrap();
    assert_eq!(value["a"], "[redacted: email]");
    assert_eq!(value["b"][0], "[redacted: card]");
    assert_eq!(value["b"][1], "x\"y");
    assert_eq!(value["c"], "[redacted: card]");
    assert_eq!(found.get("card"), Some(&2));
    assert_eq!(all().json(r#"{"a":"sk-01234567"#, &mut found), r#"{"a":"[cut]"#, "half of a secret is one");
    let untouched = r#"{ "model" : "gpt-4o",  "n": 1.50, "text": "h\u00e9 \ud83d\ude00" }"#;
    assert_eq!(all().json(untouched, &mut found), untouched, "byte for byte where nothing is found");
}

#[test]
fn pictures_are_left_out() {
    let mut found = Found::new();
    let json = format!(r#"{{"url":"data:image/png;base64,{}"}}"#, "A".repeat(2_000));
    let redacted = all().json(&json, &mut found);
    assert!(redacted.len() < 100 && redacted.contains("bytes of data"), "{redacted}");
}

#[test]
fn own_patterns_are_bounded() {
    let own = Redactor::new(&[], vec![compile(r"PRJ-\d{4}").unwrap()]);
    assert_eq!(own.text("about PRJ-1234 and PRJ-1", &mut Found::new()), "about [redacted: own] and PRJ-1");
    for bad in ["", "(", "a*", r"(?:\w{500}){500}", &"x".repeat(501)] {
        assert!(compile(bad).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn nothing_that_was_found_is_found_again(text in "[a-z0-9@. +\\-\"\\\\]{0,200}") {
        let (mut first, mut again) = (Found::new(), Found::new());
        let once = all().text(&text, &mut first).into_owned();
        let twice = all().text(&once, &mut again).into_owned();
        prop_assert_eq!(once, twice);
        prop_assert!(again.is_empty());
    }

    #[test]
    fn valid_json_stays_valid(words in proptest::collection::vec(".{0,40}", 0..6), n in any::<i64>()) {
        let json = serde_json::json!({ "words": words, "n": n }).to_string();
        let redacted = all().json(&json, &mut Found::new());
        prop_assert!(serde_json::from_str::<serde_json::Value>(&redacted).is_ok(), "{}", redacted);
    }

    #[test]
    fn any_text_is_survived(text in ".{0,400}") {
        let _ = all().json(&text, &mut Found::new());
    }

    #[test]
    fn an_address_anywhere_is_found(before in "[a-z ]{0,20}", name in "[a-z]{1,10}", after in "[ ,.]{0,5}") {
        let text = format!("{before} {name}@example.org{after}");
        prop_assert!(!plain(&text).contains("@example.org"), "{}", plain(&text));
    }
}
