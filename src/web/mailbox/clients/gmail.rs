//! Gmail: echoes the whole event in UTC with X-MICROSOFT and X-NUM-GUESTS properties; the object is in the alternative
//! and attached again as `invite.ics`.

use super::super::letter::Invitation;
use super::write::{calendar_lines, calendar_text, message, multipart, part, stamp};
use super::{CalendarAnswer, Mark, answering};

pub(super) fn answer(invitation: &Invitation, answer: &CalendarAnswer, mark: Mark) -> Vec<u8> {
    let letter = &invitation.letter;
    let name = letter.reader.name.clone().unwrap_or_else(|| letter.reader.mailbox.to_string());
    let (starts, ends) = answer.times(invitation);
    let mut lines: Vec<String> =
        ["BEGIN:VCALENDAR", "PRODID:-//Google Inc//Google Calendar 70.9054//EN", "VERSION:2.0", "CALSCALE:GREGORIAN"]
            .map(String::from)
            .to_vec();
    lines.push(format!("METHOD:{}", answer.method()));
    lines.push("BEGIN:VEVENT".into());
    lines.extend([format!("DTSTART:{}", stamp(starts)), format!("DTEND:{}", stamp(ends)), format!("DTSTAMP:{}", stamp(mark.now))]);
    lines.push(format!("ORGANIZER;CN={}:mailto:{}", letter.writer.mailbox, letter.writer.mailbox));
    lines.push(format!("UID:{}", invitation.uid));
    lines.push(format!(
        "ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT={};CN={};X-NUM-GUESTS=0:mailto:{}",
        answer.partstat.as_str(),
        super::write::quoted(&name),
        letter.reader.mailbox
    ));
    if let Some(comment) = &answer.comment {
        lines.push(format!("COMMENT:{}", calendar_text(comment)));
    }
    lines.push("X-MICROSOFT-CDO-OWNERAPPTID:-1271034569".into());
    lines.extend([format!("CREATED:{}", stamp(mark.now)), format!("LAST-MODIFIED:{}", stamp(mark.now))]);
    lines.push(format!("SEQUENCE:{}", invitation.sequence));
    lines.push("STATUS:CONFIRMED".into());
    lines.push(format!("SUMMARY:{}", calendar_text(&invitation.summary)));
    lines.extend(["TRANSP:OPAQUE", "END:VEVENT", "END:VCALENDAR"].map(String::from));
    let object = calendar_lines(&lines);

    let said = format!("{}{}\r\n\r\n{}\r\n", answer.verb(false), invitation.summary, answer.comment.clone().unwrap_or_default());
    let subject = format!("{}{}", answer.verb(false), invitation.summary);
    let message_id = format!("<CA+{}@mail.gmail.com>", mark.id.simple());
    let mut headers = answering(letter, &subject, &message_id, mark);
    headers.push(("Sender", "Google Calendar <calendar-notification@google.com>".to_owned()));
    headers.push(("Reply-To", super::address(&letter.reader)));
    let boundary = format!("000000000000{}", mark.id.simple());
    let inner = multipart(
        "alternative",
        &format!("{boundary}a"),
        &[
            part("text/plain; charset=\"UTF-8\"; format=flowed; delsp=yes", &said),
            part("text/html; charset=\"UTF-8\"", &format!("<div>{}</div>", super::words::html_text(&said))),
            part(&format!("text/calendar; charset=\"UTF-8\"; method={}", answer.method()), &object),
        ],
    );
    let attached = part("application/ics; name=\"invite.ics\"\r\nContent-Disposition: attachment; filename=\"invite.ics\"", &object);
    message(&headers, &multipart("mixed", &boundary, &[inner, attached]))
}
