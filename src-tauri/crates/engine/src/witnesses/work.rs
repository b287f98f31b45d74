//! When witnesses with an address are asked: soon after there is something new, then every ten minutes; after a failure later and
//! later. Nothing waits for them.

use super::{Taken, Witness};
use crate::Engine;
use crate::cx::Cx;
use crate::error::{Code, Error};
use reeve_core::id::WitnessId;
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use reeve_store::Stream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::task::JoinSet;

/// How often it is looked whether somebody is to be asked.
pub(crate) const EVERY: std::time::Duration = std::time::Duration::from_secs(5);
/// A witness is asked at most so often while all goes well.
const REST: i64 = 10 * Millis::MINUTE;
/// After the first failure it is asked again so soon; then twice as late each time.
const AGAIN: i64 = Millis::MINUTE;
/// It is never asked later than this.
const LATEST: i64 = Millis::HOUR;

/// The last time that a witness was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// When.
    pub at: Millis,
    /// `signed`, or why not: `unknown_log`, `unknown_key`, `away`, `strange_answer`, `too_far`, `locked`, `contradicts` or `failed`.
    pub outcome: &'static str,
    /// Why not, in a sentence.
    pub problem: Option<String>,
    /// Since when it fails.
    pub failing_since: Option<Millis>,
}

/// How it stands with a witness, in this run.
#[derive(Default)]
pub(super) struct Doing {
    tried: Option<Tried>,
    failures: u32,
    /// On the steady clock.
    next: Option<Millis>,
    /// The sizes that it was shown last, without the entries that only say what was signed.
    shown: [u64; 2],
}

impl Engine {
    pub(super) fn tried(&self, id: WitnessId) -> Option<Tried> {
        self.inner.witnesses.doing.lock().get(&id).and_then(|doing| doing.tried.clone())
    }

    /// Asks a witness now.
    ///
    /// # Errors
    /// If `cx` may not change settings, there is none, or it has no address. That it does not sign is an answer, not an error.
    pub async fn try_witness(&self, cx: &Cx, id: WitnessId) -> Result<super::WitnessStatus, Error> {
        self.require(cx, Permission::SettingsWrite).await?;
        let found = self.inner.store.read(move |r| r.witnesses().get(id)).await?;
        let witness = found.ok_or_else(|| Error::not_found("witness"))?;
        if witness.url.is_none() {
            let sentence = "This witness has no address; carry the checkpoint to it.";
            return Err(Error::new(Code::PreconditionFailed, sentence));
        }
        self.ask(&witness).await;
        let all = self.witness_statuses().await?;
        all.into_iter().find(|w| w.witness.id == id).ok_or_else(|| Error::not_found("witness"))
    }

    /// Asks every witness that is to be asked by now; to be called again and again.
    pub async fn tend_witnesses(&self) {
        let Ok(_turn) = self.inner.witnesses.turn.try_lock() else { return };
        let standing = match self.inner.store.read(|r| r.witnesses().standing()).await {
            Ok(standing) => standing,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the witnesses could not be read");
                return;
            }
        };
        if standing.iter().all(|w| w.url.is_none()) {
            return;
        }
        let (sizes, now) = (self.sizes(), self.inner.clock.steady());
        let mut asked = JoinSet::new();
        for witness in standing.into_iter().filter(|w| w.url.is_some()) {
            let due = {
                let mut all = self.inner.witnesses.doing.lock();
                let doing = all.entry(witness.id).or_default();
                let rested = doing.next.is_none_or(|next| next <= now);
                rested && (doing.failures > 0 || doing.shown != sizes)
            };
            if due {
                let engine = self.clone();
                asked.spawn(async move { engine.ask(&witness).await });
            }
        }
        let stop = self.inner.tasks.stopping();
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                next = asked.join_next() => if next.is_none() { return },
            }
        }
    }

    /// The sizes of both streams, without the entries that only say what was signed.
    fn sizes(&self) -> [u64; 2] {
        let own = self.inner.witnesses.own.load(Ordering::Relaxed);
        let [audit, usage] = *self.inner.store.heads().borrow();
        [audit, usage.saturating_sub(own)]
    }

    async fn ask(&self, witness: &Witness) {
        let turn = Arc::clone(self.inner.witnesses.turns.lock().entry(witness.id).or_default());
        let _turn = turn.lock().await;
        let shown = self.sizes();
        let mut refused = None;
        for stream in Stream::ALL {
            match self.ask_about(witness, stream).await {
                Ok(Some(Taken { .. }) | None) => {}
                Err(refusal) => {
                    refused = Some(refusal);
                    break;
                }
            }
        }
        let (now, steady) = (self.now(), self.inner.clock.steady());
        let mut all = self.inner.witnesses.doing.lock();
        let doing = all.entry(witness.id).or_default();
        let failing_since = doing.tried.as_ref().and_then(|t| t.failing_since);
        let tried = match &refused {
            None => {
                (doing.failures, doing.shown) = (0, shown);
                doing.next = Some(steady.plus(REST));
                Tried { at: now, outcome: "signed", problem: None, failing_since: None }
            }
            Some(refusal) => {
                doing.failures = doing.failures.saturating_add(1);
                doing.next = Some(steady.plus(wait(doing.failures)));
                let problem = Some(refusal.words());
                Tried {
                    at: now,
                    outcome: refusal.as_str(),
                    problem,
                    failing_since: failing_since.or(Some(now)),
                }
            }
        };
        if let Some(problem) = tried.problem.as_ref().filter(|_| failing_since.is_none()) {
            tracing::warn!(witness = witness.name, problem, "a witness does not sign the ledger");
        }
        doing.tried = Some(tried);
    }
}

/// How long a witness that failed so often in a row is left alone, in milliseconds.
fn wait(failures: u32) -> i64 {
    let doublings = failures.saturating_sub(1).min(10);
    (AGAIN << doublings).min(LATEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_an_hour() {
        let waits: Vec<i64> = (1..9).map(|n| wait(n) / Millis::MINUTE).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(wait(u32::MAX), LATEST);
    }
}
