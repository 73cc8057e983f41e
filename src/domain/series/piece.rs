//! Recurrences made of others: without some instances, with one more, up to a moment, or of some instances alone.

use super::rule::{End, Rule};
use super::{Recurrence, SeriesLimits, in_order, instant_of};
use crate::domain::itip::time::local_in;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeSet;

/// Most instances that are excluded one by one to leave some others alone.
const LEFT_OUT_MAX: usize = 200;

impl Recurrence {
    /// The same without these instances.
    pub fn without(&self, instants: impl IntoIterator<Item = DateTime<Utc>>) -> Self {
        let excluded = in_order(self.excluded.iter().copied().chain(instants).collect());
        Self { excluded, ..self.clone() }
    }

    /// The same with an instance at this instant, whether or not the rule gives one.
    pub fn with(&self, starts_at: DateTime<Utc>, instant: DateTime<Utc>, limits: &SeriesLimits) -> Self {
        let excluded = self.excluded.iter().copied().filter(|other| *other != instant).collect();
        let mut with = Self { excluded, ..self.clone() };
        if !with.contains(starts_at, instant, limits) {
            with.dates = in_order(with.dates.iter().copied().chain([instant]).collect());
        }
        with
    }

    /// The instances that start before `end`. `by_day` for a series of whole days, whose UNTIL is a day.
    pub fn ending_before(&self, starts_at: DateTime<Utc>, end: DateTime<Utc>, by_day: bool, limits: &SeriesLimits) -> Self {
        let is_early = |instant: &DateTime<Utc>| *instant < end;
        let dates = self.dates.iter().copied().filter(is_early).collect();
        // DTSTART is an instance whatever the rule says.
        let first = Some(starts_at).filter(|first| !is_early(first));
        let excluded = in_order(self.excluded.iter().copied().filter(is_early).chain(first).collect());
        let ends_anyway = self.last(starts_at, limits).is_some_and(|last| last < end);
        let rule = match &self.rule {
            Some(rule) if !ends_anyway && instant_of(rule.end(), self.zone).is_none_or(|until| until >= end) => {
                Some(Rule { end: self.end_before(end, by_day), ..rule.clone() })
            }
            rule => rule.clone(),
        };
        Self { zone: self.zone, rule, dates, excluded }
    }

    /// UNTIL of a rule that ends before this instant.
    fn end_before(&self, end: DateTime<Utc>, by_day: bool) -> End {
        let until = end - TimeDelta::seconds(1);
        match local_in(self.zone, until).filter(|_| by_day) {
            Some(local) => End::UntilDay(local.date()),
            None => End::Until(until),
        }
    }

    /// A recurrence, to start at the first of them, that has these instances alone. `None` where they are none, or where the
    /// rule can't be bent so far: it would leave out too many, or its count begins elsewhere.
    pub fn only(&self, starts_at: DateTime<Utc>, instants: &BTreeSet<DateTime<Utc>>, by_day: bool) -> Option<Self> {
        let (first, last) = (*instants.first()?, *instants.last()?);
        let end = last.checked_add_signed(TimeDelta::seconds(1))?;
        let limits = SeriesLimits { instances: LEFT_OUT_MAX + instants.len(), years: 100 };
        let span = self.instants_from(starts_at, first, &limits).instants.into_iter().filter(|instant| *instant < end);
        let left_out = span.filter(|instant| !instants.contains(instant));
        let known = self.excluded.iter().copied().filter(|instant| (first..end).contains(instant));
        let only = Self {
            zone: self.zone,
            rule: self.rule.as_ref().map(|rule| Rule { end: self.end_before(end, by_day), ..rule.clone() }),
            dates: self.dates.iter().copied().filter(|date| instants.contains(date)).collect(),
            excluded: in_order(known.chain(left_out).collect()),
        };
        let given = only.instants(first, &limits);
        (given.complete && given.instants.iter().eq(instants)).then_some(only)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Tz;

    const LIMITS: SeriesLimits = SeriesLimits { instances: 50, years: 10 };

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn daily(rule: &str) -> (DateTime<Utc>, Recurrence) {
        let starts_at = at("2026-10-23T07:00:00Z");
        let rule = Rule::parse(rule, Tz::Europe__Paris, false).unwrap();
        (starts_at, Recurrence::new(Tz::Europe__Paris, starts_at, Some(rule), vec![], vec![]).unwrap())
    }

    #[test]
    fn an_end_is_never_put_off() {
        let (starts_at, endless) = daily("FREQ=DAILY");
        // The clock goes back on the 25th.
        let ended = endless.ending_before(starts_at, at("2026-10-26T08:00:00Z"), false, &LIMITS);
        let instants = ["2026-10-23T07:00:00Z", "2026-10-24T07:00:00Z", "2026-10-25T08:00:00Z"].map(at);
        assert_eq!(ended.instants(starts_at, &LIMITS).instants, instants);
        assert_eq!(ended.ending_before(starts_at, at("2027-01-01T00:00:00Z"), false, &LIMITS), ended);
        let (_, counted) = daily("FREQ=DAILY;COUNT=2");
        assert_eq!(counted.ending_before(starts_at, at("2027-01-01T00:00:00Z"), false, &LIMITS), counted);
        let one = counted.ending_before(starts_at, at("2026-10-24T07:00:00Z"), false, &LIMITS);
        assert_eq!(one.instants(starts_at, &LIMITS).instants, instants[..1]);
    }

    #[test]
    fn an_instance_comes_back_or_comes_new() {
        let (starts_at, endless) = daily("FREQ=DAILY");
        let second = at("2026-10-24T07:00:00Z");
        assert_eq!(endless.without([second]).with(starts_at, second, &LIMITS), endless);
        let extra = endless.with(starts_at, at("2026-10-24T12:00:00Z"), &LIMITS);
        assert_eq!(extra.dates(), [at("2026-10-24T12:00:00Z")]);
    }

    #[test]
    fn some_instances_alone_start_at_the_first_of_them() {
        let (starts_at, counted) = daily("FREQ=DAILY;COUNT=20");
        let wanted = BTreeSet::from(["2026-10-24T07:00:00Z", "2026-10-26T08:00:00Z"].map(at));
        let only = counted.without([at("2026-10-25T08:00:00Z")]).only(starts_at, &wanted, false).unwrap();
        assert_eq!(only.instants(at("2026-10-24T07:00:00Z"), &LIMITS).instants, wanted.iter().copied().collect::<Vec<_>>());
        assert_eq!(only.rule().unwrap().end(), End::Until(at("2026-10-26T08:00:00Z")));
        let stray = BTreeSet::from([at("2026-10-24T07:30:00Z"), at("2026-10-26T08:00:00Z")]);
        assert_eq!(counted.only(starts_at, &stray, false), None);
        // A rule of every day for a year and its last day: too much to leave out one by one.
        let far = BTreeSet::from([at("2026-10-24T07:00:00Z"), at("2027-10-20T07:00:00Z")]);
        assert_eq!(daily("FREQ=DAILY").1.only(starts_at, &far, false), None);
    }
}
