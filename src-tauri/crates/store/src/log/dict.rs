//! The dictionary of the filter columns: a word is stored once and known by a number.

use crate::error::StoreError;
use rusqlite::{Connection, OptionalExtension};
use std::collections::HashMap;

/// What kind of word.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Namespace {
    Kind = 1,
    Actor = 2,
    Resource = 3,
    Tenant = 4,
    /// Of a resource; no column of its own, but in the sets.
    Noun = 5,
}

const NAMESPACES: usize = Namespace::Noun as usize + 1;

/// Words of a namespace remembered at most; beyond it the memory starts afresh from the table.
const REMEMBERED: usize = 200_000;

#[derive(Default)]
pub(crate) struct Dict {
    // By namespace, so that a word is looked up as it is.
    known: [HashMap<String, i64, foldhash::quality::RandomState>; NAMESPACES],
    // Words first seen in the running transaction, oldest first; forgotten if their closure fails.
    fresh: Vec<(Namespace, String)>,
}

impl Dict {
    pub(crate) fn id(
        &mut self,
        conn: &Connection,
        namespace: Namespace,
        word: &str,
    ) -> Result<i64, StoreError> {
        let known = &mut self.known[namespace as usize];
        if let Some(id) = known.get(word) {
            return Ok(*id);
        }
        let id = match find(conn, namespace, word)? {
            Some(id) => id,
            None => {
                conn.prepare_cached("INSERT INTO dict (ns, s) VALUES (?1, ?2)")
                    .and_then(|mut s| s.execute(rusqlite::params![namespace as i64, word]))
                    .map_err(StoreError::sqlite("append to the ledger"))?;
                conn.last_insert_rowid()
            }
        };
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(word.to_owned(), id);
        self.fresh.push((namespace, word.to_owned()));
        Ok(id)
    }

    pub(crate) fn fresh(&self) -> usize {
        self.fresh.len()
    }

    pub(crate) fn forget(&mut self, mark: usize) {
        for (namespace, word) in self.fresh.drain(mark.min(self.fresh.len())..) {
            self.known[namespace as usize].remove(&word);
        }
    }

    pub(crate) fn keep(&mut self) {
        self.fresh.clear();
    }
}

/// The number of a word, if any entry uses it.
pub(crate) fn find(conn: &Connection, namespace: Namespace, word: &str) -> Result<Option<i64>, StoreError> {
    conn.prepare_cached("SELECT id FROM dict WHERE ns = ?1 AND s = ?2")
        .and_then(|mut s| s.query_row(rusqlite::params![namespace as i64, word], |r| r.get("id")).optional())
        .map_err(StoreError::sqlite("look up the ledger's dictionary"))
}

/// The text of a word; empty if there is none of that number.
pub(crate) fn word(conn: &Connection, id: i64) -> Result<String, StoreError> {
    conn.prepare_cached("SELECT s FROM dict WHERE id = ?1")
        .and_then(|mut s| s.query_row([id], |r| r.get("s")).optional())
        .map(Option::unwrap_or_default)
        .map_err(StoreError::sqlite("look up the ledger's dictionary"))
}
