//! A provider key as calls see it.

use super::handover::Handover;
use super::health::Health;
use reeve_core::breaker::BreakerRules;
use reeve_core::id::CredentialId;
use reeve_core::time::Millis;
use reeve_providers::upstream::BaseUrl;
use reeve_store::table::credentials::{Credential, SealedKey};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// A provider key as calls see it: where they go with it, how many of them, and how they fared.
pub struct LiveCredential {
    /// Which.
    pub id: CredentialId,
    /// What people call it.
    pub name: String,
    /// Provider, as the price catalogue spells it.
    pub provider: String,
    /// Where calls go.
    pub base_url: BaseUrl,
    pub(crate) models: Vec<String>,
    pub(crate) weight: u32,
    pub(crate) priority: u32,
    pub(crate) version: u32,
    pub(crate) sealed: reeve_vault::SealedKey,
    /// The key before it, where calls may still go out with that.
    pub(crate) grace: Option<GraceKey>,
    pub(crate) health: Arc<Health>,
    /// How the hand-over from the key before it goes.
    pub(crate) handover: Arc<Handover>,
    // The minute of use that was last written down.
    touched: AtomicI64,
}

/// A key that was replaced a short while ago.
pub(crate) struct GraceKey {
    pub(crate) version: u32,
    pub(crate) sealed: reeve_vault::SealedKey,
    /// Until when calls may go out with it.
    pub(crate) until: Millis,
}

impl LiveCredential {
    /// The key before this one, if calls may go out with it now.
    pub(crate) fn grace_at(&self, now: Millis) -> Option<&GraceKey> {
        self.grace.as_ref().filter(|grace| now < grace.until)
    }

    /// One from the store; `before` is what was known of it.
    pub(super) fn new(c: Credential, before: Option<&Self>, rules: BreakerRules) -> Option<Self> {
        // With another version of the key nothing is known of it yet.
        let health =
            before.filter(|b| b.version == c.version).map(|b| Arc::clone(&b.health)).unwrap_or_default();
        health.set_rules(rules);
        let handover =
            before.filter(|b| b.version == c.version).map(|b| Arc::clone(&b.handover)).unwrap_or_default();
        let touched = before.map_or(0, |b| b.touched.load(Ordering::Relaxed));
        Some(Self {
            id: c.id,
            base_url: BaseUrl::parse(&c.base_url).ok()?,
            name: c.name,
            provider: c.provider,
            models: c.models,
            weight: c.weight,
            priority: c.priority,
            version: c.version,
            sealed: from_stored(c.sealed?),
            grace: c.grace.map(|g| GraceKey {
                version: g.version,
                sealed: from_stored(g.sealed),
                until: g.until,
            }),
            health,
            handover,
            touched: AtomicI64::new(touched.max(c.last_used_at.map_or(0, |t| t.0 / Millis::MINUTE))),
        })
    }

    /// Whether it serves a model: it names it, or it serves all.
    pub(crate) fn serves(&self, model: &str) -> bool {
        self.models.is_empty() || self.names().any(|name| name == model)
    }

    /// The names it serves models under. An entry `deployment=model` has two: Azure knows a model by the name of its
    /// deployment.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.models.iter().flat_map(|entry| {
            let (first, second) = entry.split_once('=').map_or((entry.as_str(), None), |(d, m)| (d, Some(m)));
            std::iter::once(first).chain(second)
        })
    }

    /// What a model is called at the provider, and in the price list.
    pub(crate) fn spelled<'m>(&'m self, model: &'m str) -> (&'m str, &'m str) {
        let deployments = self.models.iter().filter_map(|entry| entry.split_once('='));
        let mut named = deployments.filter(|(deployment, priced)| *deployment == model || *priced == model);
        named.next().unwrap_or((model, model))
    }

    /// Whether its last use should be written down: once a minute.
    pub(crate) fn is_first_use_in_minute(&self, now: Millis) -> bool {
        let minute = now.0 / Millis::MINUTE;
        self.touched.load(Ordering::Relaxed) < minute
            && self.touched.fetch_max(minute, Ordering::Relaxed) < minute
    }
}

impl std::fmt::Debug for LiveCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveCredential")
            .field("id", &self.id)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

pub(crate) fn from_stored(key: SealedKey) -> reeve_vault::SealedKey {
    reeve_vault::SealedKey { wrapped_dek: key.wrapped_dek, sealed: key.sealed }
}
