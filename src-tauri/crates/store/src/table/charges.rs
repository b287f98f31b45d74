//! Charges: one row a call or imported record.

mod ledger;
mod page;
mod slots;

use super::handles;
use super::request_tags::{self, Kind};
use crate::error::StoreError;
use crate::requests::{Bounds, Stretch};
use crate::sql;
use reeve_core::grant::Visible;
use reeve_core::id::{ApiKeyId, BudgetId, ChargeId, CredentialId, ImportId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::time::Millis;
use reeve_core::usage::Usage;
use rusqlite::{OptionalExtension, Row, named_params, params};
use serde::{Deserialize, Serialize};
use slots::{Looked, SlotFilter};

handles!();

/// The source of a charge that corrects another: its cost is the difference, and it is no call of its own.
pub const RERATE: &str = "rerate";

/// A charge.
#[derive(Clone, PartialEq, Debug)]
pub struct Charge {
    /// Index of its leaf in the usage ledger; given when it is written.
    pub seq: u64,
    /// Id.
    pub id: ChargeId,
    /// When the call began.
    pub time: Millis,
    /// Whose.
    pub tenant_id: TenantId,
    /// Through which key.
    pub api_key_id: Option<ApiKeyId>,
    /// End user, as the caller named them.
    pub user: Option<String>,
    /// Provider.
    pub provider: String,
    /// Model, as priced.
    pub model: String,
    /// `chat`, `embeddings` …
    pub operation: String,
    /// `gateway`, `import`, `sample`, or [`RERATE`].
    pub source: String,
    /// `success`, `failure` or `cancelled`.
    pub outcome: String,
    /// HTTP status of the provider's answer.
    pub status: Option<u16>,
    /// What was used.
    pub usage: Usage,
    /// What it cost; `None` is unpriced.
    pub cost: Option<NanoUsd>,
    /// `priced`, `ceiling` or `unpriced`.
    pub pricing: String,
    /// Why it is unpriced.
    pub unpriced_reason: Option<String>,
    /// The price it was computed with, as JSON: version, source and the rates that applied.
    pub price: Option<String>,
    /// From the call's arrival to its end, in ms.
    pub latency_ms: Option<i64>,
    /// From the call's arrival to the first byte of the answer, in ms.
    pub first_byte_ms: Option<i64>,
    /// Whether the answer was streamed.
    pub stream: bool,
    /// W3C trace id.
    pub trace_id: Option<String>,
    /// Id the caller was told.
    pub request_id: Option<String>,
    /// Import it came with.
    pub import_id: Option<ImportId>,
    /// SHA-256 of the imported row.
    pub dedupe: Option<[u8; 32]>,
    /// Provider key that paid.
    pub credential_id: Option<CredentialId>,
    /// Labels, as the caller gave them.
    pub tags: Vec<String>,
    /// How often a provider was asked for this one answer.
    pub attempts: u32,
    /// What was decided about it, and where its time went.
    pub trail: Trail,
}

/// What was decided about a call, and where its time went; all unknown of what did not come through the gateway.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Trail {
    /// The most it might have cost, kept free at every budget level until it ended.
    pub reserved: Option<NanoUsd>,
    /// What it was measured against when it was admitted.
    pub decisions: Decisions,
    /// From its arrival until it went out to the provider, in microseconds.
    pub sent_us: Option<i64>,
    /// Spent in Reeve itself, in microseconds: neither waiting for the provider nor for the caller.
    pub added_us: Option<i64>,
}

/// What a call was measured against. Kept beside each charge, so its names are short.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Decisions {
    /// Every budget above the call.
    #[serde(rename = "b", default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<BudgetLeft>,
    /// The tenant's quota.
    #[serde(rename = "q", default, skip_serializing_if = "Option::is_none")]
    pub quota: Option<QuotaLeft>,
}

/// What a budget had left once a call was reserved.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BudgetLeft {
    /// Which.
    #[serde(rename = "i")]
    pub budget: BudgetId,
    /// What it allowed, in nano-USD.
    #[serde(rename = "m")]
    pub limit: i64,
    /// What was left, in nano-USD; below zero where a soft budget is over.
    #[serde(rename = "l")]
    pub left: i64,
}

/// What a tenant's quota had left once a call was admitted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct QuotaLeft {
    /// Calls of the day.
    #[serde(rename = "r")]
    pub requests: u64,
    /// Calls at the same time.
    #[serde(rename = "c")]
    pub concurrent: u64,
}

impl Decisions {
    fn is_empty(&self) -> bool {
        self.budgets.is_empty() && self.quota.is_none()
    }
}

/// Which charges to list, newest first; what is `None` does not filter.
#[derive(Clone, Debug, Default)]
pub struct ChargeFilter {
    /// Whose.
    pub tenant: Option<TenantId>,
    /// Which model.
    pub model: Option<String>,
    /// From this moment.
    pub from: Option<Millis>,
    /// Before this moment.
    pub to: Option<Millis>,
    /// Behind this time and index, in the order of the list.
    pub before: Option<(Millis, u64)>,
}

/// Which charges to rate again, oldest first; what is `None` does not filter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rerated {
    /// From this moment.
    pub from: Millis,
    /// Before this moment.
    pub to: Millis,
    /// Whose.
    pub tenant: Option<TenantId>,
    /// Of which provider.
    pub provider: Option<String>,
    /// Which model.
    pub model: Option<String>,
    /// Behind this time and index.
    pub after: Option<(Millis, u64)>,
}

macro_rules! columns {
    () => {
        const_str::concat!(columns!("SELECT seq"), " FROM charges")
    };
    ("SELECT seq") => {
        "SELECT seq, id, time, tenant_id, api_key_id, user, provider, model, operation, source, outcome, status, usage, cost_nano,
         pricing, unpriced_reason, (SELECT a.price FROM applied_prices a WHERE a.seq = charges.price_seq) AS price, latency_ms, first_byte_ms, stream, trace_id, request_id, import_id, dedupe,
         credential_id, tags, attempts, reserved_nano, decisions, sent_us, added_us"
    };
}
use columns;

fn from_row(row: &Row<'_>) -> rusqlite::Result<Charge> {
    Ok(Charge {
        seq: sql::unsigned(row, "seq")?,
        id: ChargeId(sql::id(row, "id")?),
        time: sql::millis(row, "time")?,
        tenant_id: TenantId(sql::id(row, "tenant_id")?),
        api_key_id: sql::id_opt(row, "api_key_id")?.map(ApiKeyId),
        user: row.get("user")?,
        provider: row.get("provider")?,
        model: row.get("model")?,
        operation: row.get("operation")?,
        source: row.get("source")?,
        outcome: row.get("outcome")?,
        status: row.get("status")?,
        usage: sql::json(row, "usage")?,
        cost: row.get::<_, Option<i64>>("cost_nano")?.map(NanoUsd),
        pricing: row.get("pricing")?,
        unpriced_reason: row.get("unpriced_reason")?,
        price: row.get("price")?,
        latency_ms: row.get("latency_ms")?,
        first_byte_ms: row.get("first_byte_ms")?,
        stream: row.get("stream")?,
        trace_id: row.get("trace_id")?,
        request_id: row.get("request_id")?,
        import_id: sql::id_opt(row, "import_id")?.map(ImportId),
        dedupe: row.get("dedupe")?,
        credential_id: sql::id_opt(row, "credential_id")?.map(CredentialId),
        tags: sql::json(row, "tags")?,
        attempts: row.get("attempts")?,
        trail: Trail {
            reserved: row.get::<_, Option<i64>>("reserved_nano")?.map(NanoUsd),
            decisions: sql::json_opt(row, "decisions")?.unwrap_or_default(),
            sent_us: row.get("sent_us")?,
            added_us: row.get("added_us")?,
        },
    })
}

// One statement for each index, so that no filter makes the planner scan the table.
const FILTER: &str = " AND (:model IS NULL OR model = :model) AND time >= :from AND time <= :upto
    AND (time < :upto OR seq < :below) ORDER BY time DESC, seq DESC LIMIT :limit";
const BY_TIME: &str =
    const_str::concat!(columns!(), " INDEXED BY charges_time WHERE :tenant IS NULL", FILTER);
const BY_TENANT: &str =
    const_str::concat!(columns!(), " INDEXED BY charges_tenant WHERE tenant_id = :tenant", FILTER);

macro_rules! rerated {
    ($index:literal) => {
        const_str::concat!(
            columns!("SELECT seq"),
            ", (SELECT coalesce(sum(a.cost_nano), 0) FROM adjustments a WHERE a.original_id = charges.id) AS adjusted_nano
             FROM charges INDEXED BY ",
            $index,
            " AND time >= :from AND time < :to AND (time, seq) > (:after_time, :after_seq) AND source <> 'rerate'
             AND (:tenant IS NULL OR tenant_id = :tenant) AND (:provider IS NULL OR provider = :provider)
             AND (:model IS NULL OR model = :model) ORDER BY time, seq LIMIT :limit"
        )
    };
}
const RERATE_TIME: &str = rerated!("charges_time WHERE time >= :from");
const RERATE_TENANT: &str = rerated!("charges_tenant WHERE tenant_id = :tenant");

impl Reads<'_> {
    /// A charge by id.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: ChargeId) -> Result<Option<Charge>, StoreError> {
        let sql = const_str::concat!(columns!(), " WHERE id = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }

    /// Whether a charge is here.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn contains(&self, id: ChargeId) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM charges WHERE id = ?1";
        Ok(self.conn.prepare_cached(sql)?.exists([id.0.as_bytes()])?)
    }

    /// Charges of those that are seen, newest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn list(
        &self,
        visible: &Visible,
        filter: &ChargeFilter,
        limit: usize,
    ) -> Result<Vec<Charge>, StoreError> {
        let mut found = Vec::new();
        for tenant in visible.questions(filter.tenant) {
            found.extend(self.list_of(&ChargeFilter { tenant, ..filter.clone() }, limit)?);
        }
        found.sort_by_key(|charge| std::cmp::Reverse((charge.time, charge.seq)));
        found.truncate(limit);
        Ok(found)
    }

    fn list_of(&self, filter: &ChargeFilter, limit: usize) -> Result<Vec<Charge>, StoreError> {
        let mut rows = self.conn.prepare_cached(if filter.tenant.is_some() { BY_TENANT } else { BY_TIME })?;
        let mut read = |bounds: Bounds, limit: usize| -> Result<Vec<Charge>, StoreError> {
            let rows = rows.query_map(
                named_params! {
                    ":tenant": filter.tenant.as_ref().map(|t| t.0.as_bytes()),
                    ":model": filter.model,
                    ":from": bounds.from, ":upto": bounds.upto, ":below": bounds.below,
                    ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
                },
                from_row,
            )?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        let bounds = Bounds::between(
            filter.from,
            filter.to,
            filter.before.map(|(time, seq)| (time, sql::signed(seq))),
        );
        let Some(model) = filter.model.as_deref() else { return read(bounds, limit) };
        let of = SlotFilter { tenant: filter.tenant, model: Some(model), ..SlotFilter::default() };
        let found = self.in_slots(&of, bounds, limit, |bounds, limit, _| {
            let rows = read(bounds, limit)?;
            Ok(Looked { seen: rows.len(), stretch: Stretch { rows, end: None } })
        })?;
        Ok(found.rows)
    }

    /// Whether an imported row is here already.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn has(&self, dedupe: &[u8; 32]) -> Result<bool, StoreError> {
        Ok(self.conn.prepare_cached("SELECT 1 FROM charges WHERE dedupe = ?1")?.exists([dedupe])?)
    }

    /// Settled cost of all charges and the number of calls: the ledger's side of a reconciliation.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn total(&self) -> Result<(NanoUsd, u64), StoreError> {
        let mut rows = self
            .conn
            .prepare_cached("SELECT coalesce(sum(cost_nano), 0) AS cost, count(*) FILTER (WHERE source <> 'rerate') AS n FROM charges")?;
        Ok(rows.query_row([], |r| Ok((sql::nano(r, "cost")?, sql::unsigned(r, "n")?)))?)
    }

    /// Charges a re-rating looks at, by time and index, at most `limit`: what is no correction itself, each with what its
    /// corrections add up to.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn to_rerate(&self, which: &Rerated, limit: usize) -> Result<Vec<(Charge, NanoUsd)>, StoreError> {
        let sql = if which.tenant.is_some() { RERATE_TENANT } else { RERATE_TIME };
        let mut rows = self.conn.prepare_cached(sql)?;
        let (after_time, after_seq) = which.after.map_or((i64::MIN, -1), |(t, seq)| (t.0, sql::signed(seq)));
        let rows = rows.query_map(
            named_params! {
                ":tenant": which.tenant.as_ref().map(|t| t.0.as_bytes()),
                ":provider": which.provider,
                ":model": which.model,
                ":from": which.from.0.max(after_time),
                ":to": which.to.0,
                ":after_time": after_time, ":after_seq": after_seq,
                ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
            },
            |row| Ok((from_row(row)?, sql::nano(row, "adjusted_nano")?)),
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The last moment a tenant was charged for.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn last_time(&self, tenant: TenantId) -> Result<Option<Millis>, StoreError> {
        let sql = "SELECT max(time) AS t FROM charges INDEXED BY charges_tenant WHERE tenant_id = ?1";
        Ok(self.conn.prepare_cached(sql)?.query_row([tenant.0.as_bytes()], |r| sql::millis_opt(r, "t"))?)
    }
}

impl Writes<'_> {
    /// Adds a charge whose leaf has the index `seq`, whatever it says itself, and whose price entry `price` tells.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if its row was imported before.
    pub fn insert_at(&self, seq: u64, c: &Charge, price: Option<u64>) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO charges (seq, id, time, tenant_id, api_key_id, user, provider, model, operation, source, outcome,
                   status, usage, cost_nano, pricing, unpriced_reason, price_seq, latency_ms, first_byte_ms, stream, trace_id,
                   request_id, import_id, dedupe, credential_id, tags, attempts, reserved_nano, decisions, sent_us, added_us)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
                   ?23, ?24, ?25, ?26, ?27, ?28, ?29, ?30, ?31)",
            )?
            .execute(params![
                sql::signed(seq),
                c.id.0.as_bytes(),
                c.time.0,
                c.tenant_id.0.as_bytes(),
                c.api_key_id.as_ref().map(|k| k.0.as_bytes()),
                c.user,
                c.provider,
                c.model,
                c.operation,
                c.source,
                c.outcome,
                c.status,
                sql::to_json(&c.usage)?,
                c.cost.map(|n| n.0),
                c.pricing,
                c.unpriced_reason,
                price.map(sql::signed),
                c.latency_ms,
                c.first_byte_ms,
                c.stream,
                c.trace_id,
                c.request_id,
                c.import_id.as_ref().map(|i| i.0.as_bytes()),
                c.dedupe,
                c.credential_id.as_ref().map(|k| k.0.as_bytes()),
                sql::to_json(&c.tags)?,
                c.attempts,
                c.trail.reserved.map(|n| n.0),
                (!c.trail.decisions.is_empty()).then(|| sql::to_json(&c.trail.decisions)).transpose()?,
                c.trail.sent_us,
                c.trail.added_us
            ])?;
        request_tags::insert(self.conn, Kind::Charge, &c.tags, c.time, seq)
    }

    /// Removes the charges of sample tenants; their leaves stay in the usage ledger.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete_sample(&self) -> Result<usize, StoreError> {
        request_tags::delete_sample(self.conn, Kind::Charge)?;
        let sql = "DELETE FROM charges WHERE tenant_id IN (SELECT id FROM tenants WHERE sample = 1)";
        Ok(self.conn.prepare_cached(sql)?.execute([])?)
    }
}
