//! A backup is restored by a process that is killed at any moment: all of it is there afterwards, or nothing.

use crate::{FOLDER, add, open};
use reeve_engine::Cx;
use reeve_engine::audit::EntryFilter;
use reeve_engine::backup::{BackupSecret, BackupSource, Restore};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const NAME: &str = "restored::a_restore_that_is_killed_at_any_moment_is_whole_or_none";
const KEYS: usize = 120;

fn backup(folder: &Path) -> Restore {
    let code = std::fs::read_to_string(folder.join("code")).unwrap();
    let file = BackupSource::Path(folder.join("keys.reeve-backup"));
    Restore { file, secret: BackupSecret::Recovery(code.into()), replace: Vec::new() }
}

/// Makes the backup that everything here restores.
async fn make(folder: &Path) {
    let engine = open(&folder.join("before")).await;
    let cx = Cx::cli();
    for n in 0..KEYS {
        add(&engine, n).await;
    }
    let code = engine.make_recovery_code(&cx).await.unwrap();
    engine.check_recovery_code(&cx, code.rsplit('-').next().unwrap()).await.unwrap();
    std::fs::write(folder.join("code"), code.as_bytes()).unwrap();
    let made = engine.export_backup(&cx, None).await.unwrap();
    std::fs::write(folder.join("keys.reeve-backup"), made.bytes).unwrap();
    engine.close().await;
}

/// Restores until it is killed; another time it finds everything there.
async fn restore(folder: &Path) {
    let engine = open(&folder.join("behind")).await;
    println!("ready");
    engine.restore_backup(&Cx::cli(), backup(folder)).await.unwrap();
    std::future::pending::<()>().await;
}

/// How many keys are there, after a start like any other; each of them opens.
async fn found(folder: &Path, after: &str) -> usize {
    let engine = open(&folder.join("behind")).await;
    let cx = Cx::cli();
    assert_eq!(engine.vault_locked(), None, "{after}");
    assert!(!engine.rotation_paused(), "{after}: a crash is no older copy");
    let (found, _) = engine.credentials(&cx, None, KEYS + 1).await.unwrap();
    for credential in &found {
        let versions = engine.key_versions(&cx, credential.id).await.unwrap().versions;
        assert_eq!(versions.len(), 1, "{after}");
    }
    for credential in found.iter().step_by(20) {
        // Nobody is at its address: what does not open fails, what opens is tried there.
        engine.probe_credential(&cx, credential.id).await.unwrap_or_else(|e| panic!("{after}: {e}"));
    }
    let kinds = vec!["vault.restored".to_owned()];
    let filter = EntryFilter { kinds, ..EntryFilter::default() };
    let entries = engine.audit_page(&cx, filter, 10).await.unwrap().entries.len();
    assert_eq!(entries > 0, !found.is_empty(), "{after}: the entry and the keys come together");
    engine.close().await;
    found.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_is_killed_at_any_moment_is_whole_or_none() {
    if let Ok(folder) = std::env::var(FOLDER) {
        return restore(Path::new(&folder)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    for name in ["before", "behind"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    make(folder.path()).await;
    let (mut none, mut whole) = (0, 0);
    // Later and later, until one came through; and once more over what is there.
    for n in 0..200_u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME, "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.ends_with("ready")), "the child begins");
        tokio::time::sleep(Duration::from_millis(n * 60)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        match found(folder.path(), &format!("kill {n}")).await {
            0 => none += 1,
            KEYS => whole += 1,
            some => panic!("kill {n}: {some} of {KEYS} keys"),
        }
        if whole > 1 {
            break;
        }
    }
    assert!(none > 0 && whole > 1, "{none} were killed before, {whole} behind");
}
