//! What is left of Outlook's TNEF (winmail.dat) when it could not be read or understood: it is recognized, so that an answer in it
//! never passes for an attachment. A TNEF that can be read has given way to its content before (`mime/outlook.rs`).

use super::Message;
use crate::domain::mime::{Part, Placement, outlook};

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
    // Without its zeros UTF-16 reads like the narrow spelling.
    let head: Vec<u8> = part.bytes.iter().take(LOOKED_AT).filter(|octet| **octet != 0).map(u8::to_ascii_lowercase).collect();
    let has = |wanted: &[u8]| head.windows(wanted.len()).any(|window| window == wanted);
    let is_meeting = MEETINGS.iter().any(|class| has(class));
    let answer = ANSWERS.iter().find(|(class, _)| is_meeting && has(class)).map(|(_, answer)| *answer);
    match answer {
        Some(answer) => Some(format!("an Outlook message in TNEF (winmail.dat) that cannot be understood; it seems to say {answer}")),
        None if is_meeting || message.mail.text.trim().is_empty() => {
            Some("an Outlook message in TNEF (winmail.dat) that cannot be understood".to_owned())
        }
        None => None,
    }
}

fn is_tnef(part: &Part) -> bool {
    outlook::is_tnef(&part.content_type, &part.bytes)
}
