//! The window and the server answer every request identically: status, body and audit entries.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, also in its helpers")]

use reeve_tests::console::{Console, Door, Reply};
use serde_json::{Value, json};
use std::collections::HashMap;

/// Replaces what differs between any two runs (ids, hashes, tokens) by the order of its first appearance.
#[derive(Default)]
struct Redact {
    seen: HashMap<String, String>,
}

impl Redact {
    fn value(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(redacted) = self.text(text) {
                    *text = redacted;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|v| self.value(v)),
            Value::Object(map) => {
                for (key, v) in map.iter_mut() {
                    match key.as_str() {
                        // How long it took and which process answered are no part of the answer.
                        "duration_ms" | "took_ms" | "data_dir" | "host" | "sign_in" | "access_token"
                        | "secret" | "prefix" | "fingerprint" | "uri" | "recovery_codes" | "token" => {
                            *v = Value::Null
                        }
                        // A slot's id is random and has no prefix.
                        "slots" => {
                            for slot in v.as_array_mut().into_iter().flatten() {
                                slot["id"] = Value::Null;
                            }
                        }
                        // How far a listener has come is a matter of moments.
                        "behind" | "next_sequence" => *v = Value::Null,
                        // The channel is what it is there for.
                        "via" if v == "ui" || v == "api" || v == "window" || v == "session" => {
                            *v = "door".into()
                        }
                        // The leaf repeats the entry, with the channel, address and program inside.
                        "leaf" | "leaf_hash" | "origin" | "root" | "hashes" | "note" | "ip"
                        | "user_agent" | "checkpoint" | "metadata" | "vkey" => *v = Value::Null,
                        _ => self.value(v),
                    }
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) -> Option<String> {
        // Sentences hold shortened ids.
        if text.contains('…') {
            let words = text.split(' ').map(|w| if w.contains('…') { "<short>" } else { w });
            return Some(words.collect::<Vec<_>>().join(" "));
        }
        let (prefix, rest) = text.split_once('_')?;
        let id = prefix.len() == 3
            && rest.len() >= 12
            && rest.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        let random = id || text.starts_with("u_");
        random.then(|| {
            let next = format!("<{prefix} {}>", self.seen.len());
            self.seen.entry(text.to_owned()).or_insert(next).clone()
        })
    }
}

/// A story told to one console through one door.
struct Story {
    console: Console,
    door: Door,
    redact: Redact,
    told: Vec<(String, u16, String, Value)>,
}

impl Story {
    async fn ask(&mut self, method: &str, path: &str, body: Option<Value>) -> Reply {
        let reply = self.console.ask(self.door, method, path, body).await;
        let mut body = reply.body.clone();
        self.redact.value(&mut body);
        let mut place = Value::String(path.to_owned());
        self.redact.value(&mut place);
        let path = path
            .split_inclusive(['/', '='])
            .map(|part| {
                let (name, sign) = part.split_at(part.trim_end_matches(['/', '=']).len());
                self.redact.text(name).unwrap_or_else(|| name.to_owned()) + sign
            })
            .collect::<String>();
        self.told.push((format!("{method} {path}"), reply.status, reply.content_type.clone(), body));
        reply
    }
}

fn text<'v>(reply: &'v Reply, key: &str) -> &'v str {
    reply.body[key].as_str().unwrap_or_else(|| panic!("no {key} in {}", reply.body))
}

/// The security board and saved views.
async fn views(s: &mut Story) {
    for query in ["", "?days=7", "?days=0", "?weeks=1"] {
        s.ask("GET", &format!("/audit/security{query}"), None).await;
    }
    for types in
        ["tenant.create,budget.create", "-tenant.create,-auth.login", "tenant.create,-", "no.such,also.none"]
    {
        s.ask("GET", &format!("/audit/logs?event_type={types}&limit=5"), None).await;
        s.ask(
            "GET",
            &format!(
                "/audit/stats?event_type={types}&buckets=3&from=2026-11-01T00:00:00Z&to=2026-12-01T00:00:00Z"
            ),
            None,
        )
        .await;
    }
    let view = json!({"name": "Denied", "shared": true, "filter": {"outcome": "denied", "last": "30d"}});
    let made = s.ask("POST", "/audit/views", Some(view.clone())).await;
    let at = format!("/audit/views/{}", text(&made, "id"));
    s.ask("POST", "/audit/views", Some(view)).await;
    s.ask("POST", "/audit/views", Some(json!({"name": "", "filter": {}}))).await;
    s.ask("POST", "/audit/views", Some(json!({"name": "x", "filter": {"outcome": "refused"}}))).await;
    s.ask("POST", "/audit/views", Some(json!({"name": "x", "filter": {"event": "auth.failed"}}))).await;
    s.ask(
        "PATCH",
        &at,
        Some(json!({"name": "Refused", "filter": {"not_ok": true, "from": "2026-11-01T00:00:00Z"}})),
    )
    .await;
    s.ask("PATCH", &at, Some(json!({"shared": null}))).await;
    s.ask("GET", "/audit/views", None).await;
    s.ask("DELETE", &at, None).await;
    s.ask("DELETE", &at, None).await;
}

/// Retention, legal holds, erasure and evidence.
async fn privacy(s: &mut Story, tenant: &str, session: &Value) {
    s.ask("GET", "/retention", None).await;
    s.ask("PUT", "/retention/audit", Some(json!({"entries_days": 2192, "personal_days": 90}))).await;
    s.ask("PUT", "/retention/audit", Some(json!({"entries_days": 3, "personal_days": null}))).await;
    s.ask("PUT", "/retention/nothing", Some(json!({"entries_days": 90, "personal_days": null}))).await;
    s.ask("GET", "/retention/usage/preview", None).await;
    s.ask("POST", "/retention/usage/prune", Some(json!({"to": 256}))).await;
    s.ask("POST", "/retention/usage/prune", Some(json!({"to": 0}))).await;
    let hold = json!({"name": "Case 7", "scope": "tenant", "target": tenant, "from": null, "to": null, "reason": "court order"});
    let placed = s.ask("POST", "/legal-holds", Some(hold.clone())).await;
    let placed = text(&placed, "id").to_owned();
    s.ask("POST", "/legal-holds", Some(hold)).await;
    s.ask("GET", "/legal-holds", None).await;
    s.ask("POST", &format!("/legal-holds/{placed}/release"), Some(json!({"reason": " "}))).await;
    s.ask("POST", &format!("/legal-holds/{placed}/release"), Some(json!({"reason": "over"}))).await;
    s.console.sign_out();
    s.ask(
        "POST",
        "/auth/login",
        Some(json!({"email": "nobody@example.com", "password": "wrong, wrong, wrong"})),
    )
    .await;
    s.console.sign(session);
    s.ask("GET", "/privacy/subjects", None).await;
    s.ask("PUT", "/privacy/subjects/anonymous/restriction", Some(json!({"restricted": true}))).await;
    s.ask("PUT", "/privacy/subjects/nobody/restriction", Some(json!({"restricted": true}))).await;
    let request = s.ask("POST", "/erasures", Some(json!({"subject": "anonymous"}))).await;
    let request = format!("/erasures/{}", text(&request, "id"));
    s.ask("POST", "/erasures", Some(json!({"subject": "anonymous"}))).await;
    s.ask("POST", &format!("{request}/refuse"), Some(json!({"ground": "no time"}))).await;
    s.ask("POST", &format!("{request}/carry-out"), None).await;
    s.ask("POST", &format!("{request}/carry-out"), None).await;
    s.ask("GET", &request, None).await;
    s.ask("GET", &format!("{request}/proof"), None).await;
    s.ask("GET", "/erasures", None).await;
    s.ask("GET", "/audit/evidence?framework=soc2&from=2026-11-21T00:00:00Z&to=2026-11-22T00:00:00Z", None)
        .await;
    s.ask("GET", "/audit/evidence?framework=soc2&from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z", None)
        .await;
    s.ask("GET", "/audit/evidence?framework=iso&from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z", None)
        .await;
}

/// Two-step sign-in, on and off again.
async fn second_factor(s: &mut Story) {
    let at = "/auth/second-factor";
    s.ask("POST", "/auth/step-up", Some(json!({}))).await;
    s.ask("POST", "/auth/step-up", Some(json!({"code": "000000"}))).await;
    s.ask("GET", at, None).await;
    s.ask("DELETE", at, None).await;
    s.ask("POST", &format!("{at}/confirm"), Some(json!({"code": "000000"}))).await;
    let made = s.ask("POST", at, None).await;
    let secret = text(&made, "secret").to_owned();
    s.ask("POST", &format!("{at}/confirm"), Some(json!({"code": "not one"}))).await;
    let shows = |s: &Story| reeve_tests::authenticator::shows(&secret, s.console.engine.now());
    let code = shows(s);
    s.ask("POST", &format!("{at}/confirm"), Some(json!({"code": code}))).await;
    s.ask("POST", at, None).await;
    s.ask("GET", at, None).await;
    let login = |code: Value| json!({"email": "admin@example.com", "password": "a long enough passphrase 1", "code": code});
    s.ask("POST", "/auth/login", Some(login(Value::Null))).await;
    s.ask("POST", "/auth/login", Some(login(code.into()))).await;
    s.console.clock.advance(30_000);
    let code = shows(s);
    s.ask("POST", "/auth/login", Some(login(code.into()))).await;
    s.ask("POST", "/auth/step-up", Some(json!({"password": "a long enough passphrase 1"}))).await;
    s.ask("POST", &format!("{at}/recovery-codes"), None).await;
    s.ask("DELETE", at, None).await;
}

/// People: invited, given roles, kept out; and what is open.
async fn invited(s: &mut Story) {
    s.ask("GET", "/users", None).await;
    s.ask("GET", "/roles", None).await;
    s.ask("POST", "/invitations", Some(json!({"email": "nobody", "role": "user", "days": 99}))).await;
    s.ask("POST", "/invitations", Some(json!({"email": "third@example.com", "role": "emperor"}))).await;
    let invite = json!({"email": "third@example.com", "role": "operator"});
    let made = s.ask("POST", "/invitations", Some(invite)).await;
    let token = made.body["token"].clone();
    s.ask("GET", "/invitations", None).await;
    s.ask("POST", "/auth/invitation", Some(json!({"token": "unknown"}))).await;
    s.ask("POST", "/auth/invitation", Some(json!({"token": token}))).await;
    let accept = json!({"token": token, "name": "Third Person", "password": "a long enough passphrase 3"});
    let short = json!({"token": token, "name": "", "password": "short"});
    s.ask("POST", "/auth/invitation/accept", Some(short)).await;
    let third = s.ask("POST", "/auth/invitation/accept", Some(accept.clone())).await;
    s.ask("POST", "/auth/invitation/accept", Some(accept)).await;
    let at = format!("/users/{}", third.body["user"]["id"].as_str().unwrap());
    s.ask("PATCH", &at, Some(json!({"role": "finance"}))).await;
    s.ask("PATCH", "/users/usr_00000000000000000000000000", Some(json!({"role": "finance"}))).await;
    s.ask("GET", &format!("{at}/sessions"), None).await;
    s.ask("DELETE", &format!("{at}/sessions"), None).await;
    s.ask("DELETE", &format!("{at}/second-factor"), None).await;
    s.ask("POST", &format!("{at}/disable"), None).await;
    s.ask("POST", &format!("{at}/enable"), None).await;
    s.ask("DELETE", "/invitations/inv_00000000000000000000000000", None).await;
    let me = s.ask("GET", "/auth/me", None).await;
    let at = format!("/users/{}", me.body["user"]["id"].as_str().unwrap());
    s.ask("PATCH", &at, Some(json!({"role": "user"}))).await;
    s.ask("POST", &format!("{at}/disable"), None).await;
    s.ask("GET", "/auth/sessions", None).await;
    s.ask("DELETE", "/auth/sessions", None).await;
    s.ask("DELETE", "/auth/sessions/ses_00000000000000000000000000", None).await;
    s.ask("GET", "/users", None).await;
}

/// Roles: made, given, changed and removed, and what may not be one.
async fn roles(s: &mut Story) {
    let role = json!({"name": "Clerks", "description": "They keep the books", "allowed": ["budget:*", "usage:read"], "denied": ["budget:write"]});
    let made = s.ask("POST", "/roles", Some(role.clone())).await;
    let id = text(&made, "id").to_owned();
    s.ask("POST", "/roles", Some(role)).await;
    let wrong = json!({"name": "admin", "description": "x".repeat(501), "allowed": ["tenant:fly", "budget:read:team=ml"], "denied": ["*:fly"]});
    s.ask("POST", "/roles", Some(wrong)).await;
    s.ask("POST", "/roles", Some(json!({"name": "x", "allowed": ["Budget:read"], "denied": ["budget"]})))
        .await;
    s.ask("POST", "/roles", Some(json!({"name": "x"}))).await;
    let at = format!("/roles/{id}");
    s.ask("PATCH", &at, Some(json!({"allowed": ["budget:read"]}))).await;
    s.ask("PATCH", &at, Some(json!({"name": null}))).await;
    s.ask("PATCH", &at, Some(json!({"description": null, "denied": ["budget"]}))).await;
    s.ask("PATCH", "/roles/rol_00000000000000000000000000", Some(json!({"name": "x"}))).await;
    let users = s.ask("GET", "/users", None).await;
    let third = users.body["items"][1]["id"].as_str().unwrap().to_owned();
    s.ask("PATCH", &format!("/users/{third}"), Some(json!({"role": id}))).await;
    s.ask("GET", "/users", None).await;
    s.ask("GET", "/roles", None).await;
    s.ask("DELETE", &at, None).await;
    s.ask("PATCH", &format!("/users/{third}"), Some(json!({"role": "user"}))).await;
    s.ask("DELETE", &at, None).await;
    s.ask("DELETE", &at, None).await;
}

/// Grants: given, given anew, taken back, and what may not be one.
async fn grants(s: &mut Story) {
    let users = s.ask("GET", "/users", None).await;
    let third = format!("/users/{}/grants", users.body["items"][1]["id"].as_str().unwrap());
    let tenants = s.ask("GET", "/tenants", None).await;
    let tenant = tenants.body["items"][0]["id"].as_str().unwrap();
    let at = format!("{third}/{tenant}");
    for role in ["developer", "operator", "none", "user", "emperor"] {
        s.ask("PUT", &at, Some(json!({"role": role}))).await;
    }
    s.ask("PUT", &format!("{third}/ten_00000000000000000000000000"), Some(json!({"role": "operator"}))).await;
    s.ask("PUT", &format!("{third}/everywhere"), Some(json!({"role": "operator"}))).await;
    s.ask("GET", &third, None).await;
    s.ask("GET", "/users/usr_00000000000000000000000000/grants", None).await;
    s.ask("GET", &format!("/tenants/{tenant}/grants"), None).await;
    s.ask("DELETE", &at, None).await;
    s.ask("DELETE", &at, None).await;
}

/// How the vault stands, and what of it may not be changed.
async fn vault(s: &mut Story) {
    s.ask("GET", "/vault", None).await;
    s.ask("POST", "/vault/unlock", Some(json!({}))).await;
    s.ask("POST", "/vault/unlock", Some(json!({"recovery_code": "x", "passphrase": "y"}))).await;
    s.ask("POST", "/vault/slots", Some(json!({"kind": "passphrase"}))).await;
    s.ask("POST", "/vault/slots", Some(json!({"kind": "recovery"}))).await;
    s.ask("POST", "/vault/slots", Some(json!({"kind": "env"}))).await;
    s.ask(
        "POST",
        "/vault/slots",
        Some(json!({"kind": "strict", "passphrase": "seven quiet herons at dusk"})),
    )
    .await;
    s.ask("DELETE", "/vault/slots/0011223344556677", None).await;
    s.ask("POST", "/vault/recovery-code/check", Some(json!({"last_group": "0000"}))).await;
    s.ask("POST", "/vault/root-key/confirm", Some(json!({"last_group": "0000"}))).await;
    s.ask("POST", "/vault/older-copy/accept", None).await;
    s.ask("GET", "/vault/backup", None).await;
    s.ask("POST", "/vault/backup", Some(json!({"passphrase": "short"}))).await;
    s.ask("POST", "/vault/backup", Some(json!({}))).await;
    for path in ["/vault/restore/preview", "/vault/restore"] {
        s.ask("POST", path, Some(json!({}))).await;
        s.ask("POST", path, Some(json!({"file": "no base64"}))).await;
        s.ask("POST", path, Some(json!({"file": "bm8gYmFja3Vw"}))).await;
        s.ask("POST", path, Some(json!({"file": "", "recovery_code": "x", "passphrase": "y"}))).await;
    }
    s.ask("GET", "/vault/restore/probes", None).await;
}

async fn tell(door: Door) -> Vec<(String, u16, String, Value)> {
    let mut s = Story { console: Console::start().await, door, redact: Redact::default(), told: Vec::new() };
    s.ask("GET", "/setup", None).await;
    s.ask("GET", "/tenants", None).await;
    let admin = json!({"workspace_name": "Meridian", "time_zone": "Europe/Berlin", "name": "First Admin",
        "email": "admin@example.com", "password": "a long enough passphrase 1"});
    s.ask("POST", "/auth/register", Some(json!({"workspace_name": "", "time_zone": "Nowhere", "name": "", "email": "x", "password": "short"}))).await;
    let session = s.ask("POST", "/auth/register", Some(admin)).await;
    s.console.sign(&session.body);
    s.ask("GET", "/auth/me", None).await;
    s.ask("POST", "/auth/step-up", Some(json!({"password": "wrong, wrong, wrong"}))).await;
    s.ask("POST", "/auth/step-up", Some(json!({"password": "a long enough passphrase 1"}))).await;

    second_factor(&mut s).await;

    let tenant = s.ask("POST", "/tenants", Some(json!({"name": "Northwind", "tier": "starter"}))).await;
    let tenant = text(&tenant, "id").to_owned();
    s.ask("POST", "/tenants", Some(json!({"name": "Northwind", "tier": "starter"}))).await;
    s.ask("POST", "/tenants", Some(json!({"name": " ", "tier": "gold"}))).await;
    s.ask("POST", "/tenants", Some(json!([1, 2]))).await;
    s.ask(
        "PATCH",
        &format!("/tenants/{tenant}"),
        Some(json!({"tier": "enterprise", "notes": null, "tags": ["a"]})),
    )
    .await;
    s.ask("GET", &format!("/tenants/{tenant}"), None).await;
    s.ask("GET", "/tenants/ten_00000000000000000000000000", None).await;
    s.ask("GET", "/tenants/nonsense", None).await;
    s.ask("GET", "/tenants?limit=0", None).await;
    s.ask("GET", "/tenants?cursor=zzz", None).await;
    s.ask(
        "PUT",
        &format!("/tenants/{tenant}/quota"),
        Some(json!({"requests_per_day": 7, "tokens_per_request": null,
        "concurrent_requests": null, "until": null, "reason": "trial"})),
    )
    .await;
    s.ask("GET", &format!("/tenants/{tenant}/quota"), None).await;
    let key = s
        .ask(
            "POST",
            &format!("/tenants/{tenant}/api-keys"),
            Some(json!({"name": "first", "expires_at": null})),
        )
        .await;
    let key = text(&Reply { body: key.body["api_key"].clone(), ..key }, "id").to_owned();
    let of_key = format!("/tenants/{tenant}/api-keys/{key}");
    s.ask("POST", &format!("{of_key}/rotate"), Some(json!({"overlap_seconds": 60}))).await;
    s.ask("DELETE", &format!("{of_key}/previous"), None).await;
    s.ask("POST", &format!("{of_key}/revoke"), None).await;
    s.ask("GET", &format!("/tenants/{tenant}/api-keys"), None).await;

    let credential = json!({"name": "production", "provider": "openai", "base_url": "http://127.0.0.1:1/v1", "models": null, "api_key": "sk-0123456789"});
    let made = s.ask("POST", "/credentials", Some(credential.clone())).await;
    s.ask("POST", "/credentials", Some(credential)).await;
    let key = format!("/credentials/{}", text(&made, "id"));
    s.ask("PATCH", &key, Some(json!({"weight": 75, "priority": 2}))).await;
    s.ask("PATCH", &key, Some(json!({"weight": 0, "models": [""]}))).await;
    s.ask("GET", "/credentials", None).await;
    let policy = format!("{key}/rotation");
    s.ask("PATCH", &policy, Some(json!({"period_days": 30, "grace_days": 3, "soak_hours": 0}))).await;
    s.ask("PATCH", &policy, Some(json!({"period_days": 9999, "grace_days": 91}))).await;
    s.ask("PATCH", &policy, Some(json!({"control": {"kind": "openai", "project": "proj_a"}}))).await;
    let admin = json!({"name": "Admin", "provider": "openai", "secret": "sk-admin-0123456789"});
    let admin = s.ask("POST", "/control-credentials", Some(admin)).await;
    let of_admin = format!("/control-credentials/{}", text(&admin, "id"));
    s.ask("PATCH", &of_admin, Some(json!({"name": "Main", "secret": "sk-admin-9876543210"}))).await;
    s.ask("GET", "/control-credentials", None).await;
    let control = json!({"control": {"kind": "openai", "project": "proj_a"}, "control_credential_id": text(&admin, "id")});
    s.ask("PATCH", &policy, Some(control)).await;
    let renewal = format!("{of_admin}/renewal");
    s.ask("PUT", &renewal, Some(json!({"control": {"kind": "nonsense"}, "period_days": null}))).await;
    s.ask("DELETE", &renewal, None).await;
    s.ask("DELETE", &of_admin, None).await;
    s.ask("DELETE", &of_admin, None).await;
    s.ask("GET", &format!("{key}/versions"), None).await;
    s.ask("GET", "/rotations", None).await;
    s.ask("GET", "/rotations?credential_id=nonsense", None).await;
    s.ask("GET", "/rotations/rot_00000000000000000000000000", None).await;
    let wrong = json!({"compromised": true, "grace_days": null, "last4": "nope"});
    s.ask("POST", &format!("{key}/rotate"), Some(wrong)).await;
    s.ask("POST", &format!("{key}/revoke"), Some(json!({"last4": "nope"}))).await;
    let nothing = json!({"api_key": "sk-0123456789", "provider_key_id": null});
    s.ask("POST", "/rotations/rot_00000000000000000000000000/key", Some(nothing)).await;
    let nothing = json!({"decision": "retry"});
    s.ask("POST", "/rotations/rot_00000000000000000000000000/resolve", Some(nothing)).await;
    let target = json!({"provider": "openai", "model": "gpt-4o-mini", "credential_id": text(&made, "id"), "weight": 100});
    let route =
        json!({"tenant_id": null, "model": "fast", "targets": [target], "patience": null, "retries": null});
    let made = s.ask("POST", "/routes", Some(route.clone())).await;
    s.ask("POST", "/routes", Some(route)).await;
    s.ask(
        "POST",
        "/routes",
        Some(json!({"tenant_id": null, "model": "a b", "targets": [], "patience": null, "retries": null})),
    )
    .await;
    let route = format!("/routes/{}", text(&made, "id"));
    let retries = json!({"each": 9, "backoff_ms": 250, "max_backoff_ms": 100, "after_unknown": true});
    s.ask("PATCH", &route, Some(json!({"retries": retries}))).await;
    s.ask(
        "PATCH",
        &route,
        Some(json!({"patience": {"connect_ms": 500, "first_byte_ms": null, "total_ms": null}})),
    )
    .await;
    s.ask("GET", &route, None).await;
    s.ask("GET", "/routes", None).await;
    s.ask("GET", "/routing/health", None).await;
    let breaker = |consecutive: u32, longest: u32| {
        json!({"consecutive": consecutive, "error_percent": 30, "min_calls": 10, "cool_down_ms": 5000,
            "max_cool_down_ms": longest, "refused_cool_down_ms": 60000})
    };
    s.ask("GET", "/routing/breaker", None).await;
    s.ask("PUT", "/routing/breaker", Some(breaker(3, 60_000))).await;
    s.ask("PUT", "/routing/breaker", Some(breaker(0, 1_000))).await;
    s.ask("GET", "/routing/breaker", None).await;
    s.ask("DELETE", &route, None).await;
    s.ask("GET", &route, None).await;
    let rules = format!("/tenants/{tenant}/model-rules");
    s.ask("PUT", &rules, Some(json!({"allow": ["gpt-4o*"], "deny": [" "]}))).await;
    s.ask("PUT", &rules, Some(json!({"allow": ["gpt-4o*", "gpt-4o*"], "deny": []}))).await;
    s.ask("GET", &rules, None).await;
    let budget = json!({"scope": "tenant", "tenant_id": tenant, "period": "month", "limit_usd": "600", "kind": "hard", "thresholds": null});
    let budget = s.ask("POST", "/budgets", Some(budget)).await;
    let budget = text(&budget, "id").to_owned();
    s.ask("PATCH", &format!("/budgets/{budget}"), Some(json!({"limit_usd": "12.345678901234"}))).await;
    s.ask("PATCH", &format!("/budgets/{budget}"), Some(json!({"limit_usd": "700.50", "kind": "soft"}))).await;
    s.ask("GET", &format!("/budgets/{budget}/status"), None).await;
    s.ask("POST", "/budgets/check", Some(json!({"tenant_id": tenant, "amount_usd": "1000"}))).await;
    let over =
        json!({"limit_usd": "900", "starts_at": null, "ends_at": "2099-01-01T00:00:00Z", "reason": "launch"});
    let over = s.ask("POST", &format!("/budgets/{budget}/overrides"), Some(over)).await;
    let over = text(&over, "id").to_owned();
    let late =
        json!({"limit_usd": "900", "starts_at": null, "ends_at": "2020-01-01T00:00:00Z", "reason": ""});
    s.ask("POST", &format!("/budgets/{budget}/overrides"), Some(late)).await;
    s.ask("DELETE", &format!("/budgets/{budget}/overrides/{over}"), None).await;
    s.ask("DELETE", &format!("/budgets/{budget}/overrides/{over}"), None).await;
    s.ask("GET", &format!("/budgets/{budget}/overrides"), None).await;
    s.ask("GET", &format!("/budgets/{budget}/refusals"), None).await;
    let pool = s.ask("POST", "/pools", Some(json!({"name": "Account", "credential_ids": []}))).await;
    let pool = text(&pool, "id").to_owned();
    s.ask(
        "PATCH",
        &format!("/pools/{pool}"),
        Some(json!({"credential_ids": ["crd_00000000000000000000000000"]})),
    )
    .await;
    s.ask("PATCH", &format!("/pools/{pool}"), Some(json!({"name": "Billing account"}))).await;
    let of_pool = json!({"scope": "pool", "tenant_id": null, "target": pool, "period": "day", "limit_usd": "5", "kind": "hard", "thresholds": []});
    let of_pool = s.ask("POST", "/budgets", Some(of_pool)).await;
    let of_pool = text(&of_pool, "id").to_owned();
    s.ask("DELETE", &format!("/pools/{pool}"), None).await;
    s.ask("DELETE", &format!("/budgets/{of_pool}"), None).await;
    s.ask("DELETE", &format!("/pools/{pool}"), None).await;
    s.ask("GET", "/pools", None).await;
    let of_user = json!({"scope": "user", "tenant_id": tenant, "target": "ann", "period": "day", "limit_usd": "5", "kind": "soft", "thresholds": null});
    s.ask("POST", "/budgets", Some(of_user)).await;
    let check = json!({"tenant_id": tenant, "amount_usd": "9", "user": "ann", "model": "gpt-4o", "tags": ["a"], "api_key_id": null, "credential_id": null});
    s.ask("POST", "/budgets/check", Some(check)).await;
    let numbers = json!({"requests_per_minute": 60, "tokens_per_minute": null, "burst": 5, "concurrent_requests": null});
    let mut own = numbers.clone();
    own["scope"] = "tenant".into();
    own["subject"] = tenant.as_str().into();
    let limit = s.ask("POST", "/limits", Some(own.clone())).await;
    let limit = text(&limit, "id").to_owned();
    s.ask("POST", "/limits", Some(own)).await;
    s.ask(
        "POST",
        "/limits",
        Some(
            json!({"scope": "ip", "subject": "nowhere", "requests_per_minute": 1, "tokens_per_minute": null,
        "burst": null, "concurrent_requests": null}),
        ),
    )
    .await;
    s.ask("PATCH", &format!("/limits/{limit}"), Some(json!({"burst": null, "tokens_per_minute": 0}))).await;
    s.ask("PATCH", &format!("/limits/{limit}"), Some(json!({"burst": null, "tokens_per_minute": 9000})))
        .await;
    s.ask("PUT", "/limits/defaults/model", Some(numbers)).await;
    s.ask("GET", &format!("/limits/{limit}"), None).await;
    s.ask("GET", &format!("/limits/status?scope=tenant&subject={tenant}"), None).await;
    let people = s.ask("GET", "/limits/status?scope=user", None).await;
    assert_eq!(people.body["items"][0]["name"], "First Admin", "{}", people.body);
    s.ask("GET", "/limits/refusals", None).await;
    s.ask("DELETE", "/limits/defaults/model", None).await;
    s.ask("GET", "/limits", None).await;
    s.ask("DELETE", &format!("/limits/{limit}"), None).await;
    let csv = "t,i,o\n2026-11-20 08:00:00,1000,10\n2026-11-20 09:00:00,2000,20\n";
    let import = |preview: bool| {
        json!({"name": "x.csv", "csv": csv, "path": null, "preview": preview, "mapping": {
        "time": {"column": "t"}, "input_tokens": {"column": "i"}, "output_tokens": {"column": "o"}, "cache_read_tokens": null,
        "model": {"value": "gpt-4o"}, "provider": null, "tenant": {"value": "northwind"}}})
    };
    s.ask("POST", "/usage/import", Some(import(true))).await;
    s.ask("POST", "/usage/import", Some(import(false))).await;
    let records = s.ask("GET", "/usage/records", None).await;
    let record = records.body["items"][0]["id"].as_str().unwrap().to_owned();
    s.ask("GET", &format!("/usage/records/{record}/explain"), None).await;
    s.ask("GET", "/usage/summary?group_by=model", None).await;
    for group in ["provider", "user", "tag", "credential", "operation"] {
        s.ask("GET", &format!("/usage/summary?group_by={group}"), None).await;
    }
    s.ask("GET", "/requests?limit=1", None).await;
    s.ask("GET", "/requests?outcome=gone", None).await;
    s.ask("GET", "/requests?min_cost_usd=0.001&q=GPT", None).await;
    s.ask("GET", &format!("/requests/{record}"), None).await;
    s.ask("GET", "/requests/req_00000000000000000000000000", None).await;
    s.ask("GET", "/requests/live", None).await;
    let rule = json!({"api_key_ids": null, "share": 0.25, "max_bytes": 20000, "retention_days": 14, "detectors": ["email", "card"], "patterns": ["PRJ-[0-9]+"]});
    s.ask("GET", &format!("/tenants/{tenant}/capture"), None).await;
    s.ask("PUT", &format!("/tenants/{tenant}/capture"), Some(rule)).await;
    let bad = json!({"api_key_ids": null, "share": 2, "max_bytes": 1, "retention_days": 0, "detectors": [], "patterns": ["("]});
    s.ask("PUT", &format!("/tenants/{tenant}/capture"), Some(bad)).await;
    s.ask("GET", &format!("/requests/{record}/bodies"), None).await;
    s.ask("DELETE", &format!("/requests/{record}/bodies"), None).await;
    s.ask("DELETE", &format!("/tenants/{tenant}/capture"), None).await;
    s.ask("DELETE", &format!("/tenants/{tenant}/capture/bodies"), None).await;
    s.ask("GET", "/requests/export?format=json&model=gpt-4o", None).await;
    s.ask("GET", "/prices?q=gpt-4o&limit=2", None).await;
    let rates = json!([{"unit": "input", "usd": "2.00"}, {"unit": "output", "usd": "8.00"}]);
    let price = json!({"tenant_id": null, "provider": "openai", "model": "gpt-4o", "rates": rates, "note": "contract", "effective_from": "2026-11-01T00:00:00Z"});
    let price = s.ask("POST", "/prices/own", Some(price)).await;
    let price = text(&price, "id").to_owned();
    let slip = json!({"rates": [{"unit": "input", "usd": "2000"}, {"unit": "output", "usd": "8.00"}]});
    s.ask("PATCH", &format!("/prices/own/{price}"), Some(slip)).await;
    s.ask("GET", "/prices/own", None).await;
    s.ask("GET", "/prices/openai/gpt-4o/history", None).await;
    s.ask("GET", "/prices/unpriced", None).await;
    let sheet =
        json!({"name": "list.csv", "content": "provider,model,input\nopenai,gpt-4o,x\n", "preview": true});
    s.ask("POST", "/prices/refresh", Some(sheet)).await;
    s.ask("GET", "/prices/lists", None).await;
    let rerate = |preview: bool| json!({"from": "2026-11-01T00:00:00Z", "to": "2026-11-21T00:00:00Z", "preview": preview, "reason": "contract"});
    s.ask("POST", "/usage/rerate", Some(rerate(true))).await;
    s.ask("POST", "/usage/rerate", Some(rerate(false))).await;
    s.ask("GET", &format!("/usage/records/{record}/explain"), None).await;
    s.ask("GET", "/usage/reratings", None).await;
    s.ask("GET", "/bills/accounts", None).await;
    s.ask("GET", "/bills/imports?limit=2", None).await;
    s.ask("POST", "/bills/import", Some(json!({}))).await;
    s.ask("POST", "/bills/import", Some(json!({"account_id": "ctl_00000000000000000000000000"}))).await;
    s.ask("GET", "/bills/reconciliation?provider=openai", None).await;
    s.ask("GET", "/bills/reconciliation?provider=elsewhere", None).await;
    s.ask(
        "GET",
        "/bills/reconciliation?provider=openai&from=2026-01-01T00:00:00Z&to=2026-11-01T00:00:00Z",
        None,
    )
    .await;
    s.ask("DELETE", &format!("/prices/own/{price}"), None).await;
    s.ask("GET", "/overview", None).await;
    s.ask("PATCH", "/settings", Some(json!({"time_zone": "UTC"}))).await;
    s.ask("GET", "/settings", None).await;
    s.ask("DELETE", &format!("/budgets/{budget}"), None).await;
    s.ask("POST", &format!("/tenants/{tenant}/suspend"), Some(json!({"reason": "test"}))).await;
    s.ask("POST", &format!("/tenants/{tenant}/archive"), None).await;
    s.ask("POST", &format!("/tenants/{tenant}/resume"), None).await;
    privacy(&mut s, &tenant, &session.body).await;
    vault(&mut s).await;
    // Lists of subjects are in the order of pseudonyms, which are random: the second person comes late.
    invited(&mut s).await;
    roles(&mut s).await;
    grants(&mut s).await;
    s.ask("GET", "/no-such-thing", None).await;
    s.ask("PUT", "/tenants", Some(json!({}))).await;
    let project = json!({"type": "PROJECT", "id": "p1", "name": "Atlas"});
    let entry = json!({"action": "LINK", "resource": project, "related": {"type": "FILE", "id": "f1"}, "project": "p1",
        "actor": {"id": "a1", "name": "Somebody"}, "metadata": {"size": 7}, "occurred_at": "2026-11-20T08:00:00Z"});
    s.ask("POST", "/audit/logs", Some(entry.clone())).await;
    s.ask("POST", "/audit/logs", Some(json!([entry, {"action": "LINK", "resource": project}]))).await;
    s.ask("POST", "/audit/logs", Some(json!([]))).await;
    s.ask("GET", "/audit/entity/p1", None).await;
    s.ask("GET", "/audit/entity/f1?type=FILE", None).await;
    s.ask("GET", "/audit/project/p1?limit=1", None).await;
    s.ask("GET", &format!("/audit/entity/{tenant}"), None).await;
    let listener = json!({"name": "collector", "url": "https://192.0.2.1/hook", "event_types": ["nothing."], "allow_private": true});
    let made = s.ask("POST", "/audit/listeners", Some(listener.clone())).await;
    let listener_id = made.body["listener"]["id"].as_str().unwrap().to_owned();
    s.ask("POST", "/audit/listeners", Some(listener)).await;
    s.ask("POST", "/audit/listeners", Some(json!({"name": "", "url": "http://example.com"}))).await;
    s.ask(
        "PATCH",
        &format!("/audit/listeners/{listener_id}"),
        Some(json!({"enabled": false, "min_severity": "warning"})),
    )
    .await;
    s.ask("GET", &format!("/audit/listeners/{listener_id}"), None).await;
    s.ask("GET", &format!("/audit/listeners/{listener_id}/deliveries"), None).await;
    s.ask("DELETE", &format!("/audit/listeners/{listener_id}"), None).await;
    s.ask("GET", "/audit/listeners", None).await;
    views(&mut s).await;
    let by = reeve_ledger::Cosigner::from_seed("witness.example/w1", &[9; 32]).unwrap();
    let witness = json!({"vkey": by.witness_key().to_string()});
    let made = s.ask("POST", "/audit/witnesses", Some(witness.clone())).await;
    let witness_id = made.body["id"].as_str().unwrap().to_owned();
    s.ask("POST", "/audit/witnesses", Some(witness)).await;
    s.ask("POST", "/audit/witnesses", Some(json!({"vkey": "", "url": "http://example.com"}))).await;
    s.ask("POST", "/audit/witnesses/notes", Some(json!({"note": "hello"}))).await;
    s.ask("POST", &format!("/audit/witnesses/{witness_id}/try"), None).await;
    s.ask("GET", "/audit/witnesses", None).await;
    s.ask("DELETE", &format!("/audit/witnesses/{witness_id}"), None).await;
    s.ask("GET", "/audit/logs?limit=100", None).await;
    s.ask("GET", "/audit/logs/audit.5", None).await;
    s.ask("GET", "/audit/export?format=bundle&first=0&end=4", None).await;
    s.ask("GET", "/audit/export?format=csv&event_type=tenant.create", None).await;
    s.ask("GET", "/audit/export?format=bundle&end=1000000", None).await;
    // The anchor file is written every few seconds: here it must not be a matter of when.
    s.console.engine.tend_ledger().await;
    s.ask("GET", "/audit/verify", None).await;
    s.told
}

#[tokio::test(flavor = "multi_thread")]
async fn both_doors_tell_the_same_story() {
    let (window, server) = tokio::join!(tell(Door::Window), tell(Door::Server));
    for (w, s) in window.iter().zip(&server) {
        assert_eq!(w, s);
    }
    assert_eq!(window.len(), server.len());
    let statuses: std::collections::BTreeSet<u16> = window.iter().map(|(_, status, ..)| *status).collect();
    for expected in [200, 201, 204, 400, 401, 404, 405, 409] {
        assert!(statuses.contains(&expected), "the story never met {expected}: {statuses:?}");
    }
}
