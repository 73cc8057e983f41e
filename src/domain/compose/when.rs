//! Dates and times in the recipient's language and zone. Names of days and months, and their order, are phrases.

use super::stationery::fault;
use super::{ComposeError, Heading, Stationery};
use crate::domain::meeting::MeetingEvent;
use chrono::{DateTime, Datelike, Offset, Timelike, Utc};
use chrono_tz::Tz;
use serde_json::json;

impl Stationery {
    /// When a meeting takes place: its time, its days, or how it recurs.
    pub(super) fn when(&self, heading: &Heading<'_>, event: &MeetingEvent) -> Result<String, ComposeError> {
        match &event.series {
            None => self.period(heading, event, event.starts_at, event.ends_at),
            Some(series) => self.recurrence(heading, event, series),
        }
    }

    /// Whole days of their zone, `mardi 24 novembre 2026, toute la journée`, where that is meant and both ends are midnights
    /// there; else the span on the reader's clock.
    pub(super) fn period(
        &self,
        heading: &Heading<'_>,
        event: &MeetingEvent,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<String, ComposeError> {
        let Some((first, last)) = event.days_of(from, to) else { return self.span(heading, from, to) };
        let pattern = if first == last { "date.whole-day" } else { "date.whole-days" };
        let values = json!({ "start_day": self.day(heading, &first)?, "end_day": self.day(heading, &last)? });
        self.phrase(heading.language, pattern, &values)
    }

    /// `mardi 24 novembre 2026, 14:00–14:45 (Europe/Paris, UTC+1)`; both dates when midnight lies between.
    fn span(&self, heading: &Heading<'_>, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<String, ComposeError> {
        let (start, end) = (from.with_timezone(&heading.time_zone), to.with_timezone(&heading.time_zone));
        let pattern = if start.date_naive() == end.date_naive() { "date.same-day" } else { "date.across-days" };
        let values = json!({
            "start_day": self.day(heading, &start)?, "start_time": clock(&start),
            "end_day": self.day(heading, &end)?, "end_time": clock(&end),
            "zone": zone(&start, &end),
        });
        self.phrase(heading.language, pattern, &values)
    }

    /// `mardi 24 novembre 2026, 14:00 (Europe/Paris, UTC+1)`
    pub(super) fn moment(&self, heading: &Heading<'_>, at: DateTime<Utc>) -> Result<String, ComposeError> {
        let local = at.with_timezone(&heading.time_zone);
        let values = json!({ "day": self.day(heading, &local)?, "time": clock(&local), "zone": zone(&local, &local) });
        self.phrase(heading.language, "date.moment", &values)
    }

    /// `mardi 24 novembre 2026`
    pub(super) fn day(&self, heading: &Heading<'_>, at: &impl Datelike) -> Result<String, ComposeError> {
        let date = self.phrase_list(heading, "date.months")?;
        let weekdays = self.phrase_list(heading, "date.weekdays")?;
        let month = date.get(at.month0() as usize).ok_or_else(|| fault("phrases.toml: date.months", "has not twelve"))?;
        let weekday = weekdays
            .get(at.weekday().num_days_from_monday() as usize)
            .ok_or_else(|| fault("phrases.toml: date.weekdays", "has not seven"))?;
        let day = match at.day() {
            1 => self.phrase(heading.language, "date.first", &json!({}))?,
            day => day.to_string(),
        };
        let values = json!({ "weekday": weekday, "day": day, "month": month, "year": at.year() });
        self.phrase(heading.language, "date.day", &values)
    }
}

/// `14:00`
pub(super) fn clock(at: &impl Timelike) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

/// Name and distance from UTC; both distances when clocks change in between.
fn zone(start: &DateTime<Tz>, end: &DateTime<Tz>) -> String {
    let name = start.timezone().name();
    let (before, after) = (distance(start), distance(end));
    match () {
        () if before != after => format!("{name}, {before} → {after}"),
        () if before == name => before,
        () => format!("{name}, {before}"),
    }
}

fn distance(at: &DateTime<Tz>) -> String {
    let minutes = at.offset().fix().local_minus_utc() / 60;
    let sign = if minutes < 0 { '−' } else { '+' };
    match (minutes.abs() / 60, minutes.abs() % 60) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}
