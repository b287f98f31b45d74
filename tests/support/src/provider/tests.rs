//! The provider, seen through the client and the readers that Reeve uses.

use super::*;
use axum::http::HeaderMap;
use bytes::Bytes;
use reeve_core::time::Millis;
use reeve_core::usage::Usage;
use reeve_providers::openai::stream::StreamReader;
use reeve_providers::openai::usage::{Reading, read_answer};
use reeve_providers::upstream::{
    BaseUrl, Key, ProbeOutcome, Response, Target, Upstream, UpstreamConfig, UpstreamError,
};
use serde_json::{Value, json};
use std::time::Duration;

/// One client a test: making one reads every certificate the system trusts.
fn upstream() -> Upstream {
    thread_local! {
        static CLIENT: Upstream = {
            let brief = Duration::from_millis(300);
            Upstream::new(UpstreamConfig { connect_timeout: brief, head_timeout: brief, idle_timeout: brief, ..UpstreamConfig::default() }).unwrap()
        };
    }
    CLIENT.with(Upstream::clone)
}

async fn post(to: &ScriptedProvider, path: &str, body: &Value) -> Result<Response, UpstreamError> {
    let base = BaseUrl::parse(&to.base_url()).unwrap();
    let none = HeaderMap::new();
    let target = Target::json(&base, path, Key(to.key().as_bytes()), &none);
    upstream().send(target, Bytes::from(body.to_string())).await
}

fn chat(model: &str, text: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": text}]})
}

fn streamed(model: &str, text: &str) -> Value {
    let mut body = chat(model, text);
    body["stream"] = true.into();
    body["stream_options"] = json!({"include_usage": true});
    body
}

async fn whole(to: &ScriptedProvider, body: &Value) -> (u16, Reading) {
    let response = post(to, "/chat/completions", body).await.unwrap();
    let status = response.status.as_u16();
    (status, read_answer(&response.collect(1 << 20).await.unwrap()).usage)
}

/// Reads a stream to its end: the reader, and whether it broke.
async fn read(mut response: Response) -> (StreamReader, bool) {
    let (mut reader, mut out) = (StreamReader::new(true), Vec::new());
    let broke = loop {
        match response.piece().await {
            Ok(Some(piece)) => reader.push(piece, &mut out).unwrap(),
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    reader.finish(&mut out);
    (reader, broke)
}

/// Waits until the provider has noticed that nothing is open any more.
async fn settled(provider: &ScriptedProvider) {
    for _ in 0..200 {
        if provider.open_calls() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("a call is still open");
}

#[tokio::test]
async fn what_is_read_is_what_was_billed() {
    let provider = ScriptedProvider::start().await.unwrap();
    let body = chat("gpt-4o", "say it in words tokens=40 cached=2 reasoning=5");
    let billed = Counts::of_chat(&body).usage();
    assert_eq!(whole(&provider, &body).await, (200, Reading::Usage(billed.clone())));

    let stream = streamed("gpt-4o", "say it in words tokens=40 cached=2 reasoning=5");
    let (reader, broke) = read(post(&provider, "/chat/completions", &stream).await.unwrap()).await;
    assert!(!broke && reader.is_done());
    assert_eq!(reader.answer().usage, Reading::Usage(billed.clone()));
    assert_eq!(reader.data_events(), 1 + 35 + 1, "the role, the words, the end");

    let embed = json!({"model": "text-embedding-3-small", "input": ["one two", "three"]});
    let answer = post(&provider, "/embeddings", &embed).await.unwrap().collect(1 << 20).await.unwrap();
    assert_eq!(read_answer(&answer).usage, Reading::Usage(Usage::tokens(3, 0)));

    settled(&provider).await;
    let calls = provider.calls();
    assert_eq!(calls.len(), 3);
    assert!(
        calls[..2].iter().all(|c| c.billed == billed && c.status == 200 && c.path == "/v1/chat/completions")
    );
    assert_eq!(calls[0].body, body.to_string());
    let totals = provider.totals();
    assert_eq!((totals.calls, totals.billed_calls), (3, 3));
    assert_eq!(totals.billed.output_tokens(), 80);
    assert_eq!(totals.by_model["text-embedding-3-small"], Usage::tokens(3, 0));
}

#[tokio::test]
async fn keys_come_and_go() {
    let provider = ScriptedProvider::start().await.unwrap();
    provider.accept_key("sk-new");
    let base = BaseUrl::parse(&provider.base_url()).unwrap();
    let probe =
        async |key: &str| upstream().probe("openai", &base, Key(key.as_bytes()), Millis(0)).await.unwrap();
    assert_eq!(probe(KEY).await.models, Some(3));
    assert_eq!(probe("sk-new").await.outcome, ProbeOutcome::Accepted);
    provider.revoke_key(KEY);
    assert_eq!(probe(KEY).await.outcome, ProbeOutcome::KeyRefused);
    assert_eq!(whole(&provider, &chat("gpt-4o", "hi")).await.0, 401);
    assert_eq!(provider.totals().billed_calls, 0);
}

#[tokio::test]
async fn faults_come_in_order_then_by_model_then_by_name() {
    let provider = ScriptedProvider::start().await.unwrap();
    provider.next(Fault::Status(500)).next(Fault::Limited(7)).model("m", Fault::MissingUsage);
    assert_eq!(whole(&provider, &chat("m", "hi")).await.0, 500);
    let limited = post(&provider, "/chat/completions", &chat("m", "hi")).await.unwrap();
    assert_eq!((limited.status.as_u16(), limited.headers["retry-after"].to_str().unwrap()), (429, "7"));
    assert_eq!(whole(&provider, &chat("m", "hi")).await, (200, Reading::Missing));
    assert_eq!(provider.totals().billed_calls, 1, "what it does not say it bills all the same");
    assert_eq!(whole(&provider, &chat("fault-malformed", "hi")).await, (200, Reading::Missing));
    assert_eq!(whole(&provider, &chat("fault-web-page", "hi")).await, (200, Reading::Missing));
    let contradictory = whole(&provider, &chat("fault-contradictory", "hi")).await.1;
    let billed = provider.calls().last().unwrap().billed.clone();
    assert!(matches!(contradictory, Reading::Contradictory { best, .. } if best == billed));
    let hang = post(&provider, "/chat/completions", &chat("fault-hang", "hi")).await.unwrap_err();
    assert!(hang.is_timeout() && hang.is_before_first_byte());
    settled(&provider).await;
}

#[tokio::test]
async fn a_cut_stream_is_billed_as_far_as_it_went() {
    let provider = ScriptedProvider::start().await.unwrap();
    let (reader, broke) =
        read(post(&provider, "/chat/completions", &streamed("fault-cut-4", "hi")).await.unwrap()).await;
    assert!(broke && !reader.is_done());
    assert_eq!(reader.answer().usage, Reading::Missing);
    settled(&provider).await;
    assert_eq!(provider.totals().billed, Usage::tokens(4, 3), "the role and three words");
    let broken = post(&provider, "/chat/completions", &chat("fault-cut-4", "hi"))
        .await
        .unwrap()
        .collect(1 << 20)
        .await;
    assert!(matches!(broken, Err(UpstreamError::BrokenWithin(_))));
    settled(&provider).await;
    assert_eq!(provider.totals().billed, Usage::tokens(8, 19));
}

#[tokio::test]
async fn a_client_that_leaves_pays_for_what_was_sent() {
    let provider = ScriptedProvider::start().await.unwrap();
    let mut response =
        post(&provider, "/chat/completions", &streamed("fault-slow-20", "hi tokens=500")).await.unwrap();
    for _ in 0..5 {
        assert!(response.piece().await.unwrap().is_some());
    }
    drop(response);
    settled(&provider).await;
    let sent = provider.totals().billed.output_tokens();
    assert!((4..20).contains(&sent), "{sent}");
}

#[tokio::test]
async fn a_huge_stream_is_as_long_as_asked() {
    let provider = ScriptedProvider::start().await.unwrap();
    let (reader, broke) =
        read(post(&provider, "/chat/completions", &streamed("fault-huge-20000", "hi")).await.unwrap()).await;
    assert!(!broke);
    assert_eq!(reader.answer().usage, Reading::Usage(Usage::tokens(4, 20_000)));
    settled(&provider).await;
    assert_eq!(provider.totals().billed, Usage::tokens(4, 20_000));
}

#[tokio::test]
async fn expectations_are_checked() {
    let mut provider = ScriptedProvider::start().await.unwrap();
    provider.expect("gpt-4o", 1).expect_any(1).next(Fault::None);
    whole(&provider, &chat("gpt-4o", "hi")).await;
    assert_eq!(provider.state.complaints(), ["expected 1 calls for any model, saw 0"]);
    whole(&provider, &chat("gpt-4o-mini", "hi")).await;
    provider.assert_done();
    whole(&provider, &chat("o1", "hi")).await;
    provider.next(Fault::Hang);
    assert_eq!(provider.state.complaints(), ["no call met [Hang]", "unexpected call for \"o1\""]);
}

#[tokio::test]
#[should_panic(expected = "expected 2 calls for gpt-4o, saw 0")]
async fn dropping_it_early_fails_the_test() {
    ScriptedProvider::start().await.unwrap().expect("gpt-4o", 2);
}
