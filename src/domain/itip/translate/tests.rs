//! The objects of both dialogs, line by line.

use super::*;
use crate::domain::attendance::{Answer, PartStat, Response};
use crate::domain::itip::{Uid, read};
use crate::domain::meeting::MeetingEvent;
use crate::domain::occurrence::{Instance, Series};
use crate::domain::part::Part;
use crate::domain::series::{Recurrence, Rule};
use chrono::TimeDelta;
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};

fn named(name: &str, address: &str) -> NamedMailbox {
    NamedMailbox::new(name, Mailbox::parse(address).unwrap())
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn for_guest(make: fn(&GuestObject<'_>) -> String) -> String {
    make(&GuestObject {
        uid: &Uid("0190-1@visio.example".into()),
        sequence: 2,
        now: instant("2026-06-01T08:00:00Z"),
        organizer_alias: &named("Service \"médical\"\r\nX-EVIL:1", "o-abc@visio.example"),
        guest: &named("Martin, Jean", "jean%martin@hopital.example"),
        event: &MeetingEvent {
            title: "Réunion; suite, fin\nATTENDEE:mailto:evil@x.example".into(),
            description: Some("never read".into()),
            starts_at: instant("2026-07-06T07:00:00Z"),
            ends_at: instant("2026-07-06T07:45:00Z"),
            series: None,
            whole_days: None,
        },
        link: Some("https://visio.example/j/a.b,c;d"),
        description: "Bonjour\n\nhttps://visio.example/j/a.b",
        instances: &[],
        response: &Response::default(),
        allow_counter: false,
    })
}

#[test]
fn a_request_has_exactly_the_allowed_lines() {
    let text = for_guest(request_for_guest);
    insta::assert_snapshot!(text.replace("\r\n", "\n"));
    assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')));
    let object = read(text.as_bytes()).unwrap();
    let event = &object.events[0];
    assert_eq!(object.defects, Vec::<String>::new());
    assert_eq!(event.summary.as_deref(), Some("Réunion; suite, fin ATTENDEE:mailto:evil@x.example"));
    assert_eq!(event.organizer.as_ref().unwrap().name.as_deref(), Some("Service \"médical\" X-EVIL:1"));
    assert_eq!(event.location.as_deref(), Some("https://visio.example/j/a.b,c;d"));
    assert_eq!(event.attendees[1].mailbox.as_ref().unwrap(), &named("Martin, Jean", "jean%martin@hopital.example"));
    assert_eq!(event.attendees.len(), 2);
}

#[test]
fn a_cancel_names_the_guest_and_no_link() {
    insta::assert_snapshot!(for_guest(cancel_for_guest).replace("\r\n", "\n"));
}

const INVITATION: &str = "BEGIN:VCALENDAR\r\nPRODID:x\r\nMETHOD:REQUEST\r\nBEGIN:VTIMEZONE\r\nTZID:Romance Standard Time\r\n\
    BEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n\
    BEGIN:VTIMEZONE\r\nTZID:Other\r\nEND:VTIMEZONE\r\n\
    BEGIN:VEVENT\r\nUID:040000008200E00074C5B7101A82E008\r\nORGANIZER;CN=Claire Bernard;X-Y=1:MAILTO:Claire.Bernard@agence.example\r\n\
    ATTENDEE:mailto:a@b.example\r\nSEQUENCE:7\r\nDTSTART;TZID=Romance Standard Time:20260706T090000\r\nDURATION:PT45M\r\n\
    RRULE:FREQ=DAILY;COUNT=2\r\nSUMMARY;LANGUAGE=fr:Réunion\\, suite\r\nDESCRIPTION:not back\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

#[test]
fn a_reply_is_in_their_own_terms() {
    let object = read(INVITATION.as_bytes()).unwrap();
    let guest = named("Jean Martin", "jean.martin@hopital.example");
    let now = instant("2026-06-01T08:00:00Z");
    let event = daily("Réunion", "2026-07-06T07:00:00Z");
    let reply = OrganizerReply {
        object: &object,
        event: &event,
        instance: None,
        and_later: false,
        home: Tz::Europe__Paris,
        attendee: &guest,
        partstat: PartStat::Accepted,
        delegated_to: None,
        comment: Some("Oui;\nvolontiers"),
        now,
    };
    insta::assert_snapshot!("reply", reply_for_organizer(&reply).replace("\r\n", "\n"));
    let counter = counter_for_organizer(&reply, instant("2026-07-07T07:00:00Z"), instant("2026-07-07T07:45:00Z"));
    insta::assert_snapshot!("counter", counter.replace("\r\n", "\n"));
    let of_second = OrganizerReply { instance: Some(instant("2026-07-07T07:00:00Z")), ..reply };
    insta::assert_snapshot!("instance_reply", reply_for_organizer(&of_second).replace("\r\n", "\n"));
}

fn daily(title: &str, starts_at: &str) -> MeetingEvent {
    let starts_at = instant(starts_at);
    let rule = Rule::parse("FREQ=DAILY;COUNT=5", Tz::Europe__Paris, false).unwrap();
    let recurrence = Recurrence::new(Tz::Europe__Paris, starts_at, Some(rule), vec![], vec![]).unwrap();
    MeetingEvent {
        title: title.into(),
        description: None,
        starts_at,
        ends_at: starts_at + TimeDelta::minutes(45),
        series: Some(Box::new(Series { recurrence: Some(recurrence), changed: BTreeMap::new() })),
        whole_days: None,
    }
}

/// From Friday on, with the clock set back on Sunday; Saturday is off, Sunday an hour later and longer, Monday declined.
#[test]
fn a_series_with_all_that_belongs_to_it() {
    let mut event = daily("Point", "2026-10-23T07:00:00Z");
    let (saturday, sunday, monday) = (instant("2026-10-24T07:00:00Z"), instant("2026-10-25T08:00:00Z"), instant("2026-10-26T08:00:00Z"));
    event.put(saturday, None);
    let starts_at = instant("2026-10-25T09:00:00Z");
    let moved = Instance { title: "Long".into(), description: None, starts_at, ends_at: starts_at + TimeDelta::hours(2) };
    event.put(sunday, Some(moved.clone()));
    let mut response = Response::default();
    response.whole.partstat = PartStat::Accepted;
    response.put(Some(monday), Answer { partstat: PartStat::Declined, ..Answer::default() });
    let described = |id, instance| Described { id, instance, description: "Bonjour".into() };
    let instances = [described(sunday, moved), described(monday, event.by_rule(monday))];
    let object = GuestObject {
        uid: &Uid("0190-1@visio.example".into()),
        sequence: 2,
        now: instant("2026-06-01T08:00:00Z"),
        organizer_alias: &named("Service", "o-abc@visio.example"),
        guest: &named("Jean", "jean@hopital.example"),
        event: &event,
        link: Some("https://visio.example/j/a"),
        description: "Bonjour",
        instances: &instances,
        response: &response,
        allow_counter: true,
    };
    insta::assert_snapshot!("series", request_for_guest(&object).replace("\r\n", "\n"));
    let one = event.for_part(&Part::Only(BTreeSet::from([monday]))).unwrap();
    let text = request_for_guest(&GuestObject { event: &one, instances: &instances, ..object.clone() });
    assert!(text.contains("DTSTART:20261026T080000Z") && text.contains("PARTSTAT=DECLINED"), "{text}");
    assert!(!text.contains("RRULE") && !text.contains("RECURRENCE-ID"), "{text}");
    let days = MeetingEvent { series: None, whole_days: Some(Tz::Europe__Paris), ..midnight_to_midnight(&event) };
    let text = request_for_guest(&GuestObject { event: &days, instances: &[], ..object });
    assert!(text.contains("DTSTART;VALUE=DATE:20261024\r\nDTEND;VALUE=DATE:20261025\r\n"), "{text}");
}

fn midnight_to_midnight(event: &MeetingEvent) -> MeetingEvent {
    MeetingEvent { starts_at: instant("2026-10-23T22:00:00Z"), ends_at: instant("2026-10-24T22:00:00Z"), ..event.clone() }
}

/// The 25th of October 2026 has 25 hours in Paris.
#[test]
fn a_day_on_which_the_clock_goes_back_ends_the_day_after() {
    let text = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTART;VALUE=DATE:20261023\r\nDTEND;VALUE=DATE:20261024\r\n\
        RRULE:FREQ=DAILY;COUNT=5\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let object = read(text.as_bytes()).unwrap();
    let starts_at = instant("2026-10-22T22:00:00Z");
    let rule = Rule::parse("FREQ=DAILY;COUNT=5", Tz::Europe__Paris, true).unwrap();
    let recurrence = Recurrence::new(Tz::Europe__Paris, starts_at, Some(rule), vec![], vec![]).unwrap();
    let event = MeetingEvent {
        ends_at: instant("2026-10-23T22:00:00Z"),
        series: Some(Box::new(Series { recurrence: Some(recurrence), changed: BTreeMap::new() })),
        whole_days: Some(Tz::Europe__Paris),
        ..daily("Jours", "2026-10-22T22:00:00Z")
    };
    let answered = reply_for_organizer(&OrganizerReply {
        object: &object,
        event: &event,
        instance: Some(instant("2026-10-24T22:00:00Z")),
        and_later: false,
        home: Tz::Europe__Paris,
        attendee: &named("Jean", "jean@hopital.example"),
        partstat: PartStat::Declined,
        delegated_to: None,
        comment: None,
        now: instant("2026-06-01T08:00:00Z"),
    });
    for line in ["RECURRENCE-ID;VALUE=DATE:20261025", "DTSTART;VALUE=DATE:20261025", "DTEND;VALUE=DATE:20261026"] {
        assert!(answered.contains(&format!("{line}\r\n")), "{line} is not in {answered}");
    }
}
