//! What the VEVENTs of an answer are about: the whole of what the guest knows, an instance of it, or an instance and all later
//! ones. Instances are matched by the instant that their RECURRENCE-ID names (RFC 5545 §3.8.4.4).

use super::calendar::unexpected_because;
use super::{Case, Decision, Disposition, Instead};
use crate::domain::itip::Event;
use crate::domain::meeting::MeetingEvent;
use crate::domain::part::Part;
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::fmt;

/// Most instances that one answer to "this and all later ones" is noted for.
const LATER_MAX: usize = 100;

/// Most answers of one message that are passed on, each of them a mail to the organizer. A person answers a handful of instances,
/// and the whole where they mean all of them: more than one for every week of a year waits for somebody to look at it.
pub(super) const ANSWERS_MAX: usize = 60;

/// Most VEVENTs of one answer that are looked at: some programs repeat instances that differ, and each is searched in the series.
const EVENTS_MAX: usize = 100;

/// What an answer is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// Everything that the guest is invited to.
    Whole,
    /// One instance, by the instant of its RECURRENCE-ID.
    Instance(DateTime<Utc>),
    /// One instance and all later ones (RANGE=THISANDFUTURE).
    Later(DateTime<Utc>),
}

impl Target {
    /// The key of the answer in the response track.
    pub(super) fn id(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Whole => None,
            Self::Instance(id) | Self::Later(id) => Some(id),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => Ok(()),
            Self::Instance(id) => write!(f, " to the instance of {}", id.format("%Y-%m-%dT%H:%MZ")),
            Self::Later(id) => write!(f, " to the instances from {} on", id.format("%Y-%m-%dT%H:%MZ")),
        }
    }
}

/// The VEVENTs of an answer that the token's UID names, by what they are about.
pub(super) struct Bound<'a> {
    /// The meeting as the guest knows it.
    pub(super) view: MeetingEvent,
    /// Each target once.
    pub(super) events: Vec<(Target, &'a Event)>,
    /// The instances that the guest is invited to alone, in the organizer's dialog.
    only: Vec<DateTime<Utc>>,
}

impl Bound<'_> {
    /// Whether the guest knows a series.
    pub(super) fn recurs(&self) -> bool {
        self.view.series.is_some() && self.view.only_instance().is_none()
    }

    /// Where the answer is kept.
    pub(super) fn stored(&self, target: Target) -> Vec<Option<DateTime<Utc>>> {
        match target {
            Target::Whole | Target::Instance(_) => vec![target.id()],
            Target::Later(from) => {
                let coming = self.view.coming(from, LATER_MAX).into_iter().filter_map(|one| one.id).filter(|id| *id > from);
                std::iter::once(from).chain(coming).map(Some).collect()
            }
        }
    }

    /// What the organizer is told of: who is invited to some instances alone answers each of them, not the series.
    pub(super) fn told(&self, target: Target) -> Vec<Option<DateTime<Utc>>> {
        match target {
            Target::Whole if !self.only.is_empty() => self.only.iter().copied().map(Some).collect(),
            Target::Whole | Target::Instance(_) | Target::Later(_) => vec![target.id()],
        }
    }

    /// The one instance of the organizer's dialog that a proposal is about, if any.
    pub(super) fn instance_of(&self, target: Target) -> Option<DateTime<Utc>> {
        target.id().or_else(|| self.only.first().copied())
    }
}

/// The VEVENTs that the token's UID names and that speak of what the guest knows; or what follows where there are none.
pub(super) fn bound<'a>(case: &Case<'a>) -> Result<Bound<'a>, Instead> {
    let events = case.classified.calendar.as_ref().map(|object| object.events.as_slice()).unwrap_or_default();
    let bound: Vec<&Event> = events.iter().filter(|event| is_bound(case, event)).collect();
    if bound.is_empty() {
        return Err(Box::new(unexpected_because("a calendar answer for another event than its token's")));
    }
    if bound.len() > EVENTS_MAX {
        return Err(Box::new(unexpected_because("a calendar answer with more events than a series of ours has")));
    }
    let view = case.dialog.guest.view(case.dialog.meeting);
    let only = match &case.dialog.guest.part {
        Part::Only(ids) => {
            let is_ahead = |id: &DateTime<Utc>| view.instance(*id).is_some_and(|one| one.ends_at > case.context.now);
            let theirs = |id: &DateTime<Utc>| view.instance(*id).is_some();
            let ahead: Vec<_> = ids.iter().copied().filter(is_ahead).collect();
            // Those that are over need no answer any more, unless all of them are.
            if ahead.is_empty() { ids.iter().copied().filter(theirs).collect() } else { ahead }
        }
        Part::Whole { .. } => Vec::new(),
    };
    let events: Vec<(Target, &Event)> = match (&view.series, view.only_instance()) {
        (Some(_), None) => of_series(case, &view, &bound),
        (Some(_), Some(id)) => of_meeting(&view, &bound).map(|event| (Target::Instance(id), event)).into_iter().collect(),
        (None, _) => of_meeting(&view, &bound)
            .or_else(|| without_uid_to_check(case, events))
            .map(|event| (Target::Whole, event))
            .into_iter()
            .collect(),
    };
    if events.is_empty() {
        return Err(Box::new(Decision::new(Disposition::Consumed, "an answer to an instance that the meeting does not have")));
    }
    Ok(Bound { view, events, only })
}

pub(super) fn is_bound(case: &Case<'_>, event: &Event) -> bool {
    case.context.uid.is_none_or(|uid| uid.0 == event.uid)
}

/// Of a series: every VEVENT with the instance that it names. What names none is passed over.
fn of_series<'a>(case: &Case<'_>, view: &MeetingEvent, events: &[&'a Event]) -> Vec<(Target, &'a Event)> {
    let home = case.dialog.organizer.group.time_zone;
    let target = |event: &Event| match (&event.recurrence_id, &event.recurrence_time) {
        (None, _) => Some(Target::Whole),
        (Some(_), None) => None,
        (Some(_), Some(time)) => {
            let id = view.recurrence_id(time, home).filter(|id| view.instance(*id).is_some())?;
            Some(if event.is_this_and_future { Target::Later(id) } else { Target::Instance(id) })
        }
    };
    let by_target: BTreeMap<Target, &Event> = events.iter().filter_map(|event| Some((target(event)?, *event))).collect();
    by_target.into_iter().collect()
}

/// Of a meeting that takes place once: its own instance goes before a range that reaches it, and that before the master.
fn of_meeting<'a>(view: &MeetingEvent, bound: &[&'a Event]) -> Option<&'a Event> {
    let starts_at = view.starts_at;
    // RECURRENCE-ID in whichever zone: matched by instant.
    let instance = || bound.iter().find(|event| instant(event) == Some(starts_at));
    let range = || {
        let reaching = bound.iter().filter(|event| event.is_this_and_future && instant(event).is_some_and(|from| from <= starts_at));
        reaching.max_by_key(|event| instant(event))
    };
    let master = || bound.iter().find(|event| event.recurrence_id.is_none());
    // A day or a clock without zone: nobody can tell which instant it is, and the meeting has one alone.
    let unclear = || bound.iter().find(|event| event.recurrence_time.is_some() && instant(event).is_none());
    instance().or_else(range).or_else(master).or_else(unclear).copied()
}

fn instant(event: &Event) -> Option<DateTime<Utc>> {
    event.recurrence_time.as_ref().and_then(|time| time.instant())
}

/// With content alone there is no meeting to compare an instance with.
fn without_uid_to_check<'a>(case: &Case<'_>, events: &'a [Event]) -> Option<&'a Event> {
    if case.context.uid.is_none() { events.first() } else { None }
}
