//! The page behind a guest's link. GET shows, POST acts; both ask [`Join`], this file only speaks HTTP and HTML.

use super::dates::DateWords;
use super::live::{Live, events};
use super::pages::{Pages, PagesError, Words, asset, iso, word};
use super::peer::Peer;
use super::request::{Request, Wish};
use super::room::{self, Visit};
use super::security::{guarded, headers, is_from_here, origin};
use crate::domain::address::Mailbox;
use crate::domain::attendance::PartStat;
use crate::domain::doorstep::JoinBy;
use crate::domain::id::GuestId;
use crate::domain::meeting::MeetingEvent;
use crate::domain::occurrence::Instance;
use crate::flow::answer_page::WORDS_MAX;
use crate::flow::help_page::WORDS_MAX as HELP_MAX;
use crate::flow::join::{Admission, Entry, Join, JoinMeeting, JoinPage, JoinState, Revocation};
use crate::flow::port::PortError;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Largest body of a POST, in octets: the form has no field.
const BODY_MAX: usize = 4_096;
/// After how many seconds a page without scripts looks again whether the door is open.
const RELOAD_SECONDS: u32 = 20;
/// How long a request may take.
const TIME_MAX: Duration = Duration::from_secs(30);

/// The alias under which a guest reaches the organizer.
pub type Contact = Arc<dyn Fn(GuestId) -> Mailbox + Send + Sync>;

/// What the guest's pages need.
pub struct GuestCounter {
    join: Join,
    live: Live,
    contact: Contact,
    pages: Pages,
    own_origin: String,
    headers: HeaderMap,
}

impl GuestCounter {
    /// `public_url` is where browsers find these pages; over https it is pinned (HSTS).
    pub fn new(join: Join, live: Live, contact: Contact, public_url: &str) -> Result<Self, PagesError> {
        let own_origin = origin(public_url).unwrap_or_default().to_owned();
        // The form's answer is a redirect to the conference server, which browsers count as a form action.
        let policy = format!(
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'{}; \
             frame-ancestors 'none'; base-uri 'none'",
            join.servers.all().filter_map(|server| origin(&server.url)).map(|origin| format!(" {origin}")).collect::<String>()
        );
        let policy = HeaderValue::from_str(policy.trim())
            .map_err(|error| PagesError { name: "content policy".to_owned(), cause: error.to_string() })?;
        let mut headers = headers(policy, public_url.starts_with("https://"));
        // The page tests them, on a press of a button.
        headers.insert("permissions-policy", HeaderValue::from_static("camera=(self), microphone=(self), geolocation=()"));
        Ok(Self { join, live, contact, pages: Pages::load()?, own_origin, headers })
    }

    pub(super) fn join(&self) -> &Join {
        &self.join
    }

    pub(super) fn live(&self) -> &Live {
        &self.live
    }

    /// What the guest has answered, as the page shows it.
    pub(super) async fn answered(&self, page: &JoinPage) -> Result<Option<String>, PortError> {
        Ok(self.event(page).await?.map(|known| word(&known.partstat)))
    }

    fn page(&self, page: &JoinPage, known: Option<&Known>, name: &str, status: StatusCode, request: &Request<'_>) -> Response {
        match self.render(page, known, name, request) {
            Ok(html) => (status, Html(html)).into_response(),
            Err(error) => {
                tracing::error!(%error, "a page cannot be made");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    async fn state_page(&self, page: &JoinPage, status: StatusCode, request: &Request<'_>) -> Response {
        match self.event(page).await {
            Ok(known) => self.page(page, known.as_ref(), state_name(page.state), status, request),
            Err(error) => unavailable(self, &error, request),
        }
    }

    /// The meeting as its guest knows it, and their answer, where the page may say anything of it.
    async fn event(&self, page: &JoinPage) -> Result<Option<Known>, PortError> {
        let (Some(_), Some(guest)) = (&page.meeting, page.contact) else { return Ok(None) };
        let dialog = self.join.archive.guest(guest).await?;
        Ok(dialog.map(|(meeting, guest)| Known { event: guest.view(&meeting), partstat: guest.attendance.response.whole.partstat }))
    }

    /// Jitsi in a page of ours.
    fn room_page(&self, admission: &Admission, request: &Request<'_>) -> Response {
        let contact = admission.page.contact.map(|guest| (self.contact)(guest).to_string());
        let contact_href = contact.as_deref().map(percent_encoded);
        let visit = Visit {
            admission,
            contact: contact.as_deref(),
            contact_href: contact_href.as_deref(),
            back: &format!("/j/{}", request.token),
            now: self.join.world.now(),
        };
        let page = self.pages.choose(request.wishes(admission.page.language.clone()));
        page.and_then(|(language, words)| room::page(&self.pages, language, words, &visit)).unwrap_or_else(|error| {
            tracing::error!(%error, "a page cannot be made");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        })
    }

    /// A page that says nothing of any meeting.
    fn bare_page(&self, name: &str, status: StatusCode, request: &Request<'_>) -> Response {
        let page = JoinPage { state: JoinState::Unknown, language: None, meeting: None, contact: None };
        self.page(&page, None, name, status, request)
    }

    fn answer_values(&self, known: &Known, words: &Words, request: &Request<'_>) -> Value {
        let partstat = word(&known.partstat).to_lowercase();
        json!({
            "words": words.answer.get("form"),
            "now": words.answer.get("now").and_then(|texts| texts.get(&partstat)),
            "class": partstat,
            "action": format!("/j/{}/answer", request.token),
            "form": self.join.world.key(),
            "longest": WORDS_MAX,
        })
    }

    fn render(&self, page: &JoinPage, known: Option<&Known>, name: &str, request: &Request<'_>) -> Result<String, PagesError> {
        let (language, words) = self.pages.choose(request.wishes(page.language.clone()))?;
        let contact = page.contact.map(|guest| (self.contact)(guest).to_string());
        let opens_at = match page.state {
            JoinState::TooEarly { opens_at } => Some(opens_at),
            JoinState::Unknown | JoinState::Revoked(_) | JoinState::Open | JoinState::Waiting | JoinState::Shared | JoinState::Ended => {
                None
            }
        };
        let zone = page.meeting.as_ref().map_or(chrono_tz::UTC, |meeting| meeting.time_zone);
        let state = words.states.get(name);
        let title = state.and_then(|texts| texts.get("title")).into_iter().cloned();
        let title: Vec<String> = title.chain(page.meeting.as_ref().map(|meeting| meeting.title.clone())).collect();
        let now = self.join.world.now();
        let told = page.meeting.as_ref().zip(known.map(|known| &known.event));
        let answer = known.filter(|_| is_coming(page.state)).map(|known| self.answer_values(known, words, request));
        let said = request.said.and_then(|said| words.answer.get("said")?.get(said));
        let help = known.filter(|_| is_coming(page.state)).map(|_| help_values(words, request));
        let again = matches!(page.state, JoinState::Revoked(Revocation::LinkReissued) | JoinState::Shared)
            .then(|| json!({ "words": words.help.get("again"), "action": format!("/j/{}/again", request.token) }));
        let values = json!({
            "lang": language.tag(),
            "languages": self.pages.language_choices(language),
            "title": title.join(" · "),
            "footer": words.common.get("footer"),
            "common": words.common,
            "words": state,
            "state": name,
            "meeting": told.map(|(meeting, event)| meeting_values(meeting, event, &words.dates)),
            "next": told.filter(|_| is_coming(page.state)).map(|(meeting, event)| words.dates.next(event, &instance(meeting), now, zone)),
            "now": iso(now),
            "opens_at": opens_at.map(iso),
            "opens_clock": opens_at.map(|at| words.dates.clock(at, zone)),
            "can_join": name == "open",
            "live": is_coming(page.state).then(|| format!("/j/{}/events", request.token)),
            "reload_seconds": (page.state == JoinState::Waiting).then_some(RELOAD_SECONDS),
            "action": format!("/j/{}", request.token),
            "answer": answer,
            "said": said,
            "help": help,
            "again": again,
            "contact": contact,
            "contact_href": contact.as_deref().map(percent_encoded),
        });
        self.pages.render("guest", &values)
    }
}

fn help_values(words: &Words, request: &Request<'_>) -> Value {
    json!({
        "prepare": words.help.get("prepare"),
        "test": words.help.get("test"),
        "ask": words.help.get("ask"),
        "action": format!("/j/{}/help", request.token),
        "calendar": format!("/j/{}/invitation.ics", request.token),
        "longest": HELP_MAX,
    })
}

/// What the archive knows of whom the page is for.
struct Known {
    event: MeetingEvent,
    partstat: PartStat,
}

fn meeting_values(meeting: &JoinMeeting, event: &MeetingEvent, dates: &DateWords) -> Value {
    json!({
        "title": meeting.title,
        "host": meeting.host,
        "span": dates.span(event, meeting.starts_at, meeting.ends_at, meeting.time_zone),
    })
}

/// The date that the page is about.
fn instance(meeting: &JoinMeeting) -> Instance {
    let JoinMeeting { title, starts_at, ends_at, .. } = meeting;
    Instance { title: title.clone(), description: None, starts_at: *starts_at, ends_at: *ends_at }
}

fn is_coming(state: JoinState) -> bool {
    match state {
        JoinState::TooEarly { .. } | JoinState::Open | JoinState::Waiting => true,
        JoinState::Unknown | JoinState::Revoked(_) | JoinState::Shared | JoinState::Ended => false,
    }
}

/// An address inside a mailto URL (RFC 6068 §2): only what needs no thought stays as it is.
fn percent_encoded(address: &str) -> String {
    address
        .bytes()
        .map(|b| if b.is_ascii_alphanumeric() || b"@.-_=+".contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

fn state_name(state: JoinState) -> &'static str {
    match state {
        JoinState::Unknown => "unknown",
        JoinState::Revoked(Revocation::GuestRemoved) => "removed",
        JoinState::Revoked(Revocation::LinkReissued) => "reissued",
        JoinState::Revoked(Revocation::MeetingCancelled) => "cancelled",
        JoinState::TooEarly { .. } => "early",
        JoinState::Open => "open",
        JoinState::Waiting => "waiting",
        JoinState::Shared => "shared",
        JoinState::Ended => "ended",
    }
}

fn looked_status(state: JoinState) -> StatusCode {
    match state {
        JoinState::Open | JoinState::Waiting | JoinState::TooEarly { .. } => StatusCode::OK,
        JoinState::Shared => StatusCode::FORBIDDEN,
        JoinState::Revoked(_) | JoinState::Ended => StatusCode::GONE,
        JoinState::Unknown => StatusCode::NOT_FOUND,
    }
}

/// `GET /j/{token}`: shows, changes nothing.
async fn look(
    State(counter): State<Arc<GuestCounter>>,
    Path(token): Path<String>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Response {
    let request = Request::new(&token, &wish, &headers);
    match counter.join.look(&token).await {
        Ok(page) => counter.state_page(&page, looked_status(page.state), &request).await,
        Err(error) => unavailable(&counter, &error, &request),
    }
}

/// `POST /j/{token}`: lets in, or says why not.
async fn enter(
    State(counter): State<Arc<GuestCounter>>,
    Path(token): Path<String>,
    Query(wish): Query<Wish>,
    Peer(peer): Peer,
    headers: HeaderMap,
) -> Response {
    let request = Request::new(&token, &wish, &headers);
    if !is_from_here(&headers, &counter.own_origin) {
        return counter.bare_page("elsewhere", StatusCode::FORBIDDEN, &request);
    }
    match counter.join.enter(&token, peer).await {
        Ok(Entry::Admitted(admission)) => match counter.join.settings.by {
            JoinBy::Redirect => Redirect::to(&admission.url).into_response(),
            JoinBy::Embedded => counter.room_page(&admission, &request),
        },
        Ok(Entry::Waits) => Redirect::to(&format!("/j/{token}?said=knocked{}", wish.language_again())).into_response(),
        Ok(Entry::Refused(page)) => {
            let status = match looked_status(page.state) {
                StatusCode::OK => StatusCode::CONFLICT,
                gone => gone,
            };
            counter.state_page(&page, status, &request).await
        }
        Err(error) => unavailable(&counter, &error, &request),
    }
}

fn unavailable(counter: &GuestCounter, error: &dyn std::fmt::Display, request: &Request<'_>) -> Response {
    tracing::error!(%error, "a guest's page could not be served");
    let mut response = counter.bare_page("unavailable", StatusCode::SERVICE_UNAVAILABLE, request);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
    response
}

/// A file that was built in: may be kept for a day, is never another type.
pub(super) async fn send_asset(Path(name): Path<String>) -> Response {
    let kind = match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let Some(bytes) = asset(&name) else { return StatusCode::NOT_FOUND.into_response() };
    let about = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "public, max-age=3600"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
    ];
    (about, bytes).into_response()
}

/// `/j/{token}`, `/assets/…` and `/healthz`.
pub fn router(counter: Arc<GuestCounter>) -> Router {
    let routes = Router::new()
        .route("/j/{token}", get(look).post(enter))
        .route("/j/{token}/events", get(events))
        .route("/assets/{name}", get(send_asset))
        .route("/healthz", get(async || "ok\n"));
    guarded(routes, BODY_MAX, TIME_MAX, counter.headers.clone()).with_state(counter)
}
