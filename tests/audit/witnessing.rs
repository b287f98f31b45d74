//! Outside witnesses: what they sign counts only if it is this ledger's, and a ledger that was cut or changed shows at the next
//! contact.

use crate::witness::{TIME, TestWitness, cosigned, cosigner, text};
use reeve_core::id::{UserId, WitnessId};
use reeve_core::permission::Role;
use reeve_core::principal::Principal;
use reeve_core::retention::Retention;
use reeve_engine::audit::{EntryFilter, Stream};
use reeve_engine::witnesses::{AddWitness, Taken, Tried, WitnessStatus};
use reeve_engine::{Code, Cx, Error};
use reeve_ledger::{Checkpoint, genesis_signer};
use reeve_tests::app::{Options, TestApp};
use std::path::Path;

const STREAM: Stream = Stream::Audit;

/// A sentence of the verdict's claim about witnesses, with its degree.
async fn claim(app: &TestApp, stream: Stream) -> (&'static str, String) {
    let verification = app.engine.verify(&Cx::system(), stream).await.unwrap();
    let claim = verification.claims().into_iter().find(|c| c.name == "witnessed").unwrap();
    assert_eq!(verification.intact(), claim.proof.as_str() != "refuted", "{claim:?}");
    (claim.proof.as_str(), claim.words)
}

async fn add(app: &TestApp, vkey: &str, url: Option<String>) -> WitnessId {
    let new = AddWitness { vkey: vkey.to_owned(), url, allow_private: false };
    app.engine.add_witness(&Cx::system(), new).await.unwrap().witness.id
}

/// The newest head, as it is copied to be carried out.
async fn note(app: &TestApp, stream: Stream) -> String {
    app.engine.audit_head(&Cx::system(), stream).await.unwrap().note
}

async fn keys(app: &TestApp) -> Vec<String> {
    let mut all = Vec::new();
    for stream in Stream::ALL {
        all.extend(
            app.engine.ledger_keys(&Cx::system(), stream).await.unwrap().into_iter().map(|(_, key)| key),
        );
    }
    all
}

/// Entries of the audit stream: somebody asks for what they may not see.
async fn write(app: &TestApp, count: usize) {
    let id = UserId(app.engine.new_request_id().0);
    let principal = Principal::User {
        id,
        subject: "u_0".to_owned(),
        may: Role::Finance.allowance(),
        grants: std::sync::Arc::default(),
        session: None,
    };
    let curious = Cx { principal, ..Cx::system() };
    for _ in 0..count {
        assert!(app.engine.audit_page(&curious, EntryFilter::default(), 1).await.is_err());
    }
}

fn refused<T: std::fmt::Debug>(answer: Result<T, Error>, code: Code, words: &str) {
    let error = answer.unwrap_err();
    assert!(error.code == code && error.message.contains(words), "{error:?}");
}

async fn start() -> TestApp {
    TestApp::start_with(Options { no_credential: true, ..Options::default() }).await
}

async fn submit(app: &TestApp, note: &str) -> Result<Vec<Taken>, Error> {
    app.engine.submit_cosigned(&Cx::system(), note).await
}

async fn size(app: &TestApp, stream: Stream) -> u64 {
    app.engine.audit_head(&Cx::system(), stream).await.unwrap().size
}

/// What the footer says is wrong.
async fn problem(app: &TestApp) -> Option<String> {
    let health = app.engine.ledger_health(&Cx::system()).await.unwrap();
    let needs = app.engine.overview(&Cx::system()).await.unwrap().needs_you;
    let critical = needs.iter().find(|n| n.severity == "critical" && n.text.contains("ledger"));
    assert_eq!(health.problem.is_some(), critical.is_some(), "{:?} {needs:?}", health.problem);
    assert_eq!(health.problem.is_some(), health.last.is_some_and(|(intact, _)| !intact));
    health.problem
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_carried_out_and_back_proves_how_long_the_ledger_was() {
    let app = start().await;
    // The usage ledger is empty: that a witness signs that proves nothing.
    let empty = note(&app, Stream::Usage).await;
    let (degree, words) = claim(&app, STREAM).await;
    assert!(degree == "not_proven" && words.starts_with("Witnessed by nobody"), "{words}");
    let by = cosigner(1);
    let id = add(&app, &format!("  {}\n", by.witness_key()), None).await;
    assert_eq!(claim(&app, STREAM).await.1, "witness.example/w1 has not signed it yet.");

    refused(submit(&app, &cosigned(&empty, &by, TIME)).await, Code::Invalid, "without entries");
    for stream in [STREAM] {
        let note = note(&app, stream).await;
        let signed = Checkpoint::parse(&text(&note)).unwrap().size;
        // As a mail brings it back.
        let carried = format!("\r\n{}\r\n", cosigned(&note, &by, TIME).replace('\n', "\r\n"));
        let taken = submit(&app, &carried).await.unwrap();
        assert_eq!((taken[0].witness, taken[0].stream, taken[0].size), (id, stream, signed));
        let newer = size(&app, stream).await - signed;
        let (degree, words) = claim(&app, stream).await;
        let expected = format!(
            "Witnessed by witness.example/w1 through entry {} at 2026-11-21T12:00:00.000Z;",
            signed - 1
        );
        assert!(degree == "proven" && words.starts_with(&expected), "{words}");
        let said = match newer {
            0 => "no entry is newer".to_owned(),
            1 => "1 newer entry is not".to_owned(),
            n => format!("{n} newer entries are not"),
        };
        assert!(words.contains(&said), "{words}");
    }
    let entry = app.entry("log.witnessed").await;
    assert!(entry.summary.starts_with("witness.example/w1 signed the first "), "{}", entry.summary);

    // A second one signs less; both are told, who signed most first.
    let second = cosigner(2);
    let older = note(&app, STREAM).await;
    write(&app, 3).await;
    submit(&app, &cosigned(&note(&app, STREAM).await, &by, TIME + 60)).await.unwrap();
    add(&app, &second.witness_key().to_string(), None).await;
    submit(&app, &cosigned(&older, &second, TIME)).await.unwrap();
    let (_, words) = claim(&app, STREAM).await;
    let places = ["/w1 through", "/w2 through"].map(|part| words.find(part).unwrap());
    assert!(places[0] < places[1], "{words}");
    app.engine.remove_witness(&Cx::system(), id).await.unwrap();
    assert!(!claim(&app, STREAM).await.1.contains("/w1"));
    refused(app.engine.remove_witness(&Cx::system(), id).await, Code::NotFound, "witness");
    let listed = app.engine.witnesses(&Cx::system()).await.unwrap();
    assert_eq!(listed.iter().map(|w| w.witness.name.as_str()).collect::<Vec<_>>(), ["witness.example/w2"]);
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_and_addresses_that_are_none_are_refused() {
    let app = start().await;
    let cx = Cx::system();
    let new = |vkey: &str, url: Option<&str>| AddWitness {
        vkey: vkey.to_owned(),
        url: url.map(str::to_owned),
        allow_private: false,
    };
    let key = cosigner(1).witness_key().to_string();
    let own = app.engine.audit_head(&cx, STREAM).await.unwrap().vkey;
    for (vkey, words) in [
        ("", "as it gives it"),
        ("witness.example+zz+AAAA", "as it gives it"),
        (own.as_str(), "is the key of a log"),
        (&key.replacen("w1+", "w9+", 1), "is damaged"),
    ] {
        refused(app.engine.add_witness(&cx, new(vkey, None)).await, Code::Invalid, words);
    }
    for (url, words) in [
        ("http://example.com/", "https://"),
        ("https://10.0.0.1/", "private network"),
        ("https://169.254.169.254/latest", "private network"),
        ("https://witness.example/?a=b", "behind ?"),
        ("file:///etc/passwd", "https://"),
    ] {
        refused(app.engine.add_witness(&cx, new(&key, Some(url))).await, Code::Invalid, words);
    }
    // The pair that signs the ledger, dressed as a witness.
    let public = own.parse::<reeve_ledger::VerifierKey>().unwrap().public_key();
    let itself = reeve_ledger::WitnessKey::new("witness.example/me", &public).unwrap().to_string();
    refused(app.engine.add_witness(&cx, new(&itself, None)).await, Code::Invalid, "its own witness");
    add(&app, &key, None).await;
    refused(app.engine.add_witness(&cx, new(&key, None)).await, Code::Conflict, "already");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_that_prove_nothing_are_refused() {
    let app = start().await;
    let (by, stranger) = (cosigner(1), cosigner(2));
    add(&app, &by.witness_key().to_string(), None).await;
    let note = note(&app, STREAM).await;
    let wrong = cosigned(&note, &by, TIME);
    let broken = wrong.replace(&wrong[wrong.len() - 12..wrong.len() - 4], "AAAAAAAA");
    let elsewhere = genesis_signer(&[5; 32], "audit").unwrap();
    let other = Checkpoint { origin: elsewhere.name().to_owned(), size: 3, root: [1; 32] }.sign(&elsewhere);
    let unsigned = format!("{}\n{}", text(&note), wrong.lines().last().unwrap());
    for (note, words) in [
        (note.clone(), "not signed by any of the witnesses"),
        (cosigned(&note, &stranger, TIME), "not signed by any of the witnesses"),
        (broken, "is wrong"),
        (cosigned(&note, &by, TIME + 301), "in the future"),
        (cosigned(&other, &by, TIME), "another ledger"),
        (unsigned, "not signed by this ledger's own key"),
        ("hello".to_owned(), "the whole checkpoint"),
        (String::new(), "the whole checkpoint"),
        (format!("a\n1\n\n{}", "x".repeat(100_000)), "too long"),
    ] {
        refused(submit(&app, &note).await, Code::Invalid, words);
    }
    assert_eq!(claim(&app, STREAM).await.0, "not_proven");
    write(&app, 1).await;
    let newer = self::note(&app, STREAM).await;
    submit(&app, &cosigned(&newer, &by, TIME)).await.unwrap();
    refused(submit(&app, &cosigned(&note, &by, TIME)).await, Code::Conflict, "has already signed");
    refused(submit(&app, &cosigned(&newer, &by, TIME)).await, Code::Conflict, "has already signed");
    submit(&app, &cosigned(&newer, &by, TIME + 9)).await.unwrap();
    assert!(claim(&app, STREAM).await.1.contains("12:00:09"), "the same head signed again is newer");
    assert_eq!(problem(&app).await, None);
    app.close().await;
}

/// A head of another history, or of a longer one, that a witness signed: proof that this is not what it saw.
#[tokio::test(flavor = "multi_thread")]
async fn a_signature_over_another_history_is_critical_until_the_witness_is_removed() {
    for longer in [false, true] {
        let app = start().await;
        let by = cosigner(1);
        let id = add(&app, &by.witness_key().to_string(), None).await;
        let mut head = Checkpoint::parse(&text(&note(&app, STREAM).await)).unwrap();
        head.root = [7; 32];
        head.size += if longer { 1_000 } else { 0 };
        let signed = format!("{}\n\u{2014} x.example AAAAAAAA\n", head.to_text());
        let words = if longer { "entries are missing at its end" } else { "were not the ones that are here" };
        refused(submit(&app, &cosigned(&signed, &by, TIME)).await, Code::Conflict, words);
        let (degree, said) = claim(&app, STREAM).await;
        assert!(degree == "refuted" && said.contains(words), "{said}");
        assert!(problem(&app).await.unwrap().contains(words));
        let entry = app.entry("witness.contradict").await;
        assert_eq!((entry.severity.as_str(), entry.outcome), ("critical", "failure"));
        // Twice is no news, and a new start does not forget it.
        refused(submit(&app, &cosigned(&signed, &by, TIME)).await, Code::Conflict, words);
        assert_eq!(app.entries("witness.contradict").await.len(), 1);
        let keyring = std::sync::Arc::clone(&app.keyring);
        let folder = app.close().await;
        let forgotten = std::sync::Arc::new(tempfile::tempdir().unwrap());
        copy(folder.path(), forgotten.path());
        let again = Options {
            folder: Some(folder),
            keyring: Some(keyring),
            no_credential: true,
            ..Options::default()
        };
        let app = TestApp::start_with(again).await;
        assert!(problem(&app).await.unwrap().contains(words));
        let found = forget_in_the_file(forgotten, &app).await;
        assert!(found.contains("is not what the entries about it say"), "{found}");
        app.engine.remove_witness(&Cx::system(), id).await.unwrap();
        assert_eq!(claim(&app, STREAM).await.0, "not_proven");
        assert_eq!(problem(&app).await, None);
        app.close().await;
    }
}

/// Somebody takes what stands against the ledger out of a copy of its file; what is then said.
async fn forget_in_the_file(folder: std::sync::Arc<tempfile::TempDir>, app: &TestApp) -> String {
    let file = rusqlite::Connection::open(folder.path().join("reeve.db")).unwrap();
    let changed =
        file.execute("UPDATE witnesses SET contradicted_by = NULL, contradiction = NULL", []).unwrap();
    assert_eq!(changed, 1);
    drop(file);
    let keyring = Some(std::sync::Arc::clone(&app.keyring));
    let copy = Options { folder: Some(folder), keyring, no_credential: true, ..Options::default() };
    let app = TestApp::start_with(copy).await;
    let (_, words) = claim(&app, STREAM).await;
    app.close().await;
    words
}

/// An application with a witness that is asked over HTTP and has signed once.
async fn asked() -> (TestApp, TestWitness, WitnessId) {
    let (app, witness) = (start().await, TestWitness::start(1).await);
    witness.know(&keys(&app).await);
    let id = add(&app, &witness.vkey(), Some(witness.url())).await;
    let status = app.engine.try_witness(&Cx::system(), id).await.unwrap();
    assert_eq!(status.tried.unwrap().outcome, "signed");
    witness.answered();
    (app, witness, id)
}

async fn tried(app: &TestApp, id: WitnessId) -> Tried {
    app.engine.try_witness(&Cx::system(), id).await.unwrap().tried.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_with_an_address_signs_what_is_new_and_is_then_left_alone() {
    let (app, witness, id) = asked().await;
    let origin = app.engine.audit_head(&Cx::system(), STREAM).await.unwrap().origin;
    let signed = |status: WitnessStatus| status.streams.into_iter().map(|(_, _, c)| c.unwrap().size);
    let first: Vec<u64> = signed(app.engine.witness(&Cx::system(), id).await.unwrap()).collect();
    let earlier = witness.head(&origin).unwrap();
    assert_eq!(earlier.0, first[0]);
    assert!(witness.agents().iter().all(|a| a.starts_with("Reeve/")));
    // The witness's own entries are no news.
    for _ in 0..3 {
        app.clock.advance(11 * 60_000);
        app.engine.tend_witnesses().await;
    }
    assert_eq!(witness.answered(), Vec::<u16>::new(), "nothing happened, so nothing is asked");
    write(&app, 300).await;
    witness.pass(33 * 60);
    app.engine.tend_witnesses().await;
    assert_eq!(witness.answered(), [200, 200]);
    let (degree, words) = claim(&app, STREAM).await;
    assert!(degree == "proven" && words.contains("at 2026-11-21T12:33:00.000Z; "), "{words}");
    write(&app, 1).await;
    app.engine.tend_witnesses().await;
    assert_eq!(witness.answered(), Vec::<u16>::new(), "not again before ten minutes have passed");
    // It was told something else meanwhile, and says how far it is (409); Reeve goes on from there.
    let at = Checkpoint::parse(&text(&note(&app, STREAM).await)).unwrap();
    witness.set_head(&origin, earlier);
    assert_eq!(tried(&app, id).await.outcome, "signed");
    assert_eq!(witness.answered(), [409, 200, 200]);
    assert!(witness.head(&origin).unwrap().0 >= at.size);
    assert_eq!(problem(&app).await, None);
    let audit = app.entries("log.witnessed").await;
    assert!(audit.is_empty(), "what Reeve asked for itself stands in the usage stream: {audit:?}");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_that_does_not_sign_says_why_and_is_asked_later() {
    let (app, witness, id) = asked().await;
    let plain = |status: u16, body: &str| (status, "text/plain", body.to_owned());
    let foreign = cosigned(&note(&app, STREAM).await, &cosigner(2), TIME).lines().last().unwrap().to_owned();
    let mine =
        cosigned(&note(&app, Stream::Usage).await, &cosigner(1), TIME).lines().last().unwrap().to_owned();
    for (answer, outcome, words) in [
        (plain(404, ""), "unknown_log", "does not know this ledger (404)"),
        (plain(403, ""), "unknown_key", "(403)"),
        (plain(500, ""), "away", "does not work now"),
        (plain(503, ""), "away", "does not work now"),
        (plain(307, ""), "strange_answer", "307"),
        (plain(400, ""), "strange_answer", "400"),
        (plain(200, ""), "strange_answer", "not signed"),
        (plain(200, "hello\n"), "strange_answer", "no signatures"),
        (plain(200, &format!("{foreign}\n")), "strange_answer", "not signed with the key"),
        (plain(200, &format!("{mine}\n")), "strange_answer", "signature is wrong"),
        (plain(200, &"x".repeat(70_000)), "strange_answer", "too long"),
        (plain(409, "soon\n"), "strange_answer", "without the size"),
        (plain(409, "007\n"), "strange_answer", "without the size"),
    ] {
        witness.script([answer.clone()]);
        let tried = tried(&app, id).await;
        let problem = tried.problem.unwrap();
        assert!(tried.outcome == outcome && problem.contains(words), "{answer:?}: {problem}");
        assert!(!problem.contains("/w"), "the address is nobody's business: {problem}");
    }
    // It says another size each time.
    witness.script([plain(409, "1\n"), plain(409, "2\n"), plain(409, "3\n")]);
    assert_eq!(tried(&app, id).await.outcome, "strange_answer");
    witness.answered();
    write(&app, 1).await;
    app.engine.tend_witnesses().await;
    assert_eq!(witness.answered(), Vec::<u16>::new(), "after so many failures it is left alone for an hour");
    assert_eq!(problem(&app).await, None, "a witness that is away says nothing against the ledger");
    app.clock.advance(61 * 60_000);
    let needs = app.engine.overview(&Cx::system()).await.unwrap().needs_you;
    assert!(
        needs.iter().any(|n| n.text.contains("witness.example/w1 does not sign the ledger")),
        "{needs:?}"
    );
    app.engine.tend_witnesses().await;
    assert_eq!(witness.answered(), [200, 200]);
    assert_eq!(app.engine.witness(&Cx::system(), id).await.unwrap().tried.unwrap().failing_since, None);
    // The key that signs is replaced, and nobody told the witness.
    app.engine.rotate_ledger_keys().await.unwrap();
    assert_eq!(tried(&app, id).await.outcome, "unknown_key");
    witness.know(&keys(&app).await);
    assert_eq!(tried(&app, id).await.outcome, "signed");
    drop(witness);
    // The first may still go by the connection of before, which breaks off under it.
    assert_eq!(tried(&app, id).await.outcome, "away");
    let again = tried(&app, id).await;
    assert!(again.outcome == "away" && again.problem.unwrap().contains("could not be reached"));
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_that_saw_another_ledger_is_critical() {
    for words in
        ["entries are missing at its end", "were not the ones that are here", "does not continue the"]
    {
        let (app, witness, id) = asked().await;
        let now = app.engine.audit_head(&Cx::system(), STREAM).await.unwrap();
        let size = match words {
            "entries are missing at its end" => now.size + 500,
            "were not the ones that are here" => now.size,
            _ => 3,
        };
        witness.set_head(&now.origin, (size, [1; 32]));
        let outcome = tried(&app, id).await;
        assert_eq!(outcome.outcome, "contradicts", "{outcome:?}");
        assert!(problem(&app).await.unwrap().contains(words), "{outcome:?}");
        assert!(claim(&app, STREAM).await.1.contains(words));
        // What it says is no signature: one that it gives later, over what continues all it saw, takes it back.
        let after = app.engine.audit_head(&Cx::system(), STREAM).await.unwrap();
        witness.set_head(&after.origin, (after.size, after.root));
        assert_eq!(tried(&app, id).await.outcome, "signed");
        assert_eq!((problem(&app).await, claim(&app, STREAM).await.0), (None, "proven"));
        assert_eq!(app.entries("witness.reconcile").await.len(), 1);
        app.close().await;
    }
}

fn copy(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        if file.file_type().unwrap().is_file() && file.file_name() != "reeve.anchor" {
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
}

/// The folder is put back as it was yesterday, anchor file and keyring with it: only the witness remembers.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_put_back_shows_at_the_next_contact() {
    let (app, _witness, id) = asked().await;
    let keyring = std::sync::Arc::clone(&app.keyring);
    let folder = app.close().await;
    let yesterday = std::sync::Arc::new(tempfile::tempdir().unwrap());
    copy(folder.path(), yesterday.path());
    let again = |folder| Options {
        folder: Some(folder),
        keyring: Some(std::sync::Arc::clone(&keyring)),
        no_credential: true,
        ..Options::default()
    };
    let app = TestApp::start_with(again(folder)).await;
    write(&app, 20).await;
    assert_eq!(tried(&app, id).await.outcome, "signed");
    app.close().await;
    let app = TestApp::start_with(again(yesterday)).await;
    let outcome = tried(&app, id).await;
    assert_eq!(outcome.outcome, "contradicts", "{outcome:?}");
    assert!(claim(&app, STREAM).await.1.contains("entries are missing at its end"));
    // Grown beyond what the witness saw, it still does not continue that.
    write(&app, 60).await;
    assert_eq!(tried(&app, id).await.outcome, "contradicts");
    app.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_witness_signed_is_not_pruned() {
    let app = start().await;
    let (cx, by) = (Cx::system(), cosigner(1));
    write(&app, 600).await;
    let id = add(&app, &by.witness_key().to_string(), None).await;
    submit(&app, &cosigned(&note(&app, STREAM).await, &by, TIME)).await.unwrap();
    let early = size(&app, STREAM).await;
    write(&app, 300).await;
    let retention = Retention { entries_days: Some(90), personal_days: None };
    app.engine.set_retention(&cx, STREAM, retention).await.unwrap();
    app.clock.advance(200 * 24 * 3_600_000);
    let to = app.engine.preview_prune(&cx, STREAM).await.unwrap().prunable.to;
    assert!(to > early, "{to} {early}");
    refused(
        app.engine.prune(&cx, STREAM, to).await,
        Code::PreconditionFailed,
        "pruning would delete the first",
    );
    let late = TIME + 200 * 24 * 3_600;
    submit(&app, &cosigned(&note(&app, STREAM).await, &by, late)).await.unwrap();
    app.engine.prune(&cx, STREAM, to).await.unwrap();
    let (degree, words) = claim(&app, STREAM).await;
    assert!(degree == "proven" && words.contains("through entry"), "{words}");
    app.engine.remove_witness(&cx, id).await.unwrap();
    assert_eq!(claim(&app, STREAM).await.0, "not_proven");
    app.close().await;
}
