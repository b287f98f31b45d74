//! The ledger's writing side: appends leaves, keeps the Merkle trees, signs heads. All in the writer's transaction.

pub(crate) mod dict;
pub(crate) mod kept;
pub(crate) mod keys;
pub(crate) mod places;
pub mod prune;
pub(crate) mod sets;
pub(crate) mod stream;
pub(crate) mod words;

use crate::error::StoreError;
use dict::Dict;
use reeve_core::time::Millis;
use reeve_ledger::{Leaf, Outline, Signer};
use rusqlite::Connection;
use serde_json::{Map, Value};
use sets::Filed;
use std::sync::Arc;
use stream::{Staged, StreamLog};

pub(crate) use dict::Namespace;

/// Which log an entry belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Stream {
    /// Changes, access decisions, sign-ins, exports: kept long.
    Audit,
    /// Charges: one entry a call.
    Usage,
}

impl Stream {
    /// Both, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::Audit, Self::Usage];

    /// The word in origins and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Usage => "usage",
        }
    }

    /// The stream of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }

    pub(crate) const fn number(self) -> i64 {
        match self {
            Self::Audit => 0,
            Self::Usage => 1,
        }
    }

    /// The row id of entry `n`.
    pub(crate) fn entry_id(self, n: u64) -> i64 {
        (self.number() << 48) | crate::sql::signed(n)
    }
}

/// An entry to be written. Index, time and clock are given by the writer.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// Event type, such as `tenant.create`.
    pub kind: String,
    /// Pseudonymous actor id.
    pub who: String,
    /// Channel: `ui`, `api`, `gateway`, `cli`, `system`.
    pub via: String,
    /// Resource, `type:id`; empty for none.
    pub on: String,
    /// Outcome.
    pub ok: reeve_ledger::leaf::Ok,
    /// Correlation id.
    pub sid: Option<String>,
    /// Public details; `tenant` in it becomes a filter.
    pub details: Map<String, Value>,
    /// Sealed personal data.
    pub private: Vec<Private>,
}

/// Personal data of an entry: the leaf gets the commitment, the blob stays erasable.
#[derive(Clone, Debug)]
pub struct Private {
    /// Which data key seals it.
    pub key_id: String,
    /// Salted commitment to the sealed text.
    pub commitment: [u8; 32],
    /// Salt and text, sealed.
    pub sealed: Vec<u8>,
}

/// What the filter columns of an entry must be; derived from its leaf both when it is written and when it is verified.
pub(crate) struct Columns<'l> {
    pub kind: &'l str,
    pub who: &'l str,
    pub res: &'l str,
    pub tenant: &'l str,
    pub ok: i64,
}

/// The detail that is a filter column as well.
pub(crate) const TENANT: &str = "tenant";

pub(crate) fn columns(leaf: &Leaf) -> Columns<'_> {
    let tenant = leaf.x.get(TENANT).and_then(Value::as_str).unwrap_or("");
    Columns { kind: &leaf.kind, who: &leaf.who, res: &leaf.on, tenant, ok: number(leaf.ok) }
}

/// The same of an entry that was read in outline, and of its tenant.
pub(crate) fn columns_of<'l>(leaf: &'l Outline<'_>, tenant: Option<&'l str>) -> Columns<'l> {
    let tenant = tenant.unwrap_or("");
    Columns { kind: &leaf.kind, who: &leaf.who, res: &leaf.on, tenant, ok: number(leaf.ok) }
}

const fn number(ok: reeve_ledger::leaf::Ok) -> i64 {
    match ok {
        reeve_ledger::leaf::Ok::Success => 0,
        reeve_ledger::leaf::Ok::Denied => 1,
        reeve_ledger::leaf::Ok::Error => 2,
        reeve_ledger::leaf::Ok::Unknown => 3,
    }
}

/// The state of both streams in memory; the tables hold the same after every commit.
pub(crate) struct Log {
    streams: [StreamLog; 2],
    dict: Dict,
}

/// Where to go back to when a closure fails.
pub(crate) struct Mark {
    staged: [usize; 2],
    words: usize,
}

impl Log {
    pub(crate) fn load(conn: &Connection) -> Result<Self, StoreError> {
        let [audit, usage] = Stream::ALL;
        Ok(Self {
            streams: [StreamLog::load(conn, audit)?, StreamLog::load(conn, usage)?],
            dict: Dict::default(),
        })
    }

    pub(crate) fn reload(&mut self, conn: &Connection) -> Result<(), StoreError> {
        let mut fresh = Self::load(conn)?;
        for (new, old) in fresh.streams.iter_mut().zip(&mut self.streams) {
            new.take_signer(old);
        }
        *self = fresh;
        Ok(())
    }

    /// Entries of each stream that are in the tree.
    pub(crate) fn sizes(&self) -> [u64; 2] {
        self.streams.each_ref().map(StreamLog::size)
    }

    pub(crate) fn mark(&self) -> Mark {
        let [audit, usage] = &self.streams;
        Mark { staged: [audit.staged(), usage.staged()], words: self.dict.fresh() }
    }

    pub(crate) fn rewind(&mut self, mark: Mark) {
        for (stream, staged) in self.streams.iter_mut().zip(mark.staged) {
            stream.unstage(staged);
        }
        self.dict.forget(mark.words);
    }

    /// Writes the leaf of `entry` and its filter columns; the tree follows in [`Log::seal`].
    pub(crate) fn append(
        &mut self,
        conn: &Connection,
        stream: Stream,
        entry: NewEntry,
        now: Millis,
    ) -> Result<u64, StoreError> {
        let (n, hlc) = self.of(stream).next(now);
        let leaf = Leaf {
            n,
            t: now.0,
            hlc,
            kind: entry.kind,
            who: entry.who,
            via: entry.via,
            on: entry.on,
            ok: entry.ok,
            sid: entry.sid,
            x: entry.details,
            p: entry.private.iter().map(|p| (p.key_id.clone(), p.commitment)).collect(),
        };
        let bytes = leaf.encode().map_err(|e| StoreError::Leaf(Arc::new(e)))?;
        let id = stream.entry_id(n);
        let filed = self.insert(conn, id, &leaf, &bytes)?;
        // Known before its first part is full, so that a resource can be found by its id alone.
        let noun = match sets::noun(&leaf.on) {
            "" => 0,
            noun => self.dict.id(conn, Namespace::Noun, noun)?,
        };
        insert_private(conn, id, &entry.private)?;
        self.of(stream).stage(Staged { hash: reeve_ledger::leaf_hash(&bytes), time: now, filed, noun }, hlc);
        Ok(n)
    }

    fn insert(&mut self, conn: &Connection, id: i64, leaf: &Leaf, bytes: &[u8]) -> Result<Filed, StoreError> {
        let columns = columns(leaf);
        let kind = self.dict.id(conn, Namespace::Kind, columns.kind)?;
        let who = self.dict.id(conn, Namespace::Actor, columns.who)?;
        let res = self.dict.id(conn, Namespace::Resource, columns.res)?;
        let tenant = self.dict.id(conn, Namespace::Tenant, columns.tenant)?;
        conn.prepare_cached("INSERT INTO entries (id, t, kind, who, res, tenant, ok, leaf) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
            .and_then(|mut s| s.execute(rusqlite::params![id, leaf.t, kind, who, res, tenant, columns.ok, bytes]))
            .map_err(StoreError::sqlite("append to the ledger"))?;
        Ok(Filed { place: Filed::place(id), kind, who, res, tenant, ok: columns.ok })
    }

    /// Brings trees, tiles, bundles and heads up to date with the staged leaves; runs once a transaction.
    pub(crate) fn seal(&mut self, conn: &Connection, now: Millis) -> Result<(), StoreError> {
        self.dict.keep();
        self.streams.iter_mut().try_for_each(|stream| stream.seal(conn, now))
    }

    fn of(&mut self, stream: Stream) -> &mut StreamLog {
        let [audit, usage] = &mut self.streams;
        match stream {
            Stream::Audit => audit,
            Stream::Usage => usage,
        }
    }

    /// What was done is on the disk.
    pub(crate) fn committed(&mut self) {
        self.streams.iter_mut().for_each(StreamLog::committed);
    }

    /// The entry that was appended last names the key that signs from it on.
    pub(crate) fn hand_over_to(&mut self, stream: Stream, signer: Signer) -> Result<(), StoreError> {
        self.of(stream).hand_over_to(signer)
    }

    /// Deletes kept heads that newer ones stand for; how many.
    pub(crate) fn thin(&mut self, conn: &Connection, now: Millis) -> Result<usize, StoreError> {
        self.streams.iter_mut().map(|stream| stream.thin(conn, now)).sum()
    }

    /// Deletes kept heads of a stream below `to` that cannot be proven any more.
    pub(crate) fn drop_heads(
        &mut self,
        conn: &Connection,
        stream: Stream,
        to: u64,
    ) -> Result<(), StoreError> {
        let [audit, usage] = &mut self.streams;
        if stream == Stream::Audit { audit.drop_heads(conn, to) } else { usage.drop_heads(conn, to) }
    }

    pub(crate) fn retain(&mut self, conn: &Connection, reason: &str, now: Millis) -> Result<(), StoreError> {
        self.streams.iter_mut().try_for_each(|stream| stream.retain_after_seal(conn, reason, now))
    }

    pub(crate) fn sign_with(
        &mut self,
        conn: &Connection,
        signer: Signer,
        stream: &str,
    ) -> Result<(), StoreError> {
        let [audit, usage] = &mut self.streams;
        if stream == "audit" { audit.sign_with(conn, signer) } else { usage.sign_with(conn, signer) }
    }
}

fn insert_private(conn: &Connection, entry_id: i64, sections: &[Private]) -> Result<(), StoreError> {
    for (i, section) in (0i64..).zip(sections) {
        conn.prepare_cached(
            "INSERT INTO private_sections (entry_id, i, key_id, sealed) VALUES (?1, ?2, ?3, ?4)",
        )
        .and_then(|mut s| s.execute(rusqlite::params![entry_id, i, section.key_id, section.sealed]))
        .map_err(StoreError::sqlite("append to the ledger"))?;
    }
    Ok(())
}
