//! Read receipts (RFC 8098). A mailbox's own rules may refuse a mail in the same form (RFC 5429 §2.1.2): nobody will read
//! that mail, so it counts as a failed delivery and not as a receipt.

use super::lexicon::{Lexicon, fold};
use super::{Finding, Message, ReplyClass};
use crate::domain::mime::Placement;

pub(super) fn evidence(message: &Message<'_>) -> Option<Finding> {
    let mail = message.mail;
    let is_declared = mail.parameter("report-type").is_some_and(|kind| kind.eq_ignore_ascii_case("disposition-notification"));
    let has_part = mail.parts.iter().any(|part| {
        part.placement != Placement::Embedded
            && matches!(part.content_type.as_str(), "message/disposition-notification" | "message/global-disposition-notification")
    });
    ((is_declared || has_part) && !is_refusal(message))
        .then(|| Finding::new(ReplyClass::ReadReceipt, "it is a disposition notification (RFC 8098)"))
}

/// Whether it tells of a mail that was refused: marked so, and said so.
pub(super) fn is_refusal(message: &Message<'_>) -> bool {
    let mail = message.mail;
    let is_declared = mail.parameter("report-type").is_some_and(|kind| kind.eq_ignore_ascii_case("disposition-notification"));
    let is_marked = mail.header("Auto-Submitted").is_some_and(|value| fold(value).contains("reject"));
    let says = |words: &str| Lexicon::BOUNCE.find("refusals", words).is_some();
    is_declared && is_marked && (says(&message.subject) || says(&message.words))
}

#[cfg(test)]
mod tests {
    use crate::domain::explain::content_only;
    use crate::domain::mime::MimeLimits;
    use crate::domain::reply::ReplyClass;
    use chrono::DateTime;

    fn class(head: &str, words: &str) -> ReplyClass {
        let mail = format!(
            "From: Mail Delivery Subsystem <postmaster@hopital.example>\n{head}Content-Type: multipart/report; \
             report-type=disposition-notification; boundary=b\n\n--b\n\n{words}\n--b\nContent-Type: \
             message/disposition-notification\n\nFinal-Recipient: rfc822; jean.martin@hopital.example\n\
             Disposition: automatic-action/MDN-sent-automatically; deleted\n--b--\n"
        );
        content_only("x", mail.as_bytes(), &MimeLimits::default(), DateTime::UNIX_EPOCH).class
    }

    #[test]
    fn a_refusal_in_the_form_of_a_receipt() {
        let head = "Subject: Automatically rejected mail\nAuto-Submitted: auto-replied (rejected)\n";
        assert_eq!(class(head, "Your message was automatically rejected:\nNo mail from outside, please."), ReplyClass::DeliveryStatus);
        let unread = "Subject: Not read: invitation\nAuto-Submitted: auto-replied\n";
        assert_eq!(class(unread, "Your message was deleted without being read."), ReplyClass::ReadReceipt);
    }
}
