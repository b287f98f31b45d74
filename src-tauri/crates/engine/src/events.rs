//! Live events: hints to look again. They hold no truth, so a lost one does no harm.

use reeve_core::id::TenantId;
use reeve_core::permission::Permission;
use tokio::sync::broadcast;

/// What changed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Event {
    /// Which noun.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// Index of the ledger entry, where there is one.
    pub sequence: Option<u64>,
    /// Id of the thing.
    pub id: Option<String>,
    /// Whose thing it is, where it is a tenant's; to decide who hears of it, and told to nobody.
    #[serde(skip)]
    pub tenant: Option<TenantId>,
}

/// The nouns of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// An audit entry was written.
    Audit,
    /// A charge was settled.
    Charge,
    /// A tenant, its quota or its keys changed.
    Tenant,
    /// A budget or a hold changed.
    Budget,
    /// A rate limit changed.
    Limit,
    /// A provider credential changed.
    Credential,
    /// A route changed.
    Route,
    /// The settings changed.
    Settings,
    /// The ledger was verified.
    Ledger,
    /// A request for erasure, a legal hold, or how long the trail is kept changed.
    Privacy,
}

impl EventKind {
    /// Every kind; those that ask for the same permission side by side.
    pub const ALL: [Self; 10] = [
        Self::Audit,
        Self::Ledger,
        Self::Charge,
        Self::Tenant,
        Self::Budget,
        Self::Limit,
        Self::Credential,
        Self::Route,
        Self::Settings,
        Self::Privacy,
    ];

    /// What somebody may look at to whom a hint of this kind is of use.
    #[must_use]
    pub const fn permission(self) -> Permission {
        match self {
            Self::Charge => Permission::UsageRead,
            Self::Audit | Self::Ledger => Permission::AuditRead,
            Self::Tenant => Permission::TenantRead,
            Self::Budget => Permission::BudgetRead,
            Self::Limit => Permission::LimitRead,
            Self::Credential => Permission::CredentialRead,
            Self::Route => Permission::RouteRead,
            Self::Settings => Permission::SettingsRead,
            Self::Privacy => Permission::PrivacyRead,
        }
    }
}

/// The hub of live events.
#[derive(Clone)]
pub struct Events {
    sender: broadcast::Sender<Event>,
}

impl Default for Events {
    fn default() -> Self {
        Self { sender: broadcast::channel(1_024).0 }
    }
}

impl Events {
    /// Tells whoever listens.
    pub fn tell(&self, kind: EventKind, sequence: Option<u64>, id: Option<String>) {
        self.send(Event { kind, sequence, id, tenant: None });
    }

    /// Tells whoever listens of a thing of a tenant.
    pub(crate) fn tell_of(&self, tenant: TenantId, kind: EventKind, sequence: u64, id: String) {
        self.send(Event { kind, sequence: Some(sequence), id: Some(id), tenant: Some(tenant) });
    }

    fn send(&self, event: Event) {
        // Nobody listening is fine.
        let _ = self.sender.send(event);
    }

    /// Whether anybody listens.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// Listens from now on; a slow listener loses the oldest.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }
}
