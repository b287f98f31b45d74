//! The first person: makes the workspace and becomes its administrator. Everybody after comes by invitation.

use super::login::Opening;
use super::{SignedIn, User, password, signed_out};
use crate::Engine;
use crate::cx::{Cx, Via};
use crate::error::{Code, Error, FieldError};
use crate::settings::{Settings, Unpriced};
use data_encoding::HEXLOWER;
use reeve_core::id::UserId;
use reeve_core::period::Zone;
use reeve_core::permission::Role;
use zeroize::Zeroizing;

/// A new workspace and its first person.
pub struct Register {
    /// Name of the workspace.
    pub workspace_name: String,
    /// Zone of its budget periods.
    pub time_zone: Zone,
    /// Name of the person.
    pub name: String,
    /// E-mail of the person.
    pub email: String,
    /// Password; `None` only in the window, where the OS account stands for the person.
    pub password: Option<Zeroizing<String>>,
}

impl Engine {
    /// Makes the workspace and its administrator, and signs in.
    ///
    /// # Errors
    /// As [`Engine::create_admin`]; [`Code::Unavailable`] while the vault is locked.
    pub async fn register(&self, cx: &Cx, new: Register) -> Result<SignedIn, Error> {
        self.refuse_second()?;
        // Before anything is written: without this key there would be a workspace that nobody can sign in to.
        self.access_key().await?;
        let user = self.create_admin(cx, new).await?;
        let draft = self.draft(cx, "auth.login", format_args!("user:{}", user.id)).by(&user.subject);
        let opening = Opening { draft, rehashed: None, proof: None };
        self.open_session(cx, user, opening).await?.ok_or_else(signed_out)
    }

    /// Makes the workspace and its administrator.
    ///
    /// # Errors
    /// [`Code::Conflict`] if there is one already, [`Code::Invalid`] for wrong fields.
    pub async fn create_admin(&self, cx: &Cx, new: Register) -> Result<User, Error> {
        self.refuse_second()?;
        let new = checked(new, cx.via)?;
        let password_hash = match new.password {
            Some(password) => Some(self.inner.sessions.hasher.hash(password).await?),
            None => None,
        };
        let now = self.now();
        let user = User {
            id: UserId(self.inner.ids.next()),
            subject: make_subject()?,
            name: new.name,
            email: new.email,
            password_hash,
            role: Role::Admin.into(),
            second_factor: false,
            disabled_at: None,
            created_at: now,
            updated_at: now,
        };
        let settings = Settings {
            workspace_name: new.workspace_name,
            time_zone: new.time_zone,
            unpriced: Unpriced::Refuse,
            ceiling_input: None,
            ceiling_output: None,
            updated_at: now,
        };
        let sequence = self.store_first(cx, &user, &settings).await?;
        self.inner.sessions.people.write().put(&user);
        self.inner.settings.set(settings);
        self.rebuild_admission().await?;
        self.told(sequence);
        Ok(user)
    }

    async fn store_first(&self, cx: &Cx, user: &User, settings: &Settings) -> Result<u64, Error> {
        let draft = self
            .draft(cx, "user.create", format_args!("user:{}", user.id))
            .by(&user.subject)
            .detail("role", user.role.to_string())
            .detail("workspace_name", settings.workspace_name.as_str())
            .detail("time_zone", settings.time_zone.name())
            .detail("has_password", user.password_hash.is_some())
            .private("name", &user.name)
            .private("email", &user.email);
        let (user, settings) = (user.clone(), settings.clone());
        self.inner
            .store
            .write(move |tx| {
                // Two at the same time: one of them is second.
                if !tx.read().users().all()?.is_empty() {
                    return Err(taken());
                }
                let recorded = draft.record(tx)?;
                recorded.users().insert(&user)?;
                recorded.settings().put(&settings)?;
                Ok(recorded.sequence())
            })
            .await
    }

    fn refuse_second(&self) -> Result<(), Error> {
        if self.needs_setup() { Ok(()) } else { Err(taken()) }
    }
}

fn taken() -> Error {
    Error::new(Code::Conflict, "This workspace is set up already. Sign in instead.")
}

fn checked(new: Register, via: Via) -> Result<Register, Error> {
    let mut wrong: Vec<FieldError> = Vec::new();
    let mut named = |text: &str, field: &str| {
        crate::tenants::name(text, field).unwrap_or_else(|e| {
            wrong.extend(e.fields);
            String::new()
        })
    };
    let (workspace_name, name) = (named(&new.workspace_name, "workspace_name"), named(&new.name, "name"));
    let email = new.email.trim().to_owned();
    if !is_email(&email) {
        wrong.push(field("email", "is not an e-mail address; write it as name@example.com"));
    }
    match &new.password {
        None if via != Via::Ui => {
            wrong.push(field("password", "is needed; only the app's own window can do without"))
        }
        None => {}
        Some(password) => {
            let about = [email.as_str(), name.as_str(), workspace_name.as_str()];
            wrong.extend(password::objection(password, &about).map(|why| field("password", &why)));
        }
    }
    let register = Register { workspace_name, name, email, ..new };
    Error::fields(wrong).map_or(Ok(register), Err)
}

/// A new pseudonym.
pub(super) fn make_subject() -> Result<String, Error> {
    Ok(format!("u_{}", HEXLOWER.encode(&crate::random::bytes::<12>()?)))
}

pub(super) fn field(field: &str, message: &str) -> FieldError {
    FieldError { field: field.to_owned(), message: message.to_owned() }
}

/// Whether mail could be sent there: something, one `@`, something. More cannot be known without sending.
pub(super) fn is_email(text: &str) -> bool {
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control()) && text.len() <= 254;
    plain
        && text
            .rsplit_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && !local.contains('@') && !domain.is_empty())
}
