//! A master key that has sealed much: it is counted, and the next epoch begins by itself.

use super::{add, open};
use reeve_engine::Cx;
use reeve_engine::vault::{MOST_SEALS, VaultStatus};
use std::path::Path;
use std::time::Duration;

/// Says of the present epoch that so many values were sealed under it, as years of use would.
fn wear(folder: &Path, seals: u64) {
    let file = rusqlite::Connection::open(folder.join("data/reeve.db")).unwrap();
    let changed = file.execute("UPDATE vault_seals SET seals = ?1", [i64::try_from(seals).unwrap()]).unwrap();
    assert_eq!(changed, 1, "one epoch was sealed under");
}

/// How the vault stands, as soon as it `holds`.
async fn standing(folder: &Path, holds: impl Fn(&VaultStatus) -> bool) -> VaultStatus {
    let engine = open(folder).await;
    let mut waits = 0;
    loop {
        let status = engine.vault_status(&Cx::cli()).await.unwrap();
        if holds(&status) {
            engine.close().await;
            return status;
        }
        waits += 1;
        assert!(waits < 1_200, "it does not come to that: {status:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn what_is_sealed_is_counted_and_the_next_epoch_begins_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let engine = open(folder).await;
    let seals = || async { engine.vault_status(&Cx::cli()).await.unwrap().seals };
    let before = seals().await;
    add(&engine, 0).await;
    assert_eq!(seals().await, before + 1);
    engine.close().await;
    drop(engine);

    let counted = standing(folder, |_| true).await;
    assert!(counted.seals >= counted.values, "nothing was sealed that is not counted: {counted:?}");
    wear(folder, MOST_SEALS / 2 - 1_000);
    assert_eq!(standing(folder, |_| true).await.epoch, 1, "not yet");
    wear(folder, MOST_SEALS / 2);
    let ended = |status: &VaultStatus| status.rewrap.as_ref().is_some_and(|r| r.ended_at.is_some());
    let renewed = standing(folder, |status| status.epoch == 2 && ended(status)).await;
    assert!(renewed.seals >= renewed.values && renewed.seals < 1_000, "counted anew: {renewed:?}");
    let engine = open(folder).await;
    let (found, _) = engine.credentials(&Cx::cli(), None, 1).await.unwrap();
    engine.probe_credential(&Cx::cli(), found[0].id).await.unwrap();
}
