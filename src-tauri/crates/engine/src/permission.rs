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
        let whose = if matches!(cx.principal, Principal::ApiKey { .. }) { "An API key" } else { "Your role" };
        Err(self.deny(cx, permission.as_str(), whose).await?)
    }

    /// Writes down that `whose` asker may not, and says so.
    ///
    /// # Errors
    /// If the store cannot write.
    pub(crate) async fn deny(&self, cx: &Cx, scope: &str, whose: &str) -> Result<Error, Error> {
        let draft = self
            .draft(cx, "access.denied", format_args!("permission:{scope}"))
            .outcome(Outcome::Denied, Severity::Warning);
        let draft = match &cx.principal {
            Principal::ApiKey { tenant, .. } => draft.tenant(*tenant),
            _ => draft,
        };
        self.record(draft).await?;
        let sentence = format!("{whose} may not do this; it needs the permission {scope}.");
        Ok(Error::new(Code::Forbidden, sentence))
    }
}
