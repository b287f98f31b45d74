//! Which numbers hold for whom: the subject's own where they are set, else those of its scope.

use super::subject::Subject;
use reeve_core::limit::{LimitScope, RateLimit};
use reeve_store::table::limits::Limit;
use std::collections::HashMap;

/// The limits in force.
pub(super) struct Rules {
    scopes: [ScopeRules; LimitScope::ALL.len()],
}

#[derive(Default)]
struct ScopeRules {
    default: RateLimit,
    own: HashMap<Box<str>, RateLimit>,
}

impl Default for Rules {
    fn default() -> Self {
        let mut rules = Self { scopes: Default::default() };
        for scope in LimitScope::ALL {
            rules.of_scope(*scope).default = scope.built_in();
        }
        rules
    }
}

impl Rules {
    fn of_scope(&mut self, scope: LimitScope) -> &mut ScopeRules {
        let [tenant, api_key, user, model, ip] = &mut self.scopes;
        match scope {
            LimitScope::Tenant => tenant,
            LimitScope::ApiKey => api_key,
            LimitScope::User => user,
            LimitScope::Model => model,
            LimitScope::Ip => ip,
        }
    }

    fn scope(&self, scope: LimitScope) -> &ScopeRules {
        let [tenant, api_key, user, model, ip] = &self.scopes;
        match scope {
            LimitScope::Tenant => tenant,
            LimitScope::ApiKey => api_key,
            LimitScope::User => user,
            LimitScope::Model => model,
            LimitScope::Ip => ip,
        }
    }

    /// Takes over a new or changed limit.
    pub(super) fn put(&mut self, limit: &Limit) {
        let scope = self.of_scope(limit.scope);
        match &limit.subject {
            None => scope.default = limit.numbers,
            Some(subject) => drop(scope.own.insert(subject.as_str().into(), limit.numbers)),
        }
    }

    /// Takes a limit away; without a subject what is built in holds again.
    pub(super) fn remove(&mut self, scope: LimitScope, subject: Option<&str>) {
        let rules = self.of_scope(scope);
        match subject {
            None => rules.default = scope.built_in(),
            Some(subject) => drop(rules.own.remove(subject)),
        }
    }

    /// The default of a scope.
    pub(super) fn default_of(&self, scope: LimitScope) -> RateLimit {
        self.scope(scope).default
    }

    /// What holds for a subject.
    pub(super) fn of(&self, subject: &Subject) -> RateLimit {
        let rules = self.scope(subject.scope());
        let own = if rules.own.is_empty() {
            None
        } else {
            subject.text().and_then(|text| rules.own.get(text.as_ref()).copied())
        };
        own.map_or(rules.default, |own| own.or(rules.default))
    }
}
