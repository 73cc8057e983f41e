//! The one mail that an organizer gets for what they sent.

use super::super::dates::Listed;
use super::super::message::{Nature, pack};
use super::super::text::one_line;
use super::super::{ComposeError, Stationery, SummaryKind, SummaryLetter, phrase};
use super::{alternatives, called};
use serde_json::json;

/// `alternative{ plain, html }`.
pub fn summary(stationery: &Stationery, letter: &SummaryLetter<'_>) -> Result<Vec<u8>, ComposeError> {
    let (heading, event) = (&letter.heading, letter.event);
    let mut guests = Vec::with_capacity(letter.guests.len());
    for guest in letter.guests {
        let outcome = stationery.phrase(heading.language, &format!("outcome.{}", guest.outcome), &json!({}))?;
        let address = guest.guest.name.as_ref().map(|_| guest.guest.mailbox.to_string());
        guests.push(json!({ "name": called(&guest.guest), "address": address, "outcome": outcome }));
    }
    let listed = match letter.kind {
        SummaryKind::Created | SummaryKind::Updated => Listed::Next,
        SummaryKind::Cancelled => Listed::Cancelled,
    };
    let values = json!({
        "done": stationery.phrase(heading.language, phrase::summary(letter.kind), &json!({}))?,
        "title": one_line(&event.title),
        "when": stationery.when(heading, event)?,
        "dates": stationery.dates(heading, event, listed)?,
        "guests": guests,
        "remarks": stationery.problems(heading.language, letter.remarks)?,
        // Nothing to open, and no answer to expect, once it is off.
        "link": (letter.kind != SummaryKind::Cancelled).then_some(letter.meeting_page),
    });
    let written = stationery.write("summary", heading, values)?;
    Ok(pack(heading, Nature::Notice, &written.subject, alternatives(heading, &written, None)))
}
