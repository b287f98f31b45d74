//! Outside witnesses: parties that sign how long the ledger was, so that nobody who has this machine can shorten or rewrite it
//! unseen.
//!
//! A witness is a name and a key. What it signs comes back by hand ([`Engine::submit_cosigned`]) or is asked for over HTTP, if the
//! witness has an address ([`ask`], [`work`]). Both end in [`take`], which holds it against the tree.

mod ask;
mod take;
mod work;

pub use reeve_store::table::witnesses::{Cosigned, Witness};
pub use take::Taken;
pub(crate) use work::EVERY;
pub use work::Tried;

use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error};
use crate::events::EventKind;
use crate::overview::NeedsYou;
use parking_lot::Mutex;
use reeve_core::id::WitnessId;
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_ledger::{NoteError, VerifierKey, WitnessKey};
use reeve_store::Stream;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Witnesses at most.
const MOST: usize = 20;
/// A longer name is refused, in bytes.
const LONGEST_NAME: usize = 200;
/// Failing for longer is told on the overview.
const NOTABLE: i64 = Millis::HOUR;

/// What is remembered of the witnesses while Reeve runs.
#[derive(Default)]
pub(crate) struct Witnesses {
    /// How each holds another log than this, in a sentence.
    contradictions: Mutex<BTreeMap<WitnessId, String>>,
    doing: Mutex<BTreeMap<WitnessId, work::Doing>>,
    /// One looks whom to ask at a time, and a witness is asked one thing at a time.
    turn: tokio::sync::Mutex<()>,
    turns: Mutex<BTreeMap<WitnessId, Arc<tokio::sync::Mutex<()>>>>,
    /// Entries of the usage stream that say what a witness signed: they are no reason to ask again.
    own: AtomicU64,
    clients: crate::listeners::Clients,
}

/// A new witness.
#[derive(Clone, Debug)]
pub struct AddWitness {
    /// Its key, `name+id+key`.
    pub vkey: String,
    /// Where it takes checkpoints; `None`: they are carried by hand.
    pub url: Option<String>,
    /// Whether it may be at an address that is not public.
    pub allow_private: bool,
}

/// A witness with what it signed.
#[derive(Clone, Debug)]
pub struct WitnessStatus {
    /// The witness.
    pub witness: Witness,
    /// Of each stream how many entries there are, and the largest head that it signed.
    pub streams: Vec<(Stream, u64, Option<Cosigned>)>,
    /// The last time it was asked, since the start.
    pub tried: Option<Tried>,
}

impl Engine {
    /// The witnesses, in the order they were added.
    ///
    /// # Errors
    /// If `cx` may not read the audit trail.
    pub async fn witnesses(&self, cx: &Cx) -> Result<Vec<WitnessStatus>, Error> {
        self.require(cx, Permission::AuditRead).await?;
        self.witness_statuses().await
    }

    async fn witness_statuses(&self) -> Result<Vec<WitnessStatus>, Error> {
        let engine = self.clone();
        self.inner
            .store
            .read(move |r| {
                let status = |witness: Witness| {
                    let streams = Stream::ALL
                        .into_iter()
                        .map(|stream| {
                            let size = r.entries().head(stream)?.size;
                            Ok((stream, size, r.witnesses().latest(stream, witness.id)?))
                        })
                        .collect::<Result<_, Error>>()?;
                    Ok(WitnessStatus { tried: engine.tried(witness.id), streams, witness })
                };
                r.witnesses().standing()?.into_iter().map(status).collect()
            })
            .await
    }

    /// A witness.
    ///
    /// # Errors
    /// If `cx` may not read the audit trail, or there is none.
    pub async fn witness(&self, cx: &Cx, id: WitnessId) -> Result<WitnessStatus, Error> {
        self.require(cx, Permission::AuditRead).await?;
        let all = self.witness_statuses().await?;
        all.into_iter().find(|w| w.witness.id == id).ok_or_else(|| Error::not_found("witness"))
    }

    /// Adds a witness.
    ///
    /// # Errors
    /// If `cx` may not change settings, the key or the address is wrong, the key is the ledger's own, or it is known already.
    pub async fn add_witness(&self, cx: &Cx, new: AddWitness) -> Result<WitnessStatus, Error> {
        self.require(cx, Permission::SettingsWrite).await?;
        let key = read_key(&new.vkey)?;
        let url = new.url.map(|url| read_url(&url, new.allow_private)).transpose()?;
        let id = WitnessId(self.inner.ids.next());
        let mut draft = self
            .draft(cx, "witness.add", format_args!("witness:{id}"))
            .name(key.name())
            .detail("action", "CREATE")
            .detail("vkey", key.to_string())
            .detail("allow_private", new.allow_private);
        if let Some(url) = &url {
            draft = draft.detail("url", url.as_str());
        }
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let standing = tx.read().witnesses().standing()?;
                if standing.len() >= MOST {
                    let sentence = format!("There are {MOST} witnesses already; remove one first.");
                    return Err(Error::new(Code::Conflict, sentence));
                }
                let same = |w: &Witness| {
                    w.vkey.parse::<WitnessKey>().is_ok_and(|k| k.public_key() == key.public_key())
                };
                if let Some(known) = standing.iter().find(|w| same(w)) {
                    let sentence = format!("This key is that of {}, which is a witness already.", known.name);
                    return Err(Error::new(Code::Conflict, sentence));
                }
                for stream in Stream::ALL {
                    let own = tx.read().entries().keys(stream)?;
                    let mut own = own.iter().filter_map(|(_, vkey)| vkey.parse::<VerifierKey>().ok());
                    if own.any(|own| key.same_pair(&own)) {
                        return Err(Error::field(
                            "vkey",
                            "is the ledger's own key: it cannot be its own witness",
                        ));
                    }
                }
                let recorded = draft.record(tx)?;
                recorded.witnesses().insert(&Witness {
                    id,
                    name: key.name().to_owned(),
                    vkey: key.to_string(),
                    url,
                    allow_private: new.allow_private,
                    added_at: recorded.now(),
                    added_by: recorded.sequence(),
                    removed: None,
                    contradiction: None,
                })?;
                Ok(recorded.sequence())
            })
            .await?;
        self.told_of(EventKind::Ledger, sequence);
        let all = self.witness_statuses().await?;
        all.into_iter().find(|w| w.witness.id == id).ok_or_else(|| Error::not_found("witness"))
    }

    /// Removes a witness: what it signed is no longer counted, and what it holds against this ledger neither.
    ///
    /// # Errors
    /// If `cx` may not change settings, or there is none.
    pub async fn remove_witness(&self, cx: &Cx, id: WitnessId) -> Result<(), Error> {
        self.require(cx, Permission::SettingsWrite).await?;
        let found = self.inner.store.read(move |r| r.witnesses().get(id)).await?;
        let witness = found.ok_or_else(|| Error::not_found("witness"))?;
        let mut draft = self
            .draft(cx, "witness.remove", format_args!("witness:{id}"))
            .name(&witness.name)
            .detail("vkey", witness.vkey.as_str())
            .outcome(Outcome::Success, Severity::Warning);
        if let Some((_, words)) = &witness.contradiction {
            draft = draft
                .detail("message", format!("It was removed although this stood against the ledger: {words}"));
        }
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                if tx.read().witnesses().get(id)?.is_none() {
                    return Err(Error::not_found("witness"));
                }
                let recorded = draft.record(tx)?;
                recorded.witnesses().remove(id, recorded.now(), recorded.sequence())?;
                Ok(recorded.sequence())
            })
            .await?;
        self.inner.witnesses.contradictions.lock().remove(&id);
        self.inner.witnesses.doing.lock().remove(&id);
        self.inner.verdicts.forget_witness(id);
        self.told_of(EventKind::Ledger, sequence);
        Ok(())
    }

    /// Reads what stands against the ledger since before this start.
    pub(crate) async fn load_witnesses(&self) -> Result<(), Error> {
        let standing = self.inner.store.read(|r| r.witnesses().standing()).await?;
        let held = standing.into_iter().filter_map(|w| Some((w.id, w.contradiction?.1)));
        *self.inner.witnesses.contradictions.lock() = held.collect();
        Ok(())
    }

    /// What witnesses hold against the ledger, a sentence each.
    pub(crate) fn contradictions(&self) -> Vec<String> {
        self.inner.witnesses.contradictions.lock().values().cloned().collect()
    }

    /// Witnesses that a person should look at: that do not sign although they are asked.
    pub(crate) async fn silent_witnesses(&self) -> Result<Vec<NeedsYou>, Error> {
        let now = self.now();
        let need = |status: WitnessStatus| {
            let tried = status.tried?;
            let since = tried.failing_since.filter(|since| now.0 - since.0 >= NOTABLE)?;
            let why = tried.problem.unwrap_or_default();
            let text = format!("The witness {} does not sign the ledger: {why}", status.witness.name);
            Some(NeedsYou { severity: "warning", text, time: since, link: "/settings#witnesses".to_owned() })
        };
        Ok(self.witness_statuses().await?.into_iter().filter_map(need).collect())
    }

    /// Why a stream cannot be pruned to `to` yet: a witness that did not sign so far could never be shown what went.
    pub(crate) fn unwitnessed_prune(
        r: &reeve_store::Read<'_>,
        stream: Stream,
        to: u64,
    ) -> Result<Option<String>, Error> {
        for witness in r.witnesses().standing()? {
            let signed = r.witnesses().latest(stream, witness.id)?.map_or(0, |c| c.size);
            if signed < to {
                let name = &witness.name;
                return Ok(Some(format!(
                    "The witness {name} signed the first {signed} entries of this stream, and pruning would delete the first {to}. \
                     Have it sign a newer checkpoint first, or remove it."
                )));
            }
        }
        Ok(None)
    }
}

fn read_key(text: &str) -> Result<WitnessKey, Error> {
    let wrong = |message: &str| Error::field("vkey", message);
    let key: WitnessKey = text.trim().parse().map_err(|error| match error {
        NoteError::KeyType { kind: 1 } => wrong("is the key of a log, not of a witness"),
        NoteError::KeyType { .. } => {
            wrong("is of a kind that Reeve cannot check; Ed25519 (type 4) is needed")
        }
        NoteError::KeyId { .. } => wrong("is damaged: its parts do not fit together; copy it again"),
        _ => wrong("must be the witness's key as it gives it: name+8 digits+letters"),
    })?;
    if key.name().len() > LONGEST_NAME {
        return Err(wrong("has too long a name; 200 characters are the most"));
    }
    Ok(key)
}

fn read_url(text: &str, allow_private: bool) -> Result<String, Error> {
    let url = crate::listeners::checked_url(text, allow_private)?;
    if url.query().is_some() {
        return Err(Error::field("url", "may not hold a part behind ?"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}
