//! The buttons: a form becomes the message that a real program would send, which goes through the real SMTP door.

use super::clients::{Bounce, CalendarAnswer, Client, Mark, away, bounce, calendar_answer, receipt, words};
use super::letter::{Invitation, Letter, read_calendar, read_mail};
use super::sample::{Change, change_mail, sample_envelope, sample_invitation};
use super::{MailboxCounter, Trouble, encoded};
use crate::domain::address::{Mailbox, NamedMailbox, ReversePath};
use crate::domain::attendance::PartStat;
use crate::domain::id::MeetingId;
use crate::flow::port::MailDoor;
use crate::web::security::is_from_here;
use axum::extract::{Form, Path, State};
use axum::http::HeaderMap;
use axum::response::Redirect;
use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::Deserialize;
use std::sync::Arc;

/// A button.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Action {
    Accept,
    Tentative,
    Decline,
    Propose,
    Words,
    OtherAddress,
    Away,
    BounceHard,
    BounceSoft,
    BounceDelayed,
    Receipt,
    Answer,
}

/// The form beside a mail.
#[derive(Deserialize)]
pub(super) struct Pressed {
    action: Action,
    client: Option<Client>,
    comment: Option<String>,
    starts: Option<String>,
    text: Option<String>,
    other: Option<String>,
}

/// A message on its way to a door.
struct Parcel {
    door: MailDoor,
    reverse_path: ReversePath,
    recipients: Vec<Mailbox>,
    message: Vec<u8>,
}

impl MailboxCounter {
    fn mark(&self) -> Mark {
        Mark { now: self.setup.world.now(), id: self.setup.world.random() }
    }

    /// Hands the parcel in and goes back to `page` with the door's answer.
    async fn send(&self, parcel: Parcel, page: &str) -> Redirect {
        let Parcel { door, reverse_path, recipients, message } = parcel;
        let said = match self.setup.injector.inject(door, &reverse_path, &recipients, &message).await {
            Ok(answer) => answer,
            Err(error) => error.to_string(),
        };
        let shown: String = said.chars().take(300).collect();
        Redirect::to(&format!("{page}?said={}", encoded(&shown)))
    }

    fn refuse_elsewhere(&self, headers: &HeaderMap) -> Result<(), Trouble> {
        if is_from_here(headers, &self.own_origin) { Ok(()) } else { Err(Trouble::Refused("This button was pressed on another site.")) }
    }
}

/// `POST /mail/{number}`
pub(super) async fn answer(
    State(counter): State<Arc<MailboxCounter>>,
    Path(number): Path<u64>,
    headers: HeaderMap,
    Form(pressed): Form<Pressed>,
) -> Result<Redirect, Trouble> {
    counter.refuse_elsewhere(&headers)?;
    let caught = counter.setup.mails.get(number).await?.ok_or(Trouble::NotFound)?;
    let mail = read_mail(&caught.message);
    let letter = Letter::of(&caught, &mail).ok_or(Trouble::Refused("The mail names nobody to answer."))?;
    let invitation = read_calendar(&mail).and_then(|calendar| Invitation::of(&letter, &calendar));
    let parcel = parcel(&pressed, &letter, invitation.as_ref(), counter.mark())?;
    Ok(counter.send(parcel, &format!("/mail/{number}")).await)
}

fn parcel(pressed: &Pressed, letter: &Letter, invitation: Option<&Invitation>, mark: Mark) -> Result<Parcel, Trouble> {
    let text = pressed.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let text = || text.ok_or(Trouble::Refused("Please write something first."));
    let calendar = |partstat, proposal| {
        let invitation = invitation.ok_or(Trouble::Refused("There is no invitation in this mail."))?;
        let comment = pressed.comment.clone().map(|c| c.trim().to_owned()).filter(|comment| !comment.is_empty());
        let answer = CalendarAnswer { partstat, comment, proposal };
        let message = calendar_answer(pressed.client.unwrap_or(Client::Exchange), invitation, &answer, mark);
        Ok(from_reader(&invitation.letter, MailDoor::Mx, message))
    };
    match pressed.action {
        Action::Accept => calendar(PartStat::Accepted, None),
        Action::Tentative => calendar(PartStat::Tentative, None),
        Action::Decline => calendar(PartStat::Declined, None),
        Action::Propose => {
            let length = invitation.map_or(TimeDelta::hours(1), |known| known.ends_at - known.starts_at);
            let starts = proposed(pressed.starts.as_deref()).ok_or(Trouble::Refused("Please give a date and a time."))?;
            calendar(PartStat::Tentative, Some((starts, starts + length)))
        }
        Action::Words => Ok(from_reader(letter, MailDoor::Mx, words(letter, text()?, None, mark))),
        Action::Answer => Ok(from_reader(letter, MailDoor::Submission, words(letter, text()?, None, mark))),
        Action::OtherAddress => {
            let other = pressed.other.as_deref().and_then(|other| Mailbox::parse(other.trim()).ok());
            let other =
                NamedMailbox { name: letter.reader.name.clone(), mailbox: other.ok_or(Trouble::Refused("Please give another address."))? };
            let message = words(letter, text()?, Some(&other), mark);
            Ok(Parcel { reverse_path: ReversePath::Mailbox(other.mailbox), ..from_reader(letter, MailDoor::Mx, message) })
        }
        Action::Away => Ok(Parcel { reverse_path: ReversePath::Null, ..from_reader(letter, MailDoor::Mx, away(letter, mark)) }),
        Action::Receipt => Ok(Parcel { reverse_path: ReversePath::Null, ..from_reader(letter, MailDoor::Mx, receipt(letter, mark)) }),
        Action::BounceHard => returned(letter, Bounce::Hard, mark),
        Action::BounceSoft => returned(letter, Bounce::Soft, mark),
        Action::BounceDelayed => returned(letter, Bounce::Delayed, mark),
    }
}

fn from_reader(letter: &Letter, door: MailDoor, message: Vec<u8>) -> Parcel {
    let reverse_path = ReversePath::Mailbox(letter.reader.mailbox.clone());
    Parcel { door, reverse_path, recipients: vec![letter.writer.mailbox.clone()], message }
}

fn returned(letter: &Letter, kind: Bounce, mark: Mark) -> Result<Parcel, Trouble> {
    let return_path = letter.reverse_path.mailbox().ok_or(Trouble::Refused("This mail has no return path: nobody bounces it."))?;
    let message = bounce(letter, kind, return_path, mark);
    Ok(Parcel { door: MailDoor::Mx, reverse_path: ReversePath::Null, recipients: vec![return_path.clone()], message })
}

/// The value of a date-and-time field, in UTC as the page says.
fn proposed(text: Option<&str>) -> Option<DateTime<Utc>> {
    let text = text?.trim();
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S"));
    local.ok().map(|local| local.and_utc())
}

/// `POST /sample`: the sample invitation again.
pub(super) async fn sample(State(counter): State<Arc<MailboxCounter>>, headers: HeaderMap) -> Result<Redirect, Trouble> {
    counter.refuse_elsewhere(&headers)?;
    let (reverse_path, recipients) = sample_envelope();
    let page = reverse_path.mailbox().map_or_else(|| "/".to_owned(), |organizer| format!("/mailbox/{}", encoded(&organizer.to_string())));
    let message = sample_invitation(counter.setup.world.now());
    Ok(counter.send(Parcel { door: MailDoor::Submission, reverse_path, recipients, message }, &page).await)
}

/// What the organizer does to a meeting.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Intent {
    Later,
    Cancel,
}

/// The form beside a meeting.
#[derive(Deserialize)]
pub(super) struct Intended {
    intent: Intent,
}

/// `POST /meeting/{id}`: an update or a cancellation by its organizer.
pub(super) async fn change(
    State(counter): State<Arc<MailboxCounter>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Form(intended): Form<Intended>,
) -> Result<Redirect, Trouble> {
    counter.refuse_elsewhere(&headers)?;
    let id: MeetingId = id.parse().map_err(|_| Trouble::NotFound)?;
    let meeting = counter.setup.archive.meeting(id).await?.ok_or(Trouble::NotFound)?;
    let guests = counter.setup.archive.guests(id).await?;
    let change = match intended.intent {
        Intent::Later => Change::Move(TimeDelta::minutes(15)),
        Intent::Cancel => Change::Cancel,
    };
    let (reverse_path, recipients, message) = change_mail(&meeting, &guests, change, counter.mark());
    let page = format!("/mailbox/{}", encoded(&meeting.organizer_address.mailbox.to_string()));
    Ok(counter.send(Parcel { door: MailDoor::Submission, reverse_path, recipients, message }, &page).await)
}
