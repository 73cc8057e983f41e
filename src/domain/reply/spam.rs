//! Bulk mail, lists, what a filter in front of us marked, and reports of machines to machines (DMARC aggregates
//! of RFC 7489 §7.2, TLS reports of RFC 8460) that nobody at this address reads.

use super::{Finding, Message, ReplyClass};
use crate::domain::mime::Placement;

const BULK: [&str; 3] = ["bulk", "list", "junk"];

pub(super) fn evidence(message: &Message<'_>) -> Option<Finding> {
    let mail = message.mail;
    if message.context.released {
        return None;
    }
    if let Some(spam) = &message.context.scanned.spam {
        return Some(Finding::new(ReplyClass::Spam, spam.clone()));
    }
    let says = |name: &str, words: &[&str]| {
        mail.header_all(name).any(|value| words.iter().any(|word| value.trim().to_lowercase().starts_with(word)))
    };
    let reason = if is_machine_report(message) {
        "an aggregate report of another mail system (RFC 7489, RFC 8460)"
    } else if says("Precedence", &BULK) {
        "Precedence says that it is bulk mail"
    } else if mail.header("List-Id").is_some() {
        "it comes from a list (List-Id)"
    } else if says("X-Spam-Flag", &["yes"]) || says("X-Spam-Status", &["yes"]) {
        "a filter has marked it as spam"
    } else {
        return None;
    };
    Some(Finding::new(ReplyClass::Spam, reason))
}

/// Whether it is a DMARC aggregate or a TLS report.
pub(super) fn is_machine_report(message: &Message<'_>) -> bool {
    let mail = message.mail;
    let is_tls = mail.parameter("report-type").is_some_and(|kind| kind.eq_ignore_ascii_case("tlsrpt"));
    let has_tls =
        mail.parts.iter().any(|part| part.placement != Placement::Embedded && part.content_type.starts_with("application/tlsrpt"));
    // RFC 7489 §7.2.1.1: "Report Domain: … Submitter: …"
    let is_dmarc = message.subject.contains("report domain:") || message.subject.contains("submitter:");
    is_tls || has_tls || is_dmarc
}
