//! Grants: what somebody may do with single tenants, beside or instead of what their role lets them do in the whole workspace.

use crate::allowance::Allowance;
use crate::id::TenantId;
use crate::permission::Permission;
use std::collections::{BTreeMap, BTreeSet};

impl Permission {
    /// Whether it can be held for one tenant. All others are of the whole workspace, whatever role is granted: its settings and people,
    /// the vault and provider keys, routes and prices, the audit trail, and what the workspace sets for a tenant (its plan, its budgets
    /// and limits), which nobody loosens from within.
    #[must_use]
    pub const fn is_of_a_tenant(self) -> bool {
        matches!(
            self,
            Self::TenantRead
                | Self::ApiKeyWrite
                | Self::GatewayCall
                | Self::BudgetRead
                | Self::LimitRead
                | Self::UsageRead
                | Self::CaptureRead
                | Self::CaptureWrite
        )
    }
}

/// What somebody may do with which tenants. Whoever has no grant has none of this.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Grants(BTreeMap<TenantId, Vec<Permission>>);

impl Grants {
    /// What a role lets somebody do with a tenant it is granted for.
    pub fn permissions(role: &Allowance) -> impl Iterator<Item = Permission> + '_ {
        role.permissions().iter().copied().filter(|permission| permission.is_of_a_tenant())
    }

    /// Whether `permission` is held for `tenant`.
    #[must_use]
    pub fn may(&self, permission: Permission, tenant: TenantId) -> bool {
        self.0.get(&tenant).is_some_and(|held| held.contains(&permission))
    }

    /// Whether anything is held for `tenant`.
    #[must_use]
    pub fn has(&self, tenant: TenantId) -> bool {
        self.0.contains_key(&tenant)
    }

    /// The tenants that `permission` is held for.
    #[must_use]
    pub fn tenants(&self, permission: Permission) -> BTreeSet<TenantId> {
        let held = self.0.iter().filter(|(_, held)| held.contains(&permission));
        held.map(|(tenant, _)| *tenant).collect()
    }
}

impl<R: AsRef<Allowance>> FromIterator<(TenantId, R)> for Grants {
    fn from_iter<I: IntoIterator<Item = (TenantId, R)>>(granted: I) -> Self {
        let held = |role: R| Self::permissions(role.as_ref()).collect();
        Self(granted.into_iter().map(|(tenant, role)| (tenant, held(role))).collect())
    }
}

/// The tenants whose things somebody sees. Every list that holds things of tenants takes it, so that none forgets to ask.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Visible {
    /// Everything, also what is of the whole workspace.
    All,
    /// Things of these tenants alone.
    Only(BTreeSet<TenantId>),
}

impl Visible {
    /// Whether a thing is seen: a tenant's, or one of the whole workspace where there is none.
    #[must_use]
    pub fn shows(&self, tenant: Option<TenantId>) -> bool {
        match self {
            Self::All => true,
            Self::Only(tenants) => tenant.is_some_and(|tenant| tenants.contains(&tenant)),
        }
    }

    /// The questions that together ask for all that is seen, of one tenant or of every (`None`); of `wanted` alone, where that is said.
    #[must_use]
    pub fn questions(&self, wanted: Option<TenantId>) -> Vec<Option<TenantId>> {
        match (self, wanted) {
            (Self::All, _) => vec![wanted],
            (Self::Only(_), Some(_)) => Some(wanted).filter(|one| self.shows(*one)).into_iter().collect(),
            (Self::Only(tenants), None) => tenants.iter().copied().map(Some).collect(),
        }
    }

    /// The one tenant that is asked for, if it is one: an index leads to its things.
    #[must_use]
    pub fn only_one(&self, wanted: Option<TenantId>) -> Option<TenantId> {
        match self {
            Self::Only(tenants) if tenants.len() == 1 => wanted.or(tenants.first().copied()),
            _ => wanted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::Role;
    use uuid::Uuid;

    const OWN: TenantId = TenantId(Uuid::from_u128(1));
    const OTHER: TenantId = TenantId(Uuid::from_u128(2));

    #[test]
    fn nothing_that_could_do_lasting_harm_is_held_for_a_tenant() {
        for permission in Permission::ALL.iter().filter(|p| p.is_of_a_tenant()) {
            assert!(!permission.is_sensitive(), "{permission:?}");
        }
    }

    #[test]
    fn a_grant_is_of_its_tenant_and_of_what_its_role_and_tenants_have() {
        let grants: Grants = [(OWN, Role::Operator.allowance())].into_iter().collect();
        assert!(grants.has(OWN) && !grants.has(OTHER));
        for permission in Permission::ALL {
            let held = Role::Operator.allows(*permission) && permission.is_of_a_tenant();
            assert_eq!(grants.may(*permission, OWN), held, "{permission:?}");
            assert!(!grants.may(*permission, OTHER), "{permission:?}");
            assert_eq!(grants.tenants(*permission).contains(&OWN), held, "{permission:?}");
        }
        let all: Grants = [(OWN, Role::Admin.allowance())].into_iter().collect();
        assert!(!all.may(Permission::UserWrite, OWN) && all.may(Permission::TenantRead, OWN));
    }

    #[test]
    fn who_sees_single_tenants_sees_nothing_of_the_workspace() {
        let own = Visible::Only([OWN].into());
        assert!(own.shows(Some(OWN)) && !own.shows(Some(OTHER)) && !own.shows(None));
        assert!(Visible::All.shows(Some(OTHER)) && Visible::All.shows(None));
    }

    #[test]
    fn questions_never_ask_for_more_than_is_seen() {
        let both = Visible::Only([OWN, OTHER].into());
        assert_eq!(Visible::All.questions(None), [None]);
        assert_eq!(Visible::All.questions(Some(OWN)), [Some(OWN)]);
        assert_eq!(both.questions(None), [Some(OWN), Some(OTHER)]);
        assert!(Visible::Only([OWN].into()).questions(Some(OTHER)).is_empty());
        assert_eq!(Visible::Only([OWN].into()).only_one(None), Some(OWN));
        assert_eq!(
            Visible::Only([OWN].into()).only_one(Some(OTHER)),
            Some(OTHER),
            "and then it is not shown"
        );
        assert_eq!(both.only_one(None), None);
    }
}
