//! Bounces at a door that is not a return path: of mail that we never sent under that address.

use super::{Door, Finding, Message, ReplyClass, delivery_status};

pub(super) fn evidence(message: &Message<'_>) -> Option<Finding> {
    match message.context.door {
        Door::OrganizerAlias | Door::GuestAlias => {}
        Door::GuestBounce | Door::OrganizerBounce | Door::Assumed => return None,
    }
    let mut finding = delivery_status::evidence(message)?;
    finding.class = ReplyClass::Backscatter;
    finding.reasons.push("our mail never leaves with this address as its return path".to_owned());
    Some(finding)
}
