//! The resources of applications: their histories, their links, their projects.

use crate::application::{Application, tenant};
use serde_json::{Value, json};

fn link(action: &str, from: (&str, &str), to: (&str, &str)) -> Value {
    json!({"action": action, "resource": {"type": from.0, "id": from.1, "name": from.1.to_uppercase()},
        "related": {"type": to.0, "id": to.1, "name": to.1.to_uppercase()}})
}

fn links(history: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let links = history["links"].as_array().unwrap().iter();
    links.map(|l| (text(&l["direction"]), text(&l["resource"]["id"]))).collect()
}

fn pair(direction: &str, id: &str) -> (String, String) {
    (direction.to_owned(), id.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn links_come_and_go_and_lead_both_ways() {
    let app = Application::start().await;
    let (project, file, report) = (("PROJECT", "p1"), ("FILE", "f1"), ("REPORT", "r1"));
    let mut failed = link("UNLINK", project, file);
    failed["outcome"] = "denied".into();
    let told = json!([
        link("LINK", project, file),
        link("LINK", project, report),
        link("LINK", file, report),
        failed
    ]);
    assert_eq!(app.write(&told).await.status, 201);
    let of_project = app.read("/audit/entity/p1?type=PROJECT").await;
    assert_eq!(links(&of_project), [pair("to", "r1"), pair("to", "f1")], "{of_project}");
    assert_eq!(of_project["links"][1]["resource"]["name"], "F1");
    let of_file = app.read("/audit/entity/f1").await;
    assert_eq!(
        links(&of_file),
        [pair("to", "r1"), pair("from", "p1")],
        "what was refused changed nothing: {of_file}"
    );
    assert_eq!(of_file["resource"], json!({"type": "FILE", "id": "f1", "name": "F1"}));
    assert_eq!(of_file["items"].as_array().unwrap().len(), 3, "entries about it and entries that name it");
    assert_eq!(of_file["items"][2]["summary"], "Linked project P1 to F1");

    assert_eq!(app.write(&link("UNLINK", project, file)).await.status, 201);
    assert_eq!(links(&app.read("/audit/entity/f1").await), [pair("to", "r1")]);
    assert_eq!(links(&app.read("/audit/entity/p1").await), [pair("to", "r1")]);
    assert_eq!(links(&app.read("/audit/entity/nothing").await), []);
    assert_eq!(app.read("/audit/entity/nothing").await["resource"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_is_paged_and_shows_what_changed() {
    let app = Application::start().await;
    let change = |n: usize| {
        json!({"action": "UPDATE", "resource": {"type": "REPORT", "id": "r"},
        "changes": [{"field": "pages", "before": n, "after": n + 1}]})
    };
    let entries: Vec<_> = (0..25).map(change).collect();
    assert_eq!(app.write(&json!(entries)).await.status, 201);
    let (mut cursor, mut seen) = (String::new(), Vec::new());
    loop {
        let page = app.read(&format!("/audit/entity/r?type=REPORT&limit=10&cursor={cursor}")).await;
        let items = page["items"].as_array().unwrap();
        seen.extend(items.iter().map(|item| item["changes"][0]["after"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    let expected: Vec<_> = (1..=25).rev().map(|n| n.to_string()).collect();
    assert_eq!(seen, expected, "newest first, none missing, none twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_holds_what_happened_in_it_and_tenants_are_apart() {
    let app = Application::start().await;
    let in_project = |kind: &str, id: &str, project: &str| json!({"action": "CREATE", "resource": {"type": kind, "id": id}, "project": project});
    let told = json!([
        {"action": "CREATE", "resource": {"type": "PROJECT", "id": "1"}},
        in_project("FILE", "9", "1"), in_project("FILE", "9", "2"), in_project("FILE", "1", "1"),
    ]);
    assert_eq!(app.write(&told).await.status, 201);
    let (other, _, key) = tenant(&app.console, "Contoso", json!(["audit:write"])).await;
    assert_eq!(app.write_with(&key, &[], &in_project("FILE", "9", "1")).await.status, 201);
    assert_eq!(app.write_with(&key, &[], &link("LINK", ("FILE", "9"), ("FILE", "8"))).await.status, 201);

    let count = |page: &Value| page["items"].as_array().unwrap().len();
    let own = format!("tenant_id={}", app.tenant);
    assert_eq!(count(&app.read(&format!("/audit/project/1?{own}")).await), 3);
    assert_eq!(count(&app.read(&format!("/audit/project/1?tenant_id={other}")).await), 1);
    assert_eq!(count(&app.read("/audit/project/1").await), 4);
    assert_eq!(
        count(&app.read(&format!("/audit/entity/1?type=PROJECT&{own}")).await),
        1,
        "what happened in it is not its own history"
    );
    let files = app.read(&format!("/audit/entity/9?type=FILE&{own}")).await;
    assert_eq!((count(&files), links(&files)), (2, Vec::new()));
    let theirs = app.read(&format!("/audit/entity/9?type=FILE&tenant_id={other}")).await;
    assert_eq!((count(&theirs), links(&theirs)), (2, vec![pair("to", "8")]));
    let unknown = app.read("/audit/entity/9?type=TEMPLATE").await;
    assert_eq!(count(&unknown), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn reeves_own_resources_have_histories_too() {
    let app = Application::start().await;
    let history = app.read(&format!("/audit/entity/{}", app.tenant)).await;
    assert_eq!(history["resource"]["type"], "tenant");
    assert_eq!(history["items"][0]["event_type"], "tenant.create", "{history}");
}
