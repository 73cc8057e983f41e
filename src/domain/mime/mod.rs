//! Inbound mail, parsed once: bytes in, [`InboundMail`] out. It never fails: what can't be read is in `defects`.

mod author;
mod body;
mod calendars;
pub(super) mod charset;
mod doubts;
pub mod envelope;
mod fields;
mod html_quotes;
pub(super) mod outlook;
mod pgp;
pub mod read;
mod smime;
mod structure;
pub mod tnef;
pub(super) mod transfer;

use super::address::NamedMailbox;
use super::thread::MessageId;
use chrono::{DateTime, Utc};

pub use read::read;

/// Bounds of the parser. All are settings (docs/configuration.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MimeLimits {
    /// Deepest nesting of multiparts and messages that is looked into.
    pub depth: usize,
    /// Most parts that are looked at.
    pub parts: usize,
}

impl Default for MimeLimits {
    fn default() -> Self {
        Self { depth: 20, parts: 1_000 }
    }
}

/// A header field: name as written, value unfolded, encoded words (RFC 2047) decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderField {
    /// Name as written.
    pub name: String,
    /// Value.
    pub value: String,
}

/// Where in the message a part stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// The text that a person reads, or an alternative of it.
    Body,
    /// Shown inside the HTML (multipart/related, Content-ID).
    Inline,
    /// Offered as a file.
    Attachment,
    /// Inside an attached message/rfc822 (or text/rfc822-headers): evidence, never the sender's own words. The header
    /// block of an attached message is itself a part, of type text/rfc822-headers.
    Embedded,
}

/// One leaf part, its transfer encoding undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// `type/subtype` in lower case; `text/plain` where missing.
    pub content_type: String,
    /// Content-Type parameters: names in lower case, values decoded (RFC 2231).
    pub parameters: Vec<(String, String)>,
    /// File name, decoded.
    pub file_name: Option<String>,
    /// Content-ID without brackets.
    pub content_id: Option<String>,
    /// Where it stands.
    pub placement: Placement,
    /// Depth of nesting, 0 for the message itself.
    pub depth: usize,
    /// Content, transfer encoding undone, charset not.
    pub bytes: Vec<u8>,
}

impl Part {
    /// A Content-Type parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A calendar object found somewhere in the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarPart {
    /// Raw bytes, transfer encoding undone, still folded.
    pub bytes: Vec<u8>,
    /// The `method` parameter of Content-Type, as written.
    pub method: Option<String>,
    /// Whether it stands inside an attached message (a bounce's copy of our own invitation): evidence only.
    pub embedded: bool,
}

/// How a message is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seal {
    /// S/MIME (RFC 8551).
    Smime,
    /// OpenPGP: PGP/MIME (RFC 3156), or its armor within the text (RFC 9580 §6.2).
    OpenPgp,
}

/// A message, parsed.
#[derive(Clone, Debug, Default)]
pub struct InboundMail {
    /// Message-ID.
    pub message_id: Option<MessageId>,
    /// In-Reply-To.
    pub in_reply_to: Vec<MessageId>,
    /// References, oldest first.
    pub references: Vec<MessageId>,
    /// Mailboxes of all From fields.
    pub from: Vec<NamedMailbox>,
    /// How many From fields there are: more than one is refused before DMARC (RFC 5322 §3.6).
    pub from_fields: usize,
    /// Sender.
    pub sender: Option<NamedMailbox>,
    /// Reply-To.
    pub reply_to: Vec<NamedMailbox>,
    /// To.
    pub to: Vec<NamedMailbox>,
    /// Cc.
    pub cc: Vec<NamedMailbox>,
    /// Subject, decoded, one line.
    pub subject: String,
    /// Date.
    pub date: Option<DateTime<Utc>>,
    /// Top-level header fields in order.
    pub headers: Vec<HeaderField>,
    /// Top-level `type/subtype` in lower case.
    pub content_type: String,
    /// Top-level Content-Type parameters, names in lower case.
    pub content_type_parameters: Vec<(String, String)>,
    /// The plain text that the sender wrote (body parts joined); made from the HTML where there is none.
    pub text: String,
    /// The HTML body as written, not sanitized.
    pub html: Option<String>,
    /// Every leaf, in order.
    pub parts: Vec<Part>,
    /// Every calendar object, the sender's own first.
    pub calendars: Vec<CalendarPart>,
    /// The sender's own words are encrypted: nobody here can read them.
    pub seal: Option<Seal>,
    /// The sender signed it. What was signed is read as any content; the signature is not checked, and fits no other mail.
    pub is_signed: bool,
    /// What was odd, for people.
    pub defects: Vec<String>,
    /// Why its header may be read in two ways: then nothing that is proved of its author counts.
    pub doubts: Vec<String>,
    /// A limit was hit, so that something was not looked at.
    pub truncated: bool,
}

impl InboundMail {
    /// Value of the first field of that name, in any letter case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value.as_str())
    }

    /// Values of all fields of that name.
    pub fn header_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value.as_str())
    }

    /// A parameter of the top-level Content-Type.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.content_type_parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The author, where there is exactly one.
    pub fn author(&self) -> Option<&NamedMailbox> {
        match self.from.as_slice() {
            [one] if self.from_fields == 1 => Some(one),
            _ => None,
        }
    }
}
