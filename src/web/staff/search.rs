//! `/desk/search`: guests by address or message id, meetings by title; and a meeting as the helpdesk sees it.

use super::alerts::of_the_helpdesk;
use super::{Answer, ListWish, Part, Sheet, StaffCounter};
use crate::domain::id::MeetingId;
use crate::domain::listing::Hit;
use crate::flow::port::PortError;
use crate::web::meeting::meeting_values;
use crate::web::pages::Words;
use crate::web::request::Wish;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use chrono_tz::Tz;
use serde_json::{Value, json};
use std::sync::Arc;

/// Most hits of each kind.
const MOST: u32 = 50;
/// Longest text that is looked for, in characters.
const TEXT_MAX: usize = 200;

/// `GET /desk/search?q=…`
pub(super) async fn look(
    State(counter): State<Arc<StaffCounter>>,
    Query(asked): Query<ListWish>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Answer {
    let person = of_the_helpdesk(&counter, counter.reception.person(&headers, "/desk/search").await?, &headers)?;
    let text: String = asked.q.as_deref().unwrap_or_default().chars().take(TEXT_MAX).collect();
    let page = async {
        let hits = counter.gateway.archive.search(&text, MOST).await?;
        let sheet =
            Sheet { person: &person, headers: &headers, wish: &wish, part: Part::Desk, template: "staff/search", status: StatusCode::OK };
        Ok::<_, PortError>(counter.sheet(&sheet, |words| {
            let texts = words.staff.get("search");
            json!({
                "title": texts.and_then(|texts| texts.get("title")),
                "texts": texts,
                "q": text,
                "asked": !text.trim().is_empty(),
                "rows": hits.iter().map(|hit| row(hit, words)).collect::<Vec<_>>(),
            })
        }))
    };
    counter.or_unavailable(page.await, &headers)
}

fn row(hit: &Hit, words: &Words) -> Value {
    let (meeting, title, starts_at, address) = match hit {
        Hit::Meeting { id, title, starts_at } => (id, title, starts_at, None),
        Hit::Guest { address, meeting, title, starts_at, .. } => (meeting, title, starts_at, Some(address)),
    };
    json!({
        "href": format!("/desk/meetings/{meeting}"),
        "title": title,
        "address": address,
        "at": format!("{} {} UTC", words.dates.date(*starts_at, Tz::UTC), words.dates.clock(*starts_at, Tz::UTC)),
    })
}

/// `GET /desk/meetings/{id}`
pub(super) async fn meeting(
    State(counter): State<Arc<StaffCounter>>,
    Path(id): Path<MeetingId>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Answer {
    let person = of_the_helpdesk(&counter, counter.reception.person(&headers, &format!("/desk/meetings/{id}")).await?, &headers)?;
    let page = async {
        let Some(meeting) = counter.gateway.archive.meeting(id).await? else { return Ok(counter.unknown(&headers)) };
        let now = counter.gateway.world.now();
        let view = counter.meeting_pages().gather(meeting).await?;
        let sheet = Sheet {
            person: &person,
            headers: &headers,
            wish: &wish,
            part: Part::Desk,
            template: "staff/desk_meeting",
            status: StatusCode::OK,
        };
        Ok::<_, PortError>(counter.sheet(&sheet, |words| {
            json!({
                "title": view.meeting.event.title,
                "page": words.meeting.get("page"),
                "meeting": meeting_values(&view, words, now),
                "organizer": view.meeting.organizer_address.mailbox.to_string(),
                "texts": words.staff.get("search"),
            })
        }))
    };
    counter.or_unavailable(page.await, &headers)
}
