//! Usage from files: exact, whole or not at all, and never twice.

use crate::world::{World, ready, tenant};
use reeve_core::money::NanoUsd;
use reeve_core::tenant::Tier;
use reeve_core::time::{Clock, Millis};
use reeve_engine::import::{Field, ImportReport, ImportState, ImportUsage, Mapping, Source};
use reeve_engine::settings::{ChangeSettings, Unpriced};
use reeve_engine::usage::GroupBy;
use reeve_engine::{Code, Cx, Engine};

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

pub(crate) async fn import(
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
