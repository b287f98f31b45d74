//! Prices.

use super::{Answer, Page, time};
use crate::cursor;
use crate::extract::{Asked, Params};
use axum::Json;
use axum::extract::State;
use reeve_core::money::{NanoUsd, PicoUsd};
use reeve_core::price::Price;
use reeve_core::usage::Unit;
use reeve_engine::Engine;
use reeve_engine::prices::PriceFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(routes!(list_prices))
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
    /// Where the rates were read.
    source: String,
    /// Whether a second source gives the same; null where only one lists the model.
    agree: Option<bool>,
    effective_from: String,
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

impl From<&Price> for PriceView {
    fn from(price: &Price) -> Self {
        Self {
            provider: price.provider.clone(),
            model: price.model.clone(),
            mode: price.mode.clone(),
            input_usd_per_million: rate(price, Unit::Input),
            output_usd_per_million: rate(price, Unit::Output),
            cache_read_usd_per_million: rate(price, Unit::CacheRead),
            source: price.source.clone(),
            agree: price.agree,
            effective_from: time(price.effective_from),
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
    /// 100 if absent, 1,000 at most.
    limit: Option<u32>,
    cursor: Option<String>,
}

/// Prices by provider and model.
#[utoipa::path(get, path = "/prices", tag = "prices", params(PricesQuery), responses((status = 200, body = Page<PriceView>)))]
async fn list_prices(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<PricesQuery>,
) -> Answer<Page<PriceView>> {
    let after = cursor::read(query.cursor.as_deref())?;
    let filter = PriceFilter { text: query.q.unwrap_or_default(), provider: query.provider, after };
    let (prices, next) = engine.prices(&cx, &filter, cursor::limit(query.limit)?).await?;
    let next_cursor = next.and_then(|next| cursor::write(&next));
    Ok(Json(Page { items: prices.into_iter().map(Into::into).collect(), next_cursor }))
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
