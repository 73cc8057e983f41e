//! The organizer's words for a guest: their new text, and their files, scrubbed; nothing else of their mail.

use super::super::message::{Nature, file, multipart, pack};
use super::super::phrase::invitation_folder;
use super::super::text::{one_line, passage};
use super::super::{AnswerLetter, ComposeError, InvitationKind, Stationery};
use super::alternatives;
use crate::domain::attachment::GuestFile;
use mail_builder::headers::content_type::ContentType;
use mail_builder::mime::MimePart;
use serde_json::json;

/// `alternative{ plain, html }`, both made from the new text; in `mixed` with the files.
pub fn answer(stationery: &Stationery, letter: &AnswerLetter<'_>) -> Result<Vec<u8>, ComposeError> {
    let (heading, event) = (&letter.heading, letter.event);
    let values = json!({
        "new": passage(letter.new_text),
        "answered": answered(stationery, letter)?,
        "title": one_line(&event.title),
        "when": stationery.when(heading, event)?,
    });
    let written = stationery.write("answer", heading, values)?;
    let words = alternatives(heading, &written, None);
    let body = if letter.files.is_empty() {
        words
    } else {
        multipart(heading, 0, "mixed", std::iter::once(words).chain(letter.files.iter().map(attached)).collect())
    };
    Ok(pack(heading, Nature::Personal, &written.subject, body))
}

/// The subject under which the guest has what is answered, where the organizer's own ends with it: programs that thread by subject,
/// such as Gmail, keep the conversation together. Of the organizer's subject itself nothing is passed on.
fn answered(stationery: &Stationery, letter: &AnswerLetter<'_>) -> Result<Option<String>, ComposeError> {
    let (said, title) = (one_line(letter.subject), one_line(&letter.event.title));
    for kind in [InvitationKind::New, InvitationKind::Update, InvitationKind::Cancellation] {
        let values = json!({ "title": title });
        let subject = one_line(&stationery.piece(letter.heading.language, invitation_folder(kind), "subject.txt", values)?);
        if said.ends_with(&subject) {
            return Ok(Some(subject));
        }
    }
    Ok(None)
}

fn attached(given: &GuestFile) -> MimePart<'static> {
    let kind = ContentType::new(given.media_type);
    let kind = if given.media_type.starts_with("text/") { kind.attribute("charset", "utf-8") } else { kind };
    file(kind, given.name.clone(), &given.bytes)
}
