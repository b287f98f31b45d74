//! Anchors: the ledger's heads, written down outside of its file after every change of them, so that a file that was put back,
//! cut or replaced is noticed. They are written behind the commit: what is on the disk is never behind its anchor.

mod anchor;
mod compare;
mod places;

pub use anchor::{Anchor, AnchoredHead};
pub use compare::Contradiction;
pub use places::Place;

use super::{EntryFilter, Head, Stream};
use crate::Engine;
use crate::cx::Cx;
use crate::engine::blocking;
use crate::entry::Severity;
use crate::error::{Code, Error};
use crate::overview::NeedsYou;
use crate::vault::AnchorKeyringOf;
use parking_lot::Mutex;
use places::{AnchorFile, AnchorItem, Held, item_name};
use reeve_core::permission::Permission;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::Read;
use std::path::Path;
use std::sync::Arc;

/// What was found in a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It fits the ledger.
    Fits(Box<Anchor>),
    /// Nothing is there, and nothing is missed.
    None,
    /// Nothing is there, and there was something.
    Missing,
    /// What is there cannot be read, for this reason.
    Damaged(&'static str),
    /// The place could not be asked, for this reason.
    Unreachable(String),
    /// It contradicts the ledger.
    Contradicts(Box<Anchor>, Vec<(Stream, Contradiction)>),
}

impl Finding {
    /// The word on the wire and in the ledger.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Fits(_) => "fits",
            Self::None => "none",
            Self::Missing => "missing",
            Self::Damaged(_) => "damaged",
            Self::Unreachable(_) => "unreachable",
            Self::Contradicts(..) => "contradicts",
        }
    }

    /// What is wrong, in words, if something is.
    #[must_use]
    pub fn problem(&self, place: Place) -> Option<String> {
        let words = place.words();
        match self {
            Self::Fits(_) | Self::None | Self::Unreachable(_) => None,
            Self::Missing => Some(format!(
                "What {words} should remember of the ledger is missing: it was deleted since the last start."
            )),
            Self::Damaged(why) => {
                Some(format!("What {words} remembers of the ledger is damaged and proves nothing: {why}."))
            }
            Self::Contradicts(_, all) => {
                Some(all.iter().map(|(s, c)| c.words(*s, words)).collect::<Vec<_>>().join(" "))
            }
        }
    }
}

/// A place with what was found in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchored {
    /// Where.
    pub place: Place,
    /// What.
    pub finding: Finding,
}

/// The places of this engine, and what they held when it started.
pub(crate) struct Anchors {
    file: Arc<AnchorFile>,
    item: Option<AnchorItem>,
    at_start: Mutex<Start>,
}

#[derive(Default)]
struct Start {
    opened: Option<[Head; 2]>,
    found: Vec<Anchored>,
    /// What was written last: the sizes of the heads.
    file: Option<[u64; 2]>,
    item: Option<[u64; 2]>,
    /// When the keyring was asked last.
    asked: Option<Millis>,
}

/// Whether the last session that began said that it had anchored the ledger in its file.
fn was_anchored(r: &Read<'_>) -> Result<bool, Error> {
    let filter = EntryFilter { kinds: vec!["session.start".to_owned()], ..EntryFilter::default() };
    let page = r.entries().page(&filter, 1)?;
    let places = page.entries.first().and_then(|e| e.leaf.x.get("anchors")?.as_array());
    Ok(places.is_some_and(|p| p.iter().any(|p| p == Place::File.as_str())))
}

/// The keyring is asked at most so often while the ledger grows.
const KEYRING_EVERY: i64 = Millis::MINUTE;

impl Anchors {
    pub(crate) fn new(folder: &Path, keyring: Option<&AnchorKeyringOf>) -> Self {
        let name = item_name(folder);
        let item = keyring.map(|of| AnchorItem { keyring: of(&name), name });
        Self { file: Arc::new(AnchorFile::in_folder(folder)), item, at_start: Mutex::default() }
    }

    /// Reads every place. Blocks, up to 20 s for the keyring.
    fn read(&self, only: Option<Place>) -> Vec<(Place, Held)> {
        let file = (only != Some(Place::Keyring)).then(|| (Place::File, self.file.read()));
        let item = self.item.as_ref().filter(|_| only != Some(Place::File));
        file.into_iter().chain(item.map(|item| (Place::Keyring, item.read()))).collect()
    }

    fn standing(&self) -> Vec<Anchored> {
        self.at_start.lock().found.clone()
    }

    /// Whether an anchor contradicted the ledger at the start: then it stays as it is, for it is the evidence.
    fn contradicted(&self) -> bool {
        self.at_start.lock().found.iter().any(|a| matches!(a.finding, Finding::Contradicts(..)))
    }

    /// What is wrong since the start.
    pub(crate) fn problems(&self) -> Vec<(Severity, String)> {
        let found = self.standing();
        let said = found.iter().filter_map(|a| {
            let severity = match a.finding {
                Finding::Contradicts(..) => Severity::Critical,
                _ => Severity::Warning,
            };
            Some((severity, a.finding.problem(a.place)?))
        });
        said.collect()
    }
}

impl Engine {
    /// Notes what the file is like before anything is written to it, and holds the anchor file against it.
    pub(crate) async fn look_at_anchor_file(&self) -> Result<(), Error> {
        let [audit, usage] = Stream::ALL;
        let opened = self
            .inner
            .store
            .read(move |r| Ok::<_, Error>([r.entries().head(audit)?, r.entries().head(usage)?]))
            .await?;
        self.inner.anchors.at_start.lock().opened = Some(opened);
        let found = self.held_against(Some(Place::File), true).await?;
        self.inner.anchors.at_start.lock().found = found;
        Ok(())
    }

    /// Holds the keyring's anchor against the file as it was opened; what is missing or damaged anywhere is an entry, and so is a
    /// ledger that is not the one that was anchored. Then what fits is written anew.
    pub(crate) async fn look_at_anchors(&self) -> Result<(), Error> {
        let found = self.held_against(Some(Place::Keyring), true).await?;
        self.inner.anchors.at_start.lock().found.extend(found);
        for Anchored { place, finding } in self.inner.anchors.standing() {
            let Some(problem) = finding.problem(place) else { continue };
            tracing::error!(place = place.as_str(), problem, "the ledger's anchor does not fit");
            let mut draft = self
                .draft(&Cx::system(), "anchor.problem", format_args!("anchor:{}", place.as_str()))
                .detail("found", finding.as_str())
                .detail("message", problem);
            if let Finding::Contradicts(anchor, _) = &finding {
                for head in &anchor.heads {
                    draft = draft.detail(head.stream.as_str(), head.note.as_str());
                }
            }
            self.record(draft.outcome(Outcome::Error, Severity::Critical)).await?;
        }
        self.write_anchors(true).await;
        Ok(())
    }

    /// Reads the places and holds them against the ledger: as it was opened, or as it is now.
    async fn held_against(&self, only: Option<Place>, as_opened: bool) -> Result<Vec<Anchored>, Error> {
        let engine = self.clone();
        // Read first: what is anchored a moment later may be newer than what is compared with it.
        let held = blocking(move || engine.inner.anchors.read(only)).await?;
        let (opened, remembered) = {
            let start = self.inner.anchors.at_start.lock();
            (start.opened.clone().filter(|_| as_opened), start.file.is_some())
        };
        let expected = remembered || self.inner.store.read(was_anchored).await?;
        let file = held
            .iter()
            .find_map(|(_, h)| if let Held::Anchor(a) = h { Some(a.keyring.clone()) } else { None });
        let named = match file {
            Some(name) => name,
            None => self.anchored_file().map_or_else(String::new, |a| a.keyring),
        };
        let own = self.inner.anchors.item.as_ref().map(|i| i.name.clone());
        let compare = move |r: &Read<'_>| {
            held.into_iter()
                .map(|(place, held)| {
                    let finding = match held {
                        Held::Anchor(anchor) => {
                            let all = compare::contradictions(r, &anchor, opened.as_ref())?;
                            if all.is_empty() {
                                Finding::Fits(anchor)
                            } else {
                                Finding::Contradicts(anchor, all)
                            }
                        }
                        Held::Nothing => {
                            let missed = match place {
                                Place::File => expected,
                                // Another folder's name: this one was copied or moved here.
                                Place::Keyring => own.as_ref() == Some(&named),
                            };
                            if missed { Finding::Missing } else { Finding::None }
                        }
                        Held::Damaged(why) => Finding::Damaged(why),
                        Held::Unreachable(why) => Finding::Unreachable(why),
                    };
                    Ok::<_, Error>(Anchored { place, finding })
                })
                .collect()
        };
        self.inner.store.read(compare).await
    }

    fn anchored_file(&self) -> Option<Anchor> {
        let start = self.inner.anchors.at_start.lock();
        start.found.iter().find_map(|a| match (&a.finding, a.place) {
            (Finding::Fits(anchor) | Finding::Contradicts(anchor, _), Place::File) => {
                Some((**anchor).clone())
            }
            _ => None,
        })
    }

    /// The places as they are now; one that contradicted the ledger at the start still does, until somebody takes the ledger as
    /// it is.
    pub(crate) async fn anchored(&self) -> Result<Vec<Anchored>, Error> {
        let standing = self.inner.anchors.standing();
        // A keyring that did not answer at the start, and took nothing since, is not waited for again.
        let silent = standing.iter().filter(|a| matches!(a.finding, Finding::Unreachable(_)));
        let silent = silent.filter(|a| a.place == Place::Keyring).cloned().collect::<Vec<_>>();
        let silent = if self.inner.anchors.at_start.lock().item.is_none() { silent } else { Vec::new() };
        let only = if silent.is_empty() { None } else { Some(Place::File) };
        let mut now = self.held_against(only, false).await?;
        now.extend(silent);
        let keep = |a: Anchored| {
            let before = standing.iter().find(|b| b.place == a.place);
            before.filter(|b| matches!(b.finding, Finding::Contradicts(..))).cloned().unwrap_or(a)
        };
        Ok(now.into_iter().map(keep).collect())
    }

    /// Which places held an anchor that fits when last looked at.
    pub(crate) fn anchor_places(&self) -> Vec<&'static str> {
        let start = self.inner.anchors.at_start.lock();
        let file = start.file.map(|_| Place::File.as_str());
        let item = start.item.map(|_| Place::Keyring.as_str());
        file.into_iter().chain(item).collect()
    }

    /// Writes the newest heads down where they changed since the last time: into the file at once, into the keyring not more
    /// often than once a minute unless `all` is asked for.
    pub(crate) async fn write_anchors(&self, all: bool) {
        if let Err(error) = self.try_write_anchors(all).await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the ledger's heads could not be anchored"
            );
        }
    }

    async fn try_write_anchors(&self, all: bool) -> Result<(), Error> {
        let anchors = &self.inner.anchors;
        if anchors.contradicted() {
            return Ok(());
        }
        let Some(anchor) = self.anchor_of_now().await? else { return Ok(()) };
        let sizes = Stream::ALL.map(|s| anchor.head(s).map_or(0, |h| h.size));
        let (file, item) = {
            let start = anchors.at_start.lock();
            let rested = start.asked.is_none_or(|at| !(0..KEYRING_EVERY).contains(&(anchor.at.0 - at.0)));
            (start.file != Some(sizes), start.item != Some(sizes) && (all || rested))
        };
        let item = anchors.item.clone().filter(|_| item);
        if !file && item.is_none() {
            return Ok(());
        }
        let (place, at) = (Arc::clone(&anchors.file), anchor.at);
        let (written, kept) = blocking(move || {
            let written = file.then(|| place.write(&anchor));
            (written, item.map(|item| item.write(&anchor)))
        })
        .await?;
        {
            let mut start = anchors.at_start.lock();
            if matches!(written, Some(Ok(()))) {
                start.file = Some(sizes);
            }
            if let Some(kept) = &kept {
                // One that is locked is not asked at every step.
                start.asked = Some(at);
                if kept.is_ok() {
                    start.item = Some(sizes);
                }
            }
        }
        if let Some(Err(fault)) = kept {
            tracing::warn!(
                error = &fault as &dyn std::error::Error,
                "the keyring did not take the ledger's anchor"
            );
        }
        match written {
            Some(Err(error)) => {
                Err(Error::new(Code::Unavailable, "The anchor file cannot be written.").because(error))
            }
            _ => Ok(()),
        }
    }

    async fn anchor_of_now(&self) -> Result<Option<Anchor>, Error> {
        let kept = self.inner.anchors.at_start.lock().item.is_some();
        let item = self.inner.anchors.item.as_ref().filter(|_| kept);
        let (at, keyring) = (self.now(), item.map(|i| i.name.clone()));
        let read = move |r: &Read<'_>| {
            let mut heads = Vec::new();
            for stream in Stream::ALL {
                let head = r.entries().head(stream)?;
                let Some((_, signed_by)) = r.entries().keys(stream)?.pop() else { return Ok(None) };
                let Some(head) = AnchoredHead::new(stream, head.vkey, signed_by, head.note) else {
                    return Ok(None);
                };
                heads.push(head);
            }
            Ok::<_, Error>(Some(Anchor { at, keyring: keyring.unwrap_or_default(), heads }))
        };
        self.inner.store.read(read).await
    }

    /// Takes the ledger as it is, although an anchor contradicts it: after a backup was put back on purpose. What was anchored
    /// goes into the ledger for good, and the anchors begin anew.
    ///
    /// # Errors
    /// If `cx` may not change settings, no reason is given, or no anchor contradicts the ledger.
    pub async fn accept_ledger(&self, cx: &Cx, reason: &str) -> Result<(), Error> {
        self.require(cx, Permission::SettingsWrite).await?;
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > 500 {
            return Err(Error::field("reason", "is needed, with at most 500 characters"));
        }
        if !self.inner.anchors.contradicted() {
            return Err(Error::new(Code::Conflict, "No anchor contradicts this ledger."));
        }
        let mut draft = self
            .draft(cx, "anchor.accept", "ledger:audit")
            .detail("reason", reason)
            .outcome(Outcome::Success, Severity::Critical);
        for a in self.inner.anchors.standing() {
            if let Finding::Contradicts(anchor, _) = &a.finding {
                for head in &anchor.heads {
                    let field = format!("{}_{}", a.place.as_str(), head.stream.as_str());
                    draft = draft.detail(&field, head.note.as_str());
                }
            }
        }
        let write = move |tx: &mut reeve_store::Tx<'_>| {
            let sequence = draft.record(tx)?.sequence();
            tx.checkpoint("accept")?;
            Ok::<_, Error>(sequence)
        };
        let sequence = self.inner.store.write(write).await?;
        {
            let mut start = self.inner.anchors.at_start.lock();
            start.found.retain(|a| !matches!(a.finding, Finding::Contradicts(..)));
            (start.file, start.item) = (None, None);
        }
        self.write_anchors(true).await;
        self.inner.verdicts.forget();
        self.verify_in_background();
        self.told_of(crate::EventKind::Ledger, sequence);
        Ok(())
    }

    /// What about the ledger needs a person.
    pub(crate) fn ledger_needs(&self) -> Vec<NeedsYou> {
        let need = |(severity, text): (Severity, String)| NeedsYou {
            severity: severity.as_str(),
            text,
            time: self.now(),
            link: "/audit".to_owned(),
        };
        self.inner.verdicts.problems(self).into_iter().map(need).collect()
    }
}
