//! A person's words: what nothing above claims.

use super::{Finding, Message, ReplyClass};

pub(super) fn evidence(_: &Message<'_>) -> Option<Finding> {
    Some(Finding::new(ReplyClass::Human, "nothing shows a machine: a person's words"))
}
