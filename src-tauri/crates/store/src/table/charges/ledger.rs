//! Charges against the usage ledger, and the sums against the charges: a row says what its entry says, or somebody changed it.

use super::{Charge, columns, from_row};
use crate::error::StoreError;
use crate::log::Stream;
use crate::reader::Read;
use crate::table::usage_facets::UsageFacet;
use crate::table::usage_slots::{Sums, UsageSlot};
use reeve_core::id::{ApiKeyId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_ledger::Leaf;
use rusqlite::params;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

const INDEX: i64 = 0xffff_ffff_ffff;

/// What was counted, to be compared with what is stored.
#[derive(Default)]
struct Counted {
    slots: HashMap<(i64, TenantId, String, String, Option<ApiKeyId>), Sums>,
    // Costs alone: budgets are measured by them, and of calls from before there were such sums nothing else was noted.
    facets: HashMap<(&'static str, String, i64, TenantId), NanoUsd>,
}

impl Read<'_> {
    /// Holds every charge against its entry in the usage ledger, and the stored sums against the charges: what does not fit
    /// first, in a sentence. Reads both tables once, from one end to the other.
    ///
    /// # Errors
    /// [`StoreError::Sqlite`].
    pub fn charge_fault(&self) -> Result<Option<String>, StoreError> {
        let mut counted = Counted::default();
        match self.against_entries(&mut counted)? {
            Some(fault) => Ok(Some(fault)),
            None => self.against_sums(counted),
        }
    }

    fn against_entries(&self, counted: &mut Counted) -> Result<Option<String>, StoreError> {
        let stream = Stream::Usage;
        let mut entries = self
            .conn
            .prepare_cached("SELECT id, leaf FROM entries WHERE id >= ?1 AND id < ?2 ORDER BY id")?;
        let kept = self.entries().head(stream)?.min_index;
        let mut entries = entries.query(params![stream.entry_id(kept), stream.entry_id(1 << 47)])?;
        let sql = const_str::concat!(columns!("SELECT seq"), ", price_seq FROM charges ORDER BY seq");
        let mut rows = self.conn.prepare_cached(sql)?;
        let mut rows = rows.query_map([], |r| Ok((from_row(r)?, r.get::<_, Option<i64>>("price_seq")?)))?;
        let mut prices = self.conn.prepare_cached("SELECT price FROM applied_prices WHERE seq = ?1")?;
        let tenants: HashSet<String> = self.tenants().all()?.into_iter().map(|t| t.id.to_string()).collect();
        let mut next = rows.next().transpose()?;
        // Charges outlive entries that are pruned: there is nothing any more to hold them against but the sums.
        while let Some((charge, _)) = next.take_if(|(charge, _)| charge.seq < kept) {
            counted.add(&charge);
            next = rows.next().transpose()?;
        }
        while let Some(entry) = entries.next()? {
            let n = entry.get::<_, i64>("id")? & INDEX;
            let bytes: Vec<u8> = entry.get("leaf")?;
            // What is no entry at all, the verification of the stream says.
            let Ok(leaf) = Leaf::parse(&bytes) else { continue };
            if leaf.kind == "price.apply" {
                let price: Option<String> = prices.query_map([n], |r| r.get("price"))?.next().transpose()?;
                let told = price.and_then(|p| serde_json::from_str::<Value>(&p).ok());
                if told.as_ref() != leaf.x.get("price") {
                    return Ok(Some(format!(
                        "The price that entry {n} of the usage ledger tells is stored differently."
                    )));
                }
            }
            let Some(id) = leaf.x.get("charge").and_then(Value::as_str) else { continue };
            match next.take() {
                Some((charge, price)) if crate::sql::signed(charge.seq) == n => {
                    if let Some(fact) = false_fact(&leaf, &charge, price) {
                        return Ok(Some(format!(
                            "The charge of entry {n} of the usage ledger has another {fact} than the entry."
                        )));
                    }
                    counted.add(&charge);
                    next = rows.next().transpose()?;
                }
                // The sample's charges go with its tenants when it is removed; their entries stay.
                other
                    if !tenants
                        .contains(leaf.x.get("tenant").and_then(Value::as_str).unwrap_or_default()) =>
                {
                    next = other;
                }
                _ => {
                    return Ok(Some(format!("The charge {id} of entry {n} of the usage ledger is missing.")));
                }
            }
        }
        Ok(next.map(|(charge, _)| format!("The charge {} has no entry in the usage ledger.", charge.id)))
    }

    fn against_sums(&self, mut counted: Counted) -> Result<Option<String>, StoreError> {
        let mut fault = None;
        self.usage_slots().visit_all(|s| {
            let key = (s.slot, s.tenant_id, s.provider, s.model, s.api_key_id);
            if counted.slots.remove(&key).unwrap_or_default() != s.sums {
                fault.get_or_insert("The stored sums of usage are not those of the charges.");
            }
        })?;
        self.usage_facets().visit_all(|f| {
            let key = (f.facet.as_str(), f.value, f.slot, f.tenant_id);
            if counted.facets.remove(&key).unwrap_or_default() != f.sums.cost {
                fault.get_or_insert(
                    "The stored sums of users, tags, keys and operations are not those of the charges.",
                );
            }
        })?;
        let slots = counted.slots.values().any(|sums| *sums != Sums::default());
        if slots || counted.facets.values().any(|cost| *cost != NanoUsd::ZERO) {
            fault.get_or_insert("Stored sums of usage are missing.");
        }
        Ok(fault.map(str::to_owned))
    }
}

impl Counted {
    fn add(&mut self, charge: &Charge) {
        let UsageSlot { slot, tenant_id, provider, model, api_key_id, sums } = UsageSlot::of(charge);
        self.slots.entry((slot, tenant_id, provider, model, api_key_id)).or_default().add(&sums);
        for UsageFacet { facet, value, slot, tenant_id, sums } in UsageFacet::of(charge) {
            *self.facets.entry((facet.as_str(), value, slot, tenant_id)).or_default() += sums.cost;
        }
    }
}

/// The first fact of a charge that its entry tells differently.
fn false_fact(leaf: &Leaf, charge: &Charge, price: Option<i64>) -> Option<&'static str> {
    let text = |key: &str| leaf.x.get(key).and_then(Value::as_str);
    let number = |key: &str| leaf.x.get(key).and_then(Value::as_i64);
    let usd = |amount: Option<NanoUsd>| amount.map(|a| a.to_string());
    let key = charge.api_key_id.map(|k| k.to_string());
    let by_key = leaf.who.starts_with("key_").then_some(leaf.who.as_str());
    // An older entry tells less: what it does not tell is not compared.
    let same = |key: &str, own: &str| text(key).is_none_or(|told| told == own);
    let usage = serde_json::to_value(&charge.usage).ok();
    let (provider, model) = (charge.provider.as_str(), charge.model.as_str());
    let of_model = leaf.on.strip_prefix("model:").map(|on| on.split_once('/') == Some((provider, model)));
    let facts = [
        ("id", text("charge") == Some(charge.id.to_string().as_str())),
        ("tenant", text("tenant") == Some(charge.tenant_id.to_string().as_str())),
        ("time", number("time").is_none_or(|told| told == charge.time.0)),
        ("operation", same("operation", &charge.operation)),
        ("source", same("source", &charge.source)),
        ("outcome", same("end", &charge.outcome)),
        ("pricing", same("pricing", &charge.pricing)),
        ("usage", leaf.x.get("usage").is_none_or(|told| Some(told) == usage.as_ref())),
        ("cost", text("cost_usd") == usd(charge.cost).as_deref()),
        ("reservation", text("reserved_usd") == usd(charge.trail.reserved).as_deref()),
        ("provider key", text("credential") == charge.credential_id.map(|c| c.to_string()).as_deref()),
        ("reason", text("flag") == charge.unpriced_reason.as_deref()),
        ("price", leaf.x.get("price").is_some_and(Value::is_object) || number("price") == price),
        ("status", number("status") == charge.status.map(i64::from)),
        ("latency", number("latency_ms") == charge.latency_ms),
        ("first byte", number("first_byte_ms") == charge.first_byte_ms),
        ("API key", by_key.is_none() || by_key == key.as_deref()),
        ("trace", leaf.kind != "charge.settle" || text("trace") == charge.trace_id.as_deref()),
        ("model", of_model.unwrap_or(true)),
    ];
    facts.into_iter().find_map(|(name, fits)| (!fits).then_some(name))
}
