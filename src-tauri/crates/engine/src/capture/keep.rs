//! Keeping bodies: redacted and sealed on a thread of their own, written in batches, shown to who may see them with an entry
//! for every view, and deleted when their time is over or when somebody says so.

use super::redact::Found;
use super::{Finished, KeptBody};
use crate::Engine;
use crate::cx::Cx;
use crate::engine::blocking;
use crate::entry::Severity;
use crate::error::{Code, Error};
use crate::requests::RequestRef;
use reeve_core::grant::Visible;
use reeve_core::id::{ChargeId, TenantId};
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::captures::{CaptureKey, SealedCapture};
use reeve_vault::{Purpose, Vault};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// Calls that are kept in one transaction.
const BATCH: usize = 16;
/// Calls whose bodies are deleted in one transaction.
const SWEEP: usize = 500;

/// The bodies of a call, as they were kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Bodies {
    /// What the caller sent.
    pub request: KeptBody,
    /// What the provider answered.
    pub response: KeptBody,
    /// How often each detector found something.
    pub redacted: Found,
}

/// A data key, in the clear, and how it is kept.
struct DataKey {
    kept: CaptureKey,
    bytes: Zeroizing<[u8; 32]>,
}

fn aad(charge: ChargeId) -> Vec<u8> {
    format!("reeve.capture.v1\n{charge}").into_bytes()
}

fn context(tenant: TenantId, key_id: &str) -> String {
    format!("{tenant}/{key_id}")
}

fn open_key(vault: &Vault, kept: CaptureKey) -> Option<DataKey> {
    let opened = vault.open(Purpose::CaptureKey, &context(kept.tenant_id, &kept.id), &kept.wrapped).ok()?;
    let bytes = Zeroizing::new(<[u8; 32]>::try_from(opened.expose()).ok()?);
    Some(DataKey { kept, bytes })
}

fn make_key(vault: &Vault, tenant_id: TenantId, day: i64) -> Option<DataKey> {
    let id = data_encoding::HEXLOWER.encode(&crate::random::bytes::<12>().ok()?);
    let bytes = Zeroizing::new(crate::random::bytes::<32>().ok()?);
    let wrapped = vault.seal(Purpose::CaptureKey, &context(tenant_id, &id), bytes.as_slice()).ok()?;
    Some(DataKey { kept: CaptureKey { id, tenant_id, day, wrapped }, bytes })
}

impl Engine {
    pub(crate) fn start_capture(&self) {
        let Some(mut waiting) = self.inner.captures.waiting.lock().take() else { return };
        let (engine, stop) = (self.clone(), self.inner.tasks.stopping());
        self.inner.tasks.spawn(async move {
            let mut batch = Vec::with_capacity(BATCH);
            loop {
                let stopping = tokio::select! {
                    _ = waiting.recv_many(&mut batch, BATCH) => false,
                    () = stop.cancelled() => true,
                };
                while stopping && let Ok(one) = waiting.try_recv() {
                    batch.push(one);
                }
                engine.keep(std::mem::take(&mut batch)).await;
                if stopping {
                    return;
                }
            }
        });
    }

    async fn keep(&self, batch: Vec<Finished>) {
        let tenants: Vec<_> = batch.iter().map(|one| one.rule.tenant).collect();
        if let Err(error) = self.try_keep(batch).await {
            let calls = tenants.len();
            tenants.into_iter().for_each(|tenant| self.inner.captures.drop_one(tenant));
            tracing::error!(error = &error as &dyn std::error::Error, calls, "bodies could not be kept");
        }
    }

    async fn try_keep(&self, batch: Vec<Finished>) -> Result<(), Error> {
        if batch.is_empty() {
            return Ok(());
        }
        let vault = self.vault()?;
        let mut sealed = Vec::with_capacity(batch.len());
        let mut keys: Vec<DataKey> = Vec::new();
        for one in batch {
            let tenant = one.rule.tenant;
            let expires_at = one.time.plus(one.rule.retention_days * Millis::DAY);
            let day = expires_at.0.div_euclid(Millis::DAY);
            let known = keys.iter().position(|k| k.kept.tenant_id == tenant && k.kept.day == day);
            let at = match known {
                Some(at) => at,
                None => {
                    let stored = self.inner.store.read(move |r| r.captures().key_of(tenant, day)).await?;
                    let key = match stored {
                        Some(kept) => open_key(&vault, kept),
                        None => make_key(&vault, tenant, day),
                    };
                    keys.push(key.ok_or_else(|| {
                        Error::new(Code::Unavailable, "There is no data key for captured bodies.")
                    })?);
                    keys.len() - 1
                }
            };
            let key = (keys[at].kept.id.clone(), Zeroizing::new(*keys[at].bytes));
            sealed.push(blocking(move || seal(one, key, expires_at)).await??);
        }
        let keys: Vec<_> = keys.into_iter().map(|k| k.kept).collect();
        self.write_captures(keys, sealed).await
    }

    async fn write_captures(&self, keys: Vec<CaptureKey>, sealed: Vec<SealedCapture>) -> Result<(), Error> {
        let draft =
            self.draft(&Cx::system(), "capture.keep", "capture:bodies").detail("calls", sealed.len() as u64);
        self.inner
            .store
            .write(move |tx| {
                let recorded = draft.meter(tx)?;
                for key in &keys {
                    if recorded.captures().reads().key(&key.id)?.is_none() {
                        recorded.captures().insert_key(key)?;
                    }
                }
                sealed.iter().try_for_each(|one| recorded.captures().insert(one))?;
                Ok::<_, Error>(())
            })
            .await
    }

    /// The bodies that `id` means, if they are among those that are seen.
    async fn captured(&self, visible: Visible, id: RequestRef) -> Result<SealedCapture, Error> {
        self.inner
            .store
            .read(move |r| {
                let charge = match id {
                    RequestRef::Charge(id) => Some(id),
                    RequestRef::Request(id) => r.charges().of_request(id)?.map(|c| c.id),
                };
                let kept = charge.map(|id| r.captures().get(id)).transpose()?.flatten();
                let kept = kept.filter(|kept| visible.shows(Some(kept.tenant_id)));
                kept.ok_or_else(|| Error::not_found("captured body of this request"))
            })
            .await
    }

    /// The bodies of a request, and until when they are kept. The view is an entry in the audit trail before anything is
    /// shown.
    ///
    /// # Errors
    /// If `cx` may not see them, there are none, or the vault is locked.
    pub async fn bodies(&self, cx: &Cx, id: RequestRef) -> Result<(Bodies, Millis), Error> {
        let visible = self.require_visible(cx, Permission::CaptureRead).await?;
        let capture = self.captured(visible, id).await?;
        if capture.expires_at <= self.now() {
            return Err(Error::not_found("captured body of this request"));
        }
        let vault = self.vault()?;
        let draft = self
            .draft(cx, "data.access", format_args!("charge:{}", capture.charge_id))
            .tenant(capture.tenant_id)
            .detail("what", "captured bodies")
            .outcome(Outcome::Success, Severity::Notice);
        self.record(draft).await?;
        let key_id = capture.key_id.clone();
        let kept = self.inner.store.read(move |r| r.captures().key(&key_id)).await?;
        let opened = kept.and_then(|kept| open_key(&vault, kept)).and_then(|key| {
            reeve_vault::open_with(&key.bytes, &aad(capture.charge_id), &capture.sealed).ok()
        });
        let broken = || Error::new(Code::Internal, "The captured bodies cannot be opened.");
        let bodies = serde_json::from_slice(opened.ok_or_else(broken)?.expose()).map_err(|_| broken())?;
        Ok((bodies, capture.expires_at))
    }

    /// Deletes the bodies of a request.
    ///
    /// # Errors
    /// If `cx` may not, or there are none.
    pub async fn delete_bodies(&self, cx: &Cx, id: RequestRef) -> Result<(), Error> {
        let visible = self.require_visible(cx, Permission::CaptureWrite).await?;
        let capture = self.captured(visible, id).await?;
        let charge = capture.charge_id;
        let draft = self
            .draft(cx, "data.delete", format_args!("charge:{charge}"))
            .tenant(capture.tenant_id)
            .detail("what", "captured bodies")
            .detail("calls", 1_u64);
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.captures().delete(charge)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.told(sequence);
        Ok(())
    }

    /// Deletes all captured bodies of a tenant; of how many calls.
    ///
    /// # Errors
    /// If `cx` may not, or there is no such tenant.
    pub async fn delete_all_bodies(&self, cx: &Cx, tenant: TenantId) -> Result<usize, Error> {
        self.require_for(cx, Permission::CaptureWrite, tenant).await?;
        let name = self.stored_tenant(tenant).await?.name;
        let draft = self
            .draft(cx, "data.delete", format_args!("tenant:{tenant}"))
            .tenant(tenant)
            .name(&name)
            .detail("what", "captured bodies");
        let (gone, sequence) = self
            .inner
            .store
            .write(move |tx| {
                let calls = tx.read().captures().sums(tenant)?.calls;
                let recorded = draft.detail("calls", calls).record(tx)?;
                Ok::<_, Error>((recorded.captures().delete_of(tenant)?, recorded.sequence()))
            })
            .await?;
        self.told(sequence);
        Ok(gone)
    }

    /// Deletes the bodies whose time is over. Each round is one entry.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn sweep_captures(&self) -> Result<(), Error> {
        while self.sweep_once().await? {}
        Ok(())
    }

    async fn sweep_once(&self) -> Result<bool, Error> {
        let now = self.now();
        if !self.inner.store.read(move |r| r.captures().any_expired(now)).await? {
            return Ok(false);
        }
        let draft = self
            .draft(&Cx::system(), "data.delete", "capture:expired")
            .detail("what", "captured bodies whose time is over");
        let gone = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                Ok::<_, Error>(recorded.captures().delete_expired(now, SWEEP)?)
            })
            .await?;
        Ok(gone == SWEEP)
    }
}

fn seal(
    one: Finished,
    (key_id, key): (String, Zeroizing<[u8; 32]>),
    expires_at: Millis,
) -> Result<SealedCapture, Error> {
    let Finished { charge, rule, time, request, response, _held } = one;
    let mut redacted = Found::new();
    let request = request.kept(&rule.redactor, rule.max_bytes, &mut redacted);
    let response = response.kept(&rule.redactor, rule.max_bytes, &mut redacted);
    let failed = |_| Error::new(Code::Internal, "A body could not be sealed.");
    let json = Zeroizing::new(
        serde_json::to_vec(&Bodies { request, response, redacted })
            .map_err(|e| Error::new(Code::Internal, "A body could not be sealed.").because(e))?,
    );
    let sealed = reeve_vault::seal_with(&key, &aad(charge), &json).map_err(failed)?;
    Ok(SealedCapture { charge_id: charge, tenant_id: rule.tenant, key_id, time, expires_at, sealed })
}
