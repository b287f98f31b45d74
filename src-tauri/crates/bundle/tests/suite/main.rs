//! Bundles of a log that is made up here: what is intact is found intact, and nothing else is.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, also in its helpers")]

mod keys;
mod log;
mod mutation;
mod python;
mod tiles;
mod verdicts;
mod witnesses;
