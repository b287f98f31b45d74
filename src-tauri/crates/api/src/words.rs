//! Words of the wire that the core knows as enums: mirrored here, so that the document lists them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! mirrored {
    ($(#[$doc:meta])* $name:ident = $core:path { $($variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum $name { $($variant),+ }

        impl From<$core> for $name {
            fn from(word: $core) -> Self {
                match word { $(<$core>::$variant => Self::$variant),+ }
            }
        }

        impl From<$name> for $core {
            fn from(word: $name) -> Self {
                match word { $($name::$variant => Self::$variant),+ }
            }
        }
    };
}

mirrored! {
    /// A tenant's plan.
    Tier = reeve_core::tenant::Tier { Free, Starter, Professional, Enterprise }
}
mirrored! {
    /// Where a tenant is in its life.
    TenantStatus = reeve_core::tenant::TenantStatus { Active, Suspended, Archived }
}
mirrored! {
    /// How long a budget's period is.
    PeriodKind = reeve_core::period::PeriodKind { Day, Month }
}
mirrored! {
    /// What happens at a budget's limit.
    BudgetKind = reeve_core::budget::BudgetKind { Hard, Soft }
}
mirrored! {
    /// What a budget is for.
    BudgetScope = reeve_core::budget::BudgetScope { Workspace, Tenant, ApiKey, User, Model, Tag, Pool }
}
mirrored! {
    /// How a budget stands.
    BudgetState = reeve_core::budget::BudgetState { Ok, Warning, Refusing, Over }
}
mirrored! {
    /// Whose calls a rate limit counts.
    LimitScope = reeve_core::limit::LimitScope { Tenant, ApiKey, User, Model, Ip }
}
mirrored! {
    /// What a rate limit counts.
    LimitMetric = reeve_core::limit::Metric { Requests, Tokens, Concurrent }
}
mirrored! {
    /// What happens to a call whose model has no price.
    Unpriced = reeve_engine::settings::Unpriced { Refuse, Ceiling }
}
mirrored! {
    /// What a version of a provider key is.
    VersionState = reeve_core::rotation::VersionState { Pending, Current, Grace, Disabled, Revoked, Orphan, Foreign, Lost }
}
mirrored! {
    /// Where a rotation stands.
    RotationState = reeve_core::rotation::RotationState {
        Planned, Intent, Minting, Minted, Probing, Promoted, Draining, Disabling, Soaking, Revoking, Done, AwaitingOperator,
        RolledBack, NeedsAttention
    }
}
mirrored! {
    /// Why a rotation was begun.
    RotationCause = reeve_core::rotation::RotationCause { Schedule, Force, Compromised, Expiry }
}
mirrored! {
    /// What a legal hold covers.
    LegalHoldScope = reeve_core::retention::HoldScope { Workspace, Tenant, Subject, Time }
}
mirrored! {
    /// How a request for erasure stands.
    ErasureState = reeve_core::retention::ErasureState { Requested, Blocked, Refused, Done }
}
mirrored! {
    /// What kind of subject the trail knows.
    SubjectKind = reeve_engine::erasures::KnownKind { Person, ApiKey, Anonymous, System }
}
mirrored! {
    /// How an import went.
    ImportState = reeve_engine::import::ImportState { Preview, Imported, Rejected }
}

/// What a tenant's API key may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) enum KeyScope {
    #[serde(rename = "gateway:call")]
    GatewayCall,
    #[serde(rename = "audit:write")]
    AuditWrite,
    #[serde(rename = "event:read")]
    EventRead,
}

impl From<KeyScope> for reeve_core::permission::KeyScope {
    fn from(scope: KeyScope) -> Self {
        match scope {
            KeyScope::GatewayCall => Self::GatewayCall,
            KeyScope::AuditWrite => Self::AuditWrite,
            KeyScope::EventRead => Self::EventRead,
        }
    }
}

impl From<reeve_core::permission::KeyScope> for KeyScope {
    fn from(scope: reeve_core::permission::KeyScope) -> Self {
        use reeve_core::permission::KeyScope as Core;
        match scope {
            Core::GatewayCall => Self::GatewayCall,
            Core::AuditWrite => Self::AuditWrite,
            Core::EventRead => Self::EventRead,
        }
    }
}

/// One of the ledger's two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stream {
    Audit,
    Usage,
}

impl From<reeve_engine::audit::Stream> for Stream {
    fn from(stream: reeve_engine::audit::Stream) -> Self {
        match stream {
            reeve_engine::audit::Stream::Audit => Self::Audit,
            reeve_engine::audit::Stream::Usage => Self::Usage,
        }
    }
}

impl From<Stream> for reeve_engine::audit::Stream {
    fn from(stream: Stream) -> Self {
        match stream {
            Stream::Audit => Self::Audit,
            Stream::Usage => Self::Usage,
        }
    }
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RequestOutcome {
    Success,
    Failure,
    Cancelled,
    Refused,
}

impl RequestOutcome {
    /// The word in the store and on the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
        }
    }
}

/// What an entry says was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum AuditAction {
    Create,
    Update,
    Delete,
    Link,
    Unlink,
    View,
    Execute,
}

impl From<AuditAction> for reeve_engine::app_entries::Action {
    fn from(action: AuditAction) -> Self {
        match action {
            AuditAction::Create => Self::Create,
            AuditAction::Update => Self::Update,
            AuditAction::Delete => Self::Delete,
            AuditAction::Link => Self::Link,
            AuditAction::Unlink => Self::Unlink,
            AuditAction::View => Self::View,
            AuditAction::Execute => Self::Execute,
        }
    }
}

impl From<AuditSeverity> for reeve_engine::entry::Severity {
    fn from(severity: AuditSeverity) -> Self {
        match severity {
            AuditSeverity::Info => Self::Info,
            AuditSeverity::Notice => Self::Notice,
            AuditSeverity::Warning => Self::Warning,
            AuditSeverity::Critical => Self::Critical,
        }
    }
}

impl From<AuditOutcome> for reeve_engine::app_entries::Outcome {
    fn from(outcome: AuditOutcome) -> Self {
        match outcome {
            AuditOutcome::Success => Self::Success,
            AuditOutcome::Failure => Self::Error,
            AuditOutcome::Denied => Self::Denied,
            AuditOutcome::Pending => Self::Unknown,
        }
    }
}

/// Declares words that only the document needs to list: the values come from the engine as text.
macro_rules! listed {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident),+ $(,)? })+) => {
        $($(#[$doc])*
        #[derive(Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum $name { $($variant),+ })+
    };
}

listed! {
    /// How what an entry records ended.
    AuditOutcome { Success, Failure, Denied, Pending }
    /// How loud an entry is.
    AuditSeverity { Info, Notice, Warning, Critical }
    /// What kind of actor.
    ActorKind { User, ApiKey, System, Window, Anonymous }
    /// The channel an entry came through.
    AuditVia { Ui, Api, Gateway, Cli, System }
    /// Where a usage record comes from.
    UsageSource { Gateway, Import, Sample, Rerate }
    /// How a call ended.
    UsageOutcome { Success, Failure, Cancelled }
    /// How sure a cost is.
    Pricing { Priced, Ceiling, Unpriced }
    /// How urgent something is.
    Urgency { Critical, Warning, Info }
    /// What changed.
    EventKind { Audit, Charge, Tenant, Budget, Limit, Credential, Route, Settings, Ledger, Privacy }
    /// Whether somebody has set Reeve up.
    SetupState { NeedsAdmin, Ready }
    /// Whether this host needs a sign-in.
    SignIn { Open, Password }
    /// Which host answers.
    HostKind { Window, Server }
    /// Whether the vault is open.
    VaultState { Unlocked, Locked }
    /// How the asker is known.
    SignedInVia { Window, Session }
    /// Whether an API key is good.
    ApiKeyState { Active, Revoked, Expired }
    /// What a circuit breaker does with calls: lets them pass, keeps them away, lets one try.
    BreakerState { Closed, Open, HalfOpen }
    /// What becomes of a listener: it is sent entries, tried again and again, paused by a person, or stopped by Reeve.
    ListenerState { Sending, Retrying, Paused, Stopped }
    /// What came of asking a witness: it signed, or why it did not.
    WitnessTry { Signed, UnknownLog, UnknownKey, Away, StrangeAnswer, TooFar, Locked, Contradicts, Failed }
    /// Why a provider's bill differs from the ledger.
    BillCause {
        Recent, NoModel, OtherKeys, NotThroughReeve, NotOnTheBill, Unpriced, PriorityTier, CacheTokens, PriceDiffers,
        Rounding, BlockedRequests, Unexplained,
    }
    /// Whether a credential is in use.
    CredentialState { Current, Revoked }
}
