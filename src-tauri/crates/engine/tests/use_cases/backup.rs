//! Backups: what is in them, where they open, and what restoring one does to what is there.

use crate::vault_slots::{add_key, checked_code, words};
use crate::world::{World, ready};
use reeve_engine::audit::{EntryFilter, Stream};
use reeve_engine::backup::{BackupSecret, BackupSource, Noun, Preview, ProbeRun, Restore, Standing};
use reeve_engine::credentials::Credential;
use reeve_engine::rotation::control::AddControlCredential;
use reeve_engine::{Code, Cx, Engine};
use reeve_vault::{KeySources, Keyring, MemoryKeyring, OsRandom, RecoveryCode, Vault};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const TYPED: &str = "seven quiet herons at dusk";

fn with_code(bytes: &[u8], code: &str) -> Restore {
    let secret = BackupSecret::Recovery(code.to_owned().into());
    Restore { file: BackupSource::Bytes(bytes.to_vec()), secret, replace: Vec::new() }
}

fn with_passphrase(bytes: &[u8]) -> Restore {
    Restore {
        file: BackupSource::Bytes(bytes.to_vec()),
        secret: BackupSecret::Passphrase(words(TYPED)),
        replace: Vec::new(),
    }
}

fn here(bytes: &[u8]) -> Restore {
    Restore {
        file: BackupSource::Bytes(bytes.to_vec()),
        secret: BackupSecret::ThisVault,
        replace: Vec::new(),
    }
}

fn standings(preview: &Preview) -> Vec<(&str, Standing)> {
    let of = |noun| preview.keys.iter().filter(move |k| k.noun == noun);
    let mut keys: Vec<_> = of(Noun::Credential).map(|k| (k.name.as_str(), k.standing)).collect();
    keys.sort_by_key(|(name, _)| *name);
    keys
}

async fn probed(engine: &Engine, cx: &Cx) -> ProbeRun {
    for _ in 0..600 {
        if let Some(run) = engine.restore_probes(cx).await.unwrap().filter(|run| run.ended) {
            return run;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    unreachable!("the probes do not end");
}

/// A file of another vault, written as the format says: the keys of a credential, of which the last is in use.
fn by_hand(credential: &Credential, keys: &'static [&'static str]) -> impl Fn() -> Restore + use<> {
    let keyring: Arc<dyn Keyring> = Arc::new(MemoryKeyring::new());
    let sources = KeySources { keyring: Some(keyring), env: None };
    let created = Vault::create(&sources, credential.created_at, &mut OsRandom).unwrap();
    let mut draft = created.vault.begin_backup(credential.created_at, &mut OsRandom).unwrap();
    let id = credential.id.to_string();
    // Not older than the period: a key that is due is being replaced soon after, and then nothing may be put in its place.
    let made = credential.created_at.0;
    let row = json!({
        "row": "credential", "id": id, "name": credential.name, "provider": "openai",
        "base_url": "http://127.0.0.1:9/v1", "models": [], "weight": 100, "priority": 1, "period_days": 90,
        "grace_days": 7, "soak_hours": 24, "control": null, "control_credential": null,
        "created_at": credential.created_at.0, "revoked_at": null
    });
    draft.add(row.to_string().as_bytes()).unwrap();
    for (version, key) in (1_u32..).zip(keys) {
        let current = version as usize == keys.len();
        let sealed = created.vault.seal_key("openai", &id, version, &words(key)).unwrap();
        let row = json!({
            "row": "key_version", "credential": id, "version": version, "provider_key_id": null,
            "state": if current { "current" } else { "grace" }, "last4": &key[key.len() - 4..],
            "created_at": made, "expires_at": null, "promoted_at": made, "retired_at": null, "revoked_at": null
        });
        draft.add_key(row.to_string().as_bytes(), "openai", &id, version, &sealed).unwrap();
    }
    let bytes = draft.seal(&created.slots, None, &mut OsRandom).unwrap();
    let code = created.recovery_code.reveal();
    move || with_code(&bytes, &code)
}

async fn count(engine: &Engine, cx: &Cx, kind: &str) -> usize {
    let filter = EntryFilter { kinds: vec![kind.to_owned()], ..EntryFilter::default() };
    engine.audit_page(cx, filter, 100).await.unwrap().entries.len()
}

#[tokio::test]
async fn a_lost_machine_is_set_up_again_from_the_file_and_the_recovery_code() {
    let lost = World::new();
    let engine = lost.open().await;
    let cx = ready(&engine).await;
    assert!(engine.backup_status(&cx).await.unwrap().last.is_none());
    add_key(&engine, &cx, "first").await;
    add_key(&engine, &cx, "second").await;
    let admin = AddControlCredential {
        name: "admin".to_owned(),
        provider: "openai".to_owned(),
        secret: words("sk-admin-canary-0123456789"),
    };
    engine.add_control_credential(&cx, admin).await.unwrap();
    let refused = engine.export_backup(&cx, None).await.unwrap_err();
    assert_eq!(refused.code, Code::PreconditionFailed, "nobody has a recovery code");
    let weak = engine.export_backup(&cx, Some(words("password"))).await.unwrap_err();
    assert_eq!(weak.fields[0].field, "passphrase");
    let code = checked_code(&engine, &cx).await;
    let made = engine.export_backup(&cx, None).await.unwrap();
    assert_eq!((made.keys, made.unreadable), (3, 0));
    assert_eq!(made.file_name, "reeve-2026-11-20.reeve-backup");
    assert!(!made.bytes.windows(6).any(|at| at == b"canary"));
    assert_eq!(count(&engine, &cx, "vault.backup_exported").await, 1);
    lost.clock.advance(1_000);
    add_key(&engine, &cx, "third").await;
    let status = engine.backup_status(&cx).await.unwrap();
    assert_eq!((status.keys, status.newer, status.last.unwrap().keys), (4, 1, 3));

    let fresh = World::new();
    let engine = fresh.open().await;
    let cx = ready(&engine).await;
    add_key(&engine, &cx, "second").await;
    let wrong = RecoveryCode::make(&mut reeve_vault::OsRandom).unwrap().reveal();
    let refused = engine.preview_restore(&cx, with_code(&made.bytes, &wrong)).await.unwrap_err();
    assert_eq!(refused.fields[0].field, "recovery_code");
    let refused = engine.preview_restore(&cx, here(&made.bytes)).await.unwrap_err();
    assert_eq!(refused.fields[0].field, "recovery_code", "it is another vault");
    let preview = engine.preview_restore(&cx, with_code(&made.bytes, &code)).await.unwrap();
    assert_eq!(standings(&preview), [("first", Standing::New), ("second (restored)", Standing::New)]);
    assert!(!preview.same_vault && !preview.older);
    assert_eq!(preview.only_here, 1);

    let generation = engine.vault_status(&cx).await.unwrap().generation;
    let restored = engine.restore_backup(&cx, with_code(&made.bytes, &code)).await.unwrap();
    assert_eq!(restored.changed, 3);
    assert!(engine.vault_status(&cx).await.unwrap().generation > generation);
    let run = probed(&engine, &cx).await;
    assert_eq!((run.total, run.probes.len()), (3, 3));
    assert!(
        run.probes.iter().all(|p| !p.ok && !p.message.contains("does not open")),
        "nobody is there: {run:?}"
    );
    assert_eq!(count(&engine, &cx, "vault.restored").await, 1);
    assert_eq!(count(&engine, &cx, "key.restored").await, 2);
    assert_eq!(engine.control_credentials(&cx).await.unwrap().len(), 1);
    assert!(engine.verify(&cx, Stream::Audit).await.unwrap().intact());

    // Once more changes nothing, and a restart opens what was restored.
    let again = engine.restore_backup(&cx, with_code(&made.bytes, &code)).await.unwrap();
    assert_eq!(again.changed, 0, "{:?}", again.preview.keys);
    engine.close().await;
    drop(engine);
    let engine = fresh.open().await;
    assert!(!engine.rotation_paused());
    let (found, _) = engine.credentials(&cx, None, 10).await.unwrap();
    for credential in &found {
        engine.probe_credential(&cx, credential.id).await.unwrap();
    }
    assert_eq!(found.len(), 3);
}

#[tokio::test]
async fn an_older_file_takes_nothing_back_unless_it_is_named() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    for name in ["kept", "revoked", "rotated"] {
        add_key(&engine, &cx, name).await;
    }
    let made = engine.export_backup(&cx, Some(words(TYPED))).await.unwrap();
    let of = |name: &'static str| {
        let engine = engine.clone();
        let cx = cx.clone();
        async move {
            let (found, _) = engine.credentials(&cx, None, 10).await.unwrap();
            found.into_iter().find(|c| c.name == name).unwrap()
        }
    };
    engine.revoke_credential(&cx, of("revoked").await.id, None).await.unwrap();
    let newer = by_hand(&of("rotated").await, &["sk-canary-0123456789", "sk-canary-of-version-2"]);
    let preview = engine.preview_restore(&cx, newer()).await.unwrap();
    assert_eq!(standings(&preview), [("rotated", Standing::NewerInFile)]);
    assert_eq!(engine.restore_backup(&cx, newer()).await.unwrap().changed, 1);
    assert_eq!(of("rotated").await.version, 2);
    assert_eq!(engine.restore_backup(&cx, newer()).await.unwrap().changed, 0);
    add_key(&engine, &cx, "later").await;

    let preview = engine.preview_restore(&cx, with_passphrase(&made.bytes)).await.unwrap();
    assert_eq!(
        standings(&preview),
        [("kept", Standing::Same), ("revoked", Standing::NewerHere), ("rotated", Standing::NewerHere)]
    );
    assert!(preview.same_vault && preview.older);
    assert_eq!(preview.only_here, 1);
    let may: Vec<_> = preview.keys.iter().filter(|k| k.replaceable).map(|k| k.name.as_str()).collect();
    assert_eq!(may, ["rotated"], "what is revoked stays so");

    let restored = engine.restore_backup(&cx, here(&made.bytes)).await.unwrap();
    assert_eq!((restored.changed, restored.preview.older), (0, true));
    assert_eq!(count(&engine, &cx, "vault.rollback_detected").await, 1);
    assert_eq!(of("rotated").await.version, 2);
    assert!(of("revoked").await.revoked_at.is_some());

    let named = |name: &str| {
        let id = preview.keys.iter().find(|k| k.name == name).unwrap().id.clone();
        Restore { replace: vec![id], ..here(&made.bytes) }
    };
    let refused = engine.restore_backup(&cx, named("revoked")).await.unwrap_err();
    assert_eq!(refused.fields[0].field, "replace");
    let restored = engine.restore_backup(&cx, named("rotated")).await.unwrap();
    assert_eq!((restored.changed, restored.replaced.len()), (1, 1));
    let after = of("rotated").await;
    assert_eq!(after.version, 3, "nothing is written over");
    engine.probe_credential(&cx, after.id).await.unwrap();
}

#[tokio::test]
async fn keys_that_went_two_ways_are_a_conflict_and_the_one_here_stays() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    add_key(&engine, &cx, "one").await;
    let one = engine.credentials(&cx, None, 1).await.unwrap().0.remove(0);
    for keys in [&["sk-canary-another-1"][..], &["sk-canary-another-1", "sk-canary-another-2"]] {
        let file = by_hand(&one, keys);
        let preview = engine.preview_restore(&cx, file()).await.unwrap();
        assert_eq!(standings(&preview), [("one", Standing::Conflict)], "{keys:?}");
        assert!(preview.keys[0].replaceable);
        assert_eq!(engine.restore_backup(&cx, file()).await.unwrap().changed, 0);
        let now = engine.credentials(&cx, None, 1).await.unwrap().0.remove(0);
        assert_eq!((now.version, &now.fingerprint), (1, &one.fingerprint));
    }
    let file = by_hand(&one, &["sk-canary-another-1"]);
    let named = Restore { replace: vec![one.id.to_string()], ..file() };
    assert_eq!(engine.restore_backup(&cx, named).await.unwrap().changed, 1);
    let now = engine.credentials(&cx, None, 1).await.unwrap().0.remove(0);
    assert_eq!((now.version, now.last4.as_str()), (2, "er-1"));
    let before = engine.key_versions(&cx, one.id).await.unwrap().versions.remove(1);
    assert_eq!(before.state.as_str(), "disabled", "the one before is kept");
    assert!(before.sealed.is_some());
}

#[tokio::test]
async fn what_is_no_backup_is_told_at_the_file() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    add_key(&engine, &cx, "one").await;
    let made = engine.export_backup(&cx, Some(words(TYPED))).await.unwrap();
    let cut = &made.bytes[..made.bytes.len() / 2];
    let mut damaged = made.bytes.clone();
    damaged[100] ^= 1;
    for bytes in [b"name,key\n".as_slice(), cut, &damaged] {
        let refused = engine.preview_restore(&cx, here(bytes)).await.unwrap_err();
        assert_eq!((refused.code, refused.fields[0].field.as_str()), (Code::Invalid, "file"));
    }
    let before = count(&engine, &cx, "vault.restored").await;
    assert!(engine.restore_backup(&cx, here(&damaged)).await.is_err());
    assert_eq!(count(&engine, &cx, "vault.restored").await, before, "a restore that fails leaves nothing");
}
