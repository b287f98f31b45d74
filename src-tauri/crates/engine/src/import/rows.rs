//! From CSV rows to charges.

use super::bounded::Bounded;
use super::mapping::{Mapping, Places};
use super::{SHOWN, Source, TOLD, Tenants, times, unreadable};
use crate::Engine;
use crate::error::{Code, Error};
use crate::gateway::pricing::Pricing;
use reeve_core::id::{ChargeId, TenantId};
use reeve_core::money::NanoUsd;
use reeve_core::time::Millis;
use reeve_core::usage::{Unit, Usage};
use reeve_store::table::charges::{Charge, Trail};
use reeve_store::table::tenants::Tenant;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use uuid::Uuid;

/// Rows of one file at most.
const MOST_ROWS: u64 = 500_000;
/// Tokens of one row at most: beyond any model, and far from where sums overflow.
const MOST_TOKENS: u64 = 1_000_000_000;

/// A row that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RowError {
    /// Line of the file, from 1.
    pub line: u64,
    /// Column, if it is one.
    pub column: Option<String>,
    /// What is wrong, and what would be right.
    pub message: String,
}

/// A row as it was understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// Time of the call.
    pub time: Millis,
    /// Tenant's name.
    pub tenant: String,
    /// Model.
    pub model: String,
    /// Prompt tokens.
    pub input_tokens: u64,
    /// Generated tokens.
    pub output_tokens: u64,
    /// What it costs.
    pub cost: NanoUsd,
}

/// A file as it was understood.
pub(crate) struct Parsed {
    pub(crate) columns: Vec<String>,
    pub(crate) read: u64,
    pub(crate) rows: Vec<Charge>,
    pub(crate) shown: Vec<Row>,
    pub(crate) errors: Vec<RowError>,
    pub(crate) error_count: u64,
}

/// Reads a whole file. Only what is wrong with the file as such is an error here.
pub(crate) fn parse(
    engine: &Engine,
    source: &Source,
    mapping: &Mapping,
    tenants: &[Tenant],
) -> Result<Parsed, Error> {
    match source {
        Source::Text(text) => Parser::new(engine, tenants).run(text.as_bytes(), mapping),
        Source::Path(path) => {
            let file = File::open(path).map_err(|e| unreadable(path, e))?;
            Parser::new(engine, tenants).run(BufReader::new(file), mapping)
        }
    }
}

struct Parser<'e> {
    engine: &'e Engine,
    tenants: Tenants,
    // How often the same facts occurred: two equal rows of one file are two calls.
    seen: HashMap<[u8; 32], u64>,
}

impl<'e> Parser<'e> {
    fn new(engine: &'e Engine, tenants: &[Tenant]) -> Self {
        Self { engine, tenants: Tenants::new(tenants), seen: HashMap::new() }
    }

    fn run(mut self, input: impl Read, mapping: &Mapping) -> Result<Parsed, Error> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(Bounded::new(input));
        let heading = reader.headers().map_err(|e| not_csv(&e))?;
        let columns: Vec<String> =
            heading.iter().map(|c| c.trim_start_matches('\u{feff}').to_owned()).collect();
        if columns.iter().all(String::is_empty) {
            return Err(Error::field("csv", "the file is empty; it needs a heading and rows"));
        }
        let places = mapping.places(&columns)?;
        let mut parsed = Parsed {
            columns,
            read: 0,
            rows: Vec::new(),
            shown: Vec::new(),
            errors: Vec::new(),
            error_count: 0,
        };
        let mut row = csv::StringRecord::new();
        loop {
            let more = match reader.read_record(&mut row) {
                Ok(more) => more,
                Err(e) if is_row_error(&e) => {
                    parsed.wrong(row_error(&e));
                    parsed.read += 1;
                    continue;
                }
                Err(e) => return Err(not_csv(&e)),
            };
            if !more {
                break;
            }
            parsed.read += 1;
            if parsed.read > MOST_ROWS {
                return Err(Error::field("csv", "the file has more than 500,000 rows; split it"));
            }
            let line = row.position().map_or(0, csv::Position::line);
            match self.charge(&places, &row) {
                Ok((charge, shown)) => parsed.right(charge, shown),
                Err((column, message)) => {
                    parsed.wrong(RowError { line, column: Some(column.to_owned()), message })
                }
            }
        }
        if parsed.read == 0 {
            return Err(Error::field("csv", "the file has a heading and no rows"));
        }
        Ok(parsed)
    }

    fn charge(
        &mut self,
        places: &Places,
        row: &csv::StringRecord,
    ) -> Result<(Charge, Row), (&'static str, String)> {
        let time_text = places.time.read(row);
        let time = times::read(time_text).ok_or_else(|| {
            ("time", format!("\"{}\" is not a time; write it as 2026-11-20T14:22:07Z", clip(time_text)))
        })?;
        let (tenant, tenant_name) = self.tenant(places.tenant.read(row))?;
        let (provider, model) = (places.provider.read(row), places.model.read(row));
        let input = count("input_tokens", places.input_tokens.read(row))?;
        let output = count("output_tokens", places.output_tokens.read(row))?;
        let cached =
            places.cache_read_tokens.as_ref().map_or(Ok(0), |p| count("cache_read_tokens", p.read(row)))?;
        let uncached = input
            .checked_sub(cached)
            .ok_or_else(|| ("cache_read_tokens", "is more than the input tokens it is part of".to_owned()))?;
        let usage = Usage::tokens(uncached, output).with(Unit::CacheRead, cached);
        let pricing = self.pricing(tenant, provider, model, time)?;
        let cost = pricing.cost(&usage, None).map_err(|e| {
            ("model", format!("the price of {model} lacks a rate this row needs ({})", e.as_str()))
        })?;
        let shown = Row {
            time,
            tenant: tenant_name,
            model: model.to_owned(),
            input_tokens: input,
            output_tokens: output,
            cost: cost.total,
        };
        let dedupe = self.dedupe(&[
            &tenant.to_string(),
            provider,
            model,
            time_text,
            &input.to_string(),
            &cached.to_string(),
            &output.to_string(),
        ]);
        let charge = Charge {
            seq: 0,
            id: ChargeId(Uuid::nil()),
            time,
            tenant_id: tenant,
            api_key_id: None,
            user: None,
            provider: provider.to_owned(),
            model: pricing.price.model.clone(),
            operation: "chat".to_owned(),
            source: "import".to_owned(),
            outcome: "success".to_owned(),
            status: None,
            usage: pricing.price.charged(&usage).into_owned(),
            cost: Some(cost.total),
            pricing: pricing.word().to_owned(),
            unpriced_reason: None,
            price: Some(pricing.applied(&cost, None)),
            latency_ms: None,
            first_byte_ms: None,
            stream: false,
            trace_id: None,
            request_id: None,
            import_id: None,
            dedupe: Some(dedupe),
            credential_id: None,
            tags: Vec::new(),
            attempts: 1,
            trail: Trail::default(),
        };
        Ok((charge, shown))
    }

    fn tenant(&self, spelling: &str) -> Result<(TenantId, String), (&'static str, String)> {
        let found = self.tenants.find(spelling);
        found.cloned().ok_or_else(|| {
            (
                "tenant",
                format!("there is no tenant \"{}\"; make it first, or correct the name", clip(spelling)),
            )
        })
    }

    fn pricing(
        &self,
        tenant: TenantId,
        provider: &str,
        model: &str,
        time: Millis,
    ) -> Result<Pricing, (&'static str, String)> {
        if model.is_empty() {
            return Err(("model", "is empty".to_owned()));
        }
        self.engine.pricing(tenant, provider, model, time).map_err(|e| ("model", e.message))
    }

    fn dedupe(&mut self, facts: &[&str]) -> [u8; 32] {
        let mut hasher = Sha256::new_with_prefix(b"reeve.import.v1\n");
        for fact in facts {
            hasher.update((fact.len() as u64).to_be_bytes());
            hasher.update(fact.as_bytes());
        }
        let content: [u8; 32] = hasher.finalize().into();
        let nth = self.seen.entry(content).or_insert(0);
        *nth += 1;
        Sha256::new_with_prefix(content).chain_update(nth.to_be_bytes()).finalize().into()
    }
}

impl Parsed {
    fn right(&mut self, charge: Charge, shown: Row) {
        if self.shown.len() < SHOWN {
            self.shown.push(shown);
        }
        // After the first wrong row the file is rejected anyway: only its errors still matter.
        if self.error_count == 0 {
            self.rows.push(charge);
        }
    }

    fn wrong(&mut self, error: RowError) {
        self.error_count += 1;
        if self.errors.len() < TOLD {
            self.errors.push(error);
        }
    }
}

fn count(column: &'static str, text: &str) -> Result<u64, (&'static str, String)> {
    let number: u64 =
        text.parse().map_err(|_| (column, format!("\"{}\" is not a whole number of tokens", clip(text))))?;
    if number > MOST_TOKENS {
        Err((column, format!("{number} tokens in one call cannot be")))
    } else {
        Ok(number)
    }
}

fn clip(text: &str) -> String {
    text.chars().take(60).collect()
}

fn is_row_error(error: &csv::Error) -> bool {
    matches!(error.kind(), csv::ErrorKind::UnequalLengths { .. } | csv::ErrorKind::Utf8 { .. })
}

fn row_error(error: &csv::Error) -> RowError {
    let line = error.position().map_or(0, csv::Position::line);
    let message = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("has {len} columns where the heading has {expected_len}; is the file cut off?")
        }
        _ => "is not UTF-8 text".to_owned(),
    };
    RowError { line, column: None, message }
}

fn not_csv(error: &csv::Error) -> Error {
    Error::new(Code::Invalid, format!("The file cannot be read as CSV: {error}."))
}
