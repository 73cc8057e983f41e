//! What the organizer's program sends: the sample invitation of `localserve`, and changes of a meeting.

use super::clients::{Mark, address, calendar_lines, date, header_text, message, multipart, part, stamp};
use crate::domain::address::{Mailbox, ReversePath};
use crate::domain::meeting::{Guest, Meeting};
use chrono::{DateTime, TimeDelta, Utc};

const TEMPLATE: &str = include_str!("../../../fixtures/sample/invitation.eml");
/// The organizer of the sample and the guests, as they stand in the template.
const PEOPLE: [&str; 4] =
    ["claire.bernard@agence.example", "jean.martin@hopital.example", "lea.petit@cabinet.example", "temperror@hopital.example"];

/// The sample meeting: in five minutes, for forty-five, so that its links open at once.
pub fn sample_invitation(now: DateTime<Utc>) -> Vec<u8> {
    let (starts, ends) = (now + TimeDelta::minutes(5), now + TimeDelta::minutes(50));
    TEMPLATE
        .replace("{{date}}", &date(now))
        .replace("{{uid}}", &format!("sample-{}", now.timestamp_millis()))
        .replace("{{stamp}}", &stamp(now))
        .replace("{{starts}}", &stamp(starts))
        .replace("{{ends}}", &stamp(ends))
        .replace("\r\n", "\n")
        .replace('\n', "\r\n")
        .into_bytes()
}

/// The envelope of the sample: its organizer, and its guests.
pub fn sample_envelope() -> (ReversePath, Vec<Mailbox>) {
    let mut people = PEOPLE.iter().filter_map(|text| Mailbox::parse(text).ok());
    let organizer = people.next().map_or(ReversePath::Null, ReversePath::Mailbox);
    (organizer, people.collect())
}

/// How the organizer changes a meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Moves it by this much.
    Move(TimeDelta),
    /// Cancels it.
    Cancel,
}

/// The organizer's mail about a change, with its envelope.
pub(super) fn change_mail(meeting: &Meeting, guests: &[Guest], change: Change, mark: Mark) -> (ReversePath, Vec<Mailbox>, Vec<u8>) {
    let (method, shift, status) = match change {
        Change::Move(shift) => ("REQUEST", shift, "CONFIRMED"),
        Change::Cancel => ("CANCEL", TimeDelta::zero(), "CANCELLED"),
    };
    let event = &meeting.event;
    let organizer = &meeting.organizer_address;
    let invited: Vec<&Guest> = guests.iter().filter(|guest| guest.removed_at.is_none()).collect();
    let mut lines: Vec<String> = vec!["BEGIN:VCALENDAR".into(), "PRODID:-//Microsoft Corporation//Outlook 16.0 MIMEDIR//EN".into()];
    lines.extend(["VERSION:2.0".to_owned(), format!("METHOD:{method}"), "BEGIN:VEVENT".to_owned()]);
    lines.push(format!("UID:{}", meeting.organizer_uid));
    lines.push(format!("DTSTAMP:{}", stamp(mark.now)));
    lines.push(format!("DTSTART:{}", stamp(event.starts_at + shift)));
    lines.push(format!("DTEND:{}", stamp(event.ends_at + shift)));
    lines.push(format!("SEQUENCE:{}", meeting.ledger.sequence().saturating_add(1)));
    lines.push(format!("SUMMARY:{}", super::clients::calendar_text(&event.title)));
    lines.push(format!("ORGANIZER:mailto:{}", organizer.mailbox));
    for guest in &invited {
        lines.push(format!("ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:{}", guest.invited_as));
    }
    lines.extend([format!("STATUS:{status}"), "END:VEVENT".to_owned(), "END:VCALENDAR".to_owned()]);

    let to: Vec<String> = invited.iter().map(|guest| format!("<{}>", guest.invited_as)).collect();
    let headers = [
        ("From", address(organizer)),
        ("To", to.join(",\r\n ")),
        ("Subject", header_text(&event.title)),
        ("Date", date(mark.now)),
        ("Message-ID", format!("<{}@{}>", mark.id.simple(), organizer.mailbox.domain())),
        ("MIME-Version", "1.0".to_owned()),
    ];
    let body = multipart(
        "alternative",
        &format!("change-{}", mark.id.simple()),
        &[
            part("text/plain; charset=utf-8", &event.title),
            part(&format!("text/calendar; charset=utf-8; method={method}"), &calendar_lines(&lines)),
        ],
    );
    let recipients = invited.iter().map(|guest| guest.invited_as.clone()).collect();
    (ReversePath::Mailbox(organizer.mailbox.clone()), recipients, message(&headers, &body))
}

#[cfg(test)]
mod tests {
    use super::super::letter::{read_calendar, read_mail};
    use super::*;
    use crate::domain::itip::Method;

    #[test]
    fn the_sample_is_an_invitation_that_opens_at_once() {
        let now = "2026-11-23T12:00:00Z".parse().unwrap();
        let raw = sample_invitation(now);
        assert!(!String::from_utf8(raw.clone()).unwrap().contains("{{"));
        let mail = read_mail(&raw);
        assert!(mail.defects.is_empty(), "{:?}", mail.defects);
        let calendar = read_calendar(&mail).unwrap();
        assert_eq!(calendar.method, Some(Method::Request));
        let event = calendar.main_event().unwrap();
        assert_eq!(event.start.as_ref().unwrap().instant(), Some(now + TimeDelta::minutes(5)));
        let (organizer, guests) = sample_envelope();
        let invited: Vec<_> = event.attendees.iter().map(|attendee| attendee.mailbox.clone().unwrap().mailbox).collect();
        assert_eq!(invited, guests);
        assert_eq!(organizer.mailbox(), Some(&event.organizer.as_ref().unwrap().mailbox));
        assert_eq!(mail.to.iter().map(|to| to.mailbox.clone()).collect::<Vec<_>>(), guests);
    }
}
