//! Full text of the audit stream, in a file of its own beside the store. It is derived: nothing is proven by it, it may be
//! deleted at any time and is made again, and the writer of the store never waits for it. What it says is only where to look;
//! entries themselves come from the ledger.

use crate::error::StoreError;
use crate::sql::{signed, unsigned};
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long one question may take; a short beginning that very many words have is not worth more.
const PATIENCE: Duration = Duration::from_secs(2);
/// The shortest last word that also stands for words that begin with it.
const PREFIX: usize = 3;

/// A beginning stands for at most so many words by itself; more are left to SQLite, which gathers all their entries first.
const WORDS_OF_BEGINNING: usize = 32;

const SCHEMA: &str = "
CREATE VIRTUAL TABLE IF NOT EXISTS texts USING fts5(text, content='', columnsize=0, detail=none, tokenize='ascii');
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5vocab(texts, instance);
CREATE TABLE IF NOT EXISTS about (id INTEGER PRIMARY KEY CHECK (id = 1), origin TEXT NOT NULL, indexed INTEGER NOT NULL) STRICT;
INSERT OR IGNORE INTO about VALUES (1, '', 0);";

/// The index.
pub struct TextIndex {
    // One to write, one to read: whoever searches does not wait for a batch of new entries.
    writes: Mutex<Connection>,
    reads: Mutex<Connection>,
}

/// The words of a text: in small letters, cut where a character is neither letter nor digit.
#[must_use]
pub fn words(text: &str) -> BTreeSet<String> {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// What is looked for: every word, the last also as a beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextQuery {
    whole: Vec<String>,
    beginning: Option<String>,
}

impl TextQuery {
    /// Reads what somebody typed; `None` if there is no word in it.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let lower = typed.to_lowercase();
        let mut whole: Vec<_> = lower
            .split(|c: char| !c.is_alphanumeric())
            .filter(|w| !w.is_empty())
            .map(str::to_owned)
            .collect();
        let unfinished = lower.ends_with(char::is_alphanumeric);
        let beginning = whole.pop_if(|last| unfinished && last.chars().count() >= PREFIX);
        (!whole.is_empty() || beginning.is_some()).then_some(Self { whole, beginning })
    }

    /// Whether a text with these words is meant.
    #[must_use]
    pub fn fits(&self, words: &BTreeSet<String>) -> bool {
        let begins = |beginning: &String| {
            words.range(beginning.clone()..).next().is_some_and(|word| word.starts_with(beginning.as_str()))
        };
        self.whole.iter().all(|word| words.contains(word)) && self.beginning.as_ref().is_none_or(begins)
    }

    /// What FTS5 is asked. Words hold letters and digits alone: quoted, none of them can be an operator.
    fn to_fts(&self, conn: &Connection) -> rusqlite::Result<String> {
        let mut terms: Vec<_> = self.whole.iter().map(|word| format!("\"{word}\"")).collect();
        if let Some(beginning) = &self.beginning {
            terms.push(match words_of(conn, beginning)? {
                // Of single words the newest entries come first, without a look at the rest.
                Some(words) => {
                    let words: Vec<_> = words.iter().map(|word| format!("\"{word}\"")).collect();
                    format!("({})", words.join(" OR "))
                }
                None => format!("\"{beginning}\"*"),
            });
        }
        Ok(terms.join(" AND "))
    }
}

/// The words that begin so, and this one in any case; `None` if they are too many.
fn words_of(conn: &Connection, beginning: &str) -> rusqlite::Result<Option<Vec<String>>> {
    let mut next = conn.prepare_cached("SELECT term FROM words WHERE term >= ?1 LIMIT 1")?;
    let mut words = vec![beginning.to_owned()];
    while words.len() <= WORDS_OF_BEGINNING {
        // The least text behind the last word: a word has many rows here, and all but the first are passed over.
        let behind = words.last().map(|last| format!("{last}\u{1}")).unwrap_or_default();
        match next.query_row([behind], |r| r.get::<_, String>("term")).optional()? {
            Some(word) if word.starts_with(beginning) => words.push(word),
            _ => return Ok(Some(words)),
        }
    }
    Ok(None)
}

impl TextIndex {
    /// Opens or makes the index beside the store. A file that cannot be read is made anew.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`] if that fails, too.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join("search.db");
        Self::try_open(&path).or_else(|_| {
            for file in ["search.db", "search.db-wal", "search.db-shm"] {
                let _ = std::fs::remove_file(folder.join(file));
            }
            Self::try_open(&path)
        })
    }

    fn try_open(path: &Path) -> Result<Self, StoreError> {
        let writes = connect(path)?;
        writes.execute_batch(SCHEMA).map_err(StoreError::sqlite("make the text index"))?;
        let reads = connect(path)?;
        Ok(Self { writes: Mutex::new(writes), reads: Mutex::new(reads) })
    }

    /// How many entries of the log `origin` are in it, counted from the first. An index of another log is emptied.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn indexed(&self, origin: &str, size: u64) -> Result<u64, StoreError> {
        let conn = self.writes.lock();
        let (of, indexed) = conn
            .prepare_cached("SELECT origin, indexed FROM about")?
            .query_row([], |r| Ok((r.get::<_, String>("origin")?, unsigned(r, "indexed")?)))?;
        // The origin is known with the first signing key; entries may come before.
        let same = of == origin || of.is_empty();
        if same && indexed <= size {
            return Ok(indexed);
        }
        conn.execute_batch("DROP TABLE words; DROP TABLE texts; DROP TABLE about;")?;
        conn.execute_batch(SCHEMA)?;
        Ok(0)
    }

    /// Adds the texts of entries, by their indexes, ascending. What is behind the last counts as indexed.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn add(&self, origin: &str, texts: &[(u64, String)]) -> Result<(), StoreError> {
        let Some((last, _)) = texts.last() else { return Ok(()) };
        let mut conn = self.writes.lock();
        let tx = conn.transaction()?;
        {
            let mut insert = tx.prepare_cached("INSERT INTO texts (rowid, text) VALUES (?1, ?2)")?;
            for (n, text) in texts {
                let words: Vec<_> = words(text).into_iter().collect();
                insert.execute(params![signed(*n), words.join(" ")])?;
            }
        }
        tx.execute("UPDATE about SET origin = ?1, indexed = ?2", params![origin, signed(last + 1)])?;
        Ok(tx.commit()?)
    }

    /// The newest entries before `before` whose texts are meant, newest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Stopped`] if it takes too long, [`StoreError::Sqlite`].
    pub fn hits(&self, query: &TextQuery, before: u64, limit: usize) -> Result<Vec<u64>, StoreError> {
        let conn = self.reads.lock();
        let until = Instant::now() + PATIENCE;
        conn.progress_handler(10_000, Some(move || Instant::now() > until))?;
        match newest(&conn, query, before, limit) {
            Err(e) if e.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) => {
                Err(StoreError::Stopped)
            }
            found => Ok(found?),
        }
    }
}

fn newest(conn: &Connection, query: &TextQuery, before: u64, limit: usize) -> rusqlite::Result<Vec<u64>> {
    let asked = query.to_fts(conn)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    conn.prepare_cached(
        "SELECT rowid AS n FROM texts WHERE texts MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC LIMIT ?3",
    )?
    .query_map(params![asked, signed(before), limit], |r| unsigned(r, "n"))?
    .collect()
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let conn = Connection::open(path).map_err(StoreError::sqlite("open the text index"))?;
    let set = |name: &str, value: &str| {
        conn.pragma_update(None, name, value).map_err(StoreError::sqlite("set up the text index"))
    };
    set("journal_mode", "WAL")?;
    // What a power cut takes is indexed again: only the file must stay whole.
    set("synchronous", "NORMAL")?;
    set("busy_timeout", "5000")?;
    set("trusted_schema", "OFF")?;
    set("mmap_size", "1073741824")?;
    Ok(conn)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(folder: &Path) -> TextIndex {
        let index = TextIndex::open(folder).unwrap();
        let texts =
            ["Changed Acme Corp", "Signed in", "Changed \"Ünïcode\" OR NEAR(key_01hx)", "acme corporation"];
        let texts: Vec<_> = (0..).zip(texts.map(str::to_owned)).collect();
        index.add("log/a", &texts).unwrap();
        index
    }

    #[test]
    fn every_word_must_be_there_and_the_last_may_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let index = filled(folder.path());
        for (typed, expected) in [
            ("acme", vec![3, 0]),
            ("ACME corp", vec![3, 0]),
            ("acme corp ", vec![0]),
            ("changed", vec![2, 0]),
            ("sig in", vec![]),
            ("in sig", vec![1]),
            ("ünïc", vec![2]),
            ("key_01hx", vec![2]),
            ("or near", vec![2]),
            ("NOT acme", vec![]),
            ("\"*) --", vec![]),
        ] {
            let found = TextQuery::parse(typed).map(|q| index.hits(&q, u64::MAX >> 1, 10).unwrap());
            assert_eq!(found.unwrap_or_default(), expected, "{typed}");
        }
        let query = TextQuery::parse("acme").unwrap();
        assert_eq!(index.hits(&query, 3, 10).unwrap(), [0]);
        assert_eq!(index.hits(&query, 9, 1).unwrap(), [3]);
    }

    #[test]
    fn looking_at_the_words_finds_what_the_index_finds() {
        for (typed, text, fits) in [
            ("acme corp", "Changed Acme Corp", true),
            ("corp acme", "Changed Acme Corporation", false),
            ("acme cor", "Changed Acme Corporation", true),
            ("acme cor ", "Changed Acme Corporation", false),
            ("in", "Signed in", true),
            ("si", "Signed in", false),
        ] {
            assert_eq!(TextQuery::parse(typed).unwrap().fits(&words(text)), fits, "{typed} in {text}");
        }
        assert_eq!(TextQuery::parse(" -- "), None);
    }

    #[test]
    fn an_index_of_another_log_or_a_longer_one_is_begun_again() {
        let folder = tempfile::tempdir().unwrap();
        let index = filled(folder.path());
        assert_eq!(index.indexed("log/a", 4).unwrap(), 4);
        assert_eq!(index.indexed("log/a", 3).unwrap(), 0, "the store was taken back to an older copy");
        index.add("log/a", &[(0, "one".to_owned())]).unwrap();
        assert_eq!(index.indexed("log/b", 4).unwrap(), 0);
        drop(index);
        std::fs::write(folder.path().join("search.db"), b"this is no database").unwrap();
        assert_eq!(TextIndex::open(folder.path()).unwrap().indexed("log/a", 4).unwrap(), 0);
    }
}
