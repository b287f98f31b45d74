//! The subjects that the trail knows: of whom something personal is kept, or was.

use crate::Engine;
use crate::cx::Cx;
use crate::error::Error;
use crate::legal_holds::Holding;
use reeve_core::permission::Permission;
use reeve_core::retention::ErasureState;
use reeve_core::time::Millis;
use reeve_store::Read;
use reeve_store::table::subject_keys::KeptOf;
use std::collections::BTreeMap;

/// What kind of subject.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KnownKind {
    /// A person of Reeve's, or one who was.
    Person,
    /// An API key: who called with it.
    ApiKey,
    /// Whoever was not signed in.
    Anonymous,
    /// Reeve itself, where it wrote of a person.
    System,
}

/// A subject that the trail knows.
#[derive(Clone, Debug)]
pub struct Known {
    /// The pseudonym.
    pub subject: String,
    /// What kind.
    pub kind: KnownKind,
    /// What it is called.
    pub name: String,
    /// Months of which something is kept: how many, the first and the last, such as 202611.
    pub kept: Option<KeptOf>,
    /// When it was erased.
    pub erased_at: Option<Millis>,
    /// Since when it is restricted.
    pub restricted_at: Option<Millis>,
    /// Names of the legal holds that keep it.
    pub held_by: Vec<String>,
    /// Whether a request for it is open.
    pub asked: bool,
}

/// What an erased person is called: enough to tell one from another, and nothing of who they were.
pub(crate) fn erased_name(subject: &str) -> String {
    let own = subject.split_once(':').map_or(subject, |(_, own)| own);
    let tag: String = own.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
    format!("Erased person {}", tag.to_lowercase())
}

impl Engine {
    /// The subjects that the trail knows, at most a thousand of each source.
    ///
    /// # Errors
    /// If `cx` may not see them.
    pub async fn subjects(&self, cx: &Cx) -> Result<Vec<Known>, Error> {
        self.require(cx, Permission::PrivacyRead).await?;
        self.known_subjects().await
    }

    pub(crate) async fn known_subjects(&self) -> Result<Vec<Known>, Error> {
        self.inner.store.read(known).await
    }
}

fn known(r: &Read<'_>) -> Result<Vec<Known>, Error> {
    let mut all: BTreeMap<String, Known> = BTreeMap::new();
    let fresh = |subject: &str| {
        let (kind, name) = named(subject);
        let subject = subject.to_owned();
        Known {
            subject,
            kind,
            name,
            kept: None,
            erased_at: None,
            restricted_at: None,
            held_by: Vec::new(),
            asked: false,
        }
    };
    for kept in r.subject_keys().kept("")? {
        let one = all.entry(kept.subject.clone()).or_insert_with(|| fresh(&kept.subject));
        one.kept = Some(kept);
    }
    for decided in r.subjects().all()? {
        let one = all.entry(decided.subject.clone()).or_insert_with(|| fresh(&decided.subject));
        (one.erased_at, one.restricted_at) = (decided.erased_at, decided.restricted_at);
        if decided.erased_at.is_some() && one.kind == KnownKind::Person {
            one.name = erased_name(&decided.subject);
        }
    }
    for user in r.users().all()? {
        all.entry(user.subject.clone()).or_insert_with(|| fresh(&user.subject)).name = user.name;
    }
    let holding = Holding::load(r)?;
    let keys = r.subject_keys().all()?;
    let open = r.erasures().list(None, 1_000)?;
    for one in all.values_mut() {
        let months: Vec<_> = keys.iter().filter(|k| k.subject == one.subject).map(|k| k.month).collect();
        one.held_by = holding.of_subject(&one.subject, &months).into_iter().map(|h| h.name.clone()).collect();
        let asks = |state| matches!(state, ErasureState::Requested | ErasureState::Blocked);
        one.asked = open.iter().any(|e| e.subject == one.subject && asks(e.state));
    }
    Ok(all.into_values().collect())
}

fn named(subject: &str) -> (KnownKind, String) {
    match subject {
        "anonymous" => (KnownKind::Anonymous, "People who were not signed in".to_owned()),
        "system" => (KnownKind::System, "People named by Reeve itself".to_owned()),
        key if key.starts_with("key_") => (KnownKind::ApiKey, format!("Callers with {key}")),
        person => (KnownKind::Person, person.to_owned()),
    }
}
