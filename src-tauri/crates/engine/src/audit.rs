//! The audit trail, for reading: pages, one entry with what is known of it, counts over time, proofs, verification.

pub(crate) mod anchors;
mod describe;
mod epochs;
mod export;
mod history;
mod intents;
pub(crate) mod keeping;
mod kinds;
mod search;
mod security;
mod verdicts;
mod views;
mod words;

pub use anchors::{Anchor, Anchored, AnchoredHead, Contradiction, Finding, Place};
pub(crate) use describe::outcome as outcome_word;
pub use describe::{Actor, Change, Described, Detail, Resource};
pub use export::{Export, ExportAudit, ExportFormat, ExportRange};
pub use history::{History, HistoryOf, LinkNow};
pub use kinds::Kinds;
pub use search::SearchPage;
pub use security::{MOST_DAYS, RULE, SecurityActor, SecurityBoard, SecurityDay, SecurityGroup};
pub use verdicts::{Health, Verdicts, Verification};
pub use views::{ChangeView, SaveView, SeenView};
pub use words::{Claim, Proof as ProofOf};

use crate::Engine;
use crate::cx::Cx;
use crate::error::{Code, Error};
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use reeve_ledger::Hash;
use reeve_store::Read;
pub use reeve_store::Stream;
use reeve_store::table::entries::Page;
pub use reeve_store::table::entries::{Bucket, Entry, EntryFilter, Head};
pub use reeve_store::table::saved_views::{SavedView, ViewFilter};

/// The number of the outcome `denied` in a filter.
pub(crate) const DENIED: i64 = 1;

/// A page of the audit trail.
#[derive(Clone, Debug)]
pub struct AuditPage {
    /// The entries, newest first.
    pub entries: Vec<Described>,
    /// Whether there are more behind the last.
    pub more: bool,
    /// Entries that are kept of the stream.
    pub total: u64,
    /// Entries that match; told with the first page.
    pub matched: Option<u64>,
}

/// Proof that an entry is in the tree.
#[derive(Clone, Debug)]
pub struct Proof {
    /// Index of the entry.
    pub sequence: u64,
    /// Hash of its leaf.
    pub leaf_hash: Hash,
    /// The audit path, from the leaf up.
    pub hashes: Vec<Hash>,
    /// The head it leads to.
    pub head: Head,
}

/// An entry as a row of a list.
pub(crate) fn described(entry: &Entry, people: &describe::People, engine: &Engine) -> Described {
    describe::describe(entry, people, &engine.inner.admission)
}

/// An entry that is there; of one that was pruned, when and by which entry.
pub(crate) fn kept(r: &Read<'_>, stream: Stream, n: u64) -> Result<Entry, Error> {
    let head = r.entries().head(stream)?;
    if n < head.min_index {
        return Err(Error::new(Code::NotFound, pruned_words(stream, n, &head)));
    }
    r.entries().get(stream, n)?.ok_or_else(|| Error::not_found("entry"))
}

/// That entry `n` was pruned, when, and by which entry.
pub(crate) fn pruned_words(stream: Stream, n: u64, head: &Head) -> String {
    let said =
        head.pruned.map_or_else(String::new, |(by, at)| format!(" on {} by entry audit.{by}", day(at)));
    format!("Entry {}.{n} was pruned{said}. The first that is kept is {}.", stream.as_str(), head.min_index)
}

fn day(at: Millis) -> String {
    at.to_datetime().format("%Y-%m-%d").to_string()
}

impl Engine {
    /// Entries, newest first.
    ///
    /// # Errors
    /// If `cx` may not read the audit trail.
    pub async fn audit_page(&self, cx: &Cx, filter: EntryFilter, limit: usize) -> Result<AuditPage, Error> {
        self.require(cx, Permission::AuditRead).await?;
        let stream = filter.stream.unwrap_or(Stream::Audit);
        let (page, total, matched) = self
            .inner
            .store
            .read(move |r| {
                let head = r.entries().head(stream)?;
                let (page, matched) = match filter.before {
                    None => r.entries().first_page(&filter, limit).map(|(page, n)| (page, Some(n)))?,
                    Some(0) => (Page::default(), Some(0)),
                    Some(_) => (r.entries().page(&filter, limit)?, None),
                };
                Ok::<_, Error>((page, head.size - head.min_index, matched))
            })
            .await?;
        let people = self.people().await?;
        let entries =
            page.entries.iter().map(|e| describe::describe(e, &people, &self.inner.admission)).collect();
        Ok(AuditPage { entries, more: page.more, total, matched })
    }

    /// One entry with everything that is known of it.
    ///
    /// # Errors
    /// If `cx` may not read the audit trail, or there is no such entry.
    pub async fn audit_entry(&self, cx: &Cx, stream: Stream, n: u64) -> Result<Detail, Error> {
        self.require(cx, Permission::AuditRead).await?;
        let (entry, private) = self
            .inner
            .store
            .read(move |r| {
                let entry = kept(r, stream, n)?;
                let sections = r.entries().private(stream, n)?.into_iter();
                let keyed =
                    sections.map(|(key_id, sealed)| Ok((r.subject_keys().get(&key_id)?, key_id, sealed)));
                Ok::<_, Error>((entry, keyed.collect::<Result<Vec<_>, Error>>()?))
            })
            .await?;
        let people = self.people().await?;
        let described = describe::describe(&entry, &people, &self.inner.admission);
        let mut opened = serde_json::Map::new();
        for ((wrapped, key_id, sealed), (_, commitment)) in private.into_iter().zip(&entry.leaf.p) {
            let section = wrapped.zip(sealed).and_then(|(wrapped, sealed)| {
                self.inner.privacy.open(&key_id, &wrapped, &sealed, commitment)
            });
            opened.extend(section.unwrap_or_default());
        }
        Ok(describe::detail(&entry, described, opened))
    }

    /// Counts of matching entries in `count` equal spans of `[from, to)`.
    ///
    /// # Errors
    /// If `cx` may not read the audit trail.
    pub async fn audit_stats(
        &self,
        cx: &Cx,
        filter: EntryFilter,
        from: Millis,
        to: Millis,
        count: usize,
    ) -> Result<Vec<Bucket>, Error> {
        self.require(cx, Permission::AuditRead).await?;
        if to <= from {
            return Err(Error::field("to", "must be after from"));
        }
        Ok(self.inner.store.read(move |r| r.entries().histogram(&filter, from, to, count)).await?)
    }

    /// When the first entry that is kept of a stream was written.
    ///
    /// # Errors
    /// If `cx` may not read the audit trail.
    pub async fn audit_begin(&self, cx: &Cx, stream: Stream) -> Result<Option<Millis>, Error> {
        self.require(cx, Permission::AuditRead).await?;
        Ok(self
            .inner
            .store
            .read(move |r| r.entries().get(stream, r.entries().head(stream)?.min_index))
            .await?
            .map(|e| Millis(e.leaf.t)))
    }

    /// The newest signed head of a stream.
    ///
    /// # Errors
    /// If `cx` may not read the audit trail.
    pub async fn audit_head(&self, cx: &Cx, stream: Stream) -> Result<Head, Error> {
        self.require(cx, Permission::AuditRead).await?;
        Ok(self.inner.store.read(move |r| r.entries().head(stream)).await?)
    }

    /// The keys that sign a stream's heads, each with the size from which it does, oldest first: the last signs now.
    ///
    /// # Errors
    /// If `cx` may not read the audit trail.
    pub async fn ledger_keys(&self, cx: &Cx, stream: Stream) -> Result<Vec<reeve_store::LogKey>, Error> {
        self.require(cx, Permission::AuditRead).await?;
        Ok(self.inner.store.read(move |r| r.entries().keys(stream)).await?)
    }

    /// Proof that an entry is in the tree of the newest head.
    ///
    /// # Errors
    /// If `cx` may not read the audit trail, or there is no such entry.
    pub async fn audit_proof(&self, cx: &Cx, stream: Stream, n: u64) -> Result<Proof, Error> {
        self.require(cx, Permission::AuditRead).await?;
        self.inner
            .store
            .read(move |r| {
                let (entries, head) = (r.entries(), r.entries().head(stream)?);
                let entry = kept(r, stream, n)?;
                let hashes = entries.inclusion_proof(stream, n, head.size)?;
                Ok(Proof { sequence: n, leaf_hash: reeve_ledger::leaf_hash(&entry.bytes), hashes, head })
            })
            .await
    }

    /// The pseudonym of a person, a key id, or a word such as `system`, for the actor filter.
    pub(crate) async fn people(&self) -> Result<describe::People, Error> {
        let read = |r: &Read<'_>| Ok::<_, Error>((r.users().all()?, r.subjects().all()?));
        let (users, subjects) = self.inner.store.read(read).await?;
        // The erased have an id and a name of their own, so that what one of them did can still be told from another's.
        let erased = subjects.into_iter().filter(|s| s.erased_at.is_some()).filter_map(|s| {
            let name = crate::erasures::erased_name(&s.subject);
            Some((s.subject, (s.user_id?, name)))
        });
        Ok(erased.chain(users.into_iter().map(|u| (u.subject, (u.id, u.name)))).collect())
    }

    /// The actor ids whose name or id holds `text`: people are known by name only here.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn actors_like(&self, text: &str) -> Result<Vec<String>, Error> {
        let (people, text) = (self.people().await?, text.to_lowercase());
        let matching = people.into_iter().filter(|(_, (id, name))| {
            name.to_lowercase().contains(&text) || id.to_string().to_lowercase() == text
        });
        Ok(matching.map(|(subject, _)| subject).collect())
    }
}
