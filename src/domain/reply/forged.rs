//! The guest's own address, and nothing proves it.

use super::{Finding, Message, ReplyClass};

pub(super) fn evidence(message: &Message<'_>) -> Option<Finding> {
    let is_forged = message.context.sender_is_expected == Some(true) && !message.context.authentication.aligned;
    is_forged.then(|| Finding::new(ReplyClass::Forged, "it bears the guest's address, and neither SPF nor DKIM proves it"))
}
