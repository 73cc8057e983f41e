//! Which instant a DATE-TIME with a TZID means: IANA names, Windows names, the object's own VTIMEZONE.

use super::EventTime;
use super::tree::{Component, Property, unescape_text};
use super::zone::OwnZone;
use chrono::{DateTime, Days, Duration, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Utc};
use chrono_tz::Tz;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Windows zone name, tab, IANA name (CLDR windowsZones, territory 001).
const WINDOWS_ZONES: &str = include_str!("windows_zones.tsv");

/// The zones behind the Windows names, in the order of the list: the common ones.
pub(crate) fn common_zones() -> impl Iterator<Item = Tz> {
    WINDOWS_ZONES.lines().filter_map(|line| line.split_once('\t')?.1.parse().ok())
}

static WINDOWS: LazyLock<HashMap<String, Tz>> = LazyLock::new(|| {
    WINDOWS_ZONES
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter_map(|(windows, iana)| Some((windows.to_lowercase(), iana.parse().ok()?)))
        .collect()
});

/// The zone that a TZID names, where it is one that the world knows.
pub fn known_zone(tzid: &str) -> Option<Tz> {
    let name = tzid.trim().trim_matches('"');
    if let Ok(zone) = name.parse() {
        return Some(zone);
    }
    let lower = name.to_lowercase();
    if let Some(zone) = WINDOWS.get(&lower) {
        return Some(*zone);
    }
    if ["z", "tzone://microsoft/utc", "(utc) coordinated universal time"].contains(&lower.as_str()) {
        return Some(Tz::UTC);
    }
    // `Europe-Paris`, from makers for whom a slash is no part of a name.
    if let Some(zone) = name.split_once('-').and_then(|(area, place)| format!("{area}/{place}").parse().ok()) {
        return Some(zone);
    }
    // Vendor prefixes: `/mozilla.org/20050126_1/Europe/Paris`, `/freeassociation.sourceforge.net/Europe/Paris`.
    name.match_indices('/')
        .map(|(slash, _)| &name[slash + 1..])
        .take(8)
        .filter(|suffix| suffix.contains('/') || *suffix == "UTC" || *suffix == "GMT")
        .find_map(|suffix| suffix.parse().ok())
}

/// The TZID of a VTIMEZONE: TEXT, so that `Canada\\, West` is named by `TZID="Canada, West"`.
pub(super) fn zone_name(zone: &Component) -> Option<String> {
    Some(unescape_text(&zone.property("TZID")?.value).trim().to_owned())
}

/// The zones of one object: names of the world first, then its own VTIMEZONEs.
#[derive(Debug, Default)]
pub(super) struct Zones {
    own: HashMap<String, OwnZone>,
}

impl Zones {
    /// Takes the VTIMEZONEs of an object.
    pub(super) fn of(calendar: &Component) -> Self {
        let own = calendar.components_named("VTIMEZONE").filter_map(|zone| Some((zone_name(zone)?, OwnZone::read(zone)))).collect();
        Self { own }
    }

    fn instant(&self, tzid: &str, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        match known_zone(tzid) {
            Some(zone) => instant_in(zone, local),
            None => self.own.get(tzid.trim())?.instant(local),
        }
    }

    /// A DATE or DATE-TIME property.
    pub(super) fn time(&self, property: &Property) -> Option<EventTime> {
        let (local, form) = parse_time(&property.value)?;
        let tzid = property.parameter("TZID").filter(|tzid| !tzid.trim().is_empty());
        Some(match (form, tzid) {
            (Form::Date, _) => EventTime::Date(local.date()),
            (Form::Utc, _) => EventTime::Utc(local.and_utc()),
            (Form::Local, Some(tzid)) => EventTime::Zoned { local, tzid: tzid.to_owned(), instant: self.instant(tzid, local) },
            (Form::Local, None) => EventTime::Floating(local),
        })
    }

    /// DTSTART plus DURATION: days are nominal, hours exact (RFC 5545 §3.3.6).
    pub(super) fn after(&self, start: &EventTime, length: Length) -> Option<EventTime> {
        let shift = |local: NaiveDateTime| add_days(local, length.days);
        Some(match start {
            EventTime::Utc(instant) => EventTime::Utc(shift(instant.naive_utc())?.and_utc().checked_add_signed(length.exact)?),
            EventTime::Floating(local) => EventTime::Floating(shift(*local)?.checked_add_signed(length.exact)?),
            EventTime::Date(date) => EventTime::Date(shift(date.and_time(NaiveTime::MIN))?.checked_add_signed(length.exact)?.date()),
            EventTime::Zoned { local, tzid, .. } => {
                let day = shift(*local)?;
                let instant = self.instant(tzid, day).and_then(|instant| instant.checked_add_signed(length.exact));
                EventTime::Zoned { local: day.checked_add_signed(length.exact)?, tzid: tzid.clone(), instant }
            }
        })
    }
}

fn add_days(local: NaiveDateTime, days: i64) -> Option<NaiveDateTime> {
    let count = Days::new(days.unsigned_abs());
    if days < 0 { local.checked_sub_days(count) } else { local.checked_add_days(count) }
}

/// The instant of a wall clock in a known zone. In a gap the offset before it counts, of two the first
/// (RFC 5545 §3.3.5).
pub fn instant_in(zone: Tz, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => Some(instant.with_timezone(&Utc)),
        LocalResult::None => (1..=50).find_map(|halves| {
            let before = local.checked_sub_signed(Duration::minutes(30 * halves))?;
            let offset = zone.from_local_datetime(&before).latest()?.offset().fix();
            Some(local.checked_sub_offset(offset)?.and_utc())
        }),
    }
}

/// The wall clock of a known zone at an instant; `None` only at the ends of the calendar.
pub fn local_in(zone: Tz, instant: DateTime<Utc>) -> Option<NaiveDateTime> {
    let utc = instant.naive_utc();
    utc.checked_add_offset(zone.offset_from_utc_datetime(&utc).fix())
}

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Date,
    Utc,
    Local,
}

/// `YYYYMMDD`, `YYYYMMDDTHHMM[SS]`, with `Z` or not, and the same with dashes and colons.
pub(crate) fn parse_time(value: &str) -> Option<(NaiveDateTime, Form)> {
    let compact: String = value.trim().chars().filter(|c| !matches!(c, '-' | ':')).collect::<String>().to_ascii_uppercase();
    let (date, clock) = compact.split_once('T').map_or((compact.as_str(), None), |(date, clock)| (date, Some(clock)));
    let date = NaiveDate::from_ymd_opt(digits(date, 0, 4)?.try_into().ok()?, digits(date, 4, 6)?, digits(date, 6, 8)?)
        .filter(|_| date.len() == 8)?;
    let Some(clock) = clock else { return Some((date.and_time(NaiveTime::MIN), Form::Date)) };
    let (clock, form) = clock.strip_suffix('Z').map_or((clock, Form::Local), |clock| (clock, Form::Utc));
    let seconds = match clock.len() {
        4 => 0,
        6 => digits(clock, 4, 6)?.min(59),
        _ => return None,
    };
    Some((date.and_hms_opt(digits(clock, 0, 2)?, digits(clock, 2, 4)?, seconds)?, form))
}

fn digits(text: &str, from: usize, to: usize) -> Option<u32> {
    text.get(from..to).filter(|part| part.bytes().all(|b| b.is_ascii_digit())).and_then(|part| part.parse().ok())
}

/// A DURATION: nominal days and an exact rest (RFC 5545 §3.3.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Length {
    pub(super) days: i64,
    pub(super) exact: Duration,
}

/// Reads `[+-]P…`.
pub(super) fn parse_duration(value: &str) -> Option<Length> {
    let value = value.trim().to_ascii_uppercase();
    let (sign, body) = value.strip_prefix('-').map_or((1, value.strip_prefix('+').unwrap_or(&value)), |body| (-1, body));
    let body = body.strip_prefix('P').filter(|body| !body.is_empty())?;
    let (mut days, mut seconds, mut number) = (0_i64, 0_i64, String::new());
    for c in body.chars() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        if c == 'T' && number.is_empty() {
            continue;
        }
        let count: i64 = number.parse().ok().filter(|count| *count <= 100_000_000)?;
        number.clear();
        match c {
            'W' => days = days.checked_add(count * 7)?,
            'D' => days = days.checked_add(count)?,
            'H' => seconds = seconds.checked_add(count * 3_600)?,
            'M' => seconds = seconds.checked_add(count * 60)?,
            'S' => seconds = seconds.checked_add(count)?,
            _ => return None,
        }
    }
    let exact = Duration::try_seconds(sign * seconds)?;
    number.is_empty().then_some(Length { days: sign * days, exact })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(text: &str) -> NaiveDateTime {
        parse_time(text).unwrap().0
    }

    fn utc(text: &str) -> Option<DateTime<Utc>> {
        Some(local(text).and_utc())
    }

    #[test]
    fn every_windows_name_is_a_zone() {
        let lines = WINDOWS_ZONES.lines().count();
        assert!(lines >= 135, "{lines}");
        assert_eq!(WINDOWS.len(), lines, "a name twice, or an IANA name that is none");
    }

    #[test]
    fn names_of_many_makers() {
        for name in [
            "Europe/Paris",
            "\"Europe/Paris\"",
            "Romance Standard Time",
            "romance standard time",
            "Europe-Paris",
            "/freeassociation.sourceforge.net/Europe/Paris",
            "/freeassociation.sourceforge.net/Tzfile/Europe/Paris",
            "/mozilla.org/20050126_1/Europe/Paris",
        ] {
            assert_eq!(known_zone(name), Some(Tz::Europe__Paris), "{name}");
        }
        assert_eq!(known_zone("/x.example/America/Argentina/Buenos_Aires"), Some(Tz::America__Argentina__Buenos_Aires));
        assert_eq!(known_zone("America-Port-au-Prince"), Some(Tz::America__PortauPrince));
        assert_eq!(known_zone("tzone://Microsoft/Utc"), Some(Tz::UTC));
        for name in ["Customized Time Zone", "tzone://Microsoft/Custom", "", "/", "//", "Mars/Phobos", "Mars-Phobos", "-Paris", "Europe-"] {
            assert_eq!(known_zone(name), None, "{name}");
        }
    }

    #[test]
    fn gaps_and_folds() {
        // 2026-03-29 02:30 does not exist in Paris: the offset before, +01:00.
        assert_eq!(instant_in(Tz::Europe__Paris, local("20260329T023000")), utc("20260329T013000"));
        // 2026-10-25 02:30 exists twice: the first, +02:00.
        assert_eq!(instant_in(Tz::Europe__Paris, local("20261025T023000")), utc("20261025T003000"));
        assert!(instant_in(Tz::Pacific__Apia, local("20111230T120000")).is_some());
    }

    #[test]
    fn times_and_durations() {
        assert_eq!(parse_time("20260102"), Some((local("20260102T000000"), Form::Date)));
        assert_eq!(parse_time("2026-01-02T03:04:05Z"), Some((local("20260102T030405"), Form::Utc)));
        assert_eq!(parse_time("20260102t0304"), Some((local("20260102T030400"), Form::Local)));
        for bad in ["", "2026", "20261302", "20260102T", "20260102T250000", "2026010é", "+0260102", "202601020"] {
            assert_eq!(parse_time(bad), None, "{bad}");
        }
        assert_eq!(parse_duration("P1DT2H"), Some(Length { days: 1, exact: Duration::hours(2) }));
        assert_eq!(parse_duration("-PT15M"), Some(Length { days: 0, exact: Duration::minutes(-15) }));
        assert_eq!(parse_duration("P2W"), Some(Length { days: 14, exact: Duration::zero() }));
        for bad in ["", "P", "PT1", "1H", "PT99999999999999999999H"] {
            assert_eq!(parse_duration(bad), None, "{bad}");
        }
    }
}
