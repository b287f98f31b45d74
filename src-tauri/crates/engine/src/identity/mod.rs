//! Identity: who people are, how they sign in, and for how long.
//!
//! - A password becomes an Argon2id hash (`hash`); what may be one is decided in `password`.
//! - A sign-in opens a session: a short access token (`access`) checked on every request against the table of open
//!   sessions in memory, and a refresh token that changes with every use (`refresh`).
//! - A sign-in with a program or from a network that is new for this person is an entry of its own (`devices`).
//! - Everybody after the first person is invited (`invitations`), and looked after (`users`); what they have open is listed and
//!   ended (`session_list`). Beside the built-in roles there are those that people make (`roles`), and any may be held for single
//!   tenants alone (`grants`).
//! - Who listens to live events is known by person and by what they hear (`connections`).
//! - Wrong passwords slow down further attempts (`attempts`), for HTTP and for the app's window apart.
//! - Who wants it is asked for a code of an authenticator app as well (`second_factor`); a code is good once (`proof`).
//! - What could do lasting harm asks for the password, or for such a code, once more (`step_up`).
//! - The window of the OS user needs no sign-in as long as its one owner has set no password (`people`).
//!
//! Start reading at `login`.

mod access;
mod access_keys;
mod attempts;
mod blocklist;
mod change_password;
mod connections;
mod devices;
mod grants;
mod hash;
mod invitations;
mod leaked;
mod lifetimes;
mod login;
mod password;
mod people;
mod proof;
mod recover;
mod recovery_codes;
mod refresh;
mod register;
mod roles;
mod second_factor;
mod session_list;
mod sessions;
mod step_up;
#[cfg(test)]
mod tests;
mod tickets;
mod totp;
mod users;

pub use access_keys::{Replaced, SigningKey};
pub use change_password::ChangePassword;
pub use connections::{Connected, Connection, Entrance, Hears};
pub use grants::HeldGrant;
pub use invitations::{Accept, Invitation, Invite, Invited};
pub use lifetimes::Lifetime;
pub use login::{Login, SignedIn};
pub(crate) use password::objection;
pub use reeve_store::table::users::User;
pub use register::Register;
pub use roles::{ChangeRole, CreateRole, CustomRole, SeenRole};
pub use second_factor::{Enrolment, RecoveryCodes, SecondFactorStatus};
pub use session_list::OpenSession;
pub(crate) use sessions::Sessions;
pub use step_up::StepUp;
pub use users::Person;

use crate::error::{Code, Error};

/// How long an access token is good, in seconds.
pub const ACCESS_SECONDS: i64 = 600;

/// The one answer to every token that is not good, so that nobody learns why.
fn signed_out() -> Error {
    Error::new(Code::Unauthenticated, "Your sign-in has ended. Sign in again.")
}
