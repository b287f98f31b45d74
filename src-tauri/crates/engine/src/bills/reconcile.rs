//! The causes of a difference between a bill and the ledger, for one day and model. Pure.
//!
//! Causes are taken in a fixed order, the certain before the estimated, and each takes its share of what is left; what remains is
//! said to be unexplained. They always add up to the difference, to the nano-dollar.

use reeve_core::money::NanoUsd;
use reeve_core::time::Millis;
use std::collections::BTreeMap;

/// A difference up to this is rounding: providers tell some lines in cents.
const ROUNDING: i64 = 10_000_000;

/// What is known of one day and model.
#[derive(Clone, Debug, Default)]
pub struct Side {
    /// Start of the day, in UTC.
    pub day: Millis,
    /// The model, without the date of its snapshot; or the line of the bill that is for no model.
    pub name: String,
    /// Whether it is a model.
    pub is_model: bool,
    /// Whether the provider may still change the day.
    pub moving: bool,
    /// What was billed.
    pub billed: NanoUsd,
    /// Of it, for keys that are not Reeve's.
    pub billed_others: NanoUsd,
    /// Whether costs are told by key, so that the former is exact.
    pub by_key: bool,
    /// What the provider counted.
    pub provider: Option<ProviderSide>,
    /// What Reeve charged.
    pub ledger: Option<LedgerSide>,
}

/// What a provider counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProviderSide {
    /// Tokens in and out.
    pub tokens: u64,
    /// Of them, served from a cache.
    pub cached: u64,
    /// Of them, through keys that are not Reeve's.
    pub others: u64,
    /// Of them, in the priority tier.
    pub priority: u64,
}

/// What Reeve charged.
#[derive(Clone, Copy, Debug, Default)]
pub struct LedgerSide {
    /// Settled cost.
    pub cost: NanoUsd,
    /// Calls.
    pub requests: u64,
    /// Calls without a price.
    pub unpriced: u64,
    /// Tokens in and out.
    pub tokens: u64,
    /// Of them, served from a cache; `None`: not looked up.
    pub cached: Option<u64>,
}

impl Side {
    /// Whether the cause may be in the tokens that caches served.
    pub(super) fn needs_cached(&self) -> bool {
        let gap = self.billed - self.ledger.map_or(NanoUsd::ZERO, |l| l.cost);
        !self.moving && gap.0.abs() > ROUNDING && self.provider.is_some() && self.ledger.is_some()
    }
}

/// Why a bill differs from the ledger.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Cause {
    /// The provider may still change the day.
    Recent,
    /// It is billed by no model: tools, storage, credits.
    NoModel,
    /// Other keys than Reeve's.
    OtherKeys,
    /// Use that Reeve has not seen.
    NotThroughReeve,
    /// Use that Reeve charged and the provider does not list: of another organisation, or not billed.
    NotOnTheBill,
    /// Calls without a price in Reeve.
    Unpriced,
    /// The priority tier, whose costs the report leaves out.
    PriorityTier,
    /// Caches served another part of the tokens than Reeve counted.
    CacheTokens,
    /// The same use at another price.
    PriceDiffers,
    /// Cents.
    Rounding,
    /// The provider counts calls that it blocked as use, and does not bill them.
    BlockedRequests,
    /// None of these.
    Unexplained,
}

impl Cause {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recent => "recent",
            Self::NoModel => "no_model",
            Self::OtherKeys => "other_keys",
            Self::NotThroughReeve => "not_through_reeve",
            Self::NotOnTheBill => "not_on_the_bill",
            Self::Unpriced => "unpriced",
            Self::PriorityTier => "priority_tier",
            Self::CacheTokens => "cache_tokens",
            Self::PriceDiffers => "price_differs",
            Self::Rounding => "rounding",
            Self::BlockedRequests => "blocked_requests",
            Self::Unexplained => "unexplained",
        }
    }
}

/// A cause and its share.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Named {
    /// Why.
    pub cause: Cause,
    /// How much of the difference; below zero where the ledger has more.
    pub amount: NanoUsd,
    /// Whether the share follows from use and not from amounts.
    pub estimated: bool,
}

/// One day and model.
#[derive(Clone, Debug)]
pub struct Row {
    /// Start of the day, in UTC.
    pub day: Millis,
    /// Model, or the line of the bill.
    pub name: String,
    /// Whether it is a model.
    pub is_model: bool,
    /// What was billed.
    pub billed: NanoUsd,
    /// What Reeve charged.
    pub ledger: NanoUsd,
    /// Tokens the provider counted.
    pub billed_tokens: Option<u64>,
    /// Tokens Reeve counted.
    pub ledger_tokens: u64,
    /// Why they differ; nothing where they do not. They add up to the difference.
    pub causes: Vec<Named>,
}

impl Row {
    /// Bill less ledger.
    #[must_use]
    pub fn gap(&self) -> NanoUsd {
        self.billed - self.ledger
    }
}

/// What is left of a difference, and the causes found.
struct Finding {
    left: i64,
    causes: Vec<Named>,
}

impl Finding {
    /// A cause that takes so much, but no more than is left and nothing of the other sign.
    fn take(&mut self, cause: Cause, amount: i64, estimated: bool) {
        let amount = if self.left >= 0 { amount.clamp(0, self.left) } else { amount.clamp(self.left, 0) };
        self.exactly(cause, amount, estimated);
    }

    /// A cause that takes just so much.
    fn exactly(&mut self, cause: Cause, amount: i64, estimated: bool) {
        if amount != 0 {
            self.left -= amount;
            self.causes.push(Named { cause, amount: NanoUsd(amount), estimated });
        }
    }

    fn rest(&mut self, cause: Cause, estimated: bool) {
        self.exactly(cause, self.left, estimated);
    }
}

/// The row of one day and model.
#[must_use]
pub fn row(side: &Side) -> Row {
    let own = side.ledger.unwrap_or_default();
    let gap = side.billed - own.cost;
    let mut finding = Finding { left: gap.0, causes: Vec::new() };
    explain(side, &own, &mut finding);
    Row {
        day: side.day,
        name: side.name.clone(),
        is_model: side.is_model,
        billed: side.billed,
        ledger: own.cost,
        billed_tokens: side.provider.map(|p| p.tokens),
        ledger_tokens: own.tokens,
        causes: finding.causes,
    }
}

fn explain(side: &Side, own: &LedgerSide, finding: &mut Finding) {
    if !side.is_model {
        return finding.rest(Cause::NoModel, false);
    }
    if finding.left.abs() <= ROUNDING {
        let unbilled =
            side.provider.is_some_and(|p| p.tokens > own.tokens + own.tokens / 100 && own.tokens > 0);
        if unbilled && !side.moving {
            finding.causes.push(Named {
                cause: Cause::BlockedRequests,
                amount: NanoUsd::ZERO,
                estimated: true,
            });
        }
        return finding.rest(Cause::Rounding, false);
    }
    if side.moving {
        return finding.rest(Cause::Recent, false);
    }
    let seen = side.provider.unwrap_or_default();
    // Exact where costs are told by key, else by the share of use.
    if side.by_key {
        finding.exactly(Cause::OtherKeys, side.billed_others.0, false);
    } else {
        finding.take(Cause::OtherKeys, part(side.billed.0, seen.others, seen.tokens), true);
    }
    if side.ledger.is_none() {
        return finding.rest(Cause::NotThroughReeve, false);
    }
    if finding.left < 0 {
        // What is left out of the report makes the ledger the larger side.
        finding.take(Cause::PriorityTier, -part(own.cost.0, seen.priority, seen.tokens), true);
    }
    if side.billed.0 == 0 && seen.tokens == 0 {
        return finding.rest(Cause::NotOnTheBill, false);
    }
    finding.take(Cause::Unpriced, part(side.billed.0, own.unpriced, own.requests), true);
    if side.provider.is_none() {
        return close(finding, Cause::Unexplained, false);
    }
    by_tokens(side, own, seen, finding);
}

/// The causes that follow from how much was used.
fn by_tokens(side: &Side, own: &LedgerSide, seen: ProviderSide, finding: &mut Finding) {
    let ours = seen.tokens.saturating_sub(seen.others);
    let slack = ours.max(own.tokens) / 1_000;
    if ours > own.tokens + slack {
        let billed = side.billed.0.saturating_sub(side.billed_others.0);
        finding.take(Cause::NotThroughReeve, part(billed, ours - own.tokens, ours), true);
        return close(finding, Cause::PriceDiffers, true);
    }
    if own.tokens > ours + slack {
        finding.take(Cause::NotOnTheBill, -part(own.cost.0, own.tokens - ours, own.tokens), true);
        return close(finding, Cause::PriceDiffers, true);
    }
    let differs = own.cached.is_some_and(|cached| cached.abs_diff(seen.cached) > slack && seen.others == 0);
    close(finding, if differs { Cause::CacheTokens } else { Cause::PriceDiffers }, differs);
}

/// What is left goes to one cause, or to rounding where it is that little.
fn close(finding: &mut Finding, cause: Cause, estimated: bool) {
    let small = finding.left.abs() <= ROUNDING;
    finding.rest(if small { Cause::Rounding } else { cause }, estimated && !small);
}

/// `whole` times `some` of `all`; nothing of nothing.
fn part(whole: i64, some: u64, all: u64) -> i64 {
    if all == 0 {
        return 0;
    }
    let part = i128::from(whole) * i128::from(some.min(all)) / i128::from(all);
    i64::try_from(part).unwrap_or(whole)
}

/// The shares of all rows by cause, the largest first.
#[must_use]
pub fn by_cause(rows: &[Row]) -> Vec<Named> {
    let mut sums = BTreeMap::<Cause, Named>::new();
    for named in rows.iter().flat_map(|row| &row.causes) {
        let zero = Named { amount: NanoUsd::ZERO, estimated: false, ..*named };
        let sum = sums.entry(named.cause).or_insert(zero);
        sum.amount += named.amount;
        sum.estimated |= named.estimated;
    }
    let mut all: Vec<_> = sums.into_values().collect();
    all.sort_by_key(|named| (std::cmp::Reverse(named.amount.0.abs()), named.cause));
    all
}
