//! Killed at any moment, Reeve loses no spend and breaks no budget.
//!
//! A child process serves the gateway and is killed with SIGKILL under load, again and again. After each kill the ledger is
//! held against what the provider billed: it may say more (holds), never less. `REEVE_CRASH_ROUNDS` sets how often,
//! `REEVE_CRASH_SEED` repeats a run.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "helpers of tests stop the test, and a failing round says which it was"
)]

mod load;
mod prune;

use load::Load;
use reeve_core::budget::{BudgetKind, BudgetLevel, BudgetScope, Limit};
use reeve_core::id::TenantId;
use reeve_core::money::NanoUsd;
use reeve_core::period::PeriodKind;
use reeve_core::tenant::Tier;
use reeve_engine::audit::Stream;
use reeve_engine::budgets::SetBudget;
use reeve_engine::credentials::AddCredential;
use reeve_engine::pools::CreatePool;
use reeve_engine::tenants::CreateTenant;
use reeve_engine::vault::VaultKeys;
use reeve_engine::{Cx, Engine, OpenEngine, SystemClock};
use reeve_tests::app::{eventually, price_of};
use reeve_tests::child::Child;
use reeve_tests::provider::{Options, ScriptedProvider};
use reeve_vault::{EnvSecret, Secret};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const SECRET: &str = "kB1mJ0Yw2o9tqv3dQxH7Zr5uNfXcA8eLgT4sPiV6yKE=";

async fn open(folder: &Path) -> Engine {
    let keys = VaultKeys::default().with_env(|| EnvSecret::parse(SECRET).ok());
    let open = OpenEngine { data_dir: folder.to_owned(), keys, clock: Arc::new(SystemClock) };
    Engine::open(open).await.expect("the store opens after any crash")
}

/// A tenant with a key and, for the second, a budget that is soon used up.
async fn tenant(engine: &Engine, name: &str) -> (TenantId, String) {
    let cx = Cx::system();
    let new = CreateTenant {
        name: name.to_owned(),
        slug: None,
        tier: Tier::Enterprise,
        time_zone: None,
        owner: None,
        tags: Vec::new(),
        notes: None,
    };
    let id = engine.create_tenant(&cx, new).await.unwrap().tenant.id;
    (id, engine.mint_api_key(&cx, id, "load", None).await.unwrap().secret.to_string())
}

async fn budget(engine: &Engine, tenant_id: Option<TenantId>, period: PeriodKind, usd: &str) {
    budget_at(engine, tenant_id.map_or(BudgetLevel::WORKSPACE, BudgetLevel::tenant), period, usd).await;
}

async fn budget_at(engine: &Engine, level: BudgetLevel, period: PeriodKind, usd: &str) {
    let limit = Limit { amount: usd.parse().unwrap(), kind: BudgetKind::Hard };
    let new = SetBudget { level, period, limit, thresholds: vec![100] };
    engine.set_budget(&Cx::system(), new).await.unwrap();
}

/// Budgets below the tenants: some soon used up, some never.
async fn fine_budgets(engine: &Engine, rich: TenantId) {
    let cx = Cx::system();
    let credentials = engine.credentials(&cx, None, 10).await.unwrap().0.iter().map(|c| c.id).collect();
    let pool = CreatePool { name: "Account".to_owned(), credentials };
    let pool = engine.create_pool(&cx, pool).await.unwrap().id.to_string();
    let key = engine.api_keys(&cx, rich, None, 10).await.unwrap().0[0].id.to_string();
    use BudgetScope::{ApiKey, Model, Pool, Tag, User};
    for (scope, tenant_id, target, usd) in [
        (Pool, None, pool.as_str(), "900"),
        (ApiKey, Some(rich), key.as_str(), "90"),
        (Model, None, "gpt-4o", "0.5"),
        (Model, Some(rich), "gpt-4o-mini", "80"),
        (User, None, "ann", "0.1"),
        (Tag, Some(rich), "batch", "0.2"),
    ] {
        let level = BudgetLevel { scope, tenant_id, target: target.to_owned() };
        budget_at(engine, level, PeriodKind::Month, usd).await;
    }
}

/// Fills an empty folder; the keys of its tenants.
async fn set_up(folder: &Path, provider: &ScriptedProvider) -> Vec<String> {
    let engine = open(folder).await;
    let new = AddCredential {
        name: "scripted".to_owned(),
        provider: "openai".to_owned(),
        base_url: Some(provider.base_url()),
        models: Vec::new(),
        weight: None,
        priority: None,
        api_key: Secret::copy_of(provider.key().as_bytes()),
    };
    engine.add_credential(&Cx::system(), new).await.unwrap();
    reeve_tests::limits::make_room(&engine).await.unwrap();
    let (rich, rich_key) = tenant(&engine, "Rich").await;
    let (poor, poor_key) = tenant(&engine, "Poor").await;
    budget(&engine, None, PeriodKind::Month, "1000").await;
    budget(&engine, Some(rich), PeriodKind::Day, "100").await;
    budget(&engine, Some(poor), PeriodKind::Month, "0.05").await;
    fine_budgets(&engine, rich).await;
    engine.close().await;
    vec![rich_key, poor_key]
}

/// What the provider will ask for. The rates are whole nano-dollars, so sums lose nothing.
fn billed(provider: &ScriptedProvider) -> NanoUsd {
    provider.totals().by_model.iter().map(|(model, usage)| price_of(model, usage)).sum()
}

/// Holds the books of a killed Reeve against the provider's, and every budget against its limit.
async fn audit(folder: &Path, provider: &ScriptedProvider) -> (NanoUsd, NanoUsd) {
    let (engine, cx) = (open(folder).await, Cx::system());
    let (settled, _) = engine.settled_total(&cx).await.unwrap();
    let held: NanoUsd = engine.holds(&cx).await.unwrap().iter().map(|(hold, _)| hold.amount).sum();
    let due = billed(provider);
    assert!(settled + held >= due, "lost spend: {settled} settled and {held} held, but {due} billed");
    for stream in Stream::ALL {
        let verification = engine.verify(&cx, stream).await.unwrap();
        assert!(verification.intact(), "{stream:?}: {:?}", verification.verdict.first_bad);
    }
    for b in engine.budgets(&cx, None, 100).await.unwrap().0 {
        let used = b.status.spent + b.status.reserved;
        assert!(
            used <= b.budget.limit.amount,
            "{:?} {:?} of {}: {used} used",
            b.budget.level.scope,
            b.target_name.or(b.tenant_name),
            b.budget.limit.amount
        );
        if matches!(b.budget.level.scope, BudgetScope::Workspace | BudgetScope::Pool) {
            assert_eq!(b.status.spent, settled, "the sums are those of the charges");
        }
    }
    engine.close().await;
    (settled, held)
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_it_loses_no_spend() {
    let rounds: u32 = std::env::var("REEVE_CRASH_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(10);
    let mut random = load::Random::from_environment();
    let provider =
        ScriptedProvider::start_with(Options { keep_calls: false, ..Options::default() }).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let keys = set_up(folder.path(), &provider).await;
    let (mut held_once, mut served) = (false, 0);
    for round in 0..rounds {
        let mut child = Child::start(folder.path(), SECRET).await;
        let load = Load::begin(child.address(), &keys, random.next());
        load.first_answer().await;
        tokio::time::sleep(Duration::from_millis(random.next() % 700)).await;
        child.kill();
        served += load.end().await;
        if round % 3 == 2 {
            // Killed again while it recovers.
            let mut early = Child::spawn(folder.path(), SECRET);
            tokio::time::sleep(Duration::from_millis(random.next() % 60)).await;
            early.kill();
        }
        eventually("the provider sees that nobody is there", || async {
            (provider.open_calls() == 0).then_some(())
        })
        .await;
        let (settled, held) = audit(folder.path(), &provider).await;
        held_once |= held > NanoUsd::ZERO;
        eprintln!(
            "round {round}: {served} answers, {settled} settled, {held} held, {} billed",
            billed(&provider)
        );
    }
    assert!(served > u64::from(rounds), "it served again after each kill");
    assert!(held_once, "no kill met a call on its way: the test proves nothing");
}
