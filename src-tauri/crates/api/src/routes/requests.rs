//! Requests: calls as they settled and calls that were refused, in one list; what is known of one; what is on its way now.

mod export;
pub(crate) mod views;

use super::{Answer, id, moment};
use crate::cursor;
use crate::extract::{Asked, Ids, Params};
use crate::failure::Failure;
use crate::words::RequestOutcome;
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use reeve_core::money::NanoUsd;
use reeve_core::time::Millis;
use reeve_engine::Engine;
use reeve_engine::requests::{Kind, Place, RequestFilter, RequestRef, typed};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use views::{LiveRequestView, RequestDetailView, RequestView};

/// Calls on their way that are listed; more are counted.
const MOST_LIVE: usize = 500;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(list_requests))
        .routes(routes!(list_live_requests))
        .routes(routes!(export_requests))
        .routes(routes!(get_request))
}

/// What a list of requests is exported as.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ExportFormat {
    Csv,
    Json,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RequestsQuery {
    tenant_id: Option<String>,
    model: Option<String>,
    provider: Option<String>,
    api_key_id: Option<String>,
    /// End user, as the caller named them.
    user: Option<String>,
    /// One of the call's labels.
    tag: Option<String>,
    outcome: Option<RequestOutcome>,
    /// Why it was refused: an error code such as `budget_exceeded`.
    reason: Option<String>,
    /// HTTP status of the provider's answer.
    status: Option<u16>,
    /// Cost at least, in USD.
    min_cost_usd: Option<String>,
    /// Took at least so many ms.
    min_latency_ms: Option<i64>,
    /// From this time.
    from: Option<String>,
    /// Before this time.
    to: Option<String>,
    /// An id or a trace id; else looked for in model, provider, user, tags, operation and reason.
    q: Option<String>,
    /// 100 if absent, 1,000 at most.
    limit: Option<u32>,
    cursor: Option<String>,
}

impl RequestsQuery {
    fn filter(&self) -> Result<RequestFilter, Failure> {
        let min_cost = self.min_cost_usd.as_deref().map(str::parse::<NanoUsd>).transpose();
        let filter = RequestFilter {
            tenant: id("tenant_id", self.tenant_id.as_deref())?,
            model: self.model.clone(),
            provider: self.provider.clone(),
            api_key: id("api_key_id", self.api_key_id.as_deref())?,
            user: self.user.clone(),
            tag: self.tag.clone(),
            outcome: self.outcome.map(|o| o.as_str().to_owned()),
            reason: self.reason.clone(),
            status: self.status,
            min_cost: min_cost.map_err(|e| Failure::field("min_cost_usd", e.to_string()))?,
            min_latency_ms: self.min_latency_ms,
            from: moment("from", self.from.as_deref())?,
            to: moment("to", self.to.as_deref())?,
            ..RequestFilter::default()
        };
        Ok(match &self.q {
            Some(text) => typed(filter, text),
            None => filter,
        })
    }

    fn before(&self) -> Result<Option<Place>, Failure> {
        let key = cursor::read::<(i64, bool, u64)>(self.cursor.as_deref())?;
        Ok(key.map(|(ms, charge, seq)| Place {
            time: Millis(ms),
            kind: if charge { Kind::Charge } else { Kind::Refusal },
            seq,
        }))
    }
}

/// A page of requests.
#[derive(Serialize, ToSchema)]
pub(crate) struct RequestsPage {
    items: Vec<RequestView>,
    /// Ask with it for the next page; null on the last. What is rare may take several pages, some of them empty: each looks
    /// at a bounded part of the log.
    next_cursor: Option<String>,
    /// How far back this page looked; null: to the beginning.
    searched_to: Option<String>,
}

/// Requests, newest first.
#[utoipa::path(get, path = "/requests", tag = "requests", extensions(("x-permission" = json!("usage:read")), ("x-tenant" = json!("filter"))), params(RequestsQuery), responses((status = 200, body = RequestsPage)))]
async fn list_requests(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<RequestsQuery>,
) -> Answer<RequestsPage> {
    let (filter, before) = (query.filter()?, query.before()?);
    let page = engine.requests(&cx, filter, before, cursor::limit(query.limit)?).await?;
    let next = page.next;
    Ok(Json(RequestsPage {
        items: page.items.into_iter().map(|r| RequestView::new(r, &page.key_names, &engine)).collect(),
        next_cursor: next.and_then(|p| cursor::write(&(p.time.0, p.kind == Kind::Charge, p.seq))),
        searched_to: next.map(|p| super::time(p.time)),
    }))
}

/// The same list as a file, newest first, at most 100,000 requests. The export is an entry in the audit trail.
#[utoipa::path(get, path = "/requests/export", tag = "requests", extensions(("x-permission" = json!("usage:read")), ("x-tenant" = json!("filter"))), params(export::ExportQuery), responses((status = 200, body = String, content_type = "text/csv")))]
async fn export_requests(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<export::ExportQuery>,
) -> Result<Response, Failure> {
    let (format, query) = query.split();
    let visible = engine.record_request_export(&cx, format_word(format)).await?;
    Ok(export::answer(engine, visible, query.filter()?, format))
}

const fn format_word(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Csv => "csv",
        ExportFormat::Json => "json",
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct LiveQuery {
    tenant_id: Option<String>,
}

/// Calls on their way now.
#[derive(Serialize, ToSchema)]
pub(crate) struct LiveRequests {
    /// The oldest 500 of them, oldest first.
    items: Vec<LiveRequestView>,
    /// How many there are.
    count: usize,
}

/// Calls on their way now, oldest first.
#[utoipa::path(get, path = "/requests/live", tag = "requests", extensions(("x-permission" = json!("usage:read")), ("x-tenant" = json!("filter"))), params(LiveQuery), responses((status = 200, body = LiveRequests)))]
async fn list_live_requests(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<LiveQuery>,
) -> Answer<LiveRequests> {
    let tenant = id("tenant_id", query.tenant_id.as_deref())?;
    let (calls, count) = engine.live_requests(&cx, tenant, MOST_LIVE).await?;
    let names = engine.key_names(calls.iter().map(|c| c.caller.key).collect()).await?;
    let items = calls.into_iter().map(|call| LiveRequestView::new(&call, &names, &engine)).collect();
    Ok(Json(LiveRequests { items, count }))
}

/// A request by its charge (`chg_…`) or by the id its caller was told (`req_…`).
pub(super) fn reference(id: &str) -> Result<RequestRef, Failure> {
    if let Ok(id) = id.parse() {
        return Ok(RequestRef::Charge(id));
    }
    let id = id.parse().map_err(|e: reeve_core::id::IdError| Failure::field("id", e.to_string()))?;
    Ok(RequestRef::Request(id))
}

/// Everything that is known of a request: what it cost and why, what was decided about it, where its time went.
#[utoipa::path(get, path = "/requests/{id}", tag = "requests", extensions(("x-permission" = json!("usage:read")), ("x-tenant" = json!("thing"))), params(("id" = String, Path)), responses((status = 200, body = RequestDetailView)))]
async fn get_request(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<String>,
) -> Answer<RequestDetailView> {
    let detail = engine.request(&cx, reference(&id)?).await?;
    Ok(Json(RequestDetailView::new(detail, &engine)))
}
