//! Invitations: how everybody after the first person comes in. A link or a code is shown once to who invites, who hands it over;
//! Reeve sends no mail.

use super::login::Opening;
use super::{SignedIn, User, password, refresh, register, signed_out};
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error, FieldError};
use reeve_core::id::{InvitationId, UserId};
use reeve_core::permission::Permission;
use reeve_core::role::RoleRef;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
pub use reeve_store::table::invitations::Invitation;
use zeroize::Zeroizing;

/// Days an invitation may be good for.
const DAYS: std::ops::RangeInclusive<u32> = 1..=30;
/// How long one that is over stays in the list.
const KEPT: i64 = 30 * Millis::DAY;

/// Whom to invite.
pub struct Invite {
    /// E-mail; who takes it up signs in with it.
    pub email: String,
    /// What that person may do.
    pub role: RoleRef,
    /// Days that it is good for.
    pub days: u32,
}

/// An invitation with the token that takes it up, shown once.
pub struct Invited {
    /// The invitation.
    pub invitation: Invitation,
    /// Takes it up.
    pub token: Zeroizing<String>,
}

/// Taking one up.
pub struct Accept {
    /// What was handed over.
    pub token: Zeroizing<String>,
    /// Name.
    pub name: String,
    /// Password.
    pub password: Zeroizing<String>,
}

impl Engine {
    /// Invites somebody. An earlier invitation for the same e-mail is worth nothing from then on.
    ///
    /// # Errors
    /// If `cx` may not; [`Code::Forbidden`] for a role that may what `cx` may not; [`Code::StepUpRequired`];
    /// [`Code::PreconditionFailed`] while somebody here has no password; [`Code::Invalid`] for wrong fields.
    pub async fn invite(&self, cx: &Cx, invite: Invite) -> Result<Invited, Error> {
        self.require(cx, Permission::UserWrite).await?;
        self.require_within(cx, &*self.role_allowance(invite.role)?).await?;
        self.require_fresh(cx)?;
        let email = invite.email.trim().to_owned();
        let mut wrong = Vec::new();
        if !register::is_email(&email) {
            wrong.push(register::field("email", "is not an e-mail address; write it as name@example.com"));
        }
        if !DAYS.contains(&invite.days) {
            wrong.push(register::field("days", "may be 1 to 30"));
        }
        Error::fields(wrong).map_or(Ok(()), Err)?;
        let (token, token_hash) = refresh::make_token()?;
        let now = self.now();
        let id = InvitationId(self.inner.ids.next());
        let invitation = Invitation {
            id,
            email,
            role: invite.role,
            token_hash,
            invited_by: cx.principal.who(),
            created_at: now,
            expires_at: now.plus(i64::from(invite.days) * Millis::DAY),
        };
        let draft = self
            .draft(cx, "invitation.create", format_args!("invitation:{id}"))
            .outcome(Outcome::Success, Severity::Notice)
            .detail("days", invite.days);
        let draft = self.with_role(draft, invite.role);
        let stored = invitation.clone();
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                super::roles::still_there(&tx.read(), stored.role)?;
                let people = tx.read().users().all()?;
                if people.iter().any(|p| p.email.eq_ignore_ascii_case(&stored.email)) {
                    return Err(Error::field("email", "is that of somebody who is here already"));
                }
                // With a second person everybody signs in: who has no password would be shut out.
                if people.iter().any(|p| p.password_hash.is_none()) {
                    let message =
                        "Set a password of your own first: with a second person here, everybody signs in.";
                    return Err(Error::new(Code::PreconditionFailed, message));
                }
                let recorded = draft.record(tx)?;
                recorded.invitations().put(&stored, now.plus(-KEPT))?;
                Ok(recorded.sequence())
            })
            .await?;
        self.told(sequence);
        Ok(Invited { invitation, token })
    }

    /// Invitations that nobody has taken up, newest first.
    ///
    /// # Errors
    /// If `cx` may not see people.
    pub async fn invitations(&self, cx: &Cx) -> Result<Vec<Invitation>, Error> {
        self.require(cx, Permission::UserRead).await?;
        Ok(self.inner.store.read(|r| r.invitations().all()).await?)
    }

    /// Takes an invitation back.
    ///
    /// # Errors
    /// If `cx` may not, or there is none of that id.
    pub async fn revoke_invitation(&self, cx: &Cx, id: InvitationId) -> Result<(), Error> {
        self.require(cx, Permission::UserWrite).await?;
        let draft = self.draft(cx, "invitation.revoke", format_args!("invitation:{id}"));
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                tx.read().invitations().get(id)?.ok_or_else(|| Error::not_found("invitation"))?;
                let recorded = draft.record(tx)?;
                recorded.invitations().delete(id)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.told(sequence);
        Ok(())
    }

    /// What an invitation offers to whoever holds its token.
    ///
    /// # Errors
    /// [`Code::NotFound`] if it is unknown, taken up, taken back, or over.
    pub async fn invitation(&self, token: &str) -> Result<Invitation, Error> {
        let (hash, now) = (refresh::hash_of(token), self.now());
        let found = self.inner.store.read(move |r| r.invitations().by_token(&hash)).await?;
        found.filter(|i| now < i.expires_at).ok_or_else(over)
    }

    /// Takes an invitation up: there is a new person, who is signed in.
    ///
    /// # Errors
    /// As [`Engine::invitation`]; [`Code::Invalid`] for wrong fields.
    pub async fn accept_invitation(&self, cx: &Cx, accept: Accept) -> Result<SignedIn, Error> {
        let found = match self.invitation(&accept.token).await {
            Ok(found) => found,
            Err(error) if error.code == Code::NotFound => return Err(self.unknown_invitation(cx).await?),
            Err(error) => return Err(error),
        };
        // Before anything is written: without this key there would be a person who cannot sign in.
        self.access_key().await?;
        let name = self.checked_accept(&found, &accept)?;
        let hash = self.inner.sessions.hasher.hash(accept.password).await?;
        let now = self.now();
        let user = User {
            id: UserId(self.inner.ids.next()),
            subject: register::make_subject()?,
            name,
            email: found.email.clone(),
            password_hash: Some(hash),
            role: found.role,
            second_factor: false,
            disabled_at: None,
            created_at: now,
            updated_at: now,
        };
        self.store_accepted(cx, &user, found).await?;
        let draft = self.draft(cx, "auth.login", format_args!("user:{}", user.id)).by(&user.subject);
        let opening = Opening { draft, rehashed: None, proof: None };
        self.open_session(cx, user, opening).await?.ok_or_else(signed_out)
    }

    fn checked_accept(&self, found: &Invitation, accept: &Accept) -> Result<String, Error> {
        let mut wrong: Vec<FieldError> = Vec::new();
        let name = crate::tenants::name(&accept.name, "name").unwrap_or_else(|e| {
            wrong.extend(e.fields);
            String::new()
        });
        let workspace = self.current_settings().map_or_else(String::new, |s| s.workspace_name);
        if let Some(why) = password::objection(&accept.password, &[&found.email, &name, &workspace]) {
            wrong.push(register::field("password", &why));
        }
        Error::fields(wrong).map_or(Ok(name), Err)
    }

    /// The person and the end of the invitation, in one transaction: of two who come with it one is second.
    async fn store_accepted(&self, cx: &Cx, user: &User, found: Invitation) -> Result<(), Error> {
        let draft = self
            .draft(cx, "user.create", format_args!("user:{}", user.id))
            .by(&user.subject)
            .detail("invitation", found.id.to_string())
            .detail("invited_by", found.invited_by)
            .detail("has_password", true)
            .private("name", &user.name)
            .private("email", &user.email);
        let draft = self.with_role(draft, user.role);
        let _one = self.inner.sessions.changing.lock().await;
        let (stored, id, hash) = (user.clone(), found.id, found.token_hash);
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let still = tx.read().invitations().by_token(&hash)?;
                still.filter(|i| i.id == id).ok_or_else(over)?;
                let recorded = draft.record(tx)?;
                recorded.users().insert(&stored)?;
                recorded.invitations().delete(id)?;
                Ok::<_, Error>(recorded.sequence())
            })
            .await?;
        self.inner.sessions.people.write().put(user);
        self.told(sequence);
        Ok(())
    }

    async fn unknown_invitation(&self, cx: &Cx) -> Result<Error, Error> {
        let draft = self
            .draft(cx, "auth.failed", "user:unconfirmed")
            .outcome(Outcome::Denied, Severity::Notice)
            .detail("what", "an invitation that is unknown, taken up, or over");
        self.record(draft).await?;
        Ok(over())
    }
}

fn over() -> Error {
    Error::new(Code::NotFound, "This invitation is unknown, was taken up, or is over. Ask for a new one.")
}
