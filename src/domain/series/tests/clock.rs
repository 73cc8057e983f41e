//! Series where the clock changes: the wall clock stays, the instants follow.

use super::*;

#[test]
fn a_weekly_series_in_three_places() {
    for (zone, start, expected) in [
        (Tz::Europe__Paris, "2026-03-22T08:00:00Z", ["2026-03-22T08:00Z", "2026-03-29T07:00Z", "2026-04-05T07:00Z"]),
        (Tz::Europe__Paris, "2026-10-18T07:00:00Z", ["2026-10-18T07:00Z", "2026-10-25T08:00Z", "2026-11-01T08:00Z"]),
        (Tz::Australia__Sydney, "2026-03-28T22:00:00Z", ["2026-03-28T22:00Z", "2026-04-04T23:00Z", "2026-04-11T23:00Z"]),
        (Tz::Australia__Sydney, "2026-09-26T23:00:00Z", ["2026-09-26T23:00Z", "2026-10-03T22:00Z", "2026-10-10T22:00Z"]),
        (Tz::America__New_York, "2026-03-01T14:00:00Z", ["2026-03-01T14:00Z", "2026-03-08T13:00Z", "2026-03-15T13:00Z"]),
        (Tz::America__New_York, "2026-10-25T13:00:00Z", ["2026-10-25T13:00Z", "2026-11-01T14:00Z", "2026-11-08T14:00Z"]),
    ] {
        let series = ruled(zone, start, "FREQ=WEEKLY");
        assert_eq!(first(&series, start, 3), expected, "{zone}");
        for instant in series.instants(utc(start), &SeriesLimits::default()).instants {
            assert_eq!(local_in(zone, instant).unwrap().time(), local_in(zone, utc(start)).unwrap().time(), "{zone} {instant}");
        }
    }
}

#[test]
fn in_a_gap_the_offset_before_counts_and_the_next_day_is_as_always() {
    let series = ruled(Tz::Europe__Paris, "2026-03-28T01:30:00Z", "FREQ=DAILY");
    // 02:30; 02:30 that isn't there, which is 03:30; 02:30.
    assert_eq!(first(&series, "2026-03-28T01:30:00Z", 3), ["2026-03-28T01:30Z", "2026-03-29T01:30Z", "2026-03-30T00:30Z"]);
    assert!(series.contains(utc("2026-03-28T01:30:00Z"), utc("2026-03-29T01:30:00Z"), &SeriesLimits::default()));
}

#[test]
fn of_two_the_first_and_only_once() {
    let series = ruled(Tz::Europe__Paris, "2026-10-24T00:30:00Z", "FREQ=DAILY");
    assert_eq!(first(&series, "2026-10-24T00:30:00Z", 3), ["2026-10-24T00:30Z", "2026-10-25T00:30Z", "2026-10-26T01:30Z"]);
    assert!(!series.contains(utc("2026-10-24T00:30:00Z"), utc("2026-10-25T01:30:00Z"), &SeriesLimits::default()));
    // A start in the second of the two stays there, and isn't doubled by the first.
    let second = ruled(Tz::Europe__Paris, "2026-10-25T01:30:00Z", "FREQ=DAILY");
    assert_eq!(first(&second, "2026-10-25T01:30:00Z", 3), ["2026-10-25T01:30Z", "2026-10-26T01:30Z", "2026-10-27T01:30Z"]);
}

#[test]
fn a_day_that_an_island_left_out_is_no_second_instance() {
    // Samoa had no 30 December 2011.
    let series = ruled(Tz::Pacific__Apia, "2011-12-29T20:00:00Z", "FREQ=DAILY");
    assert_eq!(first(&series, "2011-12-29T20:00:00Z", 3), ["2011-12-29T20:00Z", "2011-12-30T20:00Z", "2011-12-31T20:00Z"]);
}

#[test]
fn midnight_that_is_not_there() {
    // In Santiago clocks go from 24:00 to 01:00.
    let series = ruled(Tz::America__Santiago, "2026-09-05T04:00:00Z", "FREQ=DAILY");
    assert_eq!(first(&series, "2026-09-05T04:00:00Z", 3), ["2026-09-05T04:00Z", "2026-09-06T04:00Z", "2026-09-07T03:00Z"]);
}

#[test]
fn until_is_an_instant_and_includes_itself() {
    let start = "2026-03-27T08:00:00Z";
    let until = |value: &str| first(&ruled(Tz::Europe__Paris, start, &format!("FREQ=DAILY;UNTIL={value}")), start, 9).len();
    // 09:00 in Paris is 08:00 in winter, 07:00 from the 29th on.
    assert_eq!(until("20260330T070000Z"), 4);
    assert_eq!(until("20260330T065959Z"), 3);
    assert_eq!(until("20260330T090000"), 4);
    assert_eq!(until("20260330T085959"), 3);
    assert_eq!(until("20260330"), 4);
    assert_eq!(until("20260301"), 1, "DTSTART is an instance whatever the rule says");
}

#[test]
fn whole_days_end_with_their_last_day() {
    let zone = Tz::Asia__Tokyo;
    let starts_at = instant_in(zone, NaiveDate::from_ymd_opt(2026, 5, 1).unwrap().and_time(NaiveTime::MIN)).unwrap();
    let rule = Rule::parse("FREQ=DAILY;UNTIL=20260503", zone, true).unwrap();
    let series = Recurrence::new(zone, starts_at, Some(rule), vec![], vec![]).unwrap();
    let expansion = series.instants(starts_at, &SeriesLimits::default());
    assert_eq!((expansion.instants.len(), expansion.complete), (3, true));
    assert_eq!(series.last(starts_at, &SeriesLimits::default()), Some(utc("2026-05-02T15:00:00Z")));
}

#[test]
fn dates_are_added_and_exclusions_taken_out() {
    let (start, zone) = ("2026-01-05T08:00:00Z", Tz::Europe__Paris);
    let dates = ["2026-01-06T10:00:00Z", "2026-01-19T08:00:00Z", "2026-01-20T08:00:00Z", "2025-12-01T08:00:00Z"].map(utc).to_vec();
    let excluded = ["2026-01-12T08:00:00Z", "2026-01-20T08:00:00Z"].map(utc).to_vec();
    let series = Recurrence::new(zone, utc(start), Some(rule("FREQ=WEEKLY;COUNT=4")), dates.clone(), excluded).unwrap();
    let expansion = series.instants(utc(start), &SeriesLimits::default());
    // COUNT counts the excluded; a date before DTSTART is none; one that the rule has too is there once.
    let expected = ["2026-01-05T08:00:00Z", "2026-01-06T10:00:00Z", "2026-01-19T08:00:00Z", "2026-01-26T08:00:00Z"].map(utc);
    assert_eq!((expansion.instants.as_slice(), expansion.complete), (&expected[..], true));
    assert_eq!(series.last(utc(start), &SeriesLimits::default()), Some(expected[3]));
    assert!(!series.contains(utc(start), utc("2025-12-01T08:00:00Z"), &SeriesLimits::default()));
    assert!(!series.contains(utc(start), utc("2026-01-12T08:00:00Z"), &SeriesLimits::default()));

    let without_start = Recurrence::new(zone, utc(start), Some(rule("FREQ=WEEKLY;COUNT=2")), vec![], vec![utc(start)]).unwrap();
    assert_eq!(first(&without_start, start, 9), ["2026-01-12T08:00Z"]);
    let only_dates = Recurrence::new(zone, utc(start), None, dates, vec![]).unwrap();
    assert_eq!(first(&only_dates, start, 9).len(), 4);
    let nothing = Recurrence::new(zone, utc(start), None, vec![], vec![utc(start)]).unwrap();
    assert_eq!(nothing.instants(utc(start), &SeriesLimits::default()), Expansion { instants: vec![], complete: true });
    assert_eq!(nothing.last(utc(start), &SeriesLimits::default()), None);
}

#[test]
fn the_start_is_the_first_and_the_first_that_is_counted() {
    // A Thursday, while the rule says Mondays.
    let start = "2026-01-01T09:00:00Z";
    let series = ruled(Tz::UTC, start, "FREQ=WEEKLY;BYDAY=MO;COUNT=3");
    assert_eq!(first(&series, start, 9), ["2026-01-01T09:00Z", "2026-01-05T09:00Z", "2026-01-12T09:00Z"]);
}

#[test]
fn what_the_rule_leaves_open_is_that_of_the_start() {
    for (start, value, expected) in [
        ("2026-08-10T09:00:00Z", "FREQ=YEARLY;BYMONTH=6", ["2026-08-10T09:00Z", "2027-06-10T09:00Z", "2028-06-10T09:00Z"]),
        ("2024-02-29T09:00:00Z", "FREQ=YEARLY", ["2024-02-29T09:00Z", "2028-02-29T09:00Z", "2032-02-29T09:00Z"]),
        ("2026-01-31T09:00:00Z", "FREQ=MONTHLY", ["2026-01-31T09:00Z", "2026-03-31T09:00Z", "2026-05-31T09:00Z"]),
        ("2026-01-07T09:00:00Z", "FREQ=WEEKLY;INTERVAL=2", ["2026-01-07T09:00Z", "2026-01-21T09:00Z", "2026-02-04T09:00Z"]),
        ("2026-05-11T09:00:00Z", "FREQ=YEARLY;BYWEEKNO=20", ["2026-05-11T09:00Z", "2027-05-17T09:00Z", "2028-05-15T09:00Z"]),
    ] {
        assert_eq!(first(&ruled(Tz::UTC, start, value), start, 3), expected, "{value}");
    }
}

#[test]
fn what_runs_now_and_what_comes_next() {
    let start = "2026-01-05T08:00:00Z";
    let series = ruled(Tz::Europe__Paris, start, "FREQ=WEEKLY;COUNT=3");
    let at = |length: i64, now: &str| series.running_or_next(utc(start), Duration::minutes(length), utc(now), &SeriesLimits::default());
    assert_eq!(at(60, "2026-01-01T00:00:00Z"), Some(utc(start)));
    assert_eq!(at(60, "2026-01-05T08:59:59Z"), Some(utc(start)));
    assert_eq!(at(60, "2026-01-05T09:00:00Z"), Some(utc("2026-01-12T08:00:00Z")));
    assert_eq!(at(0, "2026-01-12T08:00:00Z"), Some(utc("2026-01-12T08:00:00Z")));
    assert_eq!(at(60, "2026-01-19T09:00:00Z"), None);
    let day = |day| series.instance_on(utc(start), NaiveDate::from_ymd_opt(2026, 1, day).unwrap(), &SeriesLimits::default());
    assert_eq!((day(12), day(13), day(26)), (Some(utc("2026-01-12T08:00:00Z")), None, None));
}

#[test]
fn an_old_series_still_has_its_next_and_its_last_instance() {
    let start = "1999-03-01T08:00:00Z";
    let endless = ruled(Tz::Europe__Paris, start, "FREQ=DAILY");
    assert_eq!(endless.next_after(utc(start), utc("2026-07-01T00:00:00Z"), &SeriesLimits::default()), Some(utc("2026-07-01T07:00:00Z")));
    assert_eq!(endless.last(utc(start), &SeriesLimits::default()), None);
    let bounded = ruled(Tz::Europe__Paris, start, "FREQ=DAILY;UNTIL=20300701T000000Z");
    assert_eq!(bounded.last(utc(start), &SeriesLimits::default()), Some(utc("2030-06-30T07:00:00Z")));
    let added = Recurrence::new(bounded.zone(), utc(start), bounded.rule().cloned(), vec![utc("2030-07-09T07:00:00Z")], vec![]).unwrap();
    assert_eq!(added.last(utc(start), &SeriesLimits::default()), Some(utc("2030-07-09T07:00:00Z")));
    let counted = ruled(Tz::Europe__Paris, start, "FREQ=WEEKLY;COUNT=1500");
    assert_eq!(counted.next_after(utc(start), utc("2026-07-01T00:00:00Z"), &SeriesLimits::default()), Some(utc("2026-07-06T07:00:00Z")));
}
