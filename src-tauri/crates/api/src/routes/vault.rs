//! The vault's recovery code: made by who may change settings, used by whoever holds the sheet of paper.

use super::Answer;
use crate::extract::{Asked, JsonBody};
use crate::failure::Failure;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_engine::Engine;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(routes!(make_recovery_code)).routes(routes!(unlock_vault))
}

/// A fresh recovery code.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodeView {
    /// Shown this once: write it down.
    recovery_code: String,
}

/// The recovery code, as it was written down.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnlockBody {
    recovery_code: String,
}

/// Makes a new recovery code; the one before it opens nothing any more.
#[utoipa::path(post, path = "/vault/recovery-code", tag = "vault", responses((status = 200, body = RecoveryCodeView)))]
async fn make_recovery_code(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<RecoveryCodeView> {
    Ok(Json(RecoveryCodeView { recovery_code: engine.make_recovery_code(&cx).await?.to_string() }))
}

/// Opens a locked vault; needs no sign-in, because nobody can sign in before.
#[utoipa::path(post, path = "/vault/unlock", tag = "vault", request_body = UnlockBody, responses((status = 204)))]
async fn unlock_vault(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<UnlockBody>,
) -> Result<StatusCode, Failure> {
    engine.try_recovery_code(&cx, &Zeroizing::new(body.recovery_code)).await?;
    Ok(StatusCode::NO_CONTENT)
}
