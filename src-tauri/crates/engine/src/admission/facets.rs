//! What a call is told apart by, below its tenant.

use reeve_core::id::{ApiKeyId, CredentialId};
use reeve_store::table::charges::Charge;

/// The levels a call belongs to beside the workspace's and its tenant's. Borrowed: asking must not allocate.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facets<'a> {
    /// Through which key it came.
    pub api_key: Option<ApiKeyId>,
    /// End user, as the caller named them.
    pub user: Option<&'a str>,
    /// Model, as the price list spells it.
    pub model: &'a str,
    /// Labels, each once.
    pub tags: &'a [String],
    /// The credential that pays.
    pub credential: Option<CredentialId>,
}

impl<'a> Facets<'a> {
    /// Those of a charge.
    #[must_use]
    pub fn of(charge: &'a Charge) -> Self {
        Self {
            api_key: charge.api_key_id,
            user: charge.user.as_deref(),
            model: &charge.model,
            tags: &charge.tags,
            credential: charge.credential_id,
        }
    }
}
