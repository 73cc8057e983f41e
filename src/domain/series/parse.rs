//! The value of an RRULE read and checked, part by part.

use super::rule::{By, ByDay, Clock, End, Frequency, Rule};
use crate::domain::itip::time::{Form, instant_in, local_in, parse_time};
use crate::domain::itip::zone::weekday;
use chrono::{Days, NaiveDateTime, NaiveTime, Weekday};
use chrono_tz::Tz;
use std::fmt;
use std::str::FromStr;

/// Longest value in octets that is looked at.
const VALUE_MAX: usize = 4_096;
/// Longest INTERVAL.
const INTERVAL_MAX: u16 = 1_000;
/// Most entries of a list. A month has 31 days, from either end: more than these say nothing that fewer don't.
const LIST_MAX: usize = 64;

/// A part of a rule (RFC 5545 §3.3.10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// FREQ.
    Freq,
    /// UNTIL.
    Until,
    /// COUNT.
    Count,
    /// INTERVAL.
    Interval,
    /// BYSECOND.
    BySecond,
    /// BYMINUTE.
    ByMinute,
    /// BYHOUR.
    ByHour,
    /// BYDAY.
    ByDay,
    /// BYMONTHDAY.
    ByMonthDay,
    /// BYYEARDAY.
    ByYearDay,
    /// BYWEEKNO.
    ByWeekNo,
    /// BYMONTH.
    ByMonth,
    /// BYSETPOS.
    BySetPos,
    /// WKST.
    WkSt,
}

impl Part {
    const ALL: [Self; 14] = [
        Self::Freq,
        Self::Until,
        Self::Count,
        Self::Interval,
        Self::BySecond,
        Self::ByMinute,
        Self::ByHour,
        Self::ByDay,
        Self::ByMonthDay,
        Self::ByYearDay,
        Self::ByWeekNo,
        Self::ByMonth,
        Self::BySetPos,
        Self::WkSt,
    ];

    /// The name as RFC 5545 writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Freq => "FREQ",
            Self::Until => "UNTIL",
            Self::Count => "COUNT",
            Self::Interval => "INTERVAL",
            Self::BySecond => "BYSECOND",
            Self::ByMinute => "BYMINUTE",
            Self::ByHour => "BYHOUR",
            Self::ByDay => "BYDAY",
            Self::ByMonthDay => "BYMONTHDAY",
            Self::ByYearDay => "BYYEARDAY",
            Self::ByWeekNo => "BYWEEKNO",
            Self::ByMonth => "BYMONTH",
            Self::BySetPos => "BYSETPOS",
            Self::WkSt => "WKST",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a value is no rule of a meeting. The text names the part, never its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// Longer than anybody writes it.
    #[error("the rule is too long")]
    TooLong,
    /// Something in it isn't `NAME=value`.
    #[error("the rule has a piece that is no part of one")]
    NoPart,
    /// A name that RFC 5545 §3.3.10 doesn't know (such as the RSCALE of RFC 7529): letters and digits of it.
    #[error("the rule part {0} isn't known")]
    Unknown(String),
    /// A part stands twice.
    #[error("the rule part {0} stands twice")]
    Twice(Part),
    /// There is no FREQ.
    #[error("the rule part FREQ is missing")]
    NoFrequency,
    /// SECONDLY, MINUTELY, HOURLY.
    #[error("FREQ is more often than daily")]
    TooOften,
    /// A value that the part can't have.
    #[error("the value of {0} isn't a right one")]
    Value(Part),
    /// More than one value where a meeting has one, or more entries than a list may have.
    #[error("{0} has too many values")]
    TooMany(Part),
    /// Two parts that don't go together.
    #[error("{0} doesn't go with {1}")]
    Conflict(Part, Part),
    /// BYSETPOS needs another BYxxx to choose from.
    #[error("BYSETPOS has nothing to choose from")]
    NothingToChoose,
    /// BYHOUR, BYMINUTE or BYSECOND say another time of day than DTSTART.
    #[error("BYHOUR, BYMINUTE or BYSECOND say another time of day than DTSTART")]
    OtherClock,
}

/// Reads a value as a program wrote it.
pub(super) fn rule(value: &str, zone: Tz, whole_days: bool) -> Result<Rule, RuleError> {
    read(value, |local, form| if whole_days { until_day(local, form, zone) } else { until_instant(local, form, zone) })
}

/// Reads a value that [`Rule::to_text`] wrote.
pub(super) fn canonical(value: &str) -> Result<Rule, RuleError> {
    read(value, |local, form| match form {
        Form::Date => Some(End::UntilDay(local.date())),
        Form::Utc => Some(End::Until(local.and_utc())),
        Form::Local => None,
    })
}

fn until_instant(local: NaiveDateTime, form: Form, zone: Tz) -> Option<End> {
    Some(End::Until(match form {
        Form::Utc => local.and_utc(),
        Form::Local => instant_in(zone, local)?,
        // The last second of that day.
        Form::Date => instant_in(zone, local.checked_add_days(Days::new(1))?.checked_sub_signed(chrono::Duration::seconds(1))?)?,
    }))
}

fn until_day(local: NaiveDateTime, form: Form, zone: Tz) -> Option<End> {
    let day_edges = [Some(NaiveTime::MIN), NaiveTime::from_hms_opt(23, 59, 59)];
    Some(End::UntilDay(match form {
        Form::Utc if !day_edges.contains(&Some(local.time())) => local_in(zone, local.and_utc())?.date(),
        Form::Utc | Form::Local | Form::Date => local.date(),
    }))
}

fn read(value: &str, until: impl Fn(NaiveDateTime, Form) -> Option<End>) -> Result<Rule, RuleError> {
    let parts = Parts::split(value)?;
    let frequency = parts.frequency()?;
    let rule = Rule {
        frequency,
        interval: parts.number(Part::Interval)?.map_or(Ok(1), |n| within(n, 1, INTERVAL_MAX).ok_or(RuleError::Value(Part::Interval)))?,
        end: parts.end(until)?,
        by: By {
            months: parts.list(Part::ByMonth, |text| within(text.parse().ok()?, 1, 12))?,
            week_numbers: parts.list(Part::ByWeekNo, |text| signed(text, 53))?,
            year_days: parts.list(Part::ByYearDay, |text| signed(text, 366))?,
            month_days: parts.list(Part::ByMonthDay, |text| signed(text, 31))?,
            days: parts.days()?,
            positions: parts.list(Part::BySetPos, |text| signed(text, positions_of(frequency)))?,
        },
        clock: Clock {
            hour: parts.single(Part::ByHour, 23)?,
            minute: parts.single(Part::ByMinute, 59)?,
            second: parts.single(Part::BySecond, 59)?,
        },
        week_start: match parts.get(Part::WkSt) {
            None => Weekday::Mon,
            Some(text) => weekday(text).ok_or(RuleError::Value(Part::WkSt))?,
        },
    };
    check(&rule)?;
    Ok(rule)
}

/// The parts of a value, each once, spaces taken out and letters in upper case.
struct Parts(Vec<(Part, String)>);

impl Parts {
    fn split(value: &str) -> Result<Self, RuleError> {
        if value.len() > VALUE_MAX {
            return Err(RuleError::TooLong);
        }
        let compact: String = value.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_uppercase();
        let mut parts: Vec<(Part, String)> = Vec::new();
        // A semicolon too many says nothing.
        for piece in compact.split(';').filter(|piece| !piece.is_empty()) {
            let (name, value) = piece.split_once('=').ok_or(RuleError::NoPart)?;
            let part = Part::ALL.into_iter().find(|part| part.as_str() == name).ok_or_else(|| unknown(name))?;
            if parts.iter().any(|(known, _)| *known == part) {
                return Err(RuleError::Twice(part));
            }
            parts.push((part, value.to_owned()));
        }
        Ok(Self(parts))
    }

    fn get(&self, part: Part) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == part).map(|(_, value)| value.as_str())
    }

    fn frequency(&self) -> Result<Frequency, RuleError> {
        match self.get(Part::Freq).ok_or(RuleError::NoFrequency)? {
            "DAILY" => Ok(Frequency::Daily),
            "WEEKLY" => Ok(Frequency::Weekly),
            "MONTHLY" => Ok(Frequency::Monthly),
            "YEARLY" => Ok(Frequency::Yearly),
            "SECONDLY" | "MINUTELY" | "HOURLY" => Err(RuleError::TooOften),
            _ => Err(RuleError::Value(Part::Freq)),
        }
    }

    fn number<N: FromStr>(&self, part: Part) -> Result<Option<N>, RuleError> {
        self.get(part).map(|text| text.parse().map_err(|_| RuleError::Value(part))).transpose()
    }

    fn end(&self, until: impl Fn(NaiveDateTime, Form) -> Option<End>) -> Result<End, RuleError> {
        match (self.number(Part::Count)?, self.get(Part::Until)) {
            (None, None) => Ok(End::Never),
            (Some(_), Some(_)) => Err(RuleError::Conflict(Part::Count, Part::Until)),
            (Some(count), None) => within(count, 1, u32::MAX).map(End::Count).ok_or(RuleError::Value(Part::Count)),
            (None, Some(text)) => parse_time(text).and_then(|(local, form)| until(local, form)).ok_or(RuleError::Value(Part::Until)),
        }
    }

    /// A list, sorted and unique.
    fn list<T: Ord>(&self, part: Part, entry: impl Fn(&str) -> Option<T>) -> Result<Vec<T>, RuleError> {
        let Some(text) = self.get(part) else { return Ok(Vec::new()) };
        let mut entries = text.split(',').map(entry).collect::<Option<Vec<T>>>().ok_or(RuleError::Value(part))?;
        entries.sort();
        entries.dedup();
        if entries.len() > LIST_MAX { Err(RuleError::TooMany(part)) } else { Ok(entries) }
    }

    fn days(&self) -> Result<Vec<ByDay>, RuleError> {
        // As numbers they sort Monday first, and the plain weekday before the numbered.
        let entries = self.list(Part::ByDay, |text| {
            let split = text.len().checked_sub(2)?;
            let (nth, day) = (text.get(..split)?, weekday(text.get(split..)?)?);
            let nth = if nth.is_empty() { None } else { Some(signed(nth, 53)?) };
            Some((day.num_days_from_monday(), nth))
        })?;
        let weekday = |days: u32| Weekday::try_from(u8::try_from(days).ok()?).ok();
        Ok(entries.into_iter().filter_map(|(day, nth)| Some(ByDay { nth, weekday: weekday(day)? })).collect())
    }

    /// BYHOUR, BYMINUTE, BYSECOND: one value.
    fn single(&self, part: Part, most: u32) -> Result<Option<u32>, RuleError> {
        let values = self.list(part, |text| within(text.parse().ok()?, 0, most))?;
        if values.len() > 1 { Err(RuleError::TooMany(part)) } else { Ok(values.first().copied()) }
    }
}

/// What goes with what (RFC 5545 §3.3.10, the table and the text above it).
fn check(rule: &Rule) -> Result<(), RuleError> {
    let (frequency, by) = (rule.frequency, &rule.by);
    let is_yearly = frequency == Frequency::Yearly;
    let is_numbered = by.days.iter().any(|day| day.nth.is_some());
    let only = |part: Part, is_used: bool| if is_used { Err(RuleError::Conflict(part, Part::Freq)) } else { Ok(()) };
    only(Part::ByMonthDay, frequency == Frequency::Weekly && !by.month_days.is_empty())?;
    only(Part::ByYearDay, !is_yearly && !by.year_days.is_empty())?;
    only(Part::ByWeekNo, !is_yearly && !by.week_numbers.is_empty())?;
    only(Part::ByDay, matches!(frequency, Frequency::Daily | Frequency::Weekly) && is_numbered)?;
    if !by.week_numbers.is_empty() && is_numbered {
        return Err(RuleError::Conflict(Part::ByDay, Part::ByWeekNo));
    }
    // The expansion chooses by position before it knows the week.
    if !by.week_numbers.is_empty() && !by.positions.is_empty() {
        return Err(RuleError::Conflict(Part::BySetPos, Part::ByWeekNo));
    }
    // A month has four or five of a weekday, a year 52 or 53. The expansion can't count the one more from the end.
    let is_of_year = is_yearly && by.months.is_empty();
    let numbers = if is_of_year { -52..=53 } else { -4..=5 };
    let is_out = by.days.iter().filter_map(|day| day.nth).any(|nth| !numbers.contains(&nth));
    // "Every Monday and the 20th Tuesday of the year" is nobody's meeting, and would be long to search.
    let is_mixed = is_numbered && by.days.iter().any(|day| day.nth.is_none());
    if is_out || (is_mixed && is_of_year) {
        return Err(RuleError::Value(Part::ByDay));
    }
    let has_choice = !(by.months.is_empty()
        && by.week_numbers.is_empty()
        && by.year_days.is_empty()
        && by.month_days.is_empty()
        && by.days.is_empty()
        && rule.clock == Clock::default());
    if !by.positions.is_empty() && !has_choice { Err(RuleError::NothingToChoose) } else { Ok(()) }
}

/// Most days that a period has, so that a position beyond it is none.
fn positions_of(frequency: Frequency) -> i16 {
    match frequency {
        Frequency::Daily => 1,
        Frequency::Weekly => 7,
        Frequency::Monthly => 31,
        Frequency::Yearly => 366,
    }
}

fn within<N: PartialOrd>(number: N, least: N, most: N) -> Option<N> {
    (least..=most).contains(&number).then_some(number)
}

/// A number other than 0, counted from the begin or, negative, from the end.
fn signed<N: FromStr + TryInto<i16> + Copy>(text: &str, most: i16) -> Option<N> {
    let number: N = text.parse().ok()?;
    let wide: i16 = number.try_into().ok()?;
    (wide != 0 && (-most..=most).contains(&wide)).then_some(number)
}

/// Longest piece of an unknown name that an error repeats, in characters.
const NAME_MAX: usize = 20;

fn unknown(name: &str) -> RuleError {
    RuleError::Unknown(name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(NAME_MAX).collect())
}
