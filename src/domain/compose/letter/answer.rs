//! The organizer's words for a guest: their new text and nothing else of their mail.

use super::super::message::{Nature, pack};
use super::super::text::{one_line, passage};
use super::super::{AnswerLetter, ComposeError, Stationery};
use super::alternatives;
use serde_json::json;

/// `alternative{ plain, html }`, both made from the new text.
pub fn answer(stationery: &Stationery, letter: &AnswerLetter<'_>) -> Result<Vec<u8>, ComposeError> {
    let (heading, event) = (&letter.heading, letter.event);
    let values = json!({
        "new": passage(letter.new_text),
        "title": one_line(&event.title),
        "when": stationery.when(heading, event)?,
    });
    let written = stationery.write("answer", heading, values)?;
    Ok(pack(heading, Nature::Personal, &written.subject, alternatives(heading, &written, None)))
}
