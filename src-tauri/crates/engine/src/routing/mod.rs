//! Where calls go: the live provider keys with their health, the routes, and what tenants may call. All of it is kept in
//! memory for the hot path and built anew when something changes; health survives that.
//!
//! Start reading at [`table`] (what is known), then [`choice`] (which key serves) and [`plan`] (what is tried in which order).

pub(crate) mod choice;
pub(crate) mod credential;
pub(crate) mod dice;
pub(crate) mod handover;
pub(crate) mod health;
pub(crate) mod latency;
pub(crate) mod plan;
pub(crate) mod table;

use crate::Engine;
use crate::error::Error;
use arc_swap::ArcSwap;
use dice::Dice;
use std::sync::Arc;
use table::Table;

/// Where calls go.
#[derive(Default)]
pub(crate) struct Routing {
    table: ArcSwap<Table>,
    /// Held from reading to storing: what was read before must not be stored after what was read since.
    loading: tokio::sync::Mutex<()>,
    pub(crate) dice: Dice,
}

impl Routing {
    /// What is known right now.
    pub(crate) fn table(&self) -> Arc<Table> {
        self.table.load_full()
    }
}

impl Engine {
    /// Reads anew what calls are routed by.
    pub(crate) async fn load_routing(&self) -> Result<(), Error> {
        let _one = self.inner.routing.loading.lock().await;
        let (credentials, routes, rules, breaker) = self
            .inner
            .store
            .read(|r| {
                let breaker = r.breaker_rules().get()?;
                let mut serving = r.credentials().live()?;
                serving.retain(|credential| credential.renews.is_none());
                Ok::<_, Error>((serving, r.routes().all()?, r.model_rules().all()?, breaker))
            })
            .await?;
        let routing = &self.inner.routing;
        let table = Table::new(credentials, routes, rules, breaker, &routing.table());
        routing.table.store(Arc::new(table));
        Ok(())
    }

    /// Begins the sequence that shares calls by weight anew, so that a test or a replay meets the same choices again.
    pub fn seed_routing(&self, seed: u64) {
        self.inner.routing.dice.seed(seed);
    }
}
