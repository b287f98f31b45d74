//! Keys of an AWS user: access keys, and Bedrock API keys. Both through IAM's query protocol, signed, and at most two at once.
//!
//! The user's name is always sent: without it AWS acts on whoever signs. Names are not kept with keys, and no token makes a call
//! idempotent, so that only a list before and after tells what a lost answer made. A reset is never asked for: it would end the
//! secret in use at once.

use super::ask::{Ask, Reply, Show};
use super::error::{ControlError, Uncertain};
use super::known::{KeyInfo, KeyState, LastUse, Minted};
use super::secret::MintedSecret;
use super::settings::{AwsIam, BedrockApiKey, SettingError, address};
use super::xml::{all, text_of};
use super::{Controlled, Key};
use crate::bedrock::sign::{Scope, Unsigned, headers, is_key_pair};
use http::Method;
use reeve_core::time::Millis;
use reqwest::Url;
use zeroize::Zeroizing;

const IAM: &str = "https://iam.amazonaws.com";
const IAM_VERSION: &str = "2010-05-08";
const STS_VERSION: &str = "2011-06-15";
/// Where IAM is, whatever the region of anything else.
const IAM_REGION: &str = "us-east-1";
const FORM: &str = "application/x-www-form-urlencoded; charset=utf-8";
const BEDROCK: &str = "bedrock.amazonaws.com";
const PAGES: usize = 20;

/// Where a call goes and for which service it is signed.
struct Door<'a> {
    own: Option<&'a str>,
    usual: &'a str,
    service: &'static str,
    region: &'a str,
    version: &'static str,
}

impl<'a> Door<'a> {
    const fn iam(own: Option<&'a str>) -> Self {
        Self { own, usual: IAM, service: "iam", region: IAM_REGION, version: IAM_VERSION }
    }
}

async fn ask(
    at: &Controlled<'_>,
    door: &Door<'_>,
    key: Key<'_>,
    action: &str,
    with: &[(&str, &str)],
) -> Result<Reply, ControlError> {
    if !is_key_pair(key.0) {
        return Err(SettingError::AdminKey.into());
    }
    let mut url: Url = address(door.own.unwrap_or(door.usual))?;
    url.set_path("/");
    let host = url.host_str().unwrap_or_default().to_owned();
    let mut form = reqwest::Url::parse("https://form/").map_err(|_| SettingError::Address)?;
    form.query_pairs_mut()
        .append_pair("Action", action)
        .append_pair("Version", door.version)
        .extend_pairs(with.iter().copied());
    let body = Zeroizing::new(form.query().unwrap_or_default().as_bytes().to_vec());
    let unsigned = Unsigned {
        method: &Method::POST,
        url: url.as_str(),
        headers: &[("content-type", FORM)],
        body: &body,
    };
    let scope = Scope { region: door.region, service: door.service, at: at.at };
    let signed = headers(key.0, unsigned, scope).map_err(|_| SettingError::AdminKey)?;
    let mut ask = Ask::new(Method::POST, url, Show::No).body(FORM, body);
    for (name, value) in &signed {
        ask = ask.header(name.clone(), value.clone());
    }
    classed(at.wire.send(ask, &[&host]).await?)
}

/// AWS says what is wrong by a code; its status alone does not tell.
fn classed(reply: Reply) -> Result<Reply, ControlError> {
    if reply.status.is_success() {
        return Ok(reply);
    }
    let status = reply.status.as_u16();
    let code = text_of(&reply.body, "Code").unwrap_or_default().to_owned();
    let message = super::ask::clean(text_of(&reply.body, "Message").unwrap_or("no reason given"));
    Err(match code.as_str() {
        "LimitExceeded" => ControlError::Limit { ids: Vec::new(), message },
        "NoSuchEntity" => ControlError::NotFound,
        "Throttling" | "ThrottlingException" | "RequestLimitExceeded" => {
            ControlError::RateLimited { retry_after: None }
        }
        "ServiceFailure" | "InternalFailure" | "ServiceUnavailable" => {
            ControlError::Unknown(Uncertain::Status(status))
        }
        "InvalidClientTokenId"
        | "SignatureDoesNotMatch"
        | "AccessDenied"
        | "ExpiredToken"
        | "UnrecognizedClientException"
        | "IncompleteSignature" => ControlError::Unauthorized { status, message },
        _ => return reply.done(),
    })
}

pub(super) mod iam {
    use super::*;

    pub(in super::super) async fn list(
        at: &Controlled<'_>,
        to: &AwsIam,
    ) -> Result<Vec<KeyInfo>, ControlError> {
        let (mut keys, mut marker) = (Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let mut with = vec![("UserName", to.user_name.as_str())];
            with.extend(marker.as_deref().map(|marker| ("Marker", marker)));
            let reply =
                super::ask(at, &Door::iam(to.base_url.as_deref()), at.admin, "ListAccessKeys", &with).await?;
            let rows = all(&reply.body, "ListAccessKeysResult", "AccessKeyMetadata");
            for row in rows.ok_or(ControlError::Shape("a list of keys"))? {
                keys.push(known(row)?);
            }
            let more = text_of(&reply.body, "IsTruncated").ok_or(ControlError::Shape("a list of keys"))?;
            if more != "true" {
                return with_use(at, to, keys).await;
            }
            marker = text_of(&reply.body, "Marker").map(str::to_owned);
            if marker.is_none() {
                break;
            }
        }
        Err(ControlError::Shape("a list without an end"))
    }

    fn known(row: &str) -> Result<KeyInfo, ControlError> {
        let text = |name| text_of(row.as_bytes(), name).map(str::to_owned);
        let id = text("AccessKeyId").ok_or(ControlError::Shape("a key without an id"))?;
        Ok(KeyInfo {
            name: None,
            hint: Some(id.clone()),
            state: state(text("Status").as_deref())?,
            created_at: time(text("CreateDate"))?,
            last_use: LastUse::default(),
            id,
        })
    }

    async fn with_use(
        at: &Controlled<'_>,
        to: &AwsIam,
        keys: Vec<KeyInfo>,
    ) -> Result<Vec<KeyInfo>, ControlError> {
        let mut used = Vec::with_capacity(keys.len());
        for key in keys {
            // One that goes meanwhile is none.
            match last_used(at, to, &key.id).await {
                Ok(last_use) => used.push(KeyInfo { last_use, ..key }),
                Err(ControlError::NotFound) => used.push(key),
                Err(error) => return Err(error),
            }
        }
        Ok(used)
    }

    async fn last_used(at: &Controlled<'_>, to: &AwsIam, id: &str) -> Result<LastUse, ControlError> {
        let door = Door::iam(to.base_url.as_deref());
        let reply = super::ask(at, &door, at.admin, "GetAccessKeyLastUsed", &[("AccessKeyId", id)]).await?;
        let text = |name| text_of(&reply.body, name).filter(|text| *text != "N/A").map(str::to_owned);
        if text_of(&reply.body, "AccessKeyLastUsed").is_none() {
            return Err(ControlError::Shape("the last use of a key"));
        }
        let by = [text("ServiceName"), text("Region")].into_iter().flatten().collect::<Vec<_>>().join(", ");
        Ok(LastUse { at: time(text("LastUsedDate"))?, by: (!by.is_empty()).then_some(by) })
    }

    pub(in super::super) async fn create(at: &Controlled<'_>, to: &AwsIam) -> Result<Minted, ControlError> {
        let door = Door::iam(to.base_url.as_deref());
        let with = [("UserName", to.user_name.as_str())];
        let reply = super::ask(at, &door, at.admin, "CreateAccessKey", &with).await?;
        let text = |name| text_of(&reply.body, name).filter(|text| !text.is_empty());
        let pair = text("AccessKeyId").zip(text("SecretAccessKey"));
        let (id, secret) = pair.ok_or(ControlError::Shape("a new key with its secret"))?;
        let secret = MintedSecret::joined(&[id.as_bytes(), b":", secret.as_bytes()]);
        Ok(Minted { id: id.to_owned(), secret, expires_at: None })
    }

    pub(in super::super) async fn switch(
        at: &Controlled<'_>,
        to: &AwsIam,
        id: &str,
        on: bool,
    ) -> Result<(), ControlError> {
        let with = [
            ("UserName", to.user_name.as_str()),
            ("AccessKeyId", id),
            ("Status", if on { "Active" } else { "Inactive" }),
        ];
        let door = Door::iam(to.base_url.as_deref());
        super::ask(at, &door, at.admin, "UpdateAccessKey", &with).await.map(drop)
    }

    pub(in super::super) async fn delete(
        at: &Controlled<'_>,
        to: &AwsIam,
        id: &str,
    ) -> Result<(), ControlError> {
        let with = [("UserName", to.user_name.as_str()), ("AccessKeyId", id)];
        let door = Door::iam(to.base_url.as_deref());
        super::ask(at, &door, at.admin, "DeleteAccessKey", &with).await.map(drop)
    }

    /// The account's number.
    pub(in super::super) async fn account(
        at: &Controlled<'_>,
        to: &AwsIam,
        key: Key<'_>,
    ) -> Result<Option<String>, ControlError> {
        let usual = format!("https://sts.{}.amazonaws.com", to.region);
        let door = Door {
            own: to.base_url.as_deref(),
            usual: &usual,
            service: "sts",
            region: &to.region,
            version: STS_VERSION,
        };
        let reply = super::ask(at, &door, key, "GetCallerIdentity", &[]).await?;
        let account = text_of(&reply.body, "Account").ok_or(ControlError::Shape("an account"))?;
        Ok(Some(account.to_owned()))
    }
}

pub(super) mod bedrock {
    use super::*;

    pub(in super::super) async fn list(
        at: &Controlled<'_>,
        to: &BedrockApiKey,
    ) -> Result<Vec<KeyInfo>, ControlError> {
        let with = [("UserName", to.user_name.as_str()), ("ServiceName", BEDROCK)];
        let reply = asked(at, to, "ListServiceSpecificCredentials", &with).await?;
        let rows = all(&reply.body, "ListServiceSpecificCredentialsResult", "ServiceSpecificCredentials");
        rows.ok_or(ControlError::Shape("a list of keys"))?.into_iter().map(known).collect()
    }

    fn known(row: &str) -> Result<KeyInfo, ControlError> {
        let text = |name| text_of(row.as_bytes(), name).map(str::to_owned);
        Ok(KeyInfo {
            id: text("ServiceSpecificCredentialId").ok_or(ControlError::Shape("a key without an id"))?,
            name: None,
            hint: text("ServiceCredentialAlias"),
            state: state(text("Status").as_deref())?,
            created_at: time(text("CreateDate"))?,
            last_use: LastUse::default(),
        })
    }

    pub(in super::super) async fn create(
        at: &Controlled<'_>,
        to: &BedrockApiKey,
    ) -> Result<Minted, ControlError> {
        let days = to.age_days.map(|days| days.to_string());
        let mut with = vec![("UserName", to.user_name.as_str()), ("ServiceName", BEDROCK)];
        with.extend(days.as_deref().map(|days| ("CredentialAgeDays", days)));
        let reply = asked(at, to, "CreateServiceSpecificCredential", &with).await?;
        let text = |name| text_of(&reply.body, name).filter(|text| !text.is_empty());
        let pair = text("ServiceSpecificCredentialId").zip(text("ServiceCredentialSecret"));
        let (id, secret) = pair.ok_or(ControlError::Shape("a new key with its secret"))?;
        let expires_at = time(text("ExpirationDate").map(str::to_owned))?;
        Ok(Minted { id: id.to_owned(), secret: MintedSecret::joined(&[secret.as_bytes()]), expires_at })
    }

    pub(in super::super) async fn switch(
        at: &Controlled<'_>,
        to: &BedrockApiKey,
        id: &str,
        on: bool,
    ) -> Result<(), ControlError> {
        let with = [
            ("UserName", to.user_name.as_str()),
            ("ServiceSpecificCredentialId", id),
            ("Status", if on { "Active" } else { "Inactive" }),
        ];
        asked(at, to, "UpdateServiceSpecificCredential", &with).await.map(drop)
    }

    pub(in super::super) async fn delete(
        at: &Controlled<'_>,
        to: &BedrockApiKey,
        id: &str,
    ) -> Result<(), ControlError> {
        let with = [("UserName", to.user_name.as_str()), ("ServiceSpecificCredentialId", id)];
        asked(at, to, "DeleteServiceSpecificCredential", &with).await.map(drop)
    }

    async fn asked(
        at: &Controlled<'_>,
        to: &BedrockApiKey,
        action: &str,
        with: &[(&str, &str)],
    ) -> Result<Reply, ControlError> {
        super::ask(at, &Door::iam(to.base_url.as_deref()), at.admin, action, with).await
    }
}

fn state(word: Option<&str>) -> Result<KeyState, ControlError> {
    match word {
        Some("Active") => Ok(KeyState::Active),
        Some("Inactive") => Ok(KeyState::Disabled),
        Some("Expired") => Ok(KeyState::Expired),
        _ => Err(ControlError::Shape("a state of a key that is not known")),
    }
}

fn time(text: Option<String>) -> Result<Option<Millis>, ControlError> {
    text.map(|text| text.parse().map_err(|_| ControlError::Shape("a time that is none"))).transpose()
}
