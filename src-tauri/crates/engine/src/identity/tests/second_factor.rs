//! Two-step sign-in on a real store: nothing is taken twice, not across a restart either, and nobody is locked out half-way.

use super::*;
use crate::identity::{StepUp, totp};
use data_encoding::BASE32_NOPAD;

/// Somebody with an authenticator app.
struct App {
    seed: Vec<u8>,
    codes: Vec<String>,
}

impl App {
    fn shows(&self, house: &House) -> String {
        totp::shown(&self.seed, *house.clock.0.lock())
    }
}

fn with_code(code: &str) -> Login {
    Login { code: Some(Zeroizing::new(code.to_owned())), ..login(EMAIL, GOOD) }
}

async fn session_of(house: &House, signed_in: &SignedIn) -> Cx {
    Cx { principal: house.engine.authenticate(&signed_in.access_token).await.unwrap(), ..http() }
}

/// A house whose owner has turned it on half a minute ago.
async fn enrolled() -> (House, Cx, App) {
    let (house, signed_in) = registered().await;
    let cx = session_of(&house, &signed_in).await;
    let made = house.engine.begin_second_factor(&cx).await.unwrap();
    let seed = BASE32_NOPAD.decode(made.secret.as_bytes()).unwrap();
    let code = totp::shown(&seed, *house.clock.0.lock());
    let codes = house.engine.confirm_second_factor(&cx, &code).await.unwrap().0;
    house.later(30 * Millis::SECOND);
    (house, cx, App { seed, codes: codes.iter().map(|code| code.to_string()).collect() })
}

async fn refused(house: &House, login: Login) -> Code {
    house.engine.login(&http(), login).await.err().map(|e| e.code).expect("it is refused")
}

#[tokio::test]
async fn a_sign_in_asks_for_the_code_and_a_right_one_opens_a_session() {
    let (house, _, app) = enrolled().await;
    assert_eq!(refused(&house, login(EMAIL, GOOD)).await, Code::SecondFactorRequired);
    let wrong_password =
        Login { code: Some(Zeroizing::new(app.shows(&house))), ..login(EMAIL, "not this one") };
    assert_eq!(refused(&house, wrong_password).await, Code::Unauthenticated);
    assert_eq!(refused(&house, with_code("000000")).await, Code::Unauthenticated);
    let code = app.shows(&house);
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    let signed_in = house.engine.login(&http(), with_code(&spaced)).await.unwrap();
    assert!(signed_in.user.second_factor);
    house.engine.authenticate(&signed_in.access_token).await.unwrap();
    let kinds = house.kinds().await;
    assert_eq!(
        kinds[2..],
        [
            "second_factor.begin",
            "second_factor.enable",
            "auth.mfa",
            "auth.failed",
            "auth.failed",
            "auth.login"
        ]
    );
    let entries = house.entries().await;
    let last = entries.last().unwrap();
    assert_eq!(last.leaf.x["second_factor"], "app");
    assert_eq!(last.leaf.x["failures_before"], 2, "being asked is no failure");
    for entry in entries {
        let leaf = String::from_utf8_lossy(&entry.bytes).into_owned();
        assert!(!leaf.contains(&code) && !leaf.contains(&BASE32_NOPAD.encode(&app.seed)), "{leaf}");
    }
}

#[tokio::test]
async fn a_code_is_good_once_within_its_window_and_across_a_restart() {
    let (house, _, app) = enrolled().await;
    let code = app.shows(&house);
    house.engine.login(&http(), with_code(&code)).await.unwrap();
    assert_eq!(refused(&house, with_code(&code)).await, Code::Unauthenticated);
    let house = house.restarted().await;
    assert_eq!(refused(&house, with_code(&code)).await, Code::Unauthenticated);
    house.later(30 * Millis::SECOND);
    assert_eq!(refused(&house, with_code(&code)).await, Code::Unauthenticated, "still in its window");
    let next = app.shows(&house);
    house.engine.login(&http(), with_code(&next)).await.unwrap();
    // The one that the phone shows next is in the window already; the one before it is over once it was taken.
    let ahead = totp::shown(&app.seed, house.clock.0.lock().plus(30 * Millis::SECOND));
    house.engine.login(&http(), with_code(&ahead)).await.unwrap();
    assert_eq!(refused(&house, with_code(&next)).await, Code::Unauthenticated);
    assert_eq!(house.kinds().await.last().unwrap(), "auth.failed");
}

#[tokio::test]
async fn the_code_that_set_it_up_signs_nobody_in() {
    let (house, signed_in) = registered().await;
    let cx = session_of(&house, &signed_in).await;
    let made = house.engine.begin_second_factor(&cx).await.unwrap();
    let seed = BASE32_NOPAD.decode(made.secret.as_bytes()).unwrap();
    let code = totp::shown(&seed, *house.clock.0.lock());
    house.engine.confirm_second_factor(&cx, &code).await.unwrap();
    assert_eq!(refused(&house, with_code(&code)).await, Code::Unauthenticated);
}

#[tokio::test]
async fn of_two_who_come_with_the_same_code_one_is_let_in() {
    let (house, _, app) = enrolled().await;
    for code in [app.shows(&house), app.codes[0].clone()] {
        let cx = http();
        let (a, b) = tokio::join!(
            house.engine.login(&cx, with_code(&code)),
            house.engine.login(&cx, with_code(&code))
        );
        assert_eq!([&a, &b].iter().filter(|r| r.is_ok()).count(), 1, "{a:?} {b:?}");
        assert_eq!(a.err().or(b.err()).unwrap().code, Code::Unauthenticated);
    }
}

#[tokio::test]
async fn each_recovery_code_is_good_once() {
    let (house, cx, app) = enrolled().await;
    assert_eq!(app.codes.len(), 10);
    let typed = app.codes[3].to_lowercase().replace('-', " ");
    house.engine.login(&http(), with_code(&typed)).await.unwrap();
    assert_eq!(house.entries().await.last().unwrap().leaf.x["second_factor"], "recovery_code");
    let house = house.restarted().await;
    assert_eq!(refused(&house, with_code(&app.codes[3])).await, Code::Unauthenticated);
    house.engine.login(&http(), with_code(&app.codes[4])).await.unwrap();
    // The first session has lived through the restart; its proof has not.
    let stale = house.engine.make_recovery_codes(&Cx { ..cx.clone() }).await;
    assert!(stale.is_ok(), "signed in less than five minutes ago");
    let status = house.engine.second_factor(&cx).await.unwrap();
    assert_eq!((status.since.is_some(), status.codes_left), (true, 10));
    assert_eq!(refused(&house, with_code(&app.codes[5])).await, Code::Unauthenticated, "replaced");
}

#[tokio::test]
async fn what_was_only_begun_is_asked_for_from_nobody() {
    let (house, signed_in) = registered().await;
    let cx = session_of(&house, &signed_in).await;
    assert_eq!(
        house.engine.confirm_second_factor(&cx, "123456").await.err().unwrap().code,
        Code::PreconditionFailed
    );
    assert_eq!(house.engine.remove_second_factor(&cx).await.unwrap_err().code, Code::PreconditionFailed);
    let first = house.engine.begin_second_factor(&cx).await.unwrap();
    assert_eq!(
        house.engine.confirm_second_factor(&cx, "no code").await.err().unwrap().fields[0].field,
        "code"
    );
    house.engine.login(&http(), login(EMAIL, GOOD)).await.unwrap();
    house.later(Millis::MINUTE);
    let second = house.engine.begin_second_factor(&cx).await.unwrap();
    assert_ne!(first.secret.as_str(), second.secret.as_str());
    let of =
        |secret: &str| totp::shown(&BASE32_NOPAD.decode(secret.as_bytes()).unwrap(), *house.clock.0.lock());
    let old = of(&first.secret);
    assert_eq!(house.engine.confirm_second_factor(&cx, &old).await.err().unwrap().code, Code::Invalid);
    let new = of(&second.secret);
    house.engine.confirm_second_factor(&cx, &new).await.unwrap();
    assert_eq!(house.engine.begin_second_factor(&cx).await.err().unwrap().code, Code::Conflict);
    assert_eq!(house.engine.confirm_second_factor(&cx, &new).await.err().unwrap().code, Code::Conflict);
}

#[tokio::test]
async fn turning_it_on_ends_what_the_password_alone_had_opened() {
    let (house, first) = registered().await;
    let other = house.engine.login(&http(), login(EMAIL, GOOD)).await.unwrap();
    let cx = session_of(&house, &first).await;
    let made = house.engine.begin_second_factor(&cx).await.unwrap();
    let seed = BASE32_NOPAD.decode(made.secret.as_bytes()).unwrap();
    let code = totp::shown(&seed, *house.clock.0.lock());
    house.engine.confirm_second_factor(&cx, &code).await.unwrap();
    house.engine.authenticate(&first.access_token).await.unwrap();
    assert!(house.engine.authenticate(&other.access_token).await.is_err());
    assert!(house.engine.refresh(&http(), other.refresh_token.as_deref().unwrap()).await.is_err());
}

#[tokio::test]
async fn what_can_do_harm_asks_for_a_code_that_was_not_used() {
    let (house, cx, app) = enrolled().await;
    let give = |given: StepUp| house.engine.step_up(&cx, given);
    let code = |text: &str| StepUp::Code(Zeroizing::new(text.to_owned()));
    let password = || StepUp::Password(Zeroizing::new(GOOD.to_owned()));
    house.later(5 * Millis::MINUTE);
    let asked = || house.engine.require_fresh(&cx).map_err(|e| e.code);
    assert_eq!(asked(), Err(Code::StepUpRequired));
    assert_eq!(house.engine.remove_second_factor(&cx).await.unwrap_err().code, Code::StepUpRequired);
    assert_eq!(give(password()).await.unwrap_err().fields[0].field, "code", "the password alone does not do");
    assert_eq!(give(code("000000")).await.unwrap_err().fields[0].field, "code");
    assert_eq!(asked(), Err(Code::StepUpRequired));
    let now = app.shows(&house);
    give(code(&now)).await.unwrap();
    assert_eq!(asked(), Ok(()));
    assert_eq!(give(code(&now)).await.unwrap_err().code, Code::Invalid, "taken");
    assert_eq!(refused(&house, with_code(&now)).await, Code::Unauthenticated, "for signing in as well");
    house.engine.remove_second_factor(&cx).await.unwrap();
    house.engine.login(&http(), login(EMAIL, GOOD)).await.unwrap();
    assert_eq!(give(code(&now)).await.unwrap_err().fields[0].field, "password");
    give(password()).await.unwrap();
    let kinds = house.kinds().await;
    for kind in ["auth.step_up", "auth.failed", "second_factor.disable"] {
        assert!(kinds.iter().any(|k| k == kind), "{kind} in {kinds:?}");
    }
}

#[tokio::test]
async fn guessing_codes_is_slowed_as_guessing_passwords_is() {
    let (house, _, app) = enrolled().await;
    for _ in 0..5 {
        assert_eq!(refused(&house, with_code("000000")).await, Code::Unauthenticated);
        // Being asked again between the guesses forgives none of them.
        let between = refused(&house, login(EMAIL, GOOD)).await;
        assert!([Code::SecondFactorRequired, Code::RateLimited].contains(&between), "{between:?}");
    }
    let code = app.shows(&house);
    assert_eq!(refused(&house, with_code(&code)).await, Code::RateLimited);
    house.engine.login(&cx(Via::Ui), with_code(&code)).await.unwrap();
}

#[tokio::test]
async fn whoever_holds_the_data_turns_it_off_and_nobody_else_does() {
    let (house, cx, _) = enrolled().await;
    assert_eq!(house.engine.reset_second_factor(&cx, EMAIL).await.unwrap_err().code, Code::Forbidden);
    let nobody = house.engine.reset_second_factor(&Cx::cli(), "who@example.com").await.unwrap_err();
    assert_eq!(nobody.code, Code::NotFound);
    house.engine.reset_second_factor(&Cx::cli(), " OWNER@example.com").await.unwrap();
    house.engine.login(&http(), login(EMAIL, GOOD)).await.unwrap();
    let again = house.engine.reset_second_factor(&Cx::cli(), EMAIL).await.unwrap_err();
    assert_eq!(again.code, Code::PreconditionFailed);
}

#[tokio::test]
async fn the_seed_opens_under_a_new_master_key_as_well() {
    let (house, _, app) = enrolled().await;
    house.engine.rotate_master_key(&Cx::system()).await.unwrap();
    let mut waits = 0;
    let rewrap = loop {
        let rewrap = house.engine.vault_status(&Cx::system()).await.unwrap().rewrap.unwrap();
        if rewrap.ended_at.is_some() {
            break rewrap;
        }
        waits += 1;
        assert!(waits < 1_200, "the rotation does not end");
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    };
    assert_eq!((rewrap.unreadable, rewrap.done), (0, rewrap.total));
    let house = house.restarted().await;
    house.engine.login(&http(), with_code(&app.shows(&house))).await.unwrap();
}

#[tokio::test]
async fn without_a_password_there_is_no_second_step() {
    let house = House::new().await;
    house.engine.register(&cx(Via::Ui), register(None)).await.unwrap();
    let owner = Cx { principal: house.engine.window_principal(), ..cx(Via::Ui) };
    assert_eq!(house.engine.begin_second_factor(&owner).await.err().unwrap().code, Code::PreconditionFailed);
    assert_eq!(house.engine.second_factor(&http()).await.unwrap_err().code, Code::Unauthenticated);
}
