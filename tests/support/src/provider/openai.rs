//! The shapes of the OpenAI API that are not chats: completions, responses, pictures, sound.

use super::answer::{self, error, whole};
use super::counts::Counts;
use super::fault::Fault;
use super::record::{Call, State};
use super::routes::{Open, deployment, event_stream, instead};
use super::tools;
use axum::Router;
use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use bytes::Bytes;
use futures_util::stream;
use reeve_core::usage::{Unit, Usage};
use serde_json::{Value, json};
use std::io;
use std::sync::Arc;

/// Seconds that every file of sound lasts here.
pub const SECONDS: u64 = 7;
/// Bytes of every answer in sound: two seconds of what is not compressed.
pub const SOUND_BYTES: usize = 96_000;

pub(super) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/v1/completions", post(|s, u, h, b| call(s, u, h, b, Kind::Completions)))
        .route("/v1/responses", post(|s, u, h, b| call(s, u, h, b, Kind::Responses)))
        .route("/openai/responses", post(|s, u, h, b| call(s, u, h, b, Kind::Responses)))
        .route("/v1/moderations", post(|s, u, h, b| call(s, u, h, b, Kind::Checked)))
        .merge(media("/v1"))
        .merge(media("/openai/deployments/{deployment}"))
}

/// Pictures and sound below `base`.
fn media(base: &str) -> Router<Arc<State>> {
    let at = |path: &str| format!("{base}/{path}");
    Router::new()
        .route(&at("images/generations"), post(|s, u, h, b| call(s, u, h, b, Kind::Images)))
        .route(&at("images/edits"), post(|s, u, h, b| call(s, u, h, b, Kind::Images)))
        .route(&at("audio/transcriptions"), post(|s, u, h, b| call(s, u, h, b, Kind::Written)))
        .route(&at("audio/translations"), post(|s, u, h, b| call(s, u, h, b, Kind::Written)))
        .route(&at("audio/speech"), post(|s, u, h, b| call(s, u, h, b, Kind::Spoken)))
}

#[derive(Clone, Copy)]
enum Kind {
    Completions,
    Responses,
    Checked,
    Images,
    Written,
    Spoken,
}

async fn call(
    Shared(state): Shared<Arc<State>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
    kind: Kind,
) -> Response {
    let request = serde_json::from_slice(&body).unwrap_or_else(|_| form(&body));
    let model = deployment(&uri).or_else(|| request["model"].as_str()).unwrap_or_default().to_owned();
    let takes_key = state.takes_key(&headers);
    let arrived = Call {
        path: uri.path().to_owned(),
        headers,
        body,
        model: model.clone(),
        fault: Fault::None,
        status: 0,
        billed: Usage::new(),
    };
    let (fault, number) = state.arrive(arrived);
    let open = Open::new(state.clone(), number, model.clone());
    let response = match takes_key {
        false => error(401, "Incorrect API key provided.", "invalid_api_key"),
        true if model.is_empty() => error(400, "you must provide a model parameter", "invalid_request_error"),
        true => match instead(fault).await {
            Some(instead) => instead,
            None => answered(open, fault, &request, kind),
        },
    };
    state.answered(number, response.status().as_u16());
    response
}

/// The texts of a form.
fn form(body: &[u8]) -> Value {
    let text = String::from_utf8_lossy(body);
    let part = |name: &str| {
        let from = text.split_once(&format!("name=\"{name}\""))?.1.split_once("\r\n\r\n")?.1;
        from.split_once("\r\n").map(|(value, _)| value.to_owned())
    };
    let pictures = text.matches("name=\"image").count() + text.matches("name=\"mask\"").count();
    json!({
        "model": part("model"), "response_format": part("response_format"), "prompt": part("prompt"),
        "n": part("n").and_then(|n| n.parse::<u64>().ok()), "pictures": pictures, "stream": part("stream").as_deref() == Some("true"),
    })
}

fn answered(open: Open, fault: Fault, request: &Value, kind: Kind) -> Response {
    let streamed = request["stream"] == true;
    let counts = counts(request);
    match kind {
        Kind::Completions if streamed => {
            let mut word = json!({"id": "cmpl-scripted", "object": "text_completion", "choices": [{"index": 0, "text": "word ", "finish_reason": null}]});
            if request["prompt"].as_str().is_some_and(|said| said.contains("zeros until the end")) {
                word["usage"] = json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0});
            }
            let last = json!({"id": "cmpl-scripted", "object": "text_completion", "choices": [], "usage": answer::usage(counts, fault)});
            let wants = request["stream_options"]["include_usage"] == true && fault != Fault::MissingUsage;
            let last = wants.then(|| event(&last)).into_iter();
            let end = last.chain([Bytes::from_static(b"data: [DONE]\n\n")]).collect();
            events(open, fault, counts, Vec::new(), &event(&word), end)
        }
        Kind::Completions => {
            let text = vec!["word"; counts.completion as usize].join(" ");
            let choice =
                |index| json!({"index": index, "text": text, "logprobs": null, "finish_reason": "stop"});
            let choices: Vec<_> = (0..counts.n).map(choice).collect();
            let told = json!({"id": "cmpl-scripted", "object": "text_completion", "created": 0, "model": request["model"], "choices": choices, "usage": answer::usage(counts, fault)});
            whole(open, fault, counts.usage(), told)
        }
        Kind::Responses => response(open, fault, request, counts, streamed),
        Kind::Checked => checked(open, fault, request),
        Kind::Images => pictures(open, fault, request),
        Kind::Written => written(open, fault, request),
        Kind::Spoken => spoken(open, fault, request),
    }
}

/// Counts as of a chat that says the same.
fn counts(request: &Value) -> Counts {
    let said = ["prompt", "input"].iter().find_map(|name| request[*name].as_str()).unwrap_or_default();
    let cap = ["max_output_tokens", "max_tokens"].iter().find_map(|name| request[*name].as_u64());
    let mut chat =
        json!({"messages": [{"role": "user", "content": said}], "n": request["n"].as_u64().unwrap_or(1)});
    if let Some(cap) = cap {
        chat["max_tokens"] = cap.into();
    }
    Counts::of_chat(&chat)
}

fn response(open: Open, fault: Fault, request: &Value, counts: Counts, streamed: bool) -> Response {
    let said = request["input"].as_str().unwrap_or_default();
    let searches =
        said.split_whitespace().find_map(|w| w.strip_prefix("searches=")?.parse().ok()).unwrap_or(0);
    let mut output = vec![
        json!({"type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "q"}});
        searches
    ];
    let text = vec!["word"; counts.visible() as usize].join(" ");
    let tool = tools::wanted(request);
    output.push(match &tool {
        Some(name) => tools::in_response(name, tools::ARGUMENTS),
        None => json!({"type": "message", "id": "msg_scripted", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": text, "annotations": []}]}),
    });
    let usage = match fault {
        Fault::MissingUsage => Value::Null,
        _ => json!({
            "input_tokens": counts.prompt, "input_tokens_details": {"cached_tokens": counts.cached},
            "output_tokens": counts.completion, "output_tokens_details": {"reasoning_tokens": counts.reasoning},
            "total_tokens": counts.prompt + counts.completion - u64::from(fault == Fault::ContradictoryUsage),
        }),
    };
    let told = json!({"id": "resp_scripted", "object": "response", "created_at": 0, "status": "completed", "error": null, "model": request["model"], "output": output, "service_tier": "default", "usage": usage, "parallel_tool_calls": true, "tools": []});
    let due = counts.usage().with(Unit::WebSearch, searches as u64);
    if !streamed {
        return whole(open, fault, due, told);
    }
    let mut begun = told.clone();
    (begun["status"], begun["usage"], begun["output"]) = (json!("in_progress"), Value::Null, json!([]));
    let start = vec![typed("response.created", json!({"response": begun}))];
    if let Some(name) = tool {
        return calling(open, fault, counts, start, &name, &told);
    }
    let word = typed(
        "response.output_text.delta",
        json!({"item_id": "msg_scripted", "output_index": 0, "content_index": 0, "delta": "word "}),
    );
    let end = vec![typed("response.completed", json!({"response": told}))];
    events(open, fault, counts, start, &word, end)
}

/// A streamed call of a tool.
fn calling(
    open: Open,
    fault: Fault,
    counts: Counts,
    mut start: Vec<Bytes>,
    name: &str,
    told: &Value,
) -> Response {
    let at = json!({"item_id": "fc_scripted", "output_index": 0});
    let with = |name: &str, value: Value| {
        let mut event = at.clone();
        event[name] = value;
        event
    };
    let delta = |piece: &str| typed("response.function_call_arguments.delta", with("delta", json!(piece)));
    start.push(typed("response.output_item.added", with("item", tools::in_response(name, ""))));
    start.push(delta(tools::ARGUMENTS));
    let item = tools::in_response(name, tools::ARGUMENTS);
    let end = vec![
        typed("response.function_call_arguments.done", with("arguments", item["arguments"].clone())),
        typed("response.output_item.done", with("item", item)),
        typed("response.completed", json!({"response": told})),
    ];
    events(open, fault, counts, start, &delta(" "), end)
}

/// What is checked is counted by those only who ask something for it.
fn checked(open: Open, fault: Fault, request: &Value) -> Response {
    let result =
        json!({"flagged": false, "categories": {"violence": false}, "category_scores": {"violence": 0.01}});
    let mut told = json!({"id": "modr-scripted", "model": request["model"], "results": [result]});
    if open.model().starts_with("omni-moderation") {
        return whole(open, fault, Usage::new(), told);
    }
    let words = request["input"].as_str().unwrap_or_default().split_whitespace().count() as u64;
    if fault != Fault::MissingUsage {
        told["usage"] = json!({"prompt_tokens": words, "completion_tokens": 0, "total_tokens": words});
    }
    whole(open, fault, Usage::tokens(words, 0), told)
}

fn pictures(open: Open, fault: Fault, request: &Value) -> Response {
    let n = request["n"].as_u64().unwrap_or(1);
    let prompt = request["prompt"].as_str().unwrap_or_default().split_whitespace().count() as u64;
    let data = vec![json!({"b64_json": "QUJD"}); n as usize];
    if !open.model().contains("image-1") {
        return whole(open, fault, Usage::new().with(Unit::Image, n), json!({"created": 0, "data": data}));
    }
    let (drawn, read) = (272 * n, 194 * request["pictures"].as_u64().unwrap_or(0));
    let usage = match fault {
        Fault::MissingUsage => Value::Null,
        _ => json!({
            "input_tokens": prompt + read, "input_tokens_details": {"text_tokens": prompt, "image_tokens": read},
            "output_tokens": drawn, "total_tokens": prompt + read + drawn - u64::from(fault == Fault::ContradictoryUsage),
        }),
    };
    let due = Usage::tokens(prompt, 0).with(Unit::ImageInput, read).with(Unit::ImageOutput, drawn);
    whole(open, fault, due, json!({"created": 0, "data": data, "usage": usage}))
}

fn written(mut open: Open, fault: Fault, request: &Value) -> Response {
    let by_token = open.model().contains("transcribe");
    let (usage, due) = if by_token {
        let usage = json!({"type": "tokens", "input_tokens": 70, "input_token_details": {"text_tokens": 2, "audio_tokens": 68}, "output_tokens": 9, "total_tokens": 79});
        (usage, Usage::tokens(2, 9).with(Unit::AudioInput, 68))
    } else {
        (json!({"type": "duration", "seconds": SECONDS}), Usage::new().with(Unit::SecondIn, SECONDS))
    };
    if request["response_format"] == "text" {
        open.due = due;
        return ([("content-type", "text/plain")], "what was said\n").into_response();
    }
    if request["stream"] == true {
        open.due = due;
        let delta = typed("transcript.text.delta", json!({"delta": "what was said"}));
        let done = typed("transcript.text.done", json!({"text": "what was said", "usage": usage}));
        return event_stream(Body::from([delta, done].concat()));
    }
    let usage = if fault == Fault::MissingUsage { Value::Null } else { usage };
    whole(open, fault, due, json!({"text": "what was said", "usage": usage}))
}

fn spoken(mut open: Open, fault: Fault, request: &Value) -> Response {
    let input = request["input"].as_str().unwrap_or_default();
    open.due = Usage::new().with(Unit::CharacterIn, input.chars().count() as u64);
    if request["stream_format"] == "sse" {
        let words = input.split_whitespace().count() as u64;
        open.due = Usage::tokens(words, 40);
        let delta = typed("speech.audio.delta", json!({"audio": "AAAA"}));
        let done = typed(
            "speech.audio.done",
            json!({"usage": {"input_tokens": words, "output_tokens": 40, "total_tokens": words + 40}}),
        );
        return event_stream(Body::from([delta, done].concat()));
    }
    let pieces = SOUND_BYTES / 4_800;
    let sent = if let Fault::Cut(after) = fault { after.min(pieces) } else { pieces };
    let broken = (sent < pieces).then(|| Err(io::Error::other("cut")));
    let sound = (0..sent).map(|_| Ok(Bytes::from_static(&[0; 4_800]))).chain(broken);
    let paced = stream::unfold((sound, open), |(mut sound, open)| async {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        let piece = sound.next()?;
        if piece.is_err() {
            tokio::time::sleep(answer::BEFORE_CUT).await;
        }
        Some((piece, (sound, open)))
    });
    ([("content-type", "audio/pcm")], Body::from_stream(paced)).into_response()
}

/// A stream: its start, an event for each visible token, its end.
fn events(
    mut open: Open,
    fault: Fault,
    counts: Counts,
    start: Vec<Bytes>,
    word: &Bytes,
    end: Vec<Bytes>,
) -> Response {
    let words = match fault {
        Fault::Huge(events) => events,
        _ => (counts.visible() * counts.n) as usize,
    };
    open.due = counts.usage_of(0);
    let starts = start.len();
    let all: Vec<Bytes> =
        start.into_iter().chain(std::iter::repeat_n(word.clone(), words)).chain(end).collect();
    let state = (all.into_iter(), open, 0usize);
    event_stream(Body::from_stream(stream::unfold(state, move |(mut all, mut open, sent)| async move {
        if matches!(fault, Fault::Cut(after) if sent == after) {
            tokio::time::sleep(answer::BEFORE_CUT).await;
            return Some((Err(io::Error::other("cut")), (Vec::new().into_iter(), open, sent + 1)));
        }
        if let Fault::Slow(pause) = fault {
            tokio::time::sleep(pause).await;
        }
        let event = all.next()?;
        let said = (sent + 1).saturating_sub(starts).min(words);
        open.due = counts.usage_of(said as u64);
        Some((Ok(event), (all, open, sent + 1)))
    })))
}

fn typed(kind: &str, mut value: Value) -> Bytes {
    value["type"] = kind.into();
    Bytes::from(format!("event: {kind}\ndata: {value}\n\n"))
}

fn event(value: &Value) -> Bytes {
    Bytes::from(format!("data: {value}\n\n"))
}
