//! The same delivery again: the flow compared it with what was committed.

use super::{Finding, Message, ReplyClass};

pub(super) fn evidence(message: &Message<'_>) -> Option<Finding> {
    message.context.duplicate.then(|| Finding::new(ReplyClass::Duplicate, "the same delivery was committed before"))
}
