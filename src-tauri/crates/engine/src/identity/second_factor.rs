//! Two-step sign-in: setting it up with an authenticator app, new recovery codes, and turning it off.
//!
//! A seed that nobody has confirmed with a code is asked for from nobody: a person who closes the page half-way is not locked
//! out. What was begun and what was confirmed are told apart in one row.

use super::attempts::Source;
use super::{User, recovery_codes, totp};
use crate::Engine;
use crate::cx::Cx;
use crate::entry::{Draft, Severity};
use crate::error::{Code, Error};
use data_encoding::BASE32_NOPAD;
use reeve_core::principal::Principal;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::second_factors::SecondFactor;
use reeve_vault::Purpose;
use zeroize::Zeroizing;

/// How somebody's second step stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SecondFactorStatus {
    /// Since when a code is asked for; `None` if none is.
    pub since: Option<Millis>,
    /// Recovery codes that were not used.
    pub codes_left: u64,
}

/// What an authenticator app needs to know, shown once.
pub struct Enrolment {
    /// The seed, as people type it: base32 (RFC 4648).
    pub secret: Zeroizing<String>,
    /// The same for a picture that the app reads.
    pub uri: Zeroizing<String>,
}

/// Recovery codes, shown once.
pub struct RecoveryCodes(pub Vec<Zeroizing<String>>);

impl Engine {
    /// How the second step of the person who asks stands.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] if nobody is signed in.
    pub async fn second_factor(&self, cx: &Cx) -> Result<SecondFactorStatus, Error> {
        let user = self.me(cx).await?.id;
        let read = move |r: &reeve_store::Read<'_>| {
            let factors = r.second_factors();
            let since = factors.confirmed(user)?.and_then(|factor| factor.confirmed_at);
            Ok::<_, Error>(SecondFactorStatus { since, codes_left: factors.codes_left(user)? })
        };
        self.inner.store.read(read).await
    }

    /// A new seed for the person who asks, which counts once a code of it was given to [`Engine::confirm_second_factor`].
    ///
    /// # Errors
    /// [`Code::StepUpRequired`], [`Code::PreconditionFailed`] without a password, [`Code::Conflict`] if there is one in use,
    /// [`Code::VaultLocked`].
    pub async fn begin_second_factor(&self, cx: &Cx) -> Result<Enrolment, Error> {
        let user = self.me(cx).await?;
        if user.password_hash.is_none() {
            let message = "Set a password first: without one nobody is asked for anything at sign-in.";
            return Err(Error::new(Code::PreconditionFailed, message));
        }
        self.require_fresh(cx)?;
        let seed = Zeroizing::new(crate::random::bytes::<{ totp::SEED_BYTES }>()?);
        let sealed = self.vault()?.seal(Purpose::TotpSeed, &user.id.to_string(), seed.as_slice());
        let sealed =
            sealed.map_err(|e| Error::new(Code::Internal, "The seed cannot be sealed.").because(e))?;
        let (id, draft) = (user.id, self.factor_draft(cx, &user, "second_factor.begin"));
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                if tx.read().second_factors().confirmed(id)?.is_some() {
                    return Err(in_use());
                }
                let recorded = draft.record(tx)?;
                recorded.second_factors().begin(id, &sealed, recorded.now())?;
                Ok(recorded.sequence())
            })
            .await?;
        self.told(sequence);
        Ok(enrolment(&user.email, seed.as_slice()))
    }

    /// Asks for a code at every sign-in from now on, if `code` is what the app shows. Sessions that were opened with the
    /// password alone end, but for the one that asks.
    ///
    /// # Errors
    /// [`Code::StepUpRequired`], [`Code::PreconditionFailed`] if none was begun, [`Code::Conflict`] if one is in use,
    /// [`Code::Invalid`] for another code, [`Code::RateLimited`] after several.
    pub async fn confirm_second_factor(&self, cx: &Cx, code: &str) -> Result<RecoveryCodes, Error> {
        let user = self.me(cx).await?;
        self.require_fresh(cx)?;
        let id = user.id;
        let factor =
            self.inner.store.read(move |r| r.second_factors().get(id)).await?.ok_or_else(none_begun)?;
        if factor.confirmed_at.is_some() {
            return Err(in_use());
        }
        let step = self.first_code(cx, &user, &factor, code).await?;
        let codes = recovery_codes::make(id)?;
        let hashes: Vec<_> = codes.iter().map(|code| code.hash).collect();
        let ended = match cx.principal {
            Principal::User { session, .. } => self.inner.sessions.others_of(id, session),
            _ => Vec::new(),
        };
        let draft = self.factor_draft(cx, &user, "second_factor.enable").change("second_factor", "off", "on");
        let draft = draft.detail("recovery_codes", codes.len()).detail("sessions_ended", ended.len());
        let (revoked, begun) = (ended.clone(), factor.created_at);
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let same = tx.read().second_factors().get(id)?;
                if !same.is_some_and(|f| f.confirmed_at.is_none() && f.created_at == begun) {
                    return Err(none_begun());
                }
                let recorded = draft.record(tx)?;
                let factors = recorded.second_factors();
                factors.confirm(id, recorded.now())?;
                factors.take_step(id, step)?;
                factors.put_codes(id, &hashes)?;
                for session in revoked {
                    recorded.sessions().revoke(session, recorded.now())?;
                }
                Ok(recorded.sequence())
            })
            .await?;
        ended.into_iter().for_each(|session| self.inner.sessions.ended(session));
        self.told(sequence);
        Ok(RecoveryCodes(codes.into_iter().map(|code| code.text).collect()))
    }

    /// The step of the code that confirms a seed. Another code is an entry, and counts with wrong passwords.
    async fn first_code(
        &self,
        cx: &Cx,
        user: &User,
        factor: &SecondFactor,
        code: &str,
    ) -> Result<u64, Error> {
        let source = Source::new(cx, &user.email);
        self.begin_attempt(source)?;
        let seed = self.seed_of(factor)?;
        let step =
            totp::digits(code).and_then(|c| totp::matching(seed.expose(), &c, self.now(), factor.last_step));
        let Some(step) = step else {
            let draft = self
                .draft(cx, "auth.failed", format_args!("user:{}", user.id))
                .outcome(Outcome::Denied, Severity::Notice)
                .detail("what", "the code that sets up two-step sign-in was wrong");
            self.record(draft).await?;
            let message = "is not what the app shows now; check that the clocks of the phone and of this computer are right";
            return Err(Error::field("code", message));
        };
        self.inner.sessions.attempts.lock().succeeded(source);
        Ok(step)
    }

    /// New recovery codes in place of those there were.
    ///
    /// # Errors
    /// [`Code::StepUpRequired`], [`Code::PreconditionFailed`] if two-step sign-in is off.
    pub async fn make_recovery_codes(&self, cx: &Cx) -> Result<RecoveryCodes, Error> {
        let user = self.me(cx).await?;
        self.require_fresh(cx)?;
        let codes = recovery_codes::make(user.id)?;
        let hashes: Vec<_> = codes.iter().map(|code| code.hash).collect();
        let draft =
            self.factor_draft(cx, &user, "second_factor.codes_create").detail("recovery_codes", codes.len());
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                tx.read().second_factors().confirmed(user.id)?.ok_or_else(is_off)?;
                let recorded = draft.record(tx)?;
                recorded.second_factors().put_codes(user.id, &hashes)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.told(sequence);
        Ok(RecoveryCodes(codes.into_iter().map(|code| code.text).collect()))
    }

    /// Turns two-step sign-in off for the person who asks.
    ///
    /// # Errors
    /// [`Code::StepUpRequired`], [`Code::PreconditionFailed`] if it is off.
    pub async fn remove_second_factor(&self, cx: &Cx) -> Result<(), Error> {
        let user = self.me(cx).await?;
        self.require_fresh(cx)?;
        self.take_off(cx, &user).await
    }

    /// Turns two-step sign-in off for somebody who has neither the app nor a recovery code, at the command line of the
    /// machine that holds the data.
    ///
    /// # Errors
    /// [`Code::Forbidden`] for anybody else, [`Code::NotFound`], [`Code::PreconditionFailed`] if it is off.
    pub async fn reset_second_factor(&self, cx: &Cx, email: &str) -> Result<(), Error> {
        if cx.principal != Principal::System {
            return Err(self.deny(cx, "second_factor:reset", "Your role").await?);
        }
        let email = email.trim().to_owned();
        let user = self.inner.store.read(move |r| r.users().by_email(&email)).await?;
        self.take_off(cx, &user.ok_or_else(|| Error::not_found("person"))?).await
    }

    pub(super) async fn take_off(&self, cx: &Cx, user: &User) -> Result<(), Error> {
        let draft = self.factor_draft(cx, user, "second_factor.disable").change("second_factor", "on", "off");
        let draft = draft.outcome(Outcome::Success, Severity::Warning);
        let id = user.id;
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                tx.read().second_factors().confirmed(id)?.ok_or_else(is_off)?;
                let recorded = draft.record(tx)?;
                recorded.second_factors().remove(id)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.told(sequence);
        Ok(())
    }

    fn factor_draft(&self, cx: &Cx, user: &User, kind: &str) -> Draft {
        self.draft(cx, kind, format_args!("user:{}", user.id)).outcome(Outcome::Success, Severity::Notice)
    }
}

fn in_use() -> Error {
    Error::new(Code::Conflict, "Two-step sign-in is on already. Turn it off first to use another app.")
}

fn is_off() -> Error {
    Error::new(Code::PreconditionFailed, "Two-step sign-in is off.")
}

fn none_begun() -> Error {
    Error::new(Code::PreconditionFailed, "Begin to set up two-step sign-in first.")
}

/// As apps read it (the key URI format that Google Authenticator began).
fn enrolment(email: &str, seed: &[u8]) -> Enrolment {
    let secret = Zeroizing::new(BASE32_NOPAD.encode(seed));
    let uri = Zeroizing::new(format!(
        "otpauth://totp/Reeve:{}?secret={}&issuer=Reeve&algorithm=SHA1&digits=6&period=30",
        escaped(email),
        secret.as_str()
    ));
    Enrolment { secret, uri }
}

/// Everything but unreserved characters as `%XX` (RFC 3986, 2.1).
fn escaped(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_says_whose_it_is() {
        let made = enrolment("ann+ops@example.com", b"12345678901234567890");
        assert_eq!(made.secret.as_str(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(
            made.uri.as_str(),
            "otpauth://totp/Reeve:ann%2Bops%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Reeve&algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(escaped("ä b&c"), "%C3%A4%20b%26c");
    }
}
