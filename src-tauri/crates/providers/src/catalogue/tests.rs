use super::*;
use reeve_core::price::{Bounds, RateTable, Tiers};
use reeve_core::usage::{Unit, Usage};
use serde_json::Value;
use std::collections::BTreeMap;

fn raw() -> Vec<Value> {
    let text = include_str!("../../data/prices.jsonl");
    text.lines().skip(1).map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn price(provider: &str, model: &str) -> &'static Price {
    let found = Catalogue::builtin().lookup(provider, model).unwrap_or_else(|| panic!("{provider}/{model}"));
    assert!(found.exact, "{model}");
    found.price
}

fn per_million(price: &Price, unit: Unit, tier: Option<&str>, input: u64) -> u64 {
    price.rate(unit, tier, input).unwrap()
}

/// Our word for each of the list's, written out a second time on purpose.
const WORDS: [(&str, &str); 6] = [
    ("audio_input", "input_audio"),
    ("audio_output", "output_audio"),
    ("image_input", "input_image_token"),
    ("image_output", "output_image_token"),
    ("reasoning", "output_reasoning"),
    ("image_read", "image_in"),
];

#[test]
fn no_rate_is_lost() {
    let catalogue = Catalogue::builtin();
    let raw = raw();
    assert_eq!((catalogue.prices().len(), raw.len()), (1_646, 1_646));

    type Sums = BTreeMap<(String, String, String), (u64, u128, u128)>;
    let add = |sums: &mut Sums, unit: &str, tier: &str, provider: &str, pico: u64, above: u64| {
        let sum = sums.entry((provider.to_owned(), unit.to_owned(), tier.to_owned())).or_default();
        *sum = (sum.0 + 1, sum.1 + u128::from(pico), sum.2 + u128::from(above));
    };
    let (mut ours, mut theirs) = (Sums::new(), Sums::new());
    for price in catalogue.prices() {
        for rate in &price.rates {
            let own = rate.unit.as_str();
            let word = WORDS.iter().find(|(w, _)| *w == own).map_or(own, |(_, w)| w);
            let tier = rate.tier.as_deref().unwrap_or("");
            add(&mut ours, word, tier, &price.provider, rate.pico_usd, rate.above_input_tokens.unwrap_or(0));
        }
    }
    for line in &raw {
        for rate in line["rates"].as_array().unwrap() {
            let text = |name: &str| rate[name].as_str().unwrap_or("");
            let provider = line["provider"].as_str().unwrap();
            let above = rate["above_input_tokens"].as_u64().unwrap_or(0);
            add(&mut theirs, text("unit"), text("tier"), provider, rate["pico_usd"].as_u64().unwrap(), above);
        }
    }
    assert_eq!(ours, theirs);
    assert_eq!(ours.values().map(|s| s.0).sum::<u64>(), 8_284);
}

#[test]
fn every_other_field_survives() {
    let catalogue = Catalogue::builtin();
    for line in raw() {
        let text = |name: &str| line[name].as_str();
        let price = catalogue.lookup(text("provider").unwrap(), text("model").unwrap()).unwrap().price;
        assert_eq!(Some(price.mode.as_str()), text("mode"));
        assert_eq!(price.max_input_tokens, line["max_input_tokens"].as_u64());
        assert_eq!(price.max_output_tokens, line["max_output_tokens"].as_u64());
        assert_eq!(price.agree, line["agree"].as_bool());
        assert_eq!(price.source, text("source").unwrap_or("price list 2026-10"));
        let day = price.deprecated_on.map(|d| d.to_string()[..10].to_owned());
        assert_eq!(day.as_deref(), text("deprecated_on"));
        assert_eq!(price.effective_from.to_string(), "2026-10-01T00:00:00.000Z");
        assert_eq!(price.version, "2026-10");
    }
}

#[test]
fn prices_people_know() {
    let gpt_4o = price("openai", "gpt-4o");
    assert_eq!(per_million(gpt_4o, Unit::Input, None, 10), 2_500_000, "$2.50 a million");
    assert_eq!(per_million(gpt_4o, Unit::Output, None, 10), 10_000_000);
    assert_eq!(per_million(gpt_4o, Unit::CacheRead, None, 10), 1_250_000);
    assert_eq!(per_million(gpt_4o, Unit::Input, Some("batch"), 10), 1_250_000);
    assert_eq!(per_million(gpt_4o, Unit::Output, Some("priority"), 10), 17_000_000);
    let long = price("openai", "gpt-5.6");
    assert_eq!(per_million(long, Unit::Input, None, 272_000), 4_000_000);
    assert_eq!(per_million(long, Unit::Input, None, 272_001), 8_000_000);
    assert_eq!(per_million(long, Unit::Output, Some("priority"), 300_000), 60_000_000);
    let claude = price("anthropic", "claude-haiku-4-5");
    assert_eq!(per_million(claude, Unit::CacheWrite1h, None, 10), 2_000_000);
    assert_eq!(per_million(price("google", "gemini-2.5-flash"), Unit::CacheReadAudio, None, 10), 100_000);
    let whisper = price("azure-openai", "azure-stt");
    assert_eq!(
        whisper.cost(&Usage::new().with(Unit::SecondIn, 60), None).unwrap().total.to_string(),
        "0.016666668"
    );
}

#[test]
fn no_listed_price_exceeds_its_worst_case() {
    for price in Catalogue::builtin().prices() {
        let usage = Usage::tokens(300_000, 100).with(Unit::CacheRead, 50).with(Unit::Reasoning, 20);
        let table = RateTable::of(price);
        for tier in [None, Some("batch"), Some("flex"), Some("priority")] {
            let Ok(cost) = price.cost(&usage, tier) else { continue };
            let named = tier.map_or(Tiers::Standard, Tiers::Named);
            for tiers in [named, Tiers::Any] {
                let bounds = Bounds { tiers, ..Bounds::tokens(usage.input_tokens(), usage.output_tokens()) };
                let Ok(worst) = table.worst_case(&bounds) else {
                    assert!(price.cost(&usage, None).is_err(), "{}/{}", price.provider, price.model);
                    continue;
                };
                assert!(cost.total <= worst, "{}/{} {tier:?}", price.provider, price.model);
            }
        }
    }
}

#[test]
fn a_tier_that_is_named_is_not_reserved_at_the_dearest_of_all() {
    let table = RateTable::of(price("openai", "gpt-5.6"));
    let worst = |asked| {
        let bounds = Bounds { tiers: tiers("openai", asked), ..Bounds::tokens(1_000, 1_000) };
        table.worst_case(&bounds).unwrap()
    };
    let [default, flex, priority, silent, auto] =
        [Some("default"), Some("flex"), Some("priority"), None, Some("auto")].map(worst);
    assert!(flex < default && default < priority, "{flex} {default} {priority}");
    assert_eq!((silent, auto), (priority, priority), "the project's settings may choose the dearest");
}

#[test]
fn a_song_is_not_free_because_its_tokens_are() {
    let song = price("google", "lyria-3-pro-preview");
    assert!(song.cost(&Usage::tokens(100, 100), None).is_err());
    assert!(song.worst_case(&Bounds::tokens(100, 100)).is_err());
}

#[test]
fn dated_releases_follow_their_base_where_nothing_contradicts() {
    let list = |lines: &[(&str, u64)]| {
        let mut text = String::from(
            r#"{"format":"price-catalog v1","as_of":"2026-10","unit":"pico_usd (1e-12 USD) per unit","licence":"MIT"}"#,
        );
        for (model, rate) in lines {
            text += &format!(
                "\n{{\"provider\":\"p\",\"model\":\"{model}\",\"mode\":\"chat\",\"rates\":[{{\"unit\":\"input\",\"pico_usd\":{rate}}}]}}"
            );
        }
        Catalogue::parse(&text).unwrap()
    };
    let found = |c: &Catalogue, model: &str| c.lookup("p", model).map(|m| (m.price.model.clone(), m.exact));
    let plain = list(&[("m", 1), ("m-2025-01-01", 1)]);
    for dated in ["m-2026-03-05", "m-20260305", "m@20260305"] {
        assert_eq!(found(&plain, dated), Some(("m".to_owned(), false)), "{dated}");
    }
    assert_eq!(found(&plain, "m-2025-01-01"), Some(("m-2025-01-01".to_owned(), true)));
    for guess in [
        "M",
        "m-0305",
        "m-latest",
        "m-2026-3-5",
        "m-mini-2026-03-05",
        "xm-2026-03-05",
        "m-2026-03-05-x",
        "é2026-03-05",
    ] {
        assert_eq!(found(&plain, guess), None, "{guess}");
    }
    let disputed = list(&[("m", 1), ("m-2025-01-01", 2)]);
    assert_eq!(found(&disputed, "m-2026-03-05"), None, "one release costs more: no guess");
    assert!(
        Catalogue::builtin().lookup("openai", "gpt-4o-2024-08-06").unwrap().exact,
        "the list has it itself"
    );
    assert!(Catalogue::builtin().lookup("groq", "gpt-4o").is_none(), "another provider's price is none");
}

#[test]
fn pages_tile_the_list() {
    let catalogue = Catalogue::builtin();
    let mut after = None;
    let mut seen = Vec::new();
    loop {
        let page = catalogue.search(&Search { after: after.as_deref(), limit: 100, ..Search::default() });
        seen.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 1_646);
    assert!(seen.windows(2).all(|w| key(w[0]) < key(w[1])));
    let few = catalogue.search(&Search {
        query: " GPT-4o-Mini ",
        provider: Some("openai"),
        limit: 50,
        ..Search::default()
    });
    assert!(few.items.iter().all(|p| p.model.contains("gpt-4o-mini") && p.provider == "openai"));
    assert!(few.items.len() > 3 && few.next.is_none());
    assert!(catalogue.search(&Search { query: "no such", limit: 5, ..Search::default() }).items.is_empty());
}

#[test]
fn what_is_not_understood_is_an_error_with_its_line() {
    let header = r#"{"format":"price-catalog v1","as_of":"2026-10","unit":"pico_usd (1e-12 USD) per unit","licence":"MIT"}"#;
    for bad in [
        r#"{"provider":"p","model":"m","mode":"chat","rates":[{"unit":"furlong","pico_usd":1}]}"#,
        r#"{"provider":"p","model":"m","mode":"chat","rates":[{"unit":"input","pico_usd":1,"per":"hour"}]}"#,
        r#"{"provider":"p","model":"m","mode":"chat","rates":[{"unit":"input","pico_usd":0.5}]}"#,
        r#"{"provider":"p","model":"m","mode":"chat","rates":[{"unit":"input","pico_usd":-1}]}"#,
        r#"{"provider":"p","model":"m","mode":"chat","rates":[{"unit":"input","pico_usd":1,"tier":"turbo"}]}"#,
        r#"{"provider":"p","model":"m","mode":"chat","rates":[{"unit":"input","pico_usd":1},{"unit":"input","pico_usd":2}]}"#,
        r#"{"provider":"p","model":"m","mode":"chat","deprecated_on":"soon","rates":[]}"#,
    ] {
        assert_eq!(Catalogue::parse(&format!("{header}\n{bad}")).unwrap_err().line, 2, "{bad}");
    }
    assert!(Catalogue::parse("").is_err());
}

#[test]
fn providers_have_prices_or_are_one_s_own() {
    let known: Vec<_> = providers(Catalogue::builtin()).collect();
    let count = |id: &str| known.iter().find(|p| p.id == id).unwrap().priced_models;
    assert_eq!((count("openai"), count("azure-openai"), count("fireworks")), (163, 276, 329));
    assert_eq!((count("ollama"), count("custom")), (0, 0));
    for provider in &known {
        if let Some(url) = provider.base_url {
            crate::upstream::BaseUrl::parse(url).unwrap();
        }
    }
}
