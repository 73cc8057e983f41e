//! The instances of a meeting: of a series as its rule gives them and as single ones were changed, for the part of it
//! that a guest is invited to (RFC 5545 §3.8.4.4, §3.8.5).

use super::itip::EventTime;
use super::itip::time::{instant_in, local_in};
use super::meeting::MeetingEvent;
use super::series::{Recurrence, SeriesLimits};
use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A recurring meeting beside its first instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// How it recurs; `None` where only single instances of it are known.
    pub recurrence: Option<Recurrence>,
    /// Instances that differ from what the rule gives, by the instant of their RECURRENCE-ID.
    pub changed: BTreeMap<DateTime<Utc>, Instance>,
}

/// One instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// SUMMARY, one line.
    pub title: String,
    /// DESCRIPTION as plain text.
    pub description: Option<String>,
    /// Start.
    pub starts_at: DateTime<Utc>,
    /// End, later than the start.
    pub ends_at: DateTime<Utc>,
}

/// The next times at which a meeting takes place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// Those, in the order of their starts.
    pub occurrences: Vec<Occurrence>,
    /// Whether there are no more; `false` also where that can't be known within the limits.
    pub complete: bool,
}

/// One time at which a meeting takes place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// RECURRENCE-ID; `None` for a meeting that takes place once.
    pub id: Option<DateTime<Utc>>,
    /// What it is.
    pub instance: Instance,
}

impl MeetingEvent {
    /// A series of which these instances alone are known; the first of them stands for the whole.
    pub fn of_instances(&self, changed: BTreeMap<DateTime<Utc>, Instance>) -> Self {
        let first = changed.values().min_by_key(|one| one.starts_at).cloned().unwrap_or_else(|| self.first());
        let Instance { title, description, starts_at, ends_at } = first;
        Self { title, description, starts_at, ends_at, series: Some(Box::new(Series { recurrence: None, changed })), ..self.clone() }
    }

    /// How it recurs; `None` for a meeting that takes place once, and where single instances of a series alone are known.
    pub fn recurrence(&self) -> Option<&Recurrence> {
        self.series.as_ref()?.recurrence.as_ref()
    }

    /// Of a series of which one instance alone is known, that one's RECURRENCE-ID.
    pub fn only_instance(&self) -> Option<DateTime<Utc>> {
        let series = self.series.as_ref().filter(|series| series.recurrence.is_none())?;
        series.changed.keys().next().copied().filter(|_| series.changed.len() == 1)
    }

    /// The RECURRENCE-IDs of instances that differ from the rule, in order.
    pub fn changed_ids(&self) -> impl Iterator<Item = DateTime<Utc>> {
        self.series.iter().flat_map(|series| series.changed.keys().copied())
    }

    /// What the whole says, as an instance.
    pub fn first(&self) -> Instance {
        Instance { title: self.title.clone(), description: self.description.clone(), starts_at: self.starts_at, ends_at: self.ends_at }
    }

    /// The instance that a RECURRENCE-ID names; `None` where there is none, or none any more.
    pub fn instance(&self, id: DateTime<Utc>) -> Option<Instance> {
        let series = self.series.as_ref()?;
        if let Some(changed) = series.changed.get(&id) {
            return Some(changed.clone());
        }
        self.recurrence()?.contains(self.starts_at, id, &SeriesLimits::default()).then(|| self.by_rule(id))
    }

    /// The instant that a RECURRENCE-ID names: in any zone, as a clock without zone (that of the series, else `home`), or as the
    /// day of an instance, which some programs write also as its midnight. There need not be such an instance; `None` where
    /// nobody knows the zone.
    pub fn recurrence_id(&self, time: &EventTime, home: Tz) -> Option<DateTime<Utc>> {
        let zone = self.zone().unwrap_or(home);
        let midnight = |local: &NaiveDateTime| (local.time() == NaiveTime::MIN).then(|| local.date());
        let (instant, day) = match time {
            EventTime::Utc(instant) => (*instant, midnight(&instant.naive_utc()).filter(|_| self.whole_days.is_some())),
            EventTime::Zoned { local, instant, .. } => ((*instant)?, midnight(local)),
            EventTime::Floating(local) => (instant_in(zone, *local)?, midnight(local)),
            EventTime::Date(day) => (instant_in(zone, day.and_time(NaiveTime::MIN))?, Some(*day)),
        };
        if self.instance(instant).is_some() {
            return Some(instant);
        }
        if let Some(days) = self.whole_days {
            // Of whole days only the day counts, whatever clock a program wrote with it.
            let day = day.or_else(|| local_in(days, instant).map(|local| local.date()))?;
            return self.instance_on(day, days).or_else(|| instant_in(days, day.and_time(NaiveTime::MIN)));
        }
        Some(day.and_then(|day| self.instance_on(day, zone)).unwrap_or(instant))
    }

    fn instance_on(&self, day: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
        let series = self.series.as_ref()?;
        let ruled = series.recurrence.as_ref().and_then(|ruled| ruled.instance_on(self.starts_at, day, &SeriesLimits::default()));
        let is_that_day = |id: &DateTime<Utc>| local_in(zone, *id).is_some_and(|local| local.date() == day);
        ruled.or_else(|| series.changed.keys().copied().find(is_that_day))
    }

    /// The zone on whose clock it is, where one is known: that of the series, or of whole days.
    pub fn zone(&self) -> Option<Tz> {
        self.recurrence().map(Recurrence::zone).or(self.whole_days)
    }

    /// Puts an instance in its place: as it differs from the rule, as a new one, or `None` where it does not take place. A
    /// meeting that took place once becomes the first instance of a series.
    pub fn put(&mut self, id: DateTime<Utc>, instance: Option<Instance>) {
        let (starts_at, limits) = (self.starts_at, SeriesLimits::default());
        let as_ruled = self.by_rule(id);
        let zone = self.zone().unwrap_or(Tz::UTC);
        let series = self.series.get_or_insert_with(|| {
            let once = Recurrence::new(zone, starts_at, None, Vec::new(), Vec::new()).ok();
            Box::new(Series { recurrence: once, changed: BTreeMap::new() })
        });
        match instance {
            Some(instance) => {
                series.recurrence = series.recurrence.as_ref().map(|ruled| ruled.with(starts_at, id, &limits));
                if series.recurrence.is_some() && instance == as_ruled {
                    series.changed.remove(&id);
                } else {
                    series.changed.insert(id, instance);
                }
            }
            None => {
                series.changed.remove(&id);
                series.recurrence = series.recurrence.as_ref().map(|ruled| ruled.without([id]));
            }
        }
    }

    /// Takes this instance and all later ones off (RANGE=THISANDFUTURE).
    pub fn end_before(&mut self, id: DateTime<Utc>) {
        let (starts_at, by_day) = (self.starts_at, self.whole_days.is_some());
        if let Some(series) = &mut self.series {
            series.changed.retain(|known, _| *known < id);
            series.recurrence =
                series.recurrence.as_ref().map(|ruled| ruled.ending_before(starts_at, id, by_day, &SeriesLimits::default()));
        }
    }

    /// The occurrence that runs at `now`, or comes next, or was the last. Of a meeting that takes place once, itself.
    pub fn occurrence_at(&self, now: DateTime<Utc>) -> Occurrence {
        let Some(series) = &self.series else { return Occurrence { id: None, instance: self.first() } };
        self.coming(now, 1).pop().or_else(|| self.last_of(series)).unwrap_or(Occurrence { id: None, instance: self.first() })
    }

    /// The next `most` occurrences that are not over at `now`, in the order of their starts.
    pub fn coming(&self, now: DateTime<Utc>, most: usize) -> Vec<Occurrence> {
        self.ahead(now, most).occurrences
    }

    /// The same, and whether they are all.
    pub fn ahead(&self, now: DateTime<Utc>, most: usize) -> Ahead {
        let Some(series) = &self.series else {
            let once = Occurrence { id: None, instance: self.first() };
            let occurrences = Some(once).filter(|once| once.instance.ends_at > now).into_iter().collect();
            return Ahead { occurrences, complete: true };
        };
        let changed =
            series.changed.iter().filter(|(_, one)| one.ends_at > now).map(|(id, one)| Occurrence { id: Some(*id), instance: one.clone() });
        let limits = SeriesLimits { instances: most.saturating_add(series.changed.len()).saturating_add(1), ..SeriesLimits::default() };
        let ruled = series.recurrence.as_ref().map(|recurrence| {
            let from = now.checked_sub_signed(self.length()).unwrap_or(now);
            recurrence.instants_from(self.starts_at, from, &limits)
        });
        let complete = ruled.as_ref().is_none_or(|ruled| ruled.complete);
        let ruled = ruled.into_iter().flat_map(|ruled| ruled.instants).filter(|id| !series.changed.contains_key(id));
        let ruled = ruled.map(|id| Occurrence { id: Some(id), instance: self.by_rule(id) });
        let mut occurrences: Vec<Occurrence> = changed.chain(ruled).filter(|one| one.instance.ends_at > now).collect();
        occurrences.sort_by_key(|one| one.instance.starts_at);
        let complete = complete && occurrences.len() <= most;
        occurrences.truncate(most);
        Ahead { occurrences, complete }
    }

    /// When the last occurrence ends; `None` for a series without end, or with one too far to be known.
    pub fn over_at(&self) -> Option<DateTime<Utc>> {
        let Some(series) = &self.series else { return Some(self.ends_at) };
        let changed = series.changed.values().map(|one| one.ends_at).max();
        match &series.recurrence {
            None => changed.or(Some(self.ends_at)),
            Some(recurrence) => {
                let ended = self.by_rule(recurrence.last(self.starts_at, &SeriesLimits::default())?).ends_at;
                Some(changed.map_or(ended, |changed| changed.max(ended)))
            }
        }
    }

    /// The days that a time of this meeting is, the first and the last, where it is a matter of whole days and both ends
    /// are midnights of their zone. A zone without a midnight on a day, since its clock was set then, begins it later.
    pub fn days_of(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<(NaiveDate, NaiveDate)> {
        let zone = self.whole_days?;
        let (first, after) = (from.with_timezone(&zone).date_naive(), to.with_timezone(&zone).date_naive());
        let is_begin = |day: NaiveDate, at: DateTime<Utc>| instant_in(zone, day.and_time(NaiveTime::MIN)) == Some(at);
        (is_begin(first, from) && is_begin(after, to) && first < after).then_some((first, after.pred_opt()?))
    }

    /// How long an instance is that nothing was changed of.
    pub fn length(&self) -> TimeDelta {
        self.ends_at - self.starts_at
    }

    /// An instance as nothing was changed of it.
    pub fn by_rule(&self, id: DateTime<Utc>) -> Instance {
        let ends_at = self.end_of_days(id).unwrap_or(id + self.length());
        Instance { starts_at: id, ends_at, ..self.first() }
    }

    /// Of whole days, the midnight after as many days as the first instance has: where the clock changes one of them is longer or
    /// shorter.
    fn end_of_days(&self, id: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let zone = self.whole_days?;
        let (first, last) = self.days_of(self.starts_at, self.ends_at)?;
        let days = u64::try_from((last - first).num_days()).ok()?.checked_add(1)?;
        let begin = local_in(zone, id)?.date();
        let end = instant_in(zone, begin.checked_add_days(Days::new(days))?.and_time(NaiveTime::MIN))?;
        (instant_in(zone, begin.and_time(NaiveTime::MIN)) == Some(id)).then_some(end)
    }

    fn last_of(&self, series: &Series) -> Option<Occurrence> {
        let changed = series.changed.iter().map(|(id, one)| Occurrence { id: Some(*id), instance: one.clone() });
        let last = self.recurrence().and_then(|recurrence| recurrence.last(self.starts_at, &SeriesLimits::default()));
        let ruled = last.filter(|id| !series.changed.contains_key(id)).map(|id| Occurrence { id: Some(id), instance: self.by_rule(id) });
        changed.chain(ruled).max_by_key(|one| one.instance.ends_at)
    }
}

#[cfg(test)]
mod tests {
    use super::super::series::Rule;
    use super::*;
    use chrono_tz::Tz;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn instance(starts_at: &str) -> Instance {
        let starts_at = at(starts_at);
        Instance { title: "Autre".to_owned(), description: None, starts_at, ends_at: starts_at + TimeDelta::hours(1) }
    }

    /// Mondays at nine in Paris, in summer and from the fourth on in winter; the second is moved to the day after.
    fn mondays(rule: &str) -> MeetingEvent {
        let starts_at = at("2026-10-05T07:00:00Z");
        let rule = Rule::parse(rule, Tz::Europe__Paris, false).unwrap();
        let recurrence = Recurrence::new(Tz::Europe__Paris, starts_at, Some(rule), vec![], vec![]).unwrap();
        let changed = BTreeMap::from([(at("2026-10-12T07:00:00Z"), instance("2026-10-13T12:00:00Z"))]);
        MeetingEvent {
            title: "Point".to_owned(),
            description: None,
            starts_at,
            ends_at: starts_at + TimeDelta::minutes(45),
            series: Some(Box::new(Series { recurrence: Some(recurrence), changed })),
            whole_days: None,
        }
    }

    fn starts(event: &MeetingEvent, now: &str) -> Vec<DateTime<Utc>> {
        event.coming(at(now), 9).into_iter().map(|one| one.instance.starts_at).collect()
    }

    #[test]
    fn every_instance_in_its_turn_and_on_its_own_clock() {
        let event = mondays("FREQ=WEEKLY;COUNT=4");
        let all = ["2026-10-05T07:00:00Z", "2026-10-13T12:00:00Z", "2026-10-19T07:00:00Z", "2026-10-26T08:00:00Z"].map(at);
        assert_eq!(starts(&event, "2026-10-01T00:00:00Z"), all);
        assert_eq!(starts(&event, "2026-10-13T12:59:00Z"), all[1..]);
        let now = |text| event.occurrence_at(at(text));
        assert_eq!(now("2026-10-05T07:44:59Z").id, Some(all[0]));
        // The moved one keeps the RECURRENCE-ID of its first place.
        let moved = Occurrence { id: Some(at("2026-10-12T07:00:00Z")), instance: instance("2026-10-13T12:00:00Z") };
        assert_eq!(now("2026-10-05T07:45:00Z"), moved);
        assert_eq!(now("2027-01-01T00:00:00Z").id, Some(all[3]));
        assert_eq!(event.over_at(), Some(at("2026-10-26T08:45:00Z")));
        assert_eq!(mondays("FREQ=WEEKLY").over_at(), None);
        let complete = |event: &MeetingEvent, most| event.ahead(at("2026-10-06T00:00:00Z"), most).complete;
        assert_eq!([complete(&event, 2), complete(&event, 3), complete(&mondays("FREQ=WEEKLY"), 3)], [false, true, false]);
    }

    #[test]
    fn a_recurrence_id_in_every_form() {
        let event = mondays("FREQ=WEEKLY;COUNT=4");
        let (third, fourth) = (at("2026-10-19T07:00:00Z"), at("2026-10-26T08:00:00Z"));
        let local = |text: &str| text.parse::<NaiveDateTime>().unwrap();
        let named = |time: &EventTime| event.recurrence_id(time, Tz::UTC);
        assert_eq!(named(&EventTime::Utc(third)), Some(third));
        assert_eq!(named(&EventTime::Floating(local("2026-10-26T09:00:00"))), Some(fourth));
        assert_eq!(named(&EventTime::Date(local("2026-10-26T00:00:00").date())), Some(fourth));
        let midnight =
            EventTime::Zoned { local: local("2026-10-19T00:00:00"), tzid: "x".into(), instant: Some(at("2026-10-18T22:00:00Z")) };
        assert_eq!(named(&midnight), Some(third));
        assert_eq!(named(&EventTime::Zoned { local: local("2026-10-19T09:00:00"), tzid: "Mars".into(), instant: None }), None);
        // No instance: the instant as it was named.
        assert_eq!(named(&EventTime::Utc(at("2026-10-20T00:00:00Z"))), Some(at("2026-10-20T00:00:00Z")));
    }

    #[test]
    fn instances_are_changed_taken_off_and_added() {
        let mut event = mondays("FREQ=WEEKLY;COUNT=4");
        let (second, third) = (at("2026-10-12T07:00:00Z"), at("2026-10-19T07:00:00Z"));
        event.put(second, Some(event.by_rule(second)));
        event.put(third, None);
        event.put(at("2026-10-20T07:00:00Z"), Some(instance("2026-10-20T07:00:00Z")));
        let all = ["2026-10-05T07:00:00Z", "2026-10-12T07:00:00Z", "2026-10-20T07:00:00Z", "2026-10-26T08:00:00Z"].map(at);
        assert_eq!(starts(&event, "2026-10-01T00:00:00Z"), all);
        assert_eq!(event.series.as_ref().unwrap().changed.len(), 1);
        event.put(third, Some(event.by_rule(third)));
        assert_eq!(starts(&event, "2026-10-13T00:00:00Z")[0], third);
        let mut once = MeetingEvent { series: None, ..mondays("FREQ=DAILY") };
        once.put(third, Some(instance("2026-10-19T07:00:00Z")));
        assert_eq!(starts(&once, "2026-10-01T00:00:00Z"), [once.starts_at, third]);
    }

    #[test]
    fn a_meeting_that_takes_place_once_is_its_only_occurrence() {
        let once = MeetingEvent { series: None, ..mondays("FREQ=DAILY") };
        assert_eq!(once.occurrence_at(at("2030-01-01T00:00:00Z")), Occurrence { id: None, instance: once.first() });
        assert_eq!((once.coming(once.ends_at, 3), once.over_at()), (vec![], Some(once.ends_at)));
        assert_eq!(once.instance(once.starts_at), None);
    }
}
