//! What a call is charged at: one's own prices before the lists', the tier that was asked for, and never nothing.

use crate::hello;
use reeve_core::id::TenantId;
use reeve_core::money::NanoUsd;
use reeve_core::period::PeriodKind;
use reeve_core::price::Rate;
use reeve_core::usage::Unit;
use reeve_engine::identity::Register;
use reeve_engine::prices::own::{OwnPriceSet, SetOwnPrice};
use reeve_engine::prices::unpriced::Doubt;
use reeve_engine::settings::{ChangeSettings, Unpriced};
use reeve_engine::{Code, Cx, Error};
use reeve_tests::app::{TestApp, eventually};

fn rate(unit: Unit, pico_usd: u64) -> Rate {
    Rate { unit, pico_usd, tier: None, above_input_tokens: None }
}

/// A price of `input` pico-USD for a prompt token, four times as much for a generated one.
pub(crate) fn own(tenant: Option<TenantId>, model: &str, input: u64) -> SetOwnPrice {
    SetOwnPrice {
        tenant_id: tenant,
        provider: "openai".to_owned(),
        model: model.to_owned(),
        rates: vec![rate(Unit::Input, input), rate(Unit::Output, input * 4)],
        note: None,
        effective_from: None,
        confirm: false,
    }
}

async fn set(app: &TestApp, price: SetOwnPrice) -> Result<OwnPriceSet, Error> {
    app.engine.set_own_price(&Cx::system(), price).await
}

#[tokio::test]
async fn the_tenants_own_price_goes_before_the_workspaces_and_that_before_the_list() {
    let app = TestApp::start().await;
    let (acme, globex) = (app.tenant("Acme").make().await, app.tenant("Globex").make().await);
    let listed = app.chat(&acme, &hello("gpt-4o-mini")).await.header("x-reeve-cost").to_owned();
    // The list has 150,000 and 600,000 pico-USD.
    set(&app, own(None, "gpt-4o-mini", 300_000)).await.unwrap();
    let tenants = set(&app, own(Some(acme.id), "gpt-4o-mini", 75_000)).await.unwrap().price;

    let of = async |tenant, model| -> NanoUsd {
        app.chat(tenant, &hello(model)).await.header("x-reeve-cost").parse().unwrap()
    };
    let listed: NanoUsd = listed.parse().unwrap();
    assert_eq!(of(&globex, "gpt-4o-mini").await, NanoUsd(listed.0 * 2));
    assert_eq!(of(&acme, "gpt-4o-mini").await, NanoUsd(listed.0 / 2));
    assert_eq!(of(&acme, "openai/gpt-4o-mini").await, NanoUsd(listed.0 / 2), "the same model");

    let charges = app.charges(4).await;
    let explained = app.engine.explain_charge(&Cx::system(), charges[3].id).await.unwrap().price.unwrap();
    assert_eq!((explained.origin.as_str(), explained.own_price), ("tenant", Some(tenants.id)));
    app.engine.withdraw_own_price(&Cx::system(), tenants.id).await.unwrap();
    assert_eq!(of(&acme, "gpt-4o-mini").await, NanoUsd(listed.0 * 2), "the workspace's is what is left");
    for (kind, count) in [("price.create", 2), ("price.delete", 1)] {
        assert_eq!(app.entries_once(kind, count).await[0].outcome, "success");
    }
}

#[tokio::test]
async fn a_rate_for_a_thousand_entered_as_for_a_million_is_asked_about() {
    let app = TestApp::start().await;
    let slip = own(None, "gpt-4o-mini", 150_000_000);
    let error = set(&app, slip.clone()).await.unwrap_err();
    assert_eq!(error.code, Code::PreconditionFailed);
    assert!(error.message.contains("1000 times") && error.message.contains("$0.15"), "{}", error.message);
    assert!(app.entries("price.create").await.is_empty(), "nothing is set before it is confirmed");
    let free = SetOwnPrice { rates: vec![rate(Unit::Input, 0)], ..own(None, "nobody-lists-this", 0) };
    assert_eq!(set(&app, free).await.unwrap_err().code, Code::PreconditionFailed, "free is asked about, too");
    set(&app, SetOwnPrice { confirm: true, ..slip }).await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_a_price_is_refused() {
    let app = TestApp::start().await;
    let base = own(None, "m", 10);
    let tier = Rate { tier: Some("turbo".to_owned()), ..rate(Unit::Input, 1) };
    let lonely = Rate { tier: Some("batch".to_owned()), ..rate(Unit::Image, 1) };
    let wrong = [
        SetOwnPrice { rates: Vec::new(), ..base.clone() },
        SetOwnPrice { rates: vec![rate(Unit::Input, 1), rate(Unit::Input, 2)], ..base.clone() },
        SetOwnPrice { rates: vec![rate(Unit::Input, 1), tier], ..base.clone() },
        SetOwnPrice { rates: vec![lonely], ..base.clone() },
        SetOwnPrice { provider: "nobody".to_owned(), ..base.clone() },
        SetOwnPrice { model: String::new(), ..base },
    ];
    for price in wrong {
        let error = set(&app, price.clone()).await.unwrap_err();
        assert_eq!(error.code, Code::Invalid, "{price:?}");
    }
}

#[tokio::test]
async fn a_model_without_a_price_is_listed_until_somebody_gives_it_one() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    for _ in 0..3 {
        assert_eq!(app.chat(&acme, &hello("brand-new")).await.status, 404);
    }
    let first = Register {
        workspace_name: "Meridian".to_owned(),
        time_zone: "UTC".parse().unwrap(),
        name: "First".to_owned(),
        email: "first@example.com".to_owned(),
        password: Some("a long enough passphrase 1".to_owned().into()),
    };
    app.engine.create_admin(&Cx::cli(), first).await.unwrap();
    let ceiling = ChangeSettings {
        unpriced: Some(Unpriced::Ceiling),
        ceiling_input: Some(Some(10_000_000)),
        ceiling_output: Some(Some(40_000_000)),
        ..ChangeSettings::default()
    };
    app.engine.change_settings(&Cx::system(), ceiling).await.unwrap();
    assert_eq!(app.chat(&acme, &hello("brand-new")).await.status, 200);

    let doubts = app.engine.unpriced_models(&Cx::system()).await.unwrap();
    let [doubt] = doubts.as_slice() else { panic!("{doubts:#?}") };
    assert_eq!((doubt.model.as_str(), doubt.doubt), ("brand-new", Doubt::UnknownModel));
    assert_eq!((doubt.refused, doubt.charged), (3, 1));
    assert_eq!(doubt.cost, app.charge().await.cost.unwrap());
    assert!(doubt.tenants.contains(&acme.id));

    set(&app, own(None, "brand-new", 1_000_000)).await.unwrap();
    assert!(app.engine.unpriced_models(&Cx::system()).await.unwrap().is_empty());
    let charge = {
        app.chat(&acme, &hello("brand-new")).await;
        app.charges(2).await.remove(1)
    };
    assert_eq!(charge.pricing, "priced");
}

#[tokio::test]
async fn a_request_that_names_a_tier_reserves_at_that_tier() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let mut request = hello("gpt-5-mini");
    request["max_tokens"] = 10_000.into();
    let refused_for = async |tier: Option<&str>| -> NanoUsd {
        let mut request = request.clone();
        if let Some(tier) = tier {
            request["service_tier"] = tier.into();
        }
        let message =
            app.chat(&acme, &request).await.assert_error(402, "insufficient_quota", "budget_exceeded");
        message.split('$').nth(1).unwrap().split(',').next().unwrap().parse().unwrap()
    };
    app.budget(Some(acme.id), PeriodKind::Day, "0.000001").await;
    let [default, flex, priority, silent] = [
        refused_for(Some("default")).await,
        refused_for(Some("flex")).await,
        refused_for(Some("priority")).await,
        refused_for(None).await,
    ];
    assert!(flex < default && default < priority, "{flex} {default} {priority}");
    assert!(silent > default, "the project's settings may choose the dearest: {silent}");
}

#[tokio::test]
async fn a_price_for_each_request_is_reserved_and_charged() {
    let app = TestApp::start().await;
    let acme = app.tenant("Acme").make().await;
    let mut price = own(None, "gpt-4o-mini", 150_000);
    price.rates.push(rate(Unit::Request, 10_000_000_000));
    set(&app, price).await.unwrap();
    let cost: NanoUsd = app.chat(&acme, &hello("gpt-4o-mini")).await.header("x-reeve-cost").parse().unwrap();
    assert!(cost > NanoUsd(10_000_000), "a cent a call, and its tokens: {cost}");
    let charge = eventually("a charge", || async { app.charges(1).await.pop() }).await;
    assert_eq!(charge.usage.get(Unit::Request), 1);
    assert!(app.entries("budget.overrun").await.is_empty(), "it was reserved, too");
}
