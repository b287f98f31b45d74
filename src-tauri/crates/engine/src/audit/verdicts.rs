//! Verification, and the last verdict for the seal that is always visible.

use super::anchors::{Anchored, Finding};
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
use reeve_store::Read;
use reeve_store::verify::{Fault, Verdict};
use std::time::{Duration, Instant};

/// The result of a verification.
#[derive(Clone, Debug)]
pub struct Verification {
    /// Which stream.
    pub stream: Stream,
    /// What was found.
    pub verdict: Verdict,
    /// What does not fit beside the entries: the file and its schema, each in a sentence.
    pub faults: Vec<String>,
    /// What is written down of the ledger outside of its file.
    pub anchors: Vec<Anchored>,
    /// When it ended.
    pub at: Millis,
    /// How long it took.
    pub took: Duration,
}

impl Verification {
    /// Whether everything fits, within the ledger and with its anchors.
    #[must_use]
    pub fn intact(&self) -> bool {
        self.consistent() && !self.anchors.iter().any(|a| matches!(a.finding, Finding::Contradicts(..)))
    }

    /// Whether the ledger fits within itself.
    #[must_use]
    pub fn consistent(&self) -> bool {
        self.verdict.first_bad.is_none() && self.faults.is_empty()
    }
}

/// What the footer shows.
#[derive(Clone, Debug)]
pub struct Health {
    /// The newest head of the audit stream.
    pub head: Head,
    /// The last verification since the start.
    pub last: Option<(bool, Millis)>,
    /// What is wrong, in a sentence, if something is.
    pub problem: Option<String>,
}

/// The last verdict of each stream since the start.
#[derive(Default)]
pub struct Verdicts {
    streams: Mutex<[Option<Verification>; 2]>,
    file_faults: Mutex<Vec<String>>,
    beside: Mutex<[Option<String>; 2]>,
}

/// Entries of a stream beyond which what stands beside them is compared only after the start.
const MOST_BESIDE: u64 = 1_000_000;

impl Verdicts {
    fn put(&self, stream: Stream, verification: Verification) {
        let mut both = self.streams.lock();
        let [audit, usage] = &mut *both;
        *(if stream == Stream::Audit { audit } else { usage }) = Some(verification);
    }

    fn beside(&self, stream: Stream) -> Option<String> {
        let [audit, usage] = &*self.beside.lock();
        if stream == Stream::Audit { audit.clone() } else { usage.clone() }
    }

    fn set_beside(&self, stream: Stream, fault: Option<String>) {
        let [audit, usage] = &mut *self.beside.lock();
        *(if stream == Stream::Audit { audit } else { usage }) = fault;
    }

    /// What was found no longer holds.
    pub(crate) fn forget(&self) {
        *self.streams.lock() = [None, None];
    }

    /// What is wrong with the files now; whether that is news.
    pub(crate) fn set_file_faults(&self, faults: &[String]) -> bool {
        let mut known = self.file_faults.lock();
        let news = *known != faults;
        known.clear();
        known.extend_from_slice(faults);
        news
    }

    /// Both streams intact, and the older of their times; broken as soon as one is.
    fn last(&self) -> Option<(bool, Millis)> {
        let both = self.streams.lock();
        let known: Vec<_> = both.iter().flatten().collect();
        let intact = known.iter().all(|v| v.intact());
        let at = known.iter().map(|v| v.at).min()?;
        (known.len() == 2 || !intact).then_some((intact, at))
    }

    /// What is wrong with the ledger as far as is known now, worst first.
    pub(crate) fn problems(&self, engine: &Engine) -> Vec<(Severity, String)> {
        let mut all = engine.inner.anchors.problems();
        all.extend(self.file_faults.lock().iter().map(|f| (Severity::Critical, f.clone())));
        for v in self.streams.lock().iter().flatten() {
            if let Some(Fault { sequence, reason }) = &v.verdict.first_bad {
                let stream = v.stream.as_str();
                let text = format!("The {stream} ledger does not fit at entry {sequence}: {reason}.");
                all.push((Severity::Critical, text));
            }
            for fault in &v.faults {
                if !all.iter().any(|(_, known)| known == fault) {
                    all.push((Severity::Critical, fault.clone()));
                }
            }
        }
        all.sort_by_key(|(severity, _)| *severity != Severity::Critical);
        all
    }
}

impl Engine {
    /// Verifies a whole stream.
    ///
    /// # Errors
    /// If `cx` may not read the audit trail, or the file cannot be read.
    pub async fn verify(&self, cx: &Cx, stream: Stream) -> Result<Verification, Error> {
        self.require(cx, Permission::AuditRead).await?;
        let verification = self.verify_now(stream, false).await?;
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

    /// What stands beside the entries and must agree with them: the charges, and the private sections as far as they open. Of a
    /// long stream only after the start, in the background; until the next start that counts.
    fn beside_entries(
        &self,
        r: &Read<'_>,
        stream: Stream,
        entries: u64,
        whole: bool,
    ) -> Result<Option<String>, Error> {
        if !whole && entries > MOST_BESIDE {
            return Ok(self.inner.verdicts.beside(stream));
        }
        let fault = match stream {
            Stream::Usage => r.charge_fault()?,
            Stream::Audit => self.section_fault(r)?,
        };
        self.inner.verdicts.set_beside(stream, fault.clone());
        Ok(fault)
    }

    /// The first private section that is not what its entry committed to. Without the vault none can be opened.
    fn section_fault(&self, r: &Read<'_>) -> Result<Option<String>, Error> {
        if self.inner.vault.unlocked().is_none() {
            return Ok(None);
        }
        let mut fault = None;
        r.entries().visit_sections(Stream::Audit, |n, i, key, wrapped, sealed| {
            // What no key opens any more is unreadable, as after an erasure, and no fault.
            if fault.is_some() || !self.inner.privacy.opens(key, wrapped) {
                return Ok(());
            }
            let entry = r.entries().get(Stream::Audit, n)?;
            let commitment = entry.as_ref().and_then(|e| e.leaf.p.get(i)).map(|(_, commitment)| *commitment);
            let opened = commitment.and_then(|c| self.inner.privacy.open_salted(key, wrapped, sealed, &c));
            if opened.is_none() {
                fault = Some(format!(
                    "A private section of entry {n} of the audit ledger is not what the entry committed to."
                ));
            }
            Ok(())
        })?;
        Ok(fault)
    }

    async fn verify_now(&self, stream: Stream, whole: bool) -> Result<Verification, Error> {
        let started = Instant::now();
        // Before the entries are read: what is anchored meanwhile may be newer than they are.
        let anchors = self.anchored().await?;
        let engine = self.clone();
        let check = move |r: &Read<'_>| {
            let (verdict, mut faults) = (r.verify(stream)?, r.schema_faults()?);
            if verdict.first_bad.is_none() {
                faults.extend(engine.beside_entries(r, stream, verdict.entries, whole)?);
            }
            Ok::<_, Error>((verdict, faults))
        };
        let (verdict, mut faults) = self.inner.store.read(check).await?;
        faults.extend(self.inner.store.file_faults());
        let verification =
            Verification { stream, verdict, faults, anchors, at: self.now(), took: started.elapsed() };
        if let Some(Fault { sequence, reason }) = &verification.verdict.first_bad {
            tracing::error!(stream = stream.as_str(), sequence, reason, "the ledger does not fit");
        }
        for fault in &verification.faults {
            tracing::error!(fault, "the ledger's file is not as it should be");
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
                if let Err(error) = engine.verify_now(stream, true).await {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the ledger could not be verified"
                    );
                }
            }
        });
    }

    /// The head and the last verdict: cheap, for the footer. What was found wrong at the start shows before any verification.
    ///
    /// # Errors
    /// If `cx` may not see settings (anybody signed in may), or the file cannot be read.
    pub async fn ledger_health(&self, cx: &Cx) -> Result<Health, Error> {
        self.require(cx, Permission::SettingsRead).await?;
        let head = self.inner.store.read(|r| r.entries().head(Stream::Audit)).await?;
        let mut last = self.inner.verdicts.last();
        let mut problems = self.inner.verdicts.problems(self).into_iter();
        let worst = problems.next();
        if worst.as_ref().is_some_and(|(severity, _)| *severity == Severity::Critical) {
            last = Some((false, last.map_or_else(|| self.now(), |(_, at)| at)));
        }
        Ok(Health { head, last, problem: worst.map(|(_, text)| text) })
    }
}
