//! Prices: what holds, what held, and what was asked for and has none.

use super::{Answer, Page, id, time, time_or_null};
use crate::cursor;
use crate::extract::{Asked, Ids, Params};
use axum::Json;
use axum::extract::State;
use reeve_core::money::{NanoUsd, PicoUsd};
use reeve_core::price::{Price, Rate, per, rate_text, read_rate};
use reeve_core::usage::Unit;
use reeve_engine::Engine;
use reeve_engine::prices::PriceFilter;
use reeve_engine::prices::book::{BookPrice, Origin};
use reeve_engine::prices::unpriced::InDoubt;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(list_prices))
        .routes(routes!(get_price_history))
        .routes(routes!(list_unpriced_models))
}

/// One rate of a price.
#[derive(Serialize, ToSchema)]
pub(crate) struct RateView {
    /// What is counted: `input`, `cache_read`, `image` …
    unit: &'static str,
    /// What the amount is for: `million tokens`, `image`, `request`, `second`, `character`.
    per: &'static str,
    usd: String,
    /// `batch`, `flex` or `priority`; null is the standard tier.
    tier: Option<String>,
    /// Holds only for calls with more input tokens than this.
    above_input_tokens: Option<u64>,
}

impl From<&Rate> for RateView {
    fn from(rate: &Rate) -> Self {
        Self {
            unit: rate.unit.as_str(),
            per: per(rate.unit),
            usd: rate_text(rate.unit, rate.pico_usd),
            tier: rate.tier.clone(),
            above_input_tokens: rate.above_input_tokens,
        }
    }
}

/// One rate of a price to be set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RateBody {
    /// What is counted: `input`, `cache_read`, `image` …
    unit: String,
    /// For a million where the unit is a kind of token, else for one.
    usd: String,
    tier: Option<String>,
    above_input_tokens: Option<u64>,
}

/// Reads rates; what is wrong with which.
pub(super) fn read_rates(rates: Vec<RateBody>) -> Result<Vec<Rate>, crate::failure::Failure> {
    let read = |(i, rate): (usize, RateBody)| {
        let wrong = |field: &str, message: &str| {
            crate::failure::Failure::field(&format!("rates[{i}].{field}"), message)
        };
        let unit = Unit::parse(&rate.unit).ok_or_else(|| wrong("unit", "is not a unit"))?;
        let pico_usd = read_rate(unit, &rate.usd).map_err(|message| wrong("usd", message))?;
        Ok(Rate { unit, pico_usd, tier: rate.tier, above_input_tokens: rate.above_input_tokens })
    };
    rates.into_iter().enumerate().map(read).collect()
}

/// What a model costs.
#[derive(Serialize, ToSchema)]
pub(crate) struct PriceView {
    provider: String,
    model: String,
    /// `chat`, `embedding` …
    mode: String,
    input_usd_per_million: Option<String>,
    output_usd_per_million: Option<String>,
    cache_read_usd_per_million: Option<String>,
    /// Every rate.
    rates: Vec<RateView>,
    /// Who says so: a `tenant`'s own price, one of the `workspace`, an `approved` list, or the `builtin` one.
    origin: &'static str,
    /// The tenant whose own price it is.
    tenant_id: Option<String>,
    /// The own price it is.
    own_price_id: Option<String>,
    /// Where the rates were read.
    source: String,
    /// Version of the list, or of the own price.
    version: String,
    /// Whether a second source gives the same; null where only one lists the model.
    agree: Option<bool>,
    effective_from: String,
    /// Until when, where the next one or a withdrawal ends it.
    effective_to: Option<String>,
    max_input_tokens: Option<u64>,
    max_output_tokens: Option<u64>,
}

/// A rate in pico-USD per unit, as USD for a million units. One pico-USD a unit is a micro-USD a million.
pub(super) fn per_million(rate: PicoUsd) -> String {
    NanoUsd(i64::try_from(rate).unwrap_or(i64::MAX).saturating_mul(1_000)).to_string()
}

/// USD for a million units as pico-USD per unit.
pub(super) fn from_per_million(text: &str) -> Result<PicoUsd, String> {
    let amount: NanoUsd = text.parse().map_err(|e: reeve_core::money::MoneyError| e.to_string())?;
    if amount.0 < 0 {
        return Err("may not be below zero".to_owned());
    }
    if amount.0 % 1_000 != 0 {
        return Err("may have six decimals at most".to_owned());
    }
    Ok(amount.0.unsigned_abs() / 1_000)
}

/// The rate of the standard tier for any size of call.
fn rate(price: &Price, unit: Unit) -> Option<String> {
    let plain =
        price.rates.iter().find(|r| r.unit == unit && r.tier.is_none() && r.above_input_tokens.is_none());
    plain.map(|r| per_million(r.pico_usd))
}

impl PriceView {
    pub(super) fn new(model: String, price: &BookPrice) -> Self {
        let (tenant_id, own_price_id) = match price.origin {
            Origin::Tenant(tenant, id) => (Some(tenant.to_string()), Some(id.to_string())),
            Origin::Workspace(id) => (None, Some(id.to_string())),
            Origin::Approved | Origin::Builtin | Origin::Ceiling => (None, None),
        };
        Self {
            provider: price.provider.clone(),
            model,
            mode: price.mode.clone(),
            input_usd_per_million: rate(price, Unit::Input),
            output_usd_per_million: rate(price, Unit::Output),
            cache_read_usd_per_million: rate(price, Unit::CacheRead),
            rates: price.rates.iter().map(Into::into).collect(),
            origin: price.origin.as_str(),
            tenant_id,
            own_price_id,
            source: price.source.clone(),
            version: price.version.clone(),
            agree: price.agree,
            effective_from: time(price.effective_from),
            effective_to: time_or_null(price.effective_to),
            max_input_tokens: price.max_input_tokens,
            max_output_tokens: price.max_output_tokens,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PricesQuery {
    /// Part of a model's or provider's name.
    q: Option<String>,
    provider: Option<String>,
    /// Only prices that a second source contradicts.
    disputed: Option<bool>,
    /// As they hold for this tenant; for the workspace if absent.
    tenant_id: Option<String>,
    /// 100 if absent, 1,000 at most.
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Prices as they hold now, by provider and model.
#[utoipa::path(get, path = "/prices", tag = "prices", extensions(("x-permission" = json!("usage:read")), ("x-tenant" = json!("none"))), params(PricesQuery), responses((status = 200, body = Page<PriceView>)))]
async fn list_prices(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<PricesQuery>,
) -> Answer<Page<PriceView>> {
    let filter = PriceFilter {
        text: query.q.unwrap_or_default(),
        provider: query.provider,
        disputed: query.disputed.unwrap_or_default(),
        tenant: id("tenant_id", query.tenant_id.as_deref())?,
        after: cursor::read(query.cursor.as_deref())?,
    };
    let (prices, more) = engine.prices(&cx, &filter, cursor::limit(query.limit)?).await?;
    let last = prices.last().filter(|_| more).map(|p| (p.price.provider.clone(), p.model.clone()));
    let next_cursor = last.and_then(|last| cursor::write(&last));
    let items = prices.into_iter().map(|p| PriceView::new(p.model, &p.price)).collect();
    Ok(Json(Page { items, next_cursor }))
}

/// Every price of a model that ever held or will, newest first; those of lists and one's own.
#[utoipa::path(get, path = "/prices/{provider}/{model}/history", tag = "prices", extensions(("x-permission" = json!("usage:read")), ("x-tenant" = json!("none"))), params(("provider" = String, Path), ("model" = String, Path)), responses((status = 200, body = Page<PriceView>)))]
async fn get_price_history(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids((provider, model)): Ids<(String, String)>,
) -> Answer<Page<PriceView>> {
    let history = engine.price_history(&cx, &provider, &model).await?;
    let items = history.iter().map(|p| PriceView::new(p.model.clone(), p)).collect();
    Ok(Json(Page { items, next_cursor: None }))
}

/// A model that was asked for and whose price is in doubt.
#[derive(Serialize, ToSchema)]
pub(crate) struct UnpricedModelView {
    provider: String,
    model: String,
    /// `unknown_model`: no list names it. `missing_rate`: its price lacks a rate that was needed. `disputed`: two sources
    /// contradict each other.
    reason: &'static str,
    /// Calls that were refused for want of a price.
    refused_calls: u64,
    /// Calls that were charged: at the ceiling, or at the disputed price.
    charged_calls: u64,
    /// What those were charged.
    cost_usd: String,
    /// The tenants that asked, by name.
    tenants: Vec<String>,
    first_at: String,
    last_at: String,
}

impl UnpricedModelView {
    fn new(doubt: &InDoubt, engine: &Engine) -> Self {
        Self {
            provider: doubt.provider.clone(),
            model: doubt.model.clone(),
            reason: doubt.doubt.as_str(),
            refused_calls: doubt.refused,
            charged_calls: doubt.charged,
            cost_usd: doubt.cost.to_string(),
            tenants: doubt.tenants.iter().filter_map(|id| engine.tenant_name(*id)).collect(),
            first_at: time(doubt.span.0),
            last_at: time(doubt.span.1),
        }
    }
}

/// Models that were really asked for and have no price, or a disputed one; those asked for last first.
#[utoipa::path(get, path = "/prices/unpriced", tag = "prices", extensions(("x-permission" = json!("usage:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = Page<UnpricedModelView>)))]
async fn list_unpriced_models(
    State(engine): State<Engine>,
    Asked(cx): Asked,
) -> Answer<Page<UnpricedModelView>> {
    let doubts = engine.unpriced_models(&cx).await?;
    let items = doubts.iter().map(|doubt| UnpricedModelView::new(doubt, &engine)).collect();
    Ok(Json(Page { items, next_cursor: None }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_written_and_read_exactly() {
        for (pico, text) in
            [(0, "0.00"), (1, "0.000001"), (150_000, "0.15"), (2_500_000, "2.50"), (75_000_000, "75.00")]
        {
            assert_eq!(per_million(pico), text);
            assert_eq!(from_per_million(text), Ok(pico));
        }
        assert!(
            from_per_million("0.0000001").is_err()
                && from_per_million("-1").is_err()
                && from_per_million("x").is_err()
        );
    }
}
