//! Signing in with e-mail, password and, where it is set up, a code; and signing out.

use super::attempts::Source;
use super::devices::Device;
use super::lifetimes::{Lifetime, MOST};
use super::proof::{self, Proof};
use super::{User, signed_out};
use crate::Engine;
use crate::cx::Cx;
use crate::entry::{Draft, Severity};
use crate::error::{Code, Error};
use reeve_core::id::{SessionId, UserId};
use reeve_core::principal::Principal;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::sessions::Session;
use zeroize::Zeroizing;

/// Characters kept of what a program calls itself.
const MAX_PROGRAM: usize = 200;

/// A sign-in.
pub struct Login {
    /// E-mail.
    pub email: String,
    /// Password.
    pub password: Zeroizing<String>,
    /// What the authenticator app shows, or a recovery code; `None` if nobody was asked for one yet.
    pub code: Option<Zeroizing<String>>,
}

/// How a session is opened.
pub(super) struct Opening {
    /// The entry.
    pub(super) draft: Draft,
    /// The password's hash with today's costs, if the stored one is older.
    pub(super) rehashed: Option<String>,
    /// What was given beside the password.
    pub(super) proof: Option<Proof>,
}

/// An open session, as it is handed to the one who opened it.
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// The session.
    pub session: SessionId,
    /// Good for [`super::ACCESS_SECONDS`].
    pub access_token: Zeroizing<String>,
    /// Good once, for the next pair of tokens. `None` where another page of the same browser has it and has used it.
    pub refresh_token: Option<Zeroizing<String>>,
    /// When the session ends whatever happens.
    pub expires_at: Millis,
}

impl std::fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SignedIn").field("session", &self.session).finish_non_exhaustive()
    }
}

impl Engine {
    /// Signs in.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] for an unknown e-mail and for a wrong password alike, after the same work, and for a wrong
    /// code; [`Code::SecondFactorRequired`] where a code is needed and none was given; [`Code::RateLimited`] after several
    /// that were wrong; [`Code::Unavailable`] while the vault is locked.
    pub async fn login(&self, cx: &Cx, login: Login) -> Result<SignedIn, Error> {
        let Login { email, password, code } = login;
        self.access_key().await?;
        let source = Source::new(cx, &email);
        self.begin_attempt(source)?;
        let wanted = email.trim().to_owned();
        let user = self.inner.store.read(move |r| r.users().by_email(&wanted)).await?;
        let stored = user.as_ref().and_then(|u| u.password_hash.clone());
        // Longer than any password can be: not worth the work, and no secret that it is wrong.
        let password =
            if password.len() > super::password::MAX_BYTES { Zeroizing::default() } else { password };
        let verdict = self.inner.sessions.hasher.verify(password.clone(), stored).await?;
        let Some(user) = user.filter(|_| verdict.matches) else {
            return Err(self.login_failed(cx, source, &email).await?);
        };
        if user.disabled_at.is_some() {
            return Err(self.disabled(cx, source, &user).await?);
        }
        let proof = self.second_step(cx, source, &user, code.as_deref().map(String::as_str)).await?;
        let rehashed =
            if verdict.outdated { Some(self.inner.sessions.hasher.hash(password).await?) } else { None };
        let draft = self.login_draft(cx, source, &user, proof);
        let opened = self.open_session(cx, user.clone(), Opening { draft, rehashed, proof }).await?;
        match opened {
            Some(signed_in) => Ok(signed_in),
            None => Err(self.code_refused(cx, source, &user).await?),
        }
    }

    /// Writes down that somebody who may not sign in knew the password; returns what the caller is told.
    async fn disabled(&self, cx: &Cx, source: Source, user: &User) -> Result<Error, Error> {
        let (failures, turned_away) = self.inner.sessions.attempts.lock().failed(source);
        let draft = self
            .draft(cx, "auth.failed", format_args!("user:{}", user.id))
            .outcome(Outcome::Denied, Severity::Warning)
            .detail("what", "the password was right, the account is disabled")
            .detail("failures", failures)
            .detail("turned_away", turned_away);
        self.record(draft).await?;
        Ok(Error::new(Code::Unauthenticated, "Your account is disabled. Ask an administrator."))
    }

    fn login_draft(&self, cx: &Cx, source: Source, user: &User, proof: Option<Proof>) -> Draft {
        let (failures, turned_away) = self.inner.sessions.attempts.lock().succeeded(source);
        let mut draft = self.draft(cx, "auth.login", format_args!("user:{}", user.id)).by(&user.subject);
        if failures + turned_away > 0 {
            draft = draft.detail("failures_before", failures).detail("turned_away_before", turned_away);
        }
        match proof {
            None => draft,
            Some(proof @ Proof::App(_)) => draft.detail("second_factor", proof.as_str()),
            // Rare, and what somebody with a stolen list of codes would do.
            Some(proof @ Proof::Recovery(_)) => {
                draft.detail("second_factor", proof.as_str()).outcome(Outcome::Success, Severity::Notice)
            }
        }
    }

    /// What somebody with the right password gives beside it; `None` where nothing is asked.
    async fn second_step(
        &self,
        cx: &Cx,
        source: Source,
        user: &User,
        code: Option<&str>,
    ) -> Result<Option<Proof>, Error> {
        let Some(factor) = self.second_factor_of(user.id).await? else { return Ok(None) };
        let Some(code) = code else {
            self.inner.sessions.attempts.lock().undecided(source, self.now());
            let draft = self.draft(cx, "auth.mfa", format_args!("user:{}", user.id));
            self.record(draft).await?;
            let message = "This sign-in needs the code of your authenticator app as well.";
            return Err(Error::new(Code::SecondFactorRequired, message));
        };
        match self.proof(&factor, code).await? {
            Some(proof) => Ok(Some(proof)),
            None => Err(self.code_refused(cx, source, user).await?),
        }
    }

    /// Writes down that the password was right and the code was not; returns what the caller is told.
    async fn code_refused(&self, cx: &Cx, source: Source, user: &User) -> Result<Error, Error> {
        let (failures, turned_away) = self.inner.sessions.attempts.lock().failed(source);
        let draft = self
            .draft(cx, "auth.failed", format_args!("user:{}", user.id))
            .outcome(Outcome::Denied, Severity::Warning)
            .detail("what", "the password was right, the code was wrong or taken before")
            .detail("failures", failures)
            .detail("turned_away", turned_away);
        self.record(draft).await?;
        Ok(Error::new(
            Code::Unauthenticated,
            "The code is wrong, or it was used before. Wait for the next one.",
        ))
    }

    pub(super) fn begin_attempt(&self, source: Source) -> Result<(), Error> {
        self.inner.sessions.attempts.lock().begin(source, self.now()).map_err(|seconds| {
            let unit = if seconds == 1 { "second" } else { "seconds" };
            let message = format!("Too many wrong attempts. Try again in {seconds} {unit}.");
            Error::new(Code::RateLimited, message).retry_after(seconds)
        })
    }

    /// Writes the failure down; returns what the caller is told, or why it could not be written.
    async fn login_failed(&self, cx: &Cx, source: Source, email: &str) -> Result<Error, Error> {
        let (failures, turned_away) = self.inner.sessions.attempts.lock().failed(source);
        let severity = if failures >= 5 { Severity::Warning } else { Severity::Notice };
        let draft = self
            .draft(cx, "auth.failed", "user:unconfirmed")
            .outcome(Outcome::Denied, severity)
            .detail("failures", failures)
            .detail("turned_away", turned_away)
            .private("email", email);
        self.record(draft).await?;
        Ok(Error::new(Code::Unauthenticated, "The e-mail or the password is wrong."))
    }

    /// Opens a session for `user`; `None` if what was given beside the password does not suffice any more.
    pub(super) async fn open_session(
        &self,
        cx: &Cx,
        user: User,
        opening: Opening,
    ) -> Result<Option<SignedIn>, Error> {
        let Opening { draft, rehashed, proof } = opening;
        let now = self.now();
        let (refresh_token, refresh_hash) = super::refresh::make_token()?;
        let session = Session {
            id: SessionId(self.inner.ids.next()),
            user_id: user.id,
            refresh_hash,
            used_hash: None,
            successor: None,
            created_at: now,
            refreshed_at: now,
            expires_at: now.plus(Lifetime::LONGEST),
            revoked_at: None,
            program: cx.user_agent.as_deref().map(|agent| agent.chars().take(MAX_PROGRAM).collect()),
        };
        let access_token = self.access_token(&session).await?;
        let draft = draft.detail("session", session.id.to_string());
        let (device, news) =
            (Device::of(cx, user.id), self.new_device_draft(cx, &user, &session.id.to_string()));
        let (stored, user_id, engine) = (session.clone(), user.id, self.clone());
        let written = self
            .inner
            .store
            .write(move |tx| {
                if !proof::suffices(&tx.read(), user_id, proof)? || !may_enter(&tx.read(), user_id)? {
                    return Ok(None);
                }
                let new = device.news(tx)?;
                let mut unused = engine.open_of(&tx.read(), user_id, now)?;
                unused.sort_by_key(|session| session.refreshed_at);
                unused.truncate((unused.len() + 1).saturating_sub(MOST));
                let draft =
                    if unused.is_empty() { draft } else { draft.detail("sessions_ended", unused.len()) };
                let recorded = draft.record(tx)?;
                for session in &unused {
                    recorded.sessions().revoke(session.id, now)?;
                }
                let mut sequence = recorded.sequence();
                if let Some(proof) = proof {
                    proof.spend(&recorded, user_id)?;
                }
                recorded.sessions().insert(&stored)?;
                device.note(&recorded)?;
                if let Some(hash) = rehashed {
                    recorded.users().set_password(user_id, &hash, recorded.now())?;
                }
                if !new.is_empty() {
                    let news = new.iter().fold(news, |news, what| news.detail(what.as_str(), true));
                    sequence = news.record(tx)?.sequence();
                }
                Ok::<_, Error>(Some((sequence, unused)))
            })
            .await?;
        let Some((sequence, unused)) = written else { return Ok(None) };
        unused.iter().for_each(|session| self.inner.sessions.ended(session.id));
        self.inner.sessions.opened(&session);
        self.told(sequence);
        let access_token = Zeroizing::new(access_token);
        Ok(Some(SignedIn {
            user,
            session: session.id,
            access_token,
            refresh_token: Some(refresh_token),
            expires_at: session.expires_at,
        }))
    }

    /// Ends the session of `cx`, or else the one of `refresh_token`. Without either there is nothing to end.
    ///
    /// # Errors
    /// If the store cannot write.
    pub async fn logout(&self, cx: &Cx, refresh_token: Option<&str>) -> Result<(), Error> {
        let session = match (&cx.principal, refresh_token) {
            (Principal::User { session: Some(session), .. }, _) => Some(*session),
            (_, Some(token)) => self.session_of(token).await?,
            _ => None,
        };
        let Some(session) = session else { return Ok(()) };
        let found = self.inner.store.read(move |r| r.sessions().get(session)).await?;
        let Some(found) = found.filter(|s| s.revoked_at.is_none()) else { return Ok(()) };
        let user = self.user(found.user_id).await.map_err(|_| signed_out())?;
        let draft = self.draft(cx, "auth.logout", format_args!("session:{session}")).by(&user.subject);
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                recorded.sessions().revoke(session, recorded.now())?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.inner.sessions.ended(session);
        self.told(sequence);
        Ok(())
    }
}

/// Whether somebody is still there and not disabled, as the file stands.
fn may_enter(read: &reeve_store::Read<'_>, user: UserId) -> Result<bool, Error> {
    Ok(read.users().get(user)?.is_some_and(|user| user.disabled_at.is_none()))
}
