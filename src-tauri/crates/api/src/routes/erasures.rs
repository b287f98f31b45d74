//! Requests for erasure, the subjects that the trail knows, and restriction.

use super::audit::ProofView;
use super::{Answer, Page, time, time_or_null};
use crate::cursor;
use crate::extract::{Asked, Ids, JsonBody, Params};
use crate::words::{ErasureState, SubjectKind};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::ErasureId;
use reeve_engine::Engine;
use reeve_engine::erasures::{Erasure, ErasureProof, Known};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(list_subjects))
        .routes(routes!(restrict_subject))
        .routes(routes!(list_erasures, request_erasure))
        .routes(routes!(get_erasure))
        .routes(routes!(carry_out_erasure))
        .routes(routes!(refuse_erasure))
        .routes(routes!(get_erasure_proof))
}

/// A subject of whom something personal is kept in the audit trail, or was.
#[derive(Serialize, ToSchema)]
pub(crate) struct SubjectView {
    /// The pseudonym in the trail.
    subject: String,
    kind: SubjectKind,
    name: String,
    /// Months of which something is kept.
    months: u64,
    /// The first of them, such as 2026-09.
    first_month: Option<String>,
    last_month: Option<String>,
    erased_at: Option<String>,
    /// Since when it is kept, but neither shown nor exported.
    restricted_at: Option<String>,
    /// Names of the legal holds that keep it.
    held_by: Vec<String>,
    /// Whether a request for erasure is open.
    asked: bool,
}

fn month(number: i64) -> String {
    format!("{:04}-{:02}", number / 100, number % 100)
}

impl From<Known> for SubjectView {
    fn from(known: Known) -> Self {
        let kept = known.kept.as_ref();
        Self {
            months: kept.map_or(0, |k| k.keys),
            first_month: kept.map(|k| month(k.first_month)),
            last_month: kept.map(|k| month(k.last_month)),
            subject: known.subject,
            kind: known.kind.into(),
            name: known.name,
            erased_at: time_or_null(known.erased_at),
            restricted_at: time_or_null(known.restricted_at),
            held_by: known.held_by,
            asked: known.asked,
        }
    }
}

/// The subjects: few, so not paged.
#[derive(Serialize, ToSchema)]
pub(crate) struct SubjectsView {
    items: Vec<SubjectView>,
}

/// A request for erasure.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErasureView {
    id: String,
    subject: String,
    state: ErasureState,
    /// Why it was refused, or the names of the legal holds that block it.
    ground: Option<String>,
    requested_at: String,
    /// The entry that notes the request.
    requested_entry: String,
    decided_at: Option<String>,
    /// The entry that says what was decided.
    decided_entry: Option<String>,
    /// Keys destroyed.
    keys: u64,
    /// Sealed sections that nothing opens any more.
    sections: u64,
}

impl From<Erasure> for ErasureView {
    fn from(e: Erasure) -> Self {
        Self {
            id: e.id.to_string(),
            subject: e.subject,
            state: e.state.into(),
            ground: e.ground,
            requested_at: time(e.requested_at),
            requested_entry: format!("audit.{}", e.requested_seq),
            decided_at: time_or_null(e.decided_at),
            decided_entry: e.decided_seq.map(|n| format!("audit.{n}")),
            keys: e.keys,
            sections: e.sections,
        }
    }
}

/// An entry, byte for byte, and the proof that it is in the trail.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProvenEntryView {
    /// The exact bytes of the entry; its hash is SHA-256 over a zero byte and these.
    leaf: String,
    proof: ProofView,
}

/// What shows that a request was carried out: its entries, each provably in the trail.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErasureProofView {
    format: &'static str,
    erasure: ErasureView,
    /// The log that signed.
    origin: String,
    /// The key that its checkpoints are verified with.
    vkey: String,
    entries: Vec<ProvenEntryView>,
    statement: &'static str,
}

impl From<ErasureProof> for ErasureProofView {
    fn from(proof: ErasureProof) -> Self {
        let head = proof.entries.first().map(|(_, p)| p.head.clone());
        let entry = |(leaf, proof): (Vec<u8>, _)| ProvenEntryView {
            leaf: String::from_utf8_lossy(&leaf).into_owned(),
            proof: ProofView::from(proof),
        };
        Self {
            format: "reeve-erasure-proof v1",
            erasure: proof.erasure.into(),
            origin: head.map_or_else(String::new, |h| h.origin),
            vkey: proof.vkey,
            entries: proof.entries.into_iter().map(entry).collect(),
            statement: "Each entry is in the tree of the signed checkpoint (RFC 9162, 2.1.3). The entry of the erasure names the \
                        keys that were destroyed. That no copy of them exists elsewhere cannot be proven.",
        }
    }
}

/// A request for erasure.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestErasureBody {
    /// The pseudonym in the trail.
    subject: String,
}

/// A refusal.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefuseErasureBody {
    /// `legal_obligation`, `legal_claims`, `public_interest`, `free_expression`, `public_health`, `not_identified` or `unfounded`.
    ground: String,
}

/// Whether what is personal of a subject is shown.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RestrictSubjectBody {
    restricted: bool,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ErasuresQuery {
    /// 100 if absent, 1,000 at most.
    limit: Option<u32>,
    cursor: Option<String>,
}

/// The subjects that the audit trail knows.
#[utoipa::path(get, path = "/privacy/subjects", tag = "privacy", extensions(("x-permission" = json!("privacy:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = SubjectsView)))]
async fn list_subjects(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<SubjectsView> {
    let items = engine.subjects(&cx).await?.into_iter().map(SubjectView::from).collect();
    Ok(Json(SubjectsView { items }))
}

/// Keeps what is personal of a subject without showing or exporting it (GDPR Art. 18), or shows it again.
#[utoipa::path(put, path = "/privacy/subjects/{subject}/restriction", tag = "privacy", extensions(("x-permission" = json!("privacy:write")), ("x-tenant" = json!("none"))), params(("subject" = String, Path)), request_body = RestrictSubjectBody, responses((status = 200, body = SubjectView)))]
async fn restrict_subject(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(subject): Ids<String>,
    JsonBody(body): JsonBody<RestrictSubjectBody>,
) -> Answer<SubjectView> {
    Ok(Json(engine.restrict_subject(&cx, &subject, body.restricted).await?.into()))
}

/// Requests for erasure, newest first.
#[utoipa::path(get, path = "/erasures", tag = "privacy", extensions(("x-permission" = json!("privacy:read")), ("x-tenant" = json!("none"))), params(ErasuresQuery), responses((status = 200, body = Page<ErasureView>)))]
async fn list_erasures(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<ErasuresQuery>,
) -> Answer<Page<ErasureView>> {
    let limit = cursor::limit(query.limit)?;
    let before = cursor::read::<ErasureId>(query.cursor.as_deref())?;
    let (found, more) = engine.erasures(&cx, before, limit).await?;
    let next_cursor = found.last().filter(|_| more).and_then(|e| cursor::write(&e.id));
    Ok(Json(Page { items: found.into_iter().map(ErasureView::from).collect(), next_cursor }))
}

/// Notes a request for erasure. Nothing is erased yet.
#[utoipa::path(post, path = "/erasures", tag = "privacy", extensions(("x-permission" = json!("privacy:write")), ("x-tenant" = json!("none"))), request_body = RequestErasureBody, responses((status = 201, body = ErasureView)))]
async fn request_erasure(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<RequestErasureBody>,
) -> Result<(StatusCode, Json<ErasureView>), crate::failure::Failure> {
    let erasure = engine.request_erasure(&cx, &body.subject).await?;
    Ok((StatusCode::CREATED, Json(erasure.into())))
}

/// A request for erasure.
#[utoipa::path(get, path = "/erasures/{id}", tag = "privacy", extensions(("x-permission" = json!("privacy:read")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 200, body = ErasureView)))]
async fn get_erasure(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<ErasureId>,
) -> Answer<ErasureView> {
    Ok(Json(engine.erasure(&cx, id).await?.into()))
}

/// Erases, for good; where a legal hold keeps it, the answer is a request that is blocked.
#[utoipa::path(post, path = "/erasures/{id}/carry-out", tag = "privacy", extensions(("x-permission" = json!("privacy:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 200, body = ErasureView)))]
async fn carry_out_erasure(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<ErasureId>,
) -> Answer<ErasureView> {
    Ok(Json(engine.carry_out_erasure(&cx, id).await?.into()))
}

/// Refuses a request on a ground of the law.
#[utoipa::path(post, path = "/erasures/{id}/refuse", tag = "privacy", extensions(("x-permission" = json!("privacy:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = RefuseErasureBody, responses((status = 200, body = ErasureView)))]
async fn refuse_erasure(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<ErasureId>,
    JsonBody(body): JsonBody<RefuseErasureBody>,
) -> Answer<ErasureView> {
    Ok(Json(engine.refuse_erasure(&cx, id, &body.ground).await?.into()))
}

/// The entries of a request with the proofs that they are in the trail.
#[utoipa::path(get, path = "/erasures/{id}/proof", tag = "privacy", extensions(("x-permission" = json!("privacy:read")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 200, body = ErasureProofView)))]
async fn get_erasure_proof(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<ErasureId>,
) -> Answer<ErasureProofView> {
    Ok(Json(engine.erasure_proof(&cx, id).await?.into()))
}
