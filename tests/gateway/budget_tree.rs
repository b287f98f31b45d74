//! Budgets below the tenants: keys, users, models, tags and pools of provider keys, all levels or none.

use crate::hello;
use reeve_core::budget::{BudgetLevel, BudgetScope};
use reeve_core::id::{BudgetId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::period::PeriodKind;
use reeve_core::time::Millis;
use reeve_engine::Cx;
use reeve_engine::budgets::{BudgetStatus, SetOverride};
use reeve_engine::pools::CreatePool;
use reeve_tests::app::{Answer, TestApp, TestTenant, eventually};
use serde_json::json;

/// More than a call of these tests costs, less than it may cost at most.
const TOO_LITTLE: &str = "0.000012";
/// What one such call costs.
const COST: NanoUsd = NanoUsd(10_800);

fn level(scope: BudgetScope, tenant_id: Option<TenantId>, target: &str) -> BudgetLevel {
    BudgetLevel { scope, tenant_id, target: target.to_owned() }
}

/// A call of the user ann, labelled batch.
async fn labelled(app: &TestApp, tenant: &TestTenant) -> Answer {
    let mut body = hello("gpt-4o-mini");
    body["user"] = json!("ann");
    let call = app.post("/v1/chat/completions", &tenant.key, body.to_string());
    Answer::of(call.header("x-reeve-tags", "batch").send().await.unwrap()).await
}

async fn status(app: &TestApp, budget: BudgetId) -> BudgetStatus {
    app.engine.budget(&Cx::system(), budget).await.unwrap().status
}

async fn pool(app: &TestApp) -> BudgetLevel {
    let (keys, _) = app.engine.credentials(&Cx::system(), None, 10).await.unwrap();
    let new = CreatePool { name: "Embeddings".to_owned(), credentials: vec![keys[0].id] };
    let pool = app.engine.create_pool(&Cx::system(), new).await.unwrap();
    level(BudgetScope::Pool, None, &pool.id.to_string())
}

/// Every level a labelled call of `tenant` belongs to, below the tenant itself.
async fn levels(app: &TestApp, tenant: &TestTenant) -> Vec<BudgetLevel> {
    use BudgetScope::{ApiKey, Model, Tag, User};
    let mut all = vec![level(ApiKey, Some(tenant.id), &tenant.key_id.to_string()), pool(app).await];
    for whose in [None, Some(tenant.id)] {
        for (scope, name) in [(User, "ann"), (Model, "gpt-4o-mini"), (Tag, "batch")] {
            all.push(level(scope, whose, name));
        }
    }
    all
}

#[tokio::test]
async fn each_level_refuses_and_says_which_it_is() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    for level in levels(&app, &acme).await {
        let budget = app.budget_at(level.clone(), PeriodKind::Day, TOO_LITTLE).await;

        let answer = labelled(&app, &acme).await;

        let message = answer.assert_error(402, "insufficient_quota", "budget_exceeded");
        let named = match level.scope {
            BudgetScope::Pool => "Embeddings",
            BudgetScope::ApiKey => "the API key",
            _ => &level.target,
        };
        assert!(message.contains(named) && message.contains("daily"), "{level:?}: {message}");
        assert_eq!(status(&app, budget).await.reserved, NanoUsd::ZERO);
        let refused = eventually("who was refused", || async {
            app.engine.budget_refusals(&Cx::system(), budget).await.unwrap().pop()
        })
        .await;
        assert_eq!(refused.refusal.api_key_id, Some(acme.key_id));
        assert_eq!((refused.refusal.user.as_str(), refused.refusal.model.as_str()), ("ann", "gpt-4o-mini"));
        app.engine.remove_budget(&Cx::system(), budget).await.unwrap();
    }
    let entries = app.entries("budget.exceeded").await;
    assert!(entries.iter().all(|e| !e.summary.contains("ann")), "names of end users stay out of the ledger");
    app.assert_untouched(&acme).await;
    assert_eq!(labelled(&app, &acme).await.status, 200, "without budgets it goes out");
}

#[tokio::test]
async fn one_call_counts_at_every_level_it_belongs_to_and_at_no_other() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").make().await, app.tenant("Globex").make().await);
    let mut own = Vec::new();
    for level in levels(&app, &acme).await {
        own.push(app.budget_at(level, PeriodKind::Month, "5").await);
    }
    let other = level(BudgetScope::User, Some(globex.id), "ann");
    let other = app.budget_at(other, PeriodKind::Month, "5").await;

    assert_eq!(labelled(&app, &acme).await.status, 200);

    for budget in own {
        let status = status(&app, budget).await;
        assert_eq!((status.spent, status.reserved), (COST, NanoUsd::ZERO));
    }
    assert_eq!(status(&app, other).await.spent, NanoUsd::ZERO);
}

#[tokio::test]
async fn a_budget_set_late_knows_what_was_spent_and_so_does_a_restart() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    for _ in 0..3 {
        assert_eq!(labelled(&app, &acme).await.status, 200);
    }
    // Nobody waits for the charges to be written: they count all the same.
    let mut budgets = Vec::new();
    for level in levels(&app, &acme).await {
        let budget = app.budget_at(level, PeriodKind::Month, "5").await;
        assert_eq!(status(&app, budget).await.spent, NanoUsd(COST.0 * 3));
        budgets.push(budget);
    }
    let folder = app.close().await;
    let options = reeve_tests::app::Options { folder: Some(folder), ..Default::default() };
    let again = TestApp::start_with(reeve_tests::app::Options { no_credential: true, ..options }).await;
    for budget in budgets {
        assert_eq!(status(&again, budget).await.spent, NanoUsd(COST.0 * 3));
    }
}

#[tokio::test]
async fn an_override_holds_from_its_start_to_its_end() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let model = level(BudgetScope::Model, Some(acme.id), "gpt-4o-mini");
    let budget = app.budget_at(model, PeriodKind::Month, TOO_LITTLE).await;
    let (now, cx) = (app.engine.now(), Cx::system());
    let over = |from: i64, to: i64| SetOverride {
        amount: NanoUsd::from_usd(5),
        starts_at: Some(now.plus(from * Millis::HOUR)),
        ends_at: now.plus(to * Millis::HOUR),
        reason: "a launch".to_owned(),
    };
    app.engine.override_budget(&cx, budget, over(1, 3)).await.unwrap();
    let mut answers = Vec::new();
    for _ in 0..5 {
        answers.push(labelled(&app, &acme).await.status.as_u16());
        app.clock.advance(Millis::HOUR);
    }
    assert_eq!(answers, [402, 200, 200, 402, 402]);
    assert_eq!(app.entries("budget_override.create").await.len(), 1);

    let over = app.engine.override_budget(&cx, budget, over(4, 900)).await.unwrap();
    let raised = status(&app, budget).await;
    assert_eq!(
        (raised.limit, raised.overridden.map(|o| o.reason)),
        (NanoUsd::from_usd(5), Some("a launch".to_owned()))
    );
    app.engine.remove_override(&cx, budget, over.limit.id).await.unwrap();
    assert_eq!(status(&app, budget).await.limit, TOO_LITTLE.parse().unwrap());
}

#[tokio::test]
async fn a_threshold_is_told_once_a_period() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    // A call reserves far less than a fifth of it: 80 % is passed before one is refused, and 100 % by none.
    let budget = app.budget(Some(acme.id), PeriodKind::Day, "0.0002").await;
    while labelled(&app, &acme).await.status == 200 {}
    let passed = app.entries_once("budget.threshold", 1).await;
    assert!(passed[0].summary.starts_with("80% of Acme's daily budget"), "{}", passed[0].summary);
    // A change of the limit does not tell it again.
    let change = reeve_engine::budgets::ChangeBudget { amount: Some(NanoUsd(195_000)), ..Default::default() };
    app.engine.change_budget(&Cx::system(), budget, change).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(2_500)).await;
    assert_eq!(app.entries("budget.threshold").await.len(), 1);
}

#[tokio::test]
async fn what_a_provider_bills_beyond_the_estimate_counts_at_every_level() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let mut budgets = Vec::new();
    for level in levels(&app, &acme).await {
        budgets.push(app.budget_at(level, PeriodKind::Month, "0.0001").await);
    }
    app.provider.next(reeve_tests::provider::Fault::Huge(2_000));
    let mut body = crate::streamed_hello("gpt-4o-mini");
    body["user"] = json!("ann");
    let call = app.post("/v1/chat/completions", &acme.key, body.to_string()).header("x-reeve-tags", "batch");
    assert_eq!(Answer::of(call.send().await.unwrap()).await.status, 200);
    let entry = app.entry("budget.overrun").await;
    assert_eq!(entry.severity, "critical");
    for budget in budgets {
        assert!(
            status(&app, budget).await.spent > "0.0001".parse().unwrap(),
            "charged in full, never hidden"
        );
    }
    assert_eq!(labelled(&app, &acme).await.status, 402, "and nothing more goes out");
}
