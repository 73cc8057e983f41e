//! The sentences of many rules, in both languages.

use super::super::{Heading, Stationery};
use crate::domain::address::{Mailbox, NamedMailbox};
use crate::domain::language::Language;
use crate::domain::meeting::MeetingEvent;
use crate::domain::occurrence::{Instance, Series};
use crate::domain::series::{Recurrence, Rule};
use crate::domain::thread::MessageId;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use std::collections::BTreeMap;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A series that begins with 45 minutes on Tuesday 13 October 2026, the second of the month, at nine in Paris.
fn series(rule: &str) -> MeetingEvent {
    series_in(Tz::Europe__Paris, "2026-10-13T07:00:00Z", rule)
}

fn series_in(zone: Tz, starts_at: &str, rule: &str) -> MeetingEvent {
    let starts_at = at(starts_at);
    let rule = Rule::parse(rule, zone, false).unwrap();
    let recurrence = Recurrence::new(zone, starts_at, Some(rule), vec![], vec![]).unwrap();
    event(starts_at, Some(recurrence))
}

fn event(starts_at: DateTime<Utc>, recurrence: Option<Recurrence>) -> MeetingEvent {
    MeetingEvent {
        title: "Point".to_owned(),
        description: None,
        starts_at,
        ends_at: starts_at + TimeDelta::minutes(45),
        series: Some(Box::new(Series { recurrence, ..Series::default() })),
        whole_days: None,
    }
}

/// What a reader in Paris is told.
fn said(language: &str, event: &MeetingEvent) -> String {
    said_in(Tz::Europe__Paris, language, event)
}

fn said_in(time_zone: Tz, language: &str, event: &MeetingEvent) -> String {
    let mailbox = NamedMailbox::bare(Mailbox::parse("a@visio.example").unwrap());
    let heading = Heading {
        from: &mailbox,
        to: &mailbox,
        message_id: &MessageId::parse("1@visio.example").unwrap(),
        in_reply_to: None,
        references: &[],
        date: at("2026-10-01T09:00:00Z"),
        loop_mark: "",
        language: &Language::parse(language).unwrap(),
        time_zone,
    };
    Stationery::embedded().unwrap().when(&heading, event).unwrap()
}

/// The rhythm alone, without time of day and end.
fn rhythm(language: &str, rule: &str) -> String {
    let said = said(language, &series(rule));
    said.split(", 09:00–09:45 (Europe/Paris)").next().unwrap().to_owned()
}

#[test]
fn rules_are_said_as_people_say_them() {
    for (rule, french, english) in [
        ("FREQ=DAILY", "tous les jours", "every day"),
        ("FREQ=DAILY;INTERVAL=3", "tous les 3 jours", "every 3 days"),
        ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "tous les jours ouvrés", "every working day"),
        ("FREQ=DAILY;BYMONTH=10", "tous les jours, en octobre", "every day in October"),
        ("FREQ=WEEKLY", "chaque semaine, le mardi", "every week on Tuesday"),
        ("FREQ=WEEKLY;BYDAY=TU,WE", "chaque semaine, le mardi et le mercredi", "every week on Tuesday and Wednesday"),
        ("FREQ=WEEKLY;BYDAY=FR,TU,MO", "chaque semaine, le lundi, le mardi et le vendredi", "every week on Monday, Tuesday and Friday"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "toutes les 2 semaines, le mardi", "every 2 weeks on Tuesday"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "tous les jours ouvrés", "every working day"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU,WE,TH,FR", "toutes les 2 semaines, du lundi au vendredi", "every 2 weeks, Monday to Friday"),
        ("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", "tous les jours", "every day"),
        ("FREQ=WEEKLY;BYMONTH=10,11", "chaque semaine, le mardi, en octobre et novembre", "every week on Tuesday in October and November"),
        ("FREQ=MONTHLY", "chaque mois, le 13", "every month on the 13th"),
        ("FREQ=MONTHLY;INTERVAL=3", "tous les 3 mois, le 13", "every 3 months on the 13th"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,13", "chaque mois, le 1er et le 13", "every month on the 1st and the 13th"),
        ("FREQ=MONTHLY;BYDAY=2TU", "chaque mois, le 2e mardi", "every month on the 2nd Tuesday"),
        ("FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2", "chaque mois, le 2e mardi", "every month on the 2nd Tuesday"),
        ("FREQ=MONTHLY;BYDAY=1TU,2TU", "chaque mois, le 1er mardi et le 2e mardi", "every month on the 1st Tuesday and the 2nd Tuesday"),
        ("FREQ=MONTHLY;BYDAY=TU", "chaque semaine, le mardi", "every week on Tuesday"),
        (
            "FREQ=MONTHLY;BYMONTH=3,10;BYDAY=2TU",
            "chaque année, en mars et octobre, le 2e mardi",
            "every year in March and October on the 2nd Tuesday",
        ),
        ("FREQ=YEARLY", "chaque année, le 13 octobre", "every year on the 13th of October"),
        ("FREQ=YEARLY;INTERVAL=2", "tous les 2 ans, le 13 octobre", "every 2 years on the 13th of October"),
        ("FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=13", "chaque année, le 13 octobre", "every year on the 13th of October"),
        ("FREQ=YEARLY;BYMONTH=10;BYDAY=2TU", "chaque année, le 2e mardi d’octobre", "every year on the 2nd Tuesday of October"),
        ("FREQ=YEARLY;BYMONTH=10;BYDAY=TU", "chaque semaine, le mardi, en octobre", "every week on Tuesday in October"),
        ("FREQ=YEARLY;BYMONTHDAY=13", "chaque mois, le 13", "every month on the 13th"),
    ] {
        assert_eq!([rhythm("fr", rule), rhythm("en", rule)], [french, english], "{rule}");
    }
}

#[test]
fn the_last_days_of_a_month() {
    for (start, rule, french, english) in [
        ("2026-10-30T08:00:00Z", "FREQ=MONTHLY;BYDAY=-1FR", "chaque mois, le dernier vendredi", "every month on the last Friday"),
        (
            "2026-10-23T07:00:00Z",
            "FREQ=MONTHLY;BYDAY=-2FR",
            "chaque mois, l’avant-dernier vendredi",
            "every month on the second to last Friday",
        ),
        (
            "2026-10-30T08:00:00Z",
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "chaque mois, le dernier jour ouvré",
            "every month on the last working day",
        ),
        (
            "2026-10-01T07:00:00Z",
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1",
            "chaque mois, le 1er jour ouvré",
            "every month on the 1st working day",
        ),
        ("2026-10-31T08:00:00Z", "FREQ=MONTHLY;BYMONTHDAY=-1", "chaque mois, le dernier jour", "every month on the last day"),
        (
            "2026-10-31T08:00:00Z",
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=-1",
            "chaque mois, le dernier jour",
            "every month on the last day",
        ),
    ] {
        let clock = ", 09:00–09:45 (Europe/Paris), ";
        let event = series_in(Tz::Europe__Paris, start, rule);
        assert_eq!(said("fr", &event), format!("{french}{clock}sans date de fin"), "{rule}");
        assert_eq!(said("en", &event), format!("{english}{clock}with no end date"), "{rule}");
    }
}

#[test]
fn what_takes_more_words_is_several_dates() {
    for rule in [
        "FREQ=MONTHLY;BYDAY=TU;BYMONTHDAY=13",
        "FREQ=MONTHLY;BYDAY=TU,WE;BYSETPOS=2",
        "FREQ=MONTHLY;BYMONTHDAY=-19",
        "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU",
        "FREQ=MONTHLY;INTERVAL=5;BYMONTH=10",
        "FREQ=YEARLY;BYDAY=41TU",
        "FREQ=YEARLY;BYWEEKNO=42;BYDAY=TU",
        "FREQ=YEARLY;BYYEARDAY=286",
        "FREQ=YEARLY;BYMONTH=3,10;BYDAY=TU;BYSETPOS=-1",
        "FREQ=WEEKLY;BYDAY=TU,WE;BYSETPOS=1",
        "FREQ=DAILY;INTERVAL=2;BYDAY=TU",
        "FREQ=DAILY;BYMONTHDAY=13",
    ] {
        let event = series(rule);
        let clock = "09:00–09:45 (Europe/Paris)";
        assert_eq!(said("fr", &event), format!("plusieurs dates à partir du mardi 13 octobre 2026, {clock}, sans date de fin"), "{rule}");
        assert_eq!(said("en", &event), format!("several dates from Tuesday 13 October 2026 on, {clock}, with no end date"), "{rule}");
    }
}

#[test]
fn its_end_is_told() {
    let end = |rule: &str| said("fr", &series(rule)).rsplit("), ").next().unwrap().to_owned();
    assert_eq!(end("FREQ=WEEKLY;COUNT=10"), "10 fois");
    assert_eq!(end("FREQ=WEEKLY;UNTIL=20261201T080000Z"), "jusqu’au mardi 1er décembre 2026");
    // At nine it is over: the last may start the day before.
    assert_eq!(end("FREQ=WEEKLY;UNTIL=20261201T075959Z"), "jusqu’au lundi 30 novembre 2026");
    assert_eq!(end("FREQ=WEEKLY;UNTIL=20261201"), "jusqu’au mardi 1er décembre 2026");
    assert_eq!(said("fr", &series("FREQ=WEEKLY;COUNT=1")), "mardi 13 octobre 2026, 09:00–09:45 (Europe/Paris, UTC+2)");
}

#[test]
fn a_first_date_outside_the_rule_is_named_and_not_counted_twice() {
    let clock = "09:00–09:45 (Europe/Paris)";
    for rule in [
        "FREQ=WEEKLY;BYDAY=MO",
        "FREQ=MONTHLY;BYDAY=3TU",
        "FREQ=MONTHLY;BYMONTHDAY=14",
        "FREQ=MONTHLY;BYMONTHDAY=-1",
        "FREQ=MONTHLY;BYDAY=-1TU",
    ] {
        assert!(said("fr", &series(rule)).ends_with("sans date de fin, ainsi que le mardi 13 octobre 2026"), "{rule}");
    }
    let event = series("FREQ=WEEKLY;BYDAY=MO;COUNT=4");
    assert_eq!(said("en", &event), format!("every week on Monday, {clock}, 3 times, and also on Tuesday 13 October 2026"));
    assert_eq!(event.ahead(DateTime::<Utc>::MIN_UTC, 9).occurrences.len(), 4, "three Mondays and the Tuesday");
    let event = series("FREQ=WEEKLY;BYDAY=MO;COUNT=2");
    assert_eq!(said("fr", &event), format!("chaque semaine, le lundi, {clock}, une fois, ainsi que le mardi 13 octobre 2026"));
}

#[test]
fn what_differs_from_the_rule_is_not_hidden() {
    let mut event = series("FREQ=WEEKLY;COUNT=4");
    let weekly = "chaque semaine, le mardi, 09:00–09:45 (Europe/Paris), 4 fois";
    let second = at("2026-10-20T07:00:00Z");
    let mut change = |title: &str, starts_at: DateTime<Utc>| {
        let one = Instance { title: title.to_owned(), description: None, starts_at, ends_at: starts_at + TimeDelta::minutes(45) };
        event.series.as_mut().unwrap().changed = BTreeMap::from([(second, one)]);
        said("fr", &event)
    };
    assert_eq!(change("Bilan", second), weekly, "a name is no exception");
    assert_eq!(change("Bilan", second + TimeDelta::hours(1)), format!("{weekly}, à quelques exceptions près"));
    let (start, zone, later) = (event.starts_at, Tz::Europe__Paris, at("2026-12-24T08:00:00Z"));
    let rule = Rule::parse("FREQ=WEEKLY;COUNT=4", zone, false).unwrap();
    let told = |dates: Vec<_>, excluded: Vec<_>| {
        said("fr", &self::event(start, Some(Recurrence::new(zone, start, Some(rule.clone()), dates, excluded).unwrap())))
    };
    assert_eq!(told(vec![], vec![second]), format!("{weekly}, à quelques exceptions près"));
    assert_eq!(told(vec![later], vec![]), format!("{weekly}, ainsi qu’à d’autres dates"));
    assert_eq!(told(vec![later], vec![later]), format!("{weekly}, à quelques exceptions près"));
}

#[test]
fn dates_without_a_rule_are_counted() {
    let start = at("2026-10-13T07:00:00Z");
    let dates = |more: Vec<DateTime<Utc>>| Recurrence::new(Tz::Europe__Paris, start, None, more, vec![]).unwrap();
    let two = event(start, Some(dates(vec![at("2026-11-24T08:00:00Z")])));
    assert_eq!(said("fr", &two), "2 dates, du mardi 13 octobre 2026 au mardi 24 novembre 2026 (Europe/Paris)");
    let same_day = event(start, Some(dates(vec![at("2026-10-13T14:00:00Z")])));
    assert_eq!(said("en", &same_day), "2 dates, on Tuesday 13 October 2026 (Europe/Paris)");
    assert_eq!(said("fr", &event(start, Some(dates(vec![])))), "mardi 13 octobre 2026, 09:00–09:45 (Europe/Paris, UTC+2)");
    let many = event(start, Some(dates((1..=200).map(|day| start + TimeDelta::days(day)).collect())));
    assert_eq!(said("fr", &many), "plusieurs dates à partir du mardi 13 octobre 2026, 09:00–09:45 (Europe/Paris)");
    // Nothing is known but instances.
    let mut single = event(start, None);
    let first = single.first();
    single.series.as_mut().unwrap().changed.insert(start, first);
    assert_eq!(said("fr", &single), "mardi 13 octobre 2026, 09:00–09:45 (Europe/Paris, UTC+2)");
}

#[test]
fn the_time_of_day_is_that_of_the_series_own_clock() {
    let event = series_in(Tz::America__Montreal, "2026-10-13T13:00:00Z", "FREQ=WEEKLY");
    let weekly = |zone: &str| format!("chaque semaine, le mardi, 09:00–09:45 ({zone}), sans date de fin");
    assert_eq!(said("fr", &event), weekly("America/Montreal"), "in Paris it is not always 15:00");
    // A clock that always shows the same is called as the reader calls it.
    assert_eq!(said_in(Tz::Europe__Berlin, "fr", &series("FREQ=WEEKLY")), weekly("Europe/Berlin"));
    // On that clock it may be another day than on the reader's.
    let late = series_in(Tz::America__Montreal, "2026-10-14T02:00:00Z", "FREQ=WEEKLY");
    assert_eq!(said("fr", &late), "chaque semaine, le mardi, 22:00–22:45 (America/Montreal), sans date de fin");
}

#[test]
fn long_meetings_end_on_another_day() {
    let mut event = series("FREQ=WEEKLY");
    event.ends_at = event.starts_at + TimeDelta::hours(16);
    assert_eq!(said("fr", &event), "chaque semaine, le mardi, de 09:00 à 01:00 le lendemain (Europe/Paris), sans date de fin");
    event.ends_at = event.starts_at + TimeDelta::hours(48);
    assert_eq!(said("en", &event), "every week on Tuesday, from 09:00 (Europe/Paris), with no end date");
}

#[test]
fn whole_days_have_no_clock() {
    let mut event = series_in(Tz::Europe__Paris, "2026-10-12T22:00:00Z", "FREQ=WEEKLY;UNTIL=20261201");
    event.whole_days = Some(Tz::Europe__Paris);
    event.ends_at = event.starts_at + TimeDelta::days(1);
    let reader = Tz::America__Montreal;
    assert_eq!(said_in(reader, "fr", &event), "chaque semaine, le mardi, toute la journée, jusqu’au mardi 1er décembre 2026");
    event.ends_at = event.starts_at + TimeDelta::days(2);
    assert_eq!(said_in(reader, "en", &event), "every week on Tuesday, 2 days each time, until Tuesday 1 December 2026");
    // Two days of 47 hours are two.
    let spring = series_in(Tz::Europe__Paris, "2027-03-26T23:00:00Z", "FREQ=WEEKLY");
    let spring = MeetingEvent { whole_days: event.whole_days, ends_at: at("2027-03-28T22:00:00Z"), ..spring };
    assert_eq!(said("en", &spring), "every week on Saturday, 2 days each time, with no end date");
    event.series = None;
    assert_eq!(said_in(reader, "fr", &event), "du mardi 13 octobre 2026 au mercredi 14 octobre 2026 inclus");
    event.ends_at = event.starts_at + TimeDelta::days(1);
    assert_eq!(said_in(reader, "en", &event), "Tuesday 13 October 2026, all day");
    // What is not a matter of whole days after all has a clock.
    event.ends_at = event.starts_at + TimeDelta::hours(3);
    assert_eq!(said("fr", &event), "mardi 13 octobre 2026, 00:00–03:00 (Europe/Paris, UTC+2)");
    // The two days on which the clock is set back have 49 hours.
    (event.starts_at, event.ends_at) = (at("2026-10-23T22:00:00Z"), at("2026-10-25T23:00:00Z"));
    assert_eq!(said("fr", &event), "du samedi 24 octobre 2026 au dimanche 25 octobre 2026 inclus");
}
