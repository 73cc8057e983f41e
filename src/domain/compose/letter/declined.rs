//! Tells a guest that the time they proposed was not taken, and that the meeting stays as it is.

use super::super::message::{Nature, calendar, pack};
use super::super::text::{one_line, passage};
use super::super::{ComposeError, DeclineLetter, Stationery};
use super::{about, alternatives, called};
use crate::domain::itip::translate::{GuestObject, decline_for_guest};
use serde_json::json;

/// `alternative{ plain, html, calendar }` with METHOD DECLINECOUNTER.
pub fn declined(stationery: &Stationery, letter: &DeclineLetter<'_>) -> Result<Vec<u8>, ComposeError> {
    let heading = &letter.heading;
    let event = about(letter.event, letter.instance);
    let values = json!({
        "title": one_line(&event.title),
        "when": stationery.when(heading, &event)?,
        "organizer": called(heading.from),
        "proposed": stationery.period(heading, &event, letter.proposed.0, letter.proposed.1)?,
        "comment": letter.comment.map(passage),
    });
    let written = stationery.write("declined", heading, values)?;
    let object = decline_for_guest(
        &GuestObject {
            uid: letter.uid,
            sequence: letter.sequence,
            now: heading.date,
            organizer_alias: heading.from,
            guest: heading.to,
            event: letter.event,
            link: None,
            description: "",
            instances: &[],
            response: letter.response,
            allow_counter: true,
        },
        letter.instance,
        letter.comment,
    );
    let body = alternatives(heading, &written, Some(calendar(&object, "DECLINECOUNTER")));
    Ok(pack(heading, Nature::Invitation, &written.subject, body))
}
