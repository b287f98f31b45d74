//! The vault's one header: which vault this is, which epoch it writes under, and how new this copy of it is.

use crate::aad::fields;
use crate::kdf::{derive_key, hkdf, hmac};
use crate::key::Key;
use subtle::ConstantTimeEq as _;

/// What the database keeps about the vault as a whole. None of it is secret; all of it is authenticated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Random; made once. Part of every derived key and of what every sealed value is bound to.
    pub vault_id: [u8; 16],
    /// Key check value: tells the right root key from a wrong one before it is used.
    pub kcv: [u8; 16],
    /// The key-encryption-key epoch that new values are sealed under, from 1.
    pub kek_epoch: u32,
    /// The first epoch of the present root key, from 1. What older epochs sealed opens with the root key before it.
    pub root_epoch: u32,
    /// Grows with every change of the header, so that an older copy of the database can be recognised.
    pub generation: u64,
    /// When the vault was made, UTC milliseconds.
    pub created_at: i64,
    /// HMAC-SHA256 over all fields above, under a key derived from the root key.
    pub mac: [u8; 32],
}

impl Header {
    /// The first header of a new vault.
    pub(crate) fn first(root: &Key, vault_id: [u8; 16], created_at: i64) -> Self {
        let kcv = derive_kcv(root, &vault_id);
        Self { vault_id, kcv, kek_epoch: 1, root_epoch: 1, generation: 1, created_at, mac: [0; 32] }
            .signed(root)
    }

    /// This header with the MAC that its other fields need.
    pub(crate) fn signed(mut self, root: &Key) -> Self {
        self.mac = self.derive_mac(root);
        self
    }

    /// Whether `root` is this vault's root key.
    pub(crate) fn is_key(&self, root: &Key) -> bool {
        derive_kcv(root, &self.vault_id).ct_eq(&self.kcv).into()
    }

    /// Whether the fields are the ones that this vault wrote.
    pub(crate) fn is_intact(&self, root: &Key) -> bool {
        self.derive_mac(root).ct_eq(&self.mac).into()
    }

    fn derive_mac(&self, root: &Key) -> [u8; 32] {
        let key = derive_key(root.bytes(), &self.vault_id, &[b"reeve/header-mac/v1"]);
        let root_epoch = self.root_epoch.to_be_bytes();
        // The first form says nothing of a root epoch, because there was one root key only.
        let (form, more): (&[u8], &[&[u8]]) = if self.root_epoch == 1 {
            (b"reeve.header.v1", &[])
        } else {
            (b"reeve.header.v2", &[&root_epoch])
        };
        let parts: [&[u8]; 6] = [
            form,
            &self.vault_id,
            &self.kcv,
            &self.kek_epoch.to_be_bytes(),
            &self.generation.to_be_bytes(),
            &self.created_at.to_be_bytes(),
        ];
        let covered = fields(&[&parts[..], more].concat());
        hmac(key.bytes(), &[&covered])
    }
}

fn derive_kcv(root: &Key, vault_id: &[u8; 16]) -> [u8; 16] {
    let mut kcv = [0; 16];
    match hkdf(root.bytes(), vault_id, &[b"reeve/kcv/v1"], &mut kcv) {
        Ok(()) => kcv,
        Err(_) => unreachable!("16 bytes are far below the 8,160 that HKDF-SHA256 can give"),
    }
}
