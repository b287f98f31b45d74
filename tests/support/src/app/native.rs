//! Calls in the shapes of other providers than OpenAI.

use super::TestApp;
use super::answer::Answer;
use crate::provider::KEY;
use serde_json::Value;

/// A pair of AWS keys that the scripted provider takes once it is told to.
pub const AWS_KEY: &str = "AKIASCRIPTED:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

impl TestApp {
    /// One with a provider key for each of the shapes, and none for OpenAI.
    pub async fn start_native() -> Self {
        let app = Self::start_with(super::Options { no_credential: true, ..super::Options::default() }).await;
        app.native_credentials().await;
        app
    }

    /// Adds a provider key for each of the shapes.
    pub async fn native_credentials(&self) {
        let provider = &self.provider;
        provider.accept_key(AWS_KEY);
        self.credential("anthropic", &provider.anthropic_url(), KEY, &[]).await;
        self.credential("google", &provider.google_url(), KEY, &[]).await;
        self.credential("aws-bedrock", &provider.bedrock_url(), AWS_KEY, &[]).await;
    }

    /// A request to be sent, with the tenant's key in the header that the shape's own clients use.
    pub fn native(&self, path: &str, key: (&str, &str), body: &Value) -> reqwest::RequestBuilder {
        self.client
            .post(self.url(path))
            .header(key.0, key.1)
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    /// The whole answer to such a request.
    pub async fn call_native(&self, path: &str, key: (&str, &str), body: &Value) -> Answer {
        Answer::of(self.native(path, key, body).send().await.expect("an answer")).await
    }
}
