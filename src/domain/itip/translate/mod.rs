//! The translator: an object of one dialog becomes an object of the other (RFC 5546).
//!
//! * `guest` makes what a guest's calendar gets: of the organizer's dialog nothing is in it but [`MeetingEvent`].
//! * `organizer` makes a guest's answer in the organizer's own terms, to the whole or to one instance.
//! * `written` makes what an organizer's program would send, of what they write on a page.
//!
//! [`MeetingEvent`]: crate::domain::meeting::MeetingEvent

mod guest;
mod organizer;
mod written;

pub use guest::{Described, GuestObject, cancel_for_guest, decline_for_guest, request_for_guest};
pub use organizer::{OrganizerReply, counter_for_organizer, reply_for_organizer};
pub use written::{DeclinedProposal, WrittenMeeting, cancel_of_organizer, decline_of_organizer, request_of_organizer};

use super::Method;
use super::tree::{Component, Property};
use crate::domain::address::{Mailbox, NamedMailbox};
use chrono::{DateTime, Utc};

/// PRODID of every object of ours: it names no version and no host.
const PRODID: &str = "-//Paravent//Paravent//EN";

fn calendar(method: &Method, zones: Vec<Component>, events: Vec<Vec<Property>>) -> String {
    let mut calendar = Component::new("VCALENDAR");
    calendar.properties = vec![
        Property::new("PRODID", PRODID),
        Property::new("VERSION", "2.0"),
        Property::new("CALSCALE", "GREGORIAN"),
        Property::new("METHOD", method.as_str()),
    ];
    calendar.components = zones;
    calendar.components.extend(events.into_iter().map(|properties| Component { properties, ..Component::new("VEVENT") }));
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
mod tests;
