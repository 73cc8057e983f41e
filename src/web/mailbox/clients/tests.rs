//! Every imitated answer is read by our own reader as what it is.

use super::super::letter::{read_calendar, read_mail};
use super::*;
use crate::domain::address::{Mailbox, NamedMailbox, ReversePath};
use crate::domain::itip::Method;
use crate::domain::thread::MessageId;
use chrono::TimeDelta;

fn now() -> DateTime<Utc> {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn mark() -> Mark {
    Mark { now: now(), id: Uuid::from_u128(0x1234_5678_9abc_def0_1234_5678_9abc_def0) }
}

fn mailbox(text: &str) -> Mailbox {
    Mailbox::parse(text).unwrap()
}

fn letter() -> Letter {
    Letter {
        reader: NamedMailbox::new("Léa \"la\" Petit", mailbox("lea.petit@cabinet.example")),
        writer: NamedMailbox::new("Service médical", mailbox("oaabcdefgh@visio.example")),
        message_id: MessageId::parse("<m1@visio.example>"),
        subject: "Avis médical; suite, et fin".into(),
        text: "Bonjour,\nvous êtes invitée.".into(),
        reverse_path: ReversePath::Mailbox(mailbox("baabcdefgh@visio.example")),
        at: now(),
    }
}

fn invitation() -> Invitation {
    Invitation {
        letter: letter(),
        uid: "01994d3e-0000-7000-8000-000000000001@visio.example".into(),
        sequence: 2,
        summary: "Avis médical; suite, et fin d'un sujet assez long pour être plié".into(),
        starts_at: now() + TimeDelta::hours(1),
        ends_at: now() + TimeDelta::hours(2),
    }
}

const COMMENT: &str = "Très volontiers, à 14 h; merci\nL. P.";

#[test]
fn every_client_answers_in_a_form_that_is_read() {
    for (client, name, _) in Client::ALL {
        for partstat in [PartStat::Accepted, PartStat::Tentative, PartStat::Declined] {
            let answer = CalendarAnswer { partstat, comment: Some(COMMENT.into()), proposal: None };
            let mail = read_mail(&calendar_answer(client, &invitation(), &answer, mark()));
            assert_eq!(mail.author().unwrap().mailbox, letter().reader.mailbox, "{name}");
            assert_eq!(mail.to[0].mailbox, letter().writer.mailbox, "{name}");
            assert_eq!(mail.in_reply_to, [letter().message_id.unwrap()], "{name}");
            assert!(mail.subject.ends_with("fin d'un sujet assez long pour être plié"), "{name}: {}", mail.subject);
            let calendar = read_calendar(&mail).unwrap();
            assert_eq!(calendar.method, Some(Method::Reply), "{name}");
            let event = calendar.main_event().unwrap();
            assert_eq!(event.uid, invitation().uid, "{name}");
            assert_eq!(event.start.as_ref().unwrap().instant(), Some(invitation().starts_at), "{name}");
            assert_eq!(event.end.as_ref().unwrap().instant(), Some(invitation().ends_at), "{name}");
            let [attendee] = event.attendees.as_slice() else { panic!("{name}: {:?}", event.attendees) };
            assert_eq!((attendee.partstat, attendee.address.as_str()), (partstat, "lea.petit@cabinet.example"), "{name}");
            assert!(event.comments.iter().any(|comment| comment.trim() == COMMENT), "{name}: {:?}", event.comments);
        }
    }
}

#[test]
fn each_client_keeps_its_peculiarity() {
    let answer = CalendarAnswer { partstat: PartStat::Accepted, comment: None, proposal: None };
    let read = |client| {
        let mail = read_mail(&calendar_answer(client, &invitation(), &answer, mark()));
        let calendar = read_calendar(&mail).unwrap();
        (mail, calendar.main_event().unwrap().clone())
    };
    assert_eq!(read(Client::Exchange).1.organizer, None);
    assert_eq!(read(Client::Android).1.sequence, 0);
    assert_eq!(read(Client::Gmail).1.sequence, 2);
    let (apple, _) = read(Client::Apple);
    assert!(apple.calendars.iter().all(|part| part.method.is_none()));
    let (thunderbird, _) = read(Client::Thunderbird);
    assert_eq!(thunderbird.content_type, "multipart/mixed");
}

#[test]
fn a_proposal_is_a_counter_with_the_new_times() {
    let (starts, ends) = (now() + TimeDelta::hours(25), now() + TimeDelta::hours(26));
    for (client, name, _) in Client::ALL {
        let answer = CalendarAnswer { partstat: PartStat::Tentative, comment: None, proposal: Some((starts, ends)) };
        let calendar = read_calendar(&read_mail(&calendar_answer(client, &invitation(), &answer, mark()))).unwrap();
        assert_eq!(calendar.method, Some(Method::Counter), "{name}");
        let event = calendar.main_event().unwrap();
        assert_eq!(event.start.as_ref().unwrap().instant(), Some(starts), "{name}");
        assert_eq!(event.end.as_ref().unwrap().instant(), Some(ends), "{name}");
    }
}

#[test]
fn words_quote_the_original_and_may_come_from_elsewhere() {
    let mail = read_mail(&words(&letter(), "Je serai là.\n<b>Merci</b>", None, mark()));
    assert!(mail.text.starts_with("Je serai là.\r\n<b>Merci</b>") || mail.text.starts_with("Je serai là.\n<b>Merci</b>"), "{}", mail.text);
    assert!(mail.text.contains("> vous êtes invitée."));
    assert!(mail.html.as_ref().unwrap().contains("&lt;b&gt;Merci&lt;/b&gt;"));
    assert!(mail.calendars.is_empty());
    let other = NamedMailbox::bare(mailbox("lea@perso.example"));
    assert_eq!(read_mail(&words(&letter(), "C'est moi", Some(&other), mark())).author().unwrap().mailbox, other.mailbox);
}

#[test]
fn bounces_are_reports_to_the_return_path() {
    let return_path = mailbox("baabcdefgh@visio.example");
    for (kind, action, status) in
        [(Bounce::Hard, "failed", "5.1.1"), (Bounce::Soft, "failed", "4.2.2"), (Bounce::Delayed, "delayed", "4.4.1")]
    {
        let mail = read_mail(&bounce(&letter(), kind, &return_path, mark()));
        assert_eq!(mail.content_type, "multipart/report");
        assert_eq!(mail.parameter("report-type"), Some("delivery-status"));
        assert_eq!(mail.to[0].mailbox, return_path);
        let report = mail.parts.iter().find(|part| part.content_type == "message/delivery-status").unwrap();
        let text = String::from_utf8(report.bytes.clone()).unwrap();
        assert!(text.contains(&format!("Action: {action}")) && text.contains(&format!("Status: {status}")), "{text}");
    }
}

#[test]
fn automatic_answers_say_so() {
    let absent = read_mail(&away(&letter(), mark()));
    assert_eq!(absent.header("Auto-Submitted"), Some("auto-generated"));
    assert!(absent.text.contains("absent du bureau"));
    let read = read_mail(&receipt(&letter(), mark()));
    assert_eq!(read.parameter("report-type"), Some("disposition-notification"));
}

#[test]
fn no_line_is_longer_than_its_standard_allows() {
    for (client, name, _) in Client::ALL {
        let answer = CalendarAnswer { partstat: PartStat::Accepted, comment: Some("é".repeat(500)), proposal: None };
        let raw = calendar_answer(client, &invitation(), &answer, mark());
        for line in String::from_utf8(raw.clone()).unwrap().split("\r\n") {
            assert!(line.len() <= 200 && !line.contains('\n'), "{name}: {line}");
        }
        for line in String::from_utf8(read_mail(&raw).calendars[0].bytes.clone()).unwrap().split("\r\n") {
            assert!(line.len() <= 75, "{name}: {line}");
        }
    }
}
