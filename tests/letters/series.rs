//! Whole mails of recurring meetings and of whole days.

use super::desk::{Desk, at};
use super::{readable, text};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use paravent::domain::compose::InvitationKind;
use paravent::domain::occurrence::{Instance, Series};
use paravent::domain::part::Part;
use paravent::domain::series::{Recurrence, Rule};
use std::collections::BTreeMap;

/// A desk whose meeting begins then and recurs by this rule on the clock of Paris, without these instances.
fn desk(language: &str, starts_at: &str, rule: &str, excluded: &[&str]) -> Desk {
    let mut desk = Desk::new(language);
    let (zone, starts_at) = (Tz::Europe__Paris, at(starts_at));
    let rule = Rule::parse(rule, zone, false).unwrap();
    let excluded = excluded.iter().map(|text| at(text)).collect();
    let recurrence = Recurrence::new(zone, starts_at, Some(rule), vec![], excluded).unwrap();
    (desk.event.starts_at, desk.event.ends_at) = (starts_at, starts_at + TimeDelta::minutes(45));
    desk.event.series = Some(Box::new(Series { recurrence: Some(recurrence), ..Series::default() }));
    desk
}

/// Every Tuesday at 14:00, ten times; one is left out, one is moved, and one has another title.
fn changed(language: &str) -> Desk {
    let mut desk = desk(language, "2026-11-24T13:00:00Z", "FREQ=WEEKLY;COUNT=10", &["2026-12-15T13:00:00Z"]);
    let one = |title: &str, starts_at: DateTime<Utc>| {
        let ends_at = starts_at + TimeDelta::minutes(45);
        Instance { title: title.to_owned(), description: None, starts_at, ends_at }
    };
    let title = desk.event.title.clone();
    desk.event.series.as_mut().unwrap().changed = BTreeMap::from([
        (at("2026-12-01T13:00:00Z"), one(&title, at("2026-12-02T09:30:00Z"))),
        (at("2026-12-08T13:00:00Z"), one("Bilan <à trois>", at("2026-12-08T13:00:00Z"))),
    ]);
    desk
}

fn monthly(language: &str) -> Desk {
    let mut desk = desk(language, "2026-10-13T07:00:00Z", "FREQ=MONTHLY;BYDAY=2TU;UNTIL=20270315", &[]);
    desk.event.description = None;
    desk
}

fn of_two_instances(language: &str) -> Desk {
    let mut desk = desk(language, "2026-11-24T13:00:00Z", "FREQ=WEEKLY", &[]);
    let part = Part::Only(["2026-12-01T13:00:00Z", "2026-12-22T13:00:00Z"].into_iter().map(at).collect());
    desk.event = desk.event.for_part(&part).unwrap();
    desk
}

fn whole_days(language: &str, days: i64) -> Desk {
    let mut desk = Desk::new(language);
    desk.event.whole_days = Some(Tz::Europe__Paris);
    desk.event.starts_at = at("2026-11-23T23:00:00Z");
    desk.event.ends_at = desk.event.starts_at + TimeDelta::days(days);
    desk
}

#[test]
fn whole_mails_of_series() {
    for language in ["en", "fr"] {
        // The calendar object is none of the stationery's business.
        let read = |mail: &[u8]| readable(mail).split("\n\n===== text/calendar").next().unwrap().to_owned();
        let shown = |name: &str, mail: &[u8]| insta::assert_snapshot!(format!("{language}-series-{name}"), read(mail));
        let weekly = desk(language, "2026-11-24T13:00:00Z", "FREQ=WEEKLY;BYDAY=TU,TH", &[]);
        shown("weekly-invitation", &weekly.invitation(InvitationKind::New));
        shown("weekly-reply", &weekly.reply(paravent::domain::attendance::PartStat::Accepted, None));
        shown("monthly-invitation", &monthly(language).invitation(InvitationKind::New));
        shown("changed-update", &changed(language).invitation(InvitationKind::Update));
        shown("changed-cancellation", &changed(language).invitation(InvitationKind::Cancellation));
        let mut abroad = changed(language);
        abroad.time_zone = Tz::America__Montreal;
        shown("abroad-summary", &abroad.summary());
        shown("two-instances-invitation", &of_two_instances(language).invitation(InvitationKind::New));
        shown("whole-day-invitation", &whole_days(language, 1).invitation(InvitationKind::New));
        shown("whole-days-invitation", &whole_days(language, 2).invitation(InvitationKind::New));
    }
}

/// The text alternative of an invitation.
fn told(desk: &Desk) -> String {
    let shown = readable(&desk.invitation(InvitationKind::New));
    let text = shown.split("===== text/plain").nth(1).unwrap();
    text.split("=====").next().unwrap().to_owned()
}

#[test]
fn a_list_across_the_clock_change_shows_each_date_on_its_own_clock() {
    let mut desk = desk("fr", "2026-11-10T08:00:00Z", "FREQ=WEEKLY;COUNT=4", &[]);
    desk.event.starts_at = at("2026-10-20T07:00:00Z");
    desk.event.ends_at = at("2026-10-20T07:45:00Z");
    desk.date = at("2026-10-01T09:00:00Z");
    let shown = told(&desk);
    for line in [
        "chaque semaine, le mardi, 09:00–09:45 (Europe/Paris), 4 fois",
        "- mardi 20 octobre 2026, 09:00–09:45 (Europe/Paris, UTC+2)",
        "- mardi 27 octobre 2026, 09:00–09:45 (Europe/Paris, UTC+1)",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    // In Phoenix no clock is changed: the time of the list is.
    desk.time_zone = Tz::America__Phoenix;
    let shown = told(&desk);
    for line in [
        "chaque semaine, le mardi, 09:00–09:45 (Europe/Paris), 4 fois",
        "- mardi 20 octobre 2026, 00:00–00:45 (America/Phoenix, UTC−7)",
        "- mardi 27 octobre 2026, 01:00–01:45 (America/Phoenix, UTC−7)",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
}

#[test]
fn how_many_more_dates_there_are_is_said_where_it_is_known() {
    let more = |rule: &str| {
        let shown = told(&desk("en", "2026-11-24T13:00:00Z", rule, &[]));
        let after = shown.split("Next date").nth(1).map(|list| list.lines().find(|line| line.starts_with("and ")).unwrap_or_default());
        after.map(str::to_owned)
    };
    for (rule, said) in [
        ("FREQ=WEEKLY;COUNT=5", ""),
        ("FREQ=WEEKLY;COUNT=6", "and one more date"),
        ("FREQ=WEEKLY;COUNT=52", "and 47 more dates"),
        ("FREQ=DAILY;COUNT=300", "and more dates"),
        ("FREQ=DAILY", "and more dates"),
        ("FREQ=WEEKLY;UNTIL=20270126", "and 5 more dates"),
        // Thirty of them are known, in as many years; nobody looks so far.
        ("FREQ=YEARLY;COUNT=30", "and more dates"),
    ] {
        assert_eq!(more(rule).as_deref(), Some(said), "{rule}");
    }
    assert_eq!(more("FREQ=WEEKLY;COUNT=1"), None);
}

#[test]
fn a_day_that_was_proposed_is_refused_as_a_day() {
    let shown = readable(&whole_days("en", 1).declined_time((at("2026-11-25T23:00:00Z"), at("2026-11-26T23:00:00Z"))));
    assert!(shown.contains("the time that you proposed: Thursday 26 November 2026, all day."), "{shown}");
}

#[test]
fn what_is_past_is_not_listed() {
    let mut desk = desk("en", "2026-11-03T13:00:00Z", "FREQ=WEEKLY;COUNT=4", &[]);
    let shown = told(&desk);
    assert!(shown.contains("Next date:\n- Tuesday 24 November 2026") && !shown.contains("17 November"), "{shown}");
    desk.date = at("2026-12-01T00:00:00Z");
    let shown = told(&desk);
    assert!(shown.contains("every week on Tuesday") && !shown.contains("Next date"), "{shown}");
}

#[test]
fn a_calendar_object_lists_no_dates() {
    let mail = desk("en", "2026-11-24T13:00:00Z", "FREQ=WEEKLY", &[]).invitation(InvitationKind::New);
    let shown = readable(&mail);
    let object = shown.split("===== text/calendar").nth(1).unwrap();
    assert!(shown.contains("Next dates") && !object.contains("Next dates"), "{object}");
    assert!(text(&mail).split("\r\n").all(|line| line.len() <= 78));
}

#[test]
fn a_title_of_an_instance_stays_a_title() {
    let mut desk = changed("en");
    let hostile = "x\r\nBcc: evil@x.example\r\n\r\n<script>\u{202e}{{phrases}}\0";
    let changed = &mut desk.event.series.as_mut().unwrap().changed;
    changed.values_mut().for_each(|one| one.title = hostile.to_owned());
    for mail in [desk.invitation(InvitationKind::Update), desk.summary()] {
        let shown = readable(&mail);
        assert!(shown.contains(" – x Bcc: evil@x.example <script> {{phrases}}\n"), "{shown}");
        assert!(shown.contains("<strong>x Bcc: evil@x.example &lt;script&gt; {{phrases}}</strong>"), "{shown}");
    }
}

#[test]
fn one_instance_alone_is_a_meeting_like_any_other() {
    let mut desk = desk("fr", "2026-11-24T13:00:00Z", "FREQ=WEEKLY", &[]);
    desk.event = desk.event.for_part(&Part::Only([at("2026-12-01T13:00:00Z")].into())).unwrap();
    let shown = told(&desk);
    assert!(shown.contains("\nmardi 1er décembre 2026, 14:00–14:45 (Europe/Paris, UTC+1)\n") && !shown.contains("Prochaine"), "{shown}");
    let shown = readable(&desk.invitation(InvitationKind::Cancellation));
    assert!(shown.contains("à cette réunion\u{a0}:") && !shown.contains("série"), "{shown}");
}
