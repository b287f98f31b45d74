//! Budgets.

use super::{Answer, Page, time};
use crate::cursor;
use crate::extract::{Asked, Ids, JsonBody, Params};
use crate::failure::Failure;
use crate::patch::{Patch, Reading};
use crate::words::{BudgetKind, BudgetScope, BudgetState, PeriodKind};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::budget::Limit;
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
        .routes(routes!(check_budget))
        .routes(routes!(get_budget, update_budget, delete_budget))
        .routes(routes!(get_budget_status))
}

/// A budget.
#[derive(Serialize, ToSchema)]
pub(crate) struct BudgetView {
    id: String,
    scope: BudgetScope,
    tenant_id: Option<String>,
    tenant_name: Option<String>,
    period: PeriodKind,
    kind: BudgetKind,
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
        let BudgetWithStatus { budget, tenant_name, status } = found;
        Self {
            id: budget.id.to_string(),
            scope: if budget.tenant_id.is_some() { BudgetScope::Tenant } else { BudgetScope::Workspace },
            tenant_id: budget.tenant_id.map(|id| id.to_string()),
            tenant_name,
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
    /// Needed for the scope `tenant`.
    tenant_id: Option<String>,
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

/// An amount a tenant would like to spend.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckBudgetBody {
    tenant_id: String,
    amount_usd: String,
}

/// Whether it may.
#[derive(Serialize, ToSchema)]
pub(crate) struct BudgetCheckView {
    allowed: bool,
    /// Id of the budget that refuses.
    refused_by: Option<String>,
    levels: Vec<BudgetLevelView>,
}

/// What is left at one level.
#[derive(Serialize, ToSchema)]
pub(crate) struct BudgetLevelView {
    budget_id: String,
    scope: BudgetScope,
    period: PeriodKind,
    remaining_usd: String,
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
#[utoipa::path(get, path = "/budgets", tag = "budgets", params(BudgetsQuery), responses((status = 200, body = Page<BudgetView>)))]
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
#[utoipa::path(post, path = "/budgets", tag = "budgets", request_body = CreateBudgetBody, responses((status = 201, body = BudgetView)))]
async fn create_budget(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<CreateBudgetBody>,
) -> Result<(StatusCode, Json<BudgetView>), Failure> {
    let mut reading = Reading::default();
    let amount = reading.read("limit_usd", body.limit_usd.parse::<NanoUsd>());
    let tenant_id = reading.read_some("tenant_id", body.tenant_id.as_deref().map(str::parse::<TenantId>));
    match (body.scope, &body.tenant_id) {
        (BudgetScope::Tenant, None) => {
            _ = reading.read::<(), _>("tenant_id", Err("is needed for this scope"))
        }
        (BudgetScope::Workspace, Some(_)) => {
            _ = reading.read::<(), _>("tenant_id", Err("must be null for this scope"))
        }
        _ => {}
    }
    reading.done()?;
    let new = SetBudget {
        tenant_id,
        period: body.period.into(),
        limit: Limit { amount: amount.unwrap_or_default(), kind: body.kind.into() },
        thresholds: body.thresholds.unwrap_or_else(|| THRESHOLDS.to_vec()),
    };
    Ok((StatusCode::CREATED, Json(BudgetView::new(engine.set_budget(&cx, new).await?, &engine))))
}

/// A budget.
#[utoipa::path(get, path = "/budgets/{id}", tag = "budgets", params(("id" = String, Path)), responses((status = 200, body = BudgetView)))]
async fn get_budget(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<BudgetId>,
) -> Answer<BudgetView> {
    Ok(Json(BudgetView::new(engine.budget(&cx, id).await?, &engine)))
}

/// Changes a budget.
#[utoipa::path(patch, path = "/budgets/{id}", tag = "budgets", params(("id" = String, Path)), request_body = UpdateBudgetBody, responses((status = 200, body = BudgetView)))]
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
#[utoipa::path(delete, path = "/budgets/{id}", tag = "budgets", params(("id" = String, Path)), responses((status = 204)))]
async fn delete_budget(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<BudgetId>,
) -> Result<StatusCode, Failure> {
    engine.remove_budget(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How a budget stands.
#[utoipa::path(get, path = "/budgets/{id}/status", tag = "budgets", params(("id" = String, Path)), responses((status = 200, body = BudgetStatus)))]
async fn get_budget_status(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<BudgetId>,
) -> Answer<BudgetStatus> {
    Ok(Json(BudgetStatus::new(&engine.budget(&cx, id).await?.status, &engine)))
}

/// Whether a tenant may spend an amount now. Reserves nothing.
#[utoipa::path(post, path = "/budgets/check", tag = "budgets", request_body = CheckBudgetBody, responses((status = 200, body = BudgetCheckView)))]
async fn check_budget(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<CheckBudgetBody>,
) -> Answer<BudgetCheckView> {
    let mut reading = Reading::default();
    let tenant = reading.read("tenant_id", body.tenant_id.parse::<TenantId>());
    let amount = reading.read("amount_usd", body.amount_usd.parse::<NanoUsd>());
    reading.done()?;
    let (Some(tenant), Some(amount)) = (tenant, amount) else {
        return Err(Failure::field("tenant_id", "is needed"));
    };
    let (refused_by, levels) = engine.check_budget(&cx, tenant, amount).await?;
    let level = |level: budgets::CheckedLevel| BudgetLevelView {
        budget_id: level.budget.to_string(),
        scope: if level.tenant.is_some() { BudgetScope::Tenant } else { BudgetScope::Workspace },
        period: level.period.into(),
        remaining_usd: level.remaining.to_string(),
    };
    Ok(Json(BudgetCheckView {
        allowed: refused_by.is_none(),
        refused_by: refused_by.map(|id| id.to_string()),
        levels: levels.into_iter().map(level).collect(),
    }))
}
