//! What goes out of Reeve is said before it goes, and what came of it afterwards. Where Reeve broke off in between, the next start
//! says that nobody knows.

use super::{EntryFilter, Stream};
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::Error;
use reeve_ledger::Leaf;
use reeve_ledger::leaf::Ok as Outcome;
use std::collections::HashSet;

/// The event types of an intent and of its result; both have the same correlation id.
const PAIRS: [(&str, &str); 1] = [("key.probe_intent", "key.probe")];
/// Intents of one session that are looked at, the newest first: people click them, so that there are never as many.
const MOST: usize = 1_000;

impl Engine {
    /// Gives every intent since an entry, at which a session began that broke off, the result it has not.
    pub(crate) async fn answer_open_intents(&self, since: u64) -> Result<(), Error> {
        for (intent, result) in PAIRS {
            let answered: HashSet<_> =
                self.leaves_since(result, since).await?.into_iter().filter_map(|leaf| leaf.sid).collect();
            for leaf in self.leaves_since(intent, since).await?.into_iter().rev() {
                let Some(sid) = leaf.sid.filter(|sid| !answered.contains(sid)) else { continue };
                let draft = self
                    .draft(&Cx::system(), result, &leaf.on)
                    .detail(
                        "message",
                        "Reeve stopped before the answer came. Whether the request arrived is not known.",
                    )
                    .outcome(Outcome::Error, Severity::Warning)
                    .paired(&sid);
                self.record(draft).await?;
            }
        }
        Ok(())
    }

    async fn leaves_since(&self, kind: &str, since: u64) -> Result<Vec<Leaf>, Error> {
        let filter = EntryFilter {
            stream: Some(Stream::Audit),
            kinds: vec![kind.to_owned()],
            since: Some(since),
            ..EntryFilter::default()
        };
        let page = self.inner.store.read(move |r| r.entries().page(&filter, MOST)).await?;
        Ok(page.entries.into_iter().map(|entry| entry.leaf).collect())
    }
}
