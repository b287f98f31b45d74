//! An entry as an application tells it.

use crate::entry::Severity;
use reeve_core::id::TenantId;
use reeve_core::time::Millis;
use reeve_ledger::leaf::Ok as Outcome;
use reeve_store::table::app_entries::AppResource;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

/// What was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum Action {
    /// Made.
    Create,
    /// Changed.
    Update,
    /// Removed.
    Delete,
    /// Put together with another.
    Link,
    /// Taken apart from another.
    Unlink,
    /// Looked at.
    View,
    /// Done, run, sent.
    Execute,
}

impl Action {
    /// The word in the ledger and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Link => "LINK",
            Self::Unlink => "UNLINK",
            Self::View => "VIEW",
            Self::Execute => "EXECUTE",
        }
    }

    /// Whether it is about two resources.
    #[must_use]
    pub const fn joins(self) -> bool {
        matches!(self, Self::Link | Self::Unlink)
    }
}

/// A thing of the application.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct AppThing {
    /// What it is: `PROJECT`, `FILE` or a word of its own. Written in capitals.
    pub kind: String,
    /// Its id there.
    pub id: String,
    /// What people call it.
    pub name: Option<String>,
}

impl AppThing {
    /// Its place in the ledger, `KIND:id`.
    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.kind.to_ascii_uppercase(), self.id)
    }

    pub(super) fn named(self) -> AppResource {
        AppResource { kind: self.kind.to_ascii_uppercase(), id: self.id }
    }

    pub(super) fn value(&self) -> Value {
        let mut value = json!({"type": self.kind.to_ascii_uppercase(), "id": self.id});
        if let Some(name) = &self.name {
            value["name"] = name.as_str().into();
        }
        value
    }
}

/// Who did it there. All but the id is personal and sealed.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct AppActor {
    /// An id that says nothing of the person by itself.
    pub id: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// E-mail.
    pub email: Option<String>,
    /// Network address.
    pub ip: Option<String>,
    /// What their program calls itself.
    pub user_agent: Option<String>,
}

/// A field that changed.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct AppChange {
    /// Which.
    pub field: String,
    /// What it was.
    pub before: Value,
    /// What it became.
    pub after: Value,
}

impl AppChange {
    pub(super) fn before(&self) -> String {
        plain(&self.before)
    }

    pub(super) fn after(&self) -> String {
        plain(&self.after)
    }
}

/// A text as it is; nothing as no text; anything else as JSON.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// An entry to write.
#[derive(Clone, Debug, Serialize)]
pub struct NewAppEntry {
    /// The application's own id of it: the same id again writes nothing again.
    pub id: Option<String>,
    /// Such as `project.publish`; made of the resource and the action if it is not told.
    pub event_type: Option<String>,
    /// What was done.
    pub action: Action,
    /// To what.
    pub resource: AppThing,
    /// With what: for links alone.
    pub related: Option<AppThing>,
    /// In which project.
    pub project: Option<String>,
    /// In which tenant; a key's own is implied.
    pub tenant: Option<TenantId>,
    /// By whom.
    pub actor: AppActor,
    /// What changed.
    pub changes: Vec<AppChange>,
    /// Whatever else is to be known, without anything personal.
    pub metadata: Map<String, Value>,
    /// How loud; ordinary if it is not told.
    #[serde(serialize_with = "severity")]
    pub severity: Option<Severity>,
    /// How it ended.
    #[serde(serialize_with = "outcome")]
    pub outcome: Outcome,
    /// When it happened there. When it was written down is Reeve's own time.
    pub occurred_at: Option<Millis>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// W3C trace id.
    pub trace_id: Option<String>,
}

impl NewAppEntry {
    /// The event type in the ledger: always of the namespace that no event of Reeve's own is in.
    pub(super) fn kind(&self) -> String {
        match self.event_type.as_deref() {
            Some(told) => format!("app.{}", told.strip_prefix("app.").unwrap_or(told)),
            None => {
                let noun = self.resource.kind.to_ascii_lowercase().replace('-', "_");
                format!("app.{noun}.{}", self.action.as_str().to_ascii_lowercase())
            }
        }
    }
}

#[expect(clippy::ref_option, reason = "serde passes a reference")]
fn severity<S: Serializer>(severity: &Option<Severity>, to: S) -> Result<S::Ok, S::Error> {
    severity.map(Severity::as_str).serialize(to)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn outcome<S: Serializer>(outcome: &Outcome, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(outcome.as_str())
}
