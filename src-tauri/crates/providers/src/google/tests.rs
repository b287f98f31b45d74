use super::stream::{StreamReader, words};
use super::usage::{read, read_answer};
use super::*;
use crate::openai::RequestError;
use crate::openai::usage::{Contradiction, Reading};
use bytes::Bytes;
use reeve_core::usage::{Unit, Usage};
use serde_json::{Value, json};

const ANSWER: &[u8] = include_bytes!("../../tests/fixtures/google-generate.json");
const STREAM: &[u8] = include_bytes!("../../tests/fixtures/google-stream.sse");
const MODEL: &str = "gemini-2.5-flash";

fn asking(more: Value) -> Bytes {
    let mut request = json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]});
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    request.to_string().into()
}

#[test]
fn a_request_is_read_under_either_name() {
    let camel = asking(
        json!({"generationConfig": {"maxOutputTokens": 50, "candidateCount": 2, "thinkingConfig": {"thinkingBudget": -1}}, "serviceTier": "FLEX"}),
    );
    let snake = asking(
        json!({"generation_config": {"max_output_tokens": 50, "candidate_count": 2}, "service_tier": "SERVICE_TIER_FLEX"}),
    );
    for body in [camel, snake] {
        let request = GenerateRequest::read(MODEL, &body).unwrap();
        assert_eq!((request.max_tokens, request.candidates), (Some(50), 2));
        assert_eq!(request.service_tier.as_deref(), Some("flex"));
    }
    let bare = asking(json!({}));
    let request = GenerateRequest::read(MODEL, &bare).unwrap();
    assert_eq!((request.max_tokens, request.candidates, request.service_tier), (None, 1, None));
}

#[test]
fn a_request_that_says_two_things_is_refused() {
    let refused = |more: Value| GenerateRequest::read(MODEL, &asking(more)).unwrap_err().to_string();
    let both =
        json!({"generationConfig": {"maxOutputTokens": 1}, "generation_config": {"maxOutputTokens": 9}});
    assert_eq!(refused(both), "\"generationConfig\" appears more than once");
    let inner = json!({"generationConfig": {"maxOutputTokens": 1, "max_output_tokens": 9}});
    assert_eq!(refused(inner), "\"maxOutputTokens\" appears more than once");
    assert_eq!(refused(json!({"model": "models/gemini-2.5-pro"})), "\"model\" must be the model of the path");
    assert!(refused(json!({"generationConfig": {"maxOutputTokens": "9"}})).contains("whole number"));
    assert!(
        refused(json!({"generationConfig": {"thinkingConfig": {"thinkingBudget": "x"}}}))
            .contains("thinkingBudget")
    );
    assert!(refused(json!({"contents": 1})).contains("a list"));
    let twice = Bytes::from_static(
        br#"{"contents":[],"generationConfig":{"maxOutputTokens":1,"maxOutputTokens":9}}"#,
    );
    let error = GenerateRequest::read(MODEL, &twice).unwrap_err();
    assert!(matches!(error, RequestError::Duplicate { field: "maxOutputTokens" }));
    assert!(GenerateRequest::read(MODEL, &asking(json!({"model": "models/gemini-2.5-flash"}))).is_ok());
}

#[test]
fn a_cap_is_put_in_where_there_is_none() {
    let capped = |more: Value| {
        let body = asking(more);
        let sent = GenerateRequest::read(MODEL, &body).unwrap().upstream_body(Some(77));
        (serde_json::from_slice::<Value>(&sent).unwrap(), sent == body)
    };
    for more in [
        json!({}),
        json!({"generationConfig": null}),
        json!({"generationConfig": {}}),
        json!({"generationConfig": {"temperature": 1}}),
        json!({"generationConfig": {"maxOutputTokens": null}}),
    ] {
        let (sent, same) = capped(more.clone());
        assert!(!same && sent["generationConfig"]["maxOutputTokens"] == 77, "{more}: {sent}");
        assert_eq!(sent["contents"][0]["parts"][0]["text"], "hi");
    }
    let (sent, _) = capped(json!({"generation_config": {"top_k": 3}}));
    assert_eq!(sent["generation_config"], json!({"top_k": 3, "maxOutputTokens": 77}));
    assert!(capped(json!({"generation_config": {"max_output_tokens": 5}})).1, "the client's own cap stays");
}

#[test]
fn the_bound_covers_media_and_what_the_provider_fetches() {
    crate::tokens::warm_up();
    let of = |more: Value| super::bound(&GenerateRequest::read(MODEL, &asking(more)).unwrap());
    assert!(of(json!({})).tokens < 120);
    let part = |part: Value| of(json!({"contents": [{"parts": [part, {"text": "what is it"}]}]}));
    let picture = part(json!({"inlineData": {"mimeType": "image/png", "data": "iVBORw0K"}}));
    assert!(picture.unbounded.is_none() && picture.tokens > 4_400);
    let sound = part(json!({"inline_data": {"mime_type": "audio/wav", "data": "x".repeat(16_000)}}));
    assert!(sound.unbounded.is_none() && sound.tokens > 1_000);
    assert_eq!(
        part(json!({"inlineData": {"mimeType": "application/pdf", "data": "x"}})).unbounded,
        Some("inlineData")
    );
    assert_eq!(part(json!({"fileData": {"fileUri": "gs://a"}})).unbounded, Some("fileData"));
    assert_eq!(of(json!({"cachedContent": "cachedContents/1"})).unbounded, Some("cachedContent"));
    assert_eq!(of(json!({"tools": [{"googleSearch": {}}]})).unbounded, Some("tools"));
    let own = of(json!({"tools": [{"functionDeclarations": [{"name": "add"}]}]}));
    assert!(own.unbounded.is_none() && own.tokens > 512);
}

#[test]
fn every_kind_of_token_has_its_bucket() {
    let answer = read_answer(ANSWER);
    // Of 290 fresh prompt tokens 258 are a picture's and 32 sound's; ten came from a tool.
    let used = Usage::tokens(10, 40)
        .with(Unit::ImageInput, 258)
        .with(Unit::AudioInput, 32)
        .with(Unit::CacheRead, 900)
        .with(Unit::CacheReadAudio, 100)
        .with(Unit::Reasoning, 25);
    assert_eq!(used.input_tokens() + used.output_tokens(), 1_365, "the provider's own total");
    assert_eq!(answer.usage, Reading::Usage(used));
    assert_eq!(answer.model.as_deref(), Some("gemini-2.5-flash"));
    assert!(read_answer(br#"{"error":{"code":429}}"#).is_error);
}

#[test]
fn counts_that_cannot_be_are_flagged_and_the_larger_ones_count() {
    for (usage, what, best) in [
        (
            json!({"promptTokenCount": 8, "candidatesTokenCount": 2, "totalTokenCount": 15}),
            Contradiction::Total,
            Usage::tokens(8, 2).with(Unit::Reasoning, 5),
        ),
        (
            json!({"candidatesTokenCount": 2, "totalTokenCount": 9}),
            Contradiction::NoPrompt,
            Usage::tokens(7, 2),
        ),
        (
            json!({"promptTokenCount": 8, "cachedContentTokenCount": 9, "candidatesTokenCount": 2}),
            Contradiction::PromptParts,
            Usage::tokens(0, 2).with(Unit::CacheRead, 8),
        ),
        (
            json!({"promptTokenCount": -8, "candidatesTokenCount": 2}),
            Contradiction::NotACount("promptTokenCount"),
            Usage::tokens(0, 2),
        ),
        (json!({}), Contradiction::NoPrompt, Usage::new()),
        (json!("x"), Contradiction::NotAnObject, Usage::new()),
    ] {
        assert_eq!(read(&usage), Reading::Contradictory { what, best }, "{usage}");
    }
}

#[test]
fn a_stream_is_read_to_its_last_counts_and_passed_on_unchanged() {
    for size in [1, 50, STREAM.len()] {
        let (mut reader, mut out) = (StreamReader::default(), Vec::new());
        for piece in STREAM.chunks(size) {
            reader.push(Bytes::copy_from_slice(piece), &mut out).unwrap();
        }
        assert_eq!(out.concat(), STREAM);
        assert!(reader.is_finished());
        let used = Usage::tokens(8, 20).with(Unit::Reasoning, 60).with(Unit::WebSearch, 2);
        assert_eq!(reader.answer().usage, Reading::Usage(used));
    }
}

#[test]
fn a_cut_stream_says_what_it_had_counted() {
    let second = STREAM.windows(2).enumerate().filter(|(_, w)| w == b"\n\n").nth(1).unwrap().0 + 2;
    let (mut reader, mut out) = (StreamReader::default(), Vec::new());
    reader.push(Bytes::copy_from_slice(&STREAM[..second]), &mut out).unwrap();
    assert!(!reader.is_finished() && reader.answer().usage == Reading::Missing);
    assert_eq!(reader.begun(), Some(Usage::tokens(8, 12).with(Unit::Reasoning, 60)));
    let mut text = String::new();
    let events = String::from_utf8(out.concat()).unwrap();
    let data = events.lines().filter_map(|line| line.strip_prefix("data: "));
    assert!(data.map(|d| words(d.as_bytes(), &mut text)).all(|n| n == Some(0)));
    assert_eq!(text, "Why did the chicken{\"name\": \"cross\",\"args\": {\"road\": \"A1\"}}");
    let made = json!({"candidates": [{"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "aaaa"}}]}}]});
    assert_eq!(words(made.to_string().as_bytes(), &mut text), Some(2_520));
}

#[test]
fn a_blocked_prompt_is_charged_for_the_prompt() {
    let mut reader = StreamReader::default();
    let event = "data: {\"promptFeedback\":{\"blockReason\":\"SAFETY\"},\"usageMetadata\":{\"promptTokenCount\":9,\"totalTokenCount\":9}}\n\n";
    reader.push(event.into(), &mut Vec::new()).unwrap();
    assert_eq!(reader.answer().usage, Reading::Usage(Usage::tokens(9, 0)));
}

#[test]
fn embeddings_are_bounded_and_name_one_model() {
    let one = Bytes::from(
        json!({"model": "models/gemini-embedding-001", "content": {"parts": [{"text": "a b c"}]}})
            .to_string(),
    );
    let request = EmbedRequest::read("gemini-embedding-001", &one).unwrap();
    assert!((3..40).contains(&super::bound_embedding(&request).tokens));
    let many = Bytes::from(
        json!({"requests": [{"model": "models/other", "content": {"parts": [{"text": "a"}]}}]}).to_string(),
    );
    assert!(EmbedRequest::read("gemini-embedding-001", &many).is_err());
}
