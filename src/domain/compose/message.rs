//! Packing: header fields, MIME parts, boundaries (RFC 5322, 2045, 2046). Output is a function of the arguments.

use super::Heading;
use super::stationery::Written;
use super::text::{crlf, one_line};
use crate::domain::address::NamedMailbox;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mail_builder::headers::Header;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::message_id::MessageId as Ids;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::mime::MimePart;
use uuid::Uuid;

/// What kind of mail it is, for the machines that get it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nature {
    /// An invitation to a guest.
    Invitation,
    /// A guest's calendar answer: somebody clicked.
    Response,
    /// Words that a person wrote.
    Personal,
    /// Told by us on our own account.
    Notice,
    /// An automatic answer of ours to a mail (RFC 3834 §3).
    AutoReply,
}

impl Nature {
    /// Auto-Submitted (RFC 3834 §5): never on what a person sent.
    fn auto_submitted(self) -> Option<&'static str> {
        match self {
            Self::Invitation | Self::Notice => Some("auto-generated"),
            Self::AutoReply => Some("auto-replied"),
            Self::Response | Self::Personal => None,
        }
    }

    /// X-Auto-Response-Suppress (MS-OXCMAIL §2.1.3.2.20). `All` would suppress Exchange's bounces too, and the
    /// delivery track needs them.
    fn suppress(self) -> Option<&'static str> {
        match self {
            Self::Invitation | Self::Response => Some("OOF, AutoReply"),
            Self::Notice | Self::AutoReply => Some("All"),
            Self::Personal => None,
        }
    }
}

/// The whole message.
pub(super) fn pack(heading: &Heading<'_>, nature: Nature, subject: &str, body: MimePart<'_>) -> Vec<u8> {
    let mut mail = Vec::with_capacity(16 * 1024);
    field(&mut mail, "Date", &Raw::new(heading.date.to_rfc2822()));
    field(&mut mail, "From", &address(heading.from));
    field(&mut mail, "Reply-To", &address(heading.from));
    field(&mut mail, "To", &address(heading.to));
    field(&mut mail, "Subject", &Text::new(one_line(subject)));
    field(&mut mail, "Message-ID", &Ids::new(heading.message_id.as_str()));
    if let Some(id) = heading.in_reply_to {
        field(&mut mail, "In-Reply-To", &Ids::new(id.as_str()));
    }
    if !heading.references.is_empty() {
        field(&mut mail, "References", &Ids::new_list(heading.references.iter().map(|id| id.as_str())));
    }
    field(&mut mail, "Content-Language", &Raw::new(heading.language.tag()));
    if let Some(value) = nature.auto_submitted() {
        field(&mut mail, "Auto-Submitted", &Raw::new(value));
    }
    if let Some(value) = nature.suppress() {
        field(&mut mail, "X-Auto-Response-Suppress", &Raw::new(value));
    }
    field(&mut mail, "X-Paravent-Loop", &Raw::new(one_line(heading.loop_mark)));
    field(&mut mail, "MIME-Version", &Raw::new("1.0"));
    body.write_part(&mut mail);
    mail
}

fn field(mail: &mut Vec<u8>, name: &str, value: &impl Header) {
    mail.extend_from_slice(name.as_bytes());
    mail.extend_from_slice(b": ");
    value.write_header(mail, name.len() + 2);
}

/// With an international domain in A-labels, which every program knows: only an international local part needs SMTPUTF8 (RFC 6531).
fn address(who: &NamedMailbox) -> Address<'static> {
    let name = who.name.as_deref().map(one_line).filter(|name| !name.is_empty());
    Address::new_address(name, who.mailbox.in_ascii().unwrap_or_else(|| who.mailbox.clone()).to_string())
}

/// A multipart whose boundary comes from the Message-ID alone. `level` tells the boundaries of one mail apart;
/// `=_` occurs in no base64 and no quoted-printable text (RFC 2045 §6.7).
pub(super) fn multipart<'x>(heading: &Heading<'_>, level: u8, subtype: &str, parts: Vec<MimePart<'x>>) -> MimePart<'x> {
    let hash = Uuid::new_v5(&Uuid::NAMESPACE_OID, heading.message_id.as_str().as_bytes());
    let boundary = format!("=_{level}_{}", hash.simple());
    MimePart::new(ContentType::new(format!("multipart/{subtype}")).attribute("boundary", boundary), parts)
}

/// The plain text.
pub(super) fn plain(written: &Written) -> MimePart<'static> {
    MimePart::new(ContentType::new("text/plain").attribute("charset", "utf-8"), crlf(&written.text))
}

/// The HTML.
pub(super) fn html(written: &Written) -> MimePart<'static> {
    MimePart::new(ContentType::new("text/html").attribute("charset", "utf-8"), crlf(&written.html))
}

/// The calendar object as mail programs look for it (RFC 6047 §2.4): no disposition, `method` equal to METHOD.
pub(super) fn calendar(object: &str, method: &'static str) -> MimePart<'static> {
    let kind = ContentType::new("text/calendar").attribute("charset", "UTF-8").attribute("method", method).attribute("component", "VEVENT");
    base64_part(kind, object.as_bytes())
}

/// A file.
pub(super) fn file(kind: ContentType<'static>, name: String, bytes: &[u8]) -> MimePart<'static> {
    base64_part(kind.attribute("name", name.clone()), bytes).attachment(name)
}

/// A part in base64, lines of 76 (RFC 2045 §6.8).
pub(super) fn base64_part(kind: ContentType<'static>, bytes: &[u8]) -> MimePart<'static> {
    const OCTETS_A_LINE: usize = 57;
    let lines: Vec<String> = bytes.chunks(OCTETS_A_LINE).map(|line| STANDARD.encode(line)).collect();
    MimePart::new(kind, lines.join("\r\n").into_bytes()).transfer_encoding("base64")
}
