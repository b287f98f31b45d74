//! How provider keys have served lately: for people, and for what needs them.

use crate::Engine;
use crate::cx::Cx;
use crate::error::Error;
use crate::gateway::attempts::kept_from_calls;
use crate::overview::NeedsYou;
pub use crate::routing::health::{Figures, LastError, MINUTES};
pub use reeve_core::breaker::BreakerState;
use reeve_core::id::CredentialId;
use reeve_core::permission::Permission;
use reeve_store::table::credentials::Credential;

/// A live provider key and how it has served lately.
#[derive(Clone, Debug)]
pub struct CredentialHealth {
    /// Which.
    pub id: CredentialId,
    /// What people call it.
    pub name: String,
    /// Provider, as the price catalogue spells it.
    pub provider: String,
    /// Its share of the calls.
    pub weight: u32,
    /// Keys with a lower number go first.
    pub priority: u32,
    /// How it has served.
    pub figures: Figures,
}

impl Engine {
    /// Live provider keys, oldest first, each with how it has served lately.
    ///
    /// # Errors
    /// If `cx` may not see routes.
    pub async fn routing_health(&self, cx: &Cx) -> Result<Vec<CredentialHealth>, Error> {
        self.require(cx, Permission::RouteRead).await?;
        let (table, now) = (self.inner.routing.table(), self.now());
        let health = table.keys().iter().map(|key| CredentialHealth {
            id: key.id,
            name: key.name.clone(),
            provider: key.provider.clone(),
            weight: key.weight,
            priority: key.priority,
            figures: key.health.figures(now),
        });
        Ok(health.collect())
    }

    /// What a key's breaker does; closed for one that is not live.
    #[must_use]
    pub fn breaker_of(&self, credential: &Credential) -> BreakerState {
        let table = self.inner.routing.table();
        table.key(credential.id).map_or(BreakerState::Closed, |key| key.health.figures(self.now()).state)
    }

    /// The keys that are kept from calls, for a person to look at.
    pub(crate) fn keys_kept_from_calls(&self) -> Vec<NeedsYou> {
        let (table, now) = (self.inner.routing.table(), self.now());
        let needs = table.keys().iter().filter_map(|key| {
            let (since, cause) = match key.health.figures(now).state {
                BreakerState::Closed => return None,
                BreakerState::Open { since, cause, .. } | BreakerState::HalfOpen { since, cause } => {
                    (since, cause)
                }
            };
            Some(NeedsYou {
                severity: "critical",
                text: kept_from_calls(key, cause),
                time: since,
                link: "/routing".to_owned(),
            })
        });
        needs.collect()
    }
}
