//! Keys of an Anthropic organisation. There is no way to make one: a person does that in the console and pastes it, and it is
//! recognised by the hint that the list shows. Deleting is archiving, which is final.

use super::ask::{Ask, Reply, Show};
use super::error::ControlError;
use super::known::{KeyInfo, KeyState, LastUse};
use super::settings::{Anthropic, below};
use super::{Controlled, Key};
use http::{HeaderName, HeaderValue, Method};
use reqwest::Url;
use serde::Deserialize;
use serde_json::json;

const BASE: &str = "https://api.anthropic.com/v1";
const PAGE: &str = "1000";
const PAGES: usize = 100;
/// Whose key it was that a request came with.
const ORGANIZATION: &str = "anthropic-organization-id";

#[derive(Deserialize)]
struct Page {
    data: Vec<ApiKey>,
    has_more: bool,
    last_id: Option<String>,
}

#[derive(Deserialize)]
struct ApiKey {
    id: String,
    name: Option<String>,
    partial_key_hint: Option<String>,
    status: String,
    created_at: String,
}

pub(super) async fn list(at: &Controlled<'_>, to: &Anthropic) -> Result<Vec<KeyInfo>, ControlError> {
    let (mut keys, mut after) = (Vec::new(), None::<String>);
    for _ in 0..PAGES {
        let mut url = place(to, &[])?;
        url.query_pairs_mut().append_pair("limit", PAGE);
        if let Some(workspace) = &to.workspace {
            url.query_pairs_mut().append_pair("workspace_id", workspace);
        }
        if let Some(after) = &after {
            url.query_pairs_mut().append_pair("after_id", after);
        }
        let page: Page = ask(at, to, Ask::get(url, shown(at.admin))).await?.json("a list of keys")?;
        // What is archived is gone for good.
        keys.extend(page.data.into_iter().filter(|key| key.status != "archived").map(known));
        if !page.has_more {
            return keys.into_iter().collect();
        }
        let next = page.last_id.filter(|next| after.as_ref() != Some(next));
        after = Some(next.ok_or(ControlError::Shape("a list that goes on, without where"))?);
    }
    Err(ControlError::Shape("a list without an end"))
}

fn known(key: ApiKey) -> Result<KeyInfo, ControlError> {
    let state = match key.status.as_str() {
        "active" => KeyState::Active,
        "inactive" => KeyState::Disabled,
        "expired" => KeyState::Expired,
        _ => return Err(ControlError::Shape("a state of a key that is not known")),
    };
    let created = key.created_at.parse().map_err(|_| ControlError::Shape("a time that is none"))?;
    Ok(KeyInfo {
        id: key.id,
        name: key.name,
        hint: key.partial_key_hint,
        state,
        created_at: Some(created),
        last_use: LastUse::default(),
    })
}

pub(super) async fn switch(
    at: &Controlled<'_>,
    to: &Anthropic,
    id: &str,
    on: bool,
) -> Result<(), ControlError> {
    set(at, to, id, if on { "active" } else { "inactive" }).await
}

pub(super) async fn delete(at: &Controlled<'_>, to: &Anthropic, id: &str) -> Result<(), ControlError> {
    set(at, to, id, "archived").await
}

async fn set(at: &Controlled<'_>, to: &Anthropic, id: &str, status: &str) -> Result<(), ControlError> {
    let change = Ask::new(Method::POST, place(to, &[id])?, shown(at.admin)).json(&json!({"status": status}));
    let changed = match ask(at, to, change).await {
        // What is archived cannot be changed any more, and is on no list: there is no such key.
        Err(ControlError::Refused { status: 400, message }) => {
            let is_there = list(at, to).await?.iter().any(|key| key.id == id);
            let refused = ControlError::Refused { status: 400, message };
            return Err(if is_there { refused } else { ControlError::NotFound });
        }
        other => other?,
    };
    let now: ApiKey = changed.json("a key")?;
    if now.status == status { Ok(()) } else { Err(ControlError::Shape("another state than was asked for")) }
}

/// The organisation, which the provider names in the headers of any answer.
pub(super) async fn account(
    at: &Controlled<'_>,
    to: &Anthropic,
    key: Key<'_>,
) -> Result<Option<String>, ControlError> {
    let mut url = below(to.base_url.as_deref(), BASE, &["models"])?;
    url.query_pairs_mut().append_pair("limit", "1");
    let reply = ask(at, to, Ask::get(url, shown(key))).await?;
    Ok(reply.headers.get(ORGANIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned))
}

fn place(to: &Anthropic, id: &[&str]) -> Result<Url, ControlError> {
    Ok(below(to.base_url.as_deref(), BASE, &[&["organizations", "api_keys"], id].concat())?)
}

const fn shown(key: Key<'_>) -> Show<'_> {
    Show::Header("x-api-key", key)
}

async fn ask(at: &Controlled<'_>, to: &Anthropic, ask: Ask<'_>) -> Result<Reply, ControlError> {
    let version = HeaderValue::from_static(crate::anthropic::VERSION);
    let ask = ask.header(HeaderName::from_static("anthropic-version"), version);
    at.ask(ask, to.base_url.as_deref(), BASE).await
}
