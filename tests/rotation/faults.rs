//! Whatever the provider does wrong: no key that nobody knows, none of somebody else's touched, and calls have a key.

use crate::house::House;
use reeve_core::rotation::{RotationState as State, VersionState as Version};
use reeve_engine::Cx;
use reeve_engine::rotation::Resolution;
use reeve_tests::provider::{AdminFault, Step};

/// Rotates with `faults` at the provider; how it ended. Everything must be sound behind it and one sweep.
async fn rotated(faults: impl Fn(&House)) -> (House, State) {
    let house = House::start().await;
    house.app.provider.admin().foreign_key("somebody's");
    faults(&house);
    let rotation = house.rotate(false).await;
    let r = house.ends(rotation).await;
    house.engine().check_rotations().await.unwrap();
    house.assert_sound().await;
    (house, r.state)
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_leaves_no_key_that_nobody_knows() {
    for fault in [
        AdminFault::HangAfter,
        AdminFault::CutAfter,
        AdminFault::StatusAfter(500),
        AdminFault::WebPage,
        AdminFault::OtherShape,
    ] {
        let (house, state) = rotated(|h| {
            h.app.provider.admin().on(Step::Create, fault);
        })
        .await;
        assert_eq!(state, State::AwaitingOperator, "{fault:?}");
        let versions = house.versions().await;
        assert_eq!(versions, [Version::Disabled, Version::Revoked, Version::Current], "{fault:?}");
        assert_eq!(house.app.entries("rotation.orphan_found").await.len(), 1, "{fault:?}");
        assert_eq!(house.app.entries("rotation.orphan_deleted").await.len(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_create_that_did_not_happen_is_made_again() {
    for fault in [AdminFault::HangBefore, AdminFault::Limited(1), AdminFault::StatusBefore(500)] {
        let (house, state) = rotated(|h| {
            h.app.provider.admin().on(Step::Create, fault);
        })
        .await;
        assert_eq!(state, State::AwaitingOperator, "{fault:?}");
        assert_eq!(house.versions().await, [Version::Disabled, Version::Current], "{fault:?}");
    }
}

#[tokio::test]
async fn a_list_that_is_behind_is_made_good_by_the_sweep() {
    let (house, state) = rotated(|h| {
        h.app.provider.admin().on(Step::Create, AdminFault::HangAfter).stale_lists(3);
    })
    .await;
    assert_eq!(state, State::AwaitingOperator);
    assert_eq!(house.versions().await.iter().filter(|v| **v == Version::Current).count(), 1);
}

#[tokio::test]
async fn a_key_that_is_no_good_is_never_used() {
    let (house, state) = rotated(|h| {
        h.app.provider.admin().new_keys_fail(1_000);
    })
    .await;
    assert_eq!(state, State::RolledBack);
    assert_eq!(house.versions().await, [Version::Current, Version::Revoked]);
    let (house, state) = rotated(|h| {
        h.app.provider.admin().new_keys_see(&["gpt-4o"]);
    })
    .await;
    assert_eq!(state, State::RolledBack, "it sees less than the old one");
    assert_eq!(house.live().len(), 2, "the old one and somebody's");
    let (_, state) = rotated(|h| {
        h.app.provider.admin().new_keys_belong_to("org-other");
    })
    .await;
    assert_eq!(state, State::RolledBack, "it is another account's");
}

#[tokio::test]
async fn without_room_a_person_chooses_what_goes() {
    let house = House::start().await;
    let foreign = house.app.provider.admin().foreign_key("somebody's");
    house.app.provider.admin().room_for(2);
    let rotation = house.rotate(false).await;
    let r = house.ends(rotation).await;
    assert_eq!((r.state, r.error_class.as_deref()), (State::NeedsAttention, Some("limit")), "{r:?}");
    let detail = house.engine().rotation(&Cx::system(), rotation).await.unwrap();
    assert!(detail.snapshot.iter().any(|key| key.id == foreign), "people see what there is");
    house.assert_sound().await;
    let unknown = Resolution::DeleteKey("svc_nobody".to_owned());
    house.engine().resolve_rotation(&Cx::system(), rotation, unknown).await.unwrap_err();
    let in_use = Resolution::DeleteKey(house.first.clone());
    house.engine().resolve_rotation(&Cx::system(), rotation, in_use).await.unwrap_err();
    house.app.provider.admin().room_for(3);
    house.engine().resolve_rotation(&Cx::system(), rotation, Resolution::Retry).await.unwrap();
    house.comes_to(rotation, &[State::Draining]).await;
}

#[tokio::test]
async fn a_wrong_admin_key_is_said_and_put_right() {
    let house = House::start().await;
    house.app.provider.admin().on(Step::List, AdminFault::StatusBefore(401));
    let rotation = house.rotate(false).await;
    let r = house.ends(rotation).await;
    assert_eq!((r.state, r.error_class.as_deref()), (State::NeedsAttention, Some("unauthorized")), "{r:?}");
    house.engine().resolve_rotation(&Cx::system(), rotation, Resolution::Retry).await.unwrap();
    house.comes_to(rotation, &[State::Draining]).await;
    house.assert_sound().await;
}

#[tokio::test]
async fn given_up_it_leaves_the_old_key() {
    let house = House::start().await;
    house.app.provider.admin().on(Step::List, AdminFault::StatusBefore(401));
    let rotation = house.rotate(false).await;
    house.ends(rotation).await;
    house.engine().resolve_rotation(&Cx::system(), rotation, Resolution::GiveUp).await.unwrap();
    let r = house.ends(rotation).await;
    assert_eq!(r.state, State::RolledBack);
    assert_eq!(house.versions().await, [Version::Current]);
    house.engine().resolve_rotation(&Cx::system(), rotation, Resolution::Retry).await.unwrap_err();
}

#[tokio::test]
async fn without_a_list_of_models_signing_in_is_enough_and_is_told() {
    let (house, state) = rotated(|h| h.app.provider.has_no_list(true)).await;
    assert_eq!(state, State::AwaitingOperator);
    assert_eq!(house.versions().await, [Version::Disabled, Version::Current]);
    let promoted = house.app.entries_once("rotation.promoted", 1).await.remove(0);
    let entry = house.engine().audit_entry(&Cx::system(), promoted.stream, promoted.sequence).await.unwrap();
    assert!(format!("{entry:?}").contains("not told"), "{entry:?}");
    // And a key that does not sign in is told from one that does.
    let (house, state) = rotated(|h| {
        h.app.provider.has_no_list(true);
        h.app.provider.admin().new_keys_fail(1_000);
    })
    .await;
    assert_eq!(state, State::RolledBack);
    assert_eq!(house.versions().await, [Version::Current, Version::Revoked]);
}

#[tokio::test]
async fn where_any_key_is_answered_alike_nothing_is_promoted() {
    let (house, state) = rotated(|h| h.app.provider.has_no_list(false)).await;
    assert_eq!(state, State::NeedsAttention);
    assert_eq!(house.versions().await, [Version::Current, Version::Pending]);
}
