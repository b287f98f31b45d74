//! What identity keeps in memory: people, open sessions, tickets, attempts, and the key of access tokens.

use super::ACCESS_SECONDS;
use super::access_keys::Known;
use super::attempts::Attempts;
use super::connections::Connections;
use super::hash::Hasher;
use super::lifetimes::Lifetime;
use super::people::People;
use super::tickets::Tickets;
use crate::Engine;
use crate::error::Error;
use parking_lot::{Mutex, RwLock};
use reeve_core::id::{SessionId, UserId};
use reeve_core::permission::KeyScope;
use reeve_core::principal::Principal;
use reeve_core::time::Millis;
use reeve_store::table::sessions::Session;
use std::collections::HashMap;
use tokio::sync::watch;

/// The state of identity in memory. A session that is not in it is over, whatever its token says.
#[derive(Default)]
pub(crate) struct Sessions {
    pub(super) people: RwLock<People>,
    open: RwLock<HashMap<SessionId, Open>>,
    pub(super) tickets: Mutex<Tickets>,
    pub(super) attempts: Mutex<Attempts>,
    pub(super) access_keys: Known,
    pub(super) hasher: Hasher,
    pub(super) connections: Connections,
    /// People and roles are changed one at a time, so that memory ends as the file does.
    pub(super) changing: tokio::sync::Mutex<()>,
    /// Told whenever somebody may be no longer who a long-lived connection takes them for.
    changes: watch::Sender<()>,
}

#[derive(Clone, Copy)]
struct Open {
    user: UserId,
    created_at: Millis,
    refreshed_at: Millis,
    expires_at: Millis,
    /// When the person last proved who they are. In memory alone: after a restart it is the sign-in again, so a restart
    /// asks once too often and never once too seldom.
    auth_time: Millis,
}

impl Sessions {
    pub(super) fn opened(&self, session: &Session) {
        let open = Open {
            user: session.user_id,
            created_at: session.created_at,
            refreshed_at: session.refreshed_at,
            expires_at: session.expires_at,
            auth_time: session.created_at,
        };
        self.open.write().insert(session.id, open);
    }

    /// The session was used: it got another refresh token.
    pub(super) fn refreshed(&self, id: SessionId, now: Millis) {
        if let Some(open) = self.open.write().get_mut(&id) {
            open.refreshed_at = now;
        }
    }

    pub(super) fn ended(&self, id: SessionId) {
        self.open.write().remove(&id);
        self.tickets.lock().forget(id);
        self.tell();
    }

    /// Lets long-lived connections look again at who they speak with.
    pub(crate) fn tell(&self) {
        self.changes.send_replace(());
    }

    /// The person of this session has just proved who they are.
    pub(super) fn proved(&self, id: SessionId, now: Millis) {
        if let Some(open) = self.open.write().get_mut(&id) {
            open.auth_time = now;
        }
    }

    /// When the person of this session last proved who they are.
    pub(super) fn auth_time(&self, id: SessionId) -> Option<Millis> {
        self.open.read().get(&id).map(|open| open.auth_time)
    }

    /// Ends every session of `user` but `keep`; returns which.
    pub(super) fn others_of(&self, user: UserId, keep: Option<SessionId>) -> Vec<SessionId> {
        let open = self.open.read();
        open.iter().filter(|(id, o)| o.user == user && Some(**id) != keep).map(|(id, _)| *id).collect()
    }

    /// The person of a session that is still open.
    pub(super) fn principal(&self, user: UserId, session: SessionId, now: Millis) -> Option<Principal> {
        let open = *self.open.read().get(&session)?;
        let who = self.people.read().principal(user, Some(session)).filter(|_| open.user == user)?;
        let lifetime = Lifetime::of(&who);
        let ends = open.expires_at.min(open.created_at.plus(lifetime.longest));
        // The last access token may outlive the idle time, and nothing else does.
        let unused = open.refreshed_at.plus(lifetime.idle.max(ACCESS_SECONDS * Millis::SECOND));
        (now < ends && now < unused).then_some(who)
    }
}

impl Engine {
    /// Reads people and open sessions into memory.
    pub(crate) async fn load_sessions(&self) -> Result<(), Error> {
        let now = self.now();
        let (people, open) = self
            .inner
            .store
            .read(move |r| {
                let people = People::of(&r.users().all()?, &r.roles().all()?, &r.grants().all()?);
                Ok::<_, Error>((people, r.sessions().open(now)?))
            })
            .await?;
        let sessions = &self.inner.sessions;
        *sessions.people.write() = people;
        for session in &open {
            sessions.opened(session);
        }
        Ok(())
    }

    /// Whether `principal` is still who it was when its connection began. Long-lived connections ask again and again.
    #[must_use]
    pub fn still_signed_in(&self, principal: &Principal) -> bool {
        self.as_of_now(principal).is_some()
    }

    /// Who `principal` is by now: with today's role, or nobody.
    #[must_use]
    pub fn as_of_now(&self, principal: &Principal) -> Option<Principal> {
        match principal {
            Principal::User { id, session: Some(session), .. } => {
                self.inner.sessions.principal(*id, *session, self.now())
            }
            Principal::User { session: None, .. } => {
                Some(self.window_principal()).filter(|now| now == principal)
            }
            Principal::System => Some(Principal::System),
            Principal::ApiKey { id, .. } if self.inner.admission.key_may(*id, KeyScope::EventRead) => {
                Some(principal.clone())
            }
            // Where nobody need be anybody, nothing ends.
            Principal::Anonymous => Some(Principal::Anonymous),
            Principal::ApiKey { .. } => None,
        }
    }

    /// Wakes whoever waits when a session ends, or when somebody may do something else than before.
    #[must_use]
    pub fn sign_in_changes(&self) -> watch::Receiver<()> {
        self.inner.sessions.changes.subscribe()
    }
}
