//! What people see of rotations.

use crate::Engine;
use crate::cx::Cx;
use crate::error::Error;
use crate::overview::NeedsYou;
use reeve_core::id::{CredentialId, RotationId};
use reeve_core::permission::Permission;
use reeve_core::rotation::RotationState;
use reeve_core::time::Millis;
use reeve_providers::control::{Abilities, KeyInfo, KeyState};
use reeve_store::table::credentials::Credential;
use reeve_store::table::key_versions::{Fallback, KeyVersion};
use reeve_store::table::rotations::Rotation;
use serde::{Deserialize, Serialize};

/// A key that its provider ends within this time is told on the overview.
const SOON_MS: i64 = 14 * Millis::DAY;

/// A key as its provider listed it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SeenKey {
    /// Its id at the provider.
    pub id: String,
    /// Its name there.
    pub name: Option<String>,
    /// What the provider shows of it.
    pub hint: Option<String>,
    /// Whether it works.
    pub active: bool,
    /// When it was made.
    pub created_at: Option<Millis>,
    /// When it was last used.
    pub last_used_at: Option<Millis>,
    /// By whom or for what.
    pub last_used_by: Option<String>,
}

impl SeenKey {
    /// Whether it is this version, by its id; by what is shown of it where nobody knows the version's id.
    #[must_use]
    pub fn is(&self, version: &KeyVersion) -> bool {
        match &version.provider_key_id {
            Some(id) => *id == self.id,
            None => {
                !version.last4.is_empty() && self.hint.as_ref().is_some_and(|h| h.ends_with(&version.last4))
            }
        }
    }
}

impl From<&KeyInfo> for SeenKey {
    fn from(key: &KeyInfo) -> Self {
        Self {
            id: key.id.clone(),
            name: key.name.clone(),
            hint: key.hint.clone(),
            active: key.state == KeyState::Active,
            created_at: key.created_at,
            last_used_at: key.last_use.at,
            last_used_by: key.last_use.by.clone(),
        }
    }
}

/// A rotation with what it is about.
#[derive(Clone, Debug)]
pub struct RotationDetail {
    /// The rotation.
    pub rotation: Rotation,
    /// Of which credential.
    pub credential: Credential,
    /// Its keys, newest first.
    pub versions: Vec<KeyVersion>,
    /// Keys at the provider before a new one was asked for.
    pub snapshot: Vec<SeenKey>,
    /// What can be done without a person.
    pub abilities: Abilities,
}

/// A credential's keys, and who still uses older ones.
#[derive(Clone, Debug)]
pub struct CredentialUse {
    /// Newest first.
    pub versions: Vec<KeyVersion>,
    /// Who was served with an older one: tenant and API key by name, the last first.
    pub fallbacks: Vec<(Fallback, Option<String>, Option<String>)>,
}

impl Engine {
    /// The versions of a credential's key, and who still uses older ones.
    ///
    /// # Errors
    /// If `cx` may not see them, or there is no such credential.
    pub async fn key_versions(&self, cx: &Cx, id: CredentialId) -> Result<CredentialUse, Error> {
        self.require(cx, Permission::CredentialRead).await?;
        self.stored_credential(id).await?;
        self.inner
            .store
            .read(move |r| {
                let mut fallbacks = Vec::new();
                for fallback in r.key_versions().fallbacks(id)? {
                    let tenant = r.tenants().get(fallback.tenant_id)?.map(|t| t.name);
                    let key = r.api_keys().get(fallback.tenant_id, fallback.api_key_id)?.map(|k| k.name);
                    fallbacks.push((fallback, tenant, key));
                }
                Ok::<_, Error>(CredentialUse { versions: r.key_versions().of(id)?, fallbacks })
            })
            .await
    }

    /// The versions of every credential's key, newest first, for a list of credentials; and the rotations that are not over.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn key_histories(
        &self,
        cx: &Cx,
        of: Vec<CredentialId>,
    ) -> Result<Vec<(Vec<KeyVersion>, Option<Rotation>)>, Error> {
        self.require(cx, Permission::CredentialRead).await?;
        self.inner
            .store
            .read(move |r| {
                let one = |id| Ok::<_, Error>((r.key_versions().of(id)?, r.rotations().open_of(id)?));
                of.into_iter().map(one).collect()
            })
            .await
    }

    /// Rotations, of one credential or of all, newest first, with the names of their credentials; and whether there are more.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn rotations(
        &self,
        cx: &Cx,
        of: Option<CredentialId>,
        before: Option<RotationId>,
        limit: usize,
    ) -> Result<(Vec<(Rotation, Credential)>, bool), Error> {
        self.require(cx, Permission::CredentialRead).await?;
        self.inner
            .store
            .read(move |r| {
                let mut found = r.rotations().list(of, before, limit + 1)?;
                let more = found.len() > limit;
                found.truncate(limit);
                let mut named = Vec::new();
                for rotation in found {
                    if let Some(credential) = r.credentials().get(rotation.credential_id)? {
                        named.push((rotation, credential));
                    }
                }
                Ok::<_, Error>((named, more))
            })
            .await
    }

    /// A rotation with what it is about.
    ///
    /// # Errors
    /// If `cx` may not see it, or there is none.
    pub async fn rotation(&self, cx: &Cx, id: RotationId) -> Result<RotationDetail, Error> {
        self.require(cx, Permission::CredentialRead).await?;
        let standing = self.rotation_standing(id).await?;
        Ok(RotationDetail {
            snapshot: serde_json::from_str(&standing.rotation.snapshot).unwrap_or_default(),
            abilities: standing.facts.can,
            rotation: standing.rotation,
            credential: standing.credential,
            versions: standing.versions,
        })
    }

    /// What can be done about a credential's keys without a person.
    #[must_use]
    pub fn rotation_abilities(&self, credential: &Credential) -> Abilities {
        self.abilities(credential)
    }

    /// Keys that their provider ends soon, and how many wait for their turn to be replaced by hand.
    pub(crate) async fn keys_that_end(&self) -> Result<Vec<NeedsYou>, Error> {
        let (live, open) = self
            .inner
            .store
            .read(|r| Ok::<_, Error>((r.credentials().live()?, r.rotations().open()?)))
            .await?;
        let (now, link) = (self.now(), || "/keys".to_owned());
        let ending = live.iter().filter_map(|c| Some((c, c.expires_at?)));
        let mut needs: Vec<_> = ending
            .filter(|(_, ends)| ends.0 - now.0 < SOON_MS)
            .map(|(c, ends)| {
                let severity = if ends.0 - now.0 < 3 * Millis::DAY { "critical" } else { "warning" };
                let days = (ends.0 - now.0).max(0) / Millis::DAY;
                let when = match days {
                    0 => "within a day".to_owned(),
                    1 => "in a day".to_owned(),
                    days => format!("in {days} days"),
                };
                let text = format!("The key {} of {} ends at its provider {when}", c.name, c.provider);
                NeedsYou { severity, text, time: now, link: link() }
            })
            .collect();
        let waiting = self.due_by(&live, &open, now);
        let oldest = waiting.iter().filter(|(c, ..)| !self.abilities(c).create).map(|(_, at, _)| *at).min();
        let count = waiting.iter().filter(|(c, ..)| !self.abilities(c).create).count();
        if let Some(time) = oldest {
            let text = match count {
                1 => "One more key is due to be replaced by hand; its turn comes next".to_owned(),
                _ => format!(
                    "{count} more keys are due to be replaced by hand; they have their turn one by one"
                ),
            };
            needs.push(NeedsYou { severity: "info", text, time, link: link() });
        }
        Ok(needs)
    }

    /// Rotations that a person must see to.
    pub(crate) async fn rotations_that_wait(&self) -> Result<Vec<NeedsYou>, Error> {
        let waiting = self
            .inner
            .store
            .read(|r| {
                let open = r.rotations().open()?.into_iter();
                let named = open.map(|one| Ok((r.credentials().get(one.credential_id)?, one)));
                named.collect::<Result<Vec<_>, Error>>()
            })
            .await?;
        let need = |(credential, r): (Option<Credential>, Rotation)| {
            let name = credential.map(|c| format!("{} of {}", c.name, c.provider)).unwrap_or_default();
            let (severity, text) = match (r.state, r.resumes) {
                (RotationState::NeedsAttention, _) => {
                    ("critical", format!("The rotation of {name} stopped: {}", r.error.unwrap_or_default()))
                }
                (RotationState::AwaitingOperator, Some(RotationState::Done)) => {
                    ("warning", format!("Delete v{} of {name} at its provider", r.from_version))
                }
                (RotationState::AwaitingOperator, _) => {
                    ("warning", format!("Make a new key for {name} at its provider and paste it"))
                }
                _ => return None,
            };
            Some(NeedsYou { severity, text, time: r.updated_at, link: "/keys".to_owned() })
        };
        Ok(waiting.into_iter().filter_map(need).collect())
    }
}
