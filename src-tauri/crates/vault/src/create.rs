//! The first run: the only place where a root key is made.
//!
//! The order is the point. [`Vault::create`] only computes. The engine commits `header` and `slots` (the recovery
//! slot among them), durably; then calls [`Created::enrol_keyring`], which writes the keyring, reads it back and
//! compares; then commits the slot that it returns. Whatever dies in between, a committed vault has a recovery slot.
//!
//! Call it only when the database has no header row, and let the database refuse a second one.

use crate::enrol::{EnrolError, KeyringEnrolment};
use crate::envelope::SealError;
use crate::header::Header;
use crate::key::Key;
use crate::keyring::KeyringFault;
use crate::random::{Random, RandomError, make_bytes};
use crate::recovery::RecoveryCode;
use crate::secret::Secret;
use crate::slot::Slot;
use crate::sources::KeySources;
use crate::unlock::{Step, decide};
use crate::vault::Vault;
use reeve_core::time::Millis;

/// No vault was made, and nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// Neither a keyring nor `KEY_ENCRYPTION_SECRET` is there to open the vault at the next start.
    #[error(
        "no keyring to use ({0}) and KEY_ENCRYPTION_SECRET is not set: set it, or start a keyring service"
    )]
    NoKeySource(KeyringFault),
    /// The keyring has an item of this name although the database has no vault: perhaps the database went missing.
    #[error(
        "the keyring already holds a vault key, but this database has no vault: put the old data directory back, \
         or remove that keyring item if its data is gone for good"
    )]
    KeyringOccupied,
    /// No random bytes, or not enough memory for Argon2id.
    #[error("the vault's keys could not be made")]
    Seal(#[from] SealError),
}

impl From<RandomError> for CreateError {
    fn from(error: RandomError) -> Self {
        Self::Seal(error.into())
    }
}

/// A vault that exists in memory only. Commit `header` and `slots` before anything else.
#[derive(Debug)]
pub struct Created {
    /// To be stored.
    pub header: Header,
    /// To be stored: recovery (active), env (active) if there is one, keyring (pending) if there is one.
    pub slots: Vec<Slot>,
    /// To be shown once, and checked, before onboarding ends.
    pub recovery_code: RecoveryCode,
    /// The vault, open.
    pub vault: Vault,
    /// What comes after the commit; `None` when the vault does without a keyring.
    pub enrolment: Option<KeyringEnrolment>,
    /// Why it does without one although a keyring was given.
    pub keyring_fault: Option<KeyringFault>,
}

impl Created {
    /// After `header` and `slots` are committed: puts the key into the keyring. Returns the slot to commit as active;
    /// `None` when the vault does without a keyring. May be called again.
    ///
    /// # Errors
    /// [`EnrolError`]: the vault then opens by its other slots only, so the person must be told before the next start.
    pub fn enrol_keyring(&self) -> Result<Option<Slot>, EnrolError> {
        self.enrolment.as_ref().map(KeyringEnrolment::finish).transpose()
    }
}

impl Vault {
    /// Makes a vault with a random id. See the module for the order in which to store it.
    ///
    /// # Errors
    /// [`CreateError`]; nothing was changed.
    pub fn create(
        sources: &KeySources,
        now: Millis,
        random: &mut dyn Random,
    ) -> Result<Created, CreateError> {
        let vault_id = make_bytes(random)?;
        Self::create_as(vault_id, sources, now, random)
    }

    /// As [`Vault::create`], for an id from [`crate::make_vault_id`], so that the keyring item can be named after it.
    ///
    /// # Errors
    /// [`CreateError`]; nothing was changed.
    pub fn create_as(
        vault_id: [u8; 16],
        sources: &KeySources,
        now: Millis,
        random: &mut dyn Random,
    ) -> Result<Created, CreateError> {
        Self::make(vault_id, sources, None, now, random)
    }

    /// As [`Vault::create_as`], for a machine with nothing to keep a key in: `passphrase` opens the vault at every start.
    ///
    /// # Errors
    /// [`CreateError`]; nothing was changed.
    pub fn create_with_passphrase(
        vault_id: [u8; 16],
        sources: &KeySources,
        passphrase: &Secret,
        now: Millis,
        random: &mut dyn Random,
    ) -> Result<Created, CreateError> {
        Self::make(vault_id, sources, Some(passphrase), now, random)
    }

    fn make(
        vault_id: [u8; 16],
        sources: &KeySources,
        passphrase: Option<&Secret>,
        now: Millis,
        random: &mut dyn Random,
    ) -> Result<Created, CreateError> {
        let keyring_fault = usable_keyring(sources, passphrase.is_some())?;
        let root = Key::make(random)?;
        let header = Header::first(&root, vault_id, now.0);
        let vault = Self::opened(header.clone(), root, None, Vec::new());
        let (recovery_code, recovery) = vault.enrol_recovery(now, random)?;
        let mut slots = vec![recovery];
        if let Some(env) = &sources.env {
            slots.push(vault.enrol_env(env, now, random)?);
        }
        if let Some(passphrase) = passphrase {
            slots.push(vault.enrol_passphrase(passphrase, now, random)?);
        }
        let keyring = sources.keyring.as_ref().filter(|_| keyring_fault.is_none());
        let enrolment = match keyring {
            Some(keyring) => Some(vault.enrol_keyring(keyring.clone(), &[], now, random)?),
            None => None,
        };
        slots.extend(enrolment.iter().map(|enrolment| enrolment.slot().clone()));
        let keyring_fault = keyring_fault.filter(|_| sources.keyring.is_some());
        Ok(Created { header, slots, recovery_code, vault, enrolment, keyring_fault })
    }
}

/// Whether the keyring may be used, or why not; an error if there is then no way to open the vault by itself.
fn usable_keyring(sources: &KeySources, passphrase: bool) -> Result<Option<KeyringFault>, CreateError> {
    let answer = match &sources.keyring {
        Some(keyring) => keyring.read(),
        None => Err(KeyringFault::NoService),
    };
    match (decide(false, &answer), answer) {
        (Step::Occupied, _) => Err(CreateError::KeyringOccupied),
        (Step::NoKeyring, Err(fault)) if passphrase || sources.env.is_some() => Ok(Some(fault)),
        (Step::NoKeyring, Err(fault)) => Err(CreateError::NoKeySource(fault)),
        _ => Ok(None),
    }
}
