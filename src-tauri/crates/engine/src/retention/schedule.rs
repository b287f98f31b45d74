//! Every night at two, in the workspace's zone; after a sleep, as soon as Reeve is awake.

use crate::Engine;
use crate::audit::Stream;
use crate::cx::Cx;
use crate::error::Error;
use reeve_core::period::{Zone, local_day, start_of};
use reeve_core::time::Millis;

/// The hour of the day.
const HOUR: i64 = 2 * Millis::HOUR;

/// The newest moment not after `now` at which the task was to run.
fn last_due(zone: Zone, now: Millis) -> Millis {
    let today = local_day(zone, now);
    let at = start_of(zone, today).plus(HOUR);
    if at <= now {
        return at;
    }
    today.pred_opt().map_or(at, |yesterday| start_of(zone, yesterday).plus(HOUR))
}

/// The next moment after `now` at which the task is to run.
pub(super) fn next_run(zone: Zone, now: Millis) -> Millis {
    let today = local_day(zone, now);
    let at = start_of(zone, today).plus(HOUR);
    if at > now {
        return at;
    }
    today.succ_opt().map_or(at, |tomorrow| start_of(zone, tomorrow).plus(HOUR))
}

impl Engine {
    /// Runs the daily task if it is due.
    pub(crate) async fn keep_retention(&self) {
        if let Err(error) = self.run_retention_if_due().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the trail could not be pruned as it should be"
            );
        }
    }

    /// As [`Engine::keep_retention`], for tests that wait for it; whether it ran.
    ///
    /// # Errors
    /// If something could not be deleted; the next minute tries again.
    pub async fn run_retention_if_due(&self) -> Result<bool, Error> {
        let due = last_due(self.zone(), self.now());
        let last = self.inner.store.read(|r| r.retention_policies().last_run()).await?;
        if last.is_some_and(|last| last >= due) || self.vault_locked().is_some() || self.needs_setup() {
            return Ok(false);
        }
        self.forget_due().await?;
        for stream in Stream::ALL {
            self.prune_due(stream).await?;
        }
        let draft = self.draft(&Cx::system(), "retention.run", "ledger:audit");
        let write = move |tx: &mut reeve_store::Tx<'_>| {
            let recorded = draft.meter(tx)?;
            recorded.retention_policies().ran(recorded.now())
        };
        self.inner.store.write(write).await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_at_night_in_the_zone_of_the_workspace() {
        let zone: Zone = "Europe/Berlin".parse().unwrap();
        let at = |text: &str| text.parse::<Millis>().unwrap();
        // 02:00 in Berlin is 01:00 in winter.
        assert_eq!(last_due(zone, at("2026-11-21T00:59:59Z")), at("2026-11-20T01:00:00Z"));
        assert_eq!(last_due(zone, at("2026-11-21T01:00:00Z")), at("2026-11-21T01:00:00Z"));
        assert_eq!(next_run(zone, at("2026-11-21T00:59:59Z")), at("2026-11-21T01:00:00Z"));
        assert_eq!(next_run(zone, at("2026-11-21T01:00:00Z")), at("2026-11-22T01:00:00Z"));
        assert_eq!(next_run(zone, at("2026-07-21T12:00:00Z")), at("2026-07-22T00:00:00Z"));
    }
}
