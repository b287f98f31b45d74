//! Verification, and the last verdict for the seal that is always visible.

use super::anchors::{Anchored, Finding};
use super::{Head, Stream};
use crate::Engine;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::Error;
use crate::events::EventKind;
use parking_lot::Mutex;
use reeve_core::id::WitnessId;
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::Read;
use reeve_store::verify::{Fault, Known, Progress, Verdict, Verify, Witnessed};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often what is new is verified.
const INCREMENTAL: Duration = Duration::from_secs(300);
/// After how many of those everything is.
const FULL_EVERY: u32 = 288;

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
    /// The outside witnesses, and how far each signed.
    pub witnessed: Vec<Witnessed>,
    /// What of the witnesses and of what they signed does not fit, each in a sentence.
    pub witness_faults: Vec<String>,
    /// When it ended.
    pub at: Millis,
    /// How long it took.
    pub took: Duration,
}

impl Verification {
    /// Whether everything fits, within the ledger, with its anchors and with what witnesses signed.
    #[must_use]
    pub fn intact(&self) -> bool {
        let anchored = !self.anchors.iter().any(|a| matches!(a.finding, Finding::Contradicts(..)));
        self.consistent() && anchored && self.held_against_it().is_empty()
    }

    /// What speaks against the ledger of what outside witnesses know, each in a sentence.
    pub(super) fn held_against_it(&self) -> Vec<&str> {
        let said = self.witnessed.iter().filter_map(|w| Some(w.witness.contradiction.as_ref()?.1.as_str()));
        said.chain(self.witness_faults.iter().map(String::as_str)).collect()
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
    /// Of the verification that runs: entries read, and how many there are.
    pub checking: Option<(u64, u64)>,
}

/// The last verdict of each stream since the start, and the verification that runs.
#[derive(Default)]
pub struct Verdicts {
    streams: Mutex<[Checked; 2]>,
    file_faults: Mutex<Vec<String>>,
    running: Mutex<Option<Arc<Progress>>>,
}

/// What is known of a stream.
#[derive(Default)]
struct Checked {
    last: Option<Verification>,
    /// What the next verification need not read again.
    known: Arc<Known>,
    /// What beside its entries did not agree with them when that was last looked at.
    beside: Option<String>,
    /// What does not fit, as it was last told in an entry.
    alerted: Option<String>,
}

/// Ends the verification when whoever asked for it has gone.
struct Running<'v>(&'v Verdicts, Arc<Progress>);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.1.stop();
        self.0.running.lock().take_if(|running| Arc::ptr_eq(running, &self.1));
    }
}

/// Entries of a stream beyond which what stands beside them is compared only after the start.
const MOST_BESIDE: u64 = 1_000_000;

impl Verdicts {
    fn put(&self, stream: Stream, verification: Verification, known: Known) {
        let mut both = self.streams.lock();
        let checked = of(&mut both, stream);
        checked.known = Arc::new(if verification.intact() { known } else { Known::default() });
        checked.last = Some(verification);
    }

    fn known(&self, stream: Stream) -> Arc<Known> {
        Arc::clone(&of(&mut self.streams.lock(), stream).known)
    }

    fn begin(&self) -> Running<'_> {
        let progress = Arc::new(Progress::default());
        *self.running.lock() = Some(Arc::clone(&progress));
        Running(self, progress)
    }

    fn beside(&self, stream: Stream) -> Option<String> {
        of(&mut self.streams.lock(), stream).beside.clone()
    }

    /// What does not fit in this verification and was not told yet.
    fn news(&self, v: &Verification) -> Option<String> {
        let stream = v.stream.as_str();
        let of =
            |f: &Fault| format!("The {stream} ledger does not fit at entry {}: {}.", f.sequence, f.reason);
        let fault = v.verdict.first_bad.as_ref().map(of).or_else(|| v.faults.first().cloned());
        let mut both = self.streams.lock();
        let alerted = &mut self::of(&mut both, v.stream).alerted;
        let news = fault.clone().filter(|fault| alerted.as_ref() != Some(fault));
        *alerted = fault;
        news
    }

    fn set_beside(&self, stream: Stream, fault: Option<String>) {
        of(&mut self.streams.lock(), stream).beside = fault;
    }

    /// What was found no longer holds.
    pub(crate) fn forget(&self) {
        *self.streams.lock() = Default::default();
    }

    /// A witness was removed: what it signed, or held against the ledger, no longer counts.
    pub(crate) fn forget_witness(&self, id: WitnessId) {
        for checked in self.streams.lock().iter_mut() {
            if let Some(last) = &mut checked.last {
                last.witnessed.retain(|w| w.witness.id != id);
            }
        }
    }

    /// A witness holds another ledger than this, or does not any more.
    pub(crate) fn set_contradiction(&self, id: WitnessId, now: Option<&(u64, String)>) {
        let mut both = self.streams.lock();
        let known = both.iter_mut().filter_map(|checked| checked.last.as_mut());
        for of in known.flat_map(|last| last.witnessed.iter_mut()).filter(|w| w.witness.id == id) {
            of.witness.contradiction = now.cloned();
        }
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
        let known: Vec<_> = both.iter().filter_map(|checked| checked.last.as_ref()).collect();
        let intact = known.iter().all(|v| v.intact());
        let at = known.iter().map(|v| v.at).min()?;
        (known.len() == 2 || !intact).then_some((intact, at))
    }

    /// What is wrong with the ledger as far as is known now, worst first.
    pub(crate) fn problems(&self, engine: &Engine) -> Vec<(Severity, String)> {
        let mut all = engine.inner.anchors.problems();
        all.extend(self.file_faults.lock().iter().map(|f| (Severity::Critical, f.clone())));
        all.extend(engine.contradictions().into_iter().map(|words| (Severity::Critical, words)));
        for v in self.streams.lock().iter().filter_map(|checked| checked.last.as_ref()) {
            if let Some(Fault { sequence, reason }) = &v.verdict.first_bad {
                let stream = v.stream.as_str();
                let text = format!("The {stream} ledger does not fit at entry {sequence}: {reason}.");
                all.push((Severity::Critical, text));
            }
            for fault in v.faults.iter().chain(&v.witness_faults) {
                if !all.iter().any(|(_, known)| known == fault) {
                    all.push((Severity::Critical, fault.clone()));
                }
            }
        }
        all.sort_by_key(|(severity, _)| *severity != Severity::Critical);
        all
    }
}

const fn of(both: &mut [Checked; 2], stream: Stream) -> &mut Checked {
    let [audit, usage] = both;
    match stream {
        Stream::Audit => audit,
        Stream::Usage => usage,
    }
}

impl Engine {
    /// Verifies a whole stream, with every processor.
    ///
    /// # Errors
    /// If `cx` may not read the audit trail, or the file cannot be read.
    pub async fn verify(&self, cx: &Cx, stream: Stream) -> Result<Verification, Error> {
        self.require(cx, Permission::AuditRead).await?;
        let workers = std::thread::available_parallelism().map_or(1, usize::from);
        let verification = self.verify_now(stream, None, workers, false).await?;
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
        self.alert_of(cx, &verification).await?;
        Ok(verification)
    }

    /// What does not fit is an alert, once for each finding of this run.
    async fn alert_of(&self, cx: &Cx, verification: &Verification) -> Result<(), Error> {
        let Some(fault) = self.inner.verdicts.news(verification) else { return Ok(()) };
        let draft = self
            .draft(cx, "security.alert", format_args!("ledger:{}", verification.stream.as_str()))
            .outcome(Outcome::Error, Severity::Critical)
            .detail("message", fault);
        self.record(draft).await.map(|_| ())
    }

    /// What stands beside the entries and must agree with them: the charges, and the private sections as far as they open. Of a
    /// long stream only after the start, in the background; until the next start that counts.
    fn beside_entries(&self, r: &Read<'_>, stream: Stream, look: bool) -> Result<Option<String>, Error> {
        if !look {
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

    /// With `whole`, what stands beside the entries of a long stream is compared, too.
    async fn verify_now(
        &self,
        stream: Stream,
        since: Option<Arc<Known>>,
        workers: usize,
        whole: bool,
    ) -> Result<Verification, Error> {
        let started = Instant::now();
        // Before the entries are read: what is anchored meanwhile may be newer than they are.
        let anchors = self.anchored().await?;
        let running = self.inner.verdicts.begin();
        let first = since.is_none();
        let verify = Verify { stream, since, workers, progress: Arc::clone(&running.1) };
        let (verdict, known) = self.inner.store.verify(verify).await?;
        let (engine, fits) = (self.clone(), verdict.first_bad.is_none());
        let look = first && (whole || verdict.entries <= MOST_BESIDE);
        let check = move |r: &Read<'_>| {
            let mut faults = r.schema_faults()?;
            let mut witnessed = (Vec::new(), Vec::new());
            if fits {
                faults.extend(engine.beside_entries(r, stream, look)?);
                witnessed = r.witnessed(stream)?;
            }
            Ok::<_, Error>((faults, witnessed))
        };
        let (mut faults, (witnessed, witness_faults)) = self.inner.store.read(check).await?;
        drop(running);
        faults.extend(self.inner.store.file_faults());
        let (at, took) = (self.now(), started.elapsed());
        let verification =
            Verification { stream, verdict, faults, anchors, witnessed, witness_faults, at, took };
        if let Some(Fault { sequence, reason }) = &verification.verdict.first_bad {
            tracing::error!(stream = stream.as_str(), sequence, reason, "the ledger does not fit");
        }
        for fault in &verification.faults {
            tracing::error!(fault, "the ledger's file is not as it should be");
        }
        for fault in &verification.witness_faults {
            tracing::error!(fault, "what witnesses signed does not fit the ledger");
        }
        self.inner.verdicts.put(stream, verification.clone(), known);
        self.inner.events.tell(EventKind::Ledger, None, None);
        Ok(verification)
    }

    /// Verifies everything after the start, so that the seal is not a guess; then what is new, and once a day everything again.
    /// It takes one processor: whoever works goes first.
    pub(crate) fn verify_in_background(&self) {
        let engine = self.clone();
        self.inner.tasks.spawn(async move { engine.verify_both(true).await });
        let (engine, mut round) = (self.clone(), 0);
        self.inner.tasks.repeat(INCREMENTAL, move || {
            round += 1;
            let (engine, full) = (engine.clone(), round % FULL_EVERY == 0);
            async move { engine.verify_both(full).await }
        });
    }

    async fn verify_both(&self, full: bool) {
        let stop = self.inner.tasks.stopping();
        for stream in Stream::ALL {
            let since = (!full).then(|| self.inner.verdicts.known(stream));
            let verified = tokio::select! {
                () = stop.cancelled() => return,
                verified = self.verify_now(stream, since, 1, full) => verified,
            };
            let verified = match verified {
                Ok(verification) => self.alert_of(&Cx::system(), &verification).await,
                Err(error) => Err(error),
            };
            if let Err(error) = verified {
                tracing::error!(error = &error as &dyn std::error::Error, "the ledger could not be verified");
            }
        }
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
        let checking = self.inner.verdicts.running.lock().as_ref().map(|progress| progress.entries());
        Ok(Health { head, last, problem: worst.map(|(_, text)| text), checking })
    }
}
