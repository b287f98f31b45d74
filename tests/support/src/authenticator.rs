//! An authenticator app, made with another library than Reeve's own reading of RFC 6238.

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use reeve_core::time::Millis;

/// What the app shows at `now` once somebody has typed `secret` into it.
#[must_use]
pub fn shows(secret: &str, now: Millis) -> String {
    let seed = BASE32_NOPAD.decode(secret.as_bytes()).expect("base32");
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &seed);
    let tag = hmac::sign(&key, &(now.0 / 30_000).to_be_bytes());
    let hash = tag.as_ref();
    let at = usize::from(hash[19] & 15);
    let four = hash[at..at + 4].try_into().expect("four bytes");
    format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
}
