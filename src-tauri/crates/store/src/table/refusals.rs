//! Refused calls: one row each, a flood one row with a number. Their entries are in the audit ledger.

use super::handles;
use super::request_tags;
use crate::error::StoreError;
use crate::requests::{Bounds, COMMON, Kind, MOST_READ, Place, RequestFilter, Stretch, led};
use crate::sql;
use reeve_core::grant::Visible;
use reeve_core::id::{ApiKeyId, RequestId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::time::Millis;
use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row, named_params, params};

handles!();

/// A refused call, or several alike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RefusedCall {
    /// Index of its entry in the audit ledger; given when it is written.
    pub seq: u64,
    /// Id the caller was told.
    pub id: RequestId,
    /// When.
    pub time: Millis,
    /// Whose; `None` where the key was not known.
    pub tenant_id: Option<TenantId>,
    /// Through which key.
    pub api_key_id: Option<ApiKeyId>,
    /// End user, as the caller named them.
    pub user: Option<String>,
    /// Provider it would have gone to.
    pub provider: Option<String>,
    /// Model, as the caller spelled it.
    pub model: Option<String>,
    /// `chat`, `embeddings` …
    pub operation: Option<String>,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// Labels, as the caller gave them.
    pub tags: Vec<String>,
    /// Error code, such as `budget_exceeded`.
    pub reason: String,
    /// What the caller was told.
    pub message: Option<String>,
    /// How many calls this row stands for.
    pub calls: u64,
    /// What they might have cost.
    pub asked: NanoUsd,
    /// W3C trace id.
    pub trace_id: Option<String>,
}

const COLUMNS: &str =
    "SELECT seq, id, time, tenant_id, api_key_id, user, provider, model, operation, stream, tags, reason, message, calls,
     asked_nano, trace_id";

fn from_row(row: &Row<'_>) -> rusqlite::Result<RefusedCall> {
    Ok(RefusedCall {
        seq: sql::unsigned(row, "seq")?,
        id: RequestId(sql::id(row, "id")?),
        time: sql::millis(row, "time")?,
        tenant_id: sql::id_opt(row, "tenant_id")?.map(TenantId),
        api_key_id: sql::id_opt(row, "api_key_id")?.map(ApiKeyId),
        user: row.get("user")?,
        provider: row.get("provider")?,
        model: row.get("model")?,
        operation: row.get("operation")?,
        stream: row.get("stream")?,
        tags: sql::json(row, "tags")?,
        reason: row.get("reason")?,
        message: row.get("message")?,
        calls: sql::unsigned(row, "calls")?,
        asked: sql::nano(row, "asked_nano")?,
        trace_id: row.get("trace_id")?,
    })
}

const MATCHES: &str = ", coalesce((:tenant IS NULL OR tenant_id = :tenant) AND (:model IS NULL OR model = :model)
    AND (:provider IS NULL OR provider = :provider) AND (:api_key IS NULL OR api_key_id = :api_key)
    AND (:user IS NULL OR user = :user) AND (:reason IS NULL OR reason = :reason)
    AND (:request IS NULL OR id = :request) AND (:trace IS NULL OR trace_id = :trace)
    AND (:tag IS NULL OR EXISTS (SELECT 1 FROM json_each(tags) WHERE value = :tag))
    AND (:text IS NULL OR instr(lower(coalesce(model, '') || ' ' || coalesce(provider, '') || ' ' || coalesce(operation, '')
      || ' ' || coalesce(user, '') || ' ' || tags || ' ' || reason), :text) > 0), 0) AS matches";
const SPAN: &str = " AND time >= :from AND time <= :upto AND (time < :upto OR seq < :below)
    ORDER BY time DESC, seq DESC LIMIT :most";

macro_rules! page {
    ($index:literal, $condition:literal) => {
        const_str::concat!(
            COLUMNS,
            MATCHES,
            " FROM refusals INDEXED BY ",
            $index,
            " WHERE ",
            $condition,
            SPAN
        )
    };
}

macro_rules! counted {
    ($index:literal, $condition:literal) => {
        const_str::concat!(
            "SELECT count(*) AS n FROM (SELECT 1 FROM refusals INDEXED BY ",
            $index,
            " WHERE ",
            $condition,
            " AND time >= ?2 AND time <= ?3 LIMIT ?4)"
        )
    };
}

const SCAN: &str = page!("refusals_time", "TRUE");
const BY_TENANT: &str = page!("refusals_tenant", "tenant_id = :tenant AND tenant_id IS NOT NULL");
const BY_TAG: &str = const_str::concat!(
    COLUMNS,
    MATCHES,
    " FROM request_tags AS r CROSS JOIN refusals ON seq = r.row WHERE r.kind = 0 AND r.tag = :tag AND r.at >= :from
       AND r.at <= :upto AND (r.at < :upto OR r.row < :below) ORDER BY r.at DESC, r.row DESC LIMIT :most"
);
const TAGGED: &str = "SELECT count(*) AS n FROM (SELECT 1 FROM request_tags WHERE kind = 0 AND tag = ?1 AND at >= ?2 AND at <= ?3
    LIMIT ?4)";

fn leads(filter: &RequestFilter) -> [(bool, &'static str, &'static str, Value); 9] {
    let text = |t: &Option<String>| t.clone().map_or(Value::Null, Value::Text);
    let id = |id: Option<uuid::Uuid>| id.map_or(Value::Null, |id| Value::Blob(id.as_bytes().to_vec()));
    [
        (
            filter.request.is_some(),
            page!("sqlite_autoindex_refusals_1", "id = :request"),
            counted!("sqlite_autoindex_refusals_1", "id = ?1"),
            id(filter.request.map(|r| r.0)),
        ),
        (
            filter.trace.is_some(),
            page!("refusals_trace", "trace_id = :trace AND trace_id IS NOT NULL"),
            counted!("refusals_trace", "trace_id = ?1 AND trace_id IS NOT NULL"),
            text(&filter.trace),
        ),
        (
            filter.user.is_some(),
            page!("refusals_user", "user = :user AND user IS NOT NULL"),
            counted!("refusals_user", "user = ?1 AND user IS NOT NULL"),
            text(&filter.user),
        ),
        (filter.tag.is_some(), BY_TAG, TAGGED, text(&filter.tag)),
        (
            filter.api_key.is_some(),
            page!("refusals_api_key", "api_key_id = :api_key AND api_key_id IS NOT NULL"),
            counted!("refusals_api_key", "api_key_id = ?1 AND api_key_id IS NOT NULL"),
            id(filter.api_key.map(|k| k.0)),
        ),
        (
            filter.reason.is_some(),
            page!("refusals_reason", "reason = :reason"),
            counted!("refusals_reason", "reason = ?1"),
            text(&filter.reason),
        ),
        (
            filter.tenant.is_some(),
            BY_TENANT,
            counted!("refusals_tenant", "tenant_id = ?1 AND tenant_id IS NOT NULL"),
            id(filter.tenant.map(|t| t.0)),
        ),
        (
            filter.model.is_some(),
            page!("refusals_model", "model = :model AND model IS NOT NULL"),
            counted!("refusals_model", "model = ?1 AND model IS NOT NULL"),
            text(&filter.model),
        ),
        (
            filter.provider.is_some(),
            page!("refusals_provider", "provider = :provider AND provider IS NOT NULL"),
            counted!("refusals_provider", "provider = ?1 AND provider IS NOT NULL"),
            text(&filter.provider),
        ),
    ]
}

impl Reads<'_> {
    /// The refusal of a request, if it was refused.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn get(&self, id: RequestId) -> Result<Option<RefusedCall>, StoreError> {
        let sql = const_str::concat!(COLUMNS, " FROM refusals WHERE id = ?1");
        Ok(self.conn.prepare_cached(sql)?.query_row([id.0.as_bytes()], from_row).optional()?)
    }

    /// Whether there are any older than `before`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn any_before(&self, before: Millis) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM refusals INDEXED BY refusals_time WHERE time < ?1 LIMIT 1";
        Ok(self.conn.prepare_cached(sql)?.exists([before.0])?)
    }

    /// Refusals of the request log that are seen, behind `before`, newest first, at most `limit`, of a bounded reading.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn stretch(
        &self,
        visible: &Visible,
        filter: &RequestFilter,
        before: Option<Place>,
        limit: usize,
    ) -> Result<Stretch<RefusedCall>, StoreError> {
        Stretch::of(visible, filter, |filter| self.stretch_of(visible, filter, before, limit))
    }

    fn stretch_of(
        &self,
        visible: &Visible,
        filter: &RequestFilter,
        before: Option<Place>,
        limit: usize,
    ) -> Result<Stretch<RefusedCall>, StoreError> {
        if !filter.wants_refusals() {
            return Ok(Stretch::default());
        }
        let bounds = Bounds::new(filter, Kind::Refusal, before);
        let statement =
            if filter.stays_with_its_tenant(visible) { BY_TENANT } else { self.statement(filter, bounds)? };
        let mut rows = self.conn.prepare_cached(statement)?;
        let mut rows = rows.query(named_params! {
            ":tenant": filter.tenant.as_ref().map(|t| t.0.as_bytes()),
            ":model": filter.model,
            ":provider": filter.provider,
            ":api_key": filter.api_key.as_ref().map(|k| k.0.as_bytes()),
            ":user": filter.user,
            ":tag": filter.tag,
            ":reason": filter.reason,
            ":text": filter.text,
            ":request": filter.request.as_ref().map(|r| r.0.as_bytes()),
            ":trace": filter.trace,
            ":from": bounds.from, ":upto": bounds.upto, ":below": bounds.below,
            ":most": i64::try_from(MOST_READ).unwrap_or(i64::MAX),
        })?;
        let (mut found, mut seen, mut last) = (Vec::new(), 0, None);
        while let Some(row) = rows.next()? {
            let (time, seq) = (sql::millis(row, "time")?, sql::unsigned(row, "seq")?);
            (seen, last) = (seen + 1, Some(Place { time, kind: Kind::Refusal, seq }));
            if row.get("matches")? {
                found.push(from_row(row)?);
            }
            if found.len() == limit {
                return Ok(Stretch { rows: found, end: last });
            }
        }
        Ok(Stretch { rows: found, end: last.filter(|_| seen == MOST_READ) })
    }

    fn statement(&self, filter: &RequestFilter, bounds: Bounds) -> Result<&'static str, StoreError> {
        let leads = leads(filter);
        let candidates = leads.iter().map(|(given, page, counted, _)| (*given, *page, *counted));
        led(candidates, SCAN, |counted| {
            let word = leads.iter().find(|(given, _, c, _)| *given && *c == counted).map(|(.., word)| word);
            let mut rows = self.conn.prepare_cached(counted)?;
            Ok(rows.query_row(params![word, bounds.from, bounds.upto, COMMON], |r| r.get::<_, i64>("n"))?)
        })
    }

    /// The steps SQLite takes for a page, for a test that no filter reads the table.
    #[cfg(test)]
    pub(crate) fn plan(&self, filter: &RequestFilter) -> Result<String, StoreError> {
        let statement = self.statement(filter, Bounds::new(filter, Kind::Refusal, None))?;
        let mut rows = self.conn.prepare(&format!("EXPLAIN QUERY PLAN {statement}"))?;
        let (mut rows, mut steps) = (rows.raw_query(), Vec::new());
        while let Some(row) = rows.next()? {
            steps.push(row.get::<_, String>("detail")?);
        }
        Ok(steps.join("; "))
    }
}

impl Writes<'_> {
    /// Adds a refused call whose entry has the index `seq`.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn insert_at(&self, seq: u64, at: Millis, r: &RefusedCall) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO refusals (seq, id, time, tenant_id, api_key_id, user, provider, model, operation, stream, tags, reason,
                   message, calls, asked_nano, trace_id)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
            )?
            .execute(params![
                sql::signed(seq),
                r.id.0.as_bytes(),
                at.0,
                r.tenant_id.as_ref().map(|t| t.0.as_bytes()),
                r.api_key_id.as_ref().map(|k| k.0.as_bytes()),
                r.user,
                r.provider,
                r.model,
                r.operation,
                r.stream,
                sql::to_json(&r.tags)?,
                r.reason,
                r.message,
                sql::signed(r.calls),
                r.asked.0,
                r.trace_id
            ])?;
        request_tags::insert(self.conn, Kind::Refusal, &r.tags, at, seq)
    }

    /// Removes the refusals of sample tenants.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete_sample(&self) -> Result<(), StoreError> {
        request_tags::delete_sample(self.conn, Kind::Refusal)?;
        let sql = "DELETE FROM refusals WHERE tenant_id IN (SELECT id FROM tenants WHERE sample = 1)";
        self.conn.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    /// Removes at most `most` rows older than `before`; their entries stay in the audit ledger. How many there were.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn delete_before(&self, before: Millis, most: usize) -> Result<usize, StoreError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.conn
            .prepare_cached(
                "DELETE FROM request_tags WHERE kind = 0 AND row IN
                   (SELECT seq FROM refusals INDEXED BY refusals_time WHERE time < ?1 ORDER BY time LIMIT ?2)",
            )?
            .execute(params![before.0, most])?;
        let sql = "DELETE FROM refusals WHERE seq IN
            (SELECT seq FROM refusals INDEXED BY refusals_time WHERE time < ?1 ORDER BY time LIMIT ?2)";
        Ok(self.conn.prepare_cached(sql)?.execute(params![before.0, most])?)
    }
}
