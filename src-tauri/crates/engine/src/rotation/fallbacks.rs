//! Who is still served with a key that was replaced, written down now and then.

use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::Error;
use crate::routing::credential::LiveCredential;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::key_versions::Fallback;

impl Engine {
    /// Writes down the calls that older keys served since this was last done.
    pub(crate) async fn flush_fallbacks(&self) {
        for live in self.inner.routing.table().keys() {
            if let Err(error) = self.write_fallbacks(live).await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, credential = %live.id, "calls that an older key served could not be noted");
            }
        }
    }

    async fn write_fallbacks(&self, live: &LiveCredential) -> Result<(), Error> {
        let Some(grace) = &live.grace else { return Ok(()) };
        let served = live.handover.take_fallbacks();
        if served.is_empty() {
            return Ok(());
        }
        let calls: u64 = served.iter().map(|(_, _, calls, _)| calls).sum();
        let draft = self
            .draft(&Cx::system(), "rotation.fallback_used", format_args!("credential:{}", live.id))
            .name(&live.name)
            .detail("provider", live.provider.as_str())
            .detail("version", grace.version)
            .detail("refused_version", live.version)
            .detail("calls", calls)
            .outcome(Outcome::Success, Severity::Warning);
        let (id, version) = (live.id, grace.version);
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                for &(tenant_id, api_key_id, calls, last_at) in &served {
                    let fallback = Fallback { version, tenant_id, api_key_id, calls, last_at };
                    recorded.key_versions().add_fallback(id, &fallback)?;
                    recorded.credentials().touch(id, version, calls, last_at)?;
                }
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.told_of(crate::EventKind::Credential, sequence);
        Ok(())
    }
}
