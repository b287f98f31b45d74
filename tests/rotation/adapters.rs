//! Every way that keys are made and retired, each with the scripted provider that plays it.

use reeve_core::id::CredentialId;
use reeve_core::rotation::{RotationState as State, VersionState};
use reeve_engine::credentials::AddCredential;
use reeve_engine::rotation::control::AddControlCredential;
use reeve_engine::rotation::{BeginRenewal, BeginRotation, Resolution, SetRotation};
use reeve_engine::{Cx, Engine};
use reeve_providers::control::Control;
use reeve_tests::provider::{
    ADMIN_KEY, AWS_ADMIN, AWS_USER, AZURE, AZURE_SECRET, AdminKey, GOOGLE_ACCOUNT, GOOGLE_PROJECT,
    GOOGLE_TOKEN, Make, PROJECT, ScriptedProvider, Step,
};
use reeve_vault::Secret;
use serde_json::{Value, json};

/// Where a rotation may break off: before an act, behind it and before that is written down, and behind that.
pub(crate) const WHEN: [&str; 3] = ["before", "called", "after"];
pub(crate) const STEPS: [State; 10] = [
    State::Planned,
    State::Intent,
    State::Minting,
    State::Minted,
    State::Probing,
    State::Promoted,
    State::Draining,
    State::Disabling,
    State::Soaking,
    State::Revoking,
];

/// A provider's admin API, or the want of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Adapter {
    Openai,
    OpenaiAdmin,
    AwsIam,
    BedrockKey,
    Google,
    Azure,
    Openrouter,
    Template,
    Anthropic,
    Manual,
}

pub(crate) const ADAPTERS: [Adapter; 10] = [
    Adapter::Openai,
    Adapter::OpenaiAdmin,
    Adapter::AwsIam,
    Adapter::BedrockKey,
    Adapter::Google,
    Adapter::Azure,
    Adapter::Openrouter,
    Adapter::Template,
    Adapter::Anthropic,
    Adapter::Manual,
];

impl Adapter {
    /// Whether a person makes the keys.
    pub(crate) fn is_guided(self) -> bool {
        matches!(self, Self::Anthropic | Self::Manual)
    }

    /// The call that ends a key for good, as the scripted provider sees it.
    pub(crate) fn ends_by(self) -> Step {
        match self {
            // A key is ended by making another in its place.
            Self::Azure => Step::Create,
            Self::Anthropic => Step::Switch,
            _ => Step::Delete,
        }
    }

    pub(crate) fn can_disable(self) -> bool {
        matches!(self, Self::AwsIam | Self::BedrockKey | Self::Openrouter | Self::Template | Self::Anthropic)
    }

    /// As which provider's a key of it looks.
    pub(crate) fn make(self) -> Make {
        match self {
            Self::Openai | Self::Anthropic | Self::Manual => Make::ServiceAccount,
            Self::OpenaiAdmin => Make::AdminKey,
            Self::AwsIam => Make::AwsPair,
            Self::BedrockKey => Make::BedrockKey,
            Self::Google => Make::GoogleKey,
            Self::Azure => Make::AzureKey,
            Self::Openrouter | Self::Template => Make::Hash,
        }
    }

    fn provider(self) -> &'static str {
        match self {
            Self::Openai | Self::OpenaiAdmin => "openai",
            Self::AwsIam | Self::BedrockKey => "aws-bedrock",
            Self::Google => "google",
            Self::Azure => "azure-openai",
            Self::Openrouter => "openrouter",
            Self::Anthropic => "anthropic",
            Self::Template | Self::Manual => "custom",
        }
    }

    fn base_url(self, provider: &ScriptedProvider) -> String {
        match self {
            Self::AwsIam | Self::BedrockKey => provider.bedrock_url(),
            Self::Google => provider.google_url(),
            _ => provider.base_url(),
        }
    }

    fn admin_key(self) -> &'static str {
        match self {
            Self::AwsIam | Self::BedrockKey => AWS_ADMIN,
            Self::Google => GOOGLE_TOKEN,
            Self::Azure => AZURE_SECRET,
            _ => ADMIN_KEY,
        }
    }

    /// Its settings, as they are kept.
    fn control(self, provider: &ScriptedProvider) -> Option<Value> {
        let root = format!("http://{}", provider.address());
        Some(match self {
            Self::Openai => json!({"kind": "openai", "project": PROJECT, "base_url": provider.base_url()}),
            Self::OpenaiAdmin => json!({"kind": "openai_admin", "base_url": provider.base_url()}),
            Self::AwsIam => {
                json!({"kind": "aws_iam", "user_name": AWS_USER, "region": "eu-central-1", "base_url": root})
            }
            Self::BedrockKey => {
                json!({"kind": "bedrock_api_key", "user_name": AWS_USER, "age_days": 97, "base_url": root})
            }
            Self::Google => {
                json!({"kind": "google", "project": GOOGLE_PROJECT, "service_account": GOOGLE_ACCOUNT,
                "base_url": root, "token_url": format!("{root}/oauth2/token")})
            }
            Self::Azure => {
                json!({"kind": "azure", "directory": AZURE[0], "client": AZURE[1], "subscription": AZURE[2],
                "resource_group": AZURE[3], "account": AZURE[4], "key_name": "Key1", "base_url": root, "login_url": root})
            }
            Self::Openrouter => {
                json!({"kind": "openrouter", "base_url": format!("{root}/openrouter/api/v1")})
            }
            Self::Template => template(&format!("{root}/openrouter/api/v1/keys")),
            Self::Anthropic => json!({"kind": "anthropic", "base_url": provider.base_url()}),
            Self::Manual => return None,
        })
    }

    /// Adds a credential whose key a person made, and the admin key it is rotated with: the credential, and the key's id there.
    pub(crate) async fn add(self, engine: &Engine, provider: &ScriptedProvider) -> (CredentialId, String) {
        if self == Self::OpenaiAdmin {
            return self.add_renewed(engine, provider).await;
        }
        let cx = Cx::system();
        let (first, value) = provider.admin().made_by_hand(self.make(), "by hand");
        let new = AddCredential {
            name: format!("{self:?}"),
            provider: self.provider().to_owned(),
            base_url: Some(self.base_url(provider)),
            models: Vec::new(),
            weight: None,
            priority: None,
            api_key: Secret::copy_of(value.as_bytes()),
        };
        let id = engine.add_credential(&cx, new).await.unwrap().id;
        let mut set = SetRotation { grace_days: Some(0), soak_hours: Some(0), ..SetRotation::default() };
        if let Some(control) = self.control(provider) {
            serde_json::from_value::<Control>(control.clone()).unwrap().check().unwrap();
            let admin = AddControlCredential {
                name: format!("{self:?} admin"),
                provider: self.provider().to_owned(),
                secret: Secret::copy_of(self.admin_key().as_bytes()),
            };
            let admin = engine.add_control_credential(&cx, admin).await.unwrap().id;
            (set.control, set.control_credential) = (Some(Some(control)), Some(Some(admin)));
        }
        engine.set_rotation(&cx, id, set).await.unwrap();
        (id, first)
    }

    /// Adds an admin key that is replaced by itself.
    async fn add_renewed(self, engine: &Engine, provider: &ScriptedProvider) -> (CredentialId, String) {
        let cx = Cx::system();
        let admin = AddControlCredential {
            name: format!("{self:?}"),
            provider: self.provider().to_owned(),
            secret: Secret::copy_of(self.admin_key().as_bytes()),
        };
        let admin = engine.add_control_credential(&cx, admin).await.unwrap().id;
        let control = self.control(provider).unwrap();
        let begun = engine.begin_renewal(&cx, admin, BeginRenewal { control, period_days: None }).await;
        let id = begun.unwrap().id;
        let set = SetRotation { grace_days: Some(0), soak_hours: Some(0), ..SetRotation::default() };
        engine.set_rotation(&cx, id, set).await.unwrap();
        let first = provider.admin().live().into_iter().find(|key| key.secret == self.admin_key()).unwrap();
        (id, first.id)
    }

    /// Whether a key at the provider is one that Reeve looks after.
    fn is_ours(self, key: &AdminKey) -> bool {
        !key.foreign && key.admin == (self == Self::OpenaiAdmin)
    }

    /// What a person does where a rotation waits for one: makes a key and pastes it, deletes the old one and says so.
    pub(crate) async fn operator(
        self,
        engine: &Engine,
        provider: &ScriptedProvider,
        r: &reeve_engine::rotation::Rotation,
    ) {
        let cx = Cx::system();
        if r.resumes == Some(State::Minted) {
            let (id, value) = provider.admin().made_by_hand(self.make(), &r.tag);
            let known = (self == Self::Anthropic).then_some(id);
            let key = Secret::copy_of(value.as_bytes());
            engine.paste_rotated_key(&cx, r.id, key, known).await.unwrap();
            return;
        }
        assert_eq!(r.resumes, Some(State::Done), "{r:?}");
        let versions = engine.key_versions(&cx, r.credential_id).await.unwrap().versions;
        let old = versions.iter().find(|v| v.version == r.from_version).unwrap();
        let alive = provider.admin().live();
        let is_old = |secret: &str| secret.ends_with(&old.last4);
        let old = alive.iter().find(|key| self.is_ours(key) && is_old(&key.secret));
        let Some(old) = old else {
            engine.resolve_rotation(&cx, r.id, Resolution::Deleted).await.unwrap();
            return;
        };
        if self.control(provider).is_some() {
            let key = Resolution::DeleteKey(old.id.clone());
            engine.resolve_rotation(&cx, r.id, key).await.unwrap();
        } else {
            provider.admin().kill(&old.id);
            engine.resolve_rotation(&cx, r.id, Resolution::Deleted).await.unwrap();
        }
    }
}

impl Adapter {
    /// One key in use, which works; nothing else of ours alive; nothing of anybody else's touched.
    pub(crate) async fn assert_sound(
        self,
        engine: &Engine,
        provider: &ScriptedProvider,
        credential: CredentialId,
        case: &str,
    ) {
        let cx = Cx::system();
        let versions = engine.key_versions(&cx, credential).await.unwrap().versions;
        let current: Vec<_> = versions.iter().filter(|v| v.state == VersionState::Current).collect();
        assert_eq!(current.len(), 1, "{case}: {versions:?}");
        let probed = engine.probe_credential(&cx, credential).await.unwrap();
        assert!(probed.ok, "{case}: calls have no key: {probed:?}");
        let keys = provider.admin().keys();
        let foreign: Vec<_> = keys.iter().filter(|key| key.foreign).collect();
        assert!(foreign.iter().all(|key| key.is_alive()), "{case}: a foreign key was touched: {foreign:?}");
        let ours: Vec<_> = keys.iter().filter(|k| k.is_alive() && self.is_ours(k)).collect();
        // There are always two.
        let expected = if self == Self::Azure { 2 } else { 1 };
        assert_eq!(ours.len(), expected, "{case}: {ours:?} live on, and we know {versions:?}");
        let in_use = ours.iter().any(|key| key.secret.ends_with(&current[0].last4));
        assert!(in_use, "{case}: {ours:?}, and we use {current:?}");
        if self == Self::OpenaiAdmin {
            let (admin, _) = engine.control_credentials(&cx).await.unwrap().remove(0);
            assert_eq!(admin.fingerprint, current[0].fingerprint, "{case}: the admin key is another");
        }
    }
}

/// OpenRouter's API once more, described request by request.
fn template(keys: &str) -> Value {
    let one = format!("{keys}/{{id}}");
    let switched = |to: bool| json!({"method": "PATCH", "url": one, "body": {"disabled": to}});
    json!({
        "kind": "template", "hosts": ["127.0.0.1"],
        "create": {"request": {"method": "POST", "url": keys, "body": {"name": "{tag}"}}, "id": "/data/hash", "secret": "/key"},
        "list": {"request": {"method": "GET", "url": format!("{keys}?include_disabled=true")}, "items": "/data", "id": "/hash",
            "name": "/name", "hint": "/label", "created_at": "/created_at", "disabled": "/disabled"},
        "disable": switched(true), "enable": switched(false),
        "delete": {"method": "DELETE", "url": one},
    })
}

/// Begins a rotation.
pub(crate) async fn begin(engine: &Engine, id: CredentialId) -> reeve_core::id::RotationId {
    engine.begin_rotation(&Cx::system(), id, BeginRotation::default()).await.unwrap().id
}
