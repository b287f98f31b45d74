//! Requests and answers in the shape of AWS Bedrock's Converse API, read for just what governance needs.
//!
//! Which model is meant stands in the path. A streamed answer is not a stream of server-sent events but of binary
//! [`frames`]. Calls are signed with an AWS key ([`sign`]), or carry a Bedrock API key as a bearer.

mod edit;
pub mod frames;
mod input;
mod path;
mod request;
pub mod sign;
pub mod stream;
pub mod usage;

pub use input::bound;
pub use path::{Method, Path, price_name};
pub use request::ConverseRequest;

#[cfg(test)]
mod tests;
