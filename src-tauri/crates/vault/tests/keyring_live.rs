//! The vault against a real gnome-keyring, in private sessions that the script under `tests/vault/` sets up.
//!
//! Each test lists its sessions: the condition of the keyring, and what to do in it. Outside, it runs the script once per
//! session with this very test as the command; inside, an environment variable says which session it is.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test, too")]

mod support;

use reeve_vault::{
    CreateError, Created, EnrolError, EnvSecret, KeySources, Keyring, KeyringFault, LockReason, Notice,
    OsKeyring, OsRandom, Random, RandomError, Secret, Vault,
};
use std::env;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;
use support::NOW;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/vault/with-secret-service.sh");
const SESSION: &str = "REEVE_VAULT_TEST_SESSION";
const SERVICE: &str = "reeve-test";
const USER: &str = "vault";

type Session = (&'static str, fn());

/// Runs the sessions of the test called `name`, one after the other, for one user with one home.
fn live(name: &str, sessions: &[Session]) {
    if let Ok(number) = env::var(SESSION) {
        return (sessions[number.parse::<usize>().unwrap()].1)();
    }
    for (program, package) in [
        ("gnome-keyring-daemon", "gnome-keyring"),
        ("dbus-run-session", "dbus"),
        ("secret-tool", "libsecret-tools"),
    ] {
        assert!(is_installed(program), "{program} is missing: install the package {package}");
    }
    let home = tempfile::tempdir().unwrap();
    for (number, (mode, _)) in sessions.iter().enumerate() {
        let output = Command::new(SCRIPT)
            .args([mode, "--home", home.path().to_str().unwrap(), "--"])
            .arg(env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture", "--test-threads=1"])
            .env(SESSION, number.to_string())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        // One test must have run: a name that matches nothing would succeed too.
        let passed = output.status.success() && said[0].contains("1 passed");
        assert!(passed, "session {number} ({mode}): {}\n{}\n{}", output.status, said[0], said[1]);
    }
}

fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| Path::new(&folder).join(program).is_file())
}

fn keyring() -> OsKeyring {
    OsKeyring::new(SERVICE, USER)
}

fn sources() -> KeySources {
    KeySources { keyring: Some(Arc::new(keyring())), env: None }
}

/// Gives the same bytes in every session, so that each session knows the same vault.
struct Fixed(u8);

impl Random for Fixed {
    fn fill(&mut self, into: &mut [u8]) -> Result<(), RandomError> {
        for byte in into {
            self.0 = self.0.wrapping_mul(5).wrapping_add(3);
            *byte = self.0;
        }
        Ok(())
    }
}

/// The vault as the database of this user has it, whatever the keyring says now.
fn stored() -> Created {
    let mut created = Vault::create(&memory(), NOW, &mut Fixed(0)).unwrap();
    let vault = created.vault.clone();
    let enrolment = vault.enrol_keyring(Arc::new(keyring()), &created.slots, NOW, &mut Fixed(9)).unwrap();
    created.slots.retain(|slot| slot.kind != reeve_vault::SlotKind::Keyring);
    created.slots.push(enrolment.slot().clone());
    created.enrolment = Some(enrolment);
    created
}

fn memory() -> KeySources {
    KeySources { keyring: Some(Arc::new(reeve_vault::MemoryKeyring::new())), env: None }
}

fn enrol() {
    stored().enrol_keyring().unwrap().unwrap();
}

fn unlock() -> Result<Vault, LockReason> {
    let stored = stored();
    Vault::unlock(&stored.header, &stored.slots, &sources())
}

fn assert_recovery_opens() {
    let stored = stored();
    let vault = Vault::unlock_with_recovery(&stored.header, &stored.slots, &stored.recovery_code).unwrap();
    assert_eq!(vault.derive("probe"), stored.vault.derive("probe"));
}

/// Stores an item as another program would.
fn secret_tool(text: &[u8], attributes: &[&str]) {
    let mut child = Command::new("secret-tool")
        .args(["store", "--label=other"])
        .args(attributes)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_working_keyring_keeps_the_key() {
    live("a_working_keyring_keeps_the_key", &[("ok", first_run), ("ok", second_run)]);
}

fn first_run() {
    let keyring = keyring();
    assert!(matches!(keyring.read(), Err(KeyringFault::NoEntry)));
    assert!(matches!(keyring.delete(), Err(KeyringFault::NoEntry)));
    assert_eq!(unlock().unwrap_err(), LockReason::KeyMissing);

    let created = Vault::create(&sources(), NOW, &mut OsRandom).unwrap();
    assert!(matches!(keyring.read(), Err(KeyringFault::NoEntry)), "nothing is written before the commit");
    created.enrol_keyring().unwrap().unwrap();
    assert!(Vault::unlock(&created.header, &created.slots, &sources()).is_ok());
    let again = Vault::create(&sources(), NOW, &mut OsRandom);
    assert!(
        matches!(again, Err(CreateError::KeyringOccupied)),
        "a second first run would lose this vault's key"
    );
    assert!(matches!(stored().enrol_keyring(), Err(EnrolError::Occupied)));

    keyring.delete().unwrap();
    assert!(matches!(keyring.read(), Err(KeyringFault::NoEntry)));
    keyring.write("one").unwrap();
    keyring.write("two").unwrap();
    assert_eq!(keyring.read().unwrap().expose(), b"two");
    keyring.delete().unwrap();
    enrol();
}

fn second_run() {
    assert!(unlock().unwrap().notices().iter().all(|n| matches!(n, Notice::KeyringSlotPending { .. })));
    let other = OsKeyring::for_vault(SERVICE, &stored().header.vault_id);
    assert!(matches!(other.read(), Err(KeyringFault::NoEntry)), "another user name is another item");
}

#[test]
fn a_slow_keyring_is_given_up_on() {
    live(
        "a_slow_keyring_is_given_up_on",
        &[("ok", || {
            enrol();
            let hasty = Arc::new(keyring().with_patience(Duration::ZERO));
            assert!(matches!(hasty.read(), Err(KeyringFault::Timeout)));
            let stored = stored();
            let hasty = KeySources { keyring: Some(hasty), env: None };
            let reason = Vault::unlock(&stored.header, &stored.slots, &hasty).unwrap_err();
            assert_eq!(reason, LockReason::KeyringLocked);
            assert!(unlock().is_ok());
        })],
    );
}

#[test]
fn calls_work_from_an_async_runtimes_threads() {
    live(
        "calls_work_from_an_async_runtimes_threads",
        &[("ok", || {
            enrol();
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
            runtime.block_on(async {
                assert!(unlock().is_ok());
                assert!(tokio::task::spawn_blocking(|| unlock().is_ok()).await.unwrap());
            });
        })],
    );
}

#[test]
fn a_squatter_under_the_same_name_is_seen_through() {
    live(
        "a_squatter_under_the_same_name_is_seen_through",
        &[("ok", || {
            enrol();
            let twin = ["service", SERVICE, "username", USER, "twin", "yes"];
            secret_tool(b"not a vault key", &twin);
            let vault = unlock().unwrap();
            assert!(
                vault.notices().contains(&Notice::KeyringAmbiguous { candidates: 2 }),
                "{:?}",
                vault.notices()
            );
            assert!(matches!(
                Vault::create(&sources(), NOW, &mut OsRandom),
                Err(CreateError::KeyringOccupied)
            ));
            assert!(
                matches!(keyring().write("x"), Err(KeyringFault::Ambiguous(_))),
                "neither item is overwritten"
            );
            assert!(unlock().is_ok());
        })],
    );
}

#[test]
fn a_foreign_item_of_our_name_is_left_alone() {
    live(
        "a_foreign_item_of_our_name_is_left_alone",
        &[("ok", || {
            let ours = ["service", SERVICE, "username", USER];
            secret_tool(b"\xc3\xa9tranger", &ours);
            let before = keyring().read().unwrap();
            assert_eq!(unlock().unwrap_err(), LockReason::Corrupt);
            assert!(matches!(stored().enrol_keyring(), Err(EnrolError::Occupied)));
            assert!(keyring().read().unwrap().matches(&before));

            let mut other = Vault::create(&memory(), NOW, &mut OsRandom).unwrap();
            let enrolment = other.vault.enrol_keyring(Arc::new(keyring()), &[], NOW, &mut OsRandom).unwrap();
            other.enrolment = Some(enrolment);
            keyring().delete().unwrap();
            other.enrol_keyring().unwrap();
            assert_eq!(unlock().unwrap_err(), LockReason::KeyMismatch);
            assert_recovery_opens();
        })],
    );
}

#[test]
fn a_locked_keyring_is_waited_for() {
    live(
        "a_locked_keyring_is_waited_for",
        &[("ok", enrol), ("locked", locked), ("ok", || drop(unlock().unwrap()))],
    );
}

fn locked() {
    assert!(matches!(keyring().read(), Err(KeyringFault::Locked)));
    assert!(matches!(keyring().write("x"), Err(KeyringFault::Locked)));
    assert_eq!(unlock().unwrap_err(), LockReason::KeyringLocked);
    assert_recovery_opens();
    let created = Vault::create(&sources(), NOW, &mut OsRandom);
    assert!(matches!(created, Err(CreateError::NoKeySource(KeyringFault::Locked))));
}

#[test]
fn a_service_without_a_keyring_takes_no_key() {
    live(
        "a_service_without_a_keyring_takes_no_key",
        &[("empty", || {
            assert!(
                matches!(keyring().read(), Err(KeyringFault::NoEntry)),
                "it cannot be told from a first run by reading"
            );
            assert!(matches!(keyring().write("x"), Err(KeyringFault::NoDefaultCollection)));
            assert_eq!(unlock().unwrap_err(), LockReason::KeyMissing);
            assert_recovery_opens();
            let created = Vault::create(&sources(), NOW, &mut OsRandom).unwrap();
            let refused = created.enrol_keyring();
            assert!(matches!(refused, Err(EnrolError::Keyring(KeyringFault::NoDefaultCollection))));
            let code = &created.recovery_code;
            assert!(Vault::unlock_with_recovery(&created.header, &created.slots, code).is_ok());
        })],
    );
}

#[test]
fn no_bus_means_no_service() {
    live(
        "no_bus_means_no_service",
        &[("nodbus", || {
            assert!(matches!(keyring().read(), Err(KeyringFault::NoService)));
            assert!(matches!(keyring().write("x"), Err(KeyringFault::NoService)));
            assert_eq!(unlock().unwrap_err(), LockReason::NoService);
            assert_recovery_opens();
            let created = Vault::create(&sources(), NOW, &mut OsRandom);
            assert!(matches!(created, Err(CreateError::NoKeySource(KeyringFault::NoService))));

            let env = Some(EnvSecret::parse(&support::env()).unwrap());
            let headless = KeySources { env, ..sources() };
            let created = Vault::create(&headless, NOW, &mut OsRandom).unwrap();
            assert!(Vault::unlock(&created.header, &created.slots, &headless).is_ok());
        })],
    );
}

#[test]
fn a_keyring_without_a_password_survives_a_restart() {
    live(
        "a_keyring_without_a_password_survives_a_restart",
        &[
            ("plaintext", enrol),
            ("plaintext", || {
                assert!(unlock().is_ok());
            }),
        ],
    );
}

/// Another program's text of several lines makes some versions of the daemon forget every item of such a keyring.
#[test]
fn a_keyring_broken_by_a_neighbour_never_costs_the_vault() {
    let name = "a_keyring_broken_by_a_neighbour_never_costs_the_vault";
    live(
        name,
        &[
            ("plaintext", spoil),
            ("plaintext", find_spoilt),
            ("plaintext", enrol),
            ("plaintext", || {
                assert!(unlock().is_ok());
            }),
        ],
    );
}

fn spoil() {
    enrol();
    secret_tool(b"two\nlines", &["app", "neighbour"]);
}

fn find_spoilt() {
    match unlock() {
        Ok(vault) => assert_eq!(vault.derive("probe"), stored().vault.derive("probe")),
        Err(reason) => assert_eq!(reason, LockReason::KeyMissing),
    }
    assert_recovery_opens();
    // The person throws the broken keyring away; the next session has a new one.
    let keyrings = Path::new(&env::var_os("HOME").unwrap()).join(".local/share/keyrings");
    std::fs::remove_dir_all(keyrings).unwrap();
}

/// What the keyring keeps must be one short line of ASCII: everything else gets lost somewhere.
#[test]
fn the_item_is_one_short_ascii_line() {
    live(
        "the_item_is_one_short_ascii_line",
        &[("ok", || {
            enrol();
            let item: Secret = keyring().read().unwrap();
            assert!(item.len() < 200 && item.expose().iter().all(u8::is_ascii_graphic));
            assert!(item.expose().starts_with(b"reeve-vk1."));
        })],
    );
}
