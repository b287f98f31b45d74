//! Trying a key without spending anything.

use super::{Auth, BaseUrl, Key, Target, Upstream, UpstreamError};
use crate::openai::models::read_ids;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use reeve_core::time::Millis;

/// What trying a key brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// How it went.
    pub outcome: ProbeOutcome,
    /// The provider's status.
    pub status: u16,
    /// How many models the key may use, where the provider lists them.
    pub models: Option<usize>,
    /// Their ids in order, for holding one key against another; empty where the provider does not list them.
    pub ids: Vec<String>,
}

/// How trying a key went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeOutcome {
    /// The provider takes the key.
    Accepted,
    /// The provider does not take the key.
    KeyRefused,
    /// The provider takes no more calls for now; of the key that says nothing.
    Limited,
    /// Nothing like a list of models is there: the address may be wrong, or this provider has no list.
    NoList,
    /// The provider itself has a fault.
    Faulty,
}

impl ProbeOutcome {
    /// A sentence for people.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Accepted => "The provider accepts the key.",
            Self::KeyRefused => "The provider refuses the key.",
            Self::Limited => "The provider is limiting calls at the moment; try again later.",
            Self::NoList => "The address answers, but not with a list of models; check the address.",
            Self::Faulty => "The provider has a fault of its own; try again later.",
        }
    }
}

/// A list of models is never longer.
const LIMIT: usize = 8 * 1024 * 1024;

impl Upstream {
    /// Asks `provider`, as the price catalogue spells it, for its list of models, `at` this time.
    ///
    /// # Errors
    /// [`UpstreamError`] where no answer came.
    pub async fn probe(
        &self,
        provider: &str,
        base_url: &BaseUrl,
        key: Key<'_>,
        at: Millis,
    ) -> Result<Probe, UpstreamError> {
        let none = HeaderMap::new();
        let (base_url, path, auth) = list_of(provider, base_url, at);
        let target =
            Target { auth, query: page_of(provider, auth), ..Target::json(&base_url, path, key, &none) };
        let response = self.call(Method::GET, target, Bytes::new(), super::Within::default()).await?;
        let status = response.status;
        if !status.is_success() {
            return Ok(Probe {
                outcome: refused(status),
                status: status.as_u16(),
                models: None,
                ids: Vec::new(),
            });
        }
        let ids = read_ids(&response.collect(LIMIT).await?);
        let outcome = if ids.is_some() { ProbeOutcome::Accepted } else { ProbeOutcome::NoList };
        let models = ids.as_ref().map(Vec::len);
        let mut ids = ids.unwrap_or_default();
        ids.sort_unstable();
        Ok(Probe { outcome, status: status.as_u16(), models, ids })
    }
}

/// Where a provider keeps its list of models, and how it wants to be shown the key.
fn list_of(provider: &str, base_url: &BaseUrl, at: Millis) -> (BaseUrl, &'static str, Auth) {
    let own = || base_url.clone();
    match provider {
        "anthropic" => (own(), "/models", Auth::XApiKey),
        // The folder for OpenAI's shape has a list of its own, and takes the key as OpenAI does.
        "google" if !base_url.path().ends_with("/openai") => (own(), "/models", Auth::GoogleApiKey),
        // Models are listed by another host than the one that runs them.
        "aws-bedrock" => {
            (base_url.beside("bedrock-runtime", "bedrock"), "/foundation-models", Auth::Aws { at })
        }
        "azure-openai" => (own(), "/models", Auth::ApiKey),
        _ => (own(), "/models", Auth::Bearer),
    }
}

/// What makes a list whole where a provider would send its first page only.
fn page_of(provider: &str, auth: Auth) -> Option<&'static str> {
    match (provider, auth) {
        ("anthropic", _) => Some("limit=1000"),
        ("google", Auth::GoogleApiKey) => Some("pageSize=1000"),
        _ => None,
    }
}

fn refused(status: StatusCode) -> ProbeOutcome {
    match status.as_u16() {
        401 | 403 => ProbeOutcome::KeyRefused,
        429 => ProbeOutcome::Limited,
        500.. => ProbeOutcome::Faulty,
        _ => ProbeOutcome::NoList,
    }
}
