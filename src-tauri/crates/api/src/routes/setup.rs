//! Set-up: what the UI must know before anybody has signed in.

use super::Answer;
use crate::host::Host;
use crate::words::{HostKind, SetupState, SignIn, VaultState};
use axum::Json;
use axum::extract::{Request, State};
use reeve_engine::Engine;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(routes!(get_setup)).routes(routes!(get_openapi))
}

/// How Reeve is set up, as far as everybody may know.
#[derive(Serialize, ToSchema)]
pub(crate) struct SetupView {
    #[schema(value_type = SetupState)]
    state: &'static str,
    /// `open`: the window of the OS user, no password set, no sign-in needed.
    #[schema(value_type = SignIn)]
    sign_in: &'static str,
    #[schema(value_type = HostKind)]
    host: &'static str,
    vault: VaultView,
    /// Empty before set-up.
    workspace_name: String,
    time_zone: String,
    gateway_url: Option<String>,
    version: &'static str,
}

/// Whether the vault is open.
#[derive(Serialize, ToSchema)]
pub(crate) struct VaultView {
    #[schema(value_type = VaultState)]
    state: &'static str,
    /// Why it is locked, in a word.
    reason: Option<String>,
    /// What happened and the way out.
    message: Option<String>,
    /// Whether there is no vault yet: what is missing is something to keep its key in.
    first_run: bool,
    /// Whether a passphrase opens it, or on the first run makes it.
    passphrase: bool,
}

/// How Reeve is set up; needs no sign-in.
#[utoipa::path(get, path = "/setup", tag = "auth", responses((status = 200, body = SetupView)))]
async fn get_setup(State(engine): State<Engine>, request: Request) -> Json<SetupView> {
    let host = Host::of(request.extensions());
    let settings = engine.current_settings();
    let open = host == Host::Window && !engine.sign_in_required();
    let locked = engine.vault_locked();
    Json(SetupView {
        state: if engine.needs_setup() { "needs_admin" } else { "ready" },
        sign_in: if open { "open" } else { "password" },
        host: if host == Host::Window { "window" } else { "server" },
        vault: VaultView {
            state: if locked.is_some() { "locked" } else { "unlocked" },
            reason: locked.as_ref().map(|l| l.reason.clone()),
            first_run: locked.as_ref().is_some_and(|l| l.first_run),
            passphrase: locked.as_ref().is_some_and(|l| l.passphrase),
            message: locked.map(|l| l.message),
        },
        workspace_name: settings.map_or_else(String::new, |s| s.workspace_name),
        time_zone: engine.zone().name().to_owned(),
        gateway_url: engine.gateway_url(),
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "meta", responses((status = 200, body = Object)))]
async fn get_openapi() -> Answer<utoipa::openapi::OpenApi> {
    Ok(Json(crate::openapi()))
}
