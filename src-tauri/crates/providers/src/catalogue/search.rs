//! Looking through the list, page by page.

use super::{Catalogue, key};
use reeve_core::price::Price;

/// What to look for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Search<'a> {
    /// Part of a model's or provider's name, whatever its case; empty finds all.
    pub query: &'a str,
    /// Only this provider.
    pub provider: Option<&'a str>,
    /// Start behind this entry: [`Page::next`] of the page before.
    pub after: Option<&'a str>,
    /// The most entries of a page; at least one is returned where there is one.
    pub limit: usize,
}

/// A page of prices.
#[derive(Debug)]
pub struct Page<'a> {
    /// Its entries, by provider and model.
    pub items: Vec<&'a Price>,
    /// Where the next page starts; `None` on the last.
    pub next: Option<String>,
}

impl Catalogue {
    /// The prices that fit, by provider and model.
    #[must_use]
    pub fn search(&self, search: &Search<'_>) -> Page<'_> {
        // No provider's id has a slash, so the first one parts the two.
        let from = search
            .after
            .map(|cursor| cursor.split_once('/').unwrap_or((cursor, "")))
            .map_or(0, |after| self.prices.partition_point(|p| key(p) <= after));
        let query = search.query.trim().to_lowercase();
        let fits = |p: &&Price| {
            search.provider.is_none_or(|only| p.provider == only)
                && (p.model.to_lowercase().contains(&query) || p.provider.contains(&query))
        };
        let limit = search.limit.max(1);
        let mut items: Vec<_> = self.prices.iter().skip(from).filter(fits).take(limit + 1).collect();
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|p| format!("{}/{}", p.provider, p.model));
        Page { items, next }
    }
}
