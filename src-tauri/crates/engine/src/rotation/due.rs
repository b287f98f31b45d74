//! When rotations begin by themselves, and when they go on.

use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::Error;
use reeve_core::rotation::RotationCause;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::credentials::Credential;
use reeve_store::table::rotations::Rotation;
use std::sync::atomic::Ordering;

/// How often it is asked which keys are due.
const EVERY_MS: i64 = Millis::DAY;
/// A clock that jumps so far means that the machine slept.
const SLEPT_MS: i64 = 10 * Millis::MINUTE;
/// So long before its provider ends a key it is replaced.
const BEFORE_EXPIRY_MS: i64 = 14 * Millis::DAY;

impl Engine {
    /// When a credential's key is due to be replaced, and why; `None` where nothing says so.
    #[must_use]
    pub fn rotation_due(&self, credential: &Credential) -> Option<(Millis, RotationCause)> {
        if credential.revoked_at.is_some() {
            return None;
        }
        let period = i64::from(credential.policy.period_days) * Millis::DAY;
        let by_age = (period > 0).then(|| (credential.promoted_at.plus(period), RotationCause::Schedule));
        let by_end = credential.expires_at.map(|at| (at.plus(-BEFORE_EXPIRY_MS), RotationCause::Expiry));
        by_age.into_iter().chain(by_end).min_by_key(|(at, _)| *at)
    }

    /// Looks whether a rotation is to begin or to go on; often, and mostly for nothing.
    pub(crate) async fn tend_rotations(&self) {
        if self.rotation_paused() {
            return;
        }
        let (now, state) = (self.now(), &self.inner.rotations);
        let last_tick = state.last_tick.swap(now.0, Ordering::Relaxed);
        let woke = now.0.saturating_sub(last_tick) > SLEPT_MS;
        if woke || now.0.saturating_sub(state.last_check.load(Ordering::Relaxed)) >= EVERY_MS {
            state.last_check.store(now.0, Ordering::Relaxed);
            if let Err(error) = self.check_rotations().await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "it could not be asked which provider keys are due");
            }
            if let Err(error) = self.renew_worn_key().await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "the master key should be rotated and could not be");
            }
            if let Err(error) = self.renew_signing_key().await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "the key of access tokens should be replaced and could not be");
            }
        }
        if now.0 >= state.next_look.load(Ordering::Relaxed)
            && let Err(error) = self.resume_rotations().await
        {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "rotations could not go on");
        }
    }

    /// Begins the rotations that are due, spread over a while, and clears up behind those that broke off. How many began.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn check_rotations(&self) -> Result<usize, Error> {
        // Without the vault nothing could be sealed.
        if self.vault().is_err() {
            return Ok(0);
        }
        let (live, open) = self
            .inner
            .store
            .read(|r| Ok::<_, Error>((r.credentials().live()?, r.rotations().open()?)))
            .await?;
        let (now, mut begun) = (self.now(), 0);
        let by_hand = |c: &Credential| !self.abilities(c).create;
        let mut asks = open
            .iter()
            .filter(|r| r.to_version.is_none())
            .any(|r| live.iter().any(|c| c.id == r.credential_id && by_hand(c)));
        for (credential, _, cause) in self.due_by(&live, &open, now) {
            // People make keys one by one: what is only old waits for its turn.
            if by_hand(credential) && cause == RotationCause::Schedule && std::mem::replace(&mut asks, true) {
                continue;
            }
            if cause == RotationCause::Expiry {
                self.note_expiring(credential).await?;
            }
            let spread = self.inner.rotations.pace().jitter_ms.max(1);
            let wait = i64::try_from(self.inner.routing.dice.roll() % spread).unwrap_or(0);
            let grace = credential.policy.grace_days;
            self.plan_rotation(&Cx::system(), credential, cause, grace, Some(now.plus(wait))).await?;
            begun += 1;
        }
        self.sweep_orphans().await;
        Ok(begun)
    }

    /// Credentials whose key is due and that no rotation is open of, since when and why; the one that waits longest first.
    pub(super) fn due_by<'c>(
        &self,
        live: &'c [Credential],
        open: &[Rotation],
        now: Millis,
    ) -> Vec<(&'c Credential, Millis, RotationCause)> {
        let rests = live.iter().filter(|c| open.iter().all(|r| r.credential_id != c.id));
        let due = rests.filter_map(|c| self.rotation_due(c).map(|(at, cause)| (c, at, cause)));
        let mut due: Vec<_> = due.filter(|(_, at, _)| *at <= now).collect();
        due.sort_by_key(|(c, at, _)| (*at, c.id));
        due
    }

    async fn note_expiring(&self, credential: &Credential) -> Result<(), Error> {
        let Some(ends) = credential.expires_at else { return Ok(()) };
        let draft = self
            .draft(&Cx::system(), "key.expiring", format_args!("credential:{}", credential.id))
            .name(&credential.name)
            .detail("provider", credential.provider.as_str())
            .detail("version", credential.version)
            .detail("expires_at", ends.to_string())
            .outcome(Outcome::Success, Severity::Warning);
        self.record(draft).await?;
        Ok(())
    }

    /// Goes on with every rotation whose time has come, and notes when to look again. Reeve does so by itself every second.
    ///
    /// # Errors
    /// If the store cannot be read or written.
    pub async fn resume_rotations(&self) -> Result<(), Error> {
        let state = &self.inner.rotations;
        state.look_at(None);
        let now = self.now();
        for rotation in self.inner.store.read(|r| r.rotations().open()).await? {
            if rotation.next_at.is_none_or(|at| at <= now) {
                self.drive(rotation.id).await?;
            }
        }
        let waiting = self.inner.store.read(|r| r.rotations().open()).await?;
        // What waits for a person is looked at when the person has decided.
        let next = waiting.iter().filter_map(|r| r.next_at).min();
        if let Some(next) = next {
            state.next_look.fetch_min(next.0, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Hurries rotations, so that tests need not wait.
    pub fn set_rotation_pace(&self, pace: super::Pace) {
        *self.inner.rotations.pace.write() = pace;
    }
}
