//! The expansion against a model that knows nothing but the definition: it looks at every day and asks whether the rule has it.

use super::*;
use chrono::{Datelike, Weekday};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

const DAYS: [Weekday; 7] = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];
const NAMES: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

/// A rule as the model sees it.
#[derive(Clone, Debug, Default)]
struct Spec {
    frequency: &'static str,
    interval: i32,
    months: Vec<u32>,
    weeks: Vec<i32>,
    year_days: Vec<i32>,
    month_days: Vec<i32>,
    /// 0 is every one.
    days: Vec<(i32, usize)>,
    positions: Vec<i32>,
    week_start: usize,
    count: Option<usize>,
    until: Option<NaiveDate>,
}

impl Spec {
    fn text(&self) -> String {
        let join = |values: Vec<String>| values.join(",");
        let days = self.days.iter().map(|&(nth, day)| if nth == 0 { NAMES[day].to_owned() } else { format!("{nth}{}", NAMES[day]) });
        let mut text = format!("FREQ={};INTERVAL={};WKST={}", self.frequency, self.interval, NAMES[self.week_start]);
        for (name, value) in [
            ("BYMONTH", join(self.months.iter().map(u32::to_string).collect())),
            ("BYWEEKNO", join(self.weeks.iter().map(i32::to_string).collect())),
            ("BYYEARDAY", join(self.year_days.iter().map(i32::to_string).collect())),
            ("BYMONTHDAY", join(self.month_days.iter().map(i32::to_string).collect())),
            ("BYDAY", join(days.collect())),
            ("BYSETPOS", join(self.positions.iter().map(i32::to_string).collect())),
            ("COUNT", self.count.map(|count| count.to_string()).unwrap_or_default()),
            ("UNTIL", self.until.map(|day| day.format("%Y%m%dT235959Z").to_string()).unwrap_or_default()),
        ] {
            if !value.is_empty() {
                text += &format!(";{name}={value}");
            }
        }
        text
    }

    /// The number of the period that a day is in.
    fn period(&self, day: NaiveDate) -> i32 {
        match self.frequency {
            "DAILY" => day.num_days_from_ce(),
            "WEEKLY" => (day.num_days_from_ce() - i32::try_from(day.weekday().days_since(DAYS[self.week_start])).unwrap()).div_euclid(7),
            "MONTHLY" => day.year() * 12 + i32::try_from(day.month0()).unwrap(),
            _ => day.year(),
        }
    }

    /// Whether the BYxxx parts but BYSETPOS have this day.
    fn has(&self, day: NaiveDate, start: NaiveDate) -> bool {
        let is_open = self.days.is_empty() && self.month_days.is_empty() && self.year_days.is_empty();
        let left_to_start = match self.frequency {
            "WEEKLY" => !is_open || day.weekday() == start.weekday(),
            "MONTHLY" => !is_open || day.day() == start.day(),
            "YEARLY" if is_open && !self.weeks.is_empty() => day.weekday() == start.weekday(),
            "YEARLY" => !is_open || (day.day() == start.day() && (!self.months.is_empty() || day.month() == start.month())),
            _ => true,
        };
        let from_end = |index: i32, length: i32| index - length - 1;
        let listed = |list: &[i32], index: u32, length: i32| {
            let index = i32::try_from(index).unwrap();
            list.is_empty() || list.contains(&index) || list.contains(&from_end(index, length))
        };
        // The week is of the year that has its fourth day (ISO 8601, for any first day of the week).
        let middle = day - Duration::days(i64::from(day.weekday().days_since(DAYS[self.week_start]))) + Duration::days(3);
        left_to_start
            && (self.months.is_empty() || self.months.contains(&day.month()))
            && listed(&self.weeks, middle.ordinal0() / 7 + 1, weeks_of(middle.year(), DAYS[self.week_start]))
            && listed(&self.year_days, day.ordinal(), year_length(day.year()))
            && listed(&self.month_days, day.day(), month_length(day))
            && (self.days.is_empty() || self.days.iter().any(|&(nth, weekday)| DAYS[weekday] == day.weekday() && self.is_nth(day, nth)))
    }

    fn is_nth(&self, day: NaiveDate, nth: i32) -> bool {
        let is_of_year = self.frequency == "YEARLY" && self.months.is_empty();
        let (index, length) = if is_of_year { (day.ordinal0(), year_length(day.year())) } else { (day.day0(), month_length(day)) };
        let index = i32::try_from(index).unwrap();
        nth == 0 || nth == index / 7 + 1 || nth == -((length - 1 - index) / 7 + 1)
    }

    /// Every day of the series from its start, over so many days.
    fn days(&self, start: NaiveDate, span: i64) -> Vec<NaiveDate> {
        // From before the start, so that BYSETPOS counts in whole periods.
        let all = (-400..=span + 400).map(|offset| start + Duration::days(offset));
        let is_hit = |day: &NaiveDate| (self.period(*day) - self.period(start)).rem_euclid(self.interval) == 0;
        let candidates: Vec<NaiveDate> = all.filter(is_hit).filter(|day| self.has(*day, start)).collect();
        let chosen = candidates.chunk_by(|a, b| self.period(*a) == self.period(*b)).flat_map(|period| {
            let length = i32::try_from(period.len()).unwrap();
            let is_chosen = |index: i32| {
                self.positions.is_empty() || self.positions.contains(&(index + 1)) || self.positions.contains(&(index - length))
            };
            period.iter().zip(0..).filter(move |(_, index)| is_chosen(*index)).map(|(day, _)| *day).collect::<Vec<_>>()
        });
        let later = chosen.filter(|day| *day > start);
        let bounded = later.filter(|day| self.until.is_none_or(|until| *day <= until));
        let mut days = vec![start];
        days.extend(bounded.take(self.count.unwrap_or(usize::MAX) - 1));
        days.retain(|day| *day <= start + Duration::days(span));
        days
    }
}

fn year_length(year: i32) -> i32 {
    if NaiveDate::from_ymd_opt(year, 2, 29).is_some() { 366 } else { 365 }
}

fn month_length(day: NaiveDate) -> i32 {
    (28..=31).rev().find(|&last| NaiveDate::from_ymd_opt(day.year(), day.month(), last).is_some()).unwrap().try_into().unwrap()
}

/// How many weeks have their fourth day in the year.
fn weeks_of(year: i32, week_start: Weekday) -> i32 {
    let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
    let fourth = |day: &NaiveDate| day.weekday() == (0..3).fold(week_start, |weekday, _| weekday.succ());
    first.iter_days().take_while(|day| day.year() == year).filter(fourth).count().try_into().unwrap()
}

fn ends() -> impl Strategy<Value = (Option<usize>, Option<i64>)> {
    prop_oneof![
        Just((None, None)),
        (1_usize..40).prop_map(|count| (Some(count), None)),
        (-5_i64..3_000).prop_map(|days| (None, Some(days)))
    ]
}

fn plain_days() -> impl Strategy<Value = Vec<(i32, usize)>> {
    subsequence((0..7).map(|day| (0, day)).collect::<Vec<_>>(), 0..5)
}

fn numbered_days(most: i32) -> impl Strategy<Value = Vec<(i32, usize)>> {
    prop::collection::vec((select((-most + 1..=most).filter(|nth| *nth != 0).collect::<Vec<_>>()), 0_usize..7), 0..4)
}

/// Plain and numbered together.
fn mixed_days() -> impl Strategy<Value = Vec<(i32, usize)>> {
    (plain_days(), numbered_days(5)).prop_map(|(plain, numbered)| [plain, numbered].concat())
}

fn month_days() -> impl Strategy<Value = Vec<i32>> {
    prop_oneof![2 => Just(vec![]), 3 => prop::collection::vec(prop_oneof![1..=31, -31..=-1], 1..5)]
}

fn months() -> impl Strategy<Value = Vec<u32>> {
    prop_oneof![2 => Just(vec![]), 1 => subsequence((1..=12).collect::<Vec<_>>(), 1..5)]
}

fn positions(most: i32) -> impl Strategy<Value = Vec<i32>> {
    prop_oneof![3 => Just(vec![]), 1 => prop::collection::vec(prop_oneof![1..=most, -most..=-1], 1..3)]
}

fn specs() -> impl Strategy<Value = Spec> {
    let daily = (months(), month_days(), plain_days()).prop_map(|(months, month_days, days)| Spec {
        frequency: "DAILY",
        months,
        month_days,
        days,
        ..Spec::default()
    });
    let weekly = (plain_days(), months(), positions(3)).prop_map(|(days, months, positions)| Spec {
        frequency: "WEEKLY",
        positions: if days.is_empty() { vec![] } else { positions },
        days,
        months,
        ..Spec::default()
    });
    let monthly = (months(), month_days(), prop_oneof![plain_days(), mixed_days()], positions(5)).prop_map(
        |(months, month_days, days, positions)| Spec {
            frequency: "MONTHLY",
            positions: if days.is_empty() && month_days.is_empty() { vec![] } else { positions },
            months,
            month_days,
            days,
            ..Spec::default()
        },
    );
    let yearly = (months(), month_days(), prop_oneof![plain_days(), numbered_days(5), mixed_days()], positions(9)).prop_map(
        |(months, month_days, days, positions)| Spec {
            frequency: "YEARLY",
            positions: if days.is_empty() && month_days.is_empty() { vec![] } else { positions },
            month_days,
            // In a year without months no mixture is taken.
            days: if months.is_empty() { days.iter().copied().filter(|(nth, _)| (*nth == 0) == (days[0].0 == 0)).collect() } else { days },
            months,
            ..Spec::default()
        },
    );
    let yearly_days = prop::collection::vec(prop_oneof![1..=366, -366..=-1], 1..4).prop_map(|year_days| Spec {
        frequency: "YEARLY",
        year_days,
        ..Spec::default()
    });
    let yearly_nth = numbered_days(52).prop_map(|days| Spec { frequency: "YEARLY", days, ..Spec::default() });
    prop_oneof![daily, weekly, monthly, yearly, yearly_days, yearly_nth]
}

fn check(spec: &Spec, start: NaiveDate) -> Result<(), TestCaseError> {
    const SPAN: i64 = 3_640;
    let starts_at = start.and_hms_opt(9, 30, 0).unwrap().and_utc();
    let series = Recurrence::new(Tz::UTC, starts_at, Some(rule(&spec.text())), vec![], vec![]).unwrap();
    let expected = spec.days(start, SPAN);
    let limits = SeriesLimits { instances: 4_000, years: 10 };
    let expansion = series.instants(starts_at, &limits);
    let mut found: Vec<NaiveDate> = expansion.instants.iter().map(|instant| instant.date_naive()).collect();
    found.retain(|day| *day <= start + Duration::days(SPAN));
    prop_assert_eq!(&found, &expected, "{} from {}", spec.text(), start);
    prop_assert!(expansion.instants.iter().all(|instant| instant.time() == starts_at.time()));
    // A question in the middle has the answer of the whole, though the walk begins elsewhere.
    for index in [0, 1, found.len() / 2, found.len() - 1] {
        let Some(instant) = expansion.instants.get(index).copied() else { continue };
        prop_assert!(series.contains(starts_at, instant, &limits));
        prop_assert!(!series.contains(starts_at, instant + Duration::hours(1), &limits));
        let next = expansion.instants.get(index + 1).copied();
        if next.is_some() {
            prop_assert_eq!(series.next_after(starts_at, instant, &limits), next);
            prop_assert_eq!(series.running_or_next(starts_at, Duration::hours(1), instant + Duration::hours(1), &limits), next);
        }
        prop_assert_eq!(series.running_or_next(starts_at, Duration::hours(1), instant + Duration::minutes(59), &limits), Some(instant));
    }
    if expansion.complete {
        prop_assert_eq!(series.last(starts_at, &limits), expansion.instants.last().copied());
    }
    if spec.count.is_none() && spec.until.is_none() {
        prop_assert_eq!((expansion.complete, series.last(starts_at, &limits)), (false, None));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_expansion_is_that_of_the_model(spec in specs(), interval in prop_oneof![3 => 1..=4, 1 => 5..=30], week_start in 0_usize..7, ends in ends(), offset in 0_i64..9_000) {
        let start = NaiveDate::from_ymd_opt(2005, 1, 1).unwrap() + Duration::days(offset);
        let until = ends.1.map(|days| start + Duration::days(days));
        check(&Spec { interval, week_start, count: ends.0, until, ..spec }, start)?;
    }

    #[test]
    fn week_numbers_are_those_of_iso_8601(weeks in prop::collection::vec(prop_oneof![1..=53, -53..=-1], 1..4), week_start in 0_usize..7, days in plain_days(), offset in 0_i64..9_000) {
        let start = NaiveDate::from_ymd_opt(2005, 1, 1).unwrap() + Duration::days(offset);
        check(&Spec { frequency: "YEARLY", interval: 1, week_start, weeks, days, ..Spec::default() }, start)?;
    }
}

#[test]
fn the_model_itself_knows_the_examples_of_the_standard() {
    // RFC 5545 §3.8.5.3.
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
    let spec = Spec { frequency: "WEEKLY", interval: 2, days: vec![(0, 1), (0, 6)], count: Some(4), ..Spec::default() };
    assert_eq!(spec.days(day(1997, 8, 5), 400), [day(1997, 8, 5), day(1997, 8, 10), day(1997, 8, 19), day(1997, 8, 24)]);
    let sunday = Spec { week_start: 6, ..spec };
    assert_eq!(sunday.days(day(1997, 8, 5), 400), [day(1997, 8, 5), day(1997, 8, 17), day(1997, 8, 19), day(1997, 8, 31)]);
    for offset in 0..4_000 {
        let day = day(2020, 1, 1) + Duration::days(offset);
        let week = i32::try_from(day.iso_week().week()).unwrap();
        assert!(Spec { frequency: "YEARLY", weeks: vec![week], ..Spec::default() }.has(day, day), "{day}");
        assert_eq!(weeks_of(day.year(), Weekday::Mon) == 53, NaiveDate::from_isoywd_opt(day.year(), 53, Weekday::Mon).is_some());
    }
    let thirteenth = Spec { frequency: "MONTHLY", interval: 1, days: vec![(0, 4)], month_days: vec![13], ..Spec::default() };
    assert_eq!(thirteenth.days(day(1998, 2, 13), 300), [day(1998, 2, 13), day(1998, 3, 13), day(1998, 11, 13)]);
}
