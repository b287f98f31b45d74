//! The workspace's settings.

use crate::imports::import;
use crate::world::{World, ready, tenant};
use reeve_core::tenant::Tier;
use reeve_engine::audit::EntryFilter;
use reeve_engine::breaker::BreakerRules;
use reeve_engine::settings::ChangeSettings;
use reeve_engine::{Code, Cx, Engine};

#[tokio::test]
async fn another_time_zone_counts_the_day_anew() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    tenant(&engine, &cx, "Conversation", Tier::Enterprise).await;
    let csv =
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2026-11-19 23:30:00,1000,0\n2026-11-20 11:00:00,2000,0\n";
    import(&engine, &cx, csv, false).await.unwrap();
    let today = |engine: Engine, cx: Cx| async move { engine.overview(&cx).await.unwrap().today.requests };
    assert_eq!(today(engine.clone(), cx.clone()).await, 2, "in Berlin both are of the 20th");
    let utc = ChangeSettings { time_zone: Some("UTC".parse().unwrap()), ..Default::default() };
    engine.change_settings(&cx, utc).await.unwrap();
    assert_eq!(today(engine.clone(), cx.clone()).await, 1, "in UTC one was yesterday");
    engine.close().await;
}

#[tokio::test]
async fn when_a_key_is_left_out_is_kept_for_the_next_start() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    let stranger = Cx { principal: reeve_core::principal::Principal::Anonymous, ..cx.clone() };
    let rules = BreakerRules { consecutive: 3, min_calls: 40, ..BreakerRules::default() };
    assert_eq!(engine.breaker_rules(&stranger).await.unwrap_err().code, Code::Unauthenticated);
    assert_eq!(engine.set_breaker_rules(&stranger, rules).await.unwrap_err().code, Code::Unauthenticated);
    assert_eq!(engine.breaker_rules(&cx).await.unwrap(), BreakerRules::default());
    engine.set_breaker_rules(&cx, rules).await.unwrap();
    engine.close().await;
    drop(engine);

    let again = world.open().await;
    assert_eq!(again.breaker_rules(&cx).await.unwrap(), rules);
    let filter = EntryFilter { res: Some("breaker:workspace".to_owned()), ..Default::default() };
    let entry = again.audit_page(&cx, filter, 10).await.unwrap().entries.remove(0);
    let changes = again.audit_entry(&cx, entry.stream, entry.sequence).await.unwrap().changes;
    let changed: Vec<_> =
        changes.iter().map(|c| (c.field.as_str(), c.before.as_str(), c.after.as_str())).collect();
    assert_eq!(changed, [("consecutive", "5", "3"), ("min_calls", "20", "40")]);
    again.close().await;
}
