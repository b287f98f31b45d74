//! The vault: opening it, wrapping everything anew, and a backup there and back.

use crate::Outcome;
use crate::table::{Table, Target};
use reeve_core::id::CredentialId;
use reeve_core::time::{Clock, Millis};
use reeve_engine::backup::{BackupSecret, BackupSource, Restore};
use reeve_engine::vault::VaultKeys;
use reeve_engine::{Cx, Engine, OpenEngine, SystemClock};
use reeve_vault::{
    Created, EnvSecret, KeySources, Keyring, MemoryKeyring, OsRandom, RecoveryCode, Secret, SlotState, Vault,
};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

const CREDENTIALS: u128 = 1_000;
const VERSIONS: u32 = 10;
const TIMES: u32 = 20;
const ENV: &str = "8f1d0c6a4be29a7753d8fe0142bb96c1e07f5a3d2c981b64af7e30d9c5128e4b";
const TYPED: &[u8] = b"seven quiet herons at dusk";

pub(crate) async fn measure(table: &mut Table) -> Outcome {
    unlocking(table)?;
    let folder = tempfile::tempdir()?;
    let (file, code) = tokio::task::spawn_blocking(|| written(VERSIONS)).await??;
    let engine = open(folder.path()).await?;
    let cx = Cx::cli();
    let restore = || Restore {
        file: BackupSource::Bytes(file.clone()),
        secret: BackupSecret::Recovery(code.clone().into()),
        replace: Vec::new(),
    };
    let begun = Instant::now();
    engine.preview_restore(&cx, restore()).await?;
    let figure = format!("backup of {CREDENTIALS} keys, {VERSIONS} versions each, opened and compared");
    table.add(figure, ms(begun), "ms", Target::None);
    let begun = Instant::now();
    engine.restore_backup(&cx, restore()).await?;
    table.add("restored, in one transaction", ms(begun), "ms", Target::None);
    while engine.restore_probes(&cx).await?.is_some_and(|run| !run.ended) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    rewrapped(table, &engine, &cx).await?;
    let code = engine.make_recovery_code(&cx).await?;
    engine.check_recovery_code(&cx, code.rsplit('-').next().unwrap_or_default()).await?;
    let begun = Instant::now();
    let made = engine.export_backup(&cx, None).await?;
    table.add(format!("backup made of {} keys", made.keys), ms(begun), "ms", Target::None);
    table.add("its size", made.bytes.len() as f64 / 1_048_576.0, "MiB", Target::None);
    engine.close().await;
    Ok(())
}

fn ms(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1_000.0
}

async fn open(folder: &Path) -> Result<Engine, reeve_engine::Error> {
    let keyring: Arc<dyn Keyring> = Arc::new(MemoryKeyring::new());
    let keys = VaultKeys { keyring: Some(Arc::new(move |_| Arc::clone(&keyring))), ..VaultKeys::default() };
    let clock = Arc::new(SystemClock) as Arc<dyn Clock>;
    Engine::open(OpenEngine { data_dir: folder.to_owned(), keys, clock }).await
}

/// The first pass of a routine rotation: from the order to all values sealed anew.
async fn rewrapped(table: &mut Table, engine: &Engine, cx: &Cx) -> Outcome {
    let begun = Instant::now();
    engine.rotate_master_key(cx).await?;
    let total = loop {
        let status = engine.vault_status(cx).await?;
        match status.rewrap {
            Some(rewrap) if rewrap.done >= rewrap.total => break rewrap.total,
            _ => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    };
    table.add(format!("{total} values wrapped anew"), begun.elapsed().as_secs_f64(), "s", Target::Below(2.0));
    // What is counted last is waited for, so that the next figure stands alone.
    while engine.vault_status(cx).await?.rewrap.is_some_and(|r| r.ended_at.is_none()) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

fn sources(keyring: &Arc<MemoryKeyring>, env: Option<&str>) -> KeySources {
    KeySources {
        keyring: Some(Arc::<MemoryKeyring>::clone(keyring) as Arc<dyn Keyring>),
        env: env.and_then(|text| EnvSecret::parse(text).ok()),
    }
}

/// What of an unlock is ours: a keyring of the desktop takes its own time on top.
fn unlocking(table: &mut Table) -> Outcome {
    let keyring = Arc::new(MemoryKeyring::new());
    let created = Vault::create(&sources(&keyring, Some(ENV)), Millis(1), &mut OsRandom)?;
    let active = created.enrol_keyring()?;
    let passphrase = Secret::copy_of(TYPED);
    let Created { header, mut slots, vault, recovery_code, .. } = created;
    for slot in slots.iter_mut().filter(|slot| active.as_ref().is_some_and(|a| a.id == slot.id)) {
        slot.state = SlotState::Active;
    }
    slots.push(vault.enrol_passphrase(&passphrase, Millis(1), &mut OsRandom)?);
    let by_env = sources(&keyring, Some(ENV));
    let without_env: Vec<_> =
        slots.iter().filter(|slot| slot.kind != reeve_vault::SlotKind::Env).cloned().collect();
    let by_keyring = sources(&keyring, None);
    let words = |reason: reeve_vault::LockReason| reason.code();
    let each = |work: &dyn Fn() -> Result<Vault, reeve_vault::LockReason>| -> Result<f64, &'static str> {
        let begun = Instant::now();
        for _ in 0..TIMES {
            work().map_err(words)?;
        }
        Ok(ms(begun) / f64::from(TIMES))
    };
    let took = each(&|| Vault::unlock(&header, &slots, &by_env))?;
    table.add("unlock by KEY_ENCRYPTION_SECRET", took, "ms", Target::Below(300.0));
    let took = each(&|| Vault::unlock(&header, &without_env, &by_keyring))?;
    table.add("unlock by a keyring that answers at once", took, "ms", Target::Below(300.0));
    let took = each(&|| Vault::unlock_with_recovery(&header, &slots, &recovery_code))?;
    table.add("unlock by the recovery code", took, "ms", Target::Below(300.0));
    let begun = Instant::now();
    Vault::unlock_with_passphrase(&header, &slots, &by_env, &passphrase).map_err(words)?;
    table.add("unlock by a passphrase (Argon2id, 256 MiB, 3 passes)", ms(begun), "ms", Target::None);
    Ok(())
}

type Written = (Vec<u8>, String);

/// A backup of another vault, as the format says.
fn written(versions: u32) -> Result<Written, Box<dyn std::error::Error + Send + Sync>> {
    let created = Vault::create(&sources(&Arc::new(MemoryKeyring::new()), None), Millis(1), &mut OsRandom)?;
    let mut draft = created.vault.begin_backup(Millis(1), &mut OsRandom)?;
    for n in 1..=CREDENTIALS {
        let id = CredentialId(Uuid::from_u128(n)).to_string();
        let row = json!({
            "row": "credential", "id": id, "name": format!("key {n}"), "provider": "openai",
            "base_url": "http://127.0.0.1:9/v1", "models": [], "weight": 100, "priority": 1, "period_days": 90,
            "grace_days": 7, "soak_hours": 24, "control": null, "control_credential": null, "created_at": 1,
            "revoked_at": null
        });
        draft.add(row.to_string().as_bytes())?;
        for version in 1..=versions {
            let key = Secret::new(format!("sk-proj-{n:08}-{version:04}-{:0100}", 7).into_bytes());
            let sealed = created.vault.seal_key("openai", &id, version, &key)?;
            let state = if version == versions { "current" } else { "disabled" };
            let row = json!({
                "row": "key_version", "credential": id, "version": version, "state": state, "provider_key_id": null,
                "last4": "0007", "created_at": 1, "expires_at": null, "promoted_at": 1, "retired_at": null,
                "revoked_at": null
            });
            draft.add_key(row.to_string().as_bytes(), "openai", &id, version, &sealed)?;
        }
    }
    let code: &RecoveryCode = &created.recovery_code;
    Ok((draft.seal(&created.slots, None, &mut OsRandom)?, code.reveal().to_string()))
}
