//! What the library takes for a signed token: every HS256 vector of Wycheproof (C2SP, `json_web_signature_test.json`, version 1).
//! Their payloads are no claims, so they are checked as far as the signature.

use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{Algorithm, DecodingKey, crypto, decode_header};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vector {
    id: u32,
    comment: String,
    key: String,
    jws: String,
    valid: bool,
}

/// Those that come out otherwise, and why that does no harm.
const EXCEPTIONS: [(u32, &str); 4] = [
    (367, "padding within the header: RFC 7515 wants none, and it is covered by the signature as it stands"),
    (370, "padding within the payload, as above"),
    (372, "a character that is no base64 within the header: refused here, taken by some"),
    (373, "the same within the payload"),
];

/// Whether a token is signed with the key, by the one algorithm that counts.
fn is_signed(jws: &str, key: &[u8]) -> bool {
    let parts: Vec<&str> = jws.split('.').collect();
    let [_, payload, signature] = parts[..] else { return false };
    let header = decode_header(jws).is_ok_and(|header| header.alg == Algorithm::HS256);
    let message = &jws.as_bytes()[..jws.len() - signature.len() - 1];
    header
        && BASE64URL_NOPAD.decode(payload.as_bytes()).is_ok()
        && crypto::verify(signature, message, &DecodingKey::from_secret(key), Algorithm::HS256)
            .is_ok_and(|good| good)
}

#[test]
fn tokens_are_taken_and_refused_as_wycheproof_says() {
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("wycheproof-jws-hs256.json")).unwrap();
    assert_eq!(vectors.len(), 40);
    let mut otherwise = Vec::new();
    for Vector { id, comment, key, jws, valid } in vectors {
        let key = BASE64URL_NOPAD.decode(key.as_bytes()).unwrap();
        let taken = is_signed(&jws, &key);
        if taken != valid {
            assert!(!taken || !jws.contains("none"), "{id} {comment}");
            otherwise.push(id);
        }
    }
    assert_eq!(otherwise, EXCEPTIONS.map(|(id, _)| id));
}
