//! Pools: provider keys that share budgets, because they share an account at the provider.

use crate::Engine;
use crate::cx::Cx;
use crate::entry::Draft;
use crate::error::{Code, Error};
use reeve_core::budget::{BudgetLevel, BudgetScope};
use reeve_core::id::{CredentialId, PoolId};
use reeve_core::permission::Permission;
pub use reeve_store::table::pools::Pool;
use std::collections::BTreeSet;

/// Provider keys of one pool, at most.
const MOST: usize = 100;

/// A new pool.
#[derive(Clone, Debug)]
pub struct CreatePool {
    /// Name.
    pub name: String,
    /// Its provider keys. They leave the pool they are in.
    pub credentials: Vec<CredentialId>,
}

/// A change of a pool; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ChangePool {
    /// Name.
    pub name: Option<String>,
    /// Its provider keys. They leave the pool they are in.
    pub credentials: Option<Vec<CredentialId>>,
}

impl Engine {
    /// Pools in the order they were made, with whether there are more.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn pools(
        &self,
        cx: &Cx,
        after: Option<PoolId>,
        limit: usize,
    ) -> Result<(Vec<Pool>, bool), Error> {
        self.require(cx, Permission::BudgetRead).await?;
        let mut pools = self.inner.store.read(move |r| r.pools().list(after, limit + 1)).await?;
        let more = pools.len() > limit;
        pools.truncate(limit);
        Ok((pools, more))
    }

    /// A pool.
    ///
    /// # Errors
    /// If `cx` may not see it, or there is none.
    pub async fn pool(&self, cx: &Cx, id: PoolId) -> Result<Pool, Error> {
        self.require(cx, Permission::BudgetRead).await?;
        self.stored_pool(id).await
    }

    async fn stored_pool(&self, id: PoolId) -> Result<Pool, Error> {
        self.inner.store.read(move |r| r.pools().get(id)).await?.ok_or_else(|| Error::not_found("pool"))
    }

    /// Makes a pool.
    ///
    /// # Errors
    /// If `cx` may not, a field is wrong, or the name is taken.
    pub async fn create_pool(&self, cx: &Cx, new: CreatePool) -> Result<Pool, Error> {
        self.require(cx, Permission::BudgetWrite).await?;
        let now = self.now();
        let pool = Pool {
            id: PoolId(self.inner.ids.next()),
            name: crate::tenants::name(&new.name, "name")?,
            credentials: new.credentials,
            created_at: now,
            updated_at: now,
        };
        let draft = self
            .draft(cx, "pool.create", format_args!("pool:{}", pool.id))
            .name(&pool.name)
            .detail("credentials", listed(&pool.credentials));
        self.put_pool(pool, draft).await
    }

    /// Changes a pool. What its new keys have spent in the period counts to it from now on, and what those that left have
    /// spent no longer does.
    ///
    /// # Errors
    /// If `cx` may not, there is none, a value is wrong, or the name is taken.
    pub async fn change_pool(&self, cx: &Cx, id: PoolId, change: ChangePool) -> Result<Pool, Error> {
        self.require(cx, Permission::BudgetWrite).await?;
        let before = self.stored_pool(id).await?;
        let name = change.name.map(|name| crate::tenants::name(&name, "name")).transpose()?;
        let after = Pool {
            name: name.unwrap_or_else(|| before.name.clone()),
            credentials: change.credentials.unwrap_or_else(|| before.credentials.clone()),
            updated_at: self.now(),
            ..before.clone()
        };
        let draft = self
            .draft(cx, "pool.update", format_args!("pool:{id}"))
            .name(&after.name)
            .change("name", &before.name, &after.name)
            .change("credentials", listed(&before.credentials), listed(&after.credentials));
        self.put_pool(after, draft).await
    }

    async fn put_pool(&self, mut pool: Pool, draft: Draft) -> Result<Pool, Error> {
        let unique: BTreeSet<CredentialId> = pool.credentials.into_iter().collect();
        pool.credentials = unique.into_iter().collect();
        if pool.credentials.len() > MOST {
            return Err(Error::field("credentials", format!("may be {MOST} at most")));
        }
        let stored = pool.clone();
        let written = self
            .inner
            .store
            .write(move |tx| {
                let read = tx.read();
                for id in &stored.credentials {
                    if read.credentials().get(*id)?.is_none() {
                        return Err(Error::field("credentials", format!("{id} is no provider key")));
                    }
                }
                let before = read.pools().all()?;
                let recorded = draft.record(tx)?;
                recorded.pools().put(&stored)?;
                // Pools that lost a key to this one.
                let others = before.into_iter().filter(|p| p.id != stored.id);
                let robbed = others.filter(|p| p.credentials.iter().any(|c| stored.credentials.contains(c)));
                Ok::<_, Error>((recorded.sequence(), robbed.map(|p| p.id).collect::<Vec<_>>()))
            })
            .await;
        let (sequence, robbed) = written.map_err(|e| match e.code {
            Code::Conflict => Error::new(Code::Conflict, "There is a pool of this name already."),
            _ => e,
        })?;
        for id in robbed.into_iter().chain([pool.id]) {
            self.load_level(level(id), true).await?;
        }
        self.told_of(crate::EventKind::Budget, sequence);
        Ok(pool)
    }

    /// Removes a pool; its provider keys stay.
    ///
    /// # Errors
    /// If `cx` may not, there is none, or it has a budget.
    pub async fn remove_pool(&self, cx: &Cx, id: PoolId) -> Result<(), Error> {
        self.require(cx, Permission::BudgetWrite).await?;
        let pool = self.stored_pool(id).await?;
        let draft = self.draft(cx, "pool.delete", format_args!("pool:{id}")).name(&pool.name);
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                if !tx.read().budgets().of_level(&level(id))?.is_empty() {
                    let sentence = "This pool has a budget; delete that first.";
                    return Err(Error::new(Code::Conflict, sentence));
                }
                let recorded = draft.record(tx)?;
                recorded.pools().delete(id)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.load_level(level(id), true).await?;
        self.told_of(crate::EventKind::Budget, sequence);
        Ok(())
    }
}

/// A pool's place in the tree.
fn level(id: PoolId) -> BudgetLevel {
    BudgetLevel { scope: BudgetScope::Pool, tenant_id: None, target: id.to_string() }
}

fn listed(credentials: &[CredentialId]) -> String {
    credentials.iter().map(CredentialId::to_string).collect::<Vec<_>>().join(", ")
}
