//! The translator: an object of one dialog becomes an object of the other (RFC 5546).

use super::{CalendarObject, Uid};
use crate::domain::address::NamedMailbox;
use crate::domain::attendance::PartStat;
use crate::domain::meeting::MeetingEvent;
use chrono::{DateTime, Utc};

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
pub fn request_for_guest(_object: &GuestObject<'_>) -> String {
    String::new()
}

/// METHOD:CANCEL for one guest (RFC 5546 §3.2.5).
pub fn cancel_for_guest(_object: &GuestObject<'_>) -> String {
    String::new()
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
pub fn reply_for_organizer(_reply: &OrganizerReply<'_>) -> String {
    String::new()
}

/// METHOD:COUNTER for the organizer (RFC 5546 §3.2.7): as [`reply_for_organizer`], with the proposed times in UTC.
pub fn counter_for_organizer(_reply: &OrganizerReply<'_>, _starts_at: DateTime<Utc>, _ends_at: DateTime<Utc>) -> String {
    String::new()
}
