//! Read receipts (RFC 8098).

use super::{Finding, Message, ReplyClass};
use crate::domain::mime::Placement;

pub(super) fn evidence(message: &Message<'_>) -> Option<Finding> {
    let mail = message.mail;
    let is_declared = mail.parameter("report-type").is_some_and(|kind| kind.eq_ignore_ascii_case("disposition-notification"));
    let has_part = mail.parts.iter().any(|part| {
        part.placement != Placement::Embedded
            && matches!(part.content_type.as_str(), "message/disposition-notification" | "message/global-disposition-notification")
    });
    (is_declared || has_part).then(|| Finding::new(ReplyClass::ReadReceipt, "it is a disposition notification (RFC 8098)"))
}
