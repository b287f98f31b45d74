//! What the gateway may tell: which models are served, and by whom.

use crate::Engine;
use crate::routing::table::{LiveRoute, Table};
use reeve_core::id::TenantId;
use std::sync::Arc;

/// Where a call for a model may go.
pub struct Destinations {
    table: Arc<Table>,
    route: Option<Arc<LiveRoute>>,
}

impl Destinations {
    /// Each provider with the model it would be asked for; `model` is what the caller asks for. None where nobody serves it.
    pub fn each<'d>(&'d self, model: &'d str) -> impl Iterator<Item = (&'d str, &'d str)> {
        let targets = self.route.iter().flat_map(|live| &live.route.targets);
        let targets = targets.map(|t| (t.provider.as_str(), t.model.as_str()));
        let implicit = self.route.is_none().then(|| self.table.implicit(model).first()).flatten();
        targets.chain(implicit.map(|key| (key.provider.as_str(), model)))
    }
}

impl Engine {
    /// Where a tenant's call for `model` may go.
    #[must_use]
    pub fn destinations(&self, tenant: TenantId, model: &str) -> Destinations {
        let table = self.inner.routing.table();
        let route = table.route(tenant, model).cloned();
        Destinations { table, route }
    }

    /// The catalogue name of the provider that `model` goes to where no route says otherwise, if any serves it.
    #[must_use]
    pub fn provider_of(&self, model: &str) -> Option<String> {
        self.inner.routing.table().implicit(model).first().map(|key| key.provider.clone())
    }

    /// The models a tenant may name, each with the provider that serves it.
    #[must_use]
    pub fn served_models(&self, tenant: TenantId) -> Vec<(String, String)> {
        let book = self.inner.prices.book();
        let listed = |provider: &str| book.callable(tenant, provider, self.now());
        self.inner.routing.table().models(tenant, listed)
    }
}
