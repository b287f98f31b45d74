//! The vault's header and slots as rows of the store, and back.

use super::Locked;
use crate::error::{Code, Error};
use reeve_core::time::Millis;
use reeve_store::Recorded;
use reeve_store::table::vault::{VaultHeader, VaultSlot};
use reeve_vault::{Header, LockReason, Slot, SlotKind, SlotState};

pub(super) fn put(
    recorded: &Recorded<'_>,
    header: Option<&VaultHeader>,
    slots: &[Slot],
) -> Result<(), Error> {
    if let Some(header) = header {
        recorded.vault().put_header(header)?;
    }
    for slot in slots {
        recorded.vault().put_slot(&to_slot(slot))?;
    }
    Ok(())
}

pub(super) fn retired(slot: &VaultSlot) -> VaultSlot {
    VaultSlot { state: SlotState::Retired.as_str().to_owned(), wrapped_vrk: Vec::new(), ..slot.clone() }
}

pub(super) fn locked(reason: &LockReason) -> Locked {
    Locked {
        reason: reason.code().to_owned(),
        message: match reason.expected_slot() {
            Some(slot) => format!("{} The slot expected is {slot}.", reason.message()),
            None => reason.message().to_owned(),
        },
        first_run: false,
        passphrase: false,
    }
}

pub(super) fn no_random(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Code::Unavailable, "The operating system gave no random numbers.").because(error)
}

pub(super) fn not_sealed(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(Code::Internal, "The vault could not seal this.").because(error)
}

pub(super) fn damaged() -> Error {
    Error::new(Code::Internal, "The vault's stored header or slots are damaged; restore a backup.")
}

pub(super) fn to_header(h: &Header) -> VaultHeader {
    VaultHeader {
        vault_id: h.vault_id,
        kcv: h.kcv,
        kek_epoch: h.kek_epoch,
        root_epoch: h.root_epoch,
        generation: h.generation,
        mac: h.mac.to_vec(),
        created_at: Millis(h.created_at),
    }
}

pub(super) fn from_header(h: &VaultHeader) -> Result<Header, Error> {
    Ok(Header {
        vault_id: h.vault_id,
        kcv: h.kcv,
        kek_epoch: h.kek_epoch,
        root_epoch: h.root_epoch,
        generation: h.generation,
        mac: h.mac.as_slice().try_into().map_err(|_| damaged())?,
        created_at: h.created_at.0,
    })
}

pub(super) fn to_slot(s: &Slot) -> VaultSlot {
    VaultSlot {
        id: s.id.clone(),
        kind: s.kind.as_str().to_owned(),
        kdf: s.kdf.clone(),
        salt: s.salt.clone(),
        nonce: s.nonce.clone(),
        wrapped_vrk: s.wrapped_vrk.clone(),
        state: s.state.as_str().to_owned(),
        created_at: Millis(s.created_at),
    }
}

pub(super) fn from_slots(slots: &[VaultSlot]) -> Result<Vec<Slot>, Error> {
    let from = |s: &VaultSlot| {
        Some(Slot {
            id: s.id.clone(),
            kind: SlotKind::parse(&s.kind)?,
            kdf: s.kdf.clone(),
            salt: s.salt.clone(),
            nonce: s.nonce.clone(),
            wrapped_vrk: s.wrapped_vrk.clone(),
            created_at: s.created_at.0,
            state: SlotState::parse(&s.state)?,
        })
    };
    slots.iter().map(|s| from(s).ok_or_else(damaged)).collect()
}
