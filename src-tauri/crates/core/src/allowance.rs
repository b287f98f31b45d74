//! Allowances: the scopes that somebody holds, and those that are kept from them whatever else they hold.

use crate::permission::Permission;
use crate::scope::Scope;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, LazyLock};

/// Scopes of one allowance, allowed and denied together, at most.
pub const MOST_SCOPES: usize = 64;

/// What somebody may do: what a scope allows and no scope denies. Nothing is allowed by itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Allowance {
    allowed: Vec<Scope>,
    denied: Vec<Scope>,
    /// What follows from the two, as every use case asks for it.
    permissions: Vec<Permission>,
}

impl Allowance {
    /// What these allow and those do not deny.
    #[must_use]
    pub fn new(mut allowed: Vec<Scope>, mut denied: Vec<Scope>) -> Self {
        for scopes in [&mut allowed, &mut denied] {
            scopes.sort_unstable();
            scopes.dedup();
        }
        let mut made = Self { allowed, denied, permissions: Vec::new() };
        made.permissions =
            Permission::ALL.iter().copied().filter(|p| made.allows(&Scope::from(*p))).collect();
        made
    }

    /// Everything there is and will be; what is sensitive by its name, for no wildcard reaches it.
    #[must_use]
    pub fn everything() -> Arc<Self> {
        static EVERYTHING: LazyLock<Arc<Allowance>> = LazyLock::new(|| {
            let sensitive = Permission::ALL.iter().copied().filter(|p| p.is_sensitive()).map(Scope::from);
            Arc::new(Allowance::new("*:*".parse().into_iter().chain(sensitive).collect(), Vec::new()))
        });
        Arc::clone(&EVERYTHING)
    }

    /// Whether it allows all that `wanted` means.
    #[must_use]
    pub fn allows(&self, wanted: &Scope) -> bool {
        self.allowed.iter().any(|held| held.allows(wanted)) && !self.denied.iter().any(|d| d.meets(wanted))
    }

    /// Whether it allows `permission`.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }

    /// What it allows of what Reeve asks for.
    #[must_use]
    pub fn permissions(&self) -> &[Permission] {
        &self.permissions
    }

    /// What is allowed, unless it is denied.
    #[must_use]
    pub fn allowed(&self) -> &[Scope] {
        &self.allowed
    }

    /// What is denied.
    #[must_use]
    pub fn denied(&self) -> &[Scope] {
        &self.denied
    }

    /// The first scope of this that goes beyond what `holder` holds. None: whoever holds that may hand this on.
    ///
    /// It looks at the scopes and not at today's permissions, so that what a wildcard comes to mean later does not go beyond either.
    #[must_use]
    pub fn beyond(&self, holder: &Self) -> Option<&Scope> {
        let within = |scope: &&Scope| {
            let held = holder.allowed.iter().any(|h| h.allows(scope));
            // What is kept from the holder is kept from this as well.
            let kept = |d: &Scope| !d.meets(scope) || self.denied.iter().any(|own| own.covers(d));
            held && holder.denied.iter().all(kept)
        };
        self.allowed.iter().find(|scope| !within(scope))
    }
}

impl FromIterator<Permission> for Allowance {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self::new(permissions.into_iter().map(Scope::from).collect(), Vec::new())
    }
}

/// An allowance in the store.
#[derive(Serialize, Deserialize)]
struct Written {
    allowed: Vec<String>,
    denied: Vec<String>,
}

impl Serialize for Allowance {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let texts = |scopes: &[Scope]| scopes.iter().map(Scope::to_string).collect();
        Written { allowed: texts(&self.allowed), denied: texts(&self.denied) }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Allowance {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written { allowed, denied } = Written::deserialize(deserializer)?;
        let read = |texts: Vec<String>| -> Result<Vec<Scope>, D::Error> {
            texts.iter().map(|text| text.parse().map_err(serde::de::Error::custom)).collect()
        };
        Ok(Self::new(read(allowed)?, read(denied)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::tests::{any_scope, any_wanted};
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn scopes(texts: &[&str]) -> Vec<Scope> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn of(allowed: &[&str], denied: &[&str]) -> Allowance {
        Allowance::new(scopes(allowed), scopes(denied))
    }

    fn any_allowance() -> impl Strategy<Value = Allowance> {
        (vec(any_scope(), 0..6), vec(any_scope(), 0..3)).prop_map(|(a, d)| Allowance::new(a, d))
    }

    #[test]
    fn nothing_is_allowed_by_itself_and_a_denial_wins() {
        assert!(Allowance::default().permissions().is_empty());
        let reader = of(&["*:read"], &["audit:*"]);
        assert!(reader.may(Permission::BudgetRead) && !reader.may(Permission::AuditRead));
        assert!(!reader.may(Permission::BudgetWrite));
        let both = of(&["budget:read"], &["budget:read"]);
        assert!(!both.may(Permission::BudgetRead));
        let part = of(&["budget:read"], &["budget:read:team=ml"]);
        assert!(
            !part.may(Permission::BudgetRead),
            "whoever asks for all of them would see that part as well"
        );
    }

    #[test]
    fn everything_is_everything() {
        assert_eq!(Allowance::everything().permissions(), Permission::ALL);
        assert_eq!(of(&["*:*"], &[]).beyond(&Allowance::everything()), None);
        assert_eq!(Allowance::everything().beyond(&Allowance::everything()), None);
    }

    #[test]
    fn nobody_hands_on_more_than_they_hold() {
        let holder = of(&["tenant:*", "budget:read", "user:write"], &["tenant:close"]);
        let beyond =
            |allowed: &[&str], denied: &[&str]| of(allowed, denied).beyond(&holder).map(Scope::to_string);
        assert_eq!(beyond(&["tenant:read", "budget:read", "user:write"], &[]), None);
        assert_eq!(beyond(&["budget:write"], &[]).as_deref(), Some("budget:write"));
        assert_eq!(beyond(&["budget:*"], &[]).as_deref(), Some("budget:*"), "today, and what comes later");
        assert_eq!(beyond(&["tenant:*"], &[]).as_deref(), Some("tenant:*"), "what is denied to the holder");
        assert_eq!(beyond(&["tenant:*"], &["tenant:close"]), None);
        assert_eq!(beyond(&["tenant:*"], &["*:*"]), None);
    }

    #[test]
    fn it_is_stored_as_it_is() {
        let made = of(&["*:read", "audit:private"], &["capture:*"]);
        let text = serde_json::to_string(&made).unwrap();
        assert_eq!(text, r#"{"allowed":["*:read","audit:private"],"denied":["capture:*"]}"#);
        assert_eq!(serde_json::from_str::<Allowance>(&text).unwrap(), made);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn more_allowed_is_never_less_and_more_denied_never_more(
            a in any_allowance(), more in any_scope(), wanted in any_wanted()
        ) {
            let with = |list: &[Scope]| list.iter().cloned().chain([more.clone()]).collect::<Vec<_>>();
            let allowed = Allowance::new(with(a.allowed()), a.denied().to_vec());
            let denied = Allowance::new(a.allowed().to_vec(), with(a.denied()));
            prop_assert!(!a.allows(&wanted) || allowed.allows(&wanted));
            prop_assert!(a.allows(&wanted) || !denied.allows(&wanted));
            prop_assert!(!denied.allows(&wanted) || !more.meets(&wanted));
        }

        #[test]
        fn what_is_handed_on_never_widens(
            holder in any_allowance(), keep in vec(any::<bool>(), 9), more in any_allowance(), wanted in vec(any_wanted(), 20)
        ) {
            // Much of what the holder holds and something else, so that it is within often enough.
            let some = |own: &[Scope], keep: &[bool], more: &[Scope]| {
                let kept = own.iter().zip(keep).filter(|(_, keep)| **keep).map(|(scope, _)| scope);
                kept.chain(more.iter().take(1)).cloned().collect::<Vec<_>>()
            };
            let made = Allowance::new(
                some(holder.allowed(), &keep, more.allowed()),
                some(holder.denied(), &keep[6..], more.denied()),
            );
            if made.beyond(&holder).is_none() {
                for wanted in wanted {
                    prop_assert!(!made.allows(&wanted) || holder.allows(&wanted), "{}", wanted);
                }
                prop_assert!(made.permissions().iter().all(|p| holder.may(*p)));
            }
        }

        #[test]
        fn a_part_of_what_is_held_may_be_handed_on(holder in any_allowance(), keep in vec(any::<bool>(), 6)) {
            let some = holder.allowed().iter().zip(&keep).filter(|(_, keep)| **keep).map(|(s, _)| s.clone());
            let made = Allowance::new(some.collect(), holder.denied().to_vec());
            prop_assert_eq!(made.beyond(&holder), None);
        }

        #[test]
        fn what_is_sensitive_needs_its_name(a in any_allowance()) {
            for permission in Permission::ALL.iter().filter(|p| p.is_sensitive() && a.may(**p)) {
                prop_assert!(a.allowed().contains(&Scope::from(*permission)));
            }
        }
    }
}
