//! Identity on a real store, with a clock that the test sets and a keyring in memory.

mod grants;
mod jws;
mod roles;
mod second_factor;
mod users;

use super::{ChangePassword, Login, Register, Replaced, SignedIn, StepUp};
use crate::vault::VaultKeys;
use crate::{Code, Cx, Engine, OpenEngine, Via};
use parking_lot::Mutex;
use reeve_core::period::Zone;
use reeve_core::permission::Role;
use reeve_core::principal::Principal;
use reeve_core::time::{Clock, Millis};
use reeve_store::table::entries::Entry;
use reeve_store::{StoreError, Stream};
use reeve_vault::{Keyring, MemoryKeyring};
use std::sync::Arc;
use tempfile::TempDir;
use zeroize::Zeroizing;

const GOOD: &str = "marble otter forty lamps";
const EMAIL: &str = "owner@example.com";

struct SetClock(Mutex<Millis>);

impl Clock for SetClock {
    fn now(&self) -> Millis {
        *self.0.lock()
    }
}

struct House {
    engine: Engine,
    clock: Arc<SetClock>,
    keyring: Arc<MemoryKeyring>,
    folder: TempDir,
}

async fn open(folder: &TempDir, clock: &Arc<SetClock>, keyring: &Arc<MemoryKeyring>) -> Engine {
    let keyring = Arc::clone(keyring);
    let of: crate::vault::KeyringOf = Arc::new(move |_| Arc::clone(&keyring) as Arc<dyn Keyring>);
    let keys = VaultKeys { keyring: Some(of), ..VaultKeys::default() };
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    Engine::open(OpenEngine { data_dir: folder.path().to_owned(), keys, clock }).await.unwrap()
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SetClock(Mutex::new("2026-11-21T12:00:00Z".parse().unwrap())));
        let keyring = Arc::new(MemoryKeyring::new());
        let engine = open(&folder, &clock, &keyring).await;
        Self { engine, clock, keyring, folder }
    }

    async fn restarted(self) -> Self {
        self.engine.close().await;
        drop(self.engine);
        let engine = open(&self.folder, &self.clock, &self.keyring).await;
        Self { engine, ..self }
    }

    fn later(&self, ms: i64) {
        let mut now = self.clock.0.lock();
        *now = now.plus(ms);
    }

    /// Who and what of every audit entry that is not Reeve's own, oldest first.
    async fn entries(&self) -> Vec<Entry> {
        let read = |r: &reeve_store::Read<'_>| {
            let size = r.entries().head(Stream::Audit)?.size;
            let all = (0..size).map(|n| r.entries().get(Stream::Audit, n)).collect::<Result<Vec<_>, _>>()?;
            Ok::<_, StoreError>(all.into_iter().flatten().collect::<Vec<_>>())
        };
        let all = self.engine.inner.store.read(read).await.unwrap();
        all.into_iter().filter(|e| e.leaf.who != "system").collect()
    }

    async fn kinds(&self) -> Vec<String> {
        self.entries().await.into_iter().map(|e| e.leaf.kind).collect()
    }
}

fn cx(via: Via) -> Cx {
    Cx { via, principal: Principal::Anonymous, ip: Some("192.0.2.7".into()), ..Cx::system() }
}

fn http() -> Cx {
    cx(Via::Api)
}

fn register(password: Option<&str>) -> Register {
    Register {
        workspace_name: "Northwind".into(),
        time_zone: "Europe/Berlin".parse::<Zone>().unwrap(),
        name: "The Owner".into(),
        email: EMAIL.into(),
        password: password.map(|p| Zeroizing::new(p.to_owned())),
    }
}

fn login(email: &str, password: &str) -> Login {
    Login { email: email.into(), password: Zeroizing::new(password.to_owned()), code: None }
}

async fn registered() -> (House, SignedIn) {
    let house = House::new().await;
    let signed_in = house.engine.register(&http(), register(Some(GOOD))).await.unwrap();
    (house, signed_in)
}

#[tokio::test]
async fn the_first_person_makes_the_workspace_and_nobody_after() {
    let house = House::new().await;
    assert!(house.engine.needs_setup() && !house.engine.sign_in_required());
    let signed_in = house.engine.register(&http(), register(Some(GOOD))).await.unwrap();
    assert!(signed_in.user.role.is_admin());
    assert!(!house.engine.needs_setup() && house.engine.sign_in_required());
    assert_eq!(house.engine.zone().name(), "Europe/Berlin");
    let again = house.engine.register(&http(), register(Some(GOOD))).await.unwrap_err();
    assert_eq!(again.code, Code::Conflict);
    assert_eq!(house.kinds().await, ["user.create", "auth.login"]);
    for entry in house.entries().await {
        assert_eq!(entry.leaf.who, signed_in.user.subject);
        assert!(!String::from_utf8_lossy(&entry.bytes).contains("owner@"), "no e-mail in the public part");
        assert!(
            !String::from_utf8_lossy(&entry.bytes).contains("192.0.2.7"),
            "no address in the public part"
        );
    }
}

#[tokio::test]
async fn wrong_fields_are_named_together() {
    let house = House::new().await;
    let bad = Register { workspace_name: " ".into(), email: "nobody".into(), ..register(Some("password")) };
    let error = house.engine.register(&http(), bad).await.unwrap_err();
    let fields: Vec<_> = error.fields.iter().map(|f| f.field.as_str()).collect();
    assert_eq!((error.code, fields), (Code::Invalid, vec!["workspace_name", "email", "password"]));
    let none = house.engine.register(&http(), register(None)).await.unwrap_err();
    assert_eq!(none.fields[0].field, "password");
    assert!(house.kinds().await.is_empty() && house.engine.needs_setup());
}

#[tokio::test]
async fn of_two_first_people_one_is_second() {
    let house = House::new().await;
    let cx = http();
    let (a, b) = tokio::join!(
        house.engine.register(&cx, register(Some(GOOD))),
        house.engine.register(&cx, Register { email: "b@example.com".into(), ..register(Some(GOOD)) })
    );
    assert_eq!([&a, &b].iter().filter(|r| r.is_ok()).count(), 1);
    assert_eq!(a.err().or(b.err()).unwrap().code, Code::Conflict);
}

#[tokio::test]
async fn the_window_needs_no_sign_in_until_a_password_is_set() {
    let house = House::new().await;
    house.engine.register(&cx(Via::Ui), register(None)).await.unwrap();
    assert!(!house.engine.sign_in_required());
    let owner = house.engine.window_principal();
    assert!(matches!(owner, Principal::User { session: None, .. }));
    assert_eq!(owner.allowance(), Role::Admin.allowance());
    let house = house.restarted().await;
    assert_eq!(house.engine.window_principal(), owner);
    let denied = house.engine.login(&http(), login(EMAIL, "")).await.err().unwrap();
    assert_eq!(denied.code, Code::Unauthenticated, "no password is not the empty password");

    let asks = Cx { principal: owner.clone(), ..cx(Via::Ui) };
    let change = ChangePassword { current: None, new: Zeroizing::new(GOOD.into()) };
    house.engine.set_password(&asks, change).await.unwrap();
    assert!(house.engine.sign_in_required());
    assert_eq!(house.engine.window_principal(), Principal::Anonymous);
    assert!(!house.engine.still_signed_in(&owner));
    house.engine.login(&cx(Via::Ui), login(EMAIL, GOOD)).await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_person_look_the_same() {
    let (house, _) = registered().await;
    let wrong = house.engine.login(&http(), login(EMAIL, "marble otter forty lampS")).await.err().unwrap();
    let unknown = house.engine.login(&http(), login("who@example.com", GOOD)).await.err().unwrap();
    assert_eq!((wrong.code, &wrong.message), (unknown.code, &unknown.message));
    assert_eq!(wrong.code, Code::Unauthenticated);
    house.engine.login(&http(), login(" OWNER@example.com ", GOOD)).await.unwrap();
    assert_eq!(house.kinds().await[2..], ["auth.failed", "auth.failed", "auth.login"]);
    for entry in &house.entries().await[2..4] {
        let leaf = String::from_utf8_lossy(&entry.bytes).into_owned();
        assert!(
            leaf.contains("denied") && leaf.contains("user:unconfirmed") && !leaf.contains("example.com"),
            "{leaf}"
        );
    }
}

#[tokio::test]
async fn guessing_is_slowed_at_its_door_alone() {
    let (house, _) = registered().await;
    for _ in 0..5 {
        let error = house.engine.login(&http(), login(EMAIL, "not this one at all")).await.err().unwrap();
        assert_eq!(error.code, Code::Unauthenticated);
    }
    let slowed = house.engine.login(&http(), login(EMAIL, GOOD)).await.err().unwrap();
    assert_eq!((slowed.code, slowed.retry_after_s), (Code::RateLimited, Some(1)));
    house.engine.login(&cx(Via::Ui), login(EMAIL, GOOD)).await.unwrap();
    house.later(1_000);
    house.engine.login(&http(), login(EMAIL, GOOD)).await.unwrap();
    let leaf = house.entries().await.pop().unwrap().bytes;
    assert!(String::from_utf8_lossy(&leaf).contains(r#""failures_before":5"#));
}

#[tokio::test]
async fn a_session_is_over_at_once_when_it_ends() {
    let (house, signed_in) = registered().await;
    let principal = house.engine.authenticate(&signed_in.access_token).await.unwrap();
    assert!(matches!(&principal, Principal::User { session: Some(s), .. } if *s == signed_in.session));
    let asks = Cx { principal: principal.clone(), ..http() };
    assert_eq!(house.engine.me(&asks).await.unwrap().email, EMAIL);
    let ticket = house.engine.make_ticket(&asks, None).unwrap();
    house.engine.logout(&asks, None).await.unwrap();
    assert!(!house.engine.still_signed_in(&principal));
    assert!(house.engine.redeem_ticket(&ticket, None).is_err());
    assert_eq!(
        house.engine.authenticate(&signed_in.access_token).await.unwrap_err().code,
        Code::Unauthenticated
    );
    assert!(house.engine.refresh(&http(), signed_in.refresh_token.as_deref().unwrap()).await.is_err());
    house.engine.logout(&asks, signed_in.refresh_token.as_deref().map(String::as_str)).await.unwrap();
    assert_eq!(house.kinds().await, ["user.create", "auth.login", "auth.logout"], "one end, one entry");
}

#[tokio::test]
async fn access_tokens_end_after_ten_minutes_and_survive_a_restart() {
    let (house, signed_in) = registered().await;
    let house = house.restarted().await;
    house.engine.authenticate(&signed_in.access_token).await.unwrap();
    house.later(606 * Millis::SECOND);
    assert!(house.engine.authenticate(&signed_in.access_token).await.is_err());
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_replay_ends_the_session() {
    let (house, first) = registered().await;
    house.later(700 * Millis::SECOND);
    let second = house.engine.refresh(&http(), first.refresh_token.as_deref().unwrap()).await.unwrap();
    assert_eq!(second.session, first.session);
    house.engine.authenticate(&second.access_token).await.unwrap();
    let at_once = house.engine.refresh(&http(), first.refresh_token.as_deref().unwrap()).await.unwrap();
    assert_eq!(at_once.refresh_token, second.refresh_token, "a second page goes on with the same token");
    house.later(61 * Millis::SECOND);
    let replay = house.engine.refresh(&http(), first.refresh_token.as_deref().unwrap()).await.err().unwrap();
    assert_eq!(replay.code, Code::Unauthenticated);
    assert!(house.engine.authenticate(&second.access_token).await.is_err());
    assert!(house.engine.refresh(&http(), second.refresh_token.as_deref().unwrap()).await.is_err());
    assert_eq!(house.kinds().await.last().unwrap(), "security.alert");
    for text in ["", "short", &"A".repeat(43)] {
        assert!(house.engine.refresh(&http(), text).await.is_err());
    }
}

#[tokio::test]
async fn fifty_pages_that_wake_at_once_go_on_together() {
    let (house, first) = registered().await;
    house.later(700 * Millis::SECOND);
    let mut pages = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (engine, token) = (house.engine.clone(), first.refresh_token.clone().unwrap());
        pages.spawn(async move { engine.refresh(&http(), &token).await.unwrap().refresh_token.unwrap() });
    }
    let mut next = pages.join_all().await;
    next.dedup();
    assert_eq!(next.len(), 1, "one successor for all of them");
    assert_eq!(house.kinds().await.iter().filter(|kind| *kind == "security.alert").count(), 0);
    house.engine.refresh(&http(), &next[0]).await.unwrap();
}

#[tokio::test]
async fn an_answer_lost_while_the_computer_sleeps_is_given_again_and_not_for_long() {
    let (house, first) = registered().await;
    house.later(700 * Millis::SECOND);
    let token = first.refresh_token.as_deref().unwrap();
    house.engine.refresh(&http(), token).await.unwrap();
    let house = house.restarted().await;
    house.later(59 * Millis::SECOND);
    let again = house.engine.refresh(&http(), token).await.unwrap();
    let next = house.engine.refresh(&http(), again.refresh_token.as_deref().unwrap()).await.unwrap();
    // Once its successor was used, the old token is that of a thief.
    assert!(house.engine.refresh(&http(), token).await.is_err());
    house.engine.refresh(&http(), next.refresh_token.as_deref().unwrap()).await.unwrap();
}

/// Renews a session again and again, after each pause, until it is over; how long that took.
async fn lasts(house: &House, mut last: SignedIn, pause: i64) -> i64 {
    let mut lasted = 0;
    loop {
        house.later(pause);
        lasted += pause;
        match house.engine.refresh(&http(), last.refresh_token.as_deref().unwrap()).await {
            Ok(next) => last = next,
            Err(error) => {
                assert_eq!(error.code, Code::Unauthenticated);
                return lasted;
            }
        }
    }
}

#[tokio::test]
async fn an_administrators_session_ends_half_an_hour_unused_and_after_a_day_in_any_case() {
    let (house, first) = registered().await;
    assert_eq!(lasts(&house, first, 30 * Millis::MINUTE).await, 30 * Millis::MINUTE);
    let again = house.engine.login(&http(), login(EMAIL, GOOD)).await.unwrap();
    assert_eq!(lasts(&house, again, 20 * Millis::MINUTE).await, Millis::DAY);
}

#[tokio::test]
async fn who_may_less_stays_signed_in_for_longer() {
    let (house, cx) = users::owned().await;
    let other = users::joined(&house, &cx, users::OTHER, Role::Finance).await;
    assert_eq!(lasts(&house, other, 8 * Millis::HOUR).await, 8 * Millis::HOUR);
    let again = house.engine.login(&http(), login(users::OTHER, "seven brass doors hum")).await.unwrap();
    assert_eq!(lasts(&house, again, 7 * Millis::HOUR).await, 721 * Millis::HOUR);
}

#[tokio::test]
async fn the_eleventh_session_ends_the_one_unused_for_longest() {
    let (house, first) = registered().await;
    let mut all = vec![first];
    for _ in 1..10 {
        house.later(Millis::MINUTE);
        all.push(house.engine.login(&http(), login(EMAIL, GOOD)).await.unwrap());
    }
    // The oldest one is in use, the second is not.
    house.later(Millis::MINUTE);
    house.engine.refresh(&http(), all[0].refresh_token.as_deref().unwrap()).await.unwrap();
    house.engine.login(&http(), login(EMAIL, GOOD)).await.unwrap();
    let mut open = Vec::new();
    for signed_in in &all {
        open.push(house.engine.refresh(&http(), signed_in.refresh_token.as_deref().unwrap()).await.is_ok());
    }
    let expected: Vec<_> = (0..10).map(|n| n != 1).collect();
    assert_eq!(open, expected);
}

#[tokio::test]
async fn another_key_signs_and_the_tokens_of_the_one_before_run_out_or_end() {
    let (house, signed_in) = registered().await;
    let cx = Cx { principal: house.engine.authenticate(&signed_in.access_token).await.unwrap(), ..http() };
    let before = house.engine.signing_key(&cx).await.unwrap();
    let after = house.engine.replace_signing_key(&cx, Replaced::RunsOut).await.unwrap();
    assert_ne!(after.kid, before.kid);
    house.engine.authenticate(&signed_in.access_token).await.unwrap();
    let house = house.restarted().await;
    house.engine.authenticate(&signed_in.access_token).await.unwrap();
    let again = house.engine.login(&http(), login(EMAIL, GOOD)).await.unwrap();
    let cx = Cx { principal: house.engine.authenticate(&again.access_token).await.unwrap(), ..http() };
    house.engine.replace_signing_key(&cx, Replaced::EndsNow).await.unwrap();
    for old in [&signed_in, &again] {
        assert!(house.engine.authenticate(&old.access_token).await.is_err(), "at once");
    }
    let next = house.engine.refresh(&http(), again.refresh_token.as_deref().unwrap()).await.unwrap();
    house.engine.authenticate(&next.access_token).await.unwrap();
    let house = house.restarted().await;
    house.engine.authenticate(&next.access_token).await.unwrap();
    assert!(house.engine.authenticate(&again.access_token).await.is_err(), "also after a restart");
    let kid = house.engine.signing_key(&cx).await.unwrap().kid;
    house.later(31 * Millis::DAY);
    house.engine.renew_signing_key().await.unwrap();
    assert_ne!(house.engine.signing_key(&cx).await.unwrap().kid, kid, "after thirty days by itself");
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_ends_other_sessions() {
    let (house, first) = registered().await;
    let other = house.engine.login(&http(), login(EMAIL, GOOD)).await.unwrap();
    let asks = Cx { principal: house.engine.authenticate(&first.access_token).await.unwrap(), ..http() };
    let new = || Zeroizing::new("seven brass doors hum".to_owned());
    for current in [None, Some(Zeroizing::new("wrong wrong wrong".to_owned()))] {
        let error =
            house.engine.set_password(&asks, ChangePassword { current, new: new() }).await.unwrap_err();
        assert_eq!(error.fields[0].field, "current_password");
    }
    let current = || Some(Zeroizing::new(GOOD.to_owned()));
    let weak = ChangePassword { current: current(), new: Zeroizing::new("password12345678".into()) };
    assert_eq!(house.engine.set_password(&asks, weak).await.unwrap_err().fields[0].field, "new_password");
    house.engine.set_password(&asks, ChangePassword { current: current(), new: new() }).await.unwrap();
    house.engine.authenticate(&first.access_token).await.unwrap();
    assert!(house.engine.authenticate(&other.access_token).await.is_err());
    assert!(house.engine.login(&http(), login(EMAIL, GOOD)).await.is_err());
    house.engine.login(&http(), login(EMAIL, &new())).await.unwrap();
}

#[tokio::test]
async fn a_ticket_opens_one_connection_within_half_a_minute() {
    let (house, signed_in) = registered().await;
    let asks = Cx { principal: house.engine.authenticate(&signed_in.access_token).await.unwrap(), ..http() };
    assert_eq!(house.engine.make_ticket(&http(), None).unwrap_err().code, Code::Unauthenticated);
    let ticket = house.engine.make_ticket(&asks, None).unwrap();
    assert_eq!(house.engine.redeem_ticket(&ticket, None).unwrap(), asks.principal);
    assert!(house.engine.redeem_ticket(&ticket, None).is_err(), "once");
    let page = house.engine.make_ticket(&asks, Some("http://localhost:1")).unwrap();
    assert!(house.engine.redeem_ticket(&page, Some("http://localhost:2")).is_err(), "another page's");
    let page = house.engine.make_ticket(&asks, Some("http://localhost:1")).unwrap();
    assert!(house.engine.redeem_ticket(&page, Some("http://localhost:1")).is_ok());
    let late = house.engine.make_ticket(&asks, None).unwrap();
    house.later(30 * Millis::SECOND);
    assert!(house.engine.redeem_ticket(&late, None).is_err(), "30 s");
}

#[tokio::test]
async fn with_the_vault_locked_nobody_registers_and_nothing_is_written() {
    let (folder, keyring) = (tempfile::tempdir().unwrap(), Arc::new(MemoryKeyring::new()));
    let clock = Arc::new(SetClock(Mutex::new(Millis(1_700_000_000_000))));
    keyring.set_mode(reeve_vault::keyring::KeyringMode::NoService);
    let engine = open(&folder, &clock, &keyring).await;
    let error = engine.register(&http(), register(Some(GOOD))).await.err().unwrap();
    assert_eq!(error.code, Code::VaultLocked);
    assert!(error.message.contains("vault is locked"), "{}", error.message);
    assert!(engine.needs_setup());
}

#[tokio::test]
async fn the_recovery_code_opens_what_the_keyring_forgot() {
    let (house, _) = registered().await;
    let code = house.engine.make_recovery_code(&Cx::system()).await.unwrap();
    assert_eq!(
        house.engine.try_recovery_code(&http(), &code).await.unwrap_err().code,
        Code::PreconditionFailed
    );
    house.keyring.forget();
    let house = house.restarted().await;
    assert!(house.engine.vault_locked().is_some());
    let locked = house.engine.login(&http(), login(EMAIL, GOOD)).await.unwrap_err();
    assert_eq!(locked.code, Code::VaultLocked);
    for _ in 0..5 {
        assert_eq!(house.engine.try_recovery_code(&http(), "no code").await.unwrap_err().code, Code::Invalid);
    }
    assert_eq!(house.engine.try_recovery_code(&http(), &code).await.unwrap_err().code, Code::RateLimited);
    house.later(1_000);
    house.engine.try_recovery_code(&http(), &code).await.unwrap();
    house.engine.login(&http(), login(EMAIL, GOOD)).await.unwrap();
}

#[tokio::test]
async fn a_hash_of_other_costs_is_made_anew_at_the_next_sign_in() {
    use argon2::password_hash::PasswordHasher as _;
    let (house, first) = registered().await;
    let weak = argon2::Argon2::from(argon2::Params::new(1_024, 1, 1, None).unwrap());
    let hash = weak.hash_password_with_salt(GOOD.as_bytes(), b"0123456789abcdef").unwrap().to_string();
    let (id, draft) = (first.user.id, house.engine.draft(&Cx::system(), "user.update", "user:test"));
    let write = move |tx: &mut reeve_store::Tx<'_>| {
        let recorded = draft.record(tx)?;
        recorded.users().set_password(id, &hash, recorded.now())
    };
    house.engine.inner.store.write::<_, StoreError>(write).await.unwrap();
    house.engine.login(&http(), login(EMAIL, GOOD)).await.unwrap();
    let stored = house.engine.user(id).await.unwrap().password_hash.unwrap();
    assert!(stored.starts_with("$argon2id$v=19$m=65536,t=3,p=1$"), "{stored}");
    house.engine.login(&http(), login(EMAIL, GOOD)).await.unwrap();
}

#[tokio::test]
async fn a_sign_in_from_where_a_person_was_not_seen_before_is_an_entry() {
    let house = House::new().await;
    let home = |program: &str, ip: &str| Cx {
        ip: Some(ip.to_owned()),
        user_agent: Some(program.to_owned()),
        ..http()
    };
    let first = home("Firefox/143.0", "203.0.113.7");
    house.engine.register(&first, register(Some(GOOD))).await.unwrap();
    let news = |program: &'static str, ip: &'static str| {
        let (house, cx) = (&house, home(program, ip));
        async move {
            let before = house.entries().await.len();
            house.engine.login(&cx, login(EMAIL, GOOD)).await.unwrap();
            let new: Vec<_> = house.entries().await.split_off(before);
            assert_eq!(new[0].leaf.kind, "auth.login");
            new.get(1).map(|entry| {
                assert_eq!((new.len(), entry.leaf.kind.as_str()), (2, "auth.new_device"));
                assert_eq!(entry.leaf.x["session"], new[0].leaf.x["session"]);
                assert!(!String::from_utf8_lossy(&entry.bytes).contains("203.0.113"));
                (entry.leaf.x.contains_key("program"), entry.leaf.x.contains_key("network"))
            })
        }
    };
    assert_eq!(news("Firefox/144.0", "203.0.113.9").await, None, "a new version, a neighbouring address");
    assert_eq!(news("curl/8", "203.0.113.9").await, Some((true, false)));
    assert_eq!(news("curl/9", "198.51.100.1").await, Some((false, true)));
    assert_eq!(news("Safari/26", "2001:db8::1").await, Some((true, true)));
    assert_eq!(news("Safari/26", "2001:db8::1").await, None);
    assert_eq!(news("Firefox/150", "198.51.100.200").await, None, "both are known by now");
}

#[tokio::test]
async fn what_can_do_harm_needs_the_password_of_the_last_five_minutes() {
    let (house, signed_in) = registered().await;
    let principal = house.engine.authenticate(&signed_in.access_token).await.unwrap();
    let cx = Cx { principal, ..http() };
    let asked = || house.engine.require_fresh(&cx).map_err(|e| e.code);
    assert_eq!(asked(), Ok(()), "who has just signed in is asked nothing");
    house.later(5 * Millis::MINUTE);
    assert_eq!(asked(), Ok(()));
    house.later(1);
    assert_eq!(asked(), Err(Code::StepUpRequired));
    // A refresh is no proof of anything: the token may be stolen.
    let refresh = signed_in.refresh_token.unwrap();
    house.engine.refresh(&http(), &refresh).await.unwrap();
    assert_eq!(asked(), Err(Code::StepUpRequired));
    let give = |text: &str| house.engine.step_up(&cx, StepUp::Password(Zeroizing::new(text.to_owned())));
    assert_eq!(give("marble otter forty camps").await.unwrap_err().code, Code::Invalid);
    assert_eq!(asked(), Err(Code::StepUpRequired));
    give(GOOD).await.unwrap();
    assert_eq!(asked(), Ok(()));
    let kinds = house.kinds().await;
    assert_eq!(kinds[kinds.len() - 2..], ["auth.failed", "auth.step_up"]);
    // Guesses count with those of signing in.
    for _ in 0..5 {
        give("marble otter forty camps").await.unwrap_err();
    }
    assert_eq!(give(GOOD).await.unwrap_err().code, Code::RateLimited);
    assert_eq!(house.engine.login(&http(), login(EMAIL, GOOD)).await.unwrap_err().code, Code::RateLimited);
}

#[tokio::test]
async fn a_restart_forgets_the_proof_and_another_session_has_none() {
    let (house, signed_in) = registered().await;
    house.later(Millis::HOUR);
    let principal = house.engine.window_principal();
    assert_eq!(principal, Principal::Anonymous, "a password is set");
    let stranger = house.engine.require_fresh(&http()).unwrap_err();
    assert_eq!(stranger.code, Code::Unauthenticated);
    let again = house.engine.login(&http(), login(EMAIL, GOOD)).await.unwrap();
    let of = |user, session| Principal::User {
        id: user,
        subject: "u".into(),
        may: Role::Admin.allowance(),
        grants: Arc::default(),
        session,
    };
    let first = Cx { principal: of(signed_in.user.id, Some(signed_in.session)), ..http() };
    let second = Cx { principal: of(again.user.id, Some(again.session)), ..http() };
    assert_eq!(house.engine.require_fresh(&first).unwrap_err().code, Code::StepUpRequired);
    house.engine.require_fresh(&second).unwrap();
    house.engine.step_up(&first, StepUp::Password(Zeroizing::new(GOOD.to_owned()))).await.unwrap();
    let house = house.restarted().await;
    assert_eq!(house.engine.require_fresh(&first).unwrap_err().code, Code::StepUpRequired);
}

#[tokio::test]
async fn the_window_without_a_password_is_fresh() {
    let house = House::new().await;
    house.engine.register(&cx(Via::Ui), register(None)).await.unwrap();
    house.later(Millis::HOUR);
    let owner = Cx { principal: house.engine.window_principal(), ..cx(Via::Ui) };
    house.engine.require_fresh(&owner).unwrap();
    house.engine.step_up(&owner, StepUp::Password(Zeroizing::default())).await.unwrap();
    house.engine.require_fresh(&Cx::cli()).unwrap();
}
