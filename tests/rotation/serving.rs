//! A call through the gateway with whatever key is in use, in the own words of its provider.

use crate::adapters::Adapter;
use reeve_core::tenant::Tier;
use reeve_engine::identity::Register;
use reeve_engine::settings::{ChangeSettings, Unpriced};
use reeve_engine::tenants::CreateTenant;
use reeve_engine::{Cx, Engine};
use reeve_tests::limits::make_room;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

const BEDROCK: &str = "/bedrock/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/converse";

/// A tenant that may call any model: its key.
pub(crate) async fn caller(engine: &Engine) -> String {
    let cx = Cx::system();
    let first = Register {
        workspace_name: "Meridian".to_owned(),
        time_zone: "UTC".parse().unwrap(),
        name: "First".to_owned(),
        email: "first@example.com".to_owned(),
        password: Some("a long enough passphrase 1".to_owned().into()),
    };
    engine.create_admin(&Cx::cli(), first).await.unwrap();
    // Some of these providers have no price list.
    let ceiling = ChangeSettings {
        unpriced: Some(Unpriced::Ceiling),
        ceiling_input: Some(Some(10_000_000)),
        ceiling_output: Some(Some(40_000_000)),
        ..ChangeSettings::default()
    };
    engine.change_settings(&cx, ceiling).await.unwrap();
    make_room(engine).await.unwrap();
    let new = CreateTenant {
        name: "Acme".to_owned(),
        slug: None,
        tier: Tier::Enterprise,
        time_zone: None,
        owner: None,
        tags: Vec::new(),
        notes: None,
    };
    let tenant = engine.create_tenant(&cx, new).await.unwrap().tenant.id;
    engine.mint_api_key(&cx, tenant, "first", None).await.unwrap().secret.to_string()
}

/// Path, header of the key, and body of a call that a key of this kind serves; `None` where no call goes out with it.
fn call(adapter: Adapter) -> Option<(&'static str, &'static str, Value)> {
    let hello = json!([{"role": "user", "content": "hi"}]);
    Some(match adapter {
        Adapter::OpenaiAdmin => return None,
        Adapter::AwsIam | Adapter::BedrockKey => {
            (BEDROCK, "authorization", json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}]}))
        }
        Adapter::Google => (
            "/google/v1beta/models/gemini-2.5-flash:generateContent",
            "x-goog-api-key",
            json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
        ),
        Adapter::Anthropic => (
            "/anthropic/v1/messages",
            "x-api-key",
            json!({"model": "claude-haiku-4-5", "max_tokens": 50, "messages": hello}),
        ),
        Adapter::Openai | Adapter::Azure | Adapter::Openrouter | Adapter::Template | Adapter::Manual => {
            ("/v1/chat/completions", "authorization", json!({"model": "gpt-4o-mini", "messages": hello}))
        }
    })
}

/// The gateway serves a call with the key that is in use.
pub(crate) async fn assert_serves(adapter: Adapter, engine: &Engine, key: &str, case: &str) {
    let Some((path, header, body)) = call(adapter) else { return };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}{path}", listener.local_addr().unwrap());
    let (stop, stopped) = oneshot::channel::<()>();
    let mut serving = JoinSet::new();
    let serve = reeve_gateway::serve(engine.clone(), listener, async {
        let _ = stopped.await;
    });
    serving.spawn(async {
        let _ = serve.await;
    });
    let shown = if header == "authorization" { format!("Bearer {key}") } else { key.to_owned() };
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(url).header(header, shown).header("anthropic-version", "2023-06-01");
    let sent = request.header("content-type", "application/json").body(body.to_string()).send().await;
    let (status, text) = match sent {
        Ok(answer) => (answer.status().as_u16(), answer.text().await.unwrap_or_default()),
        Err(error) => (0, error.to_string()),
    };
    assert_eq!(status, 200, "{case}: a call is not served: {text}");
    drop((stop, client));
    while serving.join_next().await.is_some() {}
}
