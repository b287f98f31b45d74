//! Prices: which one holds for a call, what the lists say, and what is one's own.
//!
//! Start reading at [`book`]; [`own`] sets prices of one's own, [`refresh`] takes over a list, [`unpriced`] is what was
//! asked for and has no price.

pub mod book;
pub mod own;
pub mod refresh;
pub mod unpriced;

use crate::Engine;
use crate::cx::Cx;
use crate::error::Error;
use arc_swap::{ArcSwap, Guard};
use book::{BookPrice, PriceBook};
use reeve_core::id::TenantId;
use reeve_core::permission::Permission;
use reeve_providers::catalogue::{Catalogue, Provider, providers};
use std::sync::Arc;

/// The price book in force. Who prices a call takes it as it is; who changes it waits for those who change it too.
#[derive(Default)]
pub(crate) struct Live {
    book: ArcSwap<PriceBook>,
    changing: tokio::sync::Mutex<()>,
}

impl Live {
    pub(crate) fn book(&self) -> Guard<Arc<PriceBook>> {
        self.book.load()
    }
}

/// Which prices to list.
#[derive(Clone, Debug, Default)]
pub struct PriceFilter {
    /// Part of a model's or provider's name.
    pub text: String,
    /// Only this provider.
    pub provider: Option<String>,
    /// Only those that a second source contradicts.
    pub disputed: bool,
    /// As they hold for this tenant; for the workspace if absent.
    pub tenant: Option<TenantId>,
    /// Behind this provider and model.
    pub after: Option<(String, String)>,
}

/// A model and the price that holds for it.
#[derive(Clone, Debug)]
pub struct PriceInForce {
    /// Model, as it may be asked for; the price may be that of the model it is a release of.
    pub model: String,
    /// The price.
    pub price: Arc<BookPrice>,
}

impl Engine {
    pub(crate) async fn load_prices(&self) -> Result<(), Error> {
        let _changing = self.inner.prices.changing.lock().await;
        let (lists, own) = self
            .inner
            .store
            .read(|r| Ok::<_, Error>((r.price_lists().all()?, r.own_prices().all()?)))
            .await?;
        let book = crate::engine::blocking(|| PriceBook::of_lists(lists).with_own(own)).await?;
        self.inner.prices.book.store(Arc::new(book));
        Ok(())
    }

    /// Brings own prices up to date after a change.
    pub(crate) async fn reload_own_prices(&self) -> Result<(), Error> {
        let _changing = self.inner.prices.changing.lock().await;
        let own = self.inner.store.read(|r| r.own_prices().all()).await?;
        let book = self.inner.prices.book().with_own(own);
        self.inner.prices.book.store(Arc::new(book));
        Ok(())
    }

    /// Prices as they hold now, by provider and model, and whether there are more.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn prices(
        &self,
        cx: &Cx,
        filter: &PriceFilter,
        limit: usize,
    ) -> Result<(Vec<PriceInForce>, bool), Error> {
        self.require(cx, Permission::UsageRead).await?;
        let (book, now) = (self.inner.prices.book(), self.now());
        let query = filter.text.trim().to_lowercase();
        let fits = |p: &BookPrice, model: &str| {
            filter.provider.as_ref().is_none_or(|only| p.provider == *only)
                && (!filter.disputed || p.agree == Some(false))
                && (model.to_lowercase().contains(&query) || p.provider.contains(&query))
        };
        let in_force = book.models(filter.tenant).into_iter().filter(|key| {
            filter.after.as_ref().is_none_or(|(provider, model)| *key > (provider.as_str(), model.as_str()))
        });
        let in_force = in_force.filter_map(|(provider, model)| {
            let price = book.lookup(filter.tenant, provider, model, now).filter(|p| fits(p, model))?;
            Some(PriceInForce { model: model.to_owned(), price: Arc::clone(price) })
        });
        let mut found: Vec<_> = in_force.take(limit + 1).collect();
        let more = found.len() > limit;
        found.truncate(limit);
        Ok((found, more))
    }

    /// Every price of a model that ever held or will, newest first.
    ///
    /// # Errors
    /// If `cx` may not see them, or nobody ever said what it costs.
    pub async fn price_history(
        &self,
        cx: &Cx,
        provider: &str,
        model: &str,
    ) -> Result<Vec<Arc<BookPrice>>, Error> {
        self.require(cx, Permission::UsageRead).await?;
        let history = self.inner.prices.book().history(provider, model);
        if history.is_empty() { Err(Error::not_found("price")) } else { Ok(history) }
    }

    /// The version of the newest list, and how many models have a price.
    #[must_use]
    pub fn price_list_version(&self) -> (String, usize) {
        let book = self.inner.prices.book();
        (book.version().to_owned(), book.models(None).len())
    }

    /// The providers a credential may be for.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn providers(&self, cx: &Cx) -> Result<Vec<Provider>, Error> {
        self.require(cx, Permission::CredentialRead).await?;
        Ok(providers(Catalogue::builtin()).collect())
    }

    /// What the lists say of a model now.
    #[must_use]
    pub fn listed_price(&self, provider: &str, model: &str) -> Option<Arc<BookPrice>> {
        self.inner.prices.book().lookup(None, provider, model, self.now()).cloned()
    }
}

/// A provider by its name in the catalogue.
pub(crate) fn provider(id: &str) -> Option<Provider> {
    providers(Catalogue::builtin()).find(|p| p.id == id)
}
