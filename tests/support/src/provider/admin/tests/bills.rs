//! Bills are read to the cent, or not at all.

use super::*;
use crate::provider::{ADMIN_KEY, AdminFault, Step};
use reeve_core::money::NanoUsd;
use reeve_core::usage::{Unit, Usage};
use reeve_providers::bills::{Bill, BillSource, Bills, Days};

const OPENAI: &str = "/v1/organization/costs";
const OPENAI_USAGE: &str = "/v1/organization/usage/completions";
const ANTHROPIC: &str = "/v1/organizations/cost_report";
const ANTHROPIC_USAGE: &str = "/v1/organizations/usage_report/messages";

fn days() -> Days {
    Days { from: "2026-11-01T00:00:00Z".parse().unwrap(), to: "2026-11-22T00:00:00Z".parse().unwrap() }
}

async fn fetch(provider: &ScriptedProvider, of: &str) -> Result<Bill, ControlError> {
    let source = BillSource::of(of, Some(provider.base_url())).unwrap();
    Bills::of(&upstream()).fetch(&source, Key(ADMIN_KEY.as_bytes()), days()).await
}

fn total(bill: &Bill) -> String {
    bill.costs.iter().map(|line| line.amount).sum::<NanoUsd>().to_string()
}

#[tokio::test]
async fn openais_bill_is_in_dollars_and_every_page_counts() {
    let provider = ScriptedProvider::start().await.unwrap();
    let result = |value: &str, line: &str, key: &str| {
        format!(
            r#"{{"object": "organization.costs.result", "amount": {{"value": {value}, "currency": "usd"}}, "line_item": "{line}", "project_id": "proj_a", "api_key_id": {key}, "quantity": 1.5}}"#
        )
    };
    let first =
        [result("0.06", "gpt-4o-2024-08-06, input", "\"key_1\""), result("1e-7", "Code Interpreter", "null")];
    provider.admin().days_in_a_page(5);
    provider.admin().bill(OPENAI, "2026-11-02", &format!("[{}]", first.join(",")));
    provider.admin().bill(
        OPENAI,
        "2026-11-20",
        &format!("[{}]", result("123.45", "gpt-4o-mini, output", "null")),
    );
    provider.admin().bill(OPENAI_USAGE, "2026-11-02", r#"[{"object": "organization.usage.completions.result", "input_tokens": 1000, "input_cached_tokens": 600, "input_cache_write_tokens": 100, "output_tokens": 50, "num_model_requests": 3, "model": "gpt-4o-2024-08-06", "api_key_id": "key_1", "project_id": "proj_a", "service_tier": null}]"#);
    let bill = fetch(&provider, "openai").await.unwrap();
    assert_eq!(total(&bill), "123.5100001");
    let models: Vec<_> = bill.costs.iter().map(|line| line.model.as_deref()).collect();
    assert_eq!(models, [Some("gpt-4o-2024-08-06"), None, Some("gpt-4o-mini")]);
    assert_eq!(bill.costs[0].key.as_deref(), Some("key_1"));
    let [used] = &bill.usage[..] else { panic!("one line of usage") };
    let expected = Usage::tokens(300, 50).with(Unit::CacheRead, 600).with(Unit::CacheWrite, 100);
    assert_eq!((&used.usage, used.requests), (&expected, Some(3)), "cached tokens are counted once");
    assert_eq!(used.usage.input_tokens(), 1_000);
    let asked = provider.admin().asked();
    let pages = asked.iter().filter(|asked| asked.path.starts_with(OPENAI)).count();
    assert_eq!(pages, 5, "21 days, five to a page");
}

#[tokio::test]
async fn what_openai_counts_in_other_things_than_tokens_is_read_too() {
    let provider = ScriptedProvider::start().await.unwrap();
    for (of, counted) in [
        ("moderations", r#""input_tokens": 40"#),
        ("images", r#""images": 3, "size": "1024x1024", "source": "image.generation""#),
        ("audio_speeches", r#""characters": 500"#),
        ("audio_transcriptions", r#""seconds": 61"#),
    ] {
        let line = format!(
            r#"[{{"object": "organization.usage.{of}.result", {counted}, "num_model_requests": 2, "model": "{of}-model", "project_id": "proj_a", "user_id": null, "api_key_id": "key_1"}}]"#
        );
        provider.admin().bill(&format!("/v1/organization/usage/{of}"), "2026-11-02", &line);
    }
    let bill = fetch(&provider, "openai").await.unwrap();
    let used: Vec<_> =
        bill.usage.iter().map(|line| (line.model.as_deref().unwrap(), line.usage.clone())).collect();
    let expected = [
        ("moderations-model", Usage::tokens(40, 0)),
        ("images-model", Usage::new().with(Unit::Image, 3)),
        ("audio_speeches-model", Usage::new().with(Unit::CharacterIn, 500)),
        ("audio_transcriptions-model", Usage::new().with(Unit::SecondIn, 61)),
    ];
    assert_eq!(used, expected);
    assert!(bill.usage.iter().all(|line| line.requests == Some(2)));
}

#[tokio::test]
async fn anthropics_bill_is_in_cents() {
    let provider = ScriptedProvider::start().await.unwrap();
    provider.admin().bill(ANTHROPIC, "2026-11-03", r#"[
        {"amount": "123.45", "currency": "USD", "cost_type": "tokens", "token_type": "output_tokens", "model": "claude-haiku-4-5-20251001", "service_tier": "standard", "context_window": "0-200k", "inference_geo": null, "description": "Claude Haiku 4.5 Usage - Output Tokens", "workspace_id": null},
        {"amount": "0.005", "currency": "USD", "cost_type": "web_search", "token_type": null, "model": null, "service_tier": null, "context_window": null, "inference_geo": null, "description": "Web Search Usage", "workspace_id": "wrkspc_1"}]"#);
    provider.admin().bill(ANTHROPIC_USAGE, "2026-11-03", r#"[{"uncached_input_tokens": 1500, "cache_read_input_tokens": 200, "cache_creation": {"ephemeral_1h_input_tokens": 1000, "ephemeral_5m_input_tokens": 500}, "output_tokens": 500, "server_tool_use": {"web_search_requests": 10}, "api_key_id": "apikey_1", "workspace_id": null, "model": "claude-haiku-4-5-20251001", "service_tier": "standard", "context_window": null}]"#);
    let bill = fetch(&provider, "anthropic").await.unwrap();
    assert_eq!(total(&bill), "1.23455", "123.45 cents are a dollar and 23.45 cents");
    let expected = Usage::tokens(1_500, 500)
        .with(Unit::CacheRead, 200)
        .with(Unit::CacheWrite, 500)
        .with(Unit::CacheWrite1h, 1_000);
    assert_eq!(bill.usage[0].usage, expected);
    assert_eq!((bill.usage[0].usage.input_tokens(), bill.usage[0].key.as_deref()), (3_200, Some("apikey_1")));
}

#[tokio::test]
async fn a_report_that_is_not_understood_is_never_nothing() {
    for (path, of, results) in [
        (OPENAI, "openai", r#"[{"amount": {"value": 1, "currency": "eur"}}]"#),
        (OPENAI, "openai", r#"[{"amount": {"value": "one", "currency": "usd"}}]"#),
        (OPENAI, "openai", r#"[{"amount": {"value": null, "currency": "usd"}}]"#),
        (OPENAI, "openai", r#"[{"amount": {"currency": "usd"}}]"#),
        (OPENAI, "openai", r#"[{"cost": 1}]"#),
        (
            OPENAI_USAGE,
            "openai",
            r#"[{"input_tokens": 5, "input_cached_tokens": 6, "num_model_requests": 1}]"#,
        ),
        (OPENAI_USAGE, "openai", r#"[{"tokens": 5}]"#),
        (OPENAI_USAGE, "openai", r#"[{"images": 5, "num_model_requests": 1}]"#),
        (ANTHROPIC, "anthropic", r#"[{"amount": 123.45, "currency": "USD"}]"#),
        (ANTHROPIC, "anthropic", r#"[{"amount": "1,234.5", "currency": "USD"}]"#),
        (ANTHROPIC, "anthropic", r#"[{"amount": "1", "currency": "EUR"}]"#),
        (ANTHROPIC_USAGE, "anthropic", r#"[{"input_tokens": 5, "output_tokens": 1}]"#),
    ] {
        let provider = ScriptedProvider::start().await.unwrap();
        provider.admin().bill(path, "2026-11-02", results);
        let told = fetch(&provider, of).await.unwrap_err();
        assert!(matches!(told, ControlError::Shape(_)), "{results}: {told}");
    }
    for fault in [AdminFault::OtherShape, AdminFault::WebPage] {
        for of in ["openai", "anthropic"] {
            let provider = ScriptedProvider::start().await.unwrap();
            provider.admin().on(Step::Bill, fault);
            let told = fetch(&provider, of).await.unwrap_err();
            assert!(matches!(told, ControlError::Shape(_)), "{fault:?} of {of}: {told}");
        }
    }
}

#[tokio::test]
async fn faults_are_told_by_their_class() {
    for (fault, expected) in [
        (AdminFault::Limited(9), ControlError::RateLimited { retry_after: Some(Duration::from_secs(9)) }),
        (AdminFault::HangBefore, ControlError::Unknown(reeve_providers::control::Uncertain::Timeout)),
        (
            AdminFault::StatusBefore(502),
            ControlError::Unknown(reeve_providers::control::Uncertain::Status(502)),
        ),
    ] {
        let provider = ScriptedProvider::start().await.unwrap();
        provider.admin().on(Step::Bill, fault);
        assert_eq!(fetch(&provider, "anthropic").await.unwrap_err(), expected);
    }
    let provider = ScriptedProvider::start().await.unwrap();
    let source = BillSource::of("openai", Some(provider.base_url())).unwrap();
    let told =
        Bills::of(&upstream()).fetch(&source, Key(b"sk-other-key-000000000001"), days()).await.unwrap_err();
    assert!(matches!(told, ControlError::Unauthorized { status: 401, .. }), "{told}");
}
