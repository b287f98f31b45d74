//! Where a request came from. Only code of this process can say so: it travels as a request extension.

use http::Extensions;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// Through which door a request came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Host {
    /// The app's own window, in this process.
    Window,
    /// The network; what is assumed of a request that says nothing.
    #[default]
    Server,
}

impl Host {
    pub(crate) fn of(extensions: &Extensions) -> Self {
        extensions.get().copied().unwrap_or_default()
    }
}

/// The listener a request came through, among the request's extensions.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    /// Names and addresses, with port, under which it may be called.
    names: Arc<[String]>,
    /// The port, where any address of this machine may be used to call it.
    any_address: Option<u16>,
    /// Whether it is reached over TLS.
    pub(crate) tls: bool,
}

impl Listener {
    /// The listener at `address`, which may also be called by `extra` names (`reeve.example.com`, with a port if it is
    /// not the scheme's own).
    pub(crate) fn new(address: SocketAddr, extra: &[String], tls: bool) -> Self {
        let port = address.port();
        let mut names: Vec<String> = extra.iter().map(|name| name.trim().to_lowercase()).collect();
        if address.ip().is_loopback() || address.ip().is_unspecified() {
            names.extend(["localhost", "127.0.0.1", "[::1]"].map(|name| format!("{name}:{port}")));
        }
        names.push(address.to_string());
        // Without a port a browser means this one.
        let usual = if tls { 443 } else { 80 };
        if port == usual {
            let suffix = format!(":{usual}");
            let bare: Vec<_> =
                names.iter().filter_map(|n| n.strip_suffix(&suffix).map(str::to_owned)).collect();
            names.extend(bare);
        }
        Self { names: names.into(), any_address: address.ip().is_unspecified().then_some(port), tls }
    }

    /// Whether `host`, as the request says it, is this listener. A name of somebody else's that resolves to this machine
    /// is not: that is how web pages reach into private networks (DNS rebinding).
    pub(crate) fn is_called(&self, host: &str) -> bool {
        let host = host.to_lowercase();
        if self.names.contains(&host) {
            return true;
        }
        let Some(port) = self.any_address else { return false };
        host.rsplit_once(':').is_some_and(|(name, said)| {
            // A literal address cannot be rebound.
            let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
            address.is_ok() && said.parse() == Ok(port)
        })
    }
}

/// In this process, without a listener: only loopback names.
pub(crate) fn is_loopback_name(host: &str) -> bool {
    let name =
        host.rsplit_once(':').map_or(host, |(name, port)| if port.ends_with(']') { host } else { name });
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(address: &str, extra: &[&str]) -> Listener {
        let extra: Vec<String> = extra.iter().map(|s| (*s).to_owned()).collect();
        Listener::new(address.parse().unwrap(), &extra, false)
    }

    #[test]
    fn a_loopback_listener_has_three_names() {
        let l = listener("127.0.0.1:4140", &[]);
        for good in ["localhost:4140", "LOCALHOST:4140", "127.0.0.1:4140", "[::1]:4140"] {
            assert!(l.is_called(good), "{good}");
        }
        for bad in [
            "localhost",
            "127.0.0.1",
            "localhost:4141",
            "evil.example:4140",
            "127.0.0.1.nip.io:4140",
            "192.168.0.7:4140",
            "",
        ] {
            assert!(!l.is_called(bad), "{bad}");
        }
    }

    #[test]
    fn a_listener_everywhere_takes_addresses_but_no_names() {
        let l = listener("0.0.0.0:4140", &["Reeve.Example.com"]);
        for good in ["192.168.0.7:4140", "[fe80::1]:4140", "localhost:4140", "reeve.example.com"] {
            assert!(l.is_called(good), "{good}");
        }
        for bad in ["192.168.0.7:4141", "192.168.0.7", "evil.example:4140", "reeve.example.com:4140"] {
            assert!(!l.is_called(bad), "{bad}");
        }
    }

    #[test]
    fn the_usual_port_goes_without_saying() {
        assert!(listener("127.0.0.1:80", &[]).is_called("localhost"));
        assert!(!listener("127.0.0.1:443", &[]).is_called("localhost"));
        assert!(Listener::new("127.0.0.1:443".parse().unwrap(), &[], true).is_called("localhost"));
    }

    #[test]
    fn without_a_listener_only_loopback() {
        for good in ["localhost", "localhost:1", "127.0.0.1:4140", "[::1]", "[::1]:4140"] {
            assert!(is_loopback_name(good), "{good}");
        }
        assert!(!is_loopback_name("evil.example:4140"));
    }
}
