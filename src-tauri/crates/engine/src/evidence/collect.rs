//! What a period holds, by what auditors ask for.

use super::AskEvidence;
use crate::Engine;
use crate::audit::{Described, Stream};
use crate::error::Error;
use reeve_core::period::{Zone, local_day};
use reeve_core::time::Millis;
use reeve_ledger::Leaf;
use reeve_store::Read;
use reeve_store::table::entries::{Checkpoint, Entry};
use std::collections::{BTreeMap, BTreeSet};

/// Rows of a section at most; the rest is in the bundle.
const ROWS: usize = 2_000;
/// Entries read at once.
const PAGE: usize = 1_000;

/// What a section is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Topic {
    Access,
    Changes,
    Policy,
    SignIns,
    Verifications,
    Readers,
}

/// Where an entry belongs; most of what happens at the gateway belongs nowhere and is counted.
fn topic(kind: &str) -> Option<Topic> {
    let (noun, verb) = kind.split_once('.')?;
    Some(match (noun, verb) {
        (_, "exceeded" | "refuse" | "deny" | "threshold" | "overrun") => return None,
        ("auth", _) | ("access", _) | ("security", _) => Topic::SignIns,
        ("audit", "verify") => Topic::Verifications,
        ("audit" | "evidence", _) | ("data", "export" | "access") => Topic::Readers,
        ("retention" | "legal_hold" | "privacy", _) | ("data", "delete") => Topic::Policy,
        ("user" | "role" | "permission" | "api_key" | "key" | "vault" | "session", _) => Topic::Access,
        ("usage" | "charge" | "sample", _) => return None,
        _ => Topic::Changes,
    })
}

/// A row of a section.
pub(super) struct Row {
    pub(super) n: u64,
    pub(super) time: Millis,
    pub(super) kind: String,
    pub(super) actor: String,
    pub(super) summary: String,
    pub(super) outcome: &'static str,
    pub(super) changes: Vec<(String, String, String)>,
}

/// A section: its rows, and how many more there are.
#[derive(Default)]
pub(super) struct Rows {
    pub(super) rows: Vec<Row>,
    pub(super) more: u64,
}

impl Rows {
    fn push(&mut self, row: Row) {
        match self.rows.len() < ROWS {
            true => self.rows.push(row),
            false => self.more += 1,
        }
    }
}

/// What was found in a period.
#[derive(Default)]
pub(super) struct Found {
    pub(super) first: u64,
    pub(super) end: u64,
    pub(super) topics: BTreeMap<Topic, Rows>,
    /// Every event type with how often it was written, and how often not with success.
    pub(super) counts: BTreeMap<String, (u64, u64)>,
    /// Days of the period on which nothing was written.
    pub(super) silent_days: Vec<String>,
    /// Entries before this one were pruned, as entry .1 says, at .2.
    pub(super) pruned: Option<(u64, u64, Millis)>,
    pub(super) checkpoints: Vec<Checkpoint>,
}

impl Found {
    pub(super) async fn collect(
        engine: &Engine,
        ask: &AskEvidence,
        first: u64,
        end: u64,
    ) -> Result<Self, Error> {
        let (mut found, mut days) = (Self { first, end, ..Self::default() }, BTreeSet::new());
        let (people, zone) = (engine.people().await?, engine.zone());
        let mut next = first;
        while next < end {
            let read = move |r: &Read<'_>| r.entries().lines(Stream::Audit, next, end, PAGE);
            let lines = engine.inner.store.read(read).await?;
            let Some((last, _)) = lines.last() else { break };
            next = last + 1;
            for (_, bytes) in lines {
                let Ok(leaf) = Leaf::parse(&bytes) else { continue };
                let entry = Entry { stream: Stream::Audit, leaf, bytes };
                let described = crate::audit::described(&entry, &people, engine);
                days.insert(local_day(zone, described.time));
                found.add(&entry, described);
            }
        }
        found.silent_days = silent(zone, ask, engine.now(), &days);
        let (from, to) = (ask.from, ask.to);
        let read = move |r: &Read<'_>| {
            let head = r.entries().head(Stream::Audit)?;
            let pruned = head.pruned.map(|(by, at)| (head.min_index, by, at));
            Ok::<_, Error>((r.entries().checkpoints(Stream::Audit, from, to)?, pruned))
        };
        (found.checkpoints, found.pruned) = engine.inner.store.read(read).await?;
        Ok(found)
    }

    fn add(&mut self, entry: &Entry, d: Described) {
        let count = self.counts.entry(d.event_type.clone()).or_default();
        count.0 += 1;
        count.1 += u64::from(d.outcome != "success");
        let Some(topic) = topic(&d.event_type) else { return };
        let text = |change: &serde_json::Value, key: &str| {
            change.get(key).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
        };
        let changes = entry.leaf.x.get("changes").and_then(serde_json::Value::as_array);
        let changes =
            changes.into_iter().flatten().map(|c| (text(c, "field"), text(c, "before"), text(c, "after")));
        self.topics.entry(topic).or_default().push(Row {
            n: d.sequence,
            time: d.time,
            kind: d.event_type,
            actor: d.actor.name,
            summary: d.summary,
            outcome: d.outcome,
            changes: changes.collect(),
        });
    }
}

/// The days of the period, as far as it is over, on which nothing was written.
fn silent(zone: Zone, ask: &AskEvidence, now: Millis, days: &BTreeSet<chrono::NaiveDate>) -> Vec<String> {
    let last = local_day(zone, Millis(ask.to.0.min(now.0) - 1));
    let mut silent = Vec::new();
    let mut day = local_day(zone, ask.from);
    while day <= last && silent.len() < ROWS {
        if !days.contains(&day) {
            silent.push(day.to_string());
        }
        let Some(next) = day.succ_opt() else { break };
        day = next;
    }
    silent
}
