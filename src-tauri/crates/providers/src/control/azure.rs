//! The two keys of an Azure AI account. There are always two: making one is replacing the value of the place that is not in use,
//! and deleting one is replacing its value by one that nobody keeps. What was there before ends at once.

use super::ask::{Ask, Reply, Show};
use super::error::ControlError;
use super::known::{KeyInfo, KeyState, LastUse, Minted};
use super::secret::MintedSecret;
use super::settings::{Azure, AzureKey, SettingError, below};
use super::{Controlled, Key};
use http::Method;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

const BASE: &str = "https://management.azure.com";
const LOGIN: &str = "https://login.microsoftonline.com";
const SCOPE: &str = "https://management.azure.com/.default";
const VERSION: &str = "2024-10-01";

#[derive(Deserialize)]
struct Pair {
    key1: MintedSecret,
    key2: MintedSecret,
}

impl Pair {
    fn take(self, which: AzureKey) -> MintedSecret {
        match which {
            AzureKey::Key1 => self.key1,
            AzureKey::Key2 => self.key2,
        }
    }
}

impl AzureKey {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Key1 => "Key1",
            Self::Key2 => "Key2",
        }
    }

    fn named(id: &str) -> Option<Self> {
        [Self::Key1, Self::Key2].into_iter().find(|key| key.as_str() == id)
    }

    const fn other(self) -> Self {
        match self {
            Self::Key1 => Self::Key2,
            Self::Key2 => Self::Key1,
        }
    }
}

pub(super) async fn list(at: &Controlled<'_>, to: &Azure) -> Result<Vec<KeyInfo>, ControlError> {
    let pair: Pair = asked(at, to, "listKeys", None).await?.json("the two keys")?;
    let known = |which: AzureKey, value: &MintedSecret| KeyInfo {
        id: which.as_str().to_owned(),
        name: Some(which.as_str().to_owned()),
        hint: hint(value),
        state: KeyState::Active,
        created_at: None,
        last_use: LastUse::default(),
    };
    Ok(vec![known(AzureKey::Key1, &pair.key1), known(AzureKey::Key2, &pair.key2)])
}

/// The last four characters of a key that is long enough to show them.
fn hint(value: &MintedSecret) -> Option<String> {
    let bytes = value.expose();
    let tail = bytes.get(bytes.len().checked_sub(4).filter(|at| *at >= 12)?..)?;
    Some(format!("…{}", String::from_utf8_lossy(tail)))
}

/// Replaces the value of the place that is not in use.
pub(super) async fn create(
    at: &Controlled<'_>,
    to: &Azure,
    current: Option<&str>,
) -> Result<Minted, ControlError> {
    let in_use = match current {
        Some(id) => AzureKey::named(id).ok_or(SettingError::Name("the key in use (Key1 or Key2)"))?,
        None => to.key_name,
    };
    let idle = in_use.other();
    let pair: Pair = asked(at, to, "regenerateKey", Some(idle)).await?.json("the two keys")?;
    Ok(Minted { id: idle.as_str().to_owned(), secret: pair.take(idle), expires_at: None })
}

pub(super) async fn reread(at: &Controlled<'_>, to: &Azure, id: &str) -> Result<Minted, ControlError> {
    let which = AzureKey::named(id).ok_or(ControlError::NotFound)?;
    let pair: Pair = asked(at, to, "listKeys", None).await?.json("the two keys")?;
    Ok(Minted { id: id.to_owned(), secret: pair.take(which), expires_at: None })
}

pub(super) async fn delete(at: &Controlled<'_>, to: &Azure, id: &str) -> Result<(), ControlError> {
    let which = AzureKey::named(id).ok_or(ControlError::NotFound)?;
    let _: Pair = asked(at, to, "regenerateKey", Some(which)).await?.json("the two keys")?;
    Ok(())
}

/// The account, where the key is one of its two; else a word that is no account's.
pub(super) async fn account(
    at: &Controlled<'_>,
    to: &Azure,
    key: Key<'_>,
) -> Result<Option<String>, ControlError> {
    let pair: Pair = asked(at, to, "listKeys", None).await?.json("the two keys")?;
    let is_one = [&pair.key1, &pair.key2].into_iter().any(|own| own.expose() == key.0);
    Ok(Some(if is_one {
        format!("{}/{}/{}", to.subscription, to.resource_group, to.account)
    } else {
        "another account".to_owned()
    }))
}

async fn asked(
    at: &Controlled<'_>,
    to: &Azure,
    what: &str,
    which: Option<AzureKey>,
) -> Result<Reply, ControlError> {
    let token = token(at, to).await?;
    let path = [
        "subscriptions",
        &to.subscription,
        "resourceGroups",
        &to.resource_group,
        "providers",
        "Microsoft.CognitiveServices",
        "accounts",
        &to.account,
        what,
    ];
    let mut url = below(to.base_url.as_deref(), BASE, &path)?;
    url.query_pairs_mut().append_pair("api-version", VERSION);
    let ask = Ask::new(Method::POST, url, Show::Bearer(Key(token.expose())));
    let ask = match which {
        Some(key) => ask.json(&json!({"keyName": key.as_str()})),
        None => ask.body("application/json", Zeroizing::new(Vec::new())),
    };
    // Not there is the account, never one of its two keys.
    at.ask(ask, to.base_url.as_deref(), BASE).await.map_err(ControlError::no_such_place)
}

/// An access token for the application's secret.
async fn token(at: &Controlled<'_>, to: &Azure) -> Result<MintedSecret, ControlError> {
    #[derive(Deserialize)]
    struct Granted {
        access_token: MintedSecret,
    }
    let secret = std::str::from_utf8(at.admin.0).map_err(|_| SettingError::AdminKey)?;
    let mut form = reqwest::Url::parse("https://form/").map_err(|_| SettingError::Address)?;
    form.query_pairs_mut()
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", &to.client)
        .append_pair("client_secret", secret)
        .append_pair("scope", SCOPE);
    let body = Zeroizing::new(form.query().unwrap_or_default().as_bytes().to_vec());
    let url = below(to.login_url.as_deref(), LOGIN, &[&to.directory, "oauth2", "v2.0", "token"])?;
    let host = url.host_str().unwrap_or_default().to_owned();
    let ask = Ask::new(Method::POST, url, Show::No).body("application/x-www-form-urlencoded", body);
    let reply = at.wire.send(ask, &[&host]).await?;
    let status = reply.status.as_u16();
    if status == 400 || status == 401 {
        let message = "the application's secret is not taken".to_owned();
        return Err(ControlError::Unauthorized { status, message });
    }
    let granted: Granted = reply.done().map_err(ControlError::no_such_place)?.json("an access token")?;
    Ok(granted.access_token)
}
