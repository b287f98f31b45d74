//! What may be a password: long, and not what a guesser tries first (NIST SP 800-63B-4, 3.1.1). No rules about kinds of
//! characters: they make passwords worse.

use super::{blocklist, leaked};

/// Characters a password needs, there being no second factor.
pub(super) const MIN_CHARACTERS: usize = 15;
/// Bytes a password may have.
pub(super) const MAX_BYTES: usize = 256;
/// Different characters a password needs.
const MIN_DIFFERENT: usize = 6;

/// Why `password` cannot be one, in a sentence for its owner; `None` if it can. `about` is what others know of the owner:
/// e-mail, name, workspace.
pub(crate) fn objection(password: &str, about: &[&str]) -> Option<String> {
    let characters = password.chars().count();
    if characters < MIN_CHARACTERS {
        return Some(format!(
            "needs at least {MIN_CHARACTERS} characters and has {characters}; a few unrelated words make a good one"
        ));
    }
    if password.len() > MAX_BYTES {
        return Some(format!("is too long; {MAX_BYTES} bytes are the most"));
    }
    let plain = password.to_lowercase();
    if different(&plain) < MIN_DIFFERENT {
        return Some(format!("uses fewer than {MIN_DIFFERENT} different characters"));
    }
    if repeats(&plain) {
        return Some("repeats one short piece again and again".to_owned());
    }
    if blocklist::is_walk(&plain) {
        return Some("is mostly a sequence of the alphabet, the digits or the keyboard".to_owned());
    }
    if let Some(known) = personal(&plain, about) {
        return Some(format!("contains \"{known}\", which others know about you"));
    }
    if blocklist::is_common(&plain) {
        return Some(
            "is made of words that guessers try first; use words that have nothing to do with each other"
                .to_owned(),
        );
    }
    leaked::is_leaked(plain.trim())
        .then(|| "is on a list of passwords that have leaked, which guessers try first".to_owned())
}

fn different(text: &str) -> usize {
    let mut seen: Vec<char> = text.chars().collect();
    seen.sort_unstable();
    seen.dedup();
    seen.len()
}

/// One block, at most half of the text, fills it from beginning to end.
fn repeats(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (1..=chars.len() / 2).any(|block| chars.iter().zip(&chars[block..]).all(|(one, two)| one == two))
}

/// The first thing in `about`, or part of one, of at least four characters that `plain` contains.
fn personal(plain: &str, about: &[&str]) -> Option<String> {
    let squeezed: String = plain.chars().filter(|c| c.is_alphanumeric()).collect();
    about
        .iter()
        .flat_map(|text| {
            let text = text.trim().to_lowercase();
            let whole: String = text.chars().filter(|c| c.is_alphanumeric()).collect();
            // The mailbox of an e-mail address counts, its provider does not.
            let local = text.split_once('@').map_or(text.clone(), |(local, _)| local.to_owned());
            let parts: Vec<String> = local.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect();
            std::iter::once(whole).chain(parts)
        })
        .find(|part| part.chars().count() >= 4 && squeezed.contains(part.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(password: &str) -> String {
        objection(password, &["somename.familyname@example.com", "Somename Familyname", "Northwind Tools"])
            .unwrap_or_default()
    }

    #[test]
    fn good_ones_pass() {
        for good in [
            "blue kettle over the fence",
            "tr0ub4dor&3 plus gravel",
            "vK7#qm2!xZp0Lr9wTb",
            "пять синих чайников",
            "marble otter forty lamps",
        ] {
            assert_eq!(refused(good), "", "{good}");
        }
    }

    #[test]
    fn each_rule_names_itself() {
        for (bad, why) in [
            ("short", "at least 15"),
            ("aaaaaaaaaaaaaaaaaaaa", "different characters"),
            ("abcdef7abcdef7abcdef7", "again and again"),
            ("abcdefghijklmnopqrst", "sequence"),
            ("qwertyuiopasdfghjkl", "sequence"),
            ("9876543210987654321", "sequence"),
            ("Mailcreated5240", "have leaked"),
            ("my familyname secret place", "familyname"),
            ("the northwind blows cold", "northwind"),
            ("some-name-1984-xyz-qq", "somename"),
            ("Password123456!", "guessers try first"),
            ("P@ssw0rd!P@ssw0rd?", "guessers try first"),
            ("correcthorsebatterystaple", "guessers try first"),
            ("Correct Horse Battery Staple!", "guessers try first"),
            ("reeve-admin-password", "guessers try first"),
            ("Summer2026Winter2026", "guessers try first"),
        ] {
            let said = refused(bad);
            assert!(said.contains(why), "{bad}: {said:?}");
        }
        assert!(refused(&"xyä7 q".repeat(40)).contains("256 bytes"));
    }

    proptest! {
        #[test]
        fn any_text_gets_an_answer(text in ".{0,80}", about in ".{0,20}") {
            let _ = objection(&text, &[&about]);
        }

        #[test]
        fn random_ones_pass(text in "[a-zA-Z0-9]{24}") {
            prop_assert_eq!(objection(&text, &[]), None);
        }
    }
}
