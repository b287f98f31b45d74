//! Where calls go: weights, aliases, repetitions, fallbacks, breakers and lists of models, counted at the providers.

use crate::{hello, streamed_hello};
use reeve_core::id::CredentialId;
use reeve_core::money::NanoUsd;
use reeve_core::period::PeriodKind;
use reeve_engine::Cx;
use reeve_engine::breaker::BreakerRules;
use reeve_engine::credentials::ChangeCredential;
use reeve_engine::model_rules::ModelRules;
use reeve_engine::routes::{Patience, Retries, SetRoute, Target};
use reeve_tests::app::{Answer, TestApp, TestTenant, eventually, price_of};
use reeve_tests::provider::{Fault, ScriptedProvider};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const QUICK: Retries = Retries { each: 1, backoff_ms: 10, max_backoff_ms: 50, after_unknown: false };
const ONCE: Retries = Retries { each: 0, ..QUICK };

/// A Reeve with two providers, one key each; the second costs the more.
struct Pair {
    app: TestApp,
    other: ScriptedProvider,
    first_key: CredentialId,
    other_key: CredentialId,
    acme: TestTenant,
}

impl Pair {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let other = ScriptedProvider::start().await.unwrap();
        let other_key = app.credential("openai", &other.base_url(), other.key(), &["gpt-4o"]).await;
        let first_key = app.engine.credentials(&Cx::system(), None, 1).await.unwrap().0.remove(0).id;
        let acme = app.tenant("Acme").make().await;
        app.engine.seed_routing(7);
        Self { app, other, first_key, other_key, acme }
    }

    /// A route `fast` to the mini model at the first provider, then to the large one at the second.
    async fn route(&self, retries: Retries, patience: Patience) {
        let targets =
            vec![target("gpt-4o-mini", Some(self.first_key), 100), target("gpt-4o", Some(self.other_key), 0)];
        route(&self.app, "fast", targets, retries, patience).await;
    }

    async fn ask(&self, body: Value) -> Answer {
        self.app.chat(&self.acme, &body).await
    }

    /// How often each provider was asked.
    fn asked(&self) -> (usize, usize) {
        (self.app.provider.calls().len(), self.other.calls().len())
    }
}

fn target(model: &str, credential: Option<CredentialId>, weight: u32) -> Target {
    Target { provider: "openai".to_owned(), model: model.to_owned(), credential, weight }
}

async fn route(app: &TestApp, model: &str, targets: Vec<Target>, retries: Retries, patience: Patience) {
    let new = SetRoute { tenant_id: None, model: model.to_owned(), targets, patience, retries };
    app.engine.create_route(&Cx::system(), new).await.unwrap();
}

/// Asserts what the answer says of how it came about.
#[track_caller]
fn assert_served(answer: &Answer, model: &str, attempts: &str) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let said = ["x-reeve-provider", "x-reeve-model", "x-reeve-attempts"].map(|name| answer.header(name));
    assert_eq!(said, ["openai", model, attempts]);
}

#[tokio::test]
async fn an_alias_is_served_and_priced_as_the_model_behind_it() {
    let pair = Pair::start().await;
    pair.route(QUICK, Patience::default()).await;

    assert_served(&pair.ask(hello("fast")).await, "gpt-4o-mini", "1");
    let streamed = pair.ask(streamed_hello("fast")).await;
    assert_served(&streamed, "gpt-4o-mini", "1");
    assert!(streamed.body.ends_with("data: [DONE]\n\n"));

    let calls = pair.app.provider.calls();
    assert!(calls.iter().all(|call| call.model == "gpt-4o-mini"), "the provider's own name");
    assert_eq!(pair.asked(), (2, 0));
    for charge in pair.app.charges(2).await {
        assert_eq!((charge.model.as_str(), charge.attempts), ("gpt-4o-mini", 1));
        assert_eq!(charge.cost, Some(price_of("gpt-4o-mini", &charge.usage)));
    }
    let list = pair.app.models(&pair.acme.key).await.json();
    let ids: Vec<_> = list["data"].as_array().unwrap().iter().filter_map(|m| m["id"].as_str()).collect();
    assert!(ids.contains(&"fast") && ids.contains(&"gpt-4o-mini"), "{ids:?}");
}

#[tokio::test]
async fn an_alias_for_embeddings_is_renamed_too() {
    let pair = Pair::start().await;
    let targets = vec![target("text-embedding-3-small", None, 1)];
    route(&pair.app, "vectors", targets, QUICK, Patience::default()).await;
    let answer = pair.app.embed(&pair.acme, &json!({"model": "vectors", "input": "three words here"})).await;
    assert_served(&answer, "text-embedding-3-small", "1");
    assert_eq!(pair.app.provider.calls()[0].model, "text-embedding-3-small");
}

#[tokio::test]
async fn a_limited_provider_is_asked_again_after_the_wait_it_asks_for() {
    let pair = Pair::start().await;
    pair.route(Retries { max_backoff_ms: 1_500, ..QUICK }, Patience::default()).await;
    pair.app.provider.next(Fault::Limited(1));
    let began = Instant::now();

    assert_served(&pair.ask(hello("fast")).await, "gpt-4o-mini", "2");

    assert!(began.elapsed() >= Duration::from_secs(1), "after {:?}", began.elapsed());
    assert_eq!(pair.asked(), (2, 0));
    let charge = pair.app.charge().await;
    assert_eq!(charge.attempts, 2);
    assert_eq!(charge.cost, Some(price_of("gpt-4o-mini", &charge.usage)), "what was refused costs nothing");
}

#[tokio::test]
async fn a_wait_that_is_too_long_leads_to_the_next_target() {
    let pair = Pair::start().await;
    pair.route(QUICK, Patience::default()).await;
    pair.app.provider.next(Fault::Limited(7));
    assert_served(&pair.ask(hello("fast")).await, "gpt-4o", "2");
    assert_eq!(pair.asked(), (1, 1));
}

#[tokio::test]
async fn a_failing_provider_is_asked_again_and_then_the_other_one() {
    let pair = Pair::start().await;
    pair.route(QUICK, Patience::default()).await;
    let budget = pair.app.budget(Some(pair.acme.id), PeriodKind::Month, "1").await;
    pair.app.provider.next(Fault::Status(500)).next(Fault::Status(503));

    assert_served(&pair.ask(hello("fast")).await, "gpt-4o", "3");

    assert_eq!(pair.asked(), (2, 1));
    let charge = pair.app.charge().await;
    assert_eq!((charge.model.as_str(), charge.attempts), ("gpt-4o", 3));
    assert_eq!(
        (charge.credential_id, charge.cost),
        (Some(pair.other_key), Some(price_of("gpt-4o", &charge.usage)))
    );
    let status = pair.app.engine.budget(&Cx::system(), budget).await.unwrap().status;
    assert_eq!((Some(status.spent), status.reserved), (charge.cost, NanoUsd::ZERO), "nothing stays reserved");
}

#[tokio::test]
async fn when_all_fail_the_last_failure_is_told() {
    let pair = Pair::start().await;
    pair.route(ONCE, Patience::default()).await;
    pair.app.provider.next(Fault::Status(500));
    pair.other.next(Fault::Status(503));

    let answer = pair.ask(hello("fast")).await;

    assert_eq!((answer.status.as_u16(), answer.header("x-reeve-attempts")), (503, "2"));
    assert_eq!(answer.header("x-reeve-cost"), "0.00");
    let charge = pair.app.charge().await;
    assert_eq!((charge.outcome.as_str(), charge.cost, charge.attempts), ("failure", Some(NanoUsd::ZERO), 2));
}

#[tokio::test]
async fn without_a_route_a_failure_is_told_at_once() {
    let pair = Pair::start().await;
    pair.app.provider.next(Fault::Status(500));
    assert_eq!(pair.ask(hello("gpt-4o-mini")).await.status, 500);
    assert_eq!(pair.asked(), (1, 0));
}

#[tokio::test]
async fn what_may_have_run_is_charged_and_not_asked_again() {
    let pair = Pair::start().await;
    pair.route(QUICK, Patience { first_byte_ms: Some(150), connect_ms: Some(500), total_ms: None }).await;
    for fault in [Fault::Hang, Fault::FirstByteAfter(Duration::from_secs(3))] {
        pair.app.provider.next(fault);
        pair.ask(hello("fast")).await.assert_error(504, "upstream_error", "provider_timeout");
    }
    assert_eq!(pair.asked(), (2, 0), "asked once each");
    for charge in pair.app.charges(2).await {
        assert_eq!(
            (charge.pricing.as_str(), charge.unpriced_reason.as_deref()),
            ("ceiling", Some("missing_usage"))
        );
        assert!(charge.cost.is_some_and(|c| c > NanoUsd::ZERO));
    }
}

#[tokio::test]
async fn where_the_route_says_so_it_is_asked_again_and_both_are_charged() {
    let pair = Pair::start().await;
    let patience = Patience { first_byte_ms: Some(150), connect_ms: Some(500), total_ms: None };
    pair.route(Retries { after_unknown: true, ..ONCE }, patience).await;
    let budget = pair.app.budget(Some(pair.acme.id), PeriodKind::Month, "1").await;
    pair.app.provider.next(Fault::Hang);

    let answer = pair.ask(hello("fast")).await;

    assert_served(&answer, "gpt-4o", "2");
    assert_eq!(pair.asked(), (1, 1));
    let [lost, served] = pair.app.charges(2).await.try_into().unwrap();
    assert_eq!(
        (lost.model.as_str(), lost.pricing.as_str(), lost.outcome.as_str()),
        ("gpt-4o-mini", "ceiling", "failure")
    );
    assert_eq!(
        (served.model.as_str(), served.pricing.as_str(), served.outcome.as_str()),
        ("gpt-4o", "priced", "success")
    );
    assert_eq!(lost.request_id, served.request_id, "one call");
    let sum = lost.cost.unwrap() + served.cost.unwrap();
    assert_eq!(answer.header("x-reeve-cost"), sum.to_string());
    let status = pair.app.engine.budget(&Cx::system(), budget).await.unwrap().status;
    assert_eq!((status.spent, status.reserved), (sum, NanoUsd::ZERO));
    let counters = pair.app.engine.quota(&Cx::system(), pair.acme.id).await.unwrap().counters;
    assert_eq!((counters.requests_today, counters.concurrent), (1, 0), "and one call of the day");
}

#[tokio::test]
async fn a_stream_that_breaks_after_its_first_byte_is_not_asked_again() {
    let pair = Pair::start().await;
    let patience = Patience { first_byte_ms: Some(2_000), connect_ms: None, total_ms: None };
    pair.route(Retries { after_unknown: true, each: 3, ..QUICK }, patience).await;
    pair.app.provider.next(Fault::Cut(4));
    let answer = pair.ask(streamed_hello("fast")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.events().last().unwrap()["error"]["code"], "provider_stream_cut");
    assert_eq!(pair.asked(), (1, 0));
    pair.app.charge().await;
}

#[tokio::test]
async fn a_target_without_room_in_the_budget_is_not_asked() {
    let pair = Pair::start().await;
    pair.route(ONCE, Patience::default()).await;
    // Enough for the small model's worst case, and far too little for the large one's.
    pair.app.budget(Some(pair.acme.id), PeriodKind::Month, "0.00006").await;
    pair.app.provider.next(Fault::Status(500));
    assert_eq!(pair.ask(hello("fast")).await.status, 500, "the failure is told");
    assert_eq!(pair.asked(), (1, 0));
    assert_eq!(pair.app.charge().await.cost, Some(NanoUsd::ZERO));
}

#[tokio::test]
async fn a_key_that_keeps_failing_is_left_alone_until_a_trial_succeeds() {
    let pair = Pair::start().await;
    for _ in 0..5 {
        pair.app.provider.next(Fault::Status(500));
        assert_eq!(pair.ask(hello("gpt-4o-mini")).await.status, 500);
    }
    let opened = pair.app.entry("credential.breaker_open").await;
    assert!(opened.summary.contains("5 calls in a row failed"), "{}", opened.summary);
    assert_eq!(opened.severity, "critical");

    let refused = pair.ask(hello("gpt-4o-mini")).await;
    let message = refused.assert_error(503, "server_error", "unavailable");
    assert!(message.contains("5 calls in a row failed"), "{message}");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() <= 37);
    assert_eq!(pair.asked(), (5, 0), "it was not asked");
    pair.app.charges(5).await;
    let needs = pair.app.engine.overview(&Cx::system()).await.unwrap().needs_you;
    assert!(needs.iter().any(|n| n.link == "/routing" && n.text.contains("5 calls")), "{needs:?}");

    pair.app.clock.advance(40_000);
    pair.app.provider.next(Fault::Status(500));
    assert_eq!(pair.ask(hello("gpt-4o-mini")).await.status, 500, "one call tries it");
    assert_eq!(pair.ask(hello("gpt-4o-mini")).await.status, 503, "and it is open again");
    pair.app.clock.advance(80_000);
    assert_eq!(pair.ask(hello("gpt-4o-mini")).await.status, 200);
    assert_eq!(pair.ask(hello("gpt-4o-mini")).await.status, 200, "closed");
    assert_eq!(pair.app.entry("credential.breaker_close").await.severity, "info");
    assert_eq!(pair.app.entries("credential.breaker_open").await.len(), 1, "it opened once");
}

#[tokio::test]
async fn the_workspace_says_when_a_key_is_left_alone_and_for_how_long() {
    let pair = Pair::start().await;
    let engine = &pair.app.engine;
    let rules = BreakerRules {
        consecutive: 2,
        cool_down_ms: 2_000,
        max_cool_down_ms: 2_000,
        ..BreakerRules::default()
    };
    let wrong = BreakerRules { consecutive: 0, error_percent: 101, max_cool_down_ms: 1_000, ..rules };
    let refused = engine.set_breaker_rules(&Cx::system(), wrong).await.unwrap_err();
    let fields: Vec<_> = refused.fields.iter().map(|f| f.field.as_str()).collect();
    assert_eq!(fields, ["consecutive", "error_percent", "max_cool_down_ms"]);
    assert_eq!(engine.breaker_rules(&Cx::system()).await.unwrap(), BreakerRules::default());
    for _ in 0..2 {
        assert_eq!(engine.set_breaker_rules(&Cx::system(), rules).await.unwrap(), rules);
    }
    let changed = pair.app.entries_once("breaker.update", 1).await.remove(0);
    assert_eq!(
        (changed.summary.as_str(), changed.outcome),
        ("Changed when a provider key is left out", "success")
    );

    for _ in 0..2 {
        pair.app.provider.next(Fault::Status(500));
        assert_eq!(pair.ask(hello("gpt-4o-mini")).await.status, 500);
    }
    let left_out = pair.ask(hello("gpt-4o-mini")).await;
    left_out.assert_error(503, "server_error", "unavailable");
    assert!(left_out.header("retry-after").parse::<u64>().unwrap() <= 3);
    pair.app.clock.advance(2_500);
    assert_eq!(pair.ask(hello("gpt-4o-mini")).await.status, 200, "tried after the wait that was set");
    assert_eq!(pair.asked(), (3, 0));
}

#[tokio::test]
async fn a_refused_key_opens_at_once_and_the_other_key_steps_in() {
    let pair = Pair::start().await;
    let second = pair.app.credential("openai", &pair.other.base_url(), pair.other.key(), &[]).await;
    let last = ChangeCredential { priority: Some(2), ..ChangeCredential::default() };
    pair.app.engine.change_credential(&Cx::system(), second, last).await.unwrap();
    pair.app.provider.revoke_key(pair.app.provider.key());

    assert_served(&pair.ask(hello("gpt-4o-mini")).await, "gpt-4o-mini", "2");
    assert_served(&pair.ask(hello("gpt-4o-mini")).await, "gpt-4o-mini", "1");

    assert_eq!(pair.asked(), (1, 2), "the refused key is not tried again");
    let opened = pair.app.entry("credential.breaker_open").await;
    assert!(opened.summary.contains("refuses the key (status 401)"), "{}", opened.summary);
    let health = pair.app.engine.routing_health(&Cx::system()).await.unwrap();
    let first = &health.iter().find(|k| k.id == pair.first_key).unwrap().figures;
    assert_eq!((first.calls, first.errors, first.last_error.as_ref().unwrap().status), (1, 1, Some(401)));

    // A person renews it at the provider and tests it: calls go there again at once.
    pair.app.provider.accept_key(pair.app.provider.key());
    assert!(pair.app.engine.probe_credential(&Cx::system(), pair.first_key).await.unwrap().ok);
    assert_served(&pair.ask(hello("gpt-4o-mini")).await, "gpt-4o-mini", "1");
    assert_eq!(pair.asked(), (2, 2));
    pair.app.entry("credential.breaker_close").await;
}

#[tokio::test]
async fn a_provider_that_cannot_be_reached_is_replaced_by_another_key() {
    let pair = Pair::start().await;
    // A port that was free a moment ago.
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let dead = pair.app.credential("openai", &format!("http://{free}/v1"), "sk-unused-key", &["o1"]).await;
    let spare = pair.app.credential("openai", &pair.other.base_url(), pair.other.key(), &["o1"]).await;
    let last = ChangeCredential { priority: Some(2), ..ChangeCredential::default() };
    pair.app.engine.change_credential(&Cx::system(), spare, last).await.unwrap();

    assert_served(&pair.ask(json!({"model": "o1", "messages": [{"role": "user", "content": "hi"}], "max_completion_tokens": 9})).await, "o1", "2");

    assert_eq!(pair.asked(), (0, 1));
    let charge = pair.app.charge().await;
    assert_eq!((charge.credential_id, charge.attempts), (Some(spare), 2));
    assert_ne!(charge.credential_id, Some(dead));
}

#[tokio::test]
async fn calls_are_shared_by_weight() {
    let pair = Pair::start().await;
    let second = pair.app.credential("openai", &pair.other.base_url(), pair.other.key(), &[]).await;
    let third = ChangeCredential { weight: Some(50), ..ChangeCredential::default() };
    pair.app.engine.change_credential(&Cx::system(), second, third).await.unwrap();
    for _ in 0..60 {
        assert_eq!(pair.ask(hello("gpt-4o-mini")).await.status, 200);
    }
    let (first, other) = pair.asked();
    assert_eq!(first + other, 60);
    // 100 to 50: forty to twenty, give or take; the seed makes it the same every time.
    assert!((32..=48).contains(&first), "{first} to {other}");
}

#[tokio::test]
async fn a_tenants_own_route_goes_before_that_for_all() {
    let pair = Pair::start().await;
    pair.route(QUICK, Patience::default()).await;
    let own = SetRoute {
        tenant_id: Some(pair.acme.id),
        model: "fast".to_owned(),
        targets: vec![target("gpt-4o", None, 1)],
        patience: Patience::default(),
        retries: QUICK,
    };
    pair.app.engine.create_route(&Cx::system(), own).await.unwrap();
    assert_served(&pair.ask(hello("fast")).await, "gpt-4o", "1");
    let globex = pair.app.tenant("Globex").make().await;
    assert_served(&pair.app.chat(&globex, &hello("fast")).await, "gpt-4o-mini", "1");
}

#[tokio::test]
async fn a_denied_model_is_refused_by_name_and_rule_also_behind_an_alias() {
    let pair = Pair::start().await;
    pair.route(QUICK, Patience::default()).await;
    let rules = ModelRules { allow: Vec::new(), deny: vec!["gpt-4o*".to_owned()] };
    pair.app.engine.set_model_rules(&Cx::system(), pair.acme.id, rules).await.unwrap();

    for (asked, named) in [("gpt-4o", "\"gpt-4o\""), ("fast", "\"fast\" (served by \"gpt-4o-mini\")")] {
        let message = pair.ask(hello(asked)).await.assert_error(403, "permission_error", "policy_denied");
        assert!(message.contains(named) && message.contains("\"gpt-4o*\""), "{message}");
    }

    pair.app.assert_untouched(&pair.acme).await;
    let denied = pair.app.entries_once("model.deny", 2).await;
    assert!(denied.iter().all(|e| e.outcome == "denied" && e.summary.contains("gpt-4o*")));
    let list = pair.app.models(&pair.acme.key).await.json();
    let ids: Vec<_> = list["data"].as_array().unwrap().iter().filter_map(|m| m["id"].as_str()).collect();
    assert!(
        ids.contains(&"o1") && !ids.iter().any(|id| id.starts_with("gpt-4o") || *id == "fast"),
        "{ids:?}"
    );
}

#[tokio::test]
async fn where_models_are_allowed_by_name_no_other_is() {
    let pair = Pair::start().await;
    pair.route(QUICK, Patience::default()).await;
    let rules = ModelRules { allow: vec!["fast".to_owned()], deny: Vec::new() };
    pair.app.engine.set_model_rules(&Cx::system(), pair.acme.id, rules).await.unwrap();
    assert_served(&pair.ask(hello("fast")).await, "gpt-4o-mini", "1");
    let message = pair.ask(hello("gpt-4o-mini")).await.assert_error(403, "permission_error", "policy_denied");
    assert!(message.contains("not in its list of allowed models"), "{message}");
    let list = pair.app.models(&pair.acme.key).await.json();
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    eventually("the refusal", || async { (!pair.app.entries("model.deny").await.is_empty()).then_some(()) })
        .await;
}

#[tokio::test]
async fn a_target_that_no_call_could_go_to_is_refused_when_the_route_is_made() {
    let pair = Pair::start().await;
    let targets = vec![
        target("no-such-model", None, 1),
        target("o1", Some(pair.other_key), 1),
        Target { provider: "nobody".to_owned(), ..target("gpt-4o", None, 1) },
    ];
    let new = SetRoute {
        tenant_id: None,
        model: "fast".to_owned(),
        targets,
        patience: Patience::default(),
        retries: QUICK,
    };
    let error = pair.app.engine.create_route(&Cx::system(), new).await.unwrap_err();
    let fields: Vec<_> = error.fields.iter().map(|f| f.field.as_str()).collect();
    assert_eq!(fields, ["targets[0].model", "targets[1].credential_id", "targets[2].provider"], "{error:?}");
    assert!(pair.app.entries("route.create").await.is_empty());
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_repetitions() {
    let pair = Pair::start().await;
    let patience = Patience { first_byte_ms: Some(300), ..Patience::default() };
    pair.route(Retries { each: 5, after_unknown: true, ..QUICK }, patience).await;
    pair.app.provider.next(Fault::Hang);
    let sent = pair.app.post("/v1/chat/completions", &pair.acme.key, hello("fast").to_string());
    let left = tokio::time::timeout(Duration::from_millis(100), sent.send()).await;
    assert!(left.is_err(), "the client gave up");
    pair.app.charges(1).await;
    assert_eq!(pair.asked(), (1, 0));
}
