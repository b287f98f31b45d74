//! Which models a tenant may call.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::id::TenantId;
use reeve_core::model_rules::ModelRules;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, Row, params};

handles!();

const COLUMNS: &str = "SELECT tenant_id, rules FROM model_rules";

fn from_row(row: &Row<'_>) -> rusqlite::Result<(TenantId, ModelRules)> {
    Ok((TenantId(sql::id(row, "tenant_id")?), sql::json(row, "rules")?))
}

impl Reads<'_> {
    /// A tenant's rules; none rule nothing out.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn of(&self, tenant: TenantId) -> Result<ModelRules, StoreError> {
        let sql = const_str::concat!(COLUMNS, " WHERE tenant_id = ?1");
        let found = self.conn.prepare_cached(sql)?.query_row([tenant.0.as_bytes()], from_row).optional()?;
        Ok(found.map(|(_, rules)| rules).unwrap_or_default())
    }

    /// All of them: for the gateway.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn all(&self) -> Result<Vec<(TenantId, ModelRules)>, StoreError> {
        Ok(self.conn.prepare_cached(COLUMNS)?.query_map([], from_row)?.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Sets a tenant's rules.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn put(&self, tenant: TenantId, rules: &ModelRules, at: Millis) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO model_rules (tenant_id, rules, updated_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (tenant_id) DO UPDATE SET rules = excluded.rules, updated_at = excluded.updated_at",
            )?
            .execute(params![tenant.0.as_bytes(), sql::to_json(rules)?, at.0])?;
        Ok(())
    }

    /// Removes a tenant's rules.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete(&self, tenant: TenantId) -> Result<(), StoreError> {
        self.conn
            .prepare_cached("DELETE FROM model_rules WHERE tenant_id = ?1")?
            .execute([tenant.0.as_bytes()])?;
        Ok(())
    }
}
