//! Writing entries: what becomes of them, who may, and never twice.

use crate::application::{Application, about, key, tenant};
use reeve_tests::console::Door;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_says_all_it_was_told_and_nothing_personal_is_in_its_leaf() {
    let app = Application::start().await;
    let entry = json!({"event_type": "project.publish", "action": "UPDATE", "resource": {"type": "project", "id": "p-7", "name": "Atlas"},
        "project": "p-7", "actor": {"id": "u-1", "name": "Somebody Marked", "email": "marked@example.org", "ip": "203.0.113.9", "user_agent": "MarkedBrowser/1"},
        "changes": [{"field": "state", "before": "draft", "after": "live"}, {"field": "pages", "before": null, "after": 12}],
        "metadata": {"plan": "basic", "sizes": [1, 2], "deep": {"a_b": true}}, "severity": "notice", "outcome": "success",
        "occurred_at": "2026-11-20T08:00:00.000Z", "duration_ms": 45, "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"});
    let written = app.write(&entry).await;
    assert_eq!(written.status, 201, "{}", written.json());
    let id = written.json()["items"][0]["entry_id"].as_str().unwrap().to_owned();
    let read = app.read(&format!("/audit/logs/{id}")).await;
    let expected = json!({"event_type": "app.project.publish", "action": "UPDATE", "severity": "notice", "outcome": "success",
        "project": "p-7", "occurred_at": "2026-11-20T08:00:00.000Z", "duration_ms": 45, "via": "api",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "summary": "Changed project Atlas"});
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(&read[field], value, "{field} of {read}");
    }
    assert_eq!(read["resource"], json!({"type": "PROJECT", "id": "p-7", "name": "Atlas"}));
    assert_eq!((&read["actor"]["type"], &read["actor"]["id"]), (&json!("api_key"), &json!(app.key_id)));
    assert_eq!(read["actor"]["name"], "application");
    assert_eq!(read["tenant"]["id"], app.tenant);
    assert_ne!(read["time"], read["occurred_at"], "the time of an entry is Reeve's own");
    assert_eq!(read["changes"][1], json!({"field": "pages", "before": "", "after": "12"}));
    assert_eq!(
        (&read["metadata"]["plan"], &read["metadata"]["deep"]["a_b"]),
        (&json!("basic"), &json!(true))
    );
    assert_eq!(read["metadata"]["actor_name"], "Somebody Marked", "who may read it sees it");
    assert_eq!(read["metadata"]["on_behalf_of"], "u-1");
    let leaf = read["leaf"].as_str().unwrap();
    for personal in ["Marked", "marked@", "203.0.113.9"] {
        assert!(!leaf.contains(personal), "{personal} is in {leaf}");
    }
    let found = app.read("/audit/logs?resource_type=PROJECT&resource_id=p-7").await;
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
    let intact = app.read("/audit/verify").await;
    assert_eq!(intact["intact"], true, "{intact}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_passes_for_reeve() {
    let app = Application::start().await;
    let before = app.read(&format!("/audit/entity/{}", app.tenant)).await["items"].as_array().unwrap().len();
    let forged = json!([
        {"event_type": "tenant.delete", "action": "DELETE", "resource": {"type": "tenant", "id": app.tenant}},
        {"event_type": "app.auth.login", "action": "EXECUTE", "resource": {"type": "user", "id": "usr_1"}, "metadata": {"severity": "critical", "message": "Reeve says", "tenant": "x"}},
    ]);
    let written = app.write(&forged).await;
    assert_eq!(written.status, 201, "{}", written.json());
    let kinds = app.read("/audit/logs?limit=2").await;
    assert_eq!(kinds["items"][1]["event_type"], "app.tenant.delete");
    assert_eq!(kinds["items"][0]["event_type"], "app.auth.login");
    assert_eq!(kinds["items"][0]["severity"], "info", "metadata is not the entry: {kinds}");
    assert_eq!(kinds["items"][0]["summary"], "Ran user usr_1");
    assert_eq!(kinds["items"][0]["tenant"]["id"], app.tenant);
    let after = app.read(&format!("/audit/entity/{}", app.tenant)).await;
    assert_eq!(
        after["items"].as_array().unwrap().len(),
        before,
        "the tenant's own history holds nothing forged"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_do_what_their_scopes_say() {
    let app = Application::start().await;
    let (_, caller) = key(&app.console, &app.tenant, json!(["gateway:call"])).await;
    let refused = app.write_with(&caller, &[], &about("p")).await;
    assert_eq!((refused.status, &refused.json()["code"]), (403, &json!("forbidden")), "{}", refused.json());
    let denied = app.read("/audit/logs?event_type=access.denied").await;
    assert_eq!(denied["items"][0]["resource"]["id"], "audit:write", "{denied}");
    assert_eq!(denied["items"][0]["tenant"]["id"], app.tenant, "{denied}");
    let origin = app.console.engine.new_request_id();
    let refused = app.console.engine.identify(&app.key, origin).await.unwrap_err();
    assert_eq!(refused.code, reeve_engine::Code::Forbidden, "a key for entries is not for calls");
    app.console.engine.identify(&caller, origin).await.unwrap();
    // A key for entries reads nothing and changes nothing.
    let bearer = format!("Bearer {}", app.key);
    for path in ["/audit/logs", "/tenants", "/settings"] {
        let refused = app.console.send("GET", path, &[("authorization", &bearer)], Vec::new()).await;
        assert_eq!(refused.status, 403, "{path}: {}", refused.json());
    }
    let (another, _, theirs) = tenant(&app.console, "Contoso", json!(["audit:write", "gateway:call"])).await;
    let mut of_another = about("p");
    of_another["tenant_id"] = app.tenant.as_str().into();
    let refused = app.write_with(&theirs, &[], &of_another).await;
    assert_eq!((refused.status, &refused.json()["fields"][0]["field"]), (400, &json!("tenant_id")));
    of_another["tenant_id"] = another.into();
    assert_eq!(app.write_with(&theirs, &[], &of_another).await.status, 201);

    let revoke = format!("/tenants/{}/api-keys/{}/revoke", app.tenant, app.key_id);
    app.console.ask(Door::Server, "POST", &revoke, None).await;
    let refused = app.write(&about("p")).await;
    assert_eq!((refused.status, &refused.json()["code"]), (401, &json!("unauthenticated")));
    let failed = app.read("/audit/logs?event_type=auth.failed").await;
    assert_eq!(
        (&failed["items"][0]["outcome"], &failed["items"][0]["via"]),
        (&json!("denied"), &json!("api"))
    );
    let none = app
        .console
        .ask(
            Door::Server,
            "POST",
            &format!("/tenants/{}/api-keys", app.tenant),
            Some(json!({"name": "n", "scopes": []})),
        )
        .await;
    assert_eq!((none.status, &none.body["fields"][0]["field"]), (400, &json!("scopes")));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_twice() {
    let app = Application::start().await;
    let once = [("idempotency-key", "order-1")];
    let first = app.write_with(&app.key, &once, &json!([about("a"), about("b")])).await;
    assert_eq!((first.status, first.header("idempotent-replayed")), (201, String::new()));
    let size = app.size().await;
    let (_, rotated) = key(&app.console, &app.tenant, json!(["audit:write"])).await;
    let keys = app.size().await - size;
    // Also with another key of the same tenant: keys are rotated.
    for key in [&app.key, &rotated] {
        let again = app.write_with(key, &once, &json!([about("a"), about("b")])).await;
        assert_eq!((again.status, again.body), (201, first.body.clone()));
        assert_eq!(again.headers["idempotent-replayed"], "true");
    }
    let other = app.write_with(&app.key, &once, &json!([about("a")])).await;
    assert_eq!((other.status, &other.json()["code"]), (409, &json!("conflict")));
    assert_eq!(app.size().await, size + keys, "nothing was written again");

    let with_id = |id: &str, about: &str| json!({"id": id, "action": "VIEW", "resource": {"type": "FILE", "id": about}});
    let first = app.write(&json!([with_id("e1", "x"), with_id("e2", "y")])).await;
    let mixed = app.write(&json!([with_id("e2", "y"), with_id("e3", "z")])).await;
    assert_eq!(mixed.json()["items"][0], first.json()["items"][1], "the one that was there keeps its place");
    let size = app.size().await;
    let changed = app.write(&json!([with_id("e4", "w"), with_id("e1", "another")])).await;
    assert_eq!(
        (changed.status, &changed.json()["fields"][0]["field"]),
        (409, &json!("[1].id")),
        "{}",
        changed.json()
    );
    assert_eq!(app.size().await, size, "and its neighbour is not written either");
    let (_, _, stranger) = tenant(&app.console, "Contoso", json!(["audit:write"])).await;
    assert_eq!(
        app.write_with(&stranger, &once, &with_id("e1", "theirs")).await.status,
        201,
        "keys are a tenant's own"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_the_same_time_are_each_written_once() {
    let app = std::sync::Arc::new(Application::start().await);
    let before = app.size().await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let app = std::sync::Arc::clone(&app);
        tasks.spawn(async move {
            let entries: Vec<_> = (0..50).map(|n| json!({"id": format!("e{n}"), "action": "VIEW", "resource": {"type": "FILE", "id": "x"}})).collect();
            let written = app.write(&json!(entries)).await;
            assert_eq!(written.status, 201);
            written.body
        });
    }
    let answers = tasks.join_all().await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "all are told the same");
    assert_eq!(app.size().await, before + 50);
}
