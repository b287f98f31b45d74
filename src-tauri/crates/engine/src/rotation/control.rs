//! Control credentials: the admin keys that other keys are made and retired with. They are sealed for their own purpose, and no
//! call ever goes out with one.

use crate::Engine;
use crate::cx::Cx;
use crate::entry::Draft;
use crate::error::{Code, Error};
use reeve_core::id::ControlCredentialId;
use reeve_core::permission::Permission;
use reeve_providers::control::Control;
use reeve_store::table::control_credentials::ControlCredential as Stored;
use reeve_store::table::credentials::Credential;
use reeve_vault::{Purpose, Secret};

pub use reeve_store::table::control_credentials::ControlCredential;

/// A new admin key.
#[derive(Debug)]
pub struct AddControlCredential {
    /// Name.
    pub name: String,
    /// Whose it is, as credentials spell it.
    pub provider: String,
    /// The key.
    pub secret: Secret,
}

/// A change of an admin key; what is `None` stays.
#[derive(Debug, Default)]
pub struct ChangeControlCredential {
    /// Name.
    pub name: Option<String>,
    /// Another key in its place.
    pub secret: Option<Secret>,
}

/// How a credential's provider is told about keys, with the admin key in the clear for a few calls.
pub(super) struct Desk {
    pub(super) control: Control,
    pub(super) admin: Secret,
}

impl Engine {
    /// Admin keys, oldest first, each with the names of the credentials that are rotated with it.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn control_credentials(&self, cx: &Cx) -> Result<Vec<(ControlCredential, Vec<String>)>, Error> {
        self.require_to_see(cx, Permission::CredentialRead, Permission::CredentialWrite).await?;
        self.inner
            .store
            .read(|r| {
                let table = r.control_credentials();
                table
                    .all()?
                    .into_iter()
                    .map(|one| Ok((table.used_by(one.id)?, one)))
                    .collect::<Result<Vec<_>, Error>>()
            })
            .await
            .map(|all| all.into_iter().map(|(used_by, one)| (one, used_by)).collect())
    }

    /// Seals a new admin key.
    ///
    /// # Errors
    /// If `cx` may not, has not just signed in, a field is wrong, the name is taken, or the vault is locked.
    pub async fn add_control_credential(
        &self,
        cx: &Cx,
        new: AddControlCredential,
    ) -> Result<ControlCredential, Error> {
        self.require(cx, Permission::CredentialWrite).await?;
        self.require_fresh(cx)?;
        let name = crate::tenants::name(&new.name, "name")?;
        if crate::prices::provider(&new.provider).is_none() && new.provider != "custom" {
            return Err(Error::field("provider", "is not known; choose one of GET /providers, or custom"));
        }
        checked_secret(&new.secret)?;
        let (id, now) = (ControlCredentialId(self.inner.ids.next()), self.now());
        let stored = Stored {
            id,
            name,
            fingerprint: self.vault()?.fingerprint(&new.secret),
            last4: new.secret.last4(),
            sealed: Some(self.seal_control(id, &new.provider, &new.secret)?),
            provider: new.provider,
            created_at: now,
            changed_at: now,
            last_used_at: None,
            removed_at: None,
        };
        let draft = self
            .control_draft(cx, "control_credential.create", &stored)
            .detail("fingerprint", stored.fingerprint.as_str())
            .detail("last4", stored.last4.as_str());
        let added = stored.clone();
        self.write_control(draft, move |recorded| recorded.control_credentials().insert(&stored)).await?;
        Ok(added)
    }

    /// Gives an admin key another name, or puts another key in its place.
    ///
    /// # Errors
    /// As [`Engine::add_control_credential`]; if there is none.
    pub async fn change_control_credential(
        &self,
        cx: &Cx,
        id: ControlCredentialId,
        change: ChangeControlCredential,
    ) -> Result<ControlCredential, Error> {
        self.require(cx, Permission::CredentialWrite).await?;
        self.require_fresh(cx)?;
        let before = self.control_credential(id).await?;
        if change.secret.is_some() {
            self.not_renewed(&before).await?;
        }
        let mut after = before.clone();
        if let Some(name) = change.name {
            after.name = crate::tenants::name(&name, "name")?;
        }
        if let Some(secret) = change.secret {
            checked_secret(&secret)?;
            after.fingerprint = self.vault()?.fingerprint(&secret);
            after.last4 = secret.last4();
            after.sealed = Some(self.seal_control(id, &after.provider, &secret)?);
            after.changed_at = self.now();
        }
        let draft = self
            .control_draft(cx, "control_credential.update", &after)
            .change("name", &before.name, &after.name)
            .change("fingerprint", &before.fingerprint, &after.fingerprint)
            .change("last4", &before.last4, &after.last4);
        let stored = after.clone();
        self.write_control(draft, move |recorded| recorded.control_credentials().change(&stored)).await?;
        self.inner.rotations.look_soon();
        Ok(after)
    }

    /// Removes an admin key and shreds it. Credentials that were rotated with it are rotated by hand from then on.
    ///
    /// # Errors
    /// If `cx` may not, has not just signed in, or there is none.
    pub async fn remove_control_credential(&self, cx: &Cx, id: ControlCredentialId) -> Result<(), Error> {
        self.require(cx, Permission::CredentialWrite).await?;
        self.require_fresh(cx)?;
        let stored = self.control_credential(id).await?;
        self.not_renewed(&stored).await?;
        let draft = self.control_draft(cx, "control_credential.delete", &stored);
        self.write_control(draft, move |recorded| recorded.control_credentials().remove(id, recorded.now()))
            .await
    }

    pub(super) fn control_draft(&self, cx: &Cx, kind: &str, stored: &Stored) -> Draft {
        self.draft(cx, kind, format_args!("control_credential:{}", stored.id))
            .name(&stored.name)
            .detail("provider", stored.provider.as_str())
    }

    pub(super) async fn write_control(
        &self,
        draft: Draft,
        work: impl Fn(&reeve_store::Recorded<'_>) -> Result<(), reeve_store::StoreError> + Send + 'static,
    ) -> Result<(), Error> {
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                work(&recorded)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.told_of(crate::EventKind::Credential, sequence);
        Ok(())
    }

    pub(super) async fn control_credential(&self, id: ControlCredentialId) -> Result<Stored, Error> {
        let found = self.inner.store.read(move |r| r.control_credentials().get(id)).await?;
        found.filter(|c| c.removed_at.is_none()).ok_or_else(|| Error::not_found("admin key"))
    }

    pub(super) fn seal_control(
        &self,
        id: ControlCredentialId,
        provider: &str,
        key: &Secret,
    ) -> Result<Vec<u8>, Error> {
        self.vault()?
            .seal(Purpose::AdminCred, &context(id, provider), key.expose())
            .map_err(|e| Error::new(Code::Internal, "The vault could not seal the key.").because(e))
    }

    /// An admin key in the clear: for a few calls, and kept nowhere.
    ///
    /// # Errors
    /// If there is none, it was removed, it does not open, or the vault is locked.
    pub(crate) async fn open_control(&self, id: ControlCredentialId) -> Result<Secret, Error> {
        let stored = self.control_credential(id).await?;
        let sealed = stored.sealed.as_deref().unwrap_or_default();
        self.vault()?.open(Purpose::AdminCred, &context(id, &stored.provider), sealed).map_err(|e| {
            Error::new(Code::Internal, "The admin key does not open; the vault or the store is damaged.")
                .because(e)
        })
    }

    /// What a credential's keys are made and retired with; `None` where that is done by hand.
    pub(super) async fn desk(&self, credential: &Credential) -> Result<Option<Desk>, Error> {
        let (Some(control), Some(id)) = (control_of(credential), credential.control_credential) else {
            return Ok(None);
        };
        Ok(Some(Desk { control, admin: self.open_control(id).await? }))
    }
}

/// How a credential's provider is told about keys. What is kept and not understood counts as by hand.
pub(super) fn control_of(credential: &Credential) -> Option<Control> {
    let control = serde_json::from_str(credential.control.as_deref()?).ok()?;
    (control != Control::Manual).then_some(control)
}

/// What an admin key may not be moved away from.
pub(crate) fn context(id: ControlCredentialId, provider: &str) -> String {
    format!("{provider}/{id}")
}

fn checked_secret(secret: &Secret) -> Result<(), Error> {
    let bytes = secret.expose();
    // A service account's key file is text with spaces and lines.
    let fits = (8..=16_384).contains(&bytes.len()) && std::str::from_utf8(bytes).is_ok();
    if fits { Ok(()) } else { Err(Error::field("secret", "must be 8 to 16,384 characters")) }
}
