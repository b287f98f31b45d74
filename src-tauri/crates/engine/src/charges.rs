//! Writing charges: for each its entry and its row, for each slot its sums, and each price once for all that share it.

use crate::Engine;
use crate::cx::Cx;
use crate::entry::Draft;
use crate::error::{Code, Error};
use crate::hot_map::HotMap;
use reeve_core::id::{ApiKeyId, TenantId};
use reeve_store::table::charges::Charge;
use reeve_store::table::usage_facets::{Facet, UsageFacet};
use reeve_store::table::usage_slots::{Sums, UsageSlot};
use reeve_store::{Recorded, Tx};
use serde_json::Value;

/// What is summed in one row of [`UsageSlot`].
type SlotKey = (i64, TenantId, String, String, Option<ApiKeyId>);
/// What is summed in one row of [`UsageFacet`].
type FacetKey = (Facet, String, i64, TenantId);

/// Charges of one transaction.
pub(crate) struct ChargeBatch<'e> {
    engine: &'e Engine,
    /// Prices that are in the ledger, and the entries that tell them.
    prices: Vec<(String, u64)>,
    slots: HotMap<SlotKey, Sums>,
    facets: HotMap<FacetKey, Sums>,
}

impl<'e> ChargeBatch<'e> {
    pub(crate) fn new(engine: &'e Engine) -> Self {
        Self { engine, prices: Vec::new(), slots: HotMap::default(), facets: HotMap::default() }
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
        // Keyed, because an import of a quarter has thousands of slots.
        let UsageSlot { slot, tenant_id, provider, model, api_key_id, sums } = UsageSlot::of(charge);
        self.slots.entry((slot, tenant_id, provider, model, api_key_id)).or_default().add(&sums);
        for UsageFacet { facet, value, slot, tenant_id, sums } in UsageFacet::of(charge) {
            self.facets.entry((facet, value, slot, tenant_id)).or_default().add(&sums);
        }
        Ok(recorded)
    }

    /// Adds what was written to the sums; `last` is what the last write lent.
    pub(crate) fn sum_up(self, last: &Recorded<'_>) -> Result<(), Error> {
        for ((slot, tenant_id, provider, model, api_key_id), sums) in self.slots {
            last.usage_slots().add(&UsageSlot { slot, tenant_id, provider, model, api_key_id, sums })?;
        }
        for ((facet, value, slot, tenant_id), sums) in self.facets {
            last.usage_facets().add(&UsageFacet { facet, value, slot, tenant_id, sums })?;
        }
        Ok(())
    }

    /// The entry that tells a price; written the first time a charge is computed with it.
    fn price(&mut self, tx: &mut Tx<'_>, charge: &Charge, price: &str) -> Result<u64, Error> {
        // Calls of one batch share few prices.
        if let Some((_, seq)) = self.prices.iter().find(|(known, _)| known == price) {
            return Ok(*seq);
        }
        // An entry that was pruned tells nobody any more: the price is told again.
        let kept = tx.read().entries().head(reeve_store::Stream::Usage)?.min_index;
        let seq = match tx.read().applied_prices().find(price)? {
            Some(seq) if seq >= kept => seq,
            _ => self.tell_price(tx, charge, price)?,
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
