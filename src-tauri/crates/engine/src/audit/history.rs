//! What happened to one resource, and what it is linked to now. The tables lead to entries; what is shown is read from those.

use super::describe::{self, Change, Described, Resource};
use super::{EntryFilter, Stream};
use crate::Engine;
use crate::cx::Cx;
use crate::error::Error;
use reeve_core::id::TenantId;
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use reeve_store::table::app_entries::{AppResource, Link, MentionFilter};
use reeve_store::table::entries::Entry;
use reeve_store::{Read, StoreError};
use serde_json::Value;

/// Links shown at most.
const MOST_LINKS: usize = 200;

/// Whose history.
#[derive(Clone, Debug, Default)]
pub struct HistoryOf {
    /// What it is; `None` for anything of that id that applications write about.
    pub kind: Option<String>,
    /// Its id.
    pub id: String,
    /// In which tenant; `None` for any.
    pub tenant: Option<TenantId>,
    /// It is a project: also everything that happened in it.
    pub as_project: bool,
    /// Before this index.
    pub before: Option<u64>,
}

/// A page of a history, newest first.
#[derive(Clone, Debug)]
pub struct History {
    /// The resource, as its newest entry calls it.
    pub resource: Option<Resource>,
    /// Entries with what they changed.
    pub entries: Vec<(Described, Vec<Change>)>,
    /// Whether there are more behind the last.
    pub more: bool,
    /// Links that hold now, newest first.
    pub links: Vec<LinkNow>,
    /// Whether there are more links than are shown.
    pub more_links: bool,
}

/// A link that holds now.
#[derive(Clone, Debug)]
pub struct LinkNow {
    /// Whether it leads from the resource to the other; else it leads here.
    pub outward: bool,
    /// The other.
    pub other: Resource,
    /// In which tenant.
    pub tenant: Option<String>,
    /// Since when.
    pub since: Millis,
    /// Index of the entry that made it.
    pub sequence: u64,
}

impl Engine {
    /// The history of a resource, with its links.
    ///
    /// # Errors
    /// If `cx` may not read the audit trail.
    pub async fn audit_history(&self, cx: &Cx, of: HistoryOf, limit: usize) -> Result<History, Error> {
        self.require(cx, Permission::AuditRead).await?;
        let people = self.people().await?;
        let wanted = of.clone();
        let (entries, kind, links) = self.inner.store.read(move |r| read(r, &wanted, limit)).await?;
        let more = entries.len() > limit;
        let shown: Vec<_> = entries
            .iter()
            .take(limit)
            .map(|entry| {
                let described = describe::describe(entry, &people, &self.inner.admission);
                (described, describe::changes(&entry.leaf))
            })
            .collect();
        let more_links = links.len() > MOST_LINKS;
        let resource = kind.map(|kind| {
            let name = shown.iter().find_map(|(entry, _)| name_in(entry, &kind, &of.id));
            Resource { kind, id: of.id, name }
        });
        Ok(History {
            resource,
            entries: shown,
            more,
            links: links.into_iter().take(MOST_LINKS).collect(),
            more_links,
        })
    }
}

type Found = (Vec<Entry>, Option<String>, Vec<LinkNow>);

fn read(r: &Read<'_>, of: &HistoryOf, limit: usize) -> Result<Found, StoreError> {
    if let Some(kind) = of.kind.as_deref().filter(|kind| is_reeves(kind)) {
        let filter = EntryFilter {
            stream: Some(Stream::Audit),
            res: Some(format!("{kind}:{}", of.id)),
            tenant: of.tenant.map(|id| id.to_string()),
            before: of.before,
            ..EntryFilter::default()
        };
        let page = r.entries().page(&filter, limit + 1)?;
        return Ok((page.entries, Some(kind.to_owned()), Vec::new()));
    }
    let tenant = of.tenant.map(|id| id.to_string());
    let filter = MentionFilter {
        id: of.id.clone(),
        kind: of.kind.as_ref().map(|kind| kind.to_ascii_uppercase()),
        tenant: tenant.clone(),
        as_project: of.as_project,
        before: of.before,
    };
    let mentions = r.app_entries().mentions(&filter, limit + 1)?;
    let kind = filter.kind.or_else(|| mentions.first().map(|(_, kind)| kind.clone()));
    let mut entries = Vec::with_capacity(mentions.len());
    let mut last = None;
    for (seq, _) in mentions {
        // Two resources of one id in one entry are one entry.
        if last.replace(seq) != Some(seq) {
            entries.extend(r.entries().get(Stream::Audit, seq)?);
        }
    }
    let links = match &kind {
        Some(kind) => links(r, &AppResource { kind: kind.clone(), id: of.id.clone() }, tenant.as_deref())?,
        None => Vec::new(),
    };
    Ok((entries, kind, links))
}

/// Reeve's own kinds of resource are written in small letters, those of applications in capitals.
fn is_reeves(kind: &str) -> bool {
    kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

/// Links, each checked against the entry that made it: a row that no entry tells is not shown.
fn links(r: &Read<'_>, of: &AppResource, tenant: Option<&str>) -> Result<Vec<LinkNow>, StoreError> {
    let mut links = Vec::new();
    for link in r.app_entries().links(of, tenant, MOST_LINKS + 1)? {
        let entry = r.entries().get(Stream::Audit, link.seq)?;
        match entry.as_ref().and_then(|entry| told(entry, &link, of)) {
            Some(now) => links.push(now),
            None => tracing::error!(
                sequence = link.seq,
                "a link is kept that its entry does not tell; verify the ledger"
            ),
        }
    }
    Ok(links)
}

/// The link as its entry tells it.
fn told(entry: &Entry, link: &Link, of: &AppResource) -> Option<LinkNow> {
    let x = &entry.leaf.x;
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let related = x.get("related")?;
    let to = AppResource { kind: text(related.get("type"))?, id: text(related.get("id"))? };
    let (from_kind, from_id) = entry.leaf.on.split_once(':')?;
    let from = AppResource { kind: from_kind.to_owned(), id: from_id.to_owned() };
    let tenant = text(x.get("tenant"));
    let same = entry.leaf.kind.starts_with("app.")
        && x.get("action").and_then(Value::as_str) == Some("LINK")
        && (&from, &to) == (&link.from, &link.to)
        && tenant.as_deref().unwrap_or_default() == link.tenant;
    let outward = from == *of;
    let (other, name) = if outward { (to, related.get("name")) } else { (from, x.get("name")) };
    let other = Resource { kind: other.kind, id: other.id, name: text(name) };
    same.then_some(LinkNow { outward, other, tenant, since: Millis(entry.leaf.t), sequence: entry.leaf.n })
}

/// What an entry calls a resource.
fn name_in(entry: &Described, kind: &str, id: &str) -> Option<String> {
    let named = [&entry.resource, &entry.related];
    named.into_iter().flatten().find(|r| r.kind == kind && r.id == id).and_then(|r| r.name.clone())
}
