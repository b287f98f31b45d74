//! Trying a new key: does it authenticate, does it see what the old one sees, and does it belong to the same account?

use super::control::Desk;
use super::machine::Verdict;
use crate::Engine;
use crate::error::Error;
use reeve_providers::control::{Control, ControlError};
use reeve_providers::upstream::{BaseUrl, Key, ProbeOutcome};
use reeve_store::table::credentials::Credential;
use reeve_vault::Secret;

/// What a provider said to a key.
enum Said {
    Lists(Vec<String>),
    Refuses(u16),
    /// It answers, and has no list of models there.
    NoList,
    Else(String),
}

/// A key that nobody has: a provider that answers it as any other does not look at keys.
const NOBODYS: &[u8] = b"reeve-asks-whether-any-key-will-do";

impl Engine {
    /// Tries `new` beside `old`, which may be gone.
    pub(super) async fn try_key(
        &self,
        credential: &Credential,
        desk: Option<&Desk>,
        new: &Secret,
        old: Option<&Secret>,
    ) -> Result<Verdict, Error> {
        if let Some(verdict) = self.try_by_template(desk, new).await {
            return Ok(verdict);
        }
        let sees = match self.ask_models(credential, new).await? {
            Said::Lists(models) => Some(models),
            Said::Refuses(status) => return Ok(Verdict::Refused(status)),
            Said::NoList => match self.signs_in_without_list(credential, desk).await? {
                true => None,
                false => return Ok(Verdict::Inconclusive(UNTOLD.to_owned())),
            },
            Said::Else(why) => return Ok(Verdict::Inconclusive(why)),
        };
        let old_said = match old {
            None => Said::NoList,
            Some(old) => self.ask_models(credential, old).await?,
        };
        // One that is refused is gone already: there is nothing to hold the new one against.
        let old_is_alive = old.is_some() && !matches!(old_said, Said::Refuses(_));
        let old_sees = match old_said {
            Said::Lists(_) if sees.is_none() => {
                let why = "The old key sees a list of models, and the new one none.";
                return Ok(Verdict::Inconclusive(why.to_owned()));
            }
            Said::Lists(models) => Some(models),
            Said::Else(why) if credential.models.is_empty() => return Ok(Verdict::Inconclusive(why)),
            Said::Refuses(_) | Said::NoList | Said::Else(_) => None,
        };
        if let Some(sees) = &sees {
            let lacks = lacking(sees, old_sees.as_deref(), &credential.models);
            if !lacks.is_empty() {
                return Ok(Verdict::Lacks(lacks));
            }
        }
        if let (Some(desk), Some(old)) = (desk, old.filter(|_| old_is_alive))
            && self.are_strangers(desk, new, old).await
        {
            return Ok(Verdict::OtherAccount);
        }
        Ok(Verdict::Passed { models: sees.map(|models| models.len() as u64) })
    }

    /// Whether a key works right now.
    pub(super) async fn works(
        &self,
        credential: &Credential,
        desk: Option<&Desk>,
        key: &Secret,
    ) -> Result<bool, Error> {
        if let (Some(_), Some(desk)) = (credential.renews, desk) {
            let tried = self.try_admin_key(&desk.control, key, None).await;
            return Ok(matches!(tried, Verdict::Passed { .. }));
        }
        if self.try_by_template(desk, key).await.is_some() {
            return Ok(false);
        }
        Ok(match self.ask_models(credential, key).await? {
            Said::Lists(_) => true,
            Said::NoList => self.signs_in_without_list(credential, desk).await?,
            Said::Refuses(_) | Said::Else(_) => false,
        })
    }

    /// What speaks against a key by the request that a template has for trying one; `None` where nothing does, or there is none.
    async fn try_by_template(&self, desk: Option<&Desk>, key: &Secret) -> Option<Verdict> {
        let desk = desk.filter(|desk| has_probe(desk))?;
        match self.controlled(desk).try_key(Key(key.expose())).await {
            Ok(()) => None,
            Err(ControlError::Unauthorized { status, .. }) => Some(Verdict::Refused(status)),
            Err(error) => Some(Verdict::Inconclusive(error.to_string())),
        }
    }

    /// Whether a key that was answered, though with no list of models, is known to sign in: because it was tried as a template
    /// says, or because a key that nobody has is refused at the same place.
    async fn signs_in_without_list(
        &self,
        credential: &Credential,
        desk: Option<&Desk>,
    ) -> Result<bool, Error> {
        if desk.is_some_and(has_probe) {
            return Ok(true);
        }
        let nobodys = self.ask_models(credential, &Secret::copy_of(NOBODYS)).await?;
        Ok(matches!(nobodys, Said::Refuses(_)))
    }

    async fn ask_models(&self, credential: &Credential, key: &Secret) -> Result<Said, Error> {
        let base_url =
            BaseUrl::parse(&credential.base_url).map_err(|e| Error::field("base_url", e.to_string()))?;
        let asked = self.inner.upstream.probe(&credential.provider, &base_url, Key(key.expose()), self.now());
        Ok(match asked.await {
            Ok(probe) => match probe.outcome {
                ProbeOutcome::Accepted => Said::Lists(probe.ids),
                ProbeOutcome::KeyRefused => Said::Refuses(probe.status),
                ProbeOutcome::NoList => Said::NoList,
                other => Said::Else(other.message().to_owned()),
            },
            Err(error) => Said::Else(error.to_string()),
        })
    }

    /// Whether the provider says that two keys belong to different accounts. Where it says nothing, nothing speaks against it.
    async fn are_strangers(&self, desk: &Desk, new: &Secret, old: &Secret) -> bool {
        let controlled = self.inner.controls.with(&desk.control, Key(desk.admin.expose()), self.now());
        let of = async |key: &Secret| -> Result<Option<String>, ControlError> {
            controlled.account(Key(key.expose())).await
        };
        match (of(new).await, of(old).await) {
            (Ok(Some(new)), Ok(Some(old))) => new != old,
            _ => false,
        }
    }
}

/// Why a key is neither good nor bad.
const UNTOLD: &str =
    "The address has no list of models and answers any key, so that nothing shows whether this one works.";

fn has_probe(desk: &Desk) -> bool {
    matches!(&desk.control, Control::Template(template) if template.probe.is_some())
}

/// The models that a new key should see and does not: those that the old one sees, or of them the ones that calls may use.
fn lacking(sees: &[String], old_sees: Option<&[String]>, may_use: &[String]) -> Vec<String> {
    let names = |entry: &str| entry.split('=').map(str::to_owned).collect::<Vec<_>>();
    let allowed: Vec<String> = may_use.iter().flat_map(|entry| names(entry)).collect();
    let needed: Vec<&String> = match (old_sees, allowed.is_empty()) {
        (Some(old), true) => old.iter().collect(),
        (Some(old), false) => old.iter().filter(|model| allowed.contains(model)).collect(),
        (None, true) => Vec::new(),
        // Names of deployments are on no list: those that are no model's name are passed over.
        (None, false) => may_use.iter().filter(|entry| !entry.contains('=')).collect(),
    };
    needed.into_iter().filter(|model| !sees.contains(model)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_must_see_what_the_old_one_serves() {
        let list = |models: &[&str]| models.iter().map(|m| (*m).to_owned()).collect::<Vec<_>>();
        let lack = |sees: &[&str], old: Option<&[&str]>, may: &[&str]| {
            lacking(&list(sees), old.map(list).as_deref(), &list(may))
        };
        assert_eq!(lack(&["a", "b", "c"], Some(&["a", "b"]), &[]), list(&[]), "more is fine");
        assert_eq!(lack(&["a"], Some(&["a", "b"]), &[]), list(&["b"]));
        assert_eq!(lack(&["a"], Some(&["a", "b"]), &["a"]), list(&[]), "nobody may use b");
        assert_eq!(lack(&["a"], Some(&["a", "b"]), &["deployed=b"]), list(&["b"]));
        assert_eq!(lack(&["a"], None, &["a", "b"]), list(&["b"]), "the old one is gone");
        assert_eq!(lack(&[], None, &[]), list(&[]));
    }
}
