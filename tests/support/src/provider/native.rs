//! The shapes that are not OpenAI's: Anthropic's messages, Google's `generateContent`, Bedrock's Converse.
//!
//! Tokens are counted as for a chat, by words; `written=3` in a message has three of the prompt's stored in a cache.

mod anthropic;
mod bedrock;
mod google;
mod play;

use super::counts::Counts;
use super::record::State;
use super::tools;
use axum::Router;
use axum::routing::{get, post};
use reeve_core::usage::{Unit, Usage};
use serde_json::Value;
use std::sync::Arc;

pub(super) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/v1/messages", post(anthropic::messages))
        .route("/v1/messages/count_tokens", post(anthropic::count_tokens))
        .route("/v1beta/models", get(google::models))
        .route("/v1beta/models/{call}", post(google::call))
        .route("/foundation-models", get(bedrock::models))
        .route("/model/{id}/{method}", post(bedrock::call))
}

/// What a request makes here.
#[derive(Debug, Clone)]
struct Made {
    counts: Counts,
    /// Prompt tokens stored in a cache.
    written: u64,
    /// The tool that is called instead of saying words.
    tool: Option<String>,
    /// How many embeddings at once, where it is a batch.
    batch: Option<usize>,
}

impl Made {
    fn of(texts: &[&str], messages: usize, cap: Option<u64>, n: u64) -> Self {
        let text = texts.join(" ");
        let counts = Counts::of_text(&text, messages as u64, cap, n);
        let written = Counts::said(&text, "written").unwrap_or(0).min(counts.prompt - counts.cached);
        Self { counts, written, tool: None, batch: None }
    }

    /// The same for a request that may offer tools.
    fn calling(self, request: &Value) -> Self {
        Self { tool: tools::wanted(request), ..self }
    }

    /// Prompt tokens that no cache served or stored.
    fn fresh(&self) -> u64 {
        self.counts.prompt - self.counts.cached - self.written
    }

    /// What is billed where only so many visible tokens were sent; the thinking came first.
    fn due(&self, sent: u64) -> Usage {
        Usage::tokens(self.fresh(), sent)
            .with(Unit::CacheRead, self.counts.cached)
            .with(Unit::CacheWrite, self.written)
            .with(Unit::Reasoning, self.counts.reasoning * self.counts.n)
    }

    fn words(&self) -> String {
        vec!["word"; usize::try_from(self.counts.visible()).unwrap_or(0)].join(" ")
    }
}

/// The texts of a value that is a text, or a list of blocks with a `text` each.
fn texts(content: &Value) -> Vec<&str> {
    match content {
        Value::String(text) => vec![text],
        Value::Array(blocks) => blocks.iter().filter_map(|block| block["text"].as_str()).collect(),
        _ => Vec::new(),
    }
}
