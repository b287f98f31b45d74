//! Saved views of the audit trail.

use crate::extract::{Asked, Ids, JsonBody};
use crate::failure::Failure;
use crate::patch::Patch;
use crate::routes::{Answer, Page, moment, time, time_or_null};
use crate::words::{AuditOutcome, Stream};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::SavedViewId;
use reeve_core::time::Millis;
use reeve_engine::Engine;
use reeve_engine::audit::{ChangeView, SaveView, SeenView, ViewFilter};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which entries a view shows: the fields of `/audit/logs`. What is absent or null does not filter.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedFilterBody {
    /// `audit` if absent.
    #[schema(value_type = Option<Stream>)]
    stream: Option<String>,
    /// Event types; with a minus before it, one that is left out.
    event_types: Option<Vec<String>>,
    /// Id of a person or key, part of a person's name, or `system`.
    actor: Option<String>,
    tenant_id: Option<String>,
    /// Noun, such as `tenant`.
    resource_type: Option<String>,
    resource_id: Option<String>,
    #[schema(value_type = Option<AuditOutcome>)]
    outcome: Option<String>,
    /// Any outcome but success.
    not_ok: Option<bool>,
    /// Text in what happened.
    q: Option<String>,
    /// How far back from now: `1h`, `24h`, `7d`, `30d` or `90d`.
    last: Option<String>,
    /// From this time.
    from: Option<String>,
    /// Before this time.
    to: Option<String>,
}

/// What a view shows, every field; null does not filter.
#[derive(Serialize, ToSchema)]
pub(crate) struct SavedFilterView {
    #[schema(value_type = Option<Stream>)]
    stream: Option<String>,
    event_types: Vec<String>,
    actor: Option<String>,
    tenant_id: Option<String>,
    resource_type: Option<String>,
    resource_id: Option<String>,
    #[schema(value_type = Option<AuditOutcome>)]
    outcome: Option<String>,
    not_ok: bool,
    q: Option<String>,
    last: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

impl SavedFilterBody {
    fn read(self) -> Result<ViewFilter, Failure> {
        Ok(ViewFilter {
            from: moment("filter.from", self.from.as_deref())?.map(|t| t.0),
            to: moment("filter.to", self.to.as_deref())?.map(|t| t.0),
            stream: self.stream,
            event_types: self.event_types.unwrap_or_default(),
            actor: self.actor,
            tenant_id: self.tenant_id,
            resource_type: self.resource_type,
            resource_id: self.resource_id,
            outcome: self.outcome,
            not_ok: self.not_ok.unwrap_or(false),
            q: self.q,
            last: self.last,
        })
    }
}

impl From<ViewFilter> for SavedFilterView {
    fn from(f: ViewFilter) -> Self {
        Self {
            stream: f.stream,
            event_types: f.event_types,
            actor: f.actor,
            tenant_id: f.tenant_id,
            resource_type: f.resource_type,
            resource_id: f.resource_id,
            outcome: f.outcome,
            not_ok: f.not_ok,
            q: f.q,
            last: f.last,
            from: time_or_null(f.from.map(Millis)),
            to: time_or_null(f.to.map(Millis)),
        }
    }
}

/// A saved view: a filter of the audit trail that somebody gave a name to.
#[derive(Serialize, ToSchema)]
pub(crate) struct SavedViewView {
    id: String,
    name: String,
    /// Whether everybody sees it who may read the trail.
    shared: bool,
    /// Whether it is the caller's.
    own: bool,
    /// Whether the caller may change it: the owner, and of a shared one an administrator.
    may_change: bool,
    owner_id: String,
    owner_name: String,
    filter: SavedFilterView,
    created_at: String,
    updated_at: String,
}

impl From<SeenView> for SavedViewView {
    fn from(seen: SeenView) -> Self {
        let SeenView { view, owner, own, may_change } = seen;
        Self {
            id: view.id.to_string(),
            name: view.name,
            shared: view.shared,
            own,
            may_change,
            owner_id: view.owner.to_string(),
            owner_name: owner,
            filter: view.filter.into(),
            created_at: time(view.created_at),
            updated_at: time(view.updated_at),
        }
    }
}

/// A new view.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SaveViewBody {
    /// The owner has one of each name.
    name: String,
    /// Whether everybody sees it who may read the trail; not if absent.
    shared: Option<bool>,
    filter: SavedFilterBody,
}

/// A change of a view.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateViewBody {
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = bool, required = false)]
    shared: Patch<bool>,
    /// The whole filter anew.
    #[serde(default)]
    #[schema(value_type = SavedFilterBody, required = false)]
    filter: Patch<SavedFilterBody>,
}

/// The caller's views and those that others share, by name.
#[utoipa::path(get, path = "/audit/views", tag = "audit", extensions(("x-permission" = json!("audit:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = Page<SavedViewView>)))]
pub(super) async fn list_saved_views(
    State(engine): State<Engine>,
    Asked(cx): Asked,
) -> Answer<Page<SavedViewView>> {
    let items = engine.saved_views(&cx).await?.into_iter().map(Into::into).collect();
    Ok(Json(Page { items, next_cursor: None }))
}

/// Saves a view.
#[utoipa::path(post, path = "/audit/views", tag = "audit", extensions(("x-permission" = json!("audit:read")), ("x-tenant" = json!("none"))), request_body = SaveViewBody, responses((status = 201, body = SavedViewView)))]
pub(super) async fn save_view(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<SaveViewBody>,
) -> Result<(StatusCode, Json<SavedViewView>), Failure> {
    let new = SaveView { name: body.name, shared: body.shared.unwrap_or(false), filter: body.filter.read()? };
    Ok((StatusCode::CREATED, Json(engine.save_view(&cx, new).await?.into())))
}

/// Changes a view.
#[utoipa::path(patch, path = "/audit/views/{id}", tag = "audit", extensions(("x-permission" = json!("audit:read")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = UpdateViewBody, responses((status = 200, body = SavedViewView)))]
pub(super) async fn update_view(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<SavedViewId>,
    JsonBody(body): JsonBody<UpdateViewBody>,
) -> Answer<SavedViewView> {
    let change = ChangeView {
        name: body.name.required("name")?,
        shared: body.shared.required("shared")?,
        filter: body.filter.required("filter")?.map(SavedFilterBody::read).transpose()?,
    };
    Ok(Json(engine.change_view(&cx, id, change).await?.into()))
}

/// Removes a view.
#[utoipa::path(delete, path = "/audit/views/{id}", tag = "audit", extensions(("x-permission" = json!("audit:read")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 204)))]
pub(super) async fn delete_view(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<SavedViewId>,
) -> Result<StatusCode, Failure> {
    engine.remove_view(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
