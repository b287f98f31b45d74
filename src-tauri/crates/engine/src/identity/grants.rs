//! Grants: a role that somebody holds for one tenant, beside or instead of their own. Its holder may do with that tenant what the role
//! allows and tenants have (`reeve_core::grant`), and to them no other tenant is there. What is given and taken counts from the next
//! request on, in connections that are open as well. Nobody gives a role that may what they may not.

use super::roles::still_there;
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Draft;
use crate::error::{Code, Error};
use reeve_core::allowance::Allowance;
use reeve_core::grant::Grants;
use reeve_core::id::{TenantId, UserId};
use reeve_core::permission::Permission;
use reeve_core::role::RoleRef;
use reeve_store::table::grants::Grant;
use reeve_store::{Read, Tx};

/// Grants of one person, at most.
const MOST: usize = 200;
/// What stands for no role in entries.
const NO_ROLE: &str = "none";

/// A role that somebody holds for a tenant, as it is shown.
#[derive(Clone, Debug)]
pub struct HeldGrant {
    /// The grant.
    pub grant: Grant,
    /// What its holder is called.
    pub user_name: String,
    /// What the tenant is called.
    pub tenant_name: String,
    /// What the role is called.
    pub role_name: String,
    /// What it lets its holder do with the tenant.
    pub may: Vec<Permission>,
}

impl Engine {
    /// What somebody holds for single tenants.
    ///
    /// # Errors
    /// If `cx` may not see people; [`Code::NotFound`].
    pub async fn grants(&self, cx: &Cx, user: UserId) -> Result<Vec<HeldGrant>, Error> {
        self.require(cx, Permission::UserRead).await?;
        let read = move |r: &Read<'_>| {
            let user = r.users().get(user)?.ok_or_else(|| Error::not_found("person"))?;
            Ok::<_, Error>((r.grants().of_user(user.id)?, user.name))
        };
        let (grants, name) = self.inner.store.read(read).await?;
        Ok(grants.into_iter().map(|grant| self.held(grant, name.clone())).collect())
    }

    /// Who holds a role for a tenant, by name.
    ///
    /// # Errors
    /// If `cx` may not see people; [`Code::NotFound`].
    pub async fn tenant_grants(&self, cx: &Cx, tenant: TenantId) -> Result<Vec<HeldGrant>, Error> {
        self.require(cx, Permission::UserRead).await?;
        self.stored_tenant(tenant).await?;
        let read = move |r: &Read<'_>| {
            let users = r.users();
            let named = |grant: Grant| Ok((users.get(grant.user_id)?.map(|user| user.name), grant));
            r.grants().of_tenant(tenant)?.into_iter().map(named).collect::<Result<Vec<_>, Error>>()
        };
        let mut grants = self.inner.store.read(read).await?;
        grants.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(grants.into_iter().map(|(name, grant)| self.held(grant, name.unwrap_or_default())).collect())
    }

    /// What the person who asks holds for single tenants.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] if `cx` is not a person.
    pub async fn own_grants(&self, cx: &Cx) -> Result<Vec<HeldGrant>, Error> {
        let user = self.me(cx).await?;
        let grants = self.inner.store.read(move |r| r.grants().of_user(user.id)).await?;
        Ok(grants.into_iter().map(|grant| self.held(grant, user.name.clone())).collect())
    }

    /// Gives somebody a role for a tenant, in the place of the one they hold for it.
    ///
    /// # Errors
    /// If `cx` may not; [`Code::Forbidden`] for a role, or a person, that may what `cx` may not; [`Code::StepUpRequired`];
    /// [`Code::NotFound`]; [`Code::Invalid`] for a role that lets nobody see a tenant; [`Code::Conflict`] if the person
    /// holds too many.
    pub async fn grant(
        &self,
        cx: &Cx,
        user: UserId,
        tenant: TenantId,
        role: RoleRef,
    ) -> Result<HeldGrant, Error> {
        self.require(cx, Permission::UserWrite).await?;
        let may = self.role_allowance(role)?;
        self.require_within(cx, &may).await?;
        self.require_over(cx, user).await?;
        says_something(&may)?;
        let grant = Grant { user_id: user, tenant_id: tenant, role, created_at: self.now() };
        let draft = self.with_role(self.grant_draft(cx, "grant.create", user, tenant).await?, role);
        let stored = grant.clone();
        self.change_grant(
            move |tx| {
                still_there(&tx.read(), role)?;
                let held = tx.read().grants().of_user(user)?;
                let before = held.iter().find(|held| held.tenant_id == tenant).map(|held| held.role);
                if before == Some(role) {
                    return Ok(None);
                }
                if before.is_none() && held.len() >= MOST {
                    let sentence =
                        format!("{MOST} grants are the most for one person. A role may do instead.");
                    return Err(Error::new(Code::Conflict, sentence));
                }
                let was = before.map_or_else(|| NO_ROLE.to_owned(), |role| role.to_string());
                let recorded = draft.change("role", was, role).record(tx)?;
                recorded.grants().put(&stored)?;
                Ok(Some(recorded.sequence()))
            },
            |people| people.put_grant(user, tenant, role),
        )
        .await?;
        Ok(self.held(grant, self.user(user).await?.name))
    }

    /// Takes somebody's role for a tenant away.
    ///
    /// # Errors
    /// As [`Engine::grant`]; [`Code::NotFound`] if they hold none for it.
    pub async fn take_grant(&self, cx: &Cx, user: UserId, tenant: TenantId) -> Result<(), Error> {
        self.require(cx, Permission::UserWrite).await?;
        self.require_over(cx, user).await?;
        let draft = self.grant_draft(cx, "grant.delete", user, tenant).await?;
        self.change_grant(
            move |tx| {
                let held = tx.read().grants().of_user(user)?;
                let held = held.iter().find(|held| held.tenant_id == tenant);
                let role = held.ok_or_else(|| Error::not_found("grant"))?.role;
                let recorded = draft.change("role", role, NO_ROLE).record(tx)?;
                recorded.grants().delete(user, tenant)?;
                Ok(Some(recorded.sequence()))
            },
            |people| people.remove_grant(user, tenant),
        )
        .await
    }

    /// Changes a grant in one transaction, then lets requests and open connections know.
    async fn change_grant(
        &self,
        change: impl FnOnce(&mut Tx<'_>) -> Result<Option<u64>, Error> + Send + 'static,
        remember: impl FnOnce(&mut super::people::People) + Send,
    ) -> Result<(), Error> {
        let _one = self.inner.sessions.changing.lock().await;
        let Some(sequence) = self.inner.store.write(change).await? else { return Ok(()) };
        remember(&mut self.inner.sessions.people.write());
        self.inner.sessions.tell();
        self.told(sequence);
        Ok(())
    }

    async fn grant_draft(&self, cx: &Cx, kind: &str, user: UserId, tenant: TenantId) -> Result<Draft, Error> {
        let name = self.stored_tenant(tenant).await?.name;
        Ok(self.user_draft(cx, user, kind).tenant(tenant).detail("tenant_name", name))
    }

    fn held(&self, grant: Grant, user_name: String) -> HeldGrant {
        let may = self.role_allowance(grant.role).unwrap_or_default();
        HeldGrant {
            user_name,
            tenant_name: self.tenant_name(grant.tenant_id).unwrap_or_default(),
            role_name: self.role_name(grant.role),
            may: Grants::permissions(&may).collect(),
            grant,
        }
    }
}

/// Refuses a role whose holder could do nothing with the tenant, or could not even see it.
fn says_something(may: &Allowance) -> Result<(), Error> {
    if may.may(Permission::TenantRead) {
        return Ok(());
    }
    Err(Error::field("role", "does not let anybody see a tenant; for a tenant, give one that does"))
}
