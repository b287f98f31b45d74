//! The engine's one error: a closed code for machines, a sentence for people, the chain for the log.

use reeve_core::limit::Metric;
use reeve_store::StoreError;
use std::fmt;

/// What kind of failure; each has one HTTP status and one OpenAI error type, mapped at the boundary.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Code {
    /// The request is malformed or breaks a rule; `fields` say where.
    Invalid,
    /// Nobody is signed in, or the key is wrong.
    Unauthenticated,
    /// The password is right; a code is needed as well.
    SecondFactorRequired,
    /// The principal may not do it.
    Forbidden,
    /// The principal may, but signed in too long ago for this: the password or a code again, and then once more.
    StepUpRequired,
    /// There is no such thing, or it is another tenant's.
    NotFound,
    /// It clashes with what is there.
    Conflict,
    /// A hard budget has no room for the call.
    BudgetExceeded,
    /// A quota of the tenant's plan is used up.
    QuotaExceeded,
    /// Too many requests in a short time.
    RateLimited,
    /// A policy refuses the call.
    PolicyDenied,
    /// Something must be done first.
    PreconditionFailed,
    /// A dependency is away.
    Unavailable,
    /// The vault does not open: what needs a key waits for a person.
    VaultLocked,
    /// A bug or a damaged store.
    Internal,
}

impl Code {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Unauthenticated => "unauthenticated",
            Self::SecondFactorRequired => "second_factor_required",
            Self::Forbidden => "forbidden",
            Self::StepUpRequired => "step_up_required",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::BudgetExceeded => "budget_exceeded",
            Self::QuotaExceeded => "quota_exceeded",
            Self::RateLimited => "rate_limited",
            Self::PolicyDenied => "policy_denied",
            Self::PreconditionFailed => "precondition_failed",
            Self::Unavailable => "unavailable",
            Self::VaultLocked => "vault_locked",
            Self::Internal => "internal",
        }
    }
}

/// One field of a request that is wrong.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct FieldError {
    /// Its name on the wire.
    pub field: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// A failure of a use case.
#[derive(Debug)]
pub struct Error {
    /// What kind.
    pub code: Code,
    /// One sentence for the person who asked.
    pub message: String,
    /// The fields that are wrong, if that is why.
    pub fields: Vec<FieldError>,
    /// Seconds after which trying again makes sense.
    pub retry_after_s: Option<u64>,
    /// What a rate limit counts that refused.
    pub metric: Option<Metric>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// A failure of `code`, told in one sentence.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            fields: Vec::new(),
            retry_after_s: None,
            metric: None,
            source: None,
        }
    }

    /// One wrong field.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let fields = vec![FieldError { field: field.to_owned(), message: message.clone() }];
        Self { fields, ..Self::new(Code::Invalid, format!("{field}: {message}")) }
    }

    /// Several wrong fields; `None` if there are none.
    #[must_use]
    pub fn fields(fields: Vec<FieldError>) -> Option<Self> {
        let first = fields.first()?;
        let message = match fields.len() {
            1 => format!("{}: {}", first.field, first.message),
            n => format!(
                "{n} fields need attention: {}",
                fields.iter().map(|f| f.field.as_str()).collect::<Vec<_>>().join(", ")
            ),
        };
        Some(Self { fields, ..Self::new(Code::Invalid, message) })
    }

    /// There is no such `noun`.
    #[must_use]
    pub fn not_found(noun: &str) -> Self {
        Self::new(Code::NotFound, format!("There is no such {noun}."))
    }

    /// The same failure with its cause, for the log.
    #[must_use]
    pub fn because(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// The same failure with a time to wait.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The same failure with what the limit counts that refused.
    #[must_use]
    pub fn limited_by(mut self, metric: Metric) -> Self {
        self.metric = Some(metric);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|s| s as &(dyn std::error::Error + 'static))
    }
}

impl From<StoreError> for Error {
    fn from(source: StoreError) -> Self {
        let (code, message) = match &source {
            StoreError::Closed | StoreError::Stopped => (Code::Unavailable, "Reeve is shutting down."),
            StoreError::InUse { .. } => (Code::Unavailable, "Another Reeve has this folder open."),
            StoreError::WornKey => (
                Code::Unavailable,
                "The master key has sealed as much as it may. Rotate it on the Vault page, then try again.",
            ),
            StoreError::Leaf(_) => {
                (Code::Invalid, "The change is too large to be written to the audit trail.")
            }
            _ if source.is_conflict() => (Code::Conflict, "Something with that name exists already."),
            _ => (Code::Internal, "Reeve's store could not do this; the log says why."),
        };
        Self::new(code, message).because(source)
    }
}
