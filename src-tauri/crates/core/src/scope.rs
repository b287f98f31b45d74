//! Scopes: what may be done, in text that people and programs write.
//!
//! ```text
//! scope    = resource ":" action [":" selector]
//! resource = part *("." part)                 ; budget, vault.key
//! action   = part
//! selector = "*" / 1*64(ALPHA / DIGIT / "-" / "_") / key "=" value    ; team=ml
//! part     = "*" / 1*32(%x61-7A / DIGIT / "_")
//! ```
//!
//! A `*` stands for one whole part; at the end of a resource it stands for everything below, however deep. No scope with a `*` allows
//! what is sensitive: that is named or not held. A denial takes with it whatever it can mean.

use crate::permission::Permission;
use std::fmt;
use std::str::FromStr;

/// Longest part of a resource, and longest action.
const PART: usize = 32;
/// Longest selector, and longest key and value of one.
const SELECTOR: usize = 64;
/// Parts of a resource, at most.
const DEPTH: usize = 8;
/// Actions that no wildcard allows, whatever the resource.
const SENSITIVE: [&str; 6] = ["reveal", "export", "force", "revoke", "grant", "slot"];

/// Why a text is not a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// There are not two or three parts with colons between them.
    #[error("is written resource:action, such as budget:read")]
    Form,
    /// The resource is empty, too long, or holds what no resource holds.
    #[error("has a resource that is not made of a-z, 0-9 and _ with dots between, or of *")]
    Resource,
    /// So is the action.
    #[error("has an action that is not made of a-z, 0-9 and _, and is not *")]
    Action,
    /// So is the selector.
    #[error("has a selector that is neither *, nor a name, nor key=value")]
    Selector,
}

/// One part of a scope: a word, or any word.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Part {
    Any,
    Word(String),
}

impl Part {
    fn parse(text: &str) -> Option<Self> {
        let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        match text {
            "*" => Some(Self::Any),
            _ if (1..=PART).contains(&text.len()) && text.bytes().all(word) => {
                Some(Self::Word(text.to_owned()))
            }
            _ => None,
        }
    }

    /// Whether everything that `other` means is meant by this.
    fn covers(&self, other: &Self) -> bool {
        *self == Self::Any || self == other
    }

    /// Whether there is something that both mean.
    fn meets(&self, other: &Self) -> bool {
        self.covers(other) || *other == Self::Any
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "*",
            Self::Word(word) => word,
        })
    }
}

/// What may be done, to what, and to which of it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Scope {
    resource: Vec<Part>,
    action: Part,
    /// Which of it; all of it if there is none.
    selector: Option<String>,
}

impl Scope {
    /// Whether this allows all that `wanted` means.
    #[must_use]
    pub fn allows(&self, wanted: &Self) -> bool {
        self.covers(wanted) && (!wanted.is_sensitive() || !self.has_wildcard())
    }

    /// Whether this, denied, takes away something that `wanted` means.
    #[must_use]
    pub fn meets(&self, wanted: &Self) -> bool {
        let same = |a: &String, b: &String| a == "*" || b == "*" || a == b;
        resources_meet(&self.resource, &wanted.resource)
            && self.action.meets(&wanted.action)
            && self.selector.as_ref().zip(wanted.selector.as_ref()).is_none_or(|(a, b)| same(a, b))
    }

    /// Whether this, denied, takes away everything that `other` would.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        resource_covers(&self.resource, &other.resource)
            && self.action.covers(&other.action)
            && match self.selector.as_deref() {
                None | Some("*") => true,
                own => own == other.selector.as_deref(),
            }
    }

    /// Which of the resource is meant, where it is not all of it.
    #[must_use]
    pub fn selector(&self) -> Option<&str> {
        self.selector.as_deref()
    }

    /// Whether a `*` stands for some resource or action.
    #[must_use]
    pub fn has_wildcard(&self) -> bool {
        self.resource.contains(&Part::Any) || self.action == Part::Any
    }

    /// Whether it names one thing that could do lasting harm.
    fn is_sensitive(&self) -> bool {
        let whole = Self { selector: None, ..self.clone() }.to_string();
        let action = whole.rsplit(':').next().unwrap_or_default();
        let own = || Permission::parse(&whole).is_some_and(Permission::is_sensitive);
        !self.has_wildcard() && (SENSITIVE.contains(&action) || own())
    }
}

/// A `*` at the end covers one part or more, any other exactly one.
fn resource_covers(own: &[Part], other: &[Part]) -> bool {
    match (own, other) {
        ([], []) | ([Part::Any], [_, ..]) => true,
        ([first, own @ ..], [part, other @ ..]) => first.covers(part) && resource_covers(own, other),
        _ => false,
    }
}

fn resources_meet(a: &[Part], b: &[Part]) -> bool {
    match (a, b) {
        ([], []) | ([Part::Any], [_, ..]) | ([_, ..], [Part::Any]) => true,
        ([x, a @ ..], [y, b @ ..]) => x.meets(y) && resources_meet(a, b),
        _ => false,
    }
}

fn is_name(text: &str) -> bool {
    let fits = (1..=SELECTOR).contains(&text.len());
    fits && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_selector(text: &str) -> bool {
    let pair = text.split_once('=').is_some_and(|(key, value)| is_name(key) && is_name(value));
    text == "*" || is_name(text) || pair
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let mut parts = text.splitn(3, ':');
        let (Some(resource), Some(action)) = (parts.next(), parts.next()) else {
            return Err(ScopeError::Form);
        };
        let resource: Option<Vec<Part>> = resource.split('.').take(DEPTH + 1).map(Part::parse).collect();
        let selector = parts.next();
        if selector.is_some_and(|text| !is_selector(text)) {
            return Err(ScopeError::Selector);
        }
        Ok(Self {
            resource: resource.filter(|parts| parts.len() <= DEPTH).ok_or(ScopeError::Resource)?,
            action: Part::parse(action).ok_or(ScopeError::Action)?,
            selector: selector.map(str::to_owned),
        })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, part) in self.resource.iter().enumerate() {
            write!(f, "{}{part}", if n == 0 { "" } else { "." })?;
        }
        write!(f, ":{}", self.action)?;
        self.selector.iter().try_for_each(|selector| write!(f, ":{selector}"))
    }
}

impl From<Permission> for Scope {
    fn from(permission: Permission) -> Self {
        let (noun, verb) = permission.as_str().split_once(':').unwrap_or_default();
        let word = |text: &str| Part::Word(text.to_owned());
        Self { resource: vec![word(noun)], action: word(verb), selector: None }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scope(text: &str) -> Scope {
        text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    /// Scopes of few words, so that they meet often.
    pub(crate) fn any_scope() -> impl Strategy<Value = Scope> {
        let noun = "(a|b|\\*)(\\.(a|b|\\*)){0,2}";
        let pattern = format!("{noun}:(read|write|export|revoke|\\*)(:(x|y|k=v|\\*))?");
        let own = proptest::sample::select(
            ["audit:private", "audit:*", "*:private", "vault:write", "vault:read", "*:*"].as_slice(),
        );
        prop_oneof![
            4 => proptest::string::string_regex(&pattern).unwrap().prop_map(|text| scope(&text)),
            1 => own.prop_map(scope),
        ]
    }

    /// Scopes that name one thing: what a use case asks for.
    pub(crate) fn any_wanted() -> impl Strategy<Value = Scope> {
        let pattern = "(a|b)(\\.(a|b)){0,2}:(read|write|export|revoke)(:(x|y|k=v))?";
        let own = Permission::ALL.iter().copied().map(Scope::from).collect::<Vec<_>>();
        prop_oneof![
            4 => proptest::string::string_regex(pattern).unwrap().prop_map(|text| scope(&text)),
            1 => proptest::sample::select(own),
        ]
    }

    #[test]
    fn what_is_written_is_read() {
        for text in [
            "budget:read",
            "vault.key:rotate",
            "reports:*",
            "*:read",
            "vault.*:read",
            "a.*.c:read",
            "budget:write:team=ml",
            "budget:write:*",
            "tenant:read:ten_01ABC",
            "a_1:b_2",
        ] {
            assert_eq!(scope(text).to_string(), text);
        }
    }

    #[test]
    fn what_is_no_scope_is_refused_with_the_reason() {
        use ScopeError::{Action, Form, Resource, Selector};
        let long = "x".repeat(33);
        for (text, why) in [
            ("", Form),
            ("budget", Form),
            (":read", Resource),
            ("budget.:read", Resource),
            ("budget..a:read", Resource),
            ("Budget:read", Resource),
            ("bud*:read", Resource),
            ("**:read", Resource),
            ("a.b.c.d.e.f.g.h.i:read", Resource),
            ("budget:", Action),
            ("budget:re*d", Action),
            ("budget:Read", Action),
            ("budget: read", Action),
            ("budget:read:", Selector),
            ("budget:read:a:b", Selector),
            ("budget:read:a=", Selector),
            ("budget:read:a=b=c", Selector),
            ("budget:read:a b", Selector),
            (&format!("{long}:read"), Resource),
            (&format!("budget:{long}"), Action),
        ] {
            assert_eq!(text.parse::<Scope>(), Err(why), "{text}");
        }
    }

    #[test]
    fn a_wildcard_stands_for_a_whole_part() {
        for (held, wanted, allowed) in [
            ("tenant:read", "tenant:read", true),
            ("tenant:read", "tenant:write", false),
            ("tenant:*", "tenant:write", true),
            ("*:read", "vault.key:read", true),
            ("vault.*:read", "vault.key.version:read", true),
            ("vault.*:read", "vault:read", false),
            ("*.key:read", "vault.key:read", true),
            ("*.key:read", "vault.key.version:read", false),
            ("a.*.c:read", "a.b.c:read", true),
            ("budget:read:team=ml", "budget:read:team=ml", true),
            ("budget:read:team=ml", "budget:read", false),
            ("budget:read", "budget:read:team=ml", true),
            ("budget:read:*", "budget:read", true),
        ] {
            assert_eq!(scope(held).allows(&scope(wanted)), allowed, "{held} for {wanted}");
        }
    }

    #[test]
    fn what_is_sensitive_is_named_or_not_held() {
        for action in SENSITIVE {
            let wanted = scope(&format!("vault.key:{action}"));
            for held in
                ["*:*", "vault.*:*", "vault.key:*", &format!("*:{action}"), &format!("vault.*:{action}")]
            {
                assert!(!scope(held).allows(&wanted), "{held} for {wanted}");
                assert!(scope(held).meets(&wanted), "denied, it takes {wanted} away: {held}");
            }
            assert!(wanted.allows(&wanted));
        }
        assert!(!scope("audit:*").allows(&scope("audit:private")));
        assert!(!scope("*:write").allows(&scope("user:write")));
        assert!(scope("*:write").allows(&scope("budget:write")));
    }

    #[test]
    fn every_permission_is_a_scope() {
        for permission in Permission::ALL {
            assert_eq!(Scope::from(*permission), scope(permission.as_str()));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let text = String::from_utf8_lossy(&bytes);
            if let Ok(read) = text.parse::<Scope>() {
                prop_assert_eq!(read.to_string(), text);
            }
        }

        #[test]
        fn what_is_nearly_a_scope_is_read_or_refused(text in "[a-b*.:=_ A\\x00-\\x{7f}é]{0,24}") {
            if let Ok(read) = text.parse::<Scope>() {
                prop_assert_eq!(read.to_string(), text);
            }
        }

        #[test]
        fn what_is_read_is_written_the_same(scope in any_scope()) {
            prop_assert_eq!(scope.to_string().parse(), Ok(scope));
        }

        #[test]
        fn covering_goes_on(a in any_scope(), b in any_scope(), c in any_scope()) {
            prop_assert!(a.covers(&a) && a.meets(&a));
            prop_assert_eq!(a.meets(&b), b.meets(&a));
            if a.covers(&b) {
                prop_assert!(a.meets(&b));
                prop_assert!(!b.covers(&c) || a.covers(&c), "{} {} {}", a, b, c);
                prop_assert!(!b.meets(&c) || a.meets(&c), "{} {} {}", a, b, c);
            }
            if a.allows(&b) && b.allows(&c) {
                prop_assert!(a.allows(&c), "{} {} {}", a, b, c);
            }
        }
    }
}
