//! The ways to open the vault, every state in which it does not, and the way out of each.

use crate::world::{World, ready};
use reeve_engine::credentials::AddCredential;
use reeve_engine::vault::{AddSlot, SlotKind, VaultKeys, VaultStatus, Warning};
use reeve_engine::{Code, Cx, Engine, EnvSecret, OpenEngine, Secret};
use reeve_vault::Keyring;
use reeve_vault::keyring::KeyringMode;
use std::sync::Arc;

const WORDS: &str = "seven quiet herons at dusk";
const ENV: &str = "8f1d0c6a4be29a7753d8fe0142bb96c1e07f5a3d2c981b64af7e30d9c5128e4b";
const NEW_ENV: &str = "1d0c6a4be29a7753d8fe0142bb96c1e07f5a3d2c981b64af7e30d9c5128e4b8f";

/// Opens the world's folder with this environment, and its keyring if `keyring`.
async fn open(world: &World, keyring: bool, env: &'static [(&'static str, &'static str)]) -> Engine {
    let item: Arc<dyn Keyring> = Arc::<reeve_vault::MemoryKeyring>::clone(&world.keyring);
    let keys = VaultKeys {
        keyring: keyring.then(|| Arc::new(move |_: &[u8; 16]| Arc::clone(&item)) as _),
        ..VaultKeys::default()
    };
    let lookup = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    let keys = keys.with_env(move || EnvSecret::from_environment(lookup).unwrap());
    let clock = Arc::<crate::world::Hand>::clone(&world.clock) as Arc<dyn reeve_core::time::Clock>;
    let data_dir = world.folder.path().to_owned();
    Engine::open(OpenEngine { data_dir, keys, clock }).await.unwrap()
}

async fn shut(engine: Engine) {
    engine.close().await;
    drop(engine);
}

pub(crate) fn words(text: &str) -> Secret {
    Secret::copy_of(text.as_bytes())
}

fn has(status: &VaultStatus, kind: SlotKind) -> bool {
    status.slots.iter().any(|s| s.kind == kind && s.checked)
}

fn last_group(code: &str) -> &str {
    code.rsplit('-').next().unwrap()
}

pub(crate) async fn checked_code(engine: &Engine, cx: &Cx) -> String {
    let code = engine.make_recovery_code(cx).await.unwrap();
    engine.check_recovery_code(cx, last_group(&code)).await.unwrap();
    code.to_string()
}

pub(crate) async fn add_key(engine: &Engine, cx: &Cx, name: &str) {
    let key = AddCredential {
        name: name.to_owned(),
        provider: "openai".to_owned(),
        base_url: Some("http://127.0.0.1:9/v1".to_owned()),
        models: Vec::new(),
        weight: None,
        priority: None,
        api_key: words("sk-canary-0123456789"),
    };
    engine.add_credential(cx, key).await.unwrap();
}

#[tokio::test]
async fn every_state_of_the_keyring_locks_with_its_reason_and_a_retry_opens() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    let code = checked_code(&engine, &cx).await;
    shut(engine).await;
    let item = world.keyring.item().unwrap();
    let foreign = World::new();
    shut(foreign.open().await).await;
    let other = foreign.keyring.item().unwrap();
    let states: [(&str, &dyn Fn()); 8] = [
        ("key_missing", &|| world.keyring.forget()),
        ("keyring_locked", &|| world.keyring.set_mode(KeyringMode::Locked)),
        ("keyring_locked", &|| world.keyring.set_mode(KeyringMode::Timeout)),
        ("no_default_collection", &|| world.keyring.set_mode(KeyringMode::NoDefaultCollectionOnRead)),
        ("no_service", &|| world.keyring.set_mode(KeyringMode::NoService)),
        ("key_mismatch", &|| world.keyring.put(other.expose())),
        ("corrupt", &|| world.keyring.put(b"reeve-vk1.")),
        ("corrupt", &|| world.keyring.set_mode(KeyringMode::Corrupt)),
    ];
    for (reason, inflict) in states {
        let writes = world.keyring.writes();
        inflict();
        let engine = world.open().await;
        let locked = engine.vault_locked().unwrap();
        assert_eq!(locked.reason, reason);
        assert!(
            !locked.first_run && locked.message.contains("recovery code"),
            "{reason}: {}",
            locked.message
        );
        assert_eq!(world.keyring.writes(), writes, "{reason}: nothing was minted or replaced");
        assert_eq!(engine.credentials(&cx, None, 1).await.unwrap().0.len(), 0, "the rest works");
        let again = engine.try_unlock_again(&cx).await.unwrap_err();
        assert_eq!(again.code, Code::VaultLocked, "{reason}");
        world.keyring.set_mode(KeyringMode::Ok);
        world.keyring.put(item.expose());
        engine.try_unlock_again(&cx).await.unwrap();
        assert!(engine.vault_locked().is_none(), "{reason}: without a restart");
        shut(engine).await;
    }
    world.keyring.forget();
    let engine = world.open().await;
    engine.try_recovery_code(&cx, &code).await.unwrap();
    assert!(engine.vault_status(&cx).await.unwrap().warnings.contains(&Warning::NotInKeyring));
    engine.add_slot(&cx, AddSlot::Keyring).await.unwrap();
    shut(engine).await;
    let engine = world.open().await;
    assert!(engine.vault_locked().is_none(), "the key is in the keyring again");
    assert!(engine.vault_status(&cx).await.unwrap().warnings.is_empty());
}

#[tokio::test]
async fn on_the_first_run_without_a_keyring_a_passphrase_makes_the_vault() {
    for (mode, reason) in [
        (KeyringMode::NoService, "no_service"),
        (KeyringMode::Locked, "keyring_locked"),
        (KeyringMode::NoDefaultCollectionOnRead, "no_default_collection"),
    ] {
        let world = World::new();
        world.keyring.set_mode(mode);
        let engine = world.open().await;
        let locked = engine.vault_locked().unwrap();
        assert_eq!((locked.reason.as_str(), locked.first_run, locked.passphrase), (reason, true, true));
        let cx = Cx::cli();
        assert_eq!(engine.try_passphrase(&cx, words("short")).await.unwrap_err().code, Code::Invalid);
        engine.try_passphrase(&cx, words(WORDS)).await.unwrap();
        add_key(&engine, &cx, "first").await;
        shut(engine).await;
        let engine = world.open().await;
        assert_eq!(engine.vault_locked().unwrap().reason, "passphrase_needed");
        let wrong = engine.try_passphrase(&cx, words("six quiet herons at dusk")).await.unwrap_err();
        assert_eq!((wrong.code, wrong.fields[0].field.as_str()), (Code::Invalid, "passphrase"));
        engine.try_passphrase(&cx, words(WORDS)).await.unwrap();
        assert!(engine.vault_locked().is_none());
    }
}

#[tokio::test]
async fn a_first_run_that_finds_the_keyring_later_makes_the_vault_without_a_restart() {
    let world = World::new();
    world.keyring.set_mode(KeyringMode::Locked);
    let engine = world.open().await;
    assert!(engine.vault_locked().unwrap().first_run);
    world.keyring.set_mode(KeyringMode::Ok);
    engine.try_unlock_again(&Cx::cli()).await.unwrap();
    assert!(engine.vault_locked().is_none() && world.keyring.item().is_some());
}

#[tokio::test]
async fn a_recovery_code_counts_once_part_of_it_is_typed_back() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    assert!(engine.vault_status(&cx).await.unwrap().warnings.contains(&Warning::NoRecoveryCode));
    let first = checked_code(&engine, &cx).await;
    assert!(!engine.vault_status(&cx).await.unwrap().warnings.contains(&Warning::NoRecoveryCode));
    let second = engine.make_recovery_code(&cx).await.unwrap();
    assert_eq!(engine.check_recovery_code(&cx, "XXXX").await.unwrap_err().code, Code::Invalid);
    shut(engine).await;
    world.keyring.forget();
    // Both open as long as the second is not checked.
    for code in [first.as_str(), second.as_str()] {
        let engine = world.open().await;
        engine.try_recovery_code(&cx, code).await.unwrap();
        shut(engine).await;
    }
    let engine = world.open().await;
    engine.try_recovery_code(&cx, &first).await.unwrap();
    let lost = engine.check_recovery_code(&cx, last_group(&second)).await.unwrap_err();
    assert_eq!(lost.code, Code::PreconditionFailed, "a restart forgets what was shown");
    let third = checked_code(&engine, &cx).await;
    shut(engine).await;
    let engine = world.open().await;
    for code in [first.as_str(), second.as_str()] {
        assert_eq!(engine.try_recovery_code(&cx, code).await.unwrap_err().code, Code::Invalid);
    }
    engine.try_recovery_code(&cx, &third).await.unwrap();
}

#[tokio::test]
async fn strict_mode_needs_both_halves_and_the_recovery_code_stays() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    let early = engine.add_slot(&cx, AddSlot::Strict(words(WORDS))).await.unwrap_err();
    assert_eq!(early.code, Code::PreconditionFailed, "first a checked recovery code");
    let code = checked_code(&engine, &cx).await;
    engine.add_slot(&cx, AddSlot::Strict(words(WORDS))).await.unwrap();
    let status = engine.vault_status(&cx).await.unwrap();
    assert!(has(&status, SlotKind::Strict) && !has(&status, SlotKind::Keyring));
    let recovery = status.slots.iter().find(|s| s.kind == SlotKind::Recovery).unwrap().id.clone();
    assert_eq!(engine.remove_slot(&cx, &recovery).await.unwrap_err().code, Code::PreconditionFailed);
    shut(engine).await;

    let engine = world.open().await;
    let locked = engine.vault_locked().unwrap();
    assert_eq!((locked.reason.as_str(), locked.passphrase), ("passphrase_needed", true));
    assert_eq!(
        engine.try_passphrase(&cx, words("six quiet herons at dusk")).await.unwrap_err().code,
        Code::Invalid
    );
    engine.try_passphrase(&cx, words(WORDS)).await.unwrap();
    shut(engine).await;

    // The passphrase without the keyring's half opens nothing; the code does.
    let item = world.keyring.item().unwrap();
    world.keyring.forget();
    let engine = world.open().await;
    assert_eq!(engine.vault_locked().unwrap().reason, "key_missing");
    assert_eq!(engine.try_passphrase(&cx, words(WORDS)).await.unwrap_err().code, Code::VaultLocked);
    engine.try_recovery_code(&cx, &code).await.unwrap();
    shut(engine).await;

    world.keyring.put(item.expose());
    let engine = world.open().await;
    engine.try_passphrase(&cx, words(WORDS)).await.unwrap();
    engine.add_slot(&cx, AddSlot::Keyring).await.unwrap();
    shut(engine).await;
    assert!(world.open().await.vault_locked().is_none(), "strict mode is off again");
}

#[tokio::test]
async fn the_last_way_in_without_the_keyring_is_not_removed() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    checked_code(&engine, &cx).await;
    let slots = engine.vault_status(&cx).await.unwrap().slots;
    let id = |kind| slots.iter().find(|s| s.kind == kind).unwrap().id.clone();
    assert_eq!(
        engine.remove_slot(&cx, &id(SlotKind::Recovery)).await.unwrap_err().code,
        Code::PreconditionFailed
    );
    engine.remove_slot(&cx, &id(SlotKind::Keyring)).await.unwrap();
    assert_eq!(engine.remove_slot(&cx, &id(SlotKind::Keyring)).await.unwrap_err().code, Code::NotFound);
    assert!(engine.vault_status(&cx).await.unwrap().warnings.contains(&Warning::NotInKeyring));
}

#[tokio::test]
async fn another_environment_secret_is_taken_over_from_the_previous_one_and_a_wrong_one_names_its_slot() {
    let world = World::new();
    let engine = open(&world, false, &[("KEY_ENCRYPTION_SECRET", ENV)]).await;
    let slots = engine.vault_status(&Cx::cli()).await.unwrap().slots;
    let env = slots.iter().find(|s| s.kind == SlotKind::Env).unwrap().id.clone();
    shut(engine).await;
    let engine = open(&world, false, &[("KEY_ENCRYPTION_SECRET", NEW_ENV)]).await;
    let locked = engine.vault_locked().unwrap();
    assert_eq!(locked.reason, "env_mismatch");
    assert!(locked.message.contains(&env), "{}", locked.message);
    shut(engine).await;
    let both: &[_] = &[("KEY_ENCRYPTION_SECRET", NEW_ENV), ("KEY_ENCRYPTION_SECRET_PREVIOUS", ENV)];
    let engine = open(&world, false, both).await;
    assert!(engine.vault_locked().is_none());
    shut(engine).await;
    let engine = open(&world, false, &[("KEY_ENCRYPTION_SECRET", NEW_ENV)]).await;
    assert!(engine.vault_locked().is_none(), "the previous one is not needed any more");
    shut(engine).await;
    let engine = open(&world, false, &[("KEY_ENCRYPTION_SECRET", ENV)]).await;
    assert_eq!(engine.vault_locked().unwrap().reason, "env_mismatch", "and opens nothing");
}

#[tokio::test]
async fn an_older_copy_is_noticed_pauses_rotation_and_is_taken_when_somebody_says_so() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    shut(engine).await;
    let file = world.folder.path().join("reeve.db");
    let older = std::fs::read(&file).unwrap();
    let engine = world.open().await;
    checked_code(&engine, &cx).await;
    shut(engine).await;
    std::fs::write(&file, older).unwrap();
    let _ = std::fs::remove_file(world.folder.path().join("reeve.db-wal"));

    let engine = world.open().await;
    assert!(engine.rotation_paused());
    assert!(engine.vault_status(&cx).await.unwrap().warnings.contains(&Warning::OlderCopy));
    shut(engine).await;
    let engine = world.open().await;
    assert!(engine.rotation_paused(), "a restart does not make it a newer one");
    engine.accept_older_copy(&cx).await.unwrap();
    assert!(!engine.rotation_paused());
    shut(engine).await;
    let engine = world.open().await;
    assert!(!engine.rotation_paused());
    assert_eq!(engine.accept_older_copy(&cx).await.unwrap_err().code, Code::PreconditionFailed);
}
