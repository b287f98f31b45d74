//! Prices and providers, as the catalogue has them.

use crate::Engine;
use crate::cx::Cx;
use crate::error::Error;
use reeve_core::permission::Permission;
use reeve_core::price::Price;
use reeve_providers::catalogue::{Catalogue, Provider, Search, providers};

/// Which prices to list.
#[derive(Clone, Debug, Default)]
pub struct PriceFilter {
    /// Part of a model's or provider's name.
    pub text: String,
    /// Only this provider.
    pub provider: Option<String>,
    /// Where the page before ended.
    pub after: Option<String>,
}

impl Engine {
    /// Prices by provider and model, with where the next page starts.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn prices(
        &self,
        cx: &Cx,
        filter: &PriceFilter,
        limit: usize,
    ) -> Result<(Vec<&'static Price>, Option<String>), Error> {
        self.require(cx, Permission::UsageRead).await?;
        let search = Search {
            query: &filter.text,
            provider: filter.provider.as_deref(),
            after: filter.after.as_deref(),
            limit,
        };
        let page = Catalogue::builtin().search(&search);
        Ok((page.items, page.next))
    }

    /// The providers a credential may be for.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn providers(&self, cx: &Cx) -> Result<Vec<Provider>, Error> {
        self.require(cx, Permission::CredentialRead).await?;
        Ok(providers(Catalogue::builtin()).collect())
    }
}

/// A provider by its name in the catalogue.
pub(crate) fn provider(id: &str) -> Option<Provider> {
    providers(Catalogue::builtin()).find(|p| p.id == id)
}
