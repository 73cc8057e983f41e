//! Thunderbird: mixed{alternative{plain, calendar}, application/ics}; the whole event with one ATTENDEE, in a named zone.

use super::super::letter::Invitation;
use super::write::{calendar_lines, calendar_text, message, multipart, part, quoted, stamp};
use super::{CalendarAnswer, Mark, answering};

pub(super) fn answer(invitation: &Invitation, answer: &CalendarAnswer, mark: Mark) -> Vec<u8> {
    let letter = &invitation.letter;
    let name = letter.reader.name.clone().unwrap_or_else(|| letter.reader.mailbox.to_string());
    let (starts, ends) = answer.times(invitation);
    let mut lines: Vec<String> =
        ["BEGIN:VCALENDAR", "PRODID:-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN", "VERSION:2.0"].map(String::from).to_vec();
    lines.extend([format!("METHOD:{}", answer.method()), "BEGIN:VEVENT".to_owned()]);
    lines.extend([
        format!("CREATED:{}", stamp(mark.now)),
        format!("LAST-MODIFIED:{}", stamp(mark.now)),
        format!("DTSTAMP:{}", stamp(mark.now)),
    ]);
    lines.extend([
        format!("UID:{}", invitation.uid),
        format!("SUMMARY:{}", calendar_text(&invitation.summary)),
        "STATUS:CONFIRMED".to_owned(),
    ]);
    lines.push(format!("ORGANIZER:mailto:{}", letter.writer.mailbox));
    lines.push(format!(
        "ATTENDEE;CN={};PARTSTAT={};ROLE=REQ-PARTICIPANT:mailto:{}",
        quoted(&name),
        answer.partstat.as_str(),
        letter.reader.mailbox
    ));
    if let Some(comment) = &answer.comment {
        lines.push(format!("COMMENT:{}", calendar_text(comment)));
    }
    lines.extend([format!("DTSTART:{}", stamp(starts)), format!("DTEND:{}", stamp(ends)), format!("SEQUENCE:{}", invitation.sequence)]);
    lines.extend(["TRANSP:OPAQUE", "X-MOZ-RECEIVED-SEQUENCE:0", "END:VEVENT", "END:VCALENDAR"].map(String::from));
    let object = calendar_lines(&lines);

    let subject = format!("{}{}", answer.verb(false), invitation.summary);
    let said = format!("{name} - {}{}\r\n{}\r\n", answer.verb(false), invitation.summary, answer.comment.clone().unwrap_or_default());
    let message_id = format!("<{}@{}>", mark.id, letter.reader.mailbox.domain());
    let mut headers = answering(letter, &subject, &message_id, mark);
    headers.push(("User-Agent", "Mozilla Thunderbird".to_owned()));
    let boundary = format!("------------{}", mark.id.simple());
    let inner = multipart(
        "alternative",
        &format!("{boundary}0"),
        &[
            part("text/plain; charset=UTF-8; format=flowed", &said),
            part(&format!("text/calendar; charset=UTF-8; method={}", answer.method()), &object),
        ],
    );
    let attached = part("application/ics; name=\"invite.ics\"\r\nContent-Disposition: attachment; filename=\"invite.ics\"", &object);
    message(&headers, &multipart("mixed", &boundary, &[inner, attached]))
}
