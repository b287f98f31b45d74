//! The audit trail as something that others write to and listen to.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, also in its helpers")]

mod application;
mod graph;
mod hostile;
mod killed;
mod listening;
mod receiver;
mod witness;
mod witnessing;
mod writing;
