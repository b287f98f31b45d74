//! Charges of the request log: pages by the index of the most selective filter, newest first, of a bounded reading. Models,
//! providers and keys have no index of their own: where they were charged, the sums by quarter-hour tell.

use super::slots::{Looked, SlotFilter};
use super::{Charge, Reads, from_row};
use crate::error::StoreError;
use crate::requests::{Bounds, COMMON, Kind, MOST_READ, Place, RequestFilter, Stretch, led};
use crate::sql;
use reeve_core::grant::Visible;
use reeve_core::id::RequestId;
use reeve_core::time::Millis;
use rusqlite::{CachedStatement, named_params};

/// A cost from which the index of dear calls serves, in nano-USD.
const DEAR: i64 = 100_000_000;
/// A duration from which the index of slow calls serves, in ms.
const SLOW: i64 = 10_000;

const MATCHES: &str = ", coalesce((:tenant IS NULL OR tenant_id = :tenant) AND (:model IS NULL OR model = :model)
    AND (:provider IS NULL OR provider = :provider) AND (:api_key IS NULL OR api_key_id = :api_key)
    AND (:user IS NULL OR user = :user) AND (:outcome IS NULL OR outcome = :outcome)
    AND (:status IS NULL OR status = :status) AND (:cost IS NULL OR cost_nano >= :cost)
    AND (:latency IS NULL OR latency_ms >= :latency)
    AND (:charge IS NULL OR id = :charge) AND (:request IS NULL OR request_id = :request)
    AND (:trace IS NULL OR trace_id = :trace)
    AND (:tag IS NULL OR EXISTS (SELECT 1 FROM json_each(tags) WHERE value = :tag))
    AND (:text IS NULL OR instr(lower(model || ' ' || provider || ' ' || operation || ' ' || coalesce(user, '') || ' ' || tags
      || ' ' || coalesce(unpriced_reason, '')), :text) > 0) AND source <> 'rerate', 0) AS matches";
const SPAN: &str = " AND time >= :from AND time <= :upto AND (time < :upto OR seq < :below)";
const ORDER: &str = " ORDER BY time DESC, seq DESC LIMIT :most";

macro_rules! page {
    ($index:literal, $condition:literal) => {
        const_str::concat!(
            super::columns!("SELECT seq"),
            MATCHES,
            " FROM charges INDEXED BY ",
            $index,
            " WHERE ",
            $condition,
            SPAN,
            ORDER
        )
    };
}

macro_rules! counted {
    ($index:literal, $condition:literal) => {
        const_str::concat!(
            "SELECT count(*) AS n FROM (SELECT 1 FROM charges INDEXED BY ",
            $index,
            " WHERE ",
            $condition,
            " AND time >= ?2 AND time <= ?3 LIMIT ?4)"
        )
    };
}

const SCAN: &str = page!("charges_time", "TRUE");
const BY_TENANT: &str = page!("charges_tenant", "tenant_id = :tenant");
const BY_TAG: &str = const_str::concat!(
    super::columns!("SELECT seq"),
    MATCHES,
    " FROM request_tags AS r CROSS JOIN charges ON seq = r.row WHERE r.kind = 1 AND r.tag = :tag AND r.at >= :from AND r.at <= :upto
       AND (r.at < :upto OR r.row < :below) ORDER BY r.at DESC, r.row DESC LIMIT :most"
);
const TAGGED: &str = "SELECT count(*) AS n FROM (SELECT 1 FROM request_tags WHERE kind = 1 AND tag = ?1 AND at >= ?2 AND at <= ?3
    LIMIT ?4)";

/// One filter that an index can lead: whether it is given, its page, its count, and what the count asks for.
type Lead<'f> = (bool, &'static str, &'static str, rusqlite::types::Value);

fn leads(filter: &RequestFilter) -> [Lead<'_>; 10] {
    use rusqlite::types::Value;
    let text = |t: &Option<String>| t.clone().map_or(Value::Null, Value::Text);
    let id = |id: Option<uuid::Uuid>| id.map_or(Value::Null, |id| Value::Blob(id.as_bytes().to_vec()));
    let rare = filter.outcome.as_deref().is_some_and(|o| o != "success");
    let number = |n: Option<i64>| n.map_or(Value::Null, Value::Integer);
    let cost = filter.min_cost.map(|n| n.0);
    [
        (
            filter.charge.is_some(),
            page!("sqlite_autoindex_charges_1", "id = :charge"),
            counted!("sqlite_autoindex_charges_1", "id = ?1"),
            id(filter.charge.map(|c| c.0)),
        ),
        (
            filter.request.is_some(),
            page!("charges_request", "request_id = :request AND request_id IS NOT NULL"),
            counted!("charges_request", "request_id = ?1 AND request_id IS NOT NULL"),
            text(&filter.request.map(|r| r.to_string())),
        ),
        (
            filter.trace.is_some(),
            page!("charges_trace", "trace_id = :trace AND trace_id IS NOT NULL"),
            counted!("charges_trace", "trace_id = ?1 AND trace_id IS NOT NULL"),
            text(&filter.trace),
        ),
        (
            filter.user.is_some(),
            page!("charges_user", "user = :user AND user IS NOT NULL"),
            counted!("charges_user", "user = ?1 AND user IS NOT NULL"),
            text(&filter.user),
        ),
        (filter.tag.is_some(), BY_TAG, TAGGED, text(&filter.tag)),
        (
            filter.status.is_some_and(|s| s != 200),
            page!("charges_status", "status = :status AND status <> 200"),
            counted!("charges_status", "status = ?1 AND status <> 200"),
            number(filter.status.map(i64::from)),
        ),
        (
            rare,
            page!("charges_outcome", "outcome = :outcome AND outcome <> 'success'"),
            counted!("charges_outcome", "outcome = ?1 AND outcome <> 'success'"),
            text(&filter.outcome),
        ),
        (
            cost.is_some_and(|c| c >= DEAR),
            page!("charges_dear", "cost_nano >= 100000000"),
            counted!("charges_dear", "cost_nano >= 100000000 AND ?1 IS NOT NULL"),
            number(cost),
        ),
        (
            filter.min_latency_ms.is_some_and(|ms| ms >= SLOW),
            page!("charges_slow", "latency_ms >= 10000"),
            counted!("charges_slow", "latency_ms >= 10000 AND ?1 IS NOT NULL"),
            number(filter.min_latency_ms),
        ),
        (
            filter.tenant.is_some(),
            BY_TENANT,
            counted!("charges_tenant", "tenant_id = ?1"),
            id(filter.tenant.map(|t| t.0)),
        ),
    ]
}

impl Reads<'_> {
    /// Charges of the request log that are seen, behind `before`, newest first, at most `limit`, of a bounded reading.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn stretch(
        &self,
        visible: &Visible,
        filter: &RequestFilter,
        before: Option<Place>,
        limit: usize,
    ) -> Result<Stretch<Charge>, StoreError> {
        Stretch::of(visible, filter, |filter| self.stretch_of(visible, filter, before, limit))
    }

    fn stretch_of(
        &self,
        visible: &Visible,
        filter: &RequestFilter,
        before: Option<Place>,
        limit: usize,
    ) -> Result<Stretch<Charge>, StoreError> {
        if !filter.wants_charges() {
            return Ok(Stretch::default());
        }
        let bounds = Bounds::new(filter, Kind::Charge, before);
        let statement =
            if filter.stays_with_its_tenant(visible) { BY_TENANT } else { self.statement(filter, bounds)? };
        let mut rows = self.conn.prepare_cached(statement)?;
        match SlotFilter::of(filter).filter(|_| matches!(statement, SCAN | BY_TENANT)) {
            Some(of) => self.in_slots(&of, bounds, limit, |bounds, limit, most| {
                read(&mut rows, filter, bounds, limit, most)
            }),
            None => Ok(read(&mut rows, filter, bounds, limit, MOST_READ)?.stretch),
        }
    }

    fn statement(&self, filter: &RequestFilter, bounds: Bounds) -> Result<&'static str, StoreError> {
        let leads = leads(filter);
        let candidates = leads.iter().map(|(given, page, counted, _)| (*given, *page, *counted));
        led(candidates, SCAN, |counted| {
            let word = leads.iter().find(|(given, _, c, _)| *given && *c == counted).map(|(.., word)| word);
            let mut rows = self.conn.prepare_cached(counted)?;
            Ok(rows.query_row(rusqlite::params![word, bounds.from, bounds.upto, COMMON], |r| {
                r.get::<_, i64>("n")
            })?)
        })
    }

    /// The steps SQLite takes for a page, for a test that no filter reads the table.
    #[cfg(test)]
    pub(crate) fn plan(&self, filter: &RequestFilter) -> Result<String, StoreError> {
        let statement = self.statement(filter, Bounds::new(filter, Kind::Charge, None))?;
        let mut rows = self.conn.prepare(&format!("EXPLAIN QUERY PLAN {statement}"))?;
        let (mut rows, mut steps) = (rows.raw_query(), Vec::new());
        while let Some(row) = rows.next()? {
            steps.push(row.get::<_, String>("detail")?);
        }
        Ok(steps.join("; "))
    }

    /// The charge of a request, if it was charged.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn of_request(&self, id: RequestId) -> Result<Option<Charge>, StoreError> {
        let filter = RequestFilter { request: Some(id), ..RequestFilter::default() };
        Ok(self.stretch(&Visible::All, &filter, None, 1)?.rows.pop())
    }
}

fn read(
    rows: &mut CachedStatement<'_>,
    filter: &RequestFilter,
    bounds: Bounds,
    limit: usize,
    most: usize,
) -> Result<Looked, StoreError> {
    let mut rows = rows.query(named_params! {
        ":tenant": filter.tenant.as_ref().map(|t| t.0.as_bytes()),
        ":model": filter.model,
        ":provider": filter.provider,
        ":api_key": filter.api_key.as_ref().map(|k| k.0.as_bytes()),
        ":user": filter.user,
        ":tag": filter.tag,
        ":outcome": filter.outcome,
        ":status": filter.status,
        ":cost": filter.min_cost.map(|n| n.0),
        ":latency": filter.min_latency_ms,
        ":text": filter.text,
        ":charge": filter.charge.as_ref().map(|c| c.0.as_bytes()),
        ":request": filter.request.map(|r| r.to_string()),
        ":trace": filter.trace,
        ":from": bounds.from, ":upto": bounds.upto, ":below": bounds.below,
        ":most": i64::try_from(most).unwrap_or(i64::MAX),
    })?;
    let (mut found, mut seen, mut last) = (Vec::new(), 0, None);
    while let Some(row) = rows.next()? {
        let (time, seq) = (Millis(row.get("time")?), sql::unsigned(row, "seq")?);
        (seen, last) = (seen + 1, Some(Place { time, kind: Kind::Charge, seq }));
        if row.get("matches")? {
            found.push(from_row(row)?);
        }
        if found.len() == limit {
            return Ok(Looked { stretch: Stretch { rows: found, end: last }, seen });
        }
    }
    Ok(Looked { stretch: Stretch { rows: found, end: last.filter(|_| seen == most) }, seen })
}

#[cfg(test)]
mod tests;
