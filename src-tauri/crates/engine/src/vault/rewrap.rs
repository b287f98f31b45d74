//! Sealing everything anew under the newest epoch, in batches. Each value says itself under which epoch it is, so a run that
//! broke off begins at the start and passes over what is done. All of it opens at every moment.

use super::rows::not_sealed;
use crate::Engine;
use crate::cx::Cx;
use crate::error::Error;
use reeve_core::id::{ControlCredentialId, CredentialId, ListenerId, TenantId, UserId};
use reeve_store::Tx;
use reeve_store::table::vault_rewraps::{Place, Rewrap, Sealed};
use reeve_vault::{Purpose, SealedKey, Vault};
use std::time::Duration;
use uuid::Uuid;

/// Values in one transaction.
const BATCH: usize = 1_000;
/// How long what was sealed under the key before may be on its way to the store.
const ON_ITS_WAY: Duration = Duration::from_secs(5);

/// How far a run has come.
#[derive(Clone, Copy, Default)]
struct Tally {
    done: u64,
    unreadable: u64,
}

impl Engine {
    /// The vault with the root key before it, where a rotation has not ended.
    pub(super) async fn with_unfinished_root(&self, vault: Vault) -> Result<Vault, Error> {
        let Some(rewrap) = self.unfinished_rewrap().await? else { return Ok(vault) };
        match rewrap.older_root {
            Some(sealed) => vault.with_older_root(&sealed).map_err(not_sealed),
            None => Ok(vault),
        }
    }

    /// Goes on with a rotation that the last session did not end.
    pub(super) async fn resume_rewrap(&self) -> Result<(), Error> {
        if let Some(rewrap) = self.unfinished_rewrap().await? {
            self.start_rewrap(rewrap.epoch);
        }
        Ok(())
    }

    async fn unfinished_rewrap(&self) -> Result<Option<Rewrap>, Error> {
        let newest = self.inner.store.read(|r| r.vault_rewraps().newest()).await?;
        Ok(newest.filter(|r| r.ended_at.is_none()))
    }

    pub(super) fn start_rewrap(&self, epoch: u32) {
        let (engine, stop) = (self.clone(), self.inner.tasks.stopping());
        self.inner.tasks.spawn(async move {
            let run = tokio::select! {
                run = engine.rewrap(epoch) => run,
                () = stop.cancelled() => return,
            };
            if let Err(error) = run {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "the master key's rotation broke off; it goes on at the next start");
            }
        });
    }

    async fn rewrap(&self, epoch: u32) -> Result<(), Error> {
        self.rewrap_everything(epoch).await?;
        // Calls take their keys from memory: they must have the new wrapping before the old key goes.
        self.load_routing().await?;
        tokio::time::sleep(ON_ITS_WAY).await;
        let tally = self.rewrap_everything(epoch).await?;
        self.load_routing().await?;
        if tally.unreadable > 0 {
            // What does not open now may with another copy of the store: the key before stays.
            tracing::error!(values = tally.unreadable, "some sealed values do not open and stay as they are");
            return Ok(());
        }
        let draft = self
            .draft(&Cx::system(), "vault.rewrapped", "vault:local")
            .detail("epoch", epoch)
            .detail("values", tally.done);
        self.inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.vault_rewraps().end(epoch, recorded.now())?;
                Ok::<_, Error>(())
            })
            .await?;
        let _one = self.inner.vault.changing.lock().await;
        let vault = self.vault()?;
        self.inner.vault.set(Ok(vault.without_older_root()));
        // The old wrappings leave the write-ahead log, as far as readers let it be emptied.
        self.inner.store.fold().await;
        self.inner.events.tell(crate::EventKind::Settings, None, None);
        Ok(())
    }

    async fn rewrap_everything(&self, epoch: u32) -> Result<Tally, Error> {
        let vault = self.vault()?;
        let mut tally = Tally::default();
        let mut after = None;
        loop {
            let (vault, at) = (vault.clone(), after);
            let (seen, last) = self.batch(epoch, tally, move |tx, r| keys(tx, r, &vault, at)).await?;
            tally = seen;
            match last {
                Some(last) => after = Some(last),
                None => break,
            }
        }
        for place in Place::ALL {
            let mut after = Some(0);
            while let Some(at) = after {
                let vault = vault.clone();
                let (seen, last) =
                    self.batch(epoch, tally, move |tx, r| values(tx, r, &vault, place, at)).await?;
                (tally, after) = (seen, last);
            }
        }
        Ok(tally)
    }

    /// One transaction, with its entry in the ledger of the machinery.
    async fn batch<P: Send + 'static>(
        &self,
        epoch: u32,
        before: Tally,
        work: impl FnOnce(&reeve_store::Recorded<'_>, &mut Tally) -> Result<Option<P>, Error> + Send + 'static,
    ) -> Result<(Tally, Option<P>), Error> {
        let draft = self
            .draft(&Cx::system(), "vault.rewrap", "vault:local")
            .detail("epoch", epoch)
            .detail("before", before.done);
        self.inner
            .store
            .write(move |tx: &mut Tx<'_>| {
                let recorded = draft.meter(tx)?;
                let mut tally = before;
                let last = work(&recorded, &mut tally)?;
                recorded.vault_rewraps().stand(epoch, tally.done, tally.unreadable)?;
                Ok::<_, Error>((tally, last))
            })
            .await
    }
}

/// A page of provider keys: their data keys are wrapped anew; the keys themselves stay as they are. Where the next page begins.
fn keys(
    recorded: &reeve_store::Recorded<'_>,
    tally: &mut Tally,
    vault: &Vault,
    after: Option<(CredentialId, u32)>,
) -> Result<Option<(CredentialId, u32)>, Error> {
    let versions = recorded.key_versions();
    let page = versions.reads().kept(after, BATCH)?;
    let last = page.last().map(|v| (v.credential_id, v.version)).filter(|_| page.len() == BATCH);
    let mut provider: Option<(CredentialId, String)> = None;
    for version in page {
        let Some(sealed) = version.sealed else { continue };
        let id = version.credential_id;
        if !vault.is_outdated(&sealed.wrapped_dek).unwrap_or(true) {
            tally.done += 1;
            continue;
        }
        if provider.as_ref().is_none_or(|(of, _)| *of != id) {
            let found = recorded.credentials().reads().get(id)?;
            provider = found.map(|c| (id, c.provider));
        }
        let of = provider.as_ref().map_or("", |(_, name)| name.as_str());
        let text = id.to_string();
        let Ok(wrapped) = vault.rewrap_dek(of, &text, version.version, &sealed.wrapped_dek) else {
            tally.unreadable += 1;
            continue;
        };
        versions.rewrap(id, version.version, &wrapped)?;
        // A new root key names keys anew, so that the same key is recognised again.
        let key = SealedKey { wrapped_dek: wrapped, sealed: sealed.sealed };
        if vault.has_older_root()
            && let Ok(opened) = vault.open_key(of, &text, version.version, &key)
        {
            let fingerprint = vault.fingerprint(&opened);
            recorded.vault_rewraps().fingerprint(id.0.as_bytes(), version.version, &fingerprint)?;
        }
        tally.done += 1;
    }
    Ok(last)
}

/// A page of small sealed values. Where the next page begins.
fn values(
    recorded: &reeve_store::Recorded<'_>,
    tally: &mut Tally,
    vault: &Vault,
    place: Place,
    after: i64,
) -> Result<Option<i64>, Error> {
    let table = recorded.vault_rewraps();
    let page = table.reads().sealed(place, after, BATCH)?;
    let last = page.last().map(|s| s.at).filter(|_| page.len() == BATCH);
    for sealed in page {
        if !vault.is_outdated(&sealed.sealed).unwrap_or(true) {
            tally.done += 1;
            continue;
        }
        let anew = meaning(place, &sealed)
            .and_then(|(purpose, context)| vault.reseal(purpose, &context, &sealed.sealed).ok());
        match anew {
            Some(anew) => {
                table.reseal(place, sealed.at, &sealed.sealed, &anew)?;
                name_anew(recorded, vault, place, &sealed, &anew)?;
                tally.done += 1;
            }
            None => tally.unreadable += 1,
        }
    }
    Ok(last)
}

/// A new root key names admin keys anew, as it does provider keys, so that the same key is recognised again.
fn name_anew(
    recorded: &reeve_store::Recorded<'_>,
    vault: &Vault,
    place: Place,
    sealed: &Sealed,
    anew: &[u8],
) -> Result<(), Error> {
    if place == Place::ControlCredentials
        && vault.has_older_root()
        && let Some((purpose, context)) = meaning(place, sealed)
        && let Ok(opened) = vault.open(purpose, &context, anew)
    {
        recorded.vault_rewraps().control_fingerprint(sealed.at, &vault.fingerprint(&opened))?;
    }
    Ok(())
}

/// What a value was sealed as: the same words as where it is sealed and opened.
fn meaning(place: Place, sealed: &Sealed) -> Option<(Purpose, String)> {
    let text = || String::from_utf8(sealed.id.clone()).ok();
    let uuid = || Uuid::from_slice(&sealed.id).ok();
    Some(match place {
        Place::SealedItems => {
            let name = text()?;
            let purpose = match name.as_str() {
                "access_token_key" | "access_token_key_former" => Purpose::JwtKey,
                "ledger_signing_key" => Purpose::LogKey,
                _ => return None,
            };
            (purpose, name)
        }
        Place::ControlCredentials => {
            let provider = std::str::from_utf8(sealed.owner.as_deref()?).ok()?;
            (Purpose::AdminCred, format!("{provider}/{}", ControlCredentialId(uuid()?)))
        }
        Place::Listeners => (Purpose::ListenerSecret, ListenerId(uuid()?).to_string()),
        Place::CaptureKeys => {
            let tenant = TenantId(Uuid::from_slice(sealed.owner.as_deref()?).ok()?);
            (Purpose::CaptureKey, format!("{tenant}/{}", text()?))
        }
        Place::SubjectKeys => (Purpose::SubjectKey, text()?),
        Place::SecondFactors => (Purpose::TotpSeed, UserId(uuid()?).to_string()),
    })
}
