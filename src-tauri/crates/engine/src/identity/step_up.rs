//! Step-up: what could do lasting harm asks for the password again, unless it was given within the last five minutes.

use super::attempts::Source;
use super::signed_out;
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error};
use reeve_core::principal::Principal;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use zeroize::Zeroizing;

/// How long a proof of who somebody is counts, in milliseconds.
const FRESH: i64 = 5 * Millis::MINUTE;

impl Engine {
    /// Lets `cx` pass if the person has proved who they are within the last five minutes. Ask for permission first.
    ///
    /// The window's owner without a password has proved it by the session of the operating system, and whoever is at the
    /// command line holds the data anyway.
    ///
    /// # Errors
    /// [`Code::StepUpRequired`]: give the password with [`Engine::step_up`], then ask again.
    pub fn require_fresh(&self, cx: &Cx) -> Result<(), Error> {
        let session = match &cx.principal {
            Principal::System | Principal::User { session: None, .. } => return Ok(()),
            Principal::User { session: Some(session), .. } => *session,
            Principal::Anonymous | Principal::ApiKey { .. } => return Err(signed_out()),
        };
        let proved = self.inner.sessions.auth_time(session).ok_or_else(signed_out)?;
        // Both ways, because the clock of the machine may be set back.
        if self.now().0.abs_diff(proved.0) <= FRESH.unsigned_abs() {
            return Ok(());
        }
        Err(Error::new(Code::StepUpRequired, "This needs your password once more."))
    }

    /// Takes the password of the person who asks: for five minutes that person is fresh.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] if nobody is signed in, [`Code::Invalid`] if the password is wrong,
    /// [`Code::RateLimited`] after several wrong ones, which count with those of signing in.
    pub async fn step_up(&self, cx: &Cx, password: Zeroizing<String>) -> Result<(), Error> {
        let user = self.me(cx).await?;
        let (Principal::User { session: Some(session), .. }, Some(stored)) =
            (&cx.principal, user.password_hash.clone())
        else {
            return Ok(()); // No password is set: the operating system's session is all the proof there is.
        };
        let source = Source::new(cx.via, &user.email);
        self.begin_attempt(source)?;
        let resource = format!("session:{session}");
        if !self.inner.sessions.hasher.verify(password, Some(stored)).await?.matches {
            let draft = self
                .draft(cx, "auth.failed", &resource)
                .outcome(Outcome::Denied, Severity::Warning)
                .detail("what", "the password was wrong when it was asked for once more");
            self.record(draft).await?;
            return Err(Error::field("password", "is wrong"));
        }
        self.inner.sessions.attempts.lock().succeeded(source);
        self.record(self.draft(cx, "auth.step_up", &resource)).await?;
        self.inner.sessions.proved(*session, self.now());
        Ok(())
    }
}
