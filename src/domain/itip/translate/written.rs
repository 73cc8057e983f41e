//! A meeting that an organizer writes on a page, as the calendar object that their program would send.

use super::{calendar, user, utc};
use crate::domain::address::{Mailbox, NamedMailbox};
use crate::domain::itip::tree::Property;
use crate::domain::itip::{Method, Uid};
use chrono::{DateTime, Utc};

/// The meeting; it takes place once.
#[derive(Clone, Debug)]
pub struct WrittenMeeting<'a> {
    /// Its UID in the organizer's dialog.
    pub uid: &'a Uid,
    /// SEQUENCE.
    pub sequence: u32,
    /// DTSTAMP.
    pub now: DateTime<Utc>,
    /// ORGANIZER.
    pub organizer: &'a NamedMailbox,
    /// ATTENDEE, one each.
    pub guests: &'a [NamedMailbox],
    /// SUMMARY.
    pub title: &'a str,
    /// DESCRIPTION.
    pub description: Option<&'a str>,
    /// DTSTART.
    pub starts_at: DateTime<Utc>,
    /// DTEND.
    pub ends_at: DateTime<Utc>,
}

/// METHOD:REQUEST (RFC 5546 §3.2.2).
pub fn request_of_organizer(meeting: &WrittenMeeting<'_>) -> String {
    object(meeting, &Method::Request, "CONFIRMED")
}

/// METHOD:CANCEL of the whole (RFC 5546 §3.2.5).
pub fn cancel_of_organizer(meeting: &WrittenMeeting<'_>) -> String {
    object(meeting, &Method::Cancel, "CANCELLED")
}

/// A proposal that an organizer does not take.
#[derive(Clone, Debug)]
pub struct DeclinedProposal<'a> {
    /// Its meeting's UID in the organizer's dialog.
    pub uid: &'a Uid,
    /// ORGANIZER.
    pub organizer: &'a Mailbox,
    /// ATTENDEE: whose it was.
    pub guest: &'a Mailbox,
    /// RECURRENCE-ID, where it was for a date of a series.
    pub target: Option<DateTime<Utc>>,
    /// DTSTAMP.
    pub now: DateTime<Utc>,
}

/// METHOD:DECLINECOUNTER (RFC 5546 §3.2.8).
pub fn decline_of_organizer(declined: &DeclinedProposal<'_>) -> String {
    let named = |mailbox: &Mailbox| NamedMailbox { name: None, mailbox: mailbox.clone() };
    let mut event = vec![
        Property::text("UID", &declined.uid.0),
        Property::new("DTSTAMP", utc(declined.now)),
        user("ORGANIZER", &named(declined.organizer), &[]),
        user("ATTENDEE", &named(declined.guest), &[]),
    ];
    event.extend(declined.target.map(|target| Property::new("RECURRENCE-ID", utc(target))));
    calendar(&Method::DeclineCounter, Vec::new(), vec![event])
}

fn object(meeting: &WrittenMeeting<'_>, method: &Method, status: &str) -> String {
    let mut event = vec![
        Property::text("UID", &meeting.uid.0),
        Property::new("SEQUENCE", meeting.sequence.to_string()),
        Property::new("DTSTAMP", utc(meeting.now)),
        Property::new("DTSTART", utc(meeting.starts_at)),
        Property::new("DTEND", utc(meeting.ends_at)),
        Property::text("SUMMARY", &super::one_line(meeting.title)),
        Property::new("STATUS", status),
        user("ORGANIZER", meeting.organizer, &[]),
    ];
    event.extend(meeting.description.map(|text| Property::text("DESCRIPTION", text)));
    event.extend(meeting.guests.iter().map(|guest| user("ATTENDEE", guest, &[("PARTSTAT", "NEEDS-ACTION"), ("RSVP", "TRUE")])));
    calendar(method, Vec::new(), vec![event])
}
