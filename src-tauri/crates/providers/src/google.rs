//! Requests and answers in the shape of Google's `generateContent`, read for just what governance needs.
//!
//! Which model is meant, and whether the answer is streamed, stands in the path: `models/gemini-2.5-flash:generateContent`.
//! Names of members may be written in two ways, `maxOutputTokens` and `max_output_tokens`; both are read, and a request
//! that uses both for the same thing is refused.

mod edit;
mod input;
mod names;
mod path;
mod request;
pub mod stream;
pub mod usage;

pub use input::{bound, bound_embedding};
pub use path::{Method, Path};
pub use request::{CountRequest, EmbedRequest, GenerateRequest};

#[cfg(test)]
mod tests;
