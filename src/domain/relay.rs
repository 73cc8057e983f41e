//! What crosses the screen: each variant is one mail to build, none is ever an edited original.

use super::attendance::PartStat;
use chrono::{DateTime, Utc};

/// One mail that a decision calls for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relay {
    /// A REPLY in the organizer's own dialog.
    ReplyToOrganizer {
        /// The instance that is answered, by the instant of its RECURRENCE-ID; `None` for the whole.
        instance: Option<DateTime<Utc>>,
        /// The later instances too (RANGE=THISANDFUTURE).
        and_later: bool,
        /// The guest's answer.
        partstat: PartStat,
        /// Their words with it.
        comment: Option<String>,
    },
    /// A COUNTER in the organizer's own dialog.
    CounterToOrganizer {
        /// The instance that another time is proposed for; `None` for the whole.
        instance: Option<DateTime<Utc>>,
        /// Proposed start.
        starts_at: DateTime<Utc>,
        /// Proposed end.
        ends_at: DateTime<Utc>,
        /// Their words with it.
        comment: Option<String>,
    },
    /// The guest's words, under their reverse alias.
    WordsToOrganizer,
    /// A short note to the organizer that the guest is away.
    AwayToOrganizer,
    /// The organizer's words, rebuilt, under the organizer alias.
    WordsToGuest,
    /// The invitation again, to the known guest alone.
    InvitationToGuest,
}
