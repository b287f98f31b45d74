//! Sound: written down by the second or token, spoken by the character or token.

use reeve_core::usage::{Unit, Usage};
use reeve_tests::app::{Answer, TestApp, TestTenant, eventually, price_of};
use reeve_tests::provider::{Fault, SECONDS, SOUND_BYTES};
use serde_json::{Value, json};

const SPEECH: &str = "/v1/audio/speech";

/// A WAV file of so many seconds, at 16,000 bytes a second.
fn wav(seconds: usize) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    file.extend_from_slice(&8_000u32.to_le_bytes());
    file.extend_from_slice(&16_000u32.to_le_bytes());
    file.resize(44 + seconds * 16_000, 0);
    file
}

async fn write_down(app: &TestApp, tenant: &TestTenant, path: &str, fields: &[(&str, &str)]) -> Answer {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend_from_slice(
            format!("--mark\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                .as_bytes(),
        );
    }
    body.extend_from_slice(b"--mark\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: audio/wav\r\n\r\n");
    body.extend_from_slice(&wav(7));
    body.extend_from_slice(b"\r\n--mark--\r\n");
    let request = app.client.post(app.url(path)).bearer_auth(&tenant.key);
    let request = request.header("content-type", "multipart/form-data; boundary=mark").body(body);
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn what_is_written_down_costs_its_seconds_or_its_tokens() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    for (path, model) in [
        ("/v1/audio/transcriptions", "whisper-1"),
        ("/v1/audio/translations", "whisper-1"),
        ("/v1/audio/transcriptions", "gpt-4o-transcribe"),
    ] {
        let answer = write_down(&app, &acme, path, &[("model", model)]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["text"].as_str()),
            (200, Some("what was said")),
            "{}",
            answer.body
        );
    }
    let streamed = write_down(
        &app,
        &acme,
        "/v1/audio/transcriptions",
        &[("model", "gpt-4o-transcribe"), ("stream", "true")],
    )
    .await;
    assert_eq!(streamed.events().last().unwrap()["type"], "transcript.text.done");
    let charges = app.charges(4).await;
    for (charge, call) in charges.iter().zip(app.provider.calls()) {
        assert_eq!((&charge.usage, &charge.unpriced_reason), (&call.billed, &None));
        assert_eq!(charge.cost, Some(price_of(&charge.model, &call.billed)));
        assert!(call.headers["content-type"].to_str().unwrap().starts_with("multipart/form-data; boundary="));
    }
    assert_eq!(charges[0].usage, Usage::new().with(Unit::SecondIn, SECONDS));
    assert_eq!(charges[0].cost.map(|c| c.to_string()).as_deref(), Some("0.0007"), "seven at $0.0001");
    assert_eq!(
        (charges[0].operation.as_str(), charges[1].operation.as_str()),
        ("transcriptions", "translations")
    );
}

#[tokio::test]
async fn a_text_that_says_nothing_of_its_length_is_charged_at_its_worst() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let answer = write_down(
        &app,
        &acme,
        "/v1/audio/transcriptions",
        &[("model", "whisper-1"), ("response_format", "text")],
    )
    .await;
    assert_eq!(answer.body, "what was said\n");
    let charge = app.charge().await;
    assert_eq!(charge.unpriced_reason.as_deref(), Some("missing_usage"));
    // What the file says of itself, its head counted as sound: eight seconds.
    assert_eq!(charge.cost.map(|c| c.to_string()).as_deref(), Some("0.0008"));
}

#[tokio::test]
async fn forms_that_are_none_are_told_so() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let json = app.call(&acme, "/v1/audio/transcriptions", &json!({"model": "whisper-1"})).await;
    let message = json.assert_error(400, "invalid_request_error", "invalid_request");
    assert!(message.contains("form"), "{message}");
    for (fields, param) in [
        (&[][..], "model"),
        (&[("model", "whisper-1"), ("model", "gpt-4o-transcribe")][..], "model"),
        (&[("Model", "whisper-1")][..], "model"),
        (&[("model", "whisper-1"), ("stream", "perhaps")][..], "stream"),
    ] {
        let answer = write_down(&app, &acme, "/v1/audio/transcriptions", fields).await;
        answer.assert_error(400, "invalid_request_error", "invalid_request");
        assert_eq!(answer.json()["error"]["param"], param);
    }
    app.assert_untouched(&acme).await;
}

fn say(model: &str, more: &Value) -> Value {
    let mut request = json!({"model": model, "input": "Hello there, how are you?", "voice": "alloy", "response_format": "pcm"});
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    request
}

#[tokio::test]
async fn speech_costs_its_characters() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let sent = app.post(SPEECH, &acme.key, say("tts-1", &json!({})).to_string()).send().await.unwrap();
    assert_eq!(
        (sent.status().as_u16(), sent.headers()["content-type"].to_str().unwrap()),
        (200, "audio/pcm")
    );
    assert_eq!(sent.bytes().await.unwrap().len(), SOUND_BYTES, "byte for byte");
    let charge = app.charge().await;
    assert_eq!(charge.usage, app.provider.calls()[0].billed);
    // Twenty-five characters at $15 a million.
    assert_eq!(charge.cost.map(|c| c.to_string()).as_deref(), Some("0.000375"));
    assert_eq!((charge.operation.as_str(), charge.unpriced_reason), ("speech", None));
}

#[tokio::test]
async fn speech_made_of_tokens_costs_them_or_the_seconds_that_came() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let events = app.call(&acme, SPEECH, &say("gpt-4o-mini-tts", &json!({"stream_format": "sse"}))).await;
    assert_eq!(events.events().last().unwrap()["type"], "speech.audio.done");
    let sound = app.call(&acme, SPEECH, &say("gpt-4o-mini-tts", &json!({}))).await;
    assert_eq!(sound.status, 200);
    let charges = app.charges(2).await;
    assert_eq!((&charges[0].usage, &charges[0].unpriced_reason), (&app.provider.calls()[0].billed, &None));
    assert_eq!(charges[1].usage.get(Unit::SecondOut), 2, "{:?}", charges[1].usage);
    assert_eq!(
        charges[1].unpriced_reason.as_deref(),
        Some("estimated"),
        "nobody but the sound says how long it is"
    );
}

#[tokio::test]
async fn sound_that_breaks_off_breaks_off_at_the_client_too() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::Cut(5));
    let answer = app.call(&acme, SPEECH, &say("tts-1", &json!({}))).await;
    assert!(answer.broken, "an error written into sound would be heard");
    let charge = app.charge().await;
    assert_eq!((charge.outcome.as_str(), charge.unpriced_reason.as_deref()), ("failure", Some("estimated")));
    assert_eq!(charge.usage.get(Unit::CharacterIn), 25, "the text was read");
    eventually("the provider is left", || async { (app.provider.open_calls() == 0).then_some(()) }).await;
}
