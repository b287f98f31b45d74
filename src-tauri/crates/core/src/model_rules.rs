//! Which models a tenant may call: lists of names with `*` for any letters.

use serde::{Deserialize, Serialize};

/// The lists of a tenant. What is denied is denied; where something is allowed by name, everything else is not.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ModelRules {
    /// Patterns of what may be called; empty allows all.
    pub allow: Vec<String>,
    /// Patterns of what may not, whatever the other list says.
    pub deny: Vec<String>,
}

/// Why a model may not be called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Forbidden<'a> {
    /// A pattern of the second list.
    Denied(&'a str),
    /// No pattern of the first list.
    NotAllowed,
}

impl ModelRules {
    /// Whether nothing is ruled out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.allow.is_empty() && self.deny.is_empty()
    }

    /// Whether a call for `asked` may be served by `served`: the same name, or what a route made of it. A pattern that
    /// denies either of them holds; one that allows either of them is enough.
    ///
    /// # Errors
    /// [`Forbidden`] names the rule.
    pub fn check(&self, asked: &str, served: &str) -> Result<(), Forbidden<'_>> {
        let hit = |pattern: &&String| matches(pattern, asked) || matches(pattern, served);
        if let Some(pattern) = self.deny.iter().find(hit) {
            return Err(Forbidden::Denied(pattern));
        }
        if self.allow.is_empty() || self.allow.iter().any(|pattern| hit(&pattern)) {
            return Ok(());
        }
        Err(Forbidden::NotAllowed)
    }
}

/// Whether `name` is what `pattern` says, with `*` for any letters and none. Capitals do not matter: providers take them
/// for the same model.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut p, mut n) = (0, 0);
    // Where the last star stood, and what it has swallowed up to.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(byte) if byte.eq_ignore_ascii_case(&name[n]) => (p, n) = (p + 1, n + 1),
            _ => {
                let Some((at, swallowed)) = star else { return false };
                star = Some((at, swallowed + 1));
                (p, n) = (at + 1, swallowed + 1);
            }
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn stars_stand_for_any_letters() {
        for (pattern, name, hit) in [
            ("gpt-4o", "gpt-4o", true),
            ("gpt-4o", "gpt-4o-mini", false),
            ("gpt-4o*", "gpt-4o-mini", true),
            ("GPT-4*", "gpt-4o", true),
            ("*-mini", "gpt-4o-mini", true),
            ("*-mini", "gpt-4o-minimal", false),
            ("gpt-*-mini", "gpt-4o-mini", true),
            ("*4*mini", "gpt-4o-mini-mini", true),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
            ("**", "x", true),
        ] {
            assert_eq!(matches(pattern, name), hit, "{pattern} and {name}");
        }
    }

    #[test]
    fn denying_goes_before_allowing_and_aliases_hide_nothing() {
        let list = |patterns: &[&str]| patterns.iter().map(ToString::to_string).collect();
        let rules = ModelRules { allow: list(&["fast", "gpt-4o*"]), deny: list(&["gpt-4o-audio*"]) };
        assert_eq!(rules.check("gpt-4o", "gpt-4o"), Ok(()));
        assert_eq!(rules.check("fast", "gpt-3.5-turbo"), Ok(()), "the alias is allowed");
        assert_eq!(rules.check("talk", "gpt-4o-audio-preview"), Err(Forbidden::Denied("gpt-4o-audio*")));
        assert_eq!(rules.check("o1", "o1"), Err(Forbidden::NotAllowed));
        assert!(ModelRules::default().is_empty());
    }

    proptest! {
        #[test]
        fn a_name_matches_itself_and_with_any_part_starred(name in "[a-z0-9.-]{0,30}", from in 0usize..30, len in 0usize..30) {
            prop_assert!(matches(&name, &name));
            let from = from.min(name.len());
            let to = (from + len).min(name.len());
            let starred = format!("{}*{}", &name[..from], &name[to..]);
            prop_assert!(matches(&starred, &name));
        }
    }
}
