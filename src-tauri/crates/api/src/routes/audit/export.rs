//! Entries as a file: a bundle that a third party can verify, or a feed. Sent while it is read.

use super::filter;
use super::filter::{AuditFilterQuery, Wanted};
use crate::failure::Failure;
use crate::routes::moment;
use crate::words::Stream;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use reeve_engine::audit::{self, EntryFilter, Export, ExportAudit, ExportRange};
use reeve_engine::{Cx, Engine};
use serde::Deserialize;
use std::io;
use utoipa::{IntoParams, ToSchema};

/// What entries are exported as.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AuditExportFormat {
    Bundle,
    Tiles,
    Csv,
    Jsonl,
}

impl From<AuditExportFormat> for audit::ExportFormat {
    fn from(format: AuditExportFormat) -> Self {
        match format {
            AuditExportFormat::Bundle => Self::Bundle,
            AuditExportFormat::Tiles => Self::Tiles,
            AuditExportFormat::Csv => Self::Csv,
            AuditExportFormat::Jsonl => Self::Jsonl,
        }
    }
}

/// Which entries, and as what. With any filter but the range it is a selection: each entry is proven, completeness is not.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditExportQuery {
    /// `bundle` for who verifies, `tiles` for programs that read a C2SP tile tree (the whole log), `csv` for a spreadsheet, `jsonl` for a system that collects events.
    format: AuditExportFormat,
    /// `audit` if absent.
    stream: Option<Stream>,
    /// From this entry; not together with times.
    first: Option<u64>,
    /// Up to, but without, this entry.
    end: Option<u64>,
    /// From this time: the shortest run that holds every entry of the period.
    from: Option<String>,
    /// Before this time.
    to: Option<String>,
    /// With what is personal, opened; only in a bundle, and only for who may.
    private: Option<bool>,
    /// Such as `tenant.update`.
    event_type: Option<String>,
    /// Id of a person or key, part of a person's name, or `system`.
    actor: Option<String>,
    tenant_id: Option<String>,
    /// Noun, such as `tenant`; only together with an id.
    resource_type: Option<String>,
    resource_id: Option<String>,
    /// `success`, `denied`, `failure` or `pending`.
    outcome: Option<String>,
    /// Any outcome but success.
    not_ok: Option<bool>,
}

impl AuditExportQuery {
    fn range(&self) -> Result<ExportRange, Failure> {
        let (from, to) = (moment("from", self.from.as_deref())?, moment("to", self.to.as_deref())?);
        match (self.first.is_some() || self.end.is_some(), from.is_some() || to.is_some()) {
            (true, true) => Err(Failure::field("from", "cannot be given together with first or end")),
            (true, false) => Ok(ExportRange::Sequence { first: self.first.unwrap_or(0), end: self.end }),
            (false, true) => Ok(ExportRange::Time { from, to }),
            (false, false) => Ok(ExportRange::All),
        }
    }

    /// The filter, if there is one.
    async fn filter(&self, engine: &Engine) -> Result<Option<EntryFilter>, Failure> {
        let query = AuditFilterQuery {
            stream: self.stream,
            event_type: self.event_type.clone(),
            actor: self.actor.clone(),
            tenant_id: self.tenant_id.clone(),
            resource_type: self.resource_type.clone(),
            resource_id: self.resource_id.clone(),
            outcome: self.outcome.clone(),
            not_ok: self.not_ok,
            ..AuditFilterQuery::default()
        };
        match filter::read(&query, engine).await? {
            Wanted::Nothing => Err(Failure::field("actor", "is nobody known here")),
            Wanted::Matching(filter, _) => {
                let filter = *filter;
                let some = !filter.kinds.is_empty()
                    || !filter.not_kinds.is_empty()
                    || filter.who.is_some()
                    || filter.res.is_some()
                    || filter.noun.is_some()
                    || filter.tenant.is_some()
                    || filter.ok.is_some()
                    || filter.not_ok;
                Ok(some.then_some(filter))
            }
        }
    }
}

pub(super) async fn answer(engine: Engine, cx: &Cx, query: AuditExportQuery) -> Result<Response, Failure> {
    let ask = ExportAudit {
        stream: query.stream.unwrap_or(Stream::Audit).into(),
        range: query.range()?,
        filter: query.filter(&engine).await?,
        format: query.format.into(),
        private: query.private.unwrap_or(false),
    };
    let kind = match query.format {
        AuditExportFormat::Bundle | AuditExportFormat::Tiles => "application/zip",
        AuditExportFormat::Csv => "text/csv; charset=utf-8",
        AuditExportFormat::Jsonl => "application/x-ndjson",
    };
    let export = engine.export_audit(cx, ask).await?;
    let name = format!("attachment; filename=\"{}\"", export.file_name());
    let pieces = futures_util::stream::try_unfold(export, |mut export: Export| async move {
        match export.piece().await {
            Ok(piece) => Ok(piece.map(|piece| (Bytes::from(piece), export))),
            Err(error) => {
                // The answer has begun: all that is left is to break it off, so that nobody takes it for whole.
                tracing::error!(error = &error as &dyn std::error::Error, "an export broke off");
                Err(io::Error::other(error))
            }
        }
    });
    let headers = [(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(pieces)).into_response())
}
