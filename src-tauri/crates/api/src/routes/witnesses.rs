//! Outside witnesses of the ledger.

use super::{Answer, Page, time, time_or_null};
use crate::extract::{Asked, Ids, JsonBody};
use crate::failure::Failure;
use crate::words::{Stream, WitnessTry};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::WitnessId;
use reeve_core::time::Millis;
use reeve_engine::Engine;
use reeve_engine::witnesses::{AddWitness, Taken, Tried, WitnessStatus};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(list_witnesses, add_witness))
        .routes(routes!(submit_cosigned))
        .routes(routes!(remove_witness))
        .routes(routes!(try_witness))
}

/// An outside party that signs how long the ledger is.
#[derive(Serialize, ToSchema)]
pub(crate) struct WitnessView {
    id: String,
    /// Name of its key.
    name: String,
    /// Its key.
    vkey: String,
    /// Where it takes checkpoints; null where they are carried by hand.
    url: Option<String>,
    /// Whether it may be at an address that is not public.
    allow_private: bool,
    added_at: String,
    /// How it holds another ledger than this one, in a sentence, if it does.
    contradiction: Option<String>,
    /// How far it signed, by stream.
    streams: Vec<WitnessedStream>,
    /// The last time it was asked since the start; null where it was not.
    tried: Option<WitnessTried>,
}

/// How far a witness signed a stream.
#[derive(Serialize, ToSchema)]
pub(crate) struct WitnessedStream {
    #[schema(value_type = Stream)]
    stream: &'static str,
    /// Entries that there are.
    entries: u64,
    /// Entries that it signed; 0 where it did not.
    signed: u64,
    /// When it signed, by its own clock.
    signed_at: Option<String>,
}

/// How asking a witness ended.
#[derive(Serialize, ToSchema)]
pub(crate) struct WitnessTried {
    at: String,
    #[schema(value_type = WitnessTry)]
    outcome: &'static str,
    /// Why it did not sign, in a sentence.
    problem: Option<String>,
    failing_since: Option<String>,
}

impl From<Tried> for WitnessTried {
    fn from(t: Tried) -> Self {
        Self {
            at: time(t.at),
            outcome: t.outcome,
            problem: t.problem,
            failing_since: time_or_null(t.failing_since),
        }
    }
}

fn seconds(time: u64) -> Millis {
    Millis(i64::try_from(time).unwrap_or(i64::MAX).saturating_mul(1_000))
}

impl From<WitnessStatus> for WitnessView {
    fn from(status: WitnessStatus) -> Self {
        let w = status.witness;
        let stream = |(stream, entries, signed): (reeve_engine::audit::Stream, u64, Option<_>)| {
            let signed: Option<reeve_engine::witnesses::Cosigned> = signed;
            WitnessedStream {
                stream: stream.as_str(),
                entries,
                signed: signed.as_ref().map_or(0, |c| c.size),
                signed_at: signed.map(|c| time(seconds(c.cosignature.time))),
            }
        };
        Self {
            id: w.id.to_string(),
            name: w.name,
            vkey: w.vkey,
            url: w.url,
            allow_private: w.allow_private,
            added_at: time(w.added_at),
            contradiction: w.contradiction.map(|(_, words)| words),
            streams: status.streams.into_iter().map(stream).collect(),
            tried: status.tried.map(Into::into),
        }
    }
}

/// What was taken of a checkpoint that came back signed.
#[derive(Serialize, ToSchema)]
pub(crate) struct CosignedView {
    witness_id: String,
    name: String,
    #[schema(value_type = Stream)]
    stream: &'static str,
    /// Entries that it signed.
    entries: u64,
    /// When, by its own clock.
    signed_at: String,
}

impl From<Taken> for CosignedView {
    fn from(t: Taken) -> Self {
        Self {
            witness_id: t.witness.to_string(),
            name: t.name,
            stream: t.stream.as_str(),
            entries: t.size,
            signed_at: time(t.at),
        }
    }
}

/// A new witness.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddWitnessBody {
    /// Its key as it gives it: name, digits and letters, joined by plus signs.
    vkey: String,
    /// Where it takes checkpoints over the C2SP tlog-witness protocol; absent where they are carried by hand.
    url: Option<String>,
    /// Whether it may be at an address that is not public; not if absent.
    allow_private: Option<bool>,
}

/// A checkpoint that witnesses signed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubmitCosignedBody {
    /// The whole note, with the lines of those who signed it.
    note: String,
}

/// The witnesses, in the order they were added.
#[utoipa::path(get, path = "/audit/witnesses", tag = "audit", extensions(("x-permission" = json!("audit:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = Page<WitnessView>)))]
async fn list_witnesses(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<Page<WitnessView>> {
    let items = engine.witnesses(&cx).await?.into_iter().map(Into::into).collect();
    Ok(Json(Page { items, next_cursor: None }))
}

/// Adds a witness.
#[utoipa::path(post, path = "/audit/witnesses", tag = "audit", extensions(("x-permission" = json!("settings:write")), ("x-tenant" = json!("none"))), request_body = AddWitnessBody, responses((status = 201, body = WitnessView)))]
async fn add_witness(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<AddWitnessBody>,
) -> Result<(StatusCode, Json<WitnessView>), Failure> {
    let AddWitnessBody { vkey, url, allow_private } = body;
    let new = AddWitness {
        vkey,
        url: url.filter(|url| !url.trim().is_empty()),
        allow_private: allow_private.unwrap_or(false),
    };
    Ok((StatusCode::CREATED, Json(engine.add_witness(&cx, new).await?.into())))
}

/// Takes a checkpoint of either stream that one or more witnesses signed.
#[utoipa::path(post, path = "/audit/witnesses/notes", tag = "audit", extensions(("x-permission" = json!("settings:write")), ("x-tenant" = json!("none"))), request_body = SubmitCosignedBody, responses((status = 200, body = Page<CosignedView>)))]
async fn submit_cosigned(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<SubmitCosignedBody>,
) -> Answer<Page<CosignedView>> {
    let taken = engine.submit_cosigned(&cx, &body.note).await?;
    Ok(Json(Page { items: taken.into_iter().map(Into::into).collect(), next_cursor: None }))
}

/// Removes a witness. What it signed no longer counts.
#[utoipa::path(delete, path = "/audit/witnesses/{id}", tag = "audit", extensions(("x-permission" = json!("settings:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 204)))]
async fn remove_witness(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<WitnessId>,
) -> Result<StatusCode, Failure> {
    engine.remove_witness(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks a witness with an address to sign the newest checkpoints now. That it does not is in the answer.
#[utoipa::path(post, path = "/audit/witnesses/{id}/try", tag = "audit", extensions(("x-permission" = json!("settings:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 200, body = WitnessView)))]
async fn try_witness(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<WitnessId>,
) -> Answer<WitnessView> {
    Ok(Json(engine.try_witness(&cx, id).await?.into()))
}
