//! The people in memory: as much of them as a request needs.

use super::User;
use crate::Engine;
use crate::cx::Cx;
use crate::error::{Code, Error};
use reeve_core::id::{SessionId, UserId};
use reeve_core::permission::Role;
use reeve_core::principal::Principal;
use std::collections::HashMap;

/// Everybody, by id.
#[derive(Default)]
pub(super) struct People(HashMap<UserId, Person>);

struct Person {
    subject: String,
    role: Role,
    has_password: bool,
    disabled: bool,
}

impl<'a> FromIterator<&'a User> for People {
    fn from_iter<I: IntoIterator<Item = &'a User>>(users: I) -> Self {
        let mut people = Self::default();
        users.into_iter().for_each(|user| people.put(user));
        people
    }
}

impl People {
    pub(super) fn put(&mut self, user: &User) {
        let person = Person {
            subject: user.subject.clone(),
            role: user.role,
            has_password: user.password_hash.is_some(),
            disabled: user.disabled_at.is_some(),
        };
        self.0.insert(user.id, person);
    }

    fn remove(&mut self, id: UserId) {
        self.0.remove(&id);
    }

    pub(super) fn has_password_now(&mut self, id: UserId) {
        if let Some(person) = self.0.get_mut(&id) {
            person.has_password = true;
        }
    }

    pub(super) fn principal(&self, id: UserId, session: Option<SessionId>) -> Option<Principal> {
        let person = self.0.get(&id).filter(|person| !person.disabled)?;
        Some(Principal::User { id, subject: person.subject.clone(), role: person.role, session })
    }

    /// The one person there is, if that person has set no password.
    fn owner_without_password(&self) -> Option<UserId> {
        let mut all = self.0.iter();
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
        self.inner.sessions.people.read().0.is_empty()
    }

    /// Whether the window needs a sign-in: not as long as its one owner has set no password. HTTP always needs one.
    #[must_use]
    pub fn sign_in_required(&self) -> bool {
        let people = self.inner.sessions.people.read();
        !people.0.is_empty() && people.owner_without_password().is_none()
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
