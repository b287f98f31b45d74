//! Where a credential's admin API is and what it acts on. Holds no secret: it is kept with the credential as JSON.

use super::ask::is_this_machine;
use super::template::Template;
use reqwest::Url;
use serde::{Deserialize, Serialize};

/// How the keys of one credential are made and unmade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Control {
    /// Keys of an OpenAI project, one service account for each.
    Openai(Openai),
    /// OpenAI's admin key itself.
    OpenaiAdmin(OpenaiAdmin),
    /// Access keys of an AWS user.
    AwsIam(AwsIam),
    /// Bedrock API keys of an AWS user.
    BedrockApiKey(BedrockApiKey),
    /// API keys of a Google Cloud project.
    Google(Google),
    /// The two keys of an Azure AI account.
    Azure(Azure),
    /// Keys of an OpenRouter account.
    Openrouter(Openrouter),
    /// Keys of an Anthropic organisation, which a person makes in the console.
    Anthropic(Anthropic),
    /// Any other API, described request by request.
    Template(Box<Template>),
    /// No admin API: a person does every step.
    Manual,
}

/// Of [`Control::Openai`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Openai {
    /// The project, such as `proj_abc`.
    pub project: String,
    /// Instead of `https://api.openai.com/v1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
}

/// Of [`Control::OpenaiAdmin`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenaiAdmin {
    /// Instead of `https://api.openai.com/v1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
}

/// Of [`Control::AwsIam`]. The admin key is written `access_key_id:secret_access_key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AwsIam {
    /// The user whose keys they are. Always sent: without it AWS acts on the caller.
    pub user_name: String,
    /// The region of the account check, such as `eu-central-1`; IAM itself is in `us-east-1`.
    pub region: String,
    /// Instead of `https://iam.amazonaws.com` and `https://sts.REGION.amazonaws.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
}

/// Of [`Control::BedrockApiKey`]. The admin key is written `access_key_id:secret_access_key`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BedrockApiKey {
    /// The user whose keys they are.
    pub user_name: String,
    /// Days after which a new key ends by itself, 1 to 36,600; never where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub age_days: Option<u32>,
    /// Instead of `https://iam.amazonaws.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
}

/// Of [`Control::Google`]. The admin key is a service account's key file, or an access token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Google {
    /// The project's id.
    pub project: String,
    /// The service account new keys are bound to, as an email address.
    pub service_account: String,
    /// Instead of `https://apikeys.googleapis.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Instead of `https://oauth2.googleapis.com/token`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_url: Option<String>,
}

/// Of [`Control::Azure`]. The admin key is the client secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Azure {
    /// The directory (tenant) id.
    pub directory: String,
    /// The application (client) id.
    pub client: String,
    /// The subscription's id.
    pub subscription: String,
    /// The resource group.
    pub resource_group: String,
    /// The account's name.
    pub account: String,
    /// The key in use where the caller does not know, `Key1` or `Key2`.
    pub key_name: AzureKey,
    /// Instead of `https://management.azure.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Instead of `https://login.microsoftonline.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_url: Option<String>,
}

/// One of the two keys of an Azure account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AzureKey {
    /// The first.
    Key1,
    /// The second.
    Key2,
}

/// Of [`Control::Openrouter`]. The admin key is a management key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Openrouter {
    /// Instead of `https://openrouter.ai/api/v1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
}

/// Of [`Control::Anthropic`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anthropic {
    /// Only keys of this workspace, such as `wrkspc_abc`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
    /// Instead of `https://api.anthropic.com/v1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
}

/// What is wrong with settings, a tag or an id. Names no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// Not an address.
    #[error("an address must be https://, or http:// on this machine, without name, password, ? and #")]
    Address,
    /// A request would go to a host that the settings do not name.
    #[error("a request would go to a host that the settings do not name")]
    Host,
    /// A name that no path can carry.
    #[error("{0} must be 1 to 200 letters, digits and . _ - @ + = ,")]
    Name(&'static str),
    /// The days of a key.
    #[error("age_days must be from 1 to 36600")]
    Days,
    /// A tag that a provider might not take.
    #[error(
        "a tag is a letter and up to 59 letters, digits and hyphens, all lower-case, no hyphen at the end"
    )]
    Tag,
    /// The admin key is not one that can be sent.
    #[error("the admin key is not written as this provider takes it")]
    AdminKey,
    /// A header's name or value.
    #[error("a header cannot be sent")]
    Header,
    /// A template that is not complete.
    #[error("the template's {0} is not usable")]
    Template(&'static str),
}

impl Control {
    /// Whether the settings can be used.
    ///
    /// # Errors
    /// [`SettingError`] with the first thing that is wrong.
    pub fn check(&self) -> Result<(), SettingError> {
        match self {
            Self::Openai(c) => name("project", &c.project).and(optional(&c.base_url)),
            Self::OpenaiAdmin(c) => optional(&c.base_url),
            Self::AwsIam(c) => {
                name("user_name", &c.user_name).and(name("region", &c.region)).and(optional(&c.base_url))
            }
            Self::BedrockApiKey(c) => match c.age_days {
                Some(0 | 36_601..) => Err(SettingError::Days),
                _ => name("user_name", &c.user_name).and(optional(&c.base_url)),
            },
            Self::Google(c) => name("project", &c.project)
                .and(name("service_account", &c.service_account))
                .and(optional(&c.base_url))
                .and(optional(&c.token_url)),
            Self::Azure(c) => [&c.directory, &c.client, &c.subscription, &c.resource_group, &c.account]
                .into_iter()
                .try_for_each(|part| name("each part of an Azure address", part))
                .and(optional(&c.base_url))
                .and(optional(&c.login_url)),
            Self::Openrouter(c) => optional(&c.base_url),
            Self::Anthropic(c) => {
                c.workspace.as_ref().map_or(Ok(()), |w| name("workspace", w)).and(optional(&c.base_url))
            }
            Self::Template(template) => template.check(),
            Self::Manual => Ok(()),
        }
    }

    /// The kind as it is stored and shown, such as `openai`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Openai(_) => "openai",
            Self::OpenaiAdmin(_) => "openai_admin",
            Self::AwsIam(_) => "aws_iam",
            Self::BedrockApiKey(_) => "bedrock_api_key",
            Self::Google(_) => "google",
            Self::Azure(_) => "azure",
            Self::Openrouter(_) => "openrouter",
            Self::Anthropic(_) => "anthropic",
            Self::Template(_) => "template",
            Self::Manual => "manual",
        }
    }

    /// The address that stands instead of the provider's own, where it has one address.
    #[must_use]
    pub fn base_url(&self) -> Option<&str> {
        match self {
            Self::Openai(c) => c.base_url.as_deref(),
            Self::OpenaiAdmin(c) => c.base_url.as_deref(),
            Self::AwsIam(c) => c.base_url.as_deref(),
            Self::BedrockApiKey(c) => c.base_url.as_deref(),
            Self::Google(c) => c.base_url.as_deref(),
            Self::Azure(c) => c.base_url.as_deref(),
            Self::Openrouter(c) => c.base_url.as_deref(),
            Self::Anthropic(c) => c.base_url.as_deref(),
            Self::Template(_) | Self::Manual => None,
        }
    }

    /// The provider whose admin key it takes, as the price catalogue spells it; `None` for those that are described by hand.
    #[must_use]
    pub const fn provider(&self) -> Option<&'static str> {
        match self {
            Self::Openai(_) | Self::OpenaiAdmin(_) => Some("openai"),
            Self::AwsIam(_) | Self::BedrockApiKey(_) => Some("aws-bedrock"),
            Self::Google(_) => Some("google"),
            Self::Azure(_) => Some("azure-openai"),
            Self::Openrouter(_) => Some("openrouter"),
            Self::Anthropic(_) => Some("anthropic"),
            Self::Template(_) | Self::Manual => None,
        }
    }
}

fn optional(url: &Option<String>) -> Result<(), SettingError> {
    url.as_deref().map_or(Ok(()), |url| address(url).map(drop))
}

/// An address an admin key may be sent to.
pub(crate) fn address(text: &str) -> Result<Url, SettingError> {
    let url = Url::parse(text.trim()).map_err(|_| SettingError::Address)?;
    let safe = url.scheme() == "https" || (url.scheme() == "http" && is_this_machine(&url));
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.host_str().is_some_and(|host| !host.is_empty());
    if safe && bare { Ok(url) } else { Err(SettingError::Address) }
}

/// The address below `own`, or below the provider's, of segments that are written so that none leads elsewhere.
pub(crate) fn below(own: Option<&str>, usual: &str, segments: &[&str]) -> Result<Url, SettingError> {
    let mut url = address(own.unwrap_or(usual))?;
    url.path_segments_mut().map_err(|()| SettingError::Address)?.pop_if_empty().extend(segments);
    Ok(url)
}

fn name(what: &'static str, text: &str) -> Result<(), SettingError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-@+=,".contains(&b);
    let fits = (1..=200).contains(&text.len()) && text.bytes().all(plain) && !text.starts_with('.');
    if fits { Ok(()) } else { Err(SettingError::Name(what)) }
}

/// An id as a provider told it.
pub(super) fn id(text: &str) -> Result<(), SettingError> {
    name("an id", text)
}

/// A tag every provider takes as a name or id.
pub(super) fn tag(text: &str) -> Result<(), SettingError> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let fits = text.len() <= 60
        && text.bytes().all(plain)
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-');
    if fits { Ok(()) } else { Err(SettingError::Tag) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_kept_as_json_without_surprises() {
        let text = r#"{"kind":"openai","project":"proj_abc"}"#;
        let control: Control = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&control).unwrap(), text);
        assert_eq!(serde_json::to_string(&Control::Manual).unwrap(), r#"{"kind":"manual"}"#);
        assert!(
            serde_json::from_str::<Control>(r#"{"kind":"openai","project":"p","admin_key":"sk"}"#).is_err()
        );
        assert!(serde_json::from_str::<Control>(r#"{"kind":"openai"}"#).is_err());
    }

    #[test]
    fn an_admin_key_travels_in_the_clear_on_this_machine_alone() {
        for (url, good) in [
            ("https://proxy.example.com/openai/v1", true),
            ("http://127.0.0.1:4000/v1", true),
            ("http://192.168.1.20/v1", false),
            ("http://proxy.internal/v1", false),
            ("https://user:pass@example.com", false),
            ("https://example.com/?to=elsewhere", false),
            ("ftp://example.com", false),
            ("", false),
        ] {
            let control = Control::OpenaiAdmin(OpenaiAdmin { base_url: Some(url.to_owned()) });
            assert_eq!(control.check().is_ok(), good, "{url}");
        }
    }

    #[test]
    fn no_name_leads_out_of_its_place() {
        for wrong in ["", "..", ".", "../x", "a/b", "a?b", "a#b", "a b", "a%2Fb", "ä"] {
            let control = Control::Openai(Openai { project: wrong.to_owned(), base_url: None });
            assert_eq!(control.check(), Err(SettingError::Name("project")), "{wrong}");
            assert!(id(wrong).is_err());
        }
        let url = below(None, "https://api.example.com/v1/", &["a", "b@c.d"]).unwrap();
        assert_eq!(url.as_str(), "https://api.example.com/v1/a/b@c.d");
    }

    #[test]
    fn a_tag_is_one_for_every_provider() {
        for good in ["reeve-0a1b2c3d-0a1b2c3d4e5f", "r"] {
            assert!(tag(good).is_ok());
        }
        let long = "r".repeat(61);
        for wrong in ["", "Reeve", "1st", "a_b", "a-", &long] {
            assert_eq!(tag(wrong), Err(SettingError::Tag), "{wrong}");
        }
    }
}
