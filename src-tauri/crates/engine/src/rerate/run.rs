//! Carrying a re-rating out, in transactions that are short enough for nobody to wait for them.

use super::report::{RerateReport, Tally};
use super::{Again, again, lost};
use crate::Engine;
use crate::charges::ChargeBatch;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::Error;
use crate::events::EventKind;
use crate::prices::book::PriceBook;
use reeve_core::id::ChargeId;
use reeve_core::usage::Usage;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::Tx;
use reeve_store::table::adjustments::Adjustment;
use reeve_store::table::charges::{Charge, RERATE, Rerated, Trail};
use reeve_store::table::reratings::Rerating;
use std::sync::Arc;

/// Charges looked at in one transaction.
const CHUNK: usize = 250;

/// What one transaction did.
struct Chunk {
    rerating: Rerating,
    tally: Tally,
    corrections: Vec<Charge>,
    more: bool,
}

impl Engine {
    /// Goes on with what a stop cut.
    pub(crate) async fn resume_reratings(&self) -> Result<(), Error> {
        let cut = self.inner.store.read(|r| Ok::<_, Error>(r.reratings().unfinished()?)).await?;
        for rerating in cut {
            let engine = self.clone();
            self.inner.tasks.spawn(async move {
                if let Err(error) = engine.carry_out(rerating).await {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "a re-rating could not go on; the next start tries again");
                }
            });
        }
        Ok(())
    }

    /// Carries a re-rating out, whether or not whoever asked still waits for it.
    pub(super) async fn run_to_end(&self, rerating: Rerating) -> Result<RerateReport, Error> {
        let (told, answer) = tokio::sync::oneshot::channel();
        let engine = self.clone();
        self.inner.tasks.spawn(async move {
            // Nobody waiting any more is fine.
            let _ = told.send(engine.carry_out(rerating).await);
        });
        answer.await.map_err(|_| lost())?
    }

    async fn carry_out(&self, mut rerating: Rerating) -> Result<RerateReport, Error> {
        let book = Arc::clone(&self.inner.prices.book());
        let stopping = self.inner.tasks.stopping();
        let mut tally = Tally::default();
        loop {
            if stopping.is_cancelled() {
                return Err(lost());
            }
            let chunk = self.chunk(&rerating, &book).await?;
            tally.merge(chunk.tally);
            rerating = chunk.rerating;
            if !chunk.more {
                break;
            }
        }
        let id = rerating.id;
        self.finish(rerating).await?;
        Ok(tally.report(Some(id)))
    }

    async fn chunk(&self, rerating: &Rerating, book: &Arc<PriceBook>) -> Result<Chunk, Error> {
        let (engine, rerating, book) = (self.clone(), rerating.clone(), Arc::clone(book));
        let tick = self.inner.admission.tick();
        let write = move |tx: &mut Tx<'_>| engine.correct(tx, rerating.clone(), &book);
        let chunk = self.inner.store.write(write).await?;
        if !chunk.corrections.is_empty() {
            // Built anew in between, the meters may or may not have seen these.
            match self.inner.admission.tick() == tick {
                true => self.inner.admission.adjust(&chunk.corrections),
                false => self.rebuild_admission().await?,
            }
            self.inner.events.tell(EventKind::Charge, None, None);
        }
        Ok(chunk)
    }

    /// Looks at the next charges and writes what makes up the difference. Read and written in one transaction, so that two
    /// re-ratings at the same time do not both correct the same charge.
    fn correct(&self, tx: &mut Tx<'_>, mut rerating: Rerating, book: &PriceBook) -> Result<Chunk, Error> {
        let which = Rerated {
            from: rerating.from,
            to: rerating.to,
            tenant: rerating.tenant_id,
            provider: rerating.provider.clone(),
            model: rerating.model.clone(),
            after: Some(rerating.after),
        };
        let page = tx.read().charges().to_rerate(&which, CHUNK)?;
        let (mut tally, mut corrections) = (Tally::default(), Vec::new());
        let (mut batch, mut last) = (ChargeBatch::new(self), None);
        for (charge, adjusted) in &page {
            let again = again(book, charge, *adjusted);
            tally.add(charge, *adjusted, &again);
            rerating.after = (charge.time, charge.seq);
            let Again::Differs { pricing, cost, tier, difference } = again else { continue };
            rerating.adjusted += 1;
            rerating.old += charge.cost.unwrap_or_default() + *adjusted;
            rerating.new += cost.total;
            let correction = Charge {
                seq: 0,
                id: ChargeId(self.inner.ids.next()),
                source: RERATE.to_owned(),
                usage: Usage::new(),
                cost: Some(difference),
                pricing: pricing.word().to_owned(),
                unpriced_reason: None,
                price: Some(pricing.applied(&cost, tier.as_deref())),
                latency_ms: None,
                first_byte_ms: None,
                // An id of the call's own finds the call, not what corrects it.
                request_id: None,
                import_id: None,
                dedupe: None,
                trail: Trail::default(),
                ..charge.clone()
            };
            let draft = self.draft(
                &Cx::system(),
                "charge.adjust",
                format_args!("model:{}/{}", charge.provider, charge.model),
            );
            let draft =
                draft.detail("adjusts", charge.id.to_string()).detail("rerating", rerating.id.to_string());
            let recorded = batch.write(tx, draft, &correction)?;
            recorded.adjustments().insert(&Adjustment {
                charge_id: correction.id,
                original_id: charge.id,
                rerating_id: rerating.id,
                cost: difference,
                adjusted_at: recorded.now(),
            })?;
            corrections.push(correction);
            last = Some(recorded);
        }
        if let Some(recorded) = last {
            batch.sum_up(&recorded)?;
            recorded.reratings().put(&rerating)?;
        }
        Ok(Chunk { rerating, tally, corrections, more: page.len() == CHUNK })
    }

    async fn finish(&self, rerating: Rerating) -> Result<(), Error> {
        let finished = Rerating { finished_at: Some(self.now()), ..rerating };
        let message = format!(
            "Rated again: {} calls corrected, from ${} to ${}",
            finished.adjusted, finished.old, finished.new
        );
        let draft = self
            .draft(&Cx::system(), "usage.rerated", format_args!("rerating:{}", finished.id))
            .detail("message", message)
            .detail("calls", finished.adjusted)
            .detail("old_usd", finished.old.to_string())
            .detail("new_usd", finished.new.to_string())
            .outcome(Outcome::Success, Severity::Notice);
        let sequence = self.inner.store.write(move |tx| {
            let recorded = draft.record(tx)?;
            recorded.reratings().put(&finished)?;
            Ok::<_, Error>(recorded.sequence())
        });
        self.told(sequence.await?);
        Ok(())
    }
}
