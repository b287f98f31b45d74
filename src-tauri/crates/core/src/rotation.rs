//! The words of key rotation: what a version of a key is, where a rotation stands, and why it was begun.

/// Words with one spelling in the store and on the wire.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $word:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum $name {
            $($(#[$word_doc])* $word,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$word,)*];

            /// The word in the store and on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$word => $text,)*
                }
            }

            /// The one a word stands for.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == word)
            }
        }
    };
}

words!(/// What a version of a provider key is.
VersionState {
    /// Here, and not in use yet.
    Pending = "pending",
    /// Calls go out with it.
    Current = "current",
    /// Replaced, and still there for calls that the new one is refused for.
    Grace = "grace",
    /// Not used any more, and not deleted yet.
    Disabled = "disabled",
    /// Over: the key is shredded here.
    Revoked = "revoked",
    /// There is such a key at the provider that was made for us, and nobody knows it.
    Orphan = "orphan",
    /// There is such a key at the provider that is not ours.
    Foreign = "foreign",
    /// What is kept of it does not open.
    Lost = "lost",
});

words!(/// Where a rotation stands.
RotationState {
    /// It is to happen.
    Planned = "planned",
    /// The provider's keys are about to be listed.
    Intent = "intent",
    /// A new key was, or is about to be, asked for: nobody knows whether there is one.
    Minting = "minting",
    /// The new key is here, sealed.
    Minted = "minted",
    /// The new key is tried.
    Probing = "probing",
    /// The new key is in use.
    Promoted = "promoted",
    /// The old key is kept for calls that the new one is refused for.
    Draining = "draining",
    /// The old key is about to be disabled at the provider.
    Disabling = "disabling",
    /// The old key is not used, and could still come back.
    Soaking = "soaking",
    /// The old key is about to be deleted at the provider.
    Revoking = "revoking",
    /// Over.
    Done = "done",
    /// A person must do something at the provider.
    AwaitingOperator = "awaiting_operator",
    /// The new key was no good: the old one serves, and the new one is cleared away.
    RolledBack = "rolled_back",
    /// It cannot go on by itself.
    NeedsAttention = "needs_attention",
});

words!(/// Why a rotation was begun.
RotationCause {
    /// The key is as old as the policy lets it be.
    Schedule = "schedule",
    /// Somebody asked for it.
    Force = "force",
    /// The key is known to others: the old one ends at once.
    Compromised = "compromised",
    /// The provider will end the key by itself.
    Expiry = "expiry",
});

impl VersionState {
    /// Whether the key is kept, sealed.
    #[must_use]
    pub const fn is_kept(self) -> bool {
        matches!(self, Self::Pending | Self::Current | Self::Grace | Self::Disabled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for state in RotationState::ALL {
            assert_eq!(RotationState::parse(state.as_str()), Some(*state));
        }
        for state in VersionState::ALL {
            assert_eq!(VersionState::parse(state.as_str()), Some(*state));
        }
        assert_eq!(RotationCause::parse("whim"), None);
    }
}
