//! Requests for erasure (GDPR Art. 17), from the request to the proof; and restriction (Art. 18).
//!
//! What is personal in the trail is sealed under a key per subject and month. Erasing a subject destroys those keys, the name
//! that stands for the pseudonym, and the account, if it is one of Reeve's. The entries stay, with every hash, and say what
//! somebody did; nobody can say any more who that was.

mod carry_out;
mod known;
#[cfg(test)]
mod tests;

pub(crate) use known::erased_name;
pub use known::{Known, KnownKind};

use crate::Engine;
use crate::audit::Proof;
use crate::cx::Cx;
use crate::entry::Severity;
use crate::error::{Code, Error};
use crate::legal_holds::Holding;
use reeve_core::id::{ErasureId, UserId};
use reeve_core::permission::Permission;
pub use reeve_core::retention::ErasureState;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::Read;
use reeve_store::Stream;
pub use reeve_store::table::erasures::Erasure;
use reeve_store::table::legal_holds::LegalHold;
use reeve_store::table::subjects::Subject;

/// Grounds on which a request may be refused, with what they are on the wire.
pub const GROUNDS: [&str; 7] = [
    "legal_obligation",
    "legal_claims",
    "public_interest",
    "free_expression",
    "public_health",
    "not_identified",
    "unfounded",
];

/// A request with the entries that tell of it, each provably in the trail.
#[derive(Clone, Debug)]
pub struct ErasureProof {
    /// The request.
    pub erasure: Erasure,
    /// The key that signs the log now.
    pub vkey: String,
    /// The entry of the request, and that of what was decided: the leaf byte for byte, and its proof.
    pub entries: Vec<(Vec<u8>, Proof)>,
}

impl Engine {
    /// Requests, newest first, with whether there are more.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn erasures(
        &self,
        cx: &Cx,
        before: Option<ErasureId>,
        limit: usize,
    ) -> Result<(Vec<Erasure>, bool), Error> {
        self.require(cx, Permission::PrivacyRead).await?;
        let mut found = self.inner.store.read(move |r| r.erasures().list(before, limit + 1)).await?;
        let more = found.len() > limit;
        found.truncate(limit);
        Ok((found, more))
    }

    /// A request.
    ///
    /// # Errors
    /// If `cx` may not see it, or there is none.
    pub async fn erasure(&self, cx: &Cx, id: ErasureId) -> Result<Erasure, Error> {
        self.require(cx, Permission::PrivacyRead).await?;
        self.stored_erasure(id).await
    }

    async fn stored_erasure(&self, id: ErasureId) -> Result<Erasure, Error> {
        let found = self.inner.store.read(move |r| r.erasures().get(id)).await?;
        found.ok_or_else(|| Error::not_found("request for erasure"))
    }

    /// Notes that somebody asks to be erased. Nothing is erased yet.
    ///
    /// # Errors
    /// If `cx` may not, the trail does not know the subject, it is the only administrator, or a request is open already.
    pub async fn request_erasure(&self, cx: &Cx, subject: &str) -> Result<Erasure, Error> {
        self.require(cx, Permission::PrivacyWrite).await?;
        let subject = subject.trim().to_owned();
        let standing = self.standing(subject.clone()).await?;
        standing.may_go()?;
        let id = ErasureId(self.inner.ids.next());
        let (state, ground) = standing.blocked();
        let draft = self
            .draft(cx, "privacy.request", format_args!("subject:{subject}"))
            .detail("request", id.to_string())
            .detail("asks", "erasure")
            .detail("state", state.as_str())
            .outcome(Outcome::Success, Severity::Notice);
        let now = self.now();
        let mut erasure = Erasure {
            id,
            subject,
            state,
            ground,
            requested_at: now,
            requested_seq: 0,
            decided_at: None,
            decided_seq: None,
            keys: 0,
            sections: 0,
        };
        let written = self.inner.store.write(move |tx| {
            let recorded = draft.record(tx)?;
            erasure.requested_seq = recorded.sequence();
            recorded.erasures().put(&erasure)?;
            Ok::<_, Error>(erasure)
        });
        let erasure = written.await.map_err(|e| match e.code {
            Code::Conflict => Error::new(Code::Conflict, "A request for this subject is open already."),
            _ => e,
        })?;
        self.told_of(crate::EventKind::Privacy, erasure.requested_seq);
        Ok(erasure)
    }

    /// Refuses a request on one of [`GROUNDS`].
    ///
    /// # Errors
    /// If `cx` may not, there is none, it is decided already, or the ground is none.
    pub async fn refuse_erasure(&self, cx: &Cx, id: ErasureId, ground: &str) -> Result<Erasure, Error> {
        self.require(cx, Permission::PrivacyWrite).await?;
        let Some(ground) = GROUNDS.iter().find(|known| **known == ground) else {
            return Err(Error::field("ground", format!("must be one of {}", GROUNDS.join(", "))));
        };
        let before = self.open_erasure(id).await?;
        let draft = self
            .draft(cx, "privacy.refuse", format_args!("subject:{}", before.subject))
            .detail("request", id.to_string())
            .detail("ground", *ground)
            .outcome(Outcome::Denied, Severity::Notice);
        let erasure = Erasure { state: ErasureState::Refused, ground: Some((*ground).to_owned()), ..before };
        self.decide(draft, erasure).await
    }

    async fn open_erasure(&self, id: ErasureId) -> Result<Erasure, Error> {
        let erasure = self.stored_erasure(id).await?;
        match erasure.state {
            ErasureState::Requested | ErasureState::Blocked => Ok(erasure),
            ErasureState::Refused | ErasureState::Done => {
                Err(Error::new(Code::Conflict, "This request is decided already."))
            }
        }
    }

    async fn decide(&self, draft: crate::entry::Draft, mut erasure: Erasure) -> Result<Erasure, Error> {
        let write = move |tx: &mut reeve_store::Tx<'_>| {
            let recorded = draft.record(tx)?;
            (erasure.decided_at, erasure.decided_seq) = (Some(recorded.now()), Some(recorded.sequence()));
            recorded.erasures().put(&erasure)?;
            Ok::<_, Error>(erasure)
        };
        let erasure = self.inner.store.write(write).await?;
        self.told_of(crate::EventKind::Privacy, erasure.decided_seq.unwrap_or(0));
        Ok(erasure)
    }

    /// Keeps what is personal of a subject, but shows and exports it no more (GDPR Art. 18); or shows it again.
    ///
    /// # Errors
    /// If `cx` may not, or the trail does not know the subject.
    pub async fn restrict_subject(&self, cx: &Cx, subject: &str, restricted: bool) -> Result<Known, Error> {
        self.require(cx, Permission::PrivacyWrite).await?;
        let subject = subject.trim().to_owned();
        let standing = self.standing(subject.clone()).await?;
        if standing.decided.restricted_at.is_some() != restricted {
            let now = self.now();
            let decided = Subject { restricted_at: restricted.then_some(now), ..standing.decided };
            let words = if restricted { ("shown", "restricted") } else { ("restricted", "shown") };
            let draft = self
                .draft(cx, "privacy.restrict", format_args!("subject:{subject}"))
                .change("personal", words.0, words.1)
                .outcome(Outcome::Success, Severity::Notice);
            let write = move |tx: &mut reeve_store::Tx<'_>| {
                let recorded = draft.record(tx)?;
                recorded.subjects().put(&decided)?;
                Ok::<_, Error>(recorded.sequence())
            };
            let sequence = self.inner.store.write(write).await?;
            self.told_of(crate::EventKind::Privacy, sequence);
        }
        let known = self.known_subjects().await?;
        known.into_iter().find(|k| k.subject == subject).ok_or_else(|| Error::not_found("subject"))
    }

    /// A request with its entries and their proofs against the newest signed head.
    ///
    /// # Errors
    /// If `cx` may not see it, there is none, the newest head is not signed, or the entries were pruned.
    pub async fn erasure_proof(&self, cx: &Cx, id: ErasureId) -> Result<ErasureProof, Error> {
        self.require(cx, Permission::PrivacyRead).await?;
        let erasure = self.stored_erasure(id).await?;
        let numbers: Vec<u64> =
            [Some(erasure.requested_seq), erasure.decided_seq].into_iter().flatten().collect();
        let read = move |r: &Read<'_>| {
            let head = r.entries().head(Stream::Audit)?;
            if head.note.is_empty() {
                return Err(Error::new(
                    Code::PreconditionFailed,
                    "The newest head is not signed yet: the vault is locked.",
                ));
            }
            let proven = |n: u64| {
                let entry = crate::audit::kept(r, Stream::Audit, n)?;
                let hashes = r.entries().inclusion_proof(Stream::Audit, n, head.size)?;
                let leaf_hash = reeve_ledger::leaf_hash(&entry.bytes);
                Ok((entry.bytes, Proof { sequence: n, leaf_hash, hashes, head: head.clone() }))
            };
            let entries = numbers.into_iter().map(proven).collect::<Result<Vec<_>, Error>>()?;
            let vkey = r.entries().keys(Stream::Audit)?.pop().map(|(_, key)| key).unwrap_or_default();
            Ok((vkey, entries))
        };
        let (vkey, entries) = self.inner.store.read(read).await?;
        Ok(ErasureProof { erasure, vkey, entries })
    }

    /// What decides whether a subject can be erased.
    async fn standing(&self, subject: String) -> Result<Standing, Error> {
        self.inner.store.read(move |r| Standing::load(r, &subject)).await
    }
}

/// What is known of a subject that is to be erased.
struct Standing {
    decided: Subject,
    user: Option<UserId>,
    only_admin: bool,
    keys: Vec<String>,
    sections: u64,
    held_by: Vec<LegalHold>,
}

impl Standing {
    fn load(r: &Read<'_>, subject: &str) -> Result<Self, Error> {
        let users = r.users().all()?;
        let user = users.iter().find(|u| u.subject == subject);
        let only_admin = match user.filter(|u| u.role.is_admin()) {
            Some(admin) => r.users().admins_besides(admin.id)? == 0,
            None => false,
        };
        let own: Vec<_> = r.subject_keys().all()?.into_iter().filter(|k| k.subject == subject).collect();
        let decided = r.subjects().get(subject)?;
        if own.is_empty() && user.is_none() && decided.is_none() {
            return Err(Error::not_found("subject in the trail"));
        }
        let months: Vec<_> = own.iter().map(|k| k.month).collect();
        let held_by = Holding::load(r)?.of_subject(subject, &months).into_iter().cloned().collect();
        let mut sections = 0;
        for key in &own {
            sections += r.subject_keys().sections(&key.id)?;
        }
        Ok(Self {
            decided: decided.unwrap_or_else(|| Subject { subject: subject.to_owned(), ..Subject::default() }),
            user: user.map(|u| u.id),
            only_admin,
            keys: own.into_iter().map(|k| k.id).collect(),
            sections,
            held_by,
        })
    }

    /// Whether there is something to erase, and somebody left afterwards.
    fn may_go(&self) -> Result<(), Error> {
        if self.only_admin {
            let message = "This is the only administrator. Make somebody else one first, or nobody could sign in any more.";
            return Err(Error::new(Code::PreconditionFailed, message));
        }
        if self.user.is_none() && self.keys.is_empty() {
            return Err(Error::new(Code::Conflict, "Nothing personal is kept of this subject any more."));
        }
        Ok(())
    }

    /// How a request stands as long as nobody carries it out, with the names of the holds that block it.
    fn blocked(&self) -> (ErasureState, Option<String>) {
        let names: Vec<_> = self.held_by.iter().map(|h| h.name.as_str()).collect();
        match names.is_empty() {
            true => (ErasureState::Requested, None),
            false => (ErasureState::Blocked, Some(names.join(", "))),
        }
    }
}
