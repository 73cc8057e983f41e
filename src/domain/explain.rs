//! What would happen to a message, and why: the JSON contract of `paravent explain`. Nothing is sent or changed.

mod assumed;

use super::alert::AlertKind;
use super::attendance::{Answer, Response};
use super::authentication::Authentication;
use super::decision::{AttendanceChange, Decision, Dialog};
use super::itip::{CalendarObject, Method};
use super::mime::InboundMail;
use super::relay::Relay;
use super::reply::{AttachmentFact, Classified, DeliveryReport, ReplyClass, Suggestion};
use super::suppression::{SuppressionCause, SuppressionChange};
use chrono::{DateTime, Utc};
use serde::Serialize;

pub use assumed::content_only;

/// One line of `explain --json`.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The file, as the caller named it.
    pub file: String,
    /// Class.
    pub class: ReplyClass,
    /// METHOD of the sender's calendar object.
    pub method: Option<String>,
    /// Its UID.
    pub uid: Option<String>,
    /// Its SEQUENCE.
    pub sequence: Option<u32>,
    /// What it answers.
    pub answers: Vec<AnswerLine>,
    /// The delivery report.
    pub delivery: Option<DeliveryReport>,
    /// What the sender newly wrote.
    pub new_text: String,
    /// Attachments.
    pub attachments: Vec<AttachmentFact>,
    /// What the words may mean.
    pub suggestions: Vec<Suggestion>,
    /// Authenticity, as computed or assumed.
    pub authentication: Authentication,
    /// Why: of the class, then of the decision.
    pub reasons: Vec<String>,
    /// What would follow.
    pub would: Would,
}

/// One attendee's answer in a REPLY or COUNTER.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AnswerLine {
    /// RECURRENCE-ID as written; `None` for the whole event.
    pub recurrence_id: Option<String>,
    /// The calendar user address without `mailto:`.
    pub attendee: String,
    /// PARTSTAT as RFC 5545 writes it.
    pub partstat: &'static str,
}

/// What the decision would change, send and raise: closed lists of words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Would {
    /// Such as `response ACCEPTED`, `proposal`, `away`, `delivery undeliverable`, `stopped complaint`.
    pub attendance: Vec<String>,
    /// Such as `reply-to-organizer`.
    pub relay: Vec<&'static str>,
    /// Kinds of alerts.
    pub alerts: Vec<AlertKind>,
}

impl Explanation {
    /// Puts together what is known of a message.
    pub fn of(file: &str, classified: &Classified, decision: &Decision, dialog: &Dialog<'_>, authentication: &Authentication) -> Self {
        let object = classified.calendar.as_ref();
        let main = object.and_then(CalendarObject::main_event);
        Self {
            file: file.to_owned(),
            class: classified.class,
            method: object.and_then(|object| object.method.as_ref()).map(|method| method.as_str().to_owned()),
            uid: main.map(|event| event.uid.clone()).filter(|uid| !uid.is_empty()),
            sequence: main.map(|event| event.sequence),
            answers: object.map(answers).unwrap_or_default(),
            delivery: classified.delivery.clone(),
            new_text: classified.new_text.clone(),
            attachments: classified.attachments.clone(),
            suggestions: classified.suggestions.clone(),
            authentication: authentication.clone(),
            reasons: classified.reasons.iter().chain(&decision.reasons).cloned().collect(),
            would: Would::of(decision, &dialog.guest.attendance.response),
        }
    }

    /// A file that could not even be opened is a line too.
    pub fn unreadable(file: &str, reason: &str) -> Self {
        Self {
            file: file.to_owned(),
            class: ReplyClass::Unreadable,
            method: None,
            uid: None,
            sequence: None,
            answers: Vec::new(),
            delivery: None,
            new_text: String::new(),
            attachments: Vec::new(),
            suggestions: Vec::new(),
            authentication: Authentication::default(),
            reasons: vec![reason.to_owned()],
            would: Would { attendance: Vec::new(), relay: Vec::new(), alerts: Vec::new() },
        }
    }
}

fn answers(object: &CalendarObject) -> Vec<AnswerLine> {
    match object.method {
        Some(Method::Reply | Method::Counter) => {}
        Some(
            Method::Publish | Method::Request | Method::Add | Method::Cancel | Method::Refresh | Method::DeclineCounter | Method::Other(_),
        )
        | None => return Vec::new(),
    }
    let lines = object.events.iter().flat_map(|event| {
        event.attendees.iter().map(|attendee| AnswerLine {
            recurrence_id: event.recurrence_id.clone(),
            attendee: attendee.address.clone(),
            partstat: attendee.partstat.as_str(),
        })
    });
    lines.collect()
}

impl Would {
    /// The decision's effects on an attendance that was `before`.
    pub fn of(decision: &Decision, before: &Response) -> Self {
        Self {
            attendance: decision.attendance.iter().map(|change| change_name(change, before)).chain(stop_name(decision)).collect(),
            relay: decision.relay.iter().map(relay_name).collect(),
            alerts: decision.alerts.iter().map(|alert| alert.kind).collect(),
        }
    }
}

/// That nothing more is sent to the guest. What lifts that changes nothing where nothing was stopped, and is not named.
fn stop_name(decision: &Decision) -> Option<String> {
    match decision.suppression {
        Some(SuppressionChange::Stop(SuppressionCause::Complaint)) => Some("stopped complaint".to_owned()),
        Some(SuppressionChange::Stop(SuppressionCause::NoSuchUser)) => Some("stopped no-such-user".to_owned()),
        Some(SuppressionChange::Stop(SuppressionCause::Operator) | SuppressionChange::Lift) | None => None,
    }
}

fn change_name(change: &AttendanceChange, before: &Response) -> String {
    match change {
        AttendanceChange::Delivery(delivery) => {
            let name = serde_json::to_value(delivery).ok().and_then(|value| value.as_str().map(str::to_owned));
            format!("delivery {}", name.unwrap_or_default())
        }
        AttendanceChange::Response(after) => response_names(after, before).join(", "),
    }
}

/// What of the response track changed: of the whole, and of instances.
fn response_names(after: &Response, before: &Response) -> Vec<String> {
    let whole = std::iter::once((None, &after.whole));
    let instances = after.instances.iter().map(|(id, answer)| (Some(*id), answer));
    let changed = whole.chain(instances).filter(|(target, answer)| before.own(*target) != Some(*answer));
    let name = |(target, answer): (Option<DateTime<Utc>>, &Answer)| {
        let old = before.own(target);
        let what = match () {
            () if old.is_none_or(|old| answer.received_at != old.received_at) => format!("response {}", answer.partstat.as_str()),
            () => "proposal".to_owned(),
        };
        target.map_or(what.clone(), |id| format!("{what} to {}", id.format("%Y-%m-%dT%H:%M:%SZ")))
    };
    let away = (after.away_since != before.away_since).then(|| "away".to_owned());
    changed.map(name).chain(away).collect()
}

fn relay_name(relay: &Relay) -> &'static str {
    match relay {
        Relay::ReplyToOrganizer { .. } => "reply-to-organizer",
        Relay::CounterToOrganizer { .. } => "counter-to-organizer",
        Relay::WordsToOrganizer => "words-to-organizer",
        Relay::AwayToOrganizer => "away-to-organizer",
        Relay::WordsToGuest => "words-to-guest",
        Relay::DeclineToGuest { .. } => "decline-to-guest",
        Relay::InvitationToGuest => "invitation-to-guest",
        Relay::LateToGuest => "late-to-guest",
        Relay::StoppedToOrganizer => "stopped-to-organizer",
        Relay::SealedToGuest => "sealed-to-guest",
        Relay::UnreadableToOrganizer => "unreadable-to-organizer",
        Relay::SealedToOrganizer => "sealed-to-organizer",
    }
}

/// The message of a bare calendar file.
fn of_calendar(bytes: &[u8]) -> InboundMail {
    let calendar = super::mime::CalendarPart { bytes: bytes.to_vec(), method: None, embedded: false };
    InboundMail { calendars: vec![calendar], content_type: "text/calendar".to_owned(), ..InboundMail::default() }
}
