//! A TNEF (winmail.dat) that can be read gives way to what is in it: the words, the meeting as a calendar object, the files.

use super::body;
use super::fields::Block;
use super::structure::{Leaf, Place, Walk};
use super::tnef::{Beside, Content, SIGNATURE, TnefAttachment, TnefLimits, TnefMessage, Untold};
use super::{Part, Placement};

/// Most TNEF files of one mail that are opened: Outlook sends one.
const MOST: usize = 8;

/// Whether a part is TNEF, or says so.
pub(in crate::domain) fn is_tnef(content_type: &str, bytes: &[u8]) -> bool {
    matches!(content_type, "application/ms-tnef" | "application/vnd.ms-tnef") || bytes.starts_with(&SIGNATURE)
}

impl Walk<'_> {
    /// Puts what is in a TNEF in its place. Where it can't be read, or its meeting can't be told, says so and takes nothing: the
    /// file stays, and is held.
    pub(super) fn tnef(&mut self, bytes: &[u8], place: Place<'_>) -> bool {
        if self.opened >= MOST {
            self.truncated = true;
            return false;
        }
        self.opened += 1;
        let message = match TnefMessage::read(bytes, &TnefLimits::default()) {
            Ok(message) => message,
            Err(_) => {
                self.defects.push("a TNEF (winmail.dat) cannot be read");
                return false;
            }
        };
        self.defects.extend(message.defects.iter().copied());
        let before = self.words_so_far(place);
        let meeting = match self.meeting(&message, place, &before) {
            Ok(meeting) => Some(meeting),
            Err(Untold::NoMeeting) => None,
            Err(Untold::OtherMeeting | Untold::Contradiction | Untold::NoIdentity) => {
                self.defects.push("a meeting in TNEF (winmail.dat) cannot be understood");
                return false;
            }
        };
        let words = if before.trim().is_empty() { words(&message) } else { Vec::new() };
        if meeting.is_none() && words.is_empty() && message.attachments.is_empty() && before.trim().is_empty() {
            // Nothing that a person could read: it stays for them to look at.
            return false;
        }
        self.put(words, place);
        self.put(meeting.into_iter().collect(), place);
        message.attachments.iter().for_each(|attachment| self.attachment(attachment, place));
        true
    }

    /// The plain text that the same message has before this part.
    fn words_so_far(&self, place: Place<'_>) -> String {
        if place.embedded {
            return String::new();
        }
        body::words(self.leaves.iter().map(|leaf| &leaf.part)).0
    }

    fn meeting(&self, message: &TnefMessage<'_>, place: Place<'_>, text: &str) -> Result<Part, Untold> {
        let header = place.message;
        let from = header.map(|block| block.mailboxes("From").0).unwrap_or_default();
        let recipients: Vec<_> =
            header.into_iter().flat_map(|block| [block.mailboxes("To").0, block.mailboxes("Cc").0]).flatten().collect();
        let from = if let [one] = from.as_slice() { Some(one) } else { None };
        let beside = Beside { from, recipients: &recipients, date: header.and_then(Block::date), text };
        let meeting = message.meeting(&beside)?;
        let method = meeting.method.as_str().to_owned();
        let parameters = vec![("charset".to_owned(), "utf-8".to_owned()), ("method".to_owned(), method)];
        Ok(Part { parameters, ..part("text/calendar", meeting.object.to_text().into_bytes()) })
    }

    fn attachment(&mut self, attachment: &TnefAttachment<'_>, place: Place<'_>) {
        match &attachment.content {
            Content::Nothing => {}
            Content::Message(message) => self.embedded(message, Place { depth: place.depth + 1, embedded: true, message: None, ..place }),
            Content::File(bytes) => self.file(attachment, bytes, place),
        }
    }

    fn file(&mut self, attachment: &TnefAttachment<'_>, bytes: &[u8], place: Place<'_>) {
        let kind = attachment.content_type().unwrap_or_else(|| "application/octet-stream".to_owned());
        if kind == "message/rfc822" && place.depth < self.limits.depth {
            return self.message(bytes, Place { depth: place.depth + 1, ..place });
        }
        let content_id = attachment.content_id();
        let placement = if content_id.is_some() && attachment.is_hidden() { Placement::Inline } else { Placement::Attachment };
        let file = Part { file_name: attachment.file_name(), content_id, placement, ..part(&kind, bytes.to_vec()) };
        self.put(vec![file], place);
    }

    /// A message in the message: evidence, as if it were attached as message/rfc822.
    fn embedded(&mut self, message: &TnefMessage<'_>, place: Place<'_>) {
        if place.depth > self.limits.depth {
            self.truncated = true;
            return;
        }
        self.put(words(message), place);
        let meeting = self.meeting(message, place, "");
        self.put(meeting.into_iter().collect(), place);
        message.attachments.iter().for_each(|attachment| self.attachment(attachment, place));
    }

    fn put(&mut self, parts: Vec<Part>, place: Place<'_>) {
        for part in parts {
            if self.leaves.len() >= self.limits.parts {
                self.truncated = true;
                return;
            }
            let placement = if place.embedded { Placement::Embedded } else { part.placement };
            self.leaves.push(Leaf { part: Part { placement, depth: place.depth, ..part }, header: Vec::new() });
        }
    }
}

/// The body as parts: plain text, and the HTML where there is one.
fn words(message: &TnefMessage<'_>) -> Vec<Part> {
    let text = message.text().map(|text| Part { parameters: charset("utf-8"), ..part("text/plain", text.into_bytes()) });
    let html = message.html().map(|(bytes, name)| Part { parameters: charset(&name), ..part("text/html", bytes.to_vec()) });
    text.into_iter().chain(html).collect()
}

fn charset(name: &str) -> Vec<(String, String)> {
    vec![("charset".to_owned(), name.to_owned())]
}

/// A part of the message's body, until its place is known.
fn part(content_type: &str, bytes: Vec<u8>) -> Part {
    Part {
        content_type: content_type.to_owned(),
        parameters: Vec::new(),
        file_name: None,
        content_id: None,
        placement: Placement::Body,
        depth: 0,
        bytes,
    }
}
