//! Thresholds: one entry a period and threshold, however often it is passed.

use super::word;
use crate::Engine;
use crate::admission::Crossing;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::Error;
use reeve_core::budget::BudgetScope;
use reeve_ledger::leaf::Ok as Outcome;

impl Engine {
    /// Writes an entry for each threshold that was passed and is not on record for its period.
    pub(crate) async fn tell_thresholds(&self) {
        for crossing in self.inner.admission.take_crossed() {
            if let Err(error) = self.tell_threshold(crossing).await {
                self.inner.keeping.dropped("budget.threshold");
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a passed threshold could not be recorded"
                );
            }
        }
    }

    async fn tell_threshold(&self, crossing: Crossing) -> Result<(), Error> {
        let Crossing { budget: id, period, threshold, used, limit } = crossing;
        let Ok(budget) = self.stored_budget(id).await else { return Ok(()) };
        let (whose, within) = match budget.level.scope {
            // An end user's name is personal; the entry outlives it.
            BudgetScope::User => ("an end user's".to_owned(), String::new()),
            _ => self.whose(&budget.level).await,
        };
        let severity = if threshold >= 100 { Severity::Critical } else { Severity::Warning };
        let draft = self
            .budget_draft(&Cx::system(), "budget.threshold", &budget)
            .await?
            .detail(
                "message",
                format!("{threshold}% of {whose} {} budget{within} is used", word(budget.period)),
            )
            .detail("threshold", threshold)
            .detail("period", budget.period.as_str())
            .detail("period_start", period.start.to_string())
            .detail("used_usd", used.to_string())
            .detail("limit_usd", limit.to_string())
            .outcome(Outcome::Success, severity);
        let sequence = self
            .inner
            .store
            .write(move |tx| {
                let read = tx.read();
                let told = read.budget_thresholds().passed_at(id, period.start, threshold)?.is_some();
                if told || read.budgets().get(id)?.is_none() {
                    return Ok(None);
                }
                let recorded = draft.record(tx)?;
                recorded.budget_thresholds().add(id, period.start, threshold, recorded.now())?;
                Ok::<_, Error>(Some(recorded.sequence()))
            })
            .await?;
        if let Some(sequence) = sequence {
            self.told_of(crate::EventKind::Budget, sequence);
        }
        Ok(())
    }
}
