//! Tenants with a key, and calls with it.

use super::TestApp;
use super::answer::Answer;
use reeve_core::id::{ApiKeyId, TenantId};
use reeve_core::tenant::{QuotaOverride, Tier};
use reeve_engine::Cx;
use reeve_engine::tenants::CreateTenant;
use serde_json::Value;

/// A tenant to be made.
pub struct MakeTenant<'a> {
    app: &'a TestApp,
    name: &'a str,
    tier: Tier,
    quota: Option<QuotaOverride>,
}

/// A tenant, and one key of it.
pub struct TestTenant {
    /// Its id.
    pub id: TenantId,
    /// Id of its key.
    pub key_id: ApiKeyId,
    /// The key itself.
    pub key: String,
}

impl<'a> MakeTenant<'a> {
    pub(super) fn new(app: &'a TestApp, name: &'a str) -> Self {
        Self { app, name, tier: Tier::Enterprise, quota: None }
    }

    /// On another plan than the largest.
    #[must_use]
    pub fn tier(self, tier: Tier) -> Self {
        Self { tier, ..self }
    }

    /// With a departure from its plan.
    #[must_use]
    pub fn quota(self, quota: QuotaOverride) -> Self {
        Self { quota: Some(quota), ..self }
    }

    /// Makes it, with a key.
    pub async fn make(self) -> TestTenant {
        let (engine, cx) = (&self.app.engine, Cx::system());
        let new = CreateTenant {
            name: self.name.to_owned(),
            slug: None,
            tier: self.tier,
            time_zone: None,
            owner: None,
            tags: Vec::new(),
            notes: None,
        };
        let id = engine.create_tenant(&cx, new).await.expect("a tenant").tenant.id;
        if let Some(quota) = self.quota {
            engine.set_quota_override(&cx, id, Some(quota)).await.expect("a quota");
        }
        let minted = engine.mint_api_key(&cx, id, "first", None).await.expect("a key");
        TestTenant { id, key_id: minted.key.id, key: minted.secret.to_string() }
    }
}

impl TestApp {
    /// A request to the gateway with a key, to be sent.
    pub fn post(&self, path: &str, key: &str, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        self.client
            .post(self.url(path))
            .bearer_auth(key)
            .header("content-type", "application/json")
            .body(body)
    }

    /// A chat call and its whole answer.
    pub async fn chat(&self, tenant: &TestTenant, body: &Value) -> Answer {
        let sent = self.post("/v1/chat/completions", &tenant.key, body.to_string()).send().await;
        Answer::of(sent.expect("an answer")).await
    }

    /// A call with a JSON body and its whole answer.
    pub async fn call(&self, tenant: &TestTenant, path: &str, body: &Value) -> Answer {
        Answer::of(self.post(path, &tenant.key, body.to_string()).send().await.expect("an answer")).await
    }

    /// An embeddings call and its whole answer.
    pub async fn embed(&self, tenant: &TestTenant, body: &Value) -> Answer {
        let sent = self.post("/v1/embeddings", &tenant.key, body.to_string()).send().await;
        Answer::of(sent.expect("an answer")).await
    }

    /// A list of models and its whole answer.
    pub async fn models(&self, key: &str) -> Answer {
        Answer::of(self.client.get(self.url("/v1/models")).bearer_auth(key).send().await.expect("an answer"))
            .await
    }
}
