//! The settings of `serve`: flags, else the environment (clap reads both), else the file, else defaults.

use crate::arguments::ServeFlags;
use crate::failure::Failure;
use crate::tls::Files;
use reeve_api::EventsDoor;
use reeve_core::peer::{NetworkError, TrustedProxies};
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

const FILE: &str = "reeve.toml";
const LISTEN: &str = "127.0.0.1:4140";
const GATEWAY: &str = "127.0.0.1:4141";

/// How to serve.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Configuration {
    pub(crate) data: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) gateway: SocketAddr,
    pub(crate) public_hosts: Vec<String>,
    pub(crate) trusted_proxies: TrustedProxies,
    pub(crate) behind_tls: bool,
    pub(crate) tls: Option<Files>,
    pub(crate) events: EventsDoor,
    pub(crate) sample: bool,
}

/// `reeve.toml`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    data: Option<PathBuf>,
    listen: Option<String>,
    gateway: Option<String>,
    #[serde(default)]
    public_hosts: Vec<String>,
    #[serde(default)]
    trusted_proxies: Vec<String>,
    #[serde(default)]
    behind_tls: bool,
    tls_certificate: Option<PathBuf>,
    tls_key: Option<PathBuf>,
    #[serde(default)]
    events_token_in_query: bool,
    #[serde(default)]
    events_anonymous: bool,
    #[serde(default)]
    allow_plain_http: bool,
    #[serde(default)]
    sample: bool,
}

impl Configuration {
    /// Reads the file, if there is one, and puts everything together.
    pub(crate) fn read(flags: ServeFlags) -> Result<Self, Failure> {
        let file = match &flags.config {
            Some(path) => read_file(path)?,
            None if Path::new(FILE).exists() => read_file(Path::new(FILE))?,
            None => File::default(),
        };
        Self::merge(flags, file)
    }

    fn merge(flags: ServeFlags, file: File) -> Result<Self, Failure> {
        let missing = || {
            Failure::Setting(
                "say where the data is: --data DIR, REEVE_DATA, or data in reeve.toml".to_owned(),
            )
        };
        let address = |flag: Option<String>, file: Option<String>, default: &str, name: &str| {
            let text = flag.or(file).unwrap_or_else(|| default.to_owned());
            let wrong = || {
                Failure::Setting(format!(
                    "{name} \"{text}\" is not an address with a port; write it as {default}"
                ))
            };
            text.parse::<SocketAddr>().map_err(|_| wrong())
        };
        let tls = match (flags.tls_certificate.or(file.tls_certificate), flags.tls_key.or(file.tls_key)) {
            (Some(certificate), Some(key)) => Some(Files { certificate, key }),
            (None, None) => None,
            _ => {
                let message = "TLS needs both files: --tls-certificate FILE and --tls-key FILE";
                return Err(Failure::Setting(message.to_owned()));
            }
        };
        let allowed = flags.allow_plain_http || file.allow_plain_http || tls.is_some();
        let safe = |address: SocketAddr| {
            if address.ip().is_loopback() || allowed { Ok(address) } else { Err(Failure::PlainHttp(address)) }
        };
        Ok(Self {
            data: flags.data.or(file.data).ok_or_else(missing)?,
            listen: safe(address(flags.listen, file.listen, LISTEN, "listen")?)?,
            gateway: safe(address(flags.gateway, file.gateway, GATEWAY, "gateway")?)?,
            public_hosts: if flags.public_host.is_empty() { file.public_hosts } else { flags.public_host },
            trusted_proxies: proxies(if flags.trusted_proxy.is_empty() {
                &file.trusted_proxies
            } else {
                &flags.trusted_proxy
            })?,
            behind_tls: flags.behind_tls || file.behind_tls,
            tls,
            events: EventsDoor {
                token_in_query: flags.events_token_in_query || file.events_token_in_query,
                anonymous: flags.events_anonymous || file.events_anonymous,
            },
            sample: flags.sample || file.sample,
        })
    }
}

fn proxies(texts: &[String]) -> Result<TrustedProxies, Failure> {
    let networks = texts
        .iter()
        .map(|text| text.parse().map_err(|e: NetworkError| Failure::Setting(format!("trusted proxy: {e}"))));
    Ok(TrustedProxies(networks.collect::<Result<_, _>>()?))
}

fn read_file(path: &Path) -> Result<File, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| Failure::ConfigFile { path: path.to_owned(), source })?;
    toml::from_str(&text)
        .map_err(|source| Failure::ConfigText { path: path.to_owned(), source: Box::new(source) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(listen: Option<&str>) -> ServeFlags {
        ServeFlags { data: Some("here".into()), listen: listen.map(str::to_owned), ..ServeFlags::default() }
    }

    fn file(text: &str) -> File {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let read = Configuration::merge(
            flags(Some("127.0.0.1:0")),
            file(
                "data = \"there\"\nlisten = \"127.0.0.1:1\"\ngateway = \"127.0.0.1:2\"\npublic_hosts = [\"a.example\"]",
            ),
        );
        let read = read.unwrap();
        assert_eq!((read.data, read.listen.port(), read.gateway.port()), ("here".into(), 0, 2));
        assert_eq!(read.public_hosts, ["a.example"]);
        let plain = Configuration::merge(flags(None), File::default()).unwrap();
        assert_eq!((plain.listen.port(), plain.gateway.port()), (4_140, 4_141));
    }

    #[test]
    fn other_machines_need_a_word() {
        let open = || flags(Some("0.0.0.0:4140"));
        assert!(matches!(Configuration::merge(open(), File::default()), Err(Failure::PlainHttp(_))));
        assert!(Configuration::merge(open(), file("allow_plain_http = true")).is_ok());
        let own = "tls_certificate = \"a.pem\"\ntls_key = \"b.pem\"";
        assert!(Configuration::merge(open(), file(own)).unwrap().tls.is_some());
        let half = Configuration::merge(open(), file("tls_key = \"b.pem\"")).unwrap_err();
        assert!(half.to_string().contains("--tls-certificate"), "{half}");
        let gateway = file("gateway = \"192.168.0.7:4141\"");
        assert!(matches!(Configuration::merge(flags(None), gateway), Err(Failure::PlainHttp(_))));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let none = Configuration::merge(ServeFlags::default(), File::default()).unwrap_err();
        assert!(none.to_string().contains("--data"));
        let bad = Configuration::merge(flags(Some("localhost")), File::default()).unwrap_err();
        assert!(bad.to_string().contains("127.0.0.1:4140"), "{bad}");
        assert!(toml::from_str::<File>("listen = 1").is_err());
    }
}
