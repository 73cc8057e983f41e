//! `/desk/holds`: mail that waits, with a preview that is text alone, and what can be done about it.

use super::alerts::of_the_helpdesk;
use super::{Act, Answer, ListWish, Part, ROWS, Sheet, StaffCounter, next_page};
use crate::domain::id::ReceivedId;
use crate::domain::listing::Cursor;
use crate::domain::record::HoldState;
use crate::flow::hold::HoldOutcome;
use crate::flow::port::PortError;
use crate::web::pages::word;
use crate::web::request::Wish;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect};
use chrono_tz::Tz;
use serde_json::json;
use std::sync::Arc;

/// `GET /desk/holds`
pub(super) async fn list(
    State(counter): State<Arc<StaffCounter>>,
    Query(asked): Query<ListWish>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Answer {
    let person = of_the_helpdesk(&counter, counter.reception.person(&headers, "/desk/holds").await?, &headers)?;
    let page = async {
        let after = asked.after.as_deref().and_then(Cursor::parse);
        let mails = counter.gateway.archive.holds_page(HoldState::Waiting, after, ROWS).await?;
        let last = mails.last().filter(|_| mails.len() == ROWS as usize).map(|mail| Cursor::after_mail(mail).to_string());
        let sheet =
            Sheet { person: &person, headers: &headers, wish: &wish, part: Part::Desk, template: "staff/holds", status: StatusCode::OK };
        Ok::<_, PortError>(counter.sheet(&sheet, |words| {
            let texts = words.staff.get("holds");
            let rows = mails.iter().map(|mail| {
                let end = mail.received_at + counter.gateway.settings.hold_for;
                json!({
                    "href": format!("/desk/holds/{}", mail.id),
                    "class": word(&mail.class),
                    "why": mail.reasons.last(),
                    "at": format!("{} {} UTC", words.dates.date(mail.received_at, Tz::UTC), words.dates.clock(mail.received_at, Tz::UTC)),
                    "ends": words.dates.date(end, Tz::UTC),
                })
            });
            json!({
                "title": texts.and_then(|texts| texts.get("title")),
                "texts": texts,
                "rows": rows.collect::<Vec<_>>(),
                "next": next_page("/desk/holds", &[], last),
            })
        }))
    };
    counter.or_unavailable(page.await, &headers)
}

/// `GET /desk/holds/{id}`
pub(super) async fn show(
    State(counter): State<Arc<StaffCounter>>,
    Path(id): Path<ReceivedId>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Answer {
    let person = of_the_helpdesk(&counter, counter.reception.person(&headers, &format!("/desk/holds/{id}")).await?, &headers)?;
    let page = async {
        let Some(received) = counter.gateway.archive.received_one(id).await?.filter(|received| received.hold.is_some()) else {
            return Ok(counter.unknown(&headers));
        };
        let alert = counter.gateway.archive.alert_of_mail(id).await?;
        let preview = counter.gateway.preview(&received);
        let sheet =
            Sheet { person: &person, headers: &headers, wish: &wish, part: Part::Desk, template: "staff/hold", status: StatusCode::OK };
        Ok::<_, PortError>(counter.sheet(&sheet, |words| {
            let texts = words.staff.get("holds");
            let state = received.hold.map(|state| word(&state)).unwrap_or_default();
            json!({
                "title": preview.subject,
                "texts": texts,
                "alert_words": words.alert.get("page"),
                "state_text": texts.and_then(|texts| texts.get(&state)),
                "waits": received.hold == Some(HoldState::Waiting),
                "class": word(&received.class),
                "mail": { "from": preview.from, "subject": preview.subject, "reasons": preview.reasons, "lines": preview.text.lines().collect::<Vec<_>>() },
                "proofs": received.authentication.iter().flat_map(crate::domain::authentication::Authentication::lines).collect::<Vec<_>>(),
                "href": format!("/desk/holds/{id}"),
                "alert_href": alert.map(|alert| format!("/desk/alerts/{alert}")),
                "meeting_href": received.meeting.map(|meeting| format!("/desk/meetings/{meeting}")),
            })
        }))
    };
    counter.or_unavailable(page.await, &headers)
}

/// `POST /desk/holds/{id}`
pub(super) async fn act(
    State(counter): State<Arc<StaffCounter>>,
    Path(id): Path<ReceivedId>,
    headers: HeaderMap,
    Form(asked): Form<Act>,
) -> Answer {
    let person = of_the_helpdesk(&counter, counter.reception.poster(&headers, &asked.key).await?, &headers)?;
    let actor = person.as_helpdesk();
    let gateway = &counter.gateway;
    let outcome = match asked.action.as_str() {
        "release" => gateway.release_by(id, false, &actor).await,
        "send-without" => gateway.release_by(id, true, &actor).await,
        "drop" => gateway.drop_held(id, &actor).await,
        _ => return Ok(counter.unknown(&headers)),
    };
    let said = match outcome {
        Ok(HoldOutcome::Done) => "hold-done",
        Ok(HoldOutcome::NotWaiting) => "hold-gone",
        Ok(HoldOutcome::NoDialog | HoldOutcome::StillHeld) => "hold-stays",
        Err(error) => return Ok(counter.unavailable(&error, &headers)),
    };
    Ok(Redirect::to(&format!("/desk/holds/{id}?said={said}")).into_response())
}
