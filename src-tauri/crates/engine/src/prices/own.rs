//! Prices of one's own: what a tenant or the whole workspace pays where that is not what the lists say.

use super::book::{Origin, PriceBook};
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Draft;
use crate::error::{Code, Error, FieldError};
use reeve_core::id::{OwnPriceId, TenantId};
use reeve_core::permission::Permission;
use reeve_core::price::{Departure, Price, Rate, departures, per, rate_text, rates_text};
use reeve_core::time::Millis;
use reeve_core::usage::Unit;
use reeve_providers::catalogue::Catalogue;
pub use reeve_store::table::own_prices::OwnPrice;

/// Rates of one price at most.
const MOST_RATES: usize = 100;
/// The longest name of a model.
const MOST_MODEL: usize = 200;

/// A price of one's own to be set.
#[derive(Clone, Debug)]
pub struct SetOwnPrice {
    /// Whose; `None` is the whole workspace.
    pub tenant_id: Option<TenantId>,
    /// Provider's catalogue name.
    pub provider: String,
    /// Model as the provider spells it.
    pub model: String,
    /// Its rates.
    pub rates: Vec<Rate>,
    /// Why.
    pub note: Option<String>,
    /// From when it holds; now where absent.
    pub effective_from: Option<Millis>,
    /// Rates far from what another list says are meant.
    pub confirm: bool,
}

/// A change of an own price; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ChangeOwnPrice {
    /// Its rates.
    pub rates: Option<Vec<Rate>>,
    /// Why; inner `None` clears it.
    pub note: Option<Option<String>>,
    /// From when it holds.
    pub effective_from: Option<Millis>,
    /// Rates far from what another list says are meant.
    pub confirm: bool,
}

/// Charges that were made before their price was known: to be rated again, if somebody wants it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ToRerate {
    /// From when the new price holds.
    pub from: Millis,
    /// Until now.
    pub to: Millis,
    /// Calls in between.
    pub calls: u64,
}

/// An own price, and what was charged before it was known.
#[derive(Clone, Debug)]
pub struct OwnPriceSet {
    /// The price.
    pub price: OwnPrice,
    /// Charges it would change; they stay as they are until they are rated again.
    pub to_rerate: Option<ToRerate>,
}

/// Whether an own price counts now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OwnPriceState {
    /// It is what is paid now.
    InForce,
    /// It has not begun.
    Upcoming,
    /// A later one took its place.
    Replaced,
    /// It was withdrawn.
    Withdrawn,
}

impl OwnPriceState {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InForce => "in_force",
            Self::Upcoming => "upcoming",
            Self::Replaced => "replaced",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl Engine {
    /// Whether an own price counts now.
    #[must_use]
    pub fn own_price_state(&self, price: &OwnPrice) -> OwnPriceState {
        let now = self.now();
        if price.effective_to.is_some() {
            return OwnPriceState::Withdrawn;
        }
        if price.effective_from > now {
            return OwnPriceState::Upcoming;
        }
        let book = self.inner.prices.book();
        let in_force = book.lookup(price.tenant_id, &price.provider, &price.model, now);
        match in_force.map(|p| p.origin) {
            Some(Origin::Tenant(_, id) | Origin::Workspace(id)) if id == price.id => OwnPriceState::InForce,
            _ => OwnPriceState::Replaced,
        }
    }

    /// Every own price, newest first: of one tenant, or all.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn own_prices(&self, cx: &Cx, tenant: Option<TenantId>) -> Result<Vec<OwnPrice>, Error> {
        self.require(cx, Permission::UsageRead).await?;
        let mut prices = self.inner.store.read(|r| r.own_prices().all()).await?;
        prices.retain(|p| tenant.is_none() || p.tenant_id == tenant);
        prices.reverse();
        Ok(prices)
    }

    /// Sets a price of one's own. Charges made already stay as they are.
    ///
    /// # Errors
    /// If `cx` may not, something is wrong with it, or a rate is more than ten times what another list says and
    /// [`SetOwnPrice::confirm`] is not set ([`Code::PreconditionFailed`]).
    pub async fn set_own_price(&self, cx: &Cx, set: SetOwnPrice) -> Result<OwnPriceSet, Error> {
        self.require(cx, Permission::PriceWrite).await?;
        let now = self.now();
        let effective_from = set.effective_from.unwrap_or(now);
        let price = OwnPrice {
            id: OwnPriceId(self.inner.ids.next()),
            tenant_id: set.tenant_id,
            provider: set.provider.trim().to_owned(),
            model: set.model.trim().to_owned(),
            rates: set.rates,
            note: set.note,
            version: 1,
            effective_from,
            effective_to: None,
            created_at: now,
            updated_at: now,
        };
        self.check_own_price(&price, set.confirm)?;
        if let Some(tenant) = price.tenant_id
            && self.tenant_name(tenant).is_none()
        {
            return Err(Error::not_found("tenant"));
        }
        let draft =
            self.own_price_draft(cx, "price.create", &price).change("rates", "", rates_text(&price.rates));
        let draft = draft.detail("effective_from", price.effective_from.to_string());
        self.put_own_price(price, draft, effective_from).await
    }

    /// Changes a price of one's own. Charges made already stay as they are.
    ///
    /// # Errors
    /// As [`Engine::set_own_price`]; if there is none, or it is withdrawn.
    pub async fn change_own_price(
        &self,
        cx: &Cx,
        id: OwnPriceId,
        change: ChangeOwnPrice,
    ) -> Result<OwnPriceSet, Error> {
        self.require(cx, Permission::PriceWrite).await?;
        let before = self.own_price(id).await?;
        if before.effective_to.is_some() {
            return Err(Error::new(Code::Conflict, "This price is withdrawn; set a new one instead."));
        }
        let after = OwnPrice {
            rates: change.rates.unwrap_or_else(|| before.rates.clone()),
            note: change.note.unwrap_or_else(|| before.note.clone()),
            effective_from: change.effective_from.unwrap_or(before.effective_from),
            version: before.version + 1,
            updated_at: self.now(),
            ..before.clone()
        };
        self.check_own_price(&after, change.confirm)?;
        let words = |note: &Option<String>| note.clone().unwrap_or_default();
        let draft = self
            .own_price_draft(cx, "price.update", &after)
            .change("rates", rates_text(&before.rates), rates_text(&after.rates))
            .change("note", words(&before.note), words(&after.note))
            .change("effective_from", before.effective_from, after.effective_from);
        let same = before.rates == after.rates && before.effective_from == after.effective_from;
        let since = if same { self.now() } else { before.effective_from.min(after.effective_from) };
        self.put_own_price(after, draft, since).await
    }

    /// Withdraws a price of one's own, from now on. It stays in the history, and charges made at it as they are.
    ///
    /// # Errors
    /// If `cx` may not, or there is none; a conflict if it is withdrawn already.
    pub async fn withdraw_own_price(&self, cx: &Cx, id: OwnPriceId) -> Result<OwnPrice, Error> {
        self.require(cx, Permission::PriceWrite).await?;
        let before = self.own_price(id).await?;
        if before.effective_to.is_some() {
            return Err(Error::new(Code::Conflict, "This price is withdrawn already."));
        }
        let now = self.now();
        let end = now.max(before.effective_from);
        let after = OwnPrice { effective_to: Some(end), updated_at: now, ..before };
        let draft = self.own_price_draft(cx, "price.delete", &after).change("effective_to", "", end);
        Ok(self.put_own_price(after, draft, now).await?.price)
    }

    async fn own_price(&self, id: OwnPriceId) -> Result<OwnPrice, Error> {
        let found = self.inner.store.read(move |r| r.own_prices().get(id)).await?;
        found.ok_or_else(|| Error::not_found("own price"))
    }

    fn own_price_draft(&self, cx: &Cx, kind: &str, price: &OwnPrice) -> Draft {
        let draft = self.draft(cx, kind, format_args!("own_price:{}", price.id));
        let draft = draft.name(&format!("{}/{}", price.provider, price.model));
        match price.tenant_id {
            Some(tenant) => draft.tenant(tenant),
            None => draft,
        }
    }

    async fn put_own_price(
        &self,
        price: OwnPrice,
        draft: Draft,
        since: Millis,
    ) -> Result<OwnPriceSet, Error> {
        let stored = price.clone();
        let written = self.inner.store.write(move |tx| {
            let recorded = draft.record(tx)?;
            recorded.own_prices().put(&stored)?;
            Ok::<_, Error>(recorded.sequence())
        });
        let sequence = written.await.map_err(|error| match error.code {
            Code::Conflict => Error::new(
                Code::Conflict,
                "There is a price for this model from that very moment on; change that one instead.",
            ),
            _ => error,
        })?;
        self.reload_own_prices().await?;
        self.told_of(crate::EventKind::Settings, sequence);
        let to_rerate = self.charged_since(&price, since).await?;
        Ok(OwnPriceSet { price, to_rerate })
    }

    /// What was charged for the model while nobody knew of this price.
    async fn charged_since(&self, price: &OwnPrice, from: Millis) -> Result<Option<ToRerate>, Error> {
        let to = self.now();
        if from >= to {
            return Ok(None);
        }
        let (tenant, provider, model) = (price.tenant_id, price.provider.clone(), price.model.clone());
        let count = self.inner.store.read(move |r| r.charges().count(tenant, &provider, &model, from, to));
        let calls = count.await?;
        Ok((calls > 0).then_some(ToRerate { from, to, calls }))
    }

    fn check_own_price(&self, price: &OwnPrice, confirm: bool) -> Result<(), Error> {
        let mut wrong = Vec::new();
        let mut say =
            |field: &str, message: String| wrong.push(FieldError { field: field.to_owned(), message });
        let known =
            super::provider(&price.provider).is_some() || Catalogue::builtin().count(&price.provider) > 0;
        if !known {
            say("provider", format!("nobody knows the provider \"{}\"", price.provider));
        }
        let visible = !price.model.chars().any(char::is_control);
        if price.model.is_empty() || price.model.len() > MOST_MODEL || !visible {
            say("model", format!("must be 1 to {MOST_MODEL} visible characters"));
        }
        if price.note.as_ref().is_some_and(|note| note.chars().count() > 500) {
            say("note", "is too long; 500 characters are the most".to_owned());
        }
        if let Some(message) = wrong_rates(&price.rates) {
            say("rates", message);
        }
        if let Some(error) = Error::fields(wrong) {
            return Err(error);
        }
        let book = self.inner.prices.book();
        let doubts = doubts(&book, price);
        if confirm || doubts.is_empty() { Ok(()) } else { Err(to_confirm(&doubts)) }
    }
}

/// What is wrong with rates, whatever anybody else says of them.
fn wrong_rates(rates: &[Rate]) -> Option<String> {
    let key = |rate: &Rate| (rate.unit, rate.tier.clone(), rate.above_input_tokens);
    let twice = rates.iter().enumerate().find(|(i, a)| rates.iter().skip(i + 1).any(|b| key(a) == key(b)));
    let odd =
        rates.iter().filter_map(|r| r.tier.as_deref()).find(|t| !matches!(*t, "batch" | "flex" | "priority"));
    let has = |unit: Unit| {
        rates.iter().any(|r| r.unit == unit && r.tier.is_none() && r.above_input_tokens.is_none())
    };
    let base = |rate: &Rate| has(rate.unit) || (rate.tier.is_none() && rate.above_input_tokens.is_none());
    match (twice, odd, rates.iter().find(|r| !base(r))) {
        _ if rates.is_empty() => Some("a price needs at least one rate".to_owned()),
        _ if rates.len() > MOST_RATES => Some(format!("{MOST_RATES} rates are the most")),
        (Some((_, rate)), ..) => Some(format!("there are two rates for {}", rate.unit.as_str())),
        (_, Some(tier), _) => Some(format!("\"{tier}\" is not a tier; batch, flex and priority are")),
        (.., Some(rate)) => Some(format!(
            "{} needs its standard rate beside those of tiers and long contexts",
            rate.unit.as_str()
        )),
        _ => None,
    }
}

/// What another list says otherwise, in sentences.
fn doubts(book: &PriceBook, own: &OwnPrice) -> Vec<String> {
    let price =
        Price { rates: own.rates.clone(), ..Price::ceiling(&own.provider, &own.model, 0, 0, Millis(0)) };
    let other = book.listed(&own.provider, &own.model, own.effective_from);
    let other = other.or_else(|| book.elsewhere(&own.model, own.effective_from));
    let mut doubts: Vec<String> = match other {
        Some(other) => departures(&price, other).iter().map(|d| doubt(d, other)).collect(),
        None => Vec::new(),
    };
    if price.is_free() {
        doubts.push("Every rate is 0, so every call would be free.".to_owned());
    }
    doubts
}

/// One rate that is far from another list's.
pub(crate) fn doubt(departure: &Departure, other: &Price) -> String {
    let Departure { unit, pico_usd, other: said, .. } = departure;
    let (mine, theirs, per) = (rate_text(*unit, *pico_usd), rate_text(*unit, *said), per(*unit));
    let tier = departure.tier.as_deref().map_or_else(String::new, |tier| format!(" ({tier})"));
    let how = match departure.factor() {
        Some(factor) if pico_usd > said => format!("about {factor} times as much as"),
        Some(factor) => format!("about 1/{factor} of"),
        None => "not".to_owned(),
    };
    format!(
        "{}{tier}: ${mine} per {per} is {how} the ${theirs} of {}/{} ({}).",
        unit.as_str(),
        other.provider,
        other.model,
        other.source
    )
}

/// Asks whether far rates are meant.
pub(crate) fn to_confirm(doubts: &[String]) -> Error {
    let fields =
        doubts.iter().map(|d| FieldError { field: "confirm".to_owned(), message: d.clone() }).collect();
    let message = format!(
        "Is this right? {} Rates of tokens are entered for a million. If it is meant, send it again with \"confirm\": true.",
        doubts.first().map_or("", String::as_str)
    );
    let mut error = Error::new(Code::PreconditionFailed, message);
    error.fields = fields;
    error
}
