//! What a guest's calendar gets: the meeting as this guest may know it, always the whole of that.
//!
//! A guest who knows one instance alone gets a meeting that takes place once: the dialog with them is their own, and nothing
//! in it needs to tell of a series that they have no part of.

use super::{calendar, one_line, user, utc};
use crate::domain::address::NamedMailbox;
use crate::domain::attendance::{PartStat, Response};
use crate::domain::itip::time::local_in;
use crate::domain::itip::tree::{Component, Parameter, Property};
use crate::domain::itip::{Method, Uid};
use crate::domain::meeting::MeetingEvent;
use crate::domain::occurrence::Instance;
use crate::domain::series::{Recurrence, vtimezone};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

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
    /// DESCRIPTION of the whole.
    pub description: &'a str,
    /// The instances that have a VEVENT of their own, each with its DESCRIPTION.
    pub instances: &'a [Described],
    /// The answers as far as they count: shown as the guest's status.
    pub response: &'a Response,
    /// X-MICROSOFT-DISALLOW-COUNTER is the opposite of it.
    pub allow_counter: bool,
}

/// An instance with a VEVENT of its own.
#[derive(Clone, Debug)]
pub struct Described {
    /// RECURRENCE-ID.
    pub id: DateTime<Utc>,
    /// What it is.
    pub instance: Instance,
    /// DESCRIPTION in the guest's language, made by the stationery, the link in it.
    pub description: String,
}

/// METHOD:REQUEST for one guest (RFC 5546 §3.2.2), CRLF, folded at 75 octets.
pub fn request_for_guest(object: &GuestObject<'_>) -> String {
    let form = Form::of(object.event);
    let whole = form.whole(object.event);
    let only = object.event.only_instance();
    let mut events = vec![request(object, &form, &whole, object.description, object.response.partstat(only), None)];
    if form.recurs() {
        events.extend(object.instances.iter().map(|one| {
            let partstat = object.response.partstat(Some(one.id));
            request(object, &form, &one.instance, &one.description, partstat, Some(one.id))
        }));
    }
    calendar(&Method::Request, form.zones(object.event), events)
}

/// METHOD:CANCEL for one guest (RFC 5546 §3.2.5): the whole, with all that belongs to it.
pub fn cancel_for_guest(object: &GuestObject<'_>) -> String {
    let form = Form::of(object.event);
    let partstat = object.response.partstat(object.event.only_instance());
    let mut event = what_and_when(object, &form, &form.whole(object.event), None);
    event.push(guest_attendee(object, partstat));
    event.push(Property::new("STATUS", "CANCELLED"));
    calendar(&Method::Cancel, form.zones(object.event), vec![event])
}

/// METHOD:DECLINECOUNTER for one guest (RFC 5546 §3.2.8): the other time that they proposed, for the whole or for an instance of
/// theirs, was not taken.
pub fn decline_for_guest(object: &GuestObject<'_>, instance: Option<DateTime<Utc>>, comment: Option<&str>) -> String {
    let form = Form::of(object.event);
    let instance = instance.filter(|_| form.recurs());
    let mut event = identity(object, &form, instance);
    event.push(user("ORGANIZER", object.organizer_alias, &[]));
    event.push(guest_attendee(object, object.response.partstat(instance)));
    event.extend(comment.map(|comment| Property::text("COMMENT", comment)));
    let zones = if instance.is_some() { form.zones(object.event) } else { Vec::new() };
    calendar(&Method::DeclineCounter, zones, vec![event])
}

fn request(
    object: &GuestObject<'_>,
    form: &Form<'_>,
    instance: &Instance,
    description: &str,
    partstat: PartStat,
    id: Option<DateTime<Utc>>,
) -> Vec<Property> {
    let mut event = what_and_when(object, form, instance, id);
    event.push(user("ATTENDEE", object.organizer_alias, &[("CUTYPE", "INDIVIDUAL"), ("ROLE", "CHAIR"), ("PARTSTAT", "ACCEPTED")]));
    event.push(guest_attendee(object, partstat));
    event.push(Property::text("DESCRIPTION", description));
    if let Some(link) = object.link {
        event.push(Property::text("LOCATION", link));
        event.push(Property::new("URL", link).with("VALUE", "URI"));
        event.push(conference(link));
    }
    event.push(Property::new("STATUS", "CONFIRMED"));
    event.push(Property::new("TRANSP", "OPAQUE"));
    event.push(Property::new("X-MICROSOFT-DISALLOW-COUNTER", if object.allow_counter { "FALSE" } else { "TRUE" }));
    event.push(Property::new("X-MICROSOFT-DONOTFORWARDMEETING", "TRUE"));
    event
}

/// What every VEVENT of a dialog is known by.
fn identity(object: &GuestObject<'_>, form: &Form<'_>, id: Option<DateTime<Utc>>) -> Vec<Property> {
    let mut event = vec![
        Property::text("UID", &object.uid.0),
        Property::new("SEQUENCE", object.sequence.to_string()),
        Property::new("DTSTAMP", utc(object.now)),
    ];
    event.extend(id.map(|id| form.time("RECURRENCE-ID", id)));
    event
}

/// What REQUEST and CANCEL have in common.
fn what_and_when(object: &GuestObject<'_>, form: &Form<'_>, instance: &Instance, id: Option<DateTime<Utc>>) -> Vec<Property> {
    let mut event = identity(object, form, id);
    // An instance of a series of days may have been given a time of day.
    let is_timed = form.is_of_days() && object.event.days_of(instance.starts_at, instance.ends_at).is_none();
    for (name, at) in [("DTSTART", instance.starts_at), ("DTEND", instance.ends_at)] {
        event.push(if is_timed { Property::new(name, utc(at)) } else { form.time(name, at) });
    }
    if id.is_none() {
        event.extend(form.recurrence(object.event));
    }
    event.push(Property::text("SUMMARY", &one_line(&instance.title)));
    event.push(user("ORGANIZER", object.organizer_alias, &[]));
    event
}

fn guest_attendee(object: &GuestObject<'_>, partstat: PartStat) -> Property {
    let parameters = [("CUTYPE", "INDIVIDUAL"), ("ROLE", "REQ-PARTICIPANT"), ("PARTSTAT", partstat.as_str()), ("RSVP", "TRUE")];
    user("ATTENDEE", object.guest, &parameters)
}

/// CONFERENCE (RFC 7986 §5.11): FEATURE is a list of words, so it is not one quoted value.
fn conference(link: &str) -> Property {
    let mut property = Property::new("CONFERENCE", link).with("VALUE", "URI");
    let features = ["AUDIO", "VIDEO"].map(str::to_owned).to_vec();
    property.parameters.push(Parameter { name: "FEATURE".to_owned(), values: features });
    property.with("LABEL", "Jitsi Meet")
}

/// How times of one object are written: single meetings in UTC, series on the clock of their zone, so that they stay at their
/// hour where the clock changes, whole days as days.
enum Form<'a> {
    Utc,
    /// Instances without a rule, in a zone whose days they are: several dates.
    Dates(Option<Tz>),
    Clock(&'a Recurrence),
    Days(Tz, Option<&'a Recurrence>),
}

impl<'a> Form<'a> {
    fn of(event: &'a MeetingEvent) -> Self {
        match (event.whole_days, event.recurrence()) {
            (whole_days, None) if event.series.is_some() && event.only_instance().is_none() => Self::Dates(whole_days),
            (Some(zone), recurrence) => Self::Days(zone, recurrence),
            (None, Some(recurrence)) => Self::Clock(recurrence),
            (None, None) => Self::Utc,
        }
    }

    /// What the VEVENT without RECURRENCE-ID says.
    fn whole(&self, event: &MeetingEvent) -> Instance {
        match (self, event.changed_ids().next()) {
            // An instance that was moved is found by its first place.
            (Self::Dates(_), Some(first)) => event.by_rule(first),
            (Self::Dates(_) | Self::Utc | Self::Clock(_) | Self::Days(..), _) => event.first(),
        }
    }

    fn recurs(&self) -> bool {
        match self {
            Self::Utc | Self::Days(_, None) => false,
            Self::Dates(_) | Self::Clock(_) | Self::Days(_, Some(_)) => true,
        }
    }

    fn is_of_days(&self) -> bool {
        match self {
            Self::Days(..) | Self::Dates(Some(_)) => true,
            Self::Utc | Self::Clock(_) | Self::Dates(None) => false,
        }
    }

    fn time(&self, name: &str, at: DateTime<Utc>) -> Property {
        self.times(name, &[at])
    }

    fn times(&self, name: &str, at: &[DateTime<Utc>]) -> Property {
        let list = |write: &dyn Fn(DateTime<Utc>) -> String| at.iter().map(|at| write(*at)).collect::<Vec<_>>().join(",");
        match self {
            Self::Days(zone, _) | Self::Dates(Some(zone)) => {
                Property::new(name, list(&|at| local_text(*zone, at, "%Y%m%d"))).with("VALUE", "DATE")
            }
            Self::Clock(recurrence) if recurrence.zone() != Tz::UTC => {
                let zone = recurrence.zone();
                Property::new(name, list(&|at| local_text(zone, at, "%Y%m%dT%H%M%S"))).with("TZID", zone.name())
            }
            Self::Utc | Self::Dates(None) | Self::Clock(_) => Property::new(name, list(&utc)),
        }
    }

    /// RRULE, RDATE, EXDATE.
    fn recurrence(&self, event: &MeetingEvent) -> Vec<Property> {
        let recurrence = match self {
            Self::Utc | Self::Days(_, None) => return Vec::new(),
            Self::Dates(_) => {
                let later: Vec<DateTime<Utc>> = event.changed_ids().skip(1).collect();
                return vec![self.times("RDATE", &later)];
            }
            Self::Clock(recurrence) | Self::Days(_, Some(recurrence)) => recurrence,
        };
        let lists = [("RDATE", recurrence.dates()), ("EXDATE", recurrence.excluded())];
        let rule = recurrence.rule().map(|rule| Property::new("RRULE", rule.to_text()));
        rule.into_iter().chain(lists.iter().filter(|(_, at)| !at.is_empty()).map(|(name, at)| self.times(name, at))).collect()
    }

    /// The VTIMEZONE that the times name (RFC 5545 §3.2.19).
    fn zones(&self, event: &MeetingEvent) -> Vec<Component> {
        match self {
            Self::Clock(recurrence) if recurrence.zone() != Tz::UTC => {
                let changed = event.series.iter().flat_map(|series| series.changed.values());
                let from = changed.map(|one| one.starts_at).chain([event.starts_at]).min().unwrap_or(event.starts_at);
                vec![vtimezone(recurrence.zone(), from, event.over_at())]
            }
            Self::Utc | Self::Dates(_) | Self::Clock(_) | Self::Days(..) => Vec::new(),
        }
    }
}

fn local_text(zone: Tz, at: DateTime<Utc>, format: &str) -> String {
    local_in(zone, at).unwrap_or_else(|| at.naive_utc()).format(format).to_string()
}
