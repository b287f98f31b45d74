//! Anthropic's cost and usage reports. Amounts are cents, written as decimal texts. Its token counts do not overlap. What the
//! priority tier costs is not in the report, and costs are not told by key.

use super::amount::cents;
use super::pages::{Report, all, day};
use super::{Bill, CostLine, Days, UsageLine};
use crate::control::ControlError;
use crate::control::ask::{Show, Wire};
use crate::control::settings::below;
use crate::upstream::Key;
use http::{HeaderName, HeaderValue};
use reeve_core::time::Millis;
use reeve_core::usage::{Unit, Usage};
use reqwest::Url;
use serde::Deserialize;

const BASE: &str = "https://api.anthropic.com/v1";
/// Days of a page at most.
const LIMIT: &str = "31";

#[derive(Deserialize)]
struct Bucket<T> {
    starting_at: String,
    ending_at: String,
    results: Vec<T>,
}

#[derive(Deserialize)]
struct Cost {
    amount: String,
    currency: String,
    description: Option<String>,
    cost_type: Option<String>,
    model: Option<String>,
    service_tier: Option<String>,
    workspace_id: Option<String>,
}

#[derive(Deserialize)]
struct Used {
    uncached_input_tokens: u64,
    cache_read_input_tokens: u64,
    cache_creation: CacheCreation,
    output_tokens: u64,
    model: Option<String>,
    api_key_id: Option<String>,
    workspace_id: Option<String>,
    service_tier: Option<String>,
}

#[derive(Deserialize)]
struct CacheCreation {
    ephemeral_5m_input_tokens: u64,
    ephemeral_1h_input_tokens: u64,
}

pub(super) async fn fetch(
    wire: &Wire,
    base: Option<&str>,
    admin: Key<'_>,
    days: Days,
) -> Result<Bill, ControlError> {
    let costs = url(base, &["cost_report"], days, &["workspace_id", "description"])?;
    let buckets: Vec<Bucket<Cost>> = all(wire, &report(costs, admin, "a report of costs")).await?;
    let mut bill = Bill::default();
    for bucket in buckets {
        let day = day(time(&bucket.starting_at)?, time(&bucket.ending_at)?, days)?;
        for cost in bucket.results {
            bill.costs.push(line(day, cost)?);
        }
    }
    let groups = ["api_key_id", "workspace_id", "model", "service_tier"];
    let usage = url(base, &["usage_report", "messages"], days, &groups)?;
    let buckets: Vec<Bucket<Used>> = all(wire, &report(usage, admin, "a report of usage")).await?;
    for bucket in buckets {
        let day = day(time(&bucket.starting_at)?, time(&bucket.ending_at)?, days)?;
        bill.usage.extend(bucket.results.into_iter().map(|used| line_of_usage(day, used)));
    }
    Ok(bill)
}

fn report<'a>(url: Url, admin: Key<'a>, what: &'static str) -> Report<'a> {
    let version = HeaderValue::from_static(crate::anthropic::VERSION);
    let header = Some((HeaderName::from_static("anthropic-version"), version));
    Report { url, show: Show::Header("x-api-key", admin), header, what }
}

fn url(base: Option<&str>, path: &[&str], days: Days, groups: &[&str]) -> Result<Url, ControlError> {
    let mut url = below(base, BASE, &[&["organizations"], path].concat())?;
    url.query_pairs_mut()
        .append_pair("starting_at", &days.from.to_string())
        .append_pair("ending_at", &days.to.to_string())
        .append_pair("bucket_width", "1d")
        .append_pair("limit", LIMIT)
        .extend_pairs(groups.iter().map(|group| ("group_by[]", group)));
    Ok(url)
}

fn line(day: Millis, cost: Cost) -> Result<CostLine, ControlError> {
    if !cost.currency.eq_ignore_ascii_case("usd") {
        return Err(ControlError::Shape("an amount in another currency than US dollars"));
    }
    let amount = cents(&cost.amount).map_err(|_| ControlError::Shape("an amount that is none"))?;
    Ok(CostLine {
        day,
        line: cost.description.or(cost.cost_type).unwrap_or_default(),
        model: cost.model,
        place: cost.workspace_id,
        key: None,
        tier: cost.service_tier,
        amount,
    })
}

fn line_of_usage(day: Millis, used: Used) -> UsageLine {
    let usage = Usage::tokens(used.uncached_input_tokens, used.output_tokens)
        .with(Unit::CacheRead, used.cache_read_input_tokens)
        .with(Unit::CacheWrite, used.cache_creation.ephemeral_5m_input_tokens)
        .with(Unit::CacheWrite1h, used.cache_creation.ephemeral_1h_input_tokens);
    UsageLine {
        day,
        model: used.model,
        place: used.workspace_id,
        key: used.api_key_id,
        tier: used.service_tier,
        usage,
        requests: None,
    }
}

fn time(text: &str) -> Result<Millis, ControlError> {
    text.parse().map_err(|_| ControlError::Shape("a time that is none"))
}
