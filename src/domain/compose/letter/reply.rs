//! A guest's calendar answer, for the organizer's calendar and for the organizer.

use super::super::message::{Nature, calendar, pack};
use super::super::text::{one_line, passage};
use super::super::{ComposeError, ReplyLetter, Stationery, phrase};
use super::{about, alternatives, called};
use crate::domain::address::NamedMailbox;
use crate::domain::itip::translate::{OrganizerReply, counter_for_organizer, reply_for_organizer};
use serde_json::json;

/// `alternative{ plain, html, calendar }` with METHOD REPLY, or COUNTER when there is a proposal.
pub fn reply(stationery: &Stationery, letter: &ReplyLetter<'_>) -> Result<Vec<u8>, ComposeError> {
    let heading = &letter.heading;
    let event = &about(letter.event, letter.instance);
    let name = called(letter.attendee);
    let proposed = letter.proposal.map(|(from, to)| stationery.period(heading, event, from, to)).transpose()?;
    let values = json!({
        "name": name,
        "title": one_line(&event.title),
        "when": stationery.when(heading, event)?,
        "answer": stationery.phrase(heading.language, phrase::response_short(letter.partstat), &json!({}))?,
        "sentence": stationery.phrase(heading.language, phrase::response(letter.partstat), &json!({ "name": name }))?,
        "comment": letter.comment.map(passage),
        "proposed": proposed,
        "delegate": letter.delegated_to.map(written_out),
    });
    let folder = if letter.proposal.is_some() { "counter" } else { "reply" };
    let written = stationery.write(folder, heading, values)?;
    let answer = OrganizerReply {
        object: letter.object,
        event: letter.event,
        instance: letter.instance,
        and_later: letter.and_later,
        home: heading.time_zone,
        attendee: letter.attendee,
        partstat: letter.partstat,
        delegated_to: letter.delegated_to.map(|other| &other.mailbox),
        comment: letter.comment,
        now: heading.date,
    };
    let (object, method) = match letter.proposal {
        Some((from, to)) => (counter_for_organizer(&answer, from, to), "COUNTER"),
        None => (reply_for_organizer(&answer), "REPLY"),
    };
    let body = alternatives(heading, &written, Some(calendar(&object, method)));
    Ok(pack(heading, Nature::Response, &written.subject, body))
}

/// A person with their address, for somebody who does not know them.
fn written_out(who: &NamedMailbox) -> String {
    match who.name.as_deref().map(one_line).filter(|name| !name.is_empty()) {
        Some(name) => format!("{name} <{}>", who.mailbox),
        None => who.mailbox.to_string(),
    }
}
