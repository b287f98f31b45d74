//! Entries that applications write themselves.

use super::moment;
use crate::extract::{Asked, JsonBody};
use crate::failure::Failure;
use crate::routes::id;
use crate::words::{AuditAction, AuditOutcome, AuditSeverity};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use reeve_core::id::TenantId;
use reeve_engine::Engine;
use reeve_engine::app_entries::{self, AppActor, AppChange, AppThing, NewAppEntry, WriteEntries};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A thing of an application.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppThingBody {
    /// What it is: PROJECT, ENTITY, RELATIONSHIP, FILE, REPORT, TEMPLATE, SCHEDULE or a word of your own.
    #[serde(rename = "type")]
    kind: String,
    /// Its id in your application.
    id: String,
    /// What people call it.
    name: Option<String>,
}

/// Who did it in the application. All but the id is personal: it is sealed, and can be erased.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppActorBody {
    /// An id of yours that names nobody by itself.
    id: Option<String>,
    name: Option<String>,
    email: Option<String>,
    ip: Option<String>,
    user_agent: Option<String>,
}

/// A field that changed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppChangeBody {
    field: String,
    /// Any JSON; what is no text is kept as its JSON.
    #[serde(default)]
    before: Value,
    #[serde(default)]
    after: Value,
}

/// An entry of an application.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriteEntryBody {
    /// Your id of this entry: sent again, it is not written again.
    id: Option<String>,
    /// Such as project.publish; Reeve puts app. before it. Made of the resource and the action if absent.
    event_type: Option<String>,
    action: AuditAction,
    resource: AppThingBody,
    /// The other resource of a LINK or UNLINK.
    related: Option<AppThingBody>,
    /// Id of the project it happened in.
    project: Option<String>,
    /// For a person: the tenant it happened in. A key writes for its own.
    tenant_id: Option<String>,
    actor: Option<AppActorBody>,
    /// 100 at most.
    changes: Option<Vec<AppChangeBody>>,
    /// Anything else, without anything personal. Keys are small letters, digits and _; numbers are whole.
    #[schema(value_type = Option<std::collections::HashMap<String, Value>>)]
    metadata: Option<Map<String, Value>>,
    /// info if absent.
    severity: Option<AuditSeverity>,
    /// success if absent.
    outcome: Option<AuditOutcome>,
    /// When it happened, by your clock. When it was written is told by Reeve's.
    occurred_at: Option<String>,
    duration_ms: Option<u64>,
    /// W3C trace id.
    trace_id: Option<String>,
}

/// One entry, or a list of 1 to 500.
#[derive(ToSchema)]
#[schema(as = WriteEntriesBody)]
#[serde(untagged)]
#[expect(dead_code, reason = "only the document reads it")]
pub(crate) enum WriteEntriesSchema {
    /// One.
    One(Box<WriteEntryBody>),
    /// Many: all are written, or none.
    Many(Vec<WriteEntryBody>),
}

/// What is read of the body.
pub(crate) struct Sent {
    entries: Vec<WriteEntryBody>,
    listed: bool,
}

impl<'de> Deserialize<'de> for Sent {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(OneOrMany)
    }
}

struct OneOrMany;

impl<'de> Visitor<'de> for OneOrMany {
    type Value = Sent;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "one entry or a list of 1 to {} entries", app_entries::MOST)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Sent, A::Error> {
        let entry = WriteEntryBody::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Sent { entries: vec![entry], listed: false })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Sent, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = list.next_element()? {
            if entries.len() == app_entries::MOST {
                return Err(A::Error::custom(format!("more than {} entries at once", app_entries::MOST)));
            }
            entries.push(entry);
        }
        Ok(Sent { entries, listed: true })
    }
}

/// An entry that was written.
#[derive(Serialize, ToSchema)]
pub(crate) struct WrittenEntryView {
    /// Its id in the audit trail.
    entry_id: String,
    sequence: u64,
}

/// What was written, in the order it was sent.
#[derive(Serialize, ToSchema)]
pub(crate) struct WrittenEntriesView {
    items: Vec<WrittenEntryView>,
}

/// Writes entries of your application: one, or up to 500, all or none. Sent again with the same `Idempotency-Key`, or entries
/// with the same ids, nothing is written again and the answer is the same; with anything else it is a conflict.
#[utoipa::path(post, path = "/audit/logs", tag = "audit", extensions(("x-permission" = json!("audit:write")), ("x-tenant" = json!("none"))), request_body = WriteEntriesSchema,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters, remembered for 30 days")),
    responses((status = 201, body = WrittenEntriesView)))]
pub(super) async fn write_audit_logs(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    headers: HeaderMap,
    JsonBody(sent): JsonBody<Sent>,
) -> Result<Response, Failure> {
    let key = headers.get(KEY).map(|key| {
        key.to_str()
            .map(str::to_owned)
            .map_err(|_| Failure::field("Idempotency-Key", "must be visible ASCII"))
    });
    let listed = sent.listed;
    let entries = sent.entries.into_iter().enumerate().map(|(at, body)| {
        let place = if listed { format!("[{at}].") } else { String::new() };
        read(body, &place)
    });
    let entries = entries.collect::<Result<Vec<_>, _>>()?;
    let write = WriteEntries { key: key.transpose()?, entries, listed };
    let written = engine.write_entries(&cx, write).await?;
    let view = |sequence: u64| WrittenEntryView { entry_id: format!("audit.{sequence}"), sequence };
    let body = Json(WrittenEntriesView { items: written.sequences.into_iter().map(view).collect() });
    let mut response = (StatusCode::CREATED, body).into_response();
    if written.replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

fn thing(body: AppThingBody) -> AppThing {
    AppThing { kind: body.kind, id: body.id, name: body.name }
}

fn read(body: WriteEntryBody, place: &str) -> Result<NewAppEntry, Failure> {
    let actor = body.actor.unwrap_or_default();
    let occurred_at = moment(&format!("{place}occurred_at"), body.occurred_at.as_deref())?;
    let change = |c: AppChangeBody| AppChange { field: c.field, before: c.before, after: c.after };
    Ok(NewAppEntry {
        id: body.id,
        event_type: body.event_type,
        action: body.action.into(),
        resource: thing(body.resource),
        related: body.related.map(thing),
        project: body.project,
        tenant: id::<TenantId>(&format!("{place}tenant_id"), body.tenant_id.as_deref())?,
        actor: AppActor {
            id: actor.id,
            name: actor.name,
            email: actor.email,
            ip: actor.ip,
            user_agent: actor.user_agent,
        },
        changes: body.changes.unwrap_or_default().into_iter().map(change).collect(),
        metadata: body.metadata.unwrap_or_default(),
        severity: body.severity.map(Into::into),
        outcome: body.outcome.map_or(reeve_engine::app_entries::Outcome::Success, Into::into),
        occurred_at,
        duration_ms: body.duration_ms,
        trace_id: body.trace_id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(json: &str) -> Result<(usize, bool), String> {
        let mut from = serde_json::Deserializer::from_str(json);
        match serde_path_to_error::deserialize::<_, Sent>(&mut from) {
            Ok(sent) => Ok((sent.entries.len(), sent.listed)),
            Err(error) => Err(format!("{}: {}", error.path(), error.inner())),
        }
    }

    #[test]
    fn one_or_many_and_faults_name_their_place() {
        let entry = r#"{"action":"CREATE","resource":{"type":"PROJECT","id":"1"}}"#;
        assert_eq!(told(entry), Ok((1, false)));
        assert_eq!(told(&format!("[{entry},{entry}]")), Ok((2, true)));
        let wrong = r#"{"action":"CREATE","resource":{"type":"PROJECT","id":7}}"#;
        assert!(told(wrong).unwrap_err().starts_with("resource.id: "), "{:?}", told(wrong));
        let listed = told(&format!("[{entry},{wrong}]")).unwrap_err();
        assert!(listed.starts_with("[1].resource.id: "), "{listed}");
        assert!(told("7").is_err() && told("null").is_err());
        let many = vec![entry; app_entries::MOST + 1].join(",");
        assert!(told(&format!("[{many}]")).unwrap_err().contains("more than 500"));
    }
}
