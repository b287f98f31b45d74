//! Legal holds.

use super::{Answer, Page, moment, time, time_or_null};
use crate::cursor;
use crate::extract::{Asked, Ids, JsonBody, Params};
use crate::failure::Failure;
use crate::words::LegalHoldScope;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::LegalHoldId;
use reeve_engine::Engine;
use reeve_engine::legal_holds::{LegalHold, PlaceHold};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(list_legal_holds, place_legal_hold))
        .routes(routes!(release_legal_hold))
}

/// What may be neither erased nor pruned while a case is open.
#[derive(Serialize, ToSchema)]
pub(crate) struct LegalHoldView {
    id: String,
    name: String,
    scope: LegalHoldScope,
    /// The tenant's id, or the subject.
    target: Option<String>,
    from: Option<String>,
    to: Option<String>,
    reason: String,
    placed_at: String,
    released_at: Option<String>,
    release_reason: Option<String>,
}

impl From<LegalHold> for LegalHoldView {
    fn from(hold: LegalHold) -> Self {
        Self {
            id: hold.id.to_string(),
            name: hold.name,
            scope: hold.scope.into(),
            target: Some(hold.target).filter(|t| !t.is_empty()),
            from: time_or_null(hold.from),
            to: time_or_null(hold.to),
            reason: hold.reason,
            placed_at: time(hold.placed_at),
            released_at: time_or_null(hold.released_at),
            release_reason: hold.release_reason,
        }
    }
}

/// A new legal hold.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaceLegalHoldBody {
    /// Such as that of the case; one of a name stands at a time.
    name: String,
    scope: LegalHoldScope,
    /// The tenant's id, or the subject, where it covers one.
    target: Option<String>,
    /// Where it covers a span of time.
    from: Option<String>,
    to: Option<String>,
    reason: String,
}

/// The end of a hold.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReleaseLegalHoldBody {
    reason: String,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LegalHoldsQuery {
    /// 100 if absent, 1,000 at most.
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Legal holds, newest first; released ones stay in the list.
#[utoipa::path(get, path = "/legal-holds", tag = "privacy", extensions(("x-permission" = json!("privacy:read")), ("x-tenant" = json!("none"))), params(LegalHoldsQuery), responses((status = 200, body = Page<LegalHoldView>)))]
async fn list_legal_holds(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<LegalHoldsQuery>,
) -> Answer<Page<LegalHoldView>> {
    let limit = cursor::limit(query.limit)?;
    let before = cursor::read::<LegalHoldId>(query.cursor.as_deref())?;
    let (found, more) = engine.legal_holds(&cx, before, limit).await?;
    let next_cursor = found.last().filter(|_| more).and_then(|hold| cursor::write(&hold.id));
    Ok(Json(Page { items: found.into_iter().map(LegalHoldView::from).collect(), next_cursor }))
}

/// Places a hold: from now on nothing that it covers is erased or pruned.
#[utoipa::path(post, path = "/legal-holds", tag = "privacy", extensions(("x-permission" = json!("privacy:write")), ("x-tenant" = json!("none"))), request_body = PlaceLegalHoldBody, responses((status = 201, body = LegalHoldView)))]
async fn place_legal_hold(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<PlaceLegalHoldBody>,
) -> Result<(StatusCode, Json<LegalHoldView>), Failure> {
    let new = PlaceHold {
        from: moment("from", body.from.as_deref())?,
        to: moment("to", body.to.as_deref())?,
        name: body.name,
        scope: body.scope.into(),
        target: body.target,
        reason: body.reason,
    };
    Ok((StatusCode::CREATED, Json(engine.place_hold(&cx, new).await?.into())))
}

/// Releases a hold. What it kept may be erased and pruned again.
#[utoipa::path(post, path = "/legal-holds/{id}/release", tag = "privacy", extensions(("x-permission" = json!("privacy:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = ReleaseLegalHoldBody, responses((status = 200, body = LegalHoldView)))]
async fn release_legal_hold(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<LegalHoldId>,
    JsonBody(body): JsonBody<ReleaseLegalHoldBody>,
) -> Answer<LegalHoldView> {
    Ok(Json(engine.release_legal_hold(&cx, id, &body.reason).await?.into()))
}
