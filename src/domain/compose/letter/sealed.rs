//! Says to somebody who wrote an encrypted mail that it can't be read here, and what to do.

use super::super::message::{Nature, pack};
use super::super::text::one_line;
use super::super::{ComposeError, SealedLetter, Stationery, phrase};
use super::alternatives;
use serde_json::json;

/// `alternative{ plain, html }`. It answers a mail by itself (RFC 3834).
pub fn sealed(stationery: &Stationery, letter: &SealedLetter<'_>) -> Result<Vec<u8>, ComposeError> {
    let (heading, event) = (&letter.heading, letter.event);
    let values = json!({
        "title": one_line(&event.title),
        "way": stationery.phrase(heading.language, phrase::seal(letter.seal), &json!({}))?,
        "when": stationery.when(heading, event)?,
    });
    let written = stationery.write("sealed", heading, values)?;
    Ok(pack(heading, Nature::AutoReply, &written.subject, alternatives(heading, &written, None)))
}
