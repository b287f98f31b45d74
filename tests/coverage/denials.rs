//! Somebody signed in who may do next to nothing tries everything: what is refused is in the audit trail.

use crate::seed::{SECOND, SUBJECT};
use crate::story::{self, Story};
use reeve_tests::console::Door;
use std::collections::BTreeSet;

/// What everybody who is signed in may do, and what nobody needs to be signed in for.
const OPEN: &[&str] = &[
    "get /setup",
    "get /openapi.json",
    "get /auth/me",
    "get /audit/health",
    "get /events",
    "get /settings",
    "get /sample",
    "post /auth/register",
    "post /auth/login",
    "post /auth/refresh",
    "post /auth/logout",
    "post /auth/ws-tickets",
    "put /auth/password",
    "post /auth/step-up",
    "get /auth/second-factor",
    "post /auth/second-factor",
    "delete /auth/second-factor",
    "post /auth/second-factor/confirm",
    "post /auth/second-factor/recovery-codes",
    "get /auth/sessions",
    "delete /auth/sessions",
    "delete /auth/sessions/{id}",
    "post /auth/invitation",
    "post /auth/invitation/accept",
    "post /vault/unlock",
];

/// Tries every route as the second person.
pub(crate) async fn try_all(mut s: Story, routes: &BTreeSet<String>) {
    s.sign_in(SECOND).await;
    let (mut refused, mut passed) = (0, Vec::new());
    for route in routes.iter().filter(|route| !OPEN.contains(&route.as_str())) {
        let (method, _) = route.split_once(' ').unwrap();
        let (path, body) =
            s.asked.get(route).cloned().unwrap_or_else(|| (question(route, &s), body(route, &s)));
        let before = story::size(&s.console, "audit").await;
        let reply = s.console.ask(Door::Server, &method.to_uppercase(), &path, body).await;
        if reply.status != 403 {
            passed.push(format!("{route} as {path}: {} {}", reply.status, reply.body));
            continue;
        }
        let new = story::entries(&s.console, "audit", before).await;
        let denial = story::assert_left(&s.console, route, &new, ("access.denied", &[])).await;
        assert_eq!(
            (&denial["outcome"], &denial["severity"]),
            (&"denied".into(), &"warning".into()),
            "{route}"
        );
        assert_eq!(denial["actor"]["id"], s.sown.user.to_string(), "{route}: {denial}");
        assert!(denial["leaf"].as_str().unwrap().contains(SUBJECT), "{route}: {denial}");
        assert_eq!(denial["resource"][0], "permission", "{route}: {denial}");
        assert_eq!(new.len(), 1, "{route} left more than its denial: {new:?}");
        refused += 1;
    }
    assert!(passed.is_empty(), "not refused:\n{}", passed.join("\n"));
    assert!(refused > 60, "only {refused} routes refused");
    foreign_pages(&s).await;
}

/// A question of the right form for a route that only reads.
fn question(route: &str, s: &Story) -> String {
    let path = route.split_once(' ').unwrap().1;
    let kind = path.split('/').nth(1).unwrap();
    let id = match kind {
        "tenants" => s.tenant.clone(),
        "audit" if path.starts_with("/audit/listeners") => "lsn_00000000000000000000000000".to_owned(),
        "audit" if path.starts_with("/audit/witnesses") => "wit_00000000000000000000000000".to_owned(),
        "audit" => "audit.0".to_owned(),
        "usage" | "requests" => s.sown.charge.to_string(),
        _ => {
            let prefix = [
                ("budgets", "bud"),
                ("limits", "lim"),
                ("pools", "cpl"),
                ("routes", "rte"),
                ("erasures", "era"),
                ("users", "usr"),
            ];
            let prefix = prefix.iter().find(|(noun, _)| *noun == kind).map_or("ten", |(_, prefix)| prefix);
            format!("{prefix}_00000000000000000000000000")
        }
    };
    let query = match path {
        "/audit/export" | "/requests/export" => "?format=csv",
        "/audit/evidence" => "?framework=soc2&from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z",
        "/usage/summary" => "?group_by=day",
        "/bills/reconciliation" => "?provider=openai",
        "/limits/status" => "?scope=tenant",
        _ => "",
    };
    path.replace("{id}", &id)
        .replace("{stream}", "usage")
        .replace("{provider}", "openai")
        .replace("{model}", "gpt-4o")
        + query
}

fn body(route: &str, s: &Story) -> Option<serde_json::Value> {
    (route == "post /budgets/check").then(|| serde_json::json!({"tenant_id": s.tenant, "amount_usd": "1"}))
}

/// Requests that other sites' pages send are refused before anybody is asked who they are, and are entries all the same.
async fn foreign_pages(s: &Story) {
    let before = story::size(&s.console, "audit").await;
    for _ in 0..50 {
        let at = format!("http://{}/api/v1/tenants", s.console.address);
        let forged =
            s.console.client().get(at).header("origin", "http://elsewhere.example").send().await.unwrap();
        assert_eq!(forged.status().as_u16(), 403);
    }
    let (mut of, mut told) = (Vec::new(), 0);
    for _ in 0..200 {
        let new = story::entries(&s.console, "audit", before).await;
        of = new.into_iter().filter(|e| e["event_type"] == "access.denied").collect::<Vec<_>>();
        told = of.iter().map(|e| e["metadata"]["calls"].as_i64().unwrap_or(1)).sum::<i64>();
        if told == 50 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(told, 50, "{of:?}");
    assert!(of.len() < 10, "a flood is a few entries with a number, not {}", of.len());
    of.iter().for_each(|entry| story::whole("a foreign page", entry));
}
