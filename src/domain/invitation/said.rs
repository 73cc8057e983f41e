//! What a calendar object says of a meeting: the whole with its recurrence, and single instances (RFC 5546 §3.2).

use super::{Intent, Remark, one_line, plain_text};
use crate::domain::compose::Problem;
use crate::domain::itip::time::{instant_in, known_zone, local_in};
use crate::domain::itip::{CalendarObject, Event, EventTime};
use crate::domain::meeting::{Meeting, MeetingEvent};
use crate::domain::occurrence::{Instance, Series};
use crate::domain::revision::Revision;
use crate::domain::series::{End, Recurrence, Rule, SeriesLimits, series_zone};
use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use std::collections::{BTreeMap, BTreeSet};

/// Most instances of one series that differ from its rule.
pub const CHANGED_MAX: usize = 500;
/// Most VEVENTs of one object with RANGE=THISANDFUTURE: each changes all later instances one by one.
const RANGES_MAX: usize = 10;
/// Highest COUNT: ten years of every day. Programs offer less than a thousand, and a count is counted for every question.
const COUNT_MAX: u32 = 3_660;
/// Longest RRULE shown to the organizer, in characters.
const RULE_SHOWN: usize = 120;

/// What the whole is, as its master VEVENT says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whole {
    /// With its recurrence, and without any instance of its own.
    pub event: MeetingEvent,
    /// Of the master.
    pub revision: Revision,
}

/// What a VEVENT says of one instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaidInstance {
    /// Where the VEVENT is in the object.
    pub index: usize,
    /// Of it.
    pub revision: Revision,
    /// That of the whole in the same object where it is newer: beside it the instance is as new as that.
    pub as_of: Revision,
    /// The instance; `None` where it does not take place.
    pub instance: Option<Instance>,
    /// RANGE=THISANDFUTURE: it speaks of all later instances too (RFC 5545 §3.2.13).
    pub and_later: bool,
    /// Whether the VEVENT lists attendees.
    pub lists_attendees: bool,
}

/// What an object says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Of the whole.
    pub whole: Option<Whole>,
    /// Of single instances, by the instant of their RECURRENCE-ID.
    pub instances: BTreeMap<DateTime<Utc>, SaidInstance>,
}

impl Said {
    /// Whether the message about the whole speaks of single instances too. Programs that send those one by one (Google) say
    /// nothing of them with the whole.
    pub fn speaks_of_instances(&self) -> bool {
        let excludes = |whole: &Whole| {
            let recurrence = whole.event.recurrence();
            recurrence.is_none_or(|recurrence| !recurrence.excluded().is_empty())
        };
        self.whole.as_ref().is_some_and(|whole| !self.instances.is_empty() || excludes(whole))
    }

    /// Leaves out late words about instances that a newer whole no longer has: where that is at another time of day, they would
    /// be instances of nothing.
    pub(super) fn leave_out_what_is_gone(&mut self, known: &Meeting) {
        let Some(newest) = known.ledger.whole else { return };
        if self.whole.as_ref().is_some_and(|whole| known.ledger.takes_whole(&whole.revision)) {
            return;
        }
        let is_known = |id: &DateTime<Utc>| known.ledger.instances.contains_key(id) || known.event.instance(*id).is_some();
        self.instances.retain(|id, one| !one.as_of.is_older_than(&newest) || is_known(id));
    }

    /// The newest revision in it.
    pub fn revision(&self) -> Revision {
        let all = self.whole.iter().map(|whole| whole.revision).chain(self.instances.values().map(|one| one.revision));
        all.reduce(|newest, other| if newest.is_before(&other) { other } else { newest }).unwrap_or_default()
    }
}

/// By what times without zone, and instances, are understood.
pub(super) struct Clock<'a> {
    /// The organizer's zone.
    pub home: Tz,
    /// The meeting as it was known before.
    pub known: Option<&'a MeetingEvent>,
    /// Now.
    pub now: DateTime<Utc>,
}

/// Reads what the object says. UIDs are checked before.
pub(super) fn said(object: &CalendarObject, intent: Intent, clock: &Clock<'_>) -> Result<Said, Vec<Remark>> {
    let mut masters = object.events.iter().filter(|event| event.recurrence_id.is_none());
    let (master, second) = (masters.next(), masters.next());
    if second.is_some() {
        return Err(vec![(Problem::BrokenCalendar, "VEVENT".to_owned())]);
    }
    let reader = Reader { object, intent, home: home(object, clock.home), now: clock.now };
    if intent == Intent::Add {
        return reader.added();
    }
    let whole = master.map(|event| reader.whole(event)).transpose()?;
    let base = whole.as_ref().map(|whole| &whole.event).or(clock.known);
    let mut instances = BTreeMap::new();
    let own = || object.events.iter().enumerate().filter(|(_, event)| event.recurrence_id.is_some());
    if own().count() > CHANGED_MAX {
        return Err(vec![(Problem::Series, CHANGED_MAX.to_string())]);
    }
    for (index, event) in own() {
        let (id, mut one) = reader.instance(index, event, base)?;
        if let Some(whole) = whole.as_ref().filter(|whole| one.as_of.is_older_than(&whole.revision)) {
            one.as_of = whole.revision;
        }
        instances.insert(id, one);
    }
    if let (Some(whole), Intent::Request) = (&whole, intent) {
        instances.extend(reader.dates_with_an_end(whole, master, &instances));
    }
    if instances.values().filter(|one| one.and_later).count() > RANGES_MAX {
        return Err(vec![(Problem::Series, "RANGE=THISANDFUTURE".to_owned())]);
    }
    if instances.len() > CHANGED_MAX {
        return Err(vec![(Problem::Series, CHANGED_MAX.to_string())]);
    }
    Ok(Said { whole, instances })
}

/// The zone for times without one: that of the calendar (X-WR-TIMEZONE), else the organizer's.
fn home(object: &CalendarObject, organizer: Tz) -> Tz {
    object.tree.property("X-WR-TIMEZONE").and_then(|zone| known_zone(&zone.value)).unwrap_or(organizer)
}

struct Reader<'a> {
    object: &'a CalendarObject,
    intent: Intent,
    home: Tz,
    now: DateTime<Utc>,
}

impl Reader<'_> {
    fn whole(&self, event: &Event) -> Result<Whole, Vec<Remark>> {
        let revision = revision(event);
        match (self.intent, self.told(event)) {
            (_, Ok(told)) => Ok(Whole { event: told, revision }),
            // A cancellation need not say when it would have been (RFC 5546 §3.2.5), nor rightly.
            (Intent::Cancel, Err(_)) => Ok(Whole { event: self.cancelled(event), revision }),
            (Intent::Request | Intent::Add, Err(remarks)) => Err(remarks),
        }
    }

    fn told(&self, event: &Event) -> Result<MeetingEvent, Vec<Remark>> {
        let start = event.start.as_ref().ok_or_else(|| vec![(Problem::BrokenCalendar, "DTSTART".to_owned())])?;
        let whole_days = matches!(start, EventTime::Date(_)).then_some(self.home);
        let (starts_at, ends_at) = self.span(event, start, None)?;
        let mut said = MeetingEvent { title: title(event), description: description(event), starts_at, ends_at, series: None, whole_days };
        let has_instances = self.object.events.iter().any(|other| other.recurrence_id.is_some());
        if event.recurs.is_some() || has_instances {
            let recurrence = self.recurrence(event, start, starts_at)?;
            said.series = Some(Box::new(Series { recurrence: Some(recurrence), changed: BTreeMap::new() }));
        }
        if self.intent == Intent::Request && !has_instances && said.coming(self.now, 1).is_empty() {
            return Err(vec![(Problem::WrongTimes, String::new())]);
        }
        Ok(said)
    }

    /// What is left of a meeting that a cancellation names without a time.
    fn cancelled(&self, event: &Event) -> MeetingEvent {
        let (starts_at, ends_at) = (self.now, self.now + TimeDelta::hours(1));
        MeetingEvent { title: title(event), description: None, starts_at, ends_at, series: None, whole_days: None }
    }

    fn instance(&self, index: usize, event: &Event, base: Option<&MeetingEvent>) -> Result<(DateTime<Utc>, SaidInstance), Vec<Remark>> {
        let broken = || vec![(Problem::BrokenCalendar, "RECURRENCE-ID".to_owned())];
        let time = event.recurrence_time.as_ref().ok_or_else(broken)?;
        let id = match base {
            Some(base) => base.recurrence_id(time, self.home),
            None => Some(self.clock_time(time)?),
        };
        let id = match (id, time) {
            (Some(id), _) => id,
            (None, EventTime::Zoned { tzid, .. }) => return Err(vec![(Problem::UnknownTimeZone, tzid.clone())]),
            (None, EventTime::Utc(_) | EventTime::Floating(_) | EventTime::Date(_)) => return Err(broken()),
        };
        let is_off = self.intent == Intent::Cancel || event.status.as_deref() == Some("CANCELLED");
        let instance = if is_off { None } else { Some(self.as_changed(event, id, base)?) };
        Ok((
            id,
            SaidInstance {
                index,
                revision: revision(event),
                as_of: revision(event),
                instance,
                and_later: event.is_this_and_future,
                lists_attendees: !event.attendees.is_empty(),
            },
        ))
    }

    /// An instance as its own VEVENT says it; what that leaves out is as in the whole.
    fn as_changed(&self, event: &Event, id: DateTime<Utc>, base: Option<&MeetingEvent>) -> Result<Instance, Vec<Remark>> {
        let ruled = base.map(|base| base.by_rule(id));
        let (starts_at, ends_at) = match &event.start {
            Some(start) => self.span(event, start, base.map(MeetingEvent::length))?,
            None => match &ruled {
                Some(ruled) => (ruled.starts_at, ruled.ends_at),
                None => return Err(vec![(Problem::BrokenCalendar, "DTSTART".to_owned())]),
            },
        };
        let title = event.summary.as_deref().map(one_line).or(ruled.map(|ruled| ruled.title)).unwrap_or_default();
        Ok(Instance { title, description: description(event), starts_at, ends_at })
    }

    /// ADD (RFC 5546 §3.2.4): new instances, each named by its own start.
    fn added(&self) -> Result<Said, Vec<Remark>> {
        let mut instances = BTreeMap::new();
        for (index, event) in self.object.events.iter().enumerate() {
            let instance = self.as_changed(event, self.now, None)?;
            let one = SaidInstance {
                index,
                revision: revision(event),
                as_of: revision(event),
                instance: Some(instance.clone()),
                and_later: false,
                lists_attendees: !event.attendees.is_empty(),
            };
            instances.insert(instance.starts_at, one);
        }
        Ok(Said { whole: None, instances })
    }

    /// RDATEs that are periods: instances of another length.
    fn dates_with_an_end(
        &self,
        whole: &Whole,
        master: Option<&Event>,
        known: &BTreeMap<DateTime<Utc>, SaidInstance>,
    ) -> BTreeMap<DateTime<Utc>, SaidInstance> {
        let periods = master.into_iter().flat_map(|event| &event.recurs.dates);
        let id = |start| if whole.event.whole_days.is_some() { self.begin_of_day(start) } else { self.clock_time(start) };
        let read =
            periods.filter_map(|(start, end)| Some((id(start).ok()?, self.clock_time(start).ok()?, self.clock_time(end.as_ref()?).ok()?)));
        let longer = read.filter(|(id, start, end)| end > start && !known.contains_key(id));
        longer
            .map(|(id, starts_at, ends_at)| {
                let instance = Some(Instance { starts_at, ends_at, ..whole.event.by_rule(id) });
                let index = self.object.events.iter().position(|event| event.recurrence_id.is_none()).unwrap_or_default();
                let (revision, as_of) = (whole.revision, whole.revision);
                (id, SaidInstance { index, revision, as_of, instance, and_later: false, lists_attendees: false })
            })
            .collect()
    }

    /// Start and end; without an end a day, the usual length, or an hour.
    fn span(&self, event: &Event, start: &EventTime, usual: Option<TimeDelta>) -> Result<(DateTime<Utc>, DateTime<Utc>), Vec<Remark>> {
        let starts_at = self.clock_time(start)?;
        // Some programs end a day on itself, or a meeting at its start.
        let end = event.end.as_ref().filter(|end| *end != start);
        let ends_at = match (end, start) {
            // Days end with a day (RFC 5545 §3.8.2.2 wants both alike): a clock at their end is that day's.
            (Some(end @ (EventTime::Utc(_) | EventTime::Zoned { .. } | EventTime::Floating(_))), EventTime::Date(day)) => {
                self.begin_of_day(end)?.max(self.clock_time(&EventTime::Date(next_day(*day)))?)
            }
            (Some(end), _) => self.clock_time(end)?,
            (None, EventTime::Date(day)) => self.clock_time(&EventTime::Date(next_day(*day)))?,
            (None, EventTime::Utc(_) | EventTime::Zoned { .. } | EventTime::Floating(_)) => {
                starts_at + usual.unwrap_or(TimeDelta::hours(1))
            }
        };
        if ends_at <= starts_at {
            return Err(vec![(Problem::WrongTimes, String::new())]);
        }
        Ok((starts_at, ends_at))
    }

    fn clock_time(&self, time: &EventTime) -> Result<DateTime<Utc>, Vec<Remark>> {
        let at_home = |local: NaiveDateTime| instant_in(self.home, local);
        let instant = match time {
            EventTime::Utc(instant) | EventTime::Zoned { instant: Some(instant), .. } => Some(*instant),
            EventTime::Zoned { tzid, instant: None, .. } => return Err(vec![(Problem::UnknownTimeZone, tzid.clone())]),
            EventTime::Floating(local) => at_home(*local),
            EventTime::Date(day) => at_home(day.and_time(NaiveTime::MIN)),
        };
        instant.ok_or_else(|| vec![(Problem::WrongTimes, String::new())])
    }

    /// The midnight of a day that is meant as a whole: some programs write one with a clock.
    fn begin_of_day(&self, time: &EventTime) -> Result<DateTime<Utc>, Vec<Remark>> {
        let day = match time {
            EventTime::Date(day) => *day,
            EventTime::Zoned { local, .. } | EventTime::Floating(local) => local.date(),
            EventTime::Utc(instant) if instant.time() == NaiveTime::MIN => instant.date_naive(),
            EventTime::Utc(instant) => instant.with_timezone(&self.home).date_naive(),
        };
        self.clock_time(&EventTime::Date(day))
    }

    fn recurrence(&self, event: &Event, start: &EventTime, starts_at: DateTime<Utc>) -> Result<Recurrence, Vec<Remark>> {
        let recurs = &event.recurs;
        let refused = |text: &str| vec![(Problem::Series, text.chars().take(RULE_SHOWN).collect::<String>())];
        if let Some(rule) = recurs.excluding_rules.first() {
            return Err(refused(&format!("EXRULE:{rule}")));
        }
        let zone = self.series_zone(event, start)?;
        let whole_days = matches!(start, EventTime::Date(_));
        let rule = match recurs.rules.as_slice() {
            [] => None,
            [text] => {
                let rule = Rule::parse(text, zone, whole_days).map_err(|_| refused(text))?;
                let is_long = matches!(rule.end(), End::Count(count) if count > COUNT_MAX);
                Some(rule).filter(|_| !is_long).ok_or_else(|| refused(text)).map(Some)?
            }
            [_, second, ..] => return Err(refused(second)),
        };
        let at = |time: &EventTime| if whole_days { self.begin_of_day(time) } else { self.clock_time(time) };
        let dates = recurs.dates.iter().map(|(start, _)| at(start)).collect::<Result<_, _>>()?;
        let shown = recurs.rules.first().map(String::as_str).unwrap_or_default();
        let without_exceptions = Recurrence::new(zone, starts_at, rule, dates, Vec::new()).map_err(|_| refused(shown))?;
        let day = |date: &DateTime<Utc>| local_in(zone, *date).map(|local| local.date());
        let days_added: BTreeSet<NaiveDate> = without_exceptions.dates().iter().filter_map(day).collect();
        let excluded: Result<Vec<DateTime<Utc>>, Vec<Remark>> = recurs
            .excluded
            .iter()
            .map(|time| if whole_days { at(time) } else { self.excluded(time, starts_at, &without_exceptions, &days_added) })
            .collect();
        Ok(without_exceptions.without(excluded?))
    }

    /// An EXDATE: an instant, or the day of an instance.
    fn excluded(
        &self,
        time: &EventTime,
        starts_at: DateTime<Utc>,
        recurrence: &Recurrence,
        days_added: &BTreeSet<NaiveDate>,
    ) -> Result<DateTime<Utc>, Vec<Remark>> {
        let EventTime::Date(day) = time else { return self.clock_time(time) };
        let zone = recurrence.zone();
        let on_day = if days_added.contains(day) {
            recurrence.instance_on(starts_at, *day, &SeriesLimits::default())
        } else {
            // The rule gives none but at the time of the first: no need to search it for each of thousands of days.
            local_in(zone, starts_at).and_then(|first| instant_in(zone, day.and_time(first.time())))
        };
        on_day.map_or_else(|| self.clock_time(time), Ok)
    }

    fn series_zone(&self, event: &Event, start: &EventTime) -> Result<Tz, Vec<Remark>> {
        match start {
            EventTime::Utc(_) => Ok(Tz::UTC),
            EventTime::Floating(_) | EventTime::Date(_) => Ok(self.home),
            EventTime::Zoned { local, tzid, .. } => {
                let own = self.object.vtimezone(tzid);
                let zone = series_zone(tzid, own, *local, last_day(event, *local));
                zone.ok_or_else(|| vec![(Problem::UnknownTimeZone, tzid.clone())])
            }
        }
    }
}

/// The day of the last instance, or the one after it; as the wall clock shows it, since the zone is not known yet.
fn last_day(event: &Event, start: NaiveDateTime) -> Option<NaiveDate> {
    let rule = match event.recurs.rules.as_slice() {
        [text] => Some(Rule::parse(text, Tz::UTC, false).ok()?),
        [] | [_, _, ..] => None,
    };
    let on_wall = Recurrence::new(Tz::UTC, start.and_utc(), rule, Vec::new(), Vec::new()).ok()?;
    let last = on_wall.last(start.and_utc(), &SeriesLimits::default())?.date_naive();
    let dates = event.recurs.dates.iter().map(|(date, _)| match date {
        EventTime::Utc(instant) => instant.date_naive(),
        EventTime::Zoned { local, .. } | EventTime::Floating(local) => local.date(),
        EventTime::Date(day) => *day,
    });
    Some(next_day(dates.fold(last, NaiveDate::max)))
}

fn next_day(day: NaiveDate) -> NaiveDate {
    day.checked_add_days(Days::new(1)).unwrap_or(day)
}

fn revision(event: &Event) -> Revision {
    Revision { sequence: event.sequence, dtstamp: event.dtstamp }
}

fn title(event: &Event) -> String {
    one_line(event.summary.as_deref().unwrap_or_default())
}

fn description(event: &Event) -> Option<String> {
    event.description.as_deref().map(plain_text).filter(|text| !text.is_empty())
}
