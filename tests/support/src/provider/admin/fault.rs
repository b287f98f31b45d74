//! What can go wrong with a call of the admin API.

/// Which call something is scripted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Any that changes something.
    Change,
    /// One that makes a key.
    Create,
    /// One that deletes a key.
    Delete,
    /// One that switches a key off or on.
    Switch,
    /// One that lists keys.
    List,
    /// One that imports bills.
    Bill,
}

impl Step {
    pub(super) fn is_met_by(self, other: Self) -> bool {
        self == other || (self == Self::Change && !matches!(other, Self::List | Self::Bill))
    }
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdminFault {
    /// It happens, and no answer comes.
    HangAfter,
    /// It does not happen, and no answer comes.
    HangBefore,
    /// It happens, and the connection breaks within the answer.
    CutAfter,
    /// It does not happen: too many calls, come again in so many seconds.
    Limited(u64),
    /// It does not happen, and the answer is this status.
    StatusBefore(u16),
    /// It happens, and the answer is this status.
    StatusAfter(u16),
    /// It does not happen: the answer leads to another host.
    Redirect,
    /// It does not happen: the admin key is refused, and said back.
    Echo,
    /// It happens, and the answer is a page for people.
    WebPage,
    /// It happens, and the answer is JSON of a shape nobody knows.
    OtherShape,
}

impl AdminFault {
    /// Whether what was asked happens.
    pub(super) const fn happens(self) -> bool {
        matches!(
            self,
            Self::HangAfter | Self::CutAfter | Self::StatusAfter(_) | Self::WebPage | Self::OtherShape
        )
    }
}
