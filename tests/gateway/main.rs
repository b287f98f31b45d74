//! The gateway over the wire: what a client sees, what the provider sees, and what is written down.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests stop the test, too")]

mod access;
mod anthropic;
mod audio;
mod azure;
mod bedrock;
mod budget_tree;
mod budgets;
mod captures;
mod clients;
mod completions;
mod concurrency;
mod embeddings;
mod faults;
mod forwarding;
mod google;
mod images;
mod key_rotations;
mod keys;
mod limits;
mod listener;
mod log;
mod models;
mod moderations;
mod natives;
mod prices;
mod quotas;
mod requests;
mod rerate;
mod responses;
mod routing;
mod shapes;
mod streamed;
mod streams_cut;
mod vault;
mod whole;

use serde_json::{Value, json};

/// A chat request that costs little.
fn hello(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "say hello to the world"}], "max_tokens": 20})
}

/// The same, streamed.
fn streamed_hello(model: &str) -> Value {
    let mut request = hello(model);
    request["stream"] = true.into();
    request
}
