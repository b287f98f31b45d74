//! One line of a price list. Whatever is not understood completely is an error, so no rate is lost in silence.

use super::Catalogue;
use reeve_core::money::PicoUsd;
use reeve_core::price::{Price, Rate};
use reeve_core::time::Millis;
use reeve_core::usage::Unit;
use serde::Deserialize;

/// Why a price list does not parse.
#[derive(Debug, thiserror::Error)]
#[error("line {line} of the price list")]
pub struct CatalogueError {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    #[source]
    pub reason: LineError,
}

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// Not the JSON expected, or a field nobody knows.
    #[error("not a line of a price list")]
    Json(#[from] serde_json::Error),
    /// The header names another format.
    #[error("the format is \"{0}\", not \"price-catalog v1\"")]
    Format(String),
    /// The rates are not in pico-USD.
    #[error("rates are in \"{0}\", not in pico-USD")]
    RateUnit(String),
    /// A unit without meaning here.
    #[error("unknown unit \"{0}\"")]
    Unit(String),
    /// A service tier without meaning here.
    #[error("unknown tier \"{0}\"")]
    Tier(String),
    /// Not a day or month.
    #[error("\"{0}\" is not a date")]
    Date(String),
    /// Two rates for the same unit, tier and context length.
    #[error("two rates for the same thing")]
    Ambiguous,
    /// The model was listed before.
    #[error("{0} is listed twice")]
    Twice(String),
    /// The list is empty.
    #[error("the list has no header")]
    Empty,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    as_of: String,
    unit: String,
    #[expect(dead_code, reason = "must be there: says under which licence the facts were read")]
    licence: String,
    #[serde(rename = "note")]
    _note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    provider: String,
    model: String,
    mode: String,
    max_input_tokens: Option<u64>,
    max_output_tokens: Option<u64>,
    deprecated_on: Option<String>,
    source: Option<String>,
    agree: Option<bool>,
    rates: Vec<LineRate>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineRate {
    unit: String,
    pico_usd: PicoUsd,
    tier: Option<String>,
    above_input_tokens: Option<u64>,
}

pub(super) fn parse(text: &str) -> Result<Catalogue, CatalogueError> {
    let mut lines = text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty());
    let at = |index: usize| move |reason| CatalogueError { line: index + 1, reason };
    let (index, first) = lines.next().ok_or_else(|| at(0)(LineError::Empty))?;
    let (version, effective_from) = header(first).map_err(at(index))?;
    let mut seen = std::collections::HashSet::new();
    let mut prices = Vec::new();
    for (index, line) in lines {
        let price = price(line, &version, effective_from).map_err(at(index))?;
        if !seen.insert((price.provider.clone(), price.model.clone())) {
            return Err(at(index)(LineError::Twice(price.model)));
        }
        prices.push(price);
    }
    Ok(Catalogue::new(version, effective_from, prices))
}

fn header(line: &str) -> Result<(String, Millis), LineError> {
    let header: Header = serde_json::from_str(line)?;
    if header.format != "price-catalog v1" {
        return Err(LineError::Format(header.format));
    }
    if !header.unit.starts_with("pico_usd ") {
        return Err(LineError::RateUnit(header.unit));
    }
    let effective_from = day(&format!("{}-01", header.as_of))?;
    Ok((header.as_of, effective_from))
}

fn price(line: &str, version: &str, effective_from: Millis) -> Result<Price, LineError> {
    let line: Line = serde_json::from_str(line)?;
    let rates = line.rates.into_iter().map(rate).collect::<Result<Vec<_>, _>>()?;
    let same = |a: &Rate, b: &Rate| {
        (a.unit, &a.tier, a.above_input_tokens) == (b.unit, &b.tier, b.above_input_tokens)
    };
    if rates.iter().enumerate().any(|(i, a)| rates.iter().skip(i + 1).any(|b| same(a, b))) {
        return Err(LineError::Ambiguous);
    }
    Ok(Price {
        provider: line.provider,
        model: line.model,
        mode: line.mode,
        rates,
        source: line.source.unwrap_or_else(|| format!("price list {version}")),
        version: version.to_owned(),
        effective_from,
        agree: line.agree,
        max_input_tokens: line.max_input_tokens,
        max_output_tokens: line.max_output_tokens,
        deprecated_on: line.deprecated_on.as_deref().map(day).transpose()?,
    })
}

fn rate(rate: LineRate) -> Result<Rate, LineError> {
    if let Some(tier) = rate.tier.as_deref().filter(|t| !matches!(*t, "batch" | "flex" | "priority")) {
        return Err(LineError::Tier(tier.to_owned()));
    }
    let unit = unit(&rate.unit).ok_or(LineError::Unit(rate.unit))?;
    Ok(Rate { unit, pico_usd: rate.pico_usd, tier: rate.tier, above_input_tokens: rate.above_input_tokens })
}

/// The list's words for units; most are ours.
fn unit(word: &str) -> Option<Unit> {
    Some(match word {
        "input_audio" => Unit::AudioInput,
        "output_audio" => Unit::AudioOutput,
        "input_image_token" => Unit::ImageInput,
        "output_image_token" => Unit::ImageOutput,
        "output_reasoning" => Unit::Reasoning,
        "image_in" => Unit::ImageRead,
        own => return Unit::parse(own),
    })
}

fn day(text: &str) -> Result<Millis, LineError> {
    format!("{text}T00:00:00Z").parse().map_err(|_| LineError::Date(text.to_owned()))
}
