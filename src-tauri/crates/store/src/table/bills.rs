//! What providers bill: imports, lines of costs and of usage, and Reeve's own side of a day.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use crate::table::usage_slots::SLOT;
use reeve_core::id::{ControlCredentialId, ImportId};
use reeve_core::money::NanoUsd;
use reeve_core::time::Millis;
use reeve_core::usage::Usage;
use rusqlite::{OptionalExtension, Row, params};

handles!();

/// Slots in a day.
const SLOTS: i64 = Millis::DAY / SLOT;

/// One import of one organisation's bill.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BillImport {
    /// Id.
    pub id: ImportId,
    /// With which admin key.
    pub control_credential: ControlCredentialId,
    /// Whose bill.
    pub provider: String,
    /// When.
    pub at: Millis,
    /// Whether it was its time; else somebody asked.
    pub by_schedule: bool,
    /// The first day asked for, in UTC.
    pub from: Millis,
    /// The first moment behind.
    pub to: Millis,
    /// Lines in the report.
    pub lines: u64,
    /// Of them new or other than before, and those that are gone.
    pub changed: u64,
    /// Sum of the costs.
    pub billed: NanoUsd,
    /// Why nothing was taken.
    pub error: Option<String>,
}

/// A line of costs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BillCost {
    /// Start of the day, in UTC.
    pub day: Millis,
    /// In the provider's words.
    pub line: String,
    /// Project or workspace; empty: none.
    pub place: String,
    /// The provider's id of the key; empty: not told.
    pub key: String,
    /// Service tier; empty: not told.
    pub tier: String,
    /// The model, where it is for one.
    pub model: Option<String>,
    /// How much.
    pub amount: NanoUsd,
}

/// A line of usage.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BillUsage {
    /// Start of the day, in UTC.
    pub day: Millis,
    /// The model; empty: none.
    pub model: String,
    /// Project or workspace; empty: none.
    pub place: String,
    /// The provider's id of the key; empty: not told.
    pub key: String,
    /// Service tier; empty: not told.
    pub tier: String,
    /// Calls, where they are counted.
    pub requests: Option<u64>,
    /// Tokens.
    pub usage: Usage,
}

/// What Reeve itself charged for a model on a day in UTC.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LedgerDay {
    /// Start of the day.
    pub day: Millis,
    /// The model as it was asked for.
    pub model: String,
    /// Settled cost.
    pub cost: NanoUsd,
    /// Calls.
    pub requests: u64,
    /// Calls without a price.
    pub unpriced: u64,
    /// Tokens in, those of caches included.
    pub input_tokens: u64,
    /// Tokens out.
    pub output_tokens: u64,
}

const IMPORTS: &str =
    "SELECT id, control_credential_id, provider, at, by_schedule, from_day, to_day, lines, changed, billed_nano, error
    FROM bill_imports";

fn from_row(row: &Row<'_>) -> rusqlite::Result<BillImport> {
    Ok(BillImport {
        id: ImportId(sql::id(row, "id")?),
        control_credential: ControlCredentialId(sql::id(row, "control_credential_id")?),
        provider: row.get("provider")?,
        at: sql::millis(row, "at")?,
        by_schedule: row.get("by_schedule")?,
        from: sql::millis(row, "from_day")?,
        to: sql::millis(row, "to_day")?,
        lines: sql::unsigned(row, "lines")?,
        changed: sql::unsigned(row, "changed")?,
        billed: sql::nano(row, "billed_nano")?,
        error: row.get("error")?,
    })
}

fn cost_from_row(row: &Row<'_>) -> rusqlite::Result<BillCost> {
    Ok(BillCost {
        day: sql::millis(row, "day")?,
        line: row.get("line")?,
        place: row.get("place")?,
        key: row.get("key")?,
        tier: row.get("tier")?,
        model: row.get("model")?,
        amount: sql::nano(row, "amount_nano")?,
    })
}

fn usage_from_row(row: &Row<'_>) -> rusqlite::Result<BillUsage> {
    Ok(BillUsage {
        day: sql::millis(row, "day")?,
        model: row.get("model")?,
        place: row.get("place")?,
        key: row.get("key")?,
        tier: row.get("tier")?,
        requests: sql::unsigned_opt(row, "requests")?,
        usage: sql::json(row, "usage")?,
    })
}

fn ledger_from_row(row: &Row<'_>) -> rusqlite::Result<LedgerDay> {
    Ok(LedgerDay {
        day: sql::millis(row, "day")?,
        model: row.get("model")?,
        cost: sql::nano(row, "cost_nano")?,
        requests: sql::unsigned(row, "requests")?,
        unpriced: sql::unsigned(row, "unpriced")?,
        input_tokens: sql::unsigned(row, "input_tokens")?,
        output_tokens: sql::unsigned(row, "output_tokens")?,
    })
}

impl Reads<'_> {
    /// Imports, newest first, behind `before`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn imports(&self, before: Option<ImportId>, limit: usize) -> Result<Vec<BillImport>, StoreError> {
        let sql = const_str::concat!(IMPORTS, " WHERE ?1 IS NULL OR id < ?1 ORDER BY id DESC LIMIT ?2");
        let before = before.map(|id| id.0.as_bytes().to_vec());
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut rows = self.conn.prepare_cached(sql)?;
        Ok(rows.query_map(params![before, limit], from_row)?.collect::<Result<_, _>>()?)
    }

    /// The last import with an admin key, or the last that took something.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn last_of(&self, id: ControlCredentialId, taken: bool) -> Result<Option<BillImport>, StoreError> {
        let sql = const_str::concat!(
            IMPORTS,
            " WHERE control_credential_id = ?1 AND (error IS NULL OR NOT ?2) ORDER BY at DESC, id DESC LIMIT 1"
        );
        let of = params![id.0.as_bytes(), taken];
        Ok(self.conn.prepare_cached(sql)?.query_row(of, from_row).optional()?)
    }

    /// Imports that took something of some days.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn taken(&self, provider: &str, from: Millis, to: Millis) -> Result<Vec<BillImport>, StoreError> {
        let sql = const_str::concat!(
            IMPORTS,
            " WHERE provider = ?1 AND error IS NULL AND from_day < ?3 AND to_day > ?2"
        );
        let of = params![provider, from.0, to.0];
        Ok(self.conn.prepare_cached(sql)?.query_map(of, from_row)?.collect::<Result<_, _>>()?)
    }

    /// The costs a provider billed on some days, of every organisation.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn costs(&self, provider: &str, from: Millis, to: Millis) -> Result<Vec<BillCost>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT day, line, place, key, tier, model, amount_nano FROM bill_costs
             WHERE provider = ?1 AND day >= ?2 AND day < ?3",
        )?;
        Ok(rows.query_map(params![provider, from.0, to.0], cost_from_row)?.collect::<Result<_, _>>()?)
    }

    /// The use a provider counted on some days.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn usage(&self, provider: &str, from: Millis, to: Millis) -> Result<Vec<BillUsage>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT day, model, place, key, tier, requests, usage FROM bill_usage
             WHERE provider = ?1 AND day >= ?2 AND day < ?3",
        )?;
        Ok(rows.query_map(params![provider, from.0, to.0], usage_from_row)?.collect::<Result<_, _>>()?)
    }

    /// The keys at a provider that are, or were, Reeve's own.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn own_keys(&self, provider: &str) -> Result<Vec<String>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT k.key FROM bill_own_keys k JOIN control_credentials c ON c.id = k.control_credential_id
             WHERE c.provider = ?1",
        )?;
        Ok(rows.query_map([provider], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// What Reeve charged by day and model; without sample data.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn ledger(&self, provider: &str, from: Millis, to: Millis) -> Result<Vec<LedgerDay>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT (s.slot / ?4) * ?5 AS day, s.model AS model, sum(s.cost_nano) AS cost_nano,
               sum(s.requests) AS requests, sum(s.unpriced) AS unpriced, sum(s.input_tokens) AS input_tokens,
               sum(s.output_tokens) AS output_tokens
             FROM usage_slots s JOIN tenants t ON t.id = s.tenant_id AND t.sample = 0
             WHERE s.slot >= ?2 AND s.slot < ?3 AND s.provider = ?1 GROUP BY 1, 2",
        )?;
        let of = params![provider, from.0.div_euclid(SLOT), to.0.div_euclid(SLOT), SLOTS, Millis::DAY];
        Ok(rows.query_map(of, ledger_from_row)?.collect::<Result<_, _>>()?)
    }

    /// Tokens that caches served for a model on a day, as Reeve counted them.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn cached(&self, provider: &str, model: &str, day: Millis) -> Result<u64, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT coalesce(sum(json_extract(c.usage, '$.cache_read')), 0) AS n
             FROM charges c JOIN tenants t ON t.id = c.tenant_id AND t.sample = 0
             WHERE c.model = ?2 AND c.time >= ?3 AND c.time < ?4 AND c.provider = ?1",
        )?;
        let of = params![provider, model, day.0, day.0 + Millis::DAY];
        Ok(rows.query_row(of, |row| sql::unsigned(row, "n"))?)
    }

    fn costs_of(&self, i: &BillImport) -> Result<Vec<BillCost>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT day, line, place, key, tier, model, amount_nano FROM bill_costs
             WHERE control_credential_id = ?1 AND day >= ?2 AND day < ?3",
        )?;
        let of = params![i.control_credential.0.as_bytes(), i.from.0, i.to.0];
        Ok(rows.query_map(of, cost_from_row)?.collect::<Result<_, _>>()?)
    }

    /// How many lines an import changes: new, other, or gone.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn changes(&self, i: &BillImport, costs: &[BillCost]) -> Result<u64, StoreError> {
        let before = self.costs_of(i)?;
        let place = |c: &BillCost| (c.day, c.line.clone(), c.place.clone(), c.key.clone(), c.tier.clone());
        let known: std::collections::HashMap<_, _> = before.iter().map(|c| (place(c), c.amount)).collect();
        let same = costs.iter().filter(|c| known.get(&place(c)) == Some(&c.amount)).count();
        let there = costs.iter().filter(|c| known.contains_key(&place(c))).count();
        Ok((costs.len() - same + before.len() - there) as u64)
    }
}

impl Writes<'_> {
    /// Notes an import, with or without success.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn insert_import(&self, i: &BillImport) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO bill_imports (id, control_credential_id, provider, at, by_schedule, from_day, to_day, lines,
                   changed, billed_nano, error) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            )?
            .execute(params![
                i.id.0.as_bytes(),
                i.control_credential.0.as_bytes(),
                i.provider,
                i.at.0,
                i.by_schedule,
                i.from.0,
                i.to.0,
                sql::signed(i.lines),
                sql::signed(i.changed),
                i.billed.0,
                i.error
            ])?;
        Ok(())
    }

    /// Puts the lines of an import in the place of those that were there for its days. Lines must differ in their place.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn replace(&self, i: &BillImport, costs: &[BillCost], usage: &[BillUsage]) -> Result<(), StoreError> {
        let of = || params_of(i);
        for table in ["bill_costs", "bill_usage"] {
            let sql =
                format!("DELETE FROM {table} WHERE control_credential_id = ?1 AND day >= ?2 AND day < ?3");
            self.conn.prepare_cached(&sql)?.execute(of())?;
        }
        let mut row = self.conn.prepare_cached(
            "INSERT INTO bill_costs (control_credential_id, provider, day, line, place, key, tier, model, amount_nano, imported_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?;
        for c in costs {
            row.execute(params![
                i.control_credential.0.as_bytes(),
                i.provider,
                c.day.0,
                c.line,
                c.place,
                c.key,
                c.tier,
                c.model,
                c.amount.0,
                i.at.0
            ])?;
        }
        let mut row = self.conn.prepare_cached(
            "INSERT INTO bill_usage (control_credential_id, provider, day, model, place, key, tier, requests, usage, imported_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?;
        for u in usage {
            row.execute(params![
                i.control_credential.0.as_bytes(),
                i.provider,
                u.day.0,
                u.model,
                u.place,
                u.key,
                u.tier,
                u.requests.map(sql::signed),
                sql::to_json(&u.usage)?,
                i.at.0
            ])?;
        }
        Ok(())
    }

    /// Remembers keys as Reeve's own.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn remember_own(&self, id: ControlCredentialId, keys: &[String]) -> Result<(), StoreError> {
        let sql = "INSERT OR IGNORE INTO bill_own_keys (control_credential_id, key) VALUES (?1, ?2)";
        let mut row = self.conn.prepare_cached(sql)?;
        for key in keys {
            row.execute(params![id.0.as_bytes(), key])?;
        }
        Ok(())
    }
}

fn params_of(i: &BillImport) -> ([u8; 16], i64, i64) {
    (*i.control_credential.0.as_bytes(), i.from.0, i.to.0)
}
