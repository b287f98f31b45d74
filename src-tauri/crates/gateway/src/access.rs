//! Who may reach the listener at all: programs, not web pages.
//!
//! A page in a browser can send requests to a listener on the same machine. It cannot leave out `Origin`, and where it got
//! here by pointing its own name at this machine (DNS rebinding), `Host` still holds that name.

use crate::error::Failure;
use http::{HeaderMap, Uri, header};
use reeve_core::peer::TrustedProxies;
use std::net::IpAddr;

/// The names and origins a listener answers to, besides addresses and `localhost`.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Names a client may call it by, without port, such as `gateway.example.internal`.
    pub hosts: Vec<String>,
    /// Origins whose pages may call it, such as `https://console.example`.
    pub origins: Vec<String>,
    /// Proxies in front of it, whose `X-Forwarded-For` says who calls.
    pub proxies: TrustedProxies,
}

impl Access {
    /// Refuses what comes from a web page, or was sent to a name that is not this listener's.
    pub(crate) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Failure> {
        let host = headers.get(header::HOST).map(|h| h.to_str().unwrap_or_default());
        if !host.or_else(|| uri.authority().map(|a| a.as_str())).is_some_and(|host| self.is_own(host)) {
            return Err(Failure::host_refused());
        }
        match headers.get(header::ORIGIN) {
            Some(origin) if self.origins.iter().any(|own| own.as_bytes() == origin.as_bytes()) => Ok(()),
            Some(_) => Err(Failure::origin_refused()),
            // Reading requests carry no Origin; browsers say so in another way.
            None if headers
                .get("sec-fetch-site")
                .is_some_and(|site| site != "none" && site != "same-origin") =>
            {
                Err(Failure::origin_refused())
            }
            None => Ok(()),
        }
    }

    /// The caller's network address, where `peer` is at the other end of the connection.
    pub(crate) fn caller(&self, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
        let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
        let hops: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
        self.proxies.caller(peer, hops.into_iter())
    }

    /// Whether `host` cannot be a stranger's name: an address, `localhost`, or one of the names given. The port is no part
    /// of it, because a forwarded port may be any.
    fn is_own(&self, host: &str) -> bool {
        let name = match host.strip_prefix('[') {
            Some(v6) => return v6.split_once(']').is_some_and(|(ip, _)| ip.parse::<IpAddr>().is_ok()),
            None => host.split_once(':').map_or(host, |(name, _)| name),
        };
        name.eq_ignore_ascii_case("localhost")
            || name.parse::<IpAddr>().is_ok()
            || self.hosts.iter().any(|own| own.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(pairs: &[(&'static str, &'static str)]) -> bool {
        let access = Access {
            hosts: vec!["gw.internal".to_owned()],
            origins: vec!["https://own.example".to_owned()],
            ..Access::default()
        };
        let headers = pairs.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect();
        access.check(&Uri::from_static("/v1/models"), &headers).is_ok()
    }

    #[test]
    fn addresses_and_own_names_pass() {
        for host in
            ["127.0.0.1:4141", "localhost", "LOCALHOST:80", "[::1]:4141", "10.0.0.7", "gw.internal:443"]
        {
            assert!(allowed(&[("host", host)]), "{host}");
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example:4141",
            "",
            "[evil]",
            "gw.internal.evil",
        ] {
            assert!(!allowed(&[("host", host)]), "{host}");
        }
        assert!(!allowed(&[]), "a request to nobody");
    }

    #[test]
    fn pages_do_not() {
        let host = ("host", "localhost");
        for origin in ["https://evil.example", "null", "http://localhost:4141"] {
            assert!(!allowed(&[host, ("origin", origin)]), "{origin}");
        }
        assert!(allowed(&[host, ("origin", "https://own.example")]));
        assert!(!allowed(&[host, ("sec-fetch-site", "cross-site")]));
        assert!(!allowed(&[host, ("sec-fetch-site", "same-site")]));
        assert!(allowed(&[host, ("sec-fetch-site", "none")]), "typed into the address bar");
    }
}
