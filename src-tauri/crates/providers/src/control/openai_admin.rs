//! OpenAI's admin key itself: made with an end 97 days off, so that one that is forgotten does not live for ever.

use super::ask::{Ask, Show};
use super::error::ControlError;
use super::known::{KeyInfo, KeyState, LastUse, Minted};
use super::openai::{BASE, deleted, pages, seconds, whose};
use super::secret::MintedSecret;
use super::settings::{OpenaiAdmin, below};
use super::{Controlled, Key};
use http::Method;
use serde::Deserialize;
use serde_json::json;

/// A rotation every 90 days, and a week of grace.
const EXPIRES_IN_SECONDS: u64 = 97 * 86_400;

#[derive(Deserialize)]
struct AdminKey {
    id: String,
    name: Option<String>,
    redacted_value: String,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
}

pub(super) async fn list(at: &Controlled<'_>, to: &OpenaiAdmin) -> Result<Vec<KeyInfo>, ControlError> {
    let url = below(to.base_url.as_deref(), BASE, &["organization", "admin_api_keys"])?;
    let keys: Vec<AdminKey> = pages(at, to.base_url.as_deref(), url, |key: &AdminKey| &key.id).await?;
    Ok(keys.into_iter().map(|key| known(key, at)).collect())
}

fn known(key: AdminKey, at: &Controlled<'_>) -> KeyInfo {
    let is_over = key.expires_at.is_some_and(|end| seconds(end) <= at.at);
    KeyInfo {
        id: key.id,
        name: key.name,
        hint: Some(key.redacted_value),
        state: if is_over { KeyState::Expired } else { KeyState::Active },
        created_at: Some(seconds(key.created_at)),
        last_use: LastUse { at: key.last_used_at.map(seconds), by: None },
    }
}

pub(super) async fn create(at: &Controlled<'_>, to: &OpenaiAdmin, tag: &str) -> Result<Minted, ControlError> {
    #[derive(Deserialize)]
    struct Created {
        id: String,
        value: MintedSecret,
        expires_at: Option<i64>,
    }
    let url = below(to.base_url.as_deref(), BASE, &["organization", "admin_api_keys"])?;
    let body = json!({"name": tag, "expires_in_seconds": EXPIRES_IN_SECONDS});
    let ask = Ask::new(Method::POST, url, Show::Bearer(at.admin)).json(&body);
    let made: Created = at.ask(ask, to.base_url.as_deref(), BASE).await?.json("a new admin key")?;
    Ok(Minted { id: made.id, secret: made.value, expires_at: made.expires_at.map(seconds) })
}

pub(super) async fn delete(at: &Controlled<'_>, to: &OpenaiAdmin, id: &str) -> Result<(), ControlError> {
    let url = below(to.base_url.as_deref(), BASE, &["organization", "admin_api_keys", id])?;
    let ask = Ask::new(Method::DELETE, url, Show::Bearer(at.admin));
    deleted(&at.ask(ask, to.base_url.as_deref(), BASE).await?)
}

/// As [`super::openai::account`]; an admin key belongs to no project and may list nothing but what an organisation has.
pub(super) async fn account(
    at: &Controlled<'_>,
    to: &OpenaiAdmin,
    key: Key<'_>,
) -> Result<Option<String>, ControlError> {
    let mut url = below(to.base_url.as_deref(), BASE, &["organization", "admin_api_keys"])?;
    url.query_pairs_mut().append_pair("limit", "1");
    let reply = at.ask(Ask::get(url, Show::Bearer(key)), to.base_url.as_deref(), BASE).await?;
    Ok(whose(&reply))
}
