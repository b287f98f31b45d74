//! What governing costs: the gateway beside a proxy that governs nothing.

use crate::Outcome;
use crate::load::{latencies, percentile, request, throughput};
use crate::proxy::{COMPLETION, PROMPT, Servers};
use crate::table::{Table, Target};
use reeve_core::budget::{BudgetLevel, BudgetScope};
use reeve_core::money::NanoUsd;
use reeve_core::period::PeriodKind;
use reeve_core::tenant::QuotaOverride;
use reeve_core::usage::Usage;
use reeve_engine::Cx;
use reeve_providers::tokens;
use reeve_tests::app::{Options, TestApp, eventually, price_of};
use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const BODY: &str = r#"{"model":"gpt-4o-mini","messages":[{"role":"system","content":"You are a helpful assistant."},{"role":"user","content":"Say hello to the people who read this."}],"max_tokens":64,"temperature":0.2}"#;
const CONNECTIONS: usize = 32;
/// Both are measured in turns, so that what else the machine does falls on both.
const TURNS: usize = 7;
const TURN: Duration = Duration::from_secs(2);
const RATE: u32 = 1_000;
const STEADY: Duration = Duration::from_secs(2);

/// A gateway with budgets at every level, and what it is measured against.
struct House {
    app: TestApp,
    request: Arc<[u8]>,
    provider: SocketAddr,
    proxy: SocketAddr,
    calls: Arc<AtomicU64>,
    _servers: Servers,
}

async fn house() -> Result<House, Box<dyn Error + Send + Sync>> {
    tokio::task::spawn_blocking(tokens::warm_up).await?;
    let mut servers = Servers::default();
    let (provider, calls) = servers.provider().await?;
    let proxy = servers.proxy(provider).await?;
    let app = TestApp::start_with(Options { no_credential: true, ..Options::default() }).await;
    app.credential("openai", &format!("http://{provider}/v1"), "sk-upstream-key", &[]).await;
    reeve_tests::limits::make_room(&app.engine).await?;
    let most = Some(1_000_000_000);
    let quota =
        QuotaOverride { requests_per_day: most, concurrent_requests: most, ..QuotaOverride::default() };
    let tenant = app.tenant("Acme").quota(quota).make().await;
    app.budget(None, PeriodKind::Month, "1000000").await;
    app.budget(Some(tenant.id), PeriodKind::Day, "1000000").await;
    let key = BudgetLevel {
        scope: BudgetScope::ApiKey,
        tenant_id: Some(tenant.id),
        target: tenant.key_id.to_string(),
    };
    app.budget_at(key, PeriodKind::Month, "1000000").await;
    let request = request(&tenant.key, BODY);
    Ok(House { app, request, provider, proxy, calls, _servers: servers })
}

/// Loads the gateway for a while, or the bare proxy.
pub(crate) async fn profile(bare: bool) -> Outcome {
    let House { app, request, proxy, .. } = &house().await?;
    for _ in 0..10 {
        let turn = Turn::measure(if bare { *proxy } else { app.gateway() }, request).await?;
        writeln!(std::io::stderr(), "{:.0} req/s, {:.1} us a call", turn.rate, turn.processor_us)?;
    }
    Ok(())
}

pub(crate) async fn measure(table: &mut Table) -> Outcome {
    let House { app, request, provider, proxy, calls, _servers } = house().await?;
    let mut governed = 0;
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for turn in 0..=TURNS {
        let plain = Turn::measure(proxy, &request).await?;
        let earlier = calls.load(Ordering::Relaxed);
        let through = Turn::measure(app.gateway(), &request).await?;
        governed += calls.load(Ordering::Relaxed) - earlier;
        // The first turn warms up.
        if turn > 0 {
            without.push(plain);
            with.push(through);
        }
    }
    let of = |turns: &[Turn], figure: fn(&Turn) -> f64| median(turns.iter().map(figure).collect());
    let ratios = with.iter().zip(&without).map(|(a, b)| a.rate / b.rate).collect();
    table.add("bare proxy, 32 connections", of(&without, |t| t.rate), "req/s", Target::None);
    table.add("gateway, 32 connections, whole answers", of(&with, |t| t.rate), "req/s", Target::None);
    table.add("gateway : bare proxy", median(ratios), "", Target::AtLeast(0.6));
    // What else the machine does takes from the rates, not from these. Client and provider are in them.
    table.add("processor time a call, bare proxy", of(&without, |t| t.processor_us), "us", Target::None);
    table.add("processor time a call, gateway", of(&with, |t| t.processor_us), "us", Target::None);

    let steady = |address: SocketAddr| latencies(address, &request, RATE, STEADY);
    let mut added = [Vec::new(), Vec::new()];
    for _ in 0..TURNS {
        let direct = steady(provider).await?;
        let earlier = calls.load(Ordering::Relaxed);
        let through = steady(app.gateway()).await?;
        governed += calls.load(Ordering::Relaxed) - earlier;
        for (added, percent) in added.iter_mut().zip([50, 99]) {
            added.push(percentile(&through, percent) - percentile(&direct, percent));
        }
    }
    let [half, nearly_all] = added.map(median);
    table.add("added latency at 1,000 req/s, p50", half, "ms", Target::Below(0.3));
    table.add("added latency at 1,000 req/s, p99", nearly_all, "ms", Target::Below(1.5));
    reconcile(table, &app, governed).await?;
    app.close().await;
    Ok(())
}

/// A million calls, of which none is lost and none is charged twice.
pub(crate) async fn million(table: &mut Table) -> Outcome {
    const CALLS: u64 = 1_000_000;
    let House { app, request, calls, _servers, .. } = house().await?;
    while calls.load(Ordering::Relaxed) < CALLS {
        throughput(app.gateway(), &request, CONNECTIONS, TURN).await?;
    }
    reconcile(table, &app, calls.load(Ordering::Relaxed)).await?;
    app.close().await;
    Ok(())
}

/// One turn of load.
struct Turn {
    /// Calls a second.
    rate: f64,
    /// Processor time of this whole process for each call.
    processor_us: f64,
}

impl Turn {
    async fn measure(address: SocketAddr, request: &Arc<[u8]>) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let before = processor_time();
        let rate = throughput(address, request, CONNECTIONS, TURN).await?;
        let taken = processor_time().zip(before).map(|(now, before)| now - before);
        let calls = rate * TURN.as_secs_f64();
        Ok(Self { rate, processor_us: taken.map_or(f64::NAN, |t| t.as_secs_f64() * 1_000_000.0 / calls) })
    }
}

/// Processor time of this process so far, where the system has a `/proc` that says it.
fn processor_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
    let ticks = fields.next()?.parse::<u32>().ok()? + fields.next()?.parse::<u32>().ok()?;
    // A tick is a hundredth of a second wherever Linux runs today.
    Some(Duration::from_millis(10) * ticks)
}

/// Every call is in the ledger, at what the provider bills for it.
async fn reconcile(table: &mut Table, app: &TestApp, governed: u64) -> Outcome {
    let charged = eventually("all charges are written", || async {
        let (sum, calls) = app.engine.settled_total(&Cx::system()).await.ok()?;
        (calls >= governed).then_some((sum, calls))
    })
    .await;
    let each = price_of("gpt-4o-mini", &Usage::tokens(PROMPT, COMPLETION));
    let due = NanoUsd(each.0 * i64::try_from(governed)?);
    table.add("charges in the ledger", charged.1 as f64, "", Target::AtLeast(governed as f64));
    if charged != (due, governed) {
        return Err(format!("the ledger says {charged:?}, the provider bills {due} for {governed}").into());
    }
    Ok(())
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
