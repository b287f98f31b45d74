//! What a provider says of its keys.

use super::secret::MintedSecret;
use reeve_core::time::Millis;

/// A key as the provider lists it; never its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// The provider's id, by which it is switched off and deleted.
    pub id: String,
    /// Its name, where it has one.
    pub name: Option<String>,
    /// What the provider shows of the value, such as `sk-ab…xyz1`.
    pub hint: Option<String>,
    /// Whether it works.
    pub state: KeyState,
    /// When it was made.
    pub created_at: Option<Millis>,
    /// When and for what it was last used, where the list says.
    pub last_use: LastUse,
}

/// Whether a key works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It does.
    Active,
    /// It is switched off, and can be switched on again.
    Disabled,
    /// Its time is over.
    Expired,
}

/// When a key was last used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastUse {
    /// When; absent where it never was, or where the provider does not say.
    pub at: Option<Millis>,
    /// By whom or for what, such as a service and region.
    pub by: Option<String>,
}

/// A key with its value.
#[derive(Debug)]
pub struct Minted {
    /// The provider's id.
    pub id: String,
    /// The value, written as a credential takes it.
    pub secret: MintedSecret,
    /// When it ends by itself.
    pub expires_at: Option<Millis>,
}
