//! Tenants.

use super::{Answer, Page, time};
use crate::cursor;
use crate::extract::{Asked, Ids, JsonBody, Params};
use crate::failure::Failure;
use crate::patch::{Patch, Reading};
use crate::words::{TenantStatus, Tier};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::TenantId;
use reeve_core::money::NanoUsd;
use reeve_core::period::Zone;
use reeve_core::tenant;
use reeve_engine::Engine;
use reeve_engine::tenants::{ChangeTenant, CreateTenant, TenantFilter, TenantWithUsage};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(list_tenants, create_tenant))
        .routes(routes!(get_tenant, update_tenant))
        .routes(routes!(suspend_tenant))
        .routes(routes!(resume_tenant))
        .routes(routes!(archive_tenant))
}

/// A tenant.
#[derive(Serialize, ToSchema)]
pub(crate) struct TenantView {
    id: String,
    name: String,
    slug: String,
    tier: Tier,
    status: TenantStatus,
    time_zone: String,
    owner: Option<String>,
    tags: Vec<String>,
    notes: Option<String>,
    sample: bool,
    created_at: String,
    updated_at: String,
    usage: TenantUsage,
    /// Cost of the last 30 days, oldest first.
    daily_cost_usd: Vec<String>,
}

/// Settled cost and calls.
#[derive(Serialize, ToSchema)]
pub(crate) struct SpendFigure {
    cost_usd: String,
    requests: u64,
}

/// What a tenant used.
#[derive(Serialize, ToSchema)]
pub(crate) struct TenantUsage {
    today: SpendFigure,
    month: SpendFigure,
}

impl From<TenantWithUsage> for TenantView {
    fn from(found: TenantWithUsage) -> Self {
        let TenantWithUsage { tenant, today, month, daily } = found;
        let figure = |(cost, requests): (NanoUsd, u64)| SpendFigure { cost_usd: cost.to_string(), requests };
        Self {
            id: tenant.id.to_string(),
            name: tenant.name,
            slug: tenant.slug,
            tier: tenant.tier.into(),
            status: tenant.status.into(),
            time_zone: tenant.time_zone.name().to_owned(),
            owner: tenant.owner,
            tags: tenant.tags,
            notes: tenant.notes,
            sample: tenant.sample,
            created_at: time(tenant.created_at),
            updated_at: time(tenant.updated_at),
            usage: TenantUsage { today: figure(today), month: figure(month) },
            daily_cost_usd: daily.iter().map(ToString::to_string).collect(),
        }
    }
}

/// A new tenant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateTenantBody {
    name: String,
    /// Made from the name where null.
    slug: Option<String>,
    tier: Tier,
    /// IANA name; the workspace's where null.
    time_zone: Option<String>,
    owner: Option<String>,
    tags: Option<Vec<String>>,
    notes: Option<String>,
}

/// A change of a tenant: absent stays, null clears.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateTenantBody {
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    name: Patch<String>,
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    slug: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Tier, required = false)]
    tier: Patch<Tier>,
    /// Null: the workspace's.
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false)]
    time_zone: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false)]
    owner: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, required = false)]
    tags: Patch<Vec<String>>,
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false)]
    notes: Patch<String>,
}

/// Why a tenant is suspended.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuspendBody {
    reason: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct TenantsQuery {
    /// Part of the name or slug.
    q: Option<String>,
    status: Option<TenantStatus>,
    tier: Option<Tier>,
    /// 100 if absent, 1,000 at most.
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Tenants by name.
#[utoipa::path(get, path = "/tenants", tag = "tenants", extensions(("x-permission" = json!("tenant:read")), ("x-tenant" = json!("filter"))), params(TenantsQuery), responses((status = 200, body = Page<TenantView>)))]
async fn list_tenants(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<TenantsQuery>,
) -> Answer<Page<TenantView>> {
    let filter = TenantFilter {
        text: query.q,
        status: query.status.map(Into::into),
        tier: query.tier.map(Into::into),
        after: cursor::read(query.cursor.as_deref())?,
    };
    let (tenants, more) = engine.tenants(&cx, filter, cursor::limit(query.limit)?).await?;
    let last = tenants.last().filter(|_| more);
    let next_cursor = last.and_then(|last| cursor::write(&(&last.tenant.name, last.tenant.id)));
    Ok(Json(Page { items: tenants.into_iter().map(Into::into).collect(), next_cursor }))
}

/// Makes a tenant.
#[utoipa::path(post, path = "/tenants", tag = "tenants", extensions(("x-permission" = json!("tenant:write")), ("x-tenant" = json!("none"))), request_body = CreateTenantBody, responses((status = 201, body = TenantView)))]
async fn create_tenant(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<CreateTenantBody>,
) -> Result<(StatusCode, Json<TenantView>), Failure> {
    let mut reading = Reading::default();
    let time_zone = reading.read_some("time_zone", body.time_zone.as_deref().map(str::parse::<Zone>));
    reading.done()?;
    let new = CreateTenant {
        name: body.name,
        slug: body.slug,
        tier: body.tier.into(),
        time_zone,
        owner: body.owner,
        tags: body.tags.unwrap_or_default(),
        notes: body.notes,
    };
    Ok((StatusCode::CREATED, Json(engine.create_tenant(&cx, new).await?.into())))
}

/// A tenant.
#[utoipa::path(get, path = "/tenants/{id}", tag = "tenants", extensions(("x-permission" = json!("tenant:read")), ("x-tenant" = json!("path"))), params(("id" = String, Path)), responses((status = 200, body = TenantView)))]
async fn get_tenant(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<TenantId>,
) -> Answer<TenantView> {
    Ok(Json(engine.tenant(&cx, id).await?.into()))
}

/// Changes a tenant.
#[utoipa::path(patch, path = "/tenants/{id}", tag = "tenants", extensions(("x-permission" = json!("tenant:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = UpdateTenantBody, responses((status = 200, body = TenantView)))]
async fn update_tenant(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<TenantId>,
    JsonBody(body): JsonBody<UpdateTenantBody>,
) -> Answer<TenantView> {
    let zone = body.time_zone.try_map("time_zone", |text| text.parse::<Zone>())?;
    let change = ChangeTenant {
        name: body.name.required("name")?,
        slug: body.slug.required("slug")?,
        tier: body.tier.required("tier")?.map(Into::into),
        time_zone: zone.nullable().map(|zone| zone.unwrap_or_else(|| engine.zone())),
        owner: body.owner.nullable(),
        tags: body.tags.nullable().map(Option::unwrap_or_default),
        notes: body.notes.nullable(),
    };
    Ok(Json(engine.change_tenant(&cx, id, change).await?.into()))
}

/// Suspends a tenant: its calls are refused until it is resumed.
#[utoipa::path(post, path = "/tenants/{id}/suspend", tag = "tenants", extensions(("x-permission" = json!("tenant:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = SuspendBody, responses((status = 200, body = TenantView)))]
async fn suspend_tenant(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<TenantId>,
    JsonBody(body): JsonBody<SuspendBody>,
) -> Answer<TenantView> {
    Ok(Json(engine.set_tenant_status(&cx, id, tenant::TenantStatus::Suspended, body.reason).await?.into()))
}

/// Resumes a suspended tenant.
#[utoipa::path(post, path = "/tenants/{id}/resume", tag = "tenants", extensions(("x-permission" = json!("tenant:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 200, body = TenantView)))]
async fn resume_tenant(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<TenantId>,
) -> Answer<TenantView> {
    Ok(Json(engine.set_tenant_status(&cx, id, tenant::TenantStatus::Active, None).await?.into()))
}

/// Archives a tenant, for good.
#[utoipa::path(post, path = "/tenants/{id}/archive", tag = "tenants", extensions(("x-permission" = json!("tenant:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 200, body = TenantView)))]
async fn archive_tenant(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<TenantId>,
) -> Answer<TenantView> {
    Ok(Json(engine.set_tenant_status(&cx, id, tenant::TenantStatus::Archived, None).await?.into()))
}
