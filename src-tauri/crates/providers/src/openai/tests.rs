use super::stream::StreamReader;
use super::usage::Reading;
use super::*;
use bytes::Bytes;
use proptest::prelude::*;
use reeve_core::usage::{Unit, Usage};

fn bytes(text: &str) -> Bytes {
    Bytes::from(text.to_owned())
}

fn edited(body: &str, edits: &Edits<'_>) -> String {
    let body = bytes(body);
    let sent = ChatRequest::read(&body).unwrap().upstream_body(edits);
    String::from_utf8(sent.to_vec()).unwrap()
}

#[test]
fn reads_what_governance_needs() {
    let body = bytes(
        r#" {"messages":[{"role":"user","content":"x"}],"model":"gpt\u002d4o","stream":true,"n":3,"max_tokens":7,
        "max_completion_tokens":9,"stream_options":{"include_usage":true},"service_tier":"flex","user":"u\n1","new":{"a":[1]}} "#,
    );
    let request = ChatRequest::read(&body).unwrap();
    assert_eq!(request.model, "gpt-4o");
    assert!(request.stream && request.include_usage);
    assert_eq!((request.n, request.max_tokens, request.output_bound(100)), (3, Some(9), 27));
    assert_eq!((request.service_tier.as_deref(), request.user.as_deref()), (Some("flex"), Some("u\n1")));
    let plain = bytes(r#"{"model":"m","messages":[],"stream":null,"n":null,"max_tokens":null,"user":null}"#);
    let request = ChatRequest::read(&plain).unwrap();
    assert!(!request.stream && !request.include_usage);
    assert_eq!((request.n, request.max_tokens, request.output_bound(100)), (1, None, 100));
}

#[test]
fn what_cannot_be_governed_is_refused_by_name() {
    let with = |more: &str| format!(r#"{{"model":"m","messages":[]{more}}}"#);
    for (body, field, words) in [
        ("{".to_owned(), None, "not valid JSON"),
        ("[]".to_owned(), None, "object"),
        ("\"x\"".to_owned(), None, "object"),
        (String::new(), None, "not valid JSON"),
        (r#"{"messages":[]}"#.to_owned(), Some("model"), "missing"),
        (r#"{"model":"","messages":[]}"#.to_owned(), Some("model"), "missing"),
        (r#"{"model":4,"messages":[]}"#.to_owned(), Some("model"), "a text"),
        (r#"{"model":"m"}"#.to_owned(), Some("messages"), "missing"),
        (r#"{"model":"m","messages":"hi"}"#.to_owned(), Some("messages"), "a list"),
        (with(r#","max_tokens":-1"#), Some("max_tokens"), "between 1 and"),
        (with(r#","max_tokens":0"#), Some("max_tokens"), "between 1 and"),
        (with(r#","max_completion_tokens":99999999999999999999"#), Some("max_completion_tokens"), "between"),
        (with(r#","max_tokens":1.5"#), Some("max_tokens"), "a whole number"),
        (with(r#","max_tokens":1e3"#), Some("max_tokens"), "a whole number"),
        (with(r#","max_tokens":"12""#), Some("max_tokens"), "a whole number"),
        (with(r#","n":0"#), Some("n"), "between 1 and 128"),
        (with(r#","stream":"yes""#), Some("stream"), "true or false"),
        (with(r#","stream_options":[]"#), Some("stream_options"), "an object"),
        (with(r#","stream_options":{"include_usage":1}"#), Some("include_usage"), "true or false"),
        (with(r#","user":5"#), Some("user"), "a text"),
        (with(r#","model":"dearer""#), Some("model"), "more than once"),
        (with(r#","mod\u0065l":"dearer""#), Some("model"), "more than once"),
        (with(r#","Max_Tokens":5"#), Some("max_tokens"), "not \"Max_Tokens\""),
    ] {
        let body = bytes(&body);
        let error = ChatRequest::read(&body).unwrap_err();
        assert_eq!(error.field(), field, "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn a_request_without_edits_is_the_same_bytes() {
    let body = bytes("{ \"messages\" : [ ] ,\t\"model\":\"m\" , \"x\": 1.0e2 }\n");
    let request = ChatRequest::read(&body).unwrap();
    assert_eq!(request.upstream_body(&Edits::default()).as_ptr(), body.as_ptr());
    let usage = Edits { include_usage: true, ..Edits::default() };
    assert_eq!(request.upstream_body(&usage).as_ptr(), body.as_ptr(), "not streamed: nothing to ask for");
}

#[test]
fn edits_touch_only_their_place() {
    let usage = Edits { include_usage: true, ..Edits::default() };
    for (before, after) in [
        (
            r#"{"model":"m","messages":[],"stream":true}"#,
            r#"{"model":"m","messages":[],"stream":true,"stream_options":{"include_usage":true}}"#,
        ),
        (
            r#"{"stream_options":{"include_usage":false},"model":"m","messages":[],"stream":true}"#,
            r#"{"stream_options":{"include_usage":true},"model":"m","messages":[],"stream":true}"#,
        ),
        (
            r#"{"stream_options":{ },"model":"m","messages":[],"stream":true}"#,
            r#"{"stream_options":{ "include_usage":true},"model":"m","messages":[],"stream":true}"#,
        ),
        (
            r#"{"stream_options":{"z":"}"} ,"model":"m","messages":[],"stream":true}"#,
            r#"{"stream_options":{"z":"}","include_usage":true} ,"model":"m","messages":[],"stream":true}"#,
        ),
        (
            r#"{"stream_options":null,"model":"m","messages":[],"stream":true}"#,
            r#"{"stream_options":{"include_usage":true},"model":"m","messages":[],"stream":true}"#,
        ),
        (
            r#"{"stream_options":{"include_usage":true},"model":"m","messages":[],"stream":true}"#,
            r#"{"stream_options":{"include_usage":true},"model":"m","messages":[],"stream":true}"#,
        ),
    ] {
        assert_eq!(edited(before, &usage), after);
    }
    let all = Edits { model: Some("a/\"b\""), include_usage: true, max_tokens: Some(("max_tokens", 5)) };
    assert_eq!(
        edited("{\"model\":\"m\",\n \"stream\":true,\"messages\":[{\"content\":\"}\"}] } \n", &all),
        "{\"model\":\"a/\\\"b\\\"\",\n \"stream\":true,\"messages\":[{\"content\":\"}\"}] ,\"stream_options\":{\"include_usage\":true},\"max_tokens\":5} \n"
    );
    let cap = Edits { max_tokens: Some(("max_completion_tokens", 5)), ..Edits::default() };
    assert_eq!(
        edited(r#"{"model":"m","max_tokens":900,"messages":[]}"#, &cap),
        r#"{"model":"m","max_tokens":5,"messages":[]}"#,
        "its own field"
    );
    assert_eq!(
        edited(r#"{"model":"m","messages":[],"max_completion_tokens":null}"#, &cap),
        r#"{"model":"m","messages":[],"max_completion_tokens":5}"#
    );
}

#[test]
fn embeddings_are_read_likewise() {
    let body = bytes(r#"{"input":["a","b"],"model":"text-embedding-3-small","dimensions":256}"#);
    let request = EmbeddingsRequest::read(&body).unwrap();
    assert_eq!(request.upstream_body(None).as_ptr(), body.as_ptr());
    assert_eq!(&request.upstream_body(Some("x"))[..], br#"{"input":["a","b"],"model":"x","dimensions":256}"#);
    for (bad, field) in [
        (r#"{"model":"m"}"#, "input"),
        (r#"{"input":"a"}"#, "model"),
        (r#"{"model":"m","input":{}}"#, "input"),
    ] {
        assert_eq!(EmbeddingsRequest::read(&bytes(bad)).unwrap_err().field(), Some(field));
    }
}

fn stream(text: &[u8], keep_usage: bool, cut: usize) -> (StreamReader, Vec<u8>) {
    let mut reader = StreamReader::new(keep_usage);
    let mut out = Vec::new();
    for piece in text.chunks(cut.max(1)) {
        reader.push(Bytes::copy_from_slice(piece), &mut out).unwrap();
    }
    reader.finish(&mut out);
    (reader, out.concat())
}

const OPENAI: &str = include_str!("../../tests/fixtures/openai-stream.sse");
const GROQ: &str = include_str!("../../tests/fixtures/groq-stream.sse");
const OLLAMA_COMPLETIONS: &str = include_str!("../../tests/fixtures/ollama-completions-stream.sse");
const VLLM_CONTINUOUS: &str = include_str!("../../tests/fixtures/vllm-continuous-stream.sse");
const OPENROUTER: &str = include_str!("../../tests/fixtures/openrouter-stream.sse");

#[test]
fn usage_is_read_as_a_stream_passes() {
    for (text, input, output) in [(OPENAI, 19, 10), (GROQ, 72, 25), (OPENROUTER, 9, 2)] {
        let (reader, out) = stream(text.as_bytes(), true, 7);
        assert_eq!(reader.answer().usage, Reading::Usage(Usage::tokens(input, output)));
        assert_eq!(out, text.as_bytes());
        assert!(reader.is_done() && reader.answer().model.is_some() && reader.data_bytes() > 0);
    }
}

#[test]
fn streams_of_hosts_with_ways_of_their_own_read_alike() {
    use Unit::{CacheRead, Input, Output, Reasoning};
    type Expected = (&'static str, &'static [(Unit, u64)]);
    let expected: [Expected; 6] = [
        (
            include_str!("../../tests/fixtures/together-stream.sse"),
            &[(Input, 26), (CacheRead, 16), (Output, 4)],
        ),
        (include_str!("../../tests/fixtures/ollama-stream.sse"), &[(Input, 68), (Output, 17)]),
        (OLLAMA_COMPLETIONS, &[(Input, 5), (Output, 4)]),
        (
            include_str!("../../tests/fixtures/vllm-stream.sse"),
            &[(Input, 64), (CacheRead, 960), (Output, 50)],
        ),
        (VLLM_CONTINUOUS, &[(Input, 12), (Output, 4)]),
        (
            include_str!("../../tests/fixtures/openrouter-byok-stream.sse"),
            &[(Input, 200), (CacheRead, 1_000), (Output, 28), (Reasoning, 12)],
        ),
    ];
    for (text, parts) in expected {
        let used = parts.iter().fold(Usage::new(), |u, (unit, n)| u.with(*unit, *n));
        let (reader, out) = stream(text.as_bytes(), true, 13);
        assert_eq!(reader.answer().usage, Reading::Usage(used), "{text}");
        assert!(reader.is_done() && out == text.as_bytes(), "{text}");
    }
}

#[test]
fn counts_beside_words_that_go_on_are_not_the_end() {
    for (text, begun) in [(VLLM_CONTINUOUS, Some(Usage::tokens(12, 1))), (OLLAMA_COMPLETIONS, None)] {
        let cut: String = text.split_inclusive("\n\n").take(2).collect();
        let (reader, out) = stream(cut.as_bytes(), true, 50);
        assert_eq!((&reader.answer().usage, reader.is_done()), (&Reading::Missing, false), "{text}");
        assert_eq!((reader.begun(), out.as_slice()), (begun, cut.as_bytes()), "{text}");
    }
}

#[test]
fn a_word_that_is_said_twice_counts_once() {
    let together = include_str!("../../tests/fixtures/together-stream.sse");
    let mut text = String::new();
    for data in together.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|d| *d != "[DONE]") {
        assert_eq!(super::stream::words(data.as_bytes(), &mut text), Some(0));
    }
    assert_eq!(text, "Hello there.");
}

#[test]
fn only_the_usage_event_is_left_out() {
    let events: Vec<&str> = OPENAI.split_inclusive("\n\n").collect();
    let without = [events[0], events[1], events[2], events[4]].concat();
    assert_eq!(stream(OPENAI.as_bytes(), false, 50).1, without.as_bytes());
    for text in [GROQ, OPENROUTER] {
        assert_eq!(stream(text.as_bytes(), false, 50).1, text.as_bytes(), "usage beside text stays");
    }
}

#[test]
fn a_cut_stream_is_told_from_a_whole_one() {
    let half = &OPENAI[..OPENAI.len() / 2];
    let (reader, out) = stream(half.as_bytes(), false, 11);
    assert_eq!((reader.is_done(), &reader.answer().usage), (false, &Reading::Missing));
    assert_eq!(out, half.as_bytes());
    assert!(reader.data_events() >= 2);
    let (reader, _) = stream(b"data: {\"error\":{\"message\":\"overloaded\"}}\n\n", false, 99);
    assert!(reader.answer().is_error);
}

proptest! {
    #[test]
    fn however_a_stream_is_cut_it_reads_the_same(cut in 1usize..400, crlf in any::<bool>(), keep in any::<bool>()) {
        let text = if crlf { OPENAI.replace('\n', "\r\n") } else { OPENAI.to_owned() };
        let (reader, out) = stream(text.as_bytes(), keep, cut);
        let (_, whole) = stream(text.as_bytes(), keep, usize::MAX);
        prop_assert_eq!(&reader.answer().usage, &Reading::Usage(Usage::tokens(19, 10)));
        prop_assert_eq!(keep, out == text.as_bytes());
        // A line end torn in two may keep its second half where the event it ended is left out: an empty line more, no event.
        let squeeze = |b: &[u8]| String::from_utf8(b.to_vec()).unwrap().replace("\r\n", "\n").replace("\n\n\n", "\n\n");
        prop_assert_eq!(squeeze(&out), squeeze(&whole));
    }

    #[test]
    fn nothing_breaks_the_readers(body in "[ -~]{0,80}", raw in prop::collection::vec(any::<u8>(), 0..80)) {
        for body in [Bytes::from(body), Bytes::from(raw)] {
            let _ = ChatRequest::read(&body).map(|r| r.model.len());
            let _ = EmbeddingsRequest::read(&body).map(|r| r.model.len());
        }
    }

    #[test]
    fn an_edited_body_is_the_request_and_the_edits(
        spaces in "[ \n\t]{0,3}", members in prop::collection::vec(("[a-z]{1,5}_x", "[a-z\"\\\\}{]{0,6}"), 0..4), stream in any::<bool>(), cap in 1u64..1_000,
    ) {
        let mut body = format!("{spaces}{{{spaces}\"model\":{spaces}\"m\",\"stream\":{stream},\"messages\":[]");
        for (name, value) in &members {
            body += &format!(",{spaces}\"{name}\":{}", serde_json::Value::from(value.as_str()));
        }
        body += &format!("{spaces}}}{spaces}");
        let edits = Edits { model: Some("other"), include_usage: true, max_tokens: Some(("max_tokens", cap)) };
        let sent: serde_json::Value = serde_json::from_str(&edited(&body, &edits)).unwrap();
        let mut expected: serde_json::Value = serde_json::from_str(&body).unwrap();
        expected["model"] = "other".into();
        expected["max_tokens"] = cap.into();
        if stream {
            expected["stream_options"] = serde_json::json!({"include_usage": true});
        }
        prop_assert_eq!(sent, expected);
    }
}
