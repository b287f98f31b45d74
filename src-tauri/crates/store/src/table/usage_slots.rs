//! Sums of charges by quarter-hour: every time zone's days and months are whole numbers of them.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use crate::table::charges::{Charge, RERATE};
use reeve_core::grant::Visible;
use reeve_core::id::{ApiKeyId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::time::Millis;
use rusqlite::{Row, params};

handles!();

/// Milliseconds in a slot.
pub const SLOT: i64 = 15 * Millis::MINUTE;

/// The slot a moment falls into.
#[must_use]
pub fn slot_of(at: Millis) -> i64 {
    at.0.div_euclid(SLOT)
}

/// Sums over some charges.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Sums {
    /// Calls.
    pub requests: u64,
    /// Calls that failed or were cut.
    pub failures: u64,
    /// Settled cost.
    pub cost: NanoUsd,
    /// Calls without a price.
    pub unpriced: u64,
    /// Tokens in.
    pub input_tokens: u64,
    /// Tokens out.
    pub output_tokens: u64,
}

impl Sums {
    /// Adds `other`.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.failures += other.failures;
        self.cost += other.cost;
        self.unpriced += other.unpriced;
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
    }

    /// The sums of one charge. One that corrects another is no call of its own.
    #[must_use]
    pub fn of(charge: &Charge) -> Self {
        if charge.source == RERATE {
            return Self { cost: charge.cost.unwrap_or(NanoUsd::ZERO), ..Self::default() };
        }
        Self {
            requests: 1,
            failures: u64::from(charge.outcome != "success"),
            cost: charge.cost.unwrap_or(NanoUsd::ZERO),
            unpriced: u64::from(charge.cost.is_none()),
            input_tokens: charge.usage.input_tokens(),
            output_tokens: charge.usage.output_tokens(),
        }
    }
}

/// One slot of one tenant, model and key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UsageSlot {
    /// UTC milliseconds / [`SLOT`].
    pub slot: i64,
    /// Whose.
    pub tenant_id: TenantId,
    /// Provider.
    pub provider: String,
    /// Model.
    pub model: String,
    /// Through which key.
    pub api_key_id: Option<ApiKeyId>,
    /// The sums.
    pub sums: Sums,
}

impl UsageSlot {
    /// The slot of one charge, with its sums.
    #[must_use]
    pub fn of(charge: &Charge) -> Self {
        Self {
            slot: slot_of(charge.time),
            tenant_id: charge.tenant_id,
            provider: charge.provider.clone(),
            model: charge.model.clone(),
            api_key_id: charge.api_key_id,
            sums: Sums::of(charge),
        }
    }

    /// The moment the slot begins.
    #[must_use]
    pub const fn start(&self) -> Millis {
        Millis(self.slot * SLOT)
    }
}

const COLUMNS: &str =
    "SELECT slot, tenant_id, provider, model, api_key_id, requests, failures, cost_nano, unpriced,
    input_tokens, output_tokens FROM usage_slots";

fn from_row(row: &Row<'_>) -> rusqlite::Result<UsageSlot> {
    Ok(UsageSlot {
        slot: row.get("slot")?,
        tenant_id: TenantId(sql::id(row, "tenant_id")?),
        provider: row.get("provider")?,
        model: row.get("model")?,
        api_key_id: sql::id_or_empty(row, "api_key_id")?.map(ApiKeyId),
        sums: Sums {
            requests: sql::unsigned(row, "requests")?,
            failures: sql::unsigned(row, "failures")?,
            cost: sql::nano(row, "cost_nano")?,
            unpriced: sql::unsigned(row, "unpriced")?,
            input_tokens: sql::unsigned(row, "input_tokens")?,
            output_tokens: sql::unsigned(row, "output_tokens")?,
        },
    })
}

impl Reads<'_> {
    /// Hands every slot to `visit`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn visit_all(&self, mut visit: impl FnMut(UsageSlot)) -> Result<(), StoreError> {
        let mut rows = self.conn.prepare_cached(COLUMNS)?;
        for slot in rows.query_map([], from_row)? {
            visit(slot?);
        }
        Ok(())
    }

    /// Hands every slot that is seen and begins in `[from, to)` to `visit`, of one tenant or of all.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn visit(
        &self,
        visible: &Visible,
        tenant: Option<TenantId>,
        from: Millis,
        to: Millis,
        mut visit: impl FnMut(&UsageSlot),
    ) -> Result<(), StoreError> {
        visible
            .questions(tenant)
            .into_iter()
            .try_for_each(|tenant| self.visit_of(tenant, from, to, &mut visit))
    }

    fn visit_of(
        &self,
        tenant: Option<TenantId>,
        from: Millis,
        to: Millis,
        visit: &mut impl FnMut(&UsageSlot),
    ) -> Result<(), StoreError> {
        let (first, end) = (slot_of(from), slot_of(to.plus(SLOT - 1)));
        let of_tenant = const_str::concat!(
            COLUMNS,
            " INDEXED BY usage_slots_tenant WHERE tenant_id = ?3 AND slot >= ?1 AND slot < ?2"
        );
        let of_all = const_str::concat!(COLUMNS, " WHERE slot >= ?1 AND slot < ?2");
        let mut statement = self.conn.prepare_cached(if tenant.is_some() { of_tenant } else { of_all })?;
        let mut rows = match tenant {
            Some(id) => statement.query(params![first, end, id.0.as_bytes()])?,
            None => statement.query(params![first, end])?,
        };
        while let Some(row) = rows.next()? {
            visit(&from_row(row)?);
        }
        Ok(())
    }

    /// The sums of all charges in `[from, to)` that are seen, of one tenant or of all.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn sums(
        &self,
        visible: &Visible,
        tenant: Option<TenantId>,
        from: Millis,
        to: Millis,
    ) -> Result<Sums, StoreError> {
        let mut sums = Sums::default();
        self.visit(visible, tenant, from, to, |slot| sums.add(&slot.sums))?;
        Ok(sums)
    }
}

impl Writes<'_> {
    /// Adds the sums of several charges of one slot.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn add(&self, slot: &UsageSlot) -> Result<(), StoreError> {
        let sums = &slot.sums;
        let key: &[u8] = slot.api_key_id.as_ref().map_or(&[], |k| k.0.as_bytes());
        self.conn
            .prepare_cached(
                "INSERT INTO usage_slots (slot, tenant_id, provider, model, api_key_id, requests, failures, cost_nano, unpriced,
                   input_tokens, output_tokens)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
                 ON CONFLICT (slot, tenant_id, provider, model, api_key_id) DO UPDATE SET
                   requests = requests + excluded.requests, failures = failures + excluded.failures,
                   cost_nano = cost_nano + excluded.cost_nano, unpriced = unpriced + excluded.unpriced,
                   input_tokens = input_tokens + excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens",
            )?
            .execute(params![
                slot.slot,
                slot.tenant_id.0.as_bytes(),
                slot.provider,
                slot.model,
                key,
                sql::signed(sums.requests),
                sql::signed(sums.failures),
                sums.cost.0,
                sql::signed(sums.unpriced),
                sql::signed(sums.input_tokens),
                sql::signed(sums.output_tokens)
            ])?;
        Ok(())
    }

    /// Removes the sums of sample tenants.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete_sample(&self) -> Result<(), StoreError> {
        let sql = "DELETE FROM usage_slots WHERE tenant_id IN (SELECT id FROM tenants WHERE sample = 1)";
        self.conn.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
