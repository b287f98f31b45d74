//! Which price a call is charged at.

use crate::Engine;
use crate::error::{Code, Error};
use reeve_core::price::{Cost, CostLine, Price, UnpricedReason};
use reeve_core::time::Millis;
use reeve_core::usage::Usage;
use reeve_providers::catalogue::Catalogue;
use serde::Serialize;
use std::borrow::Cow;

/// The price of a call, and whether it is the workspace's ceiling for want of a listed one.
#[derive(Clone, Debug)]
pub(crate) struct Pricing {
    /// The price.
    pub(crate) price: Cow<'static, Price>,
    /// Whether it is the ceiling.
    pub(crate) ceiling: bool,
}

/// What is kept of a price beside a charge.
#[derive(Serialize)]
struct Snapshot<'a> {
    provider: &'a str,
    model: &'a str,
    source: &'a str,
    version: &'a str,
    effective_from: Millis,
    agree: Option<bool>,
    lines: &'a [CostLine],
}

impl Pricing {
    /// The word in the store and on the wire.
    pub(crate) const fn word(&self) -> &'static str {
        if self.ceiling { "ceiling" } else { "priced" }
    }

    /// What `usage` costs.
    pub(crate) fn cost(&self, usage: &Usage, tier: Option<&str>) -> Result<Cost, UnpricedReason> {
        self.price.cost(usage, tier)
    }

    /// What an explanation needs later, as JSON: the price may have changed by then.
    pub(crate) fn snapshot(&self, cost: &Cost) -> String {
        let Price { provider, model, source, version, effective_from, agree, .. } = &*self.price;
        let snapshot = Snapshot {
            provider,
            model,
            source,
            version,
            effective_from: *effective_from,
            agree: *agree,
            lines: &cost.lines,
        };
        serde_json::to_string(&snapshot).unwrap_or_default()
    }
}

impl Engine {
    /// The listed price of a model, or the workspace's ceiling where it lets unpriced models through.
    pub(crate) fn pricing(&self, provider: &str, model: &str) -> Result<Pricing, Error> {
        let catalogue: &'static Catalogue = Catalogue::builtin();
        if let Some(found) = catalogue.lookup(provider, model) {
            return Ok(Pricing { price: Cow::Borrowed(found.price), ceiling: false });
        }
        let Some((input, output)) = self.inner.settings.ceiling() else {
            return Err(Error::new(
                Code::NotFound,
                format!(
                    "The model \"{model}\" of {provider} has no price, and this workspace refuses what it cannot price. \
                     Check the spelling, or allow a ceiling rate under Settings."
                ),
            ));
        };
        let price = Price::ceiling(provider, model, input, output, catalogue.effective_from());
        Ok(Pricing { price: Cow::Owned(price), ceiling: true })
    }
}
