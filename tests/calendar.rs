//! Organizers' invitations (`fixtures/invites/NN-slug`) read and understood, with LF and CRLF; and mail that is made
//! to break a reader.

// Helpers of tests are not seen as tests by clippy.
#![allow(clippy::unwrap_used)]

use chrono::{DateTime, SecondsFormat, Utc};
use paravent::domain::address::Mailbox;
use paravent::domain::compose::Problem;
use paravent::domain::invitation::{Ask, Said, plan};
use paravent::domain::itip::{self, EventTime};
use paravent::domain::language::Language;
use paravent::domain::mime::{self, InboundMail, MimeLimits, Placement};
use paravent::domain::organizer::{Anonymity, Group, Organizer};
use paravent::domain::token::AliasDomain;
use serde_json::{Value, json};
use std::path::Path;

/// Claire Bernard, of the directory.
fn claire() -> Organizer {
    let group = Group {
        name: "medical".into(),
        label: "Service médical".into(),
        anonymity: Anonymity::Anonymous,
        language: Language::parse("fr").unwrap(),
        time_zone: chrono_tz::Europe::Paris,
        allow_counter: true,
    };
    Organizer {
        id: serde_json::from_value(json!("00000000-0000-0000-0000-000000000001")).unwrap(),
        mailbox: Mailbox::parse("claire.bernard@agence.example").unwrap(),
        aliases: vec![],
        name: "Claire Bernard".into(),
        language: Language::parse("fr").unwrap(),
        secrets: vec![],
        group,
        active: true,
    }
}

/// `NoClockTime` as `no-clock-time`.
fn kebab(problem: Problem) -> String {
    let mut text = String::new();
    for c in format!("{problem:?}").chars() {
        if c.is_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

fn instant(time: Option<&EventTime>) -> Value {
    time.and_then(EventTime::instant).map_or(Value::Null, seconds)
}

fn seconds(instant: DateTime<Utc>) -> Value {
    instant.to_rfc3339_opts(SecondsFormat::Secs, true).into()
}

fn empty(problem: &str) -> Value {
    json!({"method": null, "uid": null, "sequence": null, "title": null, "starts_at": null, "ends_at": null,
        "organizer": null, "guests": [], "series": false, "problem": problem, "invited": [], "remarks": []})
}

/// What we make of the message, in the words of `expected.json`.
fn facts(mail: &InboundMail) -> Value {
    let Some(calendar) = mail.calendars.iter().find(|calendar| !calendar.embedded) else { return empty("no-calendar") };
    let Ok(object) = itip::read(&calendar.bytes) else { return empty("broken-calendar") };
    let organizer = claire();
    let guest_domain = AliasDomain::parse("guest.visio.example").unwrap();
    let now: DateTime<Utc> = "2026-06-01T08:00:00Z".parse().unwrap();
    let planned =
        plan(&object, &Ask { organizer: &organizer, recipients: None, guest_domain: &guest_domain, max_guests: 50, known: None, now });
    let (problem, invited, remarks, said) = match planned {
        Ok(plan) => (Value::Null, plan.invited, plan.remarks, plan.said),
        Err(problems) => (kebab(problems.last().unwrap().0).into(), vec![], vec![], Said::default()),
    };
    let mut facts = empty("");
    facts["method"] = object.method.as_ref().map(|method| method.as_str()).into();
    facts["problem"] = problem;
    facts["invited"] = invited.iter().map(|invited| invited.guest.mailbox.to_string()).collect();
    facts["remarks"] = remarks.iter().map(|(problem, _)| kebab(*problem)).collect();
    if let Some(event) = object.main_event() {
        let guests = event.attendees.iter().filter_map(|attendee| attendee.mailbox.as_ref());
        facts["uid"] = event.uid.clone().into();
        facts["sequence"] = event.sequence.into();
        facts["title"] = event.summary.clone().into();
        facts["starts_at"] = instant(event.start.as_ref());
        facts["ends_at"] = instant(event.end.as_ref());
        facts["organizer"] = event.organizer.as_ref().map(|named| named.mailbox.to_string()).into();
        facts["guests"] = guests.filter(|named| !organizer.owns(&named.mailbox)).map(|named| named.mailbox.to_string()).collect();
        // Times without a zone are the organizer's.
        if let Some(whole) = said.whole {
            facts["starts_at"] = seconds(whole.event.starts_at);
            facts["ends_at"] = seconds(whole.event.ends_at);
        }
        for (id, one) in said.instances {
            let instance = one.instance.map_or(Value::Null, |instance| json!([seconds(instance.starts_at), seconds(instance.ends_at)]));
            facts["instances"][id.to_rfc3339_opts(SecondsFormat::Secs, true)] = instance;
        }
        facts["series"] = event.recurs.is_some().into();
    }
    facts
}

fn read(raw: &[u8]) -> InboundMail {
    mime::read(raw, &MimeLimits::default())
}

fn crlf(lf: &[u8]) -> Vec<u8> {
    lf.split_inclusive(|b| *b == b'\n').flat_map(|line| [line.strip_suffix(b"\n").unwrap_or(line), b"\r\n"].concat()).collect()
}

#[test]
fn every_invitation_is_understood() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/invites");
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let case = entry.unwrap().path();
        let message = std::fs::read(case.join("message.eml")).unwrap();
        let expected: Value = serde_json::from_slice(&std::fs::read(case.join("expected.json")).unwrap()).unwrap();
        assert!(case.join("why.md").exists(), "{} has no why.md", case.display());
        assert!(!message.contains(&b'\r'), "{} must have LF alone", case.display());
        count += 1;
        for (ends, raw) in [("LF", message.clone()), ("CRLF", crlf(&message))] {
            let facts = facts(&read(&raw));
            if facts != expected {
                wrong.push(format!("{} with {ends}:\n  read     {facts}\n  expected {expected}", case.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 25, "only {count} fixtures");
}

#[test]
fn headers_and_words() {
    let mail = read(
        "From: A <a@b.example>\nFrom: c@d.example\nTo: =?utf-8?q?L=C3=A9a?= <lea@b.example>, broken@, undisclosed: x@y.example;\n\
         Subject: =?utf-8?q?Bon?= =?utf-8?q?jour?=\n a tous\nMessage-ID: <1@x>\nReferences: <0@x> <00@x>\nDate: Mon, 1 Jun 2026 09:30:00 +0200\n\
         Content-Type: text/plain; charset=iso-8859-1; format=flowed\nContent-Transfer-Encoding: quoted-printable\n\nBonjour=20\n=E0 tous=\n.\n"
            .as_bytes(),
    );
    assert_eq!((mail.from_fields, mail.from.len(), mail.author()), (2, 2, None));
    assert_eq!(mail.to.iter().map(|named| named.mailbox.local()).collect::<Vec<_>>(), ["lea", "x"]);
    assert_eq!(mail.subject, "Bonjour a tous");
    assert_eq!(mail.text, "Bonjour à tous.");
    assert_eq!((mail.references.len(), mail.message_id.unwrap().as_str().to_owned()), (2, "1@x".to_owned()));
    assert_eq!(mail.date.unwrap().to_rfc3339(), "2026-06-01T07:30:00+00:00");
}

#[test]
fn parts_have_their_place() {
    let mail = read(
        b"From: a@b.example\nContent-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: multipart/related; boundary=r\n\n--r\n\
          Content-Type: multipart/alternative; boundary=a\n\n--a\n\nwords\n--a\nContent-Type: text/html\n\n<b>words</b>\n--a--\n--r\n\
          Content-Type: image/png\nContent-ID: <i@x>\nContent-Transfer-Encoding: base64\n\naW1n\n--r--\n--m\n\
          Content-Type: text/plain; name=\"=?utf-8?q?=C3=A9?=.txt\"\nContent-Disposition: attachment\n\nfile\n--m\n\
          Content-Type: message/rfc822\n\nSubject: inner\nMessage-ID: <in@x>\n\ninner words\n--m--\n",
    );
    let seen: Vec<_> = mail.parts.iter().map(|part| (part.content_type.as_str(), part.placement, part.depth)).collect();
    assert_eq!(
        seen,
        [
            ("text/plain", Placement::Body, 3),
            ("text/html", Placement::Body, 3),
            ("image/png", Placement::Inline, 2),
            ("text/plain", Placement::Attachment, 1),
            ("text/rfc822-headers", Placement::Embedded, 2),
            ("text/plain", Placement::Embedded, 2),
        ]
    );
    assert_eq!((mail.text.as_str(), mail.html.as_deref()), ("words", Some("<b>words</b>")));
    assert_eq!(mail.parts[2].bytes, b"img");
    assert_eq!(mail.parts[3].file_name.as_deref(), Some("é.txt"));
    assert!(mail.parts[4].bytes.starts_with(b"Subject: inner"));
}

#[test]
fn a_report_keeps_its_parts_and_its_copy_is_evidence_only() {
    let mail = read(
        b"From: MAILER-DAEMON@mx.example\nContent-Type: multipart/report; report-type=delivery-status; boundary=r\n\n--r\n\nNot delivered.\n--r\n\
          Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nAction: failed\n--r\nContent-Type: message/rfc822\n\n\
          Subject: x\nContent-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nEND:VCALENDAR\n--r--\n",
    );
    let status = mail.parts.iter().find(|part| part.content_type == "message/delivery-status").unwrap();
    assert_eq!(status.bytes, b"Reporting-MTA: dns; mx.example\n\nAction: failed");
    assert_eq!(mail.calendars.iter().map(|calendar| calendar.embedded).collect::<Vec<_>>(), [true]);
    assert_eq!(mail.text, "Not delivered.");
    assert_eq!(mail.parameter("report-type"), Some("delivery-status"));
}

#[test]
fn calendars_are_found_once_the_own_first() {
    let calendar = "BEGIN:VCALENDAR\nMETHOD:REPLY\nEND:VCALENDAR";
    let mail = read(
        format!(
            "From: a@b.example\nContent-Type: multipart/mixed; boundary=m\n\n--m\nContent-Type: message/rfc822\n\n\
             Content-Type: text/calendar\n\nBEGIN:VCALENDAR\nEND:VCALENDAR\n--m\nContent-Type: application/octet-stream; name=REPLY.ICS\n\n{calendar}\n--m\n\
             Content-Type: text/calendar; method=REPLY\n\n{calendar}\n--m\n\n{calendar} \n--m--\n"
        )
        .as_bytes(),
    );
    let seen: Vec<_> = mail.calendars.iter().map(|found| (found.method.as_deref(), found.embedded)).collect();
    assert_eq!(seen, [(Some("REPLY"), false), (None, false), (None, true)]);
    assert_eq!(mail.text, "", "a bare calendar is no words");
}

/// Limits hold, nothing panics, and no step is quadratic (a quadratic one would take hours here, so that the
/// test would never end).
#[test]
fn mail_made_to_break_a_reader() {
    let limits = MimeLimits::default();
    let deep: String = (0..1_000).map(|level| format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n")).collect();
    let mail = mime::read(deep.as_bytes(), &limits);
    assert!(mail.truncated && mail.parts.len() == 1);

    let nested = "Content-Type: message/rfc822\n\n".repeat(1_000);
    let mail = mime::read(nested.as_bytes(), &limits);
    assert!(mail.truncated && mail.parts.len() <= limits.depth + 2);

    let wide = format!("Content-Type: multipart/mixed; boundary=b\n\n{}", "--b\n\nx\n".repeat(100_000));
    let mail = mime::read(wide.as_bytes(), &limits);
    assert!(mail.truncated && mail.parts.len() == limits.parts);

    let giant = format!("Subject: {}\nTo: {}\n\nx", "a ".repeat(2_000_000), "=?utf-8?q?x?= <a@b.example>, ".repeat(50_000));
    let mail = mime::read(giant.as_bytes(), &limits);
    assert_eq!((mail.to.len(), mail.text.as_str()), (50_000, "x"));

    let fields = "X: y\n".repeat(500_000);
    assert_eq!(mime::read(fields.as_bytes(), &limits).headers.len(), 500_000);

    for bomb in ["=?a?q?", "=?utf-8?b?", "?=", "(", "\"", "<", ";a=", "a*0*=", "\\", "@"] {
        let value = bomb.repeat(100_000);
        let raw = format!(
            "From: {value}\nSubject: {value}\nContent-Type: multipart/mixed; {value}\nDate: {value}\nReferences: {value}\n\n{value}"
        );
        mime::read(raw.as_bytes(), &limits);
    }
    for bytes in [&b""[..], b"\n", b"\r\n\r\n", b":", b"\0\0\0", b"From", b"Content-Type: multipart/mixed; boundary=\"\"\n\n--\n--\n"] {
        mime::read(bytes, &limits);
    }
}

/// The same for calendar objects.
#[test]
fn objects_made_to_break_a_reader() {
    let of = |inner: String| format!("BEGIN:VCALENDAR\n{inner}\nEND:VCALENDAR\n");
    for bomb in ["\"", "a=\"", ";a=\"b\"", ",", ":", ";", "\\", "^", "x\n", "=\n", "%41"] {
        let _ = itip::read(
            of(format!(
                "BEGIN:VEVENT\nATTENDEE;CN={}\nDESCRIPTION;ENCODING=QUOTED-PRINTABLE:=\n{}",
                bomb.repeat(100_000),
                bomb.repeat(20_000)
            ))
            .as_bytes(),
        );
    }
    assert!(itip::read(of("BEGIN:X\n".repeat(1_000)).as_bytes()).is_err());
    let zone = format!("BEGIN:VTIMEZONE\nTZID:x\n{}END:VTIMEZONE\n", "BEGIN:STANDARD\nDTSTART:20000101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;BYDAY=5SU;BYMONTH=99\nEND:STANDARD\n".repeat(5_000));
    let many = "BEGIN:VEVENT\nDTSTART;TZID=x:20260101T000000\nEND:VEVENT\n".repeat(5_000);
    assert_eq!(itip::read(of(zone + &many).as_bytes()).unwrap().events.len(), 5_000);
}
