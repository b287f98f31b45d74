//! Requests and answers in the shape of the OpenAI API, read for just what governance needs.
//!
//! Nothing is parsed and printed again: a request goes out byte for byte as it came in, but for the few places that
//! [`Edits`] names, which are cut into the text.

mod chat;
mod completions;
mod edit;
mod embeddings;
mod error;
mod fields;
mod image_edits;
pub mod images;
pub mod models;
mod moderations;
mod multipart;
pub mod responses;
pub mod speech;
mod splice;
pub mod stream;
pub mod transcriptions;
pub mod usage;

pub use chat::ChatRequest;
pub use completions::CompletionsRequest;
pub(crate) use edit::insertion;
pub use edit::{Edits, max_tokens_field};
pub use embeddings::EmbeddingsRequest;
pub use error::RequestError;
pub use fields::{Fields, MAX_OUTPUT_TOKENS};
pub(crate) use fields::{Text, place_of};
pub use image_edits::ImageEditRequest;
pub use images::ImagesRequest;
pub use moderations::ModerationsRequest;
pub use responses::ResponsesRequest;
pub use speech::SpeechRequest;
pub(crate) use splice::{Cut, splice};
pub use transcriptions::TranscriptionRequest;

#[cfg(test)]
mod tests;
