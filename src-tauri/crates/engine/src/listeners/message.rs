//! What a listener is sent: an entry as its leaf tells it. Names of people are not in leaves, so they are not in messages.

use crate::audit::outcome_word;
use reeve_core::id::ListenerId;
use reeve_core::time::Millis;
use reeve_store::table::entries::Entry;
use reeve_store::table::listeners::Listener;
use serde_json::{Map, Value, json};

/// How loud a severity is.
pub(super) fn rank(severity: &str) -> usize {
    ["info", "notice", "warning", "critical"].iter().position(|word| *word == severity).unwrap_or(0)
}

fn severity(entry: &Entry) -> &str {
    entry.leaf.x.get("severity").and_then(Value::as_str).unwrap_or("info")
}

/// Whether a listener is sent an entry. What is written about deliveries is not delivered: that would never end.
pub(super) fn wants(listener: &Listener, entry: &Entry) -> bool {
    let kind = &entry.leaf.kind;
    let types = &listener.event_types;
    kind != super::work::DELIVERED
        && (types.is_empty() || types.iter().any(|start| kind.starts_with(start.as_str())))
        && rank(severity(entry)) >= rank(&listener.min_severity)
}

/// The id of the message about an entry: the same for every attempt, so that a receiver can tell what it had before.
pub(super) fn id(listener: ListenerId, entry: &Entry) -> String {
    format!("{listener}_{}_{}", entry.stream.as_str(), entry.leaf.n)
}

/// The body of the message about an entry.
pub(super) fn body(entry: &Entry) -> Vec<u8> {
    let leaf = &entry.leaf;
    let (kind, resource) = leaf.on.split_once(':').unwrap_or(("", &leaf.on));
    let of_app = leaf.kind.starts_with("app.");
    let mut data = Map::new();
    let mut put = |key: &str, value: Value| drop(data.insert(key.to_owned(), value));
    put("id", format!("{}.{}", entry.stream.as_str(), leaf.n).into());
    put("stream", entry.stream.as_str().into());
    put("sequence", leaf.n.into());
    put("time", Millis(leaf.t).to_string().into());
    put("event_type", leaf.kind.as_str().into());
    put("action", leaf.x.get("action").cloned().unwrap_or_else(|| "EXECUTE".into()));
    put("severity", severity(entry).into());
    put("outcome", outcome_word(leaf.ok).into());
    put("actor", json!({ "id": leaf.who }));
    put("via", leaf.via.as_str().into());
    put("resource", json!({ "type": kind, "id": resource, "name": leaf.x.get("name") }));
    put("tenant_id", leaf.x.get("tenant").cloned().unwrap_or(Value::Null));
    put("request_id", leaf.sid.as_deref().map_or(Value::Null, Into::into));
    put("trace_id", leaf.x.get("trace").cloned().unwrap_or(Value::Null));
    put("changes", leaf.x.get("changes").cloned().unwrap_or_else(|| json!([])));
    if of_app {
        for key in ["related", "project", "occurred_at"] {
            put(key, leaf.x.get(key).cloned().unwrap_or(Value::Null));
        }
    }
    put("metadata", Value::Object(metadata(&leaf.x, of_app)));
    put("leaf_hash", data_encoding::HEXLOWER.encode(&reeve_ledger::leaf_hash(&entry.bytes)).into());
    let message = json!({ "type": leaf.kind, "timestamp": Millis(leaf.t).to_string(), "data": data });
    message.to_string().into_bytes()
}

fn metadata(x: &Map<String, Value>, of_app: bool) -> Map<String, Value> {
    const TOLD: [&str; 8] =
        ["action", "severity", "tenant", "name", "changes", "trace", "related", "project"];
    if of_app {
        return x.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
    }
    x.iter().filter(|(key, _)| !TOLD.contains(&key.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// The body of a message that only tries the way.
pub(super) fn test(now: Millis) -> Vec<u8> {
    let data =
        json!({ "message": "This is a test of the way from Reeve to you. No entry stands behind it." });
    json!({ "type": super::TEST, "timestamp": now.to_string(), "data": data }).to_string().into_bytes()
}
