//! Google's `generateContent` and its siblings.

use super::super::fault::Fault;
use super::super::record::State;
use super::super::tools;
use super::play::{Asked, Sent, Shape, play, refusal};
use super::{Made, texts};
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;

struct Generate;
struct Embed;

pub(super) async fn call(
    Shared(state): Shared<Arc<State>>,
    Path(call): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let takes_key = headers.get("x-goog-api-key").is_some_and(|key| state.has_key(key.as_bytes()));
    let (model, method) = call.split_once(':').unwrap_or((&call, ""));
    let streamed = method == "streamGenerateContent";
    let model = model.to_owned();
    if method == "countTokens" && takes_key {
        let request: Value = serde_json::from_slice(&body).unwrap_or_default();
        let tokens = Generate::count(&request).counts.prompt;
        return axum::Json(json!({"totalTokens": tokens})).into_response();
    }
    if streamed && uri.query() != Some("alt=sse") {
        return Generate::error(400, "the scripted provider streams events only");
    }
    let embeds = matches!(method, "embedContent" | "batchEmbedContents");
    let asked = Asked { state, uri, headers, body, model, streamed, takes_key };
    if embeds { play::<Embed>(asked).await } else { play::<Generate>(asked).await }
}

pub(super) async fn models(Shared(state): Shared<Arc<State>>, headers: HeaderMap) -> Response {
    if !headers.get("x-goog-api-key").is_some_and(|key| state.has_key(key.as_bytes())) {
        return Generate::error(401, "API key not valid");
    }
    axum::Json(json!({"models": [{"name": "models/gemini-2.5-flash"}]})).into_response()
}

fn parts(content: &Value) -> Vec<&str> {
    texts(&content["parts"])
}

impl Shape for Generate {
    const STREAM: &'static str = "text/event-stream";

    fn error(status: u16, message: &str) -> Response {
        let word = match status {
            400 => "INVALID_ARGUMENT",
            401 => "UNAUTHENTICATED",
            429 => "RESOURCE_EXHAUSTED",
            503 => "UNAVAILABLE",
            _ => "INTERNAL",
        };
        refusal(status, json!({"error": {"code": status, "message": message, "status": word}}))
    }

    fn count(request: &Value) -> Made {
        let turns = request["contents"].as_array().map_or(&[][..], Vec::as_slice);
        let mut said = parts(&request["systemInstruction"]);
        turns.iter().for_each(|turn| said.extend(parts(turn)));
        let config = &request["generationConfig"];
        let n = config["candidateCount"].as_u64().unwrap_or(1);
        // Its caches are filled by calls of their own.
        let made = Made::of(&said, turns.len(), config["maxOutputTokens"].as_u64(), n).calling(request);
        Made { written: 0, ..made }
    }

    fn answer(made: &Made, fault: Fault, model: &str) -> Value {
        let part = made.tool.as_deref().map_or_else(|| json!({"text": made.words()}), function_call);
        let candidate = |index| json!({"index": index, "finishReason": "STOP", "content": {"role": "model", "parts": [part]}});
        let sent = made.counts.visible() * made.counts.n;
        json!({
            "candidates": (0..made.counts.n).map(candidate).collect::<Vec<_>>(),
            "usageMetadata": usage(made, fault, sent), "modelVersion": model, "responseId": "scripted",
        })
    }

    fn events(made: &Made, fault: Fault, model: &str, words: u64) -> Vec<Sent> {
        let event = |candidate: Value, sent: u64| {
            let value = json!({"candidates": [candidate], "usageMetadata": usage(made, fault, sent), "modelVersion": model});
            Sent { bytes: format!("data: {value}\r\n\r\n").into(), due: made.due(sent) }
        };
        let word = |sent: u64| {
            let index = (sent - 1) % made.counts.n.max(1);
            let part = match &made.tool {
                Some(name) if sent == 1 => function_call(name),
                Some(_) => json!({"text": ""}),
                None => json!({"text": "word "}),
            };
            json!({"index": index, "content": {"role": "model", "parts": [part]}})
        };
        let mut events: Vec<_> = (1..=words).map(|sent| event(word(sent), sent)).collect();
        let last = json!({"index": 0, "finishReason": "STOP", "content": {"role": "model", "parts": [{"text": ""}]}});
        events.push(event(last, words));
        events
    }

    fn junk() -> Bytes {
        Bytes::from_static(b"data: {\"candidates\": [{\"con\r\n\r\n")
    }
}

impl Shape for Embed {
    const STREAM: &'static str = "text/event-stream";

    fn error(status: u16, message: &str) -> Response {
        Generate::error(status, message)
    }

    fn count(request: &Value) -> Made {
        let texts: Vec<_> = match request["requests"].as_array() {
            Some(batch) => batch.iter().flat_map(|one| parts(&one["content"])).collect(),
            None => parts(&request["content"]),
        };
        let batch = request["requests"].as_array().map(Vec::len);
        Made { written: 0, batch, ..Made::of(&texts, 0, Some(0), 0) }
    }

    fn answer(made: &Made, fault: Fault, _: &str) -> Value {
        let one = json!({"values": [0.25, -0.5, 1.0]});
        let mut answer = match made.batch {
            Some(size) => json!({"embeddings": vec![one; size]}),
            None => json!({"embedding": one}),
        };
        if fault != Fault::MissingUsage {
            answer["usageMetadata"] =
                json!({"promptTokenCount": made.counts.prompt, "totalTokenCount": made.counts.prompt});
        }
        answer
    }

    fn events(_: &Made, _: Fault, _: &str, _: u64) -> Vec<Sent> {
        Vec::new()
    }

    fn junk() -> Bytes {
        Bytes::new()
    }
}

fn function_call(name: &str) -> Value {
    json!({"functionCall": {"name": name, "args": tools::arguments()}})
}

fn usage(made: &Made, fault: Fault, sent: u64) -> Value {
    if fault == Fault::MissingUsage {
        return Value::Null;
    }
    let thoughts = made.counts.reasoning * made.counts.n;
    let total = made.counts.prompt + sent + thoughts - u64::from(fault == Fault::ContradictoryUsage);
    json!({
        "promptTokenCount": made.counts.prompt, "cachedContentTokenCount": made.counts.cached,
        "candidatesTokenCount": sent, "thoughtsTokenCount": thoughts, "totalTokenCount": total,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": made.counts.prompt}],
    })
}
