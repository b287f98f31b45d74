//! The price list that comes with Reeve, and the providers it knows how to reach.

mod line;
mod provider;
mod search;
mod tiers;

pub use line::{CatalogueError, LineError};
pub use provider::{Provider, openai_folder, providers};
pub use search::{Page, Search};
pub use tiers::tiers;

use reeve_core::price::Price;
use reeve_core::time::Millis;
use std::sync::LazyLock;

static BUILTIN: LazyLock<Catalogue> = LazyLock::new(|| {
    Catalogue::parse(include_str!("../data/prices.jsonl")).unwrap_or_else(|error| {
        // A list that does not parse prices nothing: every call is then unpriced, which is refused, not free.
        tracing::error!(%error, "the built-in price list does not parse");
        Catalogue::default()
    })
});

/// A list of prices, sorted by provider and model.
#[derive(Debug, Default)]
pub struct Catalogue {
    version: String,
    effective_from: Millis,
    prices: Vec<Price>,
}

/// A price and the name it stands under.
#[derive(Debug, Clone, Copy)]
pub struct Match<'a> {
    /// What it costs; `price.model` is the model that was matched.
    pub price: &'a Price,
    /// Whether the list has the model under the very name asked for. Otherwise the name was a dated release of it.
    pub exact: bool,
}

impl Catalogue {
    /// The list that comes with this version of Reeve. The first call parses it (a few milliseconds).
    #[must_use]
    pub fn builtin() -> &'static Self {
        &BUILTIN
    }

    /// Reads a list: a header line and one JSON object a line.
    ///
    /// # Errors
    /// [`CatalogueError`] names the first line that is not understood completely; nothing is dropped.
    pub fn parse(text: &str) -> Result<Self, CatalogueError> {
        line::parse(text)
    }

    fn new(version: String, effective_from: Millis, mut prices: Vec<Price>) -> Self {
        prices.sort_by(|a, b| key(a).cmp(&key(b)));
        Self { version, effective_from, prices }
    }

    /// The version of the list, such as `2026-10`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// From when its prices hold.
    #[must_use]
    pub fn effective_from(&self) -> Millis {
        self.effective_from
    }

    /// Every price, sorted by provider and model.
    #[must_use]
    pub fn prices(&self) -> &[Price] {
        &self.prices
    }

    /// How many models of `provider` have a price.
    #[must_use]
    pub fn count(&self, provider: &str) -> usize {
        self.of_provider(provider).len()
    }

    /// The price of a model: the entry of that name, else that of the model it is a dated release of.
    ///
    /// A dated name (`-2026-03-05`, `-20260305`, `@20260305`) is taken for its base only where the list has the base and no
    /// listed release of it costs anything else. Nothing further is guessed: a name off by a letter has no price.
    #[must_use]
    pub fn lookup(&self, provider: &str, model: &str) -> Option<Match<'_>> {
        if let Some(price) = self.exact(provider, model) {
            return Some(Match { price, exact: true });
        }
        let base = undated(model)?;
        let price = self.exact(provider, base)?;
        let unanimous = self
            .of_provider(provider)
            .iter()
            .filter(|p| undated(&p.model) == Some(base))
            .all(|p| p.rates == price.rates);
        unanimous.then_some(Match { price, exact: false })
    }

    fn exact(&self, provider: &str, model: &str) -> Option<&Price> {
        let found = self.prices.binary_search_by(|p| key(p).cmp(&(provider, model))).ok()?;
        self.prices.get(found)
    }

    fn of_provider(&self, provider: &str) -> &[Price] {
        let from = self.prices.partition_point(|p| p.provider.as_str() < provider);
        let to = self.prices.partition_point(|p| p.provider.as_str() <= provider);
        self.prices.get(from..to).unwrap_or_default()
    }
}

fn key(price: &Price) -> (&str, &str) {
    (&price.provider, &price.model)
}

/// The name without the date of a release, if it ends in one.
#[must_use]
pub fn undated(model: &str) -> Option<&str> {
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let is_date = |text: &str| match text.len() {
        8 => digits(text),
        10 => {
            let mut parts = text.split('-');
            let sizes = [4, 2, 2].map(|n| parts.next().is_some_and(|p| p.len() == n && digits(p)));
            sizes == [true; 3]
        }
        _ => false,
    };
    [11, 9].into_iter().find_map(|tail| {
        let cut = model.len().checked_sub(tail).filter(|c| *c > 0 && model.is_char_boundary(*c))?;
        let (base, date) = model.split_at(cut);
        (date.starts_with(['-', '@']) && is_date(&date[1..])).then_some(base)
    })
}

#[cfg(test)]
mod tests;
