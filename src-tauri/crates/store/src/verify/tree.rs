//! The tree over the tiles of the lowest level, as far as it has grown, and the stored tiles above them.

use super::Fault;
use crate::error::StoreError;
use crate::log::Stream;
use crate::log::stream::load_tile;
use reeve_ledger::{Frontier, Hash, TILE_HEIGHT, TILE_WIDTH};
use rusqlite::Connection;

/// A tree of whole tiles.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    edge: Frontier,
    /// By level, the roots below the tile that is not full yet.
    open: Vec<Vec<Hash>>,
}

impl Tree {
    /// Entries in it.
    pub(super) fn size(&self) -> u64 {
        self.edge.size()
    }

    /// What it grows from.
    pub(super) const fn edge(&self) -> &Frontier {
        &self.edge
    }

    /// Adds the next tile of the lowest level by its root; a tile above that is full with it has to be the stored one.
    pub(super) fn push(
        &mut self,
        conn: &Connection,
        stream: Stream,
        root: Hash,
    ) -> Result<Option<Fault>, StoreError> {
        let _ = self.edge.push_subtree(TILE_HEIGHT, root);
        let mut root = root;
        for level in 1u32.. {
            let Some(full) = self.fill(level, root) else { break };
            let index = (self.edge.size() >> (TILE_HEIGHT * (level + 1))) - 1;
            let reason = match load_tile(conn, stream, level, index) {
                Ok(stored) if stored == full => None,
                Ok(_) => Some(format!("tile {level}/{index} does not hold the roots of the tiles below it")),
                Err(StoreError::Ledger { what }) => Some(what),
                Err(other) => return Err(other),
            };
            if let Some(reason) = reason {
                return Ok(Some(Fault { sequence: index << (TILE_HEIGHT * (level + 1)), reason }));
            }
            root = reeve_ledger::tile_root(&full);
        }
        Ok(None)
    }

    /// Adds a root to the open tile of a level; the tile, if that was its last.
    fn fill(&mut self, level: u32, root: Hash) -> Option<Vec<Hash>> {
        let level = usize::try_from(level).unwrap_or(usize::MAX);
        self.open.resize_with(self.open.len().max(level), Vec::new);
        let open = self.open.get_mut(level - 1)?;
        open.push(root);
        (open.len() as u64 == TILE_WIDTH).then(|| std::mem::take(open))
    }
}
