//! What follows from what in a rotation: no effect, no clock, no randomness.
//!
//! [`act`] says what to do next for a rotation as it stands; [`turn`] says where it stands once that is done.

mod retire;
#[cfg(test)]
mod tests;

use super::pace::Pace;
use crate::entry::Severity;
use reeve_core::rotation::{RotationCause, RotationState as State};
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_providers::control::Abilities;
use reeve_store::table::credentials::SealedKey;
use reeve_store::table::rotations::Rotation;

/// So many failures in a row are no bad luck any more.
const MOST_ATTEMPTS: u32 = 8;
/// So many times a place that is full may yet turn out to be filled by a key of ours.
const LIST_LAGS: u32 = 4;
/// Probes in a row that a new key needs where its provider takes a while to know it.
const STREAK: u32 = 3;

/// What the machine must know beside the rotation itself.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) now: Millis,
    pub(super) pace: Pace,
    pub(super) can: Abilities,
    /// This very process has just written down that it will ask for a key, and has not asked yet.
    pub(super) fresh: bool,
    /// A key at the provider that is ours and that nobody knows.
    pub(super) orphan: Option<(u32, String)>,
    /// The provider's ids of the old key and of the new one.
    pub(super) old_id: Option<String>,
    pub(super) new_id: Option<String>,
    /// When the old key last served a call that the new one was refused for.
    pub(super) last_fallback: Option<Millis>,
    /// Calls that the new key served.
    pub(super) served: u64,
}

/// What to do next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Act {
    /// Nothing, for now.
    Wait,
    /// Nothing outside: it just goes on.
    Move,
    /// List the provider's keys.
    List,
    /// Ask for a key: at most once behind each intent.
    Create,
    /// List the provider's keys, and compare with those before.
    Reconcile,
    /// Delete a key that was made for us and that nobody knows.
    Discard(u32, String),
    /// Try the new key.
    Probe,
    /// Have calls go out with the new key.
    Swap,
    /// Look whether the old key is still used.
    LookBack,
    /// Disable the old key.
    Disable(String),
    /// Delete the old key.
    Delete(String),
    /// Delete the new key, which was no good.
    ClearAway(String),
}

/// A key that was just made, sealed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct NewKey {
    pub(super) version: u32,
    pub(super) provider_key_id: Option<String>,
    pub(super) fingerprint: String,
    pub(super) last4: String,
    pub(super) sealed: SealedKey,
    pub(super) expires_at: Option<Millis>,
}

/// How a try of the new key went.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// With the number of models it sees, where the provider lists them.
    Passed {
        models: Option<u64>,
    },
    Refused(u16),
    Lacks(Vec<String>),
    OtherAccount,
    Inconclusive(String),
}

/// What a look back at the old key found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Look {
    pub(super) used_at: Option<Millis>,
    pub(super) used_by: Option<String>,
    /// Whether the new key was just found to work.
    pub(super) works: bool,
}

/// Something that did not work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    pub(super) class: &'static str,
    pub(super) message: String,
    /// It may have happened all the same.
    pub(super) ambiguous: bool,
    /// It makes sense to try again by itself, after so many ms at least.
    pub(super) again_after: Option<i64>,
}

/// What was found or done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Seen {
    Moved,
    /// The keys at the provider, as JSON for the ledger, and how many.
    Listed(String, usize),
    Made(NewKey),
    /// Nothing was made.
    Nothing,
    /// Ids of keys that were made for us and cannot be read.
    Orphans(Vec<String>),
    /// Ids of keys that may have been made for us, or by somebody else; and all keys, as JSON for the ledger.
    Unclear(Vec<String>, String),
    Discarded(u32),
    Probed(Verdict),
    Looked(Look),
    Did,
    Failed(Fault),
}

/// What becomes of versions in a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Change {
    Add(NewKey),
    Orphan(String),
    /// The new one in use, the old one kept until then, or not at all.
    Promote {
        old: u32,
        new: u32,
        grace_until: Option<Millis>,
    },
    Extend {
        version: u32,
        grace_until: Millis,
    },
    Disable(u32),
    Revoke(u32),
}

/// Where a rotation stands behind a step, and what is said of it.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    pub(super) next: Rotation,
    pub(super) changes: Vec<Change>,
    pub(super) kind: &'static str,
    pub(super) outcome: Outcome,
    pub(super) severity: Severity,
    pub(super) details: Vec<(&'static str, String)>,
    /// It is to be asked for a key at once.
    pub(super) fresh: bool,
}

impl Turn {
    fn to(mut next: Rotation, state: State, kind: &'static str) -> Self {
        if next.state != state {
            next.attempts = 0;
        }
        (next.state, next.resumes, next.next_at) = (state, None, None);
        (next.error_class, next.error) = (None, None);
        Self {
            next,
            changes: Vec::new(),
            kind,
            outcome: Outcome::Success,
            severity: Severity::Info,
            details: Vec::new(),
            fresh: false,
        }
    }

    fn because(mut self, class: &str, why: impl Into<String>) -> Self {
        (self.next.error_class, self.next.error) = (Some(class.to_owned()), Some(why.into()));
        self
    }

    fn badly(mut self, severity: Severity) -> Self {
        (self.outcome, self.severity) = (Outcome::Error, severity);
        self
    }

    fn changing(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    fn detail(mut self, name: &'static str, value: impl ToString) -> Self {
        self.details.push((name, value.to_string()));
        self
    }

    fn at(mut self, at: Millis) -> Self {
        self.next.next_at = Some(at);
        self
    }
}

/// What to do next for `r`.
pub(super) fn act(r: &Rotation, f: &Facts) -> Act {
    if r.ended_at.is_some()
        || matches!(r.state, State::AwaitingOperator | State::NeedsAttention | State::Done)
    {
        return Act::Wait;
    }
    if r.state == State::Minting && f.fresh {
        return Act::Create;
    }
    if r.next_at.is_some_and(|at| at > f.now) {
        return Act::Wait;
    }
    match r.state {
        State::Planned | State::Minted | State::Soaking => Act::Move,
        State::Intent => f.orphan.clone().map_or(Act::List, |(version, id)| Act::Discard(version, id)),
        State::Minting => Act::Reconcile,
        State::Probing => Act::Probe,
        State::Promoted => Act::Swap,
        State::Draining => Act::LookBack,
        State::Disabling => f.old_id.clone().filter(|_| f.can.disable).map_or(Act::Move, Act::Disable),
        State::Revoking => f.old_id.clone().filter(|_| f.can.delete).map_or(Act::Move, Act::Delete),
        State::RolledBack => f.new_id.clone().filter(|_| f.can.delete).map_or(Act::Move, Act::ClearAway),
        State::AwaitingOperator | State::NeedsAttention | State::Done => Act::Wait,
    }
}

/// Where `r` stands once `seen` was found or done.
pub(super) fn turn(r: &Rotation, f: &Facts, seen: Seen) -> Turn {
    let next = r.clone();
    match (r.state, seen) {
        (_, Seen::Failed(fault)) => failed(next, f, fault),
        (State::Planned, _) => planned(next, f),
        (State::Intent, Seen::Discarded(version)) => Turn::to(next, State::Intent, "rotation.orphan_deleted")
            .changing(Change::Revoke(version))
            .detail("version", version),
        (State::Intent, Seen::Listed(snapshot, keys)) => asking(next, f, snapshot, keys),
        (State::Intent | State::Minting, seen) => minting(next, f, seen),
        (State::Minted, _) => trying(next, f),
        (State::Probing, Seen::Probed(verdict)) => probed(next, f, verdict),
        (State::Promoted, _) => promoted(next, f),
        (State::Draining, Seen::Looked(look)) => retire::drained(next, f, look),
        (State::Disabling, _) => retire::disabled(next, f),
        (State::Soaking, _) => Turn::to(next, State::Revoking, "rotation.step"),
        (State::Revoking, seen) => retire::revoked(next, f, seen == Seen::Did),
        (State::RolledBack, seen) => retire::cleared(next, f, seen == Seen::Did),
        // What fits nothing changes nothing.
        (state, _) => Turn::to(next, state, "rotation.step").at(f.now.plus(Millis::MINUTE)),
    }
}

fn planned(next: Rotation, f: &Facts) -> Turn {
    if f.can.create {
        return Turn::to(next, State::Intent, "rotation.step");
    }
    let mut turn = Turn::to(next, State::AwaitingOperator, "rotation.awaiting_operator");
    turn.next.resumes = Some(State::Minted);
    turn.severity = Severity::Warning;
    turn
}

fn asking(mut next: Rotation, f: &Facts, snapshot: String, keys: usize) -> Turn {
    (next.snapshot, next.mint_started_at) = (snapshot, Some(f.now));
    let mut asked = asked(&next);
    asked.push(f.now);
    note_asked(&mut next, &asked);
    let attempts = next.attempts;
    let tag = next.tag.clone();
    let mut turn = Turn::to(next, State::Minting, "rotation.intent").at(f.now.plus(f.pace.settle_ms));
    (turn.fresh, turn.next.attempts) = (true, attempts);
    turn.detail("keys", keys).detail("tag", tag)
}

fn minting(mut next: Rotation, f: &Facts, seen: Seen) -> Turn {
    match seen {
        Seen::Made(key) => {
            next.to_version = Some(key.version);
            let mut turn = Turn::to(next, State::Minted, "rotation.minted")
                .detail("version", key.version)
                .detail("fingerprint", &key.fingerprint)
                .detail("last4", &key.last4);
            if let Some(id) = &key.provider_key_id {
                turn = turn.detail("provider_key_id", id);
            }
            turn.changing(Change::Add(key))
        }
        Seen::Nothing => {
            let attempts = next.attempts + 1;
            let wait = f.now.plus(f.pace.backoff(attempts));
            let mut turn = Turn::to(next, State::Intent, "rotation.step").at(wait);
            turn.next.attempts = attempts;
            turn.detail("found", "no key was made")
        }
        Seen::Orphans(ids) => {
            let mut asked = asked(&next);
            asked.truncate(asked.len().saturating_sub(ids.len()));
            note_asked(&mut next, &asked);
            let attempts = next.attempts + 1;
            let mut turn = Turn::to(next, State::Intent, "rotation.orphan_found").badly(Severity::Warning);
            turn.next.attempts = attempts;
            turn = turn.detail("provider_key_ids", ids.join(", "));
            ids.into_iter().fold(turn, |turn, id| turn.changing(Change::Orphan(id)))
        }
        Seen::Unclear(ids, snapshot) => {
            // Once a person was told of them they are among those that were there before.
            next.snapshot = snapshot;
            let why = "There is a new key at the provider that may have been made for this rotation, or by somebody else. Look at it there, \
                 and say whether it may be deleted.";
            let ids = ids.join(", ");
            attention(next, State::Intent, "foreign", why.to_owned(), "rotation.foreign_key_seen")
                .detail("provider_key_ids", ids)
        }
        _ => {
            let state = next.state;
            Turn::to(next, state, "rotation.step").at(f.now.plus(f.pace.settle_ms))
        }
    }
}

/// When keys were asked for without knowing what became of them.
pub(super) fn asked(r: &Rotation) -> Vec<Millis> {
    let seen: serde_json::Value = serde_json::from_str(&r.seen).unwrap_or_default();
    let Some(times) = seen["asked_at"].as_array() else {
        // Rotations that began before this was kept.
        return r.mint_started_at.filter(|_| r.to_version.is_none()).into_iter().collect();
    };
    times.iter().filter_map(serde_json::Value::as_i64).map(Millis).collect()
}

fn note_asked(r: &mut Rotation, asked: &[Millis]) {
    let times: Vec<i64> = asked.iter().map(|at| at.0).collect();
    r.seen = serde_json::json!({ "asked_at": times }).to_string();
}

fn trying(mut next: Rotation, f: &Facts) -> Turn {
    (next.probe_started_at, next.successes) = (Some(f.now), 0);
    let turn = Turn::to(next, State::Probing, "rotation.step");
    if f.can.settles { turn.at(f.now.plus(f.pace.probe_delay_ms)) } else { turn }
}

fn probed(mut next: Rotation, f: &Facts, verdict: Verdict) -> Turn {
    let waiting = next.probe_started_at.map_or(0, |at| f.now.0 - at.0) < f.pace.probe_patience_ms;
    let give_up = |next: Rotation, why: String| {
        Turn::to(next, State::RolledBack, "rotation.probe_failed")
            .because("probe", why.clone())
            .badly(Severity::Warning)
            .detail("reason", why)
    };
    match verdict {
        Verdict::Passed { models } => {
            next.successes += 1;
            next.seen = serde_json::json!({ "models": models, "probed_at": f.now.0 }).to_string();
            if f.can.settles && next.successes < STREAK {
                let turn = Turn::to(next, State::Probing, "rotation.probe_passed");
                return seeing(turn.at(f.now.plus(f.pace.probe_gap_ms)), models);
            }
            seeing(promote(next, f), models)
        }
        Verdict::Refused(_) if f.can.settles && waiting => {
            next.successes = 0;
            Turn::to(next, State::Probing, "rotation.step")
                .at(f.now.plus(f.pace.probe_gap_ms))
                .detail("found", "the provider does not know the key yet")
        }
        Verdict::Refused(status) => give_up(next, format!("The provider refuses the new key ({status}).")),
        Verdict::Lacks(models) => give_up(
            next,
            format!("The new key does not see models that the old one serves: {}.", some(&models)),
        ),
        Verdict::OtherAccount => give_up(next, "The new key belongs to another account.".to_owned()),
        Verdict::Inconclusive(message) => {
            next.successes = 0;
            failed(next, f, Fault { class: "probe", message, ambiguous: false, again_after: Some(0) })
        }
    }
}

/// What the new key sees, or that nobody can tell.
fn seeing(turn: Turn, models: Option<u64>) -> Turn {
    match models {
        Some(models) => turn.detail("models", models),
        None => turn.detail("models", "not told: the provider has no list; the key signs in"),
    }
}

fn promote(mut next: Rotation, f: &Facts) -> Turn {
    let (old, new) = (next.from_version, next.to_version.unwrap_or(next.from_version));
    let at_once = next.cause == RotationCause::Compromised;
    let grace_until = (!at_once).then(|| f.now.plus(next.grace_ms));
    (next.promoted_at, next.grace_until) = (Some(f.now), grace_until);
    Turn::to(next, State::Promoted, "rotation.promoted")
        .changing(Change::Promote { old, new, grace_until })
        .detail("version", new)
        .detail("replaces", old)
}

fn promoted(next: Rotation, f: &Facts) -> Turn {
    match next.grace_until {
        Some(until) => Turn::to(next, State::Draining, "rotation.step").at(until.max(f.now)),
        None => Turn::to(next, State::Disabling, "rotation.step"),
    }
}

fn failed(mut next: Rotation, f: &Facts, fault: Fault) -> Turn {
    next.attempts += 1;
    let (state, attempts) = (next.state, next.attempts);
    let mut again_after = fault.again_after;
    if state == State::Minting && f.fresh && !fault.ambiguous {
        // Of this one it is known that it made nothing.
        let mut asked = asked(&next);
        asked.pop();
        note_asked(&mut next, &asked);
        // What fills the place may be what an earlier one made, and no list shows yet.
        if fault.class == "limit" && !asked.is_empty() && attempts <= LIST_LAGS {
            again_after = Some(0);
        }
    }
    // Nothing happened: what was to be done is to be done.
    let resumes = if state == State::Minting && !fault.ambiguous { State::Intent } else { state };
    if let (Some(after), true) = (again_after, attempts < MOST_ATTEMPTS) {
        let wait = f.pace.backoff(attempts).max(after);
        let mut turn = Turn::to(next, resumes, "rotation.step")
            .at(f.now.plus(wait))
            .because(fault.class, fault.message.clone())
            .badly(Severity::Warning)
            .detail("error", fault.message);
        turn.next.attempts = attempts;
        return turn;
    }
    attention(next, resumes, fault.class, fault.message, "rotation.needs_attention")
}

/// A person must look.
fn attention(next: Rotation, resumes: State, class: &str, why: String, kind: &'static str) -> Turn {
    let mut turn = Turn::to(next, State::NeedsAttention, kind)
        .because(class, why.clone())
        .badly(Severity::Critical)
        .detail("reason", why);
    turn.next.resumes = Some(resumes);
    turn
}

/// The first few of a list.
fn some(texts: &[String]) -> String {
    match texts {
        [first, second, third, rest @ ..] if !rest.is_empty() => {
            format!("{first}, {second}, {third} and {} more", rest.len())
        }
        all => all.join(", "),
    }
}
