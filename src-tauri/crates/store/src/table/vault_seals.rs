//! How many values were sealed under each epoch of the master key. Every write of a sealed value counts itself here, in its own
//! transaction, so that what is stored is never more than what is counted.

use super::vault::Reads;
use crate::error::StoreError;
use crate::sql;
use rusqlite::{Connection, OptionalExtension};

/// Values that may be sealed under one key-encryption key: half of what NIST SP 800-38D, 8.3, allows with random nonces.
pub const MOST: u64 = 1 << 31;

/// Counts a value that is sealed under the present epoch.
pub(super) fn count(conn: &Connection) -> Result<(), StoreError> {
    let counted = conn
        .prepare_cached(
            "INSERT INTO vault_seals (epoch, seals) SELECT kek_epoch, 1 FROM vault_header WHERE true
             ON CONFLICT (epoch) DO UPDATE SET seals = seals + 1 RETURNING seals",
        )?
        .query_row([], |row| sql::unsigned(row, "seals"))
        .optional()?;
    // Without a header there is no vault that could have sealed anything.
    if counted.is_some_and(|seals| seals > MOST) { Err(StoreError::WornKey) } else { Ok(()) }
}

impl Reads<'_> {
    /// Values that were sealed under the present epoch.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn seals(&self) -> Result<u64, StoreError> {
        let mut rows = self.conn.prepare_cached(
            "SELECT seals FROM vault_seals WHERE epoch = (SELECT kek_epoch FROM vault_header)",
        )?;
        Ok(rows.query_row([], |row| sql::unsigned(row, "seals")).optional()?.unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::params;

    #[test]
    fn each_epoch_counts_for_itself_and_none_goes_beyond_what_it_may() {
        let mut conn = Connection::open_in_memory().unwrap();
        crate::migrations::apply(&mut conn).unwrap();
        let vault = Reads { conn: &conn };
        count(&conn).unwrap();
        assert_eq!(vault.seals().unwrap(), 0, "no vault, nothing sealed");
        let header = "INSERT INTO vault_header (id, vault_id, kcv, kek_epoch, generation, mac, created_at)
            VALUES (1, x'00', x'00', 1, 1, x'00', 0)";
        conn.execute(header, []).unwrap();
        count(&conn).unwrap();
        count(&conn).unwrap();
        assert_eq!(vault.seals().unwrap(), 2);

        conn.execute("UPDATE vault_seals SET seals = ?1", params![sql::signed(MOST - 1)]).unwrap();
        count(&conn).unwrap();
        assert!(matches!(count(&conn), Err(StoreError::WornKey)));
        conn.execute("UPDATE vault_header SET kek_epoch = 2", []).unwrap();
        count(&conn).unwrap();
        assert_eq!(vault.seals().unwrap(), 1, "the next epoch begins anew");
    }
}
