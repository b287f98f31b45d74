//! The ledger over time: what is written of itself, what is kept of its heads, and what remembers it elsewhere.

use crate::world::{World, ready, tenant};
use reeve_core::tenant::Tier;
use reeve_core::time::Millis;
use reeve_engine::audit::{EntryFilter, Finding, Place, ProofOf, Stream};
use reeve_engine::{Cx, Engine, OpenEngine};
use serde_json::Value;
use std::path::Path;

async fn of_kind(engine: &Engine, kind: &str) -> Vec<Value> {
    let filter = EntryFilter { kinds: vec![kind.to_owned()], ..EntryFilter::default() };
    let page = engine.audit_page(&Cx::system(), filter, 100).await.unwrap();
    let mut found = Vec::new();
    for entry in &page.entries {
        let detail = engine.audit_entry(&Cx::system(), Stream::Audit, entry.sequence).await.unwrap();
        found.push(serde_json::from_str(&detail.leaf).unwrap());
    }
    found
}

async fn checkpoints(engine: &Engine) -> u64 {
    let verification = engine.verify(&Cx::system(), Stream::Audit).await.unwrap();
    assert!(verification.intact(), "{}", verification.statement());
    verification.verdict.checkpoints
}

/// The files of a store that is closed, in another folder.
fn copy(from: &Path, to: &Path) {
    for name in ["reeve.db", "reeve.anchor"] {
        std::fs::copy(from.join(name), to.join(name)).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_begin_and_end_in_the_ledger() {
    let world = World::new();
    let engine = world.open().await;
    let starts = of_kind(&engine, "session.start").await;
    assert_eq!(starts[0]["x"]["before"], "unknown");
    assert_eq!(starts[0]["x"]["anchors"], serde_json::json!(["file", "keyring"]));
    assert_eq!(starts[0]["x"]["audit_size"], starts[0]["n"]);
    engine.close().await;
    drop(engine);
    let engine = world.open().await;
    let starts = of_kind(&engine, "session.start").await;
    assert_eq!((starts.len(), &starts[0]["x"]["before"]), (2, &Value::from("ended")));
    assert_ne!(starts[0]["x"]["boot"], starts[1]["x"]["boot"]);
    assert_eq!(of_kind(&engine, "session.end").await.len(), 1);
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_are_kept_with_activity_and_silence_is_an_entry() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    engine.tend_ledger().await;
    let before = checkpoints(&engine).await;
    tenant(&engine, &cx, "Acme", Tier::Starter).await;
    world.clock.advance(9 * Millis::MINUTE);
    engine.tend_ledger().await;
    assert_eq!(checkpoints(&engine).await, before);
    world.clock.advance(2 * Millis::MINUTE);
    engine.tend_ledger().await;
    assert_eq!(checkpoints(&engine).await, before + 1);
    // The verification itself is an entry; then nothing for an hour.
    engine.tend_ledger().await;
    for _ in 0..3 {
        world.clock.advance(Millis::HOUR + 1);
        engine.tend_ledger().await;
        engine.tend_ledger().await;
    }
    let beats = of_kind(&engine, "log.heartbeat").await;
    assert_eq!(beats.len(), 3);
    assert_eq!(beats[0]["x"]["usage_size"], beats[2]["x"]["usage_size"]);
    assert_eq!(beats[0]["x"]["audit_size"], beats[0]["n"]);
    assert!(checkpoints(&engine).await >= before + 4);
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_set_is_noted_and_time_that_passes_is_not() {
    let world = World::new();
    let engine = world.open().await;
    engine.tend_ledger().await;
    world.clock.advance(Millis::HOUR);
    engine.tend_ledger().await;
    assert!(of_kind(&engine, "clock.jump").await.is_empty());
    world.clock.set(-5 * Millis::MINUTE);
    engine.tend_ledger().await;
    world.clock.set(1_999);
    engine.tend_ledger().await;
    let jumps = of_kind(&engine, "clock.jump").await;
    assert_eq!(jumps.len(), 1);
    assert_eq!(jumps[0]["x"]["jump_ms"], -300_000);
    checkpoints(&engine).await;
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_signs_for_a_week() {
    let world = World::new();
    let engine = world.open().await;
    ready(&engine).await;
    let first = engine.audit_head(&Cx::system(), Stream::Audit).await.unwrap();
    for week in 1..=3 {
        engine.tend_ledger().await;
        assert_eq!(of_kind(&engine, "key.rotate").await.len(), week - 1);
        world.clock.advance(7 * Millis::DAY);
    }
    engine.tend_ledger().await;
    let rotations = of_kind(&engine, "key.rotate").await;
    assert_eq!(rotations.len(), 3);
    assert_ne!(rotations[0]["x"]["vkey"], rotations[1]["x"]["vkey"]);
    for stream in Stream::ALL {
        let verification = engine.verify(&Cx::system(), stream).await.unwrap();
        assert!(verification.intact(), "{}", verification.statement());
        assert!(verification.verdict.checkpoints >= 3, "one for each hand-over");
    }
    let now = engine.audit_head(&Cx::system(), Stream::Audit).await.unwrap();
    assert_eq!((now.origin, now.vkey), (first.origin, first.vkey), "the name stays that of the first key");
    engine.close().await;
    drop(engine);
    // The key of now is the one that the next start finds.
    let engine = world.open().await;
    assert!(engine.verify(&Cx::system(), Stream::Usage).await.unwrap().intact());
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_was_put_back_is_told_at_once_and_until_somebody_takes_it() {
    let world = World::new();
    let old = tempfile::tempdir().unwrap();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    engine.close().await;
    drop(engine);
    copy(world.folder.path(), old.path());
    let engine = world.open().await;
    for n in 0..5 {
        tenant(&engine, &cx, &format!("Tenant {n}"), Tier::Starter).await;
    }
    engine.close().await;
    drop(engine);

    // Put back without its anchor file: both places see it. With it: the keyring does.
    for with_anchor in [false, true] {
        std::fs::copy(old.path().join("reeve.db"), world.folder.path().join("reeve.db")).unwrap();
        if with_anchor {
            std::fs::copy(old.path().join("reeve.anchor"), world.folder.path().join("reeve.anchor")).unwrap();
        }
        let engine = world.open().await;
        let health = engine.ledger_health(&cx).await.unwrap();
        assert!(matches!(health.last, Some((false, _))), "{health:?}");
        assert!(health.problem.as_deref().unwrap().contains("older copy"), "{health:?}");
        let needs = engine.overview(&cx).await.unwrap().needs_you;
        assert!(needs[0].severity == "critical" && needs[0].text.contains("older copy"), "{needs:?}");
        // Whatever is written now does not hide it.
        for n in 0..20 {
            tenant(&engine, &cx, &format!("Other {n}"), Tier::Starter).await;
        }
        engine.tend_ledger().await;
        let verification = engine.verify(&cx, Stream::Audit).await.unwrap();
        assert!(!verification.intact() && verification.consistent());
        assert_eq!(verification.claims()[1].proof, ProofOf::Refuted);
        let seen = verification.anchors.iter().filter(|a| matches!(a.finding, Finding::Contradicts(..)));
        let places: Vec<_> = seen.map(|a| a.place).collect();
        let both = [Place::File, Place::Keyring];
        assert_eq!(places, if with_anchor { &both[1..] } else { &both[..] });
        assert!(!of_kind(&engine, "anchor.problem").await.is_empty());
        engine.close().await;
        drop(engine);
    }

    let engine = world.open().await;
    assert!(!engine.verify(&cx, Stream::Audit).await.unwrap().intact(), "a restart forgets nothing");
    assert!(engine.accept_ledger(&cx, "  ").await.is_err());
    engine.accept_ledger(&cx, "restored after the disk was replaced").await.unwrap();
    assert!(engine.accept_ledger(&cx, "again").await.is_err());
    let accepted = of_kind(&engine, "anchor.accept").await;
    assert!(accepted[0]["x"]["keyring_audit"].as_str().unwrap().contains("reeve/l/"), "{}", accepted[0]);
    assert!(engine.verify(&cx, Stream::Audit).await.unwrap().intact());
    engine.close().await;
    drop(engine);
    let engine = world.open().await;
    let verification = engine.verify(&cx, Stream::Audit).await.unwrap();
    assert!(verification.intact(), "{}", verification.statement());
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_is_gone_or_another_is_not_the_one_that_is_remembered() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    engine.close().await;
    drop(engine);
    let keyring = std::sync::Arc::new(reeve_vault::MemoryKeyring::new());
    for (with_file, places) in [(true, 2), (false, 1)] {
        for name in ["reeve.db", "reeve.db-wal", "reeve.db-shm"] {
            let _ = std::fs::remove_file(world.folder.path().join(name));
        }
        if !with_file {
            std::fs::remove_file(world.folder.path().join("reeve.anchor")).unwrap();
        }
        let engine = world.open_in(world.folder.path(), std::sync::Arc::clone(&keyring)).await;
        let verification = engine.verify(&Cx::system(), Stream::Audit).await.unwrap();
        assert!(!verification.intact());
        assert!(verification.statement().contains("is not the one that"), "{}", verification.statement());
        let seen = verification.anchors.iter().filter(|a| matches!(a.finding, Finding::Contradicts(..)));
        assert_eq!(seen.count(), places);
        engine.close().await;
        drop(engine);
        keyring.forget();
    }
    drop(cx);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_damaged_anchor_is_said_and_written_anew() {
    let world = World::new();
    let engine = world.open().await;
    engine.close().await;
    drop(engine);
    let file = world.folder.path().join("reeve.anchor");
    for (damage, word) in [(true, "damaged"), (false, "missing")] {
        if damage {
            let mut bytes = std::fs::read(&file).unwrap();
            bytes[40] ^= 1;
            std::fs::write(&file, bytes).unwrap();
            world.anchor.put(b"something else");
        } else {
            std::fs::remove_file(&file).unwrap();
            world.anchor.forget();
        }
        let engine = world.open().await;
        let health = engine.ledger_health(&Cx::system()).await.unwrap();
        assert!(health.problem.as_deref().unwrap().contains(word), "{health:?}");
        let noted = of_kind(&engine, "anchor.problem").await;
        assert_eq!(noted.iter().filter(|e| e["x"]["found"] == word).count(), if damage { 2 } else { 1 });
        let verification = engine.verify(&Cx::system(), Stream::Audit).await.unwrap();
        assert!(verification.intact(), "{}", verification.statement());
        assert!(verification.anchors.iter().all(|a| matches!(a.finding, Finding::Fits(_))));
        engine.close().await;
        drop(engine);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keyring_the_verdict_says_so() {
    let world = World::new();
    let secret = || reeve_vault::EnvSecret::parse("kB1mJ0Yw2o9tqv3dQxH7Zr5uNfXcA8eLgT4sPiV6yKE=").ok();
    let keys = reeve_engine::vault::VaultKeys::default().with_env(secret);
    let clock = std::sync::Arc::clone(&world.clock) as std::sync::Arc<dyn reeve_core::time::Clock>;
    let engine =
        Engine::open(OpenEngine { data_dir: world.folder.path().to_owned(), keys, clock }).await.unwrap();
    let verification = engine.verify(&Cx::system(), Stream::Audit).await.unwrap();
    let claims = verification.claims();
    assert_eq!(claims[1].proof, ProofOf::Proven, "{} {:?}", claims[1].words, engine.vault_locked());
    assert!(claims[1].words.contains("There is no keyring here"), "{}", claims[1].words);
    assert_eq!(claims[2].proof, ProofOf::NotProven);
    engine.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_replaced_beneath_the_open_store_is_noticed() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    let file = world.folder.path().join("reeve.db");
    std::fs::rename(&file, world.folder.path().join("moved.db")).unwrap();
    std::fs::write(&file, b"another").unwrap();
    engine.tend_ledger().await;
    let health = engine.ledger_health(&cx).await.unwrap();
    assert!(health.problem.as_deref().unwrap().contains("deleted or replaced"), "{health:?}");
    assert!(!engine.verify(&cx, Stream::Audit).await.unwrap().intact());
    engine.close().await;
}
