//! Fetching bills.

use super::{BillImport, day_of};
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::Error;
use crate::events::EventKind;
use reeve_core::id::{ControlCredentialId, ImportId};
use reeve_core::money::NanoUsd;
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use reeve_core::usage::Usage;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_providers::bills::{Bill, BillSource, Bills, CostLine, Days, UsageLine};
use reeve_providers::control::{Control, Controls};
use reeve_providers::upstream::Key;
use reeve_store::table::bills::{BillCost, BillUsage};
use reeve_store::table::control_credentials::ControlCredential;
use reeve_store::table::credentials::Credential;
use reeve_vault::Secret;
use std::collections::BTreeMap;

/// Days that are fetched again, because providers change them.
const TRAILING: i64 = 7;
/// Days of the first import.
const FIRST: i64 = 31;
/// Days back at most.
const MOST: i64 = 180;
/// After a failure it is tried again.
const AGAIN: i64 = Millis::HOUR;

impl Engine {
    /// Imports the bill of one organisation, or of all, now. What goes wrong at a provider is in its import.
    ///
    /// # Errors
    /// If `cx` may not import usage, there is no such admin key, or the vault is locked.
    pub async fn import_bills(
        &self,
        cx: &Cx,
        which: Option<ControlCredentialId>,
        from: Option<Millis>,
    ) -> Result<Vec<BillImport>, Error> {
        self.require(cx, Permission::UsageWrite).await?;
        let mut done = Vec::new();
        for account in self.bill_keys(which).await? {
            done.push(self.import_bill(cx, &account, false, from).await?);
        }
        Ok(done)
    }

    /// Imports the bills that are due: a day after the last, or an hour after one that failed.
    pub(crate) async fn import_due_bills(&self) {
        if let Err(error) = self.try_due_bills().await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "provider bills could not be imported");
        }
    }

    async fn try_due_bills(&self) -> Result<(), Error> {
        // Without a key or a vault there is nothing to do, which is no failure.
        let Ok(accounts) = self.bill_keys(None).await else { return Ok(()) };
        if self.vault().is_err() {
            return Ok(());
        }
        for account in accounts {
            let id = account.id;
            let last = self.inner.store.read(move |r| r.bills().last_of(id, false)).await?;
            let wait = |i: &BillImport| if i.error.is_some() { AGAIN } else { Millis::DAY };
            if last.is_none_or(|i| self.now() >= i.at.plus(wait(&i))) {
                self.import_bill(&Cx::system(), &account, true, None).await?;
            }
        }
        Ok(())
    }

    async fn import_bill(
        &self,
        cx: &Cx,
        account: &ControlCredential,
        by_schedule: bool,
        from: Option<Millis>,
    ) -> Result<BillImport, Error> {
        let _one = self.inner.billing.lock().await;
        let key = self.open_control(account.id).await?;
        let using = self.used_with(account.id).await?;
        let days = self.days_due(account.id, from).await?;
        let base = using.iter().find_map(|(_, control)| control.base_url().map(str::to_owned));
        let fetched = match BillSource::of(&account.provider, base) {
            Some(source) => Bills::of(&self.inner.upstream).fetch(&source, Key(key.expose()), days).await,
            None => return Err(Error::not_found("bill of this provider")),
        };
        let own = if fetched.is_ok() { self.own_keys(&using, &key).await } else { Vec::new() };
        let (bill, error) = match fetched {
            Ok(bill) => (bill, None),
            Err(error) => (Bill::default(), Some(error.to_string())),
        };
        let (costs, usage) = (costs(bill.costs), usage(bill.usage));
        let import = BillImport {
            id: ImportId(self.inner.ids.next()),
            control_credential: account.id,
            provider: account.provider.clone(),
            at: self.now(),
            by_schedule,
            from: days.from,
            to: days.to,
            lines: costs.len() as u64,
            changed: 0,
            billed: costs.iter().map(|c| c.amount).sum(),
            error,
        };
        self.take(cx, account, import, costs, usage, own).await
    }

    /// Writes an import, with its entry, in one transaction.
    async fn take(
        &self,
        cx: &Cx,
        account: &ControlCredential,
        mut import: BillImport,
        costs: Vec<BillCost>,
        usage: Vec<BillUsage>,
        own: Vec<String>,
    ) -> Result<BillImport, Error> {
        let (engine, cx, name) = (self.clone(), cx.clone(), account.name.clone());
        let (import, sequence) = self
            .inner
            .store
            .write(move |tx| {
                if import.error.is_none() {
                    import.changed = tx.read().bills().changes(&import, &costs)?;
                }
                let mut draft = engine
                    .draft(&cx, "bill.import", format_args!("bill_import:{}", import.id))
                    .name(&name)
                    .detail("provider", import.provider.as_str())
                    .detail("control_credential", import.control_credential.to_string())
                    .detail("from", import.from.to_string())
                    .detail("to", import.to.to_string());
                draft = match &import.error {
                    Some(error) => {
                        draft.detail("message", error.as_str()).outcome(Outcome::Error, Severity::Warning)
                    }
                    None => draft
                        .detail("lines", import.lines)
                        .detail("changed", import.changed)
                        .detail("billed_usd", import.billed.to_string()),
                };
                let recorded = draft.record(tx)?;
                recorded.bills().insert_import(&import)?;
                if import.error.is_none() {
                    recorded.bills().replace(&import, &costs, &usage)?;
                    recorded.bills().remember_own(import.control_credential, &own)?;
                }
                recorded.control_credentials().touch(import.control_credential, import.at)?;
                Ok::<_, Error>((import, recorded.sequence()))
            })
            .await?;
        self.told_of(EventKind::Charge, sequence);
        Ok(import)
    }

    /// From the day asked for; else a week back from the last import, and a month the first time.
    async fn days_due(&self, id: ControlCredentialId, from: Option<Millis>) -> Result<Days, Error> {
        let today = day_of(self.now());
        let last = self.inner.store.read(move |r| r.bills().last_of(id, true)).await?;
        let again = |i: BillImport| day_of(i.at).plus(-(TRAILING - 1) * Millis::DAY);
        let due = last.map_or(today.plus(-(FIRST - 1) * Millis::DAY), again);
        let from = day_of(from.unwrap_or(due)).clamp(today.plus(-MOST * Millis::DAY), today);
        Ok(Days { from, to: today.plus(Millis::DAY) })
    }

    /// The credentials whose keys are made with an admin key, with how.
    async fn used_with(&self, id: ControlCredentialId) -> Result<Vec<(Credential, Control)>, Error> {
        let all = self.inner.store.read(|r| r.credentials().list(None, 10_000)).await?;
        let using = all.into_iter().filter(|c| c.control_credential == Some(id) && c.revoked_at.is_none());
        Ok(using
            .filter_map(|c| {
                let control = serde_json::from_str(c.control.as_deref()?).ok()?;
                Some((c, control))
            })
            .collect())
    }

    /// The ids under which the provider bills Reeve's own keys, as far as it tells now. Not to know them makes causes coarser, and
    /// no amount wrong.
    async fn own_keys(&self, using: &[(Credential, Control)], key: &Secret) -> Vec<String> {
        let controls = Controls::of(&self.inner.upstream);
        let mut own = Vec::new();
        for (credential, control) in using {
            let id = credential.id;
            let Ok(versions) = self.inner.store.read(move |r| r.key_versions().of(id)).await else {
                continue;
            };
            let with = controls.with(control, Key(key.expose()), self.now());
            for id in versions.into_iter().filter_map(|v| v.provider_key_id) {
                own.extend(with.billed_as(&id).await.unwrap_or_default());
            }
        }
        own
    }
}

/// Lines by their place; what a report tells in two lines of the same place is one.
fn costs(lines: Vec<CostLine>) -> Vec<BillCost> {
    let mut by_place = BTreeMap::<_, (Option<String>, NanoUsd)>::new();
    for c in lines {
        let text = Option::unwrap_or_default;
        let sum = by_place.entry((c.day, c.line, text(c.place), text(c.key), text(c.tier))).or_default();
        *sum = (c.model, sum.1 + c.amount);
    }
    let line = |((day, line, place, key, tier), (model, amount))| BillCost {
        day,
        line,
        place,
        key,
        tier,
        model,
        amount,
    };
    by_place.into_iter().map(line).collect()
}

fn usage(lines: Vec<UsageLine>) -> Vec<BillUsage> {
    let mut by_place = BTreeMap::<_, (Option<u64>, Usage)>::new();
    for u in lines {
        let text = Option::unwrap_or_default;
        let place = (u.day, text(u.model), text(u.place), text(u.key), text(u.tier));
        let sum = by_place.entry(place).or_insert_with(|| (u.requests.map(|_| 0), Usage::new()));
        sum.0 = sum.0.zip(u.requests).map(|(a, b)| a + b);
        u.usage.iter().for_each(|(unit, quantity)| sum.1.add(unit, quantity));
    }
    let line = |((day, model, place, key, tier), (requests, usage))| BillUsage {
        day,
        model,
        place,
        key,
        tier,
        requests,
        usage,
    };
    by_place.into_iter().map(line).collect()
}
