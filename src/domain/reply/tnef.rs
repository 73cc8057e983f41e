//! Outlook's own form of a calendar answer: TNEF (winmail.dat), sent over POP and IMAP. It isn't read yet; it is
//! recognized, so that an answer in it never passes for an attachment.

use super::Message;
use crate::domain::mime::{Part, Placement};

/// The first octets of every TNEF stream (MS-OXTNEF §2.1.3.1), little-endian.
const SIGNATURE: [u8; 4] = [0x78, 0x9f, 0x3e, 0x22];
/// The message class stands among the first attributes.
const LOOKED_AT: usize = 16 * 1024;
/// Message classes of meetings begin so, in the old and the new spelling.
const MEETINGS: [&[u8]; 2] = [b"ipm.schedule.meeting", b"ipm.microsoft schedule.mtg"];
/// What the end of the class says, in both spellings.
const ANSWERS: [(&[u8], &str); 6] = [
    (b"resp.pos", "accepted"),
    (b"resp.neg", "declined"),
    (b"resp.tent", "tentative"),
    (b"mtgrespp", "accepted"),
    (b"mtgrespn", "declined"),
    (b"mtgrespa", "tentative"),
];

/// Why the message must wait for a person, when it is a meeting in TNEF, or TNEF with nothing beside it.
pub(super) fn reason(message: &Message<'_>) -> Option<String> {
    let part = message.mail.parts.iter().find(|part| part.placement != Placement::Embedded && is_tnef(part))?;
    let head: Vec<u8> = part.bytes.iter().take(LOOKED_AT).map(u8::to_ascii_lowercase).collect();
    let has = |wanted: &[u8]| head.windows(wanted.len()).any(|window| window == wanted);
    let is_meeting = MEETINGS.iter().any(|class| has(class));
    let answer = ANSWERS.iter().find(|(class, _)| is_meeting && has(class)).map(|(_, answer)| *answer);
    match answer {
        Some(answer) => Some(format!("an Outlook reply in TNEF form (winmail.dat), which is not read; it seems to say {answer}")),
        None if is_meeting || message.mail.text.trim().is_empty() => {
            Some("an Outlook reply in TNEF form (winmail.dat), which is not read".to_owned())
        }
        None => None,
    }
}

fn is_tnef(part: &Part) -> bool {
    matches!(part.content_type.as_str(), "application/ms-tnef" | "application/vnd.ms-tnef") || part.bytes.starts_with(&SIGNATURE)
}
