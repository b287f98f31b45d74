//! What people see of the vault.

use super::Locked;
use super::slots::has_checked_code;
use crate::Engine;
use crate::cx::Cx;
use crate::error::Error;
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
pub use reeve_store::table::vault_rewraps::Rewrap;
pub use reeve_store::table::vault_seals::MOST as MOST_SEALS;
use reeve_vault::{SlotKind, SlotState, Vault};

/// A way to open the vault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SlotStatus {
    /// Id.
    pub id: String,
    /// Whose secret opens it.
    pub kind: SlotKind,
    /// Whether its secret is known to be kept.
    pub checked: bool,
    /// Since when.
    pub created_at: Millis,
    /// Whether it opened the vault this time.
    pub opened: bool,
}

/// Something about the vault that somebody should look at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Warning {
    /// The keyring's file is in the clear.
    PlaintextKeyring,
    /// The keyring had seen a newer copy of this vault.
    OlderCopy,
    /// No recovery code was typed back in part: perhaps nobody has one.
    NoRecoveryCode,
    /// The keyring no longer has a slot that opens, though this machine has a keyring.
    NotInKeyring,
    /// The last rotation found values that do not open.
    Unreadable,
}

impl Warning {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PlaintextKeyring => "plaintext_keyring",
            Self::OlderCopy => "older_copy",
            Self::NoRecoveryCode => "no_recovery_code",
            Self::NotInKeyring => "not_in_keyring",
            Self::Unreadable => "unreadable",
        }
    }
}

/// The vault.
#[derive(Clone, Debug)]
pub struct VaultStatus {
    /// Why it is locked; `None` if it is open.
    pub locked: Option<Locked>,
    /// The epoch that values are sealed under.
    pub epoch: u32,
    /// Grows with every change.
    pub generation: u64,
    /// Since when; `None` where there is no vault yet.
    pub created_at: Option<Millis>,
    /// The ways to open it.
    pub slots: Vec<SlotStatus>,
    /// What somebody should look at.
    pub warnings: Vec<Warning>,
    /// Whether this machine uses a keyring.
    pub has_keyring: bool,
    /// Whether `KEY_ENCRYPTION_SECRET` is set.
    pub has_env: bool,
    /// The newest rotation of the master key.
    pub rewrap: Option<Rewrap>,
    /// Values that a rotation goes over.
    pub values: u64,
    /// Values that were sealed under the epoch, those that are gone among them.
    pub seals: u64,
}

impl Engine {
    /// How the vault stands.
    ///
    /// # Errors
    /// If `cx` may not see it.
    pub async fn vault_status(&self, cx: &Cx) -> Result<VaultStatus, Error> {
        self.require_to_see(cx, Permission::VaultRead, Permission::VaultWrite).await?;
        let read = |r: &reeve_store::Read<'_>| {
            let rewraps = r.vault_rewraps();
            Ok::<_, Error>((r.vault().header()?, r.vault().seals()?, rewraps.newest()?, rewraps.count()?))
        };
        let (header, seals, rewrap, values) = self.inner.store.read(read).await?;
        let slots = self.vault_slots().await?;
        let unlocked = self.inner.vault.unlocked();
        let opened = unlocked.as_ref().and_then(Vault::opened_by).map(|(_, id)| id.to_owned());
        let keys = self.inner.vault.keys.read().clone();
        let has_keyring = keys.keyring.is_some();
        let live = slots.iter().filter(|s| s.state != SlotState::Retired);
        let in_keyring = live.clone().any(|s| s.kind.needs_keyring() && s.state == SlotState::Active);
        let opened_by_hand =
            unlocked.as_ref().and_then(Vault::opened_by).is_some_and(|(kind, _)| kind == SlotKind::Recovery);
        let cell = &self.inner.vault;
        let warnings = [
            (Warning::OlderCopy, self.rotation_paused()),
            (Warning::NotInKeyring, unlocked.is_some() && has_keyring && (opened_by_hand || !in_keyring)),
            (Warning::NoRecoveryCode, header.is_some() && !has_checked_code(&slots)),
            (
                Warning::PlaintextKeyring,
                *cell.plaintext_keyring.read() && !live.clone().any(|s| s.kind == SlotKind::Strict),
            ),
            (Warning::Unreadable, rewrap.as_ref().is_some_and(|r| r.unreadable > 0)),
        ];
        let status = |s: &reeve_vault::Slot| SlotStatus {
            id: s.id.clone(),
            kind: s.kind,
            checked: s.state == SlotState::Active,
            created_at: Millis(s.created_at),
            opened: opened.as_ref() == Some(&s.id),
        };
        Ok(VaultStatus {
            locked: cell.locked(),
            epoch: header.as_ref().map_or(0, |h| h.kek_epoch),
            generation: header.as_ref().map_or(0, |h| h.generation),
            created_at: header.map(|h| h.created_at),
            slots: live.map(status).collect(),
            warnings: warnings.into_iter().filter(|(_, holds)| *holds).map(|(w, _)| w).collect(),
            has_keyring,
            has_env: keys.env.as_ref().is_some_and(|read| read().is_some()),
            rewrap,
            values,
            seals,
        })
    }
}
