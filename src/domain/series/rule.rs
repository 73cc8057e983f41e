//! A recurrence rule: the validated value of an RRULE, and the canonical text of it.

use super::parse::{self, RuleError};
use chrono::{DateTime, NaiveDate, NaiveDateTime, Timelike, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use std::fmt;

/// FREQ (RFC 5545 §3.3.10). What comes more often than daily is an alarm, not a meeting, and isn't taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frequency {
    /// Every INTERVAL days.
    Daily,
    /// Every INTERVAL weeks.
    Weekly,
    /// Every INTERVAL months.
    Monthly,
    /// Every INTERVAL years.
    Yearly,
}

impl Frequency {
    fn as_str(self) -> &'static str {
        match self {
            Self::Daily => "DAILY",
            Self::Weekly => "WEEKLY",
            Self::Monthly => "MONTHLY",
            Self::Yearly => "YEARLY",
        }
    }
}

/// Where a rule ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nowhere.
    Never,
    /// After that many instances, DTSTART the first of them.
    Count(u32),
    /// UNTIL as an instant, itself included: a series with a clock.
    Until(DateTime<Utc>),
    /// UNTIL as a day, itself included: a series of whole days.
    UntilDay(NaiveDate),
}

/// One entry of BYDAY.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByDay {
    /// Which of the month (or of the year): 1 the first, -1 the last, `None` every.
    pub nth: Option<i8>,
    /// The day of the week.
    pub weekday: Weekday,
}

impl fmt::Display for ByDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(nth) = self.nth {
            write!(f, "{nth}")?;
        }
        f.write_str(weekday_name(self.weekday))
    }
}

/// The BYxxx parts, each sorted and unique; empty where missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct By {
    /// BYMONTH, 1 to 12.
    pub months: Vec<u8>,
    /// BYWEEKNO, -53 to 53.
    pub week_numbers: Vec<i8>,
    /// BYYEARDAY, -366 to 366.
    pub year_days: Vec<i16>,
    /// BYMONTHDAY, -31 to 31.
    pub month_days: Vec<i8>,
    /// BYDAY, Monday first.
    pub days: Vec<ByDay>,
    /// BYSETPOS, -366 to 366.
    pub positions: Vec<i16>,
}

/// BYHOUR, BYMINUTE, BYSECOND as single values: a repetition of what DTSTART says, or else no meeting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) hour: Option<u32>,
    pub(super) minute: Option<u32>,
    pub(super) second: Option<u32>,
}

impl Clock {
    fn says(self, start: NaiveDateTime) -> bool {
        let fits = |said: Option<u32>, is: u32| said.is_none_or(|said| said == is);
        fits(self.hour, start.hour()) && fits(self.minute, start.minute()) && fits(self.second, start.second())
    }
}

/// A validated RRULE value (RFC 5545 §3.3.10) of a meeting. As text it is canonical, and reads back as the same rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rule {
    pub(super) frequency: Frequency,
    pub(super) interval: u16,
    pub(super) end: End,
    pub(super) by: By,
    pub(super) clock: Clock,
    pub(super) week_start: Weekday,
}

impl Rule {
    /// Reads the value of an RRULE, in any letter case and with spaces anywhere. UNTIL is understood in UTC, as a wall
    /// clock of `zone`, and as a day, since programs mix them (RFC 5545 §3.3.10 asks for the form of DTSTART):
    ///
    /// * With `whole_days` (DTSTART is a DATE) it becomes a day. Midnight and the last second of a day in UTC mean that
    ///   day as it is written, any other instant the day that it is in `zone`.
    /// * Without, it becomes an instant. A day counts to its end in `zone`.
    ///
    /// Errors name the part that is wrong.
    pub fn parse(value: &str, zone: Tz, whole_days: bool) -> Result<Self, RuleError> {
        parse::rule(value, zone, whole_days)
    }

    /// The value in canonical form: upper case, parts and lists in one order, defaults left out, UNTIL in UTC for a
    /// series with a clock and a DATE for whole days (RFC 5545 §3.3.10).
    pub fn to_text(&self) -> String {
        let mut text = format!("FREQ={}", self.frequency.as_str());
        let mut part = |name: &str, value: String| text.extend([";", name, "=", &value]);
        if self.interval != 1 {
            part("INTERVAL", self.interval.to_string());
        }
        match self.end {
            End::Never => {}
            End::Count(count) => part("COUNT", count.to_string()),
            End::Until(instant) => part("UNTIL", instant.format("%Y%m%dT%H%M%SZ").to_string()),
            End::UntilDay(day) => part("UNTIL", day.format("%Y%m%d").to_string()),
        }
        let clock = |value: Option<u32>| list(value.as_slice());
        let lists = [
            ("BYMONTH", list(&self.by.months)),
            ("BYWEEKNO", list(&self.by.week_numbers)),
            ("BYYEARDAY", list(&self.by.year_days)),
            ("BYMONTHDAY", list(&self.by.month_days)),
            ("BYDAY", list(&self.by.days)),
            ("BYHOUR", clock(self.clock.hour)),
            ("BYMINUTE", clock(self.clock.minute)),
            ("BYSECOND", clock(self.clock.second)),
            ("BYSETPOS", list(&self.by.positions)),
        ];
        for (name, value) in lists.into_iter().filter(|(_, value)| !value.is_empty()) {
            part(name, value);
        }
        if self.week_start != Weekday::Mon {
            part("WKST", weekday_name(self.week_start).to_owned());
        }
        text
    }

    /// Whether both recur in the same way, wherever they end.
    pub fn recurs_like(&self, other: &Self) -> bool {
        *self == Self { end: self.end, ..other.clone() }
    }

    /// FREQ.
    pub fn frequency(&self) -> Frequency {
        self.frequency
    }

    /// INTERVAL, 1 to 1000, in units of [`Self::frequency`].
    pub fn interval(&self) -> u16 {
        self.interval
    }

    /// COUNT or UNTIL.
    pub fn end(&self) -> End {
        self.end
    }

    /// The BYxxx parts.
    pub fn by(&self) -> &By {
        &self.by
    }

    /// WKST: where a week begins (matters for INTERVAL, BYWEEKNO and BYSETPOS).
    pub fn week_start(&self) -> Weekday {
        self.week_start
    }

    /// Takes BYHOUR, BYMINUTE and BYSECOND off where they say what DTSTART says anyway: some programs repeat it. Else
    /// DTSTART would be at another time of day than all the others, and the rule is refused.
    pub(super) fn at(mut self, start: NaiveDateTime) -> Result<Self, RuleError> {
        if !self.clock.says(start) {
            return Err(RuleError::OtherClock);
        }
        self.clock = Clock::default();
        Ok(self)
    }
}

impl TryFrom<String> for Rule {
    type Error = RuleError;

    /// Reads the canonical text: its UNTIL says by its form which kind of series it ends, so that no zone is needed.
    fn try_from(text: String) -> Result<Self, RuleError> {
        parse::canonical(&text)
    }
}

impl From<Rule> for String {
    fn from(rule: Rule) -> Self {
        rule.to_text()
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text())
    }
}

fn list<T: ToString>(values: &[T]) -> String {
    values.iter().map(T::to_string).collect::<Vec<_>>().join(",")
}

/// The two letters of a weekday (RFC 5545 §3.3.10).
pub(super) fn weekday_name(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Mon => "MO",
        Weekday::Tue => "TU",
        Weekday::Wed => "WE",
        Weekday::Thu => "TH",
        Weekday::Fri => "FR",
        Weekday::Sat => "SA",
        Weekday::Sun => "SU",
    }
}
