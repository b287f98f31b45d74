//! An admin key that is replaced by itself: what is done with it goes on with the new one, and no call ever goes out with either.

use crate::house::House;
use reeve_core::id::{ControlCredentialId, CredentialId};
use reeve_core::rotation::{RotationState as State, VersionState as Version};
use reeve_engine::error::Code;
use reeve_engine::rotation::control::ChangeControlCredential;
use reeve_engine::rotation::{BeginRenewal, BeginRotation, SetRotation};
use reeve_engine::{Cx, Engine};
use reeve_tests::provider::ADMIN_KEY;
use reeve_vault::Secret;
use serde_json::json;

async fn admin(engine: &Engine) -> (ControlCredentialId, String) {
    let (admin, _) = engine.control_credentials(&Cx::system()).await.unwrap().remove(0);
    (admin.id, admin.last4)
}

/// The admin key of the house replaced by itself from now on, without a grace.
async fn renewed(house: &House) -> (ControlCredentialId, CredentialId) {
    let (cx, engine) = (Cx::system(), house.engine());
    let (id, _) = admin(engine).await;
    let control = json!({"kind": "openai_admin", "base_url": house.app.provider.base_url()});
    let by = engine.begin_renewal(&cx, id, BeginRenewal { control, period_days: Some(30) }).await.unwrap().id;
    let at_once = SetRotation { grace_days: Some(0), soak_hours: Some(0), ..SetRotation::default() };
    engine.set_rotation(&cx, by, at_once).await.unwrap();
    (id, by)
}

async fn replace(house: &House, by: CredentialId) {
    let begun = house.engine().begin_rotation(&Cx::system(), by, BeginRotation::default()).await.unwrap();
    let r = house.ends(begun.id).await;
    assert_eq!(r.state, State::Done, "{r:?}");
}

#[tokio::test]
async fn keys_are_made_with_the_new_admin_key_and_the_old_one_is_gone() {
    let house = House::start().await;
    let acme = house.app.tenant("Acme").make().await;
    let (id, by) = renewed(&house).await;
    for _ in 0..2 {
        replace(&house, by).await;
        let alive: Vec<_> = house.app.provider.admin().live().into_iter().filter(|key| key.admin).collect();
        let (_, last4) = admin(house.engine()).await;
        assert!(matches!(alive.as_slice(), [one] if one.secret.ends_with(&last4)), "{alive:?}, …{last4}");
        assert_ne!(alive[0].secret, ADMIN_KEY);
    }
    // The key that calls use is replaced with the new admin key.
    let rotation = house.rotate(false).await;
    house.comes_to(rotation, &[State::Draining]).await;
    assert_eq!(house.versions().await, [Version::Grace, Version::Current]);
    let hello = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]});
    for _ in 0..8 {
        let answer = house.app.chat(&acme, &hello).await;
        assert_eq!(answer.status, 200, "a call went out with an admin key: {}", answer.body);
    }
    let served = house.engine().key_versions(&Cx::system(), by).await.unwrap().versions;
    assert!(served.iter().all(|version| version.calls == 0), "{served:?}");
    house.app.entries_once("control_credential.renewal_begin", 1).await;
    assert!(house.engine().probe_credential(&Cx::system(), by).await.unwrap().ok);

    let (cx, engine) = (Cx::system(), house.engine());
    engine.end_renewal(&cx, id).await.unwrap();
    assert!(engine.renewals(&cx).await.unwrap().is_empty());
    let again = house.app.provider.admin().live().into_iter().filter(|key| key.admin).count();
    assert_eq!(again, 1, "the key in use stays the admin key");
    engine.remove_control_credential(&cx, id).await.unwrap();
}

#[tokio::test]
async fn what_replaces_itself_is_not_changed_by_hand() {
    let house = House::start().await;
    let (cx, engine) = (Cx::system(), house.engine());
    let (id, by) = renewed(&house).await;
    let other = Some(Secret::copy_of(b"sk-admin-another-0001"));
    let change = ChangeControlCredential { name: None, secret: other };
    let refused = [
        engine.change_control_credential(&cx, id, change).await.map(drop),
        engine.remove_control_credential(&cx, id).await,
        engine.revoke_credential(&cx, by, None).await.map(drop),
        engine
            .begin_renewal(
                &cx,
                id,
                BeginRenewal { control: json!({"kind": "openai_admin"}), period_days: None },
            )
            .await
            .map(drop),
    ];
    for refused in refused {
        assert_eq!(refused.unwrap_err().code, Code::Conflict);
    }
    let by_hand =
        SetRotation { control: Some(None), control_credential: Some(None), ..SetRotation::default() };
    assert_eq!(engine.set_rotation(&cx, by, by_hand).await.unwrap_err().fields[0].field, "control");
    let change = ChangeControlCredential { name: Some("Another name".to_owned()), secret: None };
    engine.change_control_credential(&cx, id, change).await.unwrap();
    replace(&house, by).await;
    let (admin, _) = engine.control_credentials(&cx).await.unwrap().remove(0);
    assert_eq!(admin.name, "Another name", "it keeps the name that people gave it");
}

#[tokio::test]
async fn only_a_key_that_may_list_its_own_kind_replaces_itself() {
    let house = House::start().await;
    let (cx, engine) = (Cx::system(), house.engine());
    let (id, _) = admin(engine).await;
    for control in [
        json!({"kind": "openai", "project": "proj_a"}),
        json!({"kind": "nonsense"}),
        json!({"kind": "openai_admin", "base_url": "http://127.0.0.1:9/v1"}),
    ] {
        let refused = engine.begin_renewal(&cx, id, BeginRenewal { control, period_days: None }).await;
        assert_eq!(refused.unwrap_err().fields[0].field, "control");
    }
    house.app.provider.admin().kill("key_admin_0000");
    let control = json!({"kind": "openai_admin", "base_url": house.app.provider.base_url()});
    let refused = engine.begin_renewal(&cx, id, BeginRenewal { control, period_days: None }).await;
    assert_eq!(refused.unwrap_err().fields[0].field, "control", "the provider refuses it");
    assert!(engine.renewals(&cx).await.unwrap().is_empty());
    assert_eq!(engine.end_renewal(&cx, id).await.unwrap_err().code, Code::Conflict);
}
