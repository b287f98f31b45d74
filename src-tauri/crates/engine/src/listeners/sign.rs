//! Signatures as Standard Webhooks has them (<https://www.standardwebhooks.com>): HMAC-SHA256 over id, time and body.

use crate::error::{Code, Error};
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// How a secret begins.
const PREFIX: &str = "whsec_";

/// A fresh secret: the bytes, and what is shown once.
pub(super) fn make_secret() -> Result<(Zeroizing<[u8; 32]>, Zeroizing<String>), Error> {
    let bytes = Zeroizing::new(crate::random::bytes::<32>()?);
    let shown = Zeroizing::new(format!("{PREFIX}{}", BASE64.encode(bytes.as_slice())));
    Ok((bytes, shown))
}

/// The header `webhook-signature` for a message sent at `seconds` since 1970.
pub(super) fn signature(secret: &[u8], id: &str, seconds: i64, body: &[u8]) -> Result<String, Error> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret)
        .map_err(|_| Error::new(Code::Internal, "The secret of a listener is unusable."))?;
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body);
    Ok(format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_signs_as_others_do() {
        // The example of the specification's own libraries.
        let secret = BASE64.decode(b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signed =
            signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b"{\"test\": 2432232314}");
        assert_eq!(signed.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_shown_as_it_is_used() {
        let (bytes, shown) = make_secret().unwrap();
        let decoded = BASE64.decode(shown.strip_prefix(PREFIX).unwrap().as_bytes()).unwrap();
        assert_eq!(decoded, bytes.as_slice());
    }
}
