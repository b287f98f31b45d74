//! Importing usage from CSV.

use super::{Answer, time};
use crate::extract::{Asked, JsonBody};
use crate::failure::Failure;
use crate::host::Host;
use crate::words::ImportState;
use axum::extract::{DefaultBodyLimit, State};
use axum::{Extension, Json};
use reeve_engine::Engine;
use reeve_engine::import::{self, Field, ImportReport, ImportUsage, Mapping, Source};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use utoipa::ToSchema;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

/// Bytes an import sent along may have.
const IMPORT_LIMIT: usize = 64 * 1024 * 1024;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new().routes(routes!(import_usage).layer(DefaultBodyLimit::max(IMPORT_LIMIT)))
}

/// Where a value comes from.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ImportField {
    /// A column of the file, by its heading.
    Column(String),
    /// The same value for every row.
    Value(String),
}

impl From<ImportField> for Field {
    fn from(field: ImportField) -> Self {
        match field {
            ImportField::Column(column) => Self::Column(column),
            ImportField::Value(value) => Self::Value(value),
        }
    }
}

/// Which column is what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportMapping {
    time: ImportField,
    input_tokens: ImportField,
    output_tokens: ImportField,
    cache_read_tokens: Option<ImportField>,
    model: ImportField,
    /// `openai` where null.
    provider: Option<ImportField>,
    /// Id, slug or name.
    tenant: ImportField,
}

/// An import.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportBody {
    /// Name of the file, for the audit trail.
    name: String,
    /// The CSV, sent along.
    csv: Option<String>,
    /// The CSV as a file of this machine; only in the app's window.
    path: Option<String>,
    mapping: ImportMapping,
    /// Only look.
    preview: bool,
}

/// A row that is wrong.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportError {
    line: u64,
    column: Option<String>,
    message: String,
}

/// A row as it was understood.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportRow {
    time: String,
    tenant: String,
    model: String,
    input_tokens: u64,
    output_tokens: u64,
    cost_usd: Option<String>,
}

/// What an import did, or would do. With any wrong row nothing is imported.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportView {
    id: Option<String>,
    state: ImportState,
    columns: Vec<String>,
    rows: u64,
    new_rows: u64,
    duplicate_rows: u64,
    cost_usd: String,
    from: Option<String>,
    to: Option<String>,
    /// The first 100.
    errors: Vec<ImportError>,
    error_count: u64,
    /// The first 5 rows.
    sample: Vec<ImportRow>,
}

impl From<ImportReport> for ImportView {
    fn from(report: ImportReport) -> Self {
        let error = |e: import::RowError| ImportError { line: e.line, column: e.column, message: e.message };
        let row = |row: import::Row| ImportRow {
            time: time(row.time),
            tenant: row.tenant,
            model: row.model,
            input_tokens: row.input_tokens,
            output_tokens: row.output_tokens,
            cost_usd: Some(row.cost.to_string()),
        };
        Self {
            id: report.id.map(|id| id.to_string()),
            state: report.state.into(),
            columns: report.columns,
            rows: report.rows,
            new_rows: report.new_rows,
            duplicate_rows: report.duplicate_rows,
            cost_usd: report.cost.to_string(),
            from: report.span.map(|(first, _)| time(first)),
            to: report.span.map(|(_, last)| time(last)),
            errors: report.errors.into_iter().map(error).collect(),
            error_count: report.error_count,
            sample: report.sample.into_iter().map(row).collect(),
        }
    }
}

/// Imports usage records, or looks at what an import would do.
#[utoipa::path(post, path = "/usage/import", tag = "usage", extensions(("x-permission" = json!("usage:write")), ("x-tenant" = json!("none"))), request_body = ImportBody, responses((status = 200, body = ImportView)))]
async fn import_usage(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    host: Option<Extension<Host>>,
    JsonBody(body): JsonBody<ImportBody>,
) -> Answer<ImportView> {
    let source = source(body.csv, body.path, host.map(|h| h.0).unwrap_or_default())?;
    let m = body.mapping;
    let mapping = Mapping {
        time: m.time.into(),
        input_tokens: m.input_tokens.into(),
        output_tokens: m.output_tokens.into(),
        cache_read_tokens: m.cache_read_tokens.map(Into::into),
        model: m.model.into(),
        provider: m.provider.map(Into::into),
        tenant: m.tenant.into(),
    };
    let import = ImportUsage { name: body.name, source, mapping, preview: body.preview };
    Ok(Json(engine.import_usage(&cx, import).await?.into()))
}

/// Over the network nobody names files of this machine.
fn source(csv: Option<String>, path: Option<String>, host: Host) -> Result<Source, Failure> {
    match (csv, path) {
        (Some(_), Some(_)) => Err(Failure::field("path", "cannot be given together with csv")),
        (None, None) => Err(Failure::field("csv", "is needed")),
        (Some(csv), None) => Ok(Source::Text(csv)),
        (None, Some(_)) if host == Host::Server => {
            Err(Failure::field("path", "can be given only in the app's own window"))
        }
        (None, Some(path)) => Ok(Source::Path(PathBuf::from(path))),
    }
}
