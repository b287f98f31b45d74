//! Every run after the first: find a slot that opens, or say why none does. Nothing here makes or writes a key.

use crate::env_secret::{EnvSecret, Value};
use crate::header::Header;
use crate::item::Item;
use crate::key::Key;
use crate::keyring::{Keyring, KeyringFault};
use crate::reason::LockReason;
use crate::recovery::RecoveryCode;
use crate::secret::Secret;
use crate::slot::{Slot, SlotKind, SlotSecret, SlotState};
use crate::sources::KeySources;
use crate::vault::{Notice, Vault};

/// What a keyring's answer means, given whether the database has a vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// No vault and no item: the first run, and the only case that may make a key.
    Mint,
    /// No vault, but an item: make nothing, replace nothing.
    Occupied,
    /// No vault, and no keyring to use.
    NoKeyring,
    /// A vault and an item: see whether it opens.
    TryItem,
    /// A vault and several items: see whether one of them opens.
    TryCandidates,
    /// A vault, and nothing to try.
    Lock(LockReason),
}

/// The whole table: a vault's header present or not, times the keyring's answer.
#[must_use]
pub fn decide(has_header: bool, answer: &Result<Secret, KeyringFault>) -> Step {
    match (has_header, answer) {
        (false, Err(KeyringFault::NoEntry)) => Step::Mint,
        (false, Ok(_) | Err(KeyringFault::Ambiguous(_) | KeyringFault::Corrupt)) => Step::Occupied,
        (false, Err(_)) => Step::NoKeyring,
        (true, Ok(_)) => Step::TryItem,
        (true, Err(fault)) => match fault {
            KeyringFault::NoEntry => Step::Lock(LockReason::KeyMissing),
            KeyringFault::Locked | KeyringFault::Timeout => Step::Lock(LockReason::KeyringLocked),
            KeyringFault::NoDefaultCollection => Step::Lock(LockReason::NoDefaultCollection),
            KeyringFault::NoService | KeyringFault::Other(_) => Step::Lock(LockReason::NoService),
            KeyringFault::Ambiguous(_) => Step::TryCandidates,
            KeyringFault::Corrupt => Step::Lock(LockReason::Corrupt),
        },
    }
}

impl Vault {
    /// Opens the vault with what this start of the process has: the environment first, because it never prompts, then
    /// the keyring. Blocks for up to 20 s while the keyring waits for a person.
    ///
    /// [`Vault::notices`] of the result says what a person or the audit trail should know.
    ///
    /// # Errors
    /// [`LockReason`]; then ask for the recovery code, or try again.
    pub fn unlock(header: &Header, slots: &[Slot], sources: &KeySources) -> Result<Self, LockReason> {
        let attempt = Attempt { header, slots };
        let env_reason = match attempt.env(sources.env.as_ref()) {
            Ok(found) => return attempt.open(found),
            Err(reason) => reason,
        };
        if !slots.iter().any(|slot| slot.is_open(SlotKind::Keyring) || slot.is_open(SlotKind::Strict)) {
            let typed = slots.iter().any(|slot| slot.is_open(SlotKind::Passphrase));
            let reason = typed.then_some(LockReason::PassphraseNeeded { with_keyring: false });
            return Err(env_reason.or(reason).unwrap_or(LockReason::KeyMissing));
        }
        let env_wrong = env_reason.filter(|reason| matches!(reason, LockReason::EnvMismatch { .. }));
        match (attempt.keyring(sources.keyring.as_deref(), None), env_wrong) {
            (Ok(mut found), env_wrong) => {
                if let Some(LockReason::EnvMismatch { expected_slot }) = env_wrong {
                    found.notices.push(Notice::EnvMismatch { expected_slot });
                }
                attempt.open(found)
            }
            (Err(_), Some(env_wrong)) => Err(env_wrong),
            (Err(reason), None) => Err(reason),
        }
    }

    /// Opens the vault with the printed recovery code. Then offer to put the key back: [`Vault::enrol_keyring`].
    ///
    /// # Errors
    /// [`LockReason::RecoveryWrong`], or [`LockReason::HeaderAltered`].
    pub fn unlock_with_recovery(
        header: &Header,
        slots: &[Slot],
        code: &RecoveryCode,
    ) -> Result<Self, LockReason> {
        let attempt = Attempt { header, slots };
        let secret = SlotSecret::One(code.bytes());
        let found = attempt.first(SlotKind::Recovery, secret).ok_or(LockReason::RecoveryWrong)?;
        attempt.open(found)
    }

    /// Opens the vault with a passphrase, or with it and the key in the keyring together. Takes about a second.
    ///
    /// # Errors
    /// [`LockReason::PassphraseWrong`], why the keyring's half is not there, or [`LockReason::HeaderAltered`].
    pub fn unlock_with_passphrase(
        header: &Header,
        slots: &[Slot],
        sources: &KeySources,
        passphrase: &Secret,
    ) -> Result<Self, LockReason> {
        let attempt = Attempt { header, slots };
        let typed = passphrase.expose();
        if let Some(found) = attempt.first(SlotKind::Passphrase, SlotSecret::One(typed)) {
            return attempt.open(found);
        }
        if !slots.iter().any(|slot| slot.is_open(SlotKind::Strict)) {
            return Err(LockReason::PassphraseWrong);
        }
        attempt.open(attempt.keyring(sources.keyring.as_deref(), Some(typed))?)
    }
}

/// A root key that passed the key check, the slot it came from, and what was noticed on the way.
struct Found<'a> {
    root: Key,
    slot: &'a Slot,
    notices: Vec<Notice>,
}

struct Attempt<'a> {
    header: &'a Header,
    slots: &'a [Slot],
}

impl<'a> Attempt<'a> {
    fn open(&self, found: Found<'_>) -> Result<Vault, LockReason> {
        if !self.header.is_intact(&found.root) {
            return Err(LockReason::HeaderAltered);
        }
        let opened_by = Some((found.slot.kind, found.slot.id.clone()));
        Ok(Vault::opened(self.header.clone(), found.root, opened_by, found.notices))
    }

    /// The root key under `secret` in `slot`, if it is this vault's.
    fn unwrap(&self, slot: &'a Slot, secret: SlotSecret<'_>) -> Option<Found<'a>> {
        let root = slot.unwrap(&self.header.vault_id, secret).filter(|root| self.header.is_key(root))?;
        Some(Found { root, slot, notices: Vec::new() })
    }

    fn first(&self, kind: SlotKind, secret: SlotSecret<'_>) -> Option<Found<'a>> {
        self.slots.iter().filter(|slot| slot.is_open(kind)).find_map(|slot| self.unwrap(slot, secret))
    }

    /// `Err(None)` when the environment has no part in this vault.
    fn env(&self, env: Option<&EnvSecret>) -> Result<Found<'a>, Option<LockReason>> {
        let newest =
            self.slots.iter().filter(|slot| slot.is_open(SlotKind::Env)).max_by_key(|slot| slot.created_at);
        let expected_slot = newest.ok_or(None)?.id.clone();
        let Some(env) = env else {
            return Err(Some(LockReason::EnvMissing { expected_slot }));
        };
        if let Some(found) = self.env_value(env.current()) {
            return Ok(found);
        }
        let previous = env.previous().and_then(|value| self.env_value(value));
        let mut found = previous.ok_or(Some(LockReason::EnvMismatch { expected_slot }))?;
        found.notices.push(Notice::EnvPrevious { slot: found.slot.id.clone() });
        Ok(found)
    }

    /// A slot made from words is only tried with words: a wrong guess at Argon2id costs time for nothing.
    fn env_value(&self, value: &Value) -> Option<Found<'a>> {
        let stretched = value.kdf().is_slow();
        let mut fitting = self.slots.iter().filter(|slot| slot.is_open(SlotKind::Env));
        fitting.find_map(|slot| {
            if slot.is_slow() == stretched {
                self.unwrap(slot, SlotSecret::One(value.expose()))
            } else {
                None
            }
        })
    }

    fn keyring(&self, keyring: Option<&dyn Keyring>, typed: Option<&[u8]>) -> Result<Found<'a>, LockReason> {
        let answer = keyring.map_or(Err(KeyringFault::NoService), Keyring::read);
        match (decide(true, &answer), answer) {
            (Step::Lock(reason), _) => Err(reason),
            (_, Ok(text)) => self.item(&text, typed),
            (_, Err(KeyringFault::Ambiguous(texts))) => {
                let tried: Vec<_> = texts.iter().map(|text| self.item(text, typed)).collect();
                let known = |r: &Result<_, LockReason>| {
                    matches!(r, Err(LockReason::PassphraseNeeded { .. } | LockReason::PassphraseWrong))
                };
                let at = tried.iter().position(Result::is_ok).or_else(|| tried.iter().position(known));
                let mut found =
                    at.and_then(|at| tried.into_iter().nth(at)).ok_or(LockReason::Ambiguous)??;
                found.notices.push(Notice::KeyringAmbiguous { candidates: texts.len() });
                Ok(found)
            }
            (_, Err(_)) => Err(LockReason::NoService),
        }
    }

    fn item(&self, text: &Secret, typed: Option<&[u8]>) -> Result<Found<'a>, LockReason> {
        let item = Item::parse(text).ok_or(LockReason::Corrupt)?;
        let mut ours =
            self.slots.iter().filter(|s| s.is_open(SlotKind::Keyring) || s.is_open(SlotKind::Strict));
        let slot = ours.find(|slot| slot.id == item.slot_id).ok_or(LockReason::KeyMismatch)?;
        let held = item.key.bytes();
        let mut found = match (slot.kind, typed) {
            (SlotKind::Strict, None) => return Err(LockReason::PassphraseNeeded { with_keyring: true }),
            (SlotKind::Strict, Some(typed)) => {
                self.unwrap(slot, SlotSecret::Both { held, typed }).ok_or(LockReason::PassphraseWrong)?
            }
            _ => self.unwrap(slot, SlotSecret::One(held)).ok_or(LockReason::KeyMismatch)?,
        };
        if slot.state == SlotState::Pending {
            found.notices.push(Notice::KeyringSlotPending { slot: slot.id.clone() });
        }
        if item.generation > self.header.generation {
            let (kept, found_generation) = (item.generation, self.header.generation);
            found.notices.push(Notice::OlderCopy { kept, found: found_generation });
        }
        Ok(found)
    }
}
