//! The list as a file: written while it is read, a page at a time, so that its length costs no memory.

use super::views::RequestView;
use super::{ExportFormat, RequestsQuery};
use crate::words::RequestOutcome;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use reeve_core::grant::Visible;
use reeve_engine::Engine;
use reeve_engine::requests::{Place, RequestFilter};
use serde::Deserialize;
use std::io;
use utoipa::IntoParams;

/// Requests in one file.
const MOST: usize = 100_000;
/// Requests read at once.
const PAGE: usize = 1_000;

/// The query of a list, and what it is exported as.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportQuery {
    format: ExportFormat,
    tenant_id: Option<String>,
    model: Option<String>,
    provider: Option<String>,
    api_key_id: Option<String>,
    user: Option<String>,
    tag: Option<String>,
    outcome: Option<RequestOutcome>,
    reason: Option<String>,
    status: Option<u16>,
    min_cost_usd: Option<String>,
    min_latency_ms: Option<i64>,
    from: Option<String>,
    to: Option<String>,
    q: Option<String>,
}

impl ExportQuery {
    pub(super) fn split(self) -> (ExportFormat, RequestsQuery) {
        let query = RequestsQuery {
            tenant_id: self.tenant_id,
            model: self.model,
            provider: self.provider,
            api_key_id: self.api_key_id,
            user: self.user,
            tag: self.tag,
            outcome: self.outcome,
            reason: self.reason,
            status: self.status,
            min_cost_usd: self.min_cost_usd,
            min_latency_ms: self.min_latency_ms,
            from: self.from,
            to: self.to,
            q: self.q,
            limit: None,
            cursor: None,
        };
        (self.format, query)
    }
}

struct Export {
    engine: Engine,
    visible: Visible,
    filter: RequestFilter,
    format: ExportFormat,
    before: Option<Place>,
    written: usize,
    over: bool,
}

/// The file.
pub(super) fn answer(
    engine: Engine,
    visible: Visible,
    filter: RequestFilter,
    format: ExportFormat,
) -> Response {
    let (kind, name) = match format {
        ExportFormat::Csv => ("text/csv; charset=utf-8", "attachment; filename=\"requests.csv\""),
        ExportFormat::Json => ("application/json", "attachment; filename=\"requests.json\""),
    };
    let export = Export { engine, visible, filter, format, before: None, written: 0, over: false };
    let pieces = futures_util::stream::try_unfold(export, |mut export| async move {
        if export.over {
            return Ok::<_, io::Error>(None);
        }
        let piece = export.piece().await?;
        Ok(Some((Bytes::from(piece), export)))
    });
    ([(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name)], Body::from_stream(pieces)).into_response()
}

impl Export {
    async fn piece(&mut self) -> io::Result<String> {
        let first = self.before.is_none();
        let limit = PAGE.min(MOST - self.written);
        let (visible, filter) = (self.visible.clone(), self.filter.clone());
        let page = self.engine.exported_requests(visible, filter, self.before, limit).await;
        let page = page.map_err(io::Error::other)?;
        let rows: Vec<_> =
            page.items.into_iter().map(|r| RequestView::new(r, &page.key_names, &self.engine)).collect();
        let mut out = String::new();
        match self.format {
            ExportFormat::Csv => {
                if first {
                    line(&mut out, RequestView::COLUMNS.iter().copied());
                }
                for row in &rows {
                    line(&mut out, row.cells().iter().map(String::as_str));
                }
            }
            ExportFormat::Json => {
                if first {
                    out.push('[');
                }
                for (n, row) in rows.iter().enumerate() {
                    out.push_str(if self.written + n == 0 { "\n" } else { ",\n" });
                    out.push_str(&serde_json::to_string(row).map_err(io::Error::other)?);
                }
            }
        }
        self.written += rows.len();
        self.before = page.next;
        self.over = page.next.is_none() || self.written >= MOST;
        if self.over && self.format == ExportFormat::Json {
            out.push_str("\n]\n");
        }
        Ok(out)
    }
}

fn line<'c>(out: &mut String, cells: impl Iterator<Item = &'c str>) {
    for (n, cell) in cells.enumerate() {
        if n > 0 {
            out.push(',');
        }
        push_cell(out, cell);
    }
    out.push_str("\r\n");
}

/// Quoted where it must be (RFC 4180). What a spreadsheet would run as a formula is a text: users and tags come from
/// callers.
fn push_cell(out: &mut String, cell: &str) {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if !formula && !cell.contains(['"', ',', '\n', '\r']) {
        return out.push_str(cell);
    }
    out.push('"');
    if formula {
        out.push('\'');
    }
    out.push_str(&cell.replace('"', "\"\""));
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_formulas_disarmed() {
        let mut out = String::new();
        line(&mut out, ["plain", "a,b", "say \"hi\"", "=1+1", "@x", "", "two\nlines"].into_iter());
        assert_eq!(out, "plain,\"a,b\",\"say \"\"hi\"\"\",\"'=1+1\",\"'@x\",,\"two\nlines\"\r\n");
    }
}
