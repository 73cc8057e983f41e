//! Says to the organizer what could not be done: nothing was sent, or it was sent without its attachments.

use super::super::message::{Nature, pack};
use super::super::text::one_line;
use super::super::{ComposeError, Problem, ProblemLetter, Stationery};
use super::alternatives;
use serde_json::json;

/// `alternative{ plain, html }`.
pub fn problem(stationery: &Stationery, letter: &ProblemLetter<'_>) -> Result<Vec<u8>, ComposeError> {
    let heading = &letter.heading;
    let values = json!({
        "subject": one_line(letter.subject),
        "problems": stationery.problems(heading.language, letter.problems)?,
    });
    let only_attachments = !letter.problems.is_empty() && letter.problems.iter().all(|(problem, _)| *problem == Problem::Attachments);
    let folder = if only_attachments { "shortened" } else { "problem" };
    let written = stationery.write(folder, heading, values)?;
    Ok(pack(heading, Nature::Notice, &written.subject, alternatives(heading, &written, None)))
}
