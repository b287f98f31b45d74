//! Captured bodies: which are kept of a tenant's calls, the bodies of one request, and their deletion.

use super::requests::reference;
use super::{Answer, time, time_or_null};
use crate::extract::{Asked, Ids, JsonBody};
use crate::failure::Failure;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::{ApiKeyId, TenantId};
use reeve_engine::Engine;
use reeve_engine::capture::redact::Detector;
use reeve_engine::capture::{CaptureRule, CaptureStatus, KeptBody, SetCapture};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(get_capture, set_capture, remove_capture))
        .routes(routes!(delete_tenant_bodies))
        .routes(routes!(get_bodies, delete_bodies))
}

/// What a built-in detector is called.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DetectorWord {
    Bearer,
    ApiKey,
    Email,
    Iban,
    Card,
    Phone,
}

impl From<DetectorWord> for Detector {
    fn from(word: DetectorWord) -> Self {
        match word {
            DetectorWord::Bearer => Self::Bearer,
            DetectorWord::ApiKey => Self::ApiKey,
            DetectorWord::Email => Self::Email,
            DetectorWord::Iban => Self::Iban,
            DetectorWord::Card => Self::Card,
            DetectorWord::Phone => Self::Phone,
        }
    }
}

/// Which bodies are kept of a tenant's calls, and how.
#[derive(Serialize, ToSchema)]
pub(crate) struct CaptureRuleView {
    /// Only of these API keys; empty: of all.
    api_key_ids: Vec<String>,
    /// Of which part of the calls: more than 0, at most 1.
    share: f64,
    /// How much of each body, in bytes.
    max_bytes: u32,
    retention_days: u32,
    /// Built-in detectors whose finds are left out.
    #[schema(value_type = Vec<DetectorWord>)]
    detectors: Vec<String>,
    /// Regular expressions whose matches are left out too.
    patterns: Vec<String>,
    updated_at: String,
}

impl From<CaptureRule> for CaptureRuleView {
    fn from(rule: CaptureRule) -> Self {
        Self {
            api_key_ids: rule.api_keys.iter().map(ToString::to_string).collect(),
            share: f64::from(rule.share_ppm) / 1_000_000.0,
            max_bytes: rule.max_bytes,
            retention_days: rule.retention_days,
            detectors: rule.detectors,
            patterns: rule.patterns,
            updated_at: time(rule.updated_at),
        }
    }
}

/// What is kept of a tenant's calls.
#[derive(Serialize, ToSchema)]
pub(crate) struct CaptureView {
    /// Null: no bodies are kept, as long as nobody asks for it.
    rule: Option<CaptureRuleView>,
    kept: CaptureKept,
    /// Calls of all tenants whose bodies could not be kept since Reeve started, because too many waited.
    dropped: u64,
}

/// What is kept now.
#[derive(Serialize, ToSchema)]
pub(crate) struct CaptureKept {
    calls: u64,
    bytes: u64,
    oldest: Option<String>,
}

impl From<CaptureStatus> for CaptureView {
    fn from(status: CaptureStatus) -> Self {
        let sums = status.sums;
        let kept = CaptureKept { calls: sums.calls, bytes: sums.bytes, oldest: time_or_null(sums.oldest) };
        Self { rule: status.rule.map(Into::into), kept, dropped: status.dropped }
    }
}

/// Which bodies to keep.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaptureBody {
    /// Only of these API keys; null or empty: of all.
    api_key_ids: Option<Vec<String>>,
    /// Of which part of the calls: more than 0, at most 1.
    share: f64,
    /// How much of each body, in bytes: 256 to 1,048,576.
    max_bytes: u32,
    /// 1 to 365.
    retention_days: u32,
    detectors: Vec<DetectorWord>,
    /// At most 20 regular expressions of at most 500 characters.
    patterns: Vec<String>,
}

impl CaptureBody {
    fn read(self) -> Result<SetCapture, Failure> {
        let keys = self.api_key_ids.unwrap_or_default();
        let keys = keys.iter().map(|id| id.parse::<ApiKeyId>()).collect::<Result<_, _>>();
        let share = (self.share * 1_000_000.0).round();
        let in_range = (0.0..=1_000_000.0).contains(&share);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
        let share_ppm = if in_range { share as u32 } else { 0 };
        Ok(SetCapture {
            api_keys: keys.map_err(|e| Failure::field("api_key_ids", e.to_string()))?,
            share_ppm,
            max_bytes: self.max_bytes,
            retention_days: self.retention_days,
            detectors: self.detectors.into_iter().map(Into::into).collect(),
            patterns: self.patterns,
        })
    }
}

/// One body, as it was kept.
#[derive(Serialize, ToSchema)]
pub(crate) struct BodyView {
    content_type: Option<String>,
    /// Headers that say nothing of anybody; no others are kept.
    headers: Vec<BodyHeader>,
    text: String,
    /// How long it was.
    bytes: u64,
    /// Whether something was cut off.
    cut: bool,
    /// How many events of a stream it was put together from.
    events: Option<u64>,
}

/// A header.
#[derive(Serialize, ToSchema)]
pub(crate) struct BodyHeader {
    name: String,
    value: String,
}

/// How often something was left out.
#[derive(Serialize, ToSchema)]
pub(crate) struct RedactionCount {
    /// A built-in detector, `own` for own patterns, `data` for what is no text.
    found: String,
    count: u64,
}

/// The bodies of a request.
#[derive(Serialize, ToSchema)]
pub(crate) struct BodiesView {
    request: BodyView,
    response: BodyView,
    redacted: Vec<RedactionCount>,
    /// When they are deleted.
    expires_at: String,
}

impl From<KeptBody> for BodyView {
    fn from(body: KeptBody) -> Self {
        Self {
            content_type: body.content_type,
            headers: body.headers.into_iter().map(|(name, value)| BodyHeader { name, value }).collect(),
            text: body.text,
            bytes: body.bytes,
            cut: body.cut,
            events: body.events,
        }
    }
}

/// Of how many calls bodies were deleted.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeletedBodies {
    calls: usize,
}

/// What is kept of a tenant's calls.
#[utoipa::path(get, path = "/tenants/{id}/capture", tag = "captures", extensions(("x-permission" = json!("tenant:read")), ("x-tenant" = json!("path"))), params(("id" = String, Path)), responses((status = 200, body = CaptureView)))]
async fn get_capture(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<TenantId>,
) -> Answer<CaptureView> {
    Ok(Json(engine.capture_status(&cx, id).await?.into()))
}

/// Sets which bodies are kept of a tenant's calls from now on.
#[utoipa::path(put, path = "/tenants/{id}/capture", tag = "captures", extensions(("x-permission" = json!("capture:write")), ("x-tenant" = json!("path"))), params(("id" = String, Path)), request_body = CaptureBody, responses((status = 200, body = CaptureView)))]
async fn set_capture(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<TenantId>,
    JsonBody(body): JsonBody<CaptureBody>,
) -> Answer<CaptureView> {
    Ok(Json(engine.set_capture(&cx, id, Some(body.read()?)).await?.into()))
}

/// Keeps no more bodies of a tenant's calls. What is kept stays until its time is over.
#[utoipa::path(delete, path = "/tenants/{id}/capture", tag = "captures", extensions(("x-permission" = json!("capture:write")), ("x-tenant" = json!("path"))), params(("id" = String, Path)), responses((status = 200, body = CaptureView)))]
async fn remove_capture(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<TenantId>,
) -> Answer<CaptureView> {
    Ok(Json(engine.set_capture(&cx, id, None).await?.into()))
}

/// Deletes every captured body of a tenant.
#[utoipa::path(delete, path = "/tenants/{id}/capture/bodies", tag = "captures", extensions(("x-permission" = json!("capture:write")), ("x-tenant" = json!("path"))), params(("id" = String, Path)), responses((status = 200, body = DeletedBodies)))]
async fn delete_tenant_bodies(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<TenantId>,
) -> Answer<DeletedBodies> {
    Ok(Json(DeletedBodies { calls: engine.delete_all_bodies(&cx, id).await? }))
}

/// The captured bodies of a request. Every view is an entry in the audit trail.
#[utoipa::path(get, path = "/requests/{id}/bodies", tag = "captures", extensions(("x-permission" = json!("capture:read")), ("x-tenant" = json!("thing"))), params(("id" = String, Path)), responses((status = 200, body = BodiesView)))]
async fn get_bodies(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<String>,
) -> Answer<BodiesView> {
    let (bodies, expires_at) = engine.bodies(&cx, reference(&id)?).await?;
    let count = |(found, count)| RedactionCount { found, count };
    Ok(Json(BodiesView {
        request: bodies.request.into(),
        response: bodies.response.into(),
        redacted: bodies.redacted.into_iter().map(count).collect(),
        expires_at: time(expires_at),
    }))
}

/// Deletes the captured bodies of a request.
#[utoipa::path(delete, path = "/requests/{id}/bodies", tag = "captures", extensions(("x-permission" = json!("capture:write")), ("x-tenant" = json!("thing"))), params(("id" = String, Path)), responses((status = 204)))]
async fn delete_bodies(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<String>,
) -> Result<StatusCode, Failure> {
    engine.delete_bodies(&cx, reference(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
