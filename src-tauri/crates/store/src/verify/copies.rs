//! What stands beside the leaves and follows from them: higher tiles, times of bundles, private sections.

use crate::error::StoreError;
use crate::log::Stream;
use crate::log::stream::{load_tile, tile_id};
use crate::reader::Read;
use reeve_ledger::{Hash, Leaf, TILE_WIDTH, tile_root};
use rusqlite::{OptionalExtension as _, params};

/// The copies of a stream, as far as its leaves were read.
pub(super) struct Copies<'r, 'c> {
    read: &'r Read<'c>,
    stream: Stream,
    first: u64,
    // Roots of full tiles that are not yet in a full tile themselves, by level from 1.
    edge: Vec<Vec<Hash>>,
    tiles: u64,
    // Earliest and latest time of the bundle under way.
    times: Option<(i64, i64)>,
    bundles: u64,
    sections: u64,
}

impl<'r, 'c> Copies<'r, 'c> {
    /// From entry `first` on: those before it were pruned.
    pub(super) fn new(read: &'r Read<'c>, stream: Stream, first: u64) -> Result<Self, StoreError> {
        let tiles = first / TILE_WIDTH;
        let (mut edge, mut level, mut full) = (Vec::new(), 8, tiles);
        while full > 0 {
            let begun = full - full % TILE_WIDTH;
            let roots = (begun..full).map(|i| read.entries().subtree(stream, level, i));
            edge.push(roots.collect::<Result<Vec<_>, _>>()?);
            (level, full) = (level + 8, full / TILE_WIDTH);
        }
        Ok(Self { read, stream, first, edge, tiles, times: None, bundles: 0, sections: 0 })
    }

    /// Takes note of leaf `n`; what of its copies does not fit.
    pub(super) fn saw(&mut self, n: u64, leaf: &Leaf) -> Result<Option<String>, StoreError> {
        let (low, high) = self.times.unwrap_or((leaf.t, leaf.t));
        self.times = Some((low.min(leaf.t), high.max(leaf.t)));
        if !leaf.p.is_empty() && !self.sections_fit(n, leaf)? {
            return Ok(Some("its private sections are not those it commits to".to_owned()));
        }
        if (n + 1).is_multiple_of(TILE_WIDTH) { self.end_of_bundle(n) } else { Ok(None) }
    }

    fn sections_fit(&mut self, n: u64, leaf: &Leaf) -> Result<bool, StoreError> {
        let id = self.stream.entry_id(n);
        let mut rows = self
            .read
            .conn
            .prepare_cached("SELECT i, key_id FROM private_sections WHERE entry_id = ?1 ORDER BY i")?;
        let rows = rows.query_map([id], |r| Ok((r.get::<_, i64>("i")?, r.get::<_, String>("key_id")?)))?;
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        self.sections += rows.len() as u64;
        Ok((0..).zip(leaf.p.iter().map(|(key, _)| key)).eq(rows.iter().map(|(i, key)| (*i, key))))
    }

    fn end_of_bundle(&mut self, n: u64) -> Result<Option<String>, StoreError> {
        let Some(times) = self.times.take() else { return Ok(None) };
        self.bundles += 1;
        let mut rows = self.read.conn.prepare_cached("SELECT t_min, t_max FROM bundles WHERE id = ?1")?;
        let stored = rows
            .query_row([self.stream.entry_id(n) >> 8], |r| Ok((r.get("t_min")?, r.get("t_max")?)))
            .optional()?;
        let at = n / TILE_WIDTH;
        Ok((stored != Some(times))
            .then(|| format!("the times noted of bundle {at} are not those of its entries")))
    }

    /// Takes note of a full tile of leaves; which tile above it does not fit.
    pub(super) fn full_tile(&mut self, hashes: &[Hash]) -> Result<Option<String>, StoreError> {
        self.tiles += 1;
        let (mut root, mut level) = (tile_root(hashes), 1u32);
        loop {
            let place = level as usize - 1;
            if self.edge.len() == place {
                self.edge.push(Vec::new());
            }
            let tile = &mut self.edge[place];
            tile.push(root);
            if (tile.len() as u64) < TILE_WIDTH {
                return Ok(None);
            }
            let full = std::mem::take(tile);
            let index = (self.tiles - 1) >> (8 * level);
            match load_tile(self.read.conn, self.stream, level, index) {
                Ok(stored) if stored == full => {}
                Ok(_) => {
                    return Ok(Some(format!("tile {level}/{index} does not hold the roots of its tiles")));
                }
                Err(StoreError::Ledger { what }) => return Ok(Some(what)),
                Err(other) => return Err(other),
            }
            (root, level) = (tile_root(&full), level + 1);
        }
    }

    /// After the last leaf: nothing more stands there than belongs to the leaves.
    pub(super) fn end(&mut self, size: u64) -> Result<Option<String>, StoreError> {
        if size > 0
            && let Some(reason) = self.end_of_bundle(size - 1)?
        {
            return Ok(Some(reason));
        }
        let (first, behind) = (self.stream.entry_id(self.first), self.stream.entry_id(1 << 47));
        let kept = self.first / TILE_WIDTH;
        let leaves = (size / TILE_WIDTH).saturating_sub(kept);
        let mut tiles = 0;
        let mut full = size / TILE_WIDTH / TILE_WIDTH;
        while full > 0 {
            tiles += full;
            full /= TILE_WIDTH;
        }
        let (tile, above) = (tile_id(self.stream, 0, kept), tile_id(self.stream, 1, 0));
        let behind_tiles = (self.stream.number() + 1) << 56;
        let counts = [
            (
                "SELECT count(*) AS n FROM bundles WHERE id >= ?1 AND id < ?2",
                first >> 8,
                behind >> 8,
                self.bundles,
                "bundles",
            ),
            (
                "SELECT count(*) AS n FROM tiles WHERE id >= ?1 AND id < ?2",
                tile,
                above,
                leaves,
                "tiles of leaves",
            ),
            (
                "SELECT count(*) AS n FROM tiles WHERE id >= ?1 AND id < ?2",
                above,
                behind_tiles,
                tiles,
                "tiles",
            ),
            (
                "SELECT count(*) AS n FROM private_sections WHERE entry_id >= ?1 AND entry_id < ?2",
                first,
                behind,
                self.sections,
                "private sections",
            ),
        ];
        for (sql, from, to, expected, what) in counts {
            let mut rows = self.read.conn.prepare_cached(sql)?;
            let found = rows.query_row(params![from, to], |r| crate::sql::unsigned(r, "n"))?;
            if found != expected {
                return Ok(Some(format!("there are {found} {what} where {expected} belong")));
            }
        }
        Ok(None)
    }
}
