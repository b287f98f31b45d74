//! Looking after people: their roles, whether they may sign in, and the way back for somebody who lost the second factor.
//!
//! Somebody who may do everything stays, in the same transaction that would take the last one away. Nobody gives a role that
//! may what the giver may not, nor looks after somebody who has one.

use super::User;
use crate::Engine;
use crate::cx::Cx;
use crate::entry::{Draft, Severity};
use crate::error::{Code, Error};
use reeve_core::id::UserId;
use reeve_core::permission::Permission;
use reeve_core::principal::Principal;
use reeve_core::role::RoleRef;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::{Read, Tx};

/// A person as a list shows them.
pub struct Person {
    /// Who.
    pub user: User,
    /// Sessions that are open.
    pub sessions: u64,
    /// When one of them was last renewed.
    pub last_seen: Option<Millis>,
}

impl Engine {
    /// Everybody, oldest first. People are few: this is not paged.
    ///
    /// # Errors
    /// If `cx` may not see people.
    pub async fn users(&self, cx: &Cx) -> Result<Vec<Person>, Error> {
        self.require(cx, Permission::UserRead).await?;
        let (now, engine) = (self.now(), self.clone());
        let read = move |r: &Read<'_>| {
            let mut all = Vec::new();
            for user in r.users().all()? {
                let open = engine.open_of(r, user.id, now)?;
                let last_seen = open.iter().map(|s| s.refreshed_at).max();
                all.push(Person { user, sessions: u64::try_from(open.len()).unwrap_or(u64::MAX), last_seen });
            }
            Ok::<_, Error>(all)
        };
        self.inner.store.read(read).await
    }

    /// Gives somebody another role.
    ///
    /// # Errors
    /// If `cx` may not; [`Code::Forbidden`] for a role that may what `cx` may not; [`Code::StepUpRequired`];
    /// [`Code::NotFound`]; [`Code::Conflict`] if no administrator would be left.
    pub async fn set_role(&self, cx: &Cx, id: UserId, role: RoleRef) -> Result<User, Error> {
        self.require(cx, Permission::UserWrite).await?;
        self.require_within(cx, &*self.role_allowance(role)?).await?;
        self.require_over(cx, id).await?;
        let draft = self.with_role(self.user_draft(cx, id, "user.role_change"), role);
        self.change_user(id, move |tx, user| {
            if user.role == role {
                return Ok(None);
            }
            keep_an_admin(&tx.read(), user, !role.is_admin())?;
            super::roles::still_there(&tx.read(), role)?;
            let recorded = draft.change("role", user.role, role).record(tx)?;
            recorded.users().set_role(id, role, recorded.now())?;
            Ok(Some(recorded.sequence()))
        })
        .await
    }

    /// Keeps somebody from signing in, and ends their sessions.
    ///
    /// # Errors
    /// As [`Engine::set_role`]; [`Code::Conflict`] for oneself as well.
    pub async fn disable_user(&self, cx: &Cx, id: UserId) -> Result<User, Error> {
        self.require(cx, Permission::UserWrite).await?;
        self.require_over(cx, id).await?;
        if matches!(cx.principal, Principal::User { id: own, .. } if own == id) {
            return Err(Error::new(Code::Conflict, "Nobody disables themselves. Ask another administrator."));
        }
        let draft = self.user_draft(cx, id, "user.disable").change("state", "active", "disabled");
        let user = self
            .change_user(id, move |tx, user| {
                if user.disabled_at.is_some() {
                    return Ok(None);
                }
                keep_an_admin(&tx.read(), user, true)?;
                // Those of the file, so that one that was opened a moment ago is not there again once the person is enabled.
                let open = tx.read().sessions().open_of(id, tx.now())?;
                let recorded = draft.detail("sessions_ended", open.len()).record(tx)?;
                recorded.users().set_disabled(id, true, recorded.now())?;
                for session in open {
                    recorded.sessions().revoke(session.id, recorded.now())?;
                }
                Ok(Some(recorded.sequence()))
            })
            .await?;
        self.inner.sessions.others_of(id, None).into_iter().for_each(|s| self.inner.sessions.ended(s));
        Ok(user)
    }

    /// Lets somebody sign in again.
    ///
    /// # Errors
    /// As [`Engine::set_role`].
    pub async fn enable_user(&self, cx: &Cx, id: UserId) -> Result<User, Error> {
        self.require(cx, Permission::UserWrite).await?;
        self.require_over(cx, id).await?;
        let draft = self.user_draft(cx, id, "user.enable").change("state", "disabled", "active");
        self.change_user(id, move |tx, user| {
            if user.disabled_at.is_none() {
                return Ok(None);
            }
            let recorded = draft.record(tx)?;
            recorded.users().set_disabled(id, false, recorded.now())?;
            Ok(Some(recorded.sequence()))
        })
        .await
    }

    /// Turns two-step sign-in off for somebody who has neither the app nor a recovery code.
    ///
    /// # Errors
    /// As [`Engine::set_role`]; [`Code::PreconditionFailed`] if it is off.
    pub async fn take_second_factor_off(&self, cx: &Cx, id: UserId) -> Result<(), Error> {
        self.require(cx, Permission::UserWrite).await?;
        let user = self.require_over(cx, id).await?;
        self.take_off(cx, &user).await
    }

    /// Lets `cx` pass if the person may nothing that `cx` may not, and whoever asks has just proved who they are.
    pub(super) async fn require_over(&self, cx: &Cx, id: UserId) -> Result<User, Error> {
        let read = move |r: &Read<'_>| Ok::<_, Error>((r.users().get(id)?, r.grants().of_user(id)?));
        let (user, grants) = self.inner.store.read(read).await?;
        let user = user.ok_or_else(no_such_person)?;
        for role in std::iter::once(user.role).chain(grants.iter().map(|grant| grant.role)) {
            self.require_within(cx, &*self.role_allowance(role)?).await?;
        }
        self.require_fresh(cx)?;
        Ok(user)
    }

    /// Changes somebody in one transaction; `None` from `change` says that there was nothing to do.
    async fn change_user(
        &self,
        id: UserId,
        change: impl FnOnce(&mut Tx<'_>, &User) -> Result<Option<u64>, Error> + Send + 'static,
    ) -> Result<User, Error> {
        let write = move |tx: &mut Tx<'_>| {
            let user = tx.read().users().get(id)?.ok_or_else(no_such_person)?;
            let sequence = change(tx, &user)?;
            let after = tx.read().users().get(id)?.ok_or_else(no_such_person)?;
            Ok::<_, Error>((after, sequence))
        };
        let _one = self.inner.sessions.changing.lock().await;
        let (user, sequence) = self.inner.store.write(write).await?;
        if let Some(sequence) = sequence {
            self.inner.sessions.people.write().put(&user);
            self.inner.sessions.tell();
            self.told(sequence);
        }
        Ok(user)
    }

    pub(super) fn user_draft(&self, cx: &Cx, id: UserId, kind: &str) -> Draft {
        self.draft(cx, kind, format_args!("user:{id}")).outcome(Outcome::Success, Severity::Notice)
    }
}

/// Refuses to take the last administrator away who may sign in.
fn keep_an_admin(read: &Read<'_>, user: &User, goes: bool) -> Result<(), Error> {
    let last = user.role.is_admin() && read.users().admins_besides(user.id)? == 0;
    if goes && last {
        return Err(Error::new(
            Code::Conflict,
            "This is the last administrator. Make somebody else one first.",
        ));
    }
    Ok(())
}

fn no_such_person() -> Error {
    Error::not_found("person")
}
