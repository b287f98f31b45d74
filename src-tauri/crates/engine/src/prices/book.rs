//! The price book: every price that is known, in memory, and which one holds for a call.
//!
//! An own price of the tenant goes before one of the workspace, that before the approved lists, those before the built-in
//! one. A reader takes the book as it is at that moment and never waits; whoever changes a price puts a new book in its place.

use reeve_core::id::{OwnPriceId, TenantId};
use reeve_core::price::{Price, RateTable};
use reeve_core::time::Millis;
use reeve_providers::catalogue::{Catalogue, undated};
use reeve_store::table::own_prices::OwnPrice;
use reeve_store::table::price_lists::PriceList;
use serde::Serialize;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// What the gateway has a shape for, in the catalogue's words.
const CALLABLE: [&str; 8] = [
    "chat",
    "embedding",
    "responses",
    "completion",
    "image_generation",
    "audio_transcription",
    "audio_speech",
    "moderation",
];

/// Who says what a model costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// The tenant's own price.
    Tenant(TenantId, OwnPriceId),
    /// The workspace's own price.
    Workspace(OwnPriceId),
    /// A list that was approved.
    Approved,
    /// The list that comes with Reeve.
    Builtin,
    /// Nobody: the workspace's ceiling stands in.
    Ceiling,
}

impl Origin {
    /// The word in the store and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tenant(..) => "tenant",
            Self::Workspace(_) => "workspace",
            Self::Approved => "approved",
            Self::Builtin => "builtin",
            Self::Ceiling => "ceiling",
        }
    }
}

/// A price of the book.
#[derive(Debug)]
pub struct BookPrice {
    /// The price.
    pub price: Price,
    /// Who says so.
    pub origin: Origin,
    /// Until when it holds, where the next one or a withdrawal ends it.
    pub effective_to: Option<Millis>,
    /// Since when Reeve knows of it.
    pub known_since: Millis,
    table: OnceLock<RateTable>,
    head: OnceLock<String>,
}

/// What is told of an applied price, but for the rates.
#[derive(Serialize)]
struct Head<'a> {
    provider: &'a str,
    model: &'a str,
    source: &'a str,
    version: &'a str,
    effective_from: Millis,
    #[serde(skip_serializing_if = "Option::is_none")]
    agree: Option<bool>,
    origin: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    own_price: Option<OwnPriceId>,
}

impl BookPrice {
    pub(crate) fn new(price: Price, origin: Origin) -> Self {
        let known_since = price.effective_from;
        Self { price, origin, effective_to: None, known_since, table: OnceLock::new(), head: OnceLock::new() }
    }

    /// Its rates, resolved.
    pub(crate) fn table(&self) -> &RateTable {
        self.table.get_or_init(|| RateTable::of(&self.price))
    }

    /// What is told of it wherever it is applied, as JSON without the closing brace.
    pub(crate) fn head(&self) -> &str {
        self.head.get_or_init(|| {
            let Price { provider, model, source, version, effective_from, agree, .. } = &self.price;
            let own_price = match self.origin {
                Origin::Tenant(_, id) | Origin::Workspace(id) => Some(id),
                _ => None,
            };
            let (effective_from, agree, origin) = (*effective_from, *agree, self.origin.as_str());
            let head = Head { provider, model, source, version, effective_from, agree, origin, own_price };
            let json = serde_json::to_string(&head).unwrap_or_default();
            json.trim_end_matches('}').to_owned()
        })
    }

    /// Whether it holds at `moment`.
    #[must_use]
    pub fn holds_at(&self, moment: Millis) -> bool {
        self.price.effective_from <= moment && self.effective_to.is_none_or(|end| moment < end)
    }
}

impl Deref for BookPrice {
    type Target = Price;
    fn deref(&self) -> &Price {
        &self.price
    }
}

/// The prices of one model, by the moment from which they hold.
#[derive(Debug)]
struct Model {
    provider: String,
    model: String,
    prices: Vec<Arc<BookPrice>>,
}

impl Model {
    fn key(&self) -> (&str, &str) {
        (&self.provider, &self.model)
    }

    /// The one that began last, if it still holds.
    fn at(&self, moment: Millis) -> Option<&Arc<BookPrice>> {
        let begun = self.prices.partition_point(|p| p.effective_from <= moment);
        self.prices.get(begun.checked_sub(1)?).filter(|p| p.holds_at(moment))
    }

    /// As [`Model::at`]; before the first one began, that one, because no list says more.
    fn at_or_first(&self, moment: Millis) -> Option<&Arc<BookPrice>> {
        self.at(moment).or_else(|| self.prices.first())
    }
}

/// Models sorted by provider and name.
#[derive(Debug, Default)]
struct Shelf(Vec<Model>);

impl Shelf {
    fn new(mut prices: Vec<BookPrice>) -> Self {
        // Stable: of two that begin at the same moment the later one stays last, and holds.
        prices.sort_by(|a, b| {
            (&a.provider, &a.model, a.effective_from).cmp(&(&b.provider, &b.model, b.effective_from))
        });
        let mut shelf: Vec<Model> = Vec::new();
        for price in prices {
            match shelf.last_mut().filter(|m| m.key() == (price.provider.as_str(), price.model.as_str())) {
                Some(model) => model.put(price),
                None => shelf.push(Model {
                    provider: price.provider.clone(),
                    model: price.model.clone(),
                    prices: vec![Arc::new(price)],
                }),
            }
        }
        Self(shelf)
    }

    fn get(&self, provider: &str, model: &str) -> Option<&Model> {
        let found = self.0.binary_search_by(|m| m.key().cmp(&(provider, model))).ok()?;
        self.0.get(found)
    }

    fn of_provider(&self, provider: &str) -> &[Model] {
        let from = self.0.partition_point(|m| m.provider.as_str() < provider);
        let to = self.0.partition_point(|m| m.provider.as_str() <= provider);
        self.0.get(from..to).unwrap_or_default()
    }
}

impl Model {
    /// Adds the next price; the one before ends where it begins.
    fn put(&mut self, next: BookPrice) {
        if let Some(before) = self.prices.last_mut().and_then(Arc::get_mut) {
            let end = before.effective_to.map_or(next.effective_from, |end| end.min(next.effective_from));
            before.effective_to = Some(end);
        }
        self.prices.push(Arc::new(next));
    }
}

/// Every price that is known.
#[derive(Debug, Default)]
pub struct PriceBook {
    own: HashMap<Option<TenantId>, Shelf>,
    lists: Arc<Shelf>,
    version: String,
    lists_from: Millis,
}

impl PriceBook {
    /// The book of the built-in list and those approved since, oldest first.
    pub(crate) fn of_lists(approved: Vec<PriceList>) -> Self {
        let builtin = Catalogue::builtin();
        let version = approved.last().map_or_else(|| builtin.version().to_owned(), |l| l.version.clone());
        let from = approved.iter().map(|l| l.effective_from).max();
        let lists_from = from.map_or(builtin.effective_from(), |from| from.max(builtin.effective_from()));
        let listed = builtin.prices().iter().cloned().map(|p| BookPrice::new(p, Origin::Builtin));
        let approved = approved.into_iter().flat_map(|list| {
            let known_since = list.approved_at;
            let new = move |p| BookPrice { known_since, ..BookPrice::new(p, Origin::Approved) };
            list.prices.into_iter().map(new)
        });
        let lists = Arc::new(Shelf::new(listed.chain(approved).collect()));
        Self { own: HashMap::new(), lists, version, lists_from }
    }

    /// The same lists with these own prices.
    pub(crate) fn with_own(&self, own: Vec<OwnPrice>) -> Self {
        let mut shelves: HashMap<Option<TenantId>, Vec<BookPrice>> = HashMap::new();
        for price in own {
            // Withdrawn before it began: it never held.
            if price.effective_to.is_none_or(|end| end > price.effective_from) {
                shelves.entry(price.tenant_id).or_default().push(self.own_price(price));
            }
        }
        let own = shelves.into_iter().map(|(tenant, prices)| (tenant, Shelf::new(prices))).collect();
        Self {
            own,
            lists: Arc::clone(&self.lists),
            version: self.version.clone(),
            lists_from: self.lists_from,
        }
    }

    /// What a model does and how much it reads is what the lists say; what it costs is one's own.
    fn own_price(&self, own: OwnPrice) -> BookPrice {
        let listed = self.listed(&own.provider, &own.model, own.effective_from);
        let (origin, whose) = match own.tenant_id {
            Some(tenant) => (Origin::Tenant(tenant, own.id), "own price of the tenant"),
            None => (Origin::Workspace(own.id), "own price of the workspace"),
        };
        let price = Price {
            mode: listed.map_or_else(|| "chat".to_owned(), |p| p.mode.clone()),
            max_input_tokens: listed.and_then(|p| p.max_input_tokens),
            max_output_tokens: listed.and_then(|p| p.max_output_tokens),
            deprecated_on: listed.and_then(|p| p.deprecated_on),
            provider: own.provider,
            model: own.model,
            rates: own.rates,
            source: whose.to_owned(),
            version: own.version.to_string(),
            effective_from: own.effective_from,
            agree: None,
        };
        let (effective_to, known_since) = (own.effective_to, own.updated_at);
        BookPrice { effective_to, known_since, ..BookPrice::new(price, origin) }
    }

    /// The version of the newest list.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The price of a call of `tenant` to a model at `moment`; `None` where nobody says.
    #[must_use]
    pub fn lookup(
        &self,
        tenant: Option<TenantId>,
        provider: &str,
        model: &str,
        moment: Millis,
    ) -> Option<&Arc<BookPrice>> {
        let named = |model| self.named(tenant, provider, model, moment);
        named(model).or_else(|| plain(provider, model).and_then(named))
    }

    fn named(
        &self,
        tenant: Option<TenantId>,
        provider: &str,
        model: &str,
        moment: Millis,
    ) -> Option<&Arc<BookPrice>> {
        let listed = self.listed(provider, model, moment);
        if self.own.is_empty() {
            return listed;
        }
        let own = |whose| self.own_at(whose, provider, model, listed, moment);
        tenant.and_then(|t| own(Some(t))).or_else(|| own(None)).or(listed)
    }

    /// From when the newest list holds.
    pub(crate) const fn lists_from(&self) -> Millis {
        self.lists_from
    }

    /// What the lists say of a model under that very name.
    pub(crate) fn listed_as(&self, provider: &str, model: &str, moment: Millis) -> Option<&Arc<BookPrice>> {
        self.lists.get(provider, model)?.at_or_first(moment)
    }

    /// Every listed model, as provider and name.
    pub(crate) fn listed_models(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lists.0.iter().map(Model::key)
    }

    /// What the lists say, whatever one's own prices are.
    pub(crate) fn listed(&self, provider: &str, model: &str, moment: Millis) -> Option<&Arc<BookPrice>> {
        if let Some(found) = self.lists.get(provider, model) {
            return found.at_or_first(moment);
        }
        // A dated release costs what its model costs, as long as no listed release of it costs anything else.
        let base = undated(model)?;
        let price = self.lists.get(provider, base)?.at_or_first(moment)?;
        let releases = self.lists.of_provider(provider).iter().filter(|m| undated(&m.model) == Some(base));
        let unanimous = releases.filter_map(|m| m.at_or_first(moment)).all(|p| p.rates == price.rates);
        unanimous.then_some(price)
    }

    /// What the lists say of a model of that name at another provider.
    pub(crate) fn elsewhere(&self, model: &str, moment: Millis) -> Option<&Arc<BookPrice>> {
        let named = |m: &&Model| m.model == model || m.model.rsplit('/').next() == Some(model);
        self.lists.0.iter().find(named)?.at_or_first(moment)
    }

    /// An own price of that very name; one of the model it is a dated release of, as long as the lists know no difference.
    fn own_at(
        &self,
        whose: Option<TenantId>,
        provider: &str,
        model: &str,
        listed: Option<&Arc<BookPrice>>,
        moment: Millis,
    ) -> Option<&Arc<BookPrice>> {
        let shelf = self.own.get(&whose)?;
        if let Some(found) = shelf.get(provider, model).and_then(|m| m.at(moment)) {
            return Some(found);
        }
        let base = undated(model)?;
        let found = shelf.get(provider, base)?.at(moment)?;
        let of_base = self.listed(provider, base, moment);
        let same = listed.is_none_or(|release| of_base.is_some_and(|b| b.rates == release.rates));
        same.then_some(found)
    }

    /// Every price of a model that ever held or will, newest first: own ones of everybody, then the lists'.
    #[must_use]
    pub fn history(&self, provider: &str, model: &str) -> Vec<Arc<BookPrice>> {
        let own = self.own.values().filter_map(|shelf| shelf.get(provider, model));
        let all = own.chain(self.lists.get(provider, model));
        let mut prices: Vec<_> = all.flat_map(|m| m.prices.iter().cloned()).collect();
        prices.sort_by_key(|p| std::cmp::Reverse(p.effective_from));
        prices
    }

    /// The models of a provider that can be called and have a price.
    pub(crate) fn callable(&self, tenant: TenantId, provider: &str, moment: Millis) -> Vec<&str> {
        let models = self.models(Some(tenant)).into_iter().filter(|(of, _)| *of == provider);
        let priced = |model: &&str| {
            let price = self.lookup(Some(tenant), provider, model, moment);
            price.is_some_and(|p| CALLABLE.contains(&p.mode.as_str()))
        };
        models.map(|(_, model)| model).filter(priced).collect()
    }

    /// Every model with a price, as provider and name: the lists', the workspace's own, those of `tenant`.
    #[must_use]
    pub fn models(&self, tenant: Option<TenantId>) -> Vec<(&str, &str)> {
        let own = [None, tenant].into_iter().filter_map(|whose| self.own.get(&whose));
        let shelves = own.chain([&*self.lists]);
        let mut models: Vec<_> = shelves.flat_map(|shelf| shelf.0.iter().map(Model::key)).collect();
        models.sort_unstable();
        models.dedup();
        models
    }
}

/// `openai/gpt-4o` at OpenAI is `gpt-4o`, unless a list has it under the longer name.
fn plain<'m>(provider: &str, model: &'m str) -> Option<&'m str> {
    model.strip_prefix(provider)?.strip_prefix('/')
}

#[cfg(test)]
mod tests;
