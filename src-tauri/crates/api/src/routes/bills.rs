//! Provider bills: their imports, and how they differ from the ledger.

use super::{Answer, Page, id, moment, time, time_or_null};
use crate::cursor;
use crate::extract::{Asked, JsonBody, Params};
use crate::words::BillCause;
use axum::Json;
use axum::extract::State;
use reeve_core::id::{ControlCredentialId, ImportId};
use reeve_core::time::Millis;
use reeve_engine::Engine;
use reeve_engine::bills::{BillAccount, BillImport, Named, Reconciliation, Row};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Days of a reconciliation if it is not said.
const DAYS: i64 = 30;

pub(crate) fn router() -> OpenApiRouter<Engine> {
    OpenApiRouter::new()
        .routes(routes!(list_bill_accounts))
        .routes(routes!(list_bill_imports))
        .routes(routes!(import_bills))
        .routes(routes!(reconcile_bill))
}

/// An organisation at a provider whose bill can be imported.
#[derive(Serialize, ToSchema)]
pub(crate) struct BillAccountView {
    /// Id of its admin key.
    id: String,
    /// Name of its admin key.
    name: String,
    provider: String,
    /// The admin key's last four characters.
    last4: String,
    /// The last import, whatever came of it.
    last: Option<BillImportView>,
    /// The last that took something.
    taken: Option<BillImportView>,
}

impl From<BillAccount> for BillAccountView {
    fn from(a: BillAccount) -> Self {
        Self {
            id: a.id.to_string(),
            name: a.name,
            provider: a.provider,
            last4: a.last4,
            last: a.last.map(Into::into),
            taken: a.taken.map(Into::into),
        }
    }
}

/// An import of a provider's bill.
#[derive(Serialize, ToSchema)]
pub(crate) struct BillImportView {
    id: String,
    /// Id of the admin key.
    account_id: String,
    provider: String,
    at: String,
    /// Whether it was its time; else somebody asked.
    by_schedule: bool,
    /// The first day, in UTC.
    from: String,
    /// The first moment behind the last day.
    to: String,
    /// Lines of costs in the report.
    lines: u64,
    /// Of them new or other than before, and those that are gone.
    changed: u64,
    /// What the days come to.
    billed_usd: String,
    /// Why nothing was taken, in a sentence.
    error: Option<String>,
}

impl From<BillImport> for BillImportView {
    fn from(i: BillImport) -> Self {
        Self {
            id: i.id.to_string(),
            account_id: i.control_credential.to_string(),
            provider: i.provider,
            at: time(i.at),
            by_schedule: i.by_schedule,
            from: time(i.from),
            to: time(i.to),
            lines: i.lines,
            changed: i.changed,
            billed_usd: i.billed.to_string(),
            error: i.error,
        }
    }
}

/// A cause of a difference, with its share.
#[derive(Serialize, ToSchema)]
pub(crate) struct BillCauseView {
    #[schema(value_type = BillCause)]
    cause: &'static str,
    /// Below zero where the ledger has more than the bill.
    amount_usd: String,
    /// Whether the share follows from use and not from amounts.
    estimated: bool,
}

impl From<Named> for BillCauseView {
    fn from(n: Named) -> Self {
        Self { cause: n.cause.as_str(), amount_usd: n.amount.to_string(), estimated: n.estimated }
    }
}

/// A day and model on the bill and in the ledger.
#[derive(Serialize, ToSchema)]
pub(crate) struct BillRowView {
    /// The day, in UTC, such as `2026-11-20`.
    day: String,
    /// The model without the date of its snapshot; the line of the bill where it is for no model.
    name: String,
    /// Whether it is a model.
    is_model: bool,
    billed_usd: String,
    ledger_usd: String,
    /// Bill less ledger.
    gap_usd: String,
    /// Tokens the provider counted; null where it does not tell.
    billed_tokens: Option<u64>,
    ledger_tokens: u64,
    /// They add up to the difference.
    causes: Vec<BillCauseView>,
}

impl From<Row> for BillRowView {
    fn from(row: Row) -> Self {
        Self {
            day: day(row.day),
            gap_usd: row.gap().to_string(),
            name: row.name,
            is_model: row.is_model,
            billed_usd: row.billed.to_string(),
            ledger_usd: row.ledger.to_string(),
            billed_tokens: row.billed_tokens,
            ledger_tokens: row.ledger_tokens,
            causes: row.causes.into_iter().map(Into::into).collect(),
        }
    }
}

/// A provider's bill held against the ledger.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReconciliationView {
    provider: String,
    from: String,
    to: String,
    /// Days that a bill was imported for; the others are left out of all sums.
    days: u64,
    /// When the newest of those imports was made; null where there is none.
    imported_at: Option<String>,
    /// Whether it is known which keys at the provider are Reeve's own.
    knows_keys: bool,
    billed_usd: String,
    ledger_usd: String,
    /// Bill less ledger.
    gap_usd: String,
    /// The difference by cause, the largest first. They add up to it.
    causes: Vec<BillCauseView>,
    /// A row for each day and model, newest first.
    rows: Vec<BillRowView>,
}

impl From<Reconciliation> for ReconciliationView {
    fn from(r: Reconciliation) -> Self {
        Self {
            from: time(r.from),
            to: time(r.to),
            days: r.days,
            imported_at: time_or_null(r.imported_at),
            knows_keys: r.knows_keys,
            billed_usd: r.billed.to_string(),
            ledger_usd: r.ledger.to_string(),
            gap_usd: (r.billed - r.ledger).to_string(),
            causes: r.causes.into_iter().map(Into::into).collect(),
            rows: r.rows.into_iter().map(Into::into).collect(),
            provider: r.provider,
        }
    }
}

/// What to import.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportBillsBody {
    /// The organisation, by its admin key; all of them if absent.
    account_id: Option<String>,
    /// From the day of this time, 180 days back at most; a week before the last import if absent, a month the first time.
    from: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct BillImportsQuery {
    /// 100 if absent, 1,000 at most.
    limit: Option<u32>,
    cursor: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ReconcileQuery {
    /// `openai` or `anthropic`.
    provider: String,
    /// From the day of this time, in UTC; 30 days ago if absent.
    from: Option<String>,
    /// Through the day before this time; now if absent. 93 days at most.
    to: Option<String>,
}

/// A day on the wire.
fn day(at: Millis) -> String {
    time(at).chars().take(10).collect()
}

/// Organisations whose bills can be imported.
#[utoipa::path(get, path = "/bills/accounts", tag = "bills", extensions(("x-permission" = json!("usage:read")), ("x-tenant" = json!("none"))), responses((status = 200, body = Page<BillAccountView>)))]
async fn list_bill_accounts(State(engine): State<Engine>, Asked(cx): Asked) -> Answer<Page<BillAccountView>> {
    let items = engine.bill_accounts(&cx).await?.into_iter().map(Into::into).collect();
    Ok(Json(Page { items, next_cursor: None }))
}

/// Imports of bills, newest first.
#[utoipa::path(get, path = "/bills/imports", tag = "bills", extensions(("x-permission" = json!("usage:read")), ("x-tenant" = json!("none"))), params(BillImportsQuery), responses((status = 200, body = Page<BillImportView>)))]
async fn list_bill_imports(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<BillImportsQuery>,
) -> Answer<Page<BillImportView>> {
    let before = cursor::read::<String>(query.cursor.as_deref())?;
    let before = id::<ImportId>("cursor", before.as_deref())?;
    let (imports, more) = engine.bill_imports(&cx, before, cursor::limit(query.limit)?).await?;
    let next_cursor = imports.last().filter(|_| more).and_then(|last| cursor::write(&last.id.to_string()));
    Ok(Json(Page { items: imports.into_iter().map(Into::into).collect(), next_cursor }))
}

/// Imports bills now. What goes wrong at a provider is in its import.
#[utoipa::path(post, path = "/bills/import", tag = "bills", extensions(("x-permission" = json!("usage:write")), ("x-tenant" = json!("none"))), request_body = ImportBillsBody, responses((status = 200, body = Page<BillImportView>)))]
async fn import_bills(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    JsonBody(body): JsonBody<ImportBillsBody>,
) -> Answer<Page<BillImportView>> {
    let account = id::<ControlCredentialId>("account_id", body.account_id.as_deref())?;
    let from = moment("from", body.from.as_deref())?;
    let items = engine.import_bills(&cx, account, from).await?.into_iter().map(Into::into).collect();
    Ok(Json(Page { items, next_cursor: None }))
}

/// Holds a provider's bill against the ledger, by day and model, with a cause for every difference.
#[utoipa::path(get, path = "/bills/reconciliation", tag = "bills", extensions(("x-permission" = json!("usage:read")), ("x-tenant" = json!("none"))), params(ReconcileQuery), responses((status = 200, body = ReconciliationView)))]
async fn reconcile_bill(
    State(engine): State<Engine>,
    Asked(cx): Asked,
    Params(query): Params<ReconcileQuery>,
) -> Answer<ReconciliationView> {
    let to = moment("to", query.to.as_deref())?.unwrap_or_else(|| engine.now());
    let from = moment("from", query.from.as_deref())?.unwrap_or_else(|| to.plus(-(DAYS - 1) * Millis::DAY));
    Ok(Json(engine.reconcile_bill(&cx, &query.provider, from, to).await?.into()))
}
