//! Permissions: what Reeve asks for before it does anything, as `resource:action`, and the built-in roles that bundle them.

use crate::allowance::Allowance;
use crate::tenant::words;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, LazyLock};

words! {
    /// One thing that may be allowed. Each use case of the engine asks for exactly one.
    Permission {
        /// See tenants, their quotas and keys' names.
        TenantRead = "tenant:read",
        /// Create and change tenants, quotas and their states.
        TenantWrite = "tenant:write",
        /// Mint and revoke tenants' API keys.
        ApiKeyWrite = "api_key:write",
        /// Calls through the gateway: what a key may carry that this person mints.
        GatewayCall = "gateway:call",
        /// See budgets and their status.
        BudgetRead = "budget:read",
        /// Set budgets, release holds.
        BudgetWrite = "budget:write",
        /// See rate limits and how they stand.
        LimitRead = "limit:read",
        /// Set rate limits.
        LimitWrite = "limit:write",
        /// See usage, costs and prices.
        UsageRead = "usage:read",
        /// Import usage, rate a period again.
        UsageWrite = "usage:write",
        /// Set own prices, approve price lists.
        PriceWrite = "price:write",
        /// See credentials: fingerprint and last four only.
        CredentialRead = "credential:read",
        /// Add, probe and revoke credentials.
        CredentialWrite = "credential:write",
        /// See routes and how provider keys serve.
        RouteRead = "route:read",
        /// Change routes.
        RouteWrite = "route:write",
        /// Read and verify the audit trail.
        AuditRead = "audit:read",
        /// Write entries of applications into the audit trail.
        AuditWrite = "audit:write",
        /// Say who is sent entries as they are written.
        ListenerWrite = "listener:write",
        /// Export what is personal in the audit trail, opened.
        AuditPrivate = "audit:private",
        /// See requests for erasure, legal holds and how long the trail is kept.
        PrivacyRead = "privacy:read",
        /// Erase people, place and release legal holds, say how long the trail is kept, and prune it.
        PrivacyWrite = "privacy:write",
        /// See captured bodies of requests.
        CaptureRead = "capture:read",
        /// Say which bodies are captured, and delete them.
        CaptureWrite = "capture:write",
        /// See how the vault opens.
        VaultRead = "vault:read",
        /// Change how the vault opens, rotate its keys, back it up and restore it.
        VaultWrite = "vault:write",
        /// See people, their roles and their sessions.
        UserRead = "user:read",
        /// Invite people, give them roles, keep them from signing in.
        UserWrite = "user:write",
        /// End other people's sessions.
        SessionWrite = "session:write",
        /// See the workspace's settings.
        SettingsRead = "settings:read",
        /// Change them, load and remove sample data.
        SettingsWrite = "settings:write",
    }
}

impl Permission {
    /// Whether it could do lasting harm: change who may what, how the vault opens and which keys it holds, or what is personal. No
    /// wildcard allows it. Its use cases ask for the password or a code once more, or take away for good.
    #[must_use]
    pub const fn is_sensitive(self) -> bool {
        matches!(
            self,
            Self::UserWrite
                | Self::SessionWrite
                | Self::VaultWrite
                | Self::CredentialWrite
                | Self::AuditPrivate
                | Self::PrivacyWrite
        )
    }
}

words! {
    /// What a tenant's API key may be used for.
    KeyScope {
        /// Calls through the gateway.
        GatewayCall = "gateway:call",
        /// Writing its application's entries into the audit trail.
        AuditWrite = "audit:write",
        /// Hearing live that charges of its tenant were written.
        EventRead = "event:read",
    }
}

impl KeyScope {
    /// What whoever mints or replaces such a key holds.
    #[must_use]
    pub const fn permission(self) -> Permission {
        match self {
            Self::GatewayCall => Permission::GatewayCall,
            Self::AuditWrite => Permission::AuditWrite,
            Self::EventRead => Permission::UsageRead,
        }
    }
}

words! {
    /// A built-in bundle of permissions.
    Role {
        /// Everything.
        Admin = "admin",
        /// Credentials and the audit trail.
        Security = "security",
        /// Tenants and health.
        Operator = "operator",
        /// Costs and budgets.
        Finance = "finance",
        /// Own keys and usage.
        Developer = "developer",
        /// Gateway use.
        User = "user",
        /// Nothing of the whole workspace: for those who hold grants for single tenants alone.
        Nothing = "none",
    }
}

impl Role {
    /// The role's name, for people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Admin => "Admin",
            Self::Security => "Security",
            Self::Operator => "Operator",
            Self::Finance => "Finance",
            Self::Developer => "Developer",
            Self::User => "User",
            Self::Nothing => "None",
        }
    }

    /// What the role may do, also what a later version adds to it.
    #[must_use]
    pub fn allowance(self) -> Arc<Allowance> {
        static OTHERS: LazyLock<Vec<Arc<Allowance>>> = LazyLock::new(|| {
            Role::ALL.iter().map(|role| Arc::new(role.permissions().iter().copied().collect())).collect()
        });
        match self {
            Self::Admin => Allowance::everything(),
            other => OTHERS.get(other as usize).map(Arc::clone).unwrap_or_default(),
        }
    }

    /// What the role may do.
    #[must_use]
    pub fn permissions(self) -> &'static [Permission] {
        use Permission::{
            ApiKeyWrite, AuditPrivate, AuditRead, AuditWrite, BudgetRead, BudgetWrite, CaptureRead,
            CaptureWrite, CredentialRead, CredentialWrite, GatewayCall, LimitRead, LimitWrite, ListenerWrite,
            PriceWrite, PrivacyRead, PrivacyWrite, RouteRead, RouteWrite, SessionWrite, SettingsRead,
            TenantRead, TenantWrite, UsageRead, UsageWrite, UserRead, VaultRead, VaultWrite,
        };
        match self {
            Self::Admin => Permission::ALL,
            Self::Security => &[
                TenantRead,
                ApiKeyWrite,
                GatewayCall,
                LimitRead,
                LimitWrite,
                CredentialRead,
                CredentialWrite,
                RouteRead,
                CaptureRead,
                CaptureWrite,
                AuditRead,
                AuditWrite,
                ListenerWrite,
                AuditPrivate,
                PrivacyRead,
                PrivacyWrite,
                VaultRead,
                VaultWrite,
                UserRead,
                SessionWrite,
                SettingsRead,
            ],
            Self::Operator => &[
                TenantRead,
                TenantWrite,
                ApiKeyWrite,
                GatewayCall,
                BudgetRead,
                LimitRead,
                LimitWrite,
                UsageRead,
                CredentialRead,
                RouteRead,
                RouteWrite,
                AuditRead,
                SettingsRead,
            ],
            Self::Finance => &[
                TenantRead,
                BudgetRead,
                BudgetWrite,
                LimitRead,
                UsageRead,
                UsageWrite,
                PriceWrite,
                CredentialRead,
                RouteRead,
                SettingsRead,
            ],
            Self::Developer => &[TenantRead, GatewayCall, LimitRead, UsageRead, RouteRead, SettingsRead],
            Self::User => &[GatewayCall, SettingsRead],
            Self::Nothing => &[],
        }
    }

    /// Whether the role may do `permission`.
    #[must_use]
    pub fn allows(self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_admin_may_do_everything() {
        for role in Role::ALL {
            let all = Permission::ALL.iter().all(|p| role.allows(*p));
            assert_eq!(all, *role == Role::Admin, "{role:?}");
        }
    }

    #[test]
    fn only_admin_says_who_may_what() {
        for role in Role::ALL {
            assert_eq!(role.allows(Permission::UserWrite), *role == Role::Admin, "{role:?}");
        }
        assert!(Role::Security.allows(Permission::SessionWrite));
    }

    #[test]
    fn a_role_allows_what_its_table_says() {
        for role in Role::ALL {
            assert_eq!(role.allowance().permissions().len(), role.permissions().len(), "{role:?}");
            assert!(role.permissions().iter().all(|p| role.allowance().may(*p)), "{role:?}");
            assert_eq!(role.allowance().beyond(&Role::Admin.allowance()), None, "{role:?}");
        }
    }

    #[test]
    fn whoever_mints_keys_may_give_them_the_gateway() {
        for role in Role::ALL.iter().filter(|role| role.allows(Permission::ApiKeyWrite)) {
            assert!(role.allows(KeyScope::GatewayCall.permission()), "{role:?}");
        }
    }

    #[test]
    fn finance_sees_no_audit_and_touches_no_keys() {
        assert!(!Role::Finance.allows(Permission::AuditRead));
        assert!(!Role::Finance.allows(Permission::CredentialWrite));
        assert!(Role::Finance.allows(Permission::BudgetWrite));
    }
}
