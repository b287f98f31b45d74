//! Price lists: taking one over from a file, and those that were.

use super::own_prices::ToRerateView;
use super::{Answer, Page, moment, time};
use crate::extract::{Asked, JsonBody};
use crate::failure::Failure;
use crate::host::Host;
use axum::extract::{DefaultBodyLimit, State};
use axum::{Extension, Json};
use reeve_core::price::{per, rate_text};
use reeve_engine::Engine;
use reeve_engine::import::Source;
use reeve_engine::prices::refresh::{ListChange, PriceList, RateChange, RefreshPrices, Refreshed};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use utoipa::ToSchema;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

/// Bytes a list sent along may have, with the JSON around it.
const LIST_LIMIT: usize = 40 * 1024 * 1024;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(refresh_prices).layer(DefaultBodyLimit::max(LIST_LIMIT)))
        .routes(routes!(list_price_lists))
}

/// A list to be taken over.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshPricesBody {
    /// Name of the file, for the audit trail.
    name: String,
    /// The list, sent along: JSON lines as Reeve's own, or a sheet (CSV).
    content: Option<String>,
    /// The list as a file of this machine; only in the app's window.
    path: Option<String>,
    /// From when a sheet's prices hold; now if null. A list of JSON lines says so itself.
    effective_from: Option<String>,
    /// Only look; else it is approved.
    preview: bool,
    /// The `digest` of the preview: another file is not approved in its place.
    digest: Option<String>,
    /// Rates that change more than ten times are meant.
    #[serde(default)]
    #[schema(required = false)]
    confirm: bool,
}

/// A rate before and after.
#[derive(Serialize, ToSchema)]
pub(crate) struct RateChangeView {
    unit: &'static str,
    /// What the amounts are for: `million tokens`, `image` …
    per: &'static str,
    tier: Option<String>,
    above_input_tokens: Option<u64>,
    /// Null: there is none yet.
    before_usd: Option<String>,
    /// Null: there is none any more.
    after_usd: Option<String>,
}

impl From<&RateChange> for RateChangeView {
    fn from(change: &RateChange) -> Self {
        let text = |pico| rate_text(change.unit, pico);
        Self {
            unit: change.unit.as_str(),
            per: per(change.unit),
            tier: change.tier.clone(),
            above_input_tokens: change.above_input_tokens,
            before_usd: change.before.map(text),
            after_usd: change.after.map(text),
        }
    }
}

/// What a list changes for one model.
#[derive(Serialize, ToSchema)]
pub(crate) struct ListChangeView {
    provider: String,
    model: String,
    /// `new`, `changed`, `removed` (it keeps the price it has) or `disputed`.
    what: &'static str,
    rates: Vec<RateChangeView>,
    /// Whether a second source contradicts its new price.
    disputed: bool,
    /// Whether a rate changes more than ten times.
    unusual: bool,
}

impl From<&ListChange> for ListChangeView {
    fn from(change: &ListChange) -> Self {
        Self {
            provider: change.provider.clone(),
            model: change.model.clone(),
            what: change.what.as_str(),
            rates: change.rates.iter().map(Into::into).collect(),
            disputed: change.disputed,
            unusual: change.unusual,
        }
    }
}

/// What a list changes against those in force.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefreshView {
    /// Null: it is not approved yet.
    id: Option<String>,
    version: String,
    effective_from: String,
    /// SHA-256 of the file.
    digest: String,
    models: usize,
    new: u64,
    changed: u64,
    removed: u64,
    unchanged: u64,
    disputed: u64,
    unusual: u64,
    /// The unusual first, then by provider and model.
    items: Vec<ListChangeView>,
    /// Calls charged since the list's prices hold: `POST /usage/rerate` rates them again. Only once approved.
    to_rerate: Option<ToRerateView>,
}

impl From<Refreshed> for RefreshView {
    fn from(refreshed: Refreshed) -> Self {
        let counts = refreshed.diff.counts;
        Self {
            id: refreshed.id.map(|id| id.to_string()),
            version: refreshed.version,
            effective_from: time(refreshed.effective_from),
            digest: refreshed.digest,
            models: refreshed.models,
            new: counts.new,
            changed: counts.changed,
            removed: counts.removed,
            unchanged: counts.unchanged,
            disputed: counts.disputed,
            unusual: counts.unusual,
            items: refreshed.diff.items.iter().map(Into::into).collect(),
            to_rerate: refreshed.to_rerate.map(Into::into),
        }
    }
}

/// A list that was approved.
#[derive(Serialize, ToSchema)]
pub(crate) struct PriceListView {
    id: String,
    /// Name of the file it came in.
    name: String,
    version: String,
    effective_from: String,
    digest: String,
    models: usize,
    approved_at: String,
}

impl From<PriceList> for PriceListView {
    fn from(list: PriceList) -> Self {
        Self {
            id: list.id.to_string(),
            name: list.name,
            version: list.version,
            effective_from: time(list.effective_from),
            digest: data_encoding::HEXLOWER.encode(&list.digest),
            models: list.prices.len(),
            approved_at: time(list.approved_at),
        }
    }
}

/// Looks at a price list, or approves it. With any wrong line nothing is changed.
#[utoipa::path(post, path = "/prices/refresh", tag = "prices", extensions(("x-permission" = json!("price:write")), ("x-tenant" = json!("none"))), request_body = RefreshPricesBody, responses((status = 200, body = RefreshView)))]
async fn refresh_prices(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    host: Option<Extension<Host>>,
    JsonBody(body): JsonBody<RefreshPricesBody>,
) -> Answer<RefreshView> {
    let refresh = RefreshPrices {
        name: body.name,
        source: source(body.content, body.path, host.map(|h| h.0).unwrap_or_default())?,
        effective_from: moment("effective_from", body.effective_from.as_deref())?,
        preview: body.preview,
        digest: body.digest,
        confirm: body.confirm,
    };
    Ok(Json(engine.refresh_prices(&cx, refresh).await?.into()))
}

/// Over the network nobody names files of this machine.
fn source(content: Option<String>, path: Option<String>, host: Host) -> Result<Source, Failure> {
    match (content, path) {
        (Some(_), Some(_)) => Err(Failure::field("path", "cannot be given together with content")),
        (None, None) => Err(Failure::field("content", "is needed")),
        (Some(content), None) => Ok(Source::Text(content)),
        (None, Some(_)) if host == Host::Server => {
            Err(Failure::field("path", "can be given only in the app's own window"))
        }
        (None, Some(path)) => Ok(Source::Path(PathBuf::from(path))),
    }
}

/// The lists that were approved, newest first.
#[utoipa::path(get, path = "/prices/lists", tag = "prices", extensions(("x-permission" = json!("usage:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = Page<PriceListView>)))]
async fn list_price_lists(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<Page<PriceListView>> {
    let lists = engine.price_lists(&cx).await?;
    Ok(Json(Page { items: lists.into_iter().map(Into::into).collect(), next_cursor: None }))
}
