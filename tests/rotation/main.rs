//! Keys of providers come and go while calls go on: made, tried, taken into use and retired, whatever the provider does meanwhile.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a test fails by panicking, also in its helpers"
)]

mod adapters;
mod calls;
mod faults;
mod guided;
mod house;
mod killed;
#[cfg(debug_assertions)]
mod matrix;
mod renewal;
mod sealed;
#[cfg(debug_assertions)]
mod serving;
mod whole;
