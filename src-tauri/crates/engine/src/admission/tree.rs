//! The levels below the workspace and its tenants: metered only while they have a budget, so that calls without such
//! budgets pay for a look into empty maps and no more.

use super::facets::Facets;
use super::meter::Level;
use crate::hot_map::HotMap;
use reeve_core::budget::{BudgetLevel, BudgetScope};
use reeve_core::id::{ApiKeyId, CredentialId, PoolId, TenantId};
use std::collections::HashMap;

/// A level with a budget.
pub(crate) struct Node {
    pub(crate) at: BudgetLevel,
    pub(crate) level: Level,
}

/// All such levels.
#[derive(Default)]
pub(crate) struct Tree {
    keys: HotMap<ApiKeyId, Node>,
    // Users, models and tags by whose they are, then by name: looked up without making a key.
    named: HashMap<(BudgetScope, Option<TenantId>), HashMap<String, Node>>,
    pools: HashMap<PoolId, Node>,
    pool_of: HashMap<CredentialId, PoolId>,
    /// The newest tick at which one of the meters was counted.
    pub(crate) counted_at: u64,
}

impl Tree {
    /// Sets which pool each credential is in.
    pub(crate) fn set_pools(&mut self, pool_of: HashMap<CredentialId, PoolId>) {
        self.pool_of = pool_of;
    }

    pub(crate) fn get_mut(&mut self, at: &BudgetLevel) -> Option<&mut Node> {
        match at.scope {
            BudgetScope::ApiKey => self.keys.get_mut(&at.target.parse().ok()?),
            BudgetScope::Pool => self.pools.get_mut(&at.target.parse().ok()?),
            scope => self.named.get_mut(&(scope, at.tenant_id))?.get_mut(&at.target),
        }
    }

    pub(crate) fn insert(&mut self, node: Node) {
        let target = node.at.target.clone();
        match node.at.scope {
            BudgetScope::ApiKey => drop(target.parse().map(|id| self.keys.insert(id, node))),
            BudgetScope::Pool => drop(target.parse().map(|id| self.pools.insert(id, node))),
            scope => {
                self.named.entry((scope, node.at.tenant_id)).or_default().insert(target, node);
            }
        }
    }

    pub(crate) fn remove(&mut self, at: &BudgetLevel) {
        match at.scope {
            BudgetScope::ApiKey => drop(at.target.parse().map(|id| self.keys.remove(&id))),
            BudgetScope::Pool => drop(at.target.parse().map(|id| self.pools.remove(&id))),
            scope => {
                if let Some(of) = self.named.get_mut(&(scope, at.tenant_id)) {
                    of.remove(&at.target);
                }
                self.named.retain(|_, of| !of.is_empty());
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.named.is_empty() && self.pools.is_empty()
    }

    /// Runs `visit` on every level a call of `tenant` belongs to: key, user, model, tags, pool, the tenant's own before
    /// those of all tenants. Stops at the first error.
    pub(crate) fn visit<E>(
        &mut self,
        tenant: TenantId,
        facets: &Facets<'_>,
        mut visit: impl FnMut(&mut Node) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.is_empty() {
            return Ok(());
        }
        if let Some(node) = facets.api_key.and_then(|id| self.keys.get_mut(&id)) {
            visit(node)?;
        }
        if !self.named.is_empty() {
            let user = facets.user.map(|user| (BudgetScope::User, user));
            let tags = facets.tags.iter().map(|tag| (BudgetScope::Tag, tag.as_str()));
            let names = user.into_iter().chain([(BudgetScope::Model, facets.model)]).chain(tags);
            for (scope, name) in names {
                for whose in [Some(tenant), None] {
                    if let Some(node) = self.named.get_mut(&(scope, whose)).and_then(|of| of.get_mut(name)) {
                        visit(node)?;
                    }
                }
            }
        }
        let pool = self.pool(facets);
        pool.and_then(|id| self.pools.get_mut(&id)).map_or(Ok(()), visit)
    }

    /// The pool of the credential that pays, if it is in one.
    pub(crate) fn pool(&self, facets: &Facets<'_>) -> Option<PoolId> {
        facets.credential.and_then(|id| self.pool_of.get(&id)).copied()
    }

    /// Every level.
    pub(crate) fn all(&mut self) -> impl Iterator<Item = &mut Node> {
        let named = self.named.values_mut().flat_map(HashMap::values_mut);
        self.keys.values_mut().chain(named).chain(self.pools.values_mut())
    }

    /// Forgets every level.
    pub(crate) fn clear(&mut self) {
        self.keys.clear();
        self.named.clear();
        self.pools.clear();
    }
}

/// Whether a call of `tenant`, paid from `pool`, belongs to the level `at`.
pub(crate) fn is_in(at: &BudgetLevel, tenant: TenantId, facets: &Facets<'_>, pool: Option<PoolId>) -> bool {
    at.tenant_id.is_none_or(|id| id == tenant)
        && match at.scope {
            BudgetScope::Workspace | BudgetScope::Tenant => true,
            BudgetScope::ApiKey => facets.api_key.is_some_and(|id| at.target.parse() == Ok(id)),
            BudgetScope::User => facets.user == Some(at.target.as_str()),
            BudgetScope::Model => facets.model == at.target,
            BudgetScope::Tag => facets.tags.contains(&at.target),
            BudgetScope::Pool => pool.is_some_and(|id| at.target.parse() == Ok(id)),
        }
}
