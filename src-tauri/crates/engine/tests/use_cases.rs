//! The use cases over a real store and a vault in memory: what is written, what is refused, what a restart finds.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, also in its helpers")]

use reeve_core::budget::{BudgetKind, BudgetLevel, Limit};
use reeve_core::id::TenantId;
use reeve_core::money::NanoUsd;
use reeve_core::period::PeriodKind;
use reeve_core::tenant::{QuotaOverride, TenantStatus, Tier};
use reeve_core::time::{Clock, Millis};
use reeve_core::usage::{Units, Usage};
use reeve_engine::audit::{EntryFilter, Stream};
use reeve_engine::budgets::SetBudget;
use reeve_engine::credentials::AddCredential;
use reeve_engine::gateway::{Billing, Call, CallEnd, Ended};
use reeve_engine::identity::Register;
use reeve_engine::import::{Field, ImportReport, ImportState, ImportUsage, Mapping, Source};
use reeve_engine::settings::{ChangeSettings, Unpriced};
use reeve_engine::tenants::{ChangeTenant, CreateTenant};
use reeve_engine::usage::GroupBy;
use reeve_engine::vault::VaultKeys;
use reeve_engine::{Code, Cx, Engine, OpenEngine, Via};
use reeve_vault::{Keyring, MemoryKeyring, Secret};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Millis {
        Millis(self.0.load(Ordering::Relaxed))
    }
}

struct World {
    folder: tempfile::TempDir,
    clock: Arc<Hand>,
    keyring: Arc<MemoryKeyring>,
}

impl World {
    fn new() -> Self {
        let noon = "2026-11-20T12:00:00Z".parse::<Millis>().unwrap();
        Self {
            folder: tempfile::tempdir().unwrap(),
            clock: Arc::new(Hand(AtomicI64::new(noon.0))),
            keyring: Arc::new(MemoryKeyring::new()),
        }
    }

    async fn open(&self) -> Engine {
        self.open_in(self.folder.path(), Arc::clone(&self.keyring)).await
    }

    async fn open_in(&self, folder: &Path, keyring: Arc<MemoryKeyring>) -> Engine {
        let keyring: Arc<dyn Keyring> = keyring;
        let keys = VaultKeys { keyring: Some(Arc::new(move |_| Arc::clone(&keyring))), env: None };
        let clock: Arc<dyn Clock> = Arc::<Hand>::clone(&self.clock);
        Engine::open(OpenEngine { data_dir: folder.to_owned(), keys, clock }).await.unwrap()
    }
}

/// A workspace with its first admin, and the context in which that admin acts.
async fn ready(engine: &Engine) -> Cx {
    let anonymous = Cx {
        via: Via::Ui,
        principal: reeve_core::principal::Principal::Anonymous,
        ip: Some("203.0.113.7".to_owned()),
        ..Cx::system()
    };
    let register = Register {
        workspace_name: "Meridian".to_owned(),
        time_zone: "Europe/Berlin".parse().unwrap(),
        name: "First Admin".to_owned(),
        email: "admin@example.com".to_owned(),
        password: None,
    };
    engine.register(&anonymous, register).await.unwrap();
    Cx { principal: engine.window_principal(), ..anonymous }
}

async fn tenant(engine: &Engine, cx: &Cx, name: &str, tier: Tier) -> TenantId {
    let new = CreateTenant {
        name: name.to_owned(),
        slug: None,
        tier,
        time_zone: None,
        owner: None,
        tags: Vec::new(),
        notes: None,
    };
    engine.create_tenant(cx, new).await.unwrap().tenant.id
}

fn mapping(tenant: &str) -> Mapping {
    let column = |name: &str| Field::Column(name.to_owned());
    let value = |text: &str| Field::Value(text.to_owned());
    Mapping {
        time: column("TIMESTAMP"),
        input_tokens: column("ContextTokens"),
        output_tokens: column("GeneratedTokens"),
        cache_read_tokens: None,
        model: value("gpt-4o"),
        provider: None,
        tenant: value(tenant),
    }
}

async fn import(
    engine: &Engine,
    cx: &Cx,
    csv: &str,
    preview: bool,
) -> Result<ImportReport, reeve_engine::Error> {
    let import = ImportUsage {
        name: "trace.csv".to_owned(),
        source: Source::Text(csv.to_owned()),
        mapping: mapping("Conversation"),
        preview,
    };
    engine.import_usage(cx, import).await
}

const TRACE: &str = "TIMESTAMP,ContextTokens,GeneratedTokens
2023-11-16 18:15:46.6805900,374,44
2023-11-16 18:15:50.9951690,396,109
2023-11-16 18:15:50.9951690,396,109
2026-11-20 08:00:00,1000,0
";

#[tokio::test]
async fn an_import_is_exact_whole_and_idempotent() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    tenant(&engine, &cx, "Conversation", Tier::Enterprise).await;

    let looked = import(&engine, &cx, TRACE, true).await.unwrap();
    assert_eq!((looked.state, looked.rows, looked.new_rows), (ImportState::Preview, 4, 4));
    assert_eq!(engine.settled_total(&cx).await.unwrap(), (NanoUsd::ZERO, 0), "a preview writes nothing");

    let report = import(&engine, &cx, TRACE, false).await.unwrap();
    // 2,500 nano-dollars a prompt token, 10,000 a generated one.
    let expected = NanoUsd((374 + 396 + 396 + 1_000) * 2_500 + (44 + 109 + 109) * 10_000);
    assert_eq!((report.state, report.cost), (ImportState::Imported, expected));
    assert_eq!(engine.settled_total(&cx).await.unwrap(), (expected, 4));
    let today = engine.overview(&cx).await.unwrap().today;
    assert_eq!((today.cost, today.requests), (NanoUsd(2_500_000), 1), "only the last row is of today");

    let again = import(&engine, &cx, TRACE, false).await.unwrap();
    assert_eq!((again.new_rows, again.duplicate_rows, again.cost), (0, 4, NanoUsd::ZERO));
    assert_eq!(engine.settled_total(&cx).await.unwrap(), (expected, 4));

    let reeve_engine::usage::Summary { groups, total, .. } =
        engine.usage_summary(&cx, GroupBy::Model, None, Millis(0), world.clock.now()).await.unwrap();
    assert_eq!((groups.len(), total.cost, total.input_tokens), (1, expected, 2_166));
    let (charges, _) = engine.charges(&cx, Default::default(), 10).await.unwrap();
    let explained = engine.explain_charge(&cx, charges[0].id).await.unwrap();
    let sum: u128 = explained.lines.iter().map(|l| u128::from(l.quantity) * u128::from(l.pico_usd)).sum();
    assert_eq!(NanoUsd::from_pico(sum), explained.charge.cost.unwrap());
    engine.close().await;
}

#[tokio::test]
async fn a_bad_file_is_refused_with_its_lines_and_nothing_is_imported() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    tenant(&engine, &cx, "Conversation", Tier::Enterprise).await;

    let missing =
        import(&engine, &cx, "TIMESTAMP,Generated\n2023-11-16 18:15:46,1\n", false).await.unwrap_err();
    assert_eq!(missing.code, Code::Invalid);
    assert!(
        missing
            .fields
            .iter()
            .any(|f| f.field == "mapping.input_tokens" && f.message.contains("ContextTokens")),
        "{missing:?}"
    );

    let text = TRACE.replace("396,109\n2026", "many,109\n2026");
    let report = import(&engine, &cx, &text, false).await.unwrap();
    assert_eq!((report.state, report.error_count), (ImportState::Rejected, 1));
    assert_eq!((report.errors[0].line, report.errors[0].column.as_deref()), (4, Some("input_tokens")));

    let cut = import(&engine, &cx, &TRACE[..TRACE.len() - 12], false).await.unwrap();
    assert_eq!((cut.state, cut.errors[0].line), (ImportState::Rejected, 5));

    let endless = format!("{TRACE}{}", "9".repeat(2 * 1024 * 1024));
    let long = import(&engine, &cx, &endless, false).await.unwrap_err();
    assert!(long.message.contains("line 6 is longer than 1 MiB"), "{long}");

    for bad in ["", "TIMESTAMP,ContextTokens,GeneratedTokens\n"] {
        assert_eq!(import(&engine, &cx, bad, false).await.unwrap_err().code, Code::Invalid);
    }
    let unknown = TRACE.replace("2026-11-20 08:00:00", "soon");
    assert_eq!(
        import(&engine, &cx, &unknown, false).await.unwrap().errors[0].column.as_deref(),
        Some("time")
    );
    assert_eq!(engine.settled_total(&cx).await.unwrap(), (NanoUsd::ZERO, 0));
    engine.close().await;
}

#[tokio::test]
async fn a_tenants_life_is_in_the_audit_trail() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    let id = tenant(&engine, &cx, "Acme Corp", Tier::Professional).await;
    let change = ChangeTenant {
        tier: Some(Tier::Enterprise),
        owner: Some(Some("somebody".to_owned())),
        ..Default::default()
    };
    engine.change_tenant(&cx, id, change).await.unwrap();
    let over = QuotaOverride {
        requests_per_day: Some(5),
        until: Some(world.clock.now().plus(1_000)),
        ..Default::default()
    };
    engine.set_quota_override(&cx, id, Some(over)).await.unwrap();
    assert_eq!(engine.quota(&cx, id).await.unwrap().counters.quota.requests_per_day, 5);
    world.clock.0.fetch_add(2_000, Ordering::Relaxed);
    assert_eq!(
        engine.quota(&cx, id).await.unwrap().counters.quota.requests_per_day,
        1_000_000,
        "the raise has ended"
    );
    engine.set_tenant_status(&cx, id, TenantStatus::Suspended, Some("unpaid".to_owned())).await.unwrap();
    engine.set_tenant_status(&cx, id, TenantStatus::Archived, None).await.unwrap();
    let stays = engine.set_tenant_status(&cx, id, TenantStatus::Active, None).await.unwrap_err();
    assert_eq!(stays.code, Code::Conflict);

    let filter = EntryFilter { res: Some(format!("tenant:{id}")), ..Default::default() };
    let page = engine.audit_page(&cx, filter, 100).await.unwrap();
    let kinds: Vec<_> = page.entries.iter().map(|e| e.event_type.as_str()).collect();
    assert_eq!(kinds, ["tenant.archive", "tenant.suspend", "quota.update", "tenant.update", "tenant.create"]);
    assert!(
        page.entries
            .iter()
            .all(|e| e.actor.name == "First Admin" && e.tenant.as_ref().unwrap().1 == "Acme Corp")
    );

    let detail = engine.audit_entry(&cx, Stream::Audit, page.entries[3].sequence).await.unwrap();
    let tier = detail.changes.iter().find(|c| c.field == "tier").unwrap();
    assert_eq!((tier.before.as_str(), tier.after.as_str()), ("professional", "enterprise"));
    assert_eq!(detail.ip.as_deref(), Some("203.0.113.7"), "opened from the sealed section");
    assert!(
        !detail.leaf.contains("203.0.113.7") && !detail.leaf.contains("somebody"),
        "no personal data in the leaf"
    );
    for stream in Stream::ALL {
        assert!(engine.verify(&cx, stream).await.unwrap().intact());
    }
    engine.close().await;
}

#[tokio::test]
async fn a_missing_keyring_item_locks_the_vault_and_mints_nothing() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    let key = AddCredential {
        name: "production".to_owned(),
        provider: "openai".to_owned(),
        base_url: None,
        models: Vec::new(),
        weight: None,
        priority: None,
        api_key: Secret::new(b"sk-canary-0123456789".to_vec()),
    };
    let added = engine.add_credential(&cx, key).await.unwrap();
    assert_eq!(added.last4, "6789");
    let recovery = engine.make_recovery_code(&cx).await.unwrap();
    engine.close().await;
    drop(engine);

    world.keyring.forget();
    let writes = world.keyring.writes();
    let locked = world.open_in(world.folder.path(), Arc::clone(&world.keyring)).await;
    assert_eq!(locked.vault_locked().unwrap().reason, "key_missing");
    assert_eq!(world.keyring.writes(), writes, "nothing was minted");
    assert_eq!(locked.credentials(&cx, None, 10).await.unwrap().0.len(), 1, "everything else still works");
    assert_eq!(locked.unlock_with_recovery(&cx, "wrong").await.unwrap_err().code, Code::Invalid);
    locked.unlock_with_recovery(&cx, &recovery).await.unwrap();
    assert!(locked.vault_locked().is_none());
    locked.close().await;
    let file = std::fs::read(world.folder.path().join("reeve.db")).unwrap();
    assert!(!file.windows(9).any(|w| w == b"sk-canary"), "no plaintext key in the file");
}

/// A call of a tenant through the engine, up to where the provider would be asked.
async fn admitted(
    engine: &Engine,
    key: &str,
    max: u64,
) -> Result<reeve_engine::gateway::Admitted, reeve_engine::Error> {
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
    engine.admit(caller, call).await
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
    let usage = reeve_core::usage::Usage::tokens(90, 10);
    let ended = Ended {
        end: CallEnd::Success,
        status: Some(200),
        usage: Some(usage),
        flag: None,
        service_tier: None,
        latency_ms: 5,
        first_byte_ms: None,
        timing: reeve_engine::gateway::Timing { sent_us: Some(400), added_us: Some(900) },
    };
    let settled = call.settle(&ended);
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

#[tokio::test]
async fn unpriced_models_are_refused_or_charged_at_the_ceiling_never_free() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    tenant(&engine, &cx, "Conversation", Tier::Enterprise).await;
    let mut local = ImportUsage {
        name: "t".to_owned(),
        source: Source::Text(TRACE.to_owned()),
        mapping: mapping("conversation"),
        preview: true,
    };
    local.mapping.model = Field::Value("my-own-model".to_owned());
    let refused = engine.import_usage(&cx, local).await.unwrap();
    assert_eq!((refused.state, refused.error_count), (ImportState::Rejected, 4));

    let free = ChangeSettings {
        unpriced: Some(Unpriced::Ceiling),
        ceiling_input: Some(Some(0)),
        ..Default::default()
    };
    assert_eq!(engine.change_settings(&cx, free).await.unwrap_err().code, Code::Invalid);
    let ceiling = ChangeSettings {
        unpriced: Some(Unpriced::Ceiling),
        ceiling_input: Some(Some(1_000_000)),
        ceiling_output: Some(Some(2_000_000)),
        ..Default::default()
    };
    engine.change_settings(&cx, ceiling).await.unwrap();
    let mut local = ImportUsage {
        name: "t".to_owned(),
        source: Source::Text(TRACE.to_owned()),
        mapping: mapping("conversation"),
        preview: false,
    };
    local.mapping.model = Field::Value("my-own-model".to_owned());
    let report = engine.import_usage(&cx, local).await.unwrap();
    assert_eq!(report.cost, NanoUsd(2_166 * 1_000 + 262 * 2_000));
    let (charges, _) = engine.charges(&cx, Default::default(), 1).await.unwrap();
    assert_eq!(charges[0].pricing, "ceiling");
    engine.close().await;
}

#[tokio::test]
async fn the_sample_comes_and_goes_in_one_act() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    let own = tenant(&engine, &cx, "Ours", Tier::Starter).await;
    let loaded = engine.load_sample(&cx).await.unwrap();
    assert_eq!(loaded.tenants, 5);
    assert!(loaded.usage_records > 10_000, "{loaded:?}");
    assert_eq!(engine.load_sample(&cx).await.unwrap_err().code, Code::Conflict);
    let overview = engine.overview(&cx).await.unwrap();
    assert!(
        (NanoUsd::from_usd(100)..NanoUsd::from_usd(1_000)).contains(&overview.month.cost),
        "{:?}",
        overview.month
    );
    assert_eq!((overview.daily.len(), overview.tenants.len()), (30, 5));
    let removed = engine.remove_sample(&cx).await.unwrap();
    assert_eq!(removed, loaded);
    let (left, _) = engine.tenants(&cx, Default::default(), 10).await.unwrap();
    assert_eq!(left.iter().map(|t| t.tenant.id).collect::<Vec<_>>(), [own]);
    assert!(engine.budgets(&cx, None, 10).await.unwrap().0.is_empty());
    assert_eq!(engine.settled_total(&cx).await.unwrap(), (NanoUsd::ZERO, 0));
    assert!(engine.verify(&cx, Stream::Usage).await.unwrap().intact(), "the ledger keeps what it recorded");
    engine.close().await;
}

#[tokio::test]
async fn another_time_zone_counts_the_day_anew() {
    let world = World::new();
    let engine = world.open().await;
    let cx = ready(&engine).await;
    tenant(&engine, &cx, "Conversation", Tier::Enterprise).await;
    let csv =
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2026-11-19 23:30:00,1000,0\n2026-11-20 11:00:00,2000,0\n";
    import(&engine, &cx, csv, false).await.unwrap();
    let today = |engine: Engine, cx: Cx| async move { engine.overview(&cx).await.unwrap().today.requests };
    assert_eq!(today(engine.clone(), cx.clone()).await, 2, "in Berlin both are of the 20th");
    let utc = ChangeSettings { time_zone: Some("UTC".parse().unwrap()), ..Default::default() };
    engine.change_settings(&cx, utc).await.unwrap();
    assert_eq!(today(engine.clone(), cx.clone()).await, 1, "in UTC one was yesterday");
    engine.close().await;
}
