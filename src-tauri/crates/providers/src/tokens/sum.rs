//! Adding up what goes into a request, for the shapes of providers that have a tokenizer of their own.

use super::{Counter, Family, InputBound};
use crate::openai::Text;
use serde_json::value::RawValue;

/// The most input tokens of a request, part by part.
pub(crate) struct Sum {
    counter: Counter,
    bound: InputBound,
}

impl Sum {
    /// A request that is framed by `frame` tokens.
    pub(crate) fn new(family: Family, frame: u64) -> Self {
        Self { counter: Counter::new(family), bound: InputBound { tokens: frame, unbounded: None } }
    }

    /// Adds tokens whose number is known.
    pub(crate) fn add(&mut self, tokens: u64) {
        self.bound.tokens = self.bound.tokens.saturating_add(tokens);
    }

    /// Adds what the model reads as it stands.
    pub(crate) fn text(&mut self, text: &str) {
        let tokens = self.counter.text(text);
        self.add(tokens);
    }

    /// Adds JSON that the model reads in some form of the provider's making: a quarter more than its text.
    pub(crate) fn json(&mut self, raw: &RawValue) {
        let tokens = self.counter.text(raw.get());
        self.add(tokens + tokens / 4 + 4);
    }

    /// Adds a text as what it says, anything else as its JSON.
    pub(crate) fn plain(&mut self, value: &RawValue) {
        let text = value.get().starts_with('"').then(|| serde_json::from_str::<Text<'_>>(value.get()));
        match text {
            Some(Ok(text)) => self.text(&text.0),
            _ => self.json(value),
        }
    }

    /// Notes that the provider adds input of its own through `field`.
    pub(crate) fn unbounded(&mut self, field: &'static str) {
        self.bound.unbounded = Some(field);
    }

    /// The bound.
    pub(crate) fn bound(&self) -> InputBound {
        self.bound
    }
}
