//! A meeting's message in TNEF as an iCalendar object (MS-OXCICAL §2.1.3; MS-OXOCAL for what the properties mean).

use super::identity::{self, Identity};
use super::property::Properties;
use super::user::{self, Recipient};
use super::{TnefMessage, tags};
use crate::domain::address::{Mailbox, NamedMailbox};
use crate::domain::attendance::PartStat;
use crate::domain::itip::Method;
use crate::domain::itip::translate::mailto;
use crate::domain::itip::tree::{Component, Property};
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

/// Who made the object: it is ours, from Outlook's values.
const PRODID: &str = "-//Paravent//TNEF//EN";
/// Longest text that is taken over, in characters.
const TEXT_MAX: usize = 20_000;
/// Below this line stand the sender's words, above it when and where the meeting is.
const STARS: &str = "*~*~*~*~*~*~*~*~*~*";
/// Lines within which it stands.
const STARS_WITHIN: usize = 40;

/// What the mail around the TNEF says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// Its author, where there is exactly one.
    pub from: Option<&'a NamedMailbox>,
    /// To and Cc.
    pub recipients: &'a [NamedMailbox],
    /// Date.
    pub date: Option<DateTime<Utc>>,
    /// Its plain text.
    pub text: &'a str,
}

/// A meeting's message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meeting {
    /// REQUEST, CANCEL, REPLY or COUNTER.
    pub method: Method,
    /// The VCALENDAR.
    pub object: Component,
}

/// Why there is no iCalendar object of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untold {
    /// A letter, or another kind of item.
    #[error("the message in the TNEF is no meeting")]
    NoMeeting,
    /// A meeting's message that is neither request, cancellation nor answer.
    #[error("the TNEF holds a message of a meeting that iCalendar has no word for")]
    OtherMeeting,
    /// Attribute and property name different classes.
    #[error("the TNEF says two different things of the meeting")]
    Contradiction,
    /// No GlobalObjectId.
    #[error("the TNEF doesn't say which meeting it speaks of")]
    NoIdentity,
}

/// What the message class says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Request,
    Cancellation,
    Answer(PartStat),
}

/// Message classes in the new and the old spelling (MS-OXOCAL §2.2.4 and on, MS-OXTNEF §2.1.3.3.4), in lower case.
const CLASSES: [(&str, Kind); 10] = [
    ("ipm.schedule.meeting.request", Kind::Request),
    ("ipm.schedule.meeting.canceled", Kind::Cancellation),
    ("ipm.schedule.meeting.resp.pos", Kind::Answer(PartStat::Accepted)),
    ("ipm.schedule.meeting.resp.neg", Kind::Answer(PartStat::Declined)),
    ("ipm.schedule.meeting.resp.tent", Kind::Answer(PartStat::Tentative)),
    ("ipm.microsoft schedule.mtgreq", Kind::Request),
    ("ipm.microsoft schedule.mtgcncl", Kind::Cancellation),
    ("ipm.microsoft schedule.mtgrespp", Kind::Answer(PartStat::Accepted)),
    ("ipm.microsoft schedule.mtgrespn", Kind::Answer(PartStat::Declined)),
    ("ipm.microsoft schedule.mtgrespa", Kind::Answer(PartStat::Tentative)),
];
/// How the classes of all of a meeting's messages begin.
const MEETINGS: [&str; 2] = ["ipm.schedule.meeting", "ipm.microsoft schedule."];

pub(super) fn of(message: &TnefMessage<'_>, beside: &Beside<'_>) -> Result<Meeting, Untold> {
    let kind = kind(message)?;
    let properties = &message.properties;
    let identity = identity(properties).ok_or(Untold::NoIdentity)?;
    let is_counter = matches!(kind, Kind::Answer(_)) && properties.number(&tags::COUNTER_PROPOSAL) == Some(1);
    let method = match kind {
        Kind::Request => Method::Request,
        Kind::Cancellation => Method::Cancel,
        Kind::Answer(_) if is_counter => Method::Counter,
        Kind::Answer(_) => Method::Reply,
    };
    let mut event = Component::new("VEVENT");
    let mut put = |property: Property| event.properties.push(property);
    put(Property::text("UID", &identity.uid));
    recurrence(properties, &identity).into_iter().for_each(&mut put);
    put(Property::new("SEQUENCE", properties.number(&tags::APPOINTMENT_SEQUENCE).unwrap_or_default().max(0).to_string()));
    stamp(message, kind, beside).map(|stamp| utc("DTSTAMP", stamp)).into_iter().for_each(&mut put);
    times(message, is_counter).into_iter().for_each(&mut put);
    texts(message).into_iter().for_each(&mut put);
    match kind {
        Kind::Request | Kind::Cancellation => convening(message, kind, beside),
        Kind::Answer(partstat) => answering(message, partstat, beside),
    }
    .into_iter()
    .for_each(&mut put);
    Ok(Meeting { object: calendar(&method, event), method })
}

fn calendar(method: &Method, event: Component) -> Component {
    let mut calendar = Component::new("VCALENDAR");
    calendar.properties = vec![Property::new("PRODID", PRODID), Property::new("VERSION", "2.0"), Property::new("METHOD", method.as_str())];
    calendar.components.push(event);
    calendar
}

fn kind(message: &TnefMessage<'_>) -> Result<Kind, Untold> {
    let declared = message.properties.text(&tags::MESSAGE_CLASS);
    let classes: Vec<String> =
        [message.class.as_ref(), declared.as_ref()].into_iter().flatten().map(|class| class.to_lowercase()).collect();
    let is_meeting = |class: &String| MEETINGS.iter().any(|meeting| class.starts_with(meeting));
    let kinds: Vec<Option<Kind>> = classes.iter().map(|class| kind_of(class)).collect();
    match kinds.as_slice() {
        _ if !classes.iter().any(is_meeting) => Err(Untold::NoMeeting),
        [Some(one), Some(other)] if one != other => Err(Untold::Contradiction),
        [Some(kind)] | [Some(kind), _] | [None, Some(kind)] => Ok(*kind),
        _ => Err(Untold::OtherMeeting),
    }
}

/// A class, or one that somebody's form derived from it.
fn kind_of(class: &str) -> Option<Kind> {
    let is = |known: &str| class.strip_prefix(known).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    CLASSES.iter().find(|(known, _)| is(known)).map(|(_, kind)| *kind)
}

/// The identifier; the clean one has no day, and is all that some programs send.
fn identity(properties: &Properties<'_>) -> Option<Identity> {
    [tags::GLOBAL_OBJECT_ID, tags::CLEAN_GLOBAL_OBJECT_ID].iter().find_map(|key| identity::read(properties.bytes(key)?))
}

/// The instance that is meant (RFC 5545 §3.8.4.4): its original instant where that is known, else its day. A whole series gets an
/// RRULE that is none, so that it passes for no single event: its own is not read.
fn recurrence(properties: &Properties<'_>, identity: &Identity) -> Option<Property> {
    let is_series = [tags::RECURRING, tags::IS_RECURRING].iter().any(|key| properties.number(key) == Some(1));
    match (identity.day, properties.time(&tags::EXCEPTION_REPLACE_TIME)) {
        (Some(_), Some(instant)) => Some(utc("RECURRENCE-ID", instant)),
        (Some(day), None) => Some(Property::new("RECURRENCE-ID", day.format("%Y%m%d").to_string()).with("VALUE", "DATE")),
        (None, _) if is_series || properties.bytes(&tags::RECURRENCE).is_some_and(|rule| !rule.is_empty()) => {
            Some(Property::new("RRULE", "winmail.dat"))
        }
        (None, _) => None,
    }
}

/// When it was written (MS-OXCICAL §2.1.3.1.1.20.8): the attendee's last change in an answer, else the organizer's.
fn stamp(message: &TnefMessage<'_>, kind: Kind, beside: &Beside<'_>) -> Option<DateTime<Utc>> {
    let change = match kind {
        Kind::Request | Kind::Cancellation => tags::OWNER_CRITICAL_CHANGE,
        Kind::Answer(_) => tags::ATTENDEE_CRITICAL_CHANGE,
    };
    let properties = &message.properties;
    properties.time(&change).or_else(|| properties.time(&tags::CLIENT_SUBMIT_TIME)).or(beside.date)
}

/// DTSTART and DTEND: those proposed in a counter-proposal, with the original ones beside them as Outlook writes them.
fn times(message: &TnefMessage<'_>, is_counter: bool) -> Vec<Property> {
    let properties = &message.properties;
    let minutes = |key| properties.number(key).and_then(TimeDelta::try_minutes).filter(|length| *length >= TimeDelta::zero());
    let end = |start: Option<DateTime<Utc>>, key, length| {
        properties.time(key).or_else(|| start.and_then(|start| start.checked_add_signed(minutes(length)?)))
    };
    let start = properties.time(&tags::START_WHOLE);
    let end_of_original = end(start, &tags::END_WHOLE, &tags::DURATION);
    if is_counter {
        let proposed = properties.time(&tags::PROPOSED_START_WHOLE);
        let until = end(proposed, &tags::PROPOSED_END_WHOLE, &tags::PROPOSED_DURATION);
        return [("DTSTART", proposed), ("DTEND", until), ("X-MS-OLK-ORIGINALSTART", start), ("X-MS-OLK-ORIGINALEND", end_of_original)]
            .into_iter()
            .filter_map(|(name, time)| time.map(|time| utc(name, time)))
            .collect();
    }
    let is_whole_days = properties.number(&tags::SUB_TYPE) == Some(1);
    let Some(start) = start else {
        return [("DTSTART", message.starts), ("DTEND", message.ends)].into_iter().filter_map(floating).collect();
    };
    let write = |name: &str, time: DateTime<Utc>| if is_whole_days { day(name, time) } else { utc(name, time) };
    std::iter::once(write("DTSTART", start)).chain(end_of_original.map(|end| write("DTEND", end))).collect()
}

fn utc(name: &str, instant: DateTime<Utc>) -> Property {
    Property::new(name, instant.format("%Y%m%dT%H%M%SZ").to_string())
}

/// A clock without a zone: all that the oldest programs send.
fn floating((name, time): (&str, Option<NaiveDateTime>)) -> Option<Property> {
    time.map(|time| Property::new(name, time.format("%Y%m%dT%H%M%S").to_string()))
}

/// A whole day is written as midnight of the sender's zone, in UTC: noon after it lies within the day for all zones up to twelve
/// hours from UTC.
fn day(name: &str, midnight: DateTime<Utc>) -> Property {
    let noon = midnight.checked_add_signed(TimeDelta::hours(12)).unwrap_or(midnight);
    Property::new(name, noon.format("%Y%m%d").to_string()).with("VALUE", "DATE")
}

fn texts(message: &TnefMessage<'_>) -> Vec<Property> {
    let properties = &message.properties;
    let text = |keys: &[_]| keys.iter().find_map(|key| properties.text(key));
    let summary = text(&[tags::NORMALIZED_SUBJECT, tags::SUBJECT]).or_else(|| message.subject.clone());
    let location = text(&[tags::LOCATION, tags::WHERE]);
    let lines = [("SUMMARY", summary), ("LOCATION", location)];
    lines.into_iter().filter_map(|(name, text)| text.map(|text| Property::text(name, &shortened(&text)))).collect()
}

/// ORGANIZER, one ATTENDEE with the answer, and what they write with it.
fn answering(message: &TnefMessage<'_>, partstat: PartStat, beside: &Beside<'_>) -> Vec<Property> {
    let sender = user::sender(message, beside);
    let organizer = user::organizer_of_answer(message).map(|organizer| person("ORGANIZER", &organizer, None));
    let attendee = sender.principal.map(|attendee| person("ATTENDEE", &attendee, sender.by.as_ref()).with("PARTSTAT", partstat.as_str()));
    let words = words(message).or_else(|| Some(own_words(beside.text)).filter(|words| !words.is_empty()));
    let comment = words.map(|words| Property::text("COMMENT", &shortened(&words)));
    organizer.into_iter().chain(attendee).chain(comment).collect()
}

/// ORGANIZER, everybody who is invited, and what the organizer writes.
fn convening(message: &TnefMessage<'_>, kind: Kind, beside: &Beside<'_>) -> Vec<Property> {
    let sender = user::sender(message, beside);
    let organizer = sender.principal.as_ref().map(|organizer| person("ORGANIZER", organizer, sender.by.as_ref()));
    let properties = &message.properties;
    let wants_answer = properties.number(&tags::RESPONSE_REQUESTED).map(|asked| asked != 0).or(message.wants_answer).unwrap_or(true);
    let attendees = user::invited(message, sender.principal.as_ref(), beside).into_iter().map(|one| invited(&one, wants_answer));
    let description = words(message).map(|words| Property::text("DESCRIPTION", &shortened(&words)));
    let status = (kind == Kind::Cancellation).then(|| Property::new("STATUS", "CANCELLED"));
    organizer.into_iter().chain(attendees).chain(description).chain(status).collect()
}

fn invited(recipient: &Recipient, wants_answer: bool) -> Property {
    let (cutype, role) = match recipient.kind {
        3 => ("RESOURCE", "NON-PARTICIPANT"),
        2 => ("INDIVIDUAL", "OPT-PARTICIPANT"),
        _ => ("INDIVIDUAL", "REQ-PARTICIPANT"),
    };
    let attendee = person("ATTENDEE", &recipient.named, None).with("CUTYPE", cutype).with("ROLE", role);
    attendee.with("PARTSTAT", "NEEDS-ACTION").with("RSVP", if wants_answer { "TRUE" } else { "FALSE" })
}

fn person(name: &str, named: &NamedMailbox, sent_by: Option<&Mailbox>) -> Property {
    let mut property = Property::new(name, mailto(&named.mailbox));
    if let Some(name) = &named.name {
        property = property.with("CN", name);
    }
    match sent_by {
        Some(by) => property.with("SENT-BY", &mailto(by)),
        None => property,
    }
}

fn words(message: &TnefMessage<'_>) -> Option<String> {
    message.text().map(|text| own_words(&text)).filter(|words| !words.is_empty())
}

/// What stands below the stars, where Outlook sets them; else all of it.
fn own_words(text: &str) -> String {
    let stars = text.lines().take(STARS_WITHIN).position(|line| line.trim() == STARS);
    text.lines().skip(stars.map_or(0, |at| at + 1)).collect::<Vec<_>>().join("\n").trim().to_owned()
}

fn shortened(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}
