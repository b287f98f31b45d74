//! Usage: charges, their sums, and what a charge is made of.

use crate::Engine;
use crate::cx::Cx;
use crate::error::Error;
use chrono::NaiveDate;
use reeve_core::grant::Visible;
use reeve_core::id::{ApiKeyId, ChargeId, CredentialId, OwnPriceId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::period::local_day;
use reeve_core::permission::Permission;
use reeve_core::price::{CostLine, Rate};
use reeve_core::time::Millis;
pub use reeve_store::table::adjustments::Adjustment;
pub use reeve_store::table::charges::{Charge, ChargeFilter};
use reeve_store::table::usage_facets::Facet;
pub use reeve_store::table::usage_slots::Sums;
use std::collections::{BTreeMap, HashMap};

/// By what sums are told apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GroupBy {
    /// Calendar day in the workspace's zone.
    Day,
    /// Model.
    Model,
    /// Tenant.
    Tenant,
    /// Provider.
    Provider,
    /// API key.
    ApiKey,
    /// End user, as callers named them.
    User,
    /// Label; a call counts once for each of its own.
    Tag,
    /// Provider key.
    Credential,
    /// `chat`, `embeddings` …
    Operation,
}

impl GroupBy {
    /// What is summed apart from the slots, because it is not bounded.
    const fn facet(self) -> Option<Facet> {
        match self {
            Self::User => Some(Facet::User),
            Self::Tag => Some(Facet::Tag),
            Self::Credential => Some(Facet::Credential),
            Self::Operation => Some(Facet::Operation),
            Self::Day | Self::Model | Self::Provider | Self::Tenant | Self::ApiKey => None,
        }
    }
}

/// Groups of a facet that are listed, the dearest first.
const MOST_GROUPS: usize = 100;

/// Sums by group.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The groups: days in order, else the dearest first.
    pub groups: Vec<Group>,
    /// The sums of everything, also of what is not listed.
    pub total: Sums,
    /// Whether there are groups that are not listed.
    pub more: bool,
}

/// Sums of one group.
#[derive(Clone, Debug)]
pub struct Group {
    /// Day, model, tenant id or key id.
    pub key: String,
    /// Its name for people.
    pub label: String,
    /// The sums.
    pub sums: Sums,
}

/// What a charge is made of.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The charge.
    pub charge: Charge,
    /// Its lines.
    pub lines: Vec<CostLine>,
    /// The price it was computed with; `None` where it was not priced.
    pub price: Option<ExplainedPrice>,
    /// Charges that correct it, oldest first.
    pub adjustments: Vec<Adjustment>,
    /// What it corrects, where it is a correction itself.
    pub adjusts: Option<Adjustment>,
}

/// The price a charge was computed with, as it was then.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct ExplainedPrice {
    /// Provider.
    pub provider: String,
    /// Model.
    pub model: String,
    /// Where the rates were read.
    pub source: String,
    /// Version of the list.
    pub version: String,
    /// From when they held.
    pub effective_from: Millis,
    /// Whether a second source agreed.
    pub agree: Option<bool>,
    /// Who said so: `tenant`, `workspace`, `approved`, `builtin` or `ceiling`.
    #[serde(default = "of_a_list")]
    pub origin: String,
    /// The own price it was.
    pub own_price: Option<OwnPriceId>,
    /// Service tier it was charged at; the standard one where absent.
    pub tier: Option<String>,
    /// The rates that applied.
    rates: Vec<Rate>,
}

/// A charge with what it is made of, and what corrects it.
pub(crate) fn explained(r: &reeve_store::Read<'_>, charge: Charge) -> Result<Explanation, Error> {
    let price: Option<ExplainedPrice> =
        charge.price.as_deref().and_then(|json| serde_json::from_str(json).ok());
    let (adjustments, adjusts) = (r.adjustments().of_charge(charge.id)?, r.adjustments().get(charge.id)?);
    // A correction used nothing itself: it says what the call it corrects comes to.
    let original = match &adjusts {
        Some(adjusts) => r.charges().get(adjusts.original_id)?,
        None => None,
    };
    let usage = original.as_ref().map_or(&charge.usage, |original| &original.usage);
    let rates = price.iter().flat_map(|price| &price.rates);
    let lines = rates.map(|rate| rate.line(usage)).collect();
    Ok(Explanation { charge, lines, price, adjustments, adjusts })
}

/// Before prices said where they came from there was only the list that came with Reeve.
fn of_a_list() -> String {
    "builtin".to_owned()
}

impl Engine {
    /// Charges that `cx` sees, newest first, with whether there are more.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn charges(
        &self,
        cx: &Cx,
        filter: ChargeFilter,
        limit: usize,
    ) -> Result<(Vec<Charge>, bool), Error> {
        let visible = self.require_visible(cx, Permission::UsageRead).await?;
        let list = move |r: &reeve_store::Read<'_>| r.charges().list(&visible, &filter, limit + 1);
        let mut charges = self.inner.store.read(list).await?;
        let more = charges.len() > limit;
        charges.truncate(limit);
        Ok((charges, more))
    }

    /// A tenant's name, for lists.
    #[must_use]
    pub fn tenant_name(&self, id: TenantId) -> Option<String> {
        self.inner.admission.tenant_name(id)
    }

    /// What a charge is made of: quantity x rate for every unit, and where the rates are from.
    ///
    /// # Errors
    /// If `cx` may not see it, or there is none.
    pub async fn explain_charge(&self, cx: &Cx, id: ChargeId) -> Result<Explanation, Error> {
        let visible = self.require_visible(cx, Permission::UsageRead).await?;
        let read = move |r: &reeve_store::Read<'_>| {
            let charge = r.charges().get(id)?.filter(|charge| visible.shows(Some(charge.tenant_id)));
            explained(r, charge.ok_or_else(|| Error::not_found("usage record"))?)
        };
        self.inner.store.read(read).await
    }

    /// Sums of the charges in `[from, to)` that `cx` sees, by group, and their total.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn usage_summary(
        &self,
        cx: &Cx,
        by: GroupBy,
        tenant: Option<TenantId>,
        from: Millis,
        to: Millis,
    ) -> Result<Summary, Error> {
        let visible = self.require_visible(cx, Permission::UsageRead).await?;
        if by == GroupBy::Credential && visible != Visible::All {
            // Provider keys are the workspace's.
            self.require(cx, Permission::CredentialRead).await?;
        }
        if let Some(facet) = by.facet() {
            return self.facet_summary(visible, facet, tenant, from, to).await;
        }
        let zone = self.zone();
        let groups = self
            .inner
            .store
            .read(move |r| {
                let mut groups: BTreeMap<String, Sums> = BTreeMap::new();
                r.usage_slots().visit(&visible, tenant, from, to, |slot| {
                    let key = match by {
                        GroupBy::Day => local_day(zone, slot.start()).to_string(),
                        GroupBy::Model => slot.model.clone(),
                        GroupBy::Provider => slot.provider.clone(),
                        GroupBy::Tenant => slot.tenant_id.to_string(),
                        _ => slot.api_key_id.map_or_else(String::new, |k| k.to_string()),
                    };
                    groups.entry(key).or_default().add(&slot.sums);
                })?;
                Ok::<_, Error>(groups)
            })
            .await?;
        let mut total = Sums::default();
        groups.values().for_each(|sums| total.add(sums));
        let names = match by {
            GroupBy::ApiKey => self.key_names(groups.keys().filter_map(|k| k.parse().ok()).collect()).await?,
            _ => HashMap::new(),
        };
        let label = |key: &str| match by {
            GroupBy::Tenant => {
                key.parse().ok().and_then(|id| self.tenant_name(id)).unwrap_or_else(|| key.to_owned())
            }
            GroupBy::ApiKey if key.is_empty() => "No key (imported)".to_owned(),
            GroupBy::ApiKey => {
                key.parse().ok().and_then(|id| names.get(&id).cloned()).unwrap_or_else(|| key.to_owned())
            }
            _ => key.to_owned(),
        };
        let mut groups: Vec<_> =
            groups.into_iter().map(|(key, sums)| Group { label: label(&key), key, sums }).collect();
        if by != GroupBy::Day {
            groups.sort_by_key(|g| std::cmp::Reverse(g.sums.cost));
        }
        Ok(Summary { groups, total, more: false })
    }

    async fn facet_summary(
        &self,
        visible: Visible,
        facet: Facet,
        tenant: Option<TenantId>,
        from: Millis,
        to: Millis,
    ) -> Result<Summary, Error> {
        self.inner
            .store
            .read(move |r| {
                let tenant = visible.only_one(tenant);
                let mut dearest =
                    r.usage_facets().dearest(&visible, facet, tenant, from, to, MOST_GROUPS + 1)?;
                let more = dearest.len() > MOST_GROUPS;
                dearest.truncate(MOST_GROUPS);
                let mut groups = Vec::with_capacity(dearest.len());
                for (key, sums) in dearest {
                    let label = match (facet, key.parse::<CredentialId>()) {
                        (Facet::Credential, Ok(id)) => r.credentials().get(id)?.map(|c| c.name),
                        _ => None,
                    };
                    groups.push(Group { label: label.unwrap_or_else(|| key.clone()), key, sums });
                }
                Ok(Summary { groups, total: r.usage_slots().sums(&visible, tenant, from, to)?, more })
            })
            .await
    }

    /// The first moment of the last `days` calendar days, today included, in the workspace's zone.
    #[must_use]
    pub fn days_back(&self, days: u64) -> Millis {
        let first = local_day(self.zone(), self.now()) - chrono::Days::new(days.saturating_sub(1));
        reeve_core::period::start_of(self.zone(), first)
    }

    /// Names of API keys, for lists. Whoever may see that a key was used may see what it is called.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn key_names(&self, ids: Vec<ApiKeyId>) -> Result<HashMap<ApiKeyId, String>, Error> {
        self.inner
            .store
            .read(move |r| {
                let mut names = HashMap::new();
                for id in ids {
                    if let Some(name) = r.api_keys().name(id)? {
                        names.insert(id, name);
                    }
                }
                Ok(names)
            })
            .await
    }

    /// Sums of the days from `first` to `last`, oldest first, without gaps.
    pub(crate) async fn daily_sums(
        &self,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<Vec<(NaiveDate, Sums)>, Error> {
        let zone = self.zone();
        let (from, to) = (
            reeve_core::period::start_of(zone, first),
            reeve_core::period::start_of(zone, last + chrono::Days::new(1)),
        );
        let mut days: BTreeMap<NaiveDate, Sums> =
            first.iter_days().take_while(|d| *d <= last).map(|d| (d, Sums::default())).collect();
        let days = self
            .inner
            .store
            .read(move |r| {
                r.usage_slots().visit(&Visible::All, None, from, to, |slot| {
                    if let Some(sums) = days.get_mut(&local_day(zone, slot.start())) {
                        sums.add(&slot.sums);
                    }
                })?;
                Ok::<_, Error>(days)
            })
            .await?;
        Ok(days.into_iter().collect())
    }

    /// Settled cost and number of all charges: the ledger's side of a reconciliation.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn settled_total(&self, cx: &Cx) -> Result<(NanoUsd, u64), Error> {
        self.require(cx, Permission::UsageRead).await?;
        Ok(self.inner.store.read(|r| r.charges().total()).await?)
    }
}
