//! How it answers.

use super::{Ask, House};
use http::Method;
use serde_json::{Value, json};

async fn tenant(house: &House, token: &str, name: &str) -> Value {
    let body = json!({ "name": name, "slug": null, "tier": "starter", "time_zone": null, "owner": "Finance", "tags": ["a"], "notes": null });
    let answer = house.ask(Ask::post("/tenants", body).bearer(token)).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body
}

#[tokio::test]
async fn a_problem_carries_the_id_of_its_request() {
    let (house, session) = House::settled().await;
    let answer = house.ask(Ask::get("/tenants/ten_0000000000000000000000000").bearer(session.token())).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.headers["content-type"], "application/problem+json");
    assert_eq!(answer.body["request_id"].as_str().unwrap(), answer.headers["x-request-id"].to_str().unwrap());
    assert_eq!(answer.body["fields"][0]["field"], "id");
    assert_eq!(
        (answer.headers["cache-control"].to_str().unwrap(), &answer.body["status"]),
        ("no-store", &json!(400))
    );
}

#[tokio::test]
async fn a_change_nobody_waits_for_is_made_whole() {
    let (house, session) = House::settled().await;
    let load = house.ask(Ask::post("/sample", json!({})).bearer(session.token()));
    let left = tokio::time::timeout(std::time::Duration::from_millis(50), load).await;
    assert!(left.is_err(), "it takes longer than that");
    // What the memory makes of the sample comes last: the sums of its tenants.
    for _ in 0..600 {
        let tenants = house.ask(Ask::get("/tenants").bearer(session.token())).await;
        let spent = |t: &Value| t["usage"]["month"]["cost_usd"].as_str().is_some_and(|cost| cost != "0");
        if tenants.body["items"].as_array().unwrap().iter().filter(|t| spent(t)).count() == 5 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the sample never came in");
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there_are_problems() {
    let house = House::new().await;
    let missing = house.ask(Ask::get("/nothing")).await;
    assert_eq!((missing.status.as_u16(), &missing.body["code"]), (404, &json!("not_found")));
    assert!(missing.body["detail"].as_str().unwrap().contains("/api/v1/nothing"));
    let method = house.ask(Ask::new(&Method::DELETE, "/api/v1/setup")).await;
    assert_eq!((method.status.as_u16(), &method.body["code"]), (405, &json!("invalid")));
    assert!(method.headers["allow"].to_str().unwrap().contains("GET"));
    let outside = house.ask(Ask::new(&Method::GET, "/api/v2/setup")).await;
    assert_eq!((outside.status.as_u16(), &outside.body["code"]), (404, &json!("not_found")));
}

#[tokio::test]
async fn a_patch_keeps_clears_and_sets() {
    let (house, session) = House::settled().await;
    let made = tenant(&house, session.token(), "Acme Corp").await;
    assert_eq!((&made["slug"], &made["time_zone"]), (&json!("acme-corp"), &json!("Europe/Berlin")));
    let path = format!("/tenants/{}", made["id"].as_str().unwrap());
    let change = |body: Value| house.ask(Ask::patch(&path, body).bearer(session.token()));
    let set = change(json!({ "notes": "n", "time_zone": "Asia/Tokyo" })).await.body;
    assert_eq!(
        [&set["notes"], &set["owner"], &set["time_zone"]],
        [&json!("n"), &json!("Finance"), &json!("Asia/Tokyo")]
    );
    let cleared = change(json!({ "owner": null, "tags": null, "time_zone": null })).await.body;
    assert_eq!(
        [&cleared["owner"], &cleared["tags"], &cleared["notes"]],
        [&json!(null), &json!([]), &json!("n")]
    );
    assert_eq!(cleared["time_zone"], "Europe/Berlin");
    for (body, field) in [
        (json!({ "name": null }), "name"),
        (json!({ "time_zone": "Mars/Base" }), "time_zone"),
        (json!({ "tier": "gold" }), "tier"),
        (json!({ "colour": "red" }), "colour"),
    ] {
        let wrong = change(body).await;
        assert_eq!((wrong.status.as_u16(), &wrong.body["fields"][0]["field"]), (400, &json!(field)));
    }
}

#[tokio::test]
async fn pages_follow_their_cursors() {
    let (house, session) = House::settled().await;
    for name in ["Cedar", "Aspen", "Birch"] {
        tenant(&house, session.token(), name).await;
    }
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = house
            .ask(Ask::get(&format!("/tenants?limit=2&cursor={cursor}")).bearer(session.token()))
            .await
            .body;
        names
            .extend(page["items"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(names, ["Aspen", "Birch", "Cedar"]);
    for (query, field) in
        [("limit=0", "limit"), ("limit=1001", "limit"), ("cursor=x", "cursor"), ("status=gone", "status")]
    {
        let wrong = house.ask(Ask::get(&format!("/tenants?{query}")).bearer(session.token())).await;
        assert_eq!(wrong.body["fields"][0]["field"], field, "{query}");
    }
}

#[tokio::test]
async fn budgets_take_amounts_as_text() {
    let (house, session) = House::settled().await;
    let make = |body: Value| house.ask(Ask::post("/budgets", body).bearer(session.token()));
    let good = json!({ "scope": "workspace", "tenant_id": null, "period": "month", "limit_usd": "600", "kind": "hard", "thresholds": null });
    let made = make(good.clone()).await;
    assert_eq!(
        (made.status.as_u16(), &made.body["limit_usd"], &made.body["thresholds"]),
        (201, &json!("600.00"), &json!([80, 100]))
    );
    assert_eq!(make(good.clone()).await.status, 409);
    let mut bad = good;
    (bad["limit_usd"], bad["scope"]) = (json!("12,50"), json!("tenant"));
    let wrong = make(bad).await.body;
    let fields: Vec<_> =
        wrong["fields"].as_array().unwrap().iter().map(|f| f["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["limit_usd", "tenant_id"]);
}

#[tokio::test]
async fn only_the_window_names_files() {
    let (house, session) = House::settled().await;
    let field = |name: &str| json!({ "value": name });
    let body = json!({ "name": "x", "csv": null, "path": "/etc/passwd", "preview": true, "mapping": {
        "time": field("t"), "input_tokens": field("1"), "output_tokens": field("1"), "cache_read_tokens": null, "model": field("m"),
        "provider": null, "tenant": field("a") } });
    let answer = house.ask(Ask::post("/usage/import", body).bearer(session.token())).await;
    assert_eq!((answer.status.as_u16(), &answer.body["fields"][0]["field"]), (400, &json!("path")));
}

#[tokio::test]
async fn the_audit_trail_can_be_searched() {
    let (house, session) = House::settled().await;
    tenant(&house, session.token(), "Aspen").await;
    let birch = tenant(&house, session.token(), "Birch").await;
    let logs = |query: &str| house.ask(Ask::get(&format!("/audit/logs?{query}")).bearer(session.token()));
    let found = logs("q=aspen").await.body;
    assert_eq!((found["items"].as_array().unwrap().len(), &found["matched"]), (1, &json!(1)));
    assert_eq!(found["items"][0]["event_type"], "tenant.create");
    assert_eq!(found["items"][0]["actor"]["name"], "The Owner");
    assert_eq!(logs("resource_type=tenant").await.body["items"].as_array().unwrap().len(), 2);
    let one = logs(&format!("resource_id={}", birch["id"].as_str().unwrap())).await.body;
    assert_eq!(one["items"].as_array().unwrap().len(), 1);
    assert_eq!(logs("actor=nobody-of-this-name").await.body["items"], json!([]));
    let first = logs("q=tenant&limit=1").await.body;
    assert_eq!(first["matched"], json!(2));
    let rest = logs(&format!("q=tenant&cursor={}", first["next_cursor"].as_str().unwrap())).await.body;
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    assert_eq!(logs("outcome=odd").await.body["fields"][0]["field"], "outcome");
    let stats = house.ask(Ask::get("/audit/stats?buckets=4&q=birch").bearer(session.token())).await.body;
    let counts: u64 = stats["buckets"].as_array().unwrap().iter().map(|b| b["count"].as_u64().unwrap()).sum();
    assert_eq!(counts, 1);
}

#[tokio::test]
async fn health_needs_nobody() {
    let house = House::new().await;
    for path in ["/health/live", "/health/ready"] {
        assert_eq!(house.ask(Ask::new(&Method::GET, path)).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn pages_of_the_console_come_to_browsers_alone() {
    let house = House::new().await;
    let page = house.ask(Ask::new(&Method::GET, "/budgets").header("accept", "text/html")).await;
    // Without a built UI there is none, and it says so.
    assert!(matches!(page.status.as_u16(), 200 | 503), "{}", page.status);
    assert!(page.headers["content-security-policy"].to_str().unwrap().contains("frame-ancestors 'none'"));
    assert_eq!(house.ask(Ask::new(&Method::GET, "/assets/none-such.js")).await.status, 404);
    assert_eq!(house.ask(Ask::new(&Method::GET, "/budgets").window()).await.status, 404);
    assert_eq!(house.ask(Ask::new(&Method::POST, "/budgets")).await.status, 405);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let house = House::new().await;
    let answer =
        house.ask(Ask::post("/auth/login", json!({ "email": "a".repeat(3 << 20), "password": "x" }))).await;
    assert_eq!((answer.status.as_u16(), &answer.body["code"]), (413, &json!("invalid")));
}

#[tokio::test]
async fn each_figure_of_the_security_board_links_to_exactly_what_it_counts() {
    let (house, owner) = House::settled().await;
    for n in 0..3 {
        let wrong = json!({ "email": format!("nobody{n}@example.com"), "password": "wrong, wrong" });
        assert_eq!(house.ask(Ask::post("/auth/login", wrong)).await.status, 401);
    }
    assert_eq!(house.ask(Ask::get("/audit/export?format=csv").bearer(owner.token())).await.status, 200);
    let board = house.ask(Ask::get("/audit/security?days=7").bearer(owner.token())).await.body;
    let groups = board["groups"].as_array().unwrap();
    let totals: Vec<_> =
        groups.iter().map(|g| (g["key"].as_str().unwrap(), g["total"].as_u64().unwrap())).collect();
    assert_eq!(&totals[..3], [("failed_sign_ins", 3), ("denials", 0), ("exports", 1)], "{board}");
    for group in groups {
        let word = |of: &Value, key: &str| of[key].as_str().unwrap_or_default().to_owned();
        let outcome =
            group["outcome"].as_str().map_or_else(String::new, |outcome| format!("&outcome={outcome}"));
        let spans = group["days"]
            .as_array()
            .unwrap()
            .iter()
            .map(|d| (word(d, "start"), word(d, "end"), d["count"].clone()));
        let whole = (word(&board, "from"), word(&board, "to"), group["total"].clone());
        for (from, to, count) in spans.chain([whole]) {
            let path = format!(
                "/audit/logs?event_type={}{outcome}&from={from}&to={to}&limit=1",
                word(group, "event_type")
            );
            let list = house.ask(Ask::get(&path).bearer(owner.token())).await.body;
            assert_eq!(list["matched"], count, "{path}: {list}");
        }
    }
    for path in ["/audit/security?days=0", "/audit/security?days=91", "/audit/logs?event_type=a.b,,c.d"] {
        assert_eq!(house.ask(Ask::get(path).bearer(owner.token())).await.status, 400, "{path}");
    }
}
