//! What of a recurrence rule a short sentence can say; most rules that people make, and no others.

use crate::domain::series::{By, ByDay, Frequency, Rule};
use chrono::{Datelike, NaiveDate, Weekday};

/// Most weekdays or days that a sentence lists.
const LISTED_MAX: usize = 7;
/// Monday to Friday.
const WORKING: [Weekday; 5] = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri];

/// How a series recurs, without its end and its time of day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rhythm {
    /// The unit of [`Self::interval`].
    pub(super) unit: Frequency,
    /// Every so many units, at least 1.
    pub(super) interval: u16,
    /// Which days of the unit, or of the months.
    pub(super) days: Days,
    /// In these months alone, 1 to 12; empty for all.
    pub(super) months: Vec<u8>,
}

/// Days of a week, month or year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Days {
    /// All.
    Every,
    /// These days of a week.
    OfWeek(Vec<Weekday>),
    /// The nth of a weekday in a month; -1 the last.
    Nth(Vec<(i8, Weekday)>),
    /// The nth of Monday to Friday in a month; -1 the last.
    NthWorking(i8),
    /// The nth day of a month; -1 the last.
    OfMonth(Vec<i8>),
}

impl Rhythm {
    /// The rhythm of a rule whose first instance is on the day `start`; `None` for one that takes more words.
    pub(super) fn of(rule: &Rule, start: NaiveDate) -> Option<Self> {
        let by = rule.by();
        if !by.week_numbers.is_empty() || !by.year_days.is_empty() {
            return None;
        }
        let (unit, days, months) = match rule.frequency() {
            Frequency::Daily => daily(by, rule.interval())?,
            Frequency::Weekly => weekly(by, start)?,
            Frequency::Monthly => monthly(by, start, rule.interval())?,
            Frequency::Yearly => yearly(by, start, rule.interval())?,
        };
        Some(Self { unit, interval: rule.interval(), days, months })
    }

    /// Whether the rhythm gives this day, its interval aside. DTSTART is an instance also where the rule does not give
    /// it (RFC 5545 §3.8.5.3).
    pub(super) fn gives(&self, day: NaiveDate) -> bool {
        let is_month = self.months.is_empty() || self.months.iter().any(|month| u32::from(*month) == day.month());
        is_month
            && match &self.days {
                Days::Every => true,
                Days::OfWeek(weekdays) => weekdays.contains(&day.weekday()),
                Days::Nth(days) => days.iter().any(|(nth, weekday)| {
                    *weekday == day.weekday() && rank(day, *nth, |other| other.weekday() == *weekday) == Some(nth.unsigned_abs().into())
                }),
                Days::NthWorking(nth) => is_working(day) && rank(day, *nth, is_working) == Some(nth.unsigned_abs().into()),
                Days::OfMonth(days) => days.iter().any(|nth| rank(day, *nth, |_| true) == Some(nth.unsigned_abs().into())),
            }
    }
}

type Parts = (Frequency, Days, Vec<u8>);

fn daily(by: &By, interval: u16) -> Option<Parts> {
    if !by.positions.is_empty() || !by.month_days.is_empty() {
        return None;
    }
    match plain(&by.days)?.as_slice() {
        [] => Some((Frequency::Daily, Days::Every, by.months.clone())),
        weekdays if interval == 1 => Some((Frequency::Weekly, Days::OfWeek(weekdays.to_vec()), by.months.clone())),
        _ => None,
    }
}

fn weekly(by: &By, start: NaiveDate) -> Option<Parts> {
    if !by.positions.is_empty() || !by.month_days.is_empty() {
        return None;
    }
    let weekdays = plain(&by.days)?;
    let weekdays = if weekdays.is_empty() { vec![start.weekday()] } else { weekdays };
    Some((Frequency::Weekly, Days::OfWeek(weekdays), by.months.clone()))
}

/// "Every month in March" is every year.
fn monthly(by: &By, start: NaiveDate, interval: u16) -> Option<Parts> {
    let unit = match by.months.as_slice() {
        [] => Frequency::Monthly,
        _ if interval == 1 => Frequency::Yearly,
        _ => return None,
    };
    if let Some(weekdays) = every_one(by, interval) {
        return Some((Frequency::Weekly, Days::OfWeek(weekdays), by.months.clone()));
    }
    Some((unit, in_month(by, start)?, by.months.clone()))
}

fn yearly(by: &By, start: NaiveDate, interval: u16) -> Option<Parts> {
    if let Some(weekdays) = every_one(by, interval) {
        return Some((Frequency::Weekly, Days::OfWeek(weekdays), by.months.clone()));
    }
    let has_days = !by.days.is_empty() || !by.month_days.is_empty();
    // Positions and numbers count in the whole year, unless it is of one month.
    match by.months.as_slice() {
        [] if !has_days => Some((Frequency::Yearly, in_month(by, start)?, vec![u8::try_from(start.month()).ok()?])),
        // The 15th of every month.
        [] if interval == 1 && by.days.is_empty() && by.positions.is_empty() => Some((Frequency::Monthly, in_month(by, start)?, vec![])),
        [] => None,
        [_, _, ..] if !by.positions.is_empty() => None,
        months => Some((Frequency::Yearly, in_month(by, start)?, months.to_vec())),
    }
}

/// Weekdays that are meant without a number, of each month or year, one after the other: of each week.
fn every_one(by: &By, interval: u16) -> Option<Vec<Weekday>> {
    let is_plain = interval == 1 && by.positions.is_empty() && by.month_days.is_empty();
    plain(&by.days).filter(|weekdays| is_plain && !weekdays.is_empty())
}

fn in_month(by: &By, start: NaiveDate) -> Option<Days> {
    if by.days.len() > LISTED_MAX || by.month_days.len() > LISTED_MAX {
        return None;
    }
    match (by.days.as_slice(), by.month_days.as_slice(), by.positions.as_slice()) {
        ([], [], []) => Some(Days::OfMonth(vec![i8::try_from(start.day()).ok()?])),
        ([], days, []) => days.iter().all(|day| (-1..=31).contains(day) && *day != 0).then(|| Days::OfMonth(days.to_vec())),
        (days, [], []) => {
            let nth: Option<Vec<(i8, Weekday)>> = days.iter().map(|day| Some((nth_said(day.nth?)?, day.weekday))).collect();
            nth.map(Days::Nth)
        }
        (days, [], [position]) => {
            let (weekdays, nth) = (plain(days)?, nth_said(i8::try_from(*position).ok()?)?);
            match weekdays.as_slice() {
                [] => None,
                [weekday] => Some(Days::Nth(vec![(nth, *weekday)])),
                working if working == WORKING => Some(Days::NthWorking(nth)),
                all if all.len() == 7 && nth >= -1 => Some(Days::OfMonth(vec![nth])),
                _ => None,
            }
        }
        _ => None,
    }
}

/// First to fifth, last, and last but one have a word.
fn nth_said(nth: i8) -> Option<i8> {
    matches!(nth, -2..=-1 | 1..=5).then_some(nth)
}

/// Weekdays without numbers; `None` where one has a number.
fn plain(days: &[ByDay]) -> Option<Vec<Weekday>> {
    days.iter().map(|day| day.nth.is_none().then_some(day.weekday)).collect()
}

/// Whether these are Monday to Friday.
pub(super) fn are_working_days(weekdays: &[Weekday]) -> bool {
    weekdays == WORKING
}

fn is_working(day: NaiveDate) -> bool {
    WORKING.contains(&day.weekday())
}

/// How many such days the month has up to this one, or for a negative `nth` from this one on.
fn rank(day: NaiveDate, nth: i8, is_such: impl Fn(NaiveDate) -> bool) -> Option<usize> {
    let in_month = |other: &NaiveDate| other.month() == day.month() && is_such(*other);
    Some(if nth > 0 {
        day.with_day(1)?.iter_days().take_while(|other| *other <= day).filter(in_month).count()
    } else {
        day.iter_days().take_while(|other| other.month() == day.month()).filter(in_month).count()
    })
}

#[cfg(test)]
mod tests;
