//! Any other admin API, described request by request.

use super::abilities::Abilities;
use super::settings::SettingError;
use serde::{Deserialize, Serialize};

/// Requests by what they do. Hosts that are not named are never called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Hosts that may be called.
    pub hosts: Vec<String>,
}

impl Template {
    pub(super) fn abilities(&self) -> Abilities {
        Abilities::default()
    }

    pub(super) fn check(&self) -> Result<(), SettingError> {
        if self.hosts.is_empty() { Err(SettingError::Template("hosts")) } else { Ok(()) }
    }
}
