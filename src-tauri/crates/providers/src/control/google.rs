//! API keys of a Google Cloud project, each bound to a service account and to the Gemini API.
//!
//! The caller chooses a key's id and the value can be read again later, so that a lost answer costs nothing: asking for the same id
//! again finds the key that is there. Keys are made and deleted by operations that take a while.

mod token;

use super::ask::{Ask, Reply, Show};
use super::error::{ControlError, Uncertain};
use super::known::{KeyInfo, KeyState, LastUse, Minted};
use super::secret::MintedSecret;
use super::settings::{Google, below};
use super::{Controlled, Key};
use http::Method;
use reqwest::Url;
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;

const BASE: &str = "https://apikeys.googleapis.com";
/// What a key may be used for.
const SERVICE: &str = "generativelanguage.googleapis.com";
const PAGES: usize = 100;
/// An operation is looked at so often, and so many times.
const LOOKS: usize = 20;
const BETWEEN: Duration = Duration::from_millis(500);

/// Google leaves empty lists out; anything else that is there makes it no list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Page {
    #[serde(default)]
    keys: Vec<ApiKey>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApiKey {
    name: String,
    display_name: Option<String>,
    create_time: String,
    delete_time: Option<String>,
}

#[derive(Deserialize)]
struct Operation {
    name: String,
    #[serde(default)]
    done: bool,
    error: Option<Status>,
}

#[derive(Deserialize)]
struct Status {
    code: i64,
    #[serde(default)]
    message: String,
}

pub(super) async fn list(at: &Controlled<'_>, to: &Google) -> Result<Vec<KeyInfo>, ControlError> {
    let token = token::of(at, to).await?;
    let (mut keys, mut next) = (Vec::new(), None::<String>);
    for _ in 0..PAGES {
        let mut url = place(to, &[])?;
        url.query_pairs_mut().append_pair("pageSize", "300");
        if let Some(page) = &next {
            url.query_pairs_mut().append_pair("pageToken", page);
        }
        let page: Page =
            ask(at, to, Ask::get(url, Show::Bearer(token.key()))).await?.json("a list of keys")?;
        for key in page.keys.into_iter().filter(|key| key.delete_time.is_none()) {
            keys.push(known(key)?);
        }
        match page.next_page_token.filter(|token| !token.is_empty()) {
            None => return Ok(keys),
            other if other == next => break,
            other => next = other,
        }
    }
    Err(ControlError::Shape("a list without an end"))
}

fn known(key: ApiKey) -> Result<KeyInfo, ControlError> {
    let id = key.name.rsplit('/').next().filter(|id| !id.is_empty());
    Ok(KeyInfo {
        id: id.ok_or(ControlError::Shape("a key without an id"))?.to_owned(),
        name: key.display_name,
        hint: None,
        state: KeyState::Active,
        created_at: Some(key.create_time.parse().map_err(|_| ControlError::Shape("a time that is none"))?),
        last_use: LastUse::default(),
    })
}

pub(super) async fn create(at: &Controlled<'_>, to: &Google, tag: &str) -> Result<Minted, ControlError> {
    let token = token::of(at, to).await?;
    let mut url = place(to, &[])?;
    url.query_pairs_mut().append_pair("keyId", tag);
    let body = json!({
        "displayName": tag,
        "serviceAccountEmail": to.service_account,
        "restrictions": {"apiTargets": [{"service": SERVICE}]},
    });
    let asked = ask(at, to, Ask::new(Method::POST, url, Show::Bearer(token.key())).json(&body)).await;
    match asked {
        Ok(reply) => finished(at, to, token.key(), reply).await?,
        // The id is ours alone: what has it was made by an earlier try.
        Err(ControlError::Refused { status: 409, .. }) => {}
        Err(error) => return Err(error),
    }
    value(at, to, token.key(), tag).await
}

pub(super) async fn reread(at: &Controlled<'_>, to: &Google, id: &str) -> Result<Minted, ControlError> {
    let token = token::of(at, to).await?;
    value(at, to, token.key(), id).await
}

async fn value(at: &Controlled<'_>, to: &Google, token: Key<'_>, id: &str) -> Result<Minted, ControlError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Value {
        key_string: MintedSecret,
    }
    let url = place(to, &[id, "keyString"])?;
    let value: Value = ask(at, to, Ask::get(url, Show::Bearer(token))).await?.json("the value of a key")?;
    Ok(Minted { id: id.to_owned(), secret: value.key_string, expires_at: None })
}

pub(super) async fn delete(at: &Controlled<'_>, to: &Google, id: &str) -> Result<(), ControlError> {
    let token = token::of(at, to).await?;
    let ask_for = Ask::new(Method::DELETE, place(to, &[id])?, Show::Bearer(token.key()));
    let reply = ask(at, to, ask_for).await?;
    finished(at, to, token.key(), reply).await
}

/// Waits for an operation. One that does not end in time goes on, so that its effect is not known.
async fn finished(
    at: &Controlled<'_>,
    to: &Google,
    token: Key<'_>,
    begun: Reply,
) -> Result<(), ControlError> {
    let mut now: Operation = begun.json("an operation")?;
    for _ in 0..LOOKS {
        if now.done {
            return now.error.map_or(Ok(()), |status| Err(failed(&status)));
        }
        tokio::time::sleep(BETWEEN).await;
        let name: Vec<&str> = now.name.split('/').collect();
        let url = below(to.base_url.as_deref(), BASE, &[&["v2"], &name[..]].concat())?;
        now = ask(at, to, Ask::get(url, Show::Bearer(token))).await?.json("an operation")?;
    }
    Err(ControlError::Unknown(Uncertain::Unfinished))
}

/// By the numbers of `google.rpc.Code`.
fn failed(status: &Status) -> ControlError {
    let message = super::ask::clean(&status.message);
    match status.code {
        5 => ControlError::NotFound,
        7 | 16 => ControlError::Unauthorized { status: 403, message },
        8 => ControlError::Limit { ids: Vec::new(), message },
        4 | 13 | 14 => ControlError::Unknown(Uncertain::Status(500)),
        _ => ControlError::Refused { status: 400, message },
    }
}

/// The project that a key belongs to.
pub(super) async fn account(
    at: &Controlled<'_>,
    to: &Google,
    key: Key<'_>,
) -> Result<Option<String>, ControlError> {
    #[derive(Deserialize)]
    struct Found {
        parent: String,
    }
    let token = token::of(at, to).await?;
    let mut url = below(to.base_url.as_deref(), BASE, &["v2", "keys:lookupKey"])?;
    let text = std::str::from_utf8(key.0).map_err(|_| ControlError::Shape("a key that is no text"))?;
    url.query_pairs_mut().append_pair("keyString", text);
    let found: Found = ask(at, to, Ask::get(url, Show::Bearer(token.key()))).await?.json("a project")?;
    Ok(Some(found.parent))
}

fn place(to: &Google, behind: &[&str]) -> Result<Url, ControlError> {
    let keys = ["v2", "projects", &to.project, "locations", "global", "keys"];
    Ok(below(to.base_url.as_deref(), BASE, &[&keys[..], behind].concat())?)
}

async fn ask(at: &Controlled<'_>, to: &Google, ask: Ask<'_>) -> Result<Reply, ControlError> {
    at.ask(ask, to.base_url.as_deref(), BASE).await
}
