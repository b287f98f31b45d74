//! Levels of the tree: checking that one exists, and what people call it.

use crate::Engine;
use crate::error::Error;
use reeve_core::budget::{BudgetLevel, BudgetScope};
use reeve_core::id::{ApiKeyId, PoolId, TenantId};
use reeve_providers::catalogue::Catalogue;
use reeve_store::{Read, StoreError};

/// Longest name of a user or model.
const LONGEST: usize = 200;
/// Longest label, as the gateway takes them.
const LONGEST_TAG: usize = 64;

/// What a level's target is called, if it is still there.
pub(super) fn target_name(read: &Read<'_>, level: &BudgetLevel) -> Result<Option<String>, StoreError> {
    Ok(match level.scope {
        BudgetScope::Workspace | BudgetScope::Tenant => None,
        BudgetScope::User | BudgetScope::Model | BudgetScope::Tag => Some(level.target.clone()),
        BudgetScope::ApiKey => {
            let key = level.tenant_id.zip(level.target.parse::<ApiKeyId>().ok());
            key.map(|(tenant, id)| read.api_keys().get(tenant, id)).transpose()?.flatten().map(|k| k.name)
        }
        BudgetScope::Pool => {
            let pool = level.target.parse::<PoolId>().ok();
            pool.map(|id| read.pools().get(id)).transpose()?.flatten().map(|p| p.name)
        }
    })
}

/// A model as the price list spells it: charges carry that name.
fn listed(model: &str) -> String {
    let catalogue = Catalogue::builtin();
    let of = |provider: &str| catalogue.lookup(provider, model).map(|found| found.price.model.clone());
    reeve_providers::catalogue::providers(catalogue)
        .find_map(|p| of(p.id))
        .unwrap_or_else(|| model.to_owned())
}

fn named(level: &BudgetLevel, longest: usize) -> Result<(), Error> {
    let name = level.target.as_str();
    if name.trim() != name || name.is_empty() || name.chars().count() > longest {
        let message = format!("must be 1 to {longest} characters, without spaces around them");
        return Err(Error::field("target", message));
    }
    Ok(())
}

impl Engine {
    /// The level as it is stored, if it exists.
    pub(super) async fn checked_level(&self, mut level: BudgetLevel) -> Result<BudgetLevel, Error> {
        use BudgetScope::{ApiKey, Model, Pool, Tag, Tenant, User, Workspace};
        match (level.scope, level.tenant_id) {
            (Tenant | ApiKey, None) => return Err(Error::field("tenant_id", "is needed for this scope")),
            (Workspace | Pool, Some(_)) => {
                return Err(Error::field("tenant_id", "must be null for this scope"));
            }
            (_, Some(id)) => drop(self.stored_tenant(id).await?),
            _ => {}
        }
        match level.scope {
            Workspace | Tenant if level.target.is_empty() => {}
            Workspace | Tenant => return Err(Error::field("target", "must be null for this scope")),
            User => named(&level, LONGEST)?,
            Tag => named(&level, LONGEST_TAG)?,
            Model => {
                named(&level, LONGEST)?;
                level.target = listed(&level.target);
            }
            ApiKey => {
                let id: ApiKeyId =
                    level.target.parse().map_err(|e| Error::field("target", format!("{e}")))?;
                level.target = id.to_string();
                self.must_exist(level.clone(), "API key of this tenant").await?;
            }
            Pool => {
                let id: PoolId = level.target.parse().map_err(|e| Error::field("target", format!("{e}")))?;
                level.target = id.to_string();
                self.must_exist(level.clone(), "pool").await?;
            }
        }
        Ok(level)
    }

    async fn must_exist(&self, level: BudgetLevel, noun: &'static str) -> Result<(), Error> {
        let found = self.inner.store.read(move |r| target_name(r, &level)).await?;
        found.map(drop).ok_or_else(|| Error::not_found(noun))
    }

    /// What people call a level.
    pub(crate) async fn level_name(&self, level: BudgetLevel) -> Result<String, Error> {
        let tenant = level.tenant_id;
        let scope = level.scope;
        let target = self.inner.store.read(move |r| target_name(r, &level)).await?;
        Ok(match scope {
            BudgetScope::Workspace => "Workspace".to_owned(),
            BudgetScope::Tenant => self.name_of(tenant).unwrap_or_default(),
            _ => target.unwrap_or_else(|| "removed".to_owned()),
        })
    }

    pub(super) fn name_of(&self, tenant: Option<TenantId>) -> Option<String> {
        tenant.and_then(|id| self.inner.admission.tenant_name(id))
    }

    /// Whose budget it is, as the beginning of "… daily budget", and where it counts.
    pub(crate) async fn whose(&self, level: &BudgetLevel) -> (String, String) {
        let name = self.level_name(level.clone()).await.unwrap_or_default();
        let within = self.name_of(level.tenant_id).map(|t| format!(" within {t}")).unwrap_or_default();
        match level.scope {
            BudgetScope::Workspace => ("the workspace's".to_owned(), String::new()),
            BudgetScope::Tenant => (format!("{name}'s"), String::new()),
            BudgetScope::ApiKey => (format!("the API key {name}'s"), within),
            scope => (format!("the {} {name}'s", scope.as_str()), within),
        }
    }
}
