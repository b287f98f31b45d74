//! What a verification proves, and what it does not, in plain words.

use super::anchors::{Anchored, Finding};
use super::verdicts::Verification;
use reeve_core::time::Millis;
use reeve_store::verify::{Fault, Witnessed};

/// How far something is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It is.
    Proven,
    /// It is not, and nothing speaks against it.
    NotProven,
    /// Something speaks against it.
    Refuted,
}

impl Proof {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::NotProven => "not_proven",
            Self::Refuted => "refuted",
        }
    }
}

/// One thing that a verification can prove.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which: `consistent`, `anchored` or `witnessed`.
    pub name: &'static str,
    /// How far.
    pub proof: Proof,
    /// In words.
    pub words: String,
}

impl Verification {
    /// What is proven, in plain words.
    #[must_use]
    pub fn statement(&self) -> String {
        let claims = self.claims();
        let refuted: Vec<_> = claims.iter().filter(|c| c.proof == Proof::Refuted).collect();
        let said = if refuted.is_empty() {
            claims.iter().filter(|c| c.proof == Proof::Proven).collect()
        } else {
            refuted
        };
        said.iter().map(|c| c.words.as_str()).collect::<Vec<_>>().join(" ")
    }

    /// What is not proven, in plain words.
    #[must_use]
    pub fn not_proven(&self) -> String {
        let open = self.claims().into_iter().filter(|c| c.proof == Proof::NotProven);
        let mut said: Vec<_> = open.map(|c| c.words).collect();
        said.push("That what the entries say is true, and that nothing was left unrecorded.".to_owned());
        said.join(" ")
    }

    /// Each thing that a verification can prove, and how far it is.
    #[must_use]
    pub fn claims(&self) -> Vec<Claim> {
        vec![self.consistency(), self.anchoring(), self.witnessing()]
    }

    fn consistency(&self) -> Claim {
        let v = &self.verdict;
        let (proof, words) = match &v.first_bad {
            Some(Fault { sequence, reason }) => {
                (Proof::Refuted, format!("The ledger does not fit at entry {sequence}: {reason}."))
            }
            None if !self.faults.is_empty() => (Proof::Refuted, self.faults.join(" ")),
            None if v.pruned > 0 && !v.head.note.is_empty() => (
                Proof::Proven,
                format!(
                    "All {} entries that are kept fit together and, with the hashes of the {} that were pruned, lead to the head that this workspace signed; {} kept checkpoints agree.",
                    v.entries, v.pruned, v.checkpoints
                ),
            ),
            None if v.head.note.is_empty() => (
                Proof::Proven,
                format!(
                    "All {} entries fit together. The newest head is not signed, because the vault is locked.",
                    v.entries
                ),
            ),
            None => (
                Proof::Proven,
                format!(
                    "All {} entries fit together and lead to the head that this workspace signed; {} kept checkpoints agree.",
                    v.entries, v.checkpoints
                ),
            ),
        };
        Claim { name: "consistent", proof, words }
    }

    fn anchoring(&self) -> Claim {
        let claim = |proof, words| Claim { name: "anchored", proof, words };
        let wrong = |contradicts: bool| {
            let of = |a: &&Anchored| matches!(a.finding, Finding::Contradicts(..)) == contradicts;
            let said = self.anchors.iter().filter(of).filter_map(|a| a.finding.problem(a.place));
            said.collect::<Vec<_>>()
        };
        let refuted = wrong(true);
        if !refuted.is_empty() {
            return claim(Proof::Refuted, refuted.join(" "));
        }
        let mut fits: Vec<(&str, u64, Millis)> = Vec::new();
        for a in &self.anchors {
            if let Finding::Fits(anchor) = &a.finding
                && let Some(head) = anchor.head(self.stream)
            {
                let place = if a.place == super::Place::File { "a file beside it" } else { "the keyring" };
                fits.push((place, head.size, anchor.at));
            }
        }
        let mut doubts = wrong(false);
        for a in &self.anchors {
            if let Finding::Unreachable(why) = &a.finding {
                doubts.push(format!("The {} could not be asked: {why}.", a.place.as_str()));
            }
        }
        if !self.anchors.iter().any(|a| a.place == super::Place::Keyring) {
            doubts.push(
                "There is no keyring here: who can write to the data folder can put back the anchor file together with the ledger."
                    .to_owned(),
            );
        }
        if fits.is_empty() {
            let mut words =
                "That the file is not an older copy of itself: nothing outside of it remembers its head yet."
                    .to_owned();
            doubts.iter().for_each(|d| words = format!("{words} {d}"));
            return claim(Proof::NotProven, words);
        }
        let places: Vec<_> =
            fits.iter().map(|(place, size, at)| format!("{place} through {size} entries at {at}")).collect();
        let mut words = format!("It is anchored on this machine, in {}.", places.join(" and in "));
        doubts.iter().for_each(|d| words = format!("{words} {d}"));
        claim(Proof::Proven, words)
    }
}

fn claim(proof: Proof, words: String) -> Claim {
    Claim { name: "witnessed", proof, words }
}

impl Verification {
    fn witnessing(&self) -> Claim {
        let against = self.held_against_it();
        if !against.is_empty() {
            return claim(Proof::Refuted, against.join(" "));
        }
        if self.witnessed.is_empty() {
            return claim(Proof::NotProven, NOBODY.to_owned());
        }
        let mut signed: Vec<&Witnessed> = self.witnessed.iter().filter(|w| w.through.is_some()).collect();
        signed.sort_by_key(|w| std::cmp::Reverse(w.through.as_ref().map(|c| c.size)));
        let silent = self.witnessed.iter().filter(|w| w.through.is_none());
        let mut words: Vec<String> = signed.iter().filter_map(|w| self.through(w)).collect();
        words.extend(silent.map(|w| format!("{} has not signed it yet.", w.witness.name)));
        let proof = if signed.is_empty() { Proof::NotProven } else { Proof::Proven };
        claim(proof, words.join(" "))
    }

    /// How far one witness signed, and what is newer.
    fn through(&self, w: &Witnessed) -> Option<String> {
        let signed = w.through.as_ref()?;
        let at = Millis(i64::try_from(signed.cosignature.time).ok()?.checked_mul(1_000)?);
        let newer = match self.verdict.head.size.saturating_sub(signed.size) {
            0 => "no entry is newer".to_owned(),
            1 => "1 newer entry is not witnessed".to_owned(),
            n => format!("{n} newer entries are not witnessed"),
        };
        let last = signed.size.saturating_sub(1);
        Some(format!("Witnessed by {} through entry {last} at {at}; {newer}.", w.witness.name))
    }
}

const NOBODY: &str = "Witnessed by nobody outside: one machine alone cannot prove that it did not rewrite its whole history, anchors \
    included, with its own key. That takes somebody elsewhere who signs how long it is.";
