//! The meeting is over, or the token revoked.

use super::{Finding, Message, ReplyClass};

pub(super) fn evidence(message: &Message<'_>) -> Option<Finding> {
    message.context.over.then(|| Finding::new(ReplyClass::Expired, "the meeting is over or the address was withdrawn"))
}
