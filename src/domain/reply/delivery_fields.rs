//! The fields of message/delivery-status (RFC 3464 §2): one group for the message, one for each recipient.

use crate::domain::mime::{InboundMail, Placement};

/// What a report says of one recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RecipientFields {
    /// Final-Recipient, else Original-Recipient, without its address type.
    pub(super) recipient: Option<String>,
    /// Action in lower case.
    pub(super) action: String,
    /// Status as written.
    pub(super) status: String,
    /// Diagnostic-Code without its type.
    pub(super) diagnostic: String,
}

impl RecipientFields {
    fn read(group: &str) -> Option<Self> {
        let mut fields = Self::default();
        for (name, value) in unfolded(group) {
            let value = value.trim();
            match name.trim().to_ascii_lowercase().as_str() {
                "final-recipient" => fields.recipient = Some(without_type(value)),
                "original-recipient" => fields.recipient = fields.recipient.or_else(|| Some(without_type(value))),
                // RFC 3464 §2.3.3: a comment may follow.
                "action" => fields.action = value.split([' ', '(', ';']).next().unwrap_or_default().to_ascii_lowercase(),
                "status" => fields.status = value.split([' ', '(', '\t']).next().unwrap_or_default().to_owned(),
                "diagnostic-code" => fields.diagnostic = without_type(value),
                _ => {}
            }
        }
        let says_something = !fields.action.is_empty() || !fields.status.is_empty();
        (says_something && (fields.recipient.is_some() || !fields.action.is_empty())).then_some(fields)
    }
}

/// Every recipient group of the mail's own report; of its text where the report lost its own part.
pub(super) fn read(mail: &InboundMail) -> Vec<RecipientFields> {
    let is_report = |kind: &str| matches!(kind, "message/delivery-status" | "message/global-delivery-status");
    let mut parts = mail.parts.iter().filter(|part| part.placement != Placement::Embedded && is_report(&part.content_type)).peekable();
    if parts.peek().is_none() {
        return if mail.text.contains("Final-Recipient:") { groups(&mail.text) } else { Vec::new() };
    }
    parts.flat_map(|part| groups(&String::from_utf8_lossy(&part.bytes))).collect()
}

fn groups(text: &str) -> Vec<RecipientFields> {
    let text = text.replace("\r\n", "\n");
    text.split("\n\n").filter_map(RecipientFields::read).collect()
}

fn unfolded(group: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in group.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.to_owned(), value.to_owned()));
        }
    }
    fields
}

/// `rfc822; a@b.example` is `a@b.example`.
fn without_type(value: &str) -> String {
    let plain = value.split_once(';').map_or(value, |(_, rest)| rest);
    plain.trim().trim_matches(['<', '>']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_recipients() {
        let text = "Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; <a@b.example>\nAction: Failed (expired)\nStatus: 5.1.1 (no)\nDiagnostic-Code: smtp; 550\n no such user\n\nFinal-Recipient: rfc822;c@b.example\nAction: delayed\nStatus: 4.4.1\n";
        let groups = groups(text);
        assert_eq!(groups.len(), 2);
        assert_eq!(groups[0].recipient.as_deref(), Some("a@b.example"));
        assert_eq!(
            (groups[0].action.as_str(), groups[0].status.as_str(), groups[0].diagnostic.as_str()),
            ("failed", "5.1.1", "550 no such user")
        );
        assert_eq!(groups[1].action, "delayed");
    }
}
