//! Invitation, update and cancellation for one guest: everything in it comes from the event, the alias and the guest.

use super::super::dates::{Listed, is_several};
use super::super::message::{Nature, calendar, file, html, multipart, pack, plain};
use super::super::phrase::invitation_folder;
use super::super::text::{one_line, passage};
use super::super::{ComposeError, InvitationKind, InvitationLetter, Stationery};
use super::called;
use crate::domain::itip::translate::{GuestObject, cancel_for_guest, request_for_guest};
use mail_builder::headers::content_type::ContentType;
use serde_json::{Value, json};

/// A guest's calendar mail: `mixed{ alternative{ plain, html, calendar }, invite.ics }`, both objects the same bytes.
pub fn invitation(stationery: &Stationery, letter: &InvitationLetter<'_>) -> Result<Vec<u8>, ComposeError> {
    let heading = &letter.heading;
    let values = values(stationery, letter)?;
    let (object, method) = calendar_object(stationery, letter, values.clone())?;
    let written = stationery.write(invitation_folder(letter.kind), heading, values)?;
    let said = vec![plain(&written), html(&written), calendar(&object, method)];
    let attached = file(ContentType::new("application/ics"), "invite.ics".to_owned(), object.as_bytes());
    let body = multipart(heading, 0, "mixed", vec![multipart(heading, 1, "alternative", said), attached]);
    Ok(pack(heading, Nature::Invitation, &written.subject, body))
}

fn values(stationery: &Stationery, letter: &InvitationLetter<'_>) -> Result<Value, ComposeError> {
    let (heading, event) = (&letter.heading, letter.event);
    let listed = match letter.kind {
        InvitationKind::New | InvitationKind::Update => Listed::Next,
        InvitationKind::Cancellation => Listed::Off,
    };
    Ok(json!({
        "title": one_line(&event.title),
        "when": stationery.when(heading, event)?,
        "dates": stationery.dates(heading, event, listed)?,
        "several": is_several(event),
        "description": event.description.as_deref().map(passage),
        "link": letter.link,
        "organizer": called(heading.from),
        "allow_counter": letter.allow_counter,
    }))
}

fn calendar_object(stationery: &Stationery, letter: &InvitationLetter<'_>, values: Value) -> Result<(String, &'static str), ComposeError> {
    let heading = &letter.heading;
    let description = stationery.piece(heading.language, "invitation", "description.txt", values)?;
    let object = GuestObject {
        uid: letter.uid,
        sequence: letter.sequence,
        now: heading.date,
        organizer_alias: heading.from,
        guest: heading.to,
        event: letter.event,
        link: letter.link,
        description: description.trim(),
        partstat: letter.partstat,
        allow_counter: letter.allow_counter,
    };
    Ok(match letter.kind {
        InvitationKind::New | InvitationKind::Update => (request_for_guest(&object), "REQUEST"),
        InvitationKind::Cancellation => (cancel_for_guest(&object), "CANCEL"),
    })
}
