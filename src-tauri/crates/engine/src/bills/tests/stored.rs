//! From a provider's answers to rows of the reconciliation, over a real store. The provider is a few canned answers.

use crate::bills::Cause;
use crate::import::{Field, ImportUsage, Mapping, Source};
use crate::tenants::CreateTenant;
use crate::vault::VaultKeys;
use crate::{Code, Cx, Engine, OpenEngine};
use parking_lot::Mutex;
use reeve_core::id::{ControlCredentialId, CredentialId};
use reeve_core::tenant::Tier;
use reeve_core::time::{Clock, Millis};
use reeve_store::Stream;
use reeve_store::table::control_credentials::ControlCredential;
use reeve_store::table::credentials::RotationPolicy;
use reeve_vault::{Keyring, MemoryKeyring, Purpose};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

struct SetClock(Mutex<Millis>);

impl Clock for SetClock {
    fn now(&self) -> Millis {
        *self.0.lock()
    }
}

/// What the provider says by path and day; everything else is an empty report.
type Said = Arc<Mutex<BTreeMap<(&'static str, &'static str), Value>>>;

struct House {
    engine: Engine,
    clock: Arc<SetClock>,
    said: Said,
    account: ControlCredentialId,
    _serving: JoinSet<()>,
    _folder: TempDir,
}

const COSTS: &str = "/v1/organization/costs";
const USAGE: &str = "/v1/organization/usage/completions";

/// One answer: a report of one page with the days that something was said of.
fn answer(request: &str, said: &Said) -> String {
    let path = request.split(' ').nth(1).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    if !request.to_ascii_lowercase().contains("authorization: bearer sk-admin-test-0001") {
        return json!({"error": {"message": "Incorrect API key provided"}}).to_string();
    }
    let said = said.lock();
    let days = said.iter().filter(|((of, _), _)| *of == path);
    let bucket = |((_, day), results): (&(&str, &str), &Value)| {
        let start: Millis = format!("{day}T00:00:00Z").parse().unwrap();
        json!({"object": "bucket", "start_time": start.0 / 1_000, "end_time": start.0 / 1_000 + 86_400, "results": results})
    };
    let data: Vec<Value> = days.map(bucket).collect();
    json!({"object": "page", "data": data, "has_more": false, "next_page": null}).to_string()
}

async fn serve(listener: TcpListener, said: Said) {
    loop {
        let Ok((mut socket, _)) = listener.accept().await else { return };
        let (mut buffer, mut request) = (vec![0; 16 * 1024], String::new());
        while !request.ends_with("\r\n\r\n") {
            let n = socket.read(&mut buffer).await.unwrap_or(0);
            if n == 0 {
                break;
            }
            request += &String::from_utf8_lossy(&buffer[..n]);
        }
        let body = answer(&request, &said);
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let _ = socket.write_all((head + &body).as_bytes()).await;
    }
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(SetClock(Mutex::new("2026-11-21T12:00:00Z".parse().unwrap())));
        let keyring = Arc::new(MemoryKeyring::new());
        let of: crate::vault::KeyringOf = Arc::new(move |_| Arc::clone(&keyring) as Arc<dyn Keyring>);
        let keys = VaultKeys { keyring: Some(of), ..VaultKeys::default() };
        let open = OpenEngine {
            data_dir: folder.path().to_owned(),
            keys,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
        };
        let engine = Engine::open(open).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let said = Said::default();
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, Arc::clone(&said)));
        let account = seed(&engine, &format!("http://{address}/v1")).await;
        Self { engine, clock, said, account, _serving: serving, _folder: folder }
    }

    fn says(&self, path: &'static str, day: &'static str, results: Value) {
        self.said.lock().insert((path, day), results);
    }

    async fn entries(&self, kind: &str) -> Vec<Value> {
        let kind = kind.to_owned();
        let read = move |r: &reeve_store::Read<'_>| {
            let size = r.entries().head(Stream::Audit)?.size;
            let all = (0..size).map(|n| r.entries().get(Stream::Audit, n)).collect::<Result<Vec<_>, _>>()?;
            let of_kind = all.into_iter().flatten().filter(|e| e.leaf.kind == kind);
            Ok::<_, reeve_store::StoreError>(of_kind.map(|e| Value::from(e.leaf.x)).collect::<Vec<_>>())
        };
        self.engine.inner.store.read(read).await.unwrap()
    }
}

/// An admin key, and a credential that says where its provider is.
async fn seed(engine: &Engine, base_url: &str) -> ControlCredentialId {
    let id = ControlCredentialId(engine.inner.ids.next());
    let sealed = engine
        .vault()
        .unwrap()
        .seal(Purpose::AdminCred, &format!("openai/{id}"), b"sk-admin-test-0001")
        .unwrap();
    let now = engine.now();
    let control = ControlCredential {
        id,
        name: "OpenAI admin".to_owned(),
        provider: "openai".to_owned(),
        fingerprint: "f".to_owned(),
        last4: "0001".to_owned(),
        sealed: Some(sealed),
        created_at: now,
        changed_at: now,
        last_used_at: None,
        removed_at: None,
    };
    let new = crate::credentials::AddCredential {
        name: "prod".to_owned(),
        provider: "openai".to_owned(),
        base_url: Some(base_url.to_owned()),
        models: Vec::new(),
        weight: None,
        priority: None,
        api_key: reeve_vault::Secret::copy_of(b"sk-data-test-0000001"),
    };
    let credential: CredentialId = engine.add_credential(&Cx::system(), new).await.unwrap().id;
    let settings = json!({"kind": "openai_admin", "base_url": base_url}).to_string();
    let draft = engine.draft(&Cx::system(), "test.seed", "test:seed");
    engine
        .inner
        .store
        .write(move |tx| {
            let recorded = draft.record(tx)?;
            recorded.control_credentials().insert(&control)?;
            recorded.credentials().set_rotation(
                credential,
                RotationPolicy::default(),
                Some(&settings),
                Some(id),
            )?;
            Ok::<_, crate::Error>(())
        })
        .await
        .unwrap();
    id
}

/// Two calls of `gpt-4o` on the 18th, at the catalogue's price.
async fn calls(engine: &Engine) {
    let tenant = CreateTenant {
        name: "Northwind".to_owned(),
        slug: None,
        tier: Tier::Starter,
        time_zone: None,
        owner: None,
        tags: Vec::new(),
        notes: None,
    };
    engine.create_tenant(&Cx::system(), tenant).await.unwrap();
    let column = |name: &str| Field::Column(name.to_owned());
    let import = ImportUsage {
        name: "x.csv".to_owned(),
        source: Source::Text(
            "t,i,o\n2026-11-18 08:00:00,400000,10000\n2026-11-18 23:59:59,600000,0\n".to_owned(),
        ),
        mapping: Mapping {
            time: column("t"),
            input_tokens: column("i"),
            output_tokens: column("o"),
            cache_read_tokens: None,
            model: Field::Value("gpt-4o".to_owned()),
            provider: None,
            tenant: Field::Value("Northwind".to_owned()),
        },
        preview: false,
    };
    engine.import_usage(&Cx::system(), import).await.unwrap();
}

fn cost(value: &str, line: &str) -> Value {
    let value: Value = serde_json::from_str(value).unwrap();
    json!({"amount": {"value": value, "currency": "usd"}, "line_item": line, "project_id": null, "api_key_id": null})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bill_is_imported_kept_and_held_against_the_ledger() {
    let house = House::new().await;
    calls(&house.engine).await;
    house.says(
        COSTS,
        "2026-11-18",
        json!([
            cost("5.00", "gpt-4o-2024-08-06, input"),
            cost("0.2", "gpt-4o-2024-08-06, output"),
            cost("0.75", "Code Interpreter")
        ]),
    );
    house.says(USAGE, "2026-11-18", json!([{"input_tokens": 2_000_000, "output_tokens": 20_000, "num_model_requests": 4, "model": "gpt-4o-2024-08-06"}]));
    house.says(COSTS, "2026-11-21", json!([cost("1", "gpt-4o-2024-08-06, input")]));
    let cx = Cx::system();
    let [import] = &house.engine.import_bills(&cx, None, None).await.unwrap()[..] else {
        panic!("one account")
    };
    assert_eq!((import.error.as_deref(), import.lines, import.changed), (None, 4, 4));
    assert_eq!(
        (import.billed.to_string(), import.from.to_string()),
        ("6.95".to_owned(), "2026-10-22T00:00:00.000Z".to_owned())
    );
    let told = house.entries("bill.import").await;
    assert_eq!((told.len(), &told[0]["billed_usd"], &told[0]["lines"]), (1, &json!("6.95"), &json!(4)));

    let (from, to) = ("2026-11-15T00:00:00Z".parse().unwrap(), "2026-11-21T12:00:00Z".parse().unwrap());
    let board = house.engine.reconcile_bill(&cx, "openai", from, to).await.unwrap();
    let rows: Vec<_> = board
        .rows
        .iter()
        .map(|r| {
            let causes: Vec<_> = r.causes.iter().map(|c| (c.cause, c.amount.to_string())).collect();
            (
                r.day.to_string()[..10].to_owned(),
                r.name.as_str(),
                r.billed.to_string(),
                r.ledger.to_string(),
                causes,
            )
        })
        .collect();
    let row = |day: &str, name, billed: &str, ledger: &str, cause: Cause, amount: &str| {
        (day.to_owned(), name, billed.to_owned(), ledger.to_owned(), vec![(cause, amount.to_owned())])
    };
    assert_eq!(
        rows,
        [
            row("2026-11-21", "gpt-4o", "1.00", "0.00", Cause::Recent, "1.00"),
            row("2026-11-18", "gpt-4o", "5.20", "2.60", Cause::NotThroughReeve, "2.60"),
            row("2026-11-18", "Code Interpreter", "0.75", "0.00", Cause::NoModel, "0.75"),
        ]
    );
    assert_eq!(
        (board.days, board.billed.to_string(), board.ledger.to_string()),
        (7, "6.95".to_owned(), "2.60".to_owned())
    );
    let sum: reeve_core::money::NanoUsd = board.causes.iter().map(|c| c.amount).sum();
    assert_eq!(sum, board.billed - board.ledger);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_week_is_imported_again_and_nothing_counts_twice() {
    let house = House::new().await;
    let cx = Cx::system();
    house.says(COSTS, "2026-11-18", json!([cost("5", "gpt-4o, input"), cost("3", "gpt-4o, input")]));
    house.says(COSTS, "2026-11-01", json!([cost("7", "gpt-4o, input")]));
    let first = house.engine.import_bills(&cx, Some(house.account), None).await.unwrap();
    assert_eq!(
        (first[0].lines, first[0].billed.to_string()),
        (2, "15.00".to_owned()),
        "two lines of one place are one"
    );
    house.said.lock().clear();
    house.says(COSTS, "2026-11-18", json!([cost("8.5", "gpt-4o, input")]));
    house.says(COSTS, "2026-11-20", json!([cost("1", "gpt-4o, output")]));
    *house.clock.0.lock() = "2026-11-22T13:00:00Z".parse().unwrap();
    house.engine.import_due_bills().await;
    let (imports, more) = house.engine.bill_imports(&cx, None, 10).await.unwrap();
    assert!(!more);
    let (second, first) = (&imports[0], &imports[1]);
    assert_eq!(
        (second.by_schedule, second.changed, second.from.to_string()),
        (true, 2, "2026-11-15T00:00:00.000Z".to_owned())
    );
    assert!(!first.by_schedule);
    let board = house.engine.reconcile_bill(&cx, "openai", first.from, second.at).await.unwrap();
    assert_eq!(board.billed.to_string(), "16.50", "the 1st of the month is as it was, the 18th is replaced");
    house.engine.import_due_bills().await;
    assert_eq!(house.engine.bill_imports(&cx, None, 10).await.unwrap().0.len(), 2, "not due yet");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_is_not_understood_leaves_what_was_there() {
    let house = House::new().await;
    let cx = Cx::system();
    house.says(COSTS, "2026-11-18", json!([cost("5", "gpt-4o, input")]));
    house.engine.import_bills(&cx, None, None).await.unwrap();
    house.says(COSTS, "2026-11-18", json!([{"price": 0}]));
    let failed = house.engine.import_bills(&cx, None, None).await.unwrap();
    assert!(failed[0].error.as_ref().unwrap().contains("not understood"), "{:?}", failed[0].error);
    let accounts = house.engine.bill_accounts(&cx).await.unwrap();
    assert!(
        accounts[0].last.as_ref().unwrap().error.is_some()
            && accounts[0].taken.as_ref().unwrap().error.is_none()
    );
    let board = house
        .engine
        .reconcile_bill(&cx, "openai", house.engine.now().plus(-5 * Millis::DAY), house.engine.now())
        .await
        .unwrap();
    assert_eq!(board.billed.to_string(), "5.00");
    assert_eq!(house.entries("bill.import").await.len(), 2, "a failure is an entry, too");
    // Tried again after an hour, not before.
    house.engine.import_due_bills().await;
    assert_eq!(house.engine.bill_imports(&cx, None, 10).await.unwrap().0.len(), 2);
    *house.clock.0.lock() = "2026-11-21T13:00:01Z".parse().unwrap();
    house.engine.import_due_bills().await;
    assert_eq!(house.engine.bill_imports(&cx, None, 10).await.unwrap().0.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn days_and_providers_that_make_no_sense_are_refused() {
    let house = House::new().await;
    let cx = Cx::system();
    let now = house.engine.now();
    for (provider, from, to) in [
        ("google", now, now),
        ("openai", now.plus(Millis::DAY), now),
        ("openai", now.plus(-94 * Millis::DAY), now),
    ] {
        let told = house.engine.reconcile_bill(&cx, provider, from, to).await.unwrap_err();
        assert_eq!(told.code, Code::Invalid, "{provider}");
    }
    let empty = house.engine.reconcile_bill(&cx, "anthropic", now, now).await.unwrap();
    assert_eq!((empty.days, empty.rows.len()), (0, 0), "what was never imported is not \"nothing billed\"");
}
