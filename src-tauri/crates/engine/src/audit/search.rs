//! Entries that hold a text. Words of the audit stream are in an index that follows the ledger by a second; entries behind it,
//! and those of the usage stream, are looked at one by one, a bounded number for each request. People's names are in no index
//! and no leaf: who is called so is looked up, and what they did is found by their pseudonym.

use super::describe::{self, Described, People};
use super::{AuditPage, Entry, EntryFilter, Stream};
use crate::Engine;
use crate::cx::Cx;
use crate::error::{Code, Error};
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use reeve_store::table::entries::{Bucket, Found};
use reeve_store::{StoreError, TextQuery};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Entries that are looked at one by one for a request.
const LOOKED_AT: u64 = 10_000;
/// Entries that the index is asked for first; four times as many each time that too few of them match the filter.
const HITS: usize = 512;
/// Entries that the index is asked for at most.
const MOST_HITS: usize = 1_000_000;
/// Entries that are indexed in one go.
const INDEXED_AT_ONCE: usize = 512;

/// A page of what a search found.
#[derive(Clone, Debug)]
pub struct SearchPage {
    /// The entries.
    pub page: AuditPage,
    /// Where the search goes on: before this index. `None` once everything was searched.
    pub rest: Option<u64>,
}

/// What is known of where the text stands, in the entries before some index.
struct Hits {
    found: Found,
    /// Everything before this index was not searched.
    since: u64,
}

impl Engine {
    /// The next `limit` entries of `filter` that hold the words of `typed`, newest first.
    ///
    /// # Errors
    /// If `cx` may not read the audit trail, or the words are too common.
    pub async fn audit_search(
        &self,
        cx: &Cx,
        filter: EntryFilter,
        typed: &str,
        limit: usize,
    ) -> Result<SearchPage, Error> {
        self.require(cx, Permission::AuditRead).await?;
        let Some(query) = TextQuery::parse(typed) else {
            let page = self.audit_page(cx, filter, limit).await?;
            return Ok(SearchPage {
                rest: page.entries.last().filter(|_| page.more).map(|e| e.sequence),
                page,
            });
        };
        let mut most = HITS;
        loop {
            let hits = self.hits(&filter, &query, typed, most).await?;
            let (since, whole) = (hits.since, hits.since == 0);
            let within =
                EntryFilter { found: Some(Arc::new(hits.found)), since: Some(since), ..filter.clone() };
            let mut page = self.audit_page(cx, within, limit).await?;
            if !page.more && !whole && most < MOST_HITS {
                most *= 4;
                continue;
            }
            page.matched = page.matched.filter(|_| whole);
            let last = page.entries.last().filter(|_| page.more).map(|e| e.sequence);
            return Ok(SearchPage { page, rest: last.or((!whole).then_some(since)) });
        }
    }

    /// Counts of the entries that hold the words of `typed`, in `count` equal spans of `[from, to)`.
    ///
    /// # Errors
    /// As [`Engine::audit_search`].
    pub async fn audit_search_stats(
        &self,
        cx: &Cx,
        filter: EntryFilter,
        typed: &str,
        (from, to): (Millis, Millis),
        count: usize,
    ) -> Result<Vec<Bucket>, Error> {
        self.require(cx, Permission::AuditRead).await?;
        let found = match TextQuery::parse(typed) {
            Some(query) => Some(Arc::new(self.hits(&filter, &query, typed, MOST_HITS).await?.found)),
            None => None,
        };
        self.audit_stats(cx, EntryFilter { found, ..filter }, from, to, count).await
    }

    /// Where the text stands before the filter's cursor: at most `most` entries of the index, and some that are not in it yet.
    async fn hits(
        &self,
        filter: &EntryFilter,
        query: &TextQuery,
        typed: &str,
        most: usize,
    ) -> Result<Hits, Error> {
        let stream = filter.stream.unwrap_or(Stream::Audit);
        let mut found = Found::of_actors(self.actors_like(typed.trim()).await?);
        let head = self.inner.store.read(move |r| r.entries().head(stream)).await?;
        let end = filter.before.map_or(head.size, |before| before.min(head.size));
        let indexed = match stream {
            Stream::Audit => self.texts_indexed(head.origin, head.size).await?.min(end),
            Stream::Usage => 0,
        };
        let since = indexed.max(end.saturating_sub(LOOKED_AT));
        found.add(&self.looked_at(filter, query, since, end).await?);
        if since > indexed || stream == Stream::Usage {
            return Ok(Hits { found, since });
        }
        let (engine, query) = (self.clone(), query.clone());
        let hits = tokio::task::spawn_blocking(move || engine.inner.texts.hits(&query, indexed, most));
        let hits = match hits.await.map_err(|_| StoreError::Panicked)? {
            Err(StoreError::Stopped) => {
                let words = "Very many words begin like the last one. Write it out, or add another word.";
                return Err(Error::new(Code::Invalid, words));
            }
            hits => hits?,
        };
        let since = hits.last().copied().filter(|_| hits.len() == most).unwrap_or(0);
        found.add(&hits);
        Ok(Hits { found, since })
    }

    /// The entries of `[since, end)` that hold the text, by looking at each.
    async fn looked_at(
        &self,
        filter: &EntryFilter,
        query: &TextQuery,
        since: u64,
        end: u64,
    ) -> Result<Vec<u64>, Error> {
        let (engine, query) = (self.clone(), query.clone());
        let filter = EntryFilter { since: Some(since), before: Some(end), found: None, ..filter.clone() };
        self.inner
            .store
            .read(move |r| {
                let most = usize::try_from(LOOKED_AT).unwrap_or(usize::MAX);
                let page = r.entries().page(&filter, most)?;
                let fits = page.entries.iter().filter(|entry| query.fits(&engine.words_of(entry)));
                Ok(fits.map(|entry| entry.leaf.n).collect())
            })
            .await
    }

    fn words_of(&self, entry: &Entry) -> BTreeSet<String> {
        reeve_store::text_index::words(&self.text_of(entry))
    }

    /// Everything in an entry that people may look for, without names of people.
    fn text_of(&self, entry: &Entry) -> String {
        let d = describe::describe(entry, &People::new(), &self.inner.admission);
        let Described {
            event_type,
            action,
            severity,
            outcome,
            actor,
            via,
            resource,
            tenant,
            summary,
            trace_id,
            request_id,
            ..
        } = d;
        let mut text =
            [event_type.as_str(), &action, &severity, outcome, &actor.id, &via, &summary].join(" ");
        let ids = [trace_id, request_id].into_iter().flatten();
        let resource = resource.into_iter().flat_map(|r| [Some(r.kind), Some(r.id), r.name]).flatten();
        let tenant = tenant.into_iter().flat_map(|(id, name)| [id, name]);
        for part in ids.chain(resource).chain(tenant) {
            text.push(' ');
            text.push_str(&part);
        }
        entry.leaf.x.values().for_each(|value| add_strings(value, &mut text));
        text
    }

    async fn texts_indexed(&self, origin: String, size: u64) -> Result<u64, Error> {
        let engine = self.clone();
        let indexed = tokio::task::spawn_blocking(move || engine.inner.texts.indexed(&origin, size));
        Ok(indexed.await.map_err(|_| StoreError::Panicked)??)
    }

    /// Brings the text index up to the ledger.
    pub(crate) async fn index_texts(&self) {
        let stop = self.inner.tasks.stopping();
        while !stop.is_cancelled() {
            match self.index_some_texts().await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "new entries could not be added to the text index");
                    return;
                }
            }
        }
    }

    /// Adds the next entries; whether there were any.
    async fn index_some_texts(&self) -> Result<bool, Error> {
        let engine = self.clone();
        self.inner
            .store
            .read(move |r| {
                let head = r.entries().head(Stream::Audit)?;
                let first = engine.inner.texts.indexed(&head.origin, head.size)?;
                let lines = r.entries().lines(Stream::Audit, first, head.size, INDEXED_AT_ONCE)?;
                let text = |(n, bytes): (u64, Vec<u8>)| {
                    let leaf = reeve_ledger::Leaf::parse(&bytes).ok()?;
                    Some((n, engine.text_of(&Entry { stream: Stream::Audit, leaf, bytes })))
                };
                let texts: Vec<_> = lines.into_iter().filter_map(text).collect();
                engine.inner.texts.add(&head.origin, &texts)?;
                Ok(!texts.is_empty())
            })
            .await
    }

    /// The resource of an id, as entries name it: its type is tried out.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn resource_of(&self, id: String) -> Result<Option<String>, Error> {
        Ok(self.inner.store.read(move |r| r.entries().resource_of(&id)).await?)
    }
}

fn add_strings(value: &Value, text: &mut String) {
    match value {
        Value::String(s) => {
            text.push(' ');
            text.push_str(s);
        }
        Value::Array(values) => values.iter().for_each(|value| add_strings(value, text)),
        Value::Object(fields) => fields.values().for_each(|value| add_strings(value, text)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
