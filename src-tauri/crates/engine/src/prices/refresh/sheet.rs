//! A price list as a sheet: one row a model, one column a rate. Headings name the unit, then the tier and the length of
//! context where it is not the standard rate: `input`, `output`, `cache_read`, `input:batch`, `input>200000`. Rates of
//! tokens are in USD for a million, others in USD for one.

use crate::error::{Code, Error, FieldError};
use reeve_core::price::{Price, Rate, read_rate};
use reeve_core::time::Millis;
use reeve_core::usage::Unit;
use std::collections::HashSet;

/// Wrong rows that are told one by one.
const TOLD: usize = 100;

/// What a column is.
enum Column {
    Provider,
    Model,
    Mode,
    Source,
    Agree,
    MaxInput,
    MaxOutput,
    Rate { unit: Unit, tier: Option<String>, above: Option<u64> },
}

fn column(heading: &str) -> Option<Column> {
    Some(match heading {
        "provider" => Column::Provider,
        "model" => Column::Model,
        "mode" => Column::Mode,
        "source" => Column::Source,
        "agree" => Column::Agree,
        "max_input_tokens" => Column::MaxInput,
        "max_output_tokens" => Column::MaxOutput,
        rate => {
            let (rate, above) = match rate.split_once('>') {
                Some((rate, above)) => (rate, Some(above.parse().ok()?)),
                None => (rate, None),
            };
            let (unit, tier) = match rate.split_once(':') {
                Some((unit, tier @ ("batch" | "flex" | "priority"))) => (unit, Some(tier.to_owned())),
                Some(_) => return None,
                None => (rate, None),
            };
            let unit = unit.trim_end_matches("_per_million").trim_end_matches("_usd");
            Column::Rate { unit: Unit::parse(unit)?, tier, above }
        }
    })
}

fn wrong(line: u64, what: &str, message: impl Into<String>) -> FieldError {
    FieldError { field: format!("line {line}, {what}"), message: message.into() }
}

/// Reads a sheet.
///
/// # Errors
/// Every wrong row with its line, the first hundred.
pub(super) fn read(text: &str, version: &str, effective_from: Millis) -> Result<Vec<Price>, Error> {
    let not_csv = |e: csv::Error| Error::new(Code::Invalid, format!("The file cannot be read as CSV: {e}."));
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let headings = reader.headers().map_err(not_csv)?.clone();
    let columns = columns(&headings)?;
    let (mut prices, mut errors, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for row in reader.records() {
        let row = row.map_err(not_csv)?;
        let line = row.position().map_or(0, csv::Position::line);
        match price(&columns, &row, line, version, effective_from) {
            Ok(price) if !seen.insert((price.provider.clone(), price.model.clone())) => {
                errors.push(wrong(
                    line,
                    "model",
                    format!("{}/{} is listed twice", price.provider, price.model),
                ));
            }
            Ok(price) => prices.push(price),
            Err(error) => errors.push(error),
        }
        if errors.len() == TOLD {
            break;
        }
    }
    Error::fields(errors).map_or(Ok(prices), Err)
}

fn columns(headings: &csv::StringRecord) -> Result<Vec<Column>, Error> {
    let mut columns = Vec::with_capacity(headings.len());
    let mut unknown = Vec::new();
    for heading in headings {
        match column(&heading.to_lowercase()) {
            Some(column) => columns.push(column),
            None => unknown.push(wrong(1, heading, "is no unit, tier or other field of a price list")),
        }
    }
    for (name, there) in [
        ("provider", columns.iter().any(|c| matches!(c, Column::Provider))),
        ("model", columns.iter().any(|c| matches!(c, Column::Model))),
        ("input", columns.iter().any(|c| matches!(c, Column::Rate { .. }))),
    ] {
        if !there {
            unknown.push(wrong(1, name, "is a column that is missing"));
        }
    }
    Error::fields(unknown).map_or(Ok(columns), Err)
}

fn price(
    columns: &[Column],
    row: &csv::StringRecord,
    line: u64,
    version: &str,
    effective_from: Millis,
) -> Result<Price, FieldError> {
    let mut price = Price {
        provider: String::new(),
        mode: "chat".to_owned(),
        rates: Vec::new(),
        source: format!("price list {version}"),
        version: version.to_owned(),
        ..Price::ceiling("", "", 0, 0, effective_from)
    };
    for (column, text) in columns.iter().zip(row).filter(|(_, text)| !text.is_empty()) {
        let number = |what| text.parse::<u64>().map_err(|_| wrong(line, what, "must be a whole number"));
        match column {
            Column::Provider => text.clone_into(&mut price.provider),
            Column::Model => text.clone_into(&mut price.model),
            Column::Mode => text.clone_into(&mut price.mode),
            Column::Source => text.clone_into(&mut price.source),
            Column::Agree => {
                let agree = text.parse().map_err(|_| wrong(line, "agree", "must be true or false"))?;
                price.agree = Some(agree);
            }
            Column::MaxInput => price.max_input_tokens = Some(number("max_input_tokens")?),
            Column::MaxOutput => price.max_output_tokens = Some(number("max_output_tokens")?),
            Column::Rate { unit, tier, above } => {
                let pico_usd =
                    read_rate(*unit, text).map_err(|message| wrong(line, unit.as_str(), message))?;
                let (tier, above_input_tokens) = (tier.clone(), *above);
                price.rates.push(Rate { unit: *unit, pico_usd, tier, above_input_tokens });
            }
        }
    }
    match (price.provider.is_empty(), price.model.is_empty(), price.rates.is_empty()) {
        (true, ..) => Err(wrong(line, "provider", "is needed")),
        (_, true, _) => Err(wrong(line, "model", "is needed")),
        (.., true) => Err(wrong(line, "rates", "a price needs at least one rate")),
        _ => Ok(price),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_is_read_to_the_last_rate() {
        let sheet = "Provider,Model,input_usd_per_million,output,input:batch,input>200000,image,max_output_tokens,agree\n\
                     openai,gpt-x,2.50,10,1.25,5.00,0.04,4096,false\nopenai,gpt-y,1,,,,,,\n";
        let prices = read(sheet, "2026-11-21", Millis(7)).unwrap();
        let x = &prices[0];
        assert_eq!(x.rate(Unit::Input, Some("batch"), 1), Some(1_250_000));
        assert_eq!(x.rate(Unit::Input, None, 200_001), Some(5_000_000));
        assert_eq!(x.rate(Unit::Image, None, 1), Some(40_000_000_000));
        assert_eq!((x.max_output_tokens, x.agree, x.effective_from), (Some(4_096), Some(false), Millis(7)));
        assert_eq!(prices[1].rates.len(), 1, "an empty field is no rate of zero");
    }

    #[test]
    fn every_wrong_line_is_told() {
        let fields = |sheet: &str| -> Vec<String> {
            read(sheet, "v", Millis(0)).unwrap_err().fields.into_iter().map(|f| f.field).collect()
        };
        let rows =
            "provider,model,input\nopenai,a,1\n,b,1\nopenai,,1\nopenai,c,cheap\nopenai,a,2\nopenai,d,\n";
        let lines = ["line 3, provider", "line 4, model", "line 5, input", "line 6, model", "line 7, rates"];
        assert_eq!(fields(rows), lines);
        assert_eq!(
            fields("provider,furlongs\nx,1\n"),
            ["line 1, furlongs", "line 1, model", "line 1, input"]
        );
        assert!(read("provider,model,input\nopenai,a\n", "v", Millis(0)).is_err(), "cut off");
    }
}
