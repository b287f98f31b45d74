//! The keys that sign access tokens: one in use, replaced every thirty days or when somebody says so, and the one before it for
//! as long as its last tokens are good. Both are sealed in the vault.

use super::ACCESS_SECONDS;
use super::access::AccessKey;
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::Error;
use crate::vault::{open_own, seal_own};
use parking_lot::RwLock;
use reeve_core::id::{SessionId, UserId};
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_vault::Purpose;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A key signs for so long.
const GOOD_FOR: i64 = 30 * Millis::DAY;
/// Tokens of the key before are good until all of them are over, with room for clocks.
const OVERLAP: i64 = (ACCESS_SECONDS + 60) * Millis::SECOND;
const CURRENT: &str = "access_token_key";
const FORMER: &str = "access_token_key_former";

/// Keys in memory.
pub(super) struct AccessKeys {
    current: AccessKey,
    since: Millis,
    former: Option<AccessKey>,
}

/// The keys, once they are read.
#[derive(Default)]
pub(super) struct Known {
    keys: RwLock<Option<Arc<AccessKeys>>>,
    reading: tokio::sync::Mutex<()>,
}

/// The key that signs access tokens, for people to look at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SigningKey {
    /// What tokens name it by.
    pub kid: String,
    /// Since when it signs.
    pub since: Millis,
    /// When the next one takes over by itself.
    pub until: Millis,
}

/// What happens to tokens of the key that is replaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Replaced {
    /// They are good until they are over, ten minutes at most: nobody notices.
    RunsOut,
    /// They are over at once, because somebody else may have the key. Open sessions get new ones by themselves.
    EndsNow,
}

impl AccessKeys {
    /// The one that signs.
    pub(super) const fn current(&self) -> &AccessKey {
        &self.current
    }

    /// Whose token it is, signed by the one or the other.
    pub(super) fn read(&self, token: &str, now: Millis) -> Option<(UserId, SessionId)> {
        let former = || self.former.as_ref().filter(|_| now < self.since.plus(OVERLAP))?.read(token, now);
        self.current.read(token, now).or_else(former)
    }
}

impl Known {
    pub(super) async fn get(&self, engine: &Engine) -> Result<Arc<AccessKeys>, Error> {
        if let Some(keys) = &*self.keys.read() {
            return Ok(Arc::clone(keys));
        }
        let _one = self.reading.lock().await;
        if let Some(keys) = &*self.keys.read() {
            return Ok(Arc::clone(keys));
        }
        let keys = Arc::new(engine.read_access_keys().await?);
        *self.keys.write() = Some(Arc::clone(&keys));
        Ok(keys)
    }
}

impl Engine {
    async fn read_access_keys(&self) -> Result<AccessKeys, Error> {
        let vault = self.vault()?;
        let current = AccessKey::new(&*self.own_secret(&vault, Purpose::JwtKey, CURRENT).await?);
        let read = |r: &reeve_store::Read<'_>| {
            let items = r.sealed_items();
            Ok::<_, Error>((items.created_at(CURRENT)?, items.get(FORMER)?))
        };
        let (since, former) = self.inner.store.read(read).await?;
        let former = match former {
            Some(sealed) => Some(AccessKey::new(&*open_own(&vault, Purpose::JwtKey, FORMER, &sealed)?)),
            None => None,
        };
        Ok(AccessKeys { current, since: since.unwrap_or_else(|| self.now()), former })
    }

    /// The key that signs access tokens.
    ///
    /// # Errors
    /// If `cx` may not see the vault; [`crate::Code::VaultLocked`].
    pub async fn signing_key(&self, cx: &Cx) -> Result<SigningKey, Error> {
        self.require_to_see(cx, Permission::VaultRead, Permission::VaultWrite).await?;
        let keys = self.access_key().await?;
        let (kid, since) = (keys.current.kid().to_owned(), keys.since);
        Ok(SigningKey { kid, since, until: since.plus(GOOD_FOR) })
    }

    /// Lets a new key sign from now on.
    ///
    /// # Errors
    /// If `cx` may not change the vault; [`crate::Code::StepUpRequired`]; [`crate::Code::VaultLocked`].
    pub async fn replace_signing_key(&self, cx: &Cx, replaced: Replaced) -> Result<SigningKey, Error> {
        self.require(cx, Permission::VaultWrite).await?;
        self.require_fresh(cx)?;
        self.write_signing_key(cx, replaced).await?;
        self.signing_key(cx).await
    }

    /// Lets a new key sign where the present one has signed for long enough. Asked daily.
    pub(crate) async fn renew_signing_key(&self) -> Result<(), Error> {
        let read = |r: &reeve_store::Read<'_>| r.sealed_items().created_at(CURRENT);
        let since = self.inner.store.read(read).await?;
        match since {
            Some(since) if since.plus(GOOD_FOR) <= self.now() => {
                self.write_signing_key(&Cx::system(), Replaced::RunsOut).await
            }
            _ => Ok(()),
        }
    }

    async fn write_signing_key(&self, cx: &Cx, replaced: Replaced) -> Result<(), Error> {
        let vault = self.vault()?;
        let known = &self.inner.sessions.access_keys;
        let _one = known.reading.lock().await;
        let present = self.own_secret(&vault, Purpose::JwtKey, CURRENT).await?;
        let next = Zeroizing::new(crate::random::bytes::<32>()?);
        // What ends now is overwritten in the file as well: with a key that nobody has ever signed with.
        let former = match replaced {
            Replaced::RunsOut => present,
            Replaced::EndsNow => Zeroizing::new(crate::random::bytes::<32>()?),
        };
        let sealed_next = seal_own(&vault, Purpose::JwtKey, CURRENT, &next)?;
        let sealed_former = seal_own(&vault, Purpose::JwtKey, FORMER, &former)?;
        let severity = if replaced == Replaced::EndsNow { Severity::Warning } else { Severity::Notice };
        let draft = self
            .draft(cx, "vault.key_replace", format_args!("vault_key:{CURRENT}"))
            .detail("reason", if replaced == Replaced::EndsNow { "compromised" } else { "routine" })
            .outcome(Outcome::Success, severity);
        let write = move |tx: &mut reeve_store::Tx<'_>| {
            let recorded = draft.record(tx)?;
            let items = recorded.sealed_items();
            if items.reads().get(FORMER)?.is_some() {
                items.replace(FORMER, &sealed_former, recorded.now())?;
            } else {
                items.insert(FORMER, &sealed_former, recorded.now())?;
            }
            items.replace(CURRENT, &sealed_next, recorded.now())?;
            Ok::<_, Error>((recorded.sequence(), recorded.now()))
        };
        let (sequence, since) = self.inner.store.write(write).await?;
        let (current, former) = (AccessKey::new(&next), Some(AccessKey::new(&former)));
        *known.keys.write() = Some(Arc::new(AccessKeys { current, since, former }));
        self.told(sequence);
        Ok(())
    }
}
