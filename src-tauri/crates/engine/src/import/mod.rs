//! Importing usage from CSV: understood row by row, priced, and taken over as a whole or not at all. Importing the same
//! rows again changes nothing.

pub mod bounded;
pub mod mapping;
pub mod rows;
mod times;

pub use mapping::{Field, Mapping};
pub use rows::{Row, RowError};

use crate::Engine;
use crate::charges::ChargeBatch;
use crate::cx::Cx;
use crate::engine::blocking;
use crate::error::{Code, Error};
use reeve_core::id::{ChargeId, ImportId};
use reeve_core::money::NanoUsd;
use reeve_core::permission::Permission;
use reeve_core::price::UnpricedReason;
use reeve_core::principal::Principal;
use reeve_core::time::Millis;
use reeve_store::table::charges::Charge;
use rows::Parsed;
use std::collections::HashMap;
use std::path::PathBuf;

/// Row errors that are told one by one.
const TOLD: usize = 100;
/// Rows shown of a preview.
const SHOWN: usize = 5;

/// Where the CSV is.
#[derive(Debug)]
pub enum Source {
    /// Sent along.
    Text(String),
    /// A file of this machine.
    Path(PathBuf),
}

/// What to import.
#[derive(Debug)]
pub struct ImportUsage {
    /// Name of the file, for the audit trail.
    pub name: String,
    /// The CSV.
    pub source: Source,
    /// Which column is what.
    pub mapping: Mapping,
    /// Only look.
    pub preview: bool,
}

/// How an import went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ImportState {
    /// Nothing was written, as asked.
    Preview,
    /// Every row is in.
    Imported,
    /// A row is wrong, so none was taken over.
    Rejected,
}

/// What an import did, or would do.
#[derive(Clone, Debug)]
pub struct ImportReport {
    /// Id, once imported.
    pub id: Option<ImportId>,
    /// How it went.
    pub state: ImportState,
    /// The file's columns.
    pub columns: Vec<String>,
    /// Rows read.
    pub rows: u64,
    /// Rows that are new.
    pub new_rows: u64,
    /// Rows that are here already.
    pub duplicate_rows: u64,
    /// Cost of the new rows.
    pub cost: NanoUsd,
    /// Time of the earliest and latest row.
    pub span: Option<(Millis, Millis)>,
    /// The first wrong rows.
    pub errors: Vec<RowError>,
    /// How many rows are wrong.
    pub error_count: u64,
    /// The first rows as they were understood.
    pub sample: Vec<Row>,
}

impl Engine {
    /// Imports usage records, or looks at what an import would do.
    ///
    /// # Errors
    /// If `cx` may not, the file cannot be read, or a mapped column is missing. Wrong rows are in the report.
    pub async fn import_usage(&self, cx: &Cx, import: ImportUsage) -> Result<ImportReport, Error> {
        self.require(cx, Permission::UsageWrite).await?;
        let ImportUsage { name, source, mapping, preview } = import;
        let name = crate::tenants::name(&name, "name")?;
        let tenants = self.inner.store.read(|r| r.tenants().all()).await?;
        let (engine, parsing) =
            (self.clone(), move |engine: &Self| rows::parse(engine, &source, &mapping, &tenants));
        let parsed = blocking(move || parsing(&engine)).await??;
        let mut report = report(&parsed);
        if parsed.error_count > 0 {
            report.state = ImportState::Rejected;
            return Ok(report);
        }
        self.import_rows(cx, name, parsed, report, preview).await
    }

    async fn import_rows(
        &self,
        cx: &Cx,
        name: String,
        parsed: Parsed,
        mut report: ImportReport,
        preview: bool,
    ) -> Result<ImportReport, Error> {
        let id = ImportId(self.inner.ids.next());
        let fresh = self.fresh(parsed, id).await?;
        report.new_rows = fresh.len() as u64;
        report.duplicate_rows = report.rows - report.new_rows;
        report.cost = fresh.iter().filter_map(|c| c.cost).sum();
        if preview || fresh.is_empty() {
            report.state = if preview { ImportState::Preview } else { ImportState::Imported };
            return Ok(report);
        }
        let draft = self
            .draft(cx, "usage.import", format_args!("import:{id}"))
            .name(&name)
            .detail("rows", report.new_rows)
            .detail("duplicates", report.duplicate_rows)
            .detail("cost_usd", report.cost.to_string());
        let draft = charges_tenant(draft, &fresh);
        let at_ceiling = fresh.iter().filter(|c| c.pricing == "ceiling");
        at_ceiling.for_each(|c| {
            let (model, cost) = ((c.provider.as_str(), c.model.as_str()), c.cost.unwrap_or_default());
            self.note_ceiling(c.tenant_id, model, UnpricedReason::UnknownModel, cost);
        });
        let engine = self.clone();
        let cx = Cx { principal: Principal::System, ..cx.clone() };
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let recorded = draft.record(tx)?;
                let sequence = recorded.sequence();
                engine.write_charges_of(tx, &cx, &fresh)?;
                Ok::<_, Error>(sequence)
            })
            .await?;
        self.rebuild_admission().await?;
        self.told(sequence);
        report.id = Some(id);
        report.state = ImportState::Imported;
        Ok(report)
    }

    /// The rows that are not here yet, as charges.
    async fn fresh(&self, parsed: Parsed, import: ImportId) -> Result<Vec<Charge>, Error> {
        let charges: Vec<Charge> = parsed
            .rows
            .into_iter()
            .map(|mut charge| {
                charge.id = ChargeId(self.inner.ids.next());
                charge.import_id = Some(import);
                charge
            })
            .collect();
        self.inner
            .store
            .read(move |r| {
                let mut fresh = Vec::with_capacity(charges.len());
                for charge in charges {
                    let known = match &charge.dedupe {
                        Some(dedupe) => r.charges().has(dedupe)?,
                        None => false,
                    };
                    if !known {
                        fresh.push(charge);
                    }
                }
                Ok(fresh)
            })
            .await
    }

    /// Writes charges that did not come through the gateway.
    pub(crate) fn write_charges_of(
        &self,
        tx: &mut reeve_store::Tx<'_>,
        cx: &Cx,
        charges: &[Charge],
    ) -> Result<(), Error> {
        let mut batch = ChargeBatch::new(self);
        let mut last = None;
        for charge in charges {
            let draft =
                self.draft(cx, "charge.import", format_args!("model:{}/{}", charge.provider, charge.model));
            last = Some(batch.write(tx, draft, charge)?);
        }
        last.map_or(Ok(()), |last| batch.sum_up(&last))
    }
}

/// An import into one tenant belongs to that tenant's history.
fn charges_tenant(draft: crate::entry::Draft, charges: &[Charge]) -> crate::entry::Draft {
    let mut tenants = charges.iter().map(|c| c.tenant_id);
    match tenants.next() {
        Some(first) if tenants.all(|t| t == first) => draft.tenant(first),
        _ => draft,
    }
}

fn report(parsed: &Parsed) -> ImportReport {
    let times = parsed.rows.iter().map(|c| c.time);
    ImportReport {
        id: None,
        state: ImportState::Preview,
        columns: parsed.columns.clone(),
        rows: parsed.read,
        new_rows: 0,
        duplicate_rows: 0,
        cost: NanoUsd::ZERO,
        span: times.clone().min().zip(times.max()),
        errors: parsed.errors.iter().take(TOLD).cloned().collect(),
        error_count: parsed.error_count,
        sample: parsed.shown.clone(),
    }
}

/// Names and ids of tenants, as a file may spell them.
pub(crate) struct Tenants {
    by_spelling: HashMap<String, (reeve_core::id::TenantId, String)>,
}

impl Tenants {
    pub(crate) fn new(tenants: &[reeve_store::table::tenants::Tenant]) -> Self {
        let mut by_spelling = HashMap::new();
        // Ids last: they win over a name that looks like one.
        for t in tenants {
            by_spelling.entry(t.name.to_lowercase()).or_insert((t.id, t.name.clone()));
        }
        for t in tenants {
            by_spelling.insert(t.slug.clone(), (t.id, t.name.clone()));
        }
        for t in tenants {
            by_spelling.insert(t.id.to_string().to_lowercase(), (t.id, t.name.clone()));
        }
        Self { by_spelling }
    }

    pub(crate) fn find(&self, spelling: &str) -> Option<&(reeve_core::id::TenantId, String)> {
        self.by_spelling.get(&spelling.trim().to_lowercase())
    }
}

/// A file that cannot be read at all.
pub(crate) fn unreadable(path: &std::path::Path, error: std::io::Error) -> Error {
    Error::new(Code::Invalid, format!("{} cannot be read: {error}.", path.display())).because(error)
}
