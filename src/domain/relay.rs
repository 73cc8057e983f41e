//! What crosses the screen: each variant is one mail to build, none is ever an edited original.

use super::address::NamedMailbox;
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
        /// Whom they want to send instead.
        delegated_to: Option<NamedMailbox>,
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
    /// A DECLINECOUNTER in the guest's own dialog, with the organizer's words.
    DeclineToGuest {
        /// The instance that another time was proposed for; `None` for the whole.
        instance: Option<DateTime<Utc>>,
        /// What the guest had proposed: start and end.
        proposed: (DateTime<Utc>, DateTime<Utc>),
        /// What the organizer wrote in the calendar object.
        comment: Option<String>,
    },
    /// The invitation again, to the known guest alone.
    InvitationToGuest,
    /// A notice to the guest that their words came too late (RFC 3834), once a day at most.
    LateToGuest,
    /// A note to the organizer that nothing is sent to this guest any more.
    StoppedToOrganizer,
    /// To the guest: their encrypted mail can't be read here.
    SealedToGuest,
    /// To the organizer: a guest wrote something that can't be read.
    UnreadableToOrganizer,
    /// To the organizer: their encrypted mail can't be read here.
    SealedToOrganizer,
}
