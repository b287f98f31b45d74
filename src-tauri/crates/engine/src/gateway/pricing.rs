//! Which price a call is charged at.

use crate::Engine;
use crate::error::{Code, Error};
use reeve_core::price::{Cost, Price, UnpricedReason};
use reeve_core::usage::Usage;
use reeve_providers::catalogue::Catalogue;
use std::borrow::Cow;

/// The price of a call, and whether it is the workspace's ceiling for want of a listed one.
#[derive(Clone, Debug)]
pub(crate) struct Pricing {
    /// The price.
    pub(crate) price: Cow<'static, Price>,
    /// Whether it is the ceiling.
    pub(crate) ceiling: bool,
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
        serde_json::json!({
            "provider": self.price.provider, "model": self.price.model, "source": self.price.source, "version": self.price.version,
            "effective_from": self.price.effective_from, "agree": self.price.agree, "lines": cost.lines,
        })
        .to_string()
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
