//! The calendar language: iTIP objects (RFC 5545, 5546, 7986) read into types, translated, and written.
//!
//! * [`tree`] keeps every content line exactly (lossless), [`parse`] reads it and `write` writes it; it is what is
//!   shown to the organizer's calendar.
//! * [`read`] gives the typed view of it that decisions need.
//! * [`time`] finds the instant that a DATE-TIME with any TZID means.
//! * [`translate`] makes the object of the other dialog.
//!
//! The typed view is made on the tree directly: calcard normalizes values and does not evaluate a VTIMEZONE, and
//! what is needed of it (times, durations, addresses) is less code than its detours.

mod lines;
pub mod merge;
pub mod parse;
pub mod read;
mod several;
pub mod time;
pub mod translate;
pub mod tree;
mod user;
mod write;
pub(crate) mod zone;

use super::address::NamedMailbox;
use super::attendance::PartStat;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};
use std::fmt;

pub use parse::CalendarLimits;
pub use read::{CalendarError, read, read_within};
pub use several::read_several;

/// A UID (RFC 5545 §3.8.4.7, RFC 7986 §5.3): opaque, compared octet by octet.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Uid(pub String);

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An iTIP method (RFC 5546 §1.4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Publish without reply.
    Publish,
    /// Invite or update.
    Request,
    /// Answer.
    Reply,
    /// Add instances.
    Add,
    /// Cancel.
    Cancel,
    /// Ask for the newest version.
    Refresh,
    /// Propose a change.
    Counter,
    /// Refuse a proposal.
    DeclineCounter,
    /// A word that RFC 5546 does not know, in upper case.
    Other(String),
}

impl Method {
    /// Reads the value in any letter case.
    pub fn parse(text: &str) -> Self {
        match text.trim().to_ascii_uppercase().as_str() {
            "PUBLISH" => Self::Publish,
            "REQUEST" => Self::Request,
            "REPLY" => Self::Reply,
            "ADD" => Self::Add,
            "CANCEL" => Self::Cancel,
            "REFRESH" => Self::Refresh,
            "COUNTER" => Self::Counter,
            "DECLINECOUNTER" => Self::DeclineCounter,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The value as RFC 5546 writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Publish => "PUBLISH",
            Self::Request => "REQUEST",
            Self::Reply => "REPLY",
            Self::Add => "ADD",
            Self::Cancel => "CANCEL",
            Self::Refresh => "REFRESH",
            Self::Counter => "COUNTER",
            Self::DeclineCounter => "DECLINECOUNTER",
            Self::Other(word) => word,
        }
    }
}

/// A point in time as a calendar writes it (RFC 5545 §3.3.4, §3.3.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventTime {
    /// `…Z`
    Utc(DateTime<Utc>),
    /// With a TZID. `instant` is `None` when nobody knows the zone.
    Zoned {
        /// The wall clock.
        local: NaiveDateTime,
        /// The TZID as written.
        tzid: String,
        /// What it means.
        instant: Option<DateTime<Utc>>,
    },
    /// Without zone: the reader's own clock.
    Floating(NaiveDateTime),
    /// A whole day.
    Date(NaiveDate),
}

impl EventTime {
    /// The instant, where it is one.
    pub fn instant(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Utc(instant) => Some(*instant),
            Self::Zoned { instant, .. } => *instant,
            Self::Floating(_) | Self::Date(_) => None,
        }
    }
}

/// An ATTENDEE (RFC 5545 §3.8.4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attendee {
    /// The calendar user address as written, without `mailto:` and percent-decoded.
    pub address: String,
    /// The same as a mailbox with its CN, where it is one.
    pub mailbox: Option<NamedMailbox>,
    /// PARTSTAT; NEEDS-ACTION where it is missing or not known.
    pub partstat: PartStat,
    /// DELEGATED-TO addresses, as mailboxes where they are.
    pub delegated_to: Vec<NamedMailbox>,
    /// CUTYPE in upper case; empty where missing (INDIVIDUAL).
    pub cutype: String,
    /// ROLE in upper case; empty where missing (REQ-PARTICIPANT).
    pub role: String,
}

/// The typed view of one VEVENT.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// UID; empty where missing.
    pub uid: String,
    /// RECURRENCE-ID as written: the value alone.
    pub recurrence_id: Option<String>,
    /// The same as a time.
    pub recurrence_time: Option<EventTime>,
    /// RANGE=THISANDFUTURE (RFC 5545 §3.2.13): it speaks for the later instances too.
    pub is_this_and_future: bool,
    /// SEQUENCE; 0 where missing, capped at `u32::MAX`.
    pub sequence: u32,
    /// DTSTAMP.
    pub dtstamp: Option<DateTime<Utc>>,
    /// SUMMARY, unescaped.
    pub summary: Option<String>,
    /// DESCRIPTION, unescaped.
    pub description: Option<String>,
    /// LOCATION, unescaped.
    pub location: Option<String>,
    /// COMMENT lines, unescaped.
    pub comments: Vec<String>,
    /// DTSTART.
    pub start: Option<EventTime>,
    /// DTEND, or DTSTART plus DURATION.
    pub end: Option<EventTime>,
    /// ORGANIZER as a mailbox.
    pub organizer: Option<NamedMailbox>,
    /// ATTENDEE lines.
    pub attendees: Vec<Attendee>,
    /// STATUS in upper case.
    pub status: Option<String>,
    /// How it recurs.
    pub recurs: Recurs,
}

/// RRULE, RDATE and EXDATE of one VEVENT, the rules as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recurs {
    /// RRULE values.
    pub rules: Vec<String>,
    /// RDATE: when an instance starts, and where it is a PERIOD also when it ends.
    pub dates: Vec<(EventTime, Option<EventTime>)>,
    /// EXDATE.
    pub excluded: Vec<EventTime>,
    /// EXRULE values: RFC 5545 took them off, RFC 2445 programs may still write them.
    pub excluding_rules: Vec<String>,
}

impl Recurs {
    /// Whether anything of it is there.
    pub fn is_some(&self) -> bool {
        !(self.rules.is_empty() && self.dates.is_empty() && self.excluded.is_empty() && self.excluding_rules.is_empty())
    }
}

/// An iTIP message: the exact tree, and the typed view of it.
#[derive(Clone, Debug)]
pub struct CalendarObject {
    /// METHOD; `None` for a stored object without one.
    pub method: Option<Method>,
    /// PRODID.
    pub prodid: Option<String>,
    /// VEVENTs in order.
    pub events: Vec<Event>,
    /// Names of the other components, in upper case (VTODO, VJOURNAL, VFREEBUSY…; VTIMEZONE not counted).
    pub others: Vec<String>,
    /// Every content line.
    pub tree: tree::Component,
    /// What was odd and read all the same, for people.
    pub defects: Vec<String>,
}

/// What one attendee says of one instance (or of the whole).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttendeeAnswer<'a> {
    /// RECURRENCE-ID as written; `None` for the master.
    pub recurrence_id: Option<&'a str>,
    /// Who.
    pub attendee: &'a Attendee,
    /// What.
    pub partstat: PartStat,
}

impl CalendarObject {
    /// Every ATTENDEE of every event with its status: in a REPLY, the answers in it.
    pub fn answers(&self) -> impl Iterator<Item = AttendeeAnswer<'_>> {
        self.events.iter().flat_map(|event| {
            event.attendees.iter().map(|attendee| AttendeeAnswer {
                recurrence_id: event.recurrence_id.as_deref(),
                attendee,
                partstat: attendee.partstat,
            })
        })
    }

    /// The VTIMEZONE of this TZID.
    pub fn vtimezone(&self, tzid: &str) -> Option<&tree::Component> {
        let is_named = |zone: &&tree::Component| time::zone_name(zone).is_some_and(|name| name == tzid.trim());
        self.tree.components_named("VTIMEZONE").find(is_named)
    }

    /// The master event, else the first.
    pub fn main_event(&self) -> Option<&Event> {
        self.events.iter().find(|event| event.recurrence_id.is_none()).or(self.events.first())
    }
}
