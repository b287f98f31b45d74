//! Tenants: tiers, their quotas, and the states of a tenant's life.

use crate::time::Millis;
use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in the store and on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The value of a word, if it is one.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.as_str() == word)
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What a tenant may use, by plan.
    Tier {
        /// 1,000 requests a day.
        Free = "free",
        /// 10,000 requests a day.
        Starter = "starter",
        /// 100,000 requests a day.
        Professional = "professional",
        /// 1,000,000 requests a day.
        Enterprise = "enterprise",
    }
}

words! {
    /// Where a tenant is in its life.
    TenantStatus {
        /// Calls go through.
        Active = "active",
        /// Calls are refused until it is resumed.
        Suspended = "suspended",
        /// Closed: kept for the record, never active again.
        Archived = "archived",
    }
}

impl TenantStatus {
    /// Whether a tenant may go from here to `next`.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Active, Self::Suspended | Self::Archived)
                | (Self::Suspended, Self::Active | Self::Archived)
        )
    }
}

/// What a tenant may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Quota {
    /// Calls in a calendar day of the tenant's time zone.
    pub requests_per_day: u64,
    /// Tokens in one call, prompt and the most it may generate together.
    pub tokens_per_request: u64,
    /// Calls at the same time.
    pub concurrent_requests: u64,
}

impl Tier {
    /// The quota of the plan.
    #[must_use]
    pub const fn quota(self) -> Quota {
        let (requests_per_day, tokens_per_request, concurrent_requests) = match self {
            Self::Free => (1_000, 4_096, 5),
            Self::Starter => (10_000, 8_192, 10),
            Self::Professional => (100_000, 32_768, 50),
            Self::Enterprise => (1_000_000, 131_072, 500),
        };
        Quota { requests_per_day, tokens_per_request, concurrent_requests }
    }
}

/// A departure from the plan's quota; what is `None` stays as the plan has it.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct QuotaOverride {
    /// Calls in a day.
    pub requests_per_day: Option<u64>,
    /// Tokens in one call.
    pub tokens_per_request: Option<u64>,
    /// Calls at the same time.
    pub concurrent_requests: Option<u64>,
    /// When it ends; `None` stays until removed.
    pub until: Option<Millis>,
    /// Why, in the words of who set it.
    pub reason: Option<String>,
}

impl QuotaOverride {
    /// `base` with this override, if it still holds at `now`.
    #[must_use]
    pub fn apply(&self, base: Quota, now: Millis) -> Quota {
        if self.until.is_some_and(|end| end <= now) {
            return base;
        }
        Quota {
            requests_per_day: self.requests_per_day.unwrap_or(base.requests_per_day),
            tokens_per_request: self.tokens_per_request.unwrap_or(base.tokens_per_request),
            concurrent_requests: self.concurrent_requests.unwrap_or(base.concurrent_requests),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_override_ends() {
        let raise =
            QuotaOverride { requests_per_day: Some(5_000), until: Some(Millis(100)), ..Default::default() };
        let base = Tier::Free.quota();
        assert_eq!(raise.apply(base, Millis(99)).requests_per_day, 5_000);
        assert_eq!(raise.apply(base, Millis(99)).tokens_per_request, 4_096);
        assert_eq!(raise.apply(base, Millis(100)), base);
    }

    #[test]
    fn an_archived_tenant_stays_archived() {
        for next in TenantStatus::ALL {
            assert!(!TenantStatus::Archived.may_become(*next));
        }
        assert!(TenantStatus::Suspended.may_become(TenantStatus::Active));
        assert!(!TenantStatus::Active.may_become(TenantStatus::Active));
    }

    #[test]
    fn words_round_trip() {
        for tier in Tier::ALL {
            assert_eq!(Tier::parse(tier.as_str()), Some(*tier));
        }
    }
}
