//! Giving an open vault another way to be opened, in an order that a crash at any point cannot turn into a loss.

use crate::env_secret::EnvSecret;
use crate::envelope::SealError;
use crate::item::Item;
use crate::kdf::Kdf;
use crate::key::Key;
use crate::keyring::{Keyring, KeyringFault};
use crate::random::Random;
use crate::recovery::RecoveryCode;
use crate::secret::Secret;
use crate::slot::{NewSlot, Slot, SlotKind, SlotSecret, SlotState};
use crate::vault::Vault;
use reeve_core::time::Millis;
use std::fmt;
use std::sync::Arc;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// The key did not get into the keyring. The vault still opens by its other slots.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The keyring refused.
    #[error("the keyring did not take the key")]
    Keyring(#[source] KeyringFault),
    /// The item is there already and is not this vault's; it was left as it is.
    #[error("the keyring already holds an item of this name that is not this vault's; it was left as it is")]
    Occupied,
    /// The keyring took the item and does not give the same back.
    #[error("the keyring took the key, but does not give it back")]
    NotKept,
}

/// A keyring slot on its way: commit [`KeyringEnrolment::slot`] first, then call [`KeyringEnrolment::finish`], then
/// commit the slot that it returns.
///
/// A crash before `finish` leaves a pending slot that nothing opens; a crash after it leaves a pending slot that the
/// keyring opens, and `unlock` says so with [`crate::Notice::KeyringSlotPending`].
pub struct KeyringEnrolment {
    keyring: Arc<dyn Keyring>,
    slot: Slot,
    item: Zeroizing<String>,
    /// Slots of this vault whose item may be replaced.
    replaceable: Vec<String>,
}

impl KeyringEnrolment {
    /// The slot to commit before the keyring is written; its state is pending.
    #[must_use]
    pub fn slot(&self) -> &Slot {
        &self.slot
    }

    /// Writes the keyring, reads it back and compares. Returns the slot as active: commit that, and retire the
    /// keyring slots it replaces. May be called again after an error.
    ///
    /// # Errors
    /// [`EnrolError`]; an item that belongs to another vault is never replaced.
    pub fn finish(&self) -> Result<Slot, EnrolError> {
        match self.keyring.read() {
            Err(KeyringFault::NoEntry) => self.write(),
            Ok(found) if self.is_written(&found) => Ok(self.active()),
            Ok(found) if self.may_replace(&found) => self.write(),
            Ok(_) | Err(KeyringFault::Corrupt) => Err(EnrolError::Occupied),
            Err(fault) => Err(EnrolError::Keyring(fault)),
        }
    }

    /// As [`KeyringEnrolment::finish`], but replaces whatever item is there. Only after a person said so: if the item
    /// is another vault's, that vault then needs its recovery code.
    ///
    /// # Errors
    /// [`EnrolError`], without [`EnrolError::Occupied`].
    pub fn finish_replacing(&self) -> Result<Slot, EnrolError> {
        self.write()
    }

    fn write(&self) -> Result<Slot, EnrolError> {
        self.keyring.write(&self.item).map_err(EnrolError::Keyring)?;
        match self.keyring.read() {
            Ok(found) if self.is_written(&found) => Ok(self.active()),
            Ok(_) | Err(KeyringFault::NoEntry | KeyringFault::Corrupt) => Err(EnrolError::NotKept),
            Err(fault) => Err(EnrolError::Keyring(fault)),
        }
    }

    fn is_written(&self, found: &Secret) -> bool {
        found.expose().ct_eq(self.item.as_bytes()).into()
    }

    fn may_replace(&self, found: &Secret) -> bool {
        Item::parse(found).is_some_and(|item| self.replaceable.contains(&item.slot_id))
    }

    fn active(&self) -> Slot {
        Slot { state: SlotState::Active, ..self.slot.clone() }
    }
}

impl fmt::Debug for KeyringEnrolment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyringEnrolment").field("slot", &self.slot.id).finish_non_exhaustive()
    }
}

impl Vault {
    /// Prepares a keyring slot for this vault: after a recovery, or on a machine that has a keyring now. `slots` are
    /// the vault's slots as stored.
    ///
    /// # Errors
    /// [`SealError`] when there are no random bytes.
    pub fn enrol_keyring(
        &self,
        keyring: Arc<dyn Keyring>,
        slots: &[Slot],
        now: Millis,
        random: &mut dyn Random,
    ) -> Result<KeyringEnrolment, SealError> {
        let key = Key::make(random)?;
        let secret = SlotSecret::One(key.bytes());
        let slot = self.wrap(SlotKind::Keyring, Kdf::Hkdf, SlotState::Pending, secret, now, random)?;
        Ok(self.enrolment(keyring, slots, slot, key))
    }

    /// As [`Vault::enrol_keyring`], for a slot that the keyring opens only together with `passphrase`. Retire the keyring
    /// and passphrase slots once it is active: each of them would open the vault alone.
    ///
    /// # Errors
    /// [`SealError`] when there are no random bytes, or not enough memory for Argon2id.
    pub fn enrol_strict(
        &self,
        keyring: Arc<dyn Keyring>,
        slots: &[Slot],
        passphrase: &Secret,
        now: Millis,
        random: &mut dyn Random,
    ) -> Result<KeyringEnrolment, SealError> {
        let key = Key::make(random)?;
        let secret = SlotSecret::Both { held: key.bytes(), typed: passphrase.expose() };
        let slot = self.wrap(SlotKind::Strict, Kdf::PASSPHRASE, SlotState::Pending, secret, now, random)?;
        Ok(self.enrolment(keyring, slots, slot, key))
    }

    fn enrolment(&self, keyring: Arc<dyn Keyring>, slots: &[Slot], slot: Slot, key: Key) -> KeyringEnrolment {
        let item = Item { slot_id: slot.id.clone(), generation: self.header().generation, key }.text();
        let ours = slots.iter().filter(|slot| slot.kind.needs_keyring());
        KeyringEnrolment { keyring, item, replaceable: ours.map(|slot| slot.id.clone()).collect(), slot }
    }

    /// A slot for a passphrase, active at once. Retire the older `passphrase` slots when it is stored.
    ///
    /// # Errors
    /// [`SealError`] when there are no random bytes, or not enough memory for Argon2id.
    pub fn enrol_passphrase(
        &self,
        passphrase: &Secret,
        now: Millis,
        random: &mut dyn Random,
    ) -> Result<Slot, SealError> {
        let secret = SlotSecret::One(passphrase.expose());
        self.wrap(SlotKind::Passphrase, Kdf::PASSPHRASE, SlotState::Active, secret, now, random)
    }

    /// Lets the keyring item of one of `slots` remember the generation of this vault's header, so that an older copy of
    /// the database is noticed. `false` if the item is not one of them; it is left as it is then.
    ///
    /// # Errors
    /// [`KeyringFault`].
    pub fn remember_generation(&self, keyring: &dyn Keyring, slots: &[Slot]) -> Result<bool, KeyringFault> {
        let Some(item) = Item::parse(&keyring.read()?) else { return Ok(false) };
        let ours = |slot: &&Slot| slot.kind.needs_keyring() && slot.id == item.slot_id;
        if slots.iter().find(ours).is_none_or(|slot| slot.state == SlotState::Retired) {
            return Ok(false);
        }
        let generation = self.header().generation;
        if item.generation != generation {
            keyring.write(&Item { generation, ..item }.text())?;
        }
        Ok(true)
    }

    /// A slot for the current `KEY_ENCRYPTION_SECRET`, active at once. Retire the older `env` slots when it is stored.
    ///
    /// # Errors
    /// [`SealError`] when there are no random bytes, or not enough memory for Argon2id.
    pub fn enrol_env(
        &self,
        env: &EnvSecret,
        now: Millis,
        random: &mut dyn Random,
    ) -> Result<Slot, SealError> {
        let value = env.current();
        self.wrap(SlotKind::Env, value.kdf(), SlotState::Active, SlotSecret::One(value.expose()), now, random)
    }

    /// A new recovery code and its slot. Retire the older `recovery` slots when it is stored and the code was seen.
    ///
    /// # Errors
    /// [`SealError`] when there are no random bytes.
    pub fn enrol_recovery(
        &self,
        now: Millis,
        random: &mut dyn Random,
    ) -> Result<(RecoveryCode, Slot), SealError> {
        let code = RecoveryCode::make(random)?;
        let secret = SlotSecret::One(code.bytes());
        let slot = self.wrap(SlotKind::Recovery, Kdf::Hkdf, SlotState::Active, secret, now, random)?;
        Ok((code, slot))
    }

    fn wrap(
        &self,
        kind: SlotKind,
        kdf: Kdf,
        state: SlotState,
        secret: SlotSecret<'_>,
        now: Millis,
        random: &mut dyn Random,
    ) -> Result<Slot, SealError> {
        let new = NewSlot { vault_id: &self.header().vault_id, kind, kdf, created_at: now.0, state };
        Slot::wrap(&new, self.root(), secret, random)
    }
}
