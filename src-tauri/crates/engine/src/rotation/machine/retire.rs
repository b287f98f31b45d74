//! The end of an old key, or of a new one that was no good.

use super::{Change, Facts, Look, Turn, attention};
use crate::entry::Severity;
use reeve_core::rotation::{RotationCause, RotationState as State};
use reeve_core::time::Millis;
use reeve_store::table::rotations::Rotation;

/// So many calls of the new key speak for it.
const ENOUGH_CALLS: u64 = 20;
/// What providers say of last uses lags behind.
const LAG_MS: i64 = Millis::HOUR;

/// The grace is over by the clock: but a clock says nothing of a machine that slept.
pub(super) fn drained(mut next: Rotation, f: &Facts, look: Look) -> Turn {
    let promoted = next.promoted_at.unwrap_or(next.started_at);
    let fell_back = f.last_fallback.is_some_and(|at| f.now.0 - at.0 < Millis::DAY);
    let elsewhere = look.used_at.is_some_and(|at| at.0 > promoted.0 + LAG_MS);
    if fell_back || elsewhere {
        let who = match (&look.used_by, elsewhere) {
            (Some(by), true) => format!("{by} still uses it"),
            (None, true) => "the provider saw it used since".to_owned(),
            (_, false) => "calls fell back to it in the last day".to_owned(),
        };
        if next.extensions > 0 || next.grace_ms == 0 {
            let why = format!("The old key cannot be retired yet: {who}.");
            return attention(next, State::Draining, "in_use", why, "rotation.needs_attention");
        }
        let until = f.now.plus(next.grace_ms);
        (next.extensions, next.grace_until) = (1, Some(until));
        let old = next.from_version;
        let mut turn = Turn::to(next, State::Draining, "rotation.grace_extended")
            .at(until)
            .changing(Change::Extend { version: old, grace_until: until })
            .detail("reason", who)
            .detail("until", until);
        turn.severity = Severity::Warning;
        return turn;
    }
    if f.served < ENOUGH_CALLS && !look.works {
        return Turn::to(next, State::Draining, "rotation.step")
            .at(f.now.plus(Millis::HOUR))
            .detail("found", "the new key has not been seen to work lately");
    }
    Turn::to(next, State::Disabling, "rotation.step")
}

/// The old key is not used any more, and could still come back.
pub(super) fn disabled(mut next: Rotation, f: &Facts) -> Turn {
    // Where it cannot be disabled, a key that others know must not live on.
    let at_once = next.cause == RotationCause::Compromised && !f.can.disable;
    let until = if at_once { f.now } else { f.now.plus(next.soak_ms) };
    (next.soak_until, next.grace_until) = (Some(until), None);
    let old = next.from_version;
    Turn::to(next, State::Soaking, "rotation.disabled")
        .at(until)
        .changing(Change::Disable(old))
        .detail("version", old)
}

/// The old key is over; `deleted` at its provider too, or somebody has to see to that.
pub(super) fn revoked(mut next: Rotation, f: &Facts, deleted: bool) -> Turn {
    let old = next.from_version;
    if !deleted {
        let mut turn = Turn::to(next, State::AwaitingOperator, "rotation.awaiting_operator")
            .because("delete", format!("Delete v{old} at the provider, then say so here."))
            .detail("version", old);
        turn.next.resumes = Some(State::Done);
        turn.severity = Severity::Warning;
        return turn;
    }
    next.ended_at = Some(f.now);
    Turn::to(next, State::Done, "rotation.revoked").changing(Change::Revoke(old)).detail("version", old)
}

/// The new key, which was no good, is cleared away.
pub(super) fn cleared(mut next: Rotation, f: &Facts, deleted: bool) -> Turn {
    next.ended_at = Some(f.now);
    let (class, error, new) = (next.error_class.clone(), next.error.clone(), next.to_version);
    let mut turn = Turn::to(next, State::RolledBack, "rotation.rolled_back").badly(Severity::Warning);
    (turn.next.error_class, turn.next.error) = (class, error);
    let Some(new) = new else { return turn };
    turn.changing(Change::Revoke(new)).detail("version", new).detail("deleted_at_provider", deleted)
}
