//! A tenant from its making to its end, and what the audit trail says of it.

use crate::world::{World, ready, tenant};
use reeve_core::tenant::{QuotaOverride, TenantStatus, Tier};
use reeve_core::time::Clock;
use reeve_engine::Code;
use reeve_engine::audit::{EntryFilter, Stream};
use reeve_engine::tenants::ChangeTenant;

#[tokio::test]
async fn a_tenants_life_is_in_the_audit_trail() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    let id = tenant(&engine, &cx, "Acme Corp", Tier::Professional).await;
    let change = ChangeTenant {
        tier: Some(Tier::Enterprise),
        owner: Some(Some("somebody".to_owned())),
        ..Default::default()
    };
    engine.change_tenant(&cx, id, change).await.unwrap();
    let over = QuotaOverride {
        requests_per_day: Some(5),
        until: Some(world.clock.now().plus(1_000)),
        ..Default::default()
    };
    engine.set_quota_override(&cx, id, Some(over)).await.unwrap();
    assert_eq!(engine.quota(&cx, id).await.unwrap().counters.quota.requests_per_day, 5);
    world.clock.advance(2_000);
    assert_eq!(
        engine.quota(&cx, id).await.unwrap().counters.quota.requests_per_day,
        1_000_000,
        "the raise has ended"
    );
    engine.set_tenant_status(&cx, id, TenantStatus::Suspended, Some("unpaid".to_owned())).await.unwrap();
    engine.set_tenant_status(&cx, id, TenantStatus::Archived, None).await.unwrap();
    let stays = engine.set_tenant_status(&cx, id, TenantStatus::Active, None).await.unwrap_err();
    assert_eq!(stays.code, Code::Conflict);

    let filter = EntryFilter { res: Some(format!("tenant:{id}")), ..Default::default() };
    let page = engine.audit_page(&cx, filter, 100).await.unwrap();
    let kinds: Vec<_> = page.entries.iter().map(|e| e.event_type.as_str()).collect();
    assert_eq!(kinds, ["tenant.archive", "tenant.suspend", "quota.update", "tenant.update", "tenant.create"]);
    assert!(
        page.entries
            .iter()
            .all(|e| e.actor.name == "First Admin" && e.tenant.as_ref().unwrap().1 == "Acme Corp")
    );

    let detail = engine.audit_entry(&cx, Stream::Audit, page.entries[3].sequence).await.unwrap();
    let tier = detail.changes.iter().find(|c| c.field == "tier").unwrap();
    assert_eq!((tier.before.as_str(), tier.after.as_str()), ("professional", "enterprise"));
    assert_eq!(detail.ip.as_deref(), Some("203.0.113.7"), "opened from the sealed section");
    assert!(
        !detail.leaf.contains("203.0.113.7") && !detail.leaf.contains("somebody"),
        "no personal data in the leaf"
    );
    for stream in Stream::ALL {
        assert!(engine.verify(&cx, stream).await.unwrap().intact());
    }
    engine.close().await;
}
