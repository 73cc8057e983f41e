//! A mail of somebody who acted on a page: it takes the road that their calendar program's would take. The page is the proof.

use super::gateway::Gateway;
use super::port::{MailDoor, Session};
use super::reception::AtHand;
use crate::domain::address::{Mailbox, ReversePath};
use crate::domain::authentication::{Authentication, Proof};
use crate::domain::mime;
use crate::domain::scan::Scanned;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use std::net::{IpAddr, Ipv4Addr};
use uuid::Uuid;

/// What it says.
pub(super) struct PageMail<'a> {
    /// Who acted.
    pub from: &'a Mailbox,
    /// To which alias.
    pub to: &'a Mailbox,
    /// Subject; its beginning is taken.
    pub subject: &'a str,
    /// Content type of the body.
    pub kind: &'static str,
    /// Body.
    pub body: &'a str,
    /// What the same act has in common when it is done twice.
    pub id: Uuid,
    /// When they acted.
    pub at: DateTime<Utc>,
}

impl PageMail<'_> {
    fn bytes(&self) -> Vec<u8> {
        let encoded = STANDARD.encode(self.body);
        let lines: Vec<&str> = encoded.as_bytes().chunks(76).filter_map(|line| std::str::from_utf8(line).ok()).collect();
        format!(
            "From: <{}>\r\nTo: <{}>\r\nSubject: =?utf-8?B?{}?=\r\nDate: {}\r\nMessage-ID: <{}@page>\r\nMIME-Version: 1.0\r\n\
             Content-Type: {}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            self.from,
            self.to,
            STANDARD.encode(beginning(self.subject)),
            self.at.to_rfc2822(),
            self.id.simple(),
            self.kind,
            lines.join("\r\n"),
        )
        .into_bytes()
    }
}

/// At most what fits into one encoded word (RFC 2047 §2).
fn beginning(title: &str) -> &str {
    title.get(..title.floor_char_boundary(42)).unwrap_or_default()
}

impl Gateway {
    /// The mail as if a door had taken it.
    pub(super) fn handed_in(&self, mail: &PageMail<'_>, proof: Proof, now: DateTime<Utc>) -> AtHand {
        let raw = mail.bytes();
        AtHand {
            session: Session {
                door: MailDoor::Lmtp,
                peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
                helo: String::new(),
                encrypted: true,
                submitter: None,
            },
            reverse_path: ReversePath::Mailbox(mail.from.clone()),
            mail: mime::read(&raw, &self.settings.mime),
            raw,
            authentication: Authentication::proved(proof),
            scanned: Scanned::default(),
            now,
        }
    }
}
