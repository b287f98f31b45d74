//! How long a sign-in lasts: shorter for those who could do more harm with it (OWASP ASVS 5.0, 7.3).

use crate::Engine;
use crate::cx::Cx;
use reeve_core::permission::Permission;
use reeve_core::principal::Principal;
use reeve_core::time::Millis;

/// Open sessions of one person at most; one more ends the one unused for longest.
pub(super) const MOST: usize = 10;

/// How long a session lasts, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lifetime {
    /// Without being used.
    pub idle: i64,
    /// Whatever happens.
    pub longest: i64,
}

impl Lifetime {
    /// Of who may change who may what, or how the vault opens.
    const PRIVILEGED: Self = Self { idle: 30 * Millis::MINUTE, longest: Millis::DAY };
    const USUAL: Self = Self { idle: 8 * Millis::HOUR, longest: 30 * Millis::DAY };

    /// Of anybody, in milliseconds.
    pub(super) const LONGEST: i64 = Self::USUAL.longest;

    /// By what somebody may do today, whatever it was at sign-in.
    pub(super) fn of(who: &Principal) -> Self {
        let privileged = [Permission::UserWrite, Permission::VaultWrite];
        if privileged.iter().any(|permission| who.may(*permission)) { Self::PRIVILEGED } else { Self::USUAL }
    }
}

impl Engine {
    /// How long whoever asks stays signed in; `None` for the window's owner without a password, who never was.
    #[must_use]
    pub fn lifetime(&self, cx: &Cx) -> Option<Lifetime> {
        match &cx.principal {
            Principal::User { session: Some(_), .. } => Some(Lifetime::of(&cx.principal)),
            _ => None,
        }
    }
}
