//! Whether what is missing at the beginning was pruned: the newest entry that says so must say exactly this.

use crate::error::StoreError;
use crate::log::Stream;
use crate::log::prune::frontier_at;
use crate::reader::Read;
use crate::table::entries::Head;
use reeve_ledger::{Hash, TILE_WIDTH};
use serde_json::{Map, Value};

/// The event type of the entry that says what was pruned.
pub(crate) const PRUNE: &str = "retention.prune";

/// Why the pruned beginning of the stream does not fit; `None` if it does, or nothing was pruned.
pub(super) fn fault(read: &Read<'_>, stream: Stream, head: &Head) -> Result<Option<String>, StoreError> {
    if head.min_index == 0 && head.pruned.is_none() {
        return Ok(None);
    }
    let wrong = |why: &str| Ok(Some(format!("the entries before it are gone, and {why}")));
    let Some((said_by, _)) = head.pruned.filter(|_| head.min_index.is_multiple_of(TILE_WIDTH)) else {
        return wrong("nothing says that they were pruned");
    };
    let root = match frontier_at(read, stream, head.min_index) {
        Ok(frontier) => frontier.root(),
        Err(StoreError::Ledger { what }) => return wrong(&what),
        Err(other) => return Err(other),
    };
    let said = read.entries().get(Stream::Audit, said_by);
    let Some(entry) = said.ok().flatten().filter(|entry| entry.leaf.kind == PRUNE) else {
        return wrong("the entry that says that they were pruned is not there");
    };
    if says(&entry.leaf.x, stream, head.min_index, &root) {
        return Ok(None);
    }
    wrong(&format!("entry {said_by} of the audit stream says something else was pruned"))
}

fn says(details: &Map<String, Value>, stream: Stream, to: u64, root: &Hash) -> bool {
    let text = |key: &str| details.get(key).and_then(Value::as_str);
    let hex: String = root.iter().map(|byte| format!("{byte:02x}")).collect();
    text("stream") == Some(stream.as_str())
        && details.get("to").and_then(Value::as_u64) == Some(to)
        && text("root") == Some(hex.as_str())
}
