//! What outside witnesses signed, against the tree; and who the witnesses are, against the entries that added and removed them.

use super::state;
use crate::error::StoreError;
use crate::log::Stream;
use crate::reader::Read;
use crate::table::entries::{EntryFilter, Head};
use crate::table::witnesses::{Cosigned, Witness};
use reeve_core::id::WitnessId;
use reeve_ledger::{Checkpoint, KeyChain, Leaf, WitnessKey};
use serde_json::Value;
use std::collections::BTreeMap;

/// Entries about witnesses that are looked at.
const MOST: usize = 10_000;

/// A witness with the largest head of a stream that it signed and that is the tree's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessed {
    /// Who; not one that was removed.
    pub witness: Witness,
    /// What.
    pub through: Option<Cosigned>,
}

impl Read<'_> {
    /// Who witnessed a stream and how far, and what of that does not fit, each in a sentence.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`], [`StoreError::Ledger`].
    pub fn witnessed(&self, stream: Stream) -> Result<(Vec<Witnessed>, Vec<String>), StoreError> {
        let all = self.witnesses().all()?;
        let mut faults = rows(self, &all)?;
        if self.witnesses().strays()? > 0 {
            faults.push("A signature of a witness is kept that is of no ledger.".to_owned());
        }
        let head = self.entries().head(stream)?;
        let Ok(keys) = state::keys(self, stream, &head)? else {
            // What is wrong with the keys is the verdict's first fault.
            return Ok((Vec::new(), faults));
        };
        let mut through: BTreeMap<WitnessId, Cosigned> = BTreeMap::new();
        for signed in self.witnesses().cosigned(stream)? {
            let by = all.iter().find(|w| w.id == signed.witness);
            match signature(self, &head, keys.as_ref(), by, &signed)? {
                Some(fault) => faults.push(fault),
                None => drop(through.insert(signed.witness, signed)),
            }
        }
        let standing = all.into_iter().filter(|w| w.removed.is_none());
        let witnessed = standing.map(|witness| Witnessed { through: through.remove(&witness.id), witness });
        Ok((witnessed.collect(), faults))
    }
}

/// What is wrong with a kept cosignature.
fn signature(
    read: &Read<'_>,
    head: &Head,
    keys: Option<&KeyChain>,
    by: Option<&Witness>,
    signed: &Cosigned,
) -> Result<Option<String>, StoreError> {
    let (size, stream) = (signed.size, signed.stream.as_str());
    let Some(by) = by else {
        return Ok(Some(format!(
            "A signature over the first {size} entries of the {stream} ledger is of no known witness."
        )));
    };
    let name = &by.name;
    let damaged = || {
        Some(format!(
            "What is kept of the signature of {name} over the first {size} entries of the {stream} ledger is damaged."
        ))
    };
    let text = signed.note.rsplit_once("\n\n").map(|(text, _)| format!("{text}\n")).unwrap_or_default();
    let (Ok(key), Ok(said)) = (by.vkey.parse::<WitnessKey>(), Checkpoint::parse(&text)) else {
        return Ok(damaged());
    };
    if key.verify(&text, &signed.cosignature).is_err() || said.size != size || said.origin != head.origin {
        return Ok(damaged());
    }
    let root = match read.entries().root_at(signed.stream, size) {
        _ if size > head.size => None,
        Ok(root) => Some(root),
        Err(StoreError::Ledger { .. }) => None,
        Err(other) => return Err(other),
    };
    if root != Some(said.root) {
        return Ok(Some(format!(
            "{name} signed the first {size} entries of the {stream} ledger, and they were not the ones that are here."
        )));
    }
    // Beside the right root, so a head that is not signed by the log's own key was changed here.
    let own = keys.is_some_and(|keys| keys.open(&signed.note).is_ok());
    Ok(if own { None } else { damaged() })
}

/// A witness as the entries tell it.
#[derive(Default)]
struct Told {
    added: Option<Leaf>,
    removed: Option<Leaf>,
    contradicted: Option<Leaf>,
}

/// What of the witnesses' rows is not what the entries say that added, removed and doubted them.
fn rows(read: &Read<'_>, all: &[Witness]) -> Result<Vec<String>, StoreError> {
    let filter = EntryFilter { noun: Some("witness".to_owned()), ..EntryFilter::default() };
    let page = read.entries().page(&filter, MOST)?;
    let kept = read.entries().head(Stream::Audit)?.min_index;
    let mut told: BTreeMap<String, Told> = BTreeMap::new();
    for leaf in page.entries.into_iter().rev().map(|e| e.leaf) {
        let of = told.entry(leaf.on.clone()).or_default();
        match leaf.kind.as_str() {
            "witness.add" => of.added = Some(leaf),
            "witness.remove" => of.removed = Some(leaf),
            "witness.contradict" => of.contradicted = Some(leaf),
            "witness.reconcile" => of.contradicted = None,
            _ => {}
        }
    }
    let mut faults = Vec::new();
    for witness in all {
        let told = told.remove(&format!("witness:{}", witness.id)).unwrap_or_default();
        if !fits(witness, &told, kept) {
            faults.push(format!(
                "What is kept of the witness {} is not what the entries about it say.",
                witness.name
            ));
        }
    }
    for on in told.iter().filter(|(_, told)| told.added.is_some()).map(|(on, _)| on) {
        faults.push(format!("The witness {on} was added by an entry, and nothing else is kept of it."));
    }
    Ok(faults)
}

/// What is said by an entry that was pruned is not compared.
fn fits(witness: &Witness, told: &Told, kept: u64) -> bool {
    let name = witness.vkey.parse::<WitnessKey>().is_ok_and(|key| key.name() == witness.name);
    let added = match &told.added {
        None => witness.added_by < kept,
        Some(leaf) => {
            let text = |key: &str| leaf.x.get(key).and_then(Value::as_str);
            leaf.n == witness.added_by
                && leaf.t == witness.added_at.0
                && text("vkey") == Some(&witness.vkey)
                && text("url") == witness.url.as_deref()
                && leaf.x.get("allow_private").and_then(Value::as_bool) == Some(witness.allow_private)
        }
    };
    let removed = match (&told.removed, witness.removed) {
        (None, None) => true,
        (None, Some((_, by))) => by < kept,
        (Some(leaf), Some((at, by))) => leaf.n == by && leaf.t == at.0,
        (Some(_), None) => false,
    };
    let contradicted = match (&told.contradicted, &witness.contradiction) {
        (None, None) => true,
        (None, Some((by, _))) => *by < kept,
        (Some(leaf), Some((by, words))) => {
            leaf.n == *by && leaf.x.get("message").and_then(Value::as_str) == Some(words)
        }
        (Some(_), None) => false,
    };
    name && added && removed && contradicted
}
