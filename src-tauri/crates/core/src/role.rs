//! Which role somebody has: one of the built-in ones, or one that people made.

use crate::id::RoleId;
use crate::permission::Role;
use std::fmt;
use std::str::FromStr;

/// A role by its name in the store, in the ledger and on the wire: the word of a built-in one, the id of another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RoleRef {
    /// A built-in one.
    BuiltIn(Role),
    /// One that people made.
    Custom(RoleId),
}

/// The text is no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be admin, security, operator, finance, developer, user, none, or the id of a role")]
pub struct RoleError;

impl RoleRef {
    /// Whether it may do everything, and looks after everybody.
    #[must_use]
    pub fn is_admin(self) -> bool {
        self == Self::BuiltIn(Role::Admin)
    }
}

impl From<Role> for RoleRef {
    fn from(role: Role) -> Self {
        Self::BuiltIn(role)
    }
}

impl fmt::Display for RoleRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn(role) => f.write_str(role.as_str()),
            Self::Custom(id) => id.fmt(f),
        }
    }
}

impl FromStr for RoleRef {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        let built_in = Role::parse(text).map(Self::BuiltIn);
        built_in.or_else(|| text.parse().ok().map(Self::Custom)).ok_or(RoleError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_role_is_written_and_read() {
        let custom = RoleRef::Custom(RoleId(Uuid::from_u128(7)));
        for role in Role::ALL.iter().copied().map(RoleRef::from).chain([custom]) {
            assert_eq!(role.to_string().parse(), Ok(role));
        }
        for text in ["", "emperor", "Admin", "rol_", "usr_00000000000000000000000000"] {
            assert_eq!(text.parse::<RoleRef>(), Err(RoleError), "{text}");
        }
    }
}
