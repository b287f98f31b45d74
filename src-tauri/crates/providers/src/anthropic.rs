//! Requests and answers in the shape of Anthropic's Messages API, read for just what governance needs.
//!
//! As with OpenAI's shape nothing is parsed and printed again. A cap on output is always there, because the API asks for
//! one, so a request goes out byte for byte as it came in, unless it may search the web without end.

mod edit;
mod input;
mod request;
pub mod stream;
pub mod usage;

pub use edit::SEARCHES;
pub use input::bound;
pub use request::{CountRequest, MessagesRequest};

/// The version of the API that is asked for where a client names none.
pub const VERSION: &str = "2023-06-01";

#[cfg(test)]
mod tests;
