//! Why a call of an admin API did not do what was asked, by what may be done about it.

use super::settings::SettingError;
use std::time::Duration;

/// The outcome of a call, where it is not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// The admin key is not taken, or may not do this. Nothing happened.
    #[error("the provider refuses the admin key: {message}")]
    Unauthorized {
        /// The provider's status.
        status: u16,
        /// In its words, without secrets.
        message: String,
    },
    /// There is no room for another key. Nothing happened.
    #[error("there is no room for another key: {message}")]
    Limit {
        /// The keys that are there.
        ids: Vec<String>,
        /// In the provider's words, without secrets.
        message: String,
    },
    /// There is no such key.
    #[error("there is no such key")]
    NotFound,
    /// Too many calls. Nothing happened.
    #[error("the provider limits calls at the moment")]
    RateLimited {
        /// How long to wait, where it says.
        retry_after: Option<Duration>,
    },
    /// It may have happened or not.
    #[error("whether it happened is not known: {0}")]
    Unknown(Uncertain),
    /// The provider says no. Nothing happened.
    #[error("the provider refuses ({status}): {message}")]
    Refused {
        /// Its status.
        status: u16,
        /// In its words, without secrets.
        message: String,
    },
    /// The answer is not understood. What was asked may have happened.
    #[error("the provider's answer is not understood: {0}")]
    Shape(&'static str),
    /// Nothing was sent: no connection.
    #[error("the provider cannot be reached")]
    NotSent,
    /// Nothing was sent: the settings are wrong.
    #[error("the settings are wrong: {0}")]
    Settings(#[from] SettingError),
    /// Nothing was sent: this provider cannot do it.
    #[error("this provider has no \"{0}\"")]
    Unsupported(&'static str),
}

/// Why an effect is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Uncertain {
    /// No answer in time.
    #[error("no answer in time")]
    Timeout,
    /// The connection broke.
    #[error("the connection broke")]
    Broken,
    /// The provider has a fault of its own.
    #[error("the provider answered {0}")]
    Status(u16),
    /// It says that there is no such key, and still lists it.
    #[error("the key is said to be gone and is still listed")]
    StillListed,
    /// It has begun and goes on.
    #[error("the provider has not finished")]
    Unfinished,
}

impl ControlError {
    /// A place that does not exist, where the call was not about one key: a wrong project or address.
    pub(crate) fn no_such_place(self) -> Self {
        match self {
            Self::NotFound => {
                Self::Refused { status: 404, message: "there is nothing at this address".to_owned() }
            }
            other => other,
        }
    }

    /// Whether what was asked may have happened all the same.
    #[must_use]
    pub const fn may_have_happened(&self) -> bool {
        matches!(self, Self::Unknown(_) | Self::Shape(_))
    }
}
