//! Who acts: the principal every use case is asked by.

use crate::allowance::Allowance;
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
        /// What their role lets them do.
        may: Arc<Allowance>,
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

    /// Whether this principal may do `permission`.
    #[must_use]
    pub fn may(&self, permission: Permission) -> bool {
        self.allowance().may(permission)
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
