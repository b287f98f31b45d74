//! Roles that people make, on a real store: they count at once, widen nobody, and are not taken from under those who have them.

use super::users::{OTHER, as_of, joined, joined_as, owned};
use super::*;
use crate::identity::{ChangeRole, CreateRole, CustomRole, Invite};
use reeve_core::permission::{KeyScope, Permission};
use reeve_core::role::RoleRef;
use reeve_core::scope::Scope;

fn scopes(texts: &[&str]) -> Vec<Scope> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn role(name: &str, allowed: &[&str], denied: &[&str]) -> CreateRole {
    CreateRole {
        name: name.into(),
        description: String::new(),
        allowed: scopes(allowed),
        denied: scopes(denied),
    }
}

async fn made(house: &House, cx: &Cx, name: &str, allowed: &[&str]) -> CustomRole {
    house.engine.create_role(cx, role(name, allowed, &[])).await.unwrap().made.unwrap()
}

#[tokio::test]
async fn a_role_is_made_given_and_counts_from_the_next_request_on() {
    let (house, cx) = owned().await;
    let clerks = made(&house, &cx, " Clerks ", &["budget:*", "user:read"]).await;
    assert_eq!(clerks.name, "Clerks");
    let clerk = joined_as(&house, &cx, OTHER, RoleRef::Custom(clerks.id)).await;
    let before = as_of(&house, &clerk).await;
    assert!(before.principal.may(Permission::BudgetWrite) && !before.principal.may(Permission::AuditRead));
    let seen = house.engine.roles(&before).await.unwrap();
    let own = seen.last().unwrap();
    assert_eq!((own.name.as_str(), own.people, seen.len()), ("Clerks", 1, Role::ALL.len() + 1));

    let mut changes = house.engine.sign_in_changes();
    let change = ChangeRole { denied: Some(scopes(&["budget:write"])), ..ChangeRole::default() };
    house.engine.change_role(&cx, clerks.id, change).await.unwrap();
    assert!(changes.has_changed().unwrap(), "open connections look again");
    changes.mark_unchanged();
    let now = house.engine.as_of_now(&before.principal).unwrap();
    assert!(now.may(Permission::BudgetRead) && !now.may(Permission::BudgetWrite), "a denial wins");
    let entry = house.entries().await.pop().unwrap().leaf;
    assert_eq!(
        (entry.kind.as_str(), entry.on.as_str()),
        ("role.update", format!("role:{}", clerks.id).as_str())
    );
    let change = &entry.x["changes"][0];
    assert_eq!(
        (&change["field"], &change["before"], &change["after"]),
        (&"denied".into(), &"".into(), &"budget:write".into())
    );

    let house = house.restarted().await;
    let again = house.engine.authenticate(&clerk.access_token).await.unwrap();
    assert!(again.may(Permission::BudgetRead) && !again.may(Permission::BudgetWrite), "it is in the file");
}

#[tokio::test]
async fn a_role_goes_when_nobody_has_it_and_no_invitation_offers_it() {
    let (house, cx) = owned().await;
    let clerks = made(&house, &cx, "Clerks", &["budget:read"]).await;
    let invite = Invite { email: OTHER.into(), role: RoleRef::Custom(clerks.id), days: 7 };
    let offered = house.engine.invite(&cx, invite).await.unwrap();
    let refused = house.engine.remove_role(&cx, clerks.id).await.unwrap_err();
    assert!(refused.code == Code::Conflict && refused.message.contains("invitation"), "{refused}");
    house.engine.revoke_invitation(&cx, offered.invitation.id).await.unwrap();
    let clerk = joined_as(&house, &cx, OTHER, RoleRef::Custom(clerks.id)).await;
    let refused = house.engine.remove_role(&cx, clerks.id).await.unwrap_err();
    assert!(refused.code == Code::Conflict && refused.message.contains("The Other"), "{refused}");
    house.engine.set_role(&cx, clerk.user.id, Role::User.into()).await.unwrap();
    house.engine.remove_role(&cx, clerks.id).await.unwrap();
    assert_eq!(house.kinds().await.last().unwrap(), "role.delete");
    let gone = house.engine.set_role(&cx, clerk.user.id, RoleRef::Custom(clerks.id)).await.unwrap_err();
    assert_eq!((gone.code, gone.fields[0].field.as_str()), (Code::Invalid, "role"));
    assert_eq!(house.engine.remove_role(&cx, clerks.id).await.unwrap_err().code, Code::NotFound);
    let change = house.engine.change_role(&cx, clerks.id, ChangeRole::default()).await.unwrap_err();
    assert_eq!(change.code, Code::NotFound);
}

#[tokio::test]
async fn nobody_hands_on_more_than_they_hold() {
    let (house, cx) = owned().await;
    let keepers =
        made(&house, &cx, "Keepers", &["user:read", "user:write", "tenant:read", "api_key:write"]).await;
    let auditors = made(&house, &cx, "Auditors", &["audit:read"]).await;
    let keeper = joined_as(&house, &cx, OTHER, RoleRef::Custom(keepers.id)).await;
    let idlers = made(&house, &cx, "Idlers", &[]).await;
    let other = joined_as(&house, &cx, "third@example.com", RoleRef::Custom(idlers.id)).await;
    let keeper = as_of(&house, &keeper).await;
    for wider in [&["audit:read"][..], &["user:*"], &["*:*"], &["session:write"]] {
        let refused = house.engine.create_role(&keeper, role("Wider", wider, &[])).await.unwrap_err();
        assert_eq!(refused.code, Code::Forbidden, "{wider:?}");
        assert!(refused.message.contains(wider[0]), "{refused}");
        let change = ChangeRole { allowed: Some(scopes(wider)), ..ChangeRole::default() };
        let refused = house.engine.change_role(&keeper, keepers.id, change).await.unwrap_err();
        assert_eq!(refused.code, Code::Forbidden, "one's own role: {wider:?}");
    }
    for wider in [RoleRef::Custom(auditors.id), Role::Admin.into(), Role::Finance.into()] {
        let refused = house.engine.set_role(&keeper, other.user.id, wider).await.unwrap_err();
        assert_eq!(refused.code, Code::Forbidden, "{wider}");
        let invite = Invite { email: "friend@example.com".into(), role: wider, days: 7 };
        assert_eq!(house.engine.invite(&keeper, invite).await.err().unwrap().code, Code::Forbidden);
    }
    // Nor do they look after who may more, or what lets them.
    let Principal::User { id: owner, .. } = cx.principal else { panic!("a person") };
    let code = |result: Result<(), crate::Error>| result.unwrap_err().code;
    let lower = house.engine.set_role(&keeper, owner, Role::User.into()).await.map(drop);
    assert_eq!(code(lower), Code::Forbidden);
    assert_eq!(code(house.engine.disable_user(&keeper, owner).await.map(drop)), Code::Forbidden);
    assert_eq!(code(house.engine.take_second_factor_off(&keeper, owner).await), Code::Forbidden);
    let narrower = ChangeRole { allowed: Some(Vec::new()), ..ChangeRole::default() };
    assert_eq!(
        code(house.engine.change_role(&keeper, auditors.id, narrower).await.map(drop)),
        Code::Forbidden
    );
    assert_eq!(code(house.engine.remove_role(&keeper, auditors.id).await), Code::Forbidden);
    house.engine.create_role(&keeper, role("Lookers", &["tenant:read"], &[])).await.unwrap();
    house.engine.set_role(&keeper, other.user.id, RoleRef::Custom(keepers.id)).await.unwrap();

    // A key is handed on as well, and so is another secret for it.
    let tenant = reeve_core::id::TenantId(uuid::Uuid::from_u128(9));
    let mint = |cx: Cx, scope| {
        let engine = house.engine.clone();
        async move { engine.mint_scoped_key(&cx, tenant, "k", None, vec![scope]).await.unwrap_err().code }
    };
    for scope in [KeyScope::GatewayCall, KeyScope::AuditWrite] {
        assert_eq!(mint(keeper.clone(), scope).await, Code::Forbidden, "{scope:?}");
        assert_eq!(mint(cx.clone(), scope).await, Code::NotFound, "who holds it is told of the tenant");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_role_is_said_field_by_field() {
    let (house, cx) = owned().await;
    made(&house, &cx, "Clerks", &[]).await;
    let wrong = [
        (role("", &[], &[]), "name"),
        (role("admin", &[], &[]), "name"),
        (role("CLERKS", &[], &[]), "name"),
        (CreateRole { description: "x".repeat(501), ..role("A", &[], &[]) }, "description"),
        (role("A", &["tenant:fly"], &[]), "allowed"),
        (role("A", &["*:private"], &[]), "allowed"),
        (role("A", &["tenant:read:team=ml"], &[]), "allowed"),
        (role("A", &[], &["vault.key:read"]), "denied"),
    ];
    for (role, field) in wrong {
        let said = format!("{role:?}");
        let error = house.engine.create_role(&cx, role).await.unwrap_err();
        let fields: Vec<_> = error.fields.iter().map(|f| f.field.as_str()).collect();
        assert_eq!(fields, [field], "{said}: {error}");
    }
    let many: Vec<_> = (0..65).map(|n| format!("*:read{n}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let error = house.engine.create_role(&cx, role("A", &many, &[])).await.unwrap_err();
    assert!(error.fields[0].message.contains("64"), "{error}");
    let count = house.entries().await.len();
    let clerks = house.engine.roles(&cx).await.unwrap().pop().unwrap().made.unwrap();
    house.engine.change_role(&cx, clerks.id, ChangeRole::default()).await.unwrap();
    assert_eq!(house.entries().await.len(), count, "the same again changes nothing");
    house.later(5 * Millis::MINUTE + 1);
    let stale = house.engine.create_role(&cx, role("B", &[], &[])).await.unwrap_err();
    assert_eq!(stale.code, Code::StepUpRequired);
    assert_eq!(house.engine.remove_role(&cx, clerks.id).await.unwrap_err().code, Code::StepUpRequired);
}

#[tokio::test]
async fn no_role_of_ones_own_stands_in_for_the_last_administrator() {
    let (house, cx) = owned().await;
    let Principal::User { id: owner, .. } = cx.principal else { panic!("a person") };
    let all: Vec<_> = Permission::ALL.iter().map(|p| p.as_str()).collect();
    let chiefs = made(&house, &cx, "Chiefs", &all).await;
    joined_as(&house, &cx, OTHER, RoleRef::Custom(chiefs.id)).await;
    let refused = house.engine.set_role(&cx, owner, RoleRef::Custom(chiefs.id)).await.unwrap_err();
    assert_eq!(refused.code, Code::Conflict);
}

#[tokio::test]
async fn who_changes_something_is_told_what_came_of_it() {
    let (house, cx) = owned().await;
    let keepers = made(&house, &cx, "Keepers", &["vault:write", "credential:write"]).await;
    let keeper = joined_as(&house, &cx, OTHER, RoleRef::Custom(keepers.id)).await;
    let other = joined(&house, &cx, "third@example.com", Role::User).await;
    let (keeper, other) = (as_of(&house, &keeper).await, as_of(&house, &other).await);
    house.engine.vault_status(&keeper).await.unwrap();
    house.engine.control_credentials(&keeper).await.unwrap();
    assert_eq!(house.engine.vault_status(&other).await.err().unwrap().code, Code::Forbidden);
    assert_eq!(house.engine.control_credentials(&other).await.err().unwrap().code, Code::Forbidden);
}
