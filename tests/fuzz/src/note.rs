//! Signed notes, checkpoints, verifier keys and policies: what is read says the same when it is written again, and no note opens
//! that the key did not sign.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reeve_ledger::{Checkpoint, Policy, VerifierKey, genesis_signer};

fuzz_target!(|text: &str| {
    let signer = genesis_signer(&[7; 32], "audit").expect("a signer");
    if let Ok(head) = Checkpoint::open(text, signer.verifier_key()) {
        let own = head.sign(&signer);
        assert!(text.starts_with(own.split("\n\n").next().expect("a text")), "the head is what was signed");
    }
    if let Ok(head) = Checkpoint::parse(text) {
        assert_eq!(head.to_text(), text, "one head, two texts");
    }
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), text, "one key, two texts");
    }
    if let Ok(policy) = Policy::parse(text) {
        let again = Policy::parse(&policy.to_text());
        assert_eq!(again.map(|p| p.to_text()).ok(), Some(policy.to_text()), "one policy, two meanings");
    }
});
