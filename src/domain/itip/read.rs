//! The typed view of a calendar object.

use super::parse::{CalendarLimits, parse};
use super::time::{Zones, parse_duration};
use super::tree::{Component, Property, unescape_text};
use super::user::{attendee, mailbox};
use super::{CalendarObject, Event, EventTime, Method, Recurs};
use crate::domain::mime::{charset, transfer};
use chrono::{DateTime, Utc};

/// Most values of the RDATEs, and of the EXDATEs, of one event.
const LISTED_MAX: usize = 5_000;

/// Why bytes are no calendar object. The text names what and where, never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// No BEGIN:VCALENDAR.
    #[error("no VCALENDAR in it")]
    NotACalendar,
    /// Over a limit.
    #[error("the calendar object is too large: {0}")]
    TooLarge(&'static str),
    /// BEGIN and END do not pair, or a line cannot be one.
    #[error("line {line}: {what}")]
    Broken {
        /// Unfolded line number, from 1.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
}

/// Reads one iCalendar object from bytes of any charset lie, folding and line ending that real clients write,
/// within the default limits.
pub fn read(bytes: &[u8]) -> Result<CalendarObject, CalendarError> {
    read_within(bytes, &CalendarLimits::default())
}

/// Reads one iCalendar object within these limits.
pub fn read_within(bytes: &[u8], limits: &CalendarLimits) -> Result<CalendarObject, CalendarError> {
    let (tree, defects) = parse(bytes, limits)?;
    Ok(typed(tree, defects))
}

/// The typed view of a tree.
pub(super) fn typed(tree: Component, mut defects: Vec<String>) -> CalendarObject {
    let zones = Zones::of(&tree);
    let events = tree.components_named("VEVENT").map(|component| event(component, &zones, &mut defects)).collect();
    let others = tree.components.iter().map(|c| c.name.clone()).filter(|name| name != "VEVENT" && name != "VTIMEZONE").collect();
    let word = |name: &str| tree.property(name).map(|p| p.value.trim()).filter(|value| !value.is_empty());
    CalendarObject { method: word("METHOD").map(Method::parse), prodid: word("PRODID").map(str::to_owned), events, others, defects, tree }
}

fn event(component: &Component, zones: &Zones, defects: &mut Vec<String>) -> Event {
    let text = |name: &str| component.property(name).map(plain_text);
    let time = |name: &str| component.property(name).and_then(|property| zones.time(property));
    let start = time("DTSTART");
    let recurrence = component.property("RECURRENCE-ID").filter(|property| !property.value.trim().is_empty());
    if component.properties_named("STATUS").count() > 1 {
        defects.push("STATUS more than once: the first counts".to_owned());
    }
    Event {
        uid: text("UID").map(|uid| uid.trim().to_owned()).unwrap_or_default(),
        recurrence_id: recurrence.map(|property| property.value.trim().to_owned()),
        recurrence_time: recurrence.and_then(|property| zones.time(property)),
        is_this_and_future: recurrence
            .and_then(|property| property.parameter("RANGE"))
            .is_some_and(|range| range.eq_ignore_ascii_case("THISANDFUTURE")),
        sequence: sequence(component, defects),
        dtstamp: time("DTSTAMP").and_then(stamp),
        summary: text("SUMMARY"),
        description: text("DESCRIPTION"),
        location: text("LOCATION"),
        comments: component.properties_named("COMMENT").map(plain_text).collect(),
        end: end(component, start.as_ref(), zones),
        start,
        organizer: component.property("ORGANIZER").and_then(mailbox),
        attendees: component.properties_named("ATTENDEE").map(attendee).collect(),
        status: text("STATUS").map(|status| status.trim().to_ascii_uppercase()),
        recurs: recurs(component, zones, defects),
    }
}

fn recurs(component: &Component, zones: &Zones, defects: &mut Vec<String>) -> Recurs {
    let rules = |name: &str| component.properties_named(name).map(|rule| rule.value.trim().to_owned()).collect();
    let mut times = |name: &str| -> Vec<(EventTime, Option<EventTime>)> {
        let listed = component.properties_named(name).flat_map(|property| {
            property
                .value
                .split(',')
                .filter(|value| !value.trim().is_empty())
                .map(|value| (Property { value: value.to_owned(), ..property.clone() }, value))
        });
        let (mut read, mut lost) = (Vec::new(), false);
        for (property, value) in listed {
            match period(&property, value, zones).filter(|_| read.len() < LISTED_MAX) {
                Some(time) => read.push(time),
                None => lost = true,
            }
        }
        if lost {
            defects.push(format!("{name} with too many values, or one that is no time: left out"));
        }
        read
    };
    Recurs {
        dates: times("RDATE"),
        excluded: times("EXDATE").into_iter().map(|(start, _)| start).collect(),
        rules: rules("RRULE"),
        excluding_rules: rules("EXRULE"),
    }
}

/// A DATE, a DATE-TIME, or a PERIOD with its end (RFC 5545 §3.3.9).
fn period(property: &Property, value: &str, zones: &Zones) -> Option<(EventTime, Option<EventTime>)> {
    let Some((start, end)) = value.split_once('/') else { return Some((zones.time(property)?, None)) };
    let at = |value: &str| zones.time(&Property { value: value.to_owned(), ..property.clone() });
    let start = at(start)?;
    let end = match parse_duration(end) {
        Some(length) => zones.after(&start, length)?,
        None => at(end)?,
    };
    Some((start, Some(end)))
}

/// A TEXT value; in vCalendar 1.0 it may be quoted-printable in a charset of its own.
fn plain_text(property: &Property) -> String {
    if property.parameter("ENCODING").is_some_and(|encoding| encoding.eq_ignore_ascii_case("QUOTED-PRINTABLE")) {
        let bytes = transfer::quoted_printable(property.value.as_bytes());
        return charset::decode(&bytes, property.parameter("CHARSET")).replace("\r\n", "\n");
    }
    unescape_text(&property.value)
}

fn sequence(component: &Component, defects: &mut Vec<String>) -> u32 {
    let Some(property) = component.property("SEQUENCE") else { return 0 };
    let digits = property.value.trim();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        defects.push("SEQUENCE is no number: read as 0".to_owned());
        return 0;
    }
    digits.parse().unwrap_or(u32::MAX)
}

fn end(component: &Component, start: Option<&EventTime>, zones: &Zones) -> Option<EventTime> {
    if let Some(property) = component.property("DTEND") {
        return zones.time(property);
    }
    let length = component.property("DURATION").and_then(|property| parse_duration(&property.value))?;
    zones.after(start?, length)
}

/// DTSTAMP must be in UTC (RFC 5545 §3.8.7.2); clients that leave the `Z` off mean it all the same.
fn stamp(time: EventTime) -> Option<DateTime<Utc>> {
    match time {
        EventTime::Floating(local) => Some(local.and_utc()),
        EventTime::Date(_) => None,
        EventTime::Utc(_) | EventTime::Zoned { .. } => time.instant(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::attendance::PartStat;

    const REPLY: &str = "BEGIN:VCALENDAR\r\nMETHOD:Reply\r\nBEGIN:VEVENT\r\nUID: a-1 \r\nSEQUENCE:99999999999\r\n\
        DTSTAMP:20260105T080000\r\nDTSTART;TZID=Romance Standard Time:20260706T090000\r\nDURATION:PT45M\r\n\
        SUMMARY;LANGUAGE=fr:Accepté\\, oui\r\nCOMMENT:à\\nbientôt\r\nSTATUS:confirmed\r\nSTATUS:CANCELLED\r\n\
        RECURRENCE-ID;VALUE=DATE:20260706\r\nATTENDEE;PARTSTAT=accepted:mailto:a@b.example\r\n\
        BEGIN:VALARM\r\nSUMMARY:not this\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

    fn instant(text: &str) -> Option<DateTime<Utc>> {
        text.parse().ok()
    }

    #[test]
    fn a_reply_as_clients_write_it() {
        let object = read(REPLY.as_bytes()).unwrap();
        let event = object.main_event().unwrap();
        assert_eq!(object.method, Some(Method::Reply));
        assert_eq!((event.uid.as_str(), event.sequence), ("a-1", u32::MAX));
        assert_eq!(event.start.as_ref().unwrap().instant(), instant("2026-07-06T07:00:00Z"));
        assert_eq!(event.end.as_ref().unwrap().instant(), instant("2026-07-06T07:45:00Z"));
        assert_eq!(event.dtstamp, instant("2026-01-05T08:00:00Z"));
        assert_eq!(event.summary.as_deref(), Some("Accepté, oui"));
        assert_eq!(event.comments, ["à\nbientôt"]);
        assert_eq!(event.status.as_deref(), Some("CONFIRMED"));
        assert_eq!(event.recurrence_time, Some(EventTime::Date(chrono::NaiveDate::from_ymd_opt(2026, 7, 6).unwrap())));
        let answers: Vec<_> = object.answers().map(|row| (row.recurrence_id, row.attendee.address.as_str(), row.partstat)).collect();
        assert_eq!(answers, [(Some("20260706"), "a@b.example", PartStat::Accepted)]);
        assert_eq!(object.defects, ["STATUS more than once: the first counts"]);
    }

    #[test]
    fn what_is_missing_and_what_is_broken() {
        let read_text = |text: &str| read(text.as_bytes());
        assert_eq!(read_text("hello").unwrap_err(), CalendarError::NotACalendar);
        let unclosed = read_text("text\nBEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\n").unwrap();
        assert_eq!((unclosed.events[0].uid.as_str(), unclosed.defects.len()), ("1", 2));
        let unpaired = read_text("BEGIN:VCALENDAR\nEND:VEVENT\nEND:VCALENDAR\n").unwrap_err();
        assert_eq!(unpaired, CalendarError::Broken { line: 2, what: "END without its BEGIN" });
        let deep = format!("BEGIN:VCALENDAR\n{}", "BEGIN:VEVENT\n".repeat(9));
        assert_eq!(read_text(&deep).unwrap_err(), CalendarError::TooLarge("nesting"));
        let many = format!("BEGIN:VCALENDAR\nATTENDEE{}:x\n", ";A=1".repeat(300));
        assert_eq!(read_text(&many).unwrap_err(), CalendarError::TooLarge("parameters"));
        let comma = "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:A\\, B\nBEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\n\
            BEGIN:VEVENT\nDTSTART;TZID=\"A, B\":20260101T000000\nUID:1\nATTENDEE;CN=x\nEND:VEVENT\nEND:VCALENDAR\n";
        let comma = read_text(comma).unwrap();
        assert_eq!(comma.events[0].start.as_ref().unwrap().instant(), instant("2025-12-31T23:00:00Z"));
        assert_eq!((comma.events[0].uid.as_str(), comma.defects.len()), ("1", 1));
        let unknown = read_text("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;TZID=Mars:20260101T000000\nEND:VEVENT\nEND:VCALENDAR\n").unwrap();
        assert_eq!(unknown.events[0].start.as_ref().unwrap().instant(), None);
    }
}
