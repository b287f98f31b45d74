//! One case for every route that changes something.

use crate::story::{self, Story};
use reeve_engine::Cx;
use reeve_engine::identity::Entrance;
use reeve_tests::console::Door;
use reeve_tests::provider::{ADMIN_KEY, ScriptedProvider};
use serde_json::{Value, json};

fn id(made: &Value) -> String {
    made["id"].as_str().unwrap_or_else(|| panic!("no id in {made}")).to_owned()
}

pub(crate) async fn tell(mut story: Story) -> Story {
    let s = &mut story;
    tenants(s).await;
    keys_and_routes(s).await;
    budgets(s).await;
    limits(s).await;
    usage_and_prices(s).await;
    let code = workspace(s).await;
    applications(s).await;
    listeners(s).await;
    views(s).await;
    witnesses(s).await;
    reads(s).await;
    privacy(s).await;
    identity(s).await;
    unlock(story, &code).await
}

async fn tenants(s: &mut Story) {
    let at = format!("/tenants/{}", s.tenant);
    let change = json!({"tier": "enterprise", "notes": "n", "owner": "o", "tags": ["a"]});
    s.does(
        "patch /tenants/{id}",
        &at,
        Some(change),
        &[("tenant.update", &["tier", "notes", "owner", "tags"])],
    )
    .await;
    let reason = Some(json!({"reason": "unpaid"}));
    s.does(
        "post /tenants/{id}/suspend",
        &format!("{at}/suspend"),
        reason,
        &[("tenant.suspend", &["status"])],
    )
    .await;
    s.does("post /tenants/{id}/resume", &format!("{at}/resume"), None, &[("tenant.resume", &["status"])])
        .await;
    let quota = json!({"requests_per_day": 7, "tokens_per_request": null, "concurrent_requests": null, "until": null, "reason": "trial"});
    let left: &[story::Left<'_>] = &[("quota.update", &["requests_per_day"])];
    s.does("put /tenants/{id}/quota", &format!("{at}/quota"), Some(quota), left).await;
    s.does("delete /tenants/{id}/quota", &format!("{at}/quota"), None, left).await;
    let rules = json!({"allow": ["gpt-4o*"], "deny": []});
    let left: &[story::Left<'_>] = &[("model_rules.update", &["allow"])];
    s.does("put /tenants/{id}/model-rules", &format!("{at}/model-rules"), Some(rules), left).await;
    let key = json!({"name": "first", "expires_at": null});
    let made = s
        .does("post /tenants/{id}/api-keys", &format!("{at}/api-keys"), Some(key), &[("api_key.create", &[])])
        .await;
    let of_key = format!("{at}/api-keys/{}", id(&made["api_key"]));
    let how = json!({"overlap_seconds": 3600});
    let left: &[story::Left<'_>] = &[("api_key.rotate", &["prefix"])];
    s.does("post /tenants/{id}/api-keys/{key_id}/rotate", &format!("{of_key}/rotate"), Some(how), left).await;
    let left: &[story::Left<'_>] = &[("api_key.end_previous", &["previous"])];
    s.does("delete /tenants/{id}/api-keys/{key_id}/previous", &format!("{of_key}/previous"), None, left)
        .await;
    let revoke = format!("{of_key}/revoke");
    let left: &[story::Left<'_>] = &[("api_key.revoke", &["state"])];
    s.does("post /tenants/{id}/api-keys/{key_id}/revoke", &revoke, None, left).await;
    let rule = json!({"api_key_ids": null, "share": 0.25, "max_bytes": 20000, "retention_days": 14, "detectors": ["email"], "patterns": []});
    let left: &[story::Left<'_>] = &[("capture.update", &["capture"])];
    s.does("put /tenants/{id}/capture", &format!("{at}/capture"), Some(rule), left).await;
    s.does("delete /tenants/{id}/capture", &format!("{at}/capture"), None, left).await;
    let bodies = format!("/requests/{}/bodies", s.sown.charge);
    s.does("delete /requests/{id}/bodies", &bodies, None, &[("data.delete", &[])]).await;
    let bodies = format!("{at}/capture/bodies");
    s.does("delete /tenants/{id}/capture/bodies", &bodies, None, &[("data.delete", &[])]).await;
    let gone = s
        .does(
            "post /tenants",
            "/tenants",
            Some(json!({"name": "Gone", "tier": "free"})),
            &[("tenant.create", &[])],
        )
        .await;
    let archive = format!("/tenants/{}/archive", id(&gone));
    s.does("post /tenants/{id}/archive", &archive, None, &[("tenant.archive", &["status"])]).await;
}

async fn keys_and_routes(s: &mut Story) {
    let credential = json!({"name": "production", "provider": "openai", "base_url": "http://127.0.0.1:1/v1", "models": null, "api_key": "sk-0123456789"});
    let made =
        s.does("post /credentials", "/credentials", Some(credential.clone()), &[("key.import", &[])]).await;
    let credential_id = id(&made);
    let at = format!("/credentials/{credential_id}");
    let left: &[story::Left<'_>] = &[("credential.update", &["weight"])];
    s.does("patch /credentials/{id}", &at, Some(json!({"weight": 75})), left).await;
    probe(s, &at).await;
    let target =
        json!({"provider": "openai", "model": "gpt-4o-mini", "credential_id": credential_id, "weight": 100});
    let route =
        json!({"tenant_id": null, "model": "fast", "targets": [target], "patience": null, "retries": null});
    let made = s.does("post /routes", "/routes", Some(route), &[("route.create", &[])]).await;
    let route = format!("/routes/{}", id(&made));
    let patience = json!({"patience": {"connect_ms": 500, "first_byte_ms": null, "total_ms": null}});
    s.does("patch /routes/{id}", &route, Some(patience), &[("route.update", &[])]).await;
    s.does("delete /routes/{id}", &route, None, &[("route.delete", &[])]).await;
    let breaker = json!({"consecutive": 3, "error_percent": 30, "min_calls": 10, "cool_down_ms": 5000, "max_cool_down_ms": 60000, "refused_cool_down_ms": 60000});
    let left: &[story::Left<'_>] = &[("breaker.update", &["consecutive"])];
    s.does("put /routing/breaker", "/routing/breaker", Some(breaker), left).await;
    rotation(s, &at).await;
    renewal(s).await;
    let (revoke, which) = (format!("{at}/revoke"), json!({"last4": "6789"}));
    s.does("post /credentials/{id}/revoke", &revoke, Some(which), &[("key.revoke", &["state"])]).await;
}

/// An admin key that is replaced by itself, and by hand again.
async fn renewal(s: &mut Story) {
    let provider = ScriptedProvider::start().await.unwrap();
    let admin = json!({"name": "Own", "provider": "openai", "secret": ADMIN_KEY});
    let left: &[story::Left<'_>] = &[("control_credential.create", &[])];
    let admin = s.does("post /control-credentials", "/control-credentials", Some(admin), left).await;
    let at = format!("/control-credentials/{}/renewal", id(&admin));
    let control = json!({"kind": "openai_admin", "base_url": provider.base_url()});
    let own = json!({"control": control, "period_days": 30});
    let left: &[story::Left<'_>] = &[("control_credential.renewal_begin", &[])];
    s.does("put /control-credentials/{id}/renewal", &at, Some(own), left).await;
    let left: &[story::Left<'_>] = &[("control_credential.renewal_end", &[])];
    s.does("delete /control-credentials/{id}/renewal", &at, None, left).await;
    let admin = format!("/control-credentials/{}", id(&admin));
    let left: &[story::Left<'_>] = &[("control_credential.delete", &[])];
    s.does("delete /control-credentials/{id}", &admin, None, left).await;
}

/// Admin keys, and a rotation that a person sees through as far as the key that nobody at that address takes.
async fn rotation(s: &mut Story, at: &str) {
    let admin = json!({"name": "Admin", "provider": "openai", "secret": "sk-admin-0123456789"});
    let left: &[story::Left<'_>] = &[("control_credential.create", &[])];
    let admin = s.does("post /control-credentials", "/control-credentials", Some(admin), left).await;
    let admin = format!("/control-credentials/{}", id(&admin));
    let left: &[story::Left<'_>] = &[("control_credential.update", &["name"])];
    s.does("patch /control-credentials/{id}", &admin, Some(json!({"name": "Main"})), left).await;
    let left: &[story::Left<'_>] = &[("control_credential.delete", &[])];
    s.does("delete /control-credentials/{id}", &admin, None, left).await;
    let left: &[story::Left<'_>] = &[("credential.rotation_update", &["period_days"])];
    let policy = json!({"period_days": 30});
    s.does("patch /credentials/{id}/rotation", &format!("{at}/rotation"), Some(policy), left).await;
    let asked = json!({"compromised": false, "grace_days": 3, "last4": null});
    let left: &[story::Left<'_>] = &[("rotation.planned", &[])];
    let begun = s.does("post /credentials/{id}/rotate", &format!("{at}/rotate"), Some(asked), left).await;
    let rotation = format!("/rotations/{}", id(&begun));
    comes_to(s, &rotation, "awaiting_operator").await;
    s.note("get /rotations/{id}", &rotation, None);
    s.note("get /credentials/{id}/versions", &format!("{at}/versions"), None);
    let key = json!({"api_key": "sk-made-by-hand-42", "provider_key_id": null});
    let left: &[story::Left<'_>] = &[("rotation.minted", &["state"])];
    s.does("post /rotations/{id}/key", &format!("{rotation}/key"), Some(key), left).await;
    comes_to(s, &rotation, "probing").await;
    let left: &[story::Left<'_>] = &[("rotation.resolved", &["state"])];
    let give_up = json!({"decision": "give_up"});
    s.does("post /rotations/{id}/resolve", &format!("{rotation}/resolve"), Some(give_up), left).await;
    comes_to(s, &rotation, "rolled_back").await;
}

/// Waits until a rotation stands there and the step before was tried.
async fn comes_to(s: &Story, at: &str, state: &str) {
    for _ in 0..500 {
        let reply = s.console.ask(Door::Server, "GET", at, None).await;
        let r = &reply.body["rotation"];
        let settled = state != "probing" || r["attempts"] != 0;
        if r["state"] == state && settled && (state != "rolled_back" || !r["ended_at"].is_null()) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{at} does not come to {state}");
}

/// Retention, legal holds and erasure.
async fn privacy(s: &mut Story) {
    let policy = json!({"entries_days": 2192, "personal_days": 90});
    let left: &[story::Left<'_>] = &[("retention.update", &["entries", "personal"])];
    s.does("put /retention/{stream}", "/retention/audit", Some(policy), left).await;
    let hold = json!({"name": "Case 7", "scope": "workspace", "target": null, "from": null, "to": null, "reason": "court order"});
    let hold = s.does("post /legal-holds", "/legal-holds", Some(hold), &[("legal_hold.create", &[])]).await;
    let release = format!("/legal-holds/{}/release", id(&hold));
    let left: &[story::Left<'_>] = &[("legal_hold.release", &["state"])];
    s.does("post /legal-holds/{id}/release", &release, Some(json!({"reason": "over"})), left).await;
    s.console.sign_out();
    let stranger = json!({"email": "nobody@example.com", "password": "wrong, wrong, wrong"});
    assert_eq!(s.console.ask(Door::Server, "POST", "/auth/login", Some(stranger)).await.status, 401);
    s.sign_in("admin@example.com").await;
    let left: &[story::Left<'_>] = &[("privacy.restrict", &["personal"])];
    let restriction = "/privacy/subjects/anonymous/restriction";
    s.does(
        "put /privacy/subjects/{subject}/restriction",
        restriction,
        Some(json!({"restricted": true})),
        left,
    )
    .await;
    for (step, body, event) in [
        ("refuse", Some(json!({"ground": "legal_claims"})), "privacy.refuse"),
        ("carry-out", None, "privacy.done"),
    ] {
        let request = json!({"subject": "anonymous"});
        let made = s.does("post /erasures", "/erasures", Some(request), &[("privacy.request", &[])]).await;
        let path = format!("/erasures/{}/{step}", id(&made));
        if step == "refuse" {
            let before = story::size(&s.console, "audit").await;
            let refused = s.console.ask(Door::Server, "POST", &path, body.clone()).await;
            assert_eq!(refused.status, 200, "{}", refused.body);
            let new = story::entries(&s.console, "audit", before).await;
            let refusal = story::assert_left(&s.console, step, &new, (event, &[])).await;
            assert_eq!(refusal["outcome"], "denied", "{refusal}");
            s.note("post /erasures/{id}/refuse", &path, body);
        } else {
            s.does("post /erasures/{id}/carry-out", &path, body, &[(event, &[])]).await;
        }
    }
    // What was sown of the usage stream has become old.
    s.console.clock.advance(91 * 86_400_000);
    s.sign_in("admin@example.com").await;
    let preview = s.console.ask(Door::Server, "GET", "/retention/usage/preview", None).await;
    let to = json!({"to": preview.body["to"]});
    s.does("post /retention/{stream}/prune", "/retention/usage/prune", Some(to), &[("retention.prune", &[])])
        .await;
}

/// Nobody answers there, which the entry says.
async fn probe(s: &mut Story, at: &str) {
    let (before, path) = (story::size(&s.console, "audit").await, format!("{at}/probe"));
    let reply = s.console.ask(Door::Server, "POST", &path, None).await;
    assert_eq!((reply.status, &reply.body["ok"]), (200, &Value::Bool(false)), "{}", reply.body);
    let new = story::entries(&s.console, "audit", before).await;
    let probe = story::assert_left(&s.console, "a probe", &new, ("key.probe", &[])).await;
    assert_eq!(probe["outcome"], "failure", "{probe}");
    s.note("post /credentials/{id}/probe", &path, None);
}

async fn budgets(s: &mut Story) {
    let budget = json!({"scope": "tenant", "tenant_id": s.tenant, "period": "month", "limit_usd": "600", "kind": "hard", "thresholds": null});
    let made = s.does("post /budgets", "/budgets", Some(budget), &[("budget.create", &[])]).await;
    let at = format!("/budgets/{}", id(&made));
    let change = json!({"limit_usd": "700.50", "kind": "soft"});
    s.does("patch /budgets/{id}", &at, Some(change), &[("budget.update", &["limit_usd", "kind"])]).await;
    let over =
        json!({"limit_usd": "900", "starts_at": null, "ends_at": "2099-01-01T00:00:00Z", "reason": "launch"});
    let left: &[story::Left<'_>] = &[("budget_override.create", &[])];
    let over = s.does("post /budgets/{id}/overrides", &format!("{at}/overrides"), Some(over), left).await;
    let over = format!("{at}/overrides/{}", id(&over));
    s.does("delete /budgets/{id}/overrides/{override_id}", &over, None, &[("budget_override.delete", &[])])
        .await;
    s.does("delete /budgets/{id}", &at, None, &[("budget.delete", &[])]).await;
    let pool = json!({"name": "Account", "credential_ids": []});
    let pool = s.does("post /pools", "/pools", Some(pool), &[("pool.create", &[])]).await;
    let pool = format!("/pools/{}", id(&pool));
    s.does("patch /pools/{id}", &pool, Some(json!({"name": "Billing"})), &[("pool.update", &["name"])]).await;
    s.does("delete /pools/{id}", &pool, None, &[("pool.delete", &[])]).await;
    let why = json!({"reason": "a backup was put back"});
    s.does("post /audit/anchors/accept", "/audit/anchors/accept", Some(why), &[("anchor.accept", &[])]).await;
    let hold = format!("/holds/{}/release", s.sown.hold);
    s.does("post /holds/{id}/release", &hold, None, &[("budget.hold_release", &["state"])]).await;
}

async fn limits(s: &mut Story) {
    let numbers = json!({"requests_per_minute": 60, "tokens_per_minute": null, "burst": 5, "concurrent_requests": null});
    let mut own = numbers.clone();
    own["scope"] = "tenant".into();
    own["subject"] = s.tenant.as_str().into();
    let made = s.does("post /limits", "/limits", Some(own), &[("limit.create", &[])]).await;
    let at = format!("/limits/{}", id(&made));
    let change = json!({"burst": null, "tokens_per_minute": 9000});
    let left: &[story::Left<'_>] = &[("limit.update", &["burst", "tokens_per_minute"])];
    s.does("patch /limits/{id}", &at, Some(change), left).await;
    s.does("delete /limits/{id}", &at, None, &[("limit.delete", &[])]).await;
    let left: &[story::Left<'_>] = &[("limit.update", &["requests_per_minute"])];
    s.does("put /limits/defaults/{scope}", "/limits/defaults/model", Some(numbers), left).await;
    s.does("delete /limits/defaults/{scope}", "/limits/defaults/model", None, left).await;
}

async fn usage_and_prices(s: &mut Story) {
    let csv = "t,i,o\n2026-11-20 08:00:00,1000,10\n2026-11-20 09:00:00,2000,20\n";
    let import = json!({"name": "x.csv", "csv": csv, "path": null, "preview": false, "mapping": {
        "time": {"column": "t"}, "input_tokens": {"column": "i"}, "output_tokens": {"column": "o"}, "cache_read_tokens": null,
        "model": {"value": "gpt-4o"}, "provider": null, "tenant": {"value": "northwind"}}});
    s.does("post /usage/import", "/usage/import", Some(import), &[("usage.import", &[])]).await;
    let rates = json!([{"unit": "input", "usd": "2.00"}, {"unit": "output", "usd": "8.00"}]);
    let price = json!({"tenant_id": null, "provider": "openai", "model": "gpt-4o", "rates": rates, "note": "contract", "effective_from": "2026-11-01T00:00:00Z"});
    let made = s.does("post /prices/own", "/prices/own", Some(price), &[("price.create", &[])]).await;
    let at = format!("/prices/own/{}", id(&made));
    let dearer = json!({"rates": [{"unit": "input", "usd": "2.10"}, {"unit": "output", "usd": "8.00"}], "confirm": true});
    s.does("patch /prices/own/{id}", &at, Some(dearer), &[("price.update", &[])]).await;
    s.does("delete /prices/own/{id}", &at, None, &[("price.delete", &["effective_to"])]).await;
    let list = json!({"name": "list.csv", "content": "provider,model,input,output\nopenai,gpt-4o,2.50,10.00\n", "preview": false, "confirm": true});
    s.does("post /prices/refresh", "/prices/refresh", Some(list), &[("price.approve", &[])]).await;
    let rerate = json!({"from": "2026-11-01T00:00:00Z", "to": "2026-11-21T00:00:00Z", "preview": false, "reason": "contract"});
    s.does("post /usage/rerate", "/usage/rerate", Some(rerate), &[("usage.rerate", &[])]).await;
    bills(s).await;
}

/// Nobody's bill can be imported yet, which changes nothing; imports and their entries have tests of their own.
async fn bills(s: &mut Story) {
    let reply = s.console.ask(Door::Server, "POST", "/bills/import", Some(json!({}))).await;
    assert_eq!((reply.status, &reply.body["code"]), (412, &"precondition_failed".into()), "{}", reply.body);
    s.note("post /bills/import", "/bills/import", Some(json!({})));
}

async fn workspace(s: &mut Story) -> String {
    let change = json!({"time_zone": "UTC", "workspace_name": "Meridian Ltd"});
    let left: &[story::Left<'_>] = &[("config.changed", &["time_zone", "workspace_name"])];
    s.does("patch /settings", "/settings", Some(change), left).await;
    s.does("post /sample", "/sample", None, &[("sample.load", &[])]).await;
    s.does("delete /sample", "/sample", None, &[("sample.remove", &[])]).await;
    vault(s).await
}

/// The ways to open the vault, and its master key; the recovery code that is good in the end.
async fn vault(s: &mut Story) -> String {
    let left: &[story::Left<'_>] = &[("vault.slot_added", &[])];
    let made = s.does("post /vault/recovery-code", "/vault/recovery-code", None, left).await;
    let checked: &[story::Left<'_>] = &[("vault.slot_reenrolled", &["recovery_code"])];
    let path = "/vault/recovery-code/check";
    s.does("post /vault/recovery-code/check", path, Some(last_group(&made)), checked).await;
    let slot = json!({"kind": "passphrase", "passphrase": "seven quiet herons at dusk"});
    let open =
        s.does("post /vault/slots", "/vault/slots", Some(slot), &[("vault.slot_added", &["slot"])]).await;
    let of = |kind: &str| {
        open["slots"].as_array().unwrap().iter().find(|s| s["kind"] == kind).unwrap()["id"].clone()
    };
    let path = format!("/vault/slots/{}", of("passphrase").as_str().unwrap());
    s.does("delete /vault/slots/{id}", &path, None, &[("vault.slot_removed", &[])]).await;
    s.does("post /vault/rotate", "/vault/rotate", None, &[("vault.kek_rotated", &["epoch"])]).await;
    rotated(s).await;
    let left: &[story::Left<'_>] = &[("vault.vrk_prepared", &[])];
    let made = s.does("post /vault/root-key", "/vault/root-key", Some(json!({})), left).await;
    let left: &[story::Left<'_>] = &[("vault.vrk_rotated", &["root_key", "recovery_code"])];
    s.does("post /vault/root-key/confirm", "/vault/root-key/confirm", Some(last_group(&made)), left).await;
    rotated(s).await;
    let path = "/vault/older-copy/accept";
    let reply = s.console.ask(Door::Server, "POST", path, None).await;
    story::assert_problem(&reply, 412, "precondition_failed", "a copy that is the newest");
    s.note("post /vault/older-copy/accept", path, None);
    let code = made["recovery_code"].as_str().unwrap().to_owned();
    backup(s, &code).await;
    code
}

/// A backup of the keys, and back again: nothing is new in it.
async fn backup(s: &mut Story, code: &str) {
    let file = s.console.download(Door::Server, "POST", "/vault/backup", Some(json!({}))).await;
    assert_eq!(file.status, 200);
    let left: &[story::Left<'_>] = &[("vault.backup_exported", &[])];
    s.does("post /vault/backup", "/vault/backup", Some(json!({})), left).await;
    let ask = json!({"file": data_encoding::BASE64.encode(&file.body), "recovery_code": code});
    let path = "/vault/restore/preview";
    let reply = s.console.ask(Door::Server, "POST", path, Some(ask.clone())).await;
    assert_eq!((reply.status, &reply.body["same_vault"]), (200, &json!(true)), "{}", reply.body);
    s.note("post /vault/restore/preview", path, Some(ask.clone()));
    let left: &[story::Left<'_>] = &[("vault.restored", &[])];
    let done = s.does("post /vault/restore", "/vault/restore", Some(ask), left).await;
    assert_eq!(done["changed"], 0, "{done}");
}

fn last_group(made: &Value) -> Value {
    json!({"last_group": made["recovery_code"].as_str().unwrap().rsplit('-').next().unwrap()})
}

/// The rotation of the master key that was begun has ended.
async fn rotated(s: &Story) {
    for _ in 0..600 {
        let vault = s.console.ask(Door::Server, "GET", "/vault", None).await;
        if vault.body["rewrap"]["ended_at"].is_string() {
            assert_eq!(vault.body["rewrap"]["unreadable"], 0, "{}", vault.body);
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the rotation does not end");
}

/// The keyring loses its key, and the recovery code opens the vault; a wrong one does not.
async fn unlock(story: Story, code: &str) -> Story {
    let Story { console, tenant, sown, asked } = story;
    let mut s = Story { console: console.reopen_locked().await, tenant, sown, asked };
    let other = wrong(code);
    for (code, status, outcome) in [(other.as_str(), 400, "denied"), (code, 204, "success")] {
        let before = story::size(&s.console, "audit").await;
        let body = json!({"recovery_code": code});
        let reply = s.console.ask(Door::Server, "POST", "/vault/unlock", Some(body.clone())).await;
        assert_eq!(reply.status, status, "{}", reply.body);
        let new = story::entries(&s.console, "audit", before).await;
        let left = story::assert_left(&s.console, "a recovery code", &new, ("vault.unlocked", &[])).await;
        assert_eq!(left["outcome"], outcome, "{left}");
        s.note("post /vault/unlock", "/vault/unlock", Some(body));
    }
    s.sign_in("admin@example.com").await;
    s
}

/// A code of the right form that is another vault's.
fn wrong(code: &str) -> String {
    let other = reeve_vault::RecoveryCode::make(&mut reeve_vault::OsRandom).unwrap().reveal().to_string();
    assert_ne!(other, code);
    other
}

/// An application's entry, here written by a person.
async fn applications(s: &mut Story) {
    let entry = json!({"action": "UPDATE", "resource": {"type": "PROJECT", "id": "p1"},
        "changes": [{"field": "state", "before": "draft", "after": "live"}]});
    let left: &[story::Left<'_>] = &[("app.project.update", &["state"])];
    s.does("post /audit/logs", "/audit/logs", Some(entry), left).await;
}

/// Nobody is at the address, which the entry of the test says.
async fn listeners(s: &mut Story) {
    let body =
        json!({"name": "collector", "url": "http://127.0.0.1:1/secret-path", "event_types": ["nothing."]});
    let made =
        s.does("post /audit/listeners", "/audit/listeners", Some(body), &[("listener.create", &[])]).await;
    let at = format!("/audit/listeners/{}", id(&made["listener"]));
    let left: &[story::Left<'_>] = &[("listener.update", &["enabled", "name"])];
    s.does("patch /audit/listeners/{id}", &at, Some(json!({"name": "other", "enabled": false})), left).await;
    let (before, path) = (story::size(&s.console, "audit").await, format!("{at}/test"));
    let reply = s.console.ask(Door::Server, "POST", &path, None).await;
    assert_eq!((reply.status, &reply.body["ok"]), (200, &Value::Bool(false)), "{}", reply.body);
    let new = story::entries(&s.console, "audit", before).await;
    let test = story::assert_left(&s.console, "a test", &new, ("listener.test", &[])).await;
    assert_eq!(test["outcome"], "failure", "{test}");
    s.note("post /audit/listeners/{id}/test", &path, None);
    s.does("delete /audit/listeners/{id}", &at, None, &[("listener.delete", &[])]).await;
}

async fn views(s: &mut Story) {
    let filter = json!({"event_types": ["auth.failed"], "actor": "Second Person"});
    let body = json!({"name": "Failed sign-ins", "filter": filter});
    let made = s.does("post /audit/views", "/audit/views", Some(body), &[("saved_view.create", &[])]).await;
    let at = format!("/audit/views/{}", id(&made));
    let change =
        json!({"name": "Failed", "shared": true, "filter": {"event_types": ["auth.failed"], "last": "7d"}});
    let left: &[story::Left<'_>] = &[("saved_view.update", &["name", "shared", "last", "actor"])];
    s.does("patch /audit/views/{id}", &at, Some(change), left).await;
    s.does("delete /audit/views/{id}", &at, None, &[("saved_view.delete", &[])]).await;
}

/// Nobody is at the address either; that it does not answer changes nothing, so it leaves nothing.
async fn witnesses(s: &mut Story) {
    let by = reeve_ledger::Cosigner::from_seed("witness.example/w1", &[9; 32]).unwrap();
    let body = json!({"vkey": by.witness_key().to_string(), "url": "http://127.0.0.1:1/w"});
    let made = s.does("post /audit/witnesses", "/audit/witnesses", Some(body), &[("witness.add", &[])]).await;
    let at = format!("/audit/witnesses/{}", id(&made));
    let head = s.console.ask(Door::Server, "GET", "/audit/checkpoint", None).await.body;
    let note = head["note"].as_str().unwrap();
    let text = format!("{}\n", note.rsplit_once("\n\n").unwrap().0);
    let time = u64::try_from(s.console.engine.now().0 / 1_000).unwrap();
    let cosigned = reeve_ledger::note::cosigned(note, by.witness_key(), &by.cosign(&text, time));
    let left: &[story::Left<'_>] = &[("log.witnessed", &[])];
    s.does("post /audit/witnesses/notes", "/audit/witnesses/notes", Some(json!({"note": cosigned})), left)
        .await;
    let path = format!("{at}/try");
    let reply = s.console.ask(Door::Server, "POST", &path, None).await;
    assert_eq!(
        (reply.status, &reply.body["tried"]["outcome"]),
        (200, &Value::from("away")),
        "{}",
        reply.body
    );
    s.note("post /audit/witnesses/{id}/try", &path, None);
    s.does("delete /audit/witnesses/{id}", &at, None, &[("witness.remove", &[])]).await;
}

/// Reads that an auditor asks for.
async fn reads(s: &mut Story) {
    s.does("get /requests/export", "/requests/export?format=csv", None, &[("data.export", &[])]).await;
    s.does("get /audit/export", "/audit/export?format=csv", None, &[("audit.export", &[])]).await;
    s.does("get /audit/verify", "/audit/verify", None, &[("audit.verify", &[])]).await;
}

async fn identity(s: &mut Story) {
    let wrong = json!({"email": "admin@example.com", "password": "not the passphrase"});
    let before = story::size(&s.console, "audit").await;
    let refused = s.console.ask(Door::Server, "POST", "/auth/login", Some(wrong)).await;
    story::assert_problem(&refused, 401, "unauthenticated", "a wrong password");
    let new = story::entries(&s.console, "audit", before).await;
    let failed = story::assert_left(&s.console, "a wrong password", &new, ("auth.failed", &[])).await;
    assert_eq!(failed["outcome"], "denied", "{failed}");
    assert!(!failed["leaf"].as_str().unwrap().contains("admin@example.com"), "{failed}");

    let passwords = json!({"current_password": story::PASSWORD, "new_password": "another long passphrase 2"});
    s.does("put /auth/password", "/auth/password", Some(passwords), &[("user.update", &["password"])]).await;
    let back = json!({"current_password": "another long passphrase 2", "new_password": story::PASSWORD});
    s.does("put /auth/password", "/auth/password", Some(back), &[("user.update", &["password"])]).await;

    step_up(s).await;
    second_factor(s).await;
    people(s).await;
    connections(s).await;
    roles(s).await;
    own_sessions(s).await;
    refresh(s).await;
    s.does("post /auth/logout", "/auth/logout", None, &[("auth.logout", &[])]).await;
    s.sign_in("admin@example.com").await;
}

/// What needs the password once more is refused without it, and done with it; a wrong one is an entry.
async fn step_up(s: &mut Story) {
    s.console.clock.advance(300_001);
    let refused = s.console.ask(Door::Server, "POST", "/vault/recovery-code", None).await;
    story::assert_problem(&refused, 403, "step_up_required", "a sign-in of more than five minutes ago");
    let before = story::size(&s.console, "audit").await;
    let wrong = json!({"password": "not the passphrase"});
    let reply = s.console.ask(Door::Server, "POST", "/auth/step-up", Some(wrong)).await;
    story::assert_problem(&reply, 400, "invalid", "a wrong password");
    let new = story::entries(&s.console, "audit", before).await;
    let failed = story::assert_left(&s.console, "a wrong password", &new, ("auth.failed", &[])).await;
    assert_eq!((&failed["outcome"], &failed["severity"]), (&"denied".into(), &"warning".into()), "{failed}");
    let right = json!({"password": story::PASSWORD});
    s.does("post /auth/step-up", "/auth/step-up", Some(right), &[("auth.step_up", &[])]).await;
}

/// Two-step sign-in, on and off again: each way in, and each that is refused, is an entry that says which it was.
async fn second_factor(s: &mut Story) {
    let at = "/auth/second-factor";
    let made = s.does("post /auth/second-factor", at, None, &[("second_factor.begin", &[])]).await;
    let secret = made["secret"].as_str().unwrap().to_owned();
    let code = |s: &Story| reeve_tests::authenticator::shows(&secret, s.console.engine.now());
    let (path, body) = (format!("{at}/confirm"), json!({"code": code(s)}));
    let left: &[story::Left<'_>] = &[("second_factor.enable", &["second_factor"])];
    let codes = s.does("post /auth/second-factor/confirm", &path, Some(body.clone()), left).await;
    let login =
        |code: Value| json!({"email": "admin@example.com", "password": story::PASSWORD, "code": code});
    for (code, status, word, event) in [
        (Value::Null, 401, "second_factor_required", "auth.mfa"),
        (body["code"].clone(), 401, "unauthenticated", "auth.failed"),
        (codes["recovery_codes"][0].clone(), 200, "", "auth.login"),
        (codes["recovery_codes"][0].clone(), 401, "unauthenticated", "auth.failed"),
    ] {
        let before = story::size(&s.console, "audit").await;
        let reply = s.console.ask(Door::Server, "POST", "/auth/login", Some(login(code))).await;
        assert_eq!(reply.status, status, "{}", reply.body);
        assert!(word.is_empty() || reply.body["code"] == word, "{}", reply.body);
        let new = story::entries(&s.console, "audit", before).await;
        let left = story::assert_left(&s.console, "a second step", &new, (event, &[])).await;
        assert_eq!(left["resource"][0], "user", "{left}");
        assert!(left["outcome"] == if event == "auth.failed" { "denied" } else { "success" }, "{left}");
        assert!(event != "auth.login" || left["metadata"]["second_factor"] == "recovery_code", "{left}");
    }
    let left: &[story::Left<'_>] = &[("second_factor.codes_create", &[])];
    s.does("post /auth/second-factor/recovery-codes", &format!("{at}/recovery-codes"), None, left).await;
    let left: &[story::Left<'_>] = &[("second_factor.disable", &["second_factor"])];
    s.does("delete /auth/second-factor", at, None, left).await;
}

/// Somebody is invited, comes in, is given another role, kept out, and let in again.
async fn people(s: &mut Story) {
    let third = "third@example.com";
    let invite = Some(json!({"email": third, "role": "finance"}));
    let left: &[story::Left<'_>] = &[("invitation.create", &[])];
    let made = s.does("post /invitations", "/invitations", invite.clone(), left).await;
    let back = format!("/invitations/{}", id(&made["invitation"]));
    s.does("delete /invitations/{id}", &back, None, &[("invitation.revoke", &[])]).await;
    let made = s.does("post /invitations", "/invitations", invite, left).await;
    let accept = json!({"token": made["token"], "name": "Third Person", "password": story::PASSWORD});
    let before = story::size(&s.console, "audit").await;
    let path = "/auth/invitation/accept";
    let reply = s.console.ask(Door::Server, "POST", path, Some(accept.clone())).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let new = story::entries(&s.console, "audit", before).await;
    for event in ["user.create", "auth.login"] {
        let entry = story::assert_left(&s.console, "taking an invitation up", &new, (event, &[])).await;
        assert_eq!(entry["actor"]["name"], "Third Person", "{entry}");
        assert!(!entry["leaf"].as_str().unwrap().contains(third), "{entry}");
    }
    s.note("post /auth/invitation/accept", path, Some(accept));

    let at = format!("/users/{}", id(&reply.body["user"]));
    let left: &[story::Left<'_>] = &[("user.role_change", &["role"])];
    s.does("patch /users/{id}", &at, Some(json!({"role": "operator"})), left).await;
    grants(s, &at).await;
    let open = s.console.ask(Door::Server, "GET", &format!("{at}/sessions"), None).await;
    let one = format!("{at}/sessions/{}", id(&open.body["items"][0]));
    let left: &[story::Left<'_>] = &[("auth.session_end", &[])];
    s.does("delete /users/{id}/sessions/{session_id}", &one, None, left).await;
    enrol(s, third).await;
    s.does("delete /users/{id}/sessions", &format!("{at}/sessions"), None, left).await;
    let left: &[story::Left<'_>] = &[("second_factor.disable", &["second_factor"])];
    s.does("delete /users/{id}/second-factor", &format!("{at}/second-factor"), None, left).await;
    let left: &[story::Left<'_>] = &[("user.disable", &["state"])];
    s.does("post /users/{id}/disable", &format!("{at}/disable"), None, left).await;
    let left: &[story::Left<'_>] = &[("user.enable", &["state"])];
    s.does("post /users/{id}/enable", &format!("{at}/enable"), None, left).await;
}

/// Somebody is given a role for a tenant, and it is taken back.
async fn grants(s: &mut Story, person: &str) {
    let new = json!({"name": "Granted", "tier": "free"});
    let tenant = s.console.ask(Door::Server, "POST", "/tenants", Some(new)).await;
    let at = format!("{person}/grants/{}", id(&tenant.body));
    let route = "put /users/{id}/grants/{tenant_id}";
    s.does(route, &at, Some(json!({"role": "developer"})), &[("grant.create", &["role"])]).await;
    let route = "delete /users/{id}/grants/{tenant_id}";
    s.does(route, &at, None, &[("grant.delete", &["role"])]).await;
}

/// A role is made, changed and removed.
async fn roles(s: &mut Story) {
    let role = json!({"name": "Clerks", "description": "They keep the books", "allowed": ["budget:*", "usage:read"], "denied": ["budget:write"]});
    let made = s.does("post /roles", "/roles", Some(role), &[("role.create", &[])]).await;
    let at = format!("/roles/{}", id(&made));
    let change =
        json!({"name": "Bookkeepers", "description": null, "allowed": ["budget:read"], "denied": []});
    let left: &[story::Left<'_>] = &[("role.update", &["name", "description", "allowed", "denied"])];
    s.does("patch /roles/{id}", &at, Some(change), left).await;
    s.does("delete /roles/{id}", &at, None, &[("role.delete", &[])]).await;
}

/// Somebody else turns two-step sign-in on; the first person is signed in afterwards.
async fn enrol(s: &mut Story, email: &str) {
    s.sign_in(email).await;
    let made = s.console.ask(Door::Server, "POST", "/auth/second-factor", None).await;
    let secret = made.body["secret"].as_str().unwrap();
    let code = json!({"code": reeve_tests::authenticator::shows(secret, s.console.engine.now())});
    let reply = s.console.ask(Door::Server, "POST", "/auth/second-factor/confirm", Some(code)).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    s.sign_in("admin@example.com").await;
}

/// Who listens to live events, and the key behind every sign-in.
async fn connections(s: &mut Story) {
    let open = s.console.engine.connect(&Cx::system(), Entrance::Window).await.unwrap();
    let listed = s.console.ask(Door::Server, "GET", "/connections", None).await;
    let at = format!("/connections/{}", id(&listed.body["items"][0]));
    s.does("delete /connections/{id}", &at, None, &[("connection.end", &[])]).await;
    drop(open);
    let left: &[story::Left<'_>] = &[("vault.key_replace", &[])];
    let body = Some(json!({"compromised": false}));
    s.does("post /auth/signing-key/replace", "/auth/signing-key/replace", body, left).await;
}

/// What one has open oneself.
async fn own_sessions(s: &mut Story) {
    let login = json!({"email": "admin@example.com", "password": story::PASSWORD});
    let left: &[story::Left<'_>] = &[("auth.session_end", &[])];
    s.console.ask(Door::Server, "POST", "/auth/login", Some(login)).await;
    let open = s.console.ask(Door::Server, "GET", "/auth/sessions", None).await;
    let other = open.body["items"].as_array().unwrap().iter().find(|o| o["current"] == false);
    let one = format!("/auth/sessions/{}", id(other.unwrap()));
    s.does("delete /auth/sessions/{id}", &one, None, left).await;
    s.does("delete /auth/sessions", "/auth/sessions", None, left).await;
}

/// A refresh is machinery: its entry is in the stream of that.
async fn refresh(s: &mut Story) {
    let at = |path: &str| format!("http://{}/api/v1{path}", s.console.address);
    let login = json!({"email": "admin@example.com", "password": story::PASSWORD}).to_string();
    let login =
        s.console.client().post(at("/auth/login")).header("content-type", "application/json").body(login);
    let answer = login.send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let before = story::size(&s.console, "usage").await;
    let answer = s.console.client().post(at("/auth/refresh")).header("cookie", cookie).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let new = story::entries(&s.console, "usage", before).await;
    let refresh = new.iter().find(|e| e["event_type"] == "auth.refresh").unwrap_or_else(|| panic!("{new:?}"));
    story::whole("a refresh", refresh);
    s.note("post /auth/refresh", "/auth/refresh", None);
}
