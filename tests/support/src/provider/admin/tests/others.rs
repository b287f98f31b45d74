//! The other admin APIs: each key is made, works, is switched off, and is gone; faults keep their class.

use super::*;
use crate::provider::{
    ADMIN_KEY, AWS_ADMIN, AWS_USER, AZURE, AZURE_SECRET, AdminFault, GOOGLE_ACCOUNT, GOOGLE_PROJECT,
    GOOGLE_TOKEN, Step,
};
use reeve_providers::control::{
    Anthropic, AwsIam, Azure, AzureKey, BedrockApiKey, Google, KeyState, Openrouter, SettingError, Uncertain,
};
use reeve_providers::upstream::ProbeOutcome;
use serde_json::json;

async fn play(control: impl FnOnce(&ScriptedProvider) -> Control, admin_key: &str) -> Play {
    let provider = ScriptedProvider::start().await.unwrap();
    let control = control(&provider);
    Play { provider, controls: Controls::of(&upstream()), control, admin_key: admin_key.into() }
}

fn root(provider: &ScriptedProvider) -> String {
    format!("http://{}", provider.address())
}

async fn iam() -> Play {
    let of = |p: &ScriptedProvider| {
        let region = "eu-central-1".to_owned();
        Control::AwsIam(AwsIam { user_name: AWS_USER.to_owned(), region, base_url: Some(root(p)) })
    };
    play(of, AWS_ADMIN).await
}

async fn bedrock_key() -> Play {
    let of = |p: &ScriptedProvider| {
        Control::BedrockApiKey(BedrockApiKey {
            user_name: AWS_USER.to_owned(),
            age_days: Some(97),
            base_url: Some(root(p)),
        })
    };
    play(of, AWS_ADMIN).await
}

async fn google(admin_key: &str) -> Play {
    let of = |p: &ScriptedProvider| {
        Control::Google(Google {
            project: GOOGLE_PROJECT.to_owned(),
            service_account: GOOGLE_ACCOUNT.to_owned(),
            base_url: Some(root(p)),
            token_url: Some(format!("{}/oauth2/token", root(p))),
        })
    };
    play(of, admin_key).await
}

async fn azure(secret: &str) -> Play {
    let of = |p: &ScriptedProvider| {
        let [directory, client, subscription, resource_group, account] = AZURE.map(str::to_owned);
        let key_name = AzureKey::Key1;
        let (base_url, login_url) = (Some(root(p)), Some(root(p)));
        Control::Azure(Azure {
            directory,
            client,
            subscription,
            resource_group,
            account,
            key_name,
            base_url,
            login_url,
        })
    };
    play(of, secret).await
}

async fn openrouter() -> Play {
    let of = |p: &ScriptedProvider| {
        Control::Openrouter(Openrouter { base_url: Some(format!("{}/openrouter/api/v1", root(p))) })
    };
    play(of, ADMIN_KEY).await
}

async fn anthropic() -> Play {
    let of = |p: &ScriptedProvider| {
        Control::Anthropic(Anthropic { workspace: None, base_url: Some(p.base_url()) })
    };
    play(of, ADMIN_KEY).await
}

/// Made, taken, switched off, refused, switched on, deleted, refused.
async fn lives_and_dies(play: &Play, provider: &str, base: &str) {
    let minted = play.create("reeve-0a1b-0001").await.unwrap();
    let outcome = async || play.probe(provider, base, minted.secret.expose()).await.outcome;
    assert_eq!(outcome().await, ProbeOutcome::Accepted);
    play.with().disable(&minted.id).await.unwrap();
    play.with().disable(&minted.id).await.unwrap();
    assert_eq!(outcome().await, ProbeOutcome::KeyRefused);
    assert_eq!(play.with().list().await.unwrap()[0].state, KeyState::Disabled);
    play.with().enable(&minted.id).await.unwrap();
    assert_eq!(outcome().await, ProbeOutcome::Accepted);
    play.with().delete(&minted.id).await.unwrap();
    assert_eq!(outcome().await, ProbeOutcome::KeyRefused);
    assert_eq!(play.with().delete(&minted.id).await, Err(ControlError::NotFound));
    assert_eq!(play.with().disable(&minted.id).await, Err(ControlError::NotFound));
}

#[tokio::test]
async fn an_aws_access_key_lives_and_dies() {
    let play = iam().await;
    lives_and_dies(&play, "aws-bedrock", &play.provider.bedrock_url()).await;
    let asked = play.provider.admin().asked();
    let by_name = asked
        .iter()
        .filter(|a| !a.body.contains("GetAccessKeyLastUsed"))
        .all(|a| a.body.contains("UserName="));
    assert!(by_name, "without a name AWS acts on the caller");
}

#[tokio::test]
async fn aws_has_room_for_two_keys_and_names_those_that_fill_it() {
    for play in [iam().await, bedrock_key().await] {
        let (first, second) = (play.create("r").await.unwrap(), play.create("r").await.unwrap());
        let told = play.create("r").await.unwrap_err();
        let ControlError::Limit { mut ids, .. } = told else { panic!("{told}") };
        ids.sort();
        assert_eq!(ids, [first.id, second.id]);
    }
}

#[tokio::test]
async fn aws_says_when_a_key_was_used_and_whose_it_is() {
    let play = iam().await;
    let minted = play.create("r").await.unwrap();
    assert_eq!(play.with().last_used(&minted.id).await.unwrap().at, None);
    let account = play.with().account(Key(minted.secret.expose())).await.unwrap();
    assert_eq!(account.as_deref(), Some("123456789012"));
    let used = play.with().last_used(&minted.id).await.unwrap();
    assert_eq!((used.at, used.by.as_deref()), (Some(NOW), Some("bedrock, eu-central-1")));
    let told = play.with().account(Key(b"AKIANOBODY0000000000:no-secret-of-anybody")).await.unwrap_err();
    assert!(matches!(told, ControlError::Unauthorized { status: 403, .. }), "{told}");
}

#[tokio::test]
async fn a_new_aws_key_settles_after_a_while() {
    let play = iam().await;
    play.provider.admin().new_keys_fail(2);
    let minted = play.create("r").await.unwrap();
    assert!(play.control.abilities().settles);
    let mut outcomes = Vec::new();
    for _ in 0..3 {
        outcomes.push(
            play.probe("aws-bedrock", &play.provider.bedrock_url(), minted.secret.expose()).await.outcome,
        );
    }
    assert_eq!(outcomes, [ProbeOutcome::KeyRefused, ProbeOutcome::KeyRefused, ProbeOutcome::Accepted]);
}

#[tokio::test]
async fn a_bedrock_api_key_lives_ends_and_dies() {
    let play = bedrock_key().await;
    lives_and_dies(&play, "aws-bedrock", &play.provider.bedrock_url()).await;
    let minted = play.create("r").await.unwrap();
    assert_eq!(minted.expires_at, Some(Millis(NOW.0 + 97 * 86_400_000)));
    let reset = play.provider.admin().asked().iter().any(|asked| asked.body.contains("Reset"));
    assert!(!reset, "a reset would end the secret in use");
}

#[tokio::test]
async fn an_openrouter_key_lives_and_dies_on_every_page() {
    let play = openrouter().await;
    play.provider.admin().page_size(2);
    lives_and_dies(&play, "openrouter", &play.provider.base_url()).await;
    for n in 0..5 {
        play.create(&format!("r{n}")).await.unwrap();
    }
    assert_eq!(play.ids().await.len(), 5);
}

#[tokio::test]
async fn an_anthropic_key_is_made_by_a_person_and_retired_by_reeve() {
    let play = anthropic().await;
    assert!(!play.control.abilities().create);
    assert_eq!(play.create("r").await.unwrap_err(), ControlError::Unsupported("create"));
    play.provider.admin().page_size(1);
    let (id, value) = play.provider.admin().seeded_key("pasted");
    play.provider.admin().foreign_key("somebody's");
    let keys = play.with().list().await.unwrap();
    let known = keys.iter().find(|key| key.id == id).unwrap();
    assert!(known.hint.as_ref().unwrap().ends_with(&value[value.len() - 4..]), "by which it is recognised");
    assert_eq!(keys.len(), 2);
    play.with().disable(&id).await.unwrap();
    assert_eq!(
        play.probe("anthropic", &play.provider.base_url(), value.as_bytes()).await.outcome,
        ProbeOutcome::KeyRefused
    );
    play.with().enable(&id).await.unwrap();
    assert_eq!(
        play.probe("anthropic", &play.provider.base_url(), value.as_bytes()).await.outcome,
        ProbeOutcome::Accepted
    );
    play.with().delete(&id).await.unwrap();
    assert!(!play.ids().await.contains(&id));
}

#[tokio::test]
async fn a_google_key_is_asked_for_twice_and_made_once() {
    let play = google(GOOGLE_TOKEN).await;
    play.provider.admin().on(Step::Create, AdminFault::HangAfter);
    let told = play.create("reeve-0a1b-0001").await.unwrap_err();
    assert_eq!(told, ControlError::Unknown(Uncertain::Timeout));
    let minted = play.create("reeve-0a1b-0001").await.unwrap();
    assert_eq!((minted.id.as_str(), play.ids().await.len()), ("reeve-0a1b-0001", 1));
    assert_eq!(play.with().reread(&minted.id).await.unwrap().secret.expose(), minted.secret.expose());
    let account = play.with().account(Key(minted.secret.expose())).await.unwrap();
    assert_eq!(account.as_deref(), Some("projects/123456789/locations/global"));
    assert_eq!(
        play.probe("google", &play.provider.google_url(), minted.secret.expose()).await.outcome,
        ProbeOutcome::Accepted
    );
    play.with().delete(&minted.id).await.unwrap();
    assert_eq!(play.with().reread(&minted.id).await.unwrap_err(), ControlError::NotFound);
    assert_eq!(play.ids().await.len(), 0, "an empty list is one without a word");
}

#[tokio::test]
async fn googles_token_comes_from_a_key_file_whose_address_is_not_followed() {
    let play = google("").await;
    let file = play.provider.admin().google_key_file();
    let with = play.controls.with(&play.control, Key(file.as_bytes()), NOW);
    assert_eq!(with.list().await.unwrap().len(), 0);
    let other = ScriptedProvider::start().await.unwrap().admin().google_key_file();
    let told = play.controls.with(&play.control, Key(other.as_bytes()), NOW).list().await.unwrap_err();
    assert!(matches!(told, ControlError::Unauthorized { .. }), "{told}");
    let broken = file.replace("BEGIN PRIVATE KEY", "BEGIN NOTHING");
    let told = play.controls.with(&play.control, Key(broken.as_bytes()), NOW).list().await.unwrap_err();
    assert_eq!(told, ControlError::Settings(SettingError::AdminKey));
}

#[tokio::test]
async fn of_azures_two_keys_the_one_in_use_is_never_touched() {
    let play = azure(AZURE_SECRET).await;
    let before = play.with().reread("Key1").await.unwrap();
    for current in [None, Some("Key1")] {
        let minted = play.with().create(Mint { tag: "r", current }).await.unwrap();
        assert_eq!(minted.id, "Key2");
        assert_eq!(play.with().reread("Key2").await.unwrap().secret.expose(), minted.secret.expose());
    }
    assert_eq!(play.with().reread("Key1").await.unwrap().secret.expose(), before.secret.expose());
    let ours = play.with().account(Key(before.secret.expose())).await.unwrap();
    assert_eq!(ours.as_deref(), Some("sub-1/group-1/account-1"));
    play.with().delete("Key1").await.unwrap();
    assert_ne!(
        play.with().account(Key(before.secret.expose())).await.unwrap(),
        ours,
        "the old value works no more"
    );
    let back = play.with().create(Mint { tag: "r", current: Some("Key2") }).await.unwrap();
    assert_eq!(back.id, "Key1");
    assert!(play.with().create(Mint { tag: "r", current: Some("Key3") }).await.is_err());
    let wrong = azure("another-secret").await;
    assert!(matches!(wrong.with().list().await.unwrap_err(), ControlError::Unauthorized { .. }));
}

#[tokio::test]
async fn faults_keep_their_class_at_every_provider() {
    use AdminFault::{HangAfter, HangBefore, Limited, OtherShape, StatusAfter, StatusBefore};
    for fault in [HangAfter, HangBefore, StatusAfter(500), StatusBefore(500), Limited(3), OtherShape] {
        for play in [
            iam().await,
            bedrock_key().await,
            google(GOOGLE_TOKEN).await,
            azure(AZURE_SECRET).await,
            openrouter().await,
        ] {
            play.provider.admin().on(Step::Create, fault);
            let told = play.create("reeve-0a1b-0001").await.unwrap_err();
            let as_expected = match fault {
                Limited(_) => matches!(told, ControlError::RateLimited { .. }),
                OtherShape => matches!(told, ControlError::Shape(_)),
                _ => matches!(told, ControlError::Unknown(_)),
            };
            assert!(as_expected, "{fault:?} of {}: {told:?}", play.control.kind());
        }
    }
}

#[tokio::test]
async fn a_list_of_another_shape_is_never_empty() {
    for play in [
        iam().await,
        bedrock_key().await,
        google(GOOGLE_TOKEN).await,
        azure(AZURE_SECRET).await,
        openrouter().await,
        anthropic().await,
    ] {
        for fault in [AdminFault::OtherShape, AdminFault::WebPage] {
            play.provider.admin().on(Step::List, fault);
            let told = play.with().list().await;
            assert!(
                matches!(told, Err(ControlError::Shape(_))),
                "{fault:?} of {}: {told:?}",
                play.control.kind()
            );
        }
    }
}

/// OpenRouter's API, described rather than known.
#[tokio::test]
async fn any_api_can_be_described() {
    let of = |p: &ScriptedProvider| {
        let keys = format!("{}/openrouter/api/v1/keys", root(p));
        let one = format!("{keys}/{{id}}");
        serde_json::from_value(json!({
            "kind": "template", "hosts": ["127.0.0.1"],
            "create": {"request": {"method": "POST", "url": keys, "body": {"name": "{tag}"}}, "id": "/data/hash", "secret": "/key"},
            "list": {"request": {"method": "GET", "url": format!("{keys}?include_disabled=true")}, "items": "/data", "id": "/hash",
                "name": "/name", "hint": "/label", "created_at": "/created_at", "disabled": "/disabled"},
            "disable": {"method": "PATCH", "url": one, "body": {"disabled": true}},
            "enable": {"method": "PATCH", "url": one, "body": {"disabled": false}},
            "delete": {"method": "DELETE", "url": one},
            "probe": {"method": "GET", "url": format!("{}/models", p.base_url())},
        }))
        .unwrap()
    };
    let play = play(of, ADMIN_KEY).await;
    lives_and_dies(&play, "openrouter", &play.provider.base_url()).await;
    let minted = play.create("reeve-0a1b-0002").await.unwrap();
    play.with().try_key(Key(minted.secret.expose())).await.unwrap();
    let told = play.with().try_key(Key(b"sk-nobodys-key-0001")).await.unwrap_err();
    assert!(matches!(told, ControlError::Unauthorized { .. }), "{told}");
    let [key] = &play.with().list().await.unwrap()[..] else { panic!("one key") };
    assert_eq!((key.name.as_deref(), key.created_at), (Some("reeve-0a1b-0002"), Some(NOW)));
}
