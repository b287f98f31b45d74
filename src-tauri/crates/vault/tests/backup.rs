//! A backup opens with what it says it opens with, and with nothing else; whatever happens to its bytes is noticed.
#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test, too")]

mod support;

use proptest::prelude::*;
use reeve_core::time::Millis;
use reeve_vault::backup::MAX_LEN;
use reeve_vault::{
    BackupError, BackupFile, OsRandom, Purpose, ReadError, RecoveryCode, Secret, Slot, SlotState, Vault,
};
use sha2::{Digest as _, Sha256};
use std::sync::OnceLock;
use support::{NOW, World};

const KEY: &[u8] = b"sk-proj-canary-0123456789abcdefghijklmnop";
const ADMIN: &[u8] = b"sk-admin-canary-0123456789";
const TYPED: &[u8] = b"seventeen brown horses";

struct Made {
    vault: Vault,
    code: RecoveryCode,
    slots: Vec<Slot>,
}

fn made() -> Made {
    let created = World::new().create();
    Made { vault: created.vault, code: created.recovery_code, slots: created.slots }
}

fn file_of(made: &Made, passphrase: Option<&[u8]>) -> Vec<u8> {
    let sealed = made.vault.seal_key("openai", "crd_1", 3, &Secret::copy_of(KEY)).unwrap();
    let value = made.vault.seal(Purpose::AdminCred, "openai/cc_1", ADMIN).unwrap();
    let mut draft = made.vault.begin_backup(Millis(NOW.0 + 5), &mut OsRandom).unwrap();
    draft.add(b"a credential").unwrap();
    draft.add_key(b"its key", "openai", "crd_1", 3, &sealed).unwrap();
    draft.add_value(b"an admin key", Purpose::AdminCred, "openai/cc_1", &value).unwrap();
    draft.seal(&made.slots, passphrase.map(Secret::copy_of).as_ref(), &mut OsRandom).unwrap()
}

/// A file for its recovery code alone: made once, because a passphrase takes a second.
fn sample() -> &'static (Made, Vec<u8>) {
    static SAMPLE: OnceLock<(Made, Vec<u8>)> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let made = made();
        let file = file_of(&made, None);
        (made, file)
    })
}

/// The same bytes with the hash that they need: what somebody does who knows the format.
fn rehashed(mut bytes: Vec<u8>) -> Vec<u8> {
    let at = bytes.len() - 32;
    let digest = Sha256::digest(&bytes[..at]);
    bytes[at..].copy_from_slice(&digest);
    bytes
}

#[test]
fn what_went_in_comes_out_in_another_vault() {
    let made = made();
    let bytes = file_of(&made, Some(TYPED));
    for canary in [KEY, ADMIN] {
        assert!(!bytes.windows(canary.len()).any(|at| at == canary), "nothing is in the clear");
    }
    assert!(!bytes.windows(7).any(|at| at == b"its key"), "names are not, either");
    let file = BackupFile::read(&bytes).unwrap();
    let header = file.header();
    assert_eq!((header.vault_id, header.rows), (made.vault.header().vault_id, 3));
    assert_eq!((header.made_at, header.epoch, header.generation), (NOW.0 + 5, 1, 1));
    assert!(header.opens_with_recovery() && header.opens_with_passphrase());

    let other = World::new().create().vault;
    let ways = [
        file.open_with_recovery(&made.code).unwrap(),
        file.open_with_passphrase(&Secret::copy_of(TYPED)).unwrap(),
        file.open_with_vault(&made.vault).unwrap(),
    ];
    for opened in ways {
        let [plain, key, value] = opened.rows() else { unreachable!("three rows") };
        assert_eq!((plain.text.as_slice(), plain.has_secret()), (&b"a credential"[..], false));
        let (sealed, fingerprint) = opened.key_for(&other, key, ("openai", "crd_1", 3), 7).unwrap();
        assert_eq!(other.open_key("openai", "crd_1", 7, &sealed).unwrap().expose(), KEY);
        assert_eq!(fingerprint, other.fingerprint(&Secret::copy_of(KEY)));
        let (sealed, _) = opened.value_for(&other, value, Purpose::AdminCred, "openai/cc_1").unwrap();
        assert_eq!(other.open(Purpose::AdminCred, "openai/cc_1", &sealed).unwrap().expose(), ADMIN);
        // A key does not move to another credential, version or provider.
        for place in [("openai", "crd_2", 3), ("openai", "crd_1", 2), ("anthropic", "crd_1", 3)] {
            assert!(opened.key_for(&other, key, place, 1).is_err(), "{place:?}");
        }
        assert!(opened.key_for(&other, value, ("openai", "crd_1", 3), 3).is_err());
        assert!(!format!("{opened:?}{key:?}").contains("canary"));
    }
}

#[test]
fn an_older_epoch_and_a_new_root_key_do_not_hinder() {
    let mut made = made();
    let sealed = made.vault.seal_key("openai", "crd_1", 1, &Secret::copy_of(KEY)).unwrap();
    let old = file_of(&made, None);
    let later = made.vault.next_epoch().next_root(&mut OsRandom).unwrap();
    let (code, slot) = later.enrol_recovery(NOW, &mut OsRandom).unwrap();
    let mut draft = later.begin_backup(NOW, &mut OsRandom).unwrap();
    draft.add_key(b"k", "openai", "crd_1", 1, &sealed).unwrap();
    let new = draft.seal(&[slot], None, &mut OsRandom).unwrap();
    let (old, new) = (BackupFile::read(&old).unwrap(), BackupFile::read(&new).unwrap());
    assert!(new.open_with_recovery(&code).is_ok());
    assert_eq!(new.open_with_recovery(&made.code).unwrap_err(), ReadError::RecoveryWrong);
    assert!(old.open_with_recovery(&made.code).is_ok(), "with the code of that day");
    assert_eq!(old.open_with_vault(&later).unwrap_err(), ReadError::OtherVault, "the root key is another");
    made.vault = later;
    assert!(BackupFile::read(&file_of(&made, None)).unwrap().open_with_vault(&made.vault).is_ok());
}

#[test]
fn a_file_that_nothing_would_open_is_not_made() {
    let mut made = made();
    let draft = |made: &Made| {
        made.vault.begin_backup(NOW, &mut OsRandom).unwrap().seal(&made.slots, None, &mut OsRandom)
    };
    assert!(draft(&made).is_ok());
    for state in [SlotState::Pending, SlotState::Retired] {
        made.slots.iter_mut().for_each(|slot| slot.state = state);
        assert!(matches!(draft(&made), Err(BackupError::NothingOpensIt)), "nobody has seen that code");
    }
    let file = made.vault.begin_backup(NOW, &mut OsRandom).unwrap();
    let typed = Secret::copy_of(TYPED);
    let file = BackupFile::read(&file.seal(&made.slots, Some(&typed), &mut OsRandom).unwrap()).unwrap();
    assert_eq!(file.open_with_recovery(&made.code).unwrap_err(), ReadError::NoRecovery);
    assert_eq!(file.open_with_passphrase(&typed).unwrap().rows(), []);
    let wrong = Secret::copy_of(b"seventeen brown horse");
    assert_eq!(file.open_with_passphrase(&wrong).unwrap_err(), ReadError::PassphraseWrong);
}

#[test]
fn a_wrong_secret_is_told_from_a_damaged_file() {
    let (made, bytes) = sample();
    let file = BackupFile::read(bytes).unwrap();
    let wrong = RecoveryCode::make(&mut OsRandom).unwrap();
    assert_eq!(file.open_with_recovery(&wrong).unwrap_err(), ReadError::RecoveryWrong);
    let typed = Secret::copy_of(TYPED);
    assert_eq!(file.open_with_passphrase(&typed).unwrap_err(), ReadError::NoPassphrase);
    let stranger = World::new().create().vault;
    assert_eq!(file.open_with_vault(&stranger).unwrap_err(), ReadError::OtherVault);
    assert!(file.open_with_recovery(&made.code).is_ok());
}

#[test]
fn what_is_no_backup_of_this_version_says_so() {
    let (_, bytes) = sample();
    let with = |mark: &[u8]| [mark, &bytes[16..]].concat();
    let read = |bytes: &[u8]| BackupFile::read(bytes).unwrap_err();
    for other in
        [&b""[..], b"PK\x03\x04 a zip", b"SQLite format 3\0", b"reeve-backup-vX\n", b"reeve-backup-x"]
    {
        assert_eq!(read(other), ReadError::NotABackup, "{other:?}");
    }
    assert_eq!(read(&with(b"reeve-backup-v2\n")), ReadError::Newer(2));
    assert_eq!(read(&with(b"reeve-backup-v10\n")), ReadError::Newer(10));
    assert_eq!(read(&with(b"reeve-backup-v0\n")), ReadError::Older(0));
    assert_eq!(read(&vec![0; MAX_LEN + 1]), ReadError::TooLarge);
    assert_eq!(read(&[bytes.as_slice(), b"\n"].concat()), ReadError::Damaged, "a byte too many");
}

#[test]
fn a_file_that_is_cut_off_says_so_wherever_that_was() {
    let (_, bytes) = sample();
    for at in 1..bytes.len() {
        let found = BackupFile::read(&bytes[..at]).unwrap_err();
        assert!(
            matches!(found, ReadError::Truncated { expected, found }
            if found == at as u64 && expected > found && expected <= bytes.len() as u64),
            "{at}: {found:?}"
        );
    }
}

#[test]
fn chunks_cannot_be_dropped_or_moved() {
    let (made, _) = sample();
    let mut draft = made.vault.begin_backup(NOW, &mut OsRandom).unwrap();
    for n in 0..40_u32 {
        draft.add(&vec![u8::try_from(n).unwrap(); 5_000]).unwrap();
    }
    let bytes = draft.seal(&made.slots, None, &mut OsRandom).unwrap();
    assert_eq!(BackupFile::read(&bytes).unwrap().open_with_recovery(&made.code).unwrap().rows().len(), 40);
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let body = 16 + 4 + number(16) + 8;
    let first = 4 + number(body);
    let second = 4 + number(body + first);
    let rebuilt = |parts: &[&[u8]]| {
        let chunks = parts.concat();
        let len = (chunks.len() as u64).to_be_bytes();
        rehashed([&bytes[..body - 8], &len[..], &chunks, &[0; 32]].concat())
    };
    let (one, rest) = bytes[body..bytes.len() - 32].split_at(first);
    let (two, rest) = rest.split_at(second);
    let opens = |bytes: &[u8]| BackupFile::read(bytes).unwrap().open_with_recovery(&made.code);
    assert!(opens(&rebuilt(&[one, two, rest])).is_ok(), "the test takes it apart as it is");
    for (what, parts) in [
        ("without the first", vec![two, rest]),
        ("without the last", vec![one, two]),
        ("the wrong way round", vec![two, one, rest]),
        ("one twice", vec![one, one, two, rest]),
        ("none", vec![]),
    ] {
        assert_eq!(opens(&rebuilt(&parts)).unwrap_err(), ReadError::Altered, "{what}");
    }
}

#[test]
fn every_changed_byte_is_noticed_also_by_hands_that_know_the_format() {
    let (made, bytes) = sample();
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80] {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            assert!(BackupFile::read(&changed).is_err(), "byte {at}");
            if at < bytes.len() - 32
                && let Ok(file) = BackupFile::read(&rehashed(changed))
            {
                assert!(file.open_with_recovery(&made.code).is_err(), "byte {at}, with the hash it needs");
                assert!(file.open_with_vault(&made.vault).is_err(), "byte {at}, by its own vault");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_rows_survive_and_any_change_is_noticed(
        texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20),
        key in prop::collection::vec(any::<u8>(), 1..200),
        at: prop::sample::Index,
        by in 1_u8..,
    ) {
        let (made, _) = sample();
        let sealed = made.vault.seal_key("p", "c", 1, &Secret::copy_of(&key)).unwrap();
        let mut draft = made.vault.begin_backup(NOW, &mut OsRandom).unwrap();
        for text in &texts {
            draft.add_key(text, "p", "c", 1, &sealed).unwrap();
        }
        let mut bytes = draft.seal(&made.slots, None, &mut OsRandom).unwrap();
        let opened = BackupFile::read(&bytes).unwrap().open_with_recovery(&made.code).unwrap();
        prop_assert_eq!(opened.rows().iter().map(|row| &row.text).collect::<Vec<_>>(), texts.iter().collect::<Vec<_>>());
        for row in opened.rows() {
            let (anew, _) = opened.key_for(&made.vault, row, ("p", "c", 1), 1).unwrap();
            let back = made.vault.open_key("p", "c", 1, &anew).unwrap();
            prop_assert_eq!(back.expose(), &key[..]);
        }
        let at = at.index(bytes.len());
        bytes[at] ^= by;
        prop_assert!(BackupFile::read(&bytes).is_err());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), marked: bool) {
        let bytes = if marked { [&b"reeve-backup-v1\n"[..], &bytes].concat() } else { bytes };
        prop_assert!(BackupFile::read(&bytes).is_err());
    }
}
