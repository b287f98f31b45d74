//! Bodies that are kept because a tenant's rule says so, and only then.

use crate::{hello, streamed_hello};
use reeve_core::id::{ChargeId, UserId};
use reeve_core::permission::Role;
use reeve_core::principal::Principal;
use reeve_core::time::Millis;
use reeve_engine::capture::redact::Detector;
use reeve_engine::capture::{Bodies, SetCapture};
use reeve_engine::requests::RequestRef;
use reeve_engine::{Code, Cx};
use reeve_tests::app::{TestApp, TestTenant, eventually};
use serde_json::{Value, json};

fn everything() -> SetCapture {
    SetCapture {
        api_keys: Vec::new(),
        share_ppm: 1_000_000,
        max_bytes: 100_000,
        retention_days: 7,
        detectors: Detector::ALL.to_vec(),
        patterns: vec!["PRJ-[0-9]+".to_owned()],
    }
}

async fn captured(app: &TestApp, charge: ChargeId) -> Bodies {
    let id = RequestRef::Charge(charge);
    eventually("bodies", || async { app.engine.bodies(&Cx::system(), id).await.ok() }).await.0
}

async fn kept(app: &TestApp, tenant: &TestTenant) -> u64 {
    app.engine.capture_status(&Cx::system(), tenant.id).await.unwrap().sums.calls
}

#[tokio::test]
async fn nothing_is_kept_by_default() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.chat(&acme, &hello("gpt-4o-mini")).await;
    let charge = app.charge().await;
    let error = app.engine.bodies(&Cx::system(), RequestRef::Charge(charge.id)).await.unwrap_err();
    assert_eq!(error.code, Code::NotFound);
    assert_eq!(kept(&app, &acme).await, 0);
}

#[tokio::test]
async fn a_call_is_kept_redacted_and_sealed_and_every_view_is_written_down() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.engine.set_capture(&Cx::system(), acme.id, Some(everything())).await.unwrap();
    let mut request = hello("gpt-4o-mini");
    request["messages"][0]["content"] = json!("I am jane.doe@example.com, about PRJ-77 and tulips");

    let answer = app.chat(&acme, &request).await;

    let charge = app.charge().await;
    let bodies = captured(&app, charge.id).await;
    let kept_request: Value = serde_json::from_str(&bodies.request.text).unwrap();
    assert_eq!(
        kept_request["messages"][0]["content"],
        "I am [redacted: email], about [redacted: own] and tulips"
    );
    let kept_answer: Value = serde_json::from_str(&bodies.response.text).unwrap();
    assert_eq!(kept_answer["choices"], answer.json()["choices"]);
    assert_eq!((bodies.redacted.get("email"), bodies.redacted.get("own")), (Some(&1), Some(&1)));
    let headers: Vec<_> = bodies.request.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert!(!headers.contains(&"authorization"), "{headers:?}");
    let views = app.entries("data.access").await;
    assert!(
        !views.is_empty() && views.iter().all(|v| v.resource.as_ref().unwrap().id == charge.id.to_string())
    );

    let folder = app.close().await;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for secret in [&b"jane.doe"[..], b"tulips"] {
            assert!(!bytes.windows(secret.len()).any(|w| w == secret), "bodies are sealed at rest");
        }
    }
}

#[tokio::test]
async fn a_stream_is_put_together_again() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.engine.set_capture(&Cx::system(), acme.id, Some(everything())).await.unwrap();
    let answer = app.chat(&acme, &streamed_hello("gpt-4o-mini")).await;
    let said: String =
        answer.events().iter().filter_map(|e| e["choices"][0]["delta"]["content"].as_str()).collect();

    let bodies = captured(&app, app.charge().await.id).await;

    let kept: Value = serde_json::from_str(&bodies.response.text).unwrap();
    assert_eq!(kept["texts"][0]["text"], said.as_str());
    assert!(bodies.response.events.is_some_and(|n| n > 10) && !bodies.response.cut);
}

#[tokio::test]
async fn deleting_really_deletes() {
    let app = TestApp::start().await;
    let (acme, other) = (app.tenant("Acme").make().await, app.tenant("Other").make().await);
    for tenant in [&acme, &other] {
        app.engine.set_capture(&Cx::system(), tenant.id, Some(everything())).await.unwrap();
        app.chat(tenant, &hello("gpt-4o-mini")).await;
        app.chat(tenant, &hello("gpt-4o-mini")).await;
    }
    let charges = app.charges(4).await;
    for charge in &charges {
        captured(&app, charge.id).await;
    }
    let of_acme = charges.iter().find(|c| c.tenant_id == acme.id).unwrap().id;
    app.engine.delete_bodies(&Cx::system(), RequestRef::Charge(of_acme)).await.unwrap();
    assert!(app.engine.bodies(&Cx::system(), RequestRef::Charge(of_acme)).await.is_err());
    assert_eq!(kept(&app, &acme).await, 1);
    assert_eq!(app.engine.delete_all_bodies(&Cx::system(), acme.id).await.unwrap(), 1);
    assert_eq!((kept(&app, &acme).await, kept(&app, &other).await), (0, 2));

    app.clock.advance(6 * Millis::DAY);
    app.engine.sweep_captures().await.unwrap();
    assert_eq!(kept(&app, &other).await, 2, "its time is not over");
    app.clock.advance(2 * Millis::DAY);
    app.engine.sweep_captures().await.unwrap();
    assert_eq!(kept(&app, &other).await, 0);
    assert_eq!(app.entries("data.delete").await.len(), 3, "each deletion is written down");
}

#[tokio::test]
async fn a_share_of_the_calls_of_some_keys() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let rule = SetCapture { share_ppm: 500_000, ..everything() };
    app.engine.set_capture(&Cx::system(), acme.id, Some(rule)).await.unwrap();
    for _ in 0..40 {
        app.chat(&acme, &hello("gpt-4o-mini")).await;
    }
    app.charges(40).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let some = kept(&app, &acme).await;
    assert!((5..=35).contains(&some), "{some} of 40");

    let of_another = reeve_core::id::ApiKeyId(acme.id.0);
    let rule = SetCapture { api_keys: vec![of_another], ..everything() };
    app.engine.set_capture(&Cx::system(), acme.id, Some(rule)).await.unwrap();
    app.chat(&acme, &hello("gpt-4o-mini")).await;
    app.charges(41).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(kept(&app, &acme).await, some, "not of this key");

    app.engine.set_capture(&Cx::system(), acme.id, None).await.unwrap();
    app.chat(&acme, &hello("gpt-4o-mini")).await;
    app.charges(42).await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(kept(&app, &acme).await, some, "no rule any more");
}

#[tokio::test]
async fn only_some_may_see_bodies_and_a_refusal_is_written_down() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.engine.set_capture(&Cx::system(), acme.id, Some(everything())).await.unwrap();
    app.chat(&acme, &hello("gpt-4o-mini")).await;
    let charge = app.charge().await.id;
    captured(&app, charge).await;
    for role in Role::ALL {
        let id = UserId(acme.id.0);
        let principal = Principal::User {
            id,
            subject: "u:tester".to_owned(),
            may: role.allowance(),
            grants: std::sync::Arc::default(),
            session: None,
        };
        let cx = Cx { principal, ..Cx::system() };
        let before = app.entries("access.denied").await.len();
        let seen = app.engine.bodies(&cx, RequestRef::Charge(charge)).await;
        let may = matches!(role, Role::Admin | Role::Security);
        assert_eq!(seen.is_ok(), may, "{role:?}");
        assert_eq!(app.entries("access.denied").await.len() - before, usize::from(!may));
        let set = app.engine.set_capture(&cx, acme.id, Some(everything())).await;
        assert_eq!(set.is_ok(), may, "{role:?}");
    }
}

#[tokio::test]
async fn rules_are_checked() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    for (field, rule) in [
        ("share", SetCapture { share_ppm: 0, ..everything() }),
        ("max_bytes", SetCapture { max_bytes: 1, ..everything() }),
        ("retention_days", SetCapture { retention_days: 0, ..everything() }),
        ("patterns", SetCapture { patterns: vec!["(".to_owned()], ..everything() }),
        ("patterns", SetCapture { patterns: vec!["x".to_owned(); 21], ..everything() }),
    ] {
        let error = app.engine.set_capture(&Cx::system(), acme.id, Some(rule)).await.unwrap_err();
        assert_eq!(error.fields[0].field, field);
    }
}
