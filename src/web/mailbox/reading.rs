//! One mail, looked at in every way: rendered, as text, as a calendar card, its headers, its bytes.

use super::boxes::{Said, all, clock, outcome, role};
use super::clients::Client;
use super::letter::{Invitation, Letter, read_calendar, read_mail};
use super::{MailboxCounter, Trouble};
use crate::domain::address::NamedMailbox;
use crate::domain::itip::{CalendarObject, Event, EventTime};
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::sync::Arc;

/// `GET /mail/{number}`
pub(super) async fn mail(
    State(counter): State<Arc<MailboxCounter>>,
    Path(number): Path<u64>,
    Query(said): Query<Said>,
) -> Result<Response, Trouble> {
    let caught = counter.setup.mails.get(number).await?.ok_or(Trouble::NotFound)?;
    counter.mark_seen(number);
    let mail = read_mail(&caught.message);
    let calendar = read_calendar(&mail);
    let letter = Letter::of(&caught, &mail);
    let invitation = letter.as_ref().zip(calendar.as_ref()).and_then(|(letter, calendar)| Invitation::of(letter, calendar));
    let (_, role) = role(&counter, &caught.recipient).await?;
    let mails = counter.setup.mails.list().await?;
    let address = caught.recipient.to_string();
    let values = json!({
        "title": mail.subject,
        "number": number,
        "at": clock(caught.at),
        "address": address,
        "box_href": format!("/mailbox/{}", super::encoded(&address)),
        "role": role,
        "from": mail.from.first().map(named).unwrap_or_default(),
        "subject": mail.subject,
        "text": mail.text,
        "has_html": mail.html.is_some(),
        "headers": mail.headers.iter().map(|field| json!({ "name": field.name, "value": field.value })).collect::<Vec<_>>(),
        "raw": String::from_utf8_lossy(&caught.message),
        "envelope_from": caught.reverse_path.to_string(),
        "outcome": outcome(&caught.outcome),
        "calendar": calendar.as_ref().and_then(card),
        "is_guest": role == "guest",
        "can_answer": letter.is_some() && role != "helpdesk",
        "invitation": invitation.as_ref().map(|invitation| json!({
            "proposal": (invitation.starts_at + chrono::TimeDelta::hours(24)).format("%Y-%m-%dT%H:%M").to_string(),
        })),
        "other_address": format!("{}@perso.example", caught.recipient.local()),
        "clients": Client::ALL.iter().map(|(_, value, name)| json!({ "value": value, "name": name })).collect::<Vec<_>>(),
        "boxes": all(&counter, &mails).await?,
        "said": said.values(),
        "live": false,
    });
    Ok(counter.html("mailbox/mail", &values))
}

/// `Name <address>`, for people.
fn named(who: &NamedMailbox) -> String {
    match &who.name {
        Some(name) => format!("{name} <{}>", who.mailbox),
        None => who.mailbox.to_string(),
    }
}

fn card(calendar: &CalendarObject) -> Option<Value> {
    let event: &Event = calendar.main_event()?;
    let property =
        |name: &str| calendar.tree.components.iter().find(|c| c.name == "VEVENT").and_then(|c| c.property(name)).map(|p| p.value.clone());
    let time = |time: &Option<EventTime>| time.as_ref().and_then(EventTime::instant).map(clock);
    let attendees: Vec<Value> = event
        .attendees
        .iter()
        .map(|attendee| json!({ "address": attendee.address, "name": attendee.mailbox.as_ref().and_then(|m| m.name.clone()), "partstat": attendee.partstat.as_str(), "role": attendee.role }))
        .collect();
    let link = property("URL").filter(|url| url.starts_with("http"));
    Some(json!({
        "method": calendar.method.as_ref().map_or("none", |method| method.as_str()),
        "title": event.summary,
        "day": event.start.as_ref().and_then(EventTime::instant).map(|at| json!({ "number": at.format("%d").to_string(), "month": at.format("%b").to_string() })),
        "starts": time(&event.start),
        "ends": time(&event.end),
        "organizer": event.organizer.as_ref().map(named),
        "attendees": attendees,
        "comments": event.comments,
        // The personal link is long: it is not written twice.
        "location": event.location.as_ref().filter(|location| link.as_ref() != Some(*location)),
        "link": link,
        "uid": event.uid,
        "sequence": event.sequence,
        "status": event.status,
    }))
}

/// `GET /mail/{number}/html`: the HTML as the guest's program would show it, without script, form or network.
pub(super) async fn html(State(counter): State<Arc<MailboxCounter>>, Path(number): Path<u64>) -> Result<Response, Trouble> {
    let caught = counter.setup.mails.get(number).await?.ok_or(Trouble::NotFound)?;
    let html = read_mail(&caught.message).html.ok_or(Trouble::NotFound)?;
    let about = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            header::CONTENT_SECURITY_POLICY,
            "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'",
        ),
        (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
    ];
    // Links open beside the mailbox, as in a mail program.
    Ok((about, format!("<!doctype html><base target=\"_blank\">{html}")).into_response())
}

/// `GET /mail/{number}/raw`: the bytes as they would have been sent.
pub(super) async fn raw(State(counter): State<Arc<MailboxCounter>>, Path(number): Path<u64>) -> Result<Response, Trouble> {
    let caught = counter.setup.mails.get(number).await?.ok_or(Trouble::NotFound)?;
    let about = [
        (header::CONTENT_TYPE, "message/rfc822".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"mail-{number}.eml\"")),
    ];
    Ok((about, caught.message).into_response())
}
