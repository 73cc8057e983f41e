//! Dates on the pages, in the words of a language: a time from start to end, whole days, the next dates of a series.

use super::pages::iso;
use crate::domain::meeting::MeetingEvent;
use crate::domain::occurrence::Instance;
use chrono::{DateTime, Datelike, NaiveDate, Offset, Timelike, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::{Value, json};

/// Most dates of a list.
const LISTED_MAX: usize = 5;

/// How a language writes dates.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DateWords {
    weekdays: [String; 7],
    months: [String; 12],
    first: String,
    date: String,
    clock: String,
    whole_day: String,
    whole_days: String,
}

impl DateWords {
    /// The day, in words.
    pub fn date(&self, at: DateTime<Utc>, zone: Tz) -> String {
        self.day(at.with_timezone(&zone).date_naive())
    }

    fn day(&self, day: NaiveDate) -> String {
        let pick = |names: &[String], index: u32| names.get(index as usize).cloned().unwrap_or_default();
        let number = if day.day() == 1 { self.first.clone() } else { day.day().to_string() };
        self.date
            .replace("{weekday}", &pick(&self.weekdays, day.weekday().num_days_from_monday()))
            .replace("{day}", &number)
            .replace("{month}", &pick(&self.months, day.month0()))
            .replace("{year}", &day.year().to_string())
    }

    /// The time of day.
    pub fn clock(&self, at: DateTime<Utc>, zone: Tz) -> String {
        let local = at.with_timezone(&zone);
        self.clock.replace("{hour}", &local.hour().to_string()).replace("{minute}", &format!("{:02}", local.minute()))
    }

    /// A time of a meeting from start to end for a page: day, hours, and the zone by its name. `days` has the days in words
    /// instead, where whole days are meant.
    pub fn span(&self, event: &MeetingEvent, starts_at: DateTime<Utc>, ends_at: DateTime<Utc>, zone: Tz) -> Value {
        let local = starts_at.with_timezone(&zone);
        let days = event.days_of(starts_at, ends_at);
        json!({
            "starts_at": iso(starts_at),
            "ends_at": iso(ends_at),
            "starts_on": days.map(|(first, _)| first.to_string()),
            "days": days.map(|(first, last)| self.days(first, last)),
            "date": self.date(starts_at, zone),
            "hours": format!("{} – {}", self.clock(starts_at, zone), self.clock(ends_at, zone)),
            "zone": format!("{} (UTC{})", zone_name(zone), local.format("%:z")),
            "offset": local.offset().fix().local_minus_utc() / 60,
        })
    }

    fn days(&self, first: NaiveDate, last: NaiveDate) -> String {
        let pattern = if first == last { &self.whole_day } else { &self.whole_days };
        pattern.replace("{first}", &self.day(first)).replace("{last}", &self.day(last))
    }

    /// The dates of a series that come after the one that a page is about, for a list; `null` where there are none.
    pub fn next(&self, event: &MeetingEvent, shown: &Instance, now: DateTime<Utc>, zone: Tz) -> Value {
        if event.series.is_none() {
            return Value::Null;
        }
        let ahead = event.ahead(now, LISTED_MAX + 1);
        let is_shown = |one: &Instance| (one.starts_at, one.ends_at) == (shown.starts_at, shown.ends_at);
        let later: Vec<&Instance> = ahead.occurrences.iter().map(|one| &one.instance).filter(|one| !is_shown(one)).collect();
        if later.is_empty() {
            return Value::Null;
        }
        let row = |one: &&Instance| {
            json!({
                "span": self.span(event, one.starts_at, one.ends_at, zone),
                "title": (one.title != shown.title).then_some(&one.title),
            })
        };
        json!({
            "rows": later.iter().take(LISTED_MAX).map(row).collect::<Vec<_>>(),
            "more": !ahead.complete || later.len() > LISTED_MAX,
            "zone": event.whole_days.is_none().then(|| zone_name(zone)),
        })
    }
}

fn zone_name(zone: Tz) -> String {
    zone.name().replace('_', " ")
}
