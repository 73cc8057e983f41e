//! Abuse reports (RFC 5965), and those of providers that say so in the subject alone.

use super::{Finding, Message, ReplyClass};
use crate::domain::mime::Placement;

/// How providers without the standard form begin their subjects.
const SUBJECTS: [&str; 4] = ["complaint about message from", "abuse report", "spam report", "feedback report"];

pub(super) fn evidence(message: &Message<'_>) -> Option<Finding> {
    let mail = message.mail;
    let is_declared = mail.parameter("report-type").is_some_and(|kind| kind.eq_ignore_ascii_case("feedback-report"));
    let has_part = mail.parts.iter().any(|part| part.placement != Placement::Embedded && part.content_type == "message/feedback-report");
    if is_declared || has_part {
        return Some(Finding::new(ReplyClass::Complaint, "it is a feedback report (RFC 5965)"));
    }
    let has_original = mail.parts.iter().any(|part| part.placement == Placement::Embedded);
    let says_so = SUBJECTS.iter().any(|subject| message.subject.starts_with(subject));
    (says_so && has_original).then(|| Finding::new(ReplyClass::Complaint, "its subject reports abuse and it encloses the mail"))
}
