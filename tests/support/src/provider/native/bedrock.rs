//! Bedrock's Converse. Who signs with a key pair is held to the signature.

use super::super::fault::Fault;
use super::super::record::State;
use super::super::tools;
use super::play::{Asked, Sent, Shape, play, refusal};
use super::{Made, texts};
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use reeve_core::time::Millis;
use reeve_providers::bedrock::frames::Frame;
use reeve_providers::bedrock::sign::{Scope, Unsigned, headers as signed};
use serde_json::{Value, json};
use std::sync::Arc;

struct Converse;

pub(super) async fn call(
    Shared(state): Shared<Arc<State>>,
    Path((model, method)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = Asked {
        takes_key: takes_key(&state, &Method::POST, &uri, &headers, &body),
        streamed: method == "converse-stream",
        model,
        state,
        uri,
        headers,
        body,
    };
    play::<Converse>(asked).await
}

pub(super) async fn models(Shared(state): Shared<Arc<State>>, uri: Uri, headers: HeaderMap) -> Response {
    if !takes_key(&state, &Method::GET, &uri, &headers, b"") {
        return Converse::error(403, "The security token included in the request is invalid");
    }
    axum::Json(json!({"modelSummaries": [{"modelId": "amazon.nova-lite-v1:0"}]})).into_response()
}

/// A bearer that is a key, or the signature that one of the key pairs makes over this very request.
fn takes_key(state: &State, method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> bool {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let said = text("authorization");
    if let Some(bearer) = said.strip_prefix("Bearer ") {
        return state.has_key(bearer.as_bytes());
    }
    let Some(at) = time(text("x-amz-date")) else { return false };
    let url = format!("http://{}{}", text("host"), uri.path());
    let content_type = [("content-type", text("content-type"))];
    let signed_too = if *method == Method::GET { &[][..] } else { &content_type[..] };
    let unsigned = Unsigned { method, url: &url, headers: signed_too, body };
    let scope = Scope { region: "us-east-1", service: "bedrock", at };
    state.any_key(|key| {
        signed(key.as_bytes(), unsigned, scope)
            .is_ok_and(|own| own.get("authorization") == headers.get("authorization"))
    })
}

/// `20261121T120000Z`.
fn time(text: &str) -> Option<Millis> {
    let part = |range: std::ops::Range<usize>| text.get(range);
    let (date, clock) =
        ([part(0..4)?, part(4..6)?, part(6..8)?], [part(9..11)?, part(11..13)?, part(13..15)?]);
    format!("{}T{}Z", date.join("-"), clock.join(":")).parse().ok()
}

impl Shape for Converse {
    const STREAM: &'static str = "application/vnd.amazon.eventstream";

    fn error(status: u16, message: &str) -> Response {
        let kind = match status {
            400 => "ValidationException",
            401 | 403 => "AccessDeniedException",
            429 => "ThrottlingException",
            503 => "ServiceUnavailableException",
            _ => "InternalServerException",
        };
        // It says 403 where others say 401.
        let status = if status == 401 { 403 } else { status };
        let mut response = refusal(status, json!({"message": message}));
        response.headers_mut().insert("x-amzn-errortype", axum::http::HeaderValue::from_static(kind));
        response
    }

    fn count(request: &Value) -> Made {
        let messages = request["messages"].as_array().map_or(&[][..], Vec::as_slice);
        let mut said = texts(&request["system"]);
        messages.iter().for_each(|message| said.extend(texts(&message["content"])));
        let cap = request["inferenceConfig"]["maxTokens"].as_u64();
        let mut made = Made::of(&said, messages.len(), cap, 1);
        // Thinking is not told apart here.
        made.counts.reasoning = 0;
        made.calling(request)
    }

    fn answer(made: &Made, fault: Fault, _: &str) -> Value {
        let content = match &made.tool {
            Some(name) => {
                json!({"toolUse": {"toolUseId": "tooluse_scripted", "name": name, "input": tools::arguments()}})
            }
            None => json!({"text": made.words()}),
        };
        json!({
            "output": {"message": {"role": "assistant", "content": [content]}}, "stopReason": stop_reason(made),
            "usage": usage(made, fault, made.counts.completion), "metrics": {"latencyMs": 1},
        })
    }

    fn events(made: &Made, fault: Fault, _: &str, words: u64) -> Vec<Sent> {
        let event = |kind: &str, payload: Value, sent: u64| Sent {
            bytes: Frame::write(kind, false, payload.to_string()),
            due: made.due(sent),
        };
        let delta = |delta: Value| json!({"contentBlockIndex": 0, "delta": delta});
        let piece = |json: &str| delta(json!({"toolUse": {"input": json}}));
        let mut events = vec![event("messageStart", json!({"role": "assistant"}), 0)];
        let word = match &made.tool {
            Some(name) => {
                let start = json!({"toolUse": {"toolUseId": "tooluse_scripted", "name": name}});
                let start = json!({"contentBlockIndex": 0, "start": start});
                events.push(event("contentBlockStart", start, 0));
                // The arguments come at once; the space behind them is what is counted.
                events.push(event("contentBlockDelta", piece(tools::ARGUMENTS), 0));
                piece(" ")
            }
            None => delta(json!({"text": "word "})),
        };
        events.extend((1..=words).map(|sent| event("contentBlockDelta", word.clone(), sent)));
        events.push(event("contentBlockStop", json!({"contentBlockIndex": 0}), words));
        events.push(event("messageStop", json!({"stopReason": stop_reason(made)}), words));
        let end = json!({"usage": usage(made, fault, words), "metrics": {"latencyMs": 1}});
        events.push(event("metadata", end, words));
        events
    }

    fn junk() -> Bytes {
        let mut frame = Frame::write("contentBlockDelta", false, "{}").to_vec();
        if let Some(last) = frame.last_mut() {
            *last ^= 1;
        }
        frame.into()
    }
}

fn stop_reason(made: &Made) -> &'static str {
    if made.tool.is_some() { "tool_use" } else { "end_turn" }
}

fn usage(made: &Made, fault: Fault, output: u64) -> Value {
    if fault == Fault::MissingUsage {
        return Value::Null;
    }
    let total = made.counts.prompt + output - u64::from(fault == Fault::ContradictoryUsage);
    json!({
        "inputTokens": made.fresh(), "outputTokens": output, "totalTokens": total,
        "cacheReadInputTokens": made.counts.cached, "cacheWriteInputTokens": made.written,
    })
}
