//! Mail that circles: it carries our mark, or has passed too many servers.

use super::{Finding, Message, ReplyClass};

/// Most Received fields of a mail that goes straight (RFC 5321 §6.3 asks for at least 100 before giving up on
/// transport; a mail to our alias never needs so many).
const RECEIVED_MAX: usize = 25;

pub(super) fn evidence(message: &Message<'_>) -> Option<Finding> {
    if message.context.looped {
        return Some(Finding::new(ReplyClass::Loop, "it carries our own mark or comes from our own address"));
    }
    let received = message.mail.header_all("Received").count();
    (received > RECEIVED_MAX).then(|| Finding::new(ReplyClass::Loop, format!("it passed {received} servers")))
}
