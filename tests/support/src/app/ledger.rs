//! What was written down.

use super::{TestApp, TestTenant};
use reeve_core::money::NanoUsd;
use reeve_core::usage::Usage;
use reeve_engine::Cx;
use reeve_engine::audit::{Described, EntryFilter};
use reeve_engine::usage::{Charge, ChargeFilter};
use reeve_providers::catalogue::Catalogue;
use std::future::Future;
use std::time::Duration;

/// What `usage` of an OpenAI model costs, by the price list.
///
/// # Panics
/// Where the model has no price.
#[must_use]
pub fn price_of(model: &str, usage: &Usage) -> NanoUsd {
    price_at("openai", model, usage)
}

/// What `usage` of a provider's model costs, by the price list.
///
/// # Panics
/// Where the model has no price.
#[must_use]
pub fn price_at(provider: &str, model: &str, usage: &Usage) -> NanoUsd {
    let found = Catalogue::builtin().lookup(provider, model).expect("a listed model");
    found.price.cost(usage, None).expect("a price").total
}

/// Asks again and again until there is an answer.
///
/// # Panics
/// After ten seconds.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    for _ in 0..1_000 {
        if let Some(found) = ask().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what}: not in ten seconds")
}

impl TestApp {
    /// All charges, oldest first, once there are `count` of them.
    ///
    /// # Panics
    /// Where there are more, or too few after ten seconds.
    pub async fn charges(&self, count: usize) -> Vec<Charge> {
        let mut charges = eventually("charges", || async {
            let (charges, _) =
                self.engine.charges(&Cx::system(), ChargeFilter::default(), 10_000).await.expect("charges");
            (charges.len() >= count).then_some(charges)
        })
        .await;
        assert_eq!(charges.len(), count, "more charges than calls: {charges:#?}");
        charges.reverse();
        charges
    }

    /// The only charge.
    pub async fn charge(&self) -> Charge {
        self.charges(1).await.remove(0)
    }

    /// Audit entries of a kind, oldest first.
    pub async fn entries(&self, kind: &str) -> Vec<Described> {
        let filter = EntryFilter { kinds: vec![kind.to_owned()], ..EntryFilter::default() };
        let mut page = self.engine.audit_page(&Cx::system(), filter, 1_000).await.expect("a page");
        page.entries.reverse();
        page.entries
    }

    /// All audit entries of a kind, oldest first, once there are `count` of them.
    ///
    /// # Panics
    /// Where there are more, or too few after ten seconds.
    pub async fn entries_once(&self, kind: &str, count: usize) -> Vec<Described> {
        let entries = eventually(kind, || async {
            let entries = self.entries(kind).await;
            (entries.len() >= count).then_some(entries)
        })
        .await;
        assert_eq!(entries.len(), count, "{entries:#?}");
        entries
    }

    /// The only audit entry of a kind, once it is written.
    ///
    /// # Panics
    /// Where there are more, or none after ten seconds.
    pub async fn entry(&self, kind: &str) -> Described {
        self.entries_once(kind, 1).await.remove(0)
    }

    /// Asserts that nothing was charged, nothing is reserved and nothing was asked of the provider.
    pub async fn assert_untouched(&self, tenant: &TestTenant) {
        self.assert_uncharged(tenant).await;
        assert_eq!(self.provider.calls().len(), 0, "the provider must hear nothing of a refused call");
    }

    /// Asserts that nothing was charged and nothing is reserved.
    pub async fn assert_uncharged(&self, tenant: &TestTenant) {
        self.charges(0).await;
        let counters = self.engine.quota(&Cx::system(), tenant.id).await.expect("a quota").counters;
        assert_eq!((counters.concurrent, counters.requests_today), (0, 0), "no call counts");
        let (sum, calls) = self.engine.settled_total(&Cx::system()).await.expect("a total");
        assert_eq!((sum, calls), (NanoUsd::ZERO, 0));
    }
}
