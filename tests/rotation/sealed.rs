//! What is sealed opens only where it was put.

use crate::house::House;
use reeve_core::rotation::RotationState as State;
use reeve_engine::Cx;
use serde_json::json;

/// Changes the store behind Reeve's back and asks for a call; whether the key still opens.
async fn opens_after(sql: &str) -> bool {
    let house = House::start().await;
    let acme = house.app.tenant("Acme").make().await;
    let rotation = house.rotate(false).await;
    house.comes_to(rotation, &[State::Draining]).await;
    // A second credential, to swap with.
    house
        .app
        .credential("openai", &house.app.provider.base_url(), house.app.provider.key(), &["gpt-4o"])
        .await;
    let file = house.engine().data_dir().join("reeve.db");
    let db = rusqlite::Connection::open(file).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    db.execute_batch(sql).unwrap();
    // Changed by anything, the table of keys is read anew.
    let cx = Cx::system();
    let change = reeve_engine::credentials::ChangeCredential { weight: Some(7), ..Default::default() };
    house.engine().change_credential(&cx, house.credential, change).await.unwrap();
    let call = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]});
    house.app.chat(&acme, &call).await.status == 200
}

#[tokio::test]
async fn rows_and_columns_that_were_swapped_do_not_open() {
    assert!(opens_after("SELECT 1;").await, "as it was put, it opens");
    let pair = "UPDATE key_versions SET wrapped_dek = s.wrapped_dek, sealed = s.sealed FROM";
    let of = "(SELECT wrapped_dek, sealed FROM key_versions WHERE";
    let current = "s WHERE key_versions.state = 'current' AND key_versions.version = 2";
    assert!(!opens_after(&format!("{pair} {of} state = 'grace') {current};")).await, "another version's");
    assert!(
        !opens_after(&format!("{pair} {of} state = 'current' AND version = 1) {current};")).await,
        "another credential's"
    );
    assert!(
        !opens_after("UPDATE key_versions SET wrapped_dek = sealed, sealed = wrapped_dek WHERE version = 2;")
            .await,
        "columns"
    );
}
