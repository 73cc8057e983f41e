//! A phone over ActiveSync: SEQUENCE always 0, no VTIMEZONE, unquoted CN, upper-case MAILTO.

use super::super::letter::Invitation;
use super::write::{calendar_lines, calendar_text, message, multipart, part, stamp};
use super::{CalendarAnswer, Mark, answering};

pub(super) fn answer(invitation: &Invitation, answer: &CalendarAnswer, mark: Mark) -> Vec<u8> {
    let letter = &invitation.letter;
    let name: String =
        letter.reader.name.clone().unwrap_or_default().chars().filter(|c| c.is_alphanumeric() || " .-".contains(*c)).collect();
    let (starts, ends) = answer.times(invitation);
    let mut lines: Vec<String> = vec!["BEGIN:VCALENDAR".into(), format!("METHOD:{}", answer.method()), "PRODID:AndroidEmail".into()];
    lines.extend(["VERSION:2.0", "BEGIN:VEVENT", "CLASS:PUBLIC"].map(String::from));
    lines.extend([format!("DTSTART:{}", stamp(starts)), format!("DTEND:{}", stamp(ends)), format!("DTSTAMP:{}", stamp(mark.now))]);
    lines.push(format!("UID:{}", invitation.uid));
    lines.push(format!("SUMMARY:{}", calendar_text(&invitation.summary)));
    lines.push(format!("ATTENDEE;PARTSTAT={};CN={name}:MAILTO:{}", answer.partstat.as_str(), letter.reader.mailbox));
    lines.push(format!("ORGANIZER:MAILTO:{}", letter.writer.mailbox));
    if let Some(comment) = &answer.comment {
        lines.push(format!("COMMENT:{}", calendar_text(comment)));
    }
    lines.extend(["SEQUENCE:0", "STATUS:CONFIRMED", "END:VEVENT", "END:VCALENDAR"].map(String::from));

    let subject = format!("{}{}", answer.verb(false), invitation.summary);
    let message_id = format!("<{}.{}@email.android.com>", mark.id.simple(), mark.now.timestamp_millis());
    let headers = answering(letter, &subject, &message_id, mark);
    let body = multipart(
        "alternative",
        &format!("--_com.android.email_{}", mark.id.simple()),
        &[
            part("text/plain; charset=utf-8", &answer.comment.clone().unwrap_or_default()),
            part(&format!("text/calendar; charset=utf-8; method={}", answer.method()), &calendar_lines(&lines)),
        ],
    );
    message(&headers, &body)
}
