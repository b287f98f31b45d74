//! The admin APIs, seen through the client that Reeve uses.

mod bills;
mod openai;
mod others;

use crate::provider::ScriptedProvider;
use reeve_core::time::Millis;
use reeve_providers::control::{Control, ControlError, Controls, Mint, Minted};
use reeve_providers::upstream::{BaseUrl, Key, Probe, Upstream, UpstreamConfig};
use std::time::Duration;

/// 2026-11-21T12:00:00Z.
const NOW: Millis = Millis(1_795_262_400_000);

/// One client a test: making one reads every certificate the system trusts.
fn upstream() -> Upstream {
    thread_local! {
        static CLIENT: Upstream = {
            let brief = Duration::from_millis(300);
            Upstream::new(UpstreamConfig { connect_timeout: brief, head_timeout: brief, ..UpstreamConfig::default() }).unwrap()
        };
    }
    CLIENT.with(Upstream::clone)
}

/// A provider, what to do with it, and the admin key.
struct Play {
    provider: ScriptedProvider,
    controls: Controls,
    control: Control,
    admin_key: Vec<u8>,
}

impl Play {
    fn with<'a>(&'a self) -> reeve_providers::control::Controlled<'a> {
        self.controls.with(&self.control, Key(&self.admin_key), NOW)
    }

    async fn create(&self, tag: &str) -> Result<Minted, ControlError> {
        self.with().create(Mint { tag, current: None }).await
    }

    async fn ids(&self) -> Vec<String> {
        self.with().list().await.unwrap().into_iter().map(|key| key.id).collect()
    }

    async fn probe(&self, provider: &str, base: &str, key: &[u8]) -> Probe {
        upstream().probe(provider, &BaseUrl::parse(base).unwrap(), Key(key), NOW).await.unwrap()
    }
}
