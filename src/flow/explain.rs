//! "What if": what a message is and what would follow, in the dialog that its address names. Sends and writes nothing.

use super::gateway::Gateway;
use super::port::{MailDoor, PortResult, Session};
use super::reception::AtHand;
use crate::domain::address::{Mailbox, ReversePath};
use crate::domain::explain::{Explanation, content_only};
use crate::domain::mime;
use std::net::{IpAddr, Ipv4Addr};

/// Fields in which mail servers and programs keep the recipient.
const RECIPIENT_FIELDS: [&str; 3] = ["X-Original-To", "Delivered-To", "Envelope-To"];

impl Gateway {
    /// Judges a message as if it arrived now. Where no address of ours is in it, its bytes alone are judged, and that is said.
    pub async fn explain(&self, file: &str, raw: &[u8]) -> PortResult<Explanation> {
        let now = self.world.now();
        let mail = mime::read(raw, &self.settings.mime);
        let null_sender = mail.header("Return-Path").is_some_and(|path| path.trim() == "<>");
        let reverse_path = match mail.author() {
            Some(author) if !null_sender => ReversePath::Mailbox(author.mailbox.clone()),
            Some(_) | None => ReversePath::Null,
        };
        let session = Session {
            door: MailDoor::Mx,
            // The peer is not in the message: SPF can't be computed, DKIM and DMARC can.
            peer: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            helo: String::new(),
            encrypted: false,
            submitter: None,
        };
        let authentication = self.authenticated(&session, &reverse_path, &mail, raw).await;
        let scanned = self.scan(&session, &reverse_path, &[], raw).await?;
        let message = AtHand { session, reverse_path, raw: raw.to_vec(), mail, authentication, scanned, now };
        for recipient in candidates(&message) {
            let Some((door, guest)) = self.dialog_of(&message, &recipient).await? else { continue };
            if let Some(known) = self.identify(&message, &recipient, door, guest, None).await? {
                return Ok(known.explain(file, &message, &self.settings.attachments));
            }
        }
        let mut explanation = content_only(file, raw, &self.settings.mime, now);
        explanation.reasons.insert(0, "No address of a dialog is in it: the bytes alone are judged.".to_owned());
        Ok(explanation)
    }
}

fn candidates(message: &AtHand) -> Vec<Mailbox> {
    let traced = RECIPIENT_FIELDS.iter().flat_map(|field| message.mail.header_all(field)).filter_map(|value| {
        let address = value.trim().trim_start_matches('<').trim_end_matches('>');
        Mailbox::parse(address).ok()
    });
    traced.chain(message.mail.to.iter().chain(&message.mail.cc).map(|named| named.mailbox.clone())).collect()
}
