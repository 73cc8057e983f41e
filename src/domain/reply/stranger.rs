//! Somebody else answers with this guest's alias.

use super::{Finding, Message, ReplyClass};

pub(super) fn evidence(message: &Message<'_>) -> Option<Finding> {
    (message.context.sender_is_expected == Some(false)).then(|| Finding::new(ReplyClass::Stranger, "its sender is not the alias's guest"))
}
