use super::*;
use reeve_core::id::PriceListId;
use reeve_core::price::Rate;
use reeve_core::usage::Unit;
use uuid::Uuid;

const MARCH: Millis = Millis(3_000);
const MAY: Millis = Millis(5_000);

fn rates(input: u64) -> Vec<Rate> {
    let rate = |unit, pico_usd| Rate { unit, pico_usd, tier: None, above_input_tokens: None };
    vec![rate(Unit::Input, input), rate(Unit::Output, input * 4)]
}

fn own(number: u128, tenant: Option<TenantId>, model: &str, input: u64, from: Millis) -> OwnPrice {
    OwnPrice {
        id: OwnPriceId(Uuid::from_u128(number)),
        tenant_id: tenant,
        provider: "openai".to_owned(),
        model: model.to_owned(),
        rates: rates(input),
        note: None,
        version: 1,
        effective_from: from,
        effective_to: None,
        created_at: from,
        updated_at: from,
    }
}

fn approved(version: &str, from: Millis, prices: &[(&str, u64)]) -> PriceList {
    let price = |(model, input): &(&str, u64)| Price {
        provider: "openai".to_owned(),
        model: (*model).to_owned(),
        rates: rates(*input),
        version: version.to_owned(),
        effective_from: from,
        ..Price::ceiling("", "", 0, 0, from)
    };
    PriceList {
        id: PriceListId(Uuid::nil()),
        name: "list".to_owned(),
        version: version.to_owned(),
        effective_from: from,
        digest: [0; 32],
        prices: prices.iter().map(price).collect(),
        approved_at: from,
    }
}

fn found(book: &PriceBook, tenant: Option<TenantId>, model: &str, at: Millis) -> (u64, &'static str) {
    let price = book.lookup(tenant, "openai", model, at).unwrap();
    (price.rate(Unit::Input, None, 1).unwrap(), price.origin.as_str())
}

fn acme() -> Option<TenantId> {
    Some(TenantId(Uuid::from_u128(7)))
}

#[test]
fn the_nearest_price_holds_from_its_moment_until_the_next() {
    let lists =
        PriceBook::of_lists(vec![approved("a", MARCH, &[("m", 10)]), approved("b", MAY, &[("m", 20)])]);
    assert_eq!(found(&lists, None, "m", MARCH.plus(1)), (10, "approved"));
    assert_eq!(found(&lists, None, "m", MAY), (20, "approved"));
    assert_eq!(found(&lists, None, "m", Millis(0)), (10, "approved"), "before the first: no list says more");
    let book = lists.with_own(vec![
        own(1, None, "m", 5, MARCH),
        own(2, acme(), "m", 3, MARCH),
        own(3, acme(), "m", 2, MAY),
    ]);
    assert_eq!(found(&book, acme(), "m", MARCH), (3, "tenant"));
    assert_eq!(found(&book, acme(), "m", MAY), (2, "tenant"));
    assert_eq!(found(&book, None, "m", MAY), (5, "workspace"));
    assert_eq!(
        found(&book, Some(TenantId(Uuid::nil())), "m", MAY),
        (5, "workspace"),
        "another tenant's is none"
    );
    assert_eq!(
        found(&book, acme(), "m", Millis(0)),
        (10, "approved"),
        "own prices never hold before their moment"
    );
    let ends: Vec<_> = book.history("openai", "m").iter().map(|p| p.effective_to).collect();
    assert_eq!(ends.iter().filter(|end| **end == Some(MAY)).count(), 2);
}

#[test]
fn a_withdrawn_price_gives_way_to_the_next_best() {
    let lists = PriceBook::of_lists(vec![approved("a", Millis(0), &[("m", 10)])]);
    let ended = OwnPrice { effective_to: Some(MAY), ..own(1, None, "m", 5, MARCH) };
    let never = OwnPrice { effective_to: Some(MAY), ..own(2, acme(), "m", 1, MAY) };
    let book = lists.with_own(vec![ended, never]);
    assert_eq!(found(&book, acme(), "m", MARCH), (5, "workspace"));
    assert_eq!(found(&book, acme(), "m", MAY), (10, "approved"));
}

#[test]
fn an_approved_list_goes_before_the_built_in_one_and_takes_nothing_away() {
    let builtin = PriceBook::of_lists(Vec::new());
    let gpt_4o = found(&builtin, None, "gpt-4o", Millis(i64::MAX));
    assert_eq!(gpt_4o, (2_500_000, "builtin"));
    let from = Catalogue::builtin().effective_from();
    let book = PriceBook::of_lists(vec![approved("2026-11", from, &[("gpt-4o", 2_000_000)])]);
    assert_eq!(found(&book, None, "gpt-4o", from), (2_000_000, "approved"), "also from the same moment on");
    assert_eq!(found(&book, None, "gpt-4o-mini", from), (150_000, "builtin"));
    assert_eq!((book.version(), builtin.version()), ("2026-11", "2026-10"));
}

#[test]
fn names_that_mean_the_same_cost_the_same_and_others_nothing_known() {
    let book = PriceBook::of_lists(Vec::new()).with_own(vec![own(1, None, "gpt-4o", 5, Millis(0))]);
    let now = Millis(i64::MAX);
    assert_eq!(found(&book, None, "openai/gpt-4o", now).0, 5);
    assert_eq!(found(&book, None, "gpt-4o-2099-01-01", now).0, 5, "a release nobody lists");
    let same = |release: &str| {
        let at = |m: &str| &book.listed("openai", m, now).unwrap().rates;
        at(release) == at("gpt-4o")
    };
    for release in ["gpt-4o-2024-08-06", "gpt-4o-2024-05-13"] {
        let own = found(&book, None, release, now).1 == "workspace";
        assert_eq!(
            own,
            same(release),
            "{release}: an own price reaches as far as the lists know no difference"
        );
    }
    assert!(book.lookup(None, "openai", "gpt-4oo", now).is_none());
    assert!(book.lookup(None, "groq", "gpt-4o", now).is_none());
}

#[test]
fn every_built_in_price_is_found_under_its_name() {
    let book = PriceBook::of_lists(Vec::new());
    for price in Catalogue::builtin().prices() {
        let found = book.lookup(None, &price.provider, &price.model, Millis(0)).unwrap();
        assert_eq!(&found.price, price);
    }
    assert_eq!(book.models(None).len(), Catalogue::builtin().prices().len());
}
