//! The calendar objects of the corpus (`../shared/corpus`, not part of the project), and what the product makes of each.

// Helpers of tests are not seen as tests by clippy.
#![allow(clippy::unwrap_used, reason = "also built for a bench")]

use chrono::{DateTime, TimeDelta, Utc};
use paravent::domain::address::{Mailbox, NamedMailbox};
use paravent::domain::attendance::{PartStat, Response};
use paravent::domain::compose::InvitationKind;
use paravent::domain::compose::Problem;
use paravent::domain::invitation::{self, Ask, Intent, Plan, Remark, Step};
use paravent::domain::itip::translate::{Described, GuestObject, OrganizerReply, cancel_for_guest, reply_for_organizer, request_for_guest};
use paravent::domain::itip::{self, CalendarError, CalendarLimits, CalendarObject, EventTime, Method, Uid};
use paravent::domain::language::Language;
use paravent::domain::meeting::MeetingEvent;
use paravent::domain::mime::{self, MimeLimits};
use paravent::domain::organizer::{Anonymity, Group, Organizer};
use paravent::domain::token::AliasDomain;
use std::path::{Path, PathBuf};

/// The set whose files are calendar objects; those of all others are mails.
const CALENDAR_FILES: &str = "ics";
/// Files that describe a set.
const ABOUT: [&str; 4] = ["labels.csv", "SOURCE.txt", "MANIFEST.csv", "README.md"];
/// Who gets the mail where the object lists nobody.
const STAND_IN: &str = "guest@cabinet.example";

/// A calendar object of the corpus.
pub struct Found {
    pub set: String,
    /// Below the set; with a number where a file has several.
    pub file: String,
    pub object: Result<CalendarObject, CalendarError>,
}

/// What was made of one.
pub struct Judged {
    /// As written; `none`, or `unreadable`.
    pub method: String,
    pub verdict: Verdict,
    /// Whole days, and a time without zone.
    pub whole_days: bool,
    pub floating: bool,
    /// The objects for the first guest, and for the organizer.
    pub emitted: Vec<String>,
}

/// What an object is to the product.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Once,
    Series,
    /// Of a series single instances alone.
    Instances,
    Refused(Vec<Remark>),
    /// Statuses, and whether each is of an instance.
    Answers(Vec<(PartStat, bool)>),
    /// A word between calendars that is neither an invitation nor an answer.
    Other,
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus")
}

/// Every set's name and files; `None` without a corpus.
pub fn files() -> Option<Vec<(String, PathBuf)>> {
    let sets = std::fs::read_dir(folder()).ok()?.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let mut files = Vec::new();
    for set in sets {
        let name = set.file_name().unwrap().to_string_lossy().into_owned();
        let mut open = vec![set];
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            } else if !ABOUT.contains(&path.file_name().unwrap().to_string_lossy().as_ref()) {
                files.push((name.clone(), path));
            }
        }
    }
    files.sort();
    Some(files)
}

/// The calendar objects of one file.
pub fn objects(set: &str, path: &Path) -> Vec<Found> {
    let bytes = std::fs::read(path).unwrap();
    let objects: Vec<_> = if set == CALENDAR_FILES {
        itip::read_several(&bytes, &CalendarLimits::default()).collect()
    } else {
        let mail = mime::read(&bytes, &MimeLimits::default());
        let read = |part: &mime::CalendarPart| {
            let mut object = itip::read(&part.bytes)?;
            object.method = object.method.or_else(|| part.method.as_deref().map(Method::parse));
            Ok(object)
        };
        mail.calendars.iter().map(read).collect()
    };
    let name = path.strip_prefix(folder().join(set)).unwrap().display().to_string();
    let count = objects.len();
    let named = |index: usize| if count == 1 { name.clone() } else { format!("{name} #{}", index + 1) };
    objects.into_iter().enumerate().map(|(index, object)| Found { set: set.to_owned(), file: named(index), object }).collect()
}

/// What becomes of an object: of one without METHOD, what would if it were handed over as a file.
pub fn judge(object: &Result<CalendarObject, CalendarError>) -> Judged {
    let plain = |method: &str, verdict| Judged { method: method.to_owned(), verdict, whole_days: false, floating: false, emitted: vec![] };
    let object = match object {
        Ok(object) => object,
        Err(error) => return plain("unreadable", Verdict::Refused(vec![(Problem::BrokenCalendar, error.to_string())])),
    };
    let mut object = object.clone();
    let method = object.method.as_ref().map_or("none", |method| method.as_str()).to_owned();
    match object.method.get_or_insert(Method::Request) {
        Method::Reply if !object.events.is_empty() => {
            return plain(&method, Verdict::Answers(object.answers().map(|one| (one.partstat, one.recurrence_id.is_some())).collect()));
        }
        Method::Counter | Method::Refresh | Method::DeclineCounter => return plain(&method, Verdict::Other),
        Method::Request | Method::Add | Method::Cancel | Method::Publish | Method::Reply | Method::Other(_) => {}
    }
    let is_floating = |event: &itip::Event| matches!(event.start, Some(EventTime::Floating(_)));
    let floating = object.main_event().is_some_and(is_floating);
    match understood(&object) {
        Ok((plan, event, emitted)) => {
            Judged { whole_days: event.whole_days.is_some(), floating, emitted, ..plain(&method, kind(&plan, &event)) }
        }
        Err(remarks) => plain(&method, Verdict::Refused(remarks)),
    }
}

fn kind(plan: &Plan, event: &MeetingEvent) -> Verdict {
    match (&plan.said.whole, &event.series) {
        (None, _) => Verdict::Instances,
        (Some(_), Some(_)) => Verdict::Series,
        (Some(_), None) => Verdict::Once,
    }
}

fn understood(object: &CalendarObject) -> Result<(Plan, MeetingEvent, Vec<String>), Vec<Remark>> {
    let organizer = organizer_of(object);
    let guest_domain = AliasDomain::parse("guest.visio.example").unwrap();
    let now = before(object);
    let stand_in = [Mailbox::parse(STAND_IN).unwrap()];
    let is_guest = |attendee: &itip::Attendee| attendee.mailbox.as_ref().is_none_or(|named| !organizer.owns(&named.mailbox));
    let lists_somebody = object.events.iter().flat_map(|event| &event.attendees).any(is_guest);
    let recipients = (!lists_somebody).then_some(&stand_in[..]);
    let ask = Ask { organizer: &organizer, recipients, guest_domain: &guest_domain, max_guests: 1_000, known: None, now };
    let plan = invitation::plan(object, &ask)?;
    let event = match (plan.intent, &plan.said.whole) {
        (Intent::Cancel, Some(whole)) => whole.event.clone(),
        // Nothing is known that could be taken off: what was understood is all that there is to see.
        (Intent::Cancel, None) => return Ok((plan, nothing(now), vec![])),
        (Intent::Request | Intent::Add, _) => invitation::content(None, &plan, object, organizer.group.time_zone)?.event,
    };
    let emitted = emitted(object, &plan, &event, now);
    Ok((plan, event, emitted))
}

fn nothing(now: DateTime<Utc>) -> MeetingEvent {
    MeetingEvent { title: String::new(), description: None, starts_at: now, ends_at: now, series: None, whole_days: None }
}

/// What the first guest would get, and the organizer for their answer.
fn emitted(object: &CalendarObject, plan: &Plan, event: &MeetingEvent, now: DateTime<Utc>) -> Vec<String> {
    let Some(invited) = plan.invited.first() else { return vec![] };
    let uid = Uid("ours@visio.example".into());
    let alias = NamedMailbox::new("Service médical", Mailbox::parse("oab@visio.example").unwrap());
    let make = |event: &MeetingEvent, is_off: bool| {
        let changed = event.series.iter().flat_map(|series| &series.changed);
        let described = |(id, one): (&DateTime<Utc>, &_)| Described { id: *id, instance: Clone::clone(one), description: "Bonjour".into() };
        let instances: Vec<Described> = changed.map(described).collect();
        let ours = GuestObject {
            uid: &uid,
            sequence: 0,
            now,
            organizer_alias: &alias,
            guest: &invited.guest,
            event,
            link: (!is_off).then_some("https://visio.example/j/x"),
            description: "Bonjour",
            instances: &instances,
            response: &Response::default(),
            allow_counter: true,
        };
        if is_off { cancel_for_guest(&ours) } else { request_for_guest(&ours) }
    };
    if plan.intent == Intent::Cancel {
        return vec![make(event, true)];
    }
    let Some(after) = invitation::after(plan, invited, None) else { return vec![] };
    let Step::Send { kind, sent, .. } = invitation::step(None, &after, event) else { return vec![] };
    assert_eq!(kind, InvitationKind::New);
    let attendee = NamedMailbox::bare(invited.invited_as.clone());
    let reply = OrganizerReply {
        object,
        event,
        instance: sent.event.only_instance(),
        and_later: false,
        home: chrono_tz::Europe::Paris,
        delegated_to: None,
        attendee: &attendee,
        partstat: PartStat::Accepted,
        comment: None,
        now,
    };
    vec![make(&sent.event, false), reply_for_organizer(&reply)]
}

/// Somebody of the directory whose address is the object's ORGANIZER.
fn organizer_of(object: &CalendarObject) -> Organizer {
    let stated = object.events.iter().find_map(|event| event.organizer.clone());
    let french = Language::parse("fr").unwrap();
    let group = Group {
        name: "medical".into(),
        label: "Service médical".into(),
        anonymity: Anonymity::Anonymous,
        language: french.clone(),
        time_zone: chrono_tz::Europe::Paris,
        allow_counter: true,
    };
    Organizer {
        id: serde_json::from_value("00000000-0000-0000-0000-000000000001".into()).unwrap(),
        mailbox: stated.map_or_else(|| Mailbox::parse("claire.bernard@agence.example").unwrap(), |named| named.mailbox),
        aliases: vec![],
        name: "Claire Bernard".into(),
        language: french,
        secrets: vec![],
        group,
        active: true,
    }
}

/// Two days before the earliest time in it.
fn before(object: &CalendarObject) -> DateTime<Utc> {
    let instant = |time: &EventTime| match time {
        EventTime::Utc(instant) | EventTime::Zoned { instant: Some(instant), .. } => *instant,
        EventTime::Zoned { local, instant: None, .. } | EventTime::Floating(local) => local.and_utc(),
        EventTime::Date(day) => day.and_time(chrono::NaiveTime::MIN).and_utc(),
    };
    let times = object.events.iter().flat_map(|event| event.start.iter().chain(&event.recurrence_time)).map(instant);
    times.min().unwrap_or_default() - TimeDelta::days(2)
}
