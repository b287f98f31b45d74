//! Rating a period again, and taking over a price list: what is charged already stays, and corrections make up the rest.

use crate::hello;
use crate::prices::own;
use reeve_core::money::NanoUsd;
use reeve_core::period::PeriodKind;
use reeve_core::time::Millis;
use reeve_engine::import::Source;
use reeve_engine::prices::own::SetOwnPrice;
use reeve_engine::prices::refresh::{RefreshPrices, What};
use reeve_engine::rerate::Rerate;
use reeve_engine::usage::GroupBy;
use reeve_engine::{Code, Cx, Engine};
use reeve_tests::app::{Options, START, TestApp, eventually};
use tokio::task::JoinSet;

fn start() -> Millis {
    START.parse().unwrap()
}

fn rerate(reason: &str) -> Rerate {
    Rerate {
        from: start().plus(-Millis::DAY),
        to: start().plus(Millis::DAY),
        tenant: None,
        provider: None,
        model: None,
        reason: reason.to_owned(),
    }
}

async fn total(app: &TestApp) -> (NanoUsd, u64) {
    let (from, to) = (start().plus(-Millis::DAY), start().plus(Millis::DAY));
    let summary = app.engine.usage_summary(&Cx::system(), GroupBy::Model, None, from, to).await.unwrap();
    (summary.total.cost, summary.total.requests)
}

#[tokio::test]
async fn a_period_is_rated_again_by_charges_that_correct_once() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let budget = app.budget(Some(acme.id), PeriodKind::Day, "10").await;
    for _ in 0..3 {
        app.chat(&acme, &hello("gpt-4o-mini")).await;
    }
    let before = app.charges(3).await;
    let old: NanoUsd = before.iter().filter_map(|c| c.cost).sum();
    // Half of what the list says, and it held all along.
    let mut half = own(Some(acme.id), "gpt-4o-mini", 75_000);
    half.effective_from = Some(start().plus(-Millis::HOUR));
    let set = app.engine.set_own_price(&Cx::system(), half).await.unwrap();
    assert_eq!(set.to_rerate, None, "nothing was charged between then and now");
    assert_eq!(total(&app).await, (old, 3), "a price changes no charge by itself");

    let preview = app.engine.preview_rerate(&Cx::system(), rerate("")).await.unwrap();
    let sum = preview.total();
    assert_eq!((sum.calls, sum.changed, sum.old, sum.new), (3, 3, old, NanoUsd(old.0 / 2)));
    assert_eq!(preview.id, None);
    app.charges(3).await;
    assert_eq!(app.engine.rerate(&Cx::system(), rerate(" ")).await.unwrap_err().code, Code::Invalid);

    let done = app.engine.rerate(&Cx::system(), rerate("contract price")).await.unwrap();
    assert_eq!(done.lines, preview.lines);
    let after = app.charges(6).await;
    let originals: Vec<_> = after.iter().filter(|c| c.source != "rerate").cloned().collect();
    assert_eq!(originals, before, "no charge was edited");
    assert!(after.iter().filter(|c| c.source == "rerate").all(|c| c.cost < Some(NanoUsd::ZERO)));
    assert_eq!(total(&app).await, (NanoUsd(old.0 / 2), 3), "sums follow, and a correction is no call");
    let status = app.engine.budget(&Cx::system(), budget).await.unwrap().status;
    assert_eq!(status.spent, NanoUsd(old.0 / 2), "and so does the budget of today");

    let explained = app.engine.explain_charge(&Cx::system(), before[0].id).await.unwrap();
    let [adjustment] = explained.adjustments.as_slice() else { panic!("{explained:?}") };
    assert_eq!(adjustment.cost, NanoUsd(before[0].cost.unwrap().0 / 2 - before[0].cost.unwrap().0));
    let correction = app.engine.explain_charge(&Cx::system(), adjustment.charge_id).await.unwrap();
    assert_eq!(correction.adjusts.map(|a| a.original_id), Some(before[0].id));

    let again = app.engine.rerate(&Cx::system(), rerate("once more")).await.unwrap();
    assert_eq!(
        (again.total().changed, total(&app).await.0),
        (0, NanoUsd(old.0 / 2)),
        "twice changes nothing more"
    );
    app.charges(6).await;
    assert_eq!(app.entries("usage.rerate").await.len(), 2);
    assert_eq!(app.entries("usage.rerated").await.len(), 2);
}

#[tokio::test]
async fn what_a_restart_counts_anew_is_what_was_corrected() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let budget = app.budget(Some(acme.id), PeriodKind::Month, "10").await;
    app.chat(&acme, &hello("gpt-4o-mini")).await;
    let old = app.charge().await.cost.unwrap();
    let mut double = own(None, "gpt-4o-mini", 300_000);
    double.effective_from = Some(start().plus(-Millis::HOUR));
    app.engine.set_own_price(&Cx::system(), double).await.unwrap();
    app.engine.rerate(&Cx::system(), rerate("the invoice")).await.unwrap();
    let spent = app.engine.budget(&Cx::system(), budget).await.unwrap().status.spent;
    assert_eq!(spent, NanoUsd(old.0 * 2));
    let keyring = std::sync::Arc::clone(&app.keyring);
    let folder = app.close().await;
    let options =
        Options { folder: Some(folder), keyring: Some(keyring), no_credential: true, ..Options::default() };
    let app = TestApp::start_with(options).await;
    assert_eq!(app.engine.budget(&Cx::system(), budget).await.unwrap().status.spent, spent);
    assert_eq!(app.engine.reratings(&Cx::system()).await.unwrap()[0].adjusted, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stop_cuts_goes_on_at_the_next_start_and_corrects_once() {
    let app = TestApp::start().await;
    app.engine.load_sample(&Cx::system()).await.unwrap();
    let long_ago = start().plus(-100 * Millis::DAY);
    let all = move || Rerate { from: long_ago, ..rerate("the invoice of the quarter") };
    for model in ["gpt-4o", "gpt-4o-mini", "gpt-4.1"] {
        let price = SetOwnPrice { effective_from: Some(long_ago), ..own(None, model, 500_000) };
        app.engine.set_own_price(&Cx::system(), SetOwnPrice { confirm: true, ..price }).await.unwrap();
    }
    let due = app.engine.preview_rerate(&Cx::system(), all()).await.unwrap().total();
    let engine = app.engine.clone();
    let mut asked = JoinSet::new();
    asked.spawn(async move { engine.rerate(&Cx::system(), all()).await });
    let progress = |engine: Engine| async move { engine.reratings(&Cx::system()).await.unwrap().pop() };
    eventually("the first corrections are written", || async {
        progress(app.engine.clone()).await.filter(|r| r.adjusted > 0)
    })
    .await;

    let (engine, keyring) = (app.engine.clone(), std::sync::Arc::clone(&app.keyring));
    let cut = progress(engine).await.unwrap();
    let folder = app.close().await;
    assert!(
        cut.adjusted < due.changed && asked.join_next().await.unwrap().unwrap().is_err(),
        "it was cut: {cut:?} of {due:?}"
    );
    let options =
        Options { folder: Some(folder), keyring: Some(keyring), no_credential: true, ..Options::default() };
    let app = TestApp::start_with(options).await;

    let done = eventually("the rest is corrected", || async {
        progress(app.engine.clone()).await.filter(|r| r.finished_at.is_some())
    })
    .await;
    let moved = (done.id, done.adjusted, done.new - done.old);
    assert_eq!(moved, (cut.id, due.changed, due.new - due.old), "the rest of the calls costs what it did");
    let again = app.engine.preview_rerate(&Cx::system(), all()).await.unwrap().total();
    assert_eq!((again.changed, again.new), (0, due.new), "each charge was corrected once");
}

fn refresh(content: &str, preview: bool) -> RefreshPrices {
    RefreshPrices {
        name: "november.csv".to_owned(),
        source: Source::Text(content.to_owned()),
        effective_from: None,
        preview,
        digest: None,
        confirm: false,
    }
}

#[tokio::test]
async fn a_price_list_is_looked_at_and_approved_in_one_act() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let sheet = "provider,model,input,output\nopenai,gpt-4o-mini,0.30,1.20\nopenai,brand-new,1,2\n";
    let cx = Cx::system();
    let seen = app.engine.refresh_prices(&cx, refresh(sheet, true)).await.unwrap();
    assert_eq!((seen.diff.counts.new, seen.diff.counts.changed, seen.diff.counts.unusual), (1, 1, 0));
    assert!(seen.diff.counts.removed > 1_000, "what a short list does not have keeps its price");
    assert_eq!(app.chat(&acme, &hello("brand-new")).await.status, 404, "looking changes nothing");

    let other =
        RefreshPrices { digest: Some(seen.digest.clone()), ..refresh(&sheet.replace("0.30", "0.31"), false) };
    assert_eq!(app.engine.refresh_prices(&cx, other).await.unwrap_err().code, Code::Conflict);
    let approve = RefreshPrices { digest: Some(seen.digest), ..refresh(sheet, false) };
    assert!(app.engine.refresh_prices(&cx, approve).await.unwrap().id.is_some());
    assert_eq!(app.chat(&acme, &hello("brand-new")).await.status, 200);
    assert_eq!(
        app.chat(&acme, &hello("gpt-4o-mini")).await.header("x-reeve-cost"),
        "0.0000216",
        "twice as dear"
    );
    assert_eq!(app.entry("price.approve").await.outcome, "success");
    let history = app.engine.price_history(&cx, "openai", "gpt-4o-mini").await.unwrap();
    let origins: Vec<_> = history.iter().map(|p| p.origin.as_str()).collect();
    assert_eq!(origins, ["approved", "builtin"], "the list before stays in the history");
    assert_eq!(app.chat(&acme, &hello("gpt-4o")).await.status, 200, "what is not listed keeps its price");
}

#[tokio::test]
async fn a_bad_list_changes_nothing_and_a_far_one_is_asked_about() {
    let app = TestApp::start().await;
    let cx = Cx::system();
    let bad = "provider,model,input\nopenai,gpt-4o-mini,0.15\nopenai,gpt-4o,cheap\n";
    let error = app.engine.refresh_prices(&cx, refresh(bad, false)).await.unwrap_err();
    assert_eq!((error.code, error.fields[0].field.as_str()), (Code::Invalid, "line 3, input"));
    let lines = "{\"format\":\"price-catalog v1\",\"as_of\":\"2026-11\",\"unit\":\"pico_usd (1e-12 USD) per unit\",\"licence\":\"x\"}\n{\"provider\":1}\n";
    let error = app.engine.refresh_prices(&cx, refresh(lines, false)).await.unwrap_err();
    assert_eq!((error.code, error.fields[0].field.as_str()), (Code::Invalid, "line 2"));
    let far = "provider,model,input,output\nopenai,gpt-4o-mini,150,600\n";
    let seen = app.engine.refresh_prices(&cx, refresh(far, true)).await.unwrap();
    assert!(seen.diff.items[0].unusual && seen.diff.items[0].what == What::Changed);
    let error = app.engine.refresh_prices(&cx, refresh(far, false)).await.unwrap_err();
    assert_eq!(error.code, Code::PreconditionFailed, "{}", error.message);
    let old = lines.replace("2026-11", "2026-01").replace(
        "{\"provider\":1}",
        r#"{"provider":"openai","model":"m","mode":"chat","rates":[{"unit":"input","pico_usd":1}]}"#,
    );
    assert_eq!(app.engine.refresh_prices(&cx, refresh(&old, false)).await.unwrap_err().code, Code::Conflict);
    assert!(app.engine.price_lists(&cx).await.unwrap().is_empty());
    assert!(app.entries("price.approve").await.is_empty());
}
