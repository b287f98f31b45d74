//! What the machine asks for, done: one call outside at a time, its outcome in the machine's words.

use super::control::Desk;
use super::drive::Standing;
use super::machine::{Act, Fault, Look, NewKey, Seen, asked};
use super::reconcile::{Before, Found, compare};
use super::views::SeenKey;
use crate::Engine;
use crate::error::{Code, Error};
use reeve_core::rotation::VersionState;
use reeve_core::time::Millis;
use reeve_providers::control::{ControlError, Controlled, KeyInfo, Mint, Minted};
use reeve_providers::upstream::Key;
use reeve_store::table::credentials::SealedKey;
use reeve_store::table::rotations::Rotation;
use reeve_vault::Secret;

impl Engine {
    /// Does `act`. A locked vault and a missing admin key are faults too, so that they are seen and tried again.
    pub(super) async fn perform(&self, s: &Standing, act: Act) -> Seen {
        match self.try_perform(s, act).await {
            Ok(seen) => seen,
            Err(error) => {
                let wait = (error.code == Code::Unavailable).then_some(Millis::MINUTE);
                Seen::Failed(Fault {
                    class: "engine",
                    message: error.message,
                    ambiguous: false,
                    again_after: wait,
                })
            }
        }
    }

    async fn try_perform(&self, s: &Standing, act: Act) -> Result<Seen, Error> {
        let desk = match act {
            Act::Wait | Act::Move => return Ok(Seen::Moved),
            Act::Swap => {
                self.load_routing().await?;
                return Ok(Seen::Did);
            }
            _ => self.desk(&s.credential).await?,
        };
        if let Act::Probe = act {
            return self.perform_probe(s, desk.as_ref()).await;
        }
        if let Act::LookBack = act {
            return self.perform_look(s, desk.as_ref()).await;
        }
        let desk = desk.ok_or_else(|| {
            Error::new(Code::PreconditionFailed, "There is no admin key for this any more; choose one.")
        })?;
        let at = self.controlled(&desk);
        Ok(match act {
            Act::List => match at.list().await {
                Ok(keys) => match self.found_among(s, &at, &keys).await? {
                    Seen::Nothing => Seen::Listed(snapshot(&s.rotation, &keys), keys.len()),
                    found => found,
                },
                Err(error) => Seen::Failed(fault(&error)),
            },
            Act::Create => {
                let mint = Mint { tag: &s.rotation.tag, current: s.facts.old_id.as_deref() };
                match at.create(mint).await {
                    Ok(minted) => Seen::Made(self.seal_minted(s, minted)?),
                    Err(error) => Seen::Failed(fault(&error)),
                }
            }
            Act::Reconcile => self.reconcile(s, &at).await?,
            Act::Discard(version, id) => gone(at.delete(&id).await, Seen::Discarded(version)),
            Act::Disable(id) => gone(at.disable(&id).await, Seen::Did),
            Act::Delete(id) | Act::ClearAway(id) => gone(at.delete(&id).await, Seen::Did),
            Act::Wait | Act::Move | Act::Swap | Act::Probe | Act::LookBack => Seen::Moved,
        })
    }

    pub(super) fn controlled<'a>(&'a self, desk: &'a Desk) -> Controlled<'a> {
        self.inner.controls.with(&desk.control, Key(desk.admin.expose()), self.now())
    }

    async fn reconcile(&self, s: &Standing, at: &Controlled<'_>) -> Result<Seen, Error> {
        let keys = match at.list().await {
            Ok(keys) => keys,
            Err(error) => {
                // Still nobody knows whether there is a key.
                return Ok(Seen::Failed(Fault { ambiguous: true, ..fault(&error) }));
            }
        };
        self.found_among(s, at, &keys).await
    }

    /// What `keys` say of a key that was asked for without knowing what became of it.
    async fn found_among(&self, s: &Standing, at: &Controlled<'_>, keys: &[KeyInfo]) -> Result<Seen, Error> {
        let asked = asked(&s.rotation);
        if asked.is_empty() {
            return Ok(Seen::Nothing);
        }
        let ids = ids_before(&s.rotation);
        let known: Vec<_> = s.versions.iter().filter_map(|v| v.provider_key_id.clone()).collect();
        let before = Before { ids: &ids, known: &known, tag: &s.rotation.tag, asked: &asked };
        let found = compare(keys, &before);
        Ok(match found {
            Found::Nothing => Seen::Nothing,
            Found::Unclear(ids) => Seen::Unclear(ids, snapshot(&s.rotation, keys)),
            Found::Ours(ids) => match ids.as_slice() {
                [only] if s.facts.can.reread => match at.reread(only).await {
                    Ok(minted) => Seen::Made(self.seal_minted(s, minted)?),
                    Err(error) => Seen::Failed(Fault { ambiguous: true, ..fault(&error) }),
                },
                _ => Seen::Orphans(ids),
            },
        })
    }

    /// Seals a key that its provider has just told.
    fn seal_minted(&self, s: &Standing, minted: Minted) -> Result<NewKey, Error> {
        let (id, expires_at) = (minted.id, minted.expires_at);
        let key = Secret::new(minted.secret.into_bytes());
        Ok(NewKey { expires_at, ..self.seal_version(s, Some(id), &key)? })
    }

    pub(super) fn seal_version(
        &self,
        s: &Standing,
        provider_key_id: Option<String>,
        key: &Secret,
    ) -> Result<NewKey, Error> {
        let (vault, version) = (self.vault()?, s.next_version());
        let sealed = vault
            .seal_key(&s.credential.provider, &s.credential.id.to_string(), version, key)
            .map_err(|e| Error::new(Code::Internal, "The vault could not seal the key.").because(e))?;
        Ok(NewKey {
            version,
            provider_key_id,
            fingerprint: vault.fingerprint(key),
            last4: key.last4(),
            sealed: SealedKey { wrapped_dek: sealed.wrapped_dek, sealed: sealed.sealed },
            expires_at: None,
        })
    }

    async fn perform_probe(&self, s: &Standing, desk: Option<&Desk>) -> Result<Seen, Error> {
        let new = self.key_of(s, s.rotation.to_version)?.ok_or_else(|| Error::not_found("new key"))?;
        if let (Some(_), Some(desk)) = (s.credential.renews, desk) {
            let tried = self.try_admin_key(&desk.control, &new, s.facts.new_id.as_deref()).await;
            return Ok(Seen::Probed(tried));
        }
        let old = self.key_of(s, Some(s.rotation.from_version))?;
        Ok(Seen::Probed(self.try_key(&s.credential, desk, &new, old.as_ref()).await?))
    }

    async fn perform_look(&self, s: &Standing, desk: Option<&Desk>) -> Result<Seen, Error> {
        let mut look = Look::default();
        if let (Some(desk), Some(id), true) = (desk, &s.facts.old_id, s.facts.can.last_used) {
            match self.controlled(desk).last_used(id).await {
                Ok(last) => (look.used_at, look.used_by) = (last.at, last.by),
                Err(ControlError::NotFound) => {}
                Err(error) => return Ok(Seen::Failed(fault(&error))),
            }
        }
        if let Some(new) = self.key_of(s, s.rotation.to_version)? {
            look.works = self.works(&s.credential, desk, &new).await?;
        }
        Ok(Seen::Looked(look))
    }

    /// A version's key in the clear, where it is kept.
    pub(super) fn key_of(&self, s: &Standing, version: Option<u32>) -> Result<Option<Secret>, Error> {
        let found = s.versions.iter().find(|v| Some(v.version) == version && v.state != VersionState::Lost);
        let Some((version, sealed)) = found.and_then(|v| v.sealed.clone().map(|sealed| (v.version, sealed)))
        else {
            return Ok(None);
        };
        let sealed = crate::routing::credential::from_stored(sealed);
        self.open_version(&s.credential.provider, s.credential.id, version, &sealed).map(Some)
    }
}

/// Ids of the keys that were there before one was asked for.
pub(super) fn ids_before(r: &Rotation) -> Vec<String> {
    let seen: Vec<SeenKey> = serde_json::from_str(&r.snapshot).unwrap_or_default();
    seen.into_iter().map(|key| key.id).collect()
}

/// The keys that are there, as JSON for the ledger. While it is not known what became of a key that was asked for, those of the
/// earlier lists stay: what was not among them may be ours.
fn snapshot(r: &Rotation, keys: &[KeyInfo]) -> String {
    let mut seen: Vec<SeenKey> = keys.iter().map(SeenKey::from).collect();
    if !asked(r).is_empty() {
        let before: Vec<SeenKey> = serde_json::from_str(&r.snapshot).unwrap_or_default();
        let gone: Vec<_> = before.into_iter().filter(|old| seen.iter().all(|key| key.id != old.id)).collect();
        seen.extend(gone);
    }
    serde_json::to_string(&seen).unwrap_or_default()
}

/// A key that is not there any more is as good as deleted, or disabled.
fn gone(done: Result<(), ControlError>, seen: Seen) -> Seen {
    match done {
        Ok(()) | Err(ControlError::NotFound) => seen,
        Err(error) => Seen::Failed(fault(&error)),
    }
}

/// A failure by what may be done about it.
pub(super) fn fault(error: &ControlError) -> Fault {
    let (class, again_after) = match error {
        ControlError::Unauthorized { .. } => ("unauthorized", None),
        ControlError::Limit { .. } => ("limit", None),
        ControlError::NotFound => ("not_found", None),
        ControlError::RateLimited { retry_after } => {
            let ms = retry_after.map_or(0, |wait| i64::try_from(wait.as_millis()).unwrap_or(0));
            ("rate_limited", Some(ms))
        }
        ControlError::Unknown(_) => ("unknown", Some(0)),
        ControlError::Refused { .. } => ("refused", None),
        ControlError::Shape(_) if error.may_have_happened() => ("shape", Some(0)),
        ControlError::Shape(_) => ("shape", None),
        ControlError::NotSent => ("not_sent", Some(0)),
        ControlError::Settings(_) => ("settings", None),
        ControlError::Unsupported(_) => ("unsupported", None),
    };
    Fault { class, message: sentence(&error.to_string()), ambiguous: error.may_have_happened(), again_after }
}

/// As people read it: with a capital and a full stop.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    let end = if text.ends_with('.') { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}
