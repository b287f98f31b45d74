//! Which models a tenant may call.

use super::Answer;
use crate::extract::{Asked, Ids, JsonBody};
use axum::Json;
use axum::extract::State;
use reeve_core::id::TenantId;
use reeve_engine::Engine;
use reeve_engine::model_rules::ModelRules;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(routes!(get_model_rules, set_model_rules))
}

/// Which models a tenant may call. Patterns may hold `*` for any letters; capitals do not matter.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModelRulesView {
    /// Empty allows all.
    allow: Vec<String>,
    /// Denied whatever `allow` says, also behind an alias.
    deny: Vec<String>,
}

/// What a tenant is to be allowed; two empty lists allow everything.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetModelRulesBody {
    allow: Vec<String>,
    deny: Vec<String>,
}

impl From<ModelRules> for ModelRulesView {
    fn from(rules: ModelRules) -> Self {
        Self { allow: rules.allow, deny: rules.deny }
    }
}

/// Which models a tenant may call.
#[utoipa::path(get, path = "/tenants/{id}/model-rules", tag = "tenants", extensions(("x-permission" = json!("tenant:read")), ("x-tenant" = json!("path"))), params(("id" = String, Path)), responses((status = 200, body = ModelRulesView)))]
async fn get_model_rules(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<TenantId>,
) -> Answer<ModelRulesView> {
    Ok(Json(engine.model_rules(&cx, id).await?.into()))
}

/// Sets which models a tenant may call.
#[utoipa::path(put, path = "/tenants/{id}/model-rules", tag = "tenants", extensions(("x-permission" = json!("tenant:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = SetModelRulesBody, responses((status = 200, body = ModelRulesView)))]
async fn set_model_rules(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<TenantId>,
    JsonBody(body): JsonBody<SetModelRulesBody>,
) -> Answer<ModelRulesView> {
    let rules = ModelRules { allow: body.allow, deny: body.deny };
    Ok(Json(engine.set_model_rules(&cx, id, rules).await?.into()))
}
