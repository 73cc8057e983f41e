//! Invitation, update and cancellation for one guest: everything in it comes from the event, the alias and the guest.

use super::super::dates::{Listed, is_several};
use super::super::message::{Nature, calendar, file, html, multipart, pack, plain};
use super::super::phrase::invitation_folder;
use super::super::text::{one_line, passage};
use super::super::{ComposeError, InvitationKind, InvitationLetter, Stationery};
use super::called;
use crate::domain::itip::translate::{Described, GuestObject, cancel_for_guest, request_for_guest};
use crate::domain::occurrence::Instance;
use chrono::{DateTime, Utc};
use mail_builder::headers::content_type::ContentType;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A guest's calendar mail: `mixed{ alternative{ plain, html, calendar }, invite.ics }`, both objects the same bytes.
pub fn invitation(stationery: &Stationery, letter: &InvitationLetter<'_>) -> Result<Vec<u8>, ComposeError> {
    let heading = &letter.heading;
    let (object, method) = calendar_object(stationery, letter)?;
    let written = stationery.write(invitation_folder(letter.kind), heading, values(stationery, letter)?)?;
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
    let before = letter.before.filter(|_| letter.kind == InvitationKind::Update);
    let changes = before.map(|before| stationery.changes(heading, before, event)).transpose()?;
    Ok(json!({
        "title": one_line(&event.title),
        "when": stationery.when(heading, event)?,
        "changes": changes,
        "dates": stationery.dates(heading, event, listed)?,
        "several": is_several(event),
        "description": event.description.as_deref().map(passage),
        "link": letter.link,
        "organizer": called(heading.from),
        "allow_counter": letter.allow_counter,
    }))
}

fn calendar_object(stationery: &Stationery, letter: &InvitationLetter<'_>) -> Result<(String, &'static str), ComposeError> {
    let heading = &letter.heading;
    let instances: Vec<Described> = own_instances(letter)
        .map(|(id, instance)| {
            let description = description(stationery, letter, instance.description.as_deref())?;
            Ok(Described { id, description, instance })
        })
        .collect::<Result<_, ComposeError>>()?;
    let description = description(stationery, letter, letter.event.description.as_deref())?;
    let object = GuestObject {
        uid: letter.uid,
        sequence: letter.sequence,
        now: heading.date,
        organizer_alias: heading.from,
        guest: heading.to,
        event: letter.event,
        link: letter.link,
        description: &description,
        instances: &instances,
        response: letter.response,
        allow_counter: letter.allow_counter,
    };
    Ok(match letter.kind {
        InvitationKind::New | InvitationKind::Update => (request_for_guest(&object), "REQUEST"),
        InvitationKind::Cancellation => (cancel_for_guest(&object), "CANCEL"),
    })
}

/// The instances that need a VEVENT of their own: those that differ, and those still to come that were answered on their own,
/// since a calendar forgets that when the whole comes anew.
fn own_instances<'a>(letter: &'a InvitationLetter<'_>) -> impl Iterator<Item = (DateTime<Utc>, Instance)> + 'a {
    let answered = letter.response.instances.keys().copied();
    let ids: BTreeSet<DateTime<Utc>> = letter.event.changed_ids().chain(answered).collect();
    let is_past = |id: DateTime<Utc>, instance: &Instance| {
        instance.ends_at <= letter.heading.date && !letter.event.changed_ids().any(|changed| changed == id)
    };
    ids.into_iter().filter_map(|id| Some((id, letter.event.instance(id)?))).filter(move |(id, instance)| !is_past(*id, instance))
}

/// DESCRIPTION: the organizer's text, and how to join and answer.
fn description(stationery: &Stationery, letter: &InvitationLetter<'_>, text: Option<&str>) -> Result<String, ComposeError> {
    let values = json!({ "description": text.map(passage), "link": letter.link, "allow_counter": letter.allow_counter });
    Ok(stationery.piece(letter.heading.language, "invitation", "description.txt", values)?.trim().to_owned())
}
