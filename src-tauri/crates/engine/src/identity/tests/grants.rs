//! Roles for single tenants, on a real store: they count at once and for their tenant alone, widen nobody, and end with what they hang on.

use super::users::{OTHER, as_of, joined, joined_as, owned};
use super::*;
use crate::events::{Event, EventKind};
use crate::identity::{CreateRole, Entrance};
use crate::tenants::{CreateTenant, TenantFilter};
use reeve_core::id::TenantId;
use reeve_core::permission::Permission;
use reeve_core::role::RoleRef;
use reeve_core::tenant::Tier;

async fn tenant(house: &House, cx: &Cx, name: &str) -> TenantId {
    let new = CreateTenant {
        name: name.into(),
        slug: None,
        tier: Tier::Free,
        time_zone: None,
        owner: None,
        tags: Vec::new(),
        notes: None,
    };
    house.engine.create_tenant(cx, new).await.unwrap().tenant.id
}

async fn seen(house: &House, cx: &Cx) -> Vec<String> {
    let (tenants, _) = house.engine.tenants(cx, TenantFilter::default(), 10).await.unwrap();
    tenants.into_iter().map(|t| t.tenant.name).collect()
}

#[tokio::test]
async fn a_grant_is_given_and_taken_and_counts_from_the_next_request_on() {
    let (house, cx) = owned().await;
    let [aspen, birch] = [tenant(&house, &cx, "Aspen").await, tenant(&house, &cx, "Birch").await];
    let other = joined(&house, &cx, OTHER, Role::Nothing).await;
    let alone = as_of(&house, &other).await;
    assert_eq!(house.engine.tenant(&alone, aspen).await.unwrap_err().code, Code::Forbidden);
    let mut changes = house.engine.sign_in_changes();
    house.engine.grant(&cx, other.user.id, aspen, Role::Developer.into()).await.unwrap();
    assert!(changes.has_changed().unwrap(), "open connections look again");
    changes.mark_unchanged();
    let entry = house.entries().await.pop().unwrap().leaf;
    let change = &entry.x["changes"][0];
    assert_eq!(
        (entry.kind.as_str(), &change["before"], &change["after"]),
        ("grant.create", &"none".into(), &"developer".into())
    );

    let held = as_of(&house, &other).await;
    assert_eq!(seen(&house, &held).await, ["Aspen"]);
    assert_eq!(house.engine.tenant(&held, birch).await.unwrap_err().code, Code::NotFound);
    let refused = house.engine.overview(&held).await.err().unwrap();
    assert!(refused.code == Code::Forbidden && refused.message.contains("grant"), "{refused}");
    let refused = house.engine.mint_api_key(&held, aspen, "mine", None).await.unwrap_err();
    assert_eq!(refused.code, Code::Forbidden, "a developer makes no keys");

    house.engine.grant(&cx, other.user.id, aspen, Role::Operator.into()).await.unwrap();
    let entry = house.entries().await.pop().unwrap().leaf;
    assert_eq!(entry.x["changes"][0]["before"], "developer");
    let house = house.restarted().await;
    let held = as_of(&house, &other).await;
    house.engine.mint_api_key(&held, aspen, "mine", None).await.unwrap();
    assert_eq!(house.engine.mint_api_key(&held, birch, "mine", None).await.unwrap_err().code, Code::NotFound);

    house.engine.take_grant(&cx, other.user.id, aspen).await.unwrap();
    let now = as_of(&house, &other).await;
    assert_eq!(house.engine.tenant(&now, aspen).await.unwrap_err().code, Code::Forbidden);
    assert_eq!(house.entries().await.iter().filter(|e| e.leaf.kind == "grant.delete").count(), 1);
    let gone = house.engine.take_grant(&cx, other.user.id, aspen).await.unwrap_err();
    assert_eq!(gone.code, Code::NotFound);
}

#[tokio::test]
async fn nobody_gives_a_grant_that_may_what_they_may_not() {
    let (house, cx) = owned().await;
    let aspen = tenant(&house, &cx, "Aspen").await;
    let keeper = CreateRole {
        name: "Keepers".into(),
        description: String::new(),
        allowed: ["user:read", "user:write", "tenant:read"].iter().map(|s| s.parse().unwrap()).collect(),
        denied: Vec::new(),
    };
    let keeper = RoleRef::Custom(house.engine.create_role(&cx, keeper).await.unwrap().made.unwrap().id);
    let keeper = as_of(&house, &joined_as(&house, &cx, "keeper@example.com", keeper).await).await;
    let other = joined(&house, &cx, OTHER, Role::Nothing).await.user.id;
    let wide = house.engine.grant(&keeper, other, aspen, Role::Developer.into()).await.unwrap_err();
    assert_eq!(wide.code, Code::Forbidden, "usage, for one");
    for role in [Role::Nothing, Role::User] {
        let idle = house.engine.grant(&cx, other, aspen, role.into()).await.unwrap_err();
        assert_eq!((idle.code, idle.fields[0].field.as_str()), (Code::Invalid, "role"), "{role:?}");
    }
    house.engine.grant(&cx, other, aspen, Role::Developer.into()).await.unwrap();
    let lower = house.engine.disable_user(&keeper, other).await.unwrap_err();
    assert_eq!(lower.code, Code::Forbidden, "they may more than the keeper, if only with one tenant");
    assert!(house.engine.grants(&keeper, other).await.unwrap()[0].may.contains(&Permission::UsageRead));
}

#[tokio::test]
async fn a_role_that_somebody_holds_for_a_tenant_stays() {
    let (house, cx) = owned().await;
    let aspen = tenant(&house, &cx, "Aspen").await;
    let other = joined(&house, &cx, OTHER, Role::Nothing).await.user.id;
    let allowed = vec!["tenant:read".parse().unwrap()];
    let role = CreateRole { name: "Lookers".into(), description: String::new(), allowed, denied: Vec::new() };
    let role = house.engine.create_role(&cx, role).await.unwrap().made.unwrap().id;
    house.engine.grant(&cx, other, aspen, RoleRef::Custom(role)).await.unwrap();
    let refused = house.engine.remove_role(&cx, role).await.unwrap_err();
    assert!(refused.code == Code::Conflict && refused.message.contains("tenant"), "{refused}");
    house.engine.take_grant(&cx, other, aspen).await.unwrap();
    house.engine.remove_role(&cx, role).await.unwrap();
}

#[tokio::test]
async fn a_connection_hears_the_charges_of_the_tenant_and_no_others() {
    let (house, cx) = owned().await;
    let [aspen, birch] = [tenant(&house, &cx, "Aspen").await, tenant(&house, &cx, "Birch").await];
    let other = joined(&house, &cx, OTHER, Role::Nothing).await;
    house.engine.grant(&cx, other.user.id, aspen, Role::Developer.into()).await.unwrap();
    let held = as_of(&house, &other).await;
    let mut connected = house.engine.connect(&held, Entrance::Header).await.unwrap();
    let event = |tenant| Event { kind: EventKind::Charge, sequence: Some(1), id: None, tenant };
    assert!(connected.heard(event(Some(aspen))).is_some());
    assert_eq!(connected.heard(event(Some(birch))), None);
    assert_eq!(connected.heard(event(None)), None, "nobody says whose it is");
    house.engine.take_grant(&cx, other.user.id, aspen).await.unwrap();
    assert!(!connected.look_again(), "there is nothing left to hear");
}
