//! Roles that people make beside the built-in ones: what each lets its people do counts from the next request on, in connections
//! that are open as well. Nobody makes a role that may what they may not, nor changes or removes one.

use crate::Engine;
use crate::cx::Cx;
use crate::entry::{Draft, Severity};
use crate::error::{Code, Error, FieldError};
use reeve_core::allowance::{Allowance, MOST_SCOPES};
use reeve_core::id::RoleId;
use reeve_core::permission::{Permission, Role};
use reeve_core::role::RoleRef;
use reeve_core::scope::Scope;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::Read;
pub use reeve_store::table::roles::CustomRole;
use std::sync::Arc;

/// Roles that people make, at most.
const MOST: usize = 100;
/// Characters of what a role is for, at most.
const LONGEST: usize = 500;
/// So many of those who have a role are named when it is not removed for it.
const NAMED: usize = 3;

/// A role as a list shows it.
#[derive(Debug)]
pub struct SeenRole {
    /// Which.
    pub role: RoleRef,
    /// Name.
    pub name: String,
    /// What it lets people do.
    pub may: Arc<Allowance>,
    /// People who have it.
    pub people: usize,
    /// What else is known of one that people made.
    pub made: Option<CustomRole>,
}

impl SeenRole {
    fn of(made: CustomRole, people: usize) -> Self {
        let (role, may) = (RoleRef::Custom(made.id), Arc::clone(&made.may));
        Self { role, name: made.name.clone(), may, people, made: Some(made) }
    }
}

/// A new role.
#[derive(Debug)]
pub struct CreateRole {
    /// Name.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// What it allows.
    pub allowed: Vec<Scope>,
    /// What it keeps from its people, whatever is allowed.
    pub denied: Vec<Scope>,
}

/// A change of a role; what is `None` stays.
#[derive(Debug, Default)]
pub struct ChangeRole {
    /// Name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What it allows.
    pub allowed: Option<Vec<Scope>>,
    /// What it denies.
    pub denied: Option<Vec<Scope>>,
}

impl Engine {
    /// Every role: the built-in ones, then the others by name.
    ///
    /// # Errors
    /// If `cx` may not see people.
    pub async fn roles(&self, cx: &Cx) -> Result<Vec<SeenRole>, Error> {
        self.require(cx, Permission::UserRead).await?;
        let read = |r: &Read<'_>| Ok::<_, Error>((r.users().all()?, r.roles().all()?));
        let (people, made) = self.inner.store.read(read).await?;
        let people = |role| people.iter().filter(|p| p.role == role).count();
        let built_in = Role::ALL.iter().map(|role| {
            let (role, may, name) = (RoleRef::from(*role), role.allowance(), role.label().to_owned());
            SeenRole { role, name, may, people: people(role), made: None }
        });
        let made = made.into_iter().map(|made| {
            let people = people(RoleRef::Custom(made.id));
            SeenRole::of(made, people)
        });
        Ok(built_in.chain(made).collect())
    }

    /// What a role is called; a role that is gone, by its id.
    #[must_use]
    pub fn role_name(&self, role: RoleRef) -> String {
        self.inner.sessions.people.read().role_name(role)
    }

    /// Makes a role.
    ///
    /// # Errors
    /// If `cx` may not; [`Code::Forbidden`] for a role that may what `cx` may not; [`Code::StepUpRequired`];
    /// [`Code::Invalid`] for wrong fields; [`Code::Conflict`] if the name is taken or there are too many.
    pub async fn create_role(&self, cx: &Cx, new: CreateRole) -> Result<SeenRole, Error> {
        self.require(cx, Permission::UserWrite).await?;
        let now = self.now();
        let role = checked(CustomRole {
            id: RoleId(self.inner.ids.next()),
            name: new.name,
            description: new.description,
            may: Arc::new(Allowance::new(new.allowed, new.denied)),
            created_at: now,
            updated_at: now,
        })?;
        self.require_within(cx, &role.may).await?;
        self.require_fresh(cx)?;
        let draft = self.role_draft(cx, "role.create", &role);
        let _one = self.inner.sessions.changing.lock().await;
        self.put_role(role, draft).await
    }

    /// Changes a role: whoever has it may from now on what it says.
    ///
    /// # Errors
    /// As [`Engine::create_role`]; [`Code::NotFound`].
    pub async fn change_role(&self, cx: &Cx, id: RoleId, change: ChangeRole) -> Result<SeenRole, Error> {
        self.require(cx, Permission::UserWrite).await?;
        let _one = self.inner.sessions.changing.lock().await;
        let before = self.stored_role(id).await?;
        self.require_within(cx, &before.may).await?;
        let allowed = change.allowed.unwrap_or_else(|| before.may.allowed().to_vec());
        let denied = change.denied.unwrap_or_else(|| before.may.denied().to_vec());
        let after = checked(CustomRole {
            name: change.name.unwrap_or_else(|| before.name.clone()),
            description: change.description.unwrap_or_else(|| before.description.clone()),
            may: Arc::new(Allowance::new(allowed, denied)),
            updated_at: self.now(),
            ..before.clone()
        })?;
        self.require_within(cx, &after.may).await?;
        self.require_fresh(cx)?;
        if after == (CustomRole { updated_at: after.updated_at, ..before.clone() }) {
            return self.seen(before).await;
        }
        let draft = self
            .role_draft(cx, "role.update", &after)
            .change("name", &before.name, &after.name)
            .change("description", &before.description, &after.description)
            .change("allowed", listed(before.may.allowed()), listed(after.may.allowed()))
            .change("denied", listed(before.may.denied()), listed(after.may.denied()));
        self.put_role(after, draft).await
    }

    /// Removes a role that nobody has, also not for a tenant, and no invitation offers.
    ///
    /// # Errors
    /// As [`Engine::change_role`]; [`Code::Conflict`] with the names of those who have it.
    pub async fn remove_role(&self, cx: &Cx, id: RoleId) -> Result<(), Error> {
        self.require(cx, Permission::UserWrite).await?;
        self.require_fresh(cx)?;
        let _one = self.inner.sessions.changing.lock().await;
        let role = self.stored_role(id).await?;
        self.require_within(cx, &role.may).await?;
        let draft = self.role_draft(cx, "role.delete", &role);
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                refuse_in_use(&tx.read(), RoleRef::Custom(id))?;
                let recorded = draft.record(tx)?;
                recorded.roles().delete(id)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.inner.sessions.people.write().remove_role(id);
        self.told(sequence);
        Ok(())
    }

    /// What a role that is to be given lets people do.
    pub(super) fn role_allowance(&self, role: RoleRef) -> Result<Arc<Allowance>, Error> {
        self.inner.sessions.people.read().allowance(role).ok_or_else(no_such_role)
    }

    async fn stored_role(&self, id: RoleId) -> Result<CustomRole, Error> {
        self.inner.store.read(move |r| r.roles().get(id)).await?.ok_or_else(|| Error::not_found("role"))
    }

    /// A role with the number of those who have it.
    async fn seen(&self, made: CustomRole) -> Result<SeenRole, Error> {
        let role = RoleRef::Custom(made.id);
        let people = self.inner.store.read(|r| r.users().all()).await?;
        Ok(SeenRole::of(made, people.iter().filter(|p| p.role == role).count()))
    }

    /// Writes a role, then lets requests and open connections know.
    async fn put_role(&self, role: CustomRole, draft: Draft) -> Result<SeenRole, Error> {
        let stored = role.clone();
        let written = self
            .inner
            .store
            .write(move |tx| {
                let all = tx.read().roles().all()?;
                if all.iter().any(|r| r.id != stored.id && r.name.eq_ignore_ascii_case(&stored.name)) {
                    return Err(Error::field("name", "is that of another role"));
                }
                if all.len() >= MOST && all.iter().all(|r| r.id != stored.id) {
                    let sentence = format!("There are {MOST} roles already; remove one that nobody has.");
                    return Err(Error::new(Code::Conflict, sentence));
                }
                let recorded = draft.record(tx)?;
                recorded.roles().put(&stored)?;
                Ok(recorded.sequence())
            })
            .await?;
        self.inner.sessions.people.write().put_role(&role);
        self.inner.sessions.tell();
        self.told(written);
        self.seen(role).await
    }

    fn role_draft(&self, cx: &Cx, kind: &str, role: &CustomRole) -> Draft {
        self.draft(cx, kind, format_args!("role:{}", role.id))
            .name(&role.name)
            .outcome(Outcome::Success, Severity::Notice)
            .detail("allowed", texts(role.may.allowed()))
            .detail("denied", texts(role.may.denied()))
    }

    /// Notes which role, and what it is called where that does not follow from it.
    pub(super) fn with_role(&self, draft: Draft, role: RoleRef) -> Draft {
        let draft = draft.detail("role", role.to_string());
        match role {
            RoleRef::BuiltIn(_) => draft,
            RoleRef::Custom(_) => draft.detail("role_name", self.role_name(role)),
        }
    }
}

/// Refuses a role that is given or offered and is not there any more.
pub(super) fn still_there(read: &Read<'_>, role: RoleRef) -> Result<(), Error> {
    match role {
        RoleRef::Custom(id) if read.roles().get(id)?.is_none() => Err(no_such_role()),
        _ => Ok(()),
    }
}

fn no_such_role() -> Error {
    Error::field("role", "is no role of this workspace")
}

fn refuse_in_use(read: &Read<'_>, role: RoleRef) -> Result<(), Error> {
    let people: Vec<_> = read.users().all()?.into_iter().filter(|p| p.role == role).collect();
    let names: Vec<_> = people.iter().take(NAMED).map(|p| p.name.as_str()).collect();
    let whose = match (names.join(", "), people.len().saturating_sub(NAMED)) {
        (names, 0) => names,
        (names, more) => format!("{names} and {more} more"),
    };
    if !people.is_empty() {
        let sentence = format!("This is the role of {whose}. Give them another one first.");
        return Err(Error::new(Code::Conflict, sentence));
    }
    if read.grants().all()?.iter().any(|grant| grant.role == role) {
        let sentence = "Somebody holds this role for a tenant. Take that back first.";
        return Err(Error::new(Code::Conflict, sentence));
    }
    if read.invitations().all()?.iter().any(|i| i.role == role) {
        return Err(Error::new(Code::Conflict, "An invitation offers this role. Take that back first."));
    }
    Ok(())
}

fn checked(role: CustomRole) -> Result<CustomRole, Error> {
    let mut wrong = Vec::new();
    let name = crate::tenants::name(&role.name, "name").unwrap_or_else(|e| {
        wrong.extend(e.fields);
        String::new()
    });
    if Role::ALL.iter().any(|built_in| built_in.label().eq_ignore_ascii_case(&name)) {
        wrong.push(super::register::field("name", "is that of a built-in role"));
    }
    let description = role.description.trim().to_owned();
    if description.chars().count() > LONGEST {
        wrong.push(super::register::field("description", "is too long; 500 characters are the most"));
    }
    let (allowed, denied) = (role.may.allowed(), role.may.denied());
    if allowed.len() + denied.len() > MOST_SCOPES {
        wrong.push(super::register::field("allowed", "and denied may hold 64 scopes together"));
    }
    let all = || Permission::ALL.iter().copied().map(Scope::from);
    wrong.extend(objections("allowed", allowed, |scope| all().any(|p| scope.allows(&p))));
    wrong.extend(objections("denied", denied, |scope| all().any(|p| scope.meets(&p))));
    Error::fields(wrong).map_or(Ok(CustomRole { name, description, ..role }), Err)
}

/// What is wrong with scopes of a role: one that says nothing would be taken for more than it is.
fn objections<'s>(
    field: &'static str,
    scopes: &'s [Scope],
    says_something: impl Fn(&Scope) -> bool + 's,
) -> impl Iterator<Item = FieldError> + 's {
    scopes.iter().filter_map(move |scope| {
        let why = match scope.selector() {
            Some(_) => "has a selector, and a role is for all of them",
            None if says_something(scope) => return None,
            None => "means nothing that Reeve asks for; what could do lasting harm is named without a *",
        };
        Some(super::register::field(field, &format!("holds {scope}, which {why}")))
    })
}

fn texts(scopes: &[Scope]) -> Vec<String> {
    scopes.iter().map(Scope::to_string).collect()
}

fn listed(scopes: &[Scope]) -> String {
    texts(scopes).join(", ")
}
