//! Prices of one's own: what a tenant or the whole workspace pays where that is not what the lists say.

use super::prices::{RateBody, RateView, read_rates};
use super::{Answer, Page, id, moment, time, time_or_null};
use crate::extract::{Asked, Ids, JsonBody, Params};
use crate::patch::Patch;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use reeve_core::id::OwnPriceId;
use reeve_engine::Engine;
use reeve_engine::prices::own::{ChangeOwnPrice, OwnPrice, OwnPriceSet, SetOwnPrice, ToRerate};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(list_own_prices, create_own_price))
        .routes(routes!(update_own_price, delete_own_price))
}

/// Charges that were made before their price was known.
#[derive(Serialize, ToSchema)]
pub(crate) struct ToRerateView {
    from: String,
    to: String,
    calls: u64,
}

impl From<ToRerate> for ToRerateView {
    fn from(to_rerate: ToRerate) -> Self {
        Self { from: time(to_rerate.from), to: time(to_rerate.to), calls: to_rerate.calls }
    }
}

/// A price of one's own.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnPriceView {
    id: String,
    /// Null: it holds for the whole workspace.
    tenant_id: Option<String>,
    tenant_name: Option<String>,
    provider: String,
    model: String,
    rates: Vec<RateView>,
    note: Option<String>,
    /// Rises with every change.
    version: u64,
    effective_from: String,
    /// From when it is withdrawn.
    effective_to: Option<String>,
    /// `in_force`, `upcoming`, `replaced` by a later one, or `withdrawn`.
    state: &'static str,
    created_at: String,
    updated_at: String,
    /// Calls charged before this price was known: `POST /usage/rerate` rates them again. Only in the answer to a change.
    to_rerate: Option<ToRerateView>,
}

impl OwnPriceView {
    fn new(price: OwnPrice, to_rerate: Option<ToRerate>, engine: &Engine) -> Self {
        Self {
            id: price.id.to_string(),
            tenant_id: price.tenant_id.map(|id| id.to_string()),
            tenant_name: price.tenant_id.and_then(|id| engine.tenant_name(id)),
            rates: price.rates.iter().map(Into::into).collect(),
            state: engine.own_price_state(&price).as_str(),
            provider: price.provider,
            model: price.model,
            note: price.note,
            version: price.version,
            effective_from: time(price.effective_from),
            effective_to: time_or_null(price.effective_to),
            created_at: time(price.created_at),
            updated_at: time(price.updated_at),
            to_rerate: to_rerate.map(Into::into),
        }
    }

    fn set(set: OwnPriceSet, engine: &Engine) -> Self {
        Self::new(set.price, set.to_rerate, engine)
    }
}

/// A price of one's own to be set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateOwnPriceBody {
    /// Null: for the whole workspace.
    tenant_id: Option<String>,
    provider: String,
    model: String,
    rates: Vec<RateBody>,
    note: Option<String>,
    /// Now if null.
    effective_from: Option<String>,
    /// Rates more than ten times as high or as low as another list's are meant.
    #[serde(default)]
    #[schema(required = false)]
    confirm: bool,
}

/// A change of an own price: absent stays, null clears.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateOwnPriceBody {
    rates: Option<Vec<RateBody>>,
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false)]
    note: Patch<String>,
    effective_from: Option<String>,
    #[serde(default)]
    #[schema(required = false)]
    confirm: bool,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct OwnPricesQuery {
    /// Only this tenant's.
    tenant_id: Option<String>,
}

/// Every price of one's own, those of the past included, newest first.
#[utoipa::path(get, path = "/prices/own", tag = "prices", extensions(("x-permission" = json!("usage:read")), ("x-tenant" = json!("none"))), params(OwnPricesQuery), responses((status = 200, body = Page<OwnPriceView>)))]
async fn list_own_prices(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<OwnPricesQuery>,
) -> Answer<Page<OwnPriceView>> {
    let prices = engine.own_prices(&cx, id("tenant_id", query.tenant_id.as_deref())?).await?;
    let items = prices.into_iter().map(|price| OwnPriceView::new(price, None, &engine)).collect();
    Ok(Json(Page { items, next_cursor: None }))
}

/// Sets a price of one's own. Charges made already stay as they are.
#[utoipa::path(post, path = "/prices/own", tag = "prices", extensions(("x-permission" = json!("price:write")), ("x-tenant" = json!("none"))), request_body = CreateOwnPriceBody, responses((status = 201, body = OwnPriceView)))]
async fn create_own_price(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<CreateOwnPriceBody>,
) -> Result<(StatusCode, Json<OwnPriceView>), crate::failure::Failure> {
    let set = SetOwnPrice {
        tenant_id: id("tenant_id", body.tenant_id.as_deref())?,
        provider: body.provider,
        model: body.model,
        rates: read_rates(body.rates)?,
        note: body.note,
        effective_from: moment("effective_from", body.effective_from.as_deref())?,
        confirm: body.confirm,
    };
    let set = engine.set_own_price(&cx, set).await?;
    Ok((StatusCode::CREATED, Json(OwnPriceView::set(set, &engine))))
}

/// Changes a price of one's own. Charges made already stay as they are.
#[utoipa::path(patch, path = "/prices/own/{id}", tag = "prices", extensions(("x-permission" = json!("price:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), request_body = UpdateOwnPriceBody, responses((status = 200, body = OwnPriceView)))]
async fn update_own_price(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<OwnPriceId>,
    JsonBody(body): JsonBody<UpdateOwnPriceBody>,
) -> Answer<OwnPriceView> {
    let change = ChangeOwnPrice {
        rates: body.rates.map(read_rates).transpose()?,
        note: body.note.nullable(),
        effective_from: moment("effective_from", body.effective_from.as_deref())?,
        confirm: body.confirm,
    };
    let set = engine.change_own_price(&cx, id, change).await?;
    Ok(Json(OwnPriceView::set(set, &engine)))
}

/// Withdraws a price of one's own, from now on. It stays in the history.
#[utoipa::path(delete, path = "/prices/own/{id}", tag = "prices", extensions(("x-permission" = json!("price:write")), ("x-tenant" = json!("none"))), params(("id" = String, Path)), responses((status = 200, body = OwnPriceView)))]
async fn delete_own_price(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<OwnPriceId>,
) -> Answer<OwnPriceView> {
    let price = engine.withdraw_own_price(&cx, id).await?;
    Ok(Json(OwnPriceView::new(price, None, &engine)))
}
