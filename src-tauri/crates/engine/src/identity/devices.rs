//! Signing in from where a person has not signed in before: with another program, or from another network.
//!
//! What is known is a hash with the person in it, so that the table says nothing by itself and fits no other table. Programs are
//! taken without their numbers, because a browser calls itself otherwise every few weeks; addresses are taken as the networks
//! they are in. The first that is ever known of a person is no news.

use crate::Engine;
use crate::cx::Cx;
use crate::entry::{Draft, Severity};
use reeve_core::id::UserId;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::known_devices::Seen;
use reeve_store::{Recorded, StoreError, Tx};
use sha2::{Digest, Sha256};
use std::net::IpAddr;

/// From where somebody signs in, as it is kept.
pub(super) struct Device {
    user: UserId,
    marks: Vec<(Seen, [u8; 32])>,
}

impl Device {
    pub(super) fn of(cx: &Cx, user: UserId) -> Self {
        let program = cx.user_agent.as_deref().map(program);
        let network = cx.ip.as_deref().and_then(network);
        let mark = |what: Seen, text: Option<String>| text.map(|text| (what, hash(user, what, &text)));
        let marks = [mark(Seen::Program, program), mark(Seen::Network, network)];
        Self { user, marks: marks.into_iter().flatten().collect() }
    }

    /// What of it is new, as it stands in the file.
    pub(super) fn news(&self, tx: &Tx<'_>) -> Result<Vec<Seen>, StoreError> {
        let mut new = Vec::new();
        for (what, hash) in &self.marks {
            if let (true, false) = tx.read().known_devices().knows(self.user, *what, hash)? {
                new.push(*what);
            }
        }
        Ok(new)
    }

    pub(super) fn note(&self, recorded: &Recorded<'_>) -> Result<(), StoreError> {
        let known = recorded.known_devices();
        self.marks.iter().try_for_each(|(what, hash)| known.note(self.user, *what, hash, recorded.now()))
    }
}

impl Engine {
    /// The entry of a sign-in from where this person was not seen before; what is new is told when it is known.
    pub(super) fn new_device_draft(&self, cx: &Cx, user: &super::User, session: &str) -> Draft {
        self.draft(cx, "auth.new_device", format_args!("user:{}", user.id))
            .by(&user.subject)
            .detail("session", session)
            .outcome(Outcome::Success, Severity::Notice)
    }
}

/// What a program calls itself, without its numbers.
fn program(user_agent: &str) -> String {
    user_agent.chars().filter(|c| !c.is_ascii_digit() && !matches!(c, '.' | '_')).take(500).collect()
}

/// The network of an address: 256 neighbours, or what one site has of IPv6. This machine is one as well.
fn network(ip: &str) -> Option<String> {
    let ip = ip.parse::<IpAddr>().ok()?.to_canonical();
    if ip.is_loopback() {
        return Some("this machine".to_owned());
    }
    Some(match ip {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}")
        }
    })
}

fn hash(user: UserId, what: Seen, text: &str) -> [u8; 32] {
    let start = Sha256::new().chain_update(b"reeve.device.v1\n").chain_update(user.0.as_bytes());
    start.chain_update(what.as_str()).chain_update(b"\n").chain_update(text).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_version_is_no_new_program_and_a_neighbour_no_new_network() {
        let firefox =
            |v: &str| program(&format!("Mozilla/5.0 (X11; Linux x86_64; rv:{v}) Gecko/20100101 Firefox/{v}"));
        assert_eq!(firefox("143.0"), firefox("144.0.1"));
        assert_ne!(
            firefox("143.0"),
            program("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15")
        );
        assert_eq!(network("203.0.113.7"), network("::ffff:203.0.113.250"));
        assert_ne!(network("203.0.113.7"), network("203.0.114.7"));
        assert_eq!(network("2001:db8:1:2::3"), network("2001:db8:1:ffff::4"));
        assert_ne!(network("2001:db8:1::1"), network("2001:db8:2::1"));
        assert_eq!(network("127.0.0.1"), network("::1"));
        assert_eq!(network("elsewhere"), None);
    }

    #[test]
    fn the_same_device_of_another_person_is_another_hash() {
        let (a, b) = (UserId(uuid::Uuid::from_u128(1)), UserId(uuid::Uuid::from_u128(2)));
        assert_ne!(hash(a, Seen::Program, "x"), hash(b, Seen::Program, "x"));
        assert_ne!(hash(a, Seen::Program, "x"), hash(a, Seen::Network, "x"));
    }
}
