//! Tickets: a browser cannot send a header with a WebSocket, and a token in an address ends in logs. A ticket opens one
//! connection, once, within 30 seconds, for the session that asked for it.

use super::signed_out;
use crate::Engine;
use crate::cx::Cx;
use crate::error::{Code, Error};
use data_encoding::BASE64URL_NOPAD;
use reeve_core::id::{SessionId, UserId};
use reeve_core::principal::Principal;
use reeve_core::time::Millis;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

const GOOD_FOR: i64 = 30 * Millis::SECOND;
/// Tickets outstanding at most.
const MOST: usize = 1_000;

#[derive(Clone, Copy)]
struct Ticket {
    user: UserId,
    session: Option<SessionId>,
    /// The page that asked for it, where a browser said which.
    origin: Option<[u8; 32]>,
    until: Millis,
}

/// The tickets outstanding, by the hash of their text.
#[derive(Default)]
pub(super) struct Tickets(HashMap<[u8; 32], Ticket>);

impl Tickets {
    pub(super) fn forget(&mut self, session: SessionId) {
        self.0.retain(|_, t| t.session != Some(session));
    }
}

fn hash_of(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

impl Engine {
    /// A ticket for one connection of the person who asks, from a page of the same `origin`.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] if nobody is signed in, [`Code::RateLimited`] if too many are outstanding.
    pub fn make_ticket(&self, cx: &Cx, origin: Option<&str>) -> Result<String, Error> {
        let Principal::User { id, session, .. } = cx.principal else {
            return Err(Error::new(Code::Unauthenticated, "Sign in first."));
        };
        let text = BASE64URL_NOPAD.encode(&crate::random::bytes::<32>()?);
        let now = self.now();
        let mut tickets = self.inner.sessions.tickets.lock();
        tickets.0.retain(|_, t| t.until > now);
        if tickets.0.len() >= MOST {
            return Err(
                Error::new(Code::RateLimited, "Too many connections are being opened.").retry_after(30)
            );
        }
        let ticket = Ticket { user: id, session, origin: origin.map(hash_of), until: now.plus(GOOD_FOR) };
        tickets.0.insert(hash_of(&text), ticket);
        Ok(text)
    }

    /// The person a ticket stands for; it is used up.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] if it is unknown, used, older than 30 s, another page's, or its session is over.
    pub fn redeem_ticket(&self, text: &str, origin: Option<&str>) -> Result<Principal, Error> {
        let hash = hash_of(text);
        let (now, sessions) = (self.now(), &self.inner.sessions);
        let ticket =
            sessions.tickets.lock().0.remove(&hash).filter(|t| t.until > now).ok_or_else(signed_out)?;
        if ticket.origin != origin.map(hash_of) {
            return Err(signed_out());
        }
        let principal = match ticket.session {
            Some(session) => sessions.principal(ticket.user, session, now),
            None => Some(self.window_principal()).filter(|p| *p != Principal::Anonymous),
        };
        principal.ok_or_else(signed_out)
    }
}
