//! Which models a tenant may call.

use crate::Engine;
use crate::cx::Cx;
use crate::error::{Error, FieldError};
use reeve_core::id::TenantId;
pub use reeve_core::model_rules::ModelRules;
use reeve_core::permission::Permission;

/// Patterns in a list at most.
const MOST: usize = 200;

impl Engine {
    /// What a tenant may call.
    ///
    /// # Errors
    /// If `cx` may not see the tenant, or there is none.
    pub async fn model_rules(&self, cx: &Cx, tenant: TenantId) -> Result<ModelRules, Error> {
        self.require_for(cx, Permission::TenantRead, tenant).await?;
        self.stored_tenant(tenant).await?;
        Ok(self.inner.store.read(move |r| r.model_rules().of(tenant)).await?)
    }

    /// Sets what a tenant may call; empty lists let it call everything.
    ///
    /// # Errors
    /// If `cx` may not, there is no such tenant, or a pattern is wrong.
    pub async fn set_model_rules(
        &self,
        cx: &Cx,
        tenant: TenantId,
        rules: ModelRules,
    ) -> Result<ModelRules, Error> {
        self.require(cx, Permission::TenantWrite).await?;
        let name = self.stored_tenant(tenant).await?.name;
        let rules = checked(rules)?;
        let before = self.inner.store.read(move |r| r.model_rules().of(tenant)).await?;
        if before == rules {
            return Ok(rules);
        }
        let draft = self
            .draft(cx, "model_rules.update", format_args!("tenant:{tenant}"))
            .tenant(tenant)
            .name(&name)
            .change("allow", before.allow.join(", "), rules.allow.join(", "))
            .change("deny", before.deny.join(", "), rules.deny.join(", "));
        let stored = rules.clone();
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                match stored.is_empty() {
                    true => recorded.model_rules().delete(tenant)?,
                    false => recorded.model_rules().put(tenant, &stored, recorded.now())?,
                }
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.load_routing().await?;
        self.told_of(crate::EventKind::Tenant, sequence);
        Ok(rules)
    }
}

fn checked(rules: ModelRules) -> Result<ModelRules, Error> {
    let mut wrong = Vec::new();
    let mut list = |field: &str, patterns: Vec<String>| {
        let mut patterns: Vec<String> = patterns.iter().map(|p| p.trim().to_owned()).collect();
        patterns.sort_unstable();
        patterns.dedup();
        let plain = |p: &String| !p.is_empty() && p.len() <= 200 && !p.chars().any(char::is_control);
        if patterns.len() > MOST || !patterns.iter().all(plain) {
            let message = format!("may be {MOST} patterns at most, of 1 to 200 characters each");
            wrong.push(FieldError { field: field.to_owned(), message });
        }
        patterns
    };
    let rules = ModelRules { allow: list("allow", rules.allow), deny: list("deny", rules.deny) };
    Error::fields(wrong).map_or(Ok(rules), Err)
}
