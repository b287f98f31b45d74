//! What may be done through an admin API.

use super::settings::Control;
use serde::Serialize;

/// What an admin API can do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Abilities {
    /// Makes keys. Without it a person makes them, and pastes the value.
    pub create: bool,
    /// Lists keys.
    pub list: bool,
    /// Switches a key off and on again.
    pub disable: bool,
    /// Deletes a key for good.
    pub delete: bool,
    /// Tells the value of a key again later.
    pub reread: bool,
    /// Making a key with the same tag twice leaves one key, and tells its value.
    pub idempotent: bool,
    /// Says when a key was last used.
    pub last_used: bool,
    /// A new key may be refused for a while before it is taken everywhere: several probes in a row are needed.
    pub settles: bool,
}

impl Control {
    /// What may be done with these settings.
    #[must_use]
    pub fn abilities(&self) -> Abilities {
        let none = Abilities::default();
        match self {
            Self::Openai(_) | Self::OpenaiAdmin(_) => {
                Abilities { create: true, list: true, delete: true, last_used: true, ..none }
            }
            Self::AwsIam(_) => Abilities {
                create: true,
                list: true,
                disable: true,
                delete: true,
                last_used: true,
                settles: true,
                ..none
            },
            Self::BedrockApiKey(_) => {
                Abilities { create: true, list: true, disable: true, delete: true, settles: true, ..none }
            }
            Self::Google(_) => Abilities {
                create: true,
                list: true,
                delete: true,
                reread: true,
                idempotent: true,
                settles: true,
                ..none
            },
            Self::Azure(_) => {
                Abilities { create: true, list: true, delete: true, reread: true, idempotent: true, ..none }
            }
            Self::Openrouter(_) => {
                Abilities { create: true, list: true, disable: true, delete: true, ..none }
            }
            Self::Anthropic(_) => Abilities { list: true, disable: true, delete: true, ..none },
            Self::Template(template) => template.abilities(),
            Self::Manual => none,
        }
    }
}
