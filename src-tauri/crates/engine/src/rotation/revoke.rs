//! The keys of a revoked credential, at its provider.

use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::Error;
use reeve_core::rotation::VersionState;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_providers::control::ControlError;
use reeve_store::table::credentials::Credential;
use reeve_store::table::key_versions::KeyVersion;

impl Engine {
    /// Deletes the keys of a credential that was just revoked, where Reeve had its provider make them. What came of it is an entry.
    pub(crate) fn delete_revoked(&self, credential: Credential, versions: Vec<KeyVersion>) {
        if !self.abilities(&credential).delete {
            return;
        }
        let engine = self.clone();
        self.inner.tasks.spawn(async move {
            for version in versions.iter().filter(|v| v.state != VersionState::Revoked) {
                let Some(key) = &version.provider_key_id else { continue };
                if let Err(error) = engine.delete_one(&credential, version.version, key).await {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, credential = %credential.id, "a revoked key could not be deleted");
                }
            }
        });
    }

    pub(super) async fn delete_one(
        &self,
        credential: &Credential,
        version: u32,
        key: &str,
    ) -> Result<(), Error> {
        let deleted = match self.desk(credential).await? {
            None => return Ok(()),
            Some(desk) => self.controlled(&desk).delete(key).await,
        };
        let draft = self
            .draft(&Cx::system(), "rotation.revoked", format_args!("credential:{}", credential.id))
            .name(&credential.name)
            .detail("provider", credential.provider.as_str())
            .detail("version", version)
            .detail("provider_key_id", key);
        let draft = match deleted {
            Ok(()) | Err(ControlError::NotFound) => draft,
            Err(error) => draft
                .detail("message", format!("{error}. Delete the key at the provider by hand."))
                .outcome(Outcome::Error, Severity::Critical),
        };
        self.record(draft).await?;
        Ok(())
    }
}
