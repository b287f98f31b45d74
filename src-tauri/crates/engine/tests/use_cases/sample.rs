//! The sample data.

use crate::world::{World, ready, tenant};
use reeve_core::money::NanoUsd;
use reeve_core::tenant::Tier;
use reeve_engine::Code;
use reeve_engine::audit::Stream;

#[tokio::test]
async fn the_sample_comes_and_goes_in_one_act() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    let own = tenant(&engine, &cx, "Ours", Tier::Starter).await;
    let loaded = engine.load_sample(&cx).await.unwrap();
    assert_eq!(loaded.tenants, 5);
    assert!(loaded.usage_records > 10_000, "{loaded:?}");
    assert_eq!(engine.load_sample(&cx).await.unwrap_err().code, Code::Conflict);
    let overview = engine.overview(&cx).await.unwrap();
    assert!(
        (NanoUsd::from_usd(100)..NanoUsd::from_usd(1_000)).contains(&overview.month.cost),
        "{:?}",
        overview.month
    );
    assert_eq!((overview.daily.len(), overview.tenants.len()), (30, 5));
    let removed = engine.remove_sample(&cx).await.unwrap();
    assert_eq!(removed, loaded);
    let (left, _) = engine.tenants(&cx, Default::default(), 10).await.unwrap();
    assert_eq!(left.iter().map(|t| t.tenant.id).collect::<Vec<_>>(), [own]);
    assert!(engine.budgets(&cx, None, 10).await.unwrap().0.is_empty());
    assert_eq!(engine.settled_total(&cx).await.unwrap(), (NanoUsd::ZERO, 0));
    assert!(engine.verify(&cx, Stream::Usage).await.unwrap().intact(), "the ledger keeps what it recorded");
    engine.close().await;
}
