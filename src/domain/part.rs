//! The part of a series that a guest is invited to, and the meeting as they know it.

use super::meeting::MeetingEvent;
use super::occurrence::{Instance, Series};
use super::series::{Recurrence, SeriesLimits};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Which instances of a series a guest is invited to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// All, but for these.
    Whole {
        /// RECURRENCE-IDs.
        without: BTreeSet<DateTime<Utc>>,
        /// Where their part ends: instances from this RECURRENCE-ID on are not theirs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<DateTime<Utc>>,
    },
    /// These alone, by RECURRENCE-ID.
    Only(BTreeSet<DateTime<Utc>>),
}

impl Default for Part {
    fn default() -> Self {
        Self::Whole { without: BTreeSet::new(), before: None }
    }
}

impl Part {
    /// Nothing at all.
    pub fn nothing() -> Self {
        Self::Only(BTreeSet::new())
    }

    /// Whether an instance of this RECURRENCE-ID would be theirs.
    pub fn contains(&self, id: DateTime<Utc>) -> bool {
        match self {
            Self::Whole { without, before } => !without.contains(&id) && before.is_none_or(|before| id < before),
            Self::Only(ids) => ids.contains(&id),
        }
    }

    /// Invites to one instance more.
    pub fn add(&mut self, id: DateTime<Utc>) {
        match self {
            Self::Whole { without, .. } => {
                without.remove(&id);
            }
            Self::Only(ids) => {
                ids.insert(id);
            }
        }
    }

    /// Takes an instance off.
    pub fn remove(&mut self, id: DateTime<Utc>) {
        match self {
            Self::Whole { without, .. } => {
                without.insert(id);
            }
            Self::Only(ids) => {
                ids.remove(&id);
            }
        }
    }

    /// Takes an instance and all later ones off (RANGE=THISANDFUTURE).
    pub fn end_before(&mut self, id: DateTime<Utc>) {
        match self {
            Self::Whole { before, .. } => *before = Some(before.map_or(id, |known| known.min(id))),
            Self::Only(ids) => ids.retain(|known| *known < id),
        }
    }
}

impl MeetingEvent {
    /// The meeting as somebody with this part of it knows it; `None` where nothing of it is left to them.
    pub fn for_part(&self, part: &Part) -> Option<Self> {
        let Some(series) = &self.series else { return (*part != Part::nothing()).then(|| self.clone()) };
        let limits = SeriesLimits::default();
        match part {
            Part::Whole { without, before: None } if without.is_empty() => Some(self.clone()).filter(Self::takes_place),
            Part::Whole { without, before } => {
                let is_theirs = |id: &DateTime<Utc>| !without.contains(id) && before.is_none_or(|before| *id < before);
                let changed = series.changed.iter().filter(|(id, _)| is_theirs(id)).map(|(id, one)| (*id, one.clone())).collect();
                let recurrence = series.recurrence.as_ref().map(|recurrence| {
                    let recurrence = recurrence.without(without.iter().copied());
                    before.map_or(recurrence.clone(), |before| {
                        recurrence.ending_before(self.starts_at, before, self.whole_days.is_some(), &limits)
                    })
                });
                let theirs = Self { series: Some(Box::new(Series { recurrence, changed })), ..self.clone() };
                Some(theirs).filter(Self::takes_place)
            }
            Part::Only(ids) => {
                let instances: BTreeMap<_, _> = ids.iter().filter_map(|id| Some((*id, self.instance(*id)?))).collect();
                self.only(series, instances)
            }
        }
    }

    /// These instances of a series alone. Several of them keep their rule, with the others taken off: not every program
    /// understands a list of dates.
    fn only(&self, series: &Series, instances: BTreeMap<DateTime<Utc>, Instance>) -> Option<Self> {
        let (first, _) = instances.first_key_value()?;
        let ids: BTreeSet<_> = instances.keys().copied().collect();
        let of_rule = |recurrence: &Recurrence| recurrence.only(self.starts_at, &ids, self.whole_days.is_some());
        match series.recurrence.as_ref().filter(|_| ids.len() > 1).and_then(of_rule) {
            Some(recurrence) => {
                let Instance { starts_at, ends_at, .. } = self.by_rule(*first);
                // The words of the whole are told through an instance that has them: who knows none such, is not to know them.
                let told = instances.iter().find(|(id, _)| !series.changed.contains_key(id)).or(instances.first_key_value());
                let (title, description) = told.map(|(_, one)| (one.title.clone(), one.description.clone()))?;
                let changed = series.changed.iter().filter(|(id, _)| ids.contains(id)).map(|(id, one)| (*id, one.clone())).collect();
                let series = Some(Box::new(Series { recurrence: Some(recurrence), changed }));
                Some(Self { title, description, starts_at, ends_at, series, ..self.clone() })
            }
            None => Some(self.of_instances(instances)),
        }
    }

    /// Whether there is any instance.
    fn takes_place(&self) -> bool {
        !self.coming(DateTime::<Utc>::MIN_UTC, 1).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::series::Rule;
    use super::*;
    use chrono::TimeDelta;
    use chrono_tz::Tz;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// Mondays at nine in Paris, four times; the second is moved to the day after.
    fn mondays() -> MeetingEvent {
        let starts_at = at("2026-10-05T07:00:00Z");
        let rule = Rule::parse("FREQ=WEEKLY;COUNT=4", Tz::Europe__Paris, false).unwrap();
        let recurrence = Recurrence::new(Tz::Europe__Paris, starts_at, Some(rule), vec![], vec![]).unwrap();
        let moved = at("2026-10-13T12:00:00Z");
        let moved = Instance { title: "Autre".to_owned(), description: None, starts_at: moved, ends_at: moved + TimeDelta::hours(1) };
        MeetingEvent {
            title: "Point".to_owned(),
            description: None,
            starts_at,
            ends_at: starts_at + TimeDelta::minutes(45),
            series: Some(Box::new(Series { recurrence: Some(recurrence), changed: BTreeMap::from([(at("2026-10-12T07:00:00Z"), moved)]) })),
            whole_days: None,
        }
    }

    fn starts(event: &MeetingEvent) -> Vec<DateTime<Utc>> {
        event.coming(at("2026-10-01T00:00:00Z"), 9).into_iter().map(|one| one.instance.starts_at).collect()
    }

    const IDS: [&str; 4] = ["2026-10-05T07:00:00Z", "2026-10-12T07:00:00Z", "2026-10-19T07:00:00Z", "2026-10-26T08:00:00Z"];

    #[test]
    fn a_guest_knows_their_part_alone() {
        let (event, [first, second, third, fourth]) = (mondays(), IDS.map(at));
        let mut part = Part::default();
        assert_eq!(event.for_part(&part).as_ref(), Some(&event));
        part.remove(second);
        let without = event.for_part(&part).unwrap();
        assert_eq!((without.instance(second), starts(&without)), (None, vec![first, third, fourth]));
        part.end_before(fourth);
        assert_eq!(starts(&event.for_part(&part).unwrap()), [first, third]);
        part.add(second);
        assert_eq!(starts(&event.for_part(&part).unwrap()), [first, at("2026-10-13T12:00:00Z"), third]);
        part.end_before(first);
        assert_eq!(event.for_part(&part), None);
    }

    #[test]
    fn who_knows_changed_instances_alone_does_not_learn_the_words_of_the_whole() {
        let (mut event, [first, second, third, _]) = (mondays(), IDS.map(at));
        event.title = "Licenciement".to_owned();
        event.description = Some("de Léa".to_owned());
        let changed = |id| Instance { title: "Bilan".to_owned(), description: None, ..event.by_rule(id) };
        let changed = [first, third].map(|id| (id, changed(id)));
        event.series.as_mut().unwrap().changed.extend(changed);
        let view = event.for_part(&Part::Only(BTreeSet::from([first, third]))).unwrap();
        assert!(view.series.as_ref().unwrap().recurrence.is_some());
        assert_eq!((view.title.as_str(), &view.description), ("Bilan", &None));
        let view = event.for_part(&Part::Only(BTreeSet::from([second, at("2026-10-26T08:00:00Z")]))).unwrap();
        assert_eq!(view.title, "Licenciement", "the last is as the whole says, so they know it");
    }

    #[test]
    fn some_instances_keep_their_rule() {
        let (event, [_, second, third, fourth]) = (mondays(), IDS.map(at));
        let mut part = Part::Only(BTreeSet::from([fourth, second, at("2026-10-20T00:00:00Z")]));
        let only = event.for_part(&part).unwrap();
        assert_eq!(starts(&only), [at("2026-10-13T12:00:00Z"), fourth]);
        assert_eq!((only.starts_at, only.over_at()), (second, Some(at("2026-10-26T08:45:00Z"))));
        assert_eq!(only.series.as_ref().unwrap().recurrence.as_ref().unwrap().excluded(), [third]);
        part.remove(fourth);
        let one = event.for_part(&part).unwrap();
        assert_eq!((one.starts_at, one.title.as_str()), (at("2026-10-13T12:00:00Z"), "Autre"));
        part.remove(second);
        assert_eq!(event.for_part(&part), None);
        let once = MeetingEvent { series: None, ..event };
        assert_eq!((once.for_part(&Part::nothing()), once.for_part(&Part::default()).as_ref()), (None, Some(&once)));
    }
}
