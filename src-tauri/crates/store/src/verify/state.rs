//! What the ledger says of itself beside its entries: its keys, its kept heads, the state it goes on from.

use super::Fault;
use crate::error::StoreError;
use crate::log::kept::{self, HANDED_OVER};
use crate::log::{Stream, keys};
use crate::reader::Read;
use crate::table::entries::Head;
use reeve_ledger::keys::named_by;
use reeve_ledger::{Frontier, Hlc, KeyChain, Leaf};
use rusqlite::OptionalExtension as _;

fn at(sequence: u64, reason: impl Into<String>) -> Option<Fault> {
    Some(Fault { sequence, reason: reason.into() })
}

/// The keys of a stream; `None` before it has any, or the fault in them.
pub(super) fn keys(
    read: &Read<'_>,
    stream: Stream,
    head: &Head,
) -> Result<Result<Option<KeyChain>, Fault>, StoreError> {
    let rows = keys::all(read.conn, stream)?;
    if rows.is_empty() && head.origin.is_empty() {
        return Ok(Ok(None));
    }
    let fault = |sequence, reason: String| Ok(Err(Fault { sequence, reason }));
    let chain = match KeyChain::parse(&head.origin, rows.iter().map(|(from, key)| (*from, key.as_str()))) {
        Ok(chain) => chain,
        Err(error) => return fault(0, format!("the list of its keys does not fit: {error}")),
    };
    if rows.first().is_none_or(|(_, key)| *key != head.vkey) {
        return fault(0, "the key it began with is noted differently in two places".to_owned());
    }
    let heads = kept::all(read.conn, stream)?;
    for (from, vkey) in rows.iter().skip(1) {
        let bytes = read.entries().leaf_bytes(stream, from - 1)?;
        let leaf = bytes.and_then(|bytes| Leaf::parse(&bytes).ok());
        if leaf.as_ref().and_then(|leaf| named_by(leaf, stream.as_str())) != Some(vkey) {
            return fault(
                from - 1,
                "the key that signs from here on is not the one that this entry names".to_owned(),
            );
        }
        if !heads.iter().any(|head| head.size == *from && head.reason == HANDED_OVER) {
            return fault(from - 1, "the checkpoint at which a key handed over is missing".to_owned());
        }
    }
    Ok(Ok(Some(chain)))
}

/// The state row, against what was computed.
pub(super) fn state(
    read: &Read<'_>,
    stream: Stream,
    tree: &Frontier,
    last: Hlc,
) -> Result<Option<Fault>, StoreError> {
    let mut rows =
        read.conn.prepare_cached("SELECT frontier, last_hlc, kept FROM log_state WHERE stream = ?1")?;
    let row = rows
        .query_row([stream.number()], |r| {
            let hlc: i64 = r.get("last_hlc")?;
            Ok((
                r.get::<_, Vec<u8>>("frontier")?,
                Hlc(u64::from_ne_bytes(hlc.to_ne_bytes())),
                r.get::<_, Option<[u8; 32]>>("kept")?,
            ))
        })
        .optional()?;
    let size = tree.size();
    let Some((frontier, hlc, kept)) = row else {
        return Ok(if size == 0 { None } else { at(size, "the state of the log is missing") });
    };
    if frontier != tree.to_bytes() {
        return Ok(at(size, "the edge of the tree that it grows from is not that of its entries"));
    }
    if hlc < last {
        return Ok(at(size, "the clock it goes on from is behind its last entry"));
    }
    let rows = kept::all(read.conn, stream)?;
    if kept.is_some_and(|kept| kept != kept::sum(stream, &rows)) {
        return Ok(at(size, "a kept checkpoint was deleted, added or changed"));
    }
    Ok(None)
}
