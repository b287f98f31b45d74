//! How long the trail is kept, and pruning.

use super::{Answer, time, time_or_null};
use crate::extract::{Asked, Ids, JsonBody};
use crate::words::Stream;
use axum::Json;
use axum::extract::State;
use reeve_engine::Engine;
use reeve_engine::retention::{
    FLOOR_DAYS, Kept, PERSONAL_FLOOR_DAYS, PrunePreview, Pruned, Retention, RetentionStatus,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(get_retention))
        .routes(routes!(set_retention))
        .routes(routes!(preview_prune))
        .routes(routes!(prune))
}

/// How a stream is kept and how it stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct StreamRetentionView {
    stream: Stream,
    /// Days that entries are kept; null: for ever.
    entries_days: Option<u32>,
    /// Days that what is personal in them is kept; null: as long as the entries.
    personal_days: Option<u32>,
    /// Entries ever written.
    size: u64,
    /// The first that is kept.
    first: u64,
    /// When it was written.
    oldest_at: Option<String>,
    /// When the stream was last pruned.
    pruned_at: Option<String>,
    /// The entry that says so.
    pruned_entry: Option<String>,
}

impl From<Kept> for StreamRetentionView {
    fn from(kept: Kept) -> Self {
        Self {
            stream: kept.stream.into(),
            entries_days: kept.retention.entries_days,
            personal_days: kept.retention.personal_days,
            size: kept.head.size,
            first: kept.head.min_index,
            oldest_at: time_or_null(kept.oldest),
            pruned_at: time_or_null(kept.head.pruned.map(|(_, at)| at)),
            pruned_entry: kept.head.pruned.map(|(by, _)| format!("audit.{by}")),
        }
    }
}

/// How the trail is kept.
#[derive(Serialize, ToSchema)]
pub(crate) struct RetentionView {
    streams: Vec<StreamRetentionView>,
    /// Entries are kept for so many days at least.
    floor_days: u32,
    /// What is personal is kept for so many days at least.
    personal_floor_days: u32,
    last_run_at: Option<String>,
    next_run_at: String,
    /// Whether rows are still being deleted.
    sweeping: bool,
}

impl From<RetentionStatus> for RetentionView {
    fn from(status: RetentionStatus) -> Self {
        Self {
            streams: status.streams.into_iter().map(StreamRetentionView::from).collect(),
            floor_days: FLOOR_DAYS,
            personal_floor_days: PERSONAL_FLOOR_DAYS,
            last_run_at: time_or_null(status.last_run),
            next_run_at: time(status.next_run),
            sweeping: status.sweeping,
        }
    }
}

/// How long a stream is to be kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetRetentionBody {
    /// Null: for ever.
    entries_days: Option<u32>,
    /// Null: as long as the entries. Only of the audit stream.
    personal_days: Option<u32>,
}

/// What pruning would delete now.
#[derive(Serialize, ToSchema)]
pub(crate) struct PrunePreviewView {
    stream: Stream,
    /// Entries of before this moment may go; null: they are kept for ever.
    before: Option<String>,
    /// The first that is kept now.
    from: u64,
    /// The first that would be kept; a multiple of 256.
    to: u64,
    entries: u64,
    /// Sealed personal sections among them.
    sections: u64,
    /// The legal hold that keeps the next ones.
    held_by: Option<String>,
}

impl From<PrunePreview> for PrunePreviewView {
    fn from(preview: PrunePreview) -> Self {
        Self {
            stream: preview.stream.into(),
            before: time_or_null(preview.before),
            from: preview.prunable.from,
            to: preview.prunable.to,
            entries: preview.prunable.entries(),
            sections: preview.prunable.sections,
            held_by: preview.prunable.held_by.map(|hold| hold.name),
        }
    }
}

/// What is to be pruned, as a preview said.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PruneBody {
    /// The preview's.
    to: u64,
}

/// What was pruned.
#[derive(Serialize, ToSchema)]
pub(crate) struct PrunedView {
    from: u64,
    to: u64,
    entries: u64,
    /// The entry that says so; null: there was nothing to prune.
    entry: Option<String>,
}

impl From<Pruned> for PrunedView {
    fn from(pruned: Pruned) -> Self {
        Self {
            from: pruned.prunable.from,
            to: pruned.prunable.to,
            entries: pruned.prunable.entries(),
            entry: pruned.entry.map(|n| format!("audit.{n}")),
        }
    }
}

/// How long the audit trail is kept.
#[utoipa::path(get, path = "/retention", tag = "privacy", extensions(("x-permission" = json!("privacy:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = RetentionView)))]
async fn get_retention(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<RetentionView> {
    Ok(Json(engine.retention(&cx).await?.into()))
}

/// Sets how long a stream is kept. What is beyond goes with the next nightly run.
#[utoipa::path(put, path = "/retention/{stream}", tag = "privacy", extensions(("x-permission" = json!("privacy:write")), ("x-tenant" = json!("none"))), params(("stream" = Stream, Path)), request_body = SetRetentionBody, responses((status = 200, body = StreamRetentionView)))]
async fn set_retention(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(stream): Ids<Stream>,
    JsonBody(body): JsonBody<SetRetentionBody>,
) -> Answer<StreamRetentionView> {
    let retention = Retention { entries_days: body.entries_days, personal_days: body.personal_days };
    Ok(Json(engine.set_retention(&cx, stream.into(), retention).await?.into()))
}

/// What pruning would delete now.
#[utoipa::path(get, path = "/retention/{stream}/preview", tag = "privacy", extensions(("x-permission" = json!("privacy:read")), ("x-tenant" = json!("none"))), params(("stream" = Stream, Path)), responses((status = 200, body = PrunePreviewView)))]
async fn preview_prune(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(stream): Ids<Stream>,
) -> Answer<PrunePreviewView> {
    Ok(Json(engine.preview_prune(&cx, stream.into()).await?.into()))
}

/// Prunes what a preview said, for good. The entry that says so is signed before the first row is deleted.
#[utoipa::path(post, path = "/retention/{stream}/prune", tag = "privacy", extensions(("x-permission" = json!("privacy:write")), ("x-tenant" = json!("none"))), params(("stream" = Stream, Path)), request_body = PruneBody, responses((status = 200, body = PrunedView)))]
async fn prune(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(stream): Ids<Stream>,
    JsonBody(body): JsonBody<PruneBody>,
) -> Answer<PrunedView> {
    Ok(Json(engine.prune(&cx, stream.into(), body.to).await?.into()))
}
