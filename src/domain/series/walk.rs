//! A rule walked on the wall clock: the local times it gives, one after the other. The only file that knows the crate rrule.
//!
//! The crate is given local times as if they were UTC, so that it never meets a clock change, and only what it does
//! right in bounded time: it begins at the first day of a period, and every default is written out. COUNT, UNTIL and DTSTART
//! stay with the caller; BYWEEKNO is asked here, since the crate misses days of weeks that two years share.

use super::rule::{ByDay, Frequency, Rule};
use chrono::{Datelike, Days, Duration, NaiveDate, NaiveDateTime, Timelike, Weekday};
use rrule::{NWeekday, RRule, RRuleSet, RRuleSetIter, Unvalidated};

/// The Gregorian calendar repeats, weekdays too, after so many years…
const CYCLE_YEARS: i32 = 400;
/// … which are so many days.
const CYCLE_DAYS: i64 = 146_097;
/// The crate searches for the next match until the year 10,000. A rule that never matches ("30 February") would cost it
/// millions of days. So every walk is moved by whole cycles to the last years that leave room for [`SPAN_YEARS_MAX`].
const LAST_START_YEAR: i32 = 10_000 - SPAN_YEARS_MAX - 1;
/// Longest span in years that a walk can cover.
pub(super) const SPAN_YEARS_MAX: i32 = 100;

/// The local times of a rule after DTSTART, in order.
pub(super) struct Walk {
    moved: RRuleSetIter,
    shift: Duration,
    start: NaiveDateTime,
    horizon: NaiveDateTime,
    weeks: Vec<i8>,
    week_start: Weekday,
}

impl Walk {
    /// A walk over the times after `start`, which is DTSTART, up to `horizon`. It may begin with the first period that
    /// touches `from`. `None` where the calendar ends.
    pub(super) fn new(rule: &Rule, start: NaiveDateTime, from: NaiveDateTime, horizon: NaiveDateTime) -> Option<Self> {
        let first_day = period_start(rule, start.date(), from.date().max(start.date()))?;
        let cycles = (LAST_START_YEAR - first_day.year()).div_euclid(CYCLE_YEARS);
        let shift = Duration::days(i64::from(cycles).checked_mul(CYCLE_DAYS)?);
        let moved_start = first_day.and_time(start.time()).checked_add_signed(shift)?.and_utc().with_timezone(&rrule::Tz::UTC);
        let set: RRuleSet = crate_rule(rule, start).build(moved_start).ok()?.limit();
        let weeks = rule.by.week_numbers.clone();
        Some(Self { moved: (&set).into_iter(), shift, start, horizon, weeks, week_start: rule.week_start })
    }

    fn has_week_of(&self, day: NaiveDate) -> bool {
        self.weeks.is_empty() || numbers_of_week(day, self.week_start).is_some_and(|numbers| numbers.iter().any(|n| self.weeks.contains(n)))
    }
}

impl Iterator for Walk {
    type Item = NaiveDateTime;

    fn next(&mut self) -> Option<NaiveDateTime> {
        loop {
            let local = self.moved.next()?.naive_utc().checked_sub_signed(self.shift)?;
            if local > self.horizon {
                return None;
            }
            if local > self.start && self.has_week_of(local.date()) {
                return Some(local);
            }
        }
    }
}

/// The number of the week that a day is in, from the begin and from the end of the year that has four of its days or
/// more (RFC 5545 §3.3.10, BYWEEKNO).
fn numbers_of_week(day: NaiveDate, week_start: Weekday) -> Option<[i8; 2]> {
    let since = Duration::days(i64::from(day.weekday().days_since(week_start)));
    let fourth = day.checked_sub_signed(since)?.checked_add_signed(Duration::days(3))?;
    let last = NaiveDate::from_ymd_opt(fourth.year(), 12, 31)?;
    let number = |days: u32| i8::try_from(days / 7 + 1).ok();
    Some([number(fourth.ordinal0())?, -number(last.ordinal() - fourth.ordinal())?])
}

/// The first day of the last period that begins at `from` or before and that INTERVAL, counted from DTSTART, hits.
fn period_start(rule: &Rule, start: NaiveDate, from: NaiveDate) -> Option<NaiveDate> {
    let interval = i64::from(rule.interval);
    // Whole intervals between two numbers of a unit, back in that unit.
    let whole = |first: i64, last: i64| (last - first).div_euclid(interval) * interval;
    let days = |first: NaiveDate, count: i64| first.checked_add_days(Days::new(u64::try_from(count).ok()?));
    match rule.frequency {
        Frequency::Daily => days(start, whole(0, (from - start).num_days())),
        Frequency::Weekly => {
            let since = start.weekday().days_since(rule.week_start);
            let week = start.checked_sub_days(Days::new(u64::from(since)))?;
            days(week, 7 * whole(0, (from - week).num_days().div_euclid(7)))
        }
        Frequency::Monthly => {
            let number = |day: NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month0());
            let month = number(start) + whole(number(start), number(from));
            NaiveDate::from_ymd_opt(i32::try_from(month.div_euclid(12)).ok()?, u32::try_from(month.rem_euclid(12)).ok()? + 1, 1)
        }
        Frequency::Yearly => {
            let first = i64::from(start.year());
            NaiveDate::from_ymd_opt(i32::try_from(first + whole(first, i64::from(from.year()))).ok()?, 1, 1)
        }
    }
}

/// The rule as the crate takes it. What the rule leaves to DTSTART (RFC 5545 §3.3.10) is written out, since the walk
/// begins on another day.
fn crate_rule(rule: &Rule, start: NaiveDateTime) -> RRule<Unvalidated> {
    let frequency = match rule.frequency {
        Frequency::Daily => rrule::Frequency::Daily,
        Frequency::Weekly => rrule::Frequency::Weekly,
        Frequency::Monthly => rrule::Frequency::Monthly,
        Frequency::Yearly => rrule::Frequency::Yearly,
    };
    let by = &rule.by;
    let (mut months, mut month_days, mut days) = (by.months.clone(), by.month_days.clone(), numbered_alike(rule));
    if by.days.is_empty() && by.month_days.is_empty() && by.year_days.is_empty() {
        let day = i8::try_from(start.day()).into_iter();
        match rule.frequency {
            Frequency::Daily => {}
            Frequency::Weekly => days.push(NWeekday::Every(start.weekday())),
            Frequency::Monthly => month_days.extend(day),
            Frequency::Yearly if !by.week_numbers.is_empty() => days.push(NWeekday::Every(start.weekday())),
            Frequency::Yearly => {
                if months.is_empty() {
                    months.extend(u8::try_from(start.month()));
                }
                month_days.extend(day);
            }
        }
    }
    let clock = |part: u32| u8::try_from(part).into_iter().collect::<Vec<u8>>();
    RRule::new(frequency)
        .interval(rule.interval)
        .week_start(rule.week_start)
        .by_month(&months.into_iter().filter_map(|month| chrono::Month::try_from(month).ok()).collect::<Vec<_>>())
        .by_year_day(by.year_days.clone())
        .by_month_day(month_days)
        .by_weekday(days)
        .by_set_pos(by.positions.iter().copied().map(i32::from).collect())
        .by_hour(clock(start.hour()))
        .by_minute(clock(start.minute()))
        .by_second(clock(start.second()))
}

/// BYDAY for the crate, which takes only days that both a plain and a numbered entry allow where the two are mixed,
/// instead of those that any allows. So in a mixture a plain weekday becomes each of its numbers in the month (of a year
/// no mixture is taken).
fn numbered_alike(rule: &Rule) -> Vec<NWeekday> {
    let is_numbered = |day: &ByDay| day.nth.is_some();
    let is_mixed = rule.by.days.iter().any(is_numbered) && !rule.by.days.iter().all(is_numbered);
    let all = |weekday: Weekday| (1..=5).map(move |nth| NWeekday::Nth(nth, weekday));
    let entries = rule.by.days.iter();
    entries
        .flat_map(|day| match day.nth {
            Some(nth) => vec![NWeekday::Nth(i16::from(nth), day.weekday)],
            None if is_mixed => all(day.weekday).collect(),
            None => vec![NWeekday::Every(day.weekday)],
        })
        .collect()
}
