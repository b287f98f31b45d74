//! The data plane: a listener that authenticates, admits, forwards, meters and records calls to models, in OpenAI's words and
//! in those of Anthropic, Google and AWS Bedrock.
//!
//! One call goes this way: [`access`] looks at Host and Origin, [`auth`] at the key, [`body`] reads the request, [`asked`]
//! understands it and estimates what it may use, in the words of its [`shape`], the engine admits it, [`exchange`] sends it, and [`whole`] or [`stream`] brings
//! the answer back and settles what it cost. Every failure is told by [`error`], in the words of the API that was called.
//!
//! It knows HTTP and the engine. It must not know the store, the vault or the control plane: it serves no management route.
//! Start reading at [`call`].

mod access;
mod asked;
mod attempt;
mod auth;
mod body;
mod call;
mod connection;
mod detached;
mod dialect;
mod echo;
mod error;
mod exchange;
mod headers;
mod metered;
mod models;
mod produced;
mod reader;
mod route;
mod router;
mod serve;
mod shape;
mod stalled;
mod stream;
mod watch;
mod whole;

pub use access::Access;
pub use serve::{serve, serve_with};
