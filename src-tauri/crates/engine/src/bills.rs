//! Provider bills: what providers say they charge, held against what Reeve charged.
//!
//! [`import`] fetches the reports with an organisation's admin key, once a day and when somebody asks; a trailing week is fetched
//! again each time, because providers change it. [`reconcile`] names the causes of every difference, per day and model. Days are the
//! provider's, in UTC, or the two sides would not be about the same calls.

mod import;
pub mod reconcile;
mod sides;

pub use reconcile::{Cause, Named, Row};
pub use reeve_store::table::bills::BillImport;

use crate::Engine;
use crate::cx::Cx;
use crate::error::{Code, Error};
use reeve_core::id::{ControlCredentialId, ImportId};
use reeve_core::money::NanoUsd;
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use reeve_providers::bills::BillSource;
use reeve_store::table::control_credentials::ControlCredential;
use std::time::Duration;

/// How often it is looked whether a bill is due.
pub(crate) const EVERY: Duration = Duration::from_secs(600);
/// Days of a reconciliation at most.
const MOST_DAYS: i64 = 93;

/// An organisation whose bill can be imported.
#[derive(Clone, Debug)]
pub struct BillAccount {
    /// Its admin key.
    pub id: ControlCredentialId,
    /// That key's name.
    pub name: String,
    /// Provider.
    pub provider: String,
    /// The key's last four characters.
    pub last4: String,
    /// The last import, whatever came of it.
    pub last: Option<BillImport>,
    /// The last that took something.
    pub taken: Option<BillImport>,
}

/// A provider's bill and Reeve's ledger side by side.
#[derive(Clone, Debug)]
pub struct Reconciliation {
    /// Provider.
    pub provider: String,
    /// The first day, in UTC.
    pub from: Millis,
    /// The first moment behind.
    pub to: Millis,
    /// Days of these that a bill was imported for; the others are left out.
    pub days: u64,
    /// When the newest of those imports was made.
    pub imported_at: Option<Millis>,
    /// Whether it is known which keys at the provider are Reeve's own.
    pub knows_keys: bool,
    /// A row for each day and model, newest first.
    pub rows: Vec<Row>,
    /// Sum of the bill.
    pub billed: NanoUsd,
    /// Sum of the ledger.
    pub ledger: NanoUsd,
    /// The difference by cause, the largest first; they add up to the whole of it.
    pub causes: Vec<Named>,
}

impl Engine {
    /// Organisations whose bills can be imported: those with an admin key of a provider that tells.
    ///
    /// # Errors
    /// If `cx` may not see usage.
    pub async fn bill_accounts(&self, cx: &Cx) -> Result<Vec<BillAccount>, Error> {
        self.require(cx, Permission::UsageRead).await?;
        self.inner
            .store
            .read(|r| {
                let account = |c: ControlCredential| {
                    Ok(BillAccount {
                        last: r.bills().last_of(c.id, false)?,
                        taken: r.bills().last_of(c.id, true)?,
                        id: c.id,
                        name: c.name,
                        provider: c.provider,
                        last4: c.last4,
                    })
                };
                let told = |c: &ControlCredential| BillSource::of(&c.provider, None).is_some();
                r.control_credentials().all()?.into_iter().filter(told).map(account).collect()
            })
            .await
    }

    /// Imports of bills, newest first, with whether there are more.
    ///
    /// # Errors
    /// If `cx` may not see usage.
    pub async fn bill_imports(
        &self,
        cx: &Cx,
        before: Option<ImportId>,
        limit: usize,
    ) -> Result<(Vec<BillImport>, bool), Error> {
        self.require(cx, Permission::UsageRead).await?;
        let mut found = self.inner.store.read(move |r| r.bills().imports(before, limit + 1)).await?;
        let more = found.len() > limit;
        found.truncate(limit);
        Ok((found, more))
    }

    /// Holds a provider's bill against the ledger, for the whole days in UTC that `from` and `to` touch.
    ///
    /// # Errors
    /// If `cx` may not see usage, the provider's bill cannot be imported, or there are too many days or none.
    pub async fn reconcile_bill(
        &self,
        cx: &Cx,
        provider: &str,
        from: Millis,
        to: Millis,
    ) -> Result<Reconciliation, Error> {
        self.require(cx, Permission::UsageRead).await?;
        if BillSource::of(provider, None).is_none() {
            return Err(Error::field("provider", "must be openai or anthropic"));
        }
        let (from, to) = (day_of(from), day_of(to.plus(Millis::DAY - 1)));
        if from >= to || to.0 - from.0 > MOST_DAYS * Millis::DAY {
            return Err(Error::field("to", format!("must be 1 to {MOST_DAYS} days behind from")));
        }
        let of = provider.to_owned();
        let sides = self.inner.store.read(move |r| sides::read(r, &of, from, to)).await?;
        let rows: Vec<Row> = sides.sides.iter().map(reconcile::row).collect();
        Ok(Reconciliation {
            provider: provider.to_owned(),
            from,
            to,
            days: sides.days,
            imported_at: sides.imported_at,
            knows_keys: sides.knows_keys,
            billed: rows.iter().map(|row| row.billed).sum(),
            ledger: rows.iter().map(|row| row.ledger).sum(),
            causes: reconcile::by_cause(&rows),
            rows,
        })
    }

    async fn bill_keys(&self, which: Option<ControlCredentialId>) -> Result<Vec<ControlCredential>, Error> {
        let all = self.inner.store.read(|r| r.control_credentials().all()).await?;
        let told = |c: &ControlCredential| BillSource::of(&c.provider, None).is_some();
        let meant = |c: &ControlCredential| which.is_none_or(|id| id == c.id);
        let found: Vec<_> = all.into_iter().filter(|c| meant(c) && told(c)).collect();
        if found.is_empty() {
            return Err(match which {
                Some(_) => Error::not_found("admin key of a provider that tells its bill"),
                None => Error::new(
                    Code::PreconditionFailed,
                    "Add an admin key of OpenAI or Anthropic under Keys first.",
                ),
            });
        }
        Ok(found)
    }
}

/// The start of the day in UTC.
fn day_of(at: Millis) -> Millis {
    Millis(at.0.div_euclid(Millis::DAY) * Millis::DAY)
}

#[cfg(test)]
mod tests;
