//! Nothing can be made of it: no words, no parts, no calendar; or nobody can tell who wrote it.

use super::{Finding, Message, ReplyClass};

pub(super) fn evidence(message: &Message<'_>) -> Option<Finding> {
    let mail = message.mail;
    if mail.from_fields > 1 {
        // RFC 5322 §3.6 allows one; which of them DMARC would judge is anybody's guess.
        return Some(Finding::new(ReplyClass::Unreadable, "it has more than one From field"));
    }
    let is_empty = mail.text.trim().is_empty() && message.calendar.is_none() && mail.parts.iter().all(|part| part.bytes.is_empty());
    (is_empty && mail.subject.is_empty() && mail.from.is_empty())
        .then(|| Finding::new(ReplyClass::Unreadable, "it has no sender, no subject and no content"))
}
