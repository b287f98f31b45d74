//! Asking for permission: every use case's first line. A denial is an entry in the audit trail.
//!
//! A use case is of the whole workspace ([`Engine::require`]) or of tenants: of one that is named ([`Engine::require_for`]), or of
//! those that are seen ([`Engine::require_visible`]). To whoever holds a permission for some tenants, others are not there: their
//! things are not found, exactly as things that do not exist, and lists hold none of them.

use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error};
use reeve_core::allowance::Allowance;
use reeve_core::grant::Visible;
use reeve_core::id::TenantId;
use reeve_core::permission::Permission;
use reeve_core::principal::Principal;
use reeve_ledger::leaf::Ok as Outcome;

impl Engine {
    /// Lets `cx` pass if its principal may do `permission` in the whole workspace.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] for nobody, [`Code::Forbidden`] for somebody who may not.
    pub(crate) async fn require(&self, cx: &Cx, permission: Permission) -> Result<(), Error> {
        if cx.principal.may(permission) {
            return Ok(());
        }
        Err(self.deny_unless_nobody(cx, permission).await?)
    }

    /// Lets `cx` pass if its principal may do `permission` with a tenant.
    ///
    /// # Errors
    /// As [`Engine::require`]; [`Code::NotFound`] for who may do it with others alone and does not see this one.
    pub(crate) async fn require_for(
        &self,
        cx: &Cx,
        permission: Permission,
        tenant: TenantId,
    ) -> Result<(), Error> {
        let who = &cx.principal;
        if who.may_for(permission, tenant) {
            return Ok(());
        }
        let sees = who.may_for(Permission::TenantRead, tenant) || who.grants().has(tenant);
        if who.visible(permission).is_some() && !sees {
            return Err(Error::not_found("tenant"));
        }
        Err(self.deny_unless_nobody(cx, permission).await?)
    }

    /// Lets `cx` pass if its principal may do `permission` with anything, and tells with whose things.
    ///
    /// # Errors
    /// As [`Engine::require`].
    pub(crate) async fn require_visible(&self, cx: &Cx, permission: Permission) -> Result<Visible, Error> {
        match cx.principal.visible(permission) {
            Some(visible) => Ok(visible),
            None => Err(self.deny_unless_nobody(cx, permission).await?),
        }
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

    /// That somebody may not do `permission`, written down; or that nobody is signed in.
    async fn deny_unless_nobody(&self, cx: &Cx, permission: Permission) -> Result<Error, Error> {
        let whose = match &cx.principal {
            Principal::Anonymous => return Ok(Error::new(Code::Unauthenticated, "Sign in first.")),
            Principal::ApiKey { .. } => "An API key",
            who if who.visible(permission).is_some() => {
                "None of the tenants that you hold a grant for is concerned, and your role"
            }
            _ => "Your role",
        };
        self.deny(cx, permission.as_str(), whose).await
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
