//! The providers' admin APIs: which keys exist, making one, switching it off, deleting it.
//!
//! [`Control`] says where and how for one credential, without a secret; [`Controls::with`] joins it with an admin key for a few
//! calls. What may be done differs ([`Control::abilities`]); without `create` a person makes the key and pastes it.
//!
//! Rules for every call: `https` (plain `http` only to this very machine), no redirect, only to hosts that the settings name, ten
//! seconds for a connection and thirty for the call, a bounded answer, nothing repeated. A call whose effect is not known says so
//! ([`ControlError::Unknown`]), because repeating a `create` blindly leaves a live key that nobody knows. Only the caller, who keeps
//! a list of what was there before, can tell.

mod abilities;
mod anthropic;
pub(crate) mod ask;
mod aws;
mod azure;
mod client;
mod error;
mod google;
mod known;
mod openai;
mod openai_admin;
mod openrouter;
mod secret;
pub(crate) mod settings;
mod template;
mod xml;

pub use abilities::Abilities;
pub(crate) use client::client;
pub use error::{ControlError, Uncertain};
pub use known::{KeyInfo, KeyState, LastUse, Minted};
pub use secret::MintedSecret;
pub use settings::{
    Anthropic, AwsIam, Azure, AzureKey, BedrockApiKey, Control, Google, Openai, OpenaiAdmin, Openrouter,
    SettingError,
};
pub use template::{Asking, Listing, Making, Template};

use crate::upstream::{Key, Upstream};
use ask::{Ask, Reply, Wire};
use reeve_core::time::Millis;

/// Calls admin APIs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Controls {
    wire: Wire,
}

impl Controls {
    /// Shares the connections and the patience of `upstream`, but waits thirty seconds at most.
    #[must_use]
    pub fn of(upstream: &Upstream) -> Self {
        Self { wire: Wire::of(upstream) }
    }

    /// Joins settings with an admin key for a few calls `at` this time, by which some requests are signed. The key is borrowed and
    /// kept nowhere.
    #[must_use]
    pub const fn with<'a>(&'a self, control: &'a Control, admin: Key<'a>, at: Millis) -> Controlled<'a> {
        Controlled { wire: &self.wire, control, admin, at }
    }
}

/// A new key that is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Mint<'a> {
    /// What it is named, where the provider keeps names: lower-case letters, digits and hyphens, at most 60, a letter first.
    pub tag: &'a str,
    /// The provider's id of the key in use, which must not be touched. Where a provider has two fixed places for keys, the other
    /// one is taken.
    pub current: Option<&'a str>,
}

/// One credential's admin API.
#[derive(Debug, Clone, Copy)]
pub struct Controlled<'a> {
    wire: &'a Wire,
    control: &'a Control,
    admin: Key<'a>,
    at: Millis,
}

impl Controlled<'_> {
    /// Every key that exists there, whoever made it: all pages, oldest first.
    ///
    /// # Errors
    /// [`ControlError`]. An answer that is not understood is [`ControlError::Shape`], never an empty list.
    pub async fn list(&self) -> Result<Vec<KeyInfo>, ControlError> {
        self.control.check()?;
        let listed = match self.control {
            Control::Openai(at) => openai::list(self, at).await,
            Control::OpenaiAdmin(at) => openai_admin::list(self, at).await,
            Control::AwsIam(at) => aws::iam::list(self, at).await,
            Control::BedrockApiKey(at) => aws::bedrock::list(self, at).await,
            Control::Google(at) => google::list(self, at).await,
            Control::Azure(at) => azure::list(self, at).await,
            Control::Openrouter(at) => openrouter::list(self, at).await,
            Control::Anthropic(at) => anthropic::list(self, at).await,
            Control::Template(at) => template::list(self, at).await,
            Control::Manual => Err(ControlError::Unsupported("list")),
        };
        let mut keys = listed.map_err(ControlError::no_such_place)?;
        keys.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(keys)
    }

    /// Makes a key.
    ///
    /// # Errors
    /// [`ControlError`]. After [`ControlError::Unknown`] and [`ControlError::Shape`] a key may exist: list, and compare with what
    /// was there before. [`ControlError::Limit`] names the keys that fill the places.
    pub async fn create(&self, mint: Mint<'_>) -> Result<Minted, ControlError> {
        self.control.check()?;
        settings::tag(mint.tag)?;
        let made = match self.control {
            Control::Openai(at) => openai::create(self, at, mint.tag).await,
            Control::OpenaiAdmin(at) => openai_admin::create(self, at, mint.tag).await,
            Control::AwsIam(at) => aws::iam::create(self, at).await,
            Control::BedrockApiKey(at) => aws::bedrock::create(self, at).await,
            Control::Google(at) => google::create(self, at, mint.tag).await,
            Control::Azure(at) => azure::create(self, at, mint.current).await,
            Control::Openrouter(at) => openrouter::create(self, at, mint.tag).await,
            Control::Template(at) => template::create(self, at, mint.tag).await,
            Control::Anthropic(_) | Control::Manual => Err(ControlError::Unsupported("create")),
        };
        match made {
            Err(ControlError::Limit { message, ids }) if ids.is_empty() => {
                let ids = self.list().await.map(|keys| keys.into_iter().map(|key| key.id).collect());
                Err(ControlError::Limit { message, ids: ids.unwrap_or_default() })
            }
            Err(error) => Err(error.no_such_place()),
            Ok(minted) => Ok(minted),
        }
    }

    /// The value of a key that was made before, where the provider tells it again.
    ///
    /// # Errors
    /// [`ControlError`]; [`ControlError::NotFound`] where there is none.
    pub async fn reread(&self, id: &str) -> Result<Minted, ControlError> {
        self.control.check()?;
        settings::id(id)?;
        match self.control {
            Control::Google(at) => google::reread(self, at, id).await,
            Control::Azure(at) => azure::reread(self, at, id).await,
            _ => Err(ControlError::Unsupported("reread")),
        }
    }

    /// Switches a key off so that it can be switched on again. Repeating it does no harm.
    ///
    /// # Errors
    /// [`ControlError`]; [`ControlError::NotFound`] where a list shows that there is no such key, which is as good as done.
    pub async fn disable(&self, id: &str) -> Result<(), ControlError> {
        self.switch(id, false).await
    }

    /// Switches a key on again.
    ///
    /// # Errors
    /// As [`Controlled::disable`], but here [`ControlError::NotFound`] is not as good as done.
    pub async fn enable(&self, id: &str) -> Result<(), ControlError> {
        self.switch(id, true).await
    }

    async fn switch(&self, id: &str, on: bool) -> Result<(), ControlError> {
        self.control.check()?;
        settings::id(id)?;
        let switched = match self.control {
            Control::AwsIam(at) => aws::iam::switch(self, at, id, on).await,
            Control::BedrockApiKey(at) => aws::bedrock::switch(self, at, id, on).await,
            Control::Openrouter(at) => openrouter::switch(self, at, id, on).await,
            Control::Anthropic(at) => anthropic::switch(self, at, id, on).await,
            Control::Template(at) => template::switch(self, at, id, on).await,
            _ => Err(ControlError::Unsupported("disable")),
        };
        self.gone_for_sure(id, switched).await
    }

    /// Deletes a key for good. Repeating it does no harm.
    ///
    /// # Errors
    /// [`ControlError`]; [`ControlError::NotFound`] where a list shows that there is no such key, which is as good as done.
    pub async fn delete(&self, id: &str) -> Result<(), ControlError> {
        self.control.check()?;
        settings::id(id)?;
        let deleted = match self.control {
            Control::Openai(at) => openai::delete(self, at, id).await,
            Control::OpenaiAdmin(at) => openai_admin::delete(self, at, id).await,
            Control::AwsIam(at) => aws::iam::delete(self, at, id).await,
            Control::BedrockApiKey(at) => aws::bedrock::delete(self, at, id).await,
            Control::Google(at) => google::delete(self, at, id).await,
            Control::Azure(at) => azure::delete(self, at, id).await,
            Control::Openrouter(at) => openrouter::delete(self, at, id).await,
            Control::Anthropic(at) => anthropic::delete(self, at, id).await,
            Control::Template(at) => template::delete(self, at, id).await,
            Control::Manual => Err(ControlError::Unsupported("delete")),
        };
        self.gone_for_sure(id, deleted).await
    }

    /// When a key was last used, where the provider says.
    ///
    /// # Errors
    /// [`ControlError`]; [`ControlError::NotFound`] where there is no such key.
    pub async fn last_used(&self, id: &str) -> Result<LastUse, ControlError> {
        self.control.check()?;
        settings::id(id)?;
        if !self.control.abilities().last_used {
            return Err(ControlError::Unsupported("last_used"));
        }
        let keys = self.list().await?;
        keys.into_iter().find(|key| key.id == id).map(|key| key.last_use).ok_or(ControlError::NotFound)
    }

    /// Whose account a key belongs to, in the provider's words; `None` where it does not say. Two keys with different answers
    /// belong to different accounts.
    ///
    /// # Errors
    /// [`ControlError`]; [`ControlError::Unauthorized`] where the provider does not take the key.
    pub async fn account(&self, key: Key<'_>) -> Result<Option<String>, ControlError> {
        self.control.check()?;
        match self.control {
            Control::Openai(at) => openai::account(self, at, key).await,
            Control::OpenaiAdmin(at) => openai_admin::account(self, at, key).await,
            Control::AwsIam(at) => aws::iam::account(self, at, key).await,
            Control::Google(at) => google::account(self, at, key).await,
            Control::Azure(at) => azure::account(self, at, key).await,
            Control::Anthropic(at) => anthropic::account(self, at, key).await,
            _ => Ok(None),
        }
    }

    /// Sends a request below the address in the settings, or else the provider's own, and nowhere else.
    async fn ask(&self, ask: Ask<'_>, own: Option<&str>, usual: &str) -> Result<Reply, ControlError> {
        let base = settings::address(own.unwrap_or(usual))?;
        self.wire.send(ask, &[base.host_str().unwrap_or_default()]).await?.done()
    }

    /// Tries a key as a template describes it; other providers are tried by [`Upstream::probe`].
    ///
    /// # Errors
    /// [`ControlError`]; [`ControlError::Unauthorized`] where the provider does not take the key.
    pub async fn try_key(&self, key: Key<'_>) -> Result<(), ControlError> {
        self.control.check()?;
        match self.control {
            Control::Template(at) => template::probe(self, at, key).await,
            _ => Err(ControlError::Unsupported("probe")),
        }
    }

    /// The ids under which a provider bills the use of the key that `id` stands for; `id` itself where it is the key's own.
    ///
    /// # Errors
    /// [`ControlError`].
    pub async fn billed_as(&self, id: &str) -> Result<Vec<String>, ControlError> {
        self.control.check()?;
        match self.control {
            Control::Openai(at) => openai::keys_of(self, at, id).await,
            _ => Ok(vec![id.to_owned()]),
        }
    }

    /// A "not found" of one key may as well come from a wrong project or address. Only a list that shows no such key makes it
    /// true; a key that is still on the list makes the effect unknown.
    async fn gone_for_sure(&self, id: &str, done: Result<(), ControlError>) -> Result<(), ControlError> {
        let Err(ControlError::NotFound) = done else { return done };
        let listed = self.list().await?.iter().any(|key| key.id == id);
        Err(if listed { ControlError::Unknown(Uncertain::StillListed) } else { ControlError::NotFound })
    }
}
