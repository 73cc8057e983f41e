//! What a message makes of the meeting itself: its event, and the organizer's own object in whose terms answers are given.

use super::said::{CHANGED_MAX, SaidInstance, Whole};
use super::{Intent, Plan, Remark};
use crate::domain::compose::Problem;
use crate::domain::itip::merge::{kept, merged};
use crate::domain::itip::time::{instant_in, local_in};
use crate::domain::itip::tree::Component;
use crate::domain::itip::{self, CalendarObject};
use crate::domain::meeting::{Guest, Meeting, MeetingEvent};
use crate::domain::occurrence::Instance;
use crate::domain::revision::{Ledger, Revision};
use crate::domain::series::SeriesLimits;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use std::collections::BTreeMap;

/// Most octets of titles and descriptions that single instances of a series have of their own, all together: each guest gets all of
/// them in each mail.
const TEXTS_MAX: usize = 500_000;

/// Most octets of the organizer's object as it is kept: it is read for every answer.
const OBJECT_MAX: usize = 1_000_000;

/// The meeting after a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// What guests are told.
    pub event: MeetingEvent,
    /// What was taken of it.
    pub ledger: Ledger,
    /// The organizer's object: the newest whole, and the newest of each instance.
    pub object: String,
}

/// What a REQUEST or ADD makes of the meeting. What is older than what is known changes nothing, also where the rest is newer.
pub fn content(known: Option<&Meeting>, plan: &Plan, object: &CalendarObject, home: Tz) -> Result<Content, Vec<Remark>> {
    let is_adding = plan.intent == Intent::Add;
    let mut ledger = known.map(|meeting| meeting.ledger.clone()).unwrap_or_default();
    let (whole, late) = match &plan.said.whole {
        Some(whole) if ledger.takes_whole(&whole.revision) => (Some(whole), None),
        late => (None, late.as_ref().filter(|_| plan.said.speaks_of_instances())),
    };
    let forgotten = late.and_then(|late| ledger.note_spoken(late.revision)).unwrap_or_default();
    let mut event = match (whole, known) {
        (Some(whole), known) => with_known_instances(whole, known, plan, &mut ledger),
        (None, Some(meeting)) => as_ruled(&meeting.event, &forgotten),
        (None, None) => alone(plan).ok_or_else(|| vec![(Problem::UnknownMeeting, String::new())])?,
    };
    let mut taken = Vec::new();
    for (id, one) in &plan.said.instances {
        if ledger.takes_instance(*id, &one.revision, &one.as_of) {
            put(&mut event, *id, one)?;
            ledger.instances.insert(*id, one.revision);
            taken.push(one.index);
        }
    }
    let changed = event.series.as_ref().map_or(0, |series| series.changed.len());
    if changed > CHANGED_MAX {
        return Err(vec![(Problem::Series, CHANGED_MAX.to_string())]);
    }
    if texts_of(&event) > TEXTS_MAX {
        return Err(vec![(Problem::Series, format!("{TEXTS_MAX} B"))]);
    }
    let older = known.and_then(|meeting| itip::read(meeting.organizer_object.as_bytes()).ok());
    let object = match &older {
        Some(older) if whole.is_some() => with_older_instances(object, older, &taken, |index| {
            id_of(older, index, &event, home).is_some_and(|id| is_kept(plan, &ledger, &event, id))
        }),
        Some(older) => {
            let is_taken = |id| plan.said.instances.get(&id).is_some_and(|one| taken.contains(&one.index));
            let is_gone = |index| id_of(older, index, &event, home).is_some_and(|id| forgotten.contains(&id) || is_taken(id));
            // An RDATE with an end is said by the master, which is late here.
            let is_own = |index: usize| is_adding || object.events.get(index).is_some_and(|event| event.recurrence_id.is_some());
            merged(older, object, &|index| !is_gone(index), &|index| taken.contains(&index) && is_own(index), is_adding)
        }
        None => object.tree.clone(),
    };
    let object = kept(object).to_text();
    // What could not be read any more would leave answers untold.
    if object.len() > OBJECT_MAX {
        return Err(vec![(Problem::Series, format!("{OBJECT_MAX} B"))]);
    }
    Ok(Content { event, ledger, object })
}

/// A new whole with what was taken of its instances, and those of the object before that still stand.
fn with_older_instances(object: &CalendarObject, older: &CalendarObject, taken: &[usize], stands: impl Fn(usize) -> bool) -> Component {
    let is_master = |index: usize| object.events.get(index).is_some_and(|event| event.recurrence_id.is_none());
    merged(object, older, &|index| taken.contains(&index) || is_master(index), &stands, false)
}

fn texts_of(event: &MeetingEvent) -> usize {
    let of_one = |one: &Instance| one.title.len() + one.description.as_ref().map_or(0, String::len);
    event.series.iter().flat_map(|series| series.changed.values()).map(of_one).sum()
}

/// Takes off what is left to no guest: single instances that the organizer said something of, and with a cancellation of an
/// instance and all later ones those. Where nobody is invited at all, what there was stays told.
pub fn taken_off_for_all(meeting: &mut Meeting, plan: &Plan, guests: &[&Guest]) {
    let views: Vec<MeetingEvent> = guests.iter().filter_map(|guest| view(guest, &meeting.event)).collect();
    if views.is_empty() {
        return;
    }
    for (id, revision) in noted(guests) {
        let is_left = meeting.event.instance(id).is_some() && views.iter().all(|view| view.instance(id).is_none());
        if is_left {
            meeting.ledger.instances.insert(id, revision);
            meeting.event.put(id, None);
        }
    }
    let ranges = plan.said.instances.iter().filter(|(_, one)| one.and_later && one.instance.is_none());
    for (id, _) in ranges.filter(|(id, _)| !views.iter().any(|view| has_from(view, **id))) {
        meeting.event.end_before(*id);
    }
}

fn view(guest: &Guest, event: &MeetingEvent) -> Option<MeetingEvent> {
    guest.removed_at.is_none().then(|| event.for_part(&guest.part)).flatten()
}

/// The newest that was taken of each instance about each guest, and of these the oldest: what comes late may be new for that guest.
fn noted(guests: &[&Guest]) -> BTreeMap<DateTime<Utc>, Revision> {
    let mut noted: BTreeMap<DateTime<Utc>, Revision> = BTreeMap::new();
    for (id, revision) in guests.iter().flat_map(|guest| &guest.ledger.instances) {
        let oldest = noted.entry(*id).or_insert(*revision);
        if revision.is_before(oldest) {
            *oldest = *revision;
        }
    }
    noted
}

fn has_from(event: &MeetingEvent, id: DateTime<Utc>) -> bool {
    let of_rule = event.recurrence().is_some_and(|recurrence| {
        let limits = SeriesLimits { instances: 1, ..SeriesLimits::default() };
        !recurrence.instants_from(event.starts_at, id, &limits).instants.is_empty()
    });
    of_rule || event.series.as_ref().is_some_and(|series| series.changed.range(id..).next().is_some())
}

/// The new whole, with what is known of single instances where that is newer, or where the message is silent about them.
fn with_known_instances(whole: &Whole, known: Option<&Meeting>, plan: &Plan, ledger: &mut Ledger) -> MeetingEvent {
    let mut event = whole.event.clone();
    ledger.note_whole(whole.revision, plan.said.speaks_of_instances());
    let Some(known) = known.filter(|_| event.series.is_some()) else { return event };
    ledger.instances.retain(|id, revision| {
        // Where the whole is at another time of day it would be an instance of nothing, but for what was said of it since.
        let stands = event.instance(*id).is_some() || whole.revision.is_older_than(revision);
        if stands {
            event.put(*id, known.event.instance(*id));
        }
        stands
    });
    event
}

/// The meeting with these instances as the rule gives them.
fn as_ruled(event: &MeetingEvent, ids: &[DateTime<Utc>]) -> MeetingEvent {
    let mut event = event.clone();
    for id in ids {
        event.put(*id, Some(event.by_rule(*id)));
    }
    event
}

/// A meeting of which single instances alone are known.
fn alone(plan: &Plan) -> Option<MeetingEvent> {
    if plan.intent == Intent::Add {
        return None;
    }
    let instances: BTreeMap<_, _> = plan.said.instances.iter().filter_map(|(id, one)| Some((*id, one.instance.clone()?))).collect();
    let Instance { title, description, starts_at, ends_at } = instances.values().next()?.clone();
    Some(MeetingEvent { title, description, starts_at, ends_at, series: None, whole_days: None }.of_instances(instances))
}

fn put(event: &mut MeetingEvent, id: DateTime<Utc>, one: &SaidInstance) -> Result<(), Vec<Remark>> {
    match (&one.instance, one.and_later) {
        (None, true) => event.end_before(id),
        (Some(instance), true) => {
            for (later, instance) in shifted(event, id, instance)? {
                event.put(later, Some(instance));
            }
        }
        (instance, false) => event.put(id, instance.clone()),
    }
    Ok(())
}

/// What RANGE=THISANDFUTURE makes of this and the later instances: moved on the wall clock as far as this one.
fn shifted(event: &MeetingEvent, id: DateTime<Utc>, instance: &Instance) -> Result<Vec<(DateTime<Utc>, Instance)>, Vec<Remark>> {
    let refused = || vec![(Problem::Series, "RANGE=THISANDFUTURE".to_owned())];
    let series = event.series.as_ref().ok_or_else(refused)?;
    let recurrence = series.recurrence.as_ref().ok_or_else(refused)?;
    let limits = SeriesLimits { instances: CHANGED_MAX, ..SeriesLimits::default() };
    let later = recurrence.instants_from(event.starts_at, id, &limits);
    if !later.complete {
        return Err(refused());
    }
    let zone = recurrence.zone();
    let local = |instant| local_in(zone, instant).ok_or_else(refused);
    let (delta, length) = (local(instance.starts_at)? - local(id)?, instance.ends_at - instance.starts_at);
    let moved = |id: DateTime<Utc>| {
        let starts_at = local(id)?.checked_add_signed(delta).and_then(|local| instant_in(zone, local)).ok_or_else(refused)?;
        Ok((id, Instance { starts_at, ends_at: starts_at + length, ..instance.clone() }))
    };
    later.instants.into_iter().map(moved).collect()
}

fn id_of(object: &CalendarObject, index: usize, event: &MeetingEvent, home: Tz) -> Option<DateTime<Utc>> {
    event.recurrence_id(object.events.get(index)?.recurrence_time.as_ref()?, home)
}

fn is_kept(plan: &Plan, ledger: &Ledger, event: &MeetingEvent, id: DateTime<Utc>) -> bool {
    let is_newer = plan.said.instances.get(&id).is_none_or(|one| ledger.instances.get(&id) != Some(&one.revision));
    let is_changed = event.series.as_ref().is_some_and(|series| series.changed.contains_key(&id));
    is_newer && is_changed
}
