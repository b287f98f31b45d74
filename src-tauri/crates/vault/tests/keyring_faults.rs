//! Every answer of a keyring, on a first run and with an existing vault.
#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test, too")]

mod support;

use reeve_vault::keyring::KeyringMode;
use reeve_vault::unlock::{Step, decide};
use reeve_vault::{CreateError, Created, KeyringFault, LockReason, Notice, OsRandom, Secret, Vault};
use support::{NOW, World, env};

/// What a keyring can be found like.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    Ok,
    Empty,
    Locked,
    TimedOut,
    NoService,
    Other,
    NoDefaultCollection,
    AmbiguousWithOurs,
    AmbiguousWithoutOurs,
    Mismatch,
    Damaged,
    Corrupt,
}

const FAULTS: [Fault; 12] = [
    Fault::Ok,
    Fault::Empty,
    Fault::Locked,
    Fault::TimedOut,
    Fault::NoService,
    Fault::Other,
    Fault::NoDefaultCollection,
    Fault::AmbiguousWithOurs,
    Fault::AmbiguousWithoutOurs,
    Fault::Mismatch,
    Fault::Damaged,
    Fault::Corrupt,
];

/// An item that another vault wrote.
fn foreign_item() -> Secret {
    let other = World::new();
    other.create_and_enrol();
    other.keyring().item().unwrap()
}

fn inflict(world: &World, fault: Fault) {
    let keyring = world.keyring();
    match fault {
        Fault::Ok => {}
        Fault::Empty => keyring.forget(),
        Fault::Locked => keyring.set_mode(KeyringMode::Locked),
        Fault::TimedOut => keyring.set_mode(KeyringMode::Timeout),
        Fault::NoService => keyring.set_mode(KeyringMode::NoService),
        Fault::Other => keyring.set_mode(KeyringMode::Other),
        Fault::NoDefaultCollection => keyring.set_mode(KeyringMode::NoDefaultCollectionOnRead),
        Fault::AmbiguousWithOurs => {
            keyring.plant(b"squatter");
            keyring.plant(foreign_item().expose());
            keyring.set_mode(KeyringMode::Ambiguous);
        }
        Fault::AmbiguousWithoutOurs => {
            keyring.forget();
            keyring.plant(b"squatter");
            keyring.plant(foreign_item().expose());
            keyring.set_mode(KeyringMode::Ambiguous);
        }
        Fault::Mismatch => keyring.put(foreign_item().expose()),
        Fault::Damaged => {
            let cut =
                keyring.item().map_or_else(|| b"reeve-vk1.".to_vec(), |item| item.expose()[..40].to_vec());
            keyring.put(&cut);
        }
        Fault::Corrupt => keyring.set_mode(KeyringMode::Corrupt),
    }
}

/// `None` where the vault opens.
fn expected(fault: Fault) -> Option<LockReason> {
    match fault {
        Fault::Ok | Fault::AmbiguousWithOurs => None,
        Fault::Empty => Some(LockReason::KeyMissing),
        Fault::Locked | Fault::TimedOut => Some(LockReason::KeyringLocked),
        Fault::NoService | Fault::Other => Some(LockReason::NoService),
        Fault::NoDefaultCollection => Some(LockReason::NoDefaultCollection),
        Fault::AmbiguousWithoutOurs => Some(LockReason::Ambiguous),
        Fault::Mismatch => Some(LockReason::KeyMismatch),
        Fault::Damaged | Fault::Corrupt => Some(LockReason::Corrupt),
    }
}

/// The item as it lies in the keyring, whatever its mood.
fn item_of(world: &World) -> Option<Vec<u8>> {
    world.keyring().item().map(|item| item.expose().to_vec())
}

fn assert_recovery_opens(created: &Created, fault: Fault) {
    let key = created.vault.derive("probe");
    let opened = Vault::unlock_with_recovery(&created.header, &created.slots, &created.recovery_code);
    assert_eq!(opened.unwrap().derive("probe"), key, "{fault:?}");
}

#[test]
fn an_existing_vault_is_never_given_a_new_key() {
    for fault in FAULTS {
        let world = World::new();
        let created = world.create_and_enrol();
        let (header, slots) = (created.header.clone(), created.slots.clone());
        inflict(&world, fault);
        let (item, writes) = (item_of(&world), world.keyring().writes());

        let opened = Vault::unlock(&header, &slots, &world.sources());
        assert_eq!(opened.as_ref().err(), expected(fault).as_ref(), "{fault:?}");
        if let Ok(vault) = opened {
            assert_eq!(vault.derive("probe"), created.vault.derive("probe"));
            assert_eq!(vault.header(), &created.header);
        }
        assert_eq!((&header, &slots), (&created.header, &created.slots), "{fault:?}");
        assert_eq!(
            (item_of(&world), world.keyring().writes()),
            (item, writes),
            "{fault:?}: the item is left alone"
        );
        assert_recovery_opens(&created, fault);
    }
}

#[test]
fn a_first_run_makes_a_key_only_in_an_empty_keyring() {
    for fault in FAULTS {
        let world = World::new();
        inflict(&world, fault);
        let item = item_of(&world);
        let created = Vault::create(&world.sources(), NOW, &mut OsRandom);
        match fault {
            Fault::Ok | Fault::Empty => assert!(created.unwrap().enrolment.is_some(), "{fault:?}"),
            Fault::AmbiguousWithOurs
            | Fault::AmbiguousWithoutOurs
            | Fault::Mismatch
            | Fault::Damaged
            | Fault::Corrupt => {
                assert!(matches!(created.unwrap_err(), CreateError::KeyringOccupied), "{fault:?}");
            }
            _ => assert!(matches!(created.unwrap_err(), CreateError::NoKeySource(_)), "{fault:?}"),
        }
        assert_eq!((item_of(&world), world.keyring().writes()), (item, 0), "{fault:?}");
    }
}

#[test]
fn a_first_run_with_an_environment_secret_does_without_a_broken_keyring() {
    for fault in [Fault::Locked, Fault::TimedOut, Fault::NoService, Fault::Other, Fault::NoDefaultCollection]
    {
        let world = World::new().with_env(env());
        inflict(&world, fault);
        let created = world.create();
        assert!(created.enrolment.is_none() && created.keyring_fault.is_some(), "{fault:?}");
        assert_eq!(created.slots.len(), 2);
        assert!(Vault::unlock(&created.header, &created.slots, &world.sources()).is_ok(), "{fault:?}");
        assert_recovery_opens(&created, fault);
    }
}

#[test]
fn without_keyring_and_secret_nothing_is_made() {
    let created = Vault::create(&World::new().without_keyring().sources(), NOW, &mut OsRandom);
    assert!(matches!(created.unwrap_err(), CreateError::NoKeySource(KeyringFault::NoService)));
}

#[test]
fn the_environment_opens_whatever_the_keyring_says() {
    for fault in FAULTS {
        let world = World::new().with_env(env());
        let created = world.create_and_enrol();
        inflict(&world, fault);
        assert!(Vault::unlock(&created.header, &created.slots, &world.sources()).is_ok(), "{fault:?}");
    }
}

#[test]
fn an_ambiguous_keyring_opens_with_the_right_candidate_and_says_so() {
    let world = World::new();
    let created = world.create_and_enrol();
    inflict(&world, Fault::AmbiguousWithOurs);
    let vault = Vault::unlock(&created.header, &created.slots, &world.sources()).unwrap();
    assert_eq!(vault.notices(), [Notice::KeyringAmbiguous { candidates: 3 }]);
}

#[test]
fn an_item_that_claims_our_slot_with_another_key_is_a_mismatch() {
    let (world, other) = (World::new(), World::new());
    let created = world.create_and_enrol();
    other.create_and_enrol();
    // The other vault's key under this vault's slot id, with a checksum that fits.
    let text = |secret: Secret| String::from_utf8(secret.expose().to_vec()).unwrap();
    let (ours, theirs) = (text(world.keyring().item().unwrap()), text(other.keyring().item().unwrap()));
    let slot = ours.split('.').nth(1).unwrap();
    let key = theirs.split('.').nth(3).unwrap();
    let body = format!("reeve-vk1.{slot}.1.{key}");
    world.keyring().put(format!("{body}.{:08x}", crc32c::crc32c(body.as_bytes())).as_bytes());
    let reason = Vault::unlock(&created.header, &created.slots, &world.sources()).unwrap_err();
    assert_eq!(reason, LockReason::KeyMismatch);
}

#[test]
fn a_wrong_or_missing_environment_secret_is_named_with_its_slot() {
    let headless = World::new().without_keyring().with_env(env());
    let created = headless.create();
    let expected_slot = created.slots[1].id.clone();
    let (header, slots) = (&created.header, &created.slots);
    for wrong in
        ["twelve ravens over snow", "8f1d0c6a4be29a7753d8fe0142bb96c1e07f5a3d2c981b64af7e30d9c5128e4c"]
    {
        let world = World::new().with_env(wrong.to_owned());
        let reason = Vault::unlock(header, slots, &world.sources()).unwrap_err();
        assert_eq!(reason, LockReason::EnvMismatch { expected_slot: expected_slot.clone() });
        assert!(reason.to_string().contains(&expected_slot));
    }
    let reason = Vault::unlock(header, slots, &World::new().sources()).unwrap_err();
    assert_eq!(reason, LockReason::EnvMissing { expected_slot: expected_slot.clone() });

    // With a keyring slot too, the keyring opens and the wrong secret is noticed.
    let world = World::new().with_env(env());
    let created = world.create_and_enrol();
    let wrong = World { keyring: world.keyring.clone(), ..World::new() }
        .with_env("twelve ravens over snow".to_owned());
    let vault = Vault::unlock(&created.header, &created.slots, &wrong.sources()).unwrap();
    let expected_slot = created.slots[1].id.clone();
    assert_eq!(vault.notices(), [Notice::EnvMismatch { expected_slot }]);
    // An absent one is nothing to speak of.
    let absent = World { keyring: world.keyring.clone(), ..World::new() };
    assert!(Vault::unlock(&created.header, &created.slots, &absent.sources()).unwrap().notices().is_empty());
    wrong.keyring().forget();
    let reason = Vault::unlock(&created.header, &created.slots, &wrong.sources()).unwrap_err();
    assert!(matches!(reason, LockReason::EnvMismatch { .. }));
}

#[test]
fn only_one_cell_of_the_table_makes_a_key() {
    let answers = || {
        [
            Ok(Secret::copy_of(b"x")),
            Err(KeyringFault::NoEntry),
            Err(KeyringFault::Locked),
            Err(KeyringFault::NoDefaultCollection),
            Err(KeyringFault::NoService),
            Err(KeyringFault::Ambiguous(Vec::new())),
            Err(KeyringFault::Corrupt),
            Err(KeyringFault::Timeout),
            Err(KeyringFault::Other("Invalid")),
        ]
    };
    let mints =
        |has_header| answers().iter().filter(|answer| decide(has_header, answer) == Step::Mint).count();
    assert_eq!((mints(false), mints(true)), (1, 0));
    assert_eq!(decide(false, &Err(KeyringFault::NoEntry)), Step::Mint);
}

#[test]
fn every_reason_has_a_code_and_a_way_out() {
    let slot = || "0011223344556677".to_owned();
    let reasons = [
        LockReason::KeyMissing,
        LockReason::KeyringLocked,
        LockReason::NoDefaultCollection,
        LockReason::NoService,
        LockReason::Ambiguous,
        LockReason::KeyMismatch,
        LockReason::Corrupt,
        LockReason::EnvMismatch { expected_slot: slot() },
        LockReason::EnvMissing { expected_slot: slot() },
        LockReason::RecoveryWrong,
        LockReason::HeaderAltered,
    ];
    let mut codes: Vec<_> = reasons.iter().map(LockReason::code).collect();
    assert!(codes.iter().all(|code| code.chars().all(|c| c.is_ascii_lowercase() || c == '_')));
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), reasons.len());
    for reason in reasons {
        let words = ["recovery code", "backup", "newer sheet"];
        assert!(words.iter().any(|word| reason.message().contains(word)), "{reason:?} names a way out");
    }
}
