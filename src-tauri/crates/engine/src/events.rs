//! Live events: hints to look again. They hold no truth, so a lost one does no harm.

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
        // Nobody listening is fine.
        let _ = self.sender.send(Event { kind, sequence, id });
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
