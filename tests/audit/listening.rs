//! Listening: entries arrive signed, in their order, again after a failure, and after the process was killed.

use crate::application::{Application, about};
use crate::receiver::Receiver;
use reeve_engine::audit::Stream;
use reeve_engine::{Cx, Heard};
use reeve_tests::console::Door;
use serde_json::{Value, json};
use std::time::Duration;

async fn listen(app: &Application, body: Value) -> (Value, String) {
    let made = app.console.ask(Door::Server, "POST", "/audit/listeners", Some(body)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    (made.body["listener"].clone(), made.body["secret"].as_str().unwrap().to_owned())
}

async fn write(app: &Application, count: usize) {
    let entries: Vec<_> = (0..count).map(|n| about(&format!("p{n}"))).collect();
    assert_eq!(app.write(&json!(entries)).await.status, 201);
}

/// The listener as it stands once `done`.
async fn eventually(app: &Application, id: &str, done: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    for _ in 0..600 {
        last = app.read(&format!("/audit/listeners/{id}")).await;
        if done(&last) {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it never came to that: {last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_arrive_in_order_signed_and_without_anybodys_name() {
    let (app, receiver) = (Application::start().await, Receiver::start(&[]).await);
    let (listener, secret) = listen(&app, json!({"name": "collector", "url": receiver.url()})).await;
    write(&app, 120).await;
    let mut personal = about("with-a-person");
    personal["actor"] =
        json!({"id": "u1", "name": "Somebody Marked", "email": "marked@example.org", "ip": "203.0.113.9"});
    assert_eq!(app.write(&personal).await.status, 201);
    // The entry of the listener itself is the first it is sent.
    let taken = receiver.taken(122).await;
    let sequences: Vec<_> = taken.iter().map(|m| m.sequence()).collect();
    let first = sequences[0];
    assert_eq!(sequences, (first..first + 122).collect::<Vec<_>>(), "in order, none missing, none twice");
    assert_eq!(taken[0].json()["type"], "listener.create");
    for message in &taken {
        message.assert_signed(&secret);
        let text = String::from_utf8(message.body.clone()).unwrap();
        for name in [
            "Marked",
            "marked@",
            "203.0.113.9",
            "First Admin",
            "admin@example.com",
            "secret-path",
            &secret[6..],
        ] {
            assert!(!text.contains(name), "{name} is in {text}");
        }
        assert_eq!(message.id, format!("{}_audit_{}", listener["id"].as_str().unwrap(), message.sequence()));
    }
    let entry = app.read(&format!("/audit/logs/audit.{}", taken[121].sequence())).await;
    let told = taken[121].json();
    assert_eq!((&told["data"]["leaf_hash"], &told["timestamp"]), (&entry["leaf_hash"], &entry["time"]));
    assert_eq!(
        (&told["data"]["actor"]["id"], &told["data"]["resource"]["id"]),
        (&json!(app.key_id), &json!("with-a-person"))
    );
    let id = listener["id"].as_str().unwrap();
    let caught_up = eventually(&app, id, |l| l["behind"] == 0 && l["delivered"] == 122).await;
    assert_eq!(caught_up["state"], "sending", "{caught_up}");
    let attempts = app.read(&format!("/audit/listeners/{id}/deliveries")).await;
    assert_eq!(attempts["items"].as_array().unwrap().len(), 100);
    assert_eq!((&attempts["items"][0]["ok"], &attempts["items"][0]["status"]), (&json!(true), &json!(204)));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_asked_for_is_sent() {
    let (app, receiver) = (Application::start().await, Receiver::start(&[]).await);
    let wanted = json!({"name": "some", "url": receiver.url(), "event_types": ["app.project.", "access."], "min_severity": "warning"});
    listen(&app, wanted).await;
    write(&app, 3).await;
    let mut loud = about("loud");
    loud["severity"] = "critical".into();
    let mut file = loud.clone();
    file["resource"]["type"] = "FILE".into();
    assert_eq!(app.write(&json!([file, loud])).await.status, 201);
    let bearer = format!("Bearer {}", app.key);
    app.console.send("GET", "/tenants", &[("authorization", &bearer)], Vec::new()).await;
    let types: Vec<_> =
        receiver.taken(2).await.iter().map(|m| m.json()["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(types, ["app.project.create", "access.denied"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_tried_again_and_holds_up_what_comes_behind() {
    let (app, receiver) = (Application::start().await, Receiver::start(&[500, 307, 204]).await);
    let (listener, secret) = listen(&app, json!({"name": "flaky", "url": receiver.url()})).await;
    write(&app, 2).await;
    let taken = receiver.taken(3).await;
    let all = receiver.received();
    let statuses: Vec<_> = all.iter().map(|m| m.status).collect();
    assert_eq!(statuses[..3], [500, 307, 204]);
    assert!(
        all[..3].iter().all(|m| m.id == all[0].id && m.body == all[0].body),
        "every attempt is the same message"
    );
    all.iter().for_each(|m| m.assert_signed(&secret));
    let sequences: Vec<_> = taken.iter().map(|m| m.sequence()).collect();
    assert!(sequences.is_sorted(), "{sequences:?}");
    let id = listener["id"].as_str().unwrap();
    eventually(&app, id, |l| l["delivered"] == 3).await;
    let attempts = app.read(&format!("/audit/listeners/{id}/deliveries")).await;
    let oldest: Vec<_> = attempts["items"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .take(3)
        .map(|a| json!([a["attempt"], a["ok"], a["error"]]))
        .collect();
    assert_eq!(
        oldest,
        [
            json!([1, false, "answered 500"]),
            json!([2, false, "answered 307: redirects are not followed"]),
            json!([3, true, null])
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_leads_nowhere_and_a_test_says_so() {
    let (app, receiver) = (Application::start().await, Receiver::start(&[]).await);
    let (listener, secret) =
        listen(&app, json!({"name": "moved", "url": receiver.moved(), "event_types": ["nothing."]})).await;
    let id = listener["id"].as_str().unwrap();
    let test = format!("/audit/listeners/{id}/test");
    let tried = app.console.ask(Door::Server, "POST", &test, None).await;
    assert_eq!((tried.status, &tried.body["ok"], &tried.body["status"]), (200, &json!(false), &json!(307)));
    assert!(receiver.received().is_empty());
    let change = json!({"url": receiver.url()});
    let changed =
        app.console.ask(Door::Server, "PATCH", &format!("/audit/listeners/{id}"), Some(change)).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let tried = app.console.ask(Door::Server, "POST", &test, None).await;
    assert_eq!(tried.body["ok"], true, "{}", tried.body);
    let received = receiver.received();
    received[0].assert_signed(&secret);
    assert_eq!(received[0].json()["type"], "listener.test");
    let told = app.read("/audit/logs?event_type=listener.test").await;
    assert_eq!(
        (&told["items"][0]["outcome"], &told["items"][1]["outcome"]),
        (&json!("success"), &json!("failure"))
    );
    let updated = app.read("/audit/logs?event_type=listener.update").await;
    let entry = app.read(&format!("/audit/logs/{}", updated["items"][0]["id"].as_str().unwrap())).await;
    assert!(!entry["leaf"].as_str().unwrap().contains("secret-path"), "{entry}");
    assert_eq!(entry["changes"][0]["field"], "path");
}

#[tokio::test(flavor = "multi_thread")]
async fn paused_it_waits_and_enabled_it_goes_on_where_it_stopped() {
    let (app, receiver) = (Application::start().await, Receiver::start(&[]).await);
    let (listener, _) =
        listen(&app, json!({"name": "pausing", "url": receiver.url(), "event_types": ["app."]})).await;
    let at = format!("/audit/listeners/{}", listener["id"].as_str().unwrap());
    write(&app, 2).await;
    receiver.taken(2).await;
    eventually(&app, listener["id"].as_str().unwrap(), |l| l["delivered"] == 2).await;
    let paused = app.console.ask(Door::Server, "PATCH", &at, Some(json!({"enabled": false}))).await;
    assert_eq!(paused.body["state"], "paused");
    write(&app, 3).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(receiver.received().len(), 2);
    app.console.ask(Door::Server, "PATCH", &at, Some(json!({"enabled": true}))).await;
    let taken = receiver.taken(5).await;
    let sequences: Vec<_> = taken.iter().map(|m| m.sequence()).collect();
    assert!(sequences.windows(2).all(|pair| pair[0] < pair[1]), "{sequences:?}");
    let removed = app.console.ask(Door::Server, "DELETE", &at, None).await;
    assert_eq!(removed.status, 204);
    assert_eq!(app.console.ask(Door::Server, "GET", &at, None).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_gone_is_stopped_and_needs_somebody() {
    let (app, receiver) = (Application::start().await, Receiver::start(&[410]).await);
    let (listener, _) = listen(&app, json!({"name": "gone", "url": receiver.url()})).await;
    let id = listener["id"].as_str().unwrap();
    let stopped = eventually(&app, id, |l| l["state"] == "stopped").await;
    assert!(stopped["stopped_why"].as_str().unwrap().contains("410"), "{stopped}");
    let entry = app.read("/audit/logs?event_type=listener.disable").await;
    assert_eq!(
        (&entry["items"][0]["severity"], &entry["items"][0]["resource"]["id"]),
        (&json!("warning"), &json!(id))
    );
    let needs = app.read("/overview").await["needs_you"].clone();
    assert!(
        needs
            .as_array()
            .unwrap()
            .iter()
            .any(|n| n["text"].as_str().unwrap().starts_with("gone is sent no entries")),
        "{needs}"
    );

    // For three days it is tried again and again, then it is stopped as well.
    receiver.answers(&[503; 64]);
    let again = app
        .console
        .ask(Door::Server, "PATCH", &format!("/audit/listeners/{id}"), Some(json!({"enabled": true})))
        .await;
    assert_eq!(
        (again.body["failures"].as_u64(), &again.body["stopped_why"]),
        (Some(0), &Value::Null),
        "{}",
        again.body
    );
    eventually(&app, id, |l| l["state"] == "retrying").await;
    app.console.clock.advance(3 * 86_400_000);
    let cx = Cx::system();
    for _ in 0..600 {
        let now = app.console.engine.listener(&cx, id.parse().unwrap()).await.unwrap().listener;
        if !now.enabled {
            assert!(now.disabled_why.unwrap().contains("three days"));
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it was never stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_it_goes_on_and_nothing_is_lost() {
    let (mut app, receiver) = (Application::start().await, Receiver::start(&[]).await);
    let (listener, secret) =
        listen(&app, json!({"name": "steady", "url": receiver.url(), "event_types": ["app."]})).await;
    write(&app, 5).await;
    receiver.taken(5).await;
    receiver.answers(&[500; 1_000]);
    write(&app, 5).await;
    let console = app.console.reopen(|_| std::future::ready(())).await;
    app.console = console;
    receiver.answers(&[]);
    let taken = receiver.taken(10).await;
    let mut sequences: Vec<_> = taken.iter().map(|m| m.sequence()).collect();
    assert!(sequences.is_sorted(), "{sequences:?}");
    sequences.dedup();
    assert_eq!(sequences.len(), 10, "at least once each: {sequences:?}");
    taken.iter().for_each(|m| m.assert_signed(&secret));
    assert!(!listener["id"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_that_lead_inside_are_refused() {
    let app = Application::start().await;
    for url in [
        "",
        "http://example.com/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://u:p@example.com/",
        "ftp://example.com/",
        "https://[fd00::1]/",
    ] {
        let refused = app
            .console
            .ask(Door::Server, "POST", "/audit/listeners", Some(json!({"name": "x", "url": url})))
            .await;
        assert_eq!(
            (refused.status, &refused.body["fields"][0]["field"]),
            (400, &json!("url")),
            "{url}: {}",
            refused.body
        );
    }
    let types = json!({"name": "x", "url": "https://example.com/", "event_types": ["Tenant *"]});
    let refused = app.console.ask(Door::Server, "POST", "/audit/listeners", Some(types)).await;
    assert_eq!(refused.body["fields"][0]["field"], "event_types", "{}", refused.body);
    let made = json!({"name": "x", "url": "https://example.com/a/secret", "event_types": ["nothing."]});
    assert_eq!(
        app.console.ask(Door::Server, "POST", "/audit/listeners", Some(made.clone())).await.status,
        201
    );
    assert_eq!(app.console.ask(Door::Server, "POST", "/audit/listeners", Some(made)).await.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn inside_the_process_whole_entries_are_heard_and_gaps_are_told() {
    let app = Application::start().await;
    let engine = app.console.engine.clone();
    let mut all = engine.follow(Stream::Audit, None);
    let mut slow = engine.follow(Stream::Audit, None).at_most_behind(10);
    let first = all.position();
    write(&app, 300).await;
    for n in first..first + 300 {
        match all.next().await.unwrap() {
            Heard::Entry(entry) => {
                assert_eq!((entry.leaf.n, entry.leaf.kind.as_str()), (n, "app.project.create"))
            }
            gap => panic!("{gap:?}"),
        }
    }
    let waiting = tokio::time::timeout(Duration::from_millis(100), all.next()).await;
    assert!(waiting.is_err(), "it waits for what comes next");
    match slow.next().await.unwrap() {
        Heard::Gap { first: from, end } => assert_eq!((from, end), (first, first + 290)),
        heard => panic!("{heard:?}"),
    }
    match slow.next().await.unwrap() {
        Heard::Entry(entry) => assert_eq!(entry.leaf.n, first + 290),
        heard => panic!("{heard:?}"),
    }
    write(&app, 1).await;
    assert!(matches!(all.next().await.unwrap(), Heard::Entry(entry) if entry.leaf.n == first + 300));
    engine.close().await;
    for _ in 0..20 {
        if all.next().await.is_err() {
            return;
        }
    }
    panic!("a closed engine is still followed");
}
