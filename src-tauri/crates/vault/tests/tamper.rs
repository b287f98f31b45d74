//! What an attacker with the database can do: change bytes, and move values to where they do not belong.
#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test, too")]

mod support;

use reeve_vault::{LockReason, OpenError, Purpose, SealedKey, Secret, Slot, Vault, open_with, seal_with};
use std::collections::HashSet;
use support::{NOW, World, env, env_words};

const KEY: &[u8] = b"sk-proj-canary-0123456789abcdefghijklmnop";

fn vault() -> Vault {
    World::new().create().vault
}

fn seal_key(vault: &Vault) -> SealedKey {
    vault.seal_key("openai", "crd_1", 3, &Secret::copy_of(KEY)).unwrap()
}

/// Every copy of `bytes` with one byte changed, one byte less, or one byte more.
fn damages(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut damages = Vec::new();
    for at in 0..bytes.len() {
        for flip in [0x01, 0x20, 0x80, 0xff] {
            let mut changed = bytes.to_vec();
            changed[at] ^= flip;
            damages.push(changed);
        }
        damages.push(bytes[..at].to_vec());
    }
    damages.push([bytes, &[0]].concat());
    damages
}

#[test]
fn a_sealed_key_opens_as_it_was() {
    let vault = vault();
    let sealed = seal_key(&vault);
    assert_eq!(vault.open_key("openai", "crd_1", 3, &sealed).unwrap().expose(), KEY);
    assert!(!format!("{sealed:?}").contains("canary"));
    assert_eq!(&sealed.sealed[..4], b"RV1\x01");
    assert_eq!(sealed.sealed.len(), KEY.len() + 36);
    assert_eq!(sealed.wrapped_dek.len(), 32 + 36);
}

#[test]
fn every_changed_byte_of_a_sealed_key_is_noticed() {
    let vault = vault();
    let good = seal_key(&vault);
    let refused = |key: &SealedKey| vault.open_key("openai", "crd_1", 3, key).is_err();
    for wrapped_dek in damages(&good.wrapped_dek) {
        assert!(refused(&SealedKey { wrapped_dek, sealed: good.sealed.clone() }));
    }
    for sealed in damages(&good.sealed) {
        assert!(refused(&SealedKey { wrapped_dek: good.wrapped_dek.clone(), sealed }));
    }
}

#[test]
fn a_sealed_key_opens_in_its_own_row_only() {
    let (vault, other) = (vault(), self::vault());
    let key = seal_key(&vault);
    let refused = Some(OpenError::Refused);
    assert_eq!(vault.open_key("anthropic", "crd_1", 3, &key).err(), refused);
    assert_eq!(vault.open_key("openai", "crd_2", 3, &key).err(), refused);
    assert_eq!(vault.open_key("openai", "crd_1", 4, &key).err(), refused);
    assert_eq!(other.open_key("openai", "crd_1", 3, &key).err(), refused);
    // The border between two texts is not movable.
    assert_eq!(vault.open_key("openaic", "rd_1", 3, &key).err(), refused);

    let neighbour = vault.seal_key("openai", "crd_2", 3, &Secret::copy_of(KEY)).unwrap();
    let halves = SealedKey { wrapped_dek: key.wrapped_dek.clone(), sealed: neighbour.sealed.clone() };
    assert_eq!(vault.open_key("openai", "crd_1", 3, &halves).err(), refused);
    let columns = SealedKey { wrapped_dek: key.sealed.clone(), sealed: key.wrapped_dek.clone() };
    assert!(vault.open_key("openai", "crd_1", 3, &columns).is_err());
}

#[test]
fn an_older_version_cannot_stand_in_for_a_newer_one() {
    let vault = vault();
    let old = seal_key(&vault);
    let new = vault.seal_key("openai", "crd_1", 4, &Secret::copy_of(b"sk-new")).unwrap();
    assert!(vault.open_key("openai", "crd_1", 4, &old).is_err());
    let mixed = SealedKey { wrapped_dek: old.wrapped_dek, sealed: new.sealed };
    assert!(vault.open_key("openai", "crd_1", 4, &mixed).is_err());
}

#[test]
fn small_values_keep_to_their_purpose_context_and_vault() {
    let (vault, other) = (vault(), self::vault());
    let purposes =
        [Purpose::JwtKey, Purpose::LogKey, Purpose::SubjectKey, Purpose::TotpSeed, Purpose::AdminCred];
    for made_for in purposes {
        let sealed = vault.seal(made_for, "usr_1", b"seed").unwrap();
        assert_eq!(vault.open(made_for, "usr_1", &sealed).unwrap().expose(), b"seed");
        assert_eq!(vault.open(made_for, "usr_2", &sealed).err(), Some(OpenError::Refused));
        assert_eq!(other.open(made_for, "usr_1", &sealed).err(), Some(OpenError::Refused));
        for opened_as in purposes.into_iter().filter(|purpose| *purpose != made_for) {
            assert_eq!(vault.open(opened_as, "usr_1", &sealed).err(), Some(OpenError::Refused));
        }
        for damaged in damages(&sealed) {
            assert!(vault.open(made_for, "usr_1", &damaged).is_err());
        }
    }
}

#[test]
fn epochs_open_what_they_sealed_and_cannot_be_swapped() {
    let first = vault();
    let second = first.next_epoch();
    assert_eq!((second.header().kek_epoch, second.header().generation), (2, 2));
    let (old, new) = (seal_key(&first), seal_key(&second));
    for vault in [&first, &second] {
        assert_eq!(vault.open_key("openai", "crd_1", 3, &old).unwrap().expose(), KEY);
        assert_eq!(vault.open_key("openai", "crd_1", 3, &new).unwrap().expose(), KEY);
    }
    // Saying that a value is of another epoch does not make it so: bytes 4..8 hold the epoch.
    let mut relabelled = old.clone();
    relabelled.wrapped_dek[4..8].copy_from_slice(&2_u32.to_be_bytes());
    assert_eq!(second.open_key("openai", "crd_1", 3, &relabelled).err(), Some(OpenError::Refused));
    let mut relabelled = first.seal(Purpose::JwtKey, "", b"x").unwrap();
    relabelled[4..8].copy_from_slice(&2_u32.to_be_bytes());
    assert_eq!(second.open(Purpose::JwtKey, "", &relabelled).err(), Some(OpenError::Refused));

    let wrapped_dek = second.rewrap_key("openai", "crd_1", 3, &old).unwrap();
    assert_eq!(&wrapped_dek[4..8], &[0, 0, 0, 2]);
    let moved = SealedKey { wrapped_dek, sealed: old.sealed };
    assert_eq!(second.open_key("openai", "crd_1", 3, &moved).unwrap().expose(), KEY);
    assert!(second.rewrap_key("openai", "crd_2", 3, &moved).is_err());
}

#[test]
fn data_keys_seal_to_their_place() {
    let (key, other) = ([7; 32], [8; 32]);
    let sealed = seal_with(&key, b"row 1", b"name").unwrap();
    assert_eq!(open_with(&key, b"row 1", &sealed).unwrap().expose(), b"name");
    assert_eq!(open_with(&key, b"row 2", &sealed).err(), Some(OpenError::Refused));
    assert_eq!(open_with(&other, b"row 1", &sealed).err(), Some(OpenError::Refused));
    for damaged in damages(&sealed) {
        assert!(open_with(&key, b"row 1", &damaged).is_err());
    }
    // A value sealed by the vault under the same bytes as key is still not a data-key value.
    assert!(open_with(&vault().derive("x"), b"", &vault().seal(Purpose::JwtKey, "", b"x").unwrap()).is_err());
}

#[test]
fn other_forms_are_named() {
    let vault = vault();
    let mut sealed = vault.seal(Purpose::JwtKey, "", b"").unwrap();
    assert_eq!(vault.open(Purpose::JwtKey, "", b"").err(), Some(OpenError::NotSealed));
    assert_eq!(vault.open(Purpose::JwtKey, "", b"RV2").err(), Some(OpenError::NotSealed));
    sealed[3] = 2;
    assert_eq!(vault.open(Purpose::JwtKey, "", &sealed).err(), Some(OpenError::UnknownAlgorithm(2)));
}

#[test]
fn no_nonce_repeats_in_a_hundred_thousand_seals() {
    let key = [1; 32];
    let nonces: HashSet<[u8; 12]> =
        (0..100_000).map(|_| seal_with(&key, b"", b"").unwrap()[8..20].try_into().unwrap()).collect();
    assert_eq!(nonces.len(), 100_000);
}

#[test]
fn every_changed_byte_of_the_header_is_noticed() {
    let world = World::new();
    let created = world.create_and_enrol();
    let (header, slots) = (&created.header, &created.slots);
    let reason = |change: &dyn Fn(&mut reeve_vault::Header)| {
        let mut changed = header.clone();
        change(&mut changed);
        Vault::unlock(&changed, slots, &world.sources()).unwrap_err()
    };
    for at in 0..16 {
        assert_eq!(reason(&|h| h.vault_id[at] ^= 1), LockReason::KeyMismatch);
        assert_eq!(reason(&|h| h.kcv[at] ^= 1), LockReason::KeyMismatch);
    }
    for at in 0..32 {
        assert_eq!(reason(&|h| h.mac[at] ^= 1), LockReason::HeaderAltered);
    }
    for bit in 0..32 {
        assert_eq!(reason(&|h| h.kek_epoch ^= 1 << bit), LockReason::HeaderAltered);
    }
    for bit in 0..64 {
        assert_eq!(reason(&|h| h.generation ^= 1 << bit), LockReason::HeaderAltered);
        assert_eq!(reason(&|h| h.created_at ^= 1 << bit), LockReason::HeaderAltered);
    }
    let code = &created.recovery_code;
    let mut changed = header.clone();
    changed.generation += 1;
    assert_eq!(Vault::unlock_with_recovery(&changed, slots, code).unwrap_err(), LockReason::HeaderAltered);
}

/// Every copy of `slot` with one field damaged.
fn damaged_slots(slot: &Slot) -> Vec<Slot> {
    let with = |change: &dyn Fn(&mut Slot)| {
        let mut slot = slot.clone();
        change(&mut slot);
        slot
    };
    let mut all = Vec::new();
    all.extend(damages(&slot.salt).into_iter().map(|salt| with(&|s| s.salt.clone_from(&salt))));
    all.extend(damages(&slot.nonce).into_iter().map(|nonce| with(&|s| s.nonce.clone_from(&nonce))));
    all.extend(damages(&slot.wrapped_vrk).into_iter().map(|v| with(&|s| s.wrapped_vrk.clone_from(&v))));
    all.extend((0..64).map(|bit| with(&|s| s.created_at ^= 1 << bit)));
    for at in 0..slot.id.len() {
        let changed = if slot.id.as_bytes()[at] == b'0' { "1" } else { "0" };
        all.push(with(&|s| s.id.replace_range(at..=at, changed)));
    }
    for at in 0..slot.kdf.len() {
        let changed = if slot.kdf.as_bytes()[at] == b'1' { "2" } else { "1" };
        all.push(with(&|s| s.kdf.replace_range(at..=at, changed)));
    }
    all
}

#[test]
fn every_changed_byte_of_a_random_secrets_slot_is_noticed() {
    let world = World::new().with_env(env());
    let created = world.create_and_enrol();
    let (header, code) = (&created.header, &created.recovery_code);
    let [recovery, env_slot, keyring] = created.slots.as_slice() else { panic!("three slots") };
    let mut tried = 0;
    for damaged in damaged_slots(recovery) {
        let opened = Vault::unlock_with_recovery(header, std::slice::from_ref(&damaged), code);
        assert_eq!(opened.unwrap_err(), LockReason::RecoveryWrong, "{damaged:?}");
        tried += 1;
    }
    for damaged in damaged_slots(env_slot).into_iter().chain(damaged_slots(keyring)) {
        assert!(
            Vault::unlock(header, std::slice::from_ref(&damaged), &world.sources()).is_err(),
            "{damaged:?}"
        );
        tried += 1;
    }
    assert!(tried > 900, "{tried}");
}

/// Each attempt runs Argon2id, so only a sample of the damages.
#[test]
fn a_changed_slot_of_words_is_noticed() {
    let world = World::new().without_keyring().with_env(env_words("eleven grey herons at dusk"));
    let created = world.create();
    let env_slot = &created.slots[1];
    assert_eq!(env_slot.kdf, "argon2id;m=65536;t=3;p=1");
    assert!(Vault::unlock(&created.header, &created.slots, &world.sources()).is_ok());
    for damaged in damaged_slots(env_slot).into_iter().step_by(41).chain(costlier(env_slot)) {
        let opened = Vault::unlock(&created.header, std::slice::from_ref(&damaged), &world.sources());
        assert!(matches!(opened.unwrap_err(), LockReason::EnvMismatch { .. }), "{damaged:?}");
    }
}

/// Other costs, some of which would take for ever if they were obeyed.
fn costlier(slot: &Slot) -> Vec<Slot> {
    ["argon2id;m=65536;t=2;p=1", "argon2id;m=4294967295;t=4294967295;p=1", "hkdf-sha256", ""]
        .map(|kdf| Slot { kdf: kdf.to_owned(), ..slot.clone() })
        .to_vec()
}

#[test]
fn slots_of_another_vault_or_kind_do_not_open() {
    let (one, two) = (World::new(), World::new());
    let (mine, theirs) = (one.create_and_enrol(), two.create_and_enrol());
    let code = &mine.recovery_code;
    let wrong = Vault::unlock_with_recovery(&mine.header, &theirs.slots, &theirs.recovery_code);
    assert_eq!(wrong.unwrap_err(), LockReason::RecoveryWrong);
    let wrong = Vault::unlock_with_recovery(&theirs.header, &mine.slots, code);
    assert_eq!(wrong.unwrap_err(), LockReason::RecoveryWrong);
    let relabelled: Vec<Slot> =
        mine.slots.iter().map(|s| Slot { kind: reeve_vault::SlotKind::Env, ..s.clone() }).collect();
    assert!(Vault::unlock_with_recovery(&mine.header, &relabelled, code).is_err());
}

#[test]
fn a_retired_slot_opens_nothing() {
    let world = World::new();
    let mut created = world.create_and_enrol();
    for slot in &mut created.slots {
        slot.state = reeve_vault::SlotState::Retired;
    }
    let (header, slots) = (&created.header, &created.slots);
    assert_eq!(Vault::unlock(header, slots, &world.sources()).unwrap_err(), LockReason::KeyMissing);
    let opened = Vault::unlock_with_recovery(header, slots, &created.recovery_code);
    assert_eq!(opened.unwrap_err(), LockReason::RecoveryWrong);
}

#[test]
fn fingerprints_and_derived_keys_belong_to_one_vault() {
    let (world, other) = (World::new(), vault());
    let created = world.create_and_enrol();
    let again = Vault::unlock(&created.header, &created.slots, &world.sources()).unwrap();
    let (one, two) = (Secret::copy_of(KEY), Secret::copy_of(b"another"));
    let print = created.vault.fingerprint(&one);
    assert_eq!(print.len(), 16);
    assert_eq!(print, again.fingerprint(&one));
    assert_ne!(print, created.vault.fingerprint(&two));
    assert_ne!(print, other.fingerprint(&one));

    assert_eq!(created.vault.derive("audit-mac"), again.derive("audit-mac"));
    assert_ne!(created.vault.derive("audit-mac"), created.vault.derive("backup"));
    assert_ne!(created.vault.derive("audit-mac"), other.derive("audit-mac"));
    // The key check value is public: no label may lead to the key whose start it is.
    for label in ["kcv", "../kcv", "/v1", ""] {
        assert_ne!(created.vault.derive(label)[..16], created.header.kcv);
    }
    assert_eq!(created.header.created_at, NOW.0);
}
