//! A series of meetings: its recurrence on the wall clock of a zone, expanded within limits (RFC 5545 §3.8.5).
//!
//! * [`Rule`] is a validated RRULE; `parse` reads it.
//! * `walk` gives its local times; [`Recurrence`] makes instants of them, with RDATE and EXDATE.
//! * [`series_zone`] finds the zone of the world that a TZID and its VTIMEZONE mean; [`vtimezone`] writes the VTIMEZONE
//!   of a zone.

mod parse;
mod piece;
mod rule;
mod transitions;
mod vtimezone;
mod walk;
mod zone;

#[cfg(test)]
mod tests;

pub use parse::{Part, RuleError};
pub use rule::{By, ByDay, End, Frequency, Rule};
pub use vtimezone::vtimezone;
pub use zone::series_zone;

use super::itip::time::{instant_in, local_in};
use chrono::{DateTime, Days, Duration, Months, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use walk::{SPAN_YEARS_MAX, Walk};

/// Most steps from DTSTART that are counted for a rule with COUNT: 54 years of every day. A rule without COUNT needs
/// no counting and is entered where it is asked.
const COUNTED_MAX: u32 = 20_000;

/// A clock can be set forth or back by a day: what is a little before an instant on the wall may be after it.
const MARGIN: Days = Days::new(2);

/// How far a series is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeriesLimits {
    /// Most instances of one answer.
    pub instances: usize,
    /// Years from the first moment that is asked for, at most 100.
    pub years: u32,
}

impl Default for SeriesLimits {
    /// A thousand instances, ten years: nearly three years of a daily meeting, and all of a weekly one.
    fn default() -> Self {
        Self { instances: 1_000, years: 10 }
    }
}

impl SeriesLimits {
    fn months(self) -> Months {
        Months::new(self.years.min(SPAN_YEARS_MAX.unsigned_abs()) * 12)
    }

    fn horizon(self, from: DateTime<Utc>) -> DateTime<Utc> {
        from.checked_add_months(self.months()).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

/// A piece of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expansion {
    /// When the instances start, in order, each once.
    pub instants: Vec<DateTime<Utc>>,
    /// Whether no later instance exists; `false` also where that can't be known within the limits.
    pub complete: bool,
}

/// How a meeting recurs. DTSTART isn't part of it: every question takes it, as `starts_at`, and it is always the
/// first instance, even where the rule would not give it (RFC 5545 §3.8.5.3).
///
/// The time of day is that of `starts_at` on the clock of the zone. It stays where the clock changes; in a gap the
/// offset before it counts, of two the first (RFC 5545 §3.3.5).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct Recurrence {
    zone: Tz,
    rule: Option<Rule>,
    dates: Vec<DateTime<Utc>>,
    excluded: Vec<DateTime<Utc>>,
}

/// A recurrence as it is stored; what is read is put in order, since the searches rely on it.
#[derive(Deserialize)]
struct Stored {
    zone: Tz,
    rule: Option<Rule>,
    dates: Vec<DateTime<Utc>>,
    excluded: Vec<DateTime<Utc>>,
}

impl From<Stored> for Recurrence {
    fn from(stored: Stored) -> Self {
        Self { zone: stored.zone, rule: stored.rule, dates: in_order(stored.dates), excluded: in_order(stored.excluded) }
    }
}

fn in_order(mut instants: Vec<DateTime<Utc>>) -> Vec<DateTime<Utc>> {
    instants.sort_unstable();
    instants.dedup();
    instants
}

impl Recurrence {
    /// A recurrence on the clock of `zone`, with the instants of RDATE and of EXDATE in any order.
    ///
    /// Fails with [`RuleError::OtherClock`] where the rule's BYHOUR, BYMINUTE or BYSECOND aren't those of `starts_at`;
    /// where they are, they say nothing more and are left out.
    pub fn new(
        zone: Tz,
        starts_at: DateTime<Utc>,
        rule: Option<Rule>,
        dates: Vec<DateTime<Utc>>,
        excluded: Vec<DateTime<Utc>>,
    ) -> Result<Self, RuleError> {
        let start = local_in(zone, starts_at).ok_or(RuleError::OtherClock);
        let rule = rule.map(|rule| rule.at(start?)).transpose()?;
        Ok(Self { zone, rule, dates: in_order(dates), excluded: in_order(excluded) })
    }

    /// The zone whose clock the rule follows.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// RRULE.
    pub fn rule(&self) -> Option<&Rule> {
        self.rule.as_ref()
    }

    /// RDATE, in order, each once.
    pub fn dates(&self) -> &[DateTime<Utc>] {
        &self.dates
    }

    /// EXDATE, in order, each once.
    pub fn excluded(&self) -> &[DateTime<Utc>] {
        &self.excluded
    }

    /// The instances from the first on.
    pub fn instants(&self, starts_at: DateTime<Utc>, limits: &SeriesLimits) -> Expansion {
        self.instants_from(starts_at, starts_at, limits)
    }

    /// The instances that start at `from` or later. The limits count from there.
    pub fn instants_from(&self, starts_at: DateTime<Utc>, from: DateTime<Utc>, limits: &SeriesLimits) -> Expansion {
        let from = from.max(starts_at);
        self.window(starts_at, from, limits.horizon(from), limits.instances)
    }

    /// Whether an instance starts at this instant: the test for a RECURRENCE-ID (RFC 5545 §3.8.4.4).
    pub fn contains(&self, starts_at: DateTime<Utc>, instant: DateTime<Utc>, limits: &SeriesLimits) -> bool {
        self.first_from(starts_at, Some(instant), limits) == Some(instant)
    }

    /// The instance that starts on this day of the zone's clock: for a RECURRENCE-ID that is written as a DATE.
    pub fn instance_on(&self, starts_at: DateTime<Utc>, day: NaiveDate, limits: &SeriesLimits) -> Option<DateTime<Utc>> {
        let midnight = instant_in(self.zone, day.and_time(NaiveTime::MIN));
        self.first_from(starts_at, midnight, limits)
            .filter(|instant| local_in(self.zone, *instant).is_some_and(|local| local.date() == day))
    }

    /// The first instance that starts after `instant`, within the years from there.
    pub fn next_after(&self, starts_at: DateTime<Utc>, instant: DateTime<Utc>, limits: &SeriesLimits) -> Option<DateTime<Utc>> {
        self.first_from(starts_at, instant.checked_add_signed(Duration::nanoseconds(1)), limits)
    }

    /// The instance of this length that runs at `now`, the earlier one where two do; else the one that comes next.
    pub fn running_or_next(
        &self,
        starts_at: DateTime<Utc>,
        length: Duration,
        now: DateTime<Utc>,
        limits: &SeriesLimits,
    ) -> Option<DateTime<Utc>> {
        // One without length is over after its start, one with length at its end.
        if length <= Duration::zero() {
            return self.first_from(starts_at, Some(now), limits);
        }
        self.next_after(starts_at, now.checked_sub_signed(length)?, limits)
    }

    /// When the last instance starts. `None` where the series has no end or none within bounds: with COUNT those of an
    /// answer of [`Self::instants`]; with UNTIL the years before it, however far it is from the start. `None` also
    /// where every instance is excluded.
    pub fn last(&self, starts_at: DateTime<Utc>, limits: &SeriesLimits) -> Option<DateTime<Utc>> {
        let until = match self.rule.as_ref().map(Rule::end) {
            Some(End::Never) => return None,
            Some(End::Count(_)) | None => None,
            Some(end @ (End::Until(_) | End::UntilDay(_))) => Some(instant_of(end, self.zone)?),
        };
        let window = match until {
            Some(until) => {
                let from = until.checked_sub_months(limits.months())?;
                // A date may be added after UNTIL.
                let horizon = self.dates.last().copied().into_iter().fold(until.max(starts_at), DateTime::max);
                self.window(starts_at, from, horizon, usize::MAX)
            }
            None => self.instants(starts_at, limits),
        };
        window.instants.last().copied().filter(|_| window.complete)
    }

    fn first_from(&self, starts_at: DateTime<Utc>, from: Option<DateTime<Utc>>, limits: &SeriesLimits) -> Option<DateTime<Utc>> {
        let from = from?.max(starts_at);
        self.window(starts_at, from, limits.horizon(from), 1).instants.first().copied()
    }

    /// The instances from `from` to `horizon`, at most `most` of them: DTSTART, the rule's and the dates', without the
    /// excluded.
    fn window(&self, starts_at: DateTime<Utc>, from: DateTime<Utc>, horizon: DateTime<Utc>, most: usize) -> Expansion {
        let from = from.max(starts_at);
        // One more than is wanted, from each source, tells whether there are more.
        let wanted = most.saturating_add(1);
        let ruled = self.ruled(starts_at, from, horizon, wanted);
        let is_in = |instant: &DateTime<Utc>| *instant >= from && !self.is_excluded(*instant);
        let dates = self.dates.iter().copied().filter(is_in).take_while(|date| *date <= horizon).take(wanted);
        let first = Some(starts_at).filter(is_in);
        let later_dates = self.dates.last().is_some_and(|last| *last > horizon);
        let mut instants = in_order(first.into_iter().chain(ruled.instants).chain(dates).collect());
        let complete = ruled.complete && !later_dates && instants.len() <= most;
        instants.truncate(most);
        Expansion { instants, complete }
    }

    fn is_excluded(&self, instant: DateTime<Utc>) -> bool {
        self.excluded.binary_search(&instant).is_ok()
    }

    /// The rule's instances after DTSTART: those from `from` to `horizon`, at most `wanted`, without the excluded.
    fn ruled(&self, starts_at: DateTime<Utc>, from: DateTime<Utc>, horizon: DateTime<Utc>, wanted: usize) -> Expansion {
        let Some(rule) = &self.rule else { return Expansion { instants: Vec::new(), complete: true } };
        let mut instants = Vec::new();
        let complete = self.walk(rule, starts_at, from, horizon, |instant| {
            if instant >= from && !self.is_excluded(instant) {
                instants.push(instant);
            }
            instants.len() < wanted
        });
        Expansion { instants, complete: complete.unwrap_or(false) }
    }

    /// Shows `take` the rule's instants after DTSTART up to `horizon`, from `from` on or a little before, until it has
    /// enough. Says whether the rule ends there.
    fn walk(
        &self,
        rule: &Rule,
        starts_at: DateTime<Utc>,
        from: DateTime<Utc>,
        horizon: DateTime<Utc>,
        mut take: impl FnMut(DateTime<Utc>) -> bool,
    ) -> Option<bool> {
        let start = local_in(self.zone, starts_at)?;
        let from = local_in(self.zone, from)?.checked_sub_days(MARGIN).map_or(start, |early| early.max(start));
        let counted = if let End::Count(count) = rule.end() { Some(count) } else { None };
        // DTSTART is the first that COUNT counts (RFC 5545 §3.3.10), and counting begins there.
        let mut left = counted.map(|count| count.saturating_sub(1));
        let mut steps_left = counted.map(|_| COUNTED_MAX);
        let last = local_in(self.zone, horizon)?.checked_add_days(MARGIN).unwrap_or(NaiveDateTime::MAX);
        for local in Walk::new(rule, start, if counted.is_some() { start } else { from }, last)? {
            if left == Some(0) {
                return Some(true);
            }
            if steps_left == Some(0) {
                return Some(false);
            }
            left = left.map(|left| left - 1);
            steps_left = steps_left.map(|left| left - 1);
            if local < from {
                continue;
            }
            let instant = instant_in(self.zone, local)?;
            if is_past(rule.end(), local, instant) {
                return Some(true);
            }
            if instant > horizon || !take(instant) {
                return Some(false);
            }
        }
        // The walk found no more, to the horizon at least.
        Some(left == Some(0) || instant_of(rule.end(), self.zone).is_some_and(|until| until <= horizon))
    }
}

/// Whether a rule is over at this local time.
fn is_past(end: End, local: NaiveDateTime, instant: DateTime<Utc>) -> bool {
    match end {
        End::Never | End::Count(_) => false,
        End::Until(until) => instant > until,
        End::UntilDay(day) => local.date() > day,
    }
}

/// The last instant that UNTIL allows, or for a day its end.
fn instant_of(end: End, zone: Tz) -> Option<DateTime<Utc>> {
    match end {
        End::Never | End::Count(_) => None,
        End::Until(until) => Some(until),
        End::UntilDay(day) => instant_in(zone, day.checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN)),
    }
}
