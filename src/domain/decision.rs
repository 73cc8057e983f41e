//! The centre: `decide(message, dialog, now) -> Decision`. The flow loads, calls it, commits; nothing else decides.

mod automatic;
mod budget;
mod calendar;
mod delivery;
mod lift;
pub mod policy;
mod sealed;
mod sender;
mod target;
mod words;

use super::alert::{AlertDraft, AlertKind, Severity};
use super::attendance::{Delivery, Response};
use super::meeting::{Guest, Meeting};
use super::mime::InboundMail;
use super::occurrence::Instance;
use super::organizer::Organizer;
use super::relay::Relay;
use super::reply::{Classified, Context, Door, ReplyClass};
use super::suppression::{SuppressionCause, SuppressionChange};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

pub use budget::over_budget;
pub use lift::stopped;

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
    /// What may be sent to the guest from now on, where that changes.
    pub suppression: Option<SuppressionChange>,
    /// Terminal state.
    pub disposition: Disposition,
    /// Why, for people and the audit trail: short English sentences with masked addresses.
    pub reasons: Vec<String>,
}

/// A decision in the place of what could not go on.
type Instead = Box<Decision>;

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

impl Decision {
    fn new(disposition: Disposition, reason: impl Into<String>) -> Self {
        Self { attendance: Vec::new(), relay: Vec::new(), alerts: Vec::new(), suppression: None, disposition, reasons: vec![reason.into()] }
    }

    /// Waits for a person, who is told.
    fn held(kind: AlertKind, severity: Severity, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self::new(Disposition::Held, reason.clone()).alert(kind, severity, reason)
    }

    fn alert(mut self, kind: AlertKind, severity: Severity, evidence: impl Into<String>) -> Self {
        self.alerts.push(AlertDraft { kind, severity, evidence: evidence.into() });
        self
    }

    fn relay(mut self, relay: Relay) -> Self {
        self.relay.push(relay);
        self
    }

    fn change(mut self, change: AttendanceChange) -> Self {
        self.attendance.push(change);
        self
    }

    fn stop(mut self, cause: SuppressionCause) -> Self {
        self.suppression = Some(SuppressionChange::Stop(cause));
        self
    }

    fn because(mut self, reasons: impl IntoIterator<Item = String>) -> Self {
        self.reasons.extend(reasons);
        self
    }
}

/// A message in its dialog.
struct Case<'a> {
    mail: &'a InboundMail,
    classified: &'a Classified,
    dialog: &'a Dialog<'a>,
    context: &'a Context<'a>,
}

impl Case<'_> {
    /// The sender, as people may see it in logs and alerts.
    fn sender(&self) -> String {
        self.mail.author().map_or_else(|| "an unknown sender".to_owned(), |author| author.mailbox.masked())
    }

    /// Whether the message came to what guests answer to.
    fn is_from_guest_side(&self) -> bool {
        match self.context.door {
            Door::OrganizerAlias | Door::GuestBounce | Door::Assumed => true,
            Door::GuestAlias | Door::OrganizerBounce => false,
        }
    }

    /// Whether the meeting starts within `span` from now, or runs.
    fn is_near(&self, span: TimeDelta) -> bool {
        let next = self.occurrence_at(self.context.now);
        self.context.now >= next.starts_at - span && self.context.now < next.ends_at
    }

    /// What runs at `now` of what the guest is invited to, or comes next, or was the last.
    fn occurrence_at(&self, now: DateTime<Utc>) -> Instance {
        self.dialog.guest.view(self.dialog.meeting).occurrence_at(now).instance
    }
}

/// What follows from this message in this dialog, at `context.now`.
pub fn decide(mail: &InboundMail, classified: &Classified, dialog: &Dialog<'_>, context: &Context<'_>) -> Decision {
    let case = Case { mail, classified, dialog, context };
    let decision = judged(&case);
    lift::by_answer(&case, decision)
}

fn judged(case: &Case<'_>) -> Decision {
    match case.classified.class {
        ReplyClass::Duplicate => Decision::new(Disposition::Duplicate, "the same delivery was committed before"),
        ReplyClass::Loop => automatic::circling(case),
        ReplyClass::Virus => automatic::infected(case),
        ReplyClass::DeliveryStatus => delivery::report(case),
        ReplyClass::Backscatter => Decision::new(Disposition::Consumed, "a bounce of mail that never left under this address"),
        ReplyClass::ReadReceipt => Decision::new(Disposition::Consumed, "a read receipt says nothing of an answer"),
        ReplyClass::Complaint => automatic::complaint(case),
        ReplyClass::Sealed => sealed::of(case),
        ReplyClass::OrganizerAnswer => words::of_organizer(case),
        ReplyClass::ItipReply => calendar::reply(case),
        ReplyClass::ItipDelegation => calendar::delegation(case),
        ReplyClass::ItipCounter => calendar::counter(case),
        ReplyClass::ItipRefresh => calendar::refresh(case),
        ReplyClass::ItipRequest | ReplyClass::ItipCancel | ReplyClass::ItipOther => calendar::unexpected(case),
        ReplyClass::AutoReply => automatic::away(case),
        ReplyClass::Challenge => automatic::challenge(case),
        ReplyClass::Spam => Decision::held(AlertKind::Held, Severity::Info, format!("bulk mail from {} waits", case.sender())),
        ReplyClass::Forged => words::forged(case),
        ReplyClass::Stranger => words::stranger(case),
        ReplyClass::Expired => words::late(case),
        ReplyClass::Human => words::of_guest(case),
        ReplyClass::Unreadable => Decision::held(AlertKind::Held, Severity::Warning, "nothing could be made of a mail"),
    }
}
