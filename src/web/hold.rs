//! The page of an organizer's mail that waits because it would show them: GET shows, POST sends it without that, or ends it.

use super::pages::{Pages, PagesError, Texts, Words, word};
use super::request::{Request, Wish};
use super::security::{guarded, headers, is_from_here, origin};
use crate::flow::Gateway;
use crate::flow::hold::HoldOutcome;
use crate::flow::hold_page::{HoldSeen, HoldView};
use crate::flow::port::PortError;
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// How long a request may take.
const TIME_MAX: Duration = Duration::from_secs(60);
/// Largest body of a POST, in octets: one short field.
const BODY_MAX: usize = 1_024;
/// Nothing from elsewhere; forms lead to ourselves alone.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// What the page of a mail that waits needs.
pub struct HoldCounter {
    gateway: Arc<Gateway>,
    pages: Pages,
    own_origin: String,
    headers: HeaderMap,
}

/// The one field of the form.
#[derive(Deserialize)]
struct Asked {
    action: Decision,
}

/// What the organizer chose.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Decision {
    SendWithout,
    Drop,
}

impl HoldCounter {
    /// The page at the gateway's public URL; over https it is pinned (HSTS).
    pub fn new(gateway: Arc<Gateway>) -> Result<Self, PagesError> {
        let public_url = &gateway.settings.public_url;
        let headers = headers(HeaderValue::from_static(POLICY), public_url.starts_with("https://"));
        let own_origin = origin(public_url).unwrap_or_default().to_owned();
        Ok(Self { pages: Pages::load()?, own_origin, headers, gateway })
    }

    fn seen(&self, seen: &HoldSeen, request: &Request<'_>) -> Response {
        match seen {
            HoldSeen::Unknown => self.told("unknown", StatusCode::NOT_FOUND, request),
            HoldSeen::Expired => self.told("too-old", StatusCode::GONE, request),
            HoldSeen::Settled(state) => self.told(&word(state), StatusCode::OK, request),
            HoldSeen::Waiting(view) => self.page(StatusCode::OK, Some(view), "waiting", request),
        }
    }

    /// A page that says one thing, and nothing of any mail.
    fn told(&self, state: &str, status: StatusCode, request: &Request<'_>) -> Response {
        self.page(status, None, state, request)
    }

    fn page(&self, status: StatusCode, view: Option<&HoldView>, state: &str, request: &Request<'_>) -> Response {
        let known = view.map(|view| view.without.language.clone());
        let html = self.pages.choose(request.wishes(known)).and_then(|(language, words)| {
            let values = json!({
                "lang": language.tag(),
                "languages": self.pages.language_choices(language),
                "common": words.common,
                "state": "hold",
                "title": text(&words.hold, state, "title"),
                "lead": text(&words.hold, state, "lead"),
                "words": words.hold.get("page"),
                "footer": text(&words.hold, "page", "footer"),
                "action": format!("/w/{}", request.token),
                "mail": view.map(|view| mail_values(view, words)),
            });
            self.pages.render("hold", &values)
        });
        match html {
            Ok(html) => (status, Html(html)).into_response(),
            Err(error) => {
                tracing::error!(%error, "a page cannot be made");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    fn unavailable(&self, error: &PortError, request: &Request<'_>) -> Response {
        tracing::error!(%error, "the page of a mail that waits could not be served");
        let mut response = self.told("unavailable", StatusCode::SERVICE_UNAVAILABLE, request);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        response
    }
}

fn mail_values(view: &HoldView, words: &Words) -> Value {
    let subject = Some(view.subject.as_str()).filter(|subject| !subject.trim().is_empty());
    let texts: Vec<Vec<&str>> = view.without.texts.iter().map(|text| text.lines().collect()).collect();
    json!({
        "subject": subject.or(text(&words.hold, "page", "no-subject")),
        "found": view.without.found,
        "texts": texts,
    })
}

fn text<'a>(texts: &'a Texts, section: &str, name: &str) -> Option<&'a str> {
    texts.get(section)?.get(name).map(String::as_str)
}

/// `GET /w/{token}`: shows, changes nothing.
async fn look(
    State(counter): State<Arc<HoldCounter>>,
    Path(token): Path<String>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Response {
    let request = Request::new(&token, &wish, &headers);
    match counter.gateway.hold_page(&token).await {
        Ok(seen) => counter.seen(&seen, &request),
        Err(error) => counter.unavailable(&error, &request),
    }
}

/// `POST /w/{token}`: decides, once, and shows what became of it.
async fn decide(
    State(counter): State<Arc<HoldCounter>>,
    Path(token): Path<String>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Response {
    let request = Request::new(&token, &wish, &headers);
    if !is_from_here(&headers, &counter.own_origin) {
        return counter.told("elsewhere", StatusCode::FORBIDDEN, &request);
    }
    let send = match asked.action {
        Decision::SendWithout => true,
        Decision::Drop => false,
    };
    match counter.gateway.decide_held(&token, send).await {
        Ok(HoldOutcome::StillHeld) => counter.told("still-held", StatusCode::CONFLICT, &request),
        Ok(HoldOutcome::NoDialog) => counter.told("gone", StatusCode::CONFLICT, &request),
        Ok(HoldOutcome::Done | HoldOutcome::NotWaiting) => match counter.gateway.hold_page(&token).await {
            Ok(seen) => counter.seen(&seen, &request),
            Err(error) => counter.unavailable(&error, &request),
        },
        Err(error) => counter.unavailable(&error, &request),
    }
}

/// `/w/{token}`; its style sheet is among the guest's assets.
pub fn router(counter: Arc<HoldCounter>) -> Router {
    let routes = Router::new().route("/w/{token}", get(look).post(decide));
    guarded(routes, BODY_MAX, TIME_MAX, counter.headers.clone()).with_state(counter)
}
