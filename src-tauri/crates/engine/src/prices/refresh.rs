//! Taking over a price list from a file: what would change, and the one act that approves it. The lists before it stay in
//! the history.

mod diff;
mod sheet;

pub use diff::{Diff, ListChange, RateChange, What};

use super::own::{ToRerate, doubt, to_confirm};
use crate::Engine;
use crate::cx::Cx;
use crate::engine::blocking;
use crate::entry::Severity;
use crate::error::{Code, Error};
use crate::import::Source;
use reeve_core::grant::Visible;
use reeve_core::id::PriceListId;
use reeve_core::permission::Permission;
use reeve_core::price::{Price, departures};
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_providers::catalogue::Catalogue;
pub use reeve_store::table::price_lists::PriceList;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::io::Read;

/// Bytes of a list at most.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// A list to be taken over.
#[derive(Debug)]
pub struct RefreshPrices {
    /// Name of the file, for the audit trail.
    pub name: String,
    /// The list: JSON lines as Reeve's own, or a sheet (CSV).
    pub source: Source,
    /// From when its prices hold, for a sheet; now if absent.
    pub effective_from: Option<Millis>,
    /// Only look.
    pub preview: bool,
    /// SHA-256 of the file that was looked at: another one is not approved in its place.
    pub digest: Option<String>,
    /// Rates far from what the list says now are meant.
    pub confirm: bool,
}

/// What a list changes.
#[derive(Clone, Debug)]
pub struct Refreshed {
    /// Id, once approved.
    pub id: Option<PriceListId>,
    /// Version of the list.
    pub version: String,
    /// From when its prices hold.
    pub effective_from: Millis,
    /// SHA-256 of the file, in hexadecimal.
    pub digest: String,
    /// Models of the list.
    pub models: usize,
    /// Against the lists in force.
    pub diff: Diff,
    /// Charges made since its prices hold; only once approved.
    pub to_rerate: Option<ToRerate>,
}

/// A list as it was understood.
pub(crate) struct NewList {
    version: String,
    effective_from: Millis,
    prices: Vec<Price>,
    digest: [u8; 32],
}

impl Engine {
    /// Looks at a price list, or approves it.
    ///
    /// # Errors
    /// If `cx` may not, or a line of the file is wrong: nothing is changed then. Older than the list in force
    /// ([`Code::Conflict`]); with rates more than ten times what the list says now, unless that is confirmed
    /// ([`Code::PreconditionFailed`]).
    pub async fn refresh_prices(&self, cx: &Cx, refresh: RefreshPrices) -> Result<Refreshed, Error> {
        self.require(cx, Permission::PriceWrite).await?;
        let RefreshPrices { name, source, effective_from, preview, digest, confirm } = refresh;
        let name = crate::tenants::name(&name, "name")?;
        let now = self.now();
        let list = blocking(move || read(&source, effective_from.unwrap_or(now))).await??;
        let hex = data_encoding::HEXLOWER.encode(&list.digest);
        if digest.is_some_and(|seen| seen != hex) {
            return Err(Error::new(
                Code::Conflict,
                "The file is not the one that was looked at; look at it again.",
            ));
        }
        let newest = self.newest_list();
        if list.effective_from < newest {
            let message = format!(
                "This list holds from {}; the one in force is newer ({newest}).",
                list.effective_from
            );
            return Err(Error::new(Code::Conflict, message));
        }
        let diff = diff::diff(&self.inner.prices.book(), &list.prices, list.effective_from.max(now));
        let mut refreshed = Refreshed {
            id: None,
            version: list.version.clone(),
            effective_from: list.effective_from,
            digest: hex,
            models: list.prices.len(),
            diff,
            to_rerate: None,
        };
        if !preview {
            let doubts = self.list_doubts(&list);
            if !confirm && !doubts.is_empty() {
                return Err(to_confirm(&doubts));
            }
            self.approve(cx, name, list, &mut refreshed).await?;
        }
        Ok(refreshed)
    }

    /// Every list that was approved, newest first.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn price_lists(&self, cx: &Cx) -> Result<Vec<PriceList>, Error> {
        self.require(cx, Permission::UsageRead).await?;
        let mut lists = self.inner.store.read(|r| Ok::<_, Error>(r.price_lists().all()?)).await?;
        lists.reverse();
        Ok(lists)
    }

    fn newest_list(&self) -> Millis {
        self.inner.prices.book().lists_from()
    }

    /// The first rates that are far from what the lists say now.
    fn list_doubts(&self, list: &NewList) -> Vec<String> {
        let book = self.inner.prices.book();
        let far = list.prices.iter().flat_map(|price| {
            let old = book.listed_as(&price.provider, &price.model, list.effective_from);
            let far = old.map(|old| {
                let doubts = departures(price, old);
                doubts
                    .iter()
                    .map(|d| format!("{}/{} {}", price.provider, price.model, doubt(d, old)))
                    .collect::<Vec<_>>()
            });
            far.unwrap_or_default()
        });
        far.take(20).collect()
    }

    async fn approve(
        &self,
        cx: &Cx,
        name: String,
        list: NewList,
        refreshed: &mut Refreshed,
    ) -> Result<(), Error> {
        let stored = PriceList {
            id: PriceListId(self.inner.ids.next()),
            name,
            version: list.version,
            effective_from: list.effective_from,
            digest: list.digest,
            prices: list.prices,
            approved_at: self.now(),
        };
        let counts = refreshed.diff.counts;
        let draft = self
            .draft(cx, "price.approve", format_args!("price_list:{}", stored.id))
            .name(&stored.name)
            .detail("version", stored.version.as_str())
            .detail("effective_from", stored.effective_from.to_string())
            .detail("sha256", refreshed.digest.as_str())
            .detail("models", stored.prices.len())
            .detail("new", counts.new)
            .detail("changed", counts.changed)
            .detail("not_listed", counts.removed)
            .detail("disputed", counts.disputed)
            .outcome(Outcome::Success, Severity::Notice);
        let id = stored.id;
        let sequence = self.inner.store.write(move |tx| {
            let recorded = draft.record(tx)?;
            recorded.price_lists().insert(&stored)?;
            Ok::<_, Error>(recorded.sequence())
        });
        let sequence = sequence.await?;
        self.load_prices().await?;
        self.told_of(crate::EventKind::Settings, sequence);
        refreshed.id = Some(id);
        refreshed.to_rerate = self.charged_by_changed(refreshed).await?;
        Ok(())
    }

    /// Calls to models whose price changed, since the moment from which the list holds.
    async fn charged_by_changed(&self, refreshed: &Refreshed) -> Result<Option<ToRerate>, Error> {
        let (from, to) = (refreshed.effective_from, self.now());
        if from >= to {
            return Ok(None);
        }
        let changed = refreshed.diff.items.iter().filter(|c| c.what == What::Changed);
        let changed: HashSet<(String, String)> =
            changed.map(|c| (c.provider.clone(), c.model.clone())).collect();
        let count = self.inner.store.read(move |r| {
            let mut calls = 0;
            r.usage_slots().visit(&Visible::All, None, from, to, |slot| {
                if changed.contains(&(slot.provider.clone(), slot.model.clone())) {
                    calls += slot.sums.requests;
                }
            })?;
            Ok::<u64, Error>(calls)
        });
        let calls = count.await?;
        Ok((calls > 0).then_some(ToRerate { from, to, calls }))
    }
}

/// Reads a list: JSON lines where it begins with a brace, else a sheet.
fn read(source: &Source, effective_from: Millis) -> Result<NewList, Error> {
    let text = match source {
        Source::Text(text) => text.clone(),
        Source::Path(path) => {
            let unreadable = |e| crate::import::unreadable(path, e);
            let file = std::fs::File::open(path).map_err(unreadable)?;
            let mut text = String::new();
            file.take(MOST_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
            text
        }
    };
    if text.len() as u64 > MOST_BYTES {
        return Err(Error::new(Code::Invalid, "The file is larger than 16 MiB; this is not a price list."));
    }
    let digest = Sha256::digest(text.as_bytes()).into();
    let text = text.trim_start_matches('\u{feff}');
    let list = if text.trim_start().starts_with('{') {
        let list = Catalogue::parse(text).map_err(|error| {
            let reason = std::error::Error::source(&error).map_or_else(String::new, ToString::to_string);
            Error::field(&format!("line {}", error.line), reason)
        })?;
        let (version, effective_from) = (list.version().to_owned(), list.effective_from());
        NewList { version, effective_from, prices: list.prices().to_vec(), digest }
    } else {
        let version = effective_from.to_string().get(..10).unwrap_or_default().to_owned();
        let prices = sheet::read(text, &version, effective_from)?;
        NewList { version, effective_from, prices, digest }
    };
    if list.prices.is_empty() {
        return Err(Error::new(Code::Invalid, "The file has no prices."));
    }
    Ok(list)
}
