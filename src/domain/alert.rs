//! What the helpdesk must hear. A closed list of kinds; repeated ones are one alert with a count.

mod action;
pub mod escalation;
mod event;

use super::id::{AlertId, GuestId, MeetingId, ReceivedId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use action::AlertAction;
pub use event::{AlertEvent, AlertOccasion};

/// The closed list of kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertKind {
    /// Mail to a guest failed for good.
    GuestUndeliverable,
    /// Mail to a guest is late.
    GuestDelayed,
    /// Mail to an organizer failed for good.
    OrganizerUndeliverable,
    /// Somebody else has a guest's alias.
    Stranger,
    /// A reply pretends to be a guest's or organizer's.
    Forged,
    /// A guest is away while the meeting is near.
    GuestAway,
    /// A guest cannot connect.
    CannotConnect,
    /// A guest asks for what only people can do: a call, or to be written to no more; or says that they are the wrong person.
    GuestAsks,
    /// A challenge asks for a human.
    Challenge,
    /// An abuse report came.
    Complaint,
    /// A mail circles.
    Loop,
    /// More mail came than a budget allows, or a burst of mail to addresses that don't exist.
    Flood,
    /// A virus was found.
    Virus,
    /// A mail waits for a decision.
    Held,
    /// Mail bound for a guest would have shown the organizer.
    Leak,
    /// A guest wants to send somebody else.
    Delegation,
    /// A calendar object came that does not fit its token.
    UnexpectedCalendar,
    /// A guest sent a file of a kind that is not passed on.
    BlockedAttachment,
    /// A guest's link is used from more places than one person is at.
    SharedLink,
}

impl AlertKind {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::GuestUndeliverable,
        Self::GuestDelayed,
        Self::OrganizerUndeliverable,
        Self::Stranger,
        Self::Forged,
        Self::GuestAway,
        Self::CannotConnect,
        Self::GuestAsks,
        Self::Challenge,
        Self::Complaint,
        Self::Loop,
        Self::Flood,
        Self::Virus,
        Self::Held,
        Self::Leak,
        Self::Delegation,
        Self::UnexpectedCalendar,
        Self::BlockedAttachment,
        Self::SharedLink,
    ];
}

/// How urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// To know.
    Info,
    /// To look at.
    Warning,
    /// To act on now.
    High,
}

/// Where the alert is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertState {
    /// Nobody has looked.
    #[default]
    Open,
    /// Somebody has it.
    Acknowledged,
    /// Done.
    Resolved,
}

/// An alert before it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertDraft {
    /// Kind.
    pub kind: AlertKind,
    /// Severity.
    pub severity: Severity,
    /// One English sentence of evidence with masked addresses.
    pub evidence: String,
}

/// An alert as kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Key.
    pub id: AlertId,
    /// Kind.
    pub kind: AlertKind,
    /// Severity.
    pub severity: Severity,
    /// State.
    pub state: AlertState,
    /// Alerts of one key are one while they are open: `kind/guest`, or `kind/…` with what else tells them apart.
    pub key: String,
    /// The meeting, if any.
    pub meeting: Option<MeetingId>,
    /// The guest, if any.
    pub guest: Option<GuestId>,
    /// The newest message that it is about, if any.
    pub received: Option<ReceivedId>,
    /// How often it was told again because nobody took it and the meeting came near.
    pub escalated: u8,
    /// Newest evidence.
    pub evidence: String,
    /// How often it happened.
    pub count: u32,
    /// First time.
    pub opened_at: DateTime<Utc>,
    /// Last time.
    pub last_at: DateTime<Utc>,
}
