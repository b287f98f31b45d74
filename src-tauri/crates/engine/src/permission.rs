//! Asking for permission: every use case's first line. A denial is an entry in the audit trail.

use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error};
use reeve_core::allowance::Allowance;
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

    /// Lets `cx` pass if its principal may do `see`, or `change` what is seen: who changes something is told what came of it.
    ///
    /// # Errors
    /// As [`Engine::require`].
    pub(crate) async fn require_to_see(
        &self,
        cx: &Cx,
        see: Permission,
        change: Permission,
    ) -> Result<(), Error> {
        if cx.principal.may(change) { Ok(()) } else { self.require(cx, see).await }
    }

    /// Lets `cx` pass if it holds all of what it is about to hand on: with a key, an invitation or a role.
    ///
    /// # Errors
    /// [`Code::Forbidden`] with the first scope that goes beyond.
    pub(crate) async fn require_within(&self, cx: &Cx, handed_on: &Allowance) -> Result<(), Error> {
        match handed_on.beyond(&cx.principal.allowance()) {
            None => Ok(()),
            Some(scope) => Err(self.deny(cx, &scope.to_string(), "Your role").await?),
        }
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
