//! What happens to an alert that others are told of.

use super::{Alert, AlertState};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What happened. One more of an open alert is no event, unless it is more severe than what came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertOccasion {
    /// It is new.
    Raised,
    /// It is more urgent than it was: something worse happened, or the meeting came near.
    Escalated,
    /// Somebody has it.
    Acknowledged,
    /// It is done.
    Resolved,
}

impl AlertOccasion {
    /// What it is that an alert came to this state by the word of a person.
    pub fn of(state: AlertState) -> Option<Self> {
        match state {
            AlertState::Open => None,
            AlertState::Acknowledged => Some(Self::Acknowledged),
            AlertState::Resolved => Some(Self::Resolved),
        }
    }

    /// Its name outside, as in `alert.raised`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raised => "alert.raised",
            Self::Escalated => "alert.escalated",
            Self::Acknowledged => "alert.acknowledged",
            Self::Resolved => "alert.resolved",
        }
    }
}

/// One of the events, which the archive numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertEvent {
    /// Its number: later ones have higher numbers.
    pub number: u64,
    /// What happened.
    pub occasion: AlertOccasion,
    /// When.
    pub at: DateTime<Utc>,
    /// The alert, as it is now.
    pub alert: Alert,
}
