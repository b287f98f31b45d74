//! No leaf, no filter column and no export without private sections holds a person's name, e-mail, address or program.

use super::{PASSWORD, console, did, id};
use reeve_core::budget::{BudgetLevel, BudgetScope};
use reeve_core::limit::{LimitScope, RateLimit};
use reeve_core::period::PeriodKind;
use reeve_engine::{Cx, SystemClock};
use reeve_store::{OpenStore, Read, Store, Stream};
use reeve_tests::app::{Answer, TestApp};
use reeve_tests::console::{AGENT, Console, Door};
use serde_json::json;
use std::sync::Arc;

const NAME: &str = "Marked Person";
const EMAIL: &str = "marked.person@example.com";
const OWNER: &str = "Marked Owner";
const STRANGER: &str = "marked.stranger@example.com";
const END_USER: &str = "marked-end-user";
const NOTES: &str = "call Marked Caller back";
const ADDRESS: &str = "203.0.113.77";

const MARKS: [&str; 10] =
    [NAME, EMAIL, OWNER, STRANGER, END_USER, NOTES, ADDRESS, AGENT, "Marked", "127.0.0.1"];

/// The lines of both streams as each format of an export tells them.
async fn exported(console: &Console) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for stream in ["audit", "usage"] {
        for format in ["bundle", "jsonl", "csv"] {
            let query = format!("/audit/export?stream={stream}&format={format}");
            let raw = console.download(Door::Server, "GET", &query, None).await;
            assert_eq!(raw.status, 200, "{query}: {}", String::from_utf8_lossy(&raw.body));
            all.push((query, String::from_utf8_lossy(&raw.body).into_owned()));
        }
    }
    all
}

fn unmarked(what: &str, text: &str) {
    for mark in MARKS {
        // Case is no disguise.
        let found = text.to_lowercase().find(&mark.to_lowercase());
        let around = found.map(|at| {
            String::from_utf8_lossy(&text.as_bytes()[at.saturating_sub(400)..])
                .chars()
                .take(600)
                .collect::<String>()
        });
        assert!(found.is_none(), "{what} holds {mark}: {around:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_do_at_the_console_names_nobody() {
    let mut console = console(NAME, EMAIL).await;
    let tenant = json!({"name": "Northwind", "tier": "starter", "owner": OWNER, "notes": NOTES});
    let tenant = id(&did(&console, "POST", "/tenants", Some(tenant)).await);
    did(&console, "PATCH", &format!("/tenants/{tenant}"), Some(json!({"owner": format!("{OWNER} II")})))
        .await;
    did(&console, "PATCH", &format!("/tenants/{tenant}"), Some(json!({"owner": null, "notes": null}))).await;
    let key = json!({"name": "first", "expires_at": null});
    did(&console, "POST", &format!("/tenants/{tenant}/api-keys"), Some(key)).await;
    let budget = json!({"scope": "user", "tenant_id": tenant, "target": END_USER, "period": "day", "limit_usd": "5", "kind": "soft", "thresholds": null});
    let budget = id(&did(&console, "POST", "/budgets", Some(budget)).await);
    did(&console, "PATCH", &format!("/budgets/{budget}"), Some(json!({"limit_usd": "6"}))).await;
    let over =
        json!({"limit_usd": "900", "starts_at": null, "ends_at": "2099-01-01T00:00:00Z", "reason": "launch"});
    did(&console, "POST", &format!("/budgets/{budget}/overrides"), Some(over)).await;
    did(&console, "DELETE", &format!("/budgets/{budget}"), None).await;
    for (scope, subject) in [("user", END_USER), ("ip", ADDRESS)] {
        let limit = json!({"scope": scope, "subject": subject, "requests_per_minute": 60, "tokens_per_minute": null, "burst": 5, "concurrent_requests": null});
        let limit = id(&did(&console, "POST", "/limits", Some(limit)).await);
        did(&console, "PATCH", &format!("/limits/{limit}"), Some(json!({"burst": 9}))).await;
        did(&console, "DELETE", &format!("/limits/{limit}"), None).await;
    }
    // Found by name, and by an end user's; what was asked for is no part of the trail either.
    console.ask(Door::Server, "GET", "/audit/logs?actor=Marked%20Person", None).await;
    console.ask(Door::Server, "GET", &format!("/requests?user={END_USER}&q=marked"), None).await;
    did(&console, "GET", &format!("/requests/export?format=csv&user={END_USER}"), None).await;
    did(&console, "GET", "/audit/export?format=jsonl&actor=Marked%20Person", None).await;
    let change = json!({"current_password": PASSWORD, "new_password": "another long enough passphrase"});
    did(&console, "PUT", "/auth/password", Some(change)).await;
    let signed = console
        .ask(
            Door::Server,
            "POST",
            "/auth/login",
            Some(json!({"email": EMAIL, "password": "another long enough passphrase"})),
        )
        .await;
    for email in [EMAIL, STRANGER] {
        let login = json!({"email": email, "password": "wrong, wrong, wrong"});
        assert_eq!(console.ask(Door::Server, "POST", "/auth/login", Some(login)).await.status, 401);
    }
    console.sign(&signed.body);
    for (query, text) in exported(&console).await {
        unmarked(&query, &text);
    }
    // The marks were there to be found: opened, the trail holds those that it was told.
    let opened =
        console.download(Door::Server, "GET", "/audit/export?format=bundle&private=true", None).await;
    let opened = String::from_utf8_lossy(&opened.body).into_owned();
    for mark in [NAME, EMAIL, OWNER, STRANGER, END_USER, ADDRESS, AGENT, "127.0.0.1"] {
        assert!(opened.contains(mark), "{mark} was never told");
    }
    // The columns that entries are filtered by hold what the leaves hold, and nothing else.
    for stream in ["audit", "usage"] {
        let verified = did(&console, "GET", &format!("/audit/verify?stream={stream}"), None).await;
        assert_eq!(verified.body["intact"], true, "{}", verified.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_through_the_gateway_names_nobody() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let ask = |body: serde_json::Value| {
        let request = app.post("/v1/chat/completions", &acme.key, body.to_string());
        async {
            Answer::of(
                request.header("user-agent", AGENT).header("x-forwarded-for", ADDRESS).send().await.unwrap(),
            )
            .await
        }
    };
    let call = |model: &str, user: &str| json!({"model": model, "user": user, "max_tokens": 20, "messages": [{"role": "user", "content": NOTES}]});
    assert_eq!(ask(call("gpt-4o-mini", END_USER)).await.status, 200);
    // Refused for want of the model, of a right body, and of money that the end user may spend.
    assert_ne!(ask(call("no-such-model", END_USER)).await.status, 200);
    assert_ne!(ask(json!({"model": "gpt-4o-mini", "user": END_USER, "messages": NOTES})).await.status, 200);
    let level =
        BudgetLevel { scope: BudgetScope::User, tenant_id: Some(acme.id), target: END_USER.to_owned() };
    app.budget_at(level, PeriodKind::Day, "0.000012").await;
    assert_eq!(ask(call("gpt-4o-mini", END_USER)).await.status, 402);
    let limit = RateLimit { requests_per_minute: Some(1), burst: Some(1), ..Default::default() };
    app.engine.set_limit_default(&Cx::system(), LimitScope::User, Some(limit)).await.unwrap();
    let mut limited = 0;
    for _ in 0..3 {
        limited += u32::from(ask(call("gpt-4o-mini", END_USER)).await.status == 429);
    }
    assert!(limited > 0);
    let stranger =
        app.post("/v1/chat/completions", "rvk_0000000000000000", call("gpt-4o-mini", END_USER).to_string());
    assert_eq!(stranger.send().await.unwrap().status(), 401);
    let folder = app.close().await;
    let open = OpenStore { folder: folder.path().to_owned(), clock: Arc::new(SystemClock), readers: 1 };
    let store = Store::open(open).unwrap();
    for stream in Stream::ALL {
        let read = move |r: &Read<'_>| r.entries().lines(stream, 0, 1 << 40, 1_000);
        let lines = store.read(read).await.unwrap();
        assert!(lines.len() > 5, "{stream:?}");
        for (n, leaf) in lines {
            let leaf = String::from_utf8(leaf).unwrap();
            // The scripted provider lives at an address of this machine; a provider's address is nobody's.
            if !leaf.contains("\"k\":\"key.import\"") {
                unmarked(&format!("{stream:?} {n}"), &leaf);
            }
        }
    }
}
