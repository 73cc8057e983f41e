//! A VTIMEZONE evaluated (RFC 5545 §3.6.5): needed where the TZID is nobody's name ("Customized Time Zone").

use super::time::{instant_in, known_zone, parse_time};
use super::tree::Component;
use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, Utc, Weekday};
use chrono_tz::Tz;
use std::ops::RangeInclusive;

/// Most STANDARD and DAYLIGHT components that are looked at.
const OBSERVANCES_MAX: usize = 200;
/// Most RDATEs of all of them that are looked at.
const RDATES_MAX: usize = 1_000;

/// The rules of one VTIMEZONE.
#[derive(Debug)]
pub(crate) enum OwnZone {
    /// It says which zone of the world it is (X-LIC-LOCATION).
    Located(Tz),
    /// Its own rules.
    Rules(Vec<Observance>),
}

/// STANDARD or DAYLIGHT.
#[derive(Debug)]
pub(crate) struct Observance {
    start: NaiveDateTime,
    from: Duration,
    to: Duration,
    dates: Vec<NaiveDateTime>,
    rule: Option<YearlyRule>,
}

/// `FREQ=YEARLY` with a month and either a weekday ("last Sunday") or a day of the month.
#[derive(Debug)]
struct YearlyRule {
    month: u32,
    /// -1 is the last, 0 any of `days`.
    weekday: Option<(i32, Weekday)>,
    days: Vec<u32>,
    last_year: Option<i32>,
    until: Option<NaiveDateTime>,
}

impl OwnZone {
    pub(crate) fn read(zone: &Component) -> Self {
        let located = zone.property("X-LIC-LOCATION").and_then(|location| known_zone(&location.value));
        if let Some(located) = located {
            return Self::Located(located);
        }
        let mut dates_left = RDATES_MAX;
        let is_observance = |c: &&Component| c.name == "STANDARD" || c.name == "DAYLIGHT";
        let observances = zone.components.iter().filter(is_observance).take(OBSERVANCES_MAX);
        Self::Rules(observances.filter_map(|c| Observance::read(c, &mut dates_left)).collect())
    }

    /// The instant of a wall clock: in a gap the offset before it counts, of two the first (RFC 5545 §3.3.5).
    pub(super) fn instant(&self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        match self {
            Self::Located(zone) => instant_in(*zone, local),
            Self::Rules(_) => self.timeline(local.year()..=local.year())?.instant(local),
        }
    }

    /// Its own clock through some years; `None` for one that is located.
    pub(crate) fn timeline(&self, years: RangeInclusive<i32>) -> Option<Timeline> {
        let Self::Rules(observances) = self else { return None };
        let mut onsets: Vec<Onset> = observances
            .iter()
            .flat_map(|observance| observance.onsets_near(&years).map(move |local| (local, observance)))
            .filter_map(|(local, observance)| {
                Some(Onset { at: local.checked_sub_signed(observance.from)?, local, from: observance.from, to: observance.to })
            })
            .collect();
        onsets.sort_by_key(|onset| onset.at);
        Some(Timeline(onsets))
    }
}

/// The begin of an observance, and the offsets before and after.
#[derive(Debug)]
struct Onset {
    /// In UTC.
    at: NaiveDateTime,
    /// On the wall, by the offset before.
    local: NaiveDateTime,
    from: Duration,
    to: Duration,
}

/// The onsets of a zone in some years, in order.
#[derive(Debug)]
pub(crate) struct Timeline(Vec<Onset>);

impl Timeline {
    /// The instant of a wall clock within the years of the timeline.
    pub(crate) fn instant(&self, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        let mut offset = self.0.first()?.from;
        for onset in &self.0 {
            // Under the offset in force, the wall clock comes before the onset: it is the first occurrence, or none later.
            if local.checked_sub_signed(offset)? < onset.at {
                break;
            }
            // In the gap that this onset opens, the offset before it counts.
            if local.checked_sub_signed(onset.to)? < onset.at {
                break;
            }
            offset = onset.to;
        }
        Some(local.checked_sub_signed(offset)?.and_utc())
    }

    /// The wall clocks of the onsets, each by the offset before it.
    pub(crate) fn onsets(&self) -> impl Iterator<Item = NaiveDateTime> {
        self.0.iter().map(|onset| onset.local)
    }
}

impl Observance {
    fn read(component: &Component, dates_left: &mut usize) -> Option<Self> {
        let start = parse_time(&component.property("DTSTART")?.value)?.0;
        let dates: Vec<NaiveDateTime> = component
            .properties_named("RDATE")
            .flat_map(|property| property.value.split(','))
            .take(*dates_left)
            .filter_map(|value| Some(parse_time(value)?.0))
            .collect();
        *dates_left -= dates.len();
        Some(Self {
            start,
            from: parse_offset(&component.property("TZOFFSETFROM")?.value)?,
            to: parse_offset(&component.property("TZOFFSETTO")?.value)?,
            dates,
            rule: component.property("RRULE").and_then(|rule| YearlyRule::read(&rule.value, start)),
        })
    }

    /// The onsets that can matter for a time in those years: the start, every RDATE, and the rule's of some years more.
    fn onsets_near(&self, years: &RangeInclusive<i32>) -> impl Iterator<Item = NaiveDateTime> {
        let (first, last) = (years.start().saturating_sub(1), years.end().saturating_add(1));
        let ruled = self.rule.iter().flat_map(move |rule| {
            // Of a rule that is over, its last years matter.
            let last = rule.last_year.map_or(last, |ended| ended.min(last));
            (self.start.year().max(first.min(last.saturating_sub(2)))..=last)
                .filter_map(|year| Some(rule.day_in(year)?.and_time(self.start.time())))
                .filter(|onset| {
                    *onset >= self.start
                        && rule.until.is_none_or(|until| onset.checked_sub_signed(self.from).is_some_and(|onset| onset <= until))
                })
        });
        std::iter::once(self.start).chain(self.dates.iter().copied()).chain(ruled)
    }
}

impl YearlyRule {
    fn read(value: &str, start: NaiveDateTime) -> Option<Self> {
        let part = |name: &str| {
            let pairs = value.split(';').filter_map(|pair| pair.split_once('='));
            pairs.into_iter().find(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
        };
        if !part("FREQ")?.eq_ignore_ascii_case("YEARLY") {
            return None;
        }
        let weekday = match part("BYDAY") {
            Some(text) => Some(parse_weekday(text)?),
            None => None,
        };
        let days = part("BYMONTHDAY").map(|list| list.split(',').filter_map(|day| day.trim().parse().ok()).collect());
        let until = part("UNTIL").and_then(parse_time).map(|(until, _)| until);
        let count_year = part("COUNT").and_then(|count| count.parse::<i32>().ok()).and_then(|count| start.year().checked_add(count - 1));
        Some(Self {
            month: part("BYMONTH").map_or(Some(start.month()), |month| month.parse().ok())?,
            weekday,
            days: days.unwrap_or_else(|| if weekday.is_none() { vec![start.day()] } else { Vec::new() }),
            last_year: until.map(|until| until.year()).or(count_year),
            until,
        })
    }

    fn day_in(&self, year: i32) -> Option<NaiveDate> {
        let first = NaiveDate::from_ymd_opt(year, self.month, 1)?;
        let in_month = first.iter_days().take_while(|day| day.month() == self.month);
        let mut matching = in_month.filter(|day| {
            let weekday_fits = self.weekday.is_none_or(|(_, weekday)| day.weekday() == weekday);
            weekday_fits && (self.days.is_empty() || self.days.contains(&day.day()))
        });
        match self.weekday {
            Some((nth, _)) if nth > 1 => matching.nth(usize::try_from(nth - 1).ok()?),
            Some((nth, _)) if nth < 0 => matching.collect::<Vec<_>>().into_iter().rev().nth(usize::try_from(-nth - 1).ok()?),
            _ => matching.next(),
        }
    }
}

/// A day's two letters (RFC 5545 §3.3.10), in upper case.
pub(crate) fn weekday(text: &str) -> Option<Weekday> {
    Some(match text {
        "MO" => Weekday::Mon,
        "TU" => Weekday::Tue,
        "WE" => Weekday::Wed,
        "TH" => Weekday::Thu,
        "FR" => Weekday::Fri,
        "SA" => Weekday::Sat,
        "SU" => Weekday::Sun,
        _ => return None,
    })
}

/// `-1SU`, `2MO`, `SU`.
fn parse_weekday(text: &str) -> Option<(i32, Weekday)> {
    let text = text.trim().to_ascii_uppercase();
    let split = text.len().checked_sub(2)?;
    let (number, day) = (text.get(..split)?, text.get(split..)?);
    let weekday = weekday(day)?;
    let number = if number.is_empty() { 0 } else { number.parse().ok().filter(|n| (-5..=5).contains(n))? };
    Some((number, weekday))
}

/// `+0100`, `-053020` (RFC 5545 §3.3.14).
fn parse_offset(value: &str) -> Option<Duration> {
    let value = value.trim().replace(':', "");
    let (sign, digits) = value.strip_prefix('-').map_or((1, value.strip_prefix('+').unwrap_or(&value)), |digits| (-1, digits));
    if !(digits.len() == 4 || digits.len() == 6) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize| digits.get(from..from + 2).and_then(|part| part.parse::<i64>().ok()).unwrap_or(0);
    let seconds = part(0) * 3_600 + part(2) * 60 + part(4);
    (seconds < 86_400).then(|| Duration::seconds(sign * seconds))
}

#[cfg(test)]
mod tests {
    use super::super::parse::{CalendarLimits, parse};
    use super::*;

    const PARIS: &str = "STANDARD:16010101T030000:+0200:+0100:-1SU;BYMONTH=10 DAYLIGHT:16010101T020000:+0100:+0200:-1SU;BYMONTH=3";
    const SYDNEY: &str = "STANDARD:16010101T030000:+1100:+1000:1SU;BYMONTH=4 DAYLIGHT:16010101T020000:+1000:+1100:1SU;BYMONTH=10";

    /// A VTIMEZONE from `name:start:from:to:rule` words.
    fn ruled(words: &str) -> OwnZone {
        let observances = words.split(' ').map(|word| {
            let [name, start, from, to, rule] = word.split(':').collect::<Vec<_>>()[..] else { panic!("{word}") };
            format!("BEGIN:{name}\nDTSTART:{start}\nTZOFFSETFROM:{from}\nTZOFFSETTO:{to}\nRRULE:FREQ=YEARLY;BYDAY={rule}\nEND:{name}\n")
        });
        zone(&format!("BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:x\n{}END:VTIMEZONE\nEND:VCALENDAR\n", observances.collect::<String>()))
    }

    fn zone(text: &str) -> OwnZone {
        let (calendar, _) = parse(text.as_bytes(), &CalendarLimits::default()).unwrap();
        OwnZone::read(&calendar.components[0])
    }

    #[test]
    fn own_rules_agree_with_the_world_in_every_hour_of_two_years() {
        for (own, world) in [(ruled(PARIS), Tz::Europe__Paris), (ruled(SYDNEY), Tz::Australia__Sydney)] {
            let mut local = parse_time("20250101T003000").unwrap().0;
            for _ in 0..2 * 365 * 24 {
                assert_eq!(own.instant(local), instant_in(world, local), "{world} {local}");
                local += Duration::hours(1);
            }
        }
    }

    #[test]
    fn dates_and_nothing() {
        let text = "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:x\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0530\nTZOFFSETTO:+0530\nRDATE:20200101T000000,bad\nEND:STANDARD\nEND:VTIMEZONE\nEND:VCALENDAR\n";
        let noon = parse_time("20260101T120000").unwrap().0;
        assert_eq!(zone(text).instant(noon), Some(parse_time("20260101T063000Z").unwrap().0.and_utc()));
        assert_eq!(zone("BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:x\nEND:VTIMEZONE\nEND:VCALENDAR\n").instant(noon), None);
    }
}
