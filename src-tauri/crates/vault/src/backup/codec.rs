//! Numbers and byte strings one behind the other, big-endian, each string behind its length.

use super::{BackupHeader, MAX_HEADER};
use crate::slot::{Slot, SlotKind, SlotState};

#[derive(Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// `None` if it is longer than 4 GiB.
    pub(super) fn string(&mut self, bytes: &[u8]) -> Option<()> {
        self.put(&u32::try_from(bytes.len()).ok()?.to_be_bytes());
        self.put(bytes);
        Some(())
    }
}

pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(super) fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn number(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.number()?).ok()?;
        self.bytes(len)
    }

    fn text(&mut self) -> Option<String> {
        std::str::from_utf8(self.string()?).ok().map(str::to_owned)
    }
}

impl BackupHeader {
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        let mut out = Writer::default();
        out.put(&self.file_id);
        out.put(&self.kcv);
        out.put(&self.made_at.to_be_bytes());
        out.put(&self.vault_id);
        out.put(&self.vault_kcv);
        out.put(&self.epoch.to_be_bytes());
        out.put(&self.generation.to_be_bytes());
        out.put(&self.rows.to_be_bytes());
        out.string(&self.by_vault)?;
        out.put(&u32::try_from(self.slots.len()).ok()?.to_be_bytes());
        for slot in &self.slots {
            for part in [slot.kind.as_str().as_bytes(), slot.id.as_bytes(), slot.kdf.as_bytes()] {
                out.string(part)?;
            }
            for part in [&slot.salt, &slot.nonce, &slot.wrapped_vrk] {
                out.string(part)?;
            }
            out.put(&slot.created_at.to_be_bytes());
        }
        Some(out.0).filter(|header| header.len() <= MAX_HEADER)
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let mut from = Reader(bytes);
        let mut header = Self {
            file_id: from.take()?,
            kcv: from.take()?,
            made_at: i64::from_be_bytes(from.take()?),
            vault_id: from.take()?,
            vault_kcv: from.take()?,
            epoch: from.number()?,
            generation: u64::from_be_bytes(from.take()?),
            rows: from.number()?,
            by_vault: from.string()?.to_vec(),
            slots: Vec::new(),
        };
        for _ in 0..from.number()? {
            header.slots.push(Slot {
                kind: SlotKind::parse(&from.text()?)?,
                id: from.text()?,
                kdf: from.text()?,
                salt: from.string()?.to_vec(),
                nonce: from.string()?.to_vec(),
                wrapped_vrk: from.string()?.to_vec(),
                created_at: i64::from_be_bytes(from.take()?),
                state: SlotState::Active,
            });
        }
        from.0.is_empty().then_some(header)
    }
}
