//! The audit trail.

mod evidence;
mod export;
mod filter;
mod history;
mod saved;
mod security;
mod views;
mod write;

use super::{Answer, moment, time, time_or_null};
use crate::cursor;
use crate::extract::{Asked, Ids, JsonBody, Params};
use crate::failure::Failure;
use crate::words::Stream;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
pub(crate) use evidence::EvidenceFramework;
pub(crate) use export::AuditExportFormat;
use filter::{AuditFilterQuery, Wanted};
use http::StatusCode;
use reeve_core::time::Millis;
use reeve_engine::audit::EntryFilter;
use reeve_engine::{Engine, audit};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use views::{
    AcceptLedger, AuditBucket, AuditChecking, AuditEntryDetail, AuditHealthView, AuditPage, AuditStatsView,
    CheckpointView, VerifyView,
};
pub(crate) use views::{AuditEntryView, ProofView};

const MAX_BUCKETS: usize = 1_000;
const DEFAULT_BUCKETS: usize = 72;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(list_audit_logs, write::write_audit_logs))
        .routes(routes!(get_audit_log))
        .routes(routes!(history::get_audit_entity))
        .routes(routes!(history::get_audit_project))
        .routes(routes!(verify_audit))
        .routes(routes!(get_audit_health))
        .routes(routes!(accept_ledger))
        .routes(routes!(get_audit_stats))
        .routes(routes!(security::get_security))
        .routes(routes!(saved::list_saved_views, saved::save_view))
        .routes(routes!(saved::update_view, saved::delete_view))
        .routes(routes!(get_checkpoint))
        .routes(routes!(get_proof))
        .routes(routes!(export_audit))
        .routes(routes!(get_evidence_pack))
}

/// Reads `audit.12` or `usage.12`.
fn entry_id(text: &str) -> Result<(audit::Stream, u64), Failure> {
    let parts =
        text.split_once('.').and_then(|(stream, n)| Some((audit::Stream::parse(stream)?, n.parse().ok()?)));
    parts.ok_or_else(|| Failure::field("id", "is not an entry's; write it as audit.1204988"))
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct StreamQuery {
    /// `audit` if absent.
    stream: Option<Stream>,
}

impl StreamQuery {
    fn stream(&self) -> audit::Stream {
        self.stream.unwrap_or(Stream::Audit).into()
    }
}

/// Entries, newest first.
#[utoipa::path(get, path = "/audit/logs", tag = "audit", extensions(("x-permission" = json!("audit:read")), ("x-tenant" = json!("none"))), params(AuditFilterQuery), responses((status = 200, body = AuditPage)))]
async fn list_audit_logs(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<AuditFilterQuery>,
) -> Answer<AuditPage> {
    let limit = cursor::limit(query.limit)?;
    let before = cursor::read::<u64>(query.cursor.as_deref())?;
    match filter::read(&query, &engine).await? {
        Wanted::Nothing => {
            let page =
                engine.audit_page(&cx, EntryFilter { before: Some(0), ..query.of_stream() }, 1).await?;
            Ok(Json(AuditPage::new(page)))
        }
        Wanted::Matching(filter, text) => {
            let filter = EntryFilter { before, ..*filter };
            if let Some(text) = text {
                return Ok(Json(engine.audit_search(&cx, filter, &text, limit).await?.into()));
            }
            Ok(Json(AuditPage::new(engine.audit_page(&cx, filter, limit).await?)))
        }
    }
}

/// One entry with everything that is known of it.
#[utoipa::path(get, path = "/audit/logs/{id}", tag = "audit", extensions(("x-permission" = json!("audit:read")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 200, body = AuditEntryDetail)))]
async fn get_audit_log(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<String>,
) -> Answer<AuditEntryDetail> {
    let (stream, n) = entry_id(&id)?;
    Ok(Json(engine.audit_entry(&cx, stream, n).await?.into()))
}

/// Verifies a whole stream, now.
#[utoipa::path(get, path = "/audit/verify", tag = "audit", extensions(("x-permission" = json!("audit:read")), ("x-tenant" = json!("none"))), params(StreamQuery), responses((status = 200, body = VerifyView)))]
async fn verify_audit(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<StreamQuery>,
) -> Answer<VerifyView> {
    Ok(Json(engine.verify(&cx, query.stream()).await?.into()))
}

/// The last verdict and the newest head; cheap.
#[utoipa::path(get, path = "/audit/health", tag = "audit", extensions(("x-permission" = json!("settings:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = AuditHealthView)))]
async fn get_audit_health(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<AuditHealthView> {
    let health = engine.ledger_health(&cx).await?;
    Ok(Json(AuditHealthView {
        intact: health.last.map(|(intact, _)| intact),
        entries: health.head.size,
        root: views::hex(&health.head.root),
        last_verified_at: time_or_null(health.last.map(|(_, at)| at)),
        problem: health.problem,
        checking: health.checking.map(|(entries, of)| AuditChecking { entries, of }),
    }))
}

/// Takes the ledger as it is, although what is remembered of it elsewhere contradicts it: after a backup was put back.
#[utoipa::path(post, path = "/audit/anchors/accept", tag = "audit", extensions(("x-permission" = json!("settings:write")), ("x-tenant" = json!("none"))), request_body = AcceptLedger, responses((status = 204)))]
async fn accept_ledger(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<AcceptLedger>,
) -> Result<StatusCode, Failure> {
    engine.accept_ledger(&cx, &body.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Counts of matching entries over time.
#[utoipa::path(get, path = "/audit/stats", tag = "audit", extensions(("x-permission" = json!("audit:read")), ("x-tenant" = json!("none"))), params(AuditFilterQuery), responses((status = 200, body = AuditStatsView)))]
async fn get_audit_stats(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<AuditFilterQuery>,
) -> Answer<AuditStatsView> {
    let count = query.buckets.map_or(DEFAULT_BUCKETS, |n| n as usize);
    if !(1..=MAX_BUCKETS).contains(&count) {
        return Err(Failure::field("buckets", "must be from 1 to 1,000"));
    }
    let to = moment("to", query.to.as_deref())?.unwrap_or_else(|| engine.now().plus(1));
    let from = match moment("from", query.from.as_deref())? {
        Some(from) => from,
        None => engine.audit_begin(&cx, query.stream()).await?.unwrap_or_else(|| to.plus(-Millis::DAY)),
    };
    if to <= from {
        return Err(Failure::field("to", "must be after from"));
    }
    let counts = match filter::read(&query, &engine).await? {
        Wanted::Nothing => vec![audit::Bucket::default(); count],
        Wanted::Matching(filter, None) => engine.audit_stats(&cx, *filter, from, to, count).await?,
        Wanted::Matching(filter, Some(text)) => {
            engine.audit_search_stats(&cx, *filter, &text, (from, to), count).await?
        }
    };
    let length = to.0 - from.0;
    let start = |i: usize| {
        from.plus(i64::try_from(i128::from(length) * i as i128 / count.max(1) as i128).unwrap_or(0))
    };
    let bucket = |(i, b): (usize, audit::Bucket)| AuditBucket {
        start: time(start(i)),
        count: b.count,
        not_ok: b.not_ok,
    };
    let buckets = counts.into_iter().enumerate().map(bucket).collect();
    Ok(Json(AuditStatsView { from: time(from), to: time(to), buckets }))
}

/// The newest signed head: keep it elsewhere, and nobody can rewrite what came before it.
#[utoipa::path(get, path = "/audit/checkpoint", tag = "audit", extensions(("x-permission" = json!("audit:read")), ("x-tenant" = json!("none"))), params(StreamQuery), responses((status = 200, body = CheckpointView)))]
async fn get_checkpoint(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<StreamQuery>,
) -> Answer<CheckpointView> {
    let keys = engine.ledger_keys(&cx, query.stream()).await?;
    let signing_key = keys.into_iter().next_back().map(|(_, key)| key).unwrap_or_default();
    Ok(Json(CheckpointView::new(engine.audit_head(&cx, query.stream()).await?, signing_key)))
}

/// Proof that an entry is in the tree of the newest head.
#[utoipa::path(get, path = "/audit/proof/{id}", tag = "audit", extensions(("x-permission" = json!("audit:read")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 200, body = ProofView)))]
async fn get_proof(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<String>,
) -> Answer<ProofView> {
    let (stream, n) = entry_id(&id)?;
    Ok(Json(engine.audit_proof(&cx, stream, n).await?.into()))
}

/// Entries as a file: a bundle that a third party can verify without Reeve, or a feed. The export is an entry itself.
#[utoipa::path(get, path = "/audit/export", tag = "audit", extensions(("x-permission" = json!("audit:read")), ("x-tenant" = json!("none"))), params(export::AuditExportQuery), responses((status = 200, body = Vec<u8>, content_type = "application/zip")))]
async fn export_audit(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<export::AuditExportQuery>,
) -> Result<Response, Failure> {
    export::answer(engine, &cx, query).await
}

/// An evidence pack of a period: a report to read and print, and the entries to verify it by. It is an entry itself.
#[utoipa::path(get, path = "/audit/evidence", tag = "audit", extensions(("x-permission" = json!("audit:read")), ("x-tenant" = json!("none"))), params(evidence::EvidenceQuery), responses((status = 200, body = Vec<u8>, content_type = "application/zip")))]
async fn get_evidence_pack(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<evidence::EvidenceQuery>,
) -> Result<Response, Failure> {
    evidence::answer(&engine, &cx, query).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_named_by_stream_and_index() {
        assert_eq!(entry_id("audit.12").unwrap(), (audit::Stream::Audit, 12));
        for bad in ["", "12", "audit", "audit.", "audit.-1", "other.1", "audit.1.2"] {
            assert!(entry_id(bad).is_err(), "{bad}");
        }
    }
}
