use super::*;
use std::collections::HashMap;
use std::io::Write as _;

const HEX: &str = "8f1d0c6a4be29a7753d8fe0142bb96c1e07f5a3d2c981b64af7e30d9c5128e4b";

fn parse(text: &str) -> Result<EnvSecret, EnvError> {
    EnvSecret::parse(text)
}

#[test]
fn every_spelling_of_32_bytes_is_the_same_key() {
    let bytes = HEXLOWER_PERMISSIVE.decode(HEX.as_bytes()).unwrap();
    let spellings = [
        HEX.to_owned(),
        HEX.to_uppercase(),
        BASE64.encode(&bytes),
        BASE64_NOPAD.encode(&bytes),
        BASE64URL.encode(&bytes),
        BASE64URL_NOPAD.encode(&bytes),
        format!("  {HEX}\r\n"),
    ];
    for text in spellings {
        let secret = parse(&text).unwrap();
        assert!(matches!(secret.current(), Value::Raw(_)), "{text}");
        assert_eq!(secret.current().expose(), bytes, "{text}");
    }
}

#[test]
fn twenty_characters_are_words_and_nineteen_are_too_short() {
    let words = parse("seven lakes, 3 moons").unwrap();
    assert!(matches!(words.current(), Value::Words(_)));
    assert!(words.current().kdf().is_slow());
    assert!(matches!(parse("seven lakes, 3 moon"), Err(EnvError::TooShort { characters: 19 })));
    assert!(matches!(parse("sept étés à l'océan"), Err(EnvError::TooShort { characters: 19 })));
    // 16 bytes as hex are not a key, but 32 characters are a phrase.
    assert!(matches!(parse(&HEX[..32]).unwrap().current(), Value::Words(_)));
}

#[test]
fn samples_are_refused() {
    for text in [
        "change-me-please-change-me",
        "ChangeMe1234567890abcdefg",
        "this-is-an-example-secret-key",
        "your_encryption_key_goes_here_now",
        "your-secret-key-at-least-32-chars",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "0123456789abcdef0123456789abcdef",
        "abcdefghijklmnopqrstuvwxyz123456",
        "secret42secret42secret42secret42",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "deadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
    ] {
        assert!(matches!(parse(text), Err(EnvError::Sample)), "{text}: {:?}", parse(text));
    }
}

#[test]
fn random_keys_are_never_taken_for_samples() {
    for _ in 0..2_000 {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).unwrap();
        parse(&BASE64.encode(&bytes)).unwrap();
        parse(&data_encoding::HEXLOWER.encode(&bytes)).unwrap();
    }
}

#[test]
fn errors_say_what_to_do_and_not_what_was_given() {
    for text in ["", "hunter2-hunter", "changeme-canary-canary-canary"] {
        let error = parse(text).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("canary"), "{shown}");
        assert!(error.to_string().contains(':'), "says the way out: {error}");
    }
    assert_eq!(format!("{:?}", parse("seven lakes, 3 moons").unwrap().current()), "Words(Secret(..))");
}

fn environment(pairs: &[(&'static str, &str)]) -> Result<Option<EnvSecret>, EnvError> {
    let pairs: HashMap<_, _> = pairs.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    EnvSecret::from_environment(|name| pairs.get(name).cloned())
}

#[test]
fn the_environment_is_read_by_name() {
    assert!(environment(&[]).unwrap().is_none());
    assert!(environment(&[(SECRET_PREVIOUS, HEX)]).unwrap().is_none());
    assert!(environment(&[(SECRET, HEX)]).unwrap().unwrap().previous().is_none());
    let both = environment(&[(SECRET, "seven lakes, 3 moons"), (SECRET_PREVIOUS, HEX)]).unwrap().unwrap();
    assert!(matches!(both.previous(), Some(Value::Raw(_))));
    assert!(matches!(environment(&[(SECRET, HEX), (SECRET_FILE, "/x")]), Err(EnvError::TwoSources)));
    assert!(matches!(environment(&[(SECRET, " ")]), Err(EnvError::Empty)));
    let wrong = environment(&[(SECRET, HEX), (SECRET_PREVIOUS, "short")]);
    assert!(matches!(wrong, Err(EnvError::Previous(cause)) if matches!(*cause, EnvError::TooShort { .. })));
}

fn from_file(content: &[u8]) -> Result<Option<EnvSecret>, EnvError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content).unwrap();
    environment(&[(SECRET_FILE, file.path().to_str().unwrap())])
}

#[test]
fn a_file_is_read_without_its_line_end() {
    let secret = from_file(format!("{HEX}\n").as_bytes()).unwrap().unwrap();
    assert_eq!(secret.current().expose(), HEXLOWER_PERMISSIVE.decode(HEX.as_bytes()).unwrap());
    assert!(matches!(from_file(b"\n"), Err(EnvError::Empty)));
    assert!(matches!(from_file(b"\xff\xfe"), Err(EnvError::NotText)));
    assert!(matches!(from_file(&[b'x'; 5000]), Err(EnvError::NotText)));
    assert!(matches!(environment(&[(SECRET_FILE, "/nowhere/at/all")]), Err(EnvError::Unreadable(_))));
}
