//! Outlook with Exchange: no ORGANIZER, one ATTENDEE, the local zone under its Windows name, SUMMARY with the verb.

use super::super::letter::Invitation;
use super::write::{calendar_lines, calendar_text, message, multipart, part, quoted, stamp};
use super::{CalendarAnswer, Mark, answering};
use chrono::{DateTime, Utc};

const ZONE: &str = "Romance Standard Time";

pub(super) fn answer(invitation: &Invitation, answer: &CalendarAnswer, mark: Mark) -> Vec<u8> {
    let letter = &invitation.letter;
    let subject = format!("{}{}", answer.verb(true), invitation.summary);
    let id = mark.id.simple().to_string().to_uppercase();
    let message_id = format!("<PR1P264MB{}@PR1P264MB1234.FRAP264.PROD.OUTLOOK.COM>", id.chars().take(12).collect::<String>());
    let mut headers = answering(letter, &subject, &message_id, mark);
    headers.push(("Thread-Topic", super::header_text(&invitation.summary)));
    headers.push(("Thread-Index", format!("AQHb{}==", id.chars().take(24).collect::<String>())));
    headers.push(("Accept-Language", "fr-FR, en-US".to_owned()));
    headers.push(("Content-Language", "fr-FR".to_owned()));
    headers.push(("X-MS-Has-Attach", String::new()));
    let words = answer.comment.clone().unwrap_or_default();
    let html = format!("<html><body><div>{}</div></body></html>", super::words::html_text(&words));
    let calendar = format!("text/calendar; charset=\"utf-8\"; method={}", answer.method());
    let body = multipart(
        "alternative",
        &format!("_000_PR1P264MB{}_", mark.id.simple()),
        &[
            part("text/plain; charset=\"utf-8\"", &format!("{words}\r\n")),
            part("text/html; charset=\"utf-8\"", &html),
            part(&calendar, &object(invitation, answer, &subject, &words, mark.now)),
        ],
    );
    message(&headers, &body)
}

fn object(invitation: &Invitation, answer: &CalendarAnswer, subject: &str, words: &str, now: DateTime<Utc>) -> String {
    let reader = &invitation.letter.reader;
    let (starts, ends) = answer.times(invitation);
    let mut lines: Vec<String> = vec!["BEGIN:VCALENDAR".into(), format!("METHOD:{}", answer.method())];
    lines.extend(["PRODID:Microsoft Exchange Server 2010", "VERSION:2.0", "BEGIN:VTIMEZONE"].map(String::from));
    lines.push(format!("TZID:{ZONE}"));
    for (kind, from, to, rule) in [
        ("STANDARD", "+0200", "+0100", "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10"),
        ("DAYLIGHT", "+0100", "+0200", "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3"),
    ] {
        let hour = if kind == "STANDARD" { "03" } else { "02" };
        lines.extend([format!("BEGIN:{kind}"), format!("DTSTART:16010101T{hour}0000"), format!("TZOFFSETFROM:{from}")]);
        lines.extend([format!("TZOFFSETTO:{to}"), rule.to_owned(), format!("END:{kind}")]);
    }
    lines.extend(["END:VTIMEZONE".to_owned(), "BEGIN:VEVENT".to_owned()]);
    let name = reader.name.clone().unwrap_or_else(|| reader.mailbox.to_string());
    lines.push(format!("ATTENDEE;PARTSTAT={};CN={}:mailto:{}", answer.partstat.as_str(), quoted(&name), reader.mailbox));
    lines.push(format!("COMMENT;LANGUAGE=fr-FR:{}", calendar_text(&format!("{words}\n"))));
    lines.push(format!("UID:{}", invitation.uid));
    lines.push(format!("SUMMARY;LANGUAGE=fr-FR:{}", calendar_text(subject)));
    lines.push(format!("DTSTART;TZID={ZONE}:{}", local(starts)));
    lines.push(format!("DTEND;TZID={ZONE}:{}", local(ends)));
    lines.extend(["CLASS:PUBLIC", "PRIORITY:5"].map(String::from));
    lines.push(format!("DTSTAMP:{}", stamp(now)));
    lines.extend(["TRANSP:OPAQUE", "STATUS:CONFIRMED"].map(String::from));
    lines.push(format!("SEQUENCE:{}", invitation.sequence));
    if answer.proposal.is_some() {
        lines.push(format!("X-MS-OLK-ORIGINALSTART;TZID={ZONE}:{}", local(invitation.starts_at)));
        lines.push(format!("X-MS-OLK-ORIGINALEND;TZID={ZONE}:{}", local(invitation.ends_at)));
    }
    lines.extend(["LOCATION;LANGUAGE=fr-FR:", "X-MICROSOFT-CDO-APPT-SEQUENCE:0", "X-MICROSOFT-CDO-BUSYSTATUS:BUSY"].map(String::from));
    lines.extend(
        ["X-MICROSOFT-CDO-INTENDEDSTATUS:BUSY", "X-MICROSOFT-CDO-ALLDAYEVENT:FALSE", "END:VEVENT", "END:VCALENDAR"].map(String::from),
    );
    calendar_lines(&lines)
}

fn local(at: DateTime<Utc>) -> String {
    at.with_timezone(&chrono_tz::Europe::Paris).format("%Y%m%dT%H%M%S").to_string()
}
