//! Says to the organizer that a guest wrote something that nobody here can read.

use super::super::message::{Nature, pack};
use super::super::text::one_line;
use super::super::{ComposeError, Stationery, UnreadableLetter, phrase};
use super::{alternatives, called};
use serde_json::json;

/// `alternative{ plain, html }`.
pub fn unreadable(stationery: &Stationery, letter: &UnreadableLetter<'_>) -> Result<Vec<u8>, ComposeError> {
    let (heading, event) = (&letter.heading, letter.event);
    let values = json!({
        "name": called(letter.guest),
        "title": one_line(&event.title),
        "way": stationery.phrase(heading.language, phrase::seal(letter.seal), &json!({}))?,
        "when": stationery.when(heading, event)?,
    });
    let written = stationery.write("unreadable", heading, values)?;
    Ok(pack(heading, Nature::Notice, &written.subject, alternatives(heading, &written, None)))
}
