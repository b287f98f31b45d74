//! Open sessions, to be looked at and ended: one's own by everybody, others' by who may.

use super::lifetimes::Lifetime;
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error};
use reeve_core::id::{SessionId, UserId};
use reeve_core::permission::Permission;
use reeve_core::principal::Principal;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::sessions::Session;
use reeve_store::{Read, StoreError};

/// An open session.
pub struct OpenSession {
    /// As it is stored.
    pub session: Session,
    /// Whether it is the one that asks.
    pub current: bool,
}

impl Engine {
    /// Those of a person that would still be renewed, newest first.
    pub(super) fn open_of(
        &self,
        read: &Read<'_>,
        user: UserId,
        now: Millis,
    ) -> Result<Vec<Session>, StoreError> {
        // Whoever is kept out has none that would be.
        let Some(who) = self.inner.sessions.people.read().principal(user, None) else {
            return Ok(Vec::new());
        };
        let mut open = read.sessions().open_of(user, now)?;
        open.retain(|session| super::refresh::is_open(session, Lifetime::of(&who), now));
        Ok(open)
    }

    /// Open sessions of the person who asks, or of somebody else, newest first.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] if nobody is signed in; if it is somebody else and `cx` may not see people;
    /// [`Code::NotFound`].
    pub async fn sessions(&self, cx: &Cx, of: Option<UserId>) -> Result<Vec<OpenSession>, Error> {
        let (user, own) = self.whose_sessions(cx, of, Permission::UserRead).await?;
        let (now, engine) = (self.now(), self.clone());
        let open = self.inner.store.read(move |r| engine.open_of(r, user, now)).await?;
        let current = |session: &Session| own == Some(session.id);
        Ok(open.into_iter().map(|s| OpenSession { current: current(&s), session: s }).collect())
    }

    /// Ends a session, or without one every session but the one that asks. How many ended.
    ///
    /// # Errors
    /// As [`Engine::sessions`], for others with [`Code::StepUpRequired`] as well; [`Code::NotFound`] if it is over or
    /// somebody else's.
    pub async fn end_sessions(
        &self,
        cx: &Cx,
        of: Option<UserId>,
        which: Option<SessionId>,
    ) -> Result<usize, Error> {
        let (user, own) = self.whose_sessions(cx, of, Permission::SessionWrite).await?;
        if of.is_some() {
            self.require_fresh(cx)?;
        }
        let draft = self
            .draft(cx, "auth.session_end", format_args!("user:{user}"))
            .outcome(Outcome::Success, Severity::Notice);
        let draft = match which {
            Some(session) => draft.detail("ended", session.to_string()),
            None => draft,
        };
        let engine = self.clone();
        let write = move |tx: &mut reeve_store::Tx<'_>| {
            let mut open = engine.open_of(&tx.read(), user, tx.now())?;
            open.retain(|s| which.map_or(own != Some(s.id), |w| w == s.id));
            if open.is_empty() {
                return if which.is_some() { Err(Error::not_found("session")) } else { Ok((open, None)) };
            }
            let recorded = draft.detail("sessions_ended", open.len()).record(tx)?;
            for session in &open {
                recorded.sessions().revoke(session.id, recorded.now())?;
            }
            Ok((open, Some(recorded.sequence())))
        };
        let (ended, sequence) = self.inner.store.write(write).await?;
        ended.iter().for_each(|session| self.inner.sessions.ended(session.id));
        if let Some(sequence) = sequence {
            self.told(sequence);
        }
        Ok(ended.len())
    }

    /// Whose sessions are meant, and the one that asks, if it is one of them.
    async fn whose_sessions(
        &self,
        cx: &Cx,
        of: Option<UserId>,
        needs: Permission,
    ) -> Result<(UserId, Option<SessionId>), Error> {
        let (own, session) = match cx.principal {
            Principal::User { id, session, .. } => (Some(id), session),
            _ => (None, None),
        };
        match of {
            None => Ok((own.ok_or_else(|| Error::new(Code::Unauthenticated, "Sign in first."))?, session)),
            Some(user) => {
                self.require(cx, needs).await?;
                let found = self.inner.store.read(move |r| r.users().get(user)).await?;
                found.ok_or_else(|| Error::not_found("person"))?;
                Ok((user, session.filter(|_| own == Some(user))))
            }
        }
    }
}
