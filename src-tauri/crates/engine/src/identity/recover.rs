//! Opening a locked vault, by whoever is at the door: nobody can sign in before it is open.

use super::attempts::Source;
use crate::Engine;
use crate::cx::Cx;
use crate::error::{Code, Error};
use crate::vault::How;
use reeve_vault::{RecoveryCode, Secret};

impl Engine {
    /// Opens the locked vault with the code that somebody typed. The code is 160 bits; attempts are slowed all the same,
    /// because each leaves an entry.
    ///
    /// # Errors
    /// [`Code::PreconditionFailed`] if the vault is open, [`Code::RateLimited`] after several wrong codes,
    /// [`Code::Invalid`] if it is not a code, or not this vault's.
    pub async fn try_recovery_code(&self, cx: &Cx, typed: &str) -> Result<(), Error> {
        let source = self.begin_unlock(cx)?;
        let code = RecoveryCode::parse(typed).map_err(|e| Error::field("recovery_code", e.to_string()))?;
        self.unlock_vault(cx, How::Recovery(code)).await?;
        self.inner.sessions.attempts.lock().succeeded(source);
        Ok(())
    }

    /// Opens the locked vault with its passphrase; where there is no vault yet, makes one that opens with it.
    ///
    /// # Errors
    /// As [`Engine::try_recovery_code`].
    pub async fn try_passphrase(&self, cx: &Cx, typed: Secret) -> Result<(), Error> {
        let source = self.begin_unlock(cx)?;
        if self.vault_locked().is_some_and(|l| l.first_run) {
            self.strong_enough(&typed)?;
        }
        self.unlock_vault(cx, How::Passphrase(typed)).await?;
        self.inner.sessions.attempts.lock().succeeded(source);
        Ok(())
    }

    /// Opens the locked vault with what this machine has, once more: somebody unlocked the keyring, or started it.
    ///
    /// # Errors
    /// [`Code::PreconditionFailed`] if the vault is open, [`Code::VaultLocked`] if it stays shut.
    pub async fn try_unlock_again(&self, cx: &Cx) -> Result<(), Error> {
        self.still_locked()?;
        self.unlock_vault(cx, How::Again).await
    }

    fn begin_unlock(&self, cx: &Cx) -> Result<Source, Error> {
        self.still_locked()?;
        let source = Source::new(cx, "vault recovery code");
        self.begin_attempt(source)?;
        Ok(source)
    }

    fn still_locked(&self) -> Result<(), Error> {
        match self.vault_locked() {
            Some(_) => Ok(()),
            None => Err(Error::new(Code::PreconditionFailed, "The vault is open already.")),
        }
    }
}
