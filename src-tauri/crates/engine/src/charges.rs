//! Writing charges: for each its entry and its row, for each slot its sums, and each price once for all that share it.

use crate::Engine;
use crate::cx::Cx;
use crate::entry::Draft;
use crate::error::{Code, Error};
use reeve_store::table::charges::Charge;
use reeve_store::table::usage_facets::UsageFacet;
use reeve_store::table::usage_slots::UsageSlot;
use reeve_store::{Recorded, Tx};
use serde_json::Value;

/// Charges of one transaction.
pub(crate) struct ChargeBatch<'e> {
    engine: &'e Engine,
    /// Prices that are in the ledger, and the entries that tell them.
    prices: Vec<(String, u64)>,
    slots: Vec<UsageSlot>,
    facets: Vec<UsageFacet>,
}

impl<'e> ChargeBatch<'e> {
    pub(crate) fn new(engine: &'e Engine) -> Self {
        Self { engine, prices: Vec::new(), slots: Vec::new(), facets: Vec::new() }
    }

    /// Writes a charge: `draft` with its facts becomes its entry.
    pub(crate) fn write<'c>(
        &mut self,
        tx: &mut Tx<'c>,
        draft: Draft,
        charge: &Charge,
    ) -> Result<Recorded<'c>, Error> {
        let price = charge.price.as_deref().map(|price| self.price(tx, charge, price)).transpose()?;
        let recorded = with_facts(draft, charge, price).into_meter(tx)?;
        recorded.charges().insert_at(recorded.sequence(), charge, price)?;
        gather(&mut self.slots, UsageSlot::of(charge));
        UsageFacet::of(charge).for_each(|facet| gather_facet(&mut self.facets, facet));
        Ok(recorded)
    }

    /// Adds what was written to the sums; `last` is what the last write lent.
    pub(crate) fn sum_up(self, last: &Recorded<'_>) -> Result<(), Error> {
        self.slots.iter().try_for_each(|slot| last.usage_slots().add(slot))?;
        self.facets.iter().try_for_each(|facet| last.usage_facets().add(facet))?;
        Ok(())
    }

    /// The entry that tells a price; written the first time a charge is computed with it.
    fn price(&mut self, tx: &mut Tx<'_>, charge: &Charge, price: &str) -> Result<u64, Error> {
        // Calls of one batch share few prices.
        if let Some((_, seq)) = self.prices.iter().find(|(known, _)| known == price) {
            return Ok(*seq);
        }
        let seq = match tx.read().applied_prices().find(price)? {
            Some(seq) => seq,
            None => self.tell_price(tx, charge, price)?,
        };
        self.prices.push((price.to_owned(), seq));
        Ok(seq)
    }

    fn tell_price(&self, tx: &mut Tx<'_>, charge: &Charge, price: &str) -> Result<u64, Error> {
        let facts: Value = serde_json::from_str(price)
            .map_err(|e| Error::new(Code::Internal, format!("A price cannot be written down: {e}.")))?;
        let resource = format_args!("model:{}/{}", charge.provider, charge.model);
        let draft = self.engine.draft(&Cx::system(), "price.apply", resource).detail("price", facts);
        let recorded = draft.into_meter(tx)?;
        recorded.applied_prices().insert(recorded.sequence(), price)?;
        Ok(recorded.sequence())
    }
}

/// The facts of a charge, so that its row can be computed again from its entry; of the price, which entry tells it.
fn with_facts(draft: Draft, charge: &Charge, price: Option<u64>) -> Draft {
    let mut draft = draft
        .tenant(charge.tenant_id)
        .detail("charge", charge.id.to_string())
        .detail("time", charge.time.0)
        .detail("operation", charge.operation.as_str())
        .detail("source", charge.source.as_str())
        .detail("end", charge.outcome.as_str())
        .detail("pricing", charge.pricing.as_str())
        .detail("usage", serde_json::to_value(&charge.usage).unwrap_or(Value::Null));
    for (key, value) in [("cost_usd", charge.cost), ("reserved_usd", charge.trail.reserved)] {
        if let Some(value) = value {
            draft = draft.detail(key, value.to_string());
        }
    }
    if let Some(credential) = charge.credential_id {
        draft = draft.detail("credential", credential.to_string());
    }
    if let Some(flag) = &charge.unpriced_reason {
        draft = draft.detail("flag", flag.as_str());
    }
    if let Some(price) = price {
        draft = draft.detail("price", price);
    }
    for (key, value) in [
        ("status", charge.status.map(i64::from)),
        ("latency_ms", charge.latency_ms),
        ("first_byte_ms", charge.first_byte_ms),
    ] {
        if let Some(value) = value {
            draft = draft.detail(key, value);
        }
    }
    draft
}

/// Calls of one batch fall into few slots.
fn gather(slots: &mut Vec<UsageSlot>, of_one: UsageSlot) {
    match slots.iter_mut().find(|known| known.is_same_slot(&of_one)) {
        Some(known) => known.sums.add(&of_one.sums),
        None => slots.push(of_one),
    }
}

fn gather_facet(facets: &mut Vec<UsageFacet>, of_one: UsageFacet) {
    match facets.iter_mut().find(|known| known.is_same_slot(&of_one)) {
        Some(known) => known.sums.add(&of_one.sums),
        None => facets.push(of_one),
    }
}
