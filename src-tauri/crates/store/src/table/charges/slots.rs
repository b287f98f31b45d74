//! Charges of a model, a provider or a key: looked for in the quarter-hours whose sums tell of them, newest first.

use super::{Charge, Reads};
use crate::error::StoreError;
use crate::requests::{Bounds, Kind, MOST_READ, Place, RequestFilter, Stretch};
use crate::sql;
use crate::table::usage_slots::SLOT;
use reeve_core::id::{ApiKeyId, TenantId};
use reeve_core::time::Millis;
use rusqlite::named_params;

/// Slots asked for at once.
const BATCH: usize = 64;

/// What the sums can tell; what is `None` does not filter.
#[derive(Clone, Copy, Default)]
pub(super) struct SlotFilter<'a> {
    pub(super) tenant: Option<TenantId>,
    pub(super) provider: Option<&'a str>,
    pub(super) model: Option<&'a str>,
    pub(super) api_key: Option<ApiKeyId>,
}

impl<'a> SlotFilter<'a> {
    /// The part of `filter` that sums can tell, where no index of charges can lead it.
    pub(super) fn of(filter: &'a RequestFilter) -> Option<Self> {
        let RequestFilter { tenant, provider, model, api_key, .. } = filter;
        let (provider, model) = (provider.as_deref(), model.as_deref());
        (provider.is_some() || model.is_some() || api_key.is_some()).then_some(Self {
            tenant: *tenant,
            provider,
            model,
            api_key: *api_key,
        })
    }
}

/// A stretch, and the rows that were looked at for it.
pub(super) struct Looked {
    pub(super) stretch: Stretch<Charge>,
    pub(super) seen: usize,
}

macro_rules! slots {
    ($index:literal, $condition:literal) => {
        const_str::concat!(
            "SELECT DISTINCT slot FROM usage_slots INDEXED BY ",
            $index,
            " WHERE ",
            $condition,
            " AND slot >= :first AND slot <= :last AND (:tenant IS NULL OR tenant_id = :tenant)
               AND (:provider IS NULL OR provider = :provider) AND (:model IS NULL OR model = :model)
               AND (:api_key IS NULL OR api_key_id = :api_key) ORDER BY slot DESC LIMIT :most"
        )
    };
}

impl Reads<'_> {
    /// Reads slot after slot what lies in `bounds`, until `limit` rows are found or enough were looked at. Every slot has a
    /// charge at least, so that the rows looked at bound the slots, too.
    pub(super) fn in_slots(
        &self,
        of: &SlotFilter<'_>,
        bounds: Bounds,
        limit: usize,
        mut read: impl FnMut(Bounds, usize, usize) -> Result<Looked, StoreError>,
    ) -> Result<Stretch<Charge>, StoreError> {
        let (mut found, mut seen, mut last) = (Vec::new(), 0, bounds.upto.div_euclid(SLOT));
        loop {
            let slots = self.slots_with(of, bounds.from.div_euclid(SLOT), last)?;
            for &slot in &slots {
                let part = within(bounds, slot);
                let looked = read(part, limit - found.len(), MOST_READ - seen)?;
                found.extend(looked.stretch.rows);
                seen += looked.seen;
                if looked.stretch.end.is_some() {
                    return Ok(Stretch { rows: found, end: looked.stretch.end });
                }
                if seen >= MOST_READ || found.len() >= limit {
                    let end = Place { time: Millis(part.from), kind: Kind::Charge, seq: 0 };
                    return Ok(Stretch { rows: found, end: Some(end) });
                }
            }
            match slots.last() {
                Some(oldest) if slots.len() == BATCH => last = oldest - 1,
                _ => return Ok(Stretch { rows: found, end: None }),
            }
        }
    }

    /// The newest slots of `first..=last` in which something was charged, newest first, at most [`BATCH`].
    fn slots_with(&self, of: &SlotFilter<'_>, first: i64, last: i64) -> Result<Vec<i64>, StoreError> {
        let statement = match of {
            SlotFilter { api_key: Some(_), .. } => slots!("usage_slots_api_key", "api_key_id = :api_key"),
            SlotFilter { model: Some(_), .. } => slots!("usage_slots_model", "model = :model"),
            _ => slots!("usage_slots_provider", "provider = :provider"),
        };
        let mut rows = self.conn.prepare_cached(statement)?;
        let rows = rows.query_map(
            named_params! {
                ":tenant": of.tenant.as_ref().map(|t| t.0.as_bytes()),
                ":provider": of.provider,
                ":model": of.model,
                ":api_key": of.api_key.as_ref().map(|k| k.0.as_bytes()),
                ":first": first, ":last": last,
                ":most": i64::try_from(BATCH).unwrap_or(i64::MAX),
            },
            |row| row.get("slot"),
        )?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many calls to a model were charged in `[from, to)`, of one tenant or of all: whole slots by their sums, what lies
    /// before and behind them one by one.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn count(
        &self,
        tenant: Option<TenantId>,
        provider: &str,
        model: &str,
        from: Millis,
        to: Millis,
    ) -> Result<u64, StoreError> {
        let tenant = tenant.as_ref().map(|t| t.0.as_bytes());
        let count = |sql: &str, from: i64, to: i64| -> Result<u64, StoreError> {
            let mut rows = self.conn.prepare_cached(sql)?;
            Ok(rows
                .query_row(rusqlite::params![model, from, to, provider, tenant], |r| sql::unsigned(r, "n"))?)
        };
        let one_by_one =
            "SELECT count(*) AS n FROM charges INDEXED BY charges_time WHERE time >= ?2 AND time < ?3
             AND model = ?1 AND provider = ?4 AND (?5 IS NULL OR tenant_id = ?5) AND source <> 'rerate'";
        let (first, end) = (from.plus(SLOT - 1).0.div_euclid(SLOT), to.0.div_euclid(SLOT));
        if first >= end {
            return count(one_by_one, from.0, to.0);
        }
        let by_slot = "SELECT coalesce(sum(requests), 0) AS n FROM usage_slots INDEXED BY usage_slots_model
             WHERE model = ?1 AND slot >= ?2 AND slot < ?3 AND provider = ?4 AND (?5 IS NULL OR tenant_id = ?5)";
        Ok(count(one_by_one, from.0, first * SLOT)?
            + count(by_slot, first, end)?
            + count(one_by_one, end * SLOT, to.0)?)
    }
}

/// The part of `bounds` in a slot.
fn within(bounds: Bounds, slot: i64) -> Bounds {
    let (from, upto) = (slot.saturating_mul(SLOT), slot.saturating_mul(SLOT).saturating_add(SLOT - 1));
    let below = if upto < bounds.upto { i64::MAX } else { bounds.below };
    Bounds { from: from.max(bounds.from), upto: upto.min(bounds.upto), below }
}
