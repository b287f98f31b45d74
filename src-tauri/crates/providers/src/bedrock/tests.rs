use super::frames::{Frame, FrameError, Splitter};
use super::stream::{StreamReader, words};
use super::usage::{read, read_answer};
use super::*;
use crate::openai::RequestError;
use crate::openai::usage::{Contradiction, Reading};
use bytes::Bytes;
use proptest::prelude::*;
use reeve_core::usage::{Unit, Usage};
use serde_json::{Value, json};

const ANSWER: &[u8] = include_bytes!("../../tests/fixtures/bedrock-converse.json");

/// The first vector of the specification's own: a frame with no header and no payload.
const EMPTY_MESSAGE: [u8; 16] = [0, 0, 0, 0x10, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff];

fn asking(more: Value) -> Bytes {
    let mut request = json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]});
    for (name, value) in more.as_object().unwrap() {
        request[name] = value.clone();
    }
    request.to_string().into()
}

fn event(kind: &str, payload: &Value) -> Bytes {
    Frame::write(kind, false, payload.to_string())
}

fn stream() -> Vec<Bytes> {
    vec![
        event("messageStart", &json!({"role": "assistant"})),
        event(
            "contentBlockStart",
            &json!({"contentBlockIndex": 0, "start": {"toolUse": {"toolUseId": "t", "name": "add"}}}),
        ),
        event(
            "contentBlockDelta",
            &json!({"contentBlockIndex": 0, "delta": {"toolUse": {"input": "{\"a\":1}"}}}),
        ),
        event(
            "contentBlockDelta",
            &json!({"contentBlockIndex": 1, "delta": {"reasoningContent": {"text": "Hmm"}}}),
        ),
        event(
            "contentBlockDelta",
            &json!({"contentBlockIndex": 2, "delta": {"text": "Hello"}, "p": "abcdef"}),
        ),
        event("contentBlockStop", &json!({"contentBlockIndex": 2})),
        event("messageStop", &json!({"stopReason": "end_turn"})),
        event(
            "metadata",
            &json!({"usage": {"inputTokens": 9, "outputTokens": 7, "totalTokens": 16}, "metrics": {"latencyMs": 3}, "serviceTier": {"type": "priority"}}),
        ),
    ]
}

#[test]
fn a_request_is_read_for_what_matters() {
    let body = asking(json!({
        "inferenceConfig": {"maxTokens": 64, "temperature": 0.5}, "serviceTier": {"type": "flex"},
        "requestMetadata": {"user": "u-1"}, "additionalModelRequestFields": {"top_k": 5},
    }));
    let request = ConverseRequest::read(&body).unwrap();
    assert_eq!((request.max_tokens, request.service_tier.as_deref()), (Some(64), Some("flex")));
    assert_eq!(request.user.as_deref(), Some("u-1"));
    for more in [
        json!({"inferenceConfig": {"maxTokens": "64"}}),
        json!({"inferenceConfig": [1]}),
        json!({"messages": {}}),
        json!({"InferenceConfig": {"maxTokens": 1}}),
        json!({"additionalModelRequestFields": {"max_tokens": 100_000}}),
    ] {
        assert!(ConverseRequest::read(&asking(more.clone())).is_err(), "{more}");
    }
    let fast = asking(json!({"performanceConfig": {"latency": "optimized"}}));
    let error = ConverseRequest::read(&fast).unwrap_err();
    assert!(matches!(error, RequestError::Unpriceable { field: "performanceConfig" }));
}

#[test]
fn a_cap_is_put_in_where_there_is_none() {
    for more in [
        json!({}),
        json!({"inferenceConfig": null}),
        json!({"inferenceConfig": {}}),
        json!({"inferenceConfig": {"topP": 1}}),
        json!({"inferenceConfig": {"maxTokens": null}}),
    ] {
        let body = asking(more.clone());
        let sent = ConverseRequest::read(&body).unwrap().upstream_body(Some(77));
        let sent: Value = serde_json::from_slice(&sent).unwrap();
        assert_eq!(sent["inferenceConfig"]["maxTokens"], 77, "{more}: {sent}");
    }
    let own = asking(json!({"inferenceConfig": {"maxTokens": 5}}));
    assert_eq!(ConverseRequest::read(&own).unwrap().upstream_body(Some(77)), own);
}

#[test]
fn the_bound_covers_media_and_what_the_provider_fetches() {
    crate::tokens::warm_up();
    let of = |more: Value| super::bound(&ConverseRequest::read(&asking(more)).unwrap());
    assert!(of(json!({})).tokens < 250);
    let block = |block: Value| of(json!({"messages": [{"role": "user", "content": [block]}]}));
    assert!(block(json!({"image": {"format": "png", "source": {"bytes": "iVBO"}}})).tokens > 8_192);
    assert_eq!(block(json!({"video": {"format": "mp4", "source": {}}})).unbounded, Some("video"));
    assert_eq!(block(json!({"document": {"source": {"bytes": "JVBE"}}})).unbounded, Some("document"));
    assert_eq!(block(json!({"document": {"name": "a", "source": {"text": "some words"}}})).unbounded, None);
    let told =
        json!({"toolResult": {"toolUseId": "t", "content": [{"image": {"source": {"bytes": "iVBO"}}}]}});
    assert!(block(told).tokens > 8_192);
    let system_tool = json!({"toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]}});
    assert_eq!(of(system_tool).unbounded, Some("toolConfig"));
    let own = json!({"toolConfig": {"tools": [{"toolSpec": {"name": "add"}}, {"cachePoint": {"type": "default"}}]}});
    assert_eq!(of(own).unbounded, None);
}

#[test]
fn every_kind_of_token_has_its_bucket() {
    let answer = read_answer(ANSWER);
    let used = Usage::tokens(30, 628)
        .with(Unit::CacheRead, 2_000)
        .with(Unit::CacheWrite1h, 600)
        .with(Unit::CacheWrite, 400);
    assert_eq!(used.input_tokens() + used.output_tokens(), 3_658, "the provider's own total");
    assert_eq!(answer.usage, Reading::Usage(used));
    assert_eq!(answer.service_tier.as_deref(), Some("flex"));
    // An older shape of the total, without the cache.
    let older = json!({"inputTokens": 30, "outputTokens": 5, "totalTokens": 35, "cacheReadInputTokens": 100});
    assert_eq!(read(&older), Reading::Usage(Usage::tokens(30, 5).with(Unit::CacheRead, 100)));
}

#[test]
fn counts_that_cannot_be_are_flagged_and_the_larger_ones_count() {
    for (usage, what, best) in [
        (
            json!({"inputTokens": 8, "outputTokens": 2, "totalTokens": 15}),
            Contradiction::Total,
            Usage::tokens(8, 7),
        ),
        (
            json!({"inputTokens": 8, "outputTokens": 2, "totalTokens": 3}),
            Contradiction::Total,
            Usage::tokens(8, 2),
        ),
        (
            json!({"inputTokens": 8, "outputTokens": -2}),
            Contradiction::NotACount("outputTokens"),
            Usage::tokens(8, 0),
        ),
        (json!({"outputTokens": 2}), Contradiction::NoPrompt, Usage::tokens(0, 2)),
        (
            json!({"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}),
            Contradiction::Nothing,
            Usage::new(),
        ),
    ] {
        assert_eq!(read(&usage), Reading::Contradictory { what, best }, "{usage}");
    }
}

#[test]
fn a_stream_is_read_to_its_usage_and_passed_on_unchanged() {
    let frames = stream();
    let (mut reader, mut out, mut text) = (StreamReader::new(), Vec::new(), String::new());
    for frame in &frames {
        assert!(!reader.is_done());
        reader.push(frame, &mut out).unwrap();
        assert_eq!(words(frame, &mut text), Some(0));
    }
    assert_eq!(out, frames);
    assert_eq!(text, "add{\"a\":1}HmmHello");
    assert!(reader.is_done());
    assert_eq!(reader.answer().usage, Reading::Usage(Usage::tokens(9, 7)));
    assert_eq!(reader.answer().service_tier.as_deref(), Some("priority"));
}

#[test]
fn an_exception_within_a_stream_is_an_error() {
    let mut reader = StreamReader::new();
    let exception = Frame::write("throttlingException", true, r#"{"message":"slow down"}"#);
    reader.push(&exception, &mut Vec::new()).unwrap();
    assert!(reader.answer().is_error && !reader.is_done());
}

#[test]
fn the_specifications_own_vector_reads() {
    let mut splitter = Splitter::default();
    splitter.push(&EMPTY_MESSAGE);
    let frame = splitter.next().unwrap().unwrap();
    assert_eq!((&frame.raw[..], frame.payload.len()), (&EMPTY_MESSAGE[..], 0));
    assert!(splitter.next().is_none() && splitter.is_whole());
}

#[test]
fn a_flipped_bit_anywhere_is_noticed() {
    let frame = event("contentBlockDelta", &json!({"delta": {"text": "Hello"}}));
    for at in 0..frame.len() {
        let mut damaged = frame.to_vec();
        damaged[at] ^= 1;
        let mut splitter = Splitter::default();
        splitter.push(&damaged);
        // A longer length waits for bytes that never come, which is noticed at the end of the stream.
        match splitter.next() {
            None => assert!(!splitter.is_whole() && at < 4, "byte {at}"),
            Some(taken) => assert!(taken.is_err(), "byte {at}"),
        }
    }
    let mut splitter = Splitter::default();
    splitter.push(&u32::MAX.to_be_bytes());
    assert_eq!(splitter.next(), Some(Err(FrameError::Length)));
    assert_eq!(splitter.next(), Some(Err(FrameError::Length)), "and stays so");
}

proptest! {
    #[test]
    fn any_cut_gives_the_same_frames(cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..20)) {
        let frames = stream();
        let whole = frames.concat();
        let mut cuts: Vec<usize> = cuts.iter().map(|c| c.index(whole.len() + 1)).collect();
        cuts.extend([0, whole.len()]);
        cuts.sort_unstable();
        let (mut reader, mut out) = (StreamReader::new(), Vec::new());
        for w in cuts.windows(2) {
            reader.push(&whole[w[0]..w[1]], &mut out).unwrap();
        }
        prop_assert_eq!(out, frames);
    }
}
