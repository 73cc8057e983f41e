//! The instances of a meeting: of a series as its rule gives them and as single ones were changed, for the part of it
//! that a guest is invited to (RFC 5545 §3.8.4.4, §3.8.5).

use super::itip::time::instant_in;
use super::meeting::MeetingEvent;
use super::series::{Recurrence, SeriesLimits};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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

/// Which instances of a series a guest is invited to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// All, but for these.
    Whole {
        /// RECURRENCE-IDs.
        without: BTreeSet<DateTime<Utc>>,
    },
    /// These alone, by RECURRENCE-ID.
    Only(BTreeSet<DateTime<Utc>>),
}

impl Default for Part {
    fn default() -> Self {
        Self::Whole { without: BTreeSet::new() }
    }
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
    /// The meeting as somebody with this part of it knows it.
    pub fn for_part(&self, part: &Part) -> Self {
        let Some(series) = &self.series else { return self.clone() };
        match part {
            Part::Whole { without } if without.is_empty() => self.clone(),
            Part::Whole { without } => {
                let recurrence = series.recurrence.as_ref().map(|recurrence| recurrence.without(without.iter().copied()));
                let changed = series.changed.iter().filter(|(id, _)| !without.contains(id)).map(|(id, one)| (*id, one.clone())).collect();
                Self { series: Some(Box::new(Series { recurrence, changed })), ..self.clone() }
            }
            Part::Only(ids) => {
                let changed: BTreeMap<_, _> = ids.iter().filter_map(|id| Some((*id, self.instance(*id)?))).collect();
                self.of_instances(changed)
            }
        }
    }

    /// A series of which these instances alone are known; the first of them stands for the whole.
    pub fn of_instances(&self, changed: BTreeMap<DateTime<Utc>, Instance>) -> Self {
        let first = changed.values().min_by_key(|one| one.starts_at).cloned().unwrap_or_else(|| self.first());
        let Instance { title, description, starts_at, ends_at } = first;
        Self { title, description, starts_at, ends_at, series: Some(Box::new(Series { recurrence: None, changed })), ..self.clone() }
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
        let recurrence = series.recurrence.as_ref()?;
        recurrence.contains(self.starts_at, id, &SeriesLimits::default()).then(|| self.by_rule(id))
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
                let ended = recurrence.last(self.starts_at, &SeriesLimits::default())? + self.length();
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
    fn length(&self) -> TimeDelta {
        self.ends_at - self.starts_at
    }

    fn by_rule(&self, id: DateTime<Utc>) -> Instance {
        Instance { starts_at: id, ends_at: id + self.length(), ..self.first() }
    }

    fn last_of(&self, series: &Series) -> Option<Occurrence> {
        let changed = series.changed.iter().map(|(id, one)| Occurrence { id: Some(*id), instance: one.clone() });
        let last = series.recurrence.as_ref().and_then(|recurrence| recurrence.last(self.starts_at, &SeriesLimits::default()));
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
    fn a_guest_knows_their_part_alone() {
        let event = mondays("FREQ=WEEKLY;COUNT=4");
        let (second, third) = (at("2026-10-12T07:00:00Z"), at("2026-10-19T07:00:00Z"));
        let without = event.for_part(&Part::Whole { without: BTreeSet::from([second]) });
        assert_eq!((without.instance(second), without.instance(third).map(|one| one.starts_at)), (None, Some(third)));
        assert_eq!(starts(&without, "2026-10-06T00:00:00Z"), [third, at("2026-10-26T08:00:00Z")]);
        let only = event.for_part(&Part::Only(BTreeSet::from([third, second, at("2026-10-20T00:00:00Z")])));
        assert_eq!(starts(&only, "2026-10-01T00:00:00Z"), [at("2026-10-13T12:00:00Z"), third]);
        assert_eq!((only.starts_at, only.over_at()), (at("2026-10-13T12:00:00Z"), Some(at("2026-10-19T07:45:00Z"))));
        assert_eq!(event.for_part(&Part::default()), event);
    }

    #[test]
    fn a_meeting_that_takes_place_once_is_its_only_occurrence() {
        let once = MeetingEvent { series: None, ..mondays("FREQ=DAILY") };
        assert_eq!(once.occurrence_at(at("2030-01-01T00:00:00Z")), Occurrence { id: None, instance: once.first() });
        assert_eq!((once.coming(once.ends_at, 3), once.over_at()), (vec![], Some(once.ends_at)));
        assert_eq!(once.instance(once.starts_at), None);
    }
}
