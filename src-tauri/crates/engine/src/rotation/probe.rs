//! Trying a new key: does it authenticate, does it see what the old one sees, and does it belong to the same account?

use super::control::Desk;
use super::machine::Verdict;
use crate::Engine;
use crate::error::Error;
use reeve_providers::control::ControlError;
use reeve_providers::upstream::{BaseUrl, Key, ProbeOutcome};
use reeve_store::table::credentials::Credential;
use reeve_vault::Secret;

/// What a provider said to a key.
enum Said {
    Lists(Vec<String>),
    Refuses(u16),
    Else(String),
}

impl Engine {
    /// Tries `new` beside `old`, which may be gone.
    pub(super) async fn try_key(
        &self,
        credential: &Credential,
        desk: Option<&Desk>,
        new: &Secret,
        old: Option<&Secret>,
    ) -> Result<Verdict, Error> {
        let sees = match self.ask_models(credential, new).await? {
            Said::Lists(models) => models,
            Said::Refuses(status) => return Ok(Verdict::Refused(status)),
            Said::Else(why) => return Ok(Verdict::Inconclusive(why)),
        };
        let old_sees = match old {
            None => None,
            Some(old) => match self.ask_models(credential, old).await? {
                Said::Lists(models) => Some(models),
                // It is gone already: there is nothing to hold the new one against.
                Said::Refuses(_) => None,
                Said::Else(why) if credential.models.is_empty() => return Ok(Verdict::Inconclusive(why)),
                Said::Else(_) => None,
            },
        };
        let lacks = lacking(&sees, old_sees.as_deref(), &credential.models);
        if !lacks.is_empty() {
            return Ok(Verdict::Lacks(lacks));
        }
        if let (Some(desk), Some(old)) = (desk, old.filter(|_| old_sees.is_some()))
            && self.are_strangers(desk, new, old).await
        {
            return Ok(Verdict::OtherAccount);
        }
        Ok(Verdict::Passed { models: sees.len() as u64 })
    }

    /// Whether a key works right now.
    pub(super) async fn works(&self, credential: &Credential, key: &Secret) -> Result<bool, Error> {
        Ok(matches!(self.ask_models(credential, key).await?, Said::Lists(_)))
    }

    async fn ask_models(&self, credential: &Credential, key: &Secret) -> Result<Said, Error> {
        let base_url =
            BaseUrl::parse(&credential.base_url).map_err(|e| Error::field("base_url", e.to_string()))?;
        let asked = self.inner.upstream.probe(&credential.provider, &base_url, Key(key.expose()), self.now());
        Ok(match asked.await {
            Ok(probe) => match probe.outcome {
                ProbeOutcome::Accepted => Said::Lists(probe.ids),
                ProbeOutcome::KeyRefused => Said::Refuses(probe.status),
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
