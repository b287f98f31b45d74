//! Words in the audit trail: found as soon as they are written, and still when the index has them.

use crate::world::{World, ready, tenant};
use reeve_core::tenant::Tier;
use reeve_core::time::Millis;
use reeve_engine::audit::EntryFilter;
use reeve_engine::{Cx, Engine};
use std::time::Duration;

async fn found(engine: &Engine, cx: &Cx, typed: &str) -> Vec<String> {
    let page = engine.audit_search(cx, EntryFilter::default(), typed, 100).await.unwrap();
    assert_eq!(page.rest, None);
    let listed = page.page.entries.len() as u64;
    assert_eq!(page.page.matched, Some(listed), "{typed}");
    let (from, to) = (Millis(0), engine.now().plus(1));
    let counts = engine.audit_search_stats(cx, EntryFilter::default(), typed, (from, to), 3).await.unwrap();
    assert_eq!(counts.iter().map(|b| b.count).sum::<u64>(), listed, "{typed}");
    page.page.entries.into_iter().map(|entry| entry.event_type).collect()
}

async fn everything_is_found(engine: &Engine, cx: &Cx) {
    assert_eq!(found(engine, cx, "aspen").await, ["tenant.create"]);
    assert_eq!(found(engine, cx, "ASPEN gro").await, ["tenant.create"], "the last word may go on");
    assert_eq!(found(engine, cx, "asp grove").await, [""; 0], "those before it may not");
    assert_eq!(found(engine, cx, "tenant.create").await, ["tenant.create", "tenant.create"]);
    // Names of people are in no leaf: what they did is found by who they are.
    let by_name = found(engine, cx, "first admin").await;
    assert!(by_name.contains(&"tenant.create".to_owned()), "{by_name:?}");
    assert_eq!(found(engine, cx, "nobody wrote this").await, [""; 0]);
}

#[tokio::test]
async fn words_are_found_before_and_after_they_are_indexed() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    tenant(&engine, &cx, "Aspen Grove", Tier::Free).await;
    tenant(&engine, &cx, "Birch Wood", Tier::Free).await;
    everything_is_found(&engine, &cx).await;
    // The index follows within a second or two; whether it has is not to be seen.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    everything_is_found(&engine, &cx).await;
    engine.close().await;
    drop(engine);

    // Without its file the index is made again.
    for file in ["search.db", "search.db-wal", "search.db-shm"] {
        let _ = std::fs::remove_file(world.folder.path().join(file));
    }
    let again = world.open().await;
    everything_is_found(&again, &cx).await;
    let page = again.audit_search(&cx, EntryFilter::default(), "tenant create", 1).await.unwrap();
    let rest = EntryFilter { before: page.rest, ..EntryFilter::default() };
    let second = again.audit_search(&cx, rest, "tenant create", 1).await.unwrap();
    assert_eq!((page.page.entries.len(), second.page.entries.len(), second.rest), (1, 1, None));
    again.close().await;
}
