//! No secret anywhere: canaries go every way that keys, codes and passwords go, through the real server, and are found in no log,
//! answer, file or export, nor in the server's memory once they were used. Each search is first shown to work.
#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a test fails by panicking, also in its helpers"
)]

mod debug;
mod search;
mod server;

use reeve_tests::provider::{AdminFault, Fault, PROJECT, ScriptedProvider, Step};
use search::{Canary, in_files, in_memory};
use serde_json::{Value, json};
use server::Server;
use std::path::Path;
use std::time::{Duration, Instant};

const PASSWORD: &str = "grey otters swim 9c41e0a7b2d85f3366e1";
const PASSPHRASE: &str = "slow herons wade 5b7720dd41fe98ac03b6";
const FILE_PASSPHRASE: &str = "seven larks rise 7e02b9d41c6f58aa390d";
const PASTED_KEY: &str = "sk-canary-pasted-92b7e4c01d5fa8836e27";
const TYPED_KEY: &str = "sk-canary-typed-4e1d9970c2ab63f85d10";

fn hello(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "hi"}]})
}

/// What a person is shown once, and what the provider made.
struct Told {
    tenant_key: String,
    recovery_code: String,
    minted: Vec<String>,
    admin_key: String,
    seed: String,
    sign_in_codes: Vec<String>,
    invitation: String,
}

/// Every way that a secret goes, but for its end.
async fn every_way(server: &mut Server, provider: &ScriptedProvider) -> Told {
    let none = Value::Null;
    let recovery_code = server.shown_once("POST", "/vault/recovery-code", &none).await;
    let recovery_code = recovery_code["recovery_code"].as_str().unwrap().to_owned();
    let last = recovery_code.rsplit('-').next().unwrap().to_owned();
    server.ask("POST", "/vault/recovery-code/check", &json!({"last_group": "WRONG"})).await;
    server.ask("POST", "/vault/recovery-code/check", &json!({"last_group": last})).await;
    let slot = json!({"kind": "passphrase", "passphrase": PASSPHRASE});
    let slots = server.ask("POST", "/vault/slots", &slot).await;
    assert!(slots["code"].is_null(), "{slots}");
    server.ask("POST", "/vault/unlock", &json!({"passphrase": PASSPHRASE})).await;
    server.ask("POST", "/vault/unlock", &json!({"recovery_code": recovery_code})).await;

    let tenant = server
        .ask(
            "POST",
            "/tenants",
            &json!({"name": "Acme", "slug": null, "tier": "professional",
        "time_zone": null, "owner": null, "tags": null, "notes": null}),
        )
        .await;
    let path = format!("/tenants/{}/api-keys", tenant["id"].as_str().unwrap_or_else(|| panic!("{tenant}")));
    let key = server.shown_once("POST", &path, &json!({"name": "canary", "expires_at": null})).await;
    let tenant_key = key["secret"].as_str().unwrap_or_else(|| panic!("{key}")).to_owned();

    // A key that the provider does not take: tried, refused, and told in none of it.
    provider.accept_key(TYPED_KEY);
    let (_, admin_key) = (provider.admin().keys(), provider.admin().keys()[0].secret.clone());
    let key = json!({"name": "canary", "provider": "openai", "base_url": provider.base_url(), "models": null,
        "weight": null, "priority": null, "api_key": TYPED_KEY});
    let credential = server.ask("POST", "/credentials", &key).await;
    let id = credential["id"].as_str().unwrap_or_else(|| panic!("{credential}")).to_owned();
    server.ask("POST", "/credentials", &key).await;
    server
        .ask(
            "POST",
            "/credentials",
            &json!({"name": "wrong", "provider": "openai", "api_key": TYPED_KEY, "odd": 1}),
        )
        .await;
    server.ask("POST", "/credentials", &json!({"name": 1, "api_key": TYPED_KEY})).await;
    server.ask("POST", &format!("/credentials/{id}/probe"), &none).await;
    let admin = json!({"name": "canary admin", "provider": "openai", "secret": admin_key});
    let admin = server.ask("POST", "/control-credentials", &admin).await;
    let control = json!({"kind": "openai", "project": PROJECT, "base_url": provider.base_url()});
    let rotation =
        json!({"grace_days": 0, "soak_hours": 0, "control": control, "control_credential_id": admin["id"]});
    let set = server.ask("PATCH", &format!("/credentials/{id}/rotation"), &rotation).await;
    assert!(set["id"].is_string(), "{set}");

    calls(server, provider, &tenant_key).await;
    // The admin API says the admin key back, and the first rotation stops; the second makes a key whose answer is cut, and another.
    provider.admin().on(Step::List, AdminFault::Echo);
    rotate(server, &id).await;
    stands(server, "needs_attention").await;
    let open = newest(server).await;
    let open = open["id"].as_str().unwrap().to_owned();
    server
        .ask(
            "POST",
            &format!("/rotations/{open}/resolve"),
            &json!({"decision": "retry", "last4": null, "provider_key_id": null}),
        )
        .await;
    stands(server, "awaiting_operator").await;
    server
        .ask(
            "POST",
            &format!("/rotations/{open}/resolve"),
            &json!({"decision": "deleted", "last4": null, "provider_key_id": null}),
        )
        .await;
    stands(server, "done").await;
    calls(server, provider, &tenant_key).await;
    pasted(server, provider).await;
    backed_up(server).await;
    let (seed, sign_in_codes) = second_step(server).await;
    let invite = json!({"email": "second@example.com", "role": "user"});
    let invitation = server.shown_once("POST", "/invitations", &invite).await;
    let invitation = invitation["token"].as_str().unwrap_or_else(|| panic!("{invitation}")).to_owned();
    server.ask("POST", "/auth/invitation", &json!({"token": invitation})).await;
    server.ask("POST", "/vault/rotate", &none).await;
    let minted = provider.admin().keys().iter().filter(|k| !k.admin).map(|k| k.secret.clone()).collect();
    Told { tenant_key, recovery_code, minted, admin_key, seed, sign_in_codes, invitation }
}

/// A key that a person makes and pastes, first wrongly.
async fn pasted(server: &mut Server, provider: &ScriptedProvider) {
    provider.accept_key(PASTED_KEY);
    let (_, first) = provider.admin().seeded_key("by hand");
    let key = json!({"name": "by hand", "provider": "openai", "base_url": provider.base_url(), "models": null,
        "weight": null, "priority": 2, "api_key": first});
    let credential = server.ask("POST", "/credentials", &key).await;
    let id = credential["id"].as_str().unwrap_or_else(|| panic!("{credential}")).to_owned();
    rotate(server, &id).await;
    stands(server, "awaiting_operator").await;
    let open = newest(server).await["id"].as_str().unwrap().to_owned();
    let path = format!("/rotations/{open}/key");
    server.ask("POST", &path, &json!({"api_key": format!("{PASTED_KEY} "), "provider_key_id": null})).await;
    server.ask("POST", &path, &json!({"api_key": PASTED_KEY, "odd": 1})).await;
    let taken = server.ask("POST", &path, &json!({"api_key": PASTED_KEY, "provider_key_id": null})).await;
    assert!(taken["id"].is_string(), "{taken}");
    stands(server, "draining").await;
}

/// Two-step sign-in, on and off again. The codes of the app are over in a minute, and six digits are found anywhere.
async fn second_step(server: &mut Server) -> (String, Vec<String>) {
    let none = Value::Null;
    let made = server.shown_once("POST", "/auth/second-factor", &none).await;
    let seed = made["secret"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    server.ask("POST", "/auth/second-factor/confirm", &json!({"code": "not one"})).await;
    let now = reeve_core::time::Clock::now(&reeve_engine::SystemClock);
    let code = json!({"code": reeve_tests::authenticator::shows(&seed, now)});
    let codes = server.shown_once("POST", "/auth/second-factor/confirm", &code).await;
    let codes = codes["recovery_codes"].as_array().unwrap_or_else(|| panic!("{codes}"));
    let codes: Vec<_> = codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    let login = json!({"email": "owner@example.com", "password": PASSWORD, "code": codes[0]});
    server.shown_once("POST", "/auth/login", &login).await;
    let again = server.ask("POST", "/auth/login", &login).await;
    assert_eq!(again["code"], "unauthenticated", "{again}");
    server.ask("POST", "/auth/step-up", &json!({"code": codes[1]})).await;
    server.ask("DELETE", "/auth/second-factor", &none).await;
    (seed, codes)
}

/// A backup that is opened with a passphrase of its own, first with a wrong one.
async fn backed_up(server: &mut Server) {
    let file = server.bytes("POST", "/vault/backup", &json!({"passphrase": FILE_PASSPHRASE})).await;
    server.said.extend_from_slice(&file);
    assert!(!file.starts_with(b"{"), "{}", server.last());
    let file = data_encoding::BASE64.encode(&file);
    let open = |passphrase: &str| json!({"file": file, "path": null, "recovery_code": null, "passphrase": passphrase});
    let wrong = server.ask("POST", "/vault/restore/preview", &open(&format!("{FILE_PASSPHRASE}x"))).await;
    assert!(wrong["keys"].is_null(), "{wrong}");
    let opened = server.ask("POST", "/vault/restore/preview", &open(FILE_PASSPHRASE)).await;
    assert!(opened["keys"].as_array().is_some_and(|keys| keys.len() >= 2), "{opened}");
    server.ask("POST", "/vault/restore", &open(FILE_PASSPHRASE)).await;
}

async fn calls(server: &mut Server, provider: &ScriptedProvider, key: &str) {
    let status = server.call(key, &hello("gpt-4o-mini")).await;
    assert_eq!(status, 200, "{}", server.last());
    let mut streamed = hello("gpt-4o-mini");
    streamed["stream"] = json!(true);
    assert_eq!(server.call(key, &streamed).await, 200);
    for fault in [Fault::Echo(400), Fault::Echo(404), Fault::Echo(401), Fault::Cut(1), Fault::WebPage] {
        provider.next(fault);
        server.call(key, &streamed).await;
    }
    // What met no call, because the key was kept from calls for a while, is not for the next ones.
    provider.forget_faults();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let wrong = format!("{}x", &key[..key.len() - 1]);
    assert_eq!(server.call(&wrong, &hello("gpt-4o-mini")).await, 401);
}

async fn rotate(server: &mut Server, id: &str) {
    let asked = json!({"compromised": false, "grace_days": null, "last4": null});
    let begun = server.ask("POST", &format!("/credentials/{id}/rotate"), &asked).await;
    assert!(begun["id"].is_string(), "{begun}");
}

async fn newest(server: &mut Server) -> Value {
    server.ask("GET", "/rotations?limit=1", &Value::Null).await["items"][0].clone()
}

async fn stands(server: &mut Server, state: &str) {
    let since = Instant::now();
    loop {
        let r = newest(server).await;
        if r["state"] == state {
            return;
        }
        assert!(since.elapsed() < Duration::from_secs(60), "it does not come to {state}: {r}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// What anybody may read or take away.
async fn every_export(server: &mut Server) {
    let none = Value::Null;
    for path in [
        "/audit/logs?limit=1000",
        "/audit/export?format=bundle",
        "/audit/export?format=jsonl",
        "/audit/evidence?framework=soc2&from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z",
        "/credentials",
        "/control-credentials",
        "/rotations",
        "/vault",
        "/requests",
        "/requests/export",
        "/overview",
        "/listeners",
        "/settings",
    ] {
        let bytes = server.bytes("GET", path, &none).await;
        assert!(!bytes.is_empty(), "{path}");
        // What an archive holds is packed: its files are looked into, too.
        server.said.extend(unpacked(&bytes));
    }
}

/// The bytes, and those of the files in it where it is an archive that stores or deflates them.
fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut all = bytes.to_vec();
    if bytes.starts_with(b"PK") {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("archive.zip");
        std::fs::write(&file, bytes).unwrap();
        let script = "import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); sys.stdout.buffer.write(b''.join(z.read(n) for n in z.namelist()))";
        let read = std::process::Command::new("python3").args(["-c", script]).arg(&file).output().unwrap();
        assert!(read.status.success() && !read.stdout.is_empty(), "an archive can be read");
        all.extend(read.stdout);
    }
    all
}

/// What must not be there, and is.
fn found(server: &Server, folder: &Path, canaries: &[Canary]) -> Vec<String> {
    let mut found = in_files(folder, canaries);
    let said = canaries.iter().filter(|canary| canary.count(&server.said) > 0);
    found.extend(said.map(|canary| format!("{} in an answer", canary.name)));
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let provider = ScriptedProvider::start().await.unwrap();
    // A connection that stays open holds the head of its last request, until the next one or its end.
    provider.closes_connections();
    let mut server = Server::start(folder.path());
    server.sign_in(PASSWORD, true).await;
    let told = every_way(&mut server, &provider).await;
    every_export(&mut server).await;

    let mut canaries = vec![
        Canary::new("the password", PASSWORD),
        Canary::new("the passphrase", PASSPHRASE),
        Canary::new("the provider key", TYPED_KEY),
        Canary::new("the pasted key", PASTED_KEY),
        Canary::new("the passphrase of a backup", FILE_PASSPHRASE),
        Canary::new("the admin key", &told.admin_key),
        Canary::new("the tenant's key", &told.tenant_key),
        Canary::new("the recovery code", &told.recovery_code),
    ];
    canaries.push(Canary::new("the seed of a second factor", &told.seed));
    canaries.push(Canary::new("an invitation", &told.invitation));
    canaries
        .extend(told.sign_in_codes.iter().map(|code| Canary::new("a recovery code for signing in", code)));
    canaries.extend(told.minted.iter().map(|key| Canary::new("a key that was made", key)));

    // Each search finds what is there: the log and the answers hold the workspace's name, the memory the name of the key.
    let control = [Canary::new("control", "Canary"), Canary::new("control", "canary admin")];
    let mut seen = in_files(folder.path(), &control);
    seen.retain(|place| place.contains("reeve.db"));
    assert!(!seen.is_empty(), "the store is searched");
    std::fs::write(folder.path().join("tmp/planted"), TYPED_KEY).unwrap();
    assert_eq!(found(&server, folder.path(), &canaries).len(), 1, "a planted file is found");
    std::fs::remove_file(folder.path().join("tmp/planted")).unwrap();
    let log = std::fs::read(folder.path().join("log")).unwrap();
    assert!(log.len() > 10_000, "the log says a lot");

    assert_eq!(found(&server, folder.path(), &canaries), Vec::<String>::new());

    // Calls have ended: what they went out with is gone a moment later.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let copies = in_memory(server.pid(), &canaries).unwrap();
    let left: Vec<_> =
        canaries.iter().zip(copies).filter(|(_, n)| *n > 0).map(|(c, n)| (c.name, n)).collect();
    assert!(left.is_empty(), "left in memory: {left:?}");

    // A crash leaves nothing behind, and the next start neither.
    server.kill();
    let mut server = Server::start(folder.path());
    server.sign_in(PASSWORD, false).await;
    calls(&mut server, &provider, &told.tenant_key).await;
    every_export(&mut server).await;
    let credential = server.ask("GET", "/credentials", &Value::Null).await["items"][0].clone();
    let (id, last4) = (credential["id"].as_str().unwrap(), credential["last4"].clone());
    server.ask("POST", &format!("/credentials/{id}/revoke"), &json!({"last4": last4})).await;
    assert_eq!(found(&server, folder.path(), &canaries), Vec::<String>::new());
}
