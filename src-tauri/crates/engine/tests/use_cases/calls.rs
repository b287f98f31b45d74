//! Calls through the engine: what a crash leaves of them, and why they are refused.

use crate::world::{World, ready, tenant};
use reeve_core::budget::{BudgetKind, BudgetLevel, Limit};
use reeve_core::id::TenantId;
use reeve_core::money::NanoUsd;
use reeve_core::period::PeriodKind;
use reeve_core::tenant::{TenantStatus, Tier};
use reeve_core::usage::{Units, Usage};
use reeve_engine::audit::EntryFilter;
use reeve_engine::budgets::SetBudget;
use reeve_engine::credentials::AddCredential;
use reeve_engine::gateway::{Admitted, Billing, Call, CallEnd, Ended, Timing};
use reeve_engine::{Code, Cx, Engine, Error};
use reeve_vault::Secret;
use std::sync::Arc;

/// A call of a tenant through the engine, up to where the provider would be asked.
async fn admitted(engine: &Engine, key: &str, max: u64) -> Result<Admitted, Error> {
    let request_id = engine.new_request_id();
    let caller = engine.identify(key, request_id).await?;
    let call = Call {
        request_id,
        ip: None,
        trace_id: None,
        operation: "chat",
        model: "gpt-4o".to_owned(),
        user: None,
        tags: Vec::new(),
        stream: false,
        input_tokens: 100,
        max_output_tokens: Some(max),
        choices: 1,
        service_tier: None,
        provider: None,
        others: Usage::new(),
        billing: Billing::Tokens,
        kinds: Units::ALL,
    };
    engine.admit(caller, Arc::new(call)).await
}

async fn with_key(engine: &Engine, cx: &Cx, tenant: TenantId) -> String {
    let key = AddCredential {
        name: "production".to_owned(),
        provider: "openai".to_owned(),
        base_url: None,
        models: Vec::new(),
        weight: None,
        priority: None,
        api_key: Secret::new(b"sk-0123456789".to_vec()),
    };
    engine.add_credential(cx, key).await.unwrap();
    engine.mint_api_key(cx, tenant, "first", None).await.unwrap().secret.to_string()
}

#[tokio::test]
async fn a_crash_turns_what_was_on_its_way_into_a_hold() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    let id = tenant(&engine, &cx, "Acme", Tier::Enterprise).await;
    let key = with_key(&engine, &cx, id).await;
    let limit = Limit { amount: NanoUsd::from_usd(1), kind: BudgetKind::Hard };
    let budget =
        SetBudget { level: BudgetLevel::tenant(id), period: PeriodKind::Day, limit, thresholds: vec![80] };
    let budget = engine.set_budget(&cx, budget).await.unwrap().budget.id;

    let mut call = admitted(&engine, &key, 1_000).await.unwrap();
    call.lend_key().unwrap();
    let reserved = engine.budget(&cx, budget).await.unwrap().status.reserved;
    assert!(reserved >= NanoUsd(100 * 2_500 + 1_000 * 10_000));

    // The files as a crash at this moment leaves them.
    let crashed = tempfile::tempdir().unwrap();
    for name in ["reeve.db", "reeve.db-wal"] {
        std::fs::copy(world.folder.path().join(name), crashed.path().join(name)).unwrap();
    }
    let restarted = world.open_in(crashed.path(), Arc::clone(&world.keyring)).await;
    let status = restarted.budget(&cx, budget).await.unwrap().status;
    assert!(status.held >= reserved, "never less than what was on its way");
    assert!(status.spent + status.reserved <= NanoUsd::from_usd(1));
    let holds = restarted.holds(&cx).await.unwrap();
    assert_eq!(holds.len(), 1);
    restarted.release_hold(&cx, holds[0].0.id).await.unwrap();
    assert_eq!(restarted.budget(&cx, budget).await.unwrap().status.held, NanoUsd::ZERO);
    restarted.close().await;

    // Without a crash, the call settles and a restart finds nothing to hold.
    let usage = Usage::tokens(90, 10);
    let ended = Ended {
        end: CallEnd::Success,
        status: Some(200),
        usage: Some(usage),
        flag: None,
        service_tier: None,
        latency_ms: 5,
        first_byte_ms: None,
        timing: Timing { sent_us: Some(400), added_us: Some(900) },
    };
    let settled = call.settle(ended);
    assert_eq!(settled.cost, NanoUsd(90 * 2_500 + 10 * 10_000));
    engine.close().await;
    drop(engine);
    let again = world.open().await;
    assert_eq!(again.budget(&cx, budget).await.unwrap().status.spent, settled.cost);
    assert!(again.holds(&cx).await.unwrap().is_empty());
    again.close().await;
}

#[tokio::test]
async fn refusals_say_why_and_reserve_nothing() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    let id = tenant(&engine, &cx, "Acme", Tier::Free).await;
    let key = with_key(&engine, &cx, id).await;
    assert_eq!(admitted(&engine, "rvk_nosuchkey000_x", 10).await.err().unwrap().code, Code::Unauthenticated);
    assert_eq!(admitted(&engine, &key, 4_000).await.err().unwrap().code, Code::QuotaExceeded);
    let limit = Limit { amount: NanoUsd(1_000), kind: BudgetKind::Hard };
    let new =
        SetBudget { level: BudgetLevel::WORKSPACE, period: PeriodKind::Month, limit, thresholds: Vec::new() };
    let budget = engine.set_budget(&cx, new).await.unwrap().budget.id;
    let refused = admitted(&engine, &key, 10).await.err().unwrap();
    assert_eq!(refused.code, Code::BudgetExceeded);
    assert!(refused.message.contains("the workspace's monthly budget"), "{refused}");
    engine.set_tenant_status(&cx, id, TenantStatus::Suspended, None).await.unwrap();
    assert_eq!(admitted(&engine, &key, 10).await.err().unwrap().code, Code::Forbidden);
    // Entries of refusals ride behind; the next awaited write comes after them.
    engine.make_recovery_code(&cx).await.unwrap();
    let status = engine.budget(&cx, budget).await.unwrap().status;
    assert_eq!((status.refused_calls, status.reserved), (1, NanoUsd::ZERO));
    let filter = EntryFilter { not_ok: true, ..Default::default() };
    let page = engine.audit_page(&cx, filter, 10).await.unwrap();
    let kinds: Vec<_> = page.entries.iter().map(|e| e.event_type.as_str()).collect();
    assert_eq!(kinds, ["access.denied", "budget.exceeded", "quota.exceeded", "auth.failed"]);
    engine.close().await;
}
