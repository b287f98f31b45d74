//! The request log: what was decided about calls, where their time went, what was refused, what is on its way.

use crate::{hello, streamed_hello};
use reeve_core::period::PeriodKind;
use reeve_engine::Cx;
use reeve_engine::audit::Stream;
use reeve_engine::requests::{Request, RequestFilter, RequestRef};
use reeve_tests::app::{Options, TestApp, eventually};
use reeve_tests::provider::Fault;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

#[tokio::test]
async fn a_charge_says_what_was_reserved_what_was_left_and_where_the_time_went() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let budget = app.budget(Some(acme.id), PeriodKind::Day, "5").await;
    for request in [hello("gpt-4o-mini"), streamed_hello("gpt-4o-mini")] {
        app.chat(&acme, &request).await;
    }
    for charge in app.charges(2).await {
        let detail = app.engine.request(&Cx::system(), RequestRef::Charge(charge.id)).await.unwrap();
        let reserved = charge.trail.reserved.unwrap();
        assert!(reserved >= charge.cost.unwrap(), "the worst case covers what it cost");
        let [left] = detail.budgets.as_slice() else { panic!("one budget: {:?}", detail.budgets) };
        assert_eq!((left.budget_id, left.limit.to_string().as_str()), (budget, "5.00"));
        assert!(left.left.0 <= left.limit.0 - reserved.0);
        assert!(detail.quota.is_some() && detail.credential.is_some() && detail.explanation.is_some());
        let (sent, added) = (charge.trail.sent_us.unwrap(), charge.trail.added_us.unwrap());
        let end = charge.latency_ms.unwrap() * 1_000 + 1_000;
        assert!(sent > 0 && sent <= end && added > 0 && added <= end, "{sent} {added} {end}");
    }
    let overview = app.engine.overview(&Cx::system()).await.unwrap();
    assert_eq!(overview.traffic.calls, 2, "both are measured");
}

#[tokio::test]
async fn waiting_for_the_provider_is_not_added_latency() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.chat(&acme, &hello("gpt-4o-mini")).await;
    app.charges(1).await;
    app.provider.next(Fault::FirstByteAfter(Duration::from_millis(700)));
    app.chat(&acme, &hello("gpt-4o-mini")).await;
    app.provider.next(Fault::Slow(Duration::from_millis(60)));
    app.chat(&acme, &streamed_hello("gpt-4o-mini")).await;
    for charge in &app.charges(3).await[1..] {
        let (took, added) = (charge.latency_ms.unwrap(), charge.trail.added_us.unwrap() / 1_000);
        assert!(took >= 600 && added < took / 2, "{added} ms of {took} ms");
    }
}

#[tokio::test]
async fn refused_calls_are_in_the_same_list() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.chat(&acme, &hello("gpt-4o-mini")).await;
    app.charge().await;
    app.budget(Some(acme.id), PeriodKind::Day, "0.000000001").await;
    let refused = app.chat(&acme, &hello("gpt-4o-mini")).await;
    let unknown = app.chat(&acme, &hello("no-such-model")).await;
    let page = eventually("refusals", || async {
        let page =
            app.engine.requests(&Cx::system(), RequestFilter::default(), None, 10).await.expect("a page");
        (page.items.len() == 3).then_some(page)
    })
    .await;
    let reasons: Vec<_> = page
        .items
        .iter()
        .map(|r| match r {
            Request::Charged(c) => c.outcome.clone(),
            Request::Refused(r) => r.reason.clone(),
        })
        .collect();
    assert_eq!(reasons.iter().filter(|r| *r == "budget_exceeded").count(), 1, "{reasons:?} {unknown:?}");
    assert!(page.next.is_none());
    let id = refused.header("x-reeve-request-id").parse().unwrap();
    let detail = app.engine.request(&Cx::system(), RequestRef::Request(id)).await.unwrap();
    let Request::Refused(row) = detail.request else { panic!("it was refused") };
    assert_eq!((row.tenant_id, row.model.as_deref(), row.calls), (Some(acme.id), Some("gpt-4o-mini"), 1));
    assert!(row.asked.0 > 0 && row.message.unwrap().contains("daily budget"));
    let filter = RequestFilter { reason: Some("budget_exceeded".to_owned()), ..RequestFilter::default() };
    let page = app.engine.requests(&Cx::system(), filter, None, 10).await.unwrap();
    assert_eq!(page.items.len(), 1);
    assert_eq!(page.key_names.get(&acme.key_id).map(String::is_empty), Some(false));
}

#[tokio::test]
async fn a_flood_of_refusals_is_few_rows_that_count_all() {
    let app = TestApp::start().await;
    for _ in 0..30 {
        let sent =
            app.post("/v1/chat/completions", "rvk_nobody_knows_this", hello("gpt-4o-mini").to_string());
        assert_eq!(sent.send().await.unwrap().status(), 401);
    }
    let rows = eventually("all of them", || async {
        let page = app.engine.requests(&Cx::system(), RequestFilter::default(), None, 100).await.unwrap();
        let calls = page.items.iter().map(|r| match r {
            Request::Refused(r) => r.calls,
            Request::Charged(_) => 0,
        });
        (calls.sum::<u64>() == 30).then_some(page.items.len())
    })
    .await;
    assert!(rows <= 11, "{rows} rows for 30 calls");
}

#[tokio::test]
async fn a_call_is_live_until_it_ends() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.provider.next(Fault::FirstByteAfter(Duration::from_millis(500)));
    let request = hello("gpt-4o-mini");
    let (answer, live) = tokio::join!(app.chat(&acme, &request), async {
        eventually("a live call", || async {
            let (calls, _) = app.engine.live_requests(&Cx::system(), Some(acme.id), 10).await.unwrap();
            calls.into_iter().next()
        })
        .await
    });
    assert_eq!(answer.status, 200);
    assert_eq!((live.call.model.as_str(), live.caller.key), ("gpt-4o-mini", acme.key_id));
    assert!(live.reserved.0 > 0);
    app.charge().await;
    assert_eq!(app.engine.live_requests(&Cx::system(), None, 10).await.unwrap().1, 0, "none is left behind");
}

#[tokio::test]
async fn entries_that_could_not_be_written_are_told_as_soon_as_one_can() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    app.budget(Some(acme.id), PeriodKind::Day, "0.000000001").await;
    // Another program keeps the file locked for longer than a write waits for it.
    let other = rusqlite::Connection::open(app.engine.data_dir().join("reeve.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    app.chat(&acme, &hello("gpt-4o-mini")).await.assert_error(402, "insufficient_quota", "budget_exceeded");
    // It is written behind the refusal, and fails with it.
    app.engine.rotate_ledger_keys().await.unwrap_err();
    other.execute_batch("ROLLBACK").unwrap();
    app.engine.tend_ledger().await;
    let gap = app.entry("log.gap").await;
    // The refusal, and that the key was used.
    assert_eq!(gap.summary, "2 entries could not be written and are lost");
    assert_eq!((gap.severity.as_str(), gap.outcome), ("critical", "failure"));
    assert!(app.engine.verify(&Cx::system(), Stream::Audit).await.unwrap().intact());
}

#[tokio::test]
async fn a_test_of_a_key_that_a_crash_cut_short_has_a_result_after_the_next_start() {
    let app = TestApp::start().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/v1", silent.local_addr().unwrap());
    let id = app.credential("openai", &address, "sk-nobody-answers", &["gpt-4o"]).await;
    let (engine, mut probing) = (app.engine.clone(), JoinSet::new());
    probing.spawn(async move { engine.probe_credential(&Cx::system(), id).await });
    let intent = app.entry("key.probe_intent").await;
    // What a crash leaves is what the disk holds now.
    let crashed = Arc::new(tempfile::tempdir().unwrap());
    for file in std::fs::read_dir(app.engine.data_dir()).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), crashed.path().join(file.file_name())).unwrap();
    }
    let keyring = Some(Arc::clone(&app.keyring));
    let options = Options { folder: Some(crashed), keyring, no_credential: true, ..Options::default() };
    let after = TestApp::start_with(options).await;
    let result = after.entry("key.probe").await;
    assert_eq!((result.outcome, result.severity.as_str()), ("failure", "warning"));
    assert_eq!(result.resource.unwrap().id, intent.resource.unwrap().id);
    let folder = after.close().await;
    let options = Options {
        folder: Some(folder),
        keyring: Some(Arc::clone(&app.keyring)),
        no_credential: true,
        ..Options::default()
    };
    let again = TestApp::start_with(options).await;
    again.entries_once("key.probe", 1).await;
}
