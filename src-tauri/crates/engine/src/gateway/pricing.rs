//! Which price a call is charged at.

use super::{Billing, Call};
use crate::Engine;
use crate::error::{Code, Error};
use crate::prices::book::{BookPrice, Origin};
use reeve_core::id::TenantId;
use reeve_core::money::NanoUsd;
use reeve_core::price::{Bounds, Cost, CostLine, Price, UnpricedReason};
use reeve_core::time::Millis;
use reeve_core::usage::{Unit, Usage};
use reeve_providers::catalogue::{Catalogue, tiers};
use std::sync::Arc;

/// The price of a call, and whether it is the workspace's ceiling for want of a listed one.
#[derive(Clone, Debug)]
pub(crate) struct Pricing {
    /// The price.
    pub(crate) price: Arc<BookPrice>,
    /// Whether it is the ceiling.
    pub(crate) ceiling: bool,
}

impl Pricing {
    /// At a price of the book.
    pub(crate) const fn at(price: Arc<BookPrice>) -> Self {
        Self { price, ceiling: false }
    }

    /// The word in the store and on the wire.
    pub(crate) const fn word(&self) -> &'static str {
        if self.ceiling { "ceiling" } else { "priced" }
    }

    /// What `usage` costs.
    pub(crate) fn cost(&self, usage: &Usage, tier: Option<&str>) -> Result<Cost, UnpricedReason> {
        self.price.cost(&self.price.charged(usage), tier)
    }

    /// The most a call may cost that generates `output` tokens in all, at the service tier it asked for. The call itself
    /// counts too, where the price says what one costs.
    pub(crate) fn worst_case(&self, call: &Call, output: u64) -> Result<NanoUsd, UnpricedReason> {
        let lists = |units: &[Unit]| self.price.rates.iter().any(|r| units.contains(&r.unit));
        let by_price = call.billing == Billing::ByPrice;
        let if_listed = |tokens: u64, units: &[Unit]| if by_price && !lists(units) { 0 } else { tokens };
        let billed = call.others.iter().filter(|(unit, _)| !by_price || lists(&[*unit]));
        let others = billed.fold(Usage::new(), |others, (unit, quantity)| others.with(unit, quantity));
        let bounds = Bounds {
            input_tokens: if_listed(call.input_tokens, &Unit::INPUT_TOKENS),
            output_tokens: if_listed(output, &Unit::OUTPUT_TOKENS),
            kinds: call.kinds,
            tiers: tiers(&self.price.provider, call.service_tier.as_deref()),
            others,
        };
        if by_price && (bounds.input_tokens, bounds.output_tokens) == (0, 0) && bounds.others.is_empty() {
            return Err(UnpricedReason::MissingRate);
        }
        let request = u64::from(bounds.others.get(Unit::Request) == 0);
        let others = bounds.others.clone().with(Unit::Request, request);
        self.price.table().worst_case(&Bounds { others, ..bounds })
    }

    /// What a cost was computed with, as JSON, the same for all that were computed with the same: where the price is from
    /// and the rates that applied.
    pub(crate) fn applied(&self, cost: &Cost, tier: Option<&str>) -> String {
        let rates: Vec<_> = cost.lines.iter().map(CostLine::rate).collect();
        let rates = serde_json::to_string(&rates).unwrap_or_default();
        let head = self.price.head();
        let listed = |tier: &&str| self.price.rates.iter().any(|r| r.tier.as_deref() == Some(*tier));
        match tier.filter(listed).and_then(|tier| serde_json::to_string(tier).ok()) {
            Some(tier) => format!("{head},\"tier\":{tier},\"rates\":{rates}}}"),
            None => format!("{head},\"rates\":{rates}}}"),
        }
    }
}

impl Engine {
    /// Whether calls for a model have a price now, of a tenant or of the workspace, if only the ceiling.
    pub(crate) fn is_priced(&self, tenant: Option<TenantId>, provider: &str, model: &str) -> bool {
        let listed = self.inner.prices.book().lookup(tenant, provider, model, self.now()).is_some();
        listed || self.inner.settings.ceiling().is_some()
    }

    /// The price of a tenant's call at a moment, or the workspace's ceiling where it lets unpriced models through.
    pub(crate) fn pricing(
        &self,
        tenant: TenantId,
        provider: &str,
        model: &str,
        at: Millis,
    ) -> Result<Pricing, Error> {
        if let Some(price) = self.inner.prices.book().lookup(Some(tenant), provider, model, at) {
            return Ok(Pricing::at(Arc::clone(price)));
        }
        let Some((input, output)) = self.inner.settings.ceiling() else {
            return Err(Error::new(
                Code::NotFound,
                format!(
                    "The model \"{model}\" of {provider} has no price, and this workspace refuses what it cannot price. \
                     Check the spelling, enter a price under Prices, or allow a ceiling rate under Settings."
                ),
            ));
        };
        let since = Catalogue::builtin().effective_from();
        let price = BookPrice::new(Price::ceiling(provider, model, input, output, since), Origin::Ceiling);
        Ok(Pricing { price: Arc::new(price), ceiling: true })
    }
}
