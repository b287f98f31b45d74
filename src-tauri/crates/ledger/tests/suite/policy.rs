//! Policies: which cosignatures are enough, and which texts are no policy.

use proptest::prelude::*;
use reeve_ledger::policy::PolicyErrorKind as Kind;
use reeve_ledger::{Cosigner, Policy, VerifierKey, WitnessKey, genesis_signer};

fn log() -> VerifierKey {
    genesis_signer(&[7; 32], "audit").unwrap().verifier_key().clone()
}

fn witness(seed: u8) -> WitnessKey {
    Cosigner::from_seed(format!("witness.example/{seed}"), &[seed; 32]).unwrap().witness_key().clone()
}

/// The specification's example: two of three of one house and one of three of another.
fn two_houses() -> String {
    let mut text = format!("# heads of one log\n\nlog {}\n", log());
    for (n, name) in ["X1", "X2", "X3", "Y1", "Y2", "Y3"].iter().enumerate() {
        text += &format!("\twitness  {name} {} https://witness.example/{n}\n", witness(n as u8 + 1));
    }
    text + "group X 2 X1 X2 X3\ngroup Y any Y1 Y2 Y3\ngroup both all X Y\nquorum both\n"
}

fn satisfied_by(policy: &Policy, seeds: &[u8]) -> bool {
    policy.satisfied(|key| seeds.iter().any(|seed| witness(*seed) == *key))
}

#[test]
fn a_quorum_of_groups() {
    let policy = Policy::parse(&two_houses()).unwrap();
    assert_eq!((policy.logs.len(), policy.witnesses.len()), (1, 6));
    for enough in [&[1, 2, 4][..], &[1, 3, 6], &[1, 2, 3, 4, 5, 6]] {
        assert!(satisfied_by(&policy, enough), "{enough:?}");
    }
    for too_few in [&[][..], &[1, 2, 3], &[1, 4, 5, 6], &[4, 5, 6]] {
        assert!(!satisfied_by(&policy, too_few), "{too_few:?}");
    }
    assert_eq!(Policy::parse(&policy.to_text()), Ok(policy));
}

#[test]
fn what_is_written_asks_for_every_witness() {
    let none = Policy::all_of(vec![log()], vec![]).unwrap();
    assert!(none.satisfied(|_| false));
    assert_eq!(none.to_text(), format!("log {}\nquorum none\n", log()));
    let one = Policy::all_of(vec![log()], vec![(witness(1), None)]).unwrap();
    assert_eq!(one.to_text(), format!("log {}\nwitness w1 {}\nquorum w1\n", log(), witness(1)));
    let url = Some("https://witness.example/".to_owned());
    let two = Policy::all_of(vec![log()], vec![(witness(1), url), (witness(2), None)]).unwrap();
    assert!(satisfied_by(&two, &[1, 2]) && !satisfied_by(&two, &[1]) && !satisfied_by(&two, &[2]));
    assert_eq!(Policy::parse(&two.to_text()), Ok(two));
}

#[test]
fn what_is_no_policy() {
    let (log, w1, w2) = (log(), witness(1), witness(2));
    let cases = [
        (String::new(), Kind::Quorum),
        (format!("log {log}\n"), Kind::Quorum),
        ("quorum none\nquorum none\n".to_owned(), Kind::Quorum),
        ("quorum nobody\n".to_owned(), Kind::Unknown("nobody".to_owned())),
        (format!("quorum a\nwitness a {w1}\n"), Kind::Unknown("a".to_owned())),
        (format!("witness none {w1}\nquorum none\n"), Kind::Twice("none".to_owned())),
        (format!("witness a {w1}\nwitness a {w2}\nquorum a\n"), Kind::Twice("a".to_owned())),
        (format!("witness a {w1}\nwitness b {w1}\nquorum a\n"), Kind::Twice(w1.to_string())),
        (format!("log {log}\nlog {log}\nquorum none\n"), Kind::Twice(log.to_string())),
        (format!("witness a {w1}\ngroup g any a a\nquorum g\n"), Kind::Twice("a".to_owned())),
        (format!("witness a {w1}\ngroup g any a\ngroup h any a\nquorum g\n"), Kind::Twice("a".to_owned())),
        (format!("witness a {w1}\ngroup g 0 a\nquorum g\n"), Kind::Threshold),
        (format!("witness a {w1}\ngroup g 2 a\nquorum g\n"), Kind::Threshold),
        (format!("witness a {w1}\ngroup g 01 a\nquorum g\n"), Kind::Threshold),
        (format!("witness a {w1}\ngroup g +1 a\nquorum g\n"), Kind::Threshold),
        (format!("group g any none\nquorum g\n{w1}"), Kind::Unknown("none".to_owned())),
        ("group g any\nquorum none\n".to_owned(), Kind::Words),
        ("mirror a\nquorum none\n".to_owned(), Kind::Words),
        ("quorum none\r\n".to_owned(), Kind::ControlCharacter),
    ];
    for (text, kind) in cases {
        assert_eq!(Policy::parse(&text).map_err(|e| e.kind), Err(kind), "{text}");
    }
    assert!(matches!(Policy::parse(&format!("log {w1}\nquorum none\n")).unwrap_err().kind, Kind::Key(_)));
    assert!(matches!(Policy::parse(&format!("witness a {log}\nquorum a\n")).unwrap_err().kind, Kind::Key(_)));
}

proptest! {
    #[test]
    fn no_text_panics_and_what_is_read_is_read_again(text in "(log|witness|group|quorum|none|any|all|a|b|1|#|[ \t\n]){0,40}") {
        if let Ok(policy) = Policy::parse(&text) {
            prop_assert_eq!(Policy::parse(&policy.to_text()), Ok(policy));
        }
    }
}
