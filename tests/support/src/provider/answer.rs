//! Whole answers.

use super::counts::Counts;
use super::fault::Fault;
use super::routes::Open;
use super::tools;
use axum::body::Body;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use reeve_core::usage::Usage;
use serde_json::{Value, json};
use std::io;
use std::time::Duration;

/// How long what was sent has to leave before the connection breaks.
pub(super) const BEFORE_CUT: Duration = Duration::from_millis(20);

pub(super) fn error(status: u16, message: &str, code: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = json!({"error": {"message": message, "type": code, "param": null, "code": code}});
    (status, axum::Json(body)).into_response()
}

/// The `usage` that goes with an answer; none where that is the fault.
pub(super) fn usage(counts: Counts, fault: Fault) -> Value {
    match fault {
        Fault::MissingUsage => Value::Null,
        Fault::ContradictoryUsage => counts.to_json(1),
        _ => counts.to_json(0),
    }
}

pub(super) fn chat(counts: Counts, fault: Fault, model: &str, tool: Option<&str>) -> Value {
    let content = vec!["word"; usize::try_from(counts.visible()).unwrap_or(0)].join(" ");
    let message = match tool {
        Some(name) => {
            json!({"role": "assistant", "content": null, "refusal": null, "tool_calls": tools::in_chat(name)})
        }
        None => json!({"role": "assistant", "content": content, "refusal": null}),
    };
    let finish = finish(tool);
    let choice =
        |index| json!({"index": index, "message": message, "logprobs": null, "finish_reason": finish});
    let mut answer = json!({
        "id": "chatcmpl-scripted", "object": "chat.completion", "created": 1_761_955_200, "model": model,
        "choices": (0..counts.n).map(choice).collect::<Vec<_>>(), "service_tier": "default",
    });
    set_usage(&mut answer, usage(counts, fault));
    answer
}

/// Why a chat ends.
pub(super) fn finish(tool: Option<&str>) -> &'static str {
    if tool.is_some() { "tool_calls" } else { "stop" }
}

pub(super) fn embeddings(request: &Value, counts: Counts, fault: Fault) -> Value {
    let inputs = match &request["input"] {
        Value::Array(items) if !items.iter().all(Value::is_number) => items.len(),
        _ => 1,
    };
    let item = |index| json!({"object": "embedding", "index": index, "embedding": [0.25, -0.5, 1.0]});
    let mut answer = json!({"object": "list", "data": (0..inputs).map(item).collect::<Vec<_>>(), "model": request["model"]});
    set_usage(&mut answer, usage(counts, fault));
    answer
}

fn set_usage(answer: &mut Value, usage: Value) {
    if !usage.is_null() {
        answer["usage"] = usage;
    }
}

/// Sends a whole answer, or as much of it as the fault leaves.
pub(super) fn whole(mut open: Open, fault: Fault, due: Usage, answer: Value) -> Response {
    open.due = due;
    let mut text = answer.to_string();
    if fault == Fault::MalformedJson {
        text.truncate(text.len() / 2);
    }
    if !matches!(fault, Fault::Cut(_)) {
        return ([("content-type", "application/json"), ("x-request-id", "req_scripted")], text)
            .into_response();
    }
    let half = Bytes::from(text.split_at(text.len() / 2).0.to_owned());
    // Billed when the connection breaks, not before.
    let broken = stream::unfold(Some((half, open, false)), |state| async {
        let (half, open, sent) = state?;
        if sent {
            tokio::time::sleep(BEFORE_CUT).await;
            return Some((Err(io::Error::other("cut")), None));
        }
        Some((Ok(half.clone()), Some((half, open, true))))
    });
    ([("content-type", "application/json")], Body::from_stream(broken)).into_response()
}
