//! Dying at every point of the first run, and coming back.
#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test, too")]

mod support;

use reeve_vault::keyring::KeyringMode;
use reeve_vault::{
    CreateError, EnrolError, EnvSecret, KeySources, KeyringFault, LockReason, Notice, OsRandom, Random,
    RandomError, RecoveryCode, Secret, Slot, SlotKind, SlotState, Vault, make_vault_id,
};
use support::{NOW, World, env};

fn states(slots: &[Slot]) -> Vec<(SlotKind, SlotState)> {
    slots.iter().map(|slot| (slot.kind, slot.state)).collect()
}

#[test]
fn a_new_vault_opens_by_each_of_its_slots() {
    let world = World::new().with_env(env());
    let created = world.create_and_enrol();
    let (header, slots) = (&created.header, &created.slots);
    assert_eq!(
        states(slots),
        [SlotKind::Recovery, SlotKind::Env, SlotKind::Keyring].map(|kind| (kind, SlotState::Active))
    );
    let key = Secret::copy_of(b"sk-123");
    let sealed = created.vault.seal_key("openai", "crd_1", 1, &key).unwrap();

    let by_env = Vault::unlock(header, slots, &World::new().with_env(env()).sources()).unwrap();
    let by_keyring = KeySources { env: None, ..world.sources() };
    let by_keyring = Vault::unlock(header, slots, &by_keyring).unwrap();
    let by_code = Vault::unlock_with_recovery(header, slots, &created.recovery_code).unwrap();
    for (vault, kind, at) in
        [(by_env, SlotKind::Env, 1), (by_keyring, SlotKind::Keyring, 2), (by_code, SlotKind::Recovery, 0)]
    {
        assert_eq!(vault.opened_by(), Some((kind, slots[at].id.as_str())));
        assert!(vault.open_key("openai", "crd_1", 1, &sealed).unwrap().matches(&key));
        assert!(vault.notices().is_empty());
    }
}

#[test]
fn nothing_is_written_before_the_commit() {
    let world = World::new();
    let created = world.create();
    assert_eq!(world.keyring().writes(), 0);
    assert_eq!(states(&created.slots)[1], (SlotKind::Keyring, SlotState::Pending));
}

#[test]
fn dying_after_the_commit_leaves_the_recovery_code_and_a_way_back() {
    let world = World::new();
    let created = world.create();
    let (header, mut slots, code) =
        (created.header.clone(), created.slots.clone(), created.recovery_code.reveal());
    drop(created);

    assert_eq!(Vault::unlock(&header, &slots, &world.sources()).unwrap_err(), LockReason::KeyMissing);
    let code = RecoveryCode::parse(&code).unwrap();
    let vault = Vault::unlock_with_recovery(&header, &slots, &code).unwrap();
    let keyring = world.sources().keyring.unwrap();
    let enrolment = vault.enrol_keyring(keyring, &slots, NOW, &mut OsRandom).unwrap();
    assert_eq!(enrolment.slot().state, SlotState::Pending);
    slots.push(enrolment.slot().clone());
    let active = enrolment.finish().unwrap();
    assert_eq!(active, Slot { state: SlotState::Active, ..enrolment.slot().clone() });
    *slots.last_mut().unwrap() = active;

    let vault = Vault::unlock(&header, &slots, &world.sources()).unwrap();
    assert!(vault.notices().is_empty());
}

#[test]
fn dying_after_the_keyring_was_written_opens_and_says_so() {
    let world = World::new();
    let created = world.create();
    let active = created.enrol_keyring().unwrap().unwrap();
    // The active slot was never committed.
    let vault = Vault::unlock(&created.header, &created.slots, &world.sources()).unwrap();
    assert_eq!(vault.notices(), [Notice::KeyringSlotPending { slot: active.id.clone() }]);
    // Doing it again changes nothing.
    assert_eq!(created.enrol_keyring().unwrap().unwrap(), active);
    assert_eq!(world.keyring().writes(), 1);
}

#[test]
fn a_keyring_that_does_not_keep_the_key_is_found_out() {
    let world = World::new();
    let created = world.create();
    world.keyring().set_mode(KeyringMode::ForgetsWrites);
    assert!(matches!(created.enrol_keyring(), Err(EnrolError::NotKept)));
    world.keyring().set_mode(KeyringMode::NoDefaultCollection);
    let failed = created.enrol_keyring();
    assert!(matches!(failed, Err(EnrolError::Keyring(KeyringFault::NoDefaultCollection))));
    world.keyring().set_mode(KeyringMode::Ok);
    assert!(created.enrol_keyring().is_ok());
}

#[test]
fn another_vaults_item_is_never_replaced_by_itself() {
    let (world, other) = (World::new(), World::new());
    let created = world.create();
    other.create_and_enrol();
    let foreign = other.keyring().item().unwrap();
    for item in [foreign.expose(), b"another program's password"] {
        world.keyring().put(item);
        assert!(matches!(created.enrol_keyring(), Err(EnrolError::Occupied)));
        assert_eq!(world.keyring().item().unwrap().expose(), item);
    }
    // A person may say otherwise.
    created.enrolment.as_ref().unwrap().finish_replacing().unwrap();
    assert!(Vault::unlock(&created.header, &created.slots, &world.sources()).is_ok());
}

#[test]
fn this_vaults_own_item_is_replaced_by_a_new_slots() {
    let world = World::new();
    let mut created = world.create_and_enrol();
    let before = world.keyring().item().unwrap();
    let keyring = world.sources().keyring.unwrap();
    let enrolment = created.vault.enrol_keyring(keyring, &created.slots, NOW, &mut OsRandom).unwrap();
    created.slots.push(enrolment.slot().clone());
    enrolment.finish().unwrap();
    assert!(!world.keyring().item().unwrap().matches(&before));
    assert!(Vault::unlock(&created.header, &created.slots, &world.sources()).is_ok());
}

#[test]
fn a_keyring_slot_can_be_added_to_a_vault_made_without_one() {
    let headless = World::new().without_keyring().with_env(env());
    let mut created = headless.create();
    assert!(created.enrolment.is_none() && created.keyring_fault.is_none());
    assert_eq!(created.enrol_keyring().unwrap(), None);

    let desk = World::new();
    let keyring = desk.sources().keyring.unwrap();
    let enrolment = created.vault.enrol_keyring(keyring, &created.slots, NOW, &mut OsRandom).unwrap();
    created.slots.push(enrolment.finish().unwrap());
    assert!(Vault::unlock(&created.header, &created.slots, &desk.sources()).is_ok());
}

#[test]
fn the_secret_in_the_environment_can_be_changed() {
    let old = World::new().without_keyring().with_env(env());
    let mut created = old.create();
    let header = created.header.clone();
    let both = |name: &str| match name {
        "KEY_ENCRYPTION_SECRET" => Some("twelve ravens over snow".to_owned()),
        "KEY_ENCRYPTION_SECRET_PREVIOUS" => Some(env()),
        _ => None,
    };
    let sources = KeySources { keyring: None, env: EnvSecret::from_environment(both).unwrap() };
    let vault = Vault::unlock(&header, &created.slots, &sources).unwrap();
    let retired = created.slots[1].id.clone();
    assert_eq!(vault.notices(), [Notice::EnvPrevious { slot: retired }]);

    let slot = vault.enrol_env(sources.env.as_ref().unwrap(), NOW, &mut OsRandom).unwrap();
    created.slots[1].state = SlotState::Retired;
    created.slots.push(slot.clone());
    let new = World::new().without_keyring().with_env("twelve ravens over snow".to_owned());
    assert!(Vault::unlock(&header, &created.slots, &new.sources()).is_ok());
    let reason = Vault::unlock(&header, &created.slots, &old.sources()).unwrap_err();
    assert_eq!(reason, LockReason::EnvMismatch { expected_slot: slot.id });
}

#[test]
fn a_new_recovery_code_replaces_the_old_one() {
    let created = World::new().create();
    let (code, slot) = created.vault.enrol_recovery(NOW, &mut OsRandom).unwrap();
    let retired = Slot { state: SlotState::Retired, ..created.slots[0].clone() };
    let slots = [retired, slot];
    assert!(Vault::unlock_with_recovery(&created.header, &slots, &code).is_ok());
    let old = Vault::unlock_with_recovery(&created.header, &slots, &created.recovery_code);
    assert_eq!(old.unwrap_err(), LockReason::RecoveryWrong);
}

#[test]
fn an_older_copy_of_the_database_is_noticed() {
    let world = World::new();
    let created = world.create_and_enrol();
    let (old_header, mut slots) = (created.header.clone(), created.slots.clone());
    let newer = created.vault.next_epoch();
    let keyring = world.sources().keyring.unwrap();
    let enrolment = newer.enrol_keyring(keyring, &slots, NOW, &mut OsRandom).unwrap();
    slots.push(enrolment.slot().clone());
    slots.push(enrolment.finish().unwrap());
    slots.remove(2);
    assert!(Vault::unlock(newer.header(), &slots, &world.sources()).unwrap().notices().is_empty());
    let vault = Vault::unlock(&old_header, &slots, &world.sources()).unwrap();
    assert_eq!(vault.notices(), [Notice::OlderCopy { kept: 2, found: 1 }]);
}

#[test]
fn the_vaults_id_can_be_known_beforehand() {
    let id = make_vault_id().unwrap();
    let created = Vault::create_as(id, &World::new().sources(), NOW, &mut OsRandom).unwrap();
    assert_eq!(created.header.vault_id, id);
    assert_ne!(id, make_vault_id().unwrap());
}

struct Counting(u8);

impl Random for Counting {
    fn fill(&mut self, into: &mut [u8]) -> Result<(), RandomError> {
        for byte in into {
            *byte = self.0;
            self.0 = self.0.wrapping_add(1);
        }
        Ok(())
    }
}

struct Exhausted(usize);

impl Random for Exhausted {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), RandomError> {
        self.0 = self.0.checked_sub(1).ok_or(RandomError)?;
        Ok(())
    }
}

#[test]
fn the_same_random_bytes_make_the_same_vault() {
    let make = || Vault::create(&World::new().sources(), NOW, &mut Counting(0)).unwrap();
    let (one, two) = (make(), make());
    assert_eq!((&one.header, &one.slots), (&two.header, &two.slots));
    assert_eq!(one.recovery_code.reveal(), two.recovery_code.reveal());
}

#[test]
fn no_vault_is_made_when_random_bytes_run_out() {
    let sources = World::new().with_env(env()).sources();
    let needed = (0..100).find(|draws| Vault::create(&sources, NOW, &mut Exhausted(*draws)).is_ok()).unwrap();
    assert!(needed > 10, "{needed}");
    for draws in 0..needed {
        assert!(matches!(Vault::create(&sources, NOW, &mut Exhausted(draws)), Err(CreateError::Seal(_))));
    }
}
