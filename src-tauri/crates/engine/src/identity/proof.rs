//! What somebody gives beside the password: a code of the app, or a recovery code. Each is good once.
//!
//! It is read outside of a transaction and spent in one, the one that changes what it was asked for: of two who come with the
//! same code the second finds it spent, across a restart as well.

use super::{recovery_codes, totp};
use crate::Engine;
use crate::error::{Code, Error};
use reeve_core::id::UserId;
use reeve_store::table::second_factors::SecondFactor;
use reeve_store::{Read, Recorded, StoreError};
use reeve_vault::{Purpose, Secret};

/// A proof that fits, not yet spent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Proof {
    /// The code of a step.
    App(u64),
    /// A recovery code, by its hash.
    Recovery([u8; 32]),
}

impl Proof {
    /// The word in the ledger.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::App(_) => "app",
            Self::Recovery(_) => "recovery_code",
        }
    }

    /// Makes it worth nothing from here on.
    pub(super) fn spend(self, recorded: &Recorded<'_>, user: UserId) -> Result<(), StoreError> {
        match self {
            Self::App(step) => recorded.second_factors().take_step(user, step),
            Self::Recovery(hash) => recorded.second_factors().take_code(user, &hash, recorded.now()),
        }
    }
}

/// Whether `proof` is all that this person has to give, as the file stands.
pub(super) fn suffices(read: &Read<'_>, user: UserId, proof: Option<Proof>) -> Result<bool, StoreError> {
    let factors = read.second_factors();
    let Some(factor) = factors.confirmed(user)? else { return Ok(true) };
    match proof {
        None => Ok(false),
        Some(Proof::App(step)) => Ok(step > factor.last_step),
        Some(Proof::Recovery(hash)) => factors.has_code(user, &hash),
    }
}

impl Engine {
    /// The second factor that is asked for of somebody, if there is one.
    pub(super) async fn second_factor_of(&self, user: UserId) -> Result<Option<SecondFactor>, Error> {
        Ok(self.inner.store.read(move |r| r.second_factors().confirmed(user)).await?)
    }

    /// The proof that `typed` is; `None` if it is none, or was taken before.
    pub(super) async fn proof(&self, factor: &SecondFactor, typed: &str) -> Result<Option<Proof>, Error> {
        let user = factor.user_id;
        if let Some(code) = totp::digits(typed) {
            let seed = self.seed_of(factor)?;
            return Ok(totp::matching(seed.expose(), &code, self.now(), factor.last_step).map(Proof::App));
        }
        let Some(hash) = recovery_codes::read(user, typed) else { return Ok(None) };
        let known = self.inner.store.read(move |r| r.second_factors().has_code(user, &hash)).await?;
        Ok(known.then_some(Proof::Recovery(hash)))
    }

    pub(super) fn seed_of(&self, factor: &SecondFactor) -> Result<Secret, Error> {
        let opened = self.vault()?.open(Purpose::TotpSeed, &factor.user_id.to_string(), &factor.sealed);
        opened.map_err(|e| {
            let message =
                "What your authenticator app shares with Reeve cannot be opened. Sign in with a recovery code.";
            Error::new(Code::Internal, message).because(e)
        })
    }
}
