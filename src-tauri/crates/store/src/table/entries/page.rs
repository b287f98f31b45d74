//! Filtered pages of the ledger, by the index of the most selective filter, newest first.

use super::{Bucket, Entry, entry, from_row};
use crate::error::StoreError;
use crate::log::{Namespace, Stream, dict};
use reeve_core::time::Millis;
use rusqlite::{Connection, named_params};

/// Which entries; what is `None` does not filter.
#[derive(Clone, Debug, Default)]
pub struct EntryFilter {
    /// Stream; audit if `None`.
    pub stream: Option<Stream>,
    /// Event type.
    pub kind: Option<String>,
    /// Pseudonymous actor id.
    pub who: Option<String>,
    /// Resource, `type:id`.
    pub res: Option<String>,
    /// Tenant id.
    pub tenant: Option<String>,
    /// Outcome: 0 success, 1 denied, 2 error, 3 unknown.
    pub ok: Option<i64>,
    /// Any outcome but success.
    pub not_ok: bool,
    /// From this moment.
    pub from: Option<Millis>,
    /// Before this moment.
    pub to: Option<Millis>,
    /// Behind this index, in the order of the list.
    pub before: Option<u64>,
}

/// A page of entries.
#[derive(Clone, Debug)]
pub struct Page {
    /// The entries, newest first.
    pub entries: Vec<Entry>,
    /// Whether there are more behind the last.
    pub more: bool,
}

/// A filter with its words looked up and its times turned into a range of ids.
struct Plan {
    kind: Option<i64>,
    who: Option<i64>,
    res: Option<i64>,
    tenant: Option<i64>,
    ok: Option<i64>,
    not_ok: bool,
    from: i64,
    to: i64,
    first: i64,
    end: i64,
}

/// `None` where a word occurs in no entry: nothing matches.
fn plan(conn: &Connection, filter: &EntryFilter) -> Result<Option<Plan>, StoreError> {
    let stream = filter.stream.unwrap_or(Stream::Audit);
    let mut impossible = false;
    let mut look = |namespace, word: &Option<String>| -> Result<Option<i64>, StoreError> {
        let Some(word) = word else { return Ok(None) };
        let id = dict::find(conn, namespace, word)?;
        impossible |= id.is_none();
        Ok(id)
    };
    let kind = look(Namespace::Kind, &filter.kind)?;
    let who = look(Namespace::Actor, &filter.who)?;
    let res = look(Namespace::Resource, &filter.res)?;
    let tenant = look(Namespace::Tenant, &filter.tenant)?;
    if impossible {
        return Ok(None);
    }
    let (from, to) = (filter.from.map_or(i64::MIN, |t| t.0), filter.to.map_or(i64::MAX, |t| t.0));
    let (first, end) = id_range(conn, stream, filter, from, to)?;
    Ok(Some(Plan { kind, who, res, tenant, ok: filter.ok, not_ok: filter.not_ok, from, to, first, end }))
}

/// The ids that may lie in the span of time, by the bundles' times, and before the cursor.
fn id_range(
    conn: &Connection,
    stream: Stream,
    filter: &EntryFilter,
    from: i64,
    to: i64,
) -> Result<(i64, i64), StoreError> {
    let kept = super::Reads { conn }.head(stream)?.min_index;
    let (mut first, mut end) = (stream.entry_id(kept), stream.entry_id(1 << 47));
    if filter.from.is_some() || filter.to.is_some() {
        let mut rows = conn.prepare_cached(
            "SELECT min(id) AS first, max(id) AS last FROM bundles WHERE id >= ?1 AND id < ?2 AND t_max >= ?3 AND t_min < ?4",
        )?;
        let (lowest, highest) = rows.query_row([first >> 8, end >> 8, from, to], |r| {
            Ok((r.get::<_, Option<i64>>("first")?, r.get::<_, Option<i64>>("last")?))
        })?;
        let (Some(lowest), Some(highest)) = (lowest, highest) else { return Ok((first, first)) };
        (first, end) = (lowest << 8, (highest + 1) << 8);
    }
    if let Some(before) = filter.before {
        end = end.min(stream.entry_id(before));
    }
    Ok((first, end))
}

// The shared conditions; every statement below adds the index that leads it.
const REST: &str = " id >= :first AND id < :end AND t >= :from AND t < :to
    AND (:kind IS NULL OR kind = :kind) AND (:who IS NULL OR who = :who) AND (:res IS NULL OR res = :res)
    AND (:tenant IS NULL OR tenant = :tenant) AND (:ok IS NULL OR ok = :ok) AND (NOT :not_ok OR ok <> 0)";

macro_rules! by_index {
    ($select:literal, $tail:literal) => {
        [
            const_str::concat!($select, " FROM entries NOT INDEXED WHERE", REST, $tail),
            const_str::concat!(
                $select,
                " FROM entries INDEXED BY entries_res WHERE res = :res AND",
                REST,
                $tail
            ),
            const_str::concat!(
                $select,
                " FROM entries INDEXED BY entries_who WHERE who = :who AND",
                REST,
                $tail
            ),
            const_str::concat!(
                $select,
                " FROM entries INDEXED BY entries_kind WHERE kind = :kind AND",
                REST,
                $tail
            ),
            const_str::concat!(
                $select,
                " FROM entries INDEXED BY entries_not_ok WHERE ok = :ok AND ok <> 0 AND",
                REST,
                $tail
            ),
            const_str::concat!(
                $select,
                " FROM entries INDEXED BY entries_tenant WHERE tenant = :tenant AND",
                REST,
                $tail
            ),
            const_str::concat!(
                $select,
                " FROM entries INDEXED BY entries_not_ok WHERE ok <> 0 AND",
                REST,
                $tail
            ),
        ]
    };
}

const PAGE: [&str; 7] = by_index!("SELECT id, leaf", " ORDER BY id DESC LIMIT :limit");
const COUNT: [&str; 7] = by_index!(
    "SELECT (t - :from) / :width AS bucket, count(*) AS n, count(*) FILTER (WHERE ok <> 0) AS not_ok",
    " GROUP BY bucket"
);

/// Entries of a filter that are counted to compare it with others; with more, it counts as common.
const COMMON: i64 = 2_000;

macro_rules! counted {
    ($index:literal, $condition:literal) => {
        const_str::concat!(
            "SELECT count(*) AS n FROM (SELECT 1 FROM entries INDEXED BY ",
            $index,
            " WHERE ",
            $condition,
            " AND id >= ?2 AND id < ?3 LIMIT ?4)"
        )
    };
}

/// The statement led by the filter that leaves least. One filter needs no choice; of several, each is counted in its index
/// as far as [`COMMON`], because which is rare depends on the words: an actor may have acted once or a million times.
fn led(conn: &Connection, plan: &Plan, statements: [&'static str; 7]) -> Result<&'static str, StoreError> {
    let [scan, by_res, by_who, by_kind, by_ok, by_tenant, by_not_ok] = statements;
    let ok = plan.ok.filter(|ok| *ok > 0);
    let candidates = [
        (plan.res, by_res, counted!("entries_res", "res = ?1")),
        (ok, by_ok, counted!("entries_not_ok", "ok = ?1 AND ok <> 0")),
        (plan.kind, by_kind, counted!("entries_kind", "kind = ?1")),
        (plan.who, by_who, counted!("entries_who", "who = ?1")),
        (plan.tenant, by_tenant, counted!("entries_tenant", "tenant = ?1")),
    ];
    let mut candidates =
        candidates.into_iter().filter_map(|(word, led, counted)| Some((word?, led, counted)));
    let (first, second) = (candidates.next(), candidates.next());
    if let (Some((_, led, _)), None, false) = (first, second, plan.not_ok) {
        return Ok(led);
    }
    let mut least = (COMMON, first.map_or(scan, |(_, led, _)| led));
    for (word, led, counted) in first.into_iter().chain(second).chain(candidates) {
        let found = conn
            .prepare_cached(counted)?
            .query_row([word, plan.first, plan.end, COMMON], |r| r.get::<_, i64>("n"))?;
        least = if found < least.0 { (found, led) } else { least };
    }
    if plan.not_ok && ok.is_none() && least.0 == COMMON {
        // Sorted after it was found, so worth it only where little goes wrong; else the newest entries have enough.
        let counted = counted!("entries_not_ok", "?1 AND ok <> 0");
        let found = conn
            .prepare_cached(counted)?
            .query_row([1, plan.first, plan.end, COMMON], |r| r.get::<_, i64>("n"))?;
        least = if found < COMMON { (found, by_not_ok) } else { least };
    }
    Ok(least.1)
}

pub(super) fn page(conn: &Connection, filter: &EntryFilter, limit: usize) -> Result<Page, StoreError> {
    let Some(plan) = plan(conn, filter)? else { return Ok(Page { entries: Vec::new(), more: false }) };
    let mut rows = conn.prepare_cached(led(conn, &plan, PAGE)?)?;
    let one_more = i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1;
    let rows = rows.query_map(
        named_params! {
            ":first": plan.first, ":end": plan.end, ":from": plan.from, ":to": plan.to, ":kind": plan.kind, ":who": plan.who,
            ":res": plan.res, ":tenant": plan.tenant, ":ok": plan.ok, ":not_ok": plan.not_ok, ":limit": one_more,
        },
        from_row,
    )?;
    let mut entries =
        rows.map(|r| r.map_err(StoreError::from).and_then(entry)).collect::<Result<Vec<_>, _>>()?;
    let more = entries.len() > limit;
    entries.truncate(limit);
    Ok(Page { entries, more })
}

pub(super) fn histogram(
    conn: &Connection,
    filter: &EntryFilter,
    from: Millis,
    to: Millis,
    count: usize,
) -> Result<Vec<Bucket>, StoreError> {
    let mut buckets = vec![Bucket::default(); count];
    let filter = EntryFilter { from: Some(from), to: Some(to), ..filter.clone() };
    let Some(plan) = plan(conn, &filter)? else { return Ok(buckets) };
    let spans = i64::try_from(count).unwrap_or(1).max(1);
    let width = ((to.0 - from.0 + spans - 1) / spans).max(1);
    let mut rows = conn.prepare_cached(led(conn, &plan, COUNT)?)?;
    let mut rows = rows.query(named_params! {
        ":first": plan.first, ":end": plan.end, ":from": plan.from, ":to": plan.to, ":kind": plan.kind, ":who": plan.who,
        ":res": plan.res, ":tenant": plan.tenant, ":ok": plan.ok, ":not_ok": plan.not_ok, ":width": width,
    })?;
    while let Some(row) = rows.next()? {
        let index = usize::try_from(row.get::<_, i64>("bucket")?).unwrap_or(0);
        if let Some(bucket) = buckets.get_mut(index) {
            *bucket = Bucket {
                count: crate::sql::unsigned(row, "n")?,
                not_ok: crate::sql::unsigned(row, "not_ok")?,
            };
        }
    }
    Ok(buckets)
}
