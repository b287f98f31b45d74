//! After a call whose effect is not known: which of the provider's keys may be the one that was asked for.

use reeve_core::time::Millis;
use reeve_providers::control::KeyInfo;

/// What a list says of a key that may have been made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Found {
    /// There is none.
    Nothing,
    /// These carry our name.
    Ours(Vec<String>),
    /// These appeared in the meantime, and nothing says whose they are.
    Unclear(Vec<String>),
}

/// What is known of the time before.
pub(super) struct Before<'a> {
    /// Ids that were there.
    pub(super) ids: &'a [String],
    /// Ids that are ours.
    pub(super) known: &'a [String],
    /// What ours is called.
    pub(super) tag: &'a str,
    /// When a key was asked for without knowing what became of it.
    pub(super) asked: &'a [Millis],
}

/// Clocks differ by so much at most.
const SKEW_MS: i64 = 10 * Millis::MINUTE;

/// Compares `keys` with the time `before`. A key that carries another name is not ours,
/// whenever it appeared; one without a name is ours only where nobody has used it and nothing else appeared.
pub(super) fn compare(keys: &[KeyInfo], before: &Before<'_>) -> Found {
    let is_ours = |key: &&KeyInfo| key.name.as_deref() == Some(before.tag) || key.id == before.tag;
    let is_new = |key: &&KeyInfo| !before.ids.contains(&key.id) && !before.known.contains(&key.id);
    let ids = |keys: Vec<&KeyInfo>| keys.into_iter().map(|key| key.id.clone()).collect::<Vec<_>>();
    let ours: Vec<_> = keys.iter().filter(is_new).filter(is_ours).collect();
    if !ours.is_empty() {
        return Found::Ours(ids(ours));
    }
    let nameless: Vec<_> = keys.iter().filter(is_new).filter(|key| key.name.is_none()).collect();
    let fits = |key: &KeyInfo| {
        let near = |at: Millis| before.asked.iter().any(|asked| (at.0 - asked.0).abs() < SKEW_MS);
        let in_time = key.created_at.is_none_or(near);
        in_time && key.last_use.at.is_none()
    };
    match nameless.as_slice() {
        [] => Found::Nothing,
        [only] if fits(only) => Found::Ours(vec![only.id.clone()]),
        _ => Found::Unclear(ids(nameless)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reeve_providers::control::{KeyState, LastUse};

    fn key(id: &str, name: Option<&str>, created: i64, used: Option<i64>) -> KeyInfo {
        KeyInfo {
            id: id.to_owned(),
            name: name.map(str::to_owned),
            hint: None,
            state: KeyState::Active,
            created_at: Some(Millis(created)),
            last_use: LastUse { at: used.map(Millis), by: None },
        }
    }

    fn compared(keys: &[KeyInfo]) -> Found {
        let (ids, known) = (["a".to_owned()], ["b".to_owned()]);
        compare(keys, &Before { ids: &ids, known: &known, tag: "reeve-1", asked: &[Millis(1_000)] })
    }

    #[test]
    fn only_what_carries_our_name_or_can_be_nobody_elses_is_ours() {
        let ours = |ids: &[&str]| Found::Ours(ids.iter().map(|id| (*id).to_owned()).collect());
        assert_eq!(compared(&[key("a", None, 0, None), key("b", Some("reeve-1"), 0, None)]), Found::Nothing);
        assert_eq!(compared(&[key("c", Some("reeve-1"), 0, None)]), ours(&["c"]));
        assert_eq!(compared(&[key("c", Some("somebody's"), 1_001, None)]), Found::Nothing);
        assert_eq!(compared(&[key("c", None, 1_001, None)]), ours(&["c"]));
        let unclear = |ids: &[&str]| Found::Unclear(ids.iter().map(|id| (*id).to_owned()).collect());
        assert_eq!(compared(&[key("c", None, 1_001, Some(1_002))]), unclear(&["c"]), "somebody uses it");
        assert_eq!(compared(&[key("c", None, 1_000 + SKEW_MS, None)]), unclear(&["c"]), "made too late");
        assert_eq!(
            compared(&[key("c", None, 1_001, None), key("d", None, 1_001, None)]),
            unclear(&["c", "d"])
        );
    }
}
