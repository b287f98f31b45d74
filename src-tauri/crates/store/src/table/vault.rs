//! The vault's header and slots. What the bytes mean only `reeve-vault` knows.

use super::handles;
use crate::error::StoreError;
use crate::sql;
use reeve_core::time::Millis;
use rusqlite::{OptionalExtension, params};

handles!();

/// The header: one row, and its presence says that a vault exists.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VaultHeader {
    /// Id of the vault.
    pub vault_id: [u8; 16],
    /// Key check value.
    pub kcv: [u8; 16],
    /// Epoch of the key-encryption key.
    pub kek_epoch: u32,
    /// The first epoch of the root key.
    pub root_epoch: u32,
    /// Rises with every change, to notice an older copy.
    pub generation: u64,
    /// Authenticates the rest.
    pub mac: Vec<u8>,
    /// Since when.
    pub created_at: Millis,
}

/// A slot: the root key wrapped under one way to open the vault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct VaultSlot {
    /// Id.
    pub id: String,
    /// `keyring`, `env`, `recovery` …
    pub kind: String,
    /// How its secret becomes a key, with the costs.
    pub kdf: String,
    /// Salt of the derivation.
    pub salt: Vec<u8>,
    /// Nonce of the wrapping.
    pub nonce: Vec<u8>,
    /// The wrapped root key.
    pub wrapped_vrk: Vec<u8>,
    /// `pending` or `active`.
    pub state: String,
    /// Since when.
    pub created_at: Millis,
}

/// A header that is about to be, and the root key that it replaces.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NextHeader {
    /// The header.
    pub header: VaultHeader,
    /// The present root key, sealed under the next one.
    pub older_root: Vec<u8>,
}

fn header_from(r: &rusqlite::Row<'_>) -> rusqlite::Result<VaultHeader> {
    Ok(VaultHeader {
        vault_id: r.get("vault_id")?,
        kcv: r.get("kcv")?,
        kek_epoch: r.get("kek_epoch")?,
        root_epoch: r.get("root_epoch")?,
        generation: sql::unsigned(r, "generation")?,
        mac: r.get("mac")?,
        created_at: sql::millis(r, "created_at")?,
    })
}

impl Reads<'_> {
    /// The header; `None` where no vault was made yet.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn header(&self) -> Result<Option<VaultHeader>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT vault_id, kcv, kek_epoch, root_epoch, generation, mac, created_at FROM vault_header WHERE id = 1",
        )?;
        Ok(rows.query_row([], header_from).optional()?)
    }

    /// The header that is about to be, if a new root key is on its way.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn next(&self) -> Result<Option<NextHeader>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT vault_id, kcv, kek_epoch, root_epoch, generation, mac, created_at, older_root FROM vault_next WHERE id = 1",
        )?;
        let next = rows
            .query_row([], |r| Ok(NextHeader { header: header_from(r)?, older_root: r.get("older_root")? }));
        Ok(next.optional()?)
    }

    /// The slots.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn slots(&self) -> Result<Vec<VaultSlot>, StoreError> {
        self.slots_of(false)
    }

    /// The slots of the root key that is about to be.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn next_slots(&self) -> Result<Vec<VaultSlot>, StoreError> {
        self.slots_of(true)
    }

    fn slots_of(&self, next: bool) -> Result<Vec<VaultSlot>, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT id, kind, kdf, salt, nonce, wrapped_vrk, state, created_at FROM vault_slots WHERE next = ?1 ORDER BY created_at, kind, id",
        )?;
        let rows = rows.query_map([next], |r| {
            Ok(VaultSlot {
                id: r.get("id")?,
                kind: r.get("kind")?,
                kdf: r.get("kdf")?,
                salt: r.get("salt")?,
                nonce: r.get("nonce")?,
                wrapped_vrk: r.get("wrapped_vrk")?,
                state: r.get("state")?,
                created_at: sql::millis(r, "created_at")?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl Writes<'_> {
    /// Sets the header.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn put_header(&self, h: &VaultHeader) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO vault_header (id, vault_id, kcv, kek_epoch, root_epoch, generation, mac, created_at)
                 VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)
                 ON CONFLICT (id) DO UPDATE SET kcv = excluded.kcv, kek_epoch = excluded.kek_epoch,
                   root_epoch = excluded.root_epoch, generation = excluded.generation, mac = excluded.mac",
            )?
            .execute(params![
                h.vault_id,
                h.kcv,
                h.kek_epoch,
                h.root_epoch,
                sql::signed(h.generation),
                h.mac,
                h.created_at.0
            ])?;
        Ok(())
    }

    /// Sets the header that is about to be, and its slots.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`]; a conflict if there is one already.
    pub fn put_next(&self, n: &NextHeader, slots: &[VaultSlot]) -> Result<(), StoreError> {
        let h = &n.header;
        self.conn
            .prepare_cached(
                "INSERT INTO vault_next (id, vault_id, kcv, kek_epoch, root_epoch, generation, mac, created_at, older_root)
                 VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                h.vault_id,
                h.kcv,
                h.kek_epoch,
                h.root_epoch,
                sql::signed(h.generation),
                h.mac,
                h.created_at.0,
                n.older_root
            ])?;
        slots.iter().try_for_each(|slot| self.put_slot(slot))?;
        for slot in slots {
            self.conn.prepare_cached("UPDATE vault_slots SET next = 1 WHERE id = ?1")?.execute([&slot.id])?;
        }
        Ok(())
    }

    /// Makes what is about to be what is: its slots stay, those before are gone.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn take_next(&self) -> Result<(), StoreError> {
        let Some(next) = self.reads().next()? else { return Ok(()) };
        self.put_header(&next.header)?;
        self.conn.prepare_cached("DELETE FROM vault_slots WHERE next = 0")?.execute([])?;
        self.conn.prepare_cached("UPDATE vault_slots SET next = 0, state = 'active'")?.execute([])?;
        self.conn.prepare_cached("DELETE FROM vault_next")?.execute([])?;
        Ok(())
    }

    /// Forgets what was about to be.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn drop_next(&self) -> Result<(), StoreError> {
        self.conn.prepare_cached("DELETE FROM vault_slots WHERE next = 1")?.execute([])?;
        self.conn.prepare_cached("DELETE FROM vault_next")?.execute([])?;
        Ok(())
    }

    /// Forgets a vault that nothing was ever sealed under; true if there is none afterwards.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn drop_unused(&self) -> Result<bool, StoreError> {
        if self.reads().seals()? > 0 {
            return Ok(false);
        }
        self.conn.prepare_cached("DELETE FROM vault_slots")?.execute([])?;
        self.conn.prepare_cached("DELETE FROM vault_header")?.execute([])?;
        Ok(true)
    }

    /// Adds a slot or sets its state.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn put_slot(&self, s: &VaultSlot) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO vault_slots (id, kind, kdf, salt, nonce, wrapped_vrk, state, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 ON CONFLICT (id) DO UPDATE SET state = excluded.state, wrapped_vrk = excluded.wrapped_vrk",
            )?
            .execute(params![s.id, s.kind, s.kdf, s.salt, s.nonce, s.wrapped_vrk, s.state, s.created_at.0])?;
        Ok(())
    }
}
