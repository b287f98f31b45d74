//! Who acts: the principal every use case is asked by.

use crate::allowance::Allowance;
use crate::grant::{Grants, Visible};
use crate::id::{ApiKeyId, SessionId, TenantId, UserId};
use crate::permission::Permission;
use std::sync::Arc;

/// The one who acts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Principal {
    /// Nobody known; may do nothing but set up and sign in.
    Anonymous,
    /// Reeve itself: start-up, schedules, recovery.
    System,
    /// A person.
    User {
        /// Who.
        id: UserId,
        /// Pseudonym in the ledger; says nothing of the person without the users table.
        subject: String,
        /// What their role lets them do, in the whole workspace.
        may: Arc<Allowance>,
        /// What they may do with single tenants beside that.
        grants: Arc<Grants>,
        /// Their session; `None` in the window of the OS user where no password is set.
        session: Option<SessionId>,
    },
    /// A tenant's API key at the gateway.
    ApiKey {
        /// Which key.
        id: ApiKeyId,
        /// Whose.
        tenant: TenantId,
    },
}

impl Principal {
    /// What this principal holds.
    #[must_use]
    pub fn allowance(&self) -> Arc<Allowance> {
        match self {
            Self::System => Allowance::everything(),
            Self::User { may, .. } => Arc::clone(may),
            Self::Anonymous | Self::ApiKey { .. } => Arc::default(),
        }
    }

    /// Whether this principal may do `permission`, in the whole workspace.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.allowance().may(permission)
    }

    /// What this principal holds for single tenants.
    #[must_use]
    pub fn grants(&self) -> Arc<Grants> {
        match self {
            Self::User { grants, .. } => Arc::clone(grants),
            Self::Anonymous | Self::System | Self::ApiKey { .. } => Arc::default(),
        }
    }

    /// Whether this principal may do `permission` with a tenant.
    #[must_use]
    pub fn may_for(&self, permission: Permission, tenant: TenantId) -> bool {
        self.may(permission) || self.grants().may(permission, tenant)
    }

    /// Whose things this principal may do `permission` with; `None` for nobody's.
    #[must_use]
    pub fn visible(&self, permission: Permission) -> Option<Visible> {
        if self.may(permission) {
            return Some(Visible::All);
        }
        let tenants = self.grants().tenants(permission);
        (!tenants.is_empty()).then_some(Visible::Only(tenants))
    }

    /// The pseudonymous actor id of a ledger entry.
    #[must_use]
    pub fn who(&self) -> String {
        match self {
            Self::Anonymous => "anonymous".to_owned(),
            Self::System => "system".to_owned(),
            Self::User { subject, .. } => subject.clone(),
            Self::ApiKey { id, .. } => id.to_string(),
        }
    }
}
