//! Rules as programs write them, and what is refused.

use super::*;
use proptest::prelude::*;

#[test]
fn spelling_is_free_and_the_text_canonical() {
    for (written, canonical) in [
        (" freq = weekly ; byday = we, mo ,MO; ", "FREQ=WEEKLY;BYDAY=MO,WE"),
        ("COUNT=10;INTERVAL=01;FREQ=DAILY", "FREQ=DAILY;COUNT=10"),
        ("WKST=SU;FREQ=WEEKLY;INTERVAL=2", "FREQ=WEEKLY;INTERVAL=2;WKST=SU"),
        ("FREQ=MONTHLY;BYDAY=-1FR,+2MO,2MO", "FREQ=MONTHLY;BYDAY=2MO,-1FR"),
        ("FREQ=MONTHLY;BYSETPOS=-1;BYDAY=MO,TU,WE,TH,FR", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"),
        ("FREQ=YEARLY;BYMONTHDAY=31,-1;BYMONTH=12,1", "FREQ=YEARLY;BYMONTH=1,12;BYMONTHDAY=-1,31"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO"),
        ("FREQ=YEARLY;BYYEARDAY=-1,100;WKST=MO", "FREQ=YEARLY;BYYEARDAY=-1,100"),
        ("FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0", "FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0"),
    ] {
        assert_eq!(rule(written).to_text(), canonical, "{written}");
        assert_eq!(rule(canonical).to_text(), canonical);
    }
}

#[test]
fn until_in_every_form_that_programs_mix() {
    let paris = Tz::Europe__Paris;
    for (zone, whole_days, written, canonical) in [
        (paris, false, "20260331T220000Z", "20260331T220000Z"),
        // A wall clock, and in the fold the first of two.
        (paris, false, "20260401T000000", "20260331T220000Z"),
        (paris, false, "20261025T023000", "20261025T003000Z"),
        // A day counts to its end.
        (paris, false, "20260401", "20260401T215959Z"),
        (paris, false, "2026-04-01", "20260401T215959Z"),
        (paris, true, "20260401", "20260401"),
        (paris, true, "20260401T093000", "20260401"),
        // The end of 1 April in Paris; midnight and the day's last second in UTC mean the day as written.
        (paris, true, "20260401T215959Z", "20260401"),
        (paris, true, "20260401T220000Z", "20260402"),
        (paris, true, "20260401T000000Z", "20260401"),
        (paris, true, "20260401T235959Z", "20260401"),
        (Tz::America__New_York, true, "20260401T000000Z", "20260401"),
        (Tz::America__New_York, true, "20260401T033000Z", "20260331"),
    ] {
        let rule = Rule::parse(&format!("FREQ=DAILY;UNTIL={written}"), zone, whole_days).unwrap();
        assert_eq!(rule.to_text(), format!("FREQ=DAILY;UNTIL={canonical}"), "{zone} {whole_days} {written}");
        let json = serde_json::to_string(&rule).unwrap();
        assert_eq!(serde_json::from_str::<Rule>(&json).unwrap(), rule, "{json}");
    }
    assert!(serde_json::from_str::<Rule>("\"FREQ=DAILY;UNTIL=20260401T000000\"").is_err(), "which zone?");
}

#[test]
fn what_is_no_rule_of_a_meeting() {
    use Part::*;
    let long = format!("FREQ=DAILY;{}", ";".repeat(5_000));
    let many = format!("FREQ=YEARLY;BYYEARDAY={}", (1..=65).map(|day| day.to_string()).collect::<Vec<_>>().join(","));
    for (value, error) in [
        ("", RuleError::NoFrequency),
        ("BYDAY=MO", RuleError::NoFrequency),
        ("FREQ", RuleError::NoPart),
        ("FREQ=HOURLY", RuleError::TooOften),
        ("FREQ=minutely", RuleError::TooOften),
        ("FREQ=SECONDLY;COUNT=1", RuleError::TooOften),
        ("FREQ=FORTNIGHTLY", RuleError::Value(Freq)),
        ("RRULE:FREQ=DAILY", RuleError::Unknown("RRULEFREQ".into())),
        ("FREQ=DAILY;X-é\u{7}=1", RuleError::Unknown("X-".into())),
        ("FREQ=DAILY;RSCALE=GREGORIAN", RuleError::Unknown("RSCALE".into())),
        ("FREQ=DAILY;COUNT=1;count=2", RuleError::Twice(Count)),
        ("FREQ=DAILY;COUNT=0", RuleError::Value(Count)),
        ("FREQ=DAILY;COUNT=4294967296", RuleError::Value(Count)),
        ("FREQ=DAILY;COUNT=1;UNTIL=20260101", RuleError::Conflict(Count, Until)),
        ("FREQ=DAILY;UNTIL=20260230", RuleError::Value(Until)),
        ("FREQ=DAILY;UNTIL=", RuleError::Value(Until)),
        ("FREQ=DAILY;INTERVAL=0", RuleError::Value(Interval)),
        ("FREQ=DAILY;INTERVAL=1001", RuleError::Value(Interval)),
        ("FREQ=DAILY;INTERVAL=-1", RuleError::Value(Interval)),
        ("FREQ=WEEKLY;BYDAY=1MO", RuleError::Conflict(ByDay, Freq)),
        ("FREQ=DAILY;BYDAY=-1MO", RuleError::Conflict(ByDay, Freq)),
        ("FREQ=MONTHLY;BYDAY=6MO", RuleError::Value(ByDay)),
        ("FREQ=MONTHLY;BYDAY=0MO", RuleError::Value(ByDay)),
        ("FREQ=YEARLY;BYMONTH=3;BYDAY=20MO", RuleError::Value(ByDay)),
        ("FREQ=YEARLY;BYDAY=54MO", RuleError::Value(ByDay)),
        ("FREQ=YEARLY;BYDAY=MO,20TU", RuleError::Value(ByDay)),
        ("FREQ=MONTHLY;BYDAY=-5MO", RuleError::Value(ByDay)),
        ("FREQ=YEARLY;BYWEEKNO=2;BYDAY=1MO", RuleError::Conflict(ByDay, ByWeekNo)),
        ("FREQ=WEEKLY;BYDAY=XX", RuleError::Value(ByDay)),
        ("FREQ=WEEKLY;BYDAY=é", RuleError::Value(ByDay)),
        ("FREQ=WEEKLY;BYDAY=MO,", RuleError::Value(ByDay)),
        ("FREQ=WEEKLY;BYMONTHDAY=1", RuleError::Conflict(ByMonthDay, Freq)),
        ("FREQ=MONTHLY;BYMONTHDAY=32", RuleError::Value(ByMonthDay)),
        ("FREQ=MONTHLY;BYMONTHDAY=0", RuleError::Value(ByMonthDay)),
        ("FREQ=MONTHLY;BYYEARDAY=1", RuleError::Conflict(ByYearDay, Freq)),
        ("FREQ=YEARLY;BYYEARDAY=367", RuleError::Value(ByYearDay)),
        ("FREQ=MONTHLY;BYWEEKNO=1", RuleError::Conflict(ByWeekNo, Freq)),
        ("FREQ=YEARLY;BYWEEKNO=54", RuleError::Value(ByWeekNo)),
        ("FREQ=YEARLY;BYWEEKNO=2;BYSETPOS=1", RuleError::Conflict(BySetPos, ByWeekNo)),
        ("FREQ=YEARLY;BYMONTH=13", RuleError::Value(ByMonth)),
        ("FREQ=MONTHLY;BYSETPOS=1", RuleError::NothingToChoose),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=32", RuleError::Value(BySetPos)),
        ("FREQ=WEEKLY;WKST=1", RuleError::Value(WkSt)),
        ("FREQ=DAILY;BYHOUR=9,10", RuleError::TooMany(ByHour)),
        ("FREQ=DAILY;BYMINUTE=60", RuleError::Value(ByMinute)),
        ("FREQ=DAILY;BYSECOND=-1", RuleError::Value(BySecond)),
        (long.as_str(), RuleError::TooLong),
        (many.as_str(), RuleError::TooMany(ByYearDay)),
    ] {
        assert_eq!(Rule::parse(value, Tz::UTC, false).unwrap_err(), error, "{value}");
    }
    assert_eq!(RuleError::Twice(ByMonthDay).to_string(), "the rule part BYMONTHDAY stands twice");
}

#[test]
fn a_time_of_day_in_the_rule_must_be_that_of_the_start() {
    let at = |value: &str| Recurrence::new(Tz::Europe__Paris, utc("2026-07-06T07:00:00Z"), Some(rule(value)), vec![], vec![]);
    let series = at("FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0").unwrap();
    assert_eq!(series.rule().unwrap().to_text(), "FREQ=DAILY");
    for value in ["FREQ=DAILY;BYHOUR=7", "FREQ=DAILY;BYMINUTE=30", "FREQ=DAILY;BYHOUR=9;BYSECOND=1"] {
        assert_eq!(at(value).unwrap_err(), RuleError::OtherClock, "{value}");
    }
}

#[test]
fn a_recurrence_is_in_order_however_it_was_given_or_stored() {
    let dates = ["2026-02-03T09:00:00Z", "2026-02-01T09:00:00Z", "2026-02-03T09:00:00Z"].map(utc).to_vec();
    let series = Recurrence::new(Tz::Asia__Tokyo, utc("2026-01-01T09:00:00Z"), Some(rule("FREQ=DAILY")), dates.clone(), dates).unwrap();
    assert_eq!(series.dates(), ["2026-02-01T09:00:00Z", "2026-02-03T09:00:00Z"].map(utc));
    assert_eq!(series.excluded(), series.dates());
    let json = serde_json::to_string(&series).unwrap();
    assert_eq!(serde_json::from_str::<Recurrence>(&json).unwrap(), series);
    let disordered = r#"{"zone":"UTC","rule":null,"dates":["2026-02-03T09:00:00Z","2026-02-01T09:00:00Z"],"excluded":[]}"#;
    let read = serde_json::from_str::<Recurrence>(disordered).unwrap();
    assert_eq!(read.dates().first(), Some(&utc("2026-02-01T09:00:00Z")));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(value in "(?i)((FREQ|UNTIL|COUNT|INTERVAL|BYDAY|BYMONTHDAY|BYSETPOS|WKST|BYHOUR|.{0,3})=?(DAILY|YEARLY|[0-9-]{0,4}(MO|SU)?|20260101T0000|é|,){0,3};?){0,8}", whole_days: bool) {
        if let Ok(rule) = Rule::parse(&value, Tz::Europe__Paris, whole_days) {
            let again = Rule::try_from(rule.to_text()).unwrap();
            prop_assert_eq!(again, rule);
        }
    }
}
