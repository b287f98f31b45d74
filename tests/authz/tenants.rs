//! Whoever holds a grant for one tenant sees that tenant's things and no other's: every list is what the list of somebody who sees
//! everything holds of it, page by page, and every other thing is not there, in the words for what does not exist.

use crate::document::{self, Route, Tenant, nobody};
use crate::{grant, joined, tenant, told};
use reeve_tests::console::{Console, Door, Reply};
use serde_json::{Value, json};

/// Things of one page, few enough that lists have several.
const LIMIT: usize = 2;

/// Two people, one tenant that both see, and another with the same things.
struct Town {
    console: Console,
    all: Value,
    granted: Value,
    own: String,
    other: String,
    /// Things of each noun: those of the tenant, then others.
    budgets: [String; 3],
    limits: [String; 2],
    charges: [String; 2],
}

async fn asked(console: &Console, path: &str) -> Reply {
    console.ask(Door::Server, "GET", path, None).await
}

/// Everything in a list, read page by page.
async fn everything(console: &Console, path: &str) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let sign = if path.contains('?') { '&' } else { '?' };
        let reply = asked(console, &format!("{path}{sign}limit={LIMIT}{cursor}")).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        let page = reply.body["items"].as_array().unwrap();
        assert!(page.len() <= LIMIT, "{path}");
        items.extend(page.iter().cloned());
        match reply.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

async fn made(console: &Console, path: &str, body: Value) -> String {
    told(console, "POST", path, body).await["id"].as_str().unwrap().to_owned()
}

impl Town {
    async fn build() -> Self {
        let mut console = Console::start().await;
        let first = json!({"workspace_name": "Meridian", "time_zone": "UTC", "name": "First Admin", "email": "first@example.com",
            "password": crate::PASSWORD});
        let all = told(&console, "POST", "/auth/register", first).await;
        console.sign(&all);
        reeve_tests::limits::make_room(&console.engine).await.unwrap();
        let [own, other] = [tenant(&console, "Own").await, tenant(&console, "Other").await];
        for id in [&own, &other] {
            for name in ["one", "two", "three"] {
                told(&console, "POST", &format!("/tenants/{id}/api-keys"), json!({"name": name})).await;
            }
        }
        let budget = |level: Value| {
            let mut body = json!({"period": "month", "limit_usd": "100", "kind": "hard"});
            body.as_object_mut().unwrap().extend(level.as_object().unwrap().clone());
            body
        };
        let limit = |id: &str| json!({"scope": "tenant", "subject": id, "requests_per_minute": 10});
        let budgets = [
            made(&console, "/budgets", budget(json!({"scope": "tenant", "tenant_id": own}))).await,
            made(&console, "/budgets", budget(json!({"scope": "tenant", "tenant_id": other}))).await,
            made(&console, "/budgets", budget(json!({"scope": "workspace"}))).await,
        ];
        let limits =
            [made(&console, "/limits", limit(&own)).await, made(&console, "/limits", limit(&other)).await];
        import(&console).await;
        let charges = [charge_of(&console, &own).await, charge_of(&console, &other).await];
        let granted = joined(&console, "granted", "none").await;
        grant(&console, &granted, &own, "admin").await;
        Self { console, all, granted, own, other, budgets, limits, charges }
    }

    async fn as_all(&mut self, path: &str) -> Vec<Value> {
        self.console.sign(&self.all);
        everything(&self.console, path).await
    }

    async fn as_granted(&mut self, path: &str) -> Vec<Value> {
        self.console.sign(&self.granted);
        everything(&self.console, path).await
    }
}

/// Usage of both tenants, by turns.
async fn import(console: &Console) {
    let mut csv = "time,tenant,model,in,out\n".to_owned();
    for hour in 0..10 {
        for tenant in ["own", "other"] {
            csv += &format!("2026-11-10T{hour:02}:00:00Z,{tenant},gpt-4o,1000,10\n");
        }
    }
    let column = |name: &str| json!({"column": name});
    let mapping = json!({"time": column("time"), "tenant": column("tenant"), "model": column("model"),
        "input_tokens": column("in"), "output_tokens": column("out"), "provider": {"value": "openai"}});
    let body = json!({"name": "usage.csv", "preview": false, "mapping": mapping, "csv": csv});
    told(console, "POST", "/usage/import", body).await;
}

async fn charge_of(console: &Console, tenant: &str) -> String {
    let charges = everything(console, &format!("/usage/records?tenant_id={tenant}")).await;
    charges[0]["id"].as_str().unwrap().to_owned()
}

/// Lists that hold what their items say whose it is.
fn lists() -> Vec<String> {
    let filtered = |route: &Route| route.tenant == Some(Tenant::Filter);
    let listed = |route: Route| route.path;
    document::routes().into_iter().filter(filtered).map(listed).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_hold_what_is_of_the_tenant_and_nothing_else() {
    let mut town = Town::build().await;
    // Those of another form are looked at below.
    let others = ["/usage/summary", "/requests/export", "/requests/live", "/holds"];
    let lists: Vec<_> =
        lists().into_iter().filter(|path| !others.iter().any(|o| path.starts_with(o))).collect();
    assert!(lists.len() >= 6, "{lists:?}");
    for path in lists {
        let whose = if path == "/tenants" { "id" } else { "tenant_id" };
        let mut expected = town.as_all(&path).await;
        let all = expected.len();
        expected.retain(|item| item[whose] == town.own.as_str());
        assert!(
            !expected.is_empty() && expected.len() < all,
            "{path} shows nothing: {} of {all}",
            expected.len()
        );
        assert_eq!(town.as_granted(&path).await, expected, "{path}");
        if path == "/requests" || path == "/usage/records" {
            let asked = format!("{path}?tenant_id={}", town.other);
            assert_eq!(town.as_granted(&asked).await, Vec::<Value>::new(), "{asked}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_and_files_hold_what_is_of_the_tenant_and_nothing_else() {
    let mut town = Town::build().await;
    for by in ["day", "model", "provider", "tenant", "api_key", "user", "operation"] {
        let path = format!("/usage/summary?days=60&group_by={by}");
        town.console.sign(&town.all);
        let expected = asked(&town.console, &format!("{path}&tenant_id={}", town.own)).await;
        town.console.sign(&town.granted);
        assert_eq!(asked(&town.console, &path).await, expected, "{path}");
        let other = asked(&town.console, &format!("{path}&tenant_id={}", town.other)).await;
        assert_eq!(
            (&other.body["items"], &other.body["total"]["requests"]),
            (&json!([]), &json!(0)),
            "{path}"
        );
    }
    let keys = asked(&town.console, "/usage/summary?group_by=credential").await;
    assert_eq!(keys.status, 403, "provider keys are the workspace's: {}", keys.body);
    let file = asked(&town.console, "/requests/export?format=json").await;
    let rows = file.body.as_array().unwrap();
    assert_eq!(rows.len(), 10);
    assert!(rows.iter().all(|row| row["tenant_id"] == town.own.as_str()), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn things_of_others_are_not_there() {
    let mut town = Town::build().await;
    town.console.sign(&town.granted);
    for route in document::routes().iter().filter(|r| r.tenant == Some(Tenant::Thing)) {
        let (missing, own, others) = match route.path.split('/').nth(1).unwrap() {
            "budgets" => ("bud", &town.budgets[0], &town.budgets[1..]),
            "limits" => ("lim", &town.limits[0], &town.limits[1..]),
            "usage" | "requests" => ("chg", &town.charges[0], &town.charges[1..]),
            noun => panic!("{noun} is not tried"),
        };
        let ask = async |path: &str| town.console.ask(Door::Server, &route.method, path, None).await;
        let missing = nobody(missing);
        let expected = ask(&route.path).await;
        assert_eq!(expected.status, 404, "{}: {}", route.name, expected.body);
        for other in others {
            let reply = ask(&route.path.replace(&missing, other)).await;
            let said =
                |reply: &Reply| (reply.status, reply.body["code"].clone(), reply.body["detail"].clone());
            assert_eq!(said(&reply), said(&expected), "{} of {other}", route.name);
        }
        if !route.path.ends_with("/bodies") {
            let reply = ask(&route.path.replace(&missing, own)).await;
            assert_eq!(reply.status, 200, "{}: {}", route.name, reply.body);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_counts_at_once_and_is_gone_at_once() {
    let mut town = Town::build().await;
    let at = format!("/users/{}/grants/{}", town.granted["user"]["id"].as_str().unwrap(), town.other);
    let other = format!("/tenants/{}", town.other);
    for (method, body, status) in [("PUT", Some(json!({"role": "developer"})), 200), ("DELETE", None, 404)] {
        town.console.sign(&town.all);
        let reply = town.console.ask(Door::Server, method, &at, body).await;
        assert!(reply.status < 300, "{}", reply.body);
        town.console.sign(&town.granted);
        assert_eq!(asked(&town.console, &other).await.status, status, "after {method}");
        let me = asked(&town.console, "/auth/me").await;
        let held =
            me.body["grants"].as_array().unwrap().iter().any(|g| g["tenant_id"] == town.other.as_str());
        assert_eq!(held, status == 200);
    }
    let key = json!({"name": "mine"});
    let path = format!("/tenants/{}/api-keys", town.own);
    assert_eq!(town.console.ask(Door::Server, "POST", &path, Some(key.clone())).await.status, 201);
    let key = json!({"name": "mine", "scopes": ["audit:write"]});
    let reply = town.console.ask(Door::Server, "POST", &path, Some(key)).await;
    assert_eq!(reply.status, 403, "what nobody holds for a tenant goes into no key: {}", reply.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_grants_show_two_tenants_and_let_do_with_each_what_its_role_allows() {
    let mut town = Town::build().await;
    let third = tenant(&town.console, "Third").await;
    told(&town.console, "POST", &format!("/tenants/{third}/api-keys"), json!({"name": "one"})).await;
    grant(&town.console, &town.granted, &town.other, "finance").await;
    for path in ["/tenants", "/requests", "/usage/records", "/budgets", "/limits"] {
        let whose = if path == "/tenants" { "id" } else { "tenant_id" };
        let mut expected = town.as_all(path).await;
        expected.retain(|item| item[whose] == town.own.as_str() || item[whose] == town.other.as_str());
        assert_eq!(town.as_granted(path).await, expected, "{path}");
    }
    let key = json!({"name": "mine"});
    for (id, status) in [(&town.own, 201), (&town.other, 403), (&third, 404)] {
        let path = format!("/tenants/{id}/api-keys");
        let reply = town.console.ask(Door::Server, "POST", &path, Some(key.clone())).await;
        assert_eq!(reply.status, status, "{}", reply.body);
    }
    let holders = town.as_all(&format!("/tenants/{}/grants", town.other)).await;
    assert_eq!(holders.len(), 1);
    assert_eq!(
        (&holders[0]["user_id"], &holders[0]["role"]),
        (&town.granted["user"]["id"], &json!("finance"))
    );
    assert_eq!(town.as_all(&format!("/tenants/{third}/grants")).await, Vec::<Value>::new());
}
