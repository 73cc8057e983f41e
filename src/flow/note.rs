//! Notes for the archive: the record of a message, and what tells it from every other.

use super::gateway::Gateway;
use super::reception::AtHand;
use crate::domain::address::Mailbox;
use crate::domain::decision::Disposition;
use crate::domain::id::{OrganizerId, ReceivedId};
use crate::domain::itip::CalendarObject;
use crate::domain::record::{DedupeKey, HoldState, Received};
use crate::domain::reply::ReplyClass;
use aws_lc_rs::digest;

impl Gateway {
    /// The record of a message at hand; meeting and guest are added by the story that knows them.
    pub(super) fn received(
        &self,
        message: &AtHand,
        recipients: &[Mailbox],
        class: ReplyClass,
        disposition: Disposition,
        reasons: Vec<String>,
    ) -> Received {
        Received {
            id: ReceivedId(self.world.key()),
            dedupe: dedupe_key(message, recipients),
            received_at: message.now,
            reverse_path: message.reverse_path.clone(),
            recipients: recipients.to_vec(),
            raw: message.raw.clone(),
            class,
            disposition,
            reasons,
            meeting: None,
            guest: None,
            hold: (disposition == Disposition::Held).then_some(HoldState::Waiting),
            authentication: Some(message.authentication.clone()),
        }
    }
}

/// SHA-256 over the recipients, Message-ID, From, Date, and the body with its line ends and trailing space made equal.
/// Trace fields differ between two deliveries of one message, so that no other header counts; the Message-ID alone would
/// not do, since some systems use one again, and some give none.
pub(super) fn dedupe_key(message: &AtHand, recipients: &[Mailbox]) -> DedupeKey {
    let mut hash = digest::Context::new(&digest::SHA256);
    let mut canonical: Vec<String> = recipients.iter().map(Mailbox::canonical).collect();
    canonical.sort();
    for recipient in &canonical {
        hash.update(recipient.as_bytes());
        hash.update(b"\n");
    }
    hash.update(message.mail.message_id.as_ref().map_or("", |id| id.as_str()).as_bytes());
    for field in ["From", "Date"] {
        hash.update(b"\n");
        hash.update(message.mail.header(field).unwrap_or_default().as_bytes());
    }
    hash.update(b"\n\n");
    for line in body(&message.raw).split(|byte| *byte == b'\n') {
        hash.update(line.trim_ascii_end());
        hash.update(b"\n");
    }
    let mut key = [0; 32];
    key.copy_from_slice(hash.finish().as_ref());
    DedupeKey(key)
}

/// SHA-256 over an organizer and the text of their calendar object, where it came without a mail.
pub(super) fn object_key(organizer: OrganizerId, object: &CalendarObject) -> DedupeKey {
    let text = format!("object of {organizer}\n{}", object.tree.to_text());
    let mut key = [0; 32];
    key.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    DedupeKey(key)
}

/// What follows the first empty line.
fn body(raw: &[u8]) -> &[u8] {
    let blank = raw.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
    let bare = raw.windows(2).position(|two| two == b"\n\n").map(|at| at + 2);
    let start = match (blank, bare) {
        (Some(one), Some(other)) => one.min(other),
        (one, other) => one.or(other).unwrap_or(0),
    };
    raw.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::body;

    #[test]
    fn the_body_follows_the_first_empty_line() {
        assert_eq!(body(b"A: b\r\n\r\nx\n\ny"), b"x\n\ny");
        assert_eq!(body(b"A: b\n\nx\r\n\r\ny"), b"x\r\n\r\ny");
        assert_eq!(body(b"no headers"), b"no headers");
    }
}
