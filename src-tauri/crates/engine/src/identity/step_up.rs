//! Step-up: what could do lasting harm asks for the password again, or for a code where two-step sign-in is on, unless one was
//! given within the last five minutes.

use super::attempts::Source;
use super::proof::{self, Proof};
use super::{User, signed_out};
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error};
use reeve_core::id::SessionId;
use reeve_core::principal::Principal;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use zeroize::Zeroizing;

/// How long a proof of who somebody is counts, in milliseconds.
const FRESH: i64 = 5 * Millis::MINUTE;

/// What somebody gives once more.
pub enum StepUp {
    /// The password: enough where two-step sign-in is off.
    Password(Zeroizing<String>),
    /// What the authenticator app shows, or a recovery code.
    Code(Zeroizing<String>),
}

impl Engine {
    /// Lets `cx` pass if the person has proved who they are within the last five minutes. Ask for permission first.
    ///
    /// The window's owner without a password has proved it by the session of the operating system, and whoever is at the
    /// command line holds the data anyway.
    ///
    /// # Errors
    /// [`Code::StepUpRequired`]: give the password or a code with [`Engine::step_up`], then ask again.
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
        Err(Error::new(Code::StepUpRequired, "This needs your password, or your code, once more."))
    }

    /// Takes what the person who asks gives once more: for five minutes that person is fresh.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] if nobody is signed in, [`Code::Invalid`] if it is wrong or the other one is needed,
    /// [`Code::RateLimited`] after several wrong ones, which count with those of signing in.
    pub async fn step_up(&self, cx: &Cx, given: StepUp) -> Result<(), Error> {
        let user = self.me(cx).await?;
        let (Principal::User { session: Some(session), .. }, Some(stored)) =
            (&cx.principal, user.password_hash.clone())
        else {
            return Ok(()); // No password is set: the operating system's session is all the proof there is.
        };
        let source = Source::new(cx, &user.email);
        let proof = self.once_more(cx, source, (&user, *session, stored), given).await?;
        if !self.note_step_up(cx, &user, *session, proof).await? {
            return Err(self.step_up_refused(cx, *session, "code", "is wrong, or was used before").await?);
        }
        self.inner.sessions.attempts.lock().succeeded(source);
        self.inner.sessions.proved(*session, self.now());
        Ok(())
    }

    /// Looks at what was given: the proof to spend, where there is a second factor.
    async fn once_more(
        &self,
        cx: &Cx,
        source: Source,
        (user, session, stored): (&User, SessionId, String),
        given: StepUp,
    ) -> Result<Option<Proof>, Error> {
        match (given, self.second_factor_of(user.id).await?) {
            (StepUp::Password(_), Some(_)) => Err(Error::field("code", "is needed: two-step sign-in is on")),
            (StepUp::Code(_), None) => Err(Error::field("password", "is needed: two-step sign-in is off")),
            (StepUp::Password(password), None) => {
                self.begin_attempt(source)?;
                if self.inner.sessions.hasher.verify(password, Some(stored)).await?.matches {
                    return Ok(None);
                }
                Err(self.step_up_refused(cx, session, "password", "is wrong").await?)
            }
            (StepUp::Code(code), Some(factor)) => {
                self.begin_attempt(source)?;
                if let Some(proof) = self.proof(&factor, &code).await? {
                    return Ok(Some(proof));
                }
                Err(self.step_up_refused(cx, session, "code", "is wrong, or was used before").await?)
            }
        }
    }

    /// Writes it down and spends the proof; `false` if that does not suffice any more.
    async fn note_step_up(
        &self,
        cx: &Cx,
        user: &User,
        session: SessionId,
        proof: Option<Proof>,
    ) -> Result<bool, Error> {
        let draft = self.draft(cx, "auth.step_up", format_args!("session:{session}"));
        let draft = match proof {
            Some(proof) => draft.detail("second_factor", proof.as_str()),
            None => draft,
        };
        let id = user.id;
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                if !proof::suffices(&tx.read(), id, proof)? {
                    return Ok(None);
                }
                let recorded = draft.record(tx)?;
                if let Some(proof) = proof {
                    proof.spend(&recorded, id)?;
                }
                Ok::<_, Error>(Some(recorded.sequence()))
            })
            .await?;
        if let Some(sequence) = sequence {
            self.told(sequence);
        }
        Ok(sequence.is_some())
    }

    async fn step_up_refused(
        &self,
        cx: &Cx,
        session: SessionId,
        field: &str,
        why: &str,
    ) -> Result<Error, Error> {
        let draft = self
            .draft(cx, "auth.failed", format_args!("session:{session}"))
            .outcome(Outcome::Denied, Severity::Warning)
            .detail("what", format!("the {field} was wrong when it was asked for once more"));
        self.record(draft).await?;
        Ok(Error::field(field, why))
    }
}
