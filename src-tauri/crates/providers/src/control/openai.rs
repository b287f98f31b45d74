//! Keys of an OpenAI project: one service account for each key, named by our tag.
//!
//! A key of a service account cannot be deleted alone, so the account is deleted; one that holds another key as well is left
//! alone. Ids of keys start with `key_`, those of accounts do not.

use super::ask::{Ask, Show};
use super::error::ControlError;
use super::known::{KeyInfo, KeyState, LastUse, Minted};
use super::secret::MintedSecret;
use super::settings::{Openai, below};
use super::{Controlled, Key};
use http::Method;
use reeve_core::time::Millis;
use reqwest::Url;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// Of keys or accounts in one page.
const PAGE: &str = "100";
/// More pages than this are no list of keys.
const PAGES: usize = 100;
pub(super) const BASE: &str = "https://api.openai.com/v1";
/// Whose key it was that a request came with.
const ORGANIZATION: &str = "openai-organization";
const PROJECT: &str = "openai-project";

#[derive(Deserialize)]
struct Account {
    id: String,
    name: String,
    created_at: i64,
}

#[derive(Deserialize)]
struct ProjectKey {
    id: String,
    name: Option<String>,
    redacted_value: String,
    created_at: i64,
    last_used_at: Option<i64>,
    owner: Owner,
}

#[derive(Deserialize)]
struct Owner {
    service_account: Option<OwnerAccount>,
}

#[derive(Deserialize)]
struct OwnerAccount {
    id: String,
}

pub(super) async fn list(at: &Controlled<'_>, to: &Openai) -> Result<Vec<KeyInfo>, ControlError> {
    let accounts = place(to, "service_accounts")?;
    let accounts: Vec<Account> =
        pages(at, to.base_url.as_deref(), accounts, |account: &Account| &account.id).await?;
    let mut keys = keys(at, to).await?;
    let of_accounts: Vec<_> = accounts.into_iter().map(|account| known(account, &mut keys)).collect();
    // What is left belongs to people, or to accounts the other list does not show.
    Ok(of_accounts.into_iter().chain(keys.into_iter().map(of_a_person)).collect())
}

async fn keys(at: &Controlled<'_>, to: &Openai) -> Result<Vec<ProjectKey>, ControlError> {
    let mut url = place(to, "api_keys")?;
    url.query_pairs_mut().append_pair("owner_project_access", "any");
    pages(at, to.base_url.as_deref(), url, |key: &ProjectKey| &key.id).await
}

/// The keys of a service account.
pub(super) async fn keys_of(at: &Controlled<'_>, to: &Openai, id: &str) -> Result<Vec<String>, ControlError> {
    let is_of =
        |key: &ProjectKey| key.id == id || key.owner.service_account.as_ref().is_some_and(|o| o.id == id);
    Ok(keys(at, to).await?.into_iter().filter(is_of).map(|key| key.id).collect())
}

fn known(account: Account, keys: &mut Vec<ProjectKey>) -> KeyInfo {
    let owned = |key: &ProjectKey| key.owner.service_account.as_ref().is_some_and(|o| o.id == account.id);
    let own: Vec<ProjectKey> = keys.extract_if(.., |key| owned(key)).collect();
    KeyInfo {
        state: KeyState::Active,
        hint: own.first().map(|key| key.redacted_value.clone()),
        last_use: LastUse { at: own.iter().filter_map(|key| key.last_used_at).max().map(seconds), by: None },
        created_at: Some(seconds(account.created_at)),
        name: Some(account.name),
        id: account.id,
    }
}

fn of_a_person(key: ProjectKey) -> KeyInfo {
    KeyInfo {
        // One list may be behind the other: the account is what is deleted all the same.
        id: key.owner.service_account.map_or(key.id, |owner| owner.id),
        name: key.name,
        hint: Some(key.redacted_value),
        state: KeyState::Active,
        created_at: Some(seconds(key.created_at)),
        last_use: LastUse { at: key.last_used_at.map(seconds), by: None },
    }
}

pub(super) async fn create(at: &Controlled<'_>, to: &Openai, tag: &str) -> Result<Minted, ControlError> {
    #[derive(Deserialize)]
    struct Created {
        id: String,
        api_key: Made,
    }
    #[derive(Deserialize)]
    struct Made {
        value: MintedSecret,
        expires_at: Option<i64>,
    }
    let ask = Ask::new(Method::POST, place(to, "service_accounts")?, Show::Bearer(at.admin));
    let reply = at.ask(ask.json(&json!({"name": tag})), to.base_url.as_deref(), BASE).await?;
    let made: Created = reply.json("a new service account with its key")?;
    Ok(Minted { id: made.id, secret: made.api_key.value, expires_at: made.api_key.expires_at.map(seconds) })
}

pub(super) async fn delete(at: &Controlled<'_>, to: &Openai, id: &str) -> Result<(), ControlError> {
    let kind = if id.starts_with("key_") { "api_keys" } else { "service_accounts" };
    if kind == "service_accounts" {
        let owned = |key: &&ProjectKey| key.owner.service_account.as_ref().is_some_and(|o| o.id == id);
        if keys(at, to).await.map_err(ControlError::no_such_place)?.iter().filter(owned).count() > 1 {
            let message = "this service account holds another key, which would go with it".to_owned();
            return Err(ControlError::Refused { status: 409, message });
        }
    }
    let mut url = place(to, kind)?;
    url.path_segments_mut().map_err(|()| ControlError::Shape("an address"))?.push(id);
    let ask = Ask::new(Method::DELETE, url, Show::Bearer(at.admin));
    deleted(&at.ask(ask, to.base_url.as_deref(), BASE).await?)
}

/// The confirmation that something is deleted.
pub(super) fn deleted(reply: &super::ask::Reply) -> Result<(), ControlError> {
    #[derive(Deserialize)]
    struct Deleted {
        deleted: bool,
    }
    let told: Deleted = reply.json("a confirmation")?;
    if told.deleted { Ok(()) } else { Err(ControlError::Shape("a confirmation")) }
}

/// Organisation and project, which the provider names in the headers of any answer.
pub(super) async fn account(
    at: &Controlled<'_>,
    to: &Openai,
    key: Key<'_>,
) -> Result<Option<String>, ControlError> {
    let url = below(to.base_url.as_deref(), BASE, &["models"])?;
    let reply = at.ask(Ask::get(url, Show::Bearer(key)), to.base_url.as_deref(), BASE).await?;
    Ok(whose(&reply))
}

pub(super) fn whose(reply: &super::ask::Reply) -> Option<String> {
    let header = |name| reply.headers.get(name).and_then(|value| value.to_str().ok());
    let organization = header(ORGANIZATION)?;
    Some(header(PROJECT).map_or(organization.to_owned(), |project| format!("{organization}/{project}")))
}

fn place(to: &Openai, what: &str) -> Result<Url, ControlError> {
    Ok(below(to.base_url.as_deref(), BASE, &["organization", "projects", &to.project, what])?)
}

/// All pages of a list that is continued behind its last id.
pub(super) async fn pages<T: DeserializeOwned>(
    at: &Controlled<'_>,
    base: Option<&str>,
    url: Url,
    id: fn(&T) -> &str,
) -> Result<Vec<T>, ControlError> {
    // Both are required: without them it is no list, and not an empty one.
    #[derive(Deserialize)]
    struct Page<T> {
        data: Vec<T>,
        has_more: bool,
        last_id: Option<String>,
    }
    let (mut all, mut after) = (Vec::new(), None::<String>);
    for _ in 0..PAGES {
        let mut url = url.clone();
        url.query_pairs_mut().append_pair("limit", PAGE);
        if let Some(after) = &after {
            url.query_pairs_mut().append_pair("after", after);
        }
        let reply = at.ask(Ask::get(url, Show::Bearer(at.admin)), base, BASE).await?;
        let page: Page<T> = reply.json("a list of keys")?;
        let last = page.last_id.or_else(|| page.data.last().map(|last| id(last).to_owned()));
        all.extend(page.data);
        if !page.has_more {
            return Ok(all);
        }
        let next = last.filter(|next| after.as_ref() != Some(next));
        after = Some(next.ok_or(ControlError::Shape("a list that goes on, without where"))?);
    }
    Err(ControlError::Shape("a list without an end"))
}

pub(super) const fn seconds(seconds: i64) -> Millis {
    Millis(seconds.saturating_mul(1_000))
}
