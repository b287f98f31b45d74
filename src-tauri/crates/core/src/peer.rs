//! Network addresses of callers: who really calls where proxies stand in front, and what counts as one caller.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// The text is no address and no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not an address or a network; write it as 10.0.0.7 or 10.0.0.0/8")]
pub struct NetworkError(pub String);

/// A network: an address and how many of its leading bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether `address` is in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        leading(self.address, self.bits).is_some_and(|own| leading(address, self.bits) == Some(own))
            && self.address.is_ipv4() == address.is_ipv4()
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let wrong = || NetworkError(text.chars().take(60).collect());
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().map_err(|_| wrong())?)),
            None => (text.trim(), None),
        };
        let address = plain(address.parse().map_err(|_| wrong())?);
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        if bits > most { Err(wrong()) } else { Ok(Self { address, bits }) }
    }
}

/// The leading bits of an address; `None` if it has fewer.
fn leading(address: IpAddr, bits: u8) -> Option<u128> {
    let (value, width) = match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32u32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    };
    let drop = width.checked_sub(u32::from(bits))?;
    Some(value.checked_shr(drop).unwrap_or(0))
}

/// An IPv4 address that came in IPv6 clothes, as itself.
#[must_use]
pub fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// What counts as one caller: an IPv4 address, or an IPv6 network of 64 bits, which one customer has all to themselves.
#[must_use]
pub fn one_caller(address: IpAddr) -> IpAddr {
    match plain(address) {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The proxies whose word about a caller's address is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(pub Vec<Network>);

impl TrustedProxies {
    /// The caller's address: that of the connection, or, where a trusted proxy made it, the last address of its
    /// `X-Forwarded-For` that is no trusted proxy's. What stands before that one anybody may have written.
    #[must_use]
    pub fn caller<'a>(&self, peer: IpAddr, forwarded: impl DoubleEndedIterator<Item = &'a str>) -> IpAddr {
        let mut caller = plain(peer);
        for text in forwarded.rev() {
            if !self.trusts(caller) {
                break;
            }
            let Some(before) = read(text) else { break };
            caller = before;
        }
        caller
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

/// An address as proxies write it, with or without brackets and port.
fn read(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => text,
    };
    let without_port = || bare.split_once(':').and_then(|(v4, _)| v4.parse().ok());
    bare.parse().ok().or_else(without_port).map(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(list: &[&str]) -> TrustedProxies {
        TrustedProxies(list.iter().map(|text| text.parse().unwrap()).collect())
    }

    fn caller(proxies: &TrustedProxies, peer: &str, forwarded: &[&str]) -> String {
        proxies.caller(peer.parse().unwrap(), forwarded.iter().copied()).to_string()
    }

    #[test]
    fn networks_hold_their_addresses() {
        let holds = |network: &str, address: &str| {
            network.parse::<Network>().unwrap().contains(address.parse().unwrap())
        };
        assert!(holds("10.0.0.0/8", "10.200.3.4") && !holds("10.0.0.0/8", "11.0.0.1"));
        assert!(holds("192.168.0.7", "192.168.0.7") && !holds("192.168.0.7", "192.168.0.8"));
        assert!(holds("fd00::/8", "fd12::1") && !holds("fd00::/8", "fe80::1"));
        assert!(holds("0.0.0.0/0", "1.2.3.4") && !holds("0.0.0.0/0", "::1"));
        for bad in ["", "10.0.0.0/33", "proxy.example", "10.0.0.0/", "::1/129", "10.0.0/8"] {
            assert!(bad.parse::<Network>().is_err(), "{bad}");
        }
    }

    #[test]
    fn nobody_is_believed_unless_trusted() {
        assert_eq!(caller(&TrustedProxies::default(), "203.0.113.9", &["1.1.1.1"]), "203.0.113.9");
        assert_eq!(caller(&proxies(&["10.0.0.0/8"]), "203.0.113.9", &["1.1.1.1"]), "203.0.113.9");
    }

    #[test]
    fn the_last_stranger_is_the_caller() {
        let own = proxies(&["10.0.0.0/8", "::1"]);
        assert_eq!(caller(&own, "10.0.0.1", &["1.1.1.1", "203.0.113.9", "10.0.0.2"]), "203.0.113.9");
        assert_eq!(caller(&own, "::1", &["[2001:db8::5]:4711"]), "2001:db8::5");
        assert_eq!(caller(&own, "::ffff:10.0.0.1", &["203.0.113.9:80"]), "203.0.113.9");
        assert_eq!(caller(&own, "10.0.0.1", &["unknown"]), "10.0.0.1");
        assert_eq!(caller(&own, "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn one_customer_is_one_caller() {
        let of = |text: &str| one_caller(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("::ffff:203.0.113.9"), "203.0.113.9");
        assert_eq!(of("203.0.113.9"), "203.0.113.9");
    }
}
