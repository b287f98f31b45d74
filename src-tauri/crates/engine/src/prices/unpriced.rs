//! What was really asked for and has no price, or a disputed one: the list from which somebody enters prices.

use crate::Engine;
use crate::cx::Cx;
use crate::error::Error;
use parking_lot::Mutex;
use reeve_core::grant::Visible;
use reeve_core::id::TenantId;
use reeve_core::money::NanoUsd;
use reeve_core::permission::Permission;
use reeve_core::price::UnpricedReason;
use reeve_core::time::Millis;
use reeve_store::table::unpriced_models::UnpricedModel;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Names gathered between two writes at most: whoever makes names up fills neither memory nor store.
const MOST: usize = 500;
/// How far back disputed prices are looked for.
const DISPUTED_DAYS: u64 = 30;

type Asked = (TenantId, String, String, UnpricedReason);

/// What was asked since the last write.
#[derive(Default)]
pub(crate) struct Pending(Mutex<HashMap<Asked, UnpricedModel>>);

impl Pending {
    fn note(&self, asked: UnpricedModel, reason: UnpricedReason) {
        let key = (asked.tenant_id, asked.provider.clone(), asked.model.clone(), reason);
        let mut pending = self.0.lock();
        if let Some(known) = pending.get_mut(&key) {
            known.refused += asked.refused;
            known.ceiling += asked.ceiling;
            known.cost += asked.cost;
            known.last_at = asked.last_at;
        } else if pending.len() < MOST {
            pending.insert(key, asked);
        }
    }

    fn take(&self) -> Vec<UnpricedModel> {
        self.0.lock().drain().map(|(_, asked)| asked).collect()
    }
}

/// Why a model is on the list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Doubt {
    /// No list names it.
    UnknownModel,
    /// Its price lacks a rate for something that was asked.
    MissingRate,
    /// Two sources contradict each other about it.
    Disputed,
}

impl Doubt {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownModel => "unknown_model",
            Self::MissingRate => "missing_rate",
            Self::Disputed => "disputed",
        }
    }
}

/// A model that was asked for and whose price is in doubt.
#[derive(Clone, Debug)]
pub struct InDoubt {
    /// Provider's catalogue name.
    pub provider: String,
    /// Model, as it was asked for.
    pub model: String,
    /// Why it is here.
    pub doubt: Doubt,
    /// Calls that were refused for it.
    pub refused: u64,
    /// Calls that were charged, at the ceiling or at the disputed price.
    pub charged: u64,
    /// What they were charged.
    pub cost: NanoUsd,
    /// Who asked.
    pub tenants: BTreeSet<TenantId>,
    /// The first and the last time.
    pub span: (Millis, Millis),
}

impl InDoubt {
    fn add(&mut self, asked: &UnpricedModel) {
        self.refused += asked.refused;
        self.charged += asked.ceiling;
        self.cost += asked.cost;
        self.tenants.insert(asked.tenant_id);
        self.span = (self.span.0.min(asked.first_at), self.span.1.max(asked.last_at));
    }
}

type Doubts = BTreeMap<(String, String, Doubt), InDoubt>;

fn entry<'d>(doubts: &'d mut Doubts, provider: &str, model: &str, doubt: Doubt) -> &'d mut InDoubt {
    let key = (provider.to_owned(), model.to_owned(), doubt);
    doubts.entry(key).or_insert_with(|| InDoubt {
        provider: provider.to_owned(),
        model: model.to_owned(),
        doubt,
        refused: 0,
        charged: 0,
        cost: NanoUsd::ZERO,
        tenants: BTreeSet::new(),
        span: (Millis(i64::MAX), Millis(i64::MIN)),
    })
}

impl Engine {
    /// A call was refused because nobody says what it costs.
    pub(crate) fn note_refused(&self, tenant: TenantId, provider: &str, model: &str, why: UnpricedReason) {
        self.note(tenant, provider, model, why, (1, 0, NanoUsd::ZERO));
    }

    /// A call was charged at the ceiling because nobody says what it costs.
    pub(crate) fn note_ceiling(
        &self,
        tenant: TenantId,
        (provider, model): (&str, &str),
        why: UnpricedReason,
        cost: NanoUsd,
    ) {
        self.note(tenant, provider, model, why, (0, 1, cost));
    }

    fn note(
        &self,
        tenant: TenantId,
        provider: &str,
        model: &str,
        why: UnpricedReason,
        (refused, ceiling, cost): (u64, u64, NanoUsd),
    ) {
        let now = self.now();
        let asked = UnpricedModel {
            provider: provider.to_owned(),
            model: model.to_owned(),
            reason: why.as_str().to_owned(),
            tenant_id: tenant,
            refused,
            ceiling,
            cost,
            first_at: now,
            last_at: now,
        };
        self.inner.unpriced.note(asked, why);
    }

    /// Writes down what was asked since the last time.
    pub(crate) async fn flush_unpriced(&self) {
        let asked = self.inner.unpriced.take();
        if asked.is_empty() {
            return;
        }
        let draft =
            self.draft(&Cx::system(), "price.missing", "workspace:prices").detail("models", asked.len());
        let written = self.inner.store.write(move |tx| {
            let recorded = draft.meter(tx)?;
            asked.iter().try_for_each(|one| recorded.unpriced_models().add(one))?;
            recorded.unpriced_models().trim()?;
            Ok::<_, Error>(())
        });
        if let Err(error) = written.await {
            self.inner.keeping.dropped("price.missing");
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "models without a price could not be noted");
        }
    }

    /// Models that were asked for and have no price still, or a disputed one, those asked for last first.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn unpriced_models(&self, cx: &Cx) -> Result<Vec<InDoubt>, Error> {
        self.require(cx, Permission::UsageRead).await?;
        self.flush_unpriced().await;
        let since = self.days_back(DISPUTED_DAYS);
        let (engine, now) = (self.clone(), self.now());
        let doubts = self.inner.store.read(move |r| {
            let mut doubts = Doubts::new();
            for asked in r.unpriced_models().all()? {
                if let Some(doubt) = engine.still_unpriced(&asked, now) {
                    entry(&mut doubts, &asked.provider, &asked.model, doubt).add(&asked);
                }
            }
            let book = engine.inner.prices.book();
            r.usage_slots().visit(&Visible::All, None, since, now.plus(1), |slot| {
                let price = book.lookup(Some(slot.tenant_id), &slot.provider, &slot.model, slot.start());
                if price.is_some_and(|p| p.agree == Some(false)) {
                    let used = UnpricedModel {
                        provider: String::new(),
                        model: String::new(),
                        reason: String::new(),
                        tenant_id: slot.tenant_id,
                        refused: 0,
                        ceiling: slot.sums.requests,
                        cost: slot.sums.cost,
                        first_at: slot.start(),
                        last_at: slot.start(),
                    };
                    entry(&mut doubts, &slot.provider, &slot.model, Doubt::Disputed).add(&used);
                }
            })?;
            Ok::<_, Error>(doubts)
        });
        let mut doubts: Vec<_> = doubts.await?.into_values().collect();
        doubts.sort_by_key(|d| std::cmp::Reverse(d.span.1));
        Ok(doubts)
    }

    /// Why a model has no price still; `None` once somebody gave it one.
    fn still_unpriced(&self, asked: &UnpricedModel, now: Millis) -> Option<Doubt> {
        let book = self.inner.prices.book();
        let price = book.lookup(Some(asked.tenant_id), &asked.provider, &asked.model, now);
        match price {
            None => Some(Doubt::UnknownModel),
            // The price was there, and lacked something: only a change since may have helped.
            Some(price) if asked.reason == UnpricedReason::MissingRate.as_str() => {
                (price.known_since <= asked.last_at).then_some(Doubt::MissingRate)
            }
            Some(_) => None,
        }
    }
}
