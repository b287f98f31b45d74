use super::stream::{StreamReader, words};
use super::usage::{read, read_answer};
use super::*;
use crate::openai::RequestError;
use crate::openai::usage::{Contradiction, Reading};
use bytes::Bytes;
use reeve_core::usage::{Unit, Usage};
use serde_json::{Value, json};

const MESSAGE: &[u8] = include_bytes!("../../tests/fixtures/anthropic-message.json");
const STREAM: &[u8] = include_bytes!("../../tests/fixtures/anthropic-stream.sse");

fn body(json: &Value) -> Bytes {
    json.to_string().into()
}

fn asking(more: Value) -> Bytes {
    let mut request = json!({"model": "claude-sonnet-4-5", "max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]});
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    body(&request)
}

#[test]
fn a_request_is_read_for_what_matters() {
    let body = asking(json!({
        "stream": true, "service_tier": "auto", "metadata": {"user_id": "u-1"}, "something_new": {"a": 1},
        "thinking": {"type": "enabled", "budget_tokens": 50},
        "tools": [{"name": "add", "input_schema": {}}, {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}],
    }));
    let request = MessagesRequest::read(&body).unwrap();
    assert_eq!((&*request.model, request.stream, request.max_tokens), ("claude-sonnet-4-5", true, 100));
    assert_eq!((request.user.as_deref(), request.service_tier.as_deref()), (Some("u-1"), Some("auto")));
    assert_eq!(request.searches, Some(3));
    let endless = asking(json!({"tools": [{"type": "web_search_20260318", "name": "web_search"}]}));
    let request = MessagesRequest::read(&endless).unwrap();
    assert_eq!(request.searches, None);
    let bounded: Value = serde_json::from_slice(&request.upstream_body(None)).unwrap();
    assert_eq!(bounded["tools"][0]["max_uses"], SEARCHES);
    assert_eq!(MessagesRequest::read(&body).unwrap().upstream_body(None), body, "it says how often");
    let bare = asking(json!({}));
    let request = MessagesRequest::read(&bare).unwrap();
    assert_eq!(request.searches, Some(0));
    let renamed: Value = serde_json::from_slice(&request.upstream_body(Some("claude-opus-5"))).unwrap();
    assert_eq!(
        (renamed["model"].as_str(), renamed["max_tokens"].as_u64()),
        (Some("claude-opus-5"), Some(100))
    );
}

#[test]
fn a_request_that_says_two_things_is_refused() {
    let twice = Bytes::from_static(br#"{"model":"a","max_tokens":1,"max_tokens":9,"messages":[]}"#);
    assert!(matches!(MessagesRequest::read(&twice), Err(RequestError::Duplicate { field: "max_tokens" })));
    let inner = Bytes::from_static(
        br#"{"model":"a","max_tokens":1,"messages":[],"tools":[{"type":"web_search_20250305","max_uses":1,"max_uses":9}]}"#,
    );
    assert!(matches!(MessagesRequest::read(&inner), Err(RequestError::Duplicate { field: "max_uses" })));
    for (more, field) in [
        (json!({"max_tokens": null}), "max_tokens"),
        (json!({"max_tokens": "100"}), "max_tokens"),
        (json!({"max_tokens": -1}), "max_tokens"),
        (json!({"messages": "hi"}), "messages"),
        (json!({"stream": "yes"}), "stream"),
        (json!({"thinking": {"budget_tokens": 1.5}}), "budget_tokens"),
        (json!({"metadata": []}), "metadata"),
        (json!({"Model": "b"}), "model"),
        (json!({"tools": ["x"]}), "tools"),
    ] {
        let body = asking(more);
        let error = MessagesRequest::read(&body).unwrap_err();
        assert!(error.field() == Some(field) || field == "tools", "{error}");
    }
}

#[test]
fn what_changes_the_price_unseen_is_refused() {
    for more in [
        json!({"speed": "fast"}),
        json!({"inference_geo": "us"}),
        json!({"fallbacks": [{"model": "claude-opus-5"}]}),
        json!({"tools": [{"type": "advisor_20260301", "model": "claude-opus-5"}]}),
    ] {
        let body = asking(more);
        assert!(matches!(MessagesRequest::read(&body), Err(RequestError::Unpriceable { .. })), "{body:?}");
    }
    assert!(
        MessagesRequest::read(&asking(
            json!({"speed": "standard", "inference_geo": "global", "fallbacks": []})
        ))
        .is_ok()
    );
}

#[test]
fn the_bound_covers_pictures_tools_and_what_the_provider_fetches() {
    crate::tokens::warm_up();
    let of = |more: Value| {
        let body = asking(more);
        super::bound(&MessagesRequest::read(&body).unwrap())
    };
    let plain = of(json!({}));
    assert!(plain.unbounded.is_none() && plain.tokens < 120, "{plain:?}");
    let picture = json!([{"role": "user", "content": [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0K"}},
        {"type": "text", "text": "what is it", "cache_control": {"type": "ephemeral"}},
    ]}]);
    let picture = of(json!({"messages": picture}));
    assert!(picture.unbounded.is_none() && picture.tokens > 8_192);
    let text = json!([{"role": "user", "content": [{"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "word ".repeat(100)}}]}]);
    let text = of(json!({"messages": text}));
    assert!(text.unbounded.is_none() && text.tokens > 100);
    let file = json!([{"role": "user", "content": [{"type": "document", "source": {"type": "url", "url": "https://x.example/a.pdf"}}]}]);
    assert_eq!(of(json!({"messages": file})).unbounded, Some("document"));
    let search = json!([{"type": "web_search_20250305", "name": "web_search", "max_uses": 1}]);
    assert_eq!(of(json!({"tools": search})).unbounded, Some("tools"));
    assert_eq!(of(json!({"mcp_servers": [{"url": "https://x.example"}]})).unbounded, Some("mcp_servers"));
    let known = of(json!({"tools": [{"type": "bash_20250124", "name": "bash"}]}));
    assert!(known.unbounded.is_none() && known.tokens > 2_500);
    let told = json!([{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": [
        {"type": "image", "source": {"type": "url", "url": "https://x.example/a.png"}}]}]}]);
    assert!(of(json!({"messages": told})).tokens > 8_192, "pictures within results count, too");
}

#[test]
fn every_kind_of_token_has_its_bucket() {
    let answer = read_answer(MESSAGE);
    let used = Usage::tokens(21, 273)
        .with(Unit::CacheRead, 5_000)
        .with(Unit::CacheWrite, 388)
        .with(Unit::CacheWrite1h, 1_000)
        .with(Unit::Reasoning, 120)
        .with(Unit::WebSearch, 2);
    assert_eq!(answer.usage, Reading::Usage(used.clone()));
    assert_eq!((used.input_tokens(), used.output_tokens()), (21 + 1_388 + 5_000, 393));
    assert_eq!(answer.model.as_deref(), Some("claude-sonnet-4-5-20250929"));
    assert!(!answer.is_error && answer.service_tier.is_none());
    let error = read_answer(include_bytes!("../../tests/fixtures/anthropic-error.json"));
    assert!(error.is_error && error.usage == Reading::Missing);
    assert_eq!(read_answer(b"<html>").usage, Reading::Missing);
}

#[test]
fn what_a_compaction_used_is_added() {
    let usage = json!({"input_tokens": 10, "output_tokens": 5, "iterations": [
        {"type": "compaction", "input_tokens": 1000, "output_tokens": 200, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0},
        {"type": "message", "input_tokens": 10, "output_tokens": 5},
    ]});
    assert_eq!(read(&usage), Reading::Usage(Usage::tokens(1_010, 205)));
}

#[test]
fn counts_that_cannot_be_are_flagged_and_the_larger_ones_count() {
    for (usage, what, best) in [
        (
            json!({"input_tokens": -3, "output_tokens": 5}),
            Contradiction::NotACount("input_tokens"),
            Usage::tokens(0, 5),
        ),
        (json!({"output_tokens": 5}), Contradiction::NoPrompt, Usage::tokens(0, 5)),
        (json!({"input_tokens": 0, "output_tokens": 0}), Contradiction::Nothing, Usage::new()),
        (
            json!({"input_tokens": 1, "output_tokens": 2, "output_tokens_details": {"thinking_tokens": 9}}),
            Contradiction::CompletionParts,
            Usage::tokens(1, 0).with(Unit::Reasoning, 9),
        ),
        (
            json!({"input_tokens": 1, "output_tokens": 2, "cache_creation_input_tokens": 5, "cache_creation": {"ephemeral_1h_input_tokens": 9}}),
            Contradiction::CacheParts,
            Usage::tokens(1, 2).with(Unit::CacheWrite1h, 9),
        ),
        (json!([1]), Contradiction::NotAnObject, Usage::new()),
    ] {
        assert_eq!(read(&usage), Reading::Contradictory { what, best }, "{usage}");
    }
    assert_eq!(read(&Value::Null), Reading::Missing);
}

fn push_all(pieces: &[&[u8]]) -> (StreamReader, Vec<u8>) {
    let (mut reader, mut out) = (StreamReader::default(), Vec::new());
    for piece in pieces {
        reader.push(Bytes::copy_from_slice(piece), &mut out).unwrap();
    }
    (reader, out.concat())
}

#[test]
fn a_stream_is_read_to_its_last_counts_and_passed_on_unchanged() {
    for size in [1, 7, 100, STREAM.len()] {
        let pieces: Vec<_> = STREAM.chunks(size).collect();
        let (reader, out) = push_all(&pieces);
        assert_eq!(out, STREAM);
        assert!(reader.is_done());
        let used = Usage::tokens(10_682, 510)
            .with(Unit::CacheRead, 40)
            .with(Unit::CacheWrite, 100)
            .with(Unit::WebSearch, 1);
        assert_eq!(reader.answer().usage, Reading::Usage(used));
        assert_eq!(reader.answer().model.as_deref(), Some("claude-opus-4-8"));
    }
}

#[test]
fn a_cut_stream_says_what_went_in_and_its_words_are_counted() {
    let cut = STREAM.windows(20).position(|w| w == b"event: message_delta").unwrap();
    let (reader, out) = push_all(&[&STREAM[..cut]]);
    assert!(!reader.is_done() && reader.answer().usage == Reading::Missing);
    let begun = reader.begun().unwrap();
    assert_eq!(
        (begun.get(Unit::Input), begun.get(Unit::CacheWrite), begun.get(Unit::CacheRead)),
        (2_679, 100, 40)
    );
    let mut text = String::new();
    let events = String::from_utf8(out).unwrap();
    for data in events.lines().filter_map(|line| line.strip_prefix("data: ")) {
        assert_eq!(words(data.as_bytes(), &mut text), Some(0));
    }
    assert_eq!(text, "Let me look it up.get_weather{\"location\": \"Bergen\"}");
}

#[test]
fn an_error_within_a_stream_is_one() {
    let event = b"event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
    let (reader, _) = push_all(&[&STREAM[..600], b"\n\n", event]);
    assert!(reader.answer().is_error && !reader.is_done());
}
