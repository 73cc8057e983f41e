//! Says to the organizer what could not be done, and that nothing was sent.

use super::super::message::{Nature, pack};
use super::super::text::one_line;
use super::super::{ComposeError, ProblemLetter, Stationery};
use super::{alternatives, problem_texts};
use serde_json::json;

/// `alternative{ plain, html }`.
pub fn problem(stationery: &Stationery, letter: &ProblemLetter<'_>) -> Result<Vec<u8>, ComposeError> {
    let heading = &letter.heading;
    let values = json!({
        "subject": one_line(letter.subject),
        "problems": problem_texts(stationery, heading, letter.problems)?,
    });
    let written = stationery.write("problem", heading, values)?;
    Ok(pack(heading, Nature::Notice, &written.subject, alternatives(heading, &written, None)))
}
