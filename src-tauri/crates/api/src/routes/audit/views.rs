//! What is shown of the audit trail.

use super::time;
use crate::cursor;
use crate::words::{ActorKind, AuditOutcome, AuditSeverity, AuditVia};
use data_encoding::HEXLOWER;
use reeve_engine::audit::{self, Anchored, Described, Detail, Finding, Head, Proof, Stream, Verification};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

pub(super) fn hex(hash: &[u8; 32]) -> String {
    HEXLOWER.encode(hash)
}

/// An entry as a row.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditEntryView {
    /// Stream and index.
    id: String,
    sequence: u64,
    time: String,
    event_type: String,
    action: String,
    #[schema(value_type = AuditSeverity)]
    severity: String,
    #[schema(value_type = AuditOutcome)]
    outcome: &'static str,
    actor: AuditActor,
    #[schema(value_type = AuditVia)]
    via: String,
    resource: Option<AuditResource>,
    /// The other resource of a LINK or UNLINK.
    related: Option<AuditResource>,
    /// Id of the project, where an application told one.
    project: Option<String>,
    /// When it happened, by the clock of the application that wrote it.
    occurred_at: Option<String>,
    tenant: Option<AuditTenant>,
    /// What happened, in one sentence.
    summary: String,
    duration_ms: Option<i64>,
    trace_id: Option<String>,
    request_id: Option<String>,
}

/// Who did it.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditActor {
    #[serde(rename = "type")]
    #[schema(value_type = ActorKind)]
    kind: &'static str,
    id: String,
    name: String,
}

/// To what.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditResource {
    #[serde(rename = "type")]
    kind: String,
    id: String,
    name: Option<String>,
}

/// In which tenant.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditTenant {
    id: String,
    name: String,
}

impl From<audit::Actor> for AuditActor {
    fn from(a: audit::Actor) -> Self {
        Self { kind: a.kind, id: a.id, name: a.name }
    }
}

impl From<audit::Resource> for AuditResource {
    fn from(r: audit::Resource) -> Self {
        Self { kind: r.kind, id: r.id, name: r.name }
    }
}

impl From<Described> for AuditEntryView {
    fn from(d: Described) -> Self {
        Self {
            id: format!("{}.{}", d.stream.as_str(), d.sequence),
            sequence: d.sequence,
            time: time(d.time),
            event_type: d.event_type,
            action: d.action,
            severity: d.severity,
            outcome: d.outcome,
            actor: d.actor.into(),
            via: d.via,
            resource: d.resource.map(Into::into),
            related: d.related.map(Into::into),
            project: d.project,
            occurred_at: d.occurred_at,
            tenant: d.tenant.map(|(id, name)| AuditTenant { id, name }),
            summary: d.summary,
            duration_ms: d.duration_ms,
            trace_id: d.trace_id,
            request_id: d.request_id,
        }
    }
}

/// A page of entries.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditPage {
    items: Vec<AuditEntryView>,
    next_cursor: Option<String>,
    /// Entries in the stream.
    total: u64,
    /// Entries that match, where it is known.
    matched: Option<u64>,
}

impl AuditPage {
    pub(super) fn new(page: audit::AuditPage) -> Self {
        let last = page.entries.last().filter(|_| page.more);
        Self {
            next_cursor: last.and_then(|last| cursor::write(&last.sequence)),
            total: page.total,
            matched: page.matched,
            items: page.entries.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<audit::SearchPage> for AuditPage {
    fn from(found: audit::SearchPage) -> Self {
        let next_cursor = found.rest.and_then(|before| cursor::write(&before));
        Self { next_cursor, ..Self::new(found.page) }
    }
}

/// An entry with everything that is known of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditEntryDetail {
    #[serde(flatten)]
    entry: AuditEntryView,
    changes: Vec<AuditChange>,
    #[schema(value_type = std::collections::HashMap<String, Value>)]
    metadata: Map<String, Value>,
    session_id: Option<String>,
    /// Null once erased.
    ip: Option<String>,
    /// Null once erased.
    user_agent: Option<String>,
    /// The entry, byte for byte: what the tree hashes.
    leaf: String,
    leaf_hash: String,
}

/// A field that changed.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditChange {
    field: String,
    before: Value,
    after: Value,
}

impl From<audit::Change> for AuditChange {
    fn from(c: audit::Change) -> Self {
        Self { field: c.field, before: c.before.into(), after: c.after.into() }
    }
}

impl From<Detail> for AuditEntryDetail {
    fn from(detail: Detail) -> Self {
        Self {
            entry: detail.described.into(),
            changes: detail.changes.into_iter().map(Into::into).collect(),
            metadata: detail.metadata,
            session_id: detail.session_id,
            ip: detail.ip,
            user_agent: detail.user_agent,
            leaf: detail.leaf,
            leaf_hash: hex(&detail.leaf_hash),
        }
    }
}

/// The result of a verification.
#[derive(Serialize, ToSchema)]
pub(crate) struct VerifyView {
    intact: bool,
    entries: u64,
    root: String,
    origin: String,
    verified_at: String,
    duration_ms: u64,
    /// Kept heads whose signature and root were checked.
    checkpoints: u64,
    first_bad: Option<FirstBad>,
    /// What does not fit beside the entries: the file, or its schema.
    faults: Vec<String>,
    /// What is proven.
    statement: String,
    /// What is not.
    not_proven: String,
    /// The same by what it is about.
    claims: Vec<ClaimView>,
    /// Where the ledger's head is remembered outside of its file.
    anchors: Vec<AnchorView>,
}

/// One thing that a verification can prove.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClaimView {
    /// `consistent`, `anchored` or `witnessed`.
    name: &'static str,
    /// `proven`, `not_proven` or `refuted`.
    proof: &'static str,
    /// In words.
    words: String,
}

/// A place that remembers the ledger's head.
#[derive(Serialize, ToSchema)]
pub(crate) struct AnchorView {
    /// `file` or `keyring`.
    place: &'static str,
    /// `fits`, `none`, `missing`, `damaged`, `unreachable` or `contradicts`.
    found: &'static str,
    /// How many entries of the stream it covers.
    entries: Option<u64>,
    /// When it was written.
    written_at: Option<String>,
}

impl AnchorView {
    fn new(anchored: &Anchored, stream: Stream) -> Self {
        let anchor = match &anchored.finding {
            Finding::Fits(anchor) | Finding::Contradicts(anchor, _) => Some(anchor),
            _ => None,
        };
        Self {
            place: anchored.place.as_str(),
            found: anchored.finding.as_str(),
            entries: anchor.and_then(|a| a.head(stream)).map(|head| head.size),
            written_at: anchor.map(|a| time(a.at)),
        }
    }
}

/// Why a ledger is taken as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AcceptLedger {
    /// In at most 500 characters; it goes into the ledger.
    pub(super) reason: String,
}

/// The first thing that does not fit.
#[derive(Serialize, ToSchema)]
pub(crate) struct FirstBad {
    sequence: u64,
    reason: String,
}

impl From<Verification> for VerifyView {
    fn from(v: Verification) -> Self {
        Self {
            intact: v.intact(),
            entries: v.verdict.entries,
            root: hex(&v.verdict.head.root),
            origin: v.verdict.head.origin.clone(),
            verified_at: time(v.at),
            duration_ms: u64::try_from(v.took.as_millis()).unwrap_or(u64::MAX),
            checkpoints: v.verdict.checkpoints,
            statement: v.statement(),
            not_proven: v.not_proven(),
            claims: v
                .claims()
                .into_iter()
                .map(|c| ClaimView { name: c.name, proof: c.proof.as_str(), words: c.words })
                .collect(),
            anchors: v.anchors.iter().map(|a| AnchorView::new(a, v.stream)).collect(),
            faults: v.faults,
            first_bad: v.verdict.first_bad.map(|bad| FirstBad { sequence: bad.sequence, reason: bad.reason }),
        }
    }
}

/// What the footer shows.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditHealthView {
    /// Null until it was verified since the start.
    pub(super) intact: Option<bool>,
    pub(super) entries: u64,
    pub(super) root: String,
    pub(super) last_verified_at: Option<String>,
    /// What is wrong, in a sentence, if something is.
    pub(super) problem: Option<String>,
    /// The verification that runs.
    pub(super) checking: Option<AuditChecking>,
}

/// How far a verification is.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditChecking {
    /// Entries read.
    pub(super) entries: u64,
    /// Entries that there are.
    pub(super) of: u64,
}

/// Counts over time.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditStatsView {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) buckets: Vec<AuditBucket>,
}

/// Counts in one span of time.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditBucket {
    pub(super) start: String,
    pub(super) count: u64,
    pub(super) not_ok: u64,
}

/// A signed head.
#[derive(Serialize, ToSchema)]
pub(crate) struct CheckpointView {
    origin: String,
    size: u64,
    root: String,
    /// The signed note; empty while the vault is locked.
    note: String,
    /// The key that the ledger began with and is named after.
    vkey: String,
    /// The key that signs now; it is replaced every seven days.
    signing_key: String,
}

impl CheckpointView {
    pub(super) fn new(head: Head, signing_key: String) -> Self {
        let Head { origin, size, root, note, vkey, .. } = head;
        Self { origin, size, root: hex(&root), note, vkey, signing_key }
    }
}

/// Proof that an entry is in the tree.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProofView {
    sequence: u64,
    tree_size: u64,
    leaf_hash: String,
    root: String,
    /// The audit path, from the leaf up.
    hashes: Vec<String>,
    /// The signed head it leads to.
    checkpoint: String,
}

impl From<Proof> for ProofView {
    fn from(proof: Proof) -> Self {
        Self {
            sequence: proof.sequence,
            tree_size: proof.head.size,
            leaf_hash: hex(&proof.leaf_hash),
            root: hex(&proof.head.root),
            hashes: proof.hashes.iter().map(hex).collect(),
            checkpoint: proof.head.note,
        }
    }
}
