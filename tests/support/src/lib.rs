//! What the tests of more than one crate stand on. Nothing here is part of Reeve.
//!
//! Start reading at [`provider`], the provider that does as it is told, then [`app`], a whole Reeve to test.
#![expect(clippy::expect_used, clippy::panic, reason = "a harness stops the test by panicking")]

pub mod app;
pub mod authenticator;
pub mod child;
pub mod console;
pub mod limits;
pub mod provider;
