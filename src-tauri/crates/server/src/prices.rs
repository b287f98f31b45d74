//! `prices refresh`: a price list from a file, looked at or approved.

use crate::arguments::{PricesCommand, RefreshFlags};
use crate::failure::Failure;
use crate::{data, output};
use reeve_core::price::{per, rate_text};
use reeve_engine::Cx;
use reeve_engine::import::Source;
use reeve_engine::prices::refresh::{ListChange, RefreshPrices, Refreshed, What};

/// Changes that are told one by one.
const TOLD: usize = 50;

pub(crate) async fn run(command: PricesCommand) -> Result<(), Failure> {
    let PricesCommand::Refresh(flags) = command;
    let RefreshFlags { folder, file, approve, confirm } = flags;
    let name =
        file.file_name().map_or_else(|| "prices".to_owned(), |name| name.to_string_lossy().into_owned());
    let refresh = RefreshPrices {
        name,
        source: Source::Path(file),
        effective_from: None,
        preview: !approve,
        digest: None,
        confirm,
    };
    let engine = data::open(folder.data).await?;
    let refreshed = Box::pin(engine.refresh_prices(&Cx::cli(), refresh)).await;
    engine.close().await;
    match refreshed {
        Ok(refreshed) => tell(&refreshed),
        Err(error) => {
            for field in &error.fields {
                output::line(&format!("{}: {}", field.field, field.message))?;
            }
            Err(error.into())
        }
    }
}

fn tell(refreshed: &Refreshed) -> Result<(), Failure> {
    let counts = refreshed.diff.counts;
    let changes = refreshed.diff.items.iter().filter(|c| c.what != What::Removed);
    for change in changes.clone().take(TOLD) {
        output::line(&line(change))?;
    }
    if let more @ 1.. = changes.count().saturating_sub(TOLD) {
        output::line(&format!("and {more} more"))?;
    }
    let verb = if refreshed.id.is_some() { "Approved" } else { "Would approve" };
    output::line(&format!(
        "{verb} {} ({} models): {} new, {} changed, {} by more than ten times, {} disputed; {} are not in it and keep their price.",
        refreshed.version,
        refreshed.models,
        counts.new,
        counts.changed,
        counts.unusual,
        counts.disputed,
        counts.removed
    ))?;
    match refreshed.to_rerate {
        Some(later) => output::line(&format!(
            "{} calls since {} were charged at the prices before; they stay so until that period is rated again.",
            later.calls, later.from
        )),
        None => Ok(()),
    }
}

fn line(change: &ListChange) -> String {
    let rates = change.rates.iter().map(|rate| {
        let text = |pico: Option<u64>| {
            pico.map_or_else(|| "none".to_owned(), |p| format!("${}", rate_text(rate.unit, p)))
        };
        let tier = rate.tier.as_deref().map_or_else(String::new, |tier| format!(" {tier}"));
        format!(
            "{}{tier} {} -> {} per {}",
            rate.unit.as_str(),
            text(rate.before),
            text(rate.after),
            per(rate.unit)
        )
    });
    let unusual = if change.unusual { " (more than ten times)" } else { "" };
    let rates: Vec<_> = rates.collect();
    format!("{} {}/{}{unusual}: {}", change.what.as_str(), change.provider, change.model, rates.join(", "))
}
