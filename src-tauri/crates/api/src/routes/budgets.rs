//! Budgets.

mod check;
mod overrides;
mod refusals;

use super::{Answer, Page, time};
use crate::cursor;
use crate::extract::{Asked, Ids, JsonBody, Params};
use crate::failure::Failure;
use crate::patch::{Patch, Reading};
use crate::words::{BudgetKind, BudgetScope, BudgetState, PeriodKind};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use overrides::OverrideView;
use reeve_core::budget::{BudgetLevel, Limit};
use reeve_core::id::{BudgetId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_engine::Engine;
use reeve_engine::budgets::{self, BudgetWithStatus, ChangeBudget, SetBudget, THRESHOLDS};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(list_budgets, create_budget))
        .merge(check::router())
        .routes(routes!(get_budget, update_budget, delete_budget))
        .routes(routes!(get_budget_status))
        .merge(overrides::router())
        .merge(refusals::router())
}

/// A budget.
#[derive(Serialize, ToSchema)]
pub(crate) struct BudgetView {
    id: String,
    scope: BudgetScope,
    tenant_id: Option<String>,
    tenant_name: Option<String>,
    /// Id of the key or pool, name of the user, model or tag; null for the workspace and a tenant.
    target: Option<String>,
    /// What it is called; null if it is gone.
    target_name: Option<String>,
    period: PeriodKind,
    kind: BudgetKind,
    /// The budget's own limit; the status has the one in force.
    limit_usd: String,
    /// Percentages at which people are told.
    thresholds: Vec<u32>,
    sample: bool,
    created_at: String,
    updated_at: String,
    status: BudgetStatus,
}

/// How a budget stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct BudgetStatus {
    period_start: String,
    period_end: String,
    time_zone: String,
    /// In force now.
    limit_usd: String,
    /// The override it comes from, if it is not the budget's own.
    r#override: Option<OverrideView>,
    spent_usd: String,
    /// Worst case of calls on their way, what is held included.
    reserved_usd: String,
    /// Kept for calls whose outcome was lost in a crash.
    held_usd: String,
    remaining_usd: String,
    percentage_used: f64,
    /// At this pace, at the end of the period; null early in it.
    projected_usd: Option<String>,
    state: BudgetState,
    refused_calls: u64,
    refused_usd: String,
}

impl BudgetStatus {
    pub(super) fn new(status: &budgets::BudgetStatus, engine: &Engine) -> Self {
        Self {
            period_start: time(status.period.start),
            period_end: time(status.period.end),
            time_zone: engine.zone().name().to_owned(),
            limit_usd: status.limit.to_string(),
            r#override: status.overridden.as_ref().map(|o| OverrideView::new(o, engine)),
            spent_usd: status.spent.to_string(),
            reserved_usd: status.reserved.to_string(),
            held_usd: status.held.to_string(),
            remaining_usd: status.remaining.to_string(),
            percentage_used: status.percentage,
            projected_usd: status.projected.map(|p| p.to_string()),
            state: status.state.into(),
            refused_calls: status.refused_calls,
            refused_usd: status.refused.to_string(),
        }
    }
}

impl BudgetView {
    fn new(found: BudgetWithStatus, engine: &Engine) -> Self {
        let BudgetWithStatus { budget, tenant_name, target_name, status } = found;
        let level = budget.level;
        Self {
            id: budget.id.to_string(),
            scope: level.scope.into(),
            tenant_id: level.tenant_id.map(|id| id.to_string()),
            tenant_name,
            target: target(level.target),
            target_name,
            period: budget.period.into(),
            kind: budget.limit.kind.into(),
            limit_usd: budget.limit.amount.to_string(),
            thresholds: budget.thresholds,
            sample: budget.sample,
            created_at: time(budget.created_at),
            updated_at: time(budget.updated_at),
            status: BudgetStatus::new(&status, engine),
        }
    }
}

/// A new budget.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateBudgetBody {
    scope: BudgetScope,
    /// Needed for the scopes `tenant` and `api_key`; null for `workspace` and `pool`. For the others, null counts the calls
    /// of all tenants.
    tenant_id: Option<String>,
    /// Id of the key or pool, name of the user, model or tag; null for the workspace and a tenant.
    target: Option<String>,
    period: PeriodKind,
    limit_usd: String,
    kind: BudgetKind,
    /// Null: 80 and 100.
    thresholds: Option<Vec<u32>>,
}

/// A change of a budget: absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateBudgetBody {
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    limit_usd: Patch<String>,
    #[serde(default)]
    #[schema(value_type = BudgetKind, required = false)]
    kind: Patch<BudgetKind>,
    /// Null: 80 and 100.
    #[serde(default)]
    #[schema(value_type = Option<Vec<u32>>, required = false)]
    thresholds: Patch<Vec<u32>>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct BudgetsQuery {
    /// 100 if absent, 1,000 at most.
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Budgets, oldest first.
#[utoipa::path(get, path = "/budgets", tag = "budgets", extensions(("x-permission" = json!("budget:read")), ("x-tenant" = json!("filter"))), params(BudgetsQuery), responses((status = 200, body = Page<BudgetView>)))]
async fn list_budgets(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<BudgetsQuery>,
) -> Answer<Page<BudgetView>> {
    let after = cursor::read::<BudgetId>(query.cursor.as_deref())?;
    let (budgets, more) = engine.budgets(&cx, after, cursor::limit(query.limit)?).await?;
    let next_cursor = budgets.last().filter(|_| more).and_then(|last| cursor::write(&last.budget.id));
    Ok(Json(Page { items: budgets.into_iter().map(|b| BudgetView::new(b, &engine)).collect(), next_cursor }))
}

/// Sets a budget.
#[utoipa::path(post, path = "/budgets", tag = "budgets", extensions(("x-permission" = json!("budget:write")), ("x-tenant" = json!("none"))), request_body = CreateBudgetBody, responses((status = 201, body = BudgetView)))]
async fn create_budget(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<CreateBudgetBody>,
) -> Result<(StatusCode, Json<BudgetView>), Failure> {
    let mut reading = Reading::default();
    let amount = reading.read("limit_usd", body.limit_usd.parse::<NanoUsd>());
    let tenant_id = reading.read_some("tenant_id", body.tenant_id.as_deref().map(str::parse::<TenantId>));
    match (body.scope, &body.tenant_id) {
        (BudgetScope::Tenant | BudgetScope::ApiKey, None) => {
            _ = reading.read::<(), _>("tenant_id", Err("is needed for this scope"))
        }
        (BudgetScope::Workspace | BudgetScope::Pool, Some(_)) => {
            _ = reading.read::<(), _>("tenant_id", Err("must be null for this scope"))
        }
        _ => {}
    }
    reading.done()?;
    let target = body.target.unwrap_or_default();
    let new = SetBudget {
        level: BudgetLevel { scope: body.scope.into(), tenant_id, target },
        period: body.period.into(),
        limit: Limit { amount: amount.unwrap_or_default(), kind: body.kind.into() },
        thresholds: body.thresholds.unwrap_or_else(|| THRESHOLDS.to_vec()),
    };
    Ok((StatusCode::CREATED, Json(BudgetView::new(engine.set_budget(&cx, new).await?, &engine))))
}

/// A budget.
#[utoipa::path(get, path = "/budgets/{id}", tag = "budgets", extensions(("x-permission" = json!("budget:read")), ("x-tenant" = json!("thing"))), params(("id" = String, Path)), responses((status = 200, body = BudgetView)))]
async fn get_budget(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<BudgetId>,
) -> Answer<BudgetView> {
    Ok(Json(BudgetView::new(engine.budget(&cx, id).await?, &engine)))
}

/// Changes a budget.
#[utoipa::path(patch, path = "/budgets/{id}", tag = "budgets", extensions(("x-permission" = json!("budget:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = UpdateBudgetBody, responses((status = 200, body = BudgetView)))]
async fn update_budget(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<BudgetId>,
    JsonBody(body): JsonBody<UpdateBudgetBody>,
) -> Answer<BudgetView> {
    let amount = body.limit_usd.try_map("limit_usd", |text| text.parse::<NanoUsd>())?;
    let change = ChangeBudget {
        amount: amount.required("limit_usd")?,
        kind: body.kind.required("kind")?.map(Into::into),
        thresholds: body.thresholds.nullable().map(|list| list.unwrap_or_else(|| THRESHOLDS.to_vec())),
    };
    Ok(Json(BudgetView::new(engine.change_budget(&cx, id, change).await?, &engine)))
}

/// Removes a budget.
#[utoipa::path(delete, path = "/budgets/{id}", tag = "budgets", extensions(("x-permission" = json!("budget:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 204)))]
async fn delete_budget(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<BudgetId>,
) -> Result<StatusCode, Failure> {
    engine.remove_budget(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How a budget stands.
#[utoipa::path(get, path = "/budgets/{id}/status", tag = "budgets", extensions(("x-permission" = json!("budget:read")), ("x-tenant" = json!("thing"))), params(("id" = String, Path)), responses((status = 200, body = BudgetStatus)))]
async fn get_budget_status(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<BudgetId>,
) -> Answer<BudgetStatus> {
    Ok(Json(BudgetStatus::new(&engine.budget(&cx, id).await?.status, &engine)))
}

/// The target on the wire.
fn target(target: String) -> Option<String> {
    Some(target).filter(|t| !t.is_empty())
}
