//! The overview.

use super::audit::AuditEntryView;
use super::tenants::TenantView;
use super::{Answer, time};
use crate::extract::Asked;
use crate::words::Urgency;
use axum::Json;
use axum::extract::State;
use reeve_core::money::NanoUsd;
use reeve_engine::Engine;
use reeve_engine::budgets::BudgetStatus;
use reeve_engine::overview::{MINUTES, Overview};
use reeve_engine::tenants::TenantWithUsage;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(routes!(get_overview))
}

/// The figures of today and this month, and what needs a person.
#[derive(Serialize, ToSchema)]
pub(crate) struct OverviewView {
    today: OverviewToday,
    month: OverviewMonth,
    refused_today: OverviewRefused,
    /// What Reeve itself takes of a call, in ms: 95 of 100 calls of the last 15 minutes took at most so much; null without
    /// calls.
    added_latency_p95_ms: Option<f64>,
    traffic: OverviewTraffic,
    needs_you: Vec<NeedsYouView>,
    /// The last 30 days, oldest first.
    daily: Vec<OverviewDay>,
    daily_limit_usd: Option<String>,
    /// The five that cost most this month.
    tenants: Vec<OverviewTenant>,
    /// The newest entries; none for who may not read the audit trail.
    recent: Vec<AuditEntryView>,
}

/// Today.
#[derive(Serialize, ToSchema)]
pub(crate) struct OverviewToday {
    cost_usd: String,
    limit_usd: Option<String>,
    percentage: Option<f64>,
    requests: u64,
    /// Mean of the same weekday by this time, over four weeks.
    usual_cost_usd: Option<String>,
}

/// This month.
#[derive(Serialize, ToSchema)]
pub(crate) struct OverviewMonth {
    cost_usd: String,
    limit_usd: Option<String>,
    projected_usd: Option<String>,
}

/// Refused calls of today.
#[derive(Serialize, ToSchema)]
pub(crate) struct OverviewRefused {
    total: u64,
    rate: u64,
    budget: u64,
    quota: u64,
    other: u64,
    /// Every reason, the most frequent first.
    by_reason: Vec<RefusedReason>,
}

/// Refused calls of one reason.
#[derive(Serialize, ToSchema)]
pub(crate) struct RefusedReason {
    /// Error code, such as `budget_exceeded`.
    reason: String,
    calls: u64,
}

/// Calls of the last minutes, as the gateway saw them.
#[derive(Serialize, ToSchema)]
pub(crate) struct OverviewTraffic {
    /// How many minutes the figures are of.
    minutes: u32,
    /// Calls that ended in them.
    calls: u64,
    /// Calls on their way now.
    live: usize,
    /// Half of the calls took at most so much in Reeve itself, in ms; null without calls.
    added_latency_p50_ms: Option<f64>,
}

/// Something a person should look at.
#[derive(Serialize, ToSchema)]
pub(crate) struct NeedsYouView {
    #[schema(value_type = Urgency)]
    severity: &'static str,
    text: String,
    time: String,
    /// Where to look, as a path of the console.
    link: String,
}

/// One day.
#[derive(Serialize, ToSchema)]
pub(crate) struct OverviewDay {
    day: String,
    cost_usd: String,
    requests: u64,
}

/// A tenant and its tightest budget.
#[derive(Serialize, ToSchema)]
pub(crate) struct OverviewTenant {
    #[serde(flatten)]
    tenant: TenantView,
    budget: Option<OverviewBudget>,
}

/// A tenant's tightest budget.
#[derive(Serialize, ToSchema)]
pub(crate) struct OverviewBudget {
    limit_usd: String,
    percentage_used: f64,
    projected_usd: Option<String>,
}

fn usd(amount: Option<NanoUsd>) -> Option<String> {
    amount.map(|amount| amount.to_string())
}

fn tenant((tenant, budget): (TenantWithUsage, Option<(NanoUsd, BudgetStatus)>)) -> OverviewTenant {
    let budget = budget.map(|(limit, status)| OverviewBudget {
        limit_usd: limit.to_string(),
        percentage_used: status.percentage,
        projected_usd: usd(status.projected),
    });
    OverviewTenant { tenant: tenant.into(), budget }
}

impl From<Overview> for OverviewView {
    fn from(o: Overview) -> Self {
        let need = |n: reeve_engine::overview::NeedsYou| NeedsYouView {
            severity: n.severity,
            text: n.text,
            time: time(n.time),
            link: n.link,
        };
        Self {
            today: OverviewToday {
                cost_usd: o.today.cost.to_string(),
                limit_usd: usd(o.today.limit),
                percentage: o.today.limit.and_then(|limit| o.today.cost.percent_of(limit)),
                requests: o.today.requests,
                usual_cost_usd: usd(o.usual),
            },
            month: OverviewMonth {
                cost_usd: o.month.cost.to_string(),
                limit_usd: usd(o.month.limit),
                projected_usd: usd(o.month.projected),
            },
            refused_today: OverviewRefused {
                total: o.refused.total,
                rate: o.refused.rate,
                budget: o.refused.budget,
                quota: o.refused.quota,
                other: o.refused.other,
                by_reason: o
                    .refused
                    .by_reason
                    .into_iter()
                    .map(|(reason, calls)| RefusedReason { reason, calls })
                    .collect(),
            },
            added_latency_p95_ms: o.traffic.added.map(|a| a.p95_us as f64 / 1_000.0),
            traffic: OverviewTraffic {
                minutes: u32::try_from(MINUTES).unwrap_or_default(),
                calls: o.traffic.calls,
                live: o.traffic.live,
                added_latency_p50_ms: o.traffic.added.map(|a| a.p50_us as f64 / 1_000.0),
            },
            needs_you: o.needs_you.into_iter().map(need).collect(),
            daily: o
                .daily
                .into_iter()
                .map(|(day, sums)| OverviewDay {
                    day: day.to_string(),
                    cost_usd: sums.cost.to_string(),
                    requests: sums.requests,
                })
                .collect(),
            daily_limit_usd: usd(o.today.limit),
            tenants: o.tenants.into_iter().map(tenant).collect(),
            recent: o
                .recent
                .map(|page| page.entries.into_iter().map(Into::into).collect())
                .unwrap_or_default(),
        }
    }
}

/// The overview.
#[utoipa::path(get, path = "/overview", tag = "overview", extensions(("x-permission" = json!("usage:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = OverviewView)))]
async fn get_overview(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<OverviewView> {
    Ok(Json(engine.overview(&cx).await?.into()))
}
