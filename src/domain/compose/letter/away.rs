//! A note for the organizer: a guest's mail system says that they are away.

use super::super::message::{Nature, pack};
use super::super::text::{one_line, passage};
use super::super::{AwayLetter, ComposeError, Stationery};
use super::{alternatives, called};
use serde_json::json;

/// `alternative{ plain, html }`.
pub fn away(stationery: &Stationery, letter: &AwayLetter<'_>) -> Result<Vec<u8>, ComposeError> {
    let (heading, event) = (&letter.heading, letter.event);
    let values = json!({
        "name": called(letter.guest),
        "quoted": passage(letter.text),
        "title": one_line(&event.title),
        "when": stationery.when(heading, event)?,
    });
    let written = stationery.write("away", heading, values)?;
    Ok(pack(heading, Nature::Notice, &written.subject, alternatives(heading, &written, None)))
}
