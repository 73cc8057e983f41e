//! VTIMEZONEs written and read back, and zones found by their rules.

use super::*;
use crate::domain::itip::parse::{CalendarLimits, parse};
use crate::domain::itip::tree::Component;
use crate::domain::itip::zone::OwnZone;
use chrono::Datelike;
use chrono_tz::TZ_VARIANTS;

/// A VTIMEZONE from its lines.
fn component(lines: &str) -> Component {
    let text = format!("BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:Customized Time Zone\n{lines}\nEND:VTIMEZONE\nEND:VCALENDAR\n");
    parse(text.as_bytes(), &CalendarLimits::default()).unwrap().0.components.remove(0)
}

/// A VTIMEZONE from `name start from to rule` lines.
fn observances(lines: &[&str]) -> Component {
    let written = lines.iter().map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let rule = words.get(4).map(|rule| format!("RRULE:FREQ=YEARLY;{rule}\n")).unwrap_or_default();
        format!("BEGIN:{0}\nDTSTART:{1}\nTZOFFSETFROM:{2}\nTZOFFSETTO:{3}\n{rule}END:{0}\n", words[0], words[1], words[2], words[3])
    });
    component(written.collect::<String>().trim_end())
}

fn local(text: &str) -> NaiveDateTime {
    text.parse().unwrap()
}

/// Hours of some years: each sixth, and every half around the changes.
fn samples(zone: Tz, years: std::ops::Range<i32>) -> Vec<NaiveDateTime> {
    let first = NaiveDate::from_ymd_opt(years.start, 1, 1).unwrap().and_time(NaiveTime::MIN);
    let mut samples: Vec<NaiveDateTime> =
        (0..).map(|quarter| first + Duration::hours(6 * quarter)).take_while(|local| local.year() < years.end).collect();
    for change in
        transitions::transitions(zone, first.and_utc(), first.and_utc() + Duration::days(366 * i64::from(years.end - years.start)))
    {
        let onset = change.onset().unwrap();
        samples.extend((-8..=8).map(|half| onset + Duration::minutes(30 * half)).filter(|local| local.year() < years.end));
    }
    samples
}

fn assert_agree(component: &Component, zone: Tz, years: std::ops::Range<i32>) {
    let own = OwnZone::read(component).timeline(years.start..=years.end).unwrap();
    for local in samples(zone, years) {
        assert_eq!(own.instant(local), instant_in(zone, local), "{zone} {local}\n{}", component.to_text());
    }
}

#[test]
fn every_zone_of_the_world_is_written_as_it_is() {
    for zone in TZ_VARIANTS {
        assert_agree(&vtimezone(zone, utc("2026-01-01T00:00:00Z"), Some(utc("2028-12-31T00:00:00Z"))), zone, 2026..2029);
    }
}

#[test]
fn the_hard_zones_are_right_from_other_times_too() {
    for zone in [
        Tz::Africa__Casablanca,
        Tz::Africa__Cairo,
        Tz::America__Asuncion,
        Tz::America__Mexico_City,
        Tz::America__Nuuk,
        Tz::America__Santiago,
        Tz::Asia__Almaty,
        Tz::Asia__Baku,
        Tz::Asia__Gaza,
        Tz::Asia__Jerusalem,
        Tz::Australia__Lord_Howe,
        Tz::Australia__Sydney,
        Tz::Europe__Dublin,
        Tz::Pacific__Apia,
    ] {
        assert_agree(&vtimezone(zone, utc("2026-08-15T00:00:00Z"), None), zone, 2026..2035);
        assert_agree(&vtimezone(zone, utc("2011-06-01T00:00:00Z"), Some(utc("2020-06-01T00:00:00Z"))), zone, 2011..2021);
        assert_agree(&vtimezone(zone, utc("2020-06-01T00:00:00Z"), None), zone, 2020..2029);
        assert_agree(&vtimezone(zone, utc("2023-12-31T23:30:00Z"), None), zone, 2024..2033);
    }
}

#[test]
fn a_rule_that_comes_later_is_a_rule_all_the_same() {
    // Since 2007; in 2006 it was the first Sunday of April.
    let new_york = vtimezone(Tz::America__New_York, utc("2006-05-01T00:00:00Z"), Some(utc("2008-01-01T00:00:00Z")));
    assert_agree(&new_york, Tz::America__New_York, 2006..2030);
    assert!(new_york.to_text().contains("DTSTART:20070311T020000"), "{}", new_york.to_text());
}

#[test]
fn a_zone_is_short_and_says_what_programs_expect() {
    let text = |zone: Tz| vtimezone(zone, utc("2026-07-06T07:00:00Z"), None).to_text().replace("\r\n", "\n");
    assert_eq!(
        text(Tz::Europe__Paris),
        "BEGIN:VTIMEZONE\nTZID:Europe/Paris\n\
         BEGIN:DAYLIGHT\nDTSTART:20250330T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\nTZNAME:CEST\nEND:DAYLIGHT\n\
         BEGIN:STANDARD\nDTSTART:20251026T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nTZNAME:CET\nEND:STANDARD\n\
         END:VTIMEZONE\n"
    );
    assert_eq!(
        text(Tz::Asia__Kolkata),
        "BEGIN:VTIMEZONE\nTZID:Asia/Kolkata\nBEGIN:STANDARD\nDTSTART:20250101T000000\nTZOFFSETFROM:+0530\nTZOFFSETTO:+0530\nTZNAME:IST\nEND:STANDARD\nEND:VTIMEZONE\n"
    );
    for (zone, pieces) in [
        (Tz::America__New_York, ["BYMONTH=3;BYDAY=2SU", "BYMONTH=11;BYDAY=1SU"]),
        (Tz::Australia__Sydney, ["BYMONTH=10;BYDAY=1SU", "BYMONTH=4;BYDAY=1SU"]),
        (Tz::Australia__Lord_Howe, ["TZOFFSETFROM:+1030\nTZOFFSETTO:+1100", "TZOFFSETFROM:+1100\nTZOFFSETTO:+1030"]),
        (Tz::America__Nuuk, ["BYDAY=SA;BYMONTHDAY=24,25,26,27,28,29,30\nTZNAME:-01\n", "BYDAY=-1SU\nTZNAME:-02\n"]),
        (Tz::America__Santiago, ["BYDAY=SU;BYMONTHDAY=2,3,4,5,6,7,8", "TZOFFSETFROM:-0300\nTZOFFSETTO:-0400"]),
        // tzdata calls Irish winter time the daylight time; programs don't.
        (Tz::Europe__Dublin, ["BEGIN:DAYLIGHT\nDTSTART:20180325T010000\nTZOFFSETFROM:+0000", "BEGIN:STANDARD\nDTSTART:20181028T020000"]),
        (
            Tz::Africa__Casablanca,
            ["BEGIN:DAYLIGHT\nDTSTART:20180325T020000\nTZOFFSETFROM:+0000\nTZOFFSETTO:+0100", "RDATE:20260322T020000"],
        ),
    ] {
        let text = text(zone);
        assert!(pieces.iter().all(|piece| text.contains(piece)), "{text}");
        assert!(text.lines().count() <= 60, "{text}");
    }
    assert_eq!(text(Tz::Europe__Paris), text(Tz::Europe__Paris));
}

const PARIS: [&str; 2] =
    ["STANDARD 16010101T030000 +0200 +0100 BYDAY=-1SU;BYMONTH=10", "DAYLIGHT 16010101T020000 +0100 +0200 BYDAY=-1SU;BYMONTH=3"];

#[test]
fn a_zone_without_a_known_name_is_found_by_its_rules() {
    let found = |zone: &Component| series_zone("Customized Time Zone", Some(zone), local("2026-02-01T09:00:00"), None);
    assert_eq!(found(&observances(&PARIS)), Some(Tz::Europe__Paris));
    assert_eq!(
        found(&observances(&[
            "STANDARD 16010101T020000 -0400 -0500 BYDAY=1SU;BYMONTH=11",
            "DAYLIGHT 16010101T020000 -0500 -0400 BYDAY=2SU;BYMONTH=3"
        ])),
        Some(Tz::America__New_York)
    );
    assert_eq!(
        found(&observances(&[
            "STANDARD 16010101T030000 +1100 +1000 BYDAY=1SU;BYMONTH=4",
            "DAYLIGHT 16010101T020000 +1000 +1100 BYDAY=1SU;BYMONTH=10"
        ])),
        Some(Tz::Australia__Sydney)
    );
    // The same as Paris, but not for long.
    let ends = PARIS.map(|line| format!("{line};UNTIL=20280101T000000Z"));
    assert_eq!(found(&observances(&ends.each_ref().map(String::as_str))), None);
    // That is enough for a series that is over before.
    let until = |day: &str| {
        series_zone("x", Some(&observances(&ends.each_ref().map(String::as_str))), local("2026-02-01T09:00:00"), day.parse().ok())
    };
    assert_eq!((until("2027-06-30"), until("2028-06-30")), (Some(Tz::Europe__Paris), None));
    // The same as Paris, but a week early, or an hour late: nobody's.
    for lines in [
        ["STANDARD 16010101T030000 +0200 +0100 BYDAY=3SU;BYMONTH=10", PARIS[1]],
        ["STANDARD 16010101T040000 +0200 +0100 BYDAY=-1SU;BYMONTH=10", PARIS[1]],
    ] {
        assert_eq!(found(&observances(&lines)), None, "{lines:?}");
    }
}

#[test]
fn changes_that_change_nothing_hide_no_other() {
    // A week early in some Octobers, behind more onsets than are compared.
    let idle = |day: i32| format!("STANDARD 202601{day:02}T000000 +0100 +0100");
    let lines: Vec<String> = (1..=30).map(idle).chain([PARIS[0].replace("-1SU", "4SU"), PARIS[1].to_owned()]).collect();
    let own = observances(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(series_zone("x", Some(&own), local("2026-02-01T09:00:00"), None), None);
}

#[test]
fn a_clock_that_never_changes() {
    for (offset, zone) in [
        ("+0000", Tz::UTC),
        ("+0100", Tz::Etc__GMTMinus1),
        ("-0500", Tz::Etc__GMTPlus5),
        ("+1400", Tz::Etc__GMTMinus14),
        ("+0530", Tz::Asia__Kolkata),
        ("+0545", Tz::Asia__Kathmandu),
    ] {
        let own = observances(&[&format!("STANDARD 16010101T000000 {offset} {offset}")]);
        assert_eq!(series_zone("x", Some(&own), local("2026-02-01T09:00:00"), None), Some(zone), "{offset}");
    }
    for offset in ["+0017", "-1300"] {
        let own = observances(&[&format!("STANDARD 16010101T000000 {offset} {offset}")]);
        assert_eq!(series_zone("x", Some(&own), local("2026-02-01T09:00:00"), None), None, "{offset}");
    }
}

#[test]
fn a_name_comes_first_and_without_rules_there_is_none() {
    let start = local("2026-02-01T09:00:00");
    let paris = observances(&PARIS);
    assert_eq!(series_zone("Tokyo Standard Time", Some(&paris), start, None), Some(Tz::Asia__Tokyo));
    assert_eq!(series_zone("America/New_York", None, start, None), Some(Tz::America__New_York));
    assert_eq!(series_zone("tzone://Microsoft/Custom", Some(&paris), start, None), Some(Tz::Europe__Paris));
    assert_eq!(series_zone("(UTC+01:00) Brussels, Copenhagen, Madrid, Paris", Some(&paris), start, None), Some(Tz::Europe__Paris));
    assert_eq!(series_zone("Customized Time Zone", None, start, None), None);
    assert_eq!(series_zone("Customized Time Zone", Some(&component("X-A:1")), start, None), None);
    assert_eq!(series_zone("x", Some(&component("X-LIC-LOCATION:Asia/Tokyo")), start, None), Some(Tz::Asia__Tokyo));
    assert_eq!(series_zone("x", Some(&paris), NaiveDateTime::MAX, None), None);
    let _ = series_zone("x", Some(&paris), NaiveDateTime::MIN, None);
}

#[test]
fn what_we_write_is_found_again() {
    let start = local("2026-02-01T09:00:00");
    let mut unlike = Vec::new();
    for zone in TZ_VARIANTS {
        let own = vtimezone(zone, start.and_utc(), None);
        let found = series_zone("Customized Time Zone", Some(&own), start, None).unwrap_or_else(|| panic!("{zone}"));
        // Another name, perhaps, but the same clock.
        if samples(zone, 2026..2031).into_iter().any(|local| instant_in(zone, local) != instant_in(found, local)) {
            unlike.push((zone, found));
        }
    }
    assert_eq!(unlike, []);
}
