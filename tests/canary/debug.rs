//! What holds a secret does not show it when it is printed for programmers.

use reeve_engine::credentials::AddCredential;
use reeve_engine::rotation::control::{AddControlCredential, ChangeControlCredential};
use reeve_providers::upstream::Key;
use reeve_vault::{EnvSecret, RecoveryCode, Secret};

const CANARY: &str = "sk-canary-debug-71c0d8a94f2e5b63";

fn secret() -> Secret {
    Secret::copy_of(CANARY.as_bytes())
}

/// What a panic says, to the log and to whoever catches it.
fn panics_with(panics: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let caught = std::panic::catch_unwind(panics).unwrap_err();
    let text = caught.downcast_ref::<String>().cloned();
    text.or_else(|| caught.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap()
}

fn refused<E>(error: E) -> Result<(), E> {
    Err(error)
}

#[test]
fn a_panic_says_no_secret() {
    let said = [
        panics_with(|| refused(secret()).unwrap()),
        panics_with(|| refused(Key(CANARY.as_bytes())).expect("no key")),
        panics_with(|| panic!("{:?}", secret())),
        panics_with(|| assert!(Some(secret()).is_none(), "{:?}", Some(secret()))),
    ];
    for text in &said {
        assert!(!text.contains(CANARY) && !text.contains("115, 107, 45"), "{text}");
    }
    assert!(panics_with(|| panic!("{CANARY}")).contains(CANARY), "what does not hide itself is found");
}

#[test]
fn debug_shows_no_secret() {
    let credential = AddCredential {
        name: "n".to_owned(),
        provider: "openai".to_owned(),
        base_url: None,
        models: Vec::new(),
        weight: None,
        priority: None,
        api_key: secret(),
    };
    let admin =
        AddControlCredential { name: "n".to_owned(), provider: "openai".to_owned(), secret: secret() };
    let change = ChangeControlCredential { name: None, secret: Some(secret()) };
    let code = RecoveryCode::parse("not a code");
    let said = [
        format!("{credential:?}"),
        format!("{admin:?}"),
        format!("{change:?}"),
        format!("{:?}", Key(CANARY.as_bytes())),
        format!("{:?}", EnvSecret::parse(CANARY).map_err(|e| e.to_string())),
        format!("{:?}", code.map_err(|e| e.to_string())),
    ];
    let (plain, bytes) = (CANARY, format!("{:?}", CANARY.as_bytes()));
    let bytes = bytes.trim_matches(['[', ']']);
    for text in &said {
        assert!(!text.contains(plain) && !text.contains(bytes), "{text}");
    }
    // The search finds what does not hide itself.
    assert!(format!("{:?}", CANARY.as_bytes()).contains(bytes));
}
