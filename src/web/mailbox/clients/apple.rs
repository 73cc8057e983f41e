//! Apple Mail: alternative{plain, mixed{html, attached object}}; quoted-printable, and no `method` in the Content-Type.

use super::super::letter::Invitation;
use super::write::{calendar_lines, calendar_text, message, multipart, quoted, quoted_printable_part, stamp};
use super::{CalendarAnswer, Mark, answering};

pub(super) fn answer(invitation: &Invitation, answer: &CalendarAnswer, mark: Mark) -> Vec<u8> {
    let letter = &invitation.letter;
    let name = letter.reader.name.clone().unwrap_or_else(|| letter.reader.mailbox.to_string());
    let (starts, ends) = answer.times(invitation);
    let mut lines: Vec<String> = vec!["BEGIN:VCALENDAR".into(), "CALSCALE:GREGORIAN".into(), format!("METHOD:{}", answer.method())];
    lines.extend(["PRODID:-//Apple Inc.//macOS 14.6.1//EN", "VERSION:2.0", "BEGIN:VEVENT"].map(String::from));
    lines.push(format!(
        "ATTENDEE;CN={};CUTYPE=INDIVIDUAL;EMAIL={};PARTSTAT={}:mailto:{}",
        quoted(&name),
        quoted(&letter.reader.mailbox.to_string()),
        answer.partstat.as_str(),
        letter.reader.mailbox
    ));
    if let Some(comment) = &answer.comment {
        lines.push(format!("COMMENT:{}", calendar_text(comment)));
    }
    lines.extend([format!("DTEND:{}", stamp(ends)), format!("DTSTAMP:{}", stamp(mark.now)), format!("DTSTART:{}", stamp(starts))]);
    lines.push(format!("ORGANIZER:mailto:{}", letter.writer.mailbox));
    lines.extend([format!("SEQUENCE:{}", invitation.sequence), format!("SUMMARY:{}", calendar_text(&invitation.summary))]);
    lines.push(format!("UID:{}", invitation.uid));
    lines.extend(["END:VEVENT", "END:VCALENDAR"].map(String::from));

    let said = format!("{name} : {}{}\r\n{}", answer.verb(false), invitation.summary, answer.comment.clone().unwrap_or_default());
    let subject = format!("{}{}", answer.verb(false), invitation.summary);
    let message_id = format!("<{}@icloud.example>", mark.id.hyphenated().to_string().to_uppercase());
    let mut headers = answering(letter, &subject, &message_id, mark);
    headers.push(("X-Mailer", "Apple Mail (2.3776.700.51)".to_owned()));
    let boundary = format!("Apple-Mail=_{}", mark.id.hyphenated().to_string().to_uppercase());
    let attached = "text/calendar; charset=utf-8; name=\"iCal-reply.ics\"\r\nContent-Disposition: attachment; filename=\"iCal-reply.ics\"";
    let mixed = multipart(
        "mixed",
        &format!("{boundary}-2"),
        &[
            quoted_printable_part("text/html; charset=utf-8", &format!("<html><body>{}</body></html>", super::words::html_text(&said))),
            quoted_printable_part(attached, &calendar_lines(&lines)),
        ],
    );
    message(&headers, &multipart("alternative", &boundary, &[quoted_printable_part("text/plain; charset=utf-8", &said), mixed]))
}
