//! Drafting ledger entries: what happened, to what, in whose tenant, with the personal part sealed apart.

use crate::cx::Cx;
use crate::privacy::Privacy;
use reeve_core::id::TenantId;
use reeve_core::time::Millis;
use reeve_ledger::Hlc;
use reeve_ledger::leaf::{Leaf, Ok as Outcome};
use reeve_store::{NewEntry, Recorded, StoreError, Tx};
use serde_json::{Map, Value, json};
use std::fmt::Display;
use std::sync::Arc;

/// How loud an entry is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// Ordinary.
    Info,
    /// Worth knowing.
    Notice,
    /// Somebody should look.
    Warning,
    /// Somebody must act.
    Critical,
}

impl Severity {
    /// The word in the ledger and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// An entry before it has a place in the ledger.
pub struct Draft {
    entry: NewEntry,
    private: Map<String, Value>,
    // Whose data the private section is; the actor's if it is not told.
    subject: Option<String>,
    privacy: Arc<Privacy>,
}

impl Draft {
    pub(crate) fn new(privacy: Arc<Privacy>, cx: &Cx, kind: &str, resource: impl Display) -> Self {
        let mut details = Map::new();
        // Most entries are told nothing of these: what was done is then to execute, and nobody has to look.
        if let Some(action) = action(kind) {
            details.insert("action".to_owned(), action.into());
        }
        if let Some(trace) = &cx.trace_id {
            details.insert("trace".to_owned(), trace.as_str().into());
        }
        if let reeve_core::principal::Principal::User { session: Some(session), .. } = &cx.principal {
            details.insert("session".to_owned(), session.to_string().into());
        }
        let mut private = Map::new();
        for (key, value) in [("ip", &cx.ip), ("user_agent", &cx.user_agent)] {
            if let Some(value) = value {
                private.insert(key.to_owned(), clip(value).into());
            }
        }
        let entry = NewEntry {
            kind: kind.to_owned(),
            who: cx.principal.who(),
            via: cx.via.as_str().to_owned(),
            on: resource.to_string(),
            ok: Outcome::Success,
            sid: cx.request_id.map(|id| id.to_string()),
            details,
            private: Vec::new(),
        };
        Self { entry, private, subject: None, privacy }
    }

    /// It happened in a tenant.
    #[must_use]
    pub fn tenant(self, id: TenantId) -> Self {
        self.detail("tenant", id.to_string())
    }

    /// What the resource is called; never a person's name.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        self.detail("name", clip(name))
    }

    /// A public detail. Keys are `[a-z][a-z0-9_]*`; numbers are integers.
    #[must_use]
    pub fn detail(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.entry.details.insert(key.to_owned(), value.into());
        self
    }

    /// A personal detail: sealed, erasable.
    #[must_use]
    pub fn private(mut self, key: &str, value: &str) -> Self {
        self.private.insert(key.to_owned(), clip(value).into());
        self
    }

    /// A field that changed; nothing is noted if it did not.
    #[must_use]
    pub fn change(mut self, field: &str, before: impl Display, after: impl Display) -> Self {
        let (before, after) = (clip(&before.to_string()), clip(&after.to_string()));
        if before != after {
            let changes = self.entry.details.entry("changes").or_insert_with(|| json!([]));
            if let Value::Array(list) = changes {
                list.push(json!({ "field": field, "before": before, "after": after }));
            }
        }
        self
    }

    /// How it ended, if not well.
    #[must_use]
    pub fn outcome(mut self, outcome: Outcome, severity: Severity) -> Self {
        self.entry.ok = outcome;
        match severity {
            Severity::Info => self.entry.details.remove("severity"),
            _ => self.entry.details.insert("severity".to_owned(), severity.as_str().into()),
        };
        self
    }

    /// One of a pair: the intent of something outside of Reeve, and its result, by the same correlation id.
    #[must_use]
    pub(crate) fn paired(mut self, sid: &str) -> Self {
        self.entry.sid = Some(sid.to_owned());
        self
    }

    /// Another actor than the one who asks: whoever a sign-in turned out to be.
    #[must_use]
    pub fn by(mut self, who: &str) -> Self {
        who.clone_into(&mut self.entry.who);
        self
    }

    /// The entry as it stands: for one without anything personal.
    pub(crate) fn into_public_entry(self) -> NewEntry {
        self.entry
    }

    /// The private section is about somebody else than the actor: it is sealed under a key of theirs.
    #[must_use]
    pub(crate) fn sealed_for(mut self, subject: String) -> Self {
        self.subject = Some(subject);
        self
    }

    /// How many bytes it takes in the ledger, at most.
    ///
    /// # Errors
    /// [`StoreError::Leaf`] if it does not fit at all.
    pub(crate) fn size(&self, now: Millis) -> Result<usize, StoreError> {
        const KEY_ID: &str = "000000000000000000000000";
        let p = if self.private.is_empty() { Vec::new() } else { vec![(KEY_ID.to_owned(), [0; 32])] };
        let NewEntry { kind, who, via, on, ok, sid, details, private: _ } = self.entry.clone();
        let n = reeve_ledger::canonical::MAX_INTEGER.unsigned_abs();
        let leaf = Leaf { n, t: now.0, hlc: Hlc(u64::MAX), kind, who, via, on, ok, sid, x: details, p };
        leaf.encode().map(|bytes| bytes.len()).map_err(|e| StoreError::Leaf(Arc::new(e)))
    }

    /// Appends it to the audit stream and lends the tables.
    ///
    /// # Errors
    /// [`StoreError`] if it does not fit or cannot be written.
    pub fn record<'c>(&self, tx: &mut Tx<'c>) -> Result<Recorded<'c>, StoreError> {
        if self.private.is_empty() {
            return tx.record(self.entry.clone());
        }
        let subject = self.subject.as_deref().unwrap_or(&self.entry.who);
        self.privacy.record(tx, subject, self.entry.clone(), &self.private)
    }

    /// Appends it to the usage stream and lends the tables.
    ///
    /// # Errors
    /// [`StoreError`] if it does not fit or cannot be written.
    pub fn meter<'c>(&self, tx: &mut Tx<'c>) -> Result<Recorded<'c>, StoreError> {
        tx.meter(self.entry.clone())
    }

    /// As [`Draft::meter`], for an entry that is written once and not tried again.
    ///
    /// # Errors
    /// As [`Draft::meter`].
    pub fn into_meter<'c>(self, tx: &mut Tx<'c>) -> Result<Recorded<'c>, StoreError> {
        tx.meter(self.entry)
    }
}

/// What a verb at the end of an event type does, in the words of the audit trail, where it is more than to execute.
fn action(kind: &str) -> Option<&'static str> {
    Some(match kind.rsplit('.').next().unwrap_or(kind) {
        "create" | "import" | "load" | "register" | "key_create" | "initialize" | "hold_open" | "request"
        | "initialized" | "slot_added" | "restored" => "CREATE",
        "delete" | "revoke" | "remove" | "slot_removed" | "key_revoke" | "prune" | "forget" | "done" => {
            "DELETE"
        }
        "access" | "export" | "verify" | "backup_exported" => "VIEW",
        "update" | "suspend" | "resume" | "archive" | "role_change" | "rotate" | "changed"
        | "slot_reenrolled" | "kek_rotated" | "vrk_rotated" | "disable" | "hold_release" | "key_rotate"
        | "restrict" | "release" => "UPDATE",
        _ => return None,
    })
}

/// Texts from outside are cut, so that no caller fills the ledger.
fn clip(text: &str) -> String {
    const MOST: usize = 1_000;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
