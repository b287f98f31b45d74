//! After a restore every key that is in use is tried at its provider: keys that were replaced since the backup are dead.

use crate::Engine;
use crate::credentials::Credential;
use crate::cx::Cx;
use crate::error::Error;
use parking_lot::Mutex;
use reeve_core::id::CredentialId;
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Keys that are tried at the same time.
const AT_ONCE: usize = 8;

/// What the provider said to a key.
#[derive(Clone, Debug)]
pub struct RestoredProbe {
    /// Whose key.
    pub credential: CredentialId,
    /// Its name.
    pub name: String,
    /// Its provider.
    pub provider: String,
    /// Version of the key.
    pub version: u32,
    /// Last four characters of the key.
    pub last4: String,
    /// Whether the provider took it.
    pub ok: bool,
    /// Status of the answer, if there was one.
    pub status: Option<u16>,
    /// In words.
    pub message: String,
}

/// How far the probes after a restore have come.
#[derive(Clone, Debug)]
pub struct ProbeRun {
    /// When the restore was.
    pub restored_at: Millis,
    /// Keys in use.
    pub total: usize,
    /// Those that answered, as they came; the dead ones first once all have.
    pub probes: Vec<RestoredProbe>,
    /// Whether all were tried.
    pub ended: bool,
}

impl Engine {
    /// The probes after the last restore of this process, as far as they have come.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn restore_probes(&self, cx: &Cx) -> Result<Option<ProbeRun>, Error> {
        self.require(cx, Permission::VaultRead).await?;
        let run = self.inner.backups.probes.lock().clone();
        Ok(run.map(|run| run.lock().clone()))
    }

    /// Tries every key in use, in the background.
    pub(super) fn start_probes(&self, cx: &Cx, live: Vec<Credential>) {
        let run = ProbeRun {
            restored_at: self.now(),
            total: live.len(),
            probes: Vec::new(),
            ended: live.is_empty(),
        };
        let run = Arc::new(Mutex::new(run));
        *self.inner.backups.probes.lock() = Some(Arc::clone(&run));
        let (engine, cx, stop) = (self.clone(), cx.clone(), self.inner.tasks.stopping());
        self.inner.tasks.spawn(async move {
            tokio::select! {
                () = engine.probe_all(&cx, live, &run) => {}
                () = stop.cancelled() => {}
            }
        });
    }

    async fn probe_all(&self, cx: &Cx, live: Vec<Credential>, run: &Mutex<ProbeRun>) {
        let mut waiting = live.into_iter();
        let mut asking = JoinSet::new();
        loop {
            while asking.len() < AT_ONCE
                && let Some(credential) = waiting.next()
            {
                let (engine, cx) = (self.clone(), cx.clone());
                asking.spawn(async move { engine.probe_restored(&cx, credential).await });
            }
            match asking.join_next().await {
                Some(Ok(probe)) => run.lock().probes.push(probe),
                // Who was cancelled has no result; a task that panicked has told the log.
                Some(Err(_)) => {}
                None => break,
            }
        }
        let mut run = run.lock();
        run.probes.sort_by(|a, b| (a.ok, &a.name).cmp(&(b.ok, &b.name)));
        run.ended = true;
        drop(run);
        self.inner.events.tell(crate::EventKind::Credential, None, None);
    }

    async fn probe_restored(&self, cx: &Cx, credential: Credential) -> RestoredProbe {
        let (ok, status, message) = match self.probe_credential(cx, credential.id).await {
            Ok(probed) => (probed.ok, probed.status, probed.message),
            Err(error) => (false, None, error.message),
        };
        RestoredProbe {
            credential: credential.id,
            name: credential.name,
            provider: credential.provider,
            version: credential.version,
            last4: credential.last4,
            ok,
            status,
            message,
        }
    }
}
