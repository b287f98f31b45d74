//! What stays in memory after a key was used: nothing. Found by reading the process's own memory.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test, too")]

mod support;

use reeve_vault::{KeySources, MemoryKeyring, Random, RandomError, RecoveryCode, Secret, Vault};
use std::fs::{self, File};
use std::hint::black_box;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use support::{NOW, World};
use zeroize::Zeroize as _;

/// One search at a time: the buffer of one would show up in another's.
static SEARCH: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    SEARCH.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Byte `at` of the canary called `kind`: a rule, so that the canary exists only where a test builds it.
fn canary_byte(kind: u8, at: usize) -> u8 {
    b'!' + (u8::try_from(at).unwrap().wrapping_mul(29) ^ kind) % 90
}

fn canary(kind: u8) -> Vec<u8> {
    let mut canary = Vec::with_capacity(96);
    canary.extend((0..96).map(|at| canary_byte(kind, at)));
    canary
}

/// How often bytes 48 to 64 of a canary are in memory: the allocator scribbles over the first 16 of what is freed, so a
/// search for the beginning would miss what was dropped without being wiped.
fn copies(kind: u8) -> usize {
    search(16, |window| window.iter().enumerate().all(|(at, byte)| *byte == canary_byte(kind, at + 48)))
}

/// How many places in this process's writable memory hold `len` bytes that `is_it` knows.
fn search(len: usize, is_it: impl Fn(&[u8]) -> bool) -> usize {
    let memory = File::open("/proc/self/mem").unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let mut buffer = vec![0; 1 << 20];
    let own = buffer.as_ptr() as u64..buffer.as_ptr() as u64 + buffer.len() as u64;
    let (mut found, mut searched) = (0, 0);
    for (start, end) in maps.lines().filter_map(writable) {
        let mut at = start;
        while at + (len as u64) <= end {
            let want = buffer.len().min(usize::try_from(end - at).unwrap());
            // Some mappings of the kernel's cannot be read.
            let Ok(read) = memory.read_at(&mut buffer[..want], at) else { break };
            let windows = buffer[..read].windows(len).enumerate();
            found += windows.filter(|(from, w)| is_it(w) && !own.contains(&(at + *from as u64))).count();
            searched += read;
            let step = (read + 1).saturating_sub(len).max(1);
            at += step as u64;
        }
    }
    buffer.zeroize();
    assert!(searched > 1 << 20, "the memory could be read");
    found
}

fn writable(line: &str) -> Option<(u64, u64)> {
    let mut words = line.split_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    words.next()?.starts_with("rw").then_some(())?;
    Some((u64::from_str_radix(start, 16).ok()?, u64::from_str_radix(end, 16).ok()?))
}

#[test]
fn a_held_secret_is_found_and_a_dropped_one_is_not() {
    let _alone = alone();
    let held = Secret::new(canary(1));
    assert_eq!(copies(1), 1, "the search finds what is there");
    drop(black_box(held));
    assert_eq!(copies(1), 0);
}

#[test]
fn what_a_plain_vector_leaves_behind_is_found() {
    let _alone = alone();
    // Several, because the search itself allocates and may write over one of them.
    drop(black_box((0..8).map(|_| canary(2)).collect::<Vec<_>>()));
    assert!(copies(2) > 0, "freed memory that was not wiped is searched too");
}

#[test]
fn sealing_and_opening_leave_no_plaintext() {
    let _alone = alone();
    let vault = World::new().create().vault;
    let key = Secret::new(canary(3));
    let sealed = vault.seal_key("openai", "crd_1", 1, &key).unwrap();
    let print = vault.fingerprint(&key);
    drop(key);
    for _ in 0..50 {
        let opened = vault.open_key("openai", "crd_1", 1, &sealed).unwrap();
        assert_eq!(vault.fingerprint(&opened), print);
    }
    assert_eq!(copies(3), 0);
    let opened = vault.open_key("openai", "crd_1", 1, &sealed).unwrap();
    assert_eq!(copies(3), 1);
    drop(opened);
}

/// Gives bytes 32 to 64 of canary 4 to the first draw, the vault's root key, and counts after that.
struct Scripted {
    draws: u8,
}

impl Random for Scripted {
    fn fill(&mut self, into: &mut [u8]) -> Result<(), RandomError> {
        for (at, byte) in into.iter_mut().enumerate() {
            *byte = if self.draws == 0 { canary_byte(4, at + 32) } else { self.draws };
        }
        self.draws += 1;
        Ok(())
    }
}

#[test]
fn the_root_key_is_there_once_while_open_and_gone_when_closed() {
    let _alone = alone();
    let keyring = Arc::new(MemoryKeyring::new());
    let sources = KeySources { keyring: Some(keyring), env: None };
    let created = Vault::create_as([9; 16], &sources, NOW, &mut Scripted { draws: 0 }).unwrap();
    created.enrol_keyring().unwrap();
    assert_eq!(copies(4), 1);
    let (header, slots, code) =
        (created.header.clone(), created.slots.clone(), created.recovery_code.reveal());
    drop(created);
    assert_eq!(copies(4), 0);

    let code = RecoveryCode::parse(&code).unwrap();
    for _ in 0..20 {
        let by_keyring = Vault::unlock(&header, &slots, &sources).unwrap();
        let by_code = Vault::unlock_with_recovery(&header, &slots, &code).unwrap();
        assert_eq!(by_keyring.derive("x"), by_code.next_epoch().derive("x"));
    }
    assert_eq!(copies(4), 0);
    let open = Vault::unlock(&header, &slots, &sources).unwrap();
    let clone = open.clone();
    assert_eq!(copies(4), 1, "clones share it");
    drop((open, clone));
    assert_eq!(copies(4), 0);
}

#[test]
fn the_keyring_item_leaves_nothing_when_the_vault_is_gone() {
    let _alone = alone();
    let world = World::new();
    let created = world.create_and_enrol();
    let (header, slots) = (created.header.clone(), created.slots.clone());
    drop(Vault::unlock(&header, &slots, &world.sources()).unwrap());
    drop(created);
    // The key's text follows the mark, the slot's id and the generation. Held inverted, so as not to be found itself.
    let inverted: Vec<u8> =
        world.keyring().item().unwrap().expose()[29..61].iter().map(|byte| !byte).collect();
    let copies =
        || search(32, |window| window.iter().zip(&inverted).all(|(byte, inverse)| *byte == !inverse));
    assert_eq!(copies(), 1, "in the keyring, which is in memory here");
    world.keyring().forget();
    assert_eq!(copies(), 0);
}
