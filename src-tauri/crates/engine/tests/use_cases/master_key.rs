//! Rotations of the master key: everything opens before, while and after.

use crate::vault_slots::add_key;
use crate::world::{World, ready};
use reeve_engine::{Code, Cx, Engine};
use std::time::Duration;

async fn ended(engine: &Engine, cx: &Cx) {
    let mut waits = 0;
    loop {
        let rewrap = engine.vault_status(cx).await.unwrap().rewrap.unwrap();
        if rewrap.ended_at.is_some() {
            return assert_eq!(rewrap.unreadable, 0);
        }
        waits += 1;
        assert!(waits < 1_200, "the rotation does not end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How many of the stored keys open. The address is nobody's, so a key that opens is one that is sent there.
async fn opening(engine: &Engine, cx: &Cx) -> usize {
    let (found, _) = engine.credentials(cx, None, 100).await.unwrap();
    let mut opening = 0;
    for credential in found {
        opening += usize::from(engine.probe_credential(cx, credential.id).await.is_ok());
    }
    opening
}

#[tokio::test]
async fn a_routine_rotation_keeps_every_key_and_every_way_in() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    let code = engine.make_recovery_code(&cx).await.unwrap();
    for n in 0..5 {
        add_key(&engine, &cx, &format!("key {n}")).await;
    }
    engine.rotate_master_key(&cx).await.unwrap();
    assert_eq!(engine.rotate_master_key(&cx).await.unwrap_err().code, Code::Conflict, "one at a time");
    assert_eq!(opening(&engine, &cx).await, 5, "while it is under way");
    ended(&engine, &cx).await;
    assert_eq!(engine.vault_status(&cx).await.unwrap().epoch, 2);
    assert_eq!(opening(&engine, &cx).await, 5);
    engine.close().await;
    drop(engine);
    let engine = world.open().await;
    assert!(engine.vault_locked().is_none() && !engine.rotation_paused());
    assert_eq!(opening(&engine, &cx).await, 5);
    engine.close().await;
    drop(engine);
    world.keyring.forget();
    let engine = world.open().await;
    engine.try_recovery_code(&cx, &code).await.unwrap();
    assert_eq!(opening(&engine, &cx).await, 5);
}

#[tokio::test]
async fn a_new_root_key_shuts_the_old_ways_in_and_opens_everything() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    let old = engine.make_recovery_code(&cx).await.unwrap();
    engine.check_recovery_code(&cx, old.rsplit('-').next().unwrap()).await.unwrap();
    for n in 0..3 {
        add_key(&engine, &cx, &format!("key {n}")).await;
    }
    let before = engine.credentials(&cx, None, 10).await.unwrap().0;
    let item = world.keyring.item().unwrap();
    let early = engine.confirm_root_key(&cx, "0000").await.unwrap_err();
    assert_eq!(early.code, Code::PreconditionFailed);
    let new = engine.prepare_root_key(&cx, None).await.unwrap();
    assert_eq!(engine.confirm_root_key(&cx, "0000").await.unwrap_err().code, Code::Invalid);
    assert!(world.keyring.item().unwrap().matches(&item), "nothing changed before the code was typed");
    engine.confirm_root_key(&cx, new.rsplit('-').next().unwrap()).await.unwrap();
    assert_eq!(opening(&engine, &cx).await, 3, "while it is under way");
    add_key(&engine, &cx, "meanwhile").await;
    ended(&engine, &cx).await;
    assert_eq!(opening(&engine, &cx).await, 4);
    let after = engine.credentials(&cx, None, 10).await.unwrap().0;
    assert_ne!(before[0].fingerprint, after[0].fingerprint, "the root key names keys");
    assert_eq!(after[0].fingerprint, after[3].fingerprint, "and the same key the same");
    engine.close().await;
    drop(engine);

    let engine = world.open().await;
    assert!(engine.vault_locked().is_none() && !engine.rotation_paused());
    assert_eq!(opening(&engine, &cx).await, 4);
    engine.close().await;
    drop(engine);
    world.keyring.put(item.expose());
    let engine = world.open().await;
    assert_eq!(engine.vault_locked().unwrap().reason, "key_mismatch", "the old item opens nothing");
    assert_eq!(engine.try_recovery_code(&cx, &old).await.unwrap_err().code, Code::Invalid);
    engine.try_recovery_code(&cx, &new).await.unwrap();
    assert_eq!(opening(&engine, &cx).await, 4);
}

#[tokio::test]
async fn a_keyring_that_does_not_take_the_new_key_changes_nothing() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    add_key(&engine, &cx, "key").await;
    let code = engine.prepare_root_key(&cx, None).await.unwrap();
    world.keyring.set_mode(reeve_vault::keyring::KeyringMode::Locked);
    let refused = engine.confirm_root_key(&cx, code.rsplit('-').next().unwrap()).await.unwrap_err();
    assert_eq!(refused.code, Code::Unavailable, "{refused}");
    world.keyring.set_mode(reeve_vault::keyring::KeyringMode::Ok);
    assert_eq!(opening(&engine, &cx).await, 1);
    engine.close().await;
    drop(engine);
    let engine = world.open().await;
    assert!(engine.vault_locked().is_none());
    assert_eq!(opening(&engine, &cx).await, 1);
    assert_eq!(engine.vault_status(&cx).await.unwrap().epoch, 1);
}
