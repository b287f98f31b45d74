//! Ids: UUIDv7 newtypes, one per noun, written `prefix_` and 26 Crockford base32 characters.

use data_encoding::{Encoding, Specification};
use std::fmt;
use std::sync::LazyLock;
use uuid::Uuid;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text names another noun, or none.
    #[error("expected an id that starts with \"{expected}\"")]
    Prefix {
        /// What the id should start with.
        expected: &'static str,
    },
    /// The part behind the prefix is not 26 Crockford base32 characters.
    #[error("malformed id: expected 26 characters behind \"{prefix}\"")]
    Malformed {
        /// The prefix of the noun asked for.
        prefix: &'static str,
    },
}

// Crockford's alphabet with MSB-first bits; 128 bits are padded to 130 with zero bits at the end.
static CROCKFORD: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut spec = Specification::new();
    spec.symbols.push_str("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    spec.encoding().ok()
});

/// Writes an id without taking memory: each entry of the ledger has several.
fn write(f: &mut fmt::Formatter<'_>, prefix: &str, id: Uuid) -> fmt::Result {
    let mut text = [0; 26];
    if let Some(encoding) = CROCKFORD.as_ref() {
        encoding.encode_mut(id.as_bytes(), &mut text);
    }
    f.write_str(prefix)?;
    f.write_str(std::str::from_utf8(&text).unwrap_or_default())
}

fn decode(text: &str) -> Option<Uuid> {
    let bytes = CROCKFORD.as_ref()?.decode(text.as_bytes()).ok()?;
    Some(Uuid::from_bytes(bytes.try_into().ok()?))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Uuid);

        impl $name {
            /// What every id of this noun starts with.
            pub const PREFIX: &'static str = $prefix;
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write(f, $prefix, self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{self}")
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                let rest = text.strip_prefix($prefix).ok_or(IdError::Prefix { expected: $prefix })?;
                decode(rest).map(Self).ok_or(IdError::Malformed { prefix: $prefix })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(/// A tenant.
    TenantId, "ten_");
id!(/// A person who signs in.
    UserId, "usr_");
id!(/// A tenant's API key.
    ApiKeyId, "key_");
id!(/// A provider credential in the vault.
    CredentialId, "crd_");
id!(/// A budget.
    BudgetId, "bud_");
id!(/// A charge: one usage record.
    ChargeId, "chg_");
id!(/// A signed-in session.
    SessionId, "ses_");
id!(/// An open connection for live events.
    ConnectionId, "con_");
id!(/// An invitation.
    InvitationId, "inv_");
id!(/// A role that people made.
    RoleId, "rol_");
id!(/// An import of usage records.
    ImportId, "imp_");
id!(/// A hold: money kept for calls whose outcome was lost in a crash.
    HoldId, "hld_");
id!(/// A route: where calls for a model go.
    RouteId, "rte_");
id!(/// A pool: provider credentials that share budgets.
    PoolId, "cpl_");
id!(/// A temporary override of a budget's limit.
    OverrideId, "ovr_");
id!(/// An own price.
    OwnPriceId, "prc_");
id!(/// An approved price list.
    PriceListId, "lst_");
id!(/// A re-rating of a period.
    ReratingId, "rrt_");
id!(/// A custom rate limit.
    LimitId, "lim_");
id!(/// A request for erasure.
    ErasureId, "era_");
id!(/// A legal hold.
    LegalHoldId, "lgh_");
id!(/// A request, on either listener.
    RequestId, "req_");
id!(
    /// A listener of the audit trail.
    ListenerId, "lsn_");
id!(/// A saved view of the audit trail.
    SavedViewId, "viw_");
id!(/// An outside witness of the ledger.
    WitnessId, "wit_");
id!(
    /// A rotation of a provider key.
    RotationId, "rot_");
id!(
    /// A control credential: a provider's admin key.
    ControlCredentialId, "ctl_");

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_round_trips(bits in any::<u128>()) {
            let id = TenantId(Uuid::from_u128(bits));
            prop_assert_eq!(id.to_string().parse::<TenantId>().unwrap(), id);
            prop_assert_eq!(id.to_string().len(), 30);
        }

        #[test]
        fn text_sorts_as_the_id_does(a in any::<u128>(), b in any::<u128>()) {
            let (x, y) = (UserId(Uuid::from_u128(a)), UserId(Uuid::from_u128(b)));
            prop_assert_eq!(x.cmp(&y), x.to_string().cmp(&y.to_string()));
        }

        #[test]
        fn parsing_never_panics(text in ".{0,60}") {
            let _ = text.parse::<BudgetId>();
        }
    }

    #[test]
    fn another_noun_is_refused() {
        let id = TenantId(Uuid::from_u128(7)).to_string();
        assert_eq!(id.parse::<UserId>(), Err(IdError::Prefix { expected: "usr_" }));
    }
}
