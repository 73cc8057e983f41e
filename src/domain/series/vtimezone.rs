//! The VTIMEZONE of a zone of the world, for the objects that leave (RFC 5545 §3.6.5): as short as its rules allow.

use super::rule::weekday_name;
use super::transitions::{Clock, Transition, clock_at, transitions};
use crate::domain::itip::tree::{Component, Property};
use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, NaiveTime, Utc, Weekday};
use chrono_tz::Tz;

/// Years for which changes that follow no rule are written where the series has no end.
const OPEN_YEARS: i32 = 10;
/// Most years for which they are written.
const LISTED_YEARS_MAX: i32 = 20;
/// Years in which changes must follow a rule for it to be believed: within twelve the first Sunday of a month falls on
/// each of its seven days.
const PROOF_YEARS: i32 = 13;
/// Year of the first change that is written of a zone that is at UTC for a part of the year. vobject takes it for no zone where it
/// sees no other clock of it before 2020.
const KNOWN_BEFORE: i32 = 2018;
/// Years outside of these have no changes that anybody knows.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2080;

/// The VTIMEZONE of `zone`, named by its IANA name, right for every time from before `from` until after `until`, and
/// where the zone's clock follows a yearly rule also beyond. Changes without such a rule (Casablanca in Ramadan) are
/// listed until `until`, for ten years where there is none, and for twenty years at most.
pub fn vtimezone(zone: Tz, from: DateTime<Utc>, until: Option<DateTime<Utc>>) -> Component {
    let year = (from.year() - 1).clamp(*YEARS.start(), *YEARS.end());
    let last_year = until.map_or(year + OPEN_YEARS, |until| until.year().saturating_add(1));
    let last_year = last_year.clamp(year + 1, year + LISTED_YEARS_MAX);
    let touches_utc =
        clock_at(zone, from).offset == 0 || transitions(zone, year_start(year), from).iter().any(|change| change.after.offset == 0);
    let first_year = if touches_utc { year.min(KNOWN_BEFORE) } else { year };
    let changes = transitions(zone, year_start(first_year), year_start(last_year + PROOF_YEARS + 1));
    let ruled = (first_year..=last_year).find_map(|year| Some((year, yearly_rules(&changes, year)?)));
    let (listed_until, rules) = ruled.unwrap_or((last_year + 1, Vec::new()));

    let listed: Vec<&Transition> = changes.iter().filter(|change| onset_year(change) < listed_until).collect();
    let mut observances = listed_observances(&listed);
    observances.extend(rules);
    if !changes.iter().any(|change| change.at <= from) {
        observances.insert(0, first_observance(zone, year_start(first_year)));
    }
    let mut component = Component::new("VTIMEZONE");
    component.properties.push(Property::text("TZID", zone.name()));
    component.components = observances;
    component
}

fn year_start(year: i32) -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(year, 1, 1).map_or(DateTime::<Utc>::MIN_UTC, |day| day.and_time(NaiveTime::MIN).and_utc())
}

fn onset_year(change: &Transition) -> i32 {
    change.onset().map_or(i32::MAX, |onset| onset.year())
}

/// The clock before every change.
fn first_observance(zone: Tz, start: DateTime<Utc>) -> Component {
    let clock = clock_at(zone, start);
    let onset = start.naive_utc();
    observance(&clock, clock.offset, onset, None)
}

/// Changes one by one; those alike share an observance, as RDATEs of the first (RFC 5545 §3.6.5).
fn listed_observances(changes: &[&Transition]) -> Vec<Component> {
    let mut observances: Vec<(&Transition, Component)> = Vec::new();
    for change in changes {
        let Some(onset) = change.onset() else { continue };
        let alike = |known: &Transition| known.before == change.before && known.after == change.after;
        match observances.iter_mut().find(|(known, _)| alike(known)) {
            Some((_, component)) => component.properties.push(Property::new("RDATE", local_text(onset))),
            None => observances.push((change, observance(&change.after, change.before, onset, None))),
        }
    }
    observances.into_iter().map(|(_, component)| component).collect()
}

/// The observances of the changes from the begin of that year, where they are the same ones every year.
fn yearly_rules(changes: &[Transition], year: i32) -> Option<Vec<Component>> {
    let later: Vec<&Transition> = changes.iter().filter(|change| onset_year(change) >= year).collect();
    let mut years: Vec<Vec<&Transition>> = Vec::new();
    for change in &later {
        match years.last_mut().filter(|group| group.first().is_some_and(|first| onset_year(first) == onset_year(change))) {
            Some(group) => group.push(change),
            None => years.push(vec![change]),
        }
    }
    let Some(first) = years.first() else { return Some(Vec::new()) };
    // Every year has its changes, and each as many. Fewer years than prove a rule prove none.
    let is_gapless = years.iter().zip(year..).all(|(group, year)| group.first().is_some_and(|change| onset_year(change) == year));
    let is_alike = years.iter().all(|group| group.len() == first.len());
    if !is_gapless || !is_alike || i32::try_from(years.len()).ok()? < PROOF_YEARS {
        return None;
    }
    (0..first.len())
        .map(|index| {
            let over_years: Vec<&Transition> = years.iter().filter_map(|group| group.get(index).copied()).collect();
            let (change, onset) = (over_years.first()?, over_years.first()?.onset()?);
            Some(observance(&change.after, change.before, onset, Some(yearly_rule(&over_years)?)))
        })
        .collect()
}

/// The RRULE of changes of which each year has one: the same weekday of the same month at the same time.
fn yearly_rule(changes: &[&Transition]) -> Option<String> {
    let first = changes.first()?;
    let onsets = changes.iter().map(|change| change.onset()).collect::<Option<Vec<NaiveDateTime>>>()?;
    let onset = onsets.first()?;
    let is_same_clock = changes.iter().all(|change| change.before == first.before && change.after == first.after);
    let is_same_time =
        onsets.iter().all(|other| (other.month(), other.weekday(), other.time()) == (onset.month(), onset.weekday(), onset.time()));
    if !is_same_clock || !is_same_time {
        return None;
    }
    let dates: Vec<NaiveDate> = onsets.iter().map(|onset| onset.date()).collect();
    Some(format!("FREQ=YEARLY;BYMONTH={};{}", onset.month(), day_parts(&dates, onset.weekday())?))
}

/// `BYDAY=-1SU`, `BYDAY=2SU`, or the one on or after some day: `BYDAY=SU;BYMONTHDAY=2,3,4,5,6,7,8`.
fn day_parts(dates: &[NaiveDate], weekday: Weekday) -> Option<String> {
    let name = weekday_name(weekday);
    let days: Vec<u32> = dates.iter().map(Datelike::day).collect();
    let (first, last) = (*days.iter().min()?, *days.iter().max()?);
    let is_last = |date: &NaiveDate| date.checked_add_signed(Duration::days(7)).is_none_or(|next| next.month() != date.month());
    if dates.iter().all(is_last) {
        return Some(format!("BYDAY=-1{name}"));
    }
    match (first, last) {
        (1, 7) | (8, 14) | (15, 21) | (22, 28) => Some(format!("BYDAY={}{name}", last / 7)),
        _ if last - first == 6 => {
            let days = (first..=last).map(|day| day.to_string()).collect::<Vec<_>>().join(",");
            Some(format!("BYDAY={name};BYMONTHDAY={days}"))
        }
        _ => None,
    }
}

fn observance(clock: &Clock, before: i32, onset: NaiveDateTime, rule: Option<String>) -> Component {
    let mut component = Component::new(if clock.is_daylight { "DAYLIGHT" } else { "STANDARD" });
    component.properties.push(Property::new("DTSTART", local_text(onset)));
    component.properties.push(Property::new("TZOFFSETFROM", offset_text(before)));
    component.properties.push(Property::new("TZOFFSETTO", offset_text(clock.offset)));
    component.properties.extend(rule.map(|rule| Property::new("RRULE", rule)));
    let offset = offset_text(clock.offset);
    component
        .properties
        .push(Property::text("TZNAME", clock.name.as_deref().unwrap_or_else(|| offset.strip_suffix("00").unwrap_or(&offset))));
    component
}

fn local_text(local: NaiveDateTime) -> String {
    local.format("%Y%m%dT%H%M%S").to_string()
}

/// `+0100`, with seconds only where there are some (RFC 5545 §3.3.14).
fn offset_text(offset: i32) -> String {
    let (sign, size) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs());
    let (hours, minutes, seconds) = (size / 3_600, size / 60 % 60, size % 60);
    if seconds == 0 { format!("{sign}{hours:02}{minutes:02}") } else { format!("{sign}{hours:02}{minutes:02}{seconds:02}") }
}
