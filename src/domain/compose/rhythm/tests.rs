//! What is said of a rule is what it gives: both are asked, of many rules.

use super::Rhythm;
use crate::domain::series::{Recurrence, Rule, SeriesLimits};
use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use proptest::prelude::*;
use proptest::strategy::ValueTree;

/// Days that are compared: two years and a leap day.
const COMPARED: u64 = 800;

/// The days on which a recurrence has an instance, after the first one.
fn given(rule: &Rule, start: DateTime<Utc>) -> Vec<NaiveDate> {
    let recurrence = Recurrence::new(Tz::UTC, start, Some(rule.clone()), vec![], vec![]).unwrap();
    let all = recurrence.instants(start, &SeriesLimits { instances: 1_000, years: 4 });
    let days = all.instants.into_iter().skip(1).map(|instant| instant.date_naive());
    days.take_while(|day| *day <= start.date_naive() + Days::new(COMPARED)).collect()
}

fn said(rhythm: &Rhythm, start: DateTime<Utc>) -> Vec<NaiveDate> {
    let days = start.date_naive().iter_days().skip(1).take(COMPARED as usize);
    days.filter(|day| rhythm.gives(*day)).collect()
}

fn rules() -> impl Strategy<Value = String> {
    let frequency = prop::sample::select(vec!["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]);
    let numbers = || prop::sample::select(vec!["", "", "", "1", "2", "3", "5", "-1", "-2", "-3"]);
    let weekday = prop::sample::select(vec!["MO", "TU", "WE", "TH", "FR", "SA", "SU"]);
    let some = prop::collection::vec((numbers(), weekday).prop_map(|(nth, weekday)| format!("{nth}{weekday}")), 0..3);
    let some = some.prop_map(|days| days.join(","));
    let sets = prop::sample::select(vec!["MO,TU,WE,TH,FR", "MO,TU,WE,TH,FR,SA,SU", "SA,SU"]).prop_map(str::to_owned);
    let days = prop_oneof![3 => some, 1 => sets];
    let list =
        |of: Vec<&'static str>, most: usize| prop::collection::vec(prop::sample::select(of), 0..most).prop_map(|list| list.join(","));
    let months = list(vec!["1", "2", "3", "10", "12"], 3);
    let month_days = prop_oneof![3 => Just(String::new()), 1 => list(vec!["1", "13", "29", "31", "-1", "-5"], 3)];
    let positions = prop_oneof![3 => Just(String::new()), 1 => list(vec!["1", "2", "5", "-1", "-2", "40"], 3)];
    (frequency, days, months, month_days, positions).prop_map(|(frequency, days, months, month_days, positions)| {
        let lists = [("BYDAY", days), ("BYMONTH", months), ("BYMONTHDAY", month_days), ("BYSETPOS", positions)];
        let lists = lists.into_iter().filter(|(_, list)| !list.is_empty()).map(|(name, list)| format!(";{name}={list}"));
        format!("FREQ={frequency}{}", lists.collect::<String>())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_rhythm_says_what_the_rule_gives(text in rules(), day in 0_u64..1_500) {
        let start = "2026-01-01T09:00:00Z".parse::<DateTime<Utc>>().unwrap() + Days::new(day);
        let Ok(rule) = Rule::parse(&text, Tz::UTC, false) else { return Ok(()) };
        let Some(rhythm) = Rhythm::of(&rule, start.date_naive()) else { return Ok(()) };
        prop_assert_eq!(said(&rhythm, start), given(&rule, start), "{:?}", rhythm);
    }
}

/// How many of the rules have words at all: the property above must not be empty.
#[test]
fn most_rules_have_words() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let start = NaiveDate::from_ymd_opt(2026, 10, 13).unwrap();
    let mut counted = (0, 0);
    for _ in 0..600 {
        let text = rules().new_tree(&mut runner).unwrap().current();
        let Ok(rule) = Rule::parse(&text, Tz::UTC, false) else { continue };
        counted = (counted.0 + u32::from(Rhythm::of(&rule, start).is_some()), counted.1 + 1);
    }
    assert!(counted.0 > 150 && counted.1 > counted.0, "{counted:?}");
}
