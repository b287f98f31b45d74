//! The keys that sign the ledger's heads: each for a week. The entry that names the next key is signed by the one before it, and
//! then that one is destroyed: who takes the machine later can sign nothing of the past.

use super::Stream;
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error};
use reeve_core::time::Millis;
use reeve_ledger::keys::ROTATE;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_ledger::{Leaf, Signer, genesis_signer};
use reeve_store::{NewEntry, Tx};
use reeve_vault::{Purpose, Vault};

/// The sealed item with the seed of the key that signs now.
const SIGNING_KEY: &str = "ledger_signing_key";
/// A key signs for so long.
const EPOCH: i64 = 7 * Millis::DAY;

fn unusable(error: reeve_ledger::NoteError) -> Error {
    Error::new(Code::Internal, "The ledger's signing key is unusable.").because(error)
}

impl Engine {
    /// Gives both streams the key that signs now; a new ledger begins with one.
    pub(crate) async fn sign_ledger(&self, vault: &Vault) -> Result<(), Error> {
        let seed = self.own_secret(vault, Purpose::LogKey, SIGNING_KEY).await?;
        let [audit, usage] = self.heads().await?.map(|head| head.origin);
        let signer = |stream: Stream, origin: String| {
            let signer = if origin.is_empty() {
                genesis_signer(&seed, stream.as_str())
            } else {
                Signer::from_seed(origin, &seed)
            };
            signer.map_err(unusable)
        };
        let [a, u] = Stream::ALL;
        Ok(self.inner.store.sign_with(signer(a, audit)?, signer(u, usage)?).await?)
    }

    /// Replaces the key if it has signed for a week.
    pub(crate) async fn rotate_when_due(&self) -> Result<(), Error> {
        let now = self.now();
        if self.inner.vault.unlocked().is_none() {
            return Ok(());
        }
        let since = self.inner.store.read(key_since).await?;
        match since {
            Some(since) if now.0 - since.0 >= EPOCH => self.rotate_ledger_keys().await,
            _ => Ok(()),
        }
    }

    /// Replaces the key that signs the ledger's heads, in both streams at once.
    ///
    /// # Errors
    /// If the vault is locked, there are no random bytes, or the store cannot be written.
    pub async fn rotate_ledger_keys(&self) -> Result<(), Error> {
        let vault = self.vault()?;
        let origins = self.heads().await?.map(|head| head.origin);
        let seed = zeroize::Zeroizing::new(crate::random::bytes::<32>()?);
        let sealed = vault
            .seal(Purpose::LogKey, SIGNING_KEY, seed.as_slice())
            .map_err(|e| Error::new(Code::Internal, "A key of Reeve's own cannot be sealed.").because(e))?;
        let mut steps = Vec::new();
        for (stream, origin) in Stream::ALL.into_iter().zip(origins) {
            let signer = Signer::from_seed(origin, &seed).map_err(unusable)?;
            steps.push((stream, self.naming(stream, &signer), signer));
        }
        let write = move |tx: &mut Tx<'_>| {
            for (stream, entry, signer) in steps {
                let recorded = tx.hand_over(stream, entry, signer)?;
                // The old seed is overwritten with the new one in the transaction that hands over.
                recorded.sealed_items().replace(SIGNING_KEY, &sealed, recorded.now())?;
            }
            Ok::<_, Error>(())
        };
        self.inner.store.write(write).await?;
        // And in the write-ahead log, as far as readers let it be emptied.
        self.inner.store.fold().await;
        self.write_anchors(true).await;
        self.inner.events.tell(crate::EventKind::Ledger, None, None);
        Ok(())
    }

    fn naming(&self, stream: Stream, next: &Signer) -> NewEntry {
        self.draft(&Cx::system(), ROTATE, format_args!("ledger:{}", stream.as_str()))
            .detail("vkey", next.verifier_key().to_string())
            .outcome(Outcome::Success, Severity::Info)
            .into_public_entry()
    }
}

/// When the key began that signs the audit stream: at the entry that named it, the first one at the first entry.
fn key_since(r: &reeve_store::Read<'_>) -> Result<Option<Millis>, Error> {
    let Some((from, _)) = r.entries().keys(Stream::Audit)?.pop() else { return Ok(None) };
    let entry = r.entries().get(Stream::Audit, from.saturating_sub(1))?;
    Ok(entry.map(|e| e.leaf).map(|leaf: Leaf| Millis(leaf.t)))
}
