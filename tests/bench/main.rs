//! The figures Reeve promises, measured in one run: ratios where a figure would depend on the machine.
//!
//! `cargo run --release -p reeve-tests --bin bench [gateway] [million] [streams] [audit] [ledger] [store] [vault] [identity]`, where `ledger` is `audit` with ten million entries and only runs when it is named; `bench profile [bare]` only loads the gateway, for a profiler.

mod audit;
mod gateway;
mod identity;
mod load;
mod proxy;
mod prune;
mod raw;
mod store;
mod streams;
mod table;
mod vault;

use std::error::Error;
use table::Table;
use zeroizing_alloc::ZeroAlloc;

/// The one of the server.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<mimalloc::MiMalloc> = ZeroAlloc(mimalloc::MiMalloc);

type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome {
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    let wants = |name: &str| chosen.is_empty() || chosen.iter().any(|c| c == name);
    let mut table = Table::default();
    if chosen.first().is_some_and(|c| c == "profile") {
        return gateway::profile(chosen.iter().any(|c| c == "bare")).await;
    }
    if wants("gateway") {
        gateway::measure(&mut table).await?;
    }
    if wants("million") {
        gateway::million(&mut table).await?;
    }
    if wants("streams") {
        streams::measure(&mut table).await?;
    }
    if wants("audit") {
        audit::measure(&mut table, 1_000_000).await?;
    }
    if chosen.iter().any(|c| c == "ledger") {
        audit::measure(&mut table, 10_000_000).await?;
    }
    if wants("store") {
        store::measure(&mut table).await?;
    }
    if wants("vault") {
        vault::measure(&mut table).await?;
    }
    if wants("identity") {
        identity::measure(&mut table).await?;
    }
    table.print()?;
    Ok(())
}
