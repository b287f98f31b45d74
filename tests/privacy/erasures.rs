//! A request for erasure over the API: held, released, carried out, proven; what was exported before stays what it was.

use super::{console, did, id, stranger};
use reeve_bundle::{Known, Verdict, verify};
use reeve_ledger::{Checkpoint, VerifierKey, leaf_hash, verify_inclusion};
use reeve_tests::console::{Console, Door};
use serde_json::{Value, json};

const STRANGER: &str = "marked.stranger@example.com";

async fn exported(console: &Console) -> Vec<u8> {
    let raw = console.download(Door::Server, "GET", "/audit/export?format=bundle&private=true", None).await;
    assert_eq!(raw.status, 200, "{}", String::from_utf8_lossy(&raw.body));
    raw.body
}

async fn intact(console: &Console, bundle: &[u8]) {
    let head = did(console, "GET", "/audit/checkpoint", None).await;
    let key: VerifierKey = head.body["vkey"].as_str().unwrap().parse().unwrap();
    assert_eq!(verify(bundle, Known { key: Some(&key), ..Known::default() }).verdict, Verdict::Intact);
}

fn hash(text: &Value) -> [u8; 32] {
    let bytes: Vec<u8> = (0..64)
        .step_by(2)
        .map(|at| u8::from_str_radix(&text.as_str().unwrap()[at..at + 2], 16).unwrap())
        .collect();
    bytes.try_into().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_request_to_the_proof() {
    let console = console("First Admin", "admin@example.com").await;
    stranger(&console, STRANGER).await;
    let before = exported(&console).await;
    assert!(String::from_utf8_lossy(&before).contains(STRANGER));

    let hold = json!({"name": "Case 7", "scope": "subject", "target": "anonymous", "from": null, "to": null, "reason": "court order"});
    let hold = id(&did(&console, "POST", "/legal-holds", Some(hold)).await);
    let subjects = did(&console, "GET", "/privacy/subjects", None).await;
    let anonymous =
        subjects.body["items"].as_array().unwrap().iter().find(|s| s["subject"] == "anonymous").unwrap();
    assert_eq!((&anonymous["months"], &anonymous["held_by"]), (&json!(1), &json!(["Case 7"])));
    let request = did(&console, "POST", "/erasures", Some(json!({"subject": "anonymous"}))).await;
    assert_eq!((&request.body["state"], &request.body["ground"]), (&json!("blocked"), &json!("Case 7")));
    let path = format!("/erasures/{}", id(&request));
    let blocked = did(&console, "POST", &format!("{path}/carry-out"), None).await;
    assert_eq!(blocked.body["state"], "blocked");
    assert!(String::from_utf8_lossy(&exported(&console).await).contains(STRANGER), "a hold keeps it");
    did(
        &console,
        "POST",
        &format!("/legal-holds/{hold}/release"),
        Some(json!({"reason": "the case is closed"})),
    )
    .await;
    let done = did(&console, "POST", &format!("{path}/carry-out"), None).await;
    assert_eq!((&done.body["state"], &done.body["keys"]), (&json!("done"), &json!(1)));

    let after = exported(&console).await;
    assert!(!String::from_utf8_lossy(&after).contains(STRANGER));
    intact(&console, &after).await;
    // What left before is what it was, and still verifies: who has it must be told.
    intact(&console, &before).await;
    let verified = did(&console, "GET", "/audit/verify", None).await;
    assert_eq!(verified.body["intact"], true, "{}", verified.body);

    let proof = did(&console, "GET", &format!("{path}/proof"), None).await.body;
    let key: VerifierKey = proof["vkey"].as_str().unwrap().parse().unwrap();
    let entries = proof["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    for (entry, kind) in entries.iter().zip(["privacy.request", "privacy.done"]) {
        let (leaf, proof) = (entry["leaf"].as_str().unwrap(), &entry["proof"]);
        assert_eq!(serde_json::from_str::<Value>(leaf).unwrap()["k"], kind);
        let checkpoint = Checkpoint::open(proof["checkpoint"].as_str().unwrap(), &key).unwrap();
        let hashes: Vec<_> = proof["hashes"].as_array().unwrap().iter().map(hash).collect();
        let n = proof["sequence"].as_u64().unwrap();
        verify_inclusion(n, checkpoint.size, leaf_hash(leaf.as_bytes()), &hashes, checkpoint.root).unwrap();
    }
    let leaf: Value = serde_json::from_str(entries[1]["leaf"].as_str().unwrap()).unwrap();
    assert_eq!(leaf["x"]["key_ids"].as_array().unwrap().len(), 1);
    assert!(leaf["x"]["count"].as_u64().unwrap() >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_has_a_ground_and_ends_the_request() {
    let console = console("First Admin", "admin@example.com").await;
    stranger(&console, STRANGER).await;
    let request = did(&console, "POST", "/erasures", Some(json!({"subject": "anonymous"}))).await;
    let path = format!("/erasures/{}", id(&request));
    let because = |ground: &str| Some(json!({ "ground": ground }));
    assert_eq!(
        console.ask(Door::Server, "POST", &format!("{path}/refuse"), because("no time")).await.status,
        400
    );
    let refused = did(&console, "POST", &format!("{path}/refuse"), because("legal_claims")).await;
    assert_eq!(
        (&refused.body["state"], &refused.body["ground"]),
        (&json!("refused"), &json!("legal_claims"))
    );
    assert_eq!(console.ask(Door::Server, "POST", &format!("{path}/carry-out"), None).await.status, 409);
    // It may be asked again.
    did(&console, "POST", "/erasures", Some(json!({"subject": "anonymous"}))).await;
    let list = did(&console, "GET", "/erasures?limit=1", None).await;
    assert!(list.body["next_cursor"].is_string());
}
