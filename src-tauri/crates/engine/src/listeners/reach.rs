//! Where a listener may be: at a public address behind TLS, or on this machine. Anywhere else only where a person said so,
//! so that nobody sends Reeve to look around the network it runs in.

use crate::error::Error;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Longer addresses are refused.
const MOST: usize = 2_000;

/// Reads an address and says whether entries may be sent there.
pub(crate) fn checked(text: &str, allow_private: bool) -> Result<Url, Error> {
    let wrong = |message: &str| Error::field("url", message);
    if text.len() > MOST {
        return Err(wrong("is too long; 2,000 characters are the most"));
    }
    let url =
        Url::parse(text.trim()).map_err(|_| wrong("must be an address such as https://example.com/hook"))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(wrong("must begin with https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("may not hold a name and password"));
    }
    if url.fragment().is_some() {
        return Err(wrong("may not hold a part behind #"));
    }
    let host = url.host_str().ok_or_else(|| wrong("names no host"))?;
    let here = is_here(host);
    if url.scheme() == "http" && !here && !allow_private {
        return Err(wrong(
            "must begin with https://, unless it is on this machine or in a network you allow",
        ));
    }
    if let Some(ip) = literal(host)
        && !here
        && !allow_private
        && !is_public(ip)
    {
        return Err(wrong("is an address of a private network; allow that below if it is meant"));
    }
    Ok(url)
}

/// Scheme, host and port: what may be told of an address whose path may be a secret.
#[must_use]
pub fn origin_of(url: &str) -> String {
    Url::parse(url).map_or_else(|_| String::new(), |url| url.origin().ascii_serialization())
}

fn literal(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// This machine, by its name or by number.
fn is_here(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || literal(host).is_some_and(|ip| plain(ip).is_loopback())
}

/// An IPv4 address in an IPv6 one's clothes.
fn plain(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(ip, IpAddr::V4),
        IpAddr::V4(_) => ip,
    }
}

/// Whether an address is one of the whole Internet's.
fn is_public(ip: IpAddr) -> bool {
    match plain(ip) {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let special = a == 0 || a >= 240 || (a == 192 && b == 0 && c == 0) || (a == 198 && (b == 18 || b == 19));
    !(ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation()
        || shared
        || special)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [first, second, ..] = ip.segments();
    // Global unicast alone, without documentation, 6to4 and Teredo, which carry other addresses inside.
    (first & 0xe000) == 0x2000 && first != 0x2002 && !(first == 0x2001 && (second == 0 || second == 0xdb8))
}

/// Names lead to public addresses alone. Asked for each connection, so that a name that changes its mind is caught.
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let here = is_here(&host);
            let found = tokio::net::lookup_host((host, 0)).await?;
            let fit = |a: &SocketAddr| if here { plain(a.ip()).is_loopback() } else { is_public(a.ip()) };
            let addresses: Vec<SocketAddr> = found.filter(fit).collect();
            if addresses.is_empty() {
                return Err("the name leads to no public address".into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses_behind_tls_and_this_machine() {
        for good in [
            "https://example.com/hook?x=1",
            "http://localhost:8080/",
            "http://127.0.0.1/",
            "http://[::1]:9/",
            "https://93.184.216.34/",
        ] {
            assert!(checked(good, false).is_ok(), "{good}");
        }
        for bad in [
            "",
            "example.com",
            "ftp://example.com",
            "file:///etc/passwd",
            "http://example.com/",
            "https://u:p@example.com/",
            "https://example.com/#x",
            "https://10.0.0.1/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest",
            "https://[fd00::1]/",
            "https://[fe80::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://100.64.0.1/",
            "https://0.0.0.0/",
            "https://0xa000001/",
            "https://167772161/",
            "http://127.0.0.1.example.com/",
            "gopher://127.0.0.1",
        ] {
            assert!(checked(bad, false).is_err(), "{bad}");
        }
        assert!(
            checked("http://127.0.0.1.example.com/", false).is_err(),
            "a name that only begins like this machine"
        );
        for private in ["http://10.0.0.1/", "http://hooks.internal/"] {
            assert!(checked(private, true).is_ok() && checked(private, false).is_err(), "{private}");
        }
        assert_eq!(origin_of("https://example.com:8443/secret/path?x"), "https://example.com:8443");
    }

    #[tokio::test]
    async fn a_name_that_leads_home_is_not_followed() {
        let here: Name = "localhost".parse().unwrap();
        assert!(PublicOnly.resolve(here).await.unwrap().all(|a| a.ip().is_loopback()));
        for public in ["8.8.8.8", "2606:4700::1111"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for private in [
            "127.0.0.1",
            "::1",
            "::",
            "2002:a00:1::",
            "2001:db8::1",
            "64:ff9b::a00:1",
            "224.0.0.1",
            "255.255.255.255",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
    }
}
