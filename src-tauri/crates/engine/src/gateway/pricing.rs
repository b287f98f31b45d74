//! Which price a call is charged at.

use super::{Billing, Call};
use crate::Engine;
use crate::error::{Code, Error};
use parking_lot::RwLock;
use reeve_core::money::NanoUsd;
use reeve_core::price::{Cost, Price, UnpricedReason};
use reeve_core::time::Millis;
use reeve_core::usage::{Unit, Usage};
use reeve_providers::catalogue::Catalogue;
use serde::Serialize;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

/// The price of a call, and whether it is the workspace's ceiling for want of a listed one.
#[derive(Clone, Debug)]
pub(crate) struct Pricing {
    /// The price.
    pub(crate) price: Cow<'static, Price>,
    /// Whether it is the ceiling.
    pub(crate) ceiling: bool,
}

/// What is kept of a price beside a charge, but for the lines.
#[derive(Serialize)]
struct Head<'a> {
    provider: &'a str,
    model: &'a str,
    source: &'a str,
    version: &'a str,
    effective_from: Millis,
    agree: Option<bool>,
}

/// Heads of listed prices by their address: the list never moves, and a head says the same for every charge.
static HEADS: LazyLock<RwLock<HashMap<usize, Arc<str>>>> = LazyLock::new(RwLock::default);

fn head(price: &Price) -> String {
    let Price { provider, model, source, version, effective_from, agree, .. } = price;
    let (effective_from, agree) = (*effective_from, *agree);
    serde_json::to_string(&Head { provider, model, source, version, effective_from, agree })
        .unwrap_or_default()
}

fn listed_head(price: &'static Price) -> Arc<str> {
    let address = std::ptr::from_ref(price) as usize;
    if let Some(known) = HEADS.read().get(&address) {
        return Arc::clone(known);
    }
    let made: Arc<str> = head(price).into();
    Arc::clone(HEADS.write().entry(address).or_insert(made))
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

    /// The most a call may cost that generates `output` tokens in all.
    pub(crate) fn worst_case(&self, call: &Call, output: u64) -> Result<NanoUsd, UnpricedReason> {
        if call.others.is_empty() && call.billing == Billing::Tokens {
            return self.price.worst_case(call.input_tokens, output);
        }
        let lists = |units: &[Unit]| self.price.rates.iter().any(|r| units.contains(&r.unit));
        let by_price = call.billing == Billing::ByPrice;
        let if_listed = |tokens: u64, units: &[Unit]| if by_price && !lists(units) { 0 } else { tokens };
        let input = if_listed(call.input_tokens, &Unit::INPUT_TOKENS);
        let output = if_listed(output, &Unit::OUTPUT_TOKENS);
        let mut others = Usage::new();
        let billed = call.others.iter().filter(|(unit, _)| !by_price || lists(&[*unit]));
        billed.for_each(|(unit, quantity)| others.add(unit, quantity));
        if (input, output) == (0, 0) {
            return if others.is_empty() { Err(UnpricedReason::MissingRate) } else { self.dearest(&others) };
        }
        let beside = if others.is_empty() { NanoUsd::ZERO } else { self.dearest(&others)? };
        Ok(self.price.worst_case(input, output)? + beside)
    }

    /// The most that units other than tokens may cost, over all tiers.
    fn dearest(&self, others: &Usage) -> Result<NanoUsd, UnpricedReason> {
        let mut pico: u128 = 0;
        for (unit, quantity) in others.iter() {
            let rates = self.price.rates.iter().filter(|r| r.unit == unit);
            let rate = rates.map(|r| r.pico_usd).max().ok_or(UnpricedReason::MissingRate)?;
            pico = pico.saturating_add(u128::from(quantity) * u128::from(rate));
        }
        let free = self.price.rates.iter().all(|r| r.pico_usd == 0);
        if pico == 0 && !free { Err(UnpricedReason::MissingRate) } else { Ok(NanoUsd::from_pico(pico)) }
    }

    /// What an explanation needs later, as JSON: the price may have changed by then.
    pub(crate) fn snapshot(&self, cost: &Cost) -> String {
        let head = match self.price {
            Cow::Borrowed(price) => listed_head(price),
            Cow::Owned(ref price) => head(price).into(),
        };
        let lines = serde_json::to_string(&cost.lines).unwrap_or_default();
        format!("{},\"lines\":{lines}}}", head.trim_end_matches('}'))
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
