//! Settings.

use super::Answer;
use super::prices::{from_per_million, per_million};
use crate::extract::{Asked, JsonBody};
use crate::patch::Patch;
use crate::words::Unpriced;
use axum::Json;
use axum::extract::State;
use reeve_core::period::Zone;
use reeve_engine::Engine;
use reeve_engine::settings::{ChangeSettings, Settings};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(routes!(get_settings, update_settings))
}

/// The workspace's settings, and what the host decides.
#[derive(Serialize, ToSchema)]
pub(crate) struct SettingsView {
    workspace_name: String,
    time_zone: String,
    /// What happens to a call whose model has no price.
    unpriced: Unpriced,
    ceiling_input_usd_per_million: Option<String>,
    ceiling_output_usd_per_million: Option<String>,
    gateway_url: Option<String>,
    data_dir: String,
    version: &'static str,
}

impl SettingsView {
    fn new(settings: Settings, engine: &Engine) -> Self {
        Self {
            workspace_name: settings.workspace_name,
            time_zone: settings.time_zone.name().to_owned(),
            unpriced: settings.unpriced.into(),
            ceiling_input_usd_per_million: settings.ceiling_input.map(per_million),
            ceiling_output_usd_per_million: settings.ceiling_output.map(per_million),
            gateway_url: engine.gateway_url(),
            data_dir: engine.data_dir().display().to_string(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// A change of the settings: absent stays, null clears.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateSettingsBody {
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    workspace_name: Patch<String>,
    /// IANA name. A new one moves the bounds of every budget period.
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    time_zone: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Unpriced, required = false)]
    unpriced: Patch<Unpriced>,
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false)]
    ceiling_input_usd_per_million: Patch<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false)]
    ceiling_output_usd_per_million: Patch<String>,
}

/// The settings.
#[utoipa::path(get, path = "/settings", tag = "settings", extensions(("x-permission" = json!("settings:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = SettingsView)))]
async fn get_settings(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<SettingsView> {
    Ok(Json(SettingsView::new(engine.settings(&cx).await?, &engine)))
}

/// Changes the settings.
#[utoipa::path(patch, path = "/settings", tag = "settings", extensions(("x-permission" = json!("settings:write")), ("x-tenant" = json!("none"))), request_body = UpdateSettingsBody, responses((status = 200, body = SettingsView)))]
async fn update_settings(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<UpdateSettingsBody>,
) -> Answer<SettingsView> {
    let rate = |field, text: Patch<String>| {
        text.try_map(field, |text: String| from_per_million(&text)).map(Patch::nullable)
    };
    let change = ChangeSettings {
        workspace_name: body.workspace_name.required("workspace_name")?,
        time_zone: body.time_zone.try_map("time_zone", |text| text.parse::<Zone>())?.required("time_zone")?,
        unpriced: body.unpriced.required("unpriced")?.map(Into::into),
        ceiling_input: rate("ceiling_input_usd_per_million", body.ceiling_input_usd_per_million)?,
        ceiling_output: rate("ceiling_output_usd_per_million", body.ceiling_output_usd_per_million)?,
    };
    Ok(Json(SettingsView::new(engine.change_settings(&cx, change).await?, &engine)))
}
