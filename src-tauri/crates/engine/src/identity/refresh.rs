//! Refresh tokens: 32 random bytes, kept as a hash, replaced with every use. One that comes a second time was stolen, or
//! its thief has used it first: the session ends (RFC 9700, 4.14.2).
//!
//! Each exchange changes the session's row, and no row changes without an entry: so it leaves one, quietly.

use super::lifetimes::Lifetime;
use super::{SignedIn, signed_out};
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error};
use data_encoding::BASE64URL_NOPAD;
use reeve_core::id::SessionId;
use reeve_core::principal::Principal;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::Tx;
use reeve_store::table::sessions::Session;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// How long a token that was just exchanged still brings what it brought then, in milliseconds: several pages of one browser
/// wake up at the same moment, and an answer may be lost on its way. It brings the same token again, and only as long as that
/// one was not used: two who both go on give each other away.
const GRACE: i64 = Millis::MINUTE;
/// Base64url of 32 bytes.
const TEXT_LEN: usize = 43;

/// A new token and its hash.
pub(super) fn make_token() -> Result<(Zeroizing<String>, [u8; 32]), Error> {
    let bytes = Zeroizing::new(crate::random::bytes::<32>()?);
    let text = Zeroizing::new(BASE64URL_NOPAD.encode(bytes.as_slice()));
    let hash = hash_of(&text);
    Ok((text, hash))
}

pub(super) fn hash_of(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// What hides a token's successor from everybody who has not got that token. Each pad is used once: a token has one successor.
fn pad_of(token: &str) -> [u8; 32] {
    Sha256::new().chain_update(b"reeve refresh successor\n").chain_update(token.as_bytes()).finalize().into()
}

/// Hides or shows a successor.
fn padded(bytes: &[u8; 32], token: &str) -> [u8; 32] {
    let pad = pad_of(token);
    std::array::from_fn(|n| bytes[n] ^ pad[n])
}

/// A new token, hidden with the one before it.
fn hidden(next: &str, before: &str) -> Result<[u8; 32], Error> {
    let bytes =
        BASE64URL_NOPAD.decode(next.as_bytes()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let bytes = bytes.ok_or_else(|| Error::new(Code::Internal, "A fresh token has another length."))?;
    Ok(padded(&bytes, before))
}

/// The successor that `token` was exchanged for, if it is still the one to go on with.
fn successor(session: &Session, token: &str) -> Option<Zeroizing<String>> {
    let bytes = Zeroizing::new(padded(&session.successor?, token));
    let text = Zeroizing::new(BASE64URL_NOPAD.encode(bytes.as_slice()));
    (hash_of(&text) == session.refresh_hash).then_some(text)
}

/// How an exchange ended.
enum Exchange {
    Unknown,
    Replayed(Session, u64),
    Again(Session),
    Rotated(Session),
}

/// The token that comes, and the one that takes its place.
struct Pair {
    used: [u8; 32],
    next: [u8; 32],
    successor: [u8; 32],
}

/// Whether a session is still good: not ended, not too old, and not unused for too long.
pub(super) fn is_open(session: &Session, lifetime: Lifetime, now: Millis) -> bool {
    session.revoked_at.is_none()
        && now < session.expires_at.min(session.created_at.plus(lifetime.longest))
        && now < session.refreshed_at.plus(lifetime.idle)
}

impl Engine {
    /// Exchanges a refresh token for the next pair of tokens.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] if it is unknown, used before, or its session is over;
    /// [`Code::Unavailable`] while the vault is locked.
    pub async fn refresh(&self, cx: &Cx, refresh_token: &str) -> Result<SignedIn, Error> {
        if refresh_token.len() != TEXT_LEN {
            return Err(signed_out());
        }
        self.access_key().await?;
        let (next_token, next) = make_token()?;
        let used = hash_of(refresh_token);
        let pair = Pair { used, next, successor: hidden(&next_token, refresh_token)? };
        let (engine, cx) = (self.clone(), cx.clone());
        // Guesses must not keep the writer busy.
        if self.inner.store.read(move |r| r.sessions().by_refresh(&used)).await?.is_none() {
            return Err(signed_out());
        }
        match self.inner.store.write(move |tx| engine.exchange(tx, &cx, &pair)).await? {
            Exchange::Unknown => Err(signed_out()),
            Exchange::Replayed(session, sequence) => {
                tracing::warn!(session = %session.id, "a used refresh token came again; the session was ended");
                self.inner.sessions.ended(session.id);
                self.told(sequence);
                Err(signed_out())
            }
            Exchange::Again(session) => {
                let token = successor(&session, refresh_token);
                self.signed_in(session, token).await
            }
            Exchange::Rotated(session) => {
                self.inner.sessions.refreshed(session.id, self.now());
                self.signed_in(session, Some(next_token)).await
            }
        }
    }

    async fn signed_in(
        &self,
        session: Session,
        refresh_token: Option<Zeroizing<String>>,
    ) -> Result<SignedIn, Error> {
        let user = self.user(session.user_id).await?;
        let access_token = Zeroizing::new(self.access_token(&session).await?);
        let (session, expires_at) = (session.id, session.expires_at);
        Ok(SignedIn { user, session, access_token, refresh_token, expires_at })
    }

    /// Looks and changes in one transaction, so that of two exchanges at the same time one comes second.
    fn exchange(&self, tx: &mut Tx<'_>, cx: &Cx, pair: &Pair) -> Result<Exchange, Error> {
        let Pair { used, next, successor } = pair;
        let now = tx.now();
        let Some(session) = tx.read().sessions().by_refresh(used)? else { return Ok(Exchange::Unknown) };
        let person = self.inner.sessions.people.read().principal(session.user_id, Some(session.id));
        let person = person.filter(|who| is_open(&session, Lifetime::of(who), now));
        let Some(Principal::User { subject, .. }) = person else { return Ok(Exchange::Unknown) };
        if session.used_hash.as_ref() == Some(used) && now < session.refreshed_at.plus(GRACE) {
            return Ok(Exchange::Again(session));
        }
        if session.used_hash.as_ref() == Some(used) {
            let draft = self
                .draft(cx, "security.alert", format_args!("session:{}", session.id))
                .by(&subject)
                .outcome(Outcome::Denied, Severity::Critical)
                .detail("what", "a used refresh token came again; the session was ended");
            let recorded = draft.record(tx)?;
            recorded.sessions().revoke(session.id, now)?;
            return Ok(Exchange::Replayed(session, recorded.sequence()));
        }
        let draft = self.draft(cx, "auth.refresh", format_args!("session:{}", session.id)).by(&subject);
        // Every ten minutes for every open page: it belongs to the machinery, not among what people did.
        let recorded = draft.meter(tx)?;
        recorded.sessions().rotate(session.id, used, next, successor, now)?;
        Ok(Exchange::Rotated(session))
    }

    /// The session of a refresh token that is good now.
    pub(super) async fn session_of(&self, refresh_token: &str) -> Result<Option<SessionId>, Error> {
        let hash = hash_of(refresh_token);
        let found = self.inner.store.read(move |r| r.sessions().by_refresh(&hash)).await?;
        Ok(found.filter(|s| s.refresh_hash == hash).map(|s| s.id))
    }
}
