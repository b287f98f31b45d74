//! The operating system's keyring: Secret Service, macOS Keychain, Windows Credential Manager.
//!
//! The keyring crate's errors may carry the secret's bytes in `Debug`, so they are matched by variant, wiped and
//! dropped here; and items are read as bytes, because reading them as text makes such an error out of a wrong item.

use super::{Keyring, KeyringFault};
use crate::secret::Secret;
use data_encoding::HEXLOWER;
use keyring::v1::{Entry, Error};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;
use zeroize::{Zeroize as _, Zeroizing};

/// How long one call may take; a prompt that waits for a person looks like a call that never ends.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many calls may hang at a prompt before no further one is started.
const MAX_HANGING: usize = 3;
/// How many items of the same name are looked at.
const MAX_CANDIDATES: usize = 16;

/// One item of the user's keyring. Every call runs on a thread of its own and gives up waiting after 20 s.
#[derive(Debug)]
pub struct OsKeyring {
    service: String,
    user: String,
    patience: Duration,
    running: Arc<AtomicUsize>,
}

impl OsKeyring {
    /// The item that the keyring lists under `service` and `user`. Nothing is asked of the keyring yet.
    #[must_use]
    pub fn new(service: &str, user: &str) -> Self {
        let (service, user) = (service.to_owned(), user.to_owned());
        Self { service, user, patience: PATIENCE, running: Arc::default() }
    }

    /// The item of one vault, so that two data directories of one person do not share, and overwrite, an item.
    #[must_use]
    pub fn for_vault(service: &str, vault_id: &[u8; 16]) -> Self {
        Self::new(service, &format!("vault-{}", HEXLOWER.encode(vault_id)))
    }

    /// The same item, with another limit on how long one call may take.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    fn call<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Entry) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, KeyringFault> {
        if self.running.load(Ordering::Acquire) >= MAX_HANGING {
            return Err(KeyringFault::Timeout);
        }
        let (service, user) = (self.service.clone(), self.user.clone());
        let running = Running::start(&self.running);
        let (answer, wait) = mpsc::sync_channel(1);
        let work = move || {
            let _running = running;
            let done = Entry::new(&service, &user).and_then(|entry| act(&entry)).map_err(fault_of);
            // Nobody listens any more after a timeout; the value is wiped where it needs to be when it is dropped.
            let _ = answer.send(done);
        };
        let name = "keyring".to_owned();
        thread::Builder::new().name(name).spawn(work).map_err(|_| KeyringFault::Other("NoThread"))?;
        match wait.recv_timeout(self.patience) {
            Ok(done) => done,
            Err(RecvTimeoutError::Timeout) => Err(KeyringFault::Timeout),
            Err(RecvTimeoutError::Disconnected) => Err(KeyringFault::Other("Panicked")),
        }
    }
}

impl Keyring for OsKeyring {
    fn read(&self) -> Result<Secret, KeyringFault> {
        self.call(|entry| entry.get_secret().map(Secret::new))
    }

    fn write(&self, item: &str) -> Result<(), KeyringFault> {
        let item = Zeroizing::new(item.to_owned());
        self.call(move |entry| entry.set_secret(item.as_bytes()))
    }

    fn delete(&self) -> Result<(), KeyringFault> {
        self.call(Entry::delete_credential)
    }
}

/// Counts a call for as long as its thread lives.
struct Running(Arc<AtomicUsize>);

impl Running {
    fn start(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(count))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The fault that an error means, by its variant only.
fn fault_of(error: Error) -> KeyringFault {
    match error {
        Error::NoEntry => KeyringFault::NoEntry,
        Error::NoStorageAccess(cause) => denied(cause.as_ref()),
        Error::PlatformFailure(_) | Error::NoDefaultStore => KeyringFault::NoService,
        Error::BadEncoding(mut bytes) | Error::BadDataFormat(mut bytes, _) => {
            bytes.zeroize();
            KeyringFault::Corrupt
        }
        Error::BadStoreFormat(_) => KeyringFault::Corrupt,
        Error::Ambiguous(entries) => {
            let readable = entries.iter().take(MAX_CANDIDATES).filter_map(|entry| entry.get_secret().ok());
            KeyringFault::Ambiguous(readable.map(Secret::new).collect())
        }
        Error::TooLong(..) => KeyringFault::Other("TooLong"),
        Error::Invalid(..) => KeyringFault::Other("Invalid"),
        Error::NotSupportedByStore(_) => KeyringFault::Other("NotSupportedByStore"),
        _ => KeyringFault::Other("Unknown"),
    }
}

type Cause = dyn std::error::Error + Send + Sync + 'static;

/// A Secret Service without a collection gives the same variant as a locked one; only the cause's type tells.
#[cfg(target_os = "linux")]
fn denied(cause: &Cause) -> KeyringFault {
    match cause.downcast_ref::<secret_service::Error>() {
        Some(secret_service::Error::NoResult) => KeyringFault::NoDefaultCollection,
        _ => KeyringFault::Locked,
    }
}

#[cfg(not(target_os = "linux"))]
fn denied(_cause: &Cause) -> KeyringFault {
    KeyringFault::Locked
}

#[cfg(test)]
mod tests {
    use super::*;

    const CANARY: &[u8] = b"\xff canary-in-an-error";

    #[test]
    fn no_error_takes_the_secret_with_it() {
        let cause = || Box::new(std::io::Error::other("canary-in-an-error"));
        let errors = [
            Error::BadEncoding(CANARY.to_vec()),
            Error::BadDataFormat(CANARY.to_vec(), cause()),
            Error::BadStoreFormat("canary-in-an-error".to_owned()),
            Error::Invalid("canary-in-an-error".to_owned(), "canary-in-an-error".to_owned()),
            Error::TooLong("canary-in-an-error".to_owned(), 1),
            Error::NotSupportedByStore("canary-in-an-error".to_owned()),
            Error::PlatformFailure(cause()),
            Error::NoStorageAccess(cause()),
        ];
        for error in errors {
            let fault = fault_of(error);
            let text = format!("{fault:?} {fault}");
            assert!(!text.contains("canary") && !text.contains("255"), "{text}");
        }
    }

    #[test]
    fn each_variant_becomes_its_fault() {
        assert!(matches!(fault_of(Error::NoEntry), KeyringFault::NoEntry));
        assert!(matches!(fault_of(Error::NoDefaultStore), KeyringFault::NoService));
        assert!(matches!(fault_of(Error::BadEncoding(vec![1])), KeyringFault::Corrupt));
        assert!(
            matches!(fault_of(Error::Ambiguous(Vec::new())), KeyringFault::Ambiguous(found) if found.is_empty())
        );
        assert!(matches!(fault_of(Error::TooLong(String::new(), 1)), KeyringFault::Other("TooLong")));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_missing_collection_is_told_from_a_lock() {
        use secret_service::Error as Cause;
        let fault = |cause| fault_of(Error::NoStorageAccess(Box::new(cause)));
        assert!(matches!(fault(Cause::NoResult), KeyringFault::NoDefaultCollection));
        assert!(matches!(fault(Cause::Locked), KeyringFault::Locked));
        assert!(matches!(fault(Cause::Prompt), KeyringFault::Locked));
    }
}
