//! Rules that mean ill, or nothing: each ends within the limits.

use super::*;

/// Rules that match never or hardly, or without end.
pub(super) const HOSTILE: [(&str, &str); 20] = [
    ("2026-01-31T09:00:00Z", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
    ("2026-01-31T09:00:00Z", "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30"),
    ("2026-01-31T09:00:00Z", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"),
    ("2026-01-31T09:00:00Z", "FREQ=DAILY;BYMONTHDAY=-31;BYMONTH=2,4,6,9,11"),
    ("2026-01-05T09:00:00Z", "FREQ=DAILY;INTERVAL=7;BYDAY=TU"),
    ("2026-01-05T09:00:00Z", "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=7"),
    ("2026-01-05T09:00:00Z", "FREQ=WEEKLY;INTERVAL=773;BYMONTH=2"),
    ("2026-01-05T09:00:00Z", "FREQ=MONTHLY;INTERVAL=12;BYMONTH=2"),
    ("2026-01-05T09:00:00Z", "FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=1,2,3,4,5,6,7"),
    ("2026-01-05T09:00:00Z", "FREQ=MONTHLY;BYDAY=MO;BYMONTHDAY=1;BYSETPOS=31"),
    ("2025-01-05T09:00:00Z", "FREQ=YEARLY;INTERVAL=2;BYYEARDAY=366"),
    ("2025-01-05T09:00:00Z", "FREQ=YEARLY;BYYEARDAY=1,2,3;BYMONTH=12"),
    ("2025-01-05T09:00:00Z", "FREQ=YEARLY;BYWEEKNO=1,53,-53;BYMONTH=6"),
    ("2025-01-05T09:00:00Z", "FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYMONTHDAY=-31,-30,-29,31,30;BYMONTH=2;BYSETPOS=366,-366,200"),
    ("2026-01-05T09:00:00Z", "FREQ=YEARLY;INTERVAL=1000"),
    ("2026-01-05T09:00:00Z", "FREQ=DAILY;COUNT=4294967295"),
    ("2026-01-05T09:00:00Z", "FREQ=YEARLY;INTERVAL=1000;COUNT=4294967295"),
    ("1601-01-01T00:00:00Z", "FREQ=DAILY"),
    ("1601-01-01T00:00:00Z", "FREQ=DAILY;COUNT=4294967295"),
    ("9999-12-31T23:00:00Z", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO;UNTIL=99991231T235959Z"),
];

#[test]
fn rules_that_never_match_have_their_start_alone() {
    for (start, value) in &HOSTILE[..14] {
        let series = ruled(Tz::Europe__Paris, start, value);
        let expansion = series.instants(utc(start), &SeriesLimits::default());
        assert_eq!(expansion, Expansion { instants: vec![utc(start)], complete: false }, "{value}");
        assert_eq!(series.next_after(utc(start), utc(start), &SeriesLimits::default()), None, "{value}");
    }
}

#[test]
fn every_answer_keeps_to_the_limits() {
    for (start, value) in HOSTILE {
        for limits in [SeriesLimits::default(), SeriesLimits { instances: 0, years: 0 }, SeriesLimits { instances: 3, years: u32::MAX }] {
            let series = ruled(Tz::Europe__Paris, start, value);
            let expansion = series.instants(utc(start), &limits);
            assert!(expansion.instants.len() <= limits.instances, "{value}");
            let end = utc(start).checked_add_months(Months::new(12 * limits.years.min(100))).unwrap();
            assert!(expansion.instants.iter().all(|instant| *instant <= end), "{value}");
            assert_eq!(series.last(utc(start), &limits).is_some(), value.contains("UNTIL") && limits.years > 0, "{value}");
        }
    }
}

#[test]
fn counting_gives_up_after_its_limit() {
    let start = "1601-01-01T00:00:00Z";
    let series = ruled(Tz::UTC, start, "FREQ=DAILY;COUNT=4294967295");
    let next = |after: &str| series.next_after(utc(start), utc(after), &SeriesLimits::default());
    assert_eq!(next("1650-01-01T00:00:00Z"), Some(utc("1650-01-02T00:00:00Z")));
    assert_eq!(next("2026-01-01T00:00:00Z"), None);
}

#[test]
fn many_dates_and_many_exclusions() {
    let start = utc("2026-01-01T09:00:00Z");
    let every = |minutes: i64| (0..10_000).map(|index| start + Duration::minutes(minutes * index)).rev().collect::<Vec<_>>();
    let dates = Recurrence::new(Tz::UTC, start, None, every(1), vec![]).unwrap();
    let expansion = dates.instants(start, &SeriesLimits::default());
    assert_eq!((expansion.instants.len(), expansion.complete), (1_000, false));
    assert!(dates.contains(start, start + Duration::minutes(9_999), &SeriesLimits::default()));
    assert!(!dates.contains(start, start + Duration::minutes(10_000), &SeriesLimits::default()));
    let later = Recurrence::new(Tz::UTC, start, None, vec![start + Duration::days(366 * 11)], vec![]).unwrap();
    assert_eq!(later.instants(start, &SeriesLimits::default()), Expansion { instants: vec![start], complete: false });
    let excluded = Recurrence::new(Tz::UTC, start, Some(rule("FREQ=DAILY")), vec![], every(1_440)).unwrap();
    assert_eq!(excluded.instants(start, &SeriesLimits::default()), Expansion { instants: vec![], complete: false });
    let hundred = SeriesLimits { years: 100, ..SeriesLimits::default() };
    assert_eq!(excluded.instants(start, &hundred).instants.first(), Some(&(start + Duration::days(10_000))));
}

#[test]
fn the_ends_of_the_calendar() {
    for starts_at in [DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC] {
        for zone in [Tz::Pacific__Apia, Tz::America__New_York] {
            for frequency in ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"] {
                let rule = Some(rule(&format!("FREQ={frequency}")));
                let Ok(series) = Recurrence::new(zone, starts_at, rule, vec![], vec![]) else { continue };
                let _ = series.instants(starts_at, &SeriesLimits::default());
                let _ = series.last(starts_at, &SeriesLimits::default());
                let _ = series.running_or_next(starts_at, Duration::MAX, starts_at, &SeriesLimits::default());
                let _ = series.instance_on(starts_at, NaiveDate::MAX, &SeriesLimits::default());
            }
        }
    }
}
