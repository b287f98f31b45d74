//! Any other admin API, described request by request: no program, no shell, and no host that is not named.
//!
//! `{tag}` and `{id}` stand for the tag of a new key and the id of a known one, in the path and query of an address, where they are
//! written so that they lead nowhere else, and in the texts of a body. Where something is in an answer is said by a JSON pointer
//! (RFC 6901), such as `/data/id`.

use super::abilities::Abilities;
use super::ask::{Ask, Reply, Show};
use super::error::ControlError;
use super::known::{KeyInfo, KeyState, LastUse, Minted};
use super::secret::MintedSecret;
use super::settings::{SettingError, address};
use super::{Controlled, Key};
use http::Method;
use reeve_core::time::Millis;
use reqwest::Url;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Characters of a template's texts at most.
const LONGEST: usize = 1_000;

/// Requests by what they do. Hosts that are not named are never called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Hosts that may be called.
    pub hosts: Vec<String>,
    /// The header the admin key goes in, such as `x-api-key`; `Authorization: Bearer` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// Makes a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create: Option<Making>,
    /// Lists keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<Listing>,
    /// Switches a key off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disable: Option<Asking>,
    /// Switches a key on again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable: Option<Asking>,
    /// Deletes a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delete: Option<Asking>,
    /// Tries a new key, which goes in the place of the admin key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<Asking>,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asking {
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    /// The address, with its host in the clear.
    pub url: String,
    /// A body of JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

/// A request that makes a key, and where its answer has what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Making {
    /// The request.
    pub request: Asking,
    /// Where the id is.
    pub id: String,
    /// Where the value is.
    pub secret: String,
    /// Where the time is that it ends, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// A request that lists keys, and where its answer has what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// The request.
    pub request: Asking,
    /// Where the list is; empty: the answer is the list.
    pub items: String,
    /// Where an item has its id.
    pub id: String,
    /// Where an item has its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where an item shows a part of the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where an item has the time it was made, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Where an item says that it is switched off, as `true` or `false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<String>,
    /// Where the answer says that there is more, as `true` or `false`. A list that goes on is refused rather than read in part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub has_more: Option<String>,
}

impl Template {
    pub(super) fn abilities(&self) -> Abilities {
        Abilities {
            create: self.create.is_some(),
            list: self.list.is_some(),
            disable: self.disable.is_some() && self.enable.is_some(),
            delete: self.delete.is_some(),
            ..Abilities::default()
        }
    }

    pub(super) fn check(&self) -> Result<(), SettingError> {
        let plain =
            |host: &String| !host.is_empty() && host.bytes().all(|b| b.is_ascii_graphic() && b != b'{');
        if self.hosts.is_empty() || self.hosts.len() > 10 || !self.hosts.iter().all(plain) {
            return Err(SettingError::Template("hosts"));
        }
        if self.header.as_ref().is_some_and(|name| http::HeaderName::try_from(name.as_str()).is_err()) {
            return Err(SettingError::Template("header"));
        }
        // What is made blindly cannot be found again after a lost answer.
        if self.create.is_some() && self.list.is_none() {
            return Err(SettingError::Template("create, which needs a list,"));
        }
        let made = self.create.iter().map(|c| (&c.request, "create"));
        let listed = self.list.iter().map(|l| (&l.request, "list"));
        let others = [
            (&self.disable, "disable"),
            (&self.enable, "enable"),
            (&self.delete, "delete"),
            (&self.probe, "probe"),
        ];
        let others = others.into_iter().filter_map(|(asking, what)| asking.as_ref().map(|a| (a, what)));
        for (asking, what) in made.chain(listed).chain(others) {
            self.request(asking, "x", "x").map_err(|_| SettingError::Template(what))?;
        }
        Ok(())
    }

    /// A request with its blanks filled.
    fn request(
        &self,
        asking: &Asking,
        tag: &str,
        id: &str,
    ) -> Result<(Method, Url, Option<Value>), SettingError> {
        let wrong = SettingError::Template("request");
        let method = match asking.method.as_str() {
            "GET" => Method::GET,
            "POST" => Method::POST,
            "PUT" => Method::PUT,
            "PATCH" => Method::PATCH,
            "DELETE" => Method::DELETE,
            _ => return Err(wrong),
        };
        let url = Url::parse(&asking.url).map_err(|_| wrong)?;
        if asking.url.len() > LONGEST || url.fragment().is_some() {
            return Err(wrong);
        }
        let mut bare = url.clone();
        bare.set_query(None);
        let mut filled = address(bare.as_str())?;
        // The host is written in the clear; only what comes behind it has blanks.
        if !filled.host_str().is_some_and(|host| self.hosts.iter().any(|allowed| allowed == host)) {
            return Err(SettingError::Host);
        }
        let fill = |text: &str| {
            let text = text.replace("%7Btag%7D", "{tag}").replace("%7Bid%7D", "{id}");
            text.replace("{tag}", tag).replace("{id}", id)
        };
        let segments: Vec<String> = url.path_segments().into_iter().flatten().map(fill).collect();
        let is_step = |s: &String| matches!(s.as_str(), "." | "..") || s.contains(['/', '\\']);
        if segments.iter().any(is_step) {
            return Err(wrong);
        }
        filled.path_segments_mut().map_err(|()| wrong)?.clear().extend(&segments);
        if url.query().is_some() {
            let pairs = url.query_pairs().map(|(name, value)| (name.into_owned(), fill(&value)));
            filled.query_pairs_mut().extend_pairs(pairs);
        }
        Ok((method, filled, asking.body.as_ref().map(|body| filled_in(body, &fill))))
    }
}

/// A body with the blanks in its texts filled.
fn filled_in(value: &Value, fill: &dyn Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(fill(text)),
        Value::Array(items) => items.iter().map(|item| filled_in(item, fill)).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), filled_in(value, fill))).collect()
        }
        other => other.clone(),
    }
}

async fn asked(
    at: &Controlled<'_>,
    to: &Template,
    asking: Option<&Asking>,
    what: &'static str,
    (tag, id): (&str, &str),
    key: Key<'_>,
) -> Result<Reply, ControlError> {
    let asking = asking.ok_or(ControlError::Unsupported(what))?;
    let (method, url, body) = to.request(asking, tag, id)?;
    let show = to.header.as_deref().map_or(Show::Bearer(key), |name| Show::Header(name, key));
    let mut ask = Ask::new(method, url, show);
    if let Some(body) = body {
        ask = ask.json(&body);
    }
    let hosts: Vec<&str> = to.hosts.iter().map(String::as_str).collect();
    at.wire.send(ask, &hosts).await?.done()
}

pub(super) async fn list(at: &Controlled<'_>, to: &Template) -> Result<Vec<KeyInfo>, ControlError> {
    let listing = to.list.as_ref().ok_or(ControlError::Unsupported("list"))?;
    let reply = asked(at, to, Some(&listing.request), "list", ("", ""), at.admin).await?;
    let answer: Value = reply.json("a list of keys")?;
    if let Some(more) = &listing.has_more
        && answer.pointer(more).and_then(Value::as_bool) != Some(false)
    {
        return Err(ControlError::Shape("a list that goes on"));
    }
    let items = answer.pointer(&listing.items).and_then(Value::as_array);
    items.ok_or(ControlError::Shape("a list of keys"))?.iter().map(|item| known(item, listing)).collect()
}

fn known(item: &Value, listing: &Listing) -> Result<KeyInfo, ControlError> {
    let text = |at: &Option<String>| {
        at.as_ref().and_then(|at| item.pointer(at)).and_then(Value::as_str).map(str::to_owned)
    };
    let id = item.pointer(&listing.id).and_then(Value::as_str);
    let disabled = match &listing.disabled {
        Some(at) => item.pointer(at).and_then(Value::as_bool),
        None => Some(false),
    };
    let disabled = disabled.ok_or(ControlError::Shape("a key without a state"))?;
    Ok(KeyInfo {
        id: id.ok_or(ControlError::Shape("a key without an id"))?.to_owned(),
        name: text(&listing.name),
        hint: text(&listing.hint),
        state: if disabled { KeyState::Disabled } else { KeyState::Active },
        created_at: time(text(&listing.created_at))?,
        last_use: LastUse::default(),
    })
}

fn time(text: Option<String>) -> Result<Option<Millis>, ControlError> {
    text.map(|text| text.parse().map_err(|_| ControlError::Shape("a time that is none"))).transpose()
}

pub(super) async fn create(at: &Controlled<'_>, to: &Template, tag: &str) -> Result<Minted, ControlError> {
    let making = to.create.as_ref().ok_or(ControlError::Unsupported("create"))?;
    let reply = asked(at, to, Some(&making.request), "create", (tag, ""), at.admin).await?;
    let answer: Value = reply.json("a new key")?;
    let text = |at: &str| answer.pointer(at).and_then(Value::as_str).filter(|text| !text.is_empty());
    let pair = text(&making.id).zip(text(&making.secret));
    let (id, secret) = pair.ok_or(ControlError::Shape("a new key with its value"))?;
    if !secret.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(ControlError::Shape("a value that is no key"));
    }
    let expires_at = time(making.expires_at.as_deref().and_then(text).map(str::to_owned))?;
    Ok(Minted { id: id.to_owned(), secret: MintedSecret::joined(&[secret.as_bytes()]), expires_at })
}

pub(super) async fn switch(
    at: &Controlled<'_>,
    to: &Template,
    id: &str,
    on: bool,
) -> Result<(), ControlError> {
    let asking = if on { &to.enable } else { &to.disable };
    asked(at, to, asking.as_ref(), "disable", ("", id), at.admin).await.map(drop)
}

pub(super) async fn delete(at: &Controlled<'_>, to: &Template, id: &str) -> Result<(), ControlError> {
    asked(at, to, to.delete.as_ref(), "delete", ("", id), at.admin).await.map(drop)
}

pub(super) async fn probe(at: &Controlled<'_>, to: &Template, key: Key<'_>) -> Result<(), ControlError> {
    asked(at, to, to.probe.as_ref(), "probe", ("", ""), key).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn template(url: &str) -> Template {
        let delete = json!({"method": "DELETE", "url": url});
        serde_json::from_value(json!({"hosts": ["api.example.com"], "delete": delete})).unwrap()
    }

    #[test]
    fn blanks_are_filled_and_lead_nowhere_else() {
        let t = template("https://api.example.com/v1/keys/{id}?by={tag}&force=1");
        t.check().unwrap();
        let (_, url, _) = t.request(t.delete.as_ref().unwrap(), "a&b", "k 1").unwrap();
        assert_eq!(url.as_str(), "https://api.example.com/v1/keys/k%201?by=a%26b&force=1");
        assert!(t.request(t.delete.as_ref().unwrap(), "", "../../admin").is_err());
        assert!(t.request(t.delete.as_ref().unwrap(), "", "..").is_err());
    }

    #[test]
    fn only_named_hosts_are_called_and_only_safely() {
        for wrong in [
            "https://elsewhere.example/keys/{id}",
            "https://{id}.example.com/keys",
            "https://api.example.com@elsewhere.example/keys",
            "https://api.example.com.elsewhere.example/keys",
            "http://api.example.com/keys",
            "file:///etc/passwd",
            "https://user:pass@api.example.com/keys",
            "/keys",
        ] {
            assert!(template(wrong).check().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_key_that_could_not_be_found_again_is_not_made() {
        let create = json!({"request": {"method": "POST", "url": "https://api.example.com/keys"}, "id": "/id", "secret": "/key"});
        let t: Template =
            serde_json::from_value(json!({"hosts": ["api.example.com"], "create": create})).unwrap();
        assert_eq!(t.check(), Err(SettingError::Template("create, which needs a list,")));
    }
}
