//! Tells a guest, once, that their words came after the end and went to nobody.

use super::super::message::{Nature, pack};
use super::super::text::one_line;
use super::super::{ComposeError, LateLetter, Stationery};
use super::alternatives;
use serde_json::json;

/// `alternative{ plain, html }`; Auto-Submitted: auto-replied (RFC 3834 §3.1.7).
pub fn late(stationery: &Stationery, letter: &LateLetter<'_>) -> Result<Vec<u8>, ComposeError> {
    let heading = &letter.heading;
    let values = json!({
        "title": one_line(&letter.event.title),
        "when": stationery.when(heading, letter.event)?,
    });
    let written = stationery.write("late", heading, values)?;
    Ok(pack(heading, Nature::AutoReply, &written.subject, alternatives(heading, &written, None)))
}
