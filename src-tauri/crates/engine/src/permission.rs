//! Asking for permission: every use case's first line. A denial is an entry in the audit trail.

use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error};
use reeve_core::permission::Permission;
use reeve_core::principal::Principal;
use reeve_ledger::leaf::Ok as Outcome;

impl Engine {
    /// Lets `cx` pass if its principal may do `permission`.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] for nobody, [`Code::Forbidden`] for somebody who may not.
    pub(crate) async fn require(&self, cx: &Cx, permission: Permission) -> Result<(), Error> {
        if cx.principal.may(permission) {
            return Ok(());
        }
        if cx.principal == Principal::Anonymous {
            return Err(Error::new(Code::Unauthenticated, "Sign in first."));
        }
        let denied = self
            .draft(cx, "access.denied", format_args!("permission:{}", permission.as_str()))
            .outcome(Outcome::Denied, Severity::Warning);
        self.record(denied).await?;
        Err(Error::new(
            Code::Forbidden,
            format!("Your role may not do this; it needs the permission {}.", permission.as_str()),
        ))
    }
}
