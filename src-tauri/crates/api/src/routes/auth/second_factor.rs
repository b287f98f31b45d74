//! Two-step sign-in of the one who asks.

use crate::extract::{Asked, JsonBody};
use crate::failure::Failure;
use crate::routes::{Answer, time_or_null};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_engine::Engine;
use reeve_engine::identity::{RecoveryCodes, SecondFactorStatus};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(get_second_factor, begin_second_factor, remove_second_factor))
        .routes(routes!(confirm_second_factor))
        .routes(routes!(make_recovery_codes))
}

/// How one's own two-step sign-in stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecondFactorView {
    /// Since when a code is asked for; null if none is.
    since: Option<String>,
    /// Recovery codes that were not used.
    recovery_codes_left: u64,
}

impl From<SecondFactorStatus> for SecondFactorView {
    fn from(status: SecondFactorStatus) -> Self {
        Self { since: time_or_null(status.since), recovery_codes_left: status.codes_left }
    }
}

/// What an authenticator app needs to know, shown once.
#[derive(Serialize, ToSchema)]
pub(crate) struct EnrolmentView {
    /// The seed in base32, for typing it.
    secret: String,
    /// The same as an `otpauth:` address, for a QR code.
    uri: String,
}

/// What the app shows.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConfirmSecondFactorBody {
    /// Six digits.
    code: String,
}

/// Recovery codes, shown once. Each signs in once in place of the app.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryCodesView {
    recovery_codes: Vec<String>,
}

impl From<RecoveryCodes> for RecoveryCodesView {
    fn from(codes: RecoveryCodes) -> Self {
        Self { recovery_codes: codes.0.iter().map(|code| code.to_string()).collect() }
    }
}

/// How one's own two-step sign-in stands.
#[utoipa::path(get, path = "/auth/second-factor", tag = "auth", responses((status = 200, body = SecondFactorView)))]
async fn get_second_factor(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<SecondFactorView> {
    Ok(Json(engine.second_factor(&cx).await?.into()))
}

/// Begins to set up two-step sign-in: a new seed, which counts once it is confirmed.
#[utoipa::path(post, path = "/auth/second-factor", tag = "auth", responses((status = 200, body = EnrolmentView)))]
async fn begin_second_factor(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<EnrolmentView> {
    let enrolment = engine.begin_second_factor(&cx).await?;
    Ok(Json(EnrolmentView { secret: enrolment.secret.to_string(), uri: enrolment.uri.to_string() }))
}

/// Turns two-step sign-in on, if the code is what the app shows. One's other sessions end.
#[utoipa::path(post, path = "/auth/second-factor/confirm", tag = "auth", request_body = ConfirmSecondFactorBody, responses((status = 200, body = RecoveryCodesView)))]
async fn confirm_second_factor(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<ConfirmSecondFactorBody>,
) -> Answer<RecoveryCodesView> {
    Ok(Json(engine.confirm_second_factor(&cx, &body.code).await?.into()))
}

/// Makes new recovery codes. Those before are worth nothing from then on.
#[utoipa::path(post, path = "/auth/second-factor/recovery-codes", tag = "auth", responses((status = 200, body = RecoveryCodesView)))]
async fn make_recovery_codes(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<RecoveryCodesView> {
    Ok(Json(engine.make_recovery_codes(&cx).await?.into()))
}

/// Turns two-step sign-in off.
#[utoipa::path(delete, path = "/auth/second-factor", tag = "auth", responses((status = 204)))]
async fn remove_second_factor(State(engine): State<Engine>, Asked(cx): Asked) -> Result<StatusCode, Failure> {
    engine.remove_second_factor(&cx).await?;
    Ok(StatusCode::NO_CONTENT)
}
