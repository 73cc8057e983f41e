//! The translator: an object of one dialog becomes an object of the other (RFC 5546).

use super::time::zone_name;
use super::tree::{Component, Parameter, Property};
use super::{CalendarObject, EventTime, Method, Uid};
use crate::domain::address::{Mailbox, NamedMailbox};
use crate::domain::attendance::PartStat;
use crate::domain::meeting::MeetingEvent;
use chrono::{DateTime, Utc};

/// PRODID of every object of ours: it names no version and no host.
const PRODID: &str = "-//Paravent//Paravent//EN";

/// What an object of the guest's dialog is made of; nothing of the organizer's dialog is in it but [`MeetingEvent`].
#[derive(Clone, Debug)]
pub struct GuestObject<'a> {
    /// Our UID.
    pub uid: &'a Uid,
    /// Our SEQUENCE.
    pub sequence: u32,
    /// DTSTAMP.
    pub now: DateTime<Utc>,
    /// The alias with the public name: ORGANIZER, and CHAIR among the attendees.
    pub organizer_alias: &'a NamedMailbox,
    /// The only other ATTENDEE.
    pub guest: &'a NamedMailbox,
    /// What is told.
    pub event: &'a MeetingEvent,
    /// The personal link: LOCATION, URL, CONFERENCE and in DESCRIPTION. `None` in a CANCEL.
    pub link: Option<&'a str>,
    /// DESCRIPTION text in the guest's language, made by the stationery, the link in it.
    pub description: &'a str,
    /// The status shown for the guest: what they answered, if the change is minor, else NEEDS-ACTION.
    pub partstat: PartStat,
    /// X-MICROSOFT-DISALLOW-COUNTER is the opposite of it.
    pub allow_counter: bool,
}

/// METHOD:REQUEST for one guest (RFC 5546 §3.2.2), CRLF, folded at 75 octets.
pub fn request_for_guest(object: &GuestObject<'_>) -> String {
    let mut event = guest_event(object);
    let chair = user("ATTENDEE", object.organizer_alias, &[("CUTYPE", "INDIVIDUAL"), ("ROLE", "CHAIR"), ("PARTSTAT", "ACCEPTED")]);
    event.push(chair);
    event.push(guest_attendee(object));
    event.push(Property::text("DESCRIPTION", object.description));
    if let Some(link) = object.link {
        event.push(Property::text("LOCATION", link));
        event.push(Property::new("URL", link).with("VALUE", "URI"));
        event.push(conference(link));
    }
    event.push(Property::new("STATUS", "CONFIRMED"));
    event.push(Property::new("TRANSP", "OPAQUE"));
    event.push(Property::new("X-MICROSOFT-DISALLOW-COUNTER", if object.allow_counter { "FALSE" } else { "TRUE" }));
    event.push(Property::new("X-MICROSOFT-DONOTFORWARDMEETING", "TRUE"));
    calendar(&Method::Request, &[], event)
}

/// METHOD:CANCEL for one guest (RFC 5546 §3.2.5).
pub fn cancel_for_guest(object: &GuestObject<'_>) -> String {
    let mut event = guest_event(object);
    event.push(guest_attendee(object));
    event.push(Property::new("STATUS", "CANCELLED"));
    calendar(&Method::Cancel, &[], event)
}

/// The guest's answer in the terms of the organizer's dialog.
#[derive(Clone, Debug)]
pub struct OrganizerReply<'a> {
    /// Their newest calendar object.
    pub object: &'a CalendarObject,
    /// ATTENDEE: the address that the organizer invited, with the guest's name.
    pub attendee: &'a NamedMailbox,
    /// The status.
    pub partstat: PartStat,
    /// What the guest wrote with it.
    pub comment: Option<&'a str>,
    /// DTSTAMP.
    pub now: DateTime<Utc>,
}

/// METHOD:REPLY for the organizer (RFC 5546 §3.2.3): their own UID, ORGANIZER, SEQUENCE, DTSTART, DTEND, SUMMARY and
/// RRULE, the VTIMEZONEs these name, and one ATTENDEE.
pub fn reply_for_organizer(reply: &OrganizerReply<'_>) -> String {
    let kept = theirs(reply.object, &["DTSTART", "DTEND", "DURATION", "RRULE"]);
    let zones = zones_named_by(reply.object, &kept);
    calendar(&Method::Reply, &zones, organizer_event(reply, kept))
}

/// METHOD:COUNTER for the organizer (RFC 5546 §3.2.7): as [`reply_for_organizer`], with the proposed times in UTC.
pub fn counter_for_organizer(reply: &OrganizerReply<'_>, starts_at: DateTime<Utc>, ends_at: DateTime<Utc>) -> String {
    let kept = theirs(reply.object, &[]);
    let zones = zones_named_by(reply.object, &kept);
    let mut event = organizer_event(reply, kept);
    event.push(Property::new("DTSTART", utc(starts_at)));
    event.push(Property::new("DTEND", utc(ends_at)));
    // Outlook shows a proposal only beside the original times.
    let original = reply.object.main_event();
    let times = [
        ("X-MS-OLK-ORIGINALSTART", original.and_then(|event| event.start.as_ref())),
        ("X-MS-OLK-ORIGINALEND", original.and_then(|event| event.end.as_ref())),
    ];
    for (name, time) in times {
        event.extend(time.and_then(EventTime::instant).map(|instant| Property::new(name, utc(instant))));
    }
    calendar(&Method::Counter, &zones, event)
}

/// What REQUEST and CANCEL have in common.
fn guest_event(object: &GuestObject<'_>) -> Vec<Property> {
    vec![
        Property::text("UID", &object.uid.0),
        Property::new("SEQUENCE", object.sequence.to_string()),
        Property::new("DTSTAMP", utc(object.now)),
        Property::new("DTSTART", utc(object.event.starts_at)),
        Property::new("DTEND", utc(object.event.ends_at)),
        Property::text("SUMMARY", &one_line(&object.event.title)),
        user("ORGANIZER", object.organizer_alias, &[]),
    ]
}

fn guest_attendee(object: &GuestObject<'_>) -> Property {
    let parameters = [("CUTYPE", "INDIVIDUAL"), ("ROLE", "REQ-PARTICIPANT"), ("PARTSTAT", object.partstat.as_str()), ("RSVP", "TRUE")];
    user("ATTENDEE", object.guest, &parameters)
}

/// CONFERENCE (RFC 7986 §5.11): FEATURE is a list of words, so it is not one quoted value.
fn conference(link: &str) -> Property {
    let mut property = Property::new("CONFERENCE", link).with("VALUE", "URI");
    let features = ["AUDIO", "VIDEO"].map(str::to_owned).to_vec();
    property.parameters.push(Parameter { name: "FEATURE".to_owned(), values: features });
    property.with("LABEL", "Jitsi Meet")
}

/// UID, ORGANIZER, SEQUENCE, RECURRENCE-ID and SUMMARY of their dialog and the named others, as they wrote them.
fn theirs(object: &CalendarObject, others: &[&str]) -> Vec<Property> {
    let wanted = |property: &&Property| {
        ["UID", "ORGANIZER", "SEQUENCE", "RECURRENCE-ID", "SUMMARY"].iter().chain(others).any(|name| property.is(name))
    };
    main_component(object).map(|event| event.properties.iter().filter(wanted).cloned().collect()).unwrap_or_default()
}

/// The component of [`CalendarObject::main_event`].
fn main_component(object: &CalendarObject) -> Option<&Component> {
    let master = object.tree.components_named("VEVENT").find(|event| event.property("RECURRENCE-ID").is_none());
    master.or_else(|| object.tree.components_named("VEVENT").next())
}

fn organizer_event(reply: &OrganizerReply<'_>, mut event: Vec<Property>) -> Vec<Property> {
    event.push(Property::new("DTSTAMP", utc(reply.now)));
    event.push(user("ATTENDEE", reply.attendee, &[("PARTSTAT", reply.partstat.as_str())]));
    if let Some(comment) = reply.comment.filter(|comment| !comment.trim().is_empty()) {
        event.push(Property::text("COMMENT", comment));
    }
    event
}

/// Their VTIMEZONEs that these lines name (RFC 5545 §3.2.19: a TZID needs its VTIMEZONE), as they wrote them.
fn zones_named_by(object: &CalendarObject, properties: &[Property]) -> Vec<Component> {
    let names: Vec<&str> = properties.iter().filter_map(|property| property.parameter("TZID")).map(str::trim).collect();
    let is_named = |zone: &&Component| zone_name(zone).is_some_and(|name| names.contains(&name.as_str()));
    object.tree.components_named("VTIMEZONE").filter(is_named).cloned().collect()
}

fn calendar(method: &Method, zones: &[Component], properties: Vec<Property>) -> String {
    let mut calendar = Component::new("VCALENDAR");
    calendar.properties = vec![
        Property::new("PRODID", PRODID),
        Property::new("VERSION", "2.0"),
        Property::new("CALSCALE", "GREGORIAN"),
        Property::new("METHOD", method.as_str()),
    ];
    calendar.components.extend(zones.iter().cloned());
    calendar.components.push(Component { properties, ..Component::new("VEVENT") });
    calendar.to_text()
}

/// ORGANIZER or ATTENDEE: parameters in this order, then CN, then `mailto:` (RFC 6068).
fn user(name: &str, who: &NamedMailbox, parameters: &[(&str, &str)]) -> Property {
    let mut property = Property::new(name, mailto(&who.mailbox));
    for (parameter, value) in parameters {
        property = property.with(parameter, value);
    }
    let address = who.mailbox.to_string();
    property.with("CN", &one_line(who.name.as_deref().unwrap_or(&address)))
}

/// `mailto:` with what RFC 6068 §2 does not allow in it percent-encoded. Quotes and percent signs would change the
/// address for the reader.
pub(in crate::domain) fn mailto(mailbox: &Mailbox) -> String {
    let mut uri = String::from("mailto:");
    for c in mailbox.to_string().chars() {
        match c {
            '%' | '"' | '?' | '&' | '#' | '\\' | '^' | '`' | '{' | '|' | '}' | '<' | '>' | ' ' => {
                uri.push_str(&format!("%{:02X}", u32::from(c)))
            }
            c => uri.push(c),
        }
    }
    uri
}

/// Text without line ends, for SUMMARY and CN.
fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control()).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// `YYYYMMDDTHHMMSSZ` (RFC 5545 §3.3.5 form 2).
fn utc(instant: DateTime<Utc>) -> String {
    instant.format("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

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
            partstat: PartStat::NeedsAction,
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
        let reply =
            OrganizerReply { object: &object, attendee: &guest, partstat: PartStat::Accepted, comment: Some("Oui;\nvolontiers"), now };
        insta::assert_snapshot!("reply", reply_for_organizer(&reply).replace("\r\n", "\n"));
        let counter = counter_for_organizer(&reply, instant("2026-07-07T07:00:00Z"), instant("2026-07-07T07:45:00Z"));
        insta::assert_snapshot!("counter", counter.replace("\r\n", "\n"));
    }
}
