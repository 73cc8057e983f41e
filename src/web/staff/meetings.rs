//! `/meetings`: an organizer's meetings, one of them with its guests, and what can be done about it.

use super::{Act, Answer, ListWish, Part, ROWS, Sheet, StaffCounter, next_page};
use crate::domain::id::{GuestId, MeetingId};
use crate::domain::listing::Cursor;
use crate::domain::meeting::{Meeting, MeetingStatus};
use crate::domain::organizer::Organizer;
use crate::flow::ObjectEnd;
use crate::flow::organizer_desk::{GuestHelp, GuestHelped};
use crate::flow::port::PortError;
use crate::flow::proposal_page::{ProposalChoice, ProposalEnd};
use crate::flow::sign_in::Person;
use crate::web::live::follow;
use crate::web::meeting::meeting_values;
use crate::web::pages::Words;
use crate::web::request::Wish;
use crate::web::sign_in::Refused;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use serde_json::{Value, json};
use std::sync::Arc;

/// The organizer that somebody is.
pub(super) fn organizer<'p>(counter: &StaffCounter, person: &'p Person, headers: &HeaderMap) -> Result<&'p Organizer, Refused> {
    person.organizer.as_ref().ok_or_else(|| counter.forbidden(headers).into())
}

/// `GET /meetings?past=yes&after=…`
pub(super) async fn list(
    State(counter): State<Arc<StaffCounter>>,
    Query(asked): Query<ListWish>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Answer {
    let person = counter.reception.person(&headers, "/meetings").await?;
    let Some(organizer) = &person.organizer else {
        // Who has a role alone begins there.
        return Ok(Redirect::to(if person.roles.helpdesk { "/desk" } else { "/administration" }).into_response());
    };
    let (past, now) = (asked.past.is_some(), counter.gateway.world.now());
    let after = asked.after.as_deref().and_then(Cursor::parse);
    let found = counter.gateway.archive.meetings_page(Some(organizer.id), past, now, after, ROWS).await;
    let meetings = match found {
        Ok(meetings) => meetings,
        Err(error) => return Ok(counter.unavailable(&error, &headers)),
    };
    let last = meetings.last().filter(|_| meetings.len() == ROWS as usize).map(|meeting| Cursor::after_meeting(meeting).to_string());
    let sheet =
        Sheet { person: &person, headers: &headers, wish: &wish, part: Part::Meetings, template: "staff/meetings", status: StatusCode::OK };
    Ok(counter.sheet(&sheet, |words| {
        let texts = words.staff.get("meetings");
        json!({
            "title": texts.and_then(|texts| texts.get(if past { "past" } else { "title" })),
            "texts": texts,
            "past": past,
            "rows": meetings.iter().map(|meeting| row(meeting, organizer, words, now)).collect::<Vec<_>>(),
            "next": next_page("/meetings", &[("past", past.then_some("yes"))], last),
        })
    }))
}

fn row(meeting: &Meeting, organizer: &Organizer, words: &Words, now: DateTime<Utc>) -> Value {
    let shown = meeting.event.occurrence_at(now).instance;
    json!({
        "href": format!("/meetings/{}", meeting.id),
        "title": shown.title,
        "span": words.dates.span(&meeting.event, shown.starts_at, shown.ends_at, organizer.group.time_zone),
        "cancelled": meeting.status == MeetingStatus::Cancelled,
    })
}

/// `GET /meetings/{id}`
pub(super) async fn show(
    State(counter): State<Arc<StaffCounter>>,
    Path(id): Path<MeetingId>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Answer {
    let person = counter.reception.person(&headers, &format!("/meetings/{id}")).await?;
    let organizer = organizer(&counter, &person, &headers)?;
    let page = async {
        let Some(meeting) = counter.gateway.own_meeting(organizer, id).await? else { return Ok(counter.unknown(&headers)) };
        sheet_of(&counter, &person, meeting, (&headers, &wish)).await
    };
    counter.or_unavailable(page.await, &headers)
}

async fn sheet_of(
    counter: &StaffCounter,
    person: &Person,
    meeting: Meeting,
    (headers, wish): (&HeaderMap, &Wish),
) -> Result<Response, PortError> {
    let now = counter.gateway.world.now();
    let waiting = counter.gateway.archive.waiting(meeting.id).await?;
    let slot = counter.join.open_at(&meeting, now);
    let here = counter.gateway.is_written_here(&meeting);
    let can_take = counter.gateway.can_take_proposals(&meeting);
    let is_on = meeting.status == MeetingStatus::Scheduled && !meeting.is_over(now);
    let view = counter.meeting_pages().gather(meeting).await?;
    let sheet = Sheet { person, headers, wish, part: Part::Meetings, template: "staff/meeting", status: StatusCode::OK };
    Ok(counter.sheet(&sheet, |words| {
        let mut values = meeting_values(&view, words, now);
        if let Some(guests) = values["guests"].as_array_mut() {
            for (row, guest) in guests.iter_mut().zip(&view.guests) {
                row["acts"] = json!(is_on && guest.removed_at.is_none());
                row["href"] = json!(format!("/meetings/{}/guests/{}", view.meeting.id, guest.id));
                row["take"] = json!(can_take);
                row["waits"] = json!(waiting.iter().any(|one| one.guest == guest.id));
            }
        }
        let zone = view.time_zone;
        json!({
            "title": view.meeting.event.title,
            "texts": words.staff.get("meeting"),
            "meeting": values,
            "page": words.meeting.get("page"),
            "href": format!("/meetings/{}", view.meeting.id),
            "live": is_on.then(|| format!("/meetings/{}/events", view.meeting.id)),
            "start": slot.is_some_and(|slot| now >= slot.opens_at),
            "opens": slot.filter(|slot| now < slot.opens_at).map(|slot| format!("{}, {}", words.dates.date(slot.opens_at, zone), words.dates.clock(slot.opens_at, zone))),
            "here": here && is_on && view.meeting.event.series.is_none(),
            "elsewhere": !here && is_on,
        })
    }))
}

/// `GET /meetings/{id}/events`: that an answer, a delivery or somebody's presence has changed.
pub(super) async fn events(State(counter): State<Arc<StaffCounter>>, Path(id): Path<MeetingId>, headers: HeaderMap) -> Answer {
    let person = counter.reception.person(&headers, &format!("/meetings/{id}")).await?;
    let organizer = organizer(&counter, &person, &headers)?.clone();
    let live = counter.live.clone();
    let look = move || {
        let (counter, organizer) = (counter.clone(), organizer.clone());
        async move {
            let gateway = &counter.gateway;
            let Some(meeting) = gateway.own_meeting(&organizer, id).await? else { return Ok(None) };
            let is_open = counter.join.open_at(&meeting, gateway.world.now()).is_some_and(|slot| gateway.world.now() >= slot.opens_at);
            let waiting = gateway.archive.waiting(id).await?;
            Ok(Some((counter.meeting_pages().gather(meeting).await?, waiting, is_open)))
        }
        .boxed()
    };
    Ok(follow(&live, Box::new(look)).await)
}

/// `POST /meetings/{id}/act`: start as moderator, or cancel.
pub(super) async fn act(
    State(counter): State<Arc<StaffCounter>>,
    Path(id): Path<MeetingId>,
    headers: HeaderMap,
    Form(asked): Form<Act>,
) -> Answer {
    let person = counter.reception.poster(&headers, &asked.key).await?;
    let organizer = organizer(&counter, &person, &headers)?;
    let meeting = match counter.gateway.own_meeting(organizer, id).await {
        Ok(Some(meeting)) => meeting,
        Ok(None) => return Ok(counter.unknown(&headers)),
        Err(error) => return Ok(counter.unavailable(&error, &headers)),
    };
    let here = |said: &str| Redirect::to(&format!("/meetings/{id}?said={said}")).into_response();
    Ok(match asked.action.as_str() {
        "start" => match counter.join.moderate(&meeting, organizer, &person.as_organizer(organizer)).await {
            Ok(Some(admission)) => Redirect::to(&admission.url).into_response(),
            Ok(None) => here("closed-door"),
            Err(error) => counter.unavailable(&error, &headers),
        },
        "cancel" if counter.gateway.is_written_here(&meeting) => match counter.gateway.cancel_meeting(organizer, &meeting).await {
            Ok(ObjectEnd::Done(_) | ObjectEnd::Repeated) => here("cancelled"),
            Ok(ObjectEnd::Planned(_) | ObjectEnd::NoOrganizer | ObjectEnd::NotAnOrganizer(_) | ObjectEnd::Refused(_)) => here("not-done"),
            Err(error) => counter.unavailable(&error, &headers),
        },
        _ => here("not-done"),
    })
}

/// `POST /meetings/{id}/guests/{guest}`
pub(super) async fn help(
    State(counter): State<Arc<StaffCounter>>,
    Path((id, guest)): Path<(MeetingId, GuestId)>,
    headers: HeaderMap,
    Form(asked): Form<Act>,
) -> Answer {
    let person = counter.reception.poster(&headers, &asked.key).await?;
    let organizer = organizer(&counter, &person, &headers)?;
    let here = |said: &str| Redirect::to(&format!("/meetings/{id}?said={said}")).into_response();
    if let Some(choice) = choice(&asked.action) {
        return Ok(match counter.gateway.answer_proposal(organizer, guest, choice).await {
            Ok(end) => here(said_of(choice, end)),
            Err(error) => counter.unavailable(&error, &headers),
        });
    }
    let help = match asked.action.as_str() {
        "resend" => GuestHelp::Resend,
        "reissue-link" => GuestHelp::ReissueLink,
        "let-in" => GuestHelp::LetIn,
        _ => return Ok(counter.unknown(&headers)),
    };
    let said = match counter.gateway.help_guest(organizer, guest, help, &person.as_organizer(organizer)).await {
        Ok(GuestHelped::Done) => word_of(help),
        Ok(GuestHelped::TooLate) => "not-done",
        Ok(GuestHelped::Stopped) => "stopped",
        Ok(GuestHelped::WouldLeak) => "would-leak",
        Err(error) => return Ok(counter.unavailable(&error, &headers)),
    };
    Ok(here(said))
}

/// `take-time`, `keep-time`, or `keep-time.` and the date of a series in seconds since 1970.
fn choice(action: &str) -> Option<ProposalChoice> {
    match action.strip_prefix("keep-time") {
        Some("") => Some(ProposalChoice::Keep(None)),
        Some(date) => Some(ProposalChoice::Keep(Some(DateTime::from_timestamp(date.strip_prefix('.')?.parse().ok()?, 0)?))),
        None => (action == "take-time").then_some(ProposalChoice::Take),
    }
}

fn said_of(choice: ProposalChoice, end: ProposalEnd) -> &'static str {
    match (end, choice) {
        (ProposalEnd::Done, ProposalChoice::Take) => "changed",
        (ProposalEnd::Done, ProposalChoice::Keep(_)) => "time-kept",
        (ProposalEnd::Gone, _) => "proposal-gone",
        (ProposalEnd::Elsewhere, _) => "take-elsewhere",
        (ProposalEnd::Refused, _) => "not-done",
    }
}

fn word_of(help: GuestHelp) -> &'static str {
    match help {
        GuestHelp::Resend => "resent",
        GuestHelp::ReissueLink => "reissued",
        GuestHelp::LetIn => "let-in",
    }
}
