//! Usage: records, what one is made of, and sums.

use super::prices::per_million;
use super::{Answer, Page, id, moment, time};
use crate::cursor;
use crate::extract::{Asked, Ids, Params};
use crate::failure::Failure;
use crate::words::{Pricing, UsageOutcome, UsageSource};
use axum::Json;
use axum::extract::State;
use reeve_core::id::ChargeId;
use reeve_core::money::NanoUsd;
use reeve_core::price::CostLine;
use reeve_core::time::Millis;
use reeve_engine::Engine;
use reeve_engine::usage::{Adjustment, Charge, ChargeFilter, Explanation, GroupBy, Sums};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// How much of the past a summary covers if it is not said.
const SUMMARY_DAYS: i64 = 30;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(list_usage_records))
        .routes(routes!(explain_usage_record))
        .routes(routes!(summarize_usage))
}

/// One call, or one imported record.
#[derive(Serialize, ToSchema)]
pub(crate) struct UsageRecordView {
    id: String,
    time: String,
    tenant_id: String,
    tenant_name: String,
    api_key_id: Option<String>,
    /// End user, as the caller named them.
    user: Option<String>,
    provider: String,
    model: String,
    /// `chat`, `embeddings` …
    operation: String,
    #[schema(value_type = UsageSource)]
    source: String,
    #[schema(value_type = UsageOutcome)]
    outcome: String,
    /// Status of the provider's answer.
    status: Option<u16>,
    /// Quantity by unit; only what is not zero.
    usage: BTreeMap<&'static str, u64>,
    cost_usd: Option<String>,
    #[schema(value_type = Pricing)]
    pricing: String,
    unpriced_reason: Option<String>,
    latency_ms: Option<i64>,
    first_byte_ms: Option<i64>,
    stream: bool,
    trace_id: Option<String>,
    /// Index of its entry in the usage ledger.
    sequence: u64,
}

impl UsageRecordView {
    fn new(charge: Charge, engine: &Engine) -> Self {
        Self {
            id: charge.id.to_string(),
            time: time(charge.time),
            tenant_id: charge.tenant_id.to_string(),
            tenant_name: engine.tenant_name(charge.tenant_id).unwrap_or_else(|| "Removed tenant".to_owned()),
            api_key_id: charge.api_key_id.map(|id| id.to_string()),
            user: charge.user,
            provider: charge.provider,
            model: charge.model,
            operation: charge.operation,
            source: charge.source,
            outcome: charge.outcome,
            status: charge.status,
            usage: charge.usage.iter().map(|(unit, quantity)| (unit.as_str(), quantity)).collect(),
            cost_usd: charge.cost.map(|cost| cost.to_string()),
            pricing: charge.pricing,
            unpriced_reason: charge.unpriced_reason,
            latency_ms: charge.latency_ms,
            first_byte_ms: charge.first_byte_ms,
            stream: charge.stream,
            trace_id: charge.trace_id,
            sequence: charge.seq,
        }
    }
}

/// What a record's cost is made of.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExplainView {
    record: UsageRecordView,
    lines: Vec<ExplainLine>,
    /// What it was charged when it was made.
    total_usd: String,
    /// With every correction since.
    adjusted_total_usd: String,
    /// Charges that correct this one, oldest first.
    adjustments: Vec<AdjustmentView>,
    /// The charge that this one corrects, where it is a correction.
    adjusts: Option<String>,
    /// How the sum was rounded.
    rounding: &'static str,
    price: Option<ExplainPrice>,
}

/// A charge that corrects another: a period was rated again.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdjustmentView {
    /// The charge that corrects.
    charge_id: String,
    rerating_id: String,
    /// The difference; below zero where it became cheaper.
    cost_usd: String,
    time: String,
}

impl From<&Adjustment> for AdjustmentView {
    fn from(adjustment: &Adjustment) -> Self {
        Self {
            charge_id: adjustment.charge_id.to_string(),
            rerating_id: adjustment.rerating_id.to_string(),
            cost_usd: adjustment.cost.to_string(),
            time: time(adjustment.adjusted_at),
        }
    }
}

/// Quantity x rate of one unit.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExplainLine {
    unit: &'static str,
    quantity: u64,
    rate_usd_per_million: String,
    amount_usd: String,
}

/// The price that was used, as it was then.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExplainPrice {
    provider: String,
    model: String,
    source: String,
    version: String,
    effective_from: String,
    /// Whether a second source gave the same; null where only one listed the model.
    agree: Option<bool>,
    /// Who said so: the `tenant`'s own price, one of the `workspace`, an `approved` list, the `builtin` one, or nobody
    /// (`ceiling`).
    origin: String,
    own_price_id: Option<String>,
    /// Service tier it was charged at; null is the standard one.
    tier: Option<String>,
}

impl ExplainView {
    pub(super) fn new(explanation: Explanation, engine: &Engine) -> Self {
        let Explanation { charge, lines, price, adjustments, adjusts } = explanation;
        let corrected: NanoUsd = adjustments.iter().map(|a| a.cost).sum();
        let line = |line: CostLine| ExplainLine {
            unit: line.unit.as_str(),
            quantity: line.quantity,
            rate_usd_per_million: per_million(line.pico_usd),
            amount_usd: NanoUsd::from_pico(u128::from(line.quantity) * u128::from(line.pico_usd)).to_string(),
        };
        Self {
            total_usd: charge.cost.unwrap_or_default().to_string(),
            adjusted_total_usd: (charge.cost.unwrap_or_default() + corrected).to_string(),
            adjustments: adjustments.iter().map(Into::into).collect(),
            adjusts: adjusts.map(|a| a.original_id.to_string()),
            record: UsageRecordView::new(charge, engine),
            lines: lines.into_iter().map(line).collect(),
            rounding: "half up to a nano-dollar, once",
            price: price.map(|price| ExplainPrice {
                provider: price.provider,
                model: price.model,
                source: price.source,
                version: price.version,
                effective_from: time(price.effective_from),
                agree: price.agree,
                origin: price.origin,
                own_price_id: price.own_price.map(|id| id.to_string()),
                tier: price.tier,
            }),
        }
    }
}

/// Sums of a span of time.
#[derive(Serialize, ToSchema)]
pub(crate) struct SummaryFigure {
    cost_usd: String,
    requests: u64,
    input_tokens: u64,
    output_tokens: u64,
}

/// Sums of one group.
#[derive(Serialize, ToSchema)]
pub(crate) struct SummaryRow {
    /// Day, model, tenant id, key id …
    key: String,
    /// Its name for people.
    label: String,
    cost_usd: String,
    requests: u64,
    input_tokens: u64,
    output_tokens: u64,
}

/// Sums by group, and all together.
#[derive(Serialize, ToSchema)]
pub(crate) struct SummaryView {
    items: Vec<SummaryRow>,
    /// Of everything, also of what is not listed. Labels overlap: a call counts once for each of its tags.
    total: SummaryFigure,
    /// Whether there are more groups than the 100 dearest; of users, tags, provider keys and operations.
    more: bool,
}

impl From<&Sums> for SummaryFigure {
    fn from(sums: &Sums) -> Self {
        Self {
            cost_usd: sums.cost.to_string(),
            requests: sums.requests,
            input_tokens: sums.input_tokens,
            output_tokens: sums.output_tokens,
        }
    }
}

/// By what sums are told apart.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SummaryGroup {
    Day,
    Model,
    Provider,
    Tenant,
    ApiKey,
    /// End user, as callers named them.
    User,
    Tag,
    /// Provider key.
    Credential,
    Operation,
}

impl From<SummaryGroup> for GroupBy {
    fn from(group: SummaryGroup) -> Self {
        match group {
            SummaryGroup::Day => Self::Day,
            SummaryGroup::Model => Self::Model,
            SummaryGroup::Tenant => Self::Tenant,
            SummaryGroup::Provider => Self::Provider,
            SummaryGroup::ApiKey => Self::ApiKey,
            SummaryGroup::User => Self::User,
            SummaryGroup::Tag => Self::Tag,
            SummaryGroup::Credential => Self::Credential,
            SummaryGroup::Operation => Self::Operation,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct RecordsQuery {
    tenant_id: Option<String>,
    model: Option<String>,
    /// From this time.
    from: Option<String>,
    /// Before this time.
    to: Option<String>,
    /// 100 if absent, 1,000 at most.
    limit: Option<u32>,
    cursor: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct SummaryQuery {
    group_by: SummaryGroup,
    /// This many calendar days up to today, in the workspace's time zone; instead of `from` and `to`.
    #[param(minimum = 1, maximum = 366)]
    days: Option<u64>,
    /// From the quarter-hour of this time; 30 days ago if absent.
    from: Option<String>,
    /// Before this time; now if absent.
    to: Option<String>,
    tenant_id: Option<String>,
}

/// Usage records, newest first.
#[utoipa::path(get, path = "/usage/records", tag = "usage", extensions(("x-permission" = json!("usage:read")), ("x-tenant" = json!("filter"))), params(RecordsQuery), responses((status = 200, body = Page<UsageRecordView>)))]
async fn list_usage_records(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<RecordsQuery>,
) -> Answer<Page<UsageRecordView>> {
    let filter = ChargeFilter {
        tenant: id("tenant_id", query.tenant_id.as_deref())?,
        model: query.model,
        from: moment("from", query.from.as_deref())?,
        to: moment("to", query.to.as_deref())?,
        before: cursor::read::<(i64, u64)>(query.cursor.as_deref())?.map(|(ms, seq)| (Millis(ms), seq)),
    };
    let (charges, more) = engine.charges(&cx, filter, cursor::limit(query.limit)?).await?;
    let next_cursor =
        charges.last().filter(|_| more).and_then(|last| cursor::write(&(last.time.0, last.seq)));
    Ok(Json(Page {
        items: charges.into_iter().map(|c| UsageRecordView::new(c, &engine)).collect(),
        next_cursor,
    }))
}

/// What a record's cost is made of.
#[utoipa::path(get, path = "/usage/records/{id}/explain", tag = "usage", extensions(("x-permission" = json!("usage:read")), ("x-tenant" = json!("thing"))), params(("id" = String, Path)), responses((status = 200, body = ExplainView)))]
async fn explain_usage_record(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Ids(id): Ids<ChargeId>,
) -> Answer<ExplainView> {
    Ok(Json(ExplainView::new(engine.explain_charge(&cx, id).await?, &engine)))
}

/// Sums of usage by group.
#[utoipa::path(get, path = "/usage/summary", tag = "usage", extensions(("x-permission" = json!("usage:read")), ("x-tenant" = json!("filter"))), params(SummaryQuery), responses((status = 200, body = SummaryView)))]
async fn summarize_usage(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<SummaryQuery>,
) -> Answer<SummaryView> {
    let to = moment("to", query.to.as_deref())?.unwrap_or_else(|| engine.now().plus(1));
    let from = match (query.days, moment("from", query.from.as_deref())?) {
        (None, from) => from.unwrap_or_else(|| to.plus(-SUMMARY_DAYS * Millis::DAY)),
        (Some(days @ 1..=366), None) => engine.days_back(days),
        (Some(_), None) => return Err(Failure::field("days", "must be from 1 to 366")),
        (Some(_), Some(_)) => return Err(Failure::field("days", "goes without from")),
    };
    if from >= to {
        return Err(Failure::field("to", "must be after from"));
    }
    let tenant = id("tenant_id", query.tenant_id.as_deref())?;
    let by = query.group_by.into();
    let reeve_engine::usage::Summary { groups, total, more } =
        engine.usage_summary(&cx, by, tenant, from, to).await?;
    let row = |group: reeve_engine::usage::Group| SummaryRow {
        key: group.key,
        label: group.label,
        cost_usd: group.sums.cost.to_string(),
        requests: group.sums.requests,
        input_tokens: group.sums.input_tokens,
        output_tokens: group.sums.output_tokens,
    };
    let items = groups.into_iter().map(row).collect();
    Ok(Json(SummaryView { items, total: SummaryFigure::from(&total), more }))
}
