//! Cost and usage reports, as OpenAI's and Anthropic's API references have them. A test says what was billed, as the text of JSON,
//! so that it can be anything.

use super::fault::Step;
use super::keys::Keys;
use super::openai::{admitted, said_no};
use super::serve::{Came, Done, No, serve};
use crate::provider::answer::error;
use crate::provider::record::State;
use axum::Router;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Days of a page.
const DAY: i64 = 86_400;

/// Reports by path and day, in Unix seconds: the results of that day.
#[derive(Debug, Default)]
pub(super) struct Reports {
    pub(super) days: BTreeMap<(String, i64), Vec<Value>>,
    /// Days in a page at most.
    pub(super) page: Option<usize>,
}

pub(super) fn routes() -> Router<Arc<State>> {
    let usage =
        ["completions", "embeddings", "moderations", "images", "audio_speeches", "audio_transcriptions"];
    let routes = usage
        .into_iter()
        .fold(Router::new(), |routes, of| routes.route(&format!("/v1/organization/usage/{of}"), get(openai)));
    routes
        .route("/v1/organization/costs", get(openai))
        .route("/v1/organizations/cost_report", get(anthropic))
        .route("/v1/organizations/usage_report/messages", get(anthropic))
}

async fn openai(Shared(state): Shared<Arc<State>>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let came = Came { method, uri, headers, body: Bytes::new() };
    let act = |keys: &mut Keys, came: &Came| {
        admitted(keys, came)?;
        let is_costs = came.uri.path().ends_with("/costs");
        came.only(&["start_time", "end_time", "bucket_width", "limit", "page", "group_by"])?;
        let groups: &[&str] = match came.uri.path().rsplit('/').next() {
            Some("costs") => &["project_id", "line_item", "api_key_id"],
            Some("completions") => &["project_id", "user_id", "api_key_id", "model", "batch", "service_tier"],
            Some("images") => &["project_id", "user_id", "api_key_id", "model", "size", "source"],
            _ => &["project_id", "user_id", "api_key_id", "model"],
        };
        grouped(came, "group_by", groups)?;
        let time = |name: &str| came.parameter(name).and_then(|text| text.parse::<i64>().ok());
        let from = time("start_time").ok_or_else(|| No::wrong(400, "start_time is required"))?;
        let to = time("end_time").ok_or_else(|| No::wrong(400, "end_time"))?;
        let bucket = |day: i64, results: Vec<Value>| json!({"object": "bucket", "start_time": day, "end_time": day + DAY, "results": results});
        paged(keys, came, (from, to), if is_costs { 180 } else { 31 }, bucket)
    };
    serve(state, Step::Bill, came, act, said_no).await
}

async fn anthropic(
    Shared(state): Shared<Arc<State>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let came = Came { method, uri, headers, body: Bytes::new() };
    let act = |keys: &mut Keys, came: &Came| {
        if came.header("anthropic-version") != "2023-06-01" {
            return Err(No::wrong(400, "anthropic-version: header is required"));
        }
        if !keys.is_admin(came.header("x-api-key")) {
            return Err(No::so(401, "invalid x-api-key"));
        }
        came.only(&["starting_at", "ending_at", "bucket_width", "limit", "page", "group_by[]"])?;
        let groups: &[&str] = match came.uri.path().ends_with("/cost_report") {
            true => &["workspace_id", "description"],
            false => {
                &["api_key_id", "workspace_id", "model", "service_tier", "context_window", "inference_geo"]
            }
        };
        grouped(came, "group_by[]", groups)?;
        let time = |name: &str| {
            let at: reeve_core::time::Millis = came.parameter(name)?.parse().ok()?;
            Some(at.0 / 1_000)
        };
        let from = time("starting_at").ok_or_else(|| No::wrong(400, "starting_at is required"))?;
        let to = time("ending_at").ok_or_else(|| No::wrong(400, "ending_at"))?;
        let at = |seconds: i64| reeve_core::time::Millis(seconds * 1_000).to_string();
        let bucket = |day: i64, results: Vec<Value>| json!({"starting_at": at(day), "ending_at": at(day + DAY), "results": results});
        paged(keys, came, (from, to), 31, bucket)
    };
    let refused = |no: &No| error(no.status, &no.message, "authentication_error");
    serve(state, Step::Bill, came, act, refused).await
}

/// Every group that is asked for must be one that there is.
fn grouped(came: &Came, name: &str, there_are: &[&str]) -> Result<(), No> {
    let asked = came.query().into_iter().filter(|(n, _)| n == name);
    match asked.map(|(_, group)| group).find(|group| !there_are.contains(&group.as_str())) {
        Some(group) => Err(No::wrong(400, &format!("cannot group by {group}"))),
        None => Ok(()),
    }
}

/// The days asked for, those without results included, a page at a time.
fn paged(
    keys: &Keys,
    came: &Came,
    (from, to): (i64, i64),
    most: usize,
    bucket: impl Fn(i64, Vec<Value>) -> Value,
) -> Done {
    if came.parameter("bucket_width").is_some_and(|width| width != "1d") {
        return Err(No::wrong(400, "bucket_width"));
    }
    let limit = came.parameter("limit").map_or(Ok(7), |text| text.parse::<usize>());
    let limit = limit.ok().filter(|n| (1..=most).contains(n)).ok_or_else(|| No::wrong(400, "limit"))?;
    let limit = keys.reports.page.map_or(limit, |page| page.min(limit));
    let path = came.uri.path().to_owned();
    let days: Vec<i64> = (from.div_euclid(DAY)..to.div_euclid(DAY)).map(|day| day * DAY).collect();
    let start = match came.parameter("page") {
        None => 0,
        Some(page) => page
            .strip_prefix("page_")
            .and_then(|n| n.parse::<usize>().ok())
            .filter(|n| *n < days.len())
            .ok_or_else(|| No::wrong(400, "page"))?,
    };
    let shown = &days[start..days.len().min(start + limit)];
    let results = |day: &i64| keys.reports.days.get(&(path.clone(), *day)).cloned().unwrap_or_default();
    let data: Vec<Value> = shown.iter().map(|day| bucket(*day, results(day))).collect();
    let end = start + shown.len();
    let more = end < days.len();
    let next = more.then(|| format!("page_{end}"));
    Ok(json!({"object": "page", "data": data, "has_more": more, "next_page": next}))
}
