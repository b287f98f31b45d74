//! Keys of an OpenRouter account. A key's id is the hash that the provider knows it by.

use super::Controlled;
use super::ask::{Ask, Show};
use super::error::ControlError;
use super::known::{KeyInfo, KeyState, LastUse, Minted};
use super::secret::MintedSecret;
use super::settings::{Openrouter, below};
use http::Method;
use reeve_core::time::Millis;
use reqwest::Url;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeSet;

const BASE: &str = "https://openrouter.ai/api/v1";
/// More keys than this are no list of keys.
const MOST: usize = 10_000;

#[derive(Deserialize)]
struct ApiKey {
    hash: String,
    name: Option<String>,
    label: Option<String>,
    disabled: bool,
    created_at: Option<String>,
    expires_at: Option<String>,
}

pub(super) async fn list(at: &Controlled<'_>, to: &Openrouter) -> Result<Vec<KeyInfo>, ControlError> {
    #[derive(Deserialize)]
    struct Page {
        data: Vec<ApiKey>,
    }
    let (mut keys, mut seen) = (Vec::new(), BTreeSet::new());
    // There is no word on whether there are more: pages are read until one brings nothing new.
    while keys.len() < MOST {
        let mut url = place(to, &[])?;
        url.query_pairs_mut()
            .append_pair("include_disabled", "true")
            .append_pair("offset", &keys.len().to_string());
        let reply = at.ask(Ask::get(url, Show::Bearer(at.admin)), to.base_url.as_deref(), BASE).await?;
        let page: Page = reply.json("a list of keys")?;
        let before = keys.len();
        for key in page.data {
            if seen.insert(key.hash.clone()) {
                keys.push(known(key, at.at)?);
            }
        }
        if keys.len() == before {
            return Ok(keys);
        }
    }
    Err(ControlError::Shape("a list without an end"))
}

fn known(key: ApiKey, now: Millis) -> Result<KeyInfo, ControlError> {
    let is_over = time(key.expires_at)?.is_some_and(|end| end <= now);
    let state = match key.disabled {
        true => KeyState::Disabled,
        false if is_over => KeyState::Expired,
        false => KeyState::Active,
    };
    Ok(KeyInfo {
        id: key.hash,
        name: key.name,
        hint: key.label,
        state,
        created_at: time(key.created_at)?,
        last_use: LastUse::default(),
    })
}

fn time(text: Option<String>) -> Result<Option<Millis>, ControlError> {
    text.map(|text| text.parse().map_err(|_| ControlError::Shape("a time that is none"))).transpose()
}

pub(super) async fn create(at: &Controlled<'_>, to: &Openrouter, tag: &str) -> Result<Minted, ControlError> {
    #[derive(Deserialize)]
    struct Created {
        key: MintedSecret,
        data: Made,
    }
    #[derive(Deserialize)]
    struct Made {
        hash: String,
        expires_at: Option<String>,
    }
    let ask = Ask::new(Method::POST, place(to, &[])?, Show::Bearer(at.admin)).json(&json!({"name": tag}));
    let made: Created = at.ask(ask, to.base_url.as_deref(), BASE).await?.json("a new key")?;
    Ok(Minted { id: made.data.hash, secret: made.key, expires_at: time(made.data.expires_at)? })
}

pub(super) async fn switch(
    at: &Controlled<'_>,
    to: &Openrouter,
    id: &str,
    on: bool,
) -> Result<(), ControlError> {
    #[derive(Deserialize)]
    struct Changed {
        data: State,
    }
    #[derive(Deserialize)]
    struct State {
        disabled: bool,
    }
    let ask = Ask::new(Method::PATCH, place(to, &[id])?, Show::Bearer(at.admin));
    let reply = at.ask(ask.json(&json!({"disabled": !on})), to.base_url.as_deref(), BASE).await?;
    let now: Changed = reply.json("a key")?;
    if now.data.disabled == on {
        Err(ControlError::Shape("another state than was asked for"))
    } else {
        Ok(())
    }
}

pub(super) async fn delete(at: &Controlled<'_>, to: &Openrouter, id: &str) -> Result<(), ControlError> {
    let ask = Ask::new(Method::DELETE, place(to, &[id])?, Show::Bearer(at.admin));
    super::openai::deleted(&at.ask(ask, to.base_url.as_deref(), BASE).await?)
}

fn place(to: &Openrouter, id: &[&str]) -> Result<Url, ControlError> {
    Ok(below(to.base_url.as_deref(), BASE, &[&["keys"], id].concat())?)
}
