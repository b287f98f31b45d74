//! Verification, and the last verdict for the seal that is always visible.

use super::{Head, Stream};
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::Error;
use crate::events::EventKind;
use parking_lot::Mutex;
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::verify::{Fault, Verdict};
use std::time::{Duration, Instant};

/// The result of a verification.
#[derive(Clone, Debug)]
pub struct Verification {
    /// What was found.
    pub verdict: Verdict,
    /// When it ended.
    pub at: Millis,
    /// How long it took.
    pub took: Duration,
}

impl Verification {
    /// Whether everything fits.
    #[must_use]
    pub const fn intact(&self) -> bool {
        self.verdict.first_bad.is_none()
    }

    /// What is proven, in plain words.
    #[must_use]
    pub fn statement(&self) -> String {
        let v = &self.verdict;
        match &v.first_bad {
            Some(Fault { sequence, reason }) => {
                format!("The ledger does not fit at entry {sequence}: {reason}.")
            }
            None if v.head.note.is_empty() => {
                format!(
                    "All {} entries fit together. The newest head is not signed, because the vault is locked.",
                    v.entries
                )
            }
            None => format!(
                "All {} entries fit together and lead to the head that this workspace signed; {} kept checkpoints agree.",
                v.entries, v.checkpoints
            ),
        }
    }

    /// What is not proven, in plain words.
    #[must_use]
    pub const fn not_proven(&self) -> &'static str {
        "One machine alone cannot prove that it did not rewrite its whole history with its own key. That needs somebody outside who kept an earlier checkpoint."
    }
}

/// What the footer shows.
#[derive(Clone, Debug)]
pub struct Health {
    /// The newest head of the audit stream.
    pub head: Head,
    /// The last verification since the start.
    pub last: Option<(bool, Millis)>,
}

/// The last verdict of each stream since the start.
#[derive(Default)]
pub struct Verdicts(Mutex<[Option<Verification>; 2]>);

impl Verdicts {
    fn put(&self, stream: Stream, verification: Verification) {
        let mut both = self.0.lock();
        let [audit, usage] = &mut *both;
        *(if stream == Stream::Audit { audit } else { usage }) = Some(verification);
    }

    /// Both streams intact, and the older of their times; broken as soon as one is.
    fn last(&self) -> Option<(bool, Millis)> {
        let both = self.0.lock();
        let known: Vec<_> = both.iter().flatten().collect();
        let intact = known.iter().all(|v| v.intact());
        let at = known.iter().map(|v| v.at).min()?;
        (known.len() == 2 || !intact).then_some((intact, at))
    }
}

impl Engine {
    /// Verifies a whole stream.
    ///
    /// # Errors
    /// If `cx` may not read the audit trail, or the file cannot be read.
    pub async fn verify(&self, cx: &Cx, stream: Stream) -> Result<Verification, Error> {
        self.require(cx, Permission::AuditRead).await?;
        let verification = self.verify_now(stream).await?;
        let (outcome, severity) = if verification.intact() {
            (Outcome::Success, Severity::Info)
        } else {
            (Outcome::Error, Severity::Critical)
        };
        let draft = self
            .draft(cx, "audit.verify", format_args!("ledger:{}", stream.as_str()))
            .detail("entries", verification.verdict.entries)
            .detail("duration_ms", u64::try_from(verification.took.as_millis()).unwrap_or(0))
            .outcome(outcome, severity);
        self.record(draft).await?;
        Ok(verification)
    }

    async fn verify_now(&self, stream: Stream) -> Result<Verification, Error> {
        let started = Instant::now();
        let verdict = self.inner.store.read(move |r| r.verify(stream)).await?;
        let verification = Verification { verdict, at: self.now(), took: started.elapsed() };
        if let Some(Fault { sequence, reason }) = &verification.verdict.first_bad {
            tracing::error!(stream = stream.as_str(), sequence, reason, "the ledger does not fit");
        }
        self.inner.verdicts.put(stream, verification.clone());
        self.inner.events.tell(EventKind::Ledger, None, None);
        Ok(verification)
    }

    /// Verifies both streams once after the start, so that the seal is not a guess.
    pub(crate) fn verify_in_background(&self) {
        let engine = self.clone();
        self.inner.tasks.spawn(async move {
            for stream in Stream::ALL {
                if let Err(error) = engine.verify_now(stream).await {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the ledger could not be verified"
                    );
                }
            }
        });
    }

    /// The head and the last verdict: cheap, for the footer.
    ///
    /// # Errors
    /// If `cx` may not see settings (anybody signed in may), or the file cannot be read.
    pub async fn ledger_health(&self, cx: &Cx) -> Result<Health, Error> {
        self.require(cx, Permission::SettingsRead).await?;
        let head = self.inner.store.read(|r| r.entries().head(Stream::Audit)).await?;
        Ok(Health { head, last: self.inner.verdicts.last() })
    }
}
