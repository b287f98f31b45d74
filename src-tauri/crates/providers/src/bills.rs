//! What providers say they bill: their cost and usage reports, a day at a time.
//!
//! A report in a shape nobody knows is an error and never "nothing was billed". Amounts are read from the text as it stands, in the
//! unit that the provider writes (OpenAI dollars, Anthropic cents), and never pass through a float. Days are the provider's, in UTC.
//!
//! Start reading at [`Bills::fetch`].

mod amount;
mod anthropic;
mod model;
mod openai;
mod pages;

pub use amount::{AmountError, cents, dollars};
pub use model::{family, of_line};

use crate::control::ControlError;
use crate::control::ask::Wire;
use crate::upstream::{Key, Upstream};
use reeve_core::money::NanoUsd;
use reeve_core::time::Millis;
use reeve_core::usage::Usage;

/// Who bills, and where to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BillSource {
    /// OpenAI; instead of `https://api.openai.com/v1` at another address.
    Openai(Option<String>),
    /// Anthropic; instead of `https://api.anthropic.com/v1` at another address.
    Anthropic(Option<String>),
}

impl BillSource {
    /// The source for a provider, as the price catalogue spells it; `None` where its bill cannot be asked for.
    #[must_use]
    pub fn of(provider: &str, base_url: Option<String>) -> Option<Self> {
        match provider {
            "openai" => Some(Self::Openai(base_url)),
            "anthropic" => Some(Self::Anthropic(base_url)),
            _ => None,
        }
    }
}

/// What was asked for: whole days in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// The first moment.
    pub from: Millis,
    /// The first moment behind.
    pub to: Millis,
}

/// A bill for some days.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bill {
    /// What was charged.
    pub costs: Vec<CostLine>,
    /// What was used.
    pub usage: Vec<UsageLine>,
}

/// A line of the bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostLine {
    /// Start of its day.
    pub day: Millis,
    /// In the provider's words, such as `gpt-4o-2024-08-06, input`.
    pub line: String,
    /// The model it is for, where it is for one.
    pub model: Option<String>,
    /// Project or workspace.
    pub place: Option<String>,
    /// The provider's id of the key, where costs are told by key.
    pub key: Option<String>,
    /// Service tier, where it is told.
    pub tier: Option<String>,
    /// How much; below zero for a credit.
    pub amount: NanoUsd,
}

/// Use, as the provider counts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageLine {
    /// Start of its day.
    pub day: Millis,
    /// The model.
    pub model: Option<String>,
    /// Project or workspace.
    pub place: Option<String>,
    /// The provider's id of the key.
    pub key: Option<String>,
    /// Service tier.
    pub tier: Option<String>,
    /// Tokens, in parts that do not overlap.
    pub usage: Usage,
    /// Calls, where they are counted.
    pub requests: Option<u64>,
}

/// Asks for bills. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bills {
    wire: Wire,
}

impl Bills {
    /// Shares the connections and the patience of `upstream`.
    #[must_use]
    pub fn of(upstream: &Upstream) -> Self {
        Self { wire: Wire::of(upstream) }
    }

    /// The bill for some days, with the admin key of the organisation; all pages.
    ///
    /// # Errors
    /// [`ControlError`]; [`ControlError::Shape`] where a report is not understood, in whole or in part.
    pub async fn fetch(&self, from: &BillSource, admin: Key<'_>, days: Days) -> Result<Bill, ControlError> {
        match from {
            BillSource::Openai(base) => openai::fetch(&self.wire, base.as_deref(), admin, days).await,
            BillSource::Anthropic(base) => anthropic::fetch(&self.wire, base.as_deref(), admin, days).await,
        }
    }
}
