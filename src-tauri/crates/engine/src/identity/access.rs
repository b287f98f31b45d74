//! Access tokens: JWTs (RFC 7519, profile of RFC 9068) for ten minutes, signed with a key that only this store has. Its `kid`
//! names the key, and none is looked for anywhere but among the one in use and the one before it (`access_keys`).
//!
//! The library's own look at the clock is switched off: time is the engine's, here as everywhere.

use super::access_keys::AccessKeys;
use super::{ACCESS_SECONDS, signed_out};
use crate::Engine;
use crate::error::{Code, Error};
use data_encoding::HEXLOWER;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use reeve_core::id::{SessionId, UserId};
use reeve_core::principal::Principal;
use reeve_core::time::Millis;
use reeve_store::table::sessions::Session;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use uuid::Uuid;

const ISSUER: &str = "reeve";
const AUDIENCE: &str = "reeve-api";
const TYPE: &str = "at+jwt";
/// How far two clocks may be apart, in seconds.
const LEEWAY: i64 = 5;
/// Longer texts are not looked at.
const MAX_LEN: usize = 4_096;

/// The key that signs and checks access tokens.
pub(super) struct AccessKey {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
    /// What tokens name it by: says nothing of the key itself.
    kid: String,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
    sid: String,
    jti: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    auth_time: i64,
}

impl AccessKey {
    pub(super) fn new(secret: &[u8; 32]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            validation,
            kid: kid_of(secret),
        }
    }

    /// What tokens name it by.
    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    fn sign(&self, session: &Session, jti: Uuid, now: Millis) -> Result<String, Error> {
        let seconds = now.0.div_euclid(1_000);
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: session.user_id.to_string(),
            sid: session.id.to_string(),
            jti: jti.simple().to_string(),
            iat: seconds,
            nbf: seconds,
            exp: seconds + ACCESS_SECONDS,
            auth_time: session.created_at.0.div_euclid(1_000),
        };
        let header = Header {
            typ: Some(TYPE.to_owned()),
            kid: Some(self.kid.clone()),
            ..Header::new(Algorithm::HS256)
        };
        jsonwebtoken::encode(&header, &claims, &self.encoding)
            .map_err(|e| Error::new(Code::Internal, "The access token could not be signed.").because(e))
    }

    /// Whose token it is; `None` unless everything about it is as it should be.
    pub(super) fn read(&self, token: &str, now: Millis) -> Option<(UserId, SessionId)> {
        if token.len() > MAX_LEN {
            return None;
        }
        let read = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation).ok()?;
        let (claims, seconds) = (read.claims, now.0.div_euclid(1_000));
        let in_time =
            claims.nbf.checked_sub(LEEWAY)? <= seconds && seconds < claims.exp.checked_add(LEEWAY)?;
        let ours = read.header.typ.as_deref() == Some(TYPE)
            && read.header.kid.as_deref() == Some(self.kid.as_str())
            && in_time;
        ours.then(|| Some((claims.sub.parse().ok()?, claims.sid.parse().ok()?)))?
    }
}

/// The beginning of a hash of the key, as hexadecimal digits.
fn kid_of(secret: &[u8; 32]) -> String {
    let hash = Sha256::new().chain_update(b"reeve access token key\n").chain_update(secret).finalize();
    HEXLOWER.encode(hash.get(..8).unwrap_or_default())
}

impl Engine {
    /// The keys of access tokens; made with the first sign-in.
    pub(super) async fn access_key(&self) -> Result<Arc<AccessKeys>, Error> {
        self.inner.sessions.access_keys.get(self).await
    }

    pub(super) async fn access_token(&self, session: &Session) -> Result<String, Error> {
        self.access_key().await?.current().sign(session, self.inner.ids.next(), self.now())
    }

    /// The person an access token stands for.
    ///
    /// # Errors
    /// [`Code::Unauthenticated`] if it is not a token of ours, is over, or its session is;
    /// [`Code::Unavailable`] while the vault is locked.
    pub async fn authenticate(&self, access_token: &str) -> Result<Principal, Error> {
        let now = self.now();
        let (user, session) = self.access_key().await?.read(access_token, now).ok_or_else(signed_out)?;
        self.inner.sessions.principal(user, session, now).ok_or_else(signed_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use data_encoding::BASE64URL_NOPAD;
    use serde_json::json;

    const NOW: Millis = Millis(1_700_000_000_000);

    fn session() -> Session {
        Session {
            id: SessionId(Uuid::from_u128(1)),
            user_id: UserId(Uuid::from_u128(2)),
            refresh_hash: [0; 32],
            used_hash: None,
            successor: None,
            created_at: NOW,
            refreshed_at: NOW,
            expires_at: NOW.plus(Millis::DAY),
            revoked_at: None,
            program: None,
        }
    }

    fn forged(change: impl Fn(&mut Header, &mut Claims), secret: &[u8]) -> String {
        let seconds = NOW.0 / 1_000;
        let mut claims = Claims {
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
            sub: session().user_id.to_string(),
            sid: session().id.to_string(),
            jti: "j".into(),
            iat: seconds,
            nbf: seconds,
            exp: seconds + 60,
            auth_time: seconds,
        };
        let mut header = Header {
            typ: Some(TYPE.to_owned()),
            kid: Some(kid_of(&[7; 32])),
            ..Header::new(Algorithm::HS256)
        };
        change(&mut header, &mut claims);
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(secret)).unwrap()
    }

    #[test]
    fn a_token_is_read_until_it_is_over() {
        let key = AccessKey::new(&[7; 32]);
        let token = key.sign(&session(), Uuid::from_u128(3), NOW).unwrap();
        let whose = Some((session().user_id, session().id));
        assert_eq!(key.read(&token, NOW), whose);
        assert_eq!(key.read(&token, NOW.plus(604 * Millis::SECOND)), whose);
        assert_eq!(key.read(&token, NOW.plus(605 * Millis::SECOND)), None);
        assert_eq!(key.read(&token, NOW.plus(-5 * Millis::SECOND)), whose);
        assert_eq!(key.read(&token, NOW.plus(-6 * Millis::SECOND)), None);
    }

    #[test]
    fn every_part_counts() {
        let key = AccessKey::new(&[7; 32]);
        assert!(key.read(&forged(|_, _| {}, &[7; 32]), NOW).is_some(), "the forgery itself is well made");
        assert!(key.read(&forged(|_, _| {}, &[8; 32]), NOW).is_none(), "another key");
        type Forge = fn(&mut Header, &mut Claims);
        let changes: [(&str, Forge); 9] = [
            ("kid", |h, _| h.kid = Some(kid_of(&[8; 32]))),
            ("no kid", |h, _| h.kid = None),
            ("typ", |h, _| h.typ = Some("JWT".into())),
            ("no typ", |h, _| h.typ = None),
            ("alg", |h, _| h.alg = Algorithm::HS512),
            ("iss", |_, c| c.iss = "someone".into()),
            ("aud", |_, c| c.aud = "reeve-gateway".into()),
            ("sub", |_, c| c.sub = "ten_0".into()),
            ("exp", |_, c| c.exp = i64::MIN),
        ];
        for (what, change) in changes {
            assert!(key.read(&forged(change, &[7; 32]), NOW).is_none(), "{what}");
        }
        for text in ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
            assert!(key.read(text, NOW).is_none(), "{text}");
        }
    }

    /// Signed with our own key, whatever it says.
    fn signed(header: &serde_json::Value, claims: &serde_json::Value) -> String {
        let part = |json: &serde_json::Value| BASE64URL_NOPAD.encode(json.to_string().as_bytes());
        let message = format!("{}.{}", part(header), part(claims));
        let key = EncodingKey::from_secret(&[7; 32]);
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
        format!("{message}.{signature}")
    }

    fn good() -> (serde_json::Value, serde_json::Value) {
        let seconds = NOW.0 / 1_000;
        let header = json!({"typ": TYPE, "alg": "HS256", "kid": kid_of(&[7; 32])});
        let claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": session().user_id.to_string(), "sid": session().id.to_string(), "jti": "j",
            "iat": seconds, "nbf": seconds, "exp": seconds + 60, "auth_time": seconds,
        });
        (header, claims)
    }

    #[test]
    fn a_token_that_says_how_it_is_to_be_checked_is_refused() {
        let key = AccessKey::new(&[7; 32]);
        let (header, claims) = good();
        assert!(key.read(&signed(&header, &claims), NOW).is_some(), "as it should be");
        for alg in ["none", "None", "nOnE", "", "HS384", "HS512", "RS256", "ES256", "hs256", "unknown"] {
            let header = json!({"typ": TYPE, "alg": alg, "kid": kid_of(&[7; 32])});
            let token = signed(&header, &claims);
            assert!(key.read(&token, NOW).is_none(), "alg {alg}, signed all the same");
            let (message, _) = token.rsplit_once('.').unwrap();
            assert!(key.read(&format!("{message}."), NOW).is_none(), "alg {alg}, not signed");
            assert!(key.read(message, NOW).is_none(), "alg {alg}, two parts");
        }
        let stranger = EncodingKey::from_secret(b"a key of somebody else");
        for (name, value) in [
            ("kid", json!("../../../dev/null")),
            ("kid", json!("' UNION SELECT 'a key of somebody else")),
            ("jku", json!("https://evil.example/keys")),
            ("jwk", json!({"kty": "oct", "k": "YSBrZXkgb2Ygc29tZWJvZHkgZWxzZQ", "alg": "HS256"})),
            ("x5u", json!("https://evil.example/cert")),
        ] {
            let mut header = header.clone();
            header[name] = value;
            let ours = signed(&header, &claims);
            let (message, _) = ours.rsplit_once('.').unwrap();
            let theirs = jsonwebtoken::crypto::sign(message.as_bytes(), &stranger, Algorithm::HS256).unwrap();
            assert!(key.read(&format!("{message}.{theirs}"), NOW).is_none(), "{name} names another key");
        }
    }

    #[test]
    fn every_claim_must_be_there_and_be_what_it_is() {
        let key = AccessKey::new(&[7; 32]);
        let (header, claims) = good();
        for name in claims.as_object().unwrap().keys() {
            let mut without = claims.clone();
            without.as_object_mut().unwrap().remove(name);
            assert!(key.read(&signed(&header, &without), NOW).is_none(), "without {name}");
            let wrong = if claims[name].is_string() { json!(1) } else { json!(claims[name].to_string()) };
            for wrong in [wrong, json!(null), json!([claims[name]]), json!({})] {
                let mut other = claims.clone();
                other[name] = wrong.clone();
                assert!(key.read(&signed(&header, &other), NOW).is_none(), "{name}: {wrong}");
            }
        }
        for end in [f64::MAX, -1.0, 1e300] {
            let mut other = claims.clone();
            other["exp"] = json!(end);
            assert!(key.read(&signed(&header, &other), NOW).is_none(), "exp {end}");
        }
    }

    #[test]
    fn a_changed_byte_anywhere_is_refused() {
        let key = AccessKey::new(&[7; 32]);
        let (header, claims) = good();
        let token = signed(&header, &claims);
        for at in 0..token.len() {
            for other in [b'A', b'_', b'.', b'=', b' ', 0] {
                let mut bytes = token.clone().into_bytes();
                if std::mem::replace(&mut bytes[at], other) == other {
                    continue;
                }
                let text = String::from_utf8(bytes).unwrap();
                assert!(key.read(&text, NOW).is_none(), "{at}: {text}");
            }
        }
        for text in [
            format!("{token}."),
            format!("{token}.x"),
            format!(" {token}"),
            format!("{token}="),
            token.repeat(40),
        ] {
            assert!(key.read(&text, NOW).is_none(), "{text}");
        }
    }
}
