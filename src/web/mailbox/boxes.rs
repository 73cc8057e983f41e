//! The mailboxes: whose they are, and what is in them.

use super::letter::{read_calendar, read_mail};
use super::{MailboxCounter, Trouble, encoded};
use crate::domain::address::Mailbox;
use crate::domain::delivery::AttemptOutcome;
use crate::flow::port::CaughtMail;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// What a mail door said to the last button.
#[derive(Deserialize)]
pub(super) struct Said {
    /// Its answer.
    pub(super) said: Option<String>,
}

impl Said {
    /// For the page: the text, and whether the door took the mail.
    pub(super) fn values(&self) -> Value {
        self.said.as_ref().map_or(Value::Null, |said| json!({ "text": said, "taken": said.starts_with('2') }))
    }
}

/// Every mailbox that got mail, organizers first, then guests, then the helpdesk.
pub(super) async fn all(counter: &MailboxCounter, mails: &[CaughtMail]) -> Result<Vec<Value>, Trouble> {
    let mut owners: Vec<Mailbox> = Vec::new();
    for mail in mails {
        if !owners.iter().any(|owner| owner.same_as(&mail.recipient)) {
            owners.push(mail.recipient.clone());
        }
    }
    let mut rows = Vec::new();
    for owner in owners {
        let role = role(counter, &owner).await?;
        let own: Vec<_> = mails.iter().filter(|mail| mail.recipient.same_as(&owner)).collect();
        let fresh = own.iter().filter(|mail| !counter.is_seen(mail.number)).count();
        rows.push((role, owner, own.len(), fresh));
    }
    rows.sort();
    Ok(rows
        .into_iter()
        .map(|((_, role), owner, count, fresh)| {
            let address = owner.to_string();
            json!({ "role": role, "address": address, "local": owner.local(), "domain": owner.domain(),
                "href": format!("/mailbox/{}", encoded(&address)), "count": count, "fresh": fresh })
        })
        .collect())
}

/// Rank and name of the person behind an address.
pub(super) async fn role(counter: &MailboxCounter, owner: &Mailbox) -> Result<(u8, &'static str), Trouble> {
    if counter.setup.helpdesk.as_ref().is_some_and(|helpdesk| helpdesk.same_as(owner)) {
        return Ok((2, "helpdesk"));
    }
    let organizer = counter.setup.directory.by_mailbox(owner).await?;
    Ok(if organizer.is_some() { (0, "organizer") } else { (1, "guest") })
}

/// `GET /mailbox/{address}`
pub(super) async fn mailbox(
    State(counter): State<Arc<MailboxCounter>>,
    Path(address): Path<String>,
    Query(said): Query<Said>,
) -> Result<Response, Trouble> {
    let owner = Mailbox::parse(&address).map_err(|_| Trouble::NotFound)?;
    let mails = counter.setup.mails.list().await?;
    let own: Vec<Value> = mails.iter().filter(|mail| mail.recipient.same_as(&owner)).map(|mail| row(&counter, mail)).collect();
    let (_, role) = role(&counter, &owner).await?;
    let meetings = if role == "organizer" { meetings_of(&counter, &owner).await? } else { Vec::new() };
    let values = json!({
        "title": owner.to_string(),
        "address": owner.to_string(),
        "role": role,
        "is_organizer": role == "organizer",
        "mails": own,
        "meetings": meetings,
        "boxes": all(&counter, &mails).await?,
        "said": said.values(),
        "live": true,
    });
    Ok(counter.html("mailbox/box", &values))
}

async fn meetings_of(counter: &MailboxCounter, owner: &Mailbox) -> Result<Vec<Value>, Trouble> {
    let meetings = counter.setup.archive.meetings(counter.setup.world.now(), 20).await?;
    Ok(meetings
        .iter()
        .filter(|meeting| meeting.organizer_address.mailbox.same_as(owner) && !meeting.is_over(counter.setup.world.now()))
        .map(|meeting| json!({ "id": meeting.id.to_string(), "title": meeting.event.title, "starts": clock(meeting.event.starts_at) }))
        .collect())
}

fn row(counter: &MailboxCounter, caught: &CaughtMail) -> Value {
    let mail = read_mail(&caught.message);
    let from = mail.from.first().map(|from| from.name.clone().unwrap_or_else(|| from.mailbox.to_string()));
    json!({
        "number": caught.number,
        "at": clock(caught.at),
        "from": from.unwrap_or_default(),
        "subject": if mail.subject.is_empty() { "(no subject)" } else { &mail.subject },
        "method": read_calendar(&mail).and_then(|calendar| calendar.method).map(|method| method.as_str().to_owned()),
        "fresh": !counter.is_seen(caught.number),
        "outcome": outcome(&caught.outcome),
    })
}

/// What became of the mail: a word for its colour, and the answer.
pub(super) fn outcome(outcome: &AttemptOutcome) -> Value {
    let (kind, text) = match outcome {
        AttemptOutcome::Delivered(text) => ("delivered", text),
        AttemptOutcome::Deferred(text) | AttemptOutcome::Unreachable(text) => ("deferred", text),
        AttemptOutcome::Bounced(text) => ("bounced", text),
        AttemptOutcome::Uncertain(text) => ("uncertain", text),
    };
    json!({ "kind": kind, "text": text })
}

/// A time for people: these pages are for developers, in UTC.
pub(super) fn clock(at: chrono::DateTime<chrono::Utc>) -> String {
    at.format("%a %d %b %H:%M UTC").to_string()
}
