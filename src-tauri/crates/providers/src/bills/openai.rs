//! OpenAI's costs and usage. Amounts are dollars, written as numbers. Its input tokens include those a cache served or stored.

use super::amount::dollars;
use super::model::of_line;
use super::pages::{Report, all, day};
use super::{Bill, CostLine, Days, UsageLine};
use crate::control::ControlError;
use crate::control::ask::{Show, Wire};
use crate::control::settings::below;
use crate::upstream::Key;
use reeve_core::time::Millis;
use reeve_core::usage::{Unit, Usage};
use reqwest::Url;
use serde::Deserialize;
use serde_json::value::RawValue;

const BASE: &str = "https://api.openai.com/v1";
const COSTS: &str = "a report of costs";
const USAGE: &str = "a report of usage";

#[derive(Deserialize)]
struct Bucket<T> {
    start_time: i64,
    end_time: i64,
    results: Vec<T>,
}

#[derive(Deserialize)]
struct Cost {
    amount: Amount,
    line_item: Option<String>,
    project_id: Option<String>,
    api_key_id: Option<String>,
}

#[derive(Deserialize)]
struct Amount {
    value: Box<RawValue>,
    currency: String,
}

/// What a report of usage counts.
#[derive(Clone, Copy)]
enum Counts {
    Tokens,
    Pictures,
    Characters,
    Seconds,
}

const BY_MODEL: &[&str] = &["project_id", "api_key_id", "model"];
/// The reports of usage, what they count, and what they are grouped by.
const REPORTS: [(&str, Counts, &[&str]); 6] = [
    ("completions", Counts::Tokens, &["project_id", "api_key_id", "model", "service_tier"]),
    ("embeddings", Counts::Tokens, BY_MODEL),
    ("moderations", Counts::Tokens, BY_MODEL),
    ("images", Counts::Pictures, BY_MODEL),
    ("audio_speeches", Counts::Characters, BY_MODEL),
    ("audio_transcriptions", Counts::Seconds, BY_MODEL),
];

#[derive(Deserialize)]
struct Used {
    input_tokens: Option<u64>,
    #[serde(default)]
    output_tokens: u64,
    #[serde(default)]
    input_cached_tokens: u64,
    #[serde(default)]
    input_cache_write_tokens: u64,
    images: Option<u64>,
    characters: Option<u64>,
    seconds: Option<u64>,
    num_model_requests: u64,
    model: Option<String>,
    project_id: Option<String>,
    api_key_id: Option<String>,
    service_tier: Option<String>,
}

pub(super) async fn fetch(
    wire: &Wire,
    base: Option<&str>,
    admin: Key<'_>,
    days: Days,
) -> Result<Bill, ControlError> {
    let groups = ["project_id", "line_item", "api_key_id"];
    let report = Report {
        url: url(base, &["costs"], days, "180", &groups)?,
        show: Show::Bearer(admin),
        header: None,
        what: COSTS,
    };
    let buckets: Vec<Bucket<Cost>> = all(wire, &report).await?;
    let mut bill = Bill::default();
    for bucket in buckets {
        let day = day(seconds(bucket.start_time)?, seconds(bucket.end_time)?, days)?;
        for cost in bucket.results {
            bill.costs.push(line(day, cost)?);
        }
    }
    for (kind, counts, groups) in REPORTS {
        let url = url(base, &["usage", kind], days, "31", groups)?;
        let report = Report { url, show: Show::Bearer(admin), header: None, what: USAGE };
        let buckets: Vec<Bucket<Used>> = all(wire, &report).await?;
        for bucket in buckets {
            let day = day(seconds(bucket.start_time)?, seconds(bucket.end_time)?, days)?;
            for used in bucket.results {
                bill.usage.push(usage(day, counts, used)?);
            }
        }
    }
    Ok(bill)
}

fn url(
    base: Option<&str>,
    path: &[&str],
    days: Days,
    limit: &str,
    groups: &[&str],
) -> Result<Url, ControlError> {
    let mut url = below(base, BASE, &[&["organization"], path].concat())?;
    let time = |at: Millis| (at.0 / 1_000).to_string();
    url.query_pairs_mut()
        .append_pair("start_time", &time(days.from))
        .append_pair("end_time", &time(days.to))
        .append_pair("bucket_width", "1d")
        .append_pair("limit", limit)
        .extend_pairs(groups.iter().map(|group| ("group_by", group)));
    Ok(url)
}

fn line(day: Millis, cost: Cost) -> Result<CostLine, ControlError> {
    if !cost.amount.currency.eq_ignore_ascii_case("usd") {
        return Err(ControlError::Shape("an amount in another currency than US dollars"));
    }
    // A number, or the same in quotes: never through a float.
    let text = cost.amount.value.get();
    let amount =
        dollars(text.trim_matches('"')).map_err(|_| ControlError::Shape("an amount that is none"))?;
    let line = cost.line_item.unwrap_or_default();
    Ok(CostLine {
        day,
        model: of_line(&line),
        line,
        place: cost.project_id,
        key: cost.api_key_id,
        tier: None,
        amount,
    })
}

fn usage(day: Millis, counts: Counts, used: Used) -> Result<UsageLine, ControlError> {
    let told =
        |quantity: Option<u64>| quantity.ok_or(ControlError::Shape("a line of usage without its quantity"));
    let usage = match counts {
        Counts::Tokens => tokens(told(used.input_tokens)?, &used)?,
        Counts::Pictures => Usage::new().with(Unit::Image, told(used.images)?),
        Counts::Characters => Usage::new().with(Unit::CharacterIn, told(used.characters)?),
        Counts::Seconds => Usage::new().with(Unit::SecondIn, told(used.seconds)?),
    };
    Ok(UsageLine {
        day,
        model: used.model,
        place: used.project_id,
        key: used.api_key_id,
        tier: used.service_tier,
        usage,
        requests: Some(used.num_model_requests),
    })
}

fn tokens(input: u64, used: &Used) -> Result<Usage, ControlError> {
    let split = used.input_cached_tokens.checked_add(used.input_cache_write_tokens);
    let fresh = split.and_then(|split| input.checked_sub(split));
    let fresh = fresh.ok_or(ControlError::Shape("more cached tokens than tokens"))?;
    Ok(Usage::tokens(fresh, used.output_tokens)
        .with(Unit::CacheRead, used.input_cached_tokens)
        .with(Unit::CacheWrite, used.input_cache_write_tokens))
}

fn seconds(seconds: i64) -> Result<Millis, ControlError> {
    seconds.checked_mul(1_000).map(Millis).ok_or(ControlError::Shape(COSTS))
}
