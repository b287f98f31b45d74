use super::*;
use proptest::prelude::*;
use reeve_core::id::{CredentialId, RotationId};
use uuid::Uuid;

const START: Millis = Millis(1_780_000_000_000);

fn rotation(cause: RotationCause) -> Rotation {
    Rotation {
        id: RotationId(Uuid::nil()),
        credential_id: CredentialId(Uuid::nil()),
        state: State::Planned,
        resumes: None,
        cause,
        from_version: 1,
        to_version: None,
        tag: "reeve-0-1".to_owned(),
        snapshot: "[]".to_owned(),
        seen: "{}".to_owned(),
        grace_ms: 7 * Millis::DAY,
        soak_ms: Millis::DAY,
        started_at: START,
        updated_at: START,
        mint_started_at: None,
        probe_started_at: None,
        promoted_at: None,
        grace_until: None,
        soak_until: None,
        next_at: None,
        ended_at: None,
        attempts: 0,
        extensions: 0,
        successes: 0,
        error_class: None,
        error: None,
    }
}

fn facts(can: Abilities) -> Facts {
    Facts {
        now: START,
        pace: Pace::default(),
        can,
        fresh: false,
        orphan: None,
        old_id: Some("old".to_owned()),
        new_id: None,
        last_fallback: None,
        served: 100,
    }
}

fn openai() -> Abilities {
    Abilities { create: true, list: true, delete: true, last_used: true, ..Abilities::default() }
}

fn aws() -> Abilities {
    Abilities { disable: true, settles: true, ..openai() }
}

fn new_key(version: u32) -> NewKey {
    NewKey {
        version,
        provider_key_id: Some(format!("key-{version}")),
        fingerprint: "f".to_owned(),
        last4: "last".to_owned(),
        sealed: SealedKey { wrapped_dek: vec![1], sealed: vec![2] },
        expires_at: None,
    }
}

/// What an adversarial provider may answer to an act.
fn answers(act: &Act, dice: u8, next_version: u32) -> Seen {
    let fault = |ambiguous, again: bool| {
        Seen::Failed(Fault {
            class: "x",
            message: "no".to_owned(),
            ambiguous,
            again_after: again.then_some(0),
        })
    };
    match act {
        Act::Wait | Act::Move => Seen::Moved,
        Act::List => {
            if dice < 40 {
                fault(false, dice < 30)
            } else {
                Seen::Listed("[]".to_owned(), 0)
            }
        }
        Act::Create => match dice {
            0..60 => fault(true, true),
            60..90 => fault(false, dice < 80),
            _ => Seen::Made(new_key(next_version)),
        },
        Act::Reconcile => match dice {
            0..40 => Seen::Nothing,
            40..90 => Seen::Orphans(vec![format!("lost-{dice}")]),
            90..110 => Seen::Unclear(vec!["whose".to_owned()], "[]".to_owned()),
            110..150 => fault(true, true),
            _ => Seen::Made(new_key(next_version)),
        },
        Act::Discard(version, _) => {
            if dice < 60 {
                fault(true, true)
            } else {
                Seen::Discarded(*version)
            }
        }
        Act::Probe => Seen::Probed(match dice {
            0..60 => Verdict::Inconclusive("busy".to_owned()),
            60..90 => Verdict::Refused(401),
            90..110 => Verdict::Lacks(vec!["m".to_owned()]),
            110..120 => Verdict::OtherAccount,
            _ => Verdict::Passed { models: Some(3) },
        }),
        Act::LookBack => match dice {
            0..40 => Seen::Looked(Look { used_at: Some(START.plus(99 * Millis::DAY)), ..Look::default() }),
            40..80 => fault(false, true),
            _ => Seen::Looked(Look { works: true, ..Look::default() }),
        },
        Act::Swap => Seen::Did,
        Act::Disable(_) | Act::Delete(_) | Act::ClearAway(_) => {
            if dice < 60 {
                fault(true, dice < 50)
            } else {
                Seen::Did
            }
        }
    }
}

/// The versions as the store would have them.
#[derive(Default)]
struct Versions(Vec<(u32, &'static str)>);

impl Versions {
    fn set(&mut self, version: u32, state: &'static str) {
        self.0.iter_mut().filter(|v| v.0 == version).for_each(|v| v.1 = state);
    }

    fn count(&self, state: &str) -> usize {
        self.0.iter().filter(|v| v.1 == state).count()
    }

    fn apply(&mut self, change: &Change) {
        match change {
            Change::Add(key) => self.0.push((key.version, "pending")),
            Change::Orphan(_) => self.0.push((u32::try_from(self.0.len()).unwrap() + 1, "orphan")),
            Change::Promote { old, new, grace_until } => {
                self.set(*old, if grace_until.is_some() { "grace" } else { "disabled" });
                self.set(*new, "current");
            }
            Change::Extend { version, .. } => assert_eq!(self.state(*version), "grace"),
            Change::Disable(version) => {
                assert_ne!(self.state(*version), "current", "the key in use is never disabled");
                self.set(*version, "disabled");
            }
            Change::Revoke(version) => {
                assert_ne!(self.state(*version), "current", "the key in use is never revoked");
                self.set(*version, "revoked");
            }
        }
    }

    fn state(&self, version: u32) -> &'static str {
        self.0.iter().find(|v| v.0 == version).unwrap().1
    }
}

/// Runs a rotation against an adversary that also crashes the process and has people retry; how it ended.
fn run(cause: RotationCause, can: Abilities, dice: &[u8]) -> Rotation {
    let (mut r, mut f, mut versions) = (rotation(cause), facts(can), Versions(vec![(1, "current")]));
    let mut passed = 0;
    for &die in dice {
        f.orphan = versions.0.iter().find(|v| v.1 == "orphan").map(|v| (v.0, "lost".to_owned()));
        f.new_id = r.to_version.map(|v| format!("key-{v}"));
        let next = act(&r, &f);
        if next == Act::Create {
            assert!(f.fresh && r.state == State::Minting, "a key is asked for only behind its intent");
        }
        if next == Act::Wait {
            f.now = r.next_at.map_or(f.now, |at| at.max(f.now));
            match r.state {
                State::NeedsAttention => r.state = r.resumes.unwrap(),
                State::AwaitingOperator => return r,
                _ => {}
            }
            if r.ended_at.is_some() {
                return r;
            }
            continue;
        }
        if die == 255 {
            // The process dies behind the act: nothing of it is known to the next one.
            f.fresh = false;
            continue;
        }
        let seen = answers(&next, die, u32::try_from(versions.0.len()).unwrap() + 1);
        passed += usize::from(matches!(seen, Seen::Probed(Verdict::Passed { .. })));
        let turn = turn(&r, &f, seen);
        for change in &turn.changes {
            if let Change::Promote { .. } = change {
                assert!(passed > 0, "nothing is promoted that was not found to work");
            }
            versions.apply(change);
        }
        assert_eq!(versions.count("current"), 1, "calls always have a key");
        assert!(versions.count("pending") <= 1 && versions.count("grace") <= 1);
        assert!(!turn.fresh || turn.next.state == State::Minting);
        (f.fresh, r) = (turn.fresh, turn.next);
    }
    r
}

proptest! {
    #[test]
    fn whatever_a_provider_does_calls_have_a_key(
        dice in prop::collection::vec(any::<u8>(), 1..400),
        settles in any::<bool>(),
        compromised in any::<bool>(),
    ) {
        let cause = if compromised { RotationCause::Compromised } else { RotationCause::Schedule };
        run(cause, if settles { aws() } else { openai() }, &dice);
    }

    #[test]
    fn a_provider_that_does_as_it_is_told_is_done_with(settles in any::<bool>()) {
        let ended = run(RotationCause::Force, if settles { aws() } else { openai() }, &[200; 60]);
        prop_assert_eq!(ended.state, State::Done);
    }
}

#[test]
fn an_ambiguous_create_is_never_simply_repeated() {
    let f = Facts { fresh: true, ..facts(openai()) };
    let mut r = rotation(RotationCause::Force);
    (r.state, r.mint_started_at) = (State::Minting, Some(START));
    assert_eq!(act(&r, &f), Act::Create);
    let lost =
        Fault { class: "unknown", message: "no answer".to_owned(), ambiguous: true, again_after: Some(0) };
    let turn = turn(&r, &f, Seen::Failed(lost));
    assert_eq!((turn.next.state, turn.fresh), (State::Minting, false));
    let later = Facts { fresh: false, now: START.plus(Millis::HOUR), ..f };
    assert_eq!(act(&turn.next, &later), Act::Reconcile);
}

#[test]
fn a_provider_that_takes_a_while_must_be_asked_three_times_in_a_row() {
    let mut f = facts(aws());
    let mut r = rotation(RotationCause::Force);
    (r.state, r.to_version, r.probe_started_at) = (State::Probing, Some(2), Some(START));
    let began = f.now;
    for verdict in
        [Verdict::Passed { models: Some(1) }, Verdict::Refused(401), Verdict::Passed { models: Some(1) }]
    {
        r = turn(&r, &f, Seen::Probed(verdict)).next;
        assert_eq!(r.state, State::Probing);
        assert_eq!(act(&r, &f), Act::Wait);
        f.now = r.next_at.unwrap();
    }
    r = turn(&r, &f, Seen::Probed(Verdict::Passed { models: Some(1) })).next;
    f.now = r.next_at.unwrap();
    r = turn(&r, &f, Seen::Probed(Verdict::Passed { models: Some(1) })).next;
    assert_eq!(r.state, State::Promoted);
    assert!(f.now.0 - began.0 >= 20_000, "the streak began anew");
}

#[test]
fn a_key_that_is_still_used_is_kept_once_and_then_a_person_decides() {
    let f = Facts { last_fallback: Some(START), ..facts(openai()) };
    let mut r = rotation(RotationCause::Schedule);
    (r.state, r.to_version, r.promoted_at) = (State::Draining, Some(2), Some(START));
    let once = turn(&r, &f, Seen::Looked(Look::default()));
    assert_eq!((once.kind, once.next.extensions), ("rotation.grace_extended", 1));
    assert_eq!(once.next.grace_until, Some(START.plus(7 * Millis::DAY)));
    let twice = turn(&once.next, &f, Seen::Looked(Look::default()));
    assert_eq!((twice.next.state, twice.next.resumes), (State::NeedsAttention, Some(State::Draining)));
    let idle = Facts { last_fallback: None, served: 0, ..f };
    let asleep = turn(&r, &idle, Seen::Looked(Look::default()));
    assert_eq!(asleep.next.state, State::Draining, "the clock alone is no evidence");
    let works = turn(&r, &idle, Seen::Looked(Look { works: true, ..Look::default() }));
    assert_eq!(works.next.state, State::Disabling);
}

#[test]
fn a_compromised_key_ends_at_once() {
    let f = facts(openai());
    let mut r = rotation(RotationCause::Compromised);
    (r.state, r.to_version, r.probe_started_at) = (State::Probing, Some(2), Some(START));
    let promoted = turn(&r, &f, Seen::Probed(Verdict::Passed { models: Some(1) }));
    assert_eq!(promoted.changes, [Change::Promote { old: 1, new: 2, grace_until: None }]);
    let disabling = turn(&promoted.next, &f, Seen::Did);
    assert_eq!(disabling.next.state, State::Disabling);
    let soaking = turn(&disabling.next, &f, Seen::Moved);
    assert_eq!(soaking.next.next_at, Some(f.now), "it cannot be disabled, so it is deleted now");
}
