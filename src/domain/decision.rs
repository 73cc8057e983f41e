//! The centre: `decide(message, dialog, now) -> Decision`. The flow loads, calls it, commits; nothing else decides.

use super::alert::AlertDraft;
use super::attendance::{Delivery, Response};
use super::meeting::{Guest, Meeting};
use super::mime::InboundMail;
use super::organizer::Organizer;
use super::relay::Relay;
use super::reply::{Classified, Context};
use serde::{Deserialize, Serialize};

/// The one terminal state of every accepted message; the archive keeps it, `reconcile` counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Disposition {
    /// Attendance changed (and, mostly, the organizer was told).
    Applied,
    /// Passed on, nothing else.
    Relayed,
    /// Waits for a person.
    Held,
    /// Understood, recorded, and needs nothing more.
    Consumed,
    /// Answered with an explanation, and not carried out.
    Refused,
    /// Seen before.
    Duplicate,
}

/// A change of one of the guest's tracks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttendanceChange {
    /// The whole response track, as it is afterwards.
    Response(Response),
    /// The delivery track.
    Delivery(Delivery),
}

/// What follows from a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Changes of the guest's tracks.
    pub attendance: Vec<AttendanceChange>,
    /// Mails to build.
    pub relay: Vec<Relay>,
    /// Alerts to raise.
    pub alerts: Vec<AlertDraft>,
    /// Terminal state.
    pub disposition: Disposition,
    /// Why, for people and the audit trail: short English sentences with masked addresses.
    pub reasons: Vec<String>,
}

/// The dialog that a token names.
#[derive(Clone, Copy, Debug)]
pub struct Dialog<'a> {
    /// The meeting.
    pub meeting: &'a Meeting,
    /// The guest.
    pub guest: &'a Guest,
    /// The organizer.
    pub organizer: &'a Organizer,
}

/// What follows from this message in this dialog, at `context.now`.
pub fn decide(_mail: &InboundMail, _classified: &Classified, _dialog: &Dialog<'_>, _context: &Context<'_>) -> Decision {
    Decision { attendance: Vec::new(), relay: Vec::new(), alerts: Vec::new(), disposition: Disposition::Held, reasons: Vec::new() }
}
