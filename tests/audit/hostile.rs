//! What must not get in: each fault is told with its place and field, and nothing of the batch is written.

use crate::application::{Application, about};
use serde_json::{Value, json};

/// A change to a good entry, and the field that must be named.
fn faults() -> Vec<(Value, &'static str)> {
    let long = "x".repeat(201);
    vec![
        (json!({"action": "DESTROY"}), "action"),
        (json!({"action": null}), "action"),
        (json!({"resource": {"type": "PROJECT", "id": ""}}), "resource.id"),
        (json!({"resource": {"type": "PROJECT", "id": " "}}), "resource.id"),
        (json!({"resource": {"type": "PROJECT", "id": long}}), "resource.id"),
        (json!({"resource": {"type": "PROJECT", "id": "a\u{0}b"}}), "resource.id"),
        (json!({"resource": {"type": "PROJECT", "id": "a\nb"}}), "resource.id"),
        (json!({"resource": {"type": "PRO JECT", "id": "a"}}), "resource.type"),
        (json!({"resource": {"type": "a:b", "id": "a"}}), "resource.type"),
        (json!({"resource": {"type": "P", "id": "a", "name": "invoice\u{202e}fdp.exe"}}), "resource.name"),
        (json!({"resource": {"type": "P", "id": "a", "nmae": "x"}}), "resource.nmae"),
        (json!({"resource": "P"}), "resource"),
        (json!({"related": {"type": "FILE", "id": "a"}}), "related"),
        (json!({"action": "LINK"}), "related"),
        (json!({"action": "UNLINK", "related": {"type": "FILE", "id": "\u{1b}[2J"}}), "related.id"),
        (json!({"event_type": "Tenant.Delete"}), "event_type"),
        (json!({"event_type": "a..b"}), "event_type"),
        (json!({"event_type": "app."}), "event_type"),
        (json!({"project": "\u{feff}"}), "project"),
        (json!({"actor": {"id": "somebody@example.com"}}), "actor.id"),
        (json!({"actor": {"name": "x\u{9b}y"}}), "actor.name"),
        (json!({"actor": {"shoe": 7}}), "actor.shoe"),
        (
            json!({"changes": [{"field": "a", "after": "b"}, {"field": "c\u{7}", "after": "b"}]}),
            "changes[1].field",
        ),
        (json!({"changes": [{"field": "a", "after": "x".repeat(1_001)}]}), "changes[0].after"),
        (json!({"changes": vec![json!({"field": "a"}); 101]}), "changes"),
        (json!({"metadata": {"rate": 0.25}}), "metadata.rate"),
        (json!({"metadata": {"a": {"b": [1, null]}}}), "metadata.a.b[1]"),
        (json!({"metadata": {"Not A Key": 1}}), "metadata"),
        (json!({"metadata": {"a": "\u{8}"}}), "metadata.a"),
        (json!({"metadata": {"big": 9_007_199_254_740_993_u64}}), "metadata.big"),
        (json!({"metadata": []}), "metadata"),
        (json!({"severity": "loud"}), "severity"),
        (json!({"outcome": "maybe"}), "outcome"),
        (json!({"occurred_at": "yesterday"}), "occurred_at"),
        (json!({"occurred_at": "2099-01-01T00:00:00Z"}), "occurred_at"),
        (json!({"duration_ms": -1}), "duration_ms"),
        (json!({"trace_id": "xyz"}), "trace_id"),
        (json!({"tenant_id": "ten_00000000000000000000000000"}), "tenant_id"),
        (json!({"tenant_id": "nobody"}), "tenant_id"),
        (json!({"sequence": 1}), "sequence"),
        (json!({"metadata": {"text": "y".repeat(20_000)}}), "entry"),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_named_and_nothing_is_half_written() {
    let app = Application::start().await;
    let before = app.size().await;
    for (fault, field) in faults() {
        let mut entry = about("p");
        for (key, value) in fault.as_object().unwrap() {
            entry[key] = value.clone();
        }
        let alone = app.write(&entry).await;
        assert_eq!(alone.status, 400, "{fault}: {}", alone.json());
        let told = alone.json()["fields"][0]["field"].as_str().unwrap_or_default().to_owned();
        assert_eq!(told, field, "{fault}: {}", alone.json());
        let third = app.write(&json!([about("a"), about("b"), entry, about("c")])).await;
        assert_eq!(third.status, 400, "{fault}: {}", third.json());
        let expected = if field == "entry" { "[2]".to_owned() } else { format!("[2].{field}") };
        assert_eq!(third.json()["fields"][0]["field"], expected, "{fault}: {}", third.json());
    }
    assert_eq!(app.size().await, before, "nothing was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_faults_of_a_batch_are_told_at_once() {
    let app = Application::start().await;
    let bad = json!({"action": "LINK", "resource": {"type": "1", "id": "x"}, "event_type": "A"});
    let refused = app.write(&json!([about("a"), bad, bad])).await.json();
    let fields: Vec<_> =
        refused["fields"].as_array().unwrap().iter().map(|f| f["field"].as_str().unwrap()).collect();
    assert_eq!(
        fields,
        [
            "[1].event_type",
            "[1].resource.type",
            "[1].related",
            "[2].event_type",
            "[2].resource.type",
            "[2].related"
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_entries_are_refused() {
    let app = Application::start().await;
    let before = app.size().await;
    let deep = format!(
        "{{\"action\":\"VIEW\",\"resource\":{{\"type\":\"P\",\"id\":\"a\"}},\"metadata\":{}1{}}}",
        "{\"a\":".repeat(200),
        "}".repeat(200)
    );
    let bodies: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"null".to_vec(),
        b"7".to_vec(),
        b"[]".to_vec(),
        b"{\"action\":\"VIEW\"".to_vec(),
        b"{\"action\":\"VIEW\",\"resource\":{\"type\":\"P\",\"id\":\"\xff\xfe\"}}".to_vec(),
        b"{\"action\":\"VIEW\",\"resource\":{\"type\":\"P\",\"id\":\"\\ud800\"}}".to_vec(),
        deep.into_bytes(),
        json!(vec![about("a"); 501]).to_string().into_bytes(),
    ];
    for body in bodies {
        let text = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        let refused = app.write_bytes(&app.key, &[], body).await;
        assert_eq!(
            (refused.status, &refused.json()["code"]),
            (400, &json!("invalid")),
            "{text}: {}",
            refused.json()
        );
    }
    let huge = format!("[{}]", " ".repeat(3 * 1024 * 1024)).into_bytes();
    assert_eq!(app.write_bytes(&app.key, &[], huge).await.status, 413);
    for key in ["", "a b", &"k".repeat(256)] {
        let refused = app.write_with(&app.key, &[("idempotency-key", key)], &about("a")).await;
        assert_eq!(refused.json()["fields"][0]["field"], "Idempotency-Key", "{key:?}: {}", refused.json());
    }
    assert_eq!(app.size().await, before, "nothing was written");
    let most = app.write(&json!(vec![about("a"); 500])).await;
    assert_eq!(most.status, 201, "{}", most.json());
    assert_eq!(app.size().await, before + 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_of_every_script_come_back_as_they_were() {
    let app = Application::start().await;
    let name = "Ürümqi — 東京 🙂 שלום \"quoted\" \\ </script> {{x}} ${y} '; DROP TABLE entries;--";
    let entry = json!({"action": "VIEW", "resource": {"type": "FILE", "id": name, "name": name}, "metadata": {"note": format!("{name}\n\tnext line")},
        "changes": [{"field": name, "before": name, "after": "<img src=x onerror=alert(1)>"}]});
    let written = app.write(&entry).await;
    assert_eq!(written.status, 201, "{}", written.json());
    let id = written.json()["items"][0]["entry_id"].as_str().unwrap().to_owned();
    let read = app.read(&format!("/audit/logs/{id}")).await;
    assert_eq!((&read["resource"]["id"], &read["resource"]["name"]), (&json!(name), &json!(name)));
    assert_eq!(read["metadata"]["note"], format!("{name}\n\tnext line"));
    assert_eq!(read["changes"][0]["after"], "<img src=x onerror=alert(1)>");
    let escaped: String = name.bytes().map(|b| format!("%{b:02X}")).collect();
    let history = app.read(&format!("/audit/entity/{escaped}?type=FILE")).await;
    assert_eq!(history["items"].as_array().unwrap().len(), 1, "{history}");
}
