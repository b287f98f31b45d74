use super::*;
use crate::provider::{ADMIN_KEY, AdminFault, PROJECT, Step};
use reeve_providers::control::{KeyState, Openai, OpenaiAdmin, Uncertain};
use reeve_providers::upstream::ProbeOutcome;

async fn project() -> Play {
    let provider = ScriptedProvider::start().await.unwrap();
    let base_url = Some(provider.base_url());
    let control = Control::Openai(Openai { project: PROJECT.to_owned(), base_url });
    Play { provider, controls: Controls::of(&upstream()), control, admin_key: ADMIN_KEY.into() }
}

async fn admin() -> Play {
    let play = project().await;
    let control = Control::OpenaiAdmin(OpenaiAdmin { base_url: Some(play.provider.base_url()) });
    Play { control, ..play }
}

#[tokio::test]
async fn a_key_is_made_works_and_is_gone() {
    let play = project().await;
    let minted = play.create("reeve-0a1b-0001").await.unwrap();
    assert!(!format!("{minted:?}").contains("svcacct"), "a value does not print itself");
    let probe = play.probe("openai", &play.provider.base_url(), minted.secret.expose()).await;
    assert_eq!((probe.outcome, probe.ids.len()), (ProbeOutcome::Accepted, 3));
    let [key] = &play.with().list().await.unwrap()[..] else { panic!("one key") };
    assert_eq!((&key.id, key.name.as_deref()), (&minted.id, Some("reeve-0a1b-0001")));
    assert_eq!((key.state, key.created_at, key.last_use.at), (KeyState::Active, Some(NOW), Some(NOW)));
    assert!(key.hint.as_ref().unwrap().ends_with(
        std::str::from_utf8(&minted.secret.expose()[minted.secret.expose().len() - 4..]).unwrap()
    ));
    assert_eq!(play.with().last_used(&minted.id).await.unwrap().at, Some(NOW));
    play.with().delete(&minted.id).await.unwrap();
    let probe = play.probe("openai", &play.provider.base_url(), minted.secret.expose()).await;
    assert_eq!(probe.outcome, ProbeOutcome::KeyRefused);
    assert_eq!(play.with().delete(&minted.id).await, Err(ControlError::NotFound), "as good as done");
}

#[tokio::test]
async fn the_effect_of_each_fault_is_told_as_it_is() {
    use AdminFault::{
        CutAfter, HangAfter, HangBefore, Limited, OtherShape, Redirect, StatusAfter, StatusBefore, WebPage,
    };
    for (fault, expected, keys) in [
        (HangAfter, ControlError::Unknown(Uncertain::Timeout), 1),
        (HangBefore, ControlError::Unknown(Uncertain::Timeout), 0),
        (CutAfter, ControlError::Unknown(Uncertain::Broken), 1),
        (StatusAfter(500), ControlError::Unknown(Uncertain::Status(500)), 1),
        (StatusBefore(503), ControlError::Unknown(Uncertain::Status(503)), 0),
        (Limited(7), ControlError::RateLimited { retry_after: Some(Duration::from_secs(7)) }, 0),
        (WebPage, ControlError::Shape("a new service account with its key"), 1),
        (OtherShape, ControlError::Shape("a new service account with its key"), 1),
    ] {
        let play = project().await;
        play.provider.admin().next(fault);
        let told = play.create("reeve-0a1b-0001").await.unwrap_err();
        assert_eq!(told, expected, "{fault:?}");
        assert_eq!(play.ids().await.len(), keys, "{fault:?}");
        assert!(keys == 0 || told.may_have_happened(), "{fault:?}: a key that may be there is not denied");
    }
    let play = project().await;
    play.provider.admin().next(Redirect);
    let told = play.create("reeve-0a1b-0001").await.unwrap_err();
    assert!(matches!(told, ControlError::Refused { status: 307, .. }), "{told}");
}

#[tokio::test]
async fn a_list_that_is_none_is_never_empty() {
    for fault in [AdminFault::OtherShape, AdminFault::WebPage] {
        let play = project().await;
        play.provider.admin().on(Step::List, fault);
        assert_eq!(play.with().list().await, Err(ControlError::Shape("a list of keys")), "{fault:?}");
    }
    let nowhere = project().await;
    let control = Control::Openai(Openai {
        project: "proj_other".to_owned(),
        base_url: Some(nowhere.provider.base_url()),
    });
    let told = nowhere.controls.with(&control, Key(ADMIN_KEY.as_bytes()), NOW).delete("svc_acct_1").await;
    assert!(
        matches!(told, Err(ControlError::Refused { status: 404, .. })),
        "a wrong project deletes nothing: {told:?}"
    );
}

#[tokio::test]
async fn every_page_is_read_and_foreign_keys_are_told_apart() {
    let play = project().await;
    play.provider.admin().page_size(2);
    let foreign = play.provider.admin().foreign_key("somebody's");
    for n in 0..4 {
        play.create(&format!("reeve-0a1b-000{n}")).await.unwrap();
    }
    let keys = play.with().list().await.unwrap();
    assert_eq!(keys.len(), 5);
    assert!(keys.iter().any(|key| key.id == foreign && key.name.as_deref() == Some("somebody's")));
    let lists = play.provider.admin().asked().iter().filter(|asked| asked.method == "GET").count();
    assert_eq!(lists, 6, "three pages of accounts, three of keys");
}

#[tokio::test]
async fn an_account_with_another_key_is_left_alone() {
    let play = project().await;
    let minted = play.create("reeve-0a1b-0001").await.unwrap();
    play.provider.admin().second_key_of(&minted.id);
    let told = play.with().delete(&minted.id).await.unwrap_err();
    assert!(matches!(told, ControlError::Refused { status: 409, .. }), "{told}");
    assert_eq!(play.provider.admin().live().iter().filter(|key| !key.admin).count(), 2);
}

#[tokio::test]
async fn a_full_project_names_what_fills_it() {
    let play = project().await;
    play.provider.admin().room_for(1);
    let foreign = play.provider.admin().foreign_key("somebody's");
    let told = play.create("reeve-0a1b-0001").await.unwrap_err();
    let ControlError::Limit { ids, .. } = told else { panic!("{told}") };
    assert_eq!(ids, [foreign]);
}

#[tokio::test]
async fn a_stale_list_makes_nobody_believe_that_a_key_is_gone() {
    let play = project().await;
    let minted = play.create("reeve-0a1b-0001").await.unwrap();
    play.with().delete(&minted.id).await.unwrap();
    // Of the reads that follow, the first shows the accounts as they were before.
    play.provider.admin().stale_lists(3);
    let told = play.with().delete(&minted.id).await;
    assert_eq!(told, Err(ControlError::Unknown(Uncertain::StillListed)));
    assert_eq!(play.with().delete(&minted.id).await, Err(ControlError::NotFound));
}

#[tokio::test]
async fn a_new_key_may_need_a_while_and_may_see_less() {
    let play = project().await;
    play.provider.admin().new_keys_fail(2).new_keys_see(&["gpt-4o"]).new_keys_belong_to("org-other");
    let minted = play.create("reeve-0a1b-0001").await.unwrap();
    let mut outcomes = Vec::new();
    for _ in 0..3 {
        outcomes.push(play.probe("openai", &play.provider.base_url(), minted.secret.expose()).await);
    }
    assert_eq!(outcomes[1].outcome, ProbeOutcome::KeyRefused);
    assert_eq!(
        (outcomes[2].outcome, &outcomes[2].ids[..]),
        (ProbeOutcome::Accepted, &["gpt-4o".to_owned()][..])
    );
    let ours = play.with().account(Key(play.provider.key().as_bytes())).await.unwrap();
    let other = play.with().account(Key(minted.secret.expose())).await.unwrap();
    assert_eq!(
        (ours.as_deref(), other.as_deref()),
        (Some("org-scripted/proj_scripted"), Some("org-other/proj_scripted"))
    );
}

#[tokio::test]
async fn an_admin_key_that_is_refused_is_told_from_a_provider_that_is_away() {
    let play = project().await;
    let wrong = play.controls.with(&play.control, Key(b"sk-admin-wrong-key-000000001"), NOW);
    let told = wrong.list().await.unwrap_err();
    assert!(matches!(told, ControlError::Unauthorized { status: 401, .. }), "{told}");
    let gone = Control::Openai(Openai {
        project: PROJECT.to_owned(),
        base_url: Some("http://127.0.0.1:1/v1".to_owned()),
    });
    let told = play
        .controls
        .with(&gone, Key(ADMIN_KEY.as_bytes()), NOW)
        .create(Mint { tag: "r", current: None })
        .await;
    assert_eq!(told.unwrap_err(), ControlError::NotSent);
}

#[tokio::test]
async fn the_admin_key_itself_is_replaced_and_ends() {
    let play = admin().await;
    let minted = play.create("reeve-0a1b-0001").await.unwrap();
    let ends = Millis(NOW.0 + 97 * 86_400_000);
    assert_eq!(minted.expires_at, Some(ends));
    let with_new = play.controls.with(&play.control, Key(minted.secret.expose()), NOW);
    assert_eq!(with_new.account(Key(minted.secret.expose())).await.unwrap().as_deref(), Some("org-scripted"));
    let first = with_new.list().await.unwrap().into_iter().find(|key| key.id != minted.id).unwrap();
    with_new.delete(&first.id).await.unwrap();
    let told = play.with().list().await.unwrap_err();
    assert!(matches!(told, ControlError::Unauthorized { .. }), "the old one is gone: {told}");
    let late = play.controls.with(&play.control, Key(minted.secret.expose()), ends).list().await.unwrap();
    assert_eq!(late[0].state, KeyState::Expired);
}
