//! Anthropic's messages.

use super::super::fault::Fault;
use super::super::record::State;
use super::super::tools;
use super::play::{Asked, Sent, Shape, play, refusal};
use super::{Made, texts};
use axum::extract::State as Shared;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;

struct Messages;

pub(super) async fn messages(
    Shared(state): Shared<Arc<State>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let asked = Asked {
        takes_key: takes_key(&state, &headers),
        model: request["model"].as_str().unwrap_or_default().to_owned(),
        streamed: request["stream"] == true,
        state,
        uri,
        headers,
        body,
    };
    play::<Messages>(asked).await
}

pub(super) async fn count_tokens(
    Shared(state): Shared<Arc<State>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !takes_key(&state, &headers) {
        return Messages::error(401, "invalid x-api-key");
    }
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    axum::Json(json!({"input_tokens": Messages::count(&request).counts.prompt})).into_response()
}

/// The key, and the version that every call must name.
fn takes_key(state: &State, headers: &HeaderMap) -> bool {
    let key = headers.get("x-api-key").is_some_and(|key| state.has_key(key.as_bytes()));
    key && headers.contains_key("anthropic-version")
}

impl Shape for Messages {
    const STREAM: &'static str = "text/event-stream; charset=utf-8";

    fn error(status: u16, message: &str) -> Response {
        let kind = match status {
            400 => "invalid_request_error",
            401 => "authentication_error",
            429 => "rate_limit_error",
            529 => "overloaded_error",
            _ => "api_error",
        };
        refusal(status, json!({"type": "error", "error": {"type": kind, "message": message}}))
    }

    fn count(request: &Value) -> Made {
        let messages = request["messages"].as_array().map_or(&[][..], Vec::as_slice);
        let mut said = texts(&request["system"]);
        messages.iter().for_each(|message| said.extend(texts(&message["content"])));
        Made::of(&said, messages.len(), request["max_tokens"].as_u64(), 1).calling(request)
    }

    fn answer(made: &Made, fault: Fault, model: &str) -> Value {
        let content = match &made.tool {
            Some(name) => tool_use(name, tools::arguments()),
            None => json!({"type": "text", "text": made.words()}),
        };
        json!({
            "id": "msg_scripted", "type": "message", "role": "assistant", "model": model,
            "content": [content], "stop_reason": stop_reason(made), "stop_sequence": null,
            "usage": usage(made, fault, made.counts.completion),
        })
    }

    fn events(made: &Made, fault: Fault, model: &str, words: u64) -> Vec<Sent> {
        let event = |value: Value, sent: u64| {
            let kind = value["type"].as_str().unwrap_or_default();
            Sent { bytes: format!("event: {kind}\ndata: {value}\n\n").into(), due: made.due(sent) }
        };
        let message = json!({
            "id": "msg_scripted", "type": "message", "role": "assistant", "model": model, "content": [],
            "stop_reason": null, "stop_sequence": null, "usage": usage(made, fault, 1),
        });
        let delta = |delta: Value| json!({"type": "content_block_delta", "index": 0, "delta": delta});
        let piece = |json: &str| delta(json!({"type": "input_json_delta", "partial_json": json}));
        let (block, word) = match &made.tool {
            Some(name) => (tool_use(name, json!({})), piece(" ")),
            None => {
                (json!({"type": "text", "text": ""}), delta(json!({"type": "text_delta", "text": "word "})))
            }
        };
        let mut events = vec![
            event(json!({"type": "message_start", "message": message}), 0),
            event(json!({"type": "content_block_start", "index": 0, "content_block": block}), 0),
            event(json!({"type": "ping"}), 0),
        ];
        // The arguments come at once; the space behind them is what is counted.
        events.extend(made.tool.as_ref().map(|_| event(piece(tools::ARGUMENTS), 0)));
        events.extend((1..=words).map(|sent| event(word.clone(), sent)));
        let mut end = json!({"type": "message_delta", "delta": {"stop_reason": stop_reason(made), "stop_sequence": null}});
        // The end says the sums alone.
        end["usage"] = usage(made, fault, words + made.counts.reasoning);
        if let Some(usage) = end["usage"].as_object_mut() {
            usage.remove("cache_creation");
            usage.remove("service_tier");
        }
        events.push(event(json!({"type": "content_block_stop", "index": 0}), words));
        events.push(event(end, words));
        events.push(event(json!({"type": "message_stop"}), words));
        events
    }

    fn junk() -> Bytes {
        Bytes::from_static(b"event: content_block_delta\ndata: {\"type\":\"content_blo\n\n")
    }
}

fn tool_use(name: &str, input: Value) -> Value {
    json!({"type": "tool_use", "id": "toolu_scripted", "name": name, "input": input})
}

fn stop_reason(made: &Made) -> &'static str {
    if made.tool.is_some() { "tool_use" } else { "end_turn" }
}

fn usage(made: &Made, fault: Fault, output: u64) -> Value {
    match fault {
        Fault::MissingUsage => Value::Null,
        // Nobody generates less than nothing.
        Fault::ContradictoryUsage => json!({"input_tokens": made.fresh(), "output_tokens": -1}),
        _ => json!({
            "input_tokens": made.fresh(),
            "cache_read_input_tokens": made.counts.cached,
            "cache_creation_input_tokens": made.written,
            "cache_creation": {"ephemeral_5m_input_tokens": made.written, "ephemeral_1h_input_tokens": 0},
            "output_tokens": output,
            "output_tokens_details": {"thinking_tokens": made.counts.reasoning.min(output)},
            "service_tier": "standard",
        }),
    }
}
