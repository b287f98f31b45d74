//! Provider keys, and a vault that lost its key.

use crate::world::{World, ready};
use reeve_engine::Code;
use reeve_engine::credentials::AddCredential;
use reeve_vault::Secret;
use std::sync::Arc;

#[tokio::test]
async fn a_missing_keyring_item_locks_the_vault_and_mints_nothing() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    let key = AddCredential {
        name: "production".to_owned(),
        provider: "openai".to_owned(),
        base_url: None,
        models: Vec::new(),
        weight: None,
        priority: None,
        api_key: Secret::new(b"sk-canary-0123456789".to_vec()),
    };
    let added = engine.add_credential(&cx, key).await.unwrap();
    assert_eq!(added.last4, "6789");
    let recovery = engine.make_recovery_code(&cx).await.unwrap();
    engine.close().await;
    drop(engine);

    world.keyring.forget();
    let writes = world.keyring.writes();
    let locked = world.open_in(world.folder.path(), Arc::clone(&world.keyring)).await;
    assert_eq!(locked.vault_locked().unwrap().reason, "key_missing");
    assert_eq!(world.keyring.writes(), writes, "nothing was minted");
    assert_eq!(locked.credentials(&cx, None, 10).await.unwrap().0.len(), 1, "everything else still works");
    assert_eq!(locked.try_recovery_code(&cx, "wrong").await.unwrap_err().code, Code::Invalid);
    locked.try_recovery_code(&cx, &recovery).await.unwrap();
    assert!(locked.vault_locked().is_none());
    locked.close().await;
    let file = std::fs::read(world.folder.path().join("reeve.db")).unwrap();
    assert!(!file.windows(9).any(|w| w == b"sk-canary"), "no plaintext key in the file");
}
