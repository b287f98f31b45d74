//! The stored formats, byte for byte: values that an independent implementation made from the written format, see
//! `tests/vault/make-fixtures.py`. If one of these fails, existing vaults no longer open.
#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test, too")]

mod support;

use data_encoding::HEXLOWER;
use reeve_vault::{
    EnvSecret, Header, KeySources, MemoryKeyring, Purpose, RecoveryCode, SealedKey, Secret, Slot, SlotKind,
    SlotState, Vault, open_with,
};
use std::sync::Arc;
use support::NOW;

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn header() -> Header {
    Header {
        vault_id: std::array::from_fn(|at| 0x40 + u8::try_from(at).unwrap()),
        kcv: hex("cea464e34240a1feb609e7a0b40b8b36").try_into().unwrap(),
        kek_epoch: 1,
        root_epoch: 1,
        generation: 1,
        created_at: NOW.0,
        mac: hex("6864482f36685a8f6da3b1e755068bc6b3851887762f798cc387c3643734ded5").try_into().unwrap(),
    }
}

fn slot(number: u8, kind: SlotKind, kdf: &str, wrapped: &str) -> Slot {
    Slot {
        id: format!("{number:016x}"),
        kind,
        kdf: kdf.to_owned(),
        salt: vec![number; 16],
        nonce: vec![number; 12],
        wrapped_vrk: hex(wrapped),
        created_at: NOW.0,
        state: SlotState::Active,
    }
}

fn recovery() -> Slot {
    let wrapped = "7fed21865707de18f29dd40e97a3bc9379cf74ac2fca5c649060f1e7cbb228274c2d6e35a8c9ca8779639992\
     a58e3fe4";
    slot(1, SlotKind::Recovery, "hkdf-sha256", wrapped)
}

fn open() -> Vault {
    let code = RecoveryCode::parse("C1GP-4RV4-CNK6-ET39-D9NP-RVBE-DXR7-2WKK-S0TY").unwrap();
    Vault::unlock_with_recovery(&header(), &[recovery()], &code).unwrap()
}

#[test]
fn a_recovery_slot_opens() {
    assert_eq!(open().opened_by(), Some((SlotKind::Recovery, "0000000000000001")));
}

#[test]
fn a_slot_of_words_opens() {
    let wrapped = "ff7c8b9a96d0a3cf888739168732dcba16e2065c4b32a84e4690cc54d368c6753b259d974ee2f9997f97254f\
     d52fc453";
    let slots = [slot(2, SlotKind::Env, "argon2id;m=65536;t=3;p=1", wrapped)];
    let env = Some(EnvSecret::parse("eleven grey herons at dusk").unwrap());
    let vault = Vault::unlock(&header(), &slots, &KeySources { keyring: None, env }).unwrap();
    assert_eq!(vault.derive("audit-mac"), open().derive("audit-mac"));
}

#[test]
fn a_keyring_slot_opens() {
    let wrapped = "2d286dbe7dbac9d26e90e4dd834f369a5c9a9cafb23acf76b86897de1a6e37e7351a5353656106be79a7514e\
     66bf4687";
    let slots = [slot(3, SlotKind::Keyring, "hkdf-sha256", wrapped)];
    let keyring = MemoryKeyring::new();
    keyring.put(b"reeve-vk1.0000000000000003.1.gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8.2ea6ee48");
    let vault = Vault::unlock(&header(), &slots, &KeySources { keyring: Some(Arc::new(keyring)), env: None })
        .unwrap();
    assert_eq!(vault.derive("audit-mac"), open().derive("audit-mac"));
    assert!(vault.notices().is_empty());
}

#[test]
fn sealed_values_open() {
    let vault = open();
    let key = SealedKey {
        wrapped_dek: hex(
            "5256310100000001040404040404040404040404c9866864ca4b70c4f150ddb2ccba6a5947b8597bcce09301\
     62e372a2061ac678c3667b6182d867ad5a66ab83ca2ae603",
        ),
        sealed: hex(
            "52563101000000010505050505050505050505052beb462a4711c4901671a65807df148109d58f13047e5f62\
     a7bd22a1bf396331537f38273c",
        ),
    };
    assert_eq!(vault.open_key("openai", "crd_1", 3, &key).unwrap().expose(), b"sk-fixture-0123456789");
    let totp = hex("5256310100000001060606060606060606060606015fc08acd9a15cdfcbb2e1dd16faa9bd449cdd5");
    assert_eq!(vault.open(Purpose::TotpSeed, "usr_1", &totp).unwrap().expose(), b"seed");
    let row = hex("52563101000000000707070707070707070707070581e72321015ba00e2084aa86ddacb8aa40120c");
    let data_key = std::array::from_fn(|at| 0xc0 + u8::try_from(at).unwrap());
    assert_eq!(open_with(&data_key, b"row 1", &row).unwrap().expose(), b"name");
}

#[test]
fn derived_values_stay() {
    let vault = open();
    assert_eq!(vault.fingerprint(&Secret::copy_of(b"sk-fixture-0123456789")), "ebe6a8cfa268f62e");
    assert_eq!(
        HEXLOWER.encode(&vault.derive("audit-mac")[..]),
        "3178941de5216a93096c6b0f96c061b397820e4ba77fe900299e0256327e7b74"
    );
}
