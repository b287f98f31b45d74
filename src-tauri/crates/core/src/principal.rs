//! Who acts: the principal every use case is asked by.

use crate::id::{ApiKeyId, SessionId, TenantId, UserId};
use crate::permission::{Permission, Role};

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
        /// What they may do.
        role: Role,
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
    /// Whether this principal may do `permission`.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        match self {
            Self::System => true,
            Self::User { role, .. } => role.allows(permission),
            Self::Anonymous | Self::ApiKey { .. } => false,
        }
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
