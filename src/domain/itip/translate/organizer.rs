//! A guest's answer in the terms of the organizer's dialog: to the whole as they wrote it, or to one instance of it.

use super::{calendar, mailto, user, utc};
use crate::domain::address::{Mailbox, NamedMailbox};
use crate::domain::attendance::PartStat;
use crate::domain::itip::time::{Form, known_zone, local_in, parse_time};
use crate::domain::itip::tree::{Component, Property};
use crate::domain::itip::{CalendarObject, EventTime, Method};
use crate::domain::meeting::MeetingEvent;
use crate::domain::series::vtimezone;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use std::collections::BTreeSet;

/// The guest's answer in the terms of the organizer's dialog.
#[derive(Clone, Debug)]
pub struct OrganizerReply<'a> {
    /// Their newest calendar object.
    pub object: &'a CalendarObject,
    /// The meeting, by which its instances are found in the object.
    pub event: &'a MeetingEvent,
    /// The instance that is answered, by the instant of its RECURRENCE-ID; `None` for the whole.
    pub instance: Option<DateTime<Utc>>,
    /// The later instances too (RANGE=THISANDFUTURE).
    pub and_later: bool,
    /// The zone for times without one.
    pub home: Tz,
    /// ATTENDEE: the address that the organizer invited, with the guest's name.
    pub attendee: &'a NamedMailbox,
    /// The status.
    pub partstat: PartStat,
    /// Whom the guest wants to send instead.
    pub delegated_to: Option<&'a Mailbox>,
    /// What the guest wrote with it.
    pub comment: Option<&'a str>,
    /// DTSTAMP.
    pub now: DateTime<Utc>,
}

/// METHOD:REPLY for the organizer (RFC 5546 §3.2.3): their own UID, ORGANIZER, SEQUENCE, RECURRENCE-ID, DTSTART, DTEND, SUMMARY
/// and RRULE, the VTIMEZONEs these name, and one ATTENDEE.
pub fn reply_for_organizer(reply: &OrganizerReply<'_>) -> String {
    answer(reply, &Method::Reply, theirs(reply, &["DTSTART", "DTEND", "DURATION", "RRULE"]))
}

/// METHOD:COUNTER for the organizer (RFC 5546 §3.2.7): as [`reply_for_organizer`], with the proposed times in UTC.
pub fn counter_for_organizer(reply: &OrganizerReply<'_>, starts_at: DateTime<Utc>, ends_at: DateTime<Utc>) -> String {
    let mut event = theirs(reply, &[]);
    event.push(Property::new("DTSTART", utc(starts_at)));
    event.push(Property::new("DTEND", utc(ends_at)));
    // Outlook shows a proposal only beside the original times.
    if let Some((start, end)) = original_times(reply) {
        event.push(Property::new("X-MS-OLK-ORIGINALSTART", utc(start)));
        event.push(Property::new("X-MS-OLK-ORIGINALEND", utc(end)));
    }
    answer(reply, &Method::Counter, event)
}

fn answer(reply: &OrganizerReply<'_>, method: &Method, mut event: Vec<Property>) -> String {
    let zones = zones_named_by(reply, &event);
    if reply.and_later {
        event.iter_mut().filter(|line| line.is("RECURRENCE-ID")).for_each(|line| *line = line.clone().with("RANGE", "THISANDFUTURE"));
    }
    event.push(Property::new("DTSTAMP", utc(reply.now)));
    let mut attendee = user("ATTENDEE", reply.attendee, &[("PARTSTAT", reply.partstat.as_str())]);
    if let Some(other) = reply.delegated_to {
        attendee = attendee.with("DELEGATED-TO", &mailto(other));
    }
    event.push(attendee);
    if let Some(comment) = reply.comment.filter(|comment| !comment.trim().is_empty()) {
        event.push(Property::text("COMMENT", comment));
    }
    calendar(method, zones, vec![event])
}

fn original_times(reply: &OrganizerReply<'_>) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let instance = match reply.instance {
        Some(id) => reply.event.instance(id)?,
        None => reply.event.first(),
    };
    Some((instance.starts_at, instance.ends_at))
}

/// UID, ORGANIZER, SEQUENCE, RECURRENCE-ID and SUMMARY of their dialog and the named others, as they wrote them: of the VEVENT
/// that the instance has, else of the master, made that instance.
fn theirs(reply: &OrganizerReply<'_>, others: &[&str]) -> Vec<Property> {
    let wanted = |property: &&Property| {
        ["UID", "ORGANIZER", "SEQUENCE", "RECURRENCE-ID", "SUMMARY"].iter().chain(others).any(|name| property.is(name))
    };
    let of = |component: &Component| component.properties.iter().filter(wanted).cloned().collect::<Vec<_>>();
    match reply.instance {
        Some(id) => match own_component(reply, id) {
            Some(component) => of(component),
            None => main_component(reply.object).map(|master| as_instance(reply, master, of(master), id)).unwrap_or_default(),
        },
        None => main_component(reply.object).map(of).unwrap_or_default(),
    }
}

fn main_component(object: &CalendarObject) -> Option<&Component> {
    let master = object.tree.components_named("VEVENT").find(|event| event.property("RECURRENCE-ID").is_none());
    master.or_else(|| object.tree.components_named("VEVENT").next())
}

fn own_component<'a>(reply: &OrganizerReply<'a>, id: DateTime<Utc>) -> Option<&'a Component> {
    let is_it = |time: &EventTime| reply.event.recurrence_id(time, reply.home) == Some(id);
    let index = reply.object.events.iter().position(|event| event.recurrence_time.as_ref().is_some_and(is_it))?;
    reply.object.tree.components_named("VEVENT").nth(index)
}

/// The master's lines made those of one instance: RECURRENCE-ID, DTSTART and DTEND in the form of the master's DTSTART.
fn as_instance(reply: &OrganizerReply<'_>, master: &Component, lines: Vec<Property>, id: DateTime<Utc>) -> Vec<Property> {
    let Some(start) = master.property("DTSTART") else { return lines };
    let at = |name: &str, at: DateTime<Utc>| Property { name: name.to_owned(), value: in_form_of(reply, start, at), ..start.clone() };
    let mut event: Vec<Property> = Vec::with_capacity(lines.len() + 1);
    for line in lines {
        if line.is("DTSTART") {
            event.push(at("DTSTART", id));
        } else if line.is("DTEND") {
            event.push(at("DTEND", reply.event.by_rule(id).ends_at));
        } else if !line.is("RRULE") {
            event.push(line);
        }
    }
    event.push(at("RECURRENCE-ID", id));
    event
}

/// An instant written as their DTSTART is: a day, UTC, or the clock of its zone.
fn in_form_of(reply: &OrganizerReply<'_>, start: &Property, at: DateTime<Utc>) -> String {
    let zone = reply.event.zone().unwrap_or(reply.home);
    let local = local_in(zone, at).unwrap_or_else(|| at.naive_utc());
    match parse_time(&start.value).map(|(_, form)| form) {
        Some(Form::Date) => local.format("%Y%m%d").to_string(),
        Some(Form::Local) => local.format("%Y%m%dT%H%M%S").to_string(),
        Some(Form::Utc) | None => utc(at),
    }
}

/// The VTIMEZONEs that these lines name (RFC 5545 §3.2.19: a TZID needs its VTIMEZONE), as they wrote them; of a zone that they
/// name and don't tell of, where the world knows it, what it is.
fn zones_named_by(reply: &OrganizerReply<'_>, properties: &[Property]) -> Vec<Component> {
    let names: BTreeSet<&str> = properties.iter().filter_map(|property| property.parameter("TZID")).map(str::trim).collect();
    let told = |name: &str| reply.object.vtimezone(name).cloned().or_else(|| untold(reply, name));
    names.into_iter().filter_map(told).collect()
}

fn untold(reply: &OrganizerReply<'_>, name: &str) -> Option<Component> {
    let mut zone = vtimezone(known_zone(name)?, reply.event.starts_at, reply.event.over_at());
    zone.properties = vec![Property::text("TZID", name)];
    Some(zone)
}
