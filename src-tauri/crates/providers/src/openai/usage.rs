//! What a call used, as the provider says, in buckets that do not overlap.
//!
//! Providers count some tokens twice: `prompt_tokens` includes cached and audio ones, `completion_tokens` includes reasoning.
//! Here every token is in one bucket, and their sum is the provider's total; where it cannot be, the reading says so.

mod body;
mod reading;
mod variants;

pub use body::{Answer, read_answer};
pub(super) use body::{Members, read_members};
pub use reading::{Contradiction, MAX_TOKENS, Reading, read};

#[cfg(test)]
mod tests;
