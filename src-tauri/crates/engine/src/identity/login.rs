//! Signing in with e-mail and password, and signing out.

use super::attempts::Source;
use super::devices::Device;
use super::{User, signed_out};
use crate::Engine;
use crate::cx::Cx;
use crate::entry::{Draft, Severity};
use crate::error::{Code, Error};
use reeve_core::id::SessionId;
use reeve_core::principal::Principal;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::sessions::Session;
use zeroize::Zeroizing;

/// How long a session lasts at most, in milliseconds.
pub(super) const LONGEST: i64 = 30 * Millis::DAY;

/// A sign-in.
pub struct Login {
    /// E-mail.
    pub email: String,
    /// Password.
    pub password: Zeroizing<String>,
}

/// An open session, as it is handed to the one who opened it.
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// The session.
    pub session: SessionId,
    /// Good for [`super::ACCESS_SECONDS`].
    pub access_token: Zeroizing<String>,
    /// Good once, for the next pair of tokens. `None` where the caller, or another page of the same browser, has just been
    /// given one.
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
    /// [`Code::Unauthenticated`] for an unknown e-mail and for a wrong password alike, after the same work;
    /// [`Code::RateLimited`] after several of those; [`Code::Unavailable`] while the vault is locked.
    pub async fn login(&self, cx: &Cx, login: Login) -> Result<SignedIn, Error> {
        let Login { email, password } = login;
        self.access_key().await?;
        let source = Source::new(cx.via, &email);
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
        let rehashed =
            if verdict.outdated { Some(self.inner.sessions.hasher.hash(password).await?) } else { None };
        let (failures, turned_away) = self.inner.sessions.attempts.lock().succeeded(source);
        let draft = self.draft(cx, "auth.login", format_args!("user:{}", user.id)).by(&user.subject);
        let draft = if failures + turned_away > 0 {
            draft.detail("failures_before", failures).detail("turned_away_before", turned_away)
        } else {
            draft
        };
        self.open_session(cx, user, draft, rehashed).await
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

    /// Opens a session for `user`, whose sign-in `draft` records.
    pub(super) async fn open_session(
        &self,
        cx: &Cx,
        user: User,
        draft: Draft,
        rehashed: Option<String>,
    ) -> Result<SignedIn, Error> {
        let now = self.now();
        let (refresh_token, refresh_hash) = super::refresh::make_token()?;
        let session = Session {
            id: SessionId(self.inner.ids.next()),
            user_id: user.id,
            refresh_hash,
            used_hash: None,
            created_at: now,
            refreshed_at: now,
            expires_at: now.plus(LONGEST),
            revoked_at: None,
        };
        let access_token = self.access_token(&session).await?;
        let draft = draft.detail("session", session.id.to_string());
        let (device, news) =
            (Device::of(cx, user.id), self.new_device_draft(cx, &user, &session.id.to_string()));
        let (stored, user_id) = (session.clone(), user.id);
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let new = device.news(tx)?;
                let recorded = draft.record(tx)?;
                let mut sequence = recorded.sequence();
                recorded.sessions().insert(&stored)?;
                device.note(&recorded)?;
                if let Some(hash) = rehashed {
                    recorded.users().set_password(user_id, &hash, recorded.now())?;
                }
                if !new.is_empty() {
                    let news = new.iter().fold(news, |news, what| news.detail(what.as_str(), true));
                    sequence = news.record(tx)?.sequence();
                }
                Ok::<_, Error>(sequence)
            })
            .await?;
        self.inner.sessions.opened(&session);
        self.told(sequence);
        let access_token = Zeroizing::new(access_token);
        Ok(SignedIn {
            user,
            session: session.id,
            access_token,
            refresh_token: Some(refresh_token),
            expires_at: session.expires_at,
        })
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
