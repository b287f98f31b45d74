//! An access token: made from a service account's key file by a signed assertion, or given as it is.

use crate::control::Controlled;
use crate::control::ask::{Ask, Show};
use crate::control::error::ControlError;
use crate::control::secret::MintedSecret;
use crate::control::settings::{Google, SettingError, address};
use crate::upstream::Key;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use http::Method;
use serde::Deserialize;
use serde_json::json;
use zeroize::Zeroizing;

const ENDPOINT: &str = "https://oauth2.googleapis.com/token";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// Seconds a token is asked for.
const LASTS: i64 = 600;

/// A token, wiped when it is dropped.
pub(super) struct Token(MintedSecret);

impl Token {
    pub(super) fn key(&self) -> Key<'_> {
        Key(self.0.expose())
    }
}

/// The parts of a key file that matter. Where it says to get tokens is not followed.
#[derive(Deserialize, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
struct KeyFile {
    client_email: String,
    private_key: String,
}

/// The token for a few calls.
pub(super) async fn of(at: &Controlled<'_>, to: &Google) -> Result<Token, ControlError> {
    if at.admin.0.first() != Some(&b'{') {
        return Ok(Token(MintedSecret::joined(&[at.admin.0])));
    }
    #[derive(Deserialize)]
    struct Granted {
        access_token: MintedSecret,
    }
    let file: KeyFile = serde_json::from_slice(at.admin.0).map_err(|_| SettingError::AdminKey)?;
    let endpoint = address(to.token_url.as_deref().unwrap_or(ENDPOINT))?;
    let host = endpoint.host_str().unwrap_or_default().to_owned();
    let assertion = assertion(&file, endpoint.as_str(), at.at.0 / 1_000)?;
    let mut form = reqwest::Url::parse("https://form/").map_err(|_| SettingError::Address)?;
    form.query_pairs_mut().append_pair("grant_type", GRANT).append_pair("assertion", &assertion);
    let body = Zeroizing::new(form.query().unwrap_or_default().as_bytes().to_vec());
    let ask = Ask::new(Method::POST, endpoint, Show::No).body("application/x-www-form-urlencoded", body);
    let reply = at.wire.send(ask, &[&host]).await?;
    // A refused assertion is told by 400.
    let status = reply.status.as_u16();
    if status == 400 {
        let message = "the service account's key is not taken".to_owned();
        return Err(ControlError::Unauthorized { status, message });
    }
    let granted: Granted = reply.done().map_err(ControlError::no_such_place)?.json("an access token")?;
    Ok(Token(granted.access_token))
}

/// A signed assertion, as RFC 7523 has it.
fn assertion(file: &KeyFile, audience: &str, now: i64) -> Result<String, ControlError> {
    let wrong = || ControlError::from(SettingError::AdminKey);
    let part = |value: serde_json::Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let head = part(json!({"alg": "RS256", "typ": "JWT"}));
    let claims = part(json!({
        "iss": file.client_email, "scope": SCOPE, "aud": audience, "iat": now, "exp": now + LASTS,
    }));
    let signed = format!("{head}.{claims}");
    let pair = RsaKeyPair::from_pkcs8(&der(&file.private_key).ok_or_else(wrong)?).map_err(|_| wrong())?;
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .map_err(|_| wrong())?;
    Ok(format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature)))
}

/// What a PEM text holds.
fn der(pem: &str) -> Option<Zeroizing<Vec<u8>>> {
    let inner = pem.split_once("-----BEGIN PRIVATE KEY-----")?.1.split_once("-----END PRIVATE KEY-----")?.0;
    let mut text = Zeroizing::new(String::with_capacity(inner.len()));
    text.extend(inner.chars().filter(|c| !c.is_whitespace()));
    Some(Zeroizing::new(BASE64.decode(text.as_bytes()).ok()?))
}
