//! Why a call brought no answer, or not all of it.

use hyper_util::client::legacy;
use std::error::Error;
use std::time::Duration;
use tokio::time::error::Elapsed;

/// What was waited for in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The connection.
    Connect,
    /// The head of the answer.
    Head,
    /// The next piece of the answer.
    Piece,
    /// The end of the call.
    Total,
}

/// Why a call failed. The text names neither address nor key.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// The client could not be made.
    #[error("the HTTP client could not be set up")]
    Setup(#[source] Box<dyn Error + Send + Sync>),
    /// The key has bytes that no header may carry. Nothing was sent.
    #[error("the provider key has characters that cannot be sent; paste it again")]
    KeyNotSendable,
    /// The path is not plain. Nothing was sent.
    #[error("the path of the call is not one that can be sent")]
    PathNotSendable,
    /// No connection: name, network, refusal or TLS. Nothing was sent.
    #[error("the provider cannot be reached")]
    Unreachable(#[source] legacy::Error),
    /// Waited too long.
    #[error("the provider did not answer in {} s", after.as_secs_f32())]
    Timeout {
        /// For what.
        phase: Phase,
        /// How long.
        after: Duration,
    },
    /// The answer sends the caller elsewhere, and a key is not taken there.
    #[error("the provider answered with a redirect ({status}), which is not followed; correct the address")]
    Redirected {
        /// Its status.
        status: u16,
    },
    /// The connection broke before an answer.
    #[error("the connection to the provider broke before it answered")]
    BrokenBeforeAnswer(#[source] legacy::Error),
    /// The connection broke within the answer.
    #[error("the provider's answer broke off")]
    BrokenWithin(#[source] hyper::Error),
    /// The answer is longer than the caller reads.
    #[error("the provider's answer is longer than {limit} bytes")]
    TooLong {
        /// What was allowed.
        limit: usize,
    },
}

impl UpstreamError {
    pub(super) fn of_send(error: legacy::Error, connect_timeout: Duration) -> Self {
        let mut causes = std::iter::successors(error.source(), |&cause| cause.source());
        match (error.is_connect(), causes.any(|cause| cause.is::<Elapsed>())) {
            (true, true) => Self::Timeout { phase: Phase::Connect, after: connect_timeout },
            (true, false) => Self::Unreachable(error),
            (false, _) => Self::BrokenBeforeAnswer(error),
        }
    }

    /// Whether nothing of an answer had come: what was asked may be asked again without the caller seeing two answers.
    #[must_use]
    pub fn is_before_first_byte(&self) -> bool {
        !matches!(
            self,
            Self::BrokenWithin(_)
                | Self::TooLong { .. }
                | Self::Redirected { .. }
                | Self::Timeout { phase: Phase::Piece | Phase::Total, .. }
        )
    }

    /// Whether the provider may have done the work, and bill it. False only where nothing was sent.
    #[must_use]
    pub fn may_have_run(&self) -> bool {
        !matches!(
            self,
            Self::Setup(_)
                | Self::KeyNotSendable
                | Self::PathNotSendable
                | Self::Unreachable(_)
                | Self::Redirected { .. }
                | Self::Timeout { phase: Phase::Connect, .. }
        )
    }

    /// Whether time ran out.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout { .. })
    }
}
