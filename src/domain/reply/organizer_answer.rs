//! The organizer writes to a guest: whatever reaches a guest's alias and is not automatic.

use super::{Door, Finding, Message, ReplyClass};

pub(super) fn evidence(message: &Message<'_>) -> Option<Finding> {
    match message.context.door {
        Door::GuestAlias => Some(Finding::new(ReplyClass::OrganizerAnswer, "it is addressed to a guest's alias")),
        Door::OrganizerAlias | Door::GuestBounce | Door::OrganizerBounce | Door::Assumed => None,
    }
}
