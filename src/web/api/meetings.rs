//! Meetings and their guests.

use super::problem::{Body, Problem};
use super::types::{GuestAction, GuestActionIn, GuestIn, GuestOut, MeetingIn, MeetingOut, MeetingWithGuests, NewMeeting, Page};
use super::{ApiCounter, Asked, In, Program, id};
use crate::domain::address::{Mailbox, NamedMailbox};
use crate::domain::api_key::Scope;
use crate::domain::id::{GuestId, MeetingId};
use crate::domain::listing::Cursor;
use crate::domain::meeting::Meeting;
use crate::domain::organizer::Organizer;
use crate::flow::ObjectEnd;
use crate::flow::organizer_desk::{GuestHelp, GuestHelped, WrittenDown};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use uuid::Uuid;

type Counter = State<Arc<ApiCounter>>;

impl ApiCounter {
    fn out(&self, meeting: &Meeting) -> MeetingOut {
        let changeable = self.gateway.is_written_here(meeting) && !meeting.is_over(self.gateway.world.now());
        MeetingOut::of(meeting, changeable && meeting.event.series.is_none())
    }

    async fn meeting(&self, text: &str) -> Result<Meeting, Problem> {
        self.gateway.archive.meeting(MeetingId(id(text)?)).await?.ok_or_else(Problem::not_found)
    }

    async fn with_guests(&self, meeting: &Meeting) -> Result<MeetingWithGuests, Problem> {
        let now = self.gateway.world.now();
        let date = meeting.event.occurrence_at(now);
        let stays = self.gateway.archive.stays(meeting.id).await?.in_room(&meeting.room_of(date.id));
        let guests = self.gateway.archive.guests(meeting.id).await?;
        let attended = |person: Uuid| stays.attended(person, date.instance.starts_at, date.instance.ends_at, now);
        let guests = guests.iter().map(|guest| GuestOut::of(guest, attended(guest.id.0))).collect();
        Ok(MeetingWithGuests { meeting: self.out(meeting), guests })
    }

    async fn organizer(&self, meeting: &Meeting) -> Result<Organizer, Problem> {
        let organizer = self.gateway.directory.by_id(meeting.organizer).await?.filter(|organizer| organizer.active);
        organizer.ok_or_else(|| Problem::new(StatusCode::CONFLICT, "The organizer is no longer in the directory."))
    }

    async fn changeable(&self, text: &str) -> Result<Meeting, Problem> {
        let meeting = self.meeting(text).await?;
        if self.out(&meeting).is_changeable {
            return Ok(meeting);
        }
        Err(Problem::new(StatusCode::CONFLICT, "It is over or cancelled, or was made in a calendar program: then it is changed there."))
    }

    async fn ended(&self, status: StatusCode, end: ObjectEnd) -> Result<Response, Problem> {
        match end {
            ObjectEnd::Done(told) => {
                let meeting = self.gateway.archive.meeting(told.meeting.id).await?.ok_or_else(Problem::not_found)?;
                Ok((status, Json(self.with_guests(&meeting).await?)).into_response())
            }
            ObjectEnd::Refused(refused) => Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "Nobody was sent anything.").with(refused)),
            ObjectEnd::Repeated | ObjectEnd::Planned(_) | ObjectEnd::NoOrganizer | ObjectEnd::NotAnOrganizer(_) => {
                Err(Problem::new(StatusCode::CONFLICT, "It was done before, or the organizer may not invite now."))
            }
        }
    }
}

fn written(meeting: &MeetingIn, key: Option<Uuid>) -> Result<WrittenDown, Problem> {
    let mut wrong = Vec::new();
    let title = meeting.title.trim();
    if title.is_empty() || title.chars().count() > 200 {
        wrong.push("title: 1 to 200 characters".to_owned());
    }
    let description = meeting.description.clone().unwrap_or_default();
    if description.chars().count() > 8_000 {
        wrong.push("description: at most 8000 characters".to_owned());
    }
    if meeting.ends_at <= meeting.starts_at {
        wrong.push("ends_at: later than starts_at".to_owned());
    }
    if meeting.guests.is_empty() {
        wrong.push("guests: at least one".to_owned());
    }
    let mut guests: Vec<NamedMailbox> = Vec::new();
    for (index, GuestIn { address, name }) in meeting.guests.iter().enumerate() {
        match Mailbox::parse(address) {
            Ok(mailbox) if guests.iter().any(|guest| guest.mailbox.same_as(&mailbox)) => {}
            Ok(mailbox) => guests.push(NamedMailbox { name: name.clone(), mailbox }),
            Err(error) => wrong.push(format!("guests[{index}].address: {error}")),
        }
    }
    if !wrong.is_empty() {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "Nothing was sent.").with(wrong));
    }
    Ok(WrittenDown { key, title: title.to_owned(), description, starts_at: meeting.starts_at, ends_at: meeting.ends_at, guests })
}

/// Meetings, next first; of the past, the newest first.
#[utoipa::path(get, path = "/api/v1/meetings", tag = "meetings",
    params(("organizer" = Option<String>, Query, description = "Address of an organizer."), ("past" = Option<bool>, Query, description = "Those that are over."),
           ("cursor" = Option<String>, Query, description = "`next` of the page before.", pattern = r"^-?[0-9]+\.[0-9a-f]{32}$"), ("limit" = Option<u32>, Query, description = "Rows, 1 to 200.", minimum = 1, maximum = 200)),
    responses((status = 200, body = Page<MeetingOut>), (status = 400, body = Problem, content_type = "application/problem+json"),
              (status = 401, body = Problem, content_type = "application/problem+json"), (status = 403, body = Problem, content_type = "application/problem+json"),
              (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(State(counter): Counter, program: Program, asked: Asked) -> Result<Response, Problem> {
    program.may(Scope::MeetingsRead)?;
    asked.only(&["organizer", "past", "cursor", "limit"])?;
    let (cursor, limit) = asked.page()?;
    let past = asked.get("past", |text| text.parse::<bool>().ok())?.unwrap_or(false);
    let organizer = match asked.get("organizer", |text| Mailbox::parse(text).ok())? {
        None => None,
        Some(mailbox) => match counter.gateway.directory.by_mailbox(&mailbox).await? {
            Some(organizer) => Some(organizer.id),
            // Nobody has no meetings.
            None => return Ok(Json(Page::<MeetingOut> { items: Vec::new(), next: None }).into_response()),
        },
    };
    let meetings = counter.gateway.archive.meetings_page(organizer, past, counter.gateway.world.now(), cursor, limit).await?;
    let next = meetings.last().filter(|_| meetings.len() == limit as usize).map(|meeting| Cursor::after_meeting(meeting).to_string());
    Ok(Json(Page { items: meetings.iter().map(|meeting| counter.out(meeting)).collect(), next }).into_response())
}

/// Invites. With the same Idempotency-Key of the same program nothing is done twice: the meeting that was written then is the answer.
#[utoipa::path(post, path = "/api/v1/meetings", tag = "meetings", request_body = NewMeeting,
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible characters of the program's own.", min_length = 1, max_length = 255, pattern = "^[!-~]+$")),
    responses((status = 201, body = MeetingWithGuests), (status = 200, body = MeetingWithGuests, description = "Written before."),
              (status = 400, body = Problem, content_type = "application/problem+json"), (status = 401, body = Problem, content_type = "application/problem+json"),
              (status = 403, body = Problem, content_type = "application/problem+json"), (status = 409, body = Problem, content_type = "application/problem+json"),
              (status = 413, body = Problem, content_type = "application/problem+json"), (status = 415, body = Problem, content_type = "application/problem+json"),
              (status = 422, body = Problem, content_type = "application/problem+json"), (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn create(
    State(counter): Counter,
    program: Program,
    headers: HeaderMap,
    Body(new): Body<NewMeeting>,
) -> Result<Response, Problem> {
    let actor = program.may(Scope::MeetingsWrite)?;
    let key = match headers.get("idempotency-key").map(|value| value.to_str().unwrap_or_default()) {
        None => None,
        Some(key) if (1..=255).contains(&key.len()) && key.bytes().all(|octet| octet.is_ascii_graphic()) => {
            Some(Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{actor}\0{key}").as_bytes()))
        }
        Some(_) => return Err(Problem::new(StatusCode::BAD_REQUEST, "Idempotency-Key: 1 to 255 visible characters.")),
    };
    let unknown = || Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "organizer: nobody who may invite has this address.");
    let mailbox = Mailbox::parse(&new.organizer).map_err(|_| unknown())?;
    let organizer = counter.gateway.directory.by_mailbox(&mailbox).await?.filter(|organizer| organizer.active).ok_or_else(unknown)?;
    let NewMeeting { title, description, starts_at, ends_at, guests, .. } = new;
    let down = written(&MeetingIn { title, description, starts_at, ends_at, guests }, key)?;
    if let Some(key) = key
        && let Some(meeting) = counter.gateway.archive.meeting_by_uid(organizer.id, &counter.gateway.page_uid(key)).await?
    {
        return Ok(Json(counter.with_guests(&meeting).await?).into_response());
    }
    let end = counter.gateway.write_meeting(&organizer, None, &down).await?;
    counter.ended(StatusCode::CREATED, end).await
}

/// A meeting with its guests and their attendance.
#[utoipa::path(get, path = "/api/v1/meetings/{id}", tag = "meetings", params(("id" = Uuid, Path)),
    responses((status = 200, body = MeetingWithGuests), (status = 401, body = Problem, content_type = "application/problem+json"),
              (status = 403, body = Problem, content_type = "application/problem+json"), (status = 404, body = Problem, content_type = "application/problem+json"),
              (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn show(State(counter): Counter, program: Program, In(id): In<String>) -> Result<Response, Problem> {
    program.may(Scope::MeetingsRead)?;
    let meeting = counter.meeting(&id).await?;
    Ok(Json(counter.with_guests(&meeting).await?).into_response())
}

/// Changes a meeting that was written here: whoever is no longer among the guests is told so.
#[utoipa::path(put, path = "/api/v1/meetings/{id}", tag = "meetings", request_body = MeetingIn, params(("id" = Uuid, Path)),
    responses((status = 200, body = MeetingWithGuests), (status = 400, body = Problem, content_type = "application/problem+json"),
              (status = 401, body = Problem, content_type = "application/problem+json"), (status = 403, body = Problem, content_type = "application/problem+json"),
              (status = 404, body = Problem, content_type = "application/problem+json"), (status = 409, body = Problem, content_type = "application/problem+json"),
              (status = 413, body = Problem, content_type = "application/problem+json"), (status = 415, body = Problem, content_type = "application/problem+json"),
              (status = 422, body = Problem, content_type = "application/problem+json"), (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn change(
    State(counter): Counter,
    program: Program,
    In(id): In<String>,
    Body(new): Body<MeetingIn>,
) -> Result<Response, Problem> {
    program.may(Scope::MeetingsWrite)?;
    let meeting = counter.changeable(&id).await?;
    let organizer = counter.organizer(&meeting).await?;
    let end = counter.gateway.write_meeting(&organizer, Some(&meeting), &written(&new, None)?).await?;
    counter.ended(StatusCode::OK, end).await
}

/// Cancels a meeting that was written here.
#[utoipa::path(delete, path = "/api/v1/meetings/{id}", tag = "meetings", params(("id" = Uuid, Path)),
    responses((status = 200, body = MeetingWithGuests), (status = 401, body = Problem, content_type = "application/problem+json"),
              (status = 403, body = Problem, content_type = "application/problem+json"), (status = 404, body = Problem, content_type = "application/problem+json"),
              (status = 409, body = Problem, content_type = "application/problem+json"), (status = 422, body = Problem, content_type = "application/problem+json"),
              (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn cancel(State(counter): Counter, program: Program, In(id): In<String>) -> Result<Response, Problem> {
    program.may(Scope::MeetingsWrite)?;
    let meeting = counter.changeable(&id).await?;
    let organizer = counter.organizer(&meeting).await?;
    let end = counter.gateway.cancel_meeting(&organizer, &meeting).await?;
    counter.ended(StatusCode::OK, end).await
}

/// Helps a guest: `resend`, `reissue-link` or `let-in`.
#[utoipa::path(post, path = "/api/v1/meetings/{id}/guests/{guest}/actions", tag = "meetings", request_body = GuestActionIn,
    params(("id" = Uuid, Path), ("guest" = Uuid, Path)),
    responses((status = 204), (status = 400, body = Problem, content_type = "application/problem+json"), (status = 401, body = Problem, content_type = "application/problem+json"),
              (status = 403, body = Problem, content_type = "application/problem+json"), (status = 404, body = Problem, content_type = "application/problem+json"),
              (status = 409, body = Problem, content_type = "application/problem+json"), (status = 413, body = Problem, content_type = "application/problem+json"),
              (status = 415, body = Problem, content_type = "application/problem+json"), (status = 422, body = Problem, content_type = "application/problem+json"),
              (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn help(
    State(counter): Counter,
    program: Program,
    In((meeting, guest)): In<(String, String)>,
    Body(GuestActionIn { action }): Body<GuestActionIn>,
) -> Result<Response, Problem> {
    let actor = program.may(Scope::MeetingsWrite)?;
    let help = match action {
        GuestAction::Resend => GuestHelp::Resend,
        GuestAction::ReissueLink => GuestHelp::ReissueLink,
        GuestAction::LetIn => GuestHelp::LetIn,
    };
    let meeting = counter.meeting(&meeting).await?;
    let guest = GuestId(id(&guest)?);
    if !counter.gateway.archive.guests(meeting.id).await?.iter().any(|one| one.id == guest) {
        return Err(Problem::not_found());
    }
    let organizer = counter.organizer(&meeting).await?;
    let why = match counter.gateway.help_guest(&organizer, guest, help, &actor).await? {
        GuestHelped::Done => return Ok(StatusCode::NO_CONTENT.into_response()),
        GuestHelped::TooLate => "The guest is no longer invited, or the meeting is over.",
        GuestHelped::Stopped => "Nothing is sent to this address.",
        GuestHelped::WouldLeak => "The invitation would show its organizer.",
    };
    Err(Problem::new(StatusCode::CONFLICT, why))
}
