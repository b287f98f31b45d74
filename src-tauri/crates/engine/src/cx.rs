//! The context of a use case: who asks, through what, for which request.

use reeve_core::id::RequestId;
use reeve_core::principal::Principal;

/// The channel a request came through.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Via {
    /// The app's window.
    Ui,
    /// HTTP.
    Api,
    /// The gateway.
    Gateway,
    /// The command line.
    Cli,
    /// Reeve itself.
    System,
}

impl Via {
    /// The word in the ledger and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ui => "ui",
            Self::Api => "api",
            Self::Gateway => "gateway",
            Self::Cli => "cli",
            Self::System => "system",
        }
    }
}

/// Who asks, through what, for which request.
#[derive(Clone, Debug)]
pub struct Cx {
    /// Who.
    pub principal: Principal,
    /// Through what.
    pub via: Via,
    /// Id the caller is told.
    pub request_id: Option<RequestId>,
    /// W3C trace id.
    pub trace_id: Option<String>,
    /// Network address of the caller; personal, so it goes only into an entry's private section.
    pub ip: Option<String>,
    /// What the caller's program calls itself; personal as the address is.
    pub user_agent: Option<String>,
}

impl Cx {
    /// Reeve itself.
    #[must_use]
    pub const fn system() -> Self {
        Self {
            principal: Principal::System,
            via: Via::System,
            request_id: None,
            trace_id: None,
            ip: None,
            user_agent: None,
        }
    }

    /// A person at the command line of the machine that holds the data.
    #[must_use]
    pub fn cli() -> Self {
        Self { via: Via::Cli, ..Self::system() }
    }
}
