//! Says to the organizer what could not be done: nothing was sent, or it was sent without some of its files.

use super::super::message::{Nature, pack};
use super::super::text::one_line;
use super::super::{ComposeError, ProblemLetter, Stationery};
use super::alternatives;
use serde_json::json;

/// `alternative{ plain, html }`.
pub fn problem(stationery: &Stationery, letter: &ProblemLetter<'_>) -> Result<Vec<u8>, ComposeError> {
    let heading = &letter.heading;
    let values = json!({
        "subject": one_line(letter.subject),
        "page": letter.page,
        "problems": stationery.problems(heading.language, letter.problems)?,
    });
    let folder = if letter.rest_was_sent { "shortened" } else { "problem" };
    let written = stationery.write(folder, heading, values)?;
    Ok(pack(heading, Nature::Notice, &written.subject, alternatives(heading, &written, None)))
}
