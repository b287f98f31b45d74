//! The program itself: what it prints, how it exits.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const SECRET: &str = "four unlikely words in a row, and a comma";

/// The program with nothing of this machine's environment but a secret.
fn reeve(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reeve-server"));
    command.args(arguments).env_clear().env("KEY_ENCRYPTION_SECRET", SECRET);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn create_admin(data: &Path, password: &str) -> Output {
    let data = data.to_str().unwrap();
    let arguments = ["admin", "create", "--data", data, "--email", "owner@example.com", "--password-stdin"];
    let mut child = reeve(&arguments).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{password}\n").as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// A server that ends with the test, however that ends.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(data: &Path) -> (Server, Value) {
    let data = data.to_str().unwrap();
    started(reeve(&["serve", "--data", data, "--listen", "127.0.0.1:0", "--gateway", "127.0.0.1:0"]))
}

fn started(mut command: Command) -> (Server, Value) {
    let mut server = Server(command.spawn().unwrap());
    let mut line = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let first = serde_json::from_str(&line).unwrap_or_else(|_| panic!("the first line is no JSON: {line:?}"));
    (server, first)
}

fn get(url: &str, path: &str) -> String {
    let host = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[cfg(unix)]
#[test]
fn it_says_where_it_is_serves_and_stops_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let (mut server, first) = serve(folder.path());
    assert_eq!(first["pid"], server.0.id());
    let console = first["console"].as_str().unwrap();
    let setup = get(console, "/api/v1/setup");
    assert!(setup.starts_with("HTTP/1.1 200") && setup.contains(r#""state":"needs_admin""#), "{setup}");
    assert!(setup.contains(first["gateway"].as_str().unwrap()), "{setup}");
    let gateway = first["gateway"].as_str().unwrap().strip_suffix("/v1").unwrap();
    assert!(get(gateway, "/v1/models").starts_with("HTTP/1.1 401"));
    assert!(
        get(gateway, "/api/v1/setup").starts_with("HTTP/1.1 404"),
        "the gateway has no management routes"
    );

    let second = reeve(&["doctor", "--data", folder.path().to_str().unwrap()]).output().unwrap();
    assert!(text(&second.stderr).contains("another Reeve"), "{}", text(&second.stderr));

    let asked = Instant::now();
    Command::new("kill").args(["-TERM", &server.0.id().to_string()]).status().unwrap();
    assert!(server.0.wait().unwrap().success());
    assert!(asked.elapsed() < Duration::from_secs(15));
}

#[test]
fn the_first_administrator_comes_from_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let weak = create_admin(folder.path(), "password12345678");
    assert_eq!(weak.status.code(), Some(1));
    assert!(text(&weak.stderr).contains("guessers"), "{}", text(&weak.stderr));
    let made = create_admin(folder.path(), "marble otter forty lamps");
    assert!(made.status.success(), "{}", text(&made.stderr));
    let twice = create_admin(folder.path(), "marble otter forty lamps");
    assert!(text(&twice.stderr).contains("set up already"), "{}", text(&twice.stderr));

    let data = folder.path().to_str().unwrap();
    let reset = |email: &str| {
        reeve(&["admin", "reset-second-factor", "--data", data, "--email", email]).output().unwrap()
    };
    let (off, nobody) = (reset("owner@example.com"), reset("who@example.com"));
    assert!(text(&off.stderr).contains("Two-step sign-in is off"), "{}", text(&off.stderr));
    assert!(text(&nobody.stderr).contains("no such person"), "{}", text(&nobody.stderr));
    assert_eq!((off.status.code(), nobody.status.code()), (Some(1), Some(1)));
    let doctor = reeve(&["doctor", "--data", data]).output().unwrap();
    let report = text(&doctor.stdout);
    assert!(doctor.status.success(), "{report}{}", text(&doctor.stderr));
    assert!(report.contains("Vault       open") && report.contains("entries fit together"), "{report}");
}

#[cfg(target_os = "linux")]
#[test]
fn without_a_key_the_first_run_starts_locked_and_names_the_ways_out() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    // No bus either, so no keyring answers.
    let arguments = ["serve", "--data", data, "--listen", "127.0.0.1:0", "--gateway", "127.0.0.1:0"];
    let mut command = reeve(&arguments);
    command.env_remove("KEY_ENCRYPTION_SECRET").env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
    let (server, first) = started(command);
    let setup = get(first["console"].as_str().unwrap(), "/api/v1/setup");
    assert!(setup.contains(r#""reason":"no_service""#) && setup.contains("KEY_ENCRYPTION_SECRET"), "{setup}");
    drop(server);
    // Started with a key, the same folder has its vault.
    let (_server, first) = serve(folder.path());
    let setup = get(first["console"].as_str().unwrap(), "/api/v1/setup");
    assert!(setup.contains(r#""state":"unlocked""#), "{setup}");
}

#[test]
fn keys_leave_in_a_file_and_come_back_into_an_empty_folder() {
    let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert!(create_admin(from.path(), "marble otter forty lamps").status.success());
    let out = from.path().join("keys.reeve-backup");
    let passphrase = "seven quiet herons at dusk";
    let backup = |more: &[&str], passphrase: Option<&str>| {
        let (data, out) = (from.path().to_str().unwrap(), out.to_str().unwrap());
        let mut command = reeve(&[&["backup", "--data", data, "--out", out], more].concat());
        passphrase.map(|p| command.env("REEVE_BACKUP_PASSPHRASE", p));
        command.output().unwrap()
    };
    let nothing = backup(&[], None);
    assert_eq!(nothing.status.code(), Some(1), "{}", text(&nothing.stderr));
    assert!(text(&nothing.stderr).contains("recovery code") && !out.exists(), "{}", text(&nothing.stderr));
    let nobody = backup(&["--passphrase"], None);
    assert_eq!(nobody.status.code(), Some(2), "{}", text(&nobody.stderr));
    let made = backup(&[], Some(passphrase));
    assert!(made.status.success(), "{}", text(&made.stderr));
    assert!(text(&made.stdout).contains("0 keys in"), "{}", text(&made.stdout));
    let bytes = std::fs::read(&out).unwrap();
    assert!(bytes.starts_with(b"reeve-backup-v1\n"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&out).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let again = backup(&[], Some(passphrase));
    assert_eq!(again.status.code(), Some(2), "{}", text(&again.stderr));
    assert_eq!(std::fs::read(&out).unwrap(), bytes, "no file is written over");
    let left = std::fs::read_dir(from.path()).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap());
    assert!(!left.into_iter().any(|name| name.starts_with(".reeve-backup-")), "nothing is left beside it");

    let restore = |file: &Path, passphrase: &str| {
        let (data, file) = (to.path().to_str().unwrap(), file.to_str().unwrap());
        let mut command = reeve(&["restore", "--data", data, file]);
        command.env("REEVE_BACKUP_PASSPHRASE", passphrase).output().unwrap()
    };
    let wrong = restore(&out, "seven quiet herons at dawn");
    assert_eq!(wrong.status.code(), Some(1));
    assert!(text(&wrong.stderr).contains("the file is whole"), "{}", text(&wrong.stderr));
    let cut = from.path().join("cut");
    std::fs::write(&cut, &bytes[..bytes.len() - 9]).unwrap();
    assert!(text(&restore(&cut, passphrase).stderr).contains("cut off"));
    let none = restore(&from.path().join("none"), passphrase);
    assert!(text(&none.stderr).contains("cannot be read"), "{}", text(&none.stderr));
    let done = restore(&out, passphrase);
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert!(text(&done.stdout).contains("another vault") && text(&done.stdout).contains("Restored    0"));
}

#[test]
fn what_is_configured_wrongly_is_code_2() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let file = folder.path().join("reeve.toml");
    std::fs::write(&file, "listne = \"127.0.0.1:0\"\n").unwrap();
    let config = file.to_str().unwrap();
    for (arguments, why) in [
        (vec!["serve", "--data", data, "--listen", "0.0.0.0:0"], "--allow-plain-http"),
        (vec!["serve", "--data", data, "--listen", "here"], "not an address"),
        (vec!["serve", "--data", data, "--config", config], "unknown field"),
        (vec!["serve"], "--data"),
        (vec!["usage", "import", "--data", data, "x.csv", "--map", "time=T"], "input_tokens"),
    ] {
        let run = reeve(&arguments).current_dir(std::env::temp_dir()).output().unwrap();
        let said = text(&run.stderr);
        assert_eq!(run.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(why), "{arguments:?}: {said}");
    }
    let weak = reeve(&["doctor", "--data", data]).env("KEY_ENCRYPTION_SECRET", "short").output().unwrap();
    assert_eq!(weak.status.code(), Some(2));
}

#[test]
fn the_document_is_the_same_every_time() {
    let print = || reeve(&["openapi"]).output().unwrap().stdout;
    let document = print();
    assert_eq!(document, print());
    assert!(
        serde_json::from_slice::<Value>(&document).unwrap()["openapi"].as_str().unwrap().starts_with("3.1")
    );
}

#[test]
fn the_audit_trail_leaves_as_a_file_and_no_file_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    assert!(create_admin(folder.path(), "a long enough passphrase 1").status.success());
    let to = folder.path().join("audit.zip");
    let export = |more: &[&str]| {
        let (data, to) = (folder.path().to_str().unwrap(), to.to_str().unwrap());
        reeve(&[&["audit", "export", "--data", data, "--to", to], more].concat()).output().unwrap()
    };
    let done = export(&[]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let said = text(&done.stdout);
    assert!(said.contains("Exported") && said.contains("Key         reeve/l/"), "{said}");
    let bytes = std::fs::read(&to).unwrap();
    assert!(bytes.starts_with(b"PK\x03\x04") && bytes.windows(12).any(|w| w == b"audit.export"));

    let again = export(&["--format", "csv"]);
    assert!(!again.status.success() && std::fs::read(&to).unwrap() == bytes, "{}", text(&again.stderr));
    std::fs::remove_file(&to).unwrap();
    for wrong in [&["--first", "9", "--end", "2"][..], &["--first", "1", "--since", "2026-01-01T00:00:00Z"]] {
        let refused = export(wrong);
        assert!(!refused.status.success(), "{}", text(&refused.stdout));
        assert!(!to.exists(), "half an export is none");
    }
}

#[tokio::test]
async fn with_a_certificate_both_listeners_speak_tls_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, cert.pem()).unwrap();
    std::fs::write(&key, signing_key.serialize_pem()).unwrap();
    let data = folder.path().join("data");
    let mut command = reeve(&["serve", "--listen", "127.0.0.1:0", "--gateway", "127.0.0.1:0"]);
    command.arg("--data").arg(&data).arg("--tls-certificate").arg(&certificate).arg("--tls-key").arg(&key);
    let (_server, first) = started(command);

    let root = reqwest::Certificate::from_pem(cert.pem().as_bytes()).unwrap();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([root]).build().unwrap();
    let at = |which: &str| {
        first[which]
            .as_str()
            .unwrap()
            .strip_prefix("https://127.0.0.1")
            .map(|rest| format!("https://localhost{rest}"))
            .unwrap()
    };
    let console = client.get(at("console") + "/api/v1/setup").send().await.unwrap();
    assert_eq!(console.status(), 200);
    assert!(console.headers().contains_key("strict-transport-security"), "{:?}", console.headers());
    let gateway = client.get(at("gateway") + "/models").send().await.unwrap();
    assert_eq!(gateway.status(), 401);

    for plain in [at("console") + "/api/v1/setup", at("gateway") + "/models"] {
        let plain = plain.replace("https://", "http://");
        assert!(client.get(&plain).send().await.is_err(), "{plain} is not answered");
    }
    let stranger = reqwest::Client::builder().no_proxy().build().unwrap();
    assert!(stranger.get(at("console")).send().await.is_err(), "nobody else vouches for this certificate");
}
