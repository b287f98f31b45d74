//! Setting a password: the first one of the window's owner, or a new one for an old one.

use super::attempts::Source;
use super::password;
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error};
use reeve_core::principal::Principal;
use reeve_ledger::leaf::Ok as Outcome;
use zeroize::Zeroizing;

/// A change of one's own password.
pub struct ChangePassword {
    /// The one that is good now; `None` where none was set.
    pub current: Option<Zeroizing<String>>,
    /// The one that shall be good.
    pub new: Zeroizing<String>,
}

impl Engine {
    /// Sets the password of the person who asks and ends that person's other sessions.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] if nobody is signed in, [`Code::Invalid`] if the current password is wrong or the new one
    /// cannot be one, [`Code::RateLimited`] after several wrong ones.
    pub async fn set_password(&self, cx: &Cx, change: ChangePassword) -> Result<(), Error> {
        let Principal::User { session, .. } = cx.principal else {
            return Err(Error::new(Code::Unauthenticated, "Sign in first."));
        };
        let user = self.me(cx).await?;
        let workspace = self.current_settings().map_or_else(String::new, |s| s.workspace_name);
        if let Some(why) = password::objection(&change.new, &[&user.email, &user.name, &workspace]) {
            return Err(Error::field("new_password", why));
        }
        if let Some(stored) = user.password_hash.clone() {
            let source = Source::new(cx, &user.email);
            self.begin_attempt(source)?;
            let current = change.current.unwrap_or_default();
            if !self.inner.sessions.hasher.verify(current, Some(stored)).await?.matches {
                let draft = self
                    .draft(cx, "auth.failed", format_args!("user:{}", user.id))
                    .outcome(Outcome::Denied, Severity::Warning)
                    .detail("what", "the current password was wrong");
                self.record(draft).await?;
                return Err(Error::field("current_password", "is wrong"));
            }
            self.inner.sessions.attempts.lock().succeeded(source);
        }
        let hash = self.inner.sessions.hasher.hash(change.new).await?;
        let before = if user.password_hash.is_some() { "the one before" } else { "none" };
        let ended = self.inner.sessions.others_of(user.id, session);
        let draft = self
            .draft(cx, "user.update", format_args!("user:{}", user.id))
            .outcome(Outcome::Success, Severity::Notice)
            .detail("what", "password")
            .change("password", before, "a new one")
            .detail("sessions_ended", ended.len());
        let (id, revoked) = (user.id, ended.clone());
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.users().set_password(id, &hash, recorded.now())?;
                for session in revoked {
                    recorded.sessions().revoke(session, recorded.now())?;
                }
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.inner.sessions.people.write().has_password_now(user.id);
        ended.into_iter().for_each(|session| self.inner.sessions.ended(session));
        self.told(sequence);
        Ok(())
    }
}
