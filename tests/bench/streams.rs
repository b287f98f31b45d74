//! Streamed answers: how much later their first byte comes, and what a thousand open ones weigh.

use crate::Outcome;
use crate::load::{first_bytes, percentile, request};
use crate::proxy::Servers;
use crate::table::{Table, Target};
use reeve_core::budget::{BudgetKind, BudgetLevel, Limit};
use reeve_core::period::PeriodKind;
use reeve_core::tenant::{QuotaOverride, Tier};
use reeve_engine::budgets::SetBudget;
use reeve_engine::credentials::AddCredential;
use reeve_engine::tenants::CreateTenant;
use reeve_engine::vault::VaultKeys;
use reeve_engine::{Cx, Engine, OpenEngine, SystemClock};
use reeve_tests::child::Child;
use reeve_vault::{EnvSecret, Secret};
use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const BODY: &str = r#"{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"Say hello to the people who read this."}],"max_tokens":64}"#;
const SECRET: &str = "kB1mJ0Yw2o9tqv3dQxH7Zr5uNfXcA8eLgT4sPiV6yKE=";
const OPEN: usize = 1_000;
const RATE: u32 = 500;
const TURNS: usize = 7;
const TURN: Duration = Duration::from_secs(2);

async fn open(folder: &Path) -> Result<Engine, reeve_engine::Error> {
    let keys = VaultKeys::default().with_env(|| EnvSecret::parse(SECRET).ok());
    Engine::open(OpenEngine { data_dir: folder.to_owned(), keys, clock: Arc::new(SystemClock) }).await
}

/// Fills a data folder; the key of its tenant.
async fn set_up(folder: &Path, provider: SocketAddr) -> Result<String, reeve_engine::Error> {
    let (engine, cx) = (open(folder).await?, Cx::system());
    let credential = AddCredential {
        name: "scripted".to_owned(),
        provider: "openai".to_owned(),
        base_url: Some(format!("http://{provider}/v1")),
        models: Vec::new(),
        weight: None,
        priority: None,
        api_key: Secret::copy_of(b"sk-upstream-key"),
    };
    engine.add_credential(&cx, credential).await?;
    let tenant = CreateTenant {
        name: "Acme".to_owned(),
        slug: None,
        tier: Tier::Enterprise,
        time_zone: None,
        owner: None,
        tags: Vec::new(),
        notes: None,
    };
    let tenant = engine.create_tenant(&cx, tenant).await?.tenant.id;
    reeve_tests::limits::make_room(&engine).await?;
    let most = Some(1_000_000_000);
    let quota =
        QuotaOverride { requests_per_day: most, concurrent_requests: most, ..QuotaOverride::default() };
    engine.set_quota_override(&cx, tenant, Some(quota)).await?;
    let limit = Limit { amount: reeve_core::money::NanoUsd(1_000_000_000_000), kind: BudgetKind::Hard };
    for (tenant_id, period) in [(None, PeriodKind::Month), (Some(tenant), PeriodKind::Day)] {
        let level = tenant_id.map_or(BudgetLevel::WORKSPACE, BudgetLevel::tenant);
        engine.set_budget(&cx, SetBudget { level, period, limit, thresholds: vec![100] }).await?;
    }
    let key = engine.mint_api_key(&cx, tenant, "load", None).await?.secret.to_string();
    engine.close().await;
    Ok(key)
}

pub(crate) async fn measure(table: &mut Table) -> Outcome {
    let mut servers = Servers::default();
    let (provider, gate) = servers.streams().await?;
    let folder = tempfile::tempdir()?;
    let key = set_up(folder.path(), provider).await?;
    let child = Child::start(folder.path(), SECRET).await;
    let request = request(&key, BODY);
    first_byte(table, provider, child.address(), &request).await?;

    gate.close();
    let rest = child.resident_mib();
    let opened = open_streams(child.address(), &request).await?;
    let full = child.resident_mib();
    gate.open();
    let whole = end_streams(opened).await?;
    for (figure, value, target) in [
        ("memory of the server at rest after that", rest, Target::None),
        ("memory of the server, 1,000 open streams", full, Target::Below(150.0)),
    ] {
        table.add(figure, value.ok_or("no /proc says how much memory it holds")?, "MiB", target);
    }
    table.add("streams that came to their end", whole as f64, "", Target::AtLeast(OPEN as f64));
    Ok(())
}

async fn first_byte(
    table: &mut Table,
    provider: SocketAddr,
    gateway: SocketAddr,
    request: &Arc<[u8]>,
) -> Outcome {
    let mut added = [Vec::new(), Vec::new()];
    for turn in 0..=TURNS {
        let direct = first_bytes(provider, request, RATE, TURN).await?;
        let through = first_bytes(gateway, request, RATE, TURN).await?;
        // The first turn warms up.
        for (added, percent) in added.iter_mut().zip([50, 99]).filter(|_| turn > 0) {
            added.push(percentile(&through, percent) - percentile(&direct, percent));
        }
    }
    let [half, nearly_all] = added.map(crate::gateway::median);
    table.add("added to a stream's first byte at 500 req/s, p50", half, "ms", Target::None);
    table.add("added to a stream's first byte at 500 req/s, p99", nearly_all, "ms", Target::Below(1.5));
    Ok(())
}

/// Streams that have begun and wait for the provider.
async fn open_streams(
    gateway: SocketAddr,
    request: &Arc<[u8]>,
) -> Result<Vec<TcpStream>, Box<dyn Error + Send + Sync>> {
    let mut opening = JoinSet::new();
    for _ in 0..OPEN {
        let request = Arc::clone(request);
        opening.spawn(async move {
            let mut stream = TcpStream::connect(gateway).await?;
            stream.write_all(&request).await?;
            let mut seen = Vec::new();
            while !seen.windows(5).any(|w| w == b"Hello") {
                if stream.read_buf(&mut seen).await? == 0 {
                    return Err(String::from_utf8_lossy(&seen).into_owned().into());
                }
            }
            Ok::<_, Box<dyn Error + Send + Sync>>(stream)
        });
    }
    let mut open = Vec::new();
    while let Some(stream) = opening.join_next().await {
        open.push(stream??);
    }
    Ok(open)
}

/// How many of them end as a stream should.
async fn end_streams(open: Vec<TcpStream>) -> Result<usize, Box<dyn Error + Send + Sync>> {
    let mut ending = JoinSet::new();
    for mut stream in open {
        ending.spawn(async move {
            let mut rest = Vec::new();
            while !rest.windows(6).any(|w| w == b"[DONE]") {
                if stream.read_buf(&mut rest).await? == 0 {
                    return Ok(false);
                }
            }
            Ok::<_, std::io::Error>(true)
        });
    }
    let mut whole = 0;
    while let Some(ended) = ending.join_next().await {
        whole += usize::from(ended??);
    }
    Ok(whole)
}
