//! Reports come in pages of days.

use super::Days;
use crate::control::ControlError;
use crate::control::ask::{Ask, Show, Wire};
use http::{HeaderName, HeaderValue};
use reeve_core::time::Millis;
use reqwest::Url;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// More pages than this are no report.
const PAGES: usize = 200;

/// A page. What is not there is not "nothing": both parts are required.
#[derive(Deserialize)]
struct Page<T> {
    data: Vec<T>,
    has_more: bool,
    next_page: Option<String>,
}

/// Where a report is and how it is asked for.
pub(super) struct Report<'a> {
    pub(super) url: Url,
    pub(super) show: Show<'a>,
    pub(super) header: Option<(HeaderName, HeaderValue)>,
    pub(super) what: &'static str,
}

/// Every day of a report.
pub(super) async fn all<T: DeserializeOwned>(
    wire: &Wire,
    report: &Report<'_>,
) -> Result<Vec<T>, ControlError> {
    let host = report.url.host_str().unwrap_or_default().to_owned();
    let (mut days, mut next) = (Vec::new(), None::<String>);
    for _ in 0..PAGES {
        let mut url = report.url.clone();
        if let Some(page) = &next {
            url.query_pairs_mut().append_pair("page", page);
        }
        let mut ask = Ask::get(url, report.show);
        if let Some((name, value)) = &report.header {
            ask = ask.header(name.clone(), value.clone());
        }
        let reply = wire.send(ask, &[&host]).await?.done().map_err(ControlError::no_such_place)?;
        let page: Page<T> = reply.json(report.what)?;
        days.extend(page.data);
        if !page.has_more {
            return Ok(days);
        }
        let other = page.next_page.filter(|page| next.as_ref() != Some(page));
        next = Some(other.ok_or(ControlError::Shape("a report that goes on, without where"))?);
    }
    Err(ControlError::Shape("a report without an end"))
}

/// The day a bucket is for: a whole one in UTC, and one that was asked for.
pub(super) fn day(start: Millis, end: Millis, asked: Days) -> Result<Millis, ControlError> {
    let whole = start.0 % Millis::DAY == 0 && end.0 > start.0 && end.0 - start.0 <= Millis::DAY;
    if whole && start >= asked.from && start < asked.to {
        Ok(start)
    } else {
        Err(ControlError::Shape("a day that was not asked for"))
    }
}
