//! Entries that hold a text, or are about one kind of thing. Names and sentences are made from entries when they are read,
//! so no index knows them: the newest entries are looked at one by one, a bounded number for each request.

use crate::failure::Failure;
use reeve_core::time::Millis;
use reeve_engine::audit::{AuditPage, Bucket, Described, EntryFilter};
use reeve_engine::{Cx, Engine};

/// Entries read at once.
const CHUNK: usize = 500;
/// Entries looked at for one request.
const MOST: usize = 10_000;

/// What is looked for; what is `None` does not matter.
#[derive(Clone, PartialEq, Eq, Default)]
pub(super) struct Needle {
    /// Text in what happened, to what, by whom; in small letters.
    pub(super) text: Option<String>,
    /// Noun of the resource.
    pub(super) resource_kind: Option<String>,
    /// Id of the resource.
    pub(super) resource_id: Option<String>,
}

/// What a search found.
pub(super) struct Found {
    /// The matching entries, newest first.
    pub(super) page: AuditPage,
    /// Where the search goes on: before this index. `None` once everything was looked at.
    pub(super) rest: Option<u64>,
}

/// The next `limit` entries of `wanted` that hold `needle`.
pub(super) async fn search(
    engine: &Engine,
    cx: &Cx,
    wanted: EntryFilter,
    needle: &Needle,
    limit: usize,
) -> Result<Found, Failure> {
    let (mut found, mut before, mut looked) = (Vec::new(), wanted.before, 0);
    loop {
        let page = engine.audit_page(cx, EntryFilter { before, ..wanted.clone() }, CHUNK).await?;
        let (more, total) = (page.more, page.total);
        looked += page.entries.len();
        for entry in page.entries {
            before = Some(entry.sequence);
            if needle.is_in(&entry) {
                found.push(entry);
            }
            if found.len() == limit {
                return Ok(Found { page: AuditPage { entries: found, more: true, total }, rest: before });
            }
        }
        if !more || looked >= MOST {
            return Ok(Found {
                page: AuditPage { entries: found, more, total },
                rest: before.filter(|_| more),
            });
        }
    }
}

/// Counts of the entries that hold `needle`, in `count` equal spans of `[from, to)`.
pub(super) async fn count(
    engine: &Engine,
    cx: &Cx,
    wanted: EntryFilter,
    needle: &Needle,
    (from, to): (Millis, Millis),
    count: usize,
) -> Result<Vec<Bucket>, Failure> {
    let mut buckets = vec![Bucket::default(); count];
    let found =
        search(engine, cx, EntryFilter { from: Some(from), to: Some(to), ..wanted }, needle, MOST).await?;
    for entry in found.page.entries {
        let place = i128::from(entry.time.0 - from.0) * count as i128 / i128::from((to.0 - from.0).max(1));
        if let Some(bucket) = usize::try_from(place).ok().and_then(|place| buckets.get_mut(place)) {
            bucket.count += 1;
            bucket.not_ok += u64::from(entry.outcome != "success");
        }
    }
    Ok(buckets)
}

impl Needle {
    fn is_in(&self, entry: &Described) -> bool {
        let resource = entry.resource.as_ref();
        let is_kind = |kind: &String| resource.is_some_and(|r| r.kind == *kind);
        let is_id = |id: &String| resource.is_some_and(|r| r.id == *id);
        self.resource_kind.as_ref().is_none_or(is_kind)
            && self.resource_id.as_ref().is_none_or(is_id)
            && self.text.as_deref().is_none_or(|text| mentions(entry, text))
    }
}

fn mentions(entry: &Described, text: &str) -> bool {
    let resource = entry.resource.iter().flat_map(|r| [Some(r.id.as_str()), r.name.as_deref()]);
    let tenant = entry.tenant.iter().map(|(_, name)| Some(name.as_str()));
    let plain = [&entry.event_type, &entry.summary, &entry.actor.name, &entry.actor.id]
        .map(|text| Some(text.as_str()));
    let ids = [entry.request_id.as_deref(), entry.trace_id.as_deref()];
    plain
        .into_iter()
        .chain(ids)
        .chain(resource)
        .chain(tenant)
        .flatten()
        .any(|part| part.to_lowercase().contains(text))
}
