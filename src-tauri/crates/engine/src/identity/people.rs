//! The people in memory: as much of them as a request needs.

use super::User;
use crate::Engine;
use crate::cx::Cx;
use crate::error::{Code, Error};
use reeve_core::allowance::Allowance;
use reeve_core::grant::Grants;
use reeve_core::id::{RoleId, SessionId, TenantId, UserId};
use reeve_core::principal::Principal;
use reeve_core::role::RoleRef;
use reeve_store::table::grants::Grant;
use reeve_store::table::roles::CustomRole;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Everybody by id with the roles they hold for single tenants, and what the roles that people made let them do.
#[derive(Default)]
pub(super) struct People {
    people: HashMap<UserId, Person>,
    grants: HashMap<UserId, BTreeMap<TenantId, RoleRef>>,
    roles: HashMap<RoleId, Made>,
}

struct Made {
    name: String,
    may: Arc<Allowance>,
}

struct Person {
    subject: String,
    role: RoleRef,
    has_password: bool,
    disabled: bool,
}

impl People {
    pub(super) fn of(users: &[User], roles: &[CustomRole], grants: &[Grant]) -> Self {
        let mut people = Self::default();
        users.iter().for_each(|user| people.put(user));
        grants.iter().for_each(|grant| people.put_grant(grant.user_id, grant.tenant_id, grant.role));
        roles.iter().for_each(|role| people.put_role(role));
        people
    }

    pub(super) fn put_role(&mut self, role: &CustomRole) {
        self.roles.insert(role.id, Made { name: role.name.clone(), may: Arc::clone(&role.may) });
    }

    pub(super) fn remove_role(&mut self, id: RoleId) {
        self.roles.remove(&id);
    }

    /// What a role lets people do; `None` if it is gone.
    pub(super) fn allowance(&self, role: RoleRef) -> Option<Arc<Allowance>> {
        match role {
            RoleRef::BuiltIn(role) => Some(role.allowance()),
            RoleRef::Custom(id) => self.roles.get(&id).map(|role| Arc::clone(&role.may)),
        }
    }

    pub(super) fn role_name(&self, role: RoleRef) -> String {
        match role {
            RoleRef::BuiltIn(role) => role.label().to_owned(),
            RoleRef::Custom(id) => self.roles.get(&id).map_or_else(|| id.to_string(), |r| r.name.clone()),
        }
    }

    pub(super) fn put(&mut self, user: &User) {
        let person = Person {
            subject: user.subject.clone(),
            role: user.role,
            has_password: user.password_hash.is_some(),
            disabled: user.disabled_at.is_some(),
        };
        self.people.insert(user.id, person);
    }

    pub(super) fn put_grant(&mut self, user: UserId, tenant: TenantId, role: RoleRef) {
        self.grants.entry(user).or_default().insert(tenant, role);
    }

    pub(super) fn remove_grant(&mut self, user: UserId, tenant: TenantId) {
        if let Some(held) = self.grants.get_mut(&user) {
            held.remove(&tenant);
        }
    }

    /// What somebody may do with single tenants.
    fn grants(&self, id: UserId) -> Arc<Grants> {
        let held = self.grants.get(&id).into_iter().flatten();
        Arc::new(held.filter_map(|(tenant, role)| Some((*tenant, self.allowance(*role)?))).collect())
    }

    fn remove(&mut self, id: UserId) {
        self.people.remove(&id);
        self.grants.remove(&id);
    }

    pub(super) fn has_password_now(&mut self, id: UserId) {
        if let Some(person) = self.people.get_mut(&id) {
            person.has_password = true;
        }
    }

    pub(super) fn principal(&self, id: UserId, session: Option<SessionId>) -> Option<Principal> {
        let person = self.people.get(&id).filter(|person| !person.disabled)?;
        // A role that is gone allows nothing.
        let may = self.allowance(person.role).unwrap_or_default();
        Some(Principal::User { id, subject: person.subject.clone(), may, grants: self.grants(id), session })
    }

    /// The one person there is, if that person has set no password.
    fn owner_without_password(&self) -> Option<UserId> {
        let mut all = self.people.iter();
        match (all.next(), all.next()) {
            (Some((id, person)), None) if !person.has_password => Some(*id),
            _ => None,
        }
    }
}

impl Engine {
    /// Whether nobody is registered yet.
    #[must_use]
    pub fn needs_setup(&self) -> bool {
        self.inner.sessions.people.read().people.is_empty()
    }

    /// Whether the window needs a sign-in: not as long as its one owner has set no password. HTTP always needs one.
    #[must_use]
    pub fn sign_in_required(&self) -> bool {
        let people = self.inner.sessions.people.read();
        !people.people.is_empty() && people.owner_without_password().is_none()
    }

    /// Who the window's OS user is: the one owner, as long as there is no password; nobody otherwise.
    #[must_use]
    pub fn window_principal(&self) -> Principal {
        let people = self.inner.sessions.people.read();
        people
            .owner_without_password()
            .and_then(|id| people.principal(id, None))
            .unwrap_or(Principal::Anonymous)
    }

    /// Forgets a person who is removed, and ends what is open of them.
    pub(crate) fn forget_person(&self, id: UserId) {
        for session in self.inner.sessions.others_of(id, None) {
            self.inner.sessions.ended(session);
        }
        self.inner.sessions.people.write().remove(id);
        self.inner.sessions.tell();
    }

    /// The person who asks.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] if `cx` is not a person.
    pub async fn me(&self, cx: &Cx) -> Result<User, Error> {
        let Principal::User { id, .. } = cx.principal else {
            return Err(Error::new(Code::Unauthenticated, "Sign in first."));
        };
        self.user(id).await
    }

    pub(super) async fn user(&self, id: UserId) -> Result<User, Error> {
        self.inner.store.read(move |r| r.users().get(id)).await?.ok_or_else(super::signed_out)
    }
}
