//! Argon2id (RFC 9106), off the async threads and at most two at once: each takes 64 MiB and about 0.16 s.

use crate::engine::blocking;
use crate::error::{Code, Error};
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error as HashError, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
/// What a stored hash may ask for at most: its text comes from the database and must not be able to hang a sign-in.
const MAX_MEMORY_KIB: u32 = 1024 * 1024;
const MAX_PASSES: u32 = 16;
/// Hashes at the same time.
const AT_ONCE: usize = 2;
/// Callers waiting for their turn, at most.
const MAX_WAITING: usize = 64;
/// Checked in place of a hash that is not there, so that an unknown person takes as long as a known one. Nothing matches it.
const NOBODY: &str =
    "$argon2id$v=19$m=65536,t=3,p=1$cmVldmUtbm9ib2R5LXNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes passwords.
pub(super) struct Hasher {
    turns: Semaphore,
    waiting: AtomicUsize,
}

impl Default for Hasher {
    fn default() -> Self {
        Self { turns: Semaphore::new(AT_ONCE), waiting: AtomicUsize::new(0) }
    }
}

/// What a check of a password found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Verdict {
    /// It is the password.
    pub(super) matches: bool,
    /// The hash was made with other costs than today's.
    pub(super) outdated: bool,
}

/// Leaves the queue however the wait ends.
struct Place<'a>(&'a AtomicUsize);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Hasher {
    /// The hash of a password, as a PHC string.
    ///
    /// # Errors
    /// [`Code::RateLimited`] if too many wait, [`Code::Unavailable`] without random bytes.
    pub(super) async fn hash(&self, password: Zeroizing<String>) -> Result<String, Error> {
        let salt = crate::random::bytes::<16>()?;
        let hashed = self.turn(move || argon2()?.hash_password_with_salt(password.as_bytes(), &salt)).await?;
        hashed.map(|hash| hash.to_string()).map_err(unusable)
    }

    /// Whether `password` is the one of `stored`. Without `stored` the same work is done for nothing.
    ///
    /// # Errors
    /// As [`Hasher::hash`]; [`Code::Internal`] if the stored hash is not one.
    pub(super) async fn verify(
        &self,
        password: Zeroizing<String>,
        stored: Option<String>,
    ) -> Result<Verdict, Error> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| NOBODY.to_owned());
        let verdict = self.turn(move || check(&password, &stored)).await?.map_err(unusable)?;
        Ok(Verdict { matches: verdict.matches && known, ..verdict })
    }

    async fn turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let ahead = self.waiting.fetch_add(1, Ordering::AcqRel);
        let _place = Place(&self.waiting);
        if ahead >= MAX_WAITING {
            return Err(Error::new(Code::RateLimited, "Too many sign-ins at the same time.").retry_after(2));
        }
        let _turn = self.turns.acquire().await;
        blocking(work).await
    }
}

fn argon2() -> Result<Argon2<'static>, HashError> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|_| HashError::ParamsInvalid)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn check(password: &str, stored: &str) -> Result<Verdict, HashError> {
    let hash = PasswordHash::new(stored).map_err(|_| HashError::EncodingInvalid)?;
    let params = Params::try_from(&hash)?;
    if params.m_cost() > MAX_MEMORY_KIB || params.t_cost() > MAX_PASSES || params.p_cost() > 4 {
        return Err(HashError::ParamsInvalid);
    }
    let outdated = (params.m_cost(), params.t_cost(), params.p_cost()) != (MEMORY_KIB, PASSES, 1)
        || hash.algorithm != Algorithm::Argon2id.ident();
    match argon2()?.verify_password(password.as_bytes(), &hash) {
        Ok(()) => Ok(Verdict { matches: true, outdated }),
        Err(HashError::PasswordInvalid) => Ok(Verdict { matches: false, outdated }),
        Err(other) => Err(other),
    }
}

fn unusable(source: HashError) -> Error {
    Error::new(Code::Internal, "The password could not be checked; the log says why.").because(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Zeroizing<String> {
        Zeroizing::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_hash_fits_its_password_alone() {
        let hasher = Hasher::default();
        let hash = hasher.hash(secret("blue kettle over the fence")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=65536,t=3,p=1$"), "{hash}");
        let good = hasher.verify(secret("blue kettle over the fence"), Some(hash.clone())).await.unwrap();
        assert_eq!(good, Verdict { matches: true, outdated: false });
        let bad = hasher.verify(secret("blue kettle over the fencE"), Some(hash)).await.unwrap();
        assert!(!bad.matches);
    }

    #[tokio::test]
    async fn nobody_has_no_password() {
        let verdict = Hasher::default().verify(secret(""), None).await.unwrap();
        assert_eq!(verdict, Verdict { matches: false, outdated: false });
    }

    #[test]
    fn other_costs_are_outdated_and_mad_ones_refused() {
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(1_024, 1, 1, None).unwrap());
        let hash = weak.hash_password_with_salt(b"blue kettle", b"0123456789abcdef").unwrap().to_string();
        assert_eq!(check("blue kettle", &hash).unwrap(), Verdict { matches: true, outdated: true });
        let mad = hash.replace("m=1024", "m=4000000");
        assert!(check("blue kettle", &mad).is_err());
    }
}
