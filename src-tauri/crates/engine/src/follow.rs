//! Listening to the audit trail inside this process: whole entries, in their order, after they are on disk.
//!
//! ```ignore
//! let mut follow = engine.follow(Stream::Audit, None);
//! while let Ok(heard) = follow.next().await {
//!     match heard {
//!         Heard::Entry(entry) => println!("{}", entry.leaf.kind),
//!         Heard::Gap { first, end } => println!("{} entries were passed over", end - first),
//!     }
//! }
//! ```
//!
//! A listener reads the ledger behind the writer, at its own pace: it never holds the writer up, and it needs no buffer that
//! could overflow. Who must not fall far behind says so ([`Follow::at_most_behind`]) and is told what was passed over.

use crate::Engine;
use crate::error::{Code, Error};
use reeve_ledger::Leaf;
use reeve_store::table::entries::Entry;
use reeve_store::{Store, Stream};
use std::collections::VecDeque;
use tokio::sync::watch;

/// Entries read at once.
const PAGE: usize = 256;

/// What a listener hears.
#[derive(Clone, Debug)]
pub enum Heard {
    /// The next entry.
    Entry(Box<Entry>),
    /// Entries it will not hear: it was further behind than it wanted to be, or they are not there any more.
    Gap {
        /// The first of them.
        first: u64,
        /// Behind the last.
        end: u64,
    },
}

/// A place in a stream that moves on.
pub struct Follow {
    store: Store,
    heads: watch::Receiver<[u64; 2]>,
    stream: Stream,
    next: u64,
    most_behind: Option<u64>,
    read: VecDeque<Entry>,
}

impl Engine {
    /// Listens to `stream` from the entry with the index `first` on; from now on if it is `None`. Whoever runs in this process
    /// may: nothing is asked, and no private section is opened.
    #[must_use]
    pub fn follow(&self, stream: Stream, first: Option<u64>) -> Follow {
        let heads = self.inner.store.heads();
        let next = first.unwrap_or_else(|| size(&heads, stream));
        Follow {
            store: self.inner.store.clone(),
            heads,
            stream,
            next,
            most_behind: None,
            read: VecDeque::new(),
        }
    }
}

fn size(heads: &watch::Receiver<[u64; 2]>, stream: Stream) -> u64 {
    let [audit, usage] = *heads.borrow();
    match stream {
        Stream::Audit => audit,
        Stream::Usage => usage,
    }
}

impl Follow {
    /// Passes over entries rather than be more than so many behind, and tells of the gap.
    #[must_use]
    pub fn at_most_behind(mut self, entries: u64) -> Self {
        self.most_behind = Some(entries);
        self
    }

    /// Index of the entry that is heard next.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.next
    }

    /// The next that is heard; waits for it. Dropped while it waits, it loses nothing.
    ///
    /// # Errors
    /// [`Code::Unavailable`] once the engine is closed; [`Code::Internal`] if the ledger cannot be read.
    pub async fn next(&mut self) -> Result<Heard, Error> {
        loop {
            if let Some(entry) = self.read.pop_front() {
                let (first, n) = (self.next, entry.leaf.n);
                if n > first {
                    self.next = n;
                    self.read.push_front(entry);
                    return Ok(Heard::Gap { first, end: n });
                }
                self.next = n + 1;
                return Ok(Heard::Entry(Box::new(entry)));
            }
            let _ = self.heads.borrow_and_update();
            let end = size(&self.heads, self.stream);
            if self.next >= end {
                let closed = |_| Error::new(Code::Unavailable, "Reeve is shutting down.");
                self.heads.changed().await.map_err(closed)?;
                continue;
            }
            let first = self.next;
            if let Some(most) = self.most_behind
                && end - first > most
            {
                self.next = end - most;
                return Ok(Heard::Gap { first, end: self.next });
            }
            self.fill(end).await?;
            if self.read.is_empty() {
                self.next = end;
                return Ok(Heard::Gap { first, end });
            }
        }
    }

    async fn fill(&mut self, end: u64) -> Result<(), Error> {
        let (stream, first) = (self.stream, self.next);
        let lines = self.store.read(move |r| r.entries().lines(stream, first, end, PAGE)).await?;
        for (n, bytes) in lines {
            let leaf = Leaf::parse(&bytes).map_err(|e| {
                let message = format!("Entry {n} cannot be read; verify the ledger.");
                Error::new(Code::Internal, message).because(e)
            })?;
            self.read.push_back(Entry { stream, leaf, bytes });
        }
        Ok(())
    }
}
