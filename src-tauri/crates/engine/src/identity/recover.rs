//! Opening a locked vault with the recovery code, by whoever is at the door: nobody can sign in before it is open.

use super::attempts::Source;
use crate::Engine;
use crate::cx::Cx;
use crate::error::{Code, Error};

impl Engine {
    /// Opens the locked vault with the code that somebody typed. The code is 160 bits; attempts are slowed all the same,
    /// because each leaves an entry.
    ///
    /// # Errors
    /// [`Code::PreconditionFailed`] if the vault is open, [`Code::RateLimited`] after several wrong codes, and as
    /// [`Engine::unlock_with_recovery`].
    pub async fn try_recovery_code(&self, cx: &Cx, typed: &str) -> Result<(), Error> {
        if self.vault_locked().is_none() {
            return Err(Error::new(Code::PreconditionFailed, "The vault is open already."));
        }
        let source = Source::new(cx.via, "vault recovery code");
        self.begin_attempt(source)?;
        self.unlock_with_recovery(cx, typed).await?;
        self.inner.sessions.attempts.lock().succeeded(source);
        Ok(())
    }
}
