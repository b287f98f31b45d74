//! What a response used: tokens, and searches of the web.

use crate::openai::usage::{Answer, Reading, read};
use reeve_core::usage::Unit;
use serde::Deserialize;
use serde_json::Value;

/// Reads a whole response. What is not JSON says nothing: [`Reading::Missing`].
#[must_use]
pub fn read_answer(body: &[u8]) -> Answer {
    serde_json::from_slice::<Response>(body).unwrap_or_default().into_answer()
}

/// The members of a response that matter.
#[derive(Deserialize, Default)]
pub(super) struct Response {
    #[serde(default)]
    model: Value,
    #[serde(default)]
    service_tier: Value,
    #[serde(default)]
    usage: Value,
    #[serde(default)]
    error: Value,
    #[serde(default)]
    output: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default, rename = "type")]
    kind: Value,
    #[serde(default)]
    action: Action,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Action {
    #[serde(rename = "type")]
    kind: Value,
}

impl Response {
    pub(super) fn into_answer(self) -> Answer {
        // Opening a page that was found is part of the search.
        let is_search = |item: &&Item| {
            item.kind == "web_search_call"
                && !matches!(item.action.kind.as_str(), Some("open_page" | "find_in_page" | "find"))
        };
        let searches = self.output.iter().filter(is_search).count() as u64;
        let usage = match read(&self.usage) {
            Reading::Usage(usage) => Reading::Usage(usage.with(Unit::WebSearch, searches)),
            Reading::Contradictory { what, best } => {
                Reading::Contradictory { what, best: best.with(Unit::WebSearch, searches) }
            }
            Reading::Missing => Reading::Missing,
        };
        let tier = self.service_tier.as_str().filter(|t| matches!(*t, "flex" | "priority" | "batch"));
        Answer {
            usage,
            model: self.model.as_str().map(str::to_owned),
            service_tier: tier.map(str::to_owned),
            is_error: !self.error.is_null(),
        }
    }
}
