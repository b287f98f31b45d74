//! The key that signs access tokens.

use crate::extract::{Asked, JsonBody};
use crate::routes::{Answer, time};
use axum::Json;
use axum::extract::State;
use reeve_engine::Engine;
use reeve_engine::identity::{Replaced, SigningKey};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(routes!(get_signing_key)).routes(routes!(replace_signing_key))
}

/// The key that signs access tokens; of itself it shows nothing.
#[derive(Serialize, ToSchema)]
pub(crate) struct SigningKeyView {
    /// What tokens name it by.
    kid: String,
    /// Since when it signs.
    since: String,
    /// When the next one takes over by itself.
    until: String,
}

impl From<SigningKey> for SigningKeyView {
    fn from(key: SigningKey) -> Self {
        Self { kid: key.kid, since: time(key.since), until: time(key.until) }
    }
}

/// Why the key is replaced.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplaceSigningKeyBody {
    /// Somebody else may have it: its tokens end at once, and open sessions get new ones by themselves. Else they run out.
    compromised: bool,
}

/// The key that signs access tokens.
#[utoipa::path(get, path = "/auth/signing-key", tag = "auth", extensions(("x-permission" = json!("vault:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = SigningKeyView)))]
async fn get_signing_key(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<SigningKeyView> {
    Ok(Json(engine.signing_key(&cx).await?.into()))
}

/// Lets a new key sign access tokens.
#[utoipa::path(post, path = "/auth/signing-key/replace", tag = "auth", extensions(("x-permission" = json!("vault:write")), ("x-tenant" = json!("none"))), request_body = ReplaceSigningKeyBody, responses((status = 200, body = SigningKeyView)))]
async fn replace_signing_key(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<ReplaceSigningKeyBody>,
) -> Answer<SigningKeyView> {
    let replaced = if body.compromised { Replaced::EndsNow } else { Replaced::RunsOut };
    Ok(Json(engine.replace_signing_key(&cx, replaced).await?.into()))
}
