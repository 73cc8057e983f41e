//! How a meeting recurs, in one sentence: `chaque semaine, le lundi, 09:00–09:45 (Europe/Paris), 10 fois`.
//!
//! The time of day is that of the series' own zone, which it keeps where clocks change. What has no short sentence is
//! "several dates": nothing is said that isn't so.

use super::rhythm::{Days, Rhythm, are_working_days};
use super::when::clock;
use super::{ComposeError, Heading, Stationery};
use crate::domain::meeting::MeetingEvent;
use crate::domain::occurrence::{Instance, Series};
use crate::domain::series::{End, Frequency, Recurrence, Rule};
use chrono::{DateTime, Days as DayCount, Months, NaiveDate, Offset, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

/// Most single dates that are counted.
const DATES_MAX: usize = 100;
/// Dates that may be left out of a rule before the others are counted.
const FEW: usize = 1;
/// Months for which two clocks are compared.
const COMPARED_MONTHS: u32 = 24;

impl Stationery {
    /// The sentence of a series.
    pub(super) fn recurrence(&self, heading: &Heading<'_>, event: &MeetingEvent, series: &Series) -> Result<String, ComposeError> {
        let Some(recurrence) = &series.recurrence else {
            return self.single_dates(heading, event, series.changed.values().cloned().collect());
        };
        let rule = recurrence.rule().filter(|rule| rule.end() != End::Count(1));
        if rule.is_none() || recurrence.excluded().len() > FEW {
            let all = event.ahead(DateTime::<Utc>::MIN_UTC, DATES_MAX);
            // Of a rule that is left out more often than it is kept, nothing is to be said.
            if all.complete && (rule.is_none() || all.occurrences.len() < recurrence.excluded().len()) {
                return self.single_dates(heading, event, all.occurrences.into_iter().map(|one| one.instance).collect());
            }
        }
        let told = Told { event, series, recurrence, zone: event.whole_days.unwrap_or(recurrence.zone()) };
        let rhythm = rule.and_then(|rule| Rhythm::of(rule, told.first_day()));
        // DTSTART is the first instance also where the rule does not give it.
        let is_apart = rhythm.as_ref().is_some_and(|rhythm| !rhythm.gives(told.first_day()));
        let mut parts = vec![match &rhythm {
            Some(rhythm) => self.rhythm(heading, rhythm)?,
            None => self.said(heading, "several", &json!({ "day": self.day(heading, &told.first_day())? }))?,
        }];
        parts.push(self.time_of_day(heading, &told)?);
        if let Some(rule) = rule {
            parts.push(self.end(heading, &told, rule, is_apart)?);
        }
        if is_apart && told.has_first() {
            parts.push(self.said(heading, "also", &json!({ "day": self.day(heading, &told.first_day())? }))?);
        }
        if rule.is_some() && told.has_other_dates() {
            parts.push(self.said(heading, "other-dates", &json!({}))?);
        }
        if told.has_exceptions() {
            parts.push(self.said(heading, "exceptions", &json!({}))?);
        }
        Ok(parts.join(", "))
    }

    /// Dates that follow no rule: the one, or how many from when to when.
    fn single_dates(&self, heading: &Heading<'_>, event: &MeetingEvent, mut dates: Vec<Instance>) -> Result<String, ComposeError> {
        dates.sort_by_key(|one| one.starts_at);
        let (first, last) = match dates.as_slice() {
            [] => return self.period(heading, event, event.starts_at, event.ends_at),
            [one] => return self.period(heading, event, one.starts_at, one.ends_at),
            [first, .., last] => (first.starts_at, last.starts_at),
        };
        let zone = event.whole_days.unwrap_or(heading.time_zone);
        let (first, last) = (self.day(heading, &first.with_timezone(&zone))?, self.day(heading, &last.with_timezone(&zone))?);
        let pattern = if first == last { "dates-on" } else { "dates-between" };
        let zone = event.whole_days.is_none().then(|| zone.name());
        self.said(heading, pattern, &json!({ "count": dates.len(), "first": first, "last": last, "zone": zone }))
    }

    fn rhythm(&self, heading: &Heading<'_>, rhythm: &Rhythm) -> Result<String, ComposeError> {
        let unit = match rhythm.unit {
            Frequency::Daily => "daily",
            Frequency::Weekly => "weekly",
            Frequency::Monthly => "monthly",
            Frequency::Yearly => "yearly",
        };
        let each = if rhythm.interval == 1 { "every" } else { "every-some" };
        let every = self.said(heading, &format!("{each}.{unit}"), &json!({ "interval": rhythm.interval }))?;
        match (&rhythm.days, rhythm.unit) {
            (Days::OfWeek(all), _) if all.len() == 7 && rhythm.interval == 1 => {
                let daily = self.said(heading, "every.daily", &json!({}))?;
                self.in_months(heading, &daily, &rhythm.months)
            }
            (Days::OfWeek(days), _) if are_working_days(days) => {
                let pattern = if rhythm.interval == 1 { "working-days" } else { "monday-to-friday" };
                let head = self.said(heading, pattern, &json!({ "every": every }))?;
                self.in_months(heading, &head, &rhythm.months)
            }
            (days, Frequency::Yearly) => match rhythm.months.as_slice() {
                [month] => self.on(heading, &every, &self.days_of_month(heading, days, *month)?),
                months => self.on(heading, &self.in_months(heading, &every, months)?, &self.days(heading, days)?),
            },
            (days, _) => {
                let head = self.on(heading, &every, &self.days(heading, days)?)?;
                self.in_months(heading, &head, &rhythm.months)
            }
        }
    }

    fn on(&self, heading: &Heading<'_>, every: &str, days: &str) -> Result<String, ComposeError> {
        if days.is_empty() { Ok(every.to_owned()) } else { self.said(heading, "on", &json!({ "every": every, "days": days })) }
    }

    fn in_months(&self, heading: &Heading<'_>, every: &str, months: &[u8]) -> Result<String, ComposeError> {
        if months.is_empty() {
            return Ok(every.to_owned());
        }
        let names = months.iter().map(|month| self.numbered(heading, "date.months", *month)).collect::<Result<_, _>>()?;
        self.said(heading, "in-months", &json!({ "every": every, "months": self.listed(heading, names)? }))
    }

    /// `le lundi et le mercredi`; empty for every day.
    fn days(&self, heading: &Heading<'_>, days: &Days) -> Result<String, ComposeError> {
        let names: Vec<String> = match days {
            Days::Every => return Ok(String::new()),
            Days::OfWeek(weekdays) => {
                let name = |number: u32| self.said(heading, &format!("weekdays.{number}"), &json!({}));
                weekdays.iter().map(|weekday| name(weekday.num_days_from_monday())).collect::<Result<_, _>>()?
            }
            Days::Nth(days) => {
                let name = |number: u32| self.phrase(heading.language, &format!("date.weekdays.{number}"), &json!({}));
                days.iter()
                    .map(|(nth, weekday)| self.nth(heading, *nth, &name(weekday.num_days_from_monday())?))
                    .collect::<Result<_, _>>()?
            }
            Days::NthWorking(nth) => vec![self.nth(heading, *nth, &self.said(heading, "working-day", &json!({}))?)?],
            Days::OfMonth(days) => days
                .iter()
                .map(|day| match u8::try_from(*day) {
                    Ok(day) => self.numbered(heading, "series.month-days", day),
                    Err(_) => self.said(heading, "last-day", &json!({})),
                })
                .collect::<Result<_, _>>()?,
        };
        self.listed(heading, names)
    }

    /// `le 24 novembre`, `le 2e mardi de novembre`
    fn days_of_month(&self, heading: &Heading<'_>, days: &Days, month: u8) -> Result<String, ComposeError> {
        let is_date = matches!(days, Days::OfMonth(days) if days.iter().all(|day| *day > 0));
        let pattern = if is_date { "date-of-month" } else { "day-of-month" };
        let (name, of) = (self.numbered(heading, "date.months", month)?, self.numbered(heading, "series.of-months", month)?);
        self.said(heading, pattern, &json!({ "days": self.days(heading, days)?, "month": name, "of_month": of }))
    }

    /// `le 2e mardi`, `le dernier vendredi`
    fn nth(&self, heading: &Heading<'_>, nth: i8, weekday: &str) -> Result<String, ComposeError> {
        let name = match nth {
            -1 => "last".to_owned(),
            -2 => "last-but-one".to_owned(),
            nth => format!("nth.{}", nth.saturating_sub(1)),
        };
        self.said(heading, &name, &json!({ "weekday": weekday }))
    }

    /// `09:00–09:45 (Europe/Paris)`, `toute la journée`
    fn time_of_day(&self, heading: &Heading<'_>, told: &Told<'_>) -> Result<String, ComposeError> {
        let event = told.event;
        if let Some((first, last)) = event.days_of(event.starts_at, event.ends_at) {
            let pattern = if first == last { "whole-day" } else { "whole-days" };
            return self.said(heading, pattern, &json!({ "count": (last - first).num_days() + 1 }));
        }
        let start = event.starts_at.with_timezone(&told.zone).naive_local();
        // On the clock of a day on which it isn't changed, as most are.
        let end = start.checked_add_signed(event.length()).unwrap_or(start);
        let pattern = match (end.date() - start.date()).num_days() {
            0 => "clock",
            1 => "clock-overnight",
            _ => "clock-from",
        };
        let zone = if same_clock(told.zone, heading.time_zone, [event.starts_at, heading.date]) { heading.time_zone } else { told.zone };
        self.said(heading, pattern, &json!({ "start": clock(&start), "end": clock(&end), "zone": zone.name() }))
    }

    fn end(&self, heading: &Heading<'_>, told: &Told<'_>, rule: &Rule, is_apart: bool) -> Result<String, ComposeError> {
        let last_day = match rule.end() {
            End::Never => return self.said(heading, "endless", &json!({})),
            // DTSTART is one of those that COUNT counts (RFC 5545 §3.3.10).
            End::Count(count) => {
                return match if is_apart { count.saturating_sub(1) } else { count } {
                    1 => self.said(heading, "once", &json!({})),
                    count => self.said(heading, "times", &json!({ "count": count })),
                };
            }
            End::Until(until) => told.last_day_until(until),
            End::UntilDay(day) => day,
        };
        self.said(heading, "until", &json!({ "day": self.day(heading, &last_day)? }))
    }

    /// The name at a number from 1 in a list of phrases.
    fn numbered(&self, heading: &Heading<'_>, path: &str, number: u8) -> Result<String, ComposeError> {
        self.phrase(heading.language, &format!("{path}.{}", number.saturating_sub(1)), &json!({}))
    }

    /// `le lundi, le mardi et le jeudi`
    fn listed(&self, heading: &Heading<'_>, mut names: Vec<String>) -> Result<String, ComposeError> {
        let Some(last) = names.pop() else { return Ok(String::new()) };
        if names.is_empty() { Ok(last) } else { self.said(heading, "and", &json!({ "first": names.join(", "), "last": last })) }
    }

    fn said(&self, heading: &Heading<'_>, name: &str, values: &Value) -> Result<String, ComposeError> {
        self.phrase(heading.language, &format!("series.{name}"), values)
    }
}

/// A series that is told of.
struct Told<'a> {
    event: &'a MeetingEvent,
    series: &'a Series,
    recurrence: &'a Recurrence,
    /// On whose clock.
    zone: Tz,
}

impl Told<'_> {
    fn first_day(&self) -> NaiveDate {
        self.event.starts_at.with_timezone(&self.zone).date_naive()
    }

    /// Whether the first instance takes place when the whole says.
    fn has_first(&self) -> bool {
        !self.recurrence.excluded().contains(&self.event.starts_at) && !self.series.changed.contains_key(&self.event.starts_at)
    }

    fn has_other_dates(&self) -> bool {
        self.recurrence.dates().iter().any(|date| *date > self.event.starts_at && !self.recurrence.excluded().contains(date))
    }

    /// Whether instances are missing, or at other times.
    fn has_exceptions(&self) -> bool {
        let length = self.event.length();
        let is_moved = |(id, one): (&DateTime<Utc>, &Instance)| one.starts_at != *id || one.ends_at - one.starts_at != length;
        !self.recurrence.excluded().is_empty() || self.series.changed.iter().any(is_moved)
    }

    /// The last day on which an instance may start: where UNTIL is earlier than the time of day, the day before.
    fn last_day_until(&self, until: DateTime<Utc>) -> NaiveDate {
        let (until, start) = (until.with_timezone(&self.zone).naive_local(), self.event.starts_at.with_timezone(&self.zone).naive_local());
        let day = until.date();
        if until.time() < start.time() { day.checked_sub_days(DayCount::new(1)).unwrap_or(day) } else { day }
    }
}

/// Whether two zones show the same time in the months from each of these moments on.
fn same_clock(one: Tz, other: Tz, from: [DateTime<Utc>; 2]) -> bool {
    let offset = |zone: Tz, at: DateTime<Utc>| at.with_timezone(&zone).offset().fix();
    let moments =
        from.into_iter().flat_map(|from| (0..COMPARED_MONTHS).filter_map(move |month| from.checked_add_months(Months::new(month))));
    one == other || moments.into_iter().all(|at| offset(one, at) == offset(other, at))
}

#[cfg(test)]
mod tests;
