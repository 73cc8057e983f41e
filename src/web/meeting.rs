//! The organizer's page of a meeting, behind the link of the summary mail. It shows, and has no button: GET alone.

use super::pages::{Pages, PagesError, Texts, Words, iso, word};
use super::request::{Request, Wish};
use super::security::{headers, with_headers};
use crate::domain::alert::Alert;
use crate::domain::attendance::{Answer, Proposal};
use crate::domain::language::Language;
use crate::domain::meeting::{Guest, MeetingStatus};
use crate::domain::occurrence::Occurrence;
use crate::domain::presence::{Attended, Punctual};
use crate::domain::suppression::in_force;
use crate::flow::meeting_page::{MeetingPages, MeetingView, Seen};
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tower_http::timeout::TimeoutLayer;

/// How long a request may take.
const TIME_MAX: Duration = Duration::from_secs(30);
/// Nothing from elsewhere, and no form at all.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'none'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// What the organizer's page needs.
pub struct MeetingCounter {
    meetings: MeetingPages,
    pages: Pages,
    headers: HeaderMap,
}

impl MeetingCounter {
    /// `public_url` is where browsers find the page; over https it is pinned (HSTS).
    pub fn new(meetings: MeetingPages, public_url: &str) -> Result<Self, PagesError> {
        let headers = headers(HeaderValue::from_static(POLICY), public_url.starts_with("https://"));
        Ok(Self { meetings, pages: Pages::load()?, headers })
    }

    /// A page in the language wished or `known`; `fill` adds to the frame what this page is about.
    fn page(
        &self,
        status: StatusCode,
        request: &Request<'_>,
        known: Option<Language>,
        fill: impl FnOnce(&Words) -> Vec<(&'static str, Value)>,
    ) -> Response {
        let html = self.pages.choose(request.wishes(known)).and_then(|(language, words)| {
            let mut values = json!({
                "lang": language.tag(),
                "languages": self.pages.language_choices(language),
                "common": words.common,
                "footer": text(&words.meeting, "page", "footer"),
                "words": words.meeting.get("page"),
                "meeting": null,
                "refusal": null,
            });
            for (name, value) in fill(words) {
                values[name] = value;
            }
            self.pages.render("meeting", &values)
        });
        match html {
            Ok(html) => (status, Html(html)).into_response(),
            Err(error) => {
                tracing::error!(%error, "a page cannot be made");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    /// A page that says nothing of any meeting.
    fn refusal(&self, name: &'static str, status: StatusCode, request: &Request<'_>) -> Response {
        self.page(status, request, None, |words| {
            vec![("state", json!(name)), ("title", json!(text(&words.meeting, name, "title"))), ("refusal", json!(words.meeting.get(name)))]
        })
    }

    fn view(&self, view: &MeetingView, request: &Request<'_>) -> Response {
        let cancelled = view.meeting.status == MeetingStatus::Cancelled;
        self.page(StatusCode::OK, request, Some(view.language.clone()), |words| {
            vec![
                ("state", json!(if cancelled { "cancelled" } else { "meeting" })),
                ("title", json!(view.meeting.event.title)),
                ("meeting", meeting_values(view, words, self.meetings.world.now())),
            ]
        })
    }
}

/// Of a series the page shows the date that runs or comes next, and those after it.
pub(super) fn meeting_values(view: &MeetingView, words: &Words, now: DateTime<Utc>) -> Value {
    let event = &view.meeting.event;
    let shown = event.occurrence_at(now).instance;
    let is_on = view.meeting.status == MeetingStatus::Scheduled;
    json!({
        "title": event.title,
        "subject": (shown.title != event.title).then_some(&shown.title),
        "cancelled": !is_on,
        "span": words.dates.span(event, shown.starts_at, shown.ends_at, view.time_zone),
        "next": is_on.then(|| words.dates.next(event, &shown, now, view.time_zone)),
        "guests": view.guests.iter().map(|guest| guest_values(guest, view, words, now)).collect::<Vec<_>>(),
        "alerts": view.alerts.iter().map(|alert| alert_values(alert, view, words)).collect::<Vec<_>>(),
    })
}

fn guest_values(guest: &Guest, view: &MeetingView, words: &Words, now: DateTime<Utc>) -> Value {
    let (delivery, response) = (word(&guest.attendance.delivery), word(&guest.attendance.response.whole.partstat).to_lowercase());
    let suppressed = in_force(&view.suppressions, &guest.mailbox.mailbox, guest.meeting);
    let suppressed = suppressed.and_then(|one| text(&words.meeting, "suppressed", &word(&one.cause)));
    let proposal = |answer: &Answer| {
        let span = |proposal: &Proposal| words.dates.span(&view.meeting.event, proposal.starts_at, proposal.ends_at, view.time_zone);
        answer.proposal.as_ref().map(|proposal| json!({ "span": span(proposal), "comment": proposal.comment }))
    };
    // Of a series, what was answered to single dates.
    let dates = guest.attendance.response.instances.iter().filter_map(|(id, answer)| {
        let instance = view.meeting.event.instance(*id)?;
        let response = word(&answer.partstat).to_lowercase();
        Some(json!({
            "id": id.timestamp(),
            "span": words.dates.span(&view.meeting.event, instance.starts_at, instance.ends_at, view.time_zone),
            "response": { "name": response, "text": text(&words.meeting, "response", &response) },
            "comment": answer.comment,
            "proposal": proposal(answer),
        }))
    });
    json!({
        "name": called(guest),
        "address": guest.mailbox.name.as_ref().map(|_| guest.mailbox.mailbox.to_string()),
        "removed": guest.removed_at.is_some(),
        "delivery": { "name": delivery, "text": text(&words.meeting, "delivery", &delivery) },
        "response": { "name": response, "text": text(&words.meeting, "response", &response) },
        "suppressed": suppressed,
        "comment": guest.attendance.response.whole.comment,
        "proposal": proposal(&guest.attendance.response.whole),
        "dates": dates.collect::<Vec<_>>(),
        "away": guest.attendance.response.away_since.map(|at| words.dates.date(at, view.time_zone)),
        "presence": presence(guest, view, words, now),
    })
}

/// Whether a guest is or was in the room of the date that is shown: as the conference server tells it, else as the door knows it.
fn presence(guest: &Guest, view: &MeetingView, words: &Words, now: DateTime<Utc>) -> Value {
    let said = |name| text(&words.meeting, "presence", name).unwrap_or_default();
    let clock = |at| words.dates.clock(at, view.time_zone);
    let Occurrence { id, instance } = view.meeting.event.occurrence_at(now);
    let stays = view.stays.in_room(&view.meeting.room_of(id));
    let at_door = || match (guest.attendance.presence.entered_at, guest.attendance.presence.opened_at) {
        (Some(at), _) => json!({ "text": format!("{} {}", said("entered"), clock(at)) }),
        (None, Some(at)) => json!({ "text": format!("{} {}", said("opened"), clock(at)) }),
        (None, None) => json!({ "text": said("none") }),
    };
    let Some(Attended { present, punctual }) = stays.attended(guest.id.0, instance.starts_at, instance.ends_at, now) else {
        return at_door();
    };
    let late = match punctual {
        Punctual::Late(by) => Some(format!("{} {} min", said("late"), by.num_minutes())),
        Punctual::InTime | Punctual::Awaited => None,
        Punctual::NoShow => return json!({ "text": said("no-show"), "missed": true }),
    };
    let Some(present) = present else { return at_door() };
    let text = match present.left_at {
        None => format!("{} {}", said("inside"), clock(present.first_at)),
        Some(left_at) => format!("{} – {}, {} min", clock(present.first_at), clock(left_at), present.lasted.num_minutes()),
    };
    json!({ "text": text, "late": late, "inside": present.left_at.is_none() })
}

fn alert_values(alert: &Alert, view: &MeetingView, words: &Words) -> Value {
    let guest = alert.guest.and_then(|id| view.guests.iter().find(|guest| guest.id == id));
    json!({
        "severity": word(&alert.severity),
        "guest": guest.map(called),
        "text": text(&words.meeting, "alerts", &word(&alert.kind)),
        "at": iso(alert.last_at),
        "date": words.dates.date(alert.last_at, view.time_zone),
        "clock": words.dates.clock(alert.last_at, view.time_zone),
    })
}

/// The guest's name, else their address.
fn called(guest: &Guest) -> String {
    guest.mailbox.name.clone().unwrap_or_else(|| guest.mailbox.mailbox.to_string())
}

fn text(texts: &Texts, section: &str, name: &str) -> Option<String> {
    texts.get(section)?.get(name).cloned()
}

/// `GET /m/{token}`
async fn look(
    State(counter): State<Arc<MeetingCounter>>,
    Path(token): Path<String>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Response {
    let request = Request::new(&token, &wish, &headers);
    match counter.meetings.look(request.token).await {
        Ok(Seen::Meeting(view)) => counter.view(&view, &request),
        Ok(Seen::Expired) => counter.refusal("expired", StatusCode::GONE, &request),
        Ok(Seen::Unknown) => counter.refusal("unknown", StatusCode::NOT_FOUND, &request),
        Err(error) => {
            tracing::error!(%error, "an organizer's page could not be served");
            let mut response = counter.refusal("unavailable", StatusCode::SERVICE_UNAVAILABLE, &request);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
            response
        }
    }
}

/// `/m/{token}`; its style sheet is among the guest's assets.
pub fn router(counter: Arc<MeetingCounter>) -> Router {
    let all = counter.headers.clone();
    Router::new()
        .route("/m/{token}", get(look))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, TIME_MAX))
        .layer(map_response(move |response| std::future::ready(with_headers(response, &all))))
        .with_state(counter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alert::AlertKind;
    use crate::domain::attendance::{Delivery, PartStat};
    use crate::domain::suppression::SuppressionCause;

    #[test]
    fn every_state_and_every_kind_of_alert_has_words() {
        let pages = Pages::load().unwrap();
        let (_, english) = pages.choose([]).unwrap();
        let has = |section: &str, name: String| assert!(text(&english.meeting, section, &name).is_some(), "{section}: {name}");
        for kind in AlertKind::ALL {
            has("alerts", word(&kind));
        }
        for delivery in [Delivery::Queued, Delivery::Sent, Delivery::Delayed, Delivery::Undeliverable, Delivery::Stopped] {
            has("delivery", word(&delivery));
        }
        for cause in [SuppressionCause::Complaint, SuppressionCause::NoSuchUser, SuppressionCause::Operator] {
            has("suppressed", word(&cause));
        }
        for partstat in [PartStat::NeedsAction, PartStat::Accepted, PartStat::Declined, PartStat::Tentative, PartStat::Delegated] {
            has("response", word(&partstat).to_lowercase());
        }
    }
}
