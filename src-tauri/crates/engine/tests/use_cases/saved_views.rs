//! Saved views: whose they are, who may change them, and what is written of each change.

use crate::world::{World, ready};
use reeve_core::id::UserId;
use reeve_core::permission::Role;
use reeve_core::principal::Principal;
use reeve_engine::audit::{ChangeView, EntryFilter, SaveView, Stream, ViewFilter};
use reeve_engine::{Code, Cx, Engine};

fn with_role(cx: &Cx, role: Role) -> Cx {
    let id = UserId("0199f3c0-0000-7000-8000-000000000001".parse().unwrap());
    Cx {
        principal: Principal::User {
            id,
            subject: "u_other".to_owned(),
            may: role.allowance(),
            grants: std::sync::Arc::default(),
            session: None,
        },
        ..cx.clone()
    }
}

fn named(name: &str, shared: bool) -> SaveView {
    let event_types = vec!["auth.failed".to_owned()];
    let filter = ViewFilter { event_types, actor: Some("Dana".to_owned()), ..ViewFilter::default() };
    SaveView { name: name.to_owned(), shared, filter }
}

/// The leaves of the views' entries, oldest first.
async fn entries(engine: &Engine) -> Vec<String> {
    let filter = EntryFilter { noun: Some("saved_view".to_owned()), ..EntryFilter::default() };
    let page = engine.audit_page(&Cx::system(), filter, 100).await.unwrap();
    let mut leaves = Vec::new();
    for entry in page.entries.iter().rev() {
        leaves.push(engine.audit_entry(&Cx::system(), Stream::Audit, entry.sequence).await.unwrap().leaf);
    }
    leaves
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_is_an_entry_without_names_of_people() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    let saved = engine.save_view(&cx, named("Mine", false)).await.unwrap();
    assert!(saved.own && saved.may_change && saved.owner == "First Admin");
    let id = saved.view.id;
    let taken = engine.save_view(&cx, named("mine", true)).await.unwrap_err();
    assert_eq!(
        (taken.code, taken.message.as_str()),
        (Code::Conflict, "There is a view of this name already.")
    );
    let change = ChangeView { shared: Some(true), ..ChangeView::default() };
    assert!(engine.change_view(&cx, id, change.clone()).await.unwrap().view.shared);
    // Nothing changes: nothing is written.
    engine.change_view(&cx, id, change).await.unwrap();
    let filter = Some(ViewFilter { outcome: Some("denied".to_owned()), ..ViewFilter::default() });
    let change = ChangeView { filter, name: Some("Theirs".to_owned()), ..ChangeView::default() };
    engine.change_view(&cx, id, change).await.unwrap();
    let views = engine.saved_views(&cx).await.unwrap();
    assert_eq!((views.len(), views[0].view.name.as_str()), (1, "Theirs"));
    assert_eq!(views[0].view.filter.outcome.as_deref(), Some("denied"));
    engine.remove_view(&cx, id).await.unwrap();
    assert_eq!(engine.remove_view(&cx, id).await.unwrap_err().code, Code::NotFound);

    let leaves = entries(&engine).await;
    let kinds = ["saved_view.create", "saved_view.update", "saved_view.update", "saved_view.delete"];
    assert_eq!(leaves.len(), kinds.len(), "{leaves:?}");
    for (leaf, kind) in leaves.iter().zip(kinds) {
        assert!(leaf.contains(kind) && !leaf.contains("Dana"), "{leaf}");
    }
    for told in
        [r#""field":"event_types""#, r#""field":"outcome""#, r#""field":"actor""#, r#""field":"name""#]
    {
        assert!(leaves[2].contains(told), "{told} in {}", leaves[2]);
    }
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_is_its_owners_and_a_shared_one_an_administrators_too() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    let own = engine.save_view(&cx, named("Own", false)).await.unwrap().view.id;
    let shared = engine.save_view(&cx, named("Shared", true)).await.unwrap().view.id;
    let rename = || ChangeView { name: Some("Renamed".to_owned()), ..ChangeView::default() };

    let reader = with_role(&cx, Role::Security);
    let seen = engine.saved_views(&reader).await.unwrap();
    assert_eq!((seen.len(), seen[0].view.id, seen[0].own, seen[0].may_change), (1, shared, false, false));
    assert_eq!(engine.change_view(&reader, shared, rename()).await.unwrap_err().code, Code::Forbidden);
    assert_eq!(engine.remove_view(&reader, shared).await.unwrap_err().code, Code::Forbidden);
    assert_eq!(engine.change_view(&reader, own, rename()).await.unwrap_err().code, Code::NotFound);

    let admin = with_role(&cx, Role::Admin);
    assert_eq!(engine.change_view(&admin, own, rename()).await.unwrap_err().code, Code::NotFound);
    assert!(engine.change_view(&admin, shared, rename()).await.unwrap().may_change);
    // It stays the owner's: whoever takes it back to themselves does not have it.
    let private = ChangeView { shared: Some(false), ..ChangeView::default() };
    engine.change_view(&admin, shared, private).await.unwrap();
    assert!(engine.saved_views(&admin).await.unwrap().is_empty());

    let nobody = with_role(&cx, Role::Finance);
    assert_eq!(engine.saved_views(&nobody).await.unwrap_err().code, Code::Forbidden);
    assert_eq!(engine.save_view(&Cx::system(), named("x", false)).await.unwrap_err().code, Code::Forbidden);
    for n in 2..100 {
        engine.save_view(&cx, named(&format!("View {n}"), false)).await.unwrap();
    }
    assert_eq!(engine.save_view(&cx, named("One more", false)).await.unwrap_err().code, Code::Conflict);
    engine.close().await;
}
