//! Routes, and how provider keys have served lately.

use super::{Answer, Page, time, time_or_null};
use crate::cursor;
use crate::extract::{Asked, Ids, JsonBody, Params};
use crate::failure::Failure;
use crate::patch::{Patch, Reading};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::{CredentialId, RouteId, TenantId};
use reeve_engine::Engine;
use reeve_engine::health::{BreakerState, CredentialHealth, LastError, MINUTES};
use reeve_engine::routes::{ChangeRoute, Patience, Retries, Route, SetRoute, Target};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(list_routes, create_route))
        .routes(routes!(get_route, update_route, delete_route))
        .routes(routes!(get_routing_health))
}

/// One place a call may go to.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RouteTarget {
    /// One of `GET /providers`, or `custom`.
    provider: String,
    /// As the provider spells it.
    model: String,
    /// Null: any key of the provider that serves the model, by priority and weight.
    credential_id: Option<String>,
    /// Its share of the calls' first attempts, from 0 to 1,000. With 0 it only steps in for the others.
    weight: u32,
}

/// How long a route waits for a provider; null waits as long as the workspace does.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoutePatience {
    /// For a connection.
    connect_ms: Option<u64>,
    /// For the first byte of an answer.
    first_byte_ms: Option<u64>,
    /// For a whole answer, all attempts together.
    total_ms: Option<u64>,
}

/// What a route tries again.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RouteRetries {
    /// How often each target is asked again before the next one is.
    each: u32,
    /// The wait before the first repetition; it doubles with each.
    backoff_ms: u64,
    /// The longest wait. Where a provider asks for a longer one the next target is asked instead.
    max_backoff_ms: u64,
    /// Whether to try again what may have run at the provider. The call may be paid for twice then, and both are charged.
    after_unknown: bool,
}

/// Where calls for a model go.
#[derive(Serialize, ToSchema)]
pub(crate) struct RouteView {
    id: String,
    /// Null: for all tenants.
    tenant_id: Option<String>,
    tenant_name: Option<String>,
    /// What callers ask for: a model's name, or an alias.
    model: String,
    /// In the order they are asked; which is asked first goes by weight.
    targets: Vec<RouteTarget>,
    patience: RoutePatience,
    retries: RouteRetries,
    created_at: String,
    updated_at: String,
}

/// A new route.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateRouteBody {
    /// Null: for all tenants.
    tenant_id: Option<String>,
    model: String,
    targets: Vec<RouteTarget>,
    /// Null: as long as the workspace waits.
    patience: Option<RoutePatience>,
    /// Null: each target once more, after a quarter of a second, and never what may have run.
    retries: Option<RouteRetries>,
}

/// A change of a route: absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateRouteBody {
    #[serde(default)]
    #[schema(value_type = Vec<RouteTarget>, required = false)]
    targets: Patch<Vec<RouteTarget>>,
    #[serde(default)]
    #[schema(value_type = Option<RoutePatience>, required = false)]
    patience: Patch<RoutePatience>,
    #[serde(default)]
    #[schema(value_type = Option<RouteRetries>, required = false)]
    retries: Patch<RouteRetries>,
}

/// How the live provider keys have served lately: few, so not paged.
#[derive(Serialize, ToSchema)]
pub(crate) struct RoutingHealthView {
    /// Minutes that the figures look back on.
    window_minutes: u64,
    items: Vec<CredentialHealthView>,
}

/// How a provider key has served lately.
#[derive(Serialize, ToSchema)]
pub(crate) struct CredentialHealthView {
    credential_id: String,
    name: String,
    provider: String,
    weight: u32,
    priority: u32,
    #[schema(value_type = crate::words::BreakerState)]
    breaker: &'static str,
    /// Why calls are kept from it, if they are.
    breaker_reason: Option<String>,
    /// Since when.
    breaker_since: Option<String>,
    /// When a call may try it again.
    breaker_until: Option<String>,
    /// Until when the provider asked to be left alone.
    resting_until: Option<String>,
    calls: u64,
    /// Calls the provider failed at.
    errors: u64,
    /// Calls the provider turned away because there were too many.
    limited: u64,
    /// The time to an answer that 95 of 100 answered calls stayed below.
    p95_ms: Option<i64>,
    last_error: Option<LastErrorView>,
}

/// What went wrong last.
#[derive(Serialize, ToSchema)]
pub(crate) struct LastErrorView {
    text: String,
    /// Status of the provider's answer, if it answered.
    status: Option<u16>,
    time: String,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RoutesQuery {
    /// 100 if absent, 1,000 at most.
    limit: Option<u32>,
    cursor: Option<String>,
}

impl RouteView {
    fn new(route: Route, engine: &Engine) -> Self {
        let target = |t: Target| RouteTarget {
            provider: t.provider,
            model: t.model,
            credential_id: t.credential.map(|id| id.to_string()),
            weight: t.weight,
        };
        let (p, r) = (route.patience, route.retries);
        Self {
            id: route.id.to_string(),
            tenant_id: route.tenant_id.map(|id| id.to_string()),
            tenant_name: route.tenant_id.and_then(|id| engine.tenant_name(id)),
            model: route.model,
            targets: route.targets.into_iter().map(target).collect(),
            patience: RoutePatience {
                connect_ms: p.connect_ms,
                first_byte_ms: p.first_byte_ms,
                total_ms: p.total_ms,
            },
            retries: RouteRetries {
                each: r.each,
                backoff_ms: r.backoff_ms,
                max_backoff_ms: r.max_backoff_ms,
                after_unknown: r.after_unknown,
            },
            created_at: time(route.created_at),
            updated_at: time(route.updated_at),
        }
    }
}

impl From<RoutePatience> for Patience {
    fn from(p: RoutePatience) -> Self {
        Self { connect_ms: p.connect_ms, first_byte_ms: p.first_byte_ms, total_ms: p.total_ms }
    }
}

impl From<RouteRetries> for Retries {
    fn from(r: RouteRetries) -> Self {
        let RouteRetries { each, backoff_ms, max_backoff_ms, after_unknown } = r;
        Self { each, backoff_ms, max_backoff_ms, after_unknown }
    }
}

fn targets(body: Vec<RouteTarget>) -> Result<Vec<Target>, Failure> {
    let mut reading = Reading::default();
    let mut targets = Vec::with_capacity(body.len());
    for (place, target) in body.into_iter().enumerate() {
        let field = format!("targets[{place}].credential_id");
        let id = target.credential_id.as_deref().map(str::parse::<CredentialId>);
        let credential = reading.read_some(&field, id);
        let RouteTarget { provider, model, weight, .. } = target;
        targets.push(Target { provider, model, credential, weight });
    }
    reading.done().map(|()| targets)
}

/// A breaker's state on the wire, and why calls are kept away.
pub(super) fn breaker(state: BreakerState) -> (&'static str, Option<String>) {
    match state {
        BreakerState::Closed => ("closed", None),
        BreakerState::Open { cause, .. } => ("open", Some(cause.to_string())),
        BreakerState::HalfOpen { cause, .. } => ("half_open", Some(cause.to_string())),
    }
}

impl From<CredentialHealth> for CredentialHealthView {
    fn from(health: CredentialHealth) -> Self {
        let figures = health.figures;
        let (word, breaker_reason) = breaker(figures.state);
        let (since, until) = match figures.state {
            BreakerState::Closed => (None, None),
            BreakerState::Open { since, until, .. } => (Some(since), Some(until)),
            BreakerState::HalfOpen { since, .. } => (Some(since), None),
        };
        let last = |e: LastError| LastErrorView { text: e.text, status: e.status, time: time(e.time) };
        Self {
            credential_id: health.id.to_string(),
            name: health.name,
            provider: health.provider,
            weight: health.weight,
            priority: health.priority,
            breaker: word,
            breaker_reason,
            breaker_since: time_or_null(since),
            breaker_until: time_or_null(until),
            resting_until: time_or_null(figures.resting_until),
            calls: figures.calls,
            errors: figures.errors,
            limited: figures.limited,
            p95_ms: figures.p95_ms,
            last_error: figures.last_error.map(last),
        }
    }
}

/// Routes, oldest first.
#[utoipa::path(get, path = "/routes", tag = "routes", extensions(("x-permission" = json!("route:read")), ("x-tenant" = json!("none"))), params(RoutesQuery), responses((status = 200, body = Page<RouteView>)))]
async fn list_routes(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<RoutesQuery>,
) -> Answer<Page<RouteView>> {
    let after = cursor::read::<RouteId>(query.cursor.as_deref())?;
    let (routes, more) = engine.routes(&cx, after, cursor::limit(query.limit)?).await?;
    let next_cursor = routes.last().filter(|_| more).and_then(|last| cursor::write(&last.id));
    Ok(Json(Page { items: routes.into_iter().map(|r| RouteView::new(r, &engine)).collect(), next_cursor }))
}

/// Makes a route.
#[utoipa::path(post, path = "/routes", tag = "routes", extensions(("x-permission" = json!("route:write")), ("x-tenant" = json!("none"))), request_body = CreateRouteBody, responses((status = 201, body = RouteView)))]
async fn create_route(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<CreateRouteBody>,
) -> Result<(StatusCode, Json<RouteView>), Failure> {
    let mut reading = Reading::default();
    let tenant_id = reading.read_some("tenant_id", body.tenant_id.as_deref().map(str::parse::<TenantId>));
    reading.done()?;
    let new = SetRoute {
        tenant_id,
        model: body.model,
        targets: targets(body.targets)?,
        patience: body.patience.map(Into::into).unwrap_or_default(),
        retries: body.retries.map(Into::into).unwrap_or_default(),
    };
    Ok((StatusCode::CREATED, Json(RouteView::new(engine.create_route(&cx, new).await?, &engine))))
}

/// A route.
#[utoipa::path(get, path = "/routes/{id}", tag = "routes", extensions(("x-permission" = json!("route:read")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 200, body = RouteView)))]
async fn get_route(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<RouteId>,
) -> Answer<RouteView> {
    Ok(Json(RouteView::new(engine.route(&cx, id).await?, &engine)))
}

/// Changes a route.
#[utoipa::path(patch, path = "/routes/{id}", tag = "routes", extensions(("x-permission" = json!("route:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = UpdateRouteBody, responses((status = 200, body = RouteView)))]
async fn update_route(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<RouteId>,
    JsonBody(body): JsonBody<UpdateRouteBody>,
) -> Answer<RouteView> {
    let change = ChangeRoute {
        targets: body.targets.required("targets")?.map(targets).transpose()?,
        patience: body.patience.nullable().map(|p| p.map(Into::into).unwrap_or_default()),
        retries: body.retries.nullable().map(|r| r.map(Into::into).unwrap_or_default()),
    };
    Ok(Json(RouteView::new(engine.change_route(&cx, id, change).await?, &engine)))
}

/// Removes a route: its model goes to whichever provider key serves it again.
#[utoipa::path(delete, path = "/routes/{id}", tag = "routes", extensions(("x-permission" = json!("route:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 204)))]
async fn delete_route(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<RouteId>,
) -> Result<StatusCode, Failure> {
    engine.remove_route(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How the live provider keys have served in the last minutes.
#[utoipa::path(get, path = "/routing/health", tag = "routes", extensions(("x-permission" = json!("route:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = RoutingHealthView)))]
async fn get_routing_health(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<RoutingHealthView> {
    let items = engine.routing_health(&cx).await?.into_iter().map(Into::into).collect();
    Ok(Json(RoutingHealthView { window_minutes: MINUTES as u64, items }))
}
