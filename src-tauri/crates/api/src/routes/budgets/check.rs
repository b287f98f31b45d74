//! Asking before spending.

use super::target;
use crate::extract::{Asked, JsonBody};
use crate::failure::Failure;
use crate::patch::Reading;
use crate::routes::{Answer, time};
use crate::words::{BudgetScope, PeriodKind};
use axum::Json;
use axum::extract::State;
use reeve_core::id::{ApiKeyId, CredentialId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_engine::Engine;
use reeve_engine::budgets::{CheckSpend, CheckedLevel};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(routes!(check_budget))
}

/// An amount somebody would like to spend, and as whom.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckBudgetBody {
    tenant_id: String,
    amount_usd: String,
    api_key_id: Option<String>,
    user: Option<String>,
    model: Option<String>,
    tags: Option<Vec<String>>,
    /// The provider key that would pay.
    credential_id: Option<String>,
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
    tenant_id: Option<String>,
    target: Option<String>,
    name: String,
    period: PeriodKind,
    /// In force now.
    limit_usd: String,
    remaining_usd: String,
    resets_at: String,
}

impl From<CheckedLevel> for BudgetLevelView {
    fn from(checked: CheckedLevel) -> Self {
        Self {
            budget_id: checked.budget.to_string(),
            scope: checked.level.scope.into(),
            tenant_id: checked.level.tenant_id.map(|id| id.to_string()),
            target: target(checked.level.target),
            name: checked.name,
            period: checked.period.into(),
            limit_usd: checked.limit.to_string(),
            remaining_usd: checked.remaining.to_string(),
            resets_at: time(checked.resets_at),
        }
    }
}

/// Whether somebody may spend an amount now, at every level. Reserves nothing.
#[utoipa::path(post, path = "/budgets/check", tag = "budgets", extensions(("x-permission" = json!("budget:read")), ("x-tenant" = json!("none"))), request_body = CheckBudgetBody, responses((status = 200, body = BudgetCheckView)))]
async fn check_budget(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<CheckBudgetBody>,
) -> Answer<BudgetCheckView> {
    let mut reading = Reading::default();
    let tenant = reading.read("tenant_id", body.tenant_id.parse::<TenantId>());
    let amount = reading.read("amount_usd", body.amount_usd.parse::<NanoUsd>());
    let api_key = reading.read_some("api_key_id", body.api_key_id.map(|id| id.parse::<ApiKeyId>()));
    let credential =
        reading.read_some("credential_id", body.credential_id.map(|id| id.parse::<CredentialId>()));
    reading.done()?;
    let (Some(tenant), Some(amount)) = (tenant, amount) else {
        return Err(Failure::field("tenant_id", "is needed"));
    };
    let (user, model, tags) = (body.user, body.model, body.tags.unwrap_or_default());
    let check = CheckSpend { tenant, api_key, user, model, tags, credential, amount };
    let (refused_by, levels) = engine.check_budget(&cx, check).await?;
    Ok(Json(BudgetCheckView {
        allowed: refused_by.is_none(),
        refused_by: refused_by.map(|id| id.to_string()),
        levels: levels.into_iter().map(Into::into).collect(),
    }))
}
