//! Listeners of the audit trail.

use super::{Answer, Page, time, time_or_null};
use crate::extract::{Asked, Ids, JsonBody};
use crate::failure::Failure;
use crate::patch::Patch;
use crate::words::{AuditSeverity, ListenerState, Stream};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::ListenerId;
use reeve_core::permission::Permission;
use reeve_engine::listeners::{self, AddListener, ChangeListener, Delivery, ListenerStatus};
use reeve_engine::{Cx, Engine};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(list_listeners, create_listener))
        .routes(routes!(get_listener, update_listener, delete_listener))
        .routes(routes!(list_deliveries))
        .routes(routes!(test_listener))
}

/// A listener: an address that is sent entries as they are written.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListenerView {
    id: String,
    name: String,
    /// In full for who may change it; else without what stands behind the host, which may be a secret.
    url: String,
    #[schema(value_type = Stream)]
    stream: &'static str,
    /// How the event types begin that are sent; empty for all.
    event_types: Vec<String>,
    /// The least severity that is sent.
    #[schema(value_type = AuditSeverity)]
    min_severity: String,
    /// Whether it may be at an address that is not public.
    allow_private: bool,
    #[schema(value_type = ListenerState)]
    state: &'static str,
    /// Why Reeve stopped, if it was Reeve who did.
    stopped_why: Option<String>,
    /// Entries of its stream that it has not got to.
    behind: u64,
    /// The next entry it gets to.
    next_sequence: u64,
    delivered: u64,
    last_delivered_at: Option<String>,
    /// Failed attempts in a row.
    failures: u64,
    failing_since: Option<String>,
    created_at: String,
    updated_at: String,
}

impl ListenerView {
    fn new(status: ListenerStatus, cx: &Cx) -> Self {
        let ListenerStatus { listener: l, behind } = status;
        let state = match (l.enabled, &l.disabled_why, l.failures) {
            (false, Some(_), _) => "stopped",
            (false, None, _) => "paused",
            (true, _, 0) => "sending",
            (true, ..) => "retrying",
        };
        let url =
            if cx.principal.may(Permission::ListenerWrite) { l.url } else { listeners::origin_of(&l.url) };
        Self {
            id: l.id.to_string(),
            name: l.name,
            url,
            stream: l.stream.as_str(),
            event_types: l.event_types,
            min_severity: l.min_severity,
            allow_private: l.allow_private,
            state,
            stopped_why: l.disabled_why,
            behind,
            next_sequence: l.next_seq,
            delivered: l.delivered,
            last_delivered_at: time_or_null(l.last_delivered),
            failures: l.failures,
            failing_since: time_or_null(l.failing_since),
            created_at: time(l.created_at),
            updated_at: time(l.updated_at),
        }
    }
}

/// A fresh listener.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedListener {
    listener: ListenerView,
    /// What signs the messages, shown this once.
    secret: String,
}

/// An attempt to deliver.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeliveryView {
    /// Null for a test.
    entry_id: Option<String>,
    time: String,
    /// Which attempt for this entry, from 1.
    attempt: u64,
    ok: bool,
    /// Null where there was no answer.
    status: Option<u64>,
    duration_ms: u64,
    /// What went wrong.
    error: Option<String>,
}

/// How a test ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListenerTestView {
    ok: bool,
    status: Option<u16>,
    error: Option<String>,
    duration_ms: u64,
}

/// A new listener.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateListenerBody {
    name: String,
    /// https, or http on this machine.
    url: String,
    /// `audit` if absent.
    stream: Option<Stream>,
    /// How event types begin, such as tenant. or auth.failed; all if absent.
    event_types: Option<Vec<String>>,
    /// `info` if absent.
    min_severity: Option<AuditSeverity>,
    /// Whether it may be at an address that is not public; not if absent.
    allow_private: Option<bool>,
    /// The first entry that is sent; those that are written from now on if absent.
    first: Option<u64>,
}

/// A change of a listener.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateListenerBody {
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    url: Patch<String>,
    /// Null for all.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, required = false)]
    event_types: Patch<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = AuditSeverity, required = false)]
    min_severity: Patch<AuditSeverity>,
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    allow_private: Patch<bool>,
    /// Enabled again, it goes on where it stopped.
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    enabled: Patch<bool>,
}

/// All listeners, by name.
#[utoipa::path(get, path = "/audit/listeners", tag = "audit", extensions(("x-permission" = json!("audit:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = Page<ListenerView>)))]
async fn list_listeners(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<Page<ListenerView>> {
    let all = engine.listeners(&cx).await?;
    let items = all.into_iter().map(|status| ListenerView::new(status, &cx)).collect();
    Ok(Json(Page { items, next_cursor: None }))
}

/// Adds a listener. What signs its messages is shown this once.
#[utoipa::path(post, path = "/audit/listeners", tag = "audit", extensions(("x-permission" = json!("listener:write")), ("x-tenant" = json!("none"))), request_body = CreateListenerBody, responses((status = 201, body = CreatedListener)))]
async fn create_listener(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<CreateListenerBody>,
) -> Result<(StatusCode, Json<CreatedListener>), Failure> {
    let new = AddListener {
        name: body.name,
        url: body.url,
        stream: body.stream.unwrap_or(Stream::Audit).into(),
        event_types: body.event_types.unwrap_or_default(),
        min_severity: body.min_severity.unwrap_or(AuditSeverity::Info).into(),
        allow_private: body.allow_private.unwrap_or(false),
        first: body.first,
    };
    let (status, secret) = engine.add_listener(&cx, new).await?;
    let created = CreatedListener { listener: ListenerView::new(status, &cx), secret: secret.to_string() };
    Ok((StatusCode::CREATED, Json(created)))
}

/// A listener.
#[utoipa::path(get, path = "/audit/listeners/{id}", tag = "audit", extensions(("x-permission" = json!("audit:read")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 200, body = ListenerView)))]
async fn get_listener(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<ListenerId>,
) -> Answer<ListenerView> {
    Ok(Json(ListenerView::new(engine.listener(&cx, id).await?, &cx)))
}

/// Changes a listener.
#[utoipa::path(patch, path = "/audit/listeners/{id}", tag = "audit", extensions(("x-permission" = json!("listener:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = UpdateListenerBody, responses((status = 200, body = ListenerView)))]
async fn update_listener(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<ListenerId>,
    JsonBody(body): JsonBody<UpdateListenerBody>,
) -> Answer<ListenerView> {
    let change = ChangeListener {
        name: body.name.required("name")?,
        url: body.url.required("url")?,
        event_types: body.event_types.nullable().map(Option::unwrap_or_default),
        min_severity: body.min_severity.required("min_severity")?.map(Into::into),
        allow_private: body.allow_private.required("allow_private")?,
        enabled: body.enabled.required("enabled")?,
    };
    Ok(Json(ListenerView::new(engine.change_listener(&cx, id, change).await?, &cx)))
}

/// Removes a listener.
#[utoipa::path(delete, path = "/audit/listeners/{id}", tag = "audit", extensions(("x-permission" = json!("listener:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 204)))]
async fn delete_listener(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<ListenerId>,
) -> Result<StatusCode, Failure> {
    engine.remove_listener(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The last 100 attempts to deliver to a listener, newest first.
#[utoipa::path(get, path = "/audit/listeners/{id}/deliveries", tag = "audit", extensions(("x-permission" = json!("audit:read")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 200, body = Page<DeliveryView>)))]
async fn list_deliveries(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<ListenerId>,
) -> Answer<Page<DeliveryView>> {
    let stream = engine.listener(&cx, id).await?.listener.stream.as_str();
    let view = |d: Delivery| DeliveryView {
        entry_id: d.seq.map(|seq| format!("{stream}.{seq}")),
        time: time(d.at),
        attempt: d.attempt,
        ok: d.ok,
        status: d.status,
        duration_ms: d.took_ms,
        error: d.error,
    };
    let items = engine.deliveries(&cx, id).await?.into_iter().map(view).collect();
    Ok(Json(Page { items, next_cursor: None }))
}

/// Sends a listener a message that no entry stands behind.
#[utoipa::path(post, path = "/audit/listeners/{id}/test", tag = "audit", extensions(("x-permission" = json!("listener:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 200, body = ListenerTestView)))]
async fn test_listener(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<ListenerId>,
) -> Answer<ListenerTestView> {
    let tested = engine.test_listener(&cx, id).await?;
    Ok(Json(ListenerTestView {
        ok: tested.ok,
        status: tested.status,
        error: tested.error,
        duration_ms: tested.took_ms,
    }))
}
