//! A call whose provider key is refused while another version of that key may still serve, or already does.

use super::admitted::Admitted;
use crate::Engine;
use crate::admission::Caller;
use crate::routing::credential::LiveCredential;
use std::sync::Arc;

/// What a call goes out with where the key it had was refused.
pub(super) enum OtherVersion {
    /// The key before it.
    Grace,
    /// The one that replaced it while the call was on its way.
    Newer(Arc<LiveCredential>),
}

impl Admitted {
    /// What the call could go out with instead, now that its key is refused with `status`: once a call, and only where the
    /// provider said that it does not take the key. Too many calls, a failure or silence never bring it here: the provider
    /// may have done the work then.
    pub(super) fn other_version(&self, status: u16) -> Option<OtherVersion> {
        let refused = match status {
            401 => true,
            // There 403 says that the text was found improper.
            403 => self.credential.provider != "openrouter",
            _ => false,
        };
        if !refused || self.fell_back {
            return None;
        }
        if self.credential.grace_at(self.engine.now()).is_some() {
            return Some(OtherVersion::Grace);
        }
        let table = self.engine.inner.routing.table();
        let newer = table.key(self.credential.id)?;
        (newer.version != self.credential.version).then(|| OtherVersion::Newer(Arc::clone(newer)))
    }

    /// Goes out with it from here on. The reservation stays as it is: it is the same key to every budget.
    pub(super) fn use_version(&mut self, other: OtherVersion) {
        self.fell_back = true;
        match other {
            OtherVersion::Grace => self.on_grace = true,
            OtherVersion::Newer(newer) => (self.credential, self.trial) = (newer, false),
        }
    }
}

impl Engine {
    /// The old key served a call that the new one was refused for.
    pub(super) fn fell_back(&self, live: &Arc<LiveCredential>, caller: Caller) {
        if !live.handover.fell_back(caller.tenant, caller.key, self.now()) {
            return;
        }
        let (engine, id, version) = (self.clone(), live.id, live.version);
        self.inner.tasks.spawn(async move {
            if let Err(error) = engine.demote(id, version).await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, credential = %id, "a provider key that is refused could not be taken back");
            }
        });
    }
}
