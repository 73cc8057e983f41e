//! The page of an alert, behind the link of its mail: GET shows, POST acts. Both ask the flows; this file speaks HTTP and HTML.

use super::pages::{Pages, PagesError, Texts, Words, word};
use super::request::{Request, Wish};
use super::security::{guarded, headers, is_from_here, origin};
use crate::domain::alert::{Alert, AlertAction};
use crate::domain::language::Language;
use crate::flow::Gateway;
use crate::flow::alert_desk::{Acted, AlertSeen, AlertView};
use crate::flow::port::PortError;
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// How long a request may take.
const TIME_MAX: Duration = Duration::from_secs(30);
/// Largest body of a POST, in octets: one short field.
const BODY_MAX: usize = 1_024;
/// Nothing from elsewhere; forms lead to ourselves alone.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'";

/// What the page of an alert needs.
pub struct AlertCounter {
    gateway: Arc<Gateway>,
    pages: Pages,
    own_origin: String,
    headers: HeaderMap,
}

/// The one field of the form.
#[derive(Deserialize)]
struct Asked {
    action: String,
}

impl AlertCounter {
    /// The page at the gateway's public URL; over https it is pinned (HSTS).
    pub fn new(gateway: Arc<Gateway>) -> Result<Self, PagesError> {
        let public_url = &gateway.settings.public_url;
        let headers = headers(HeaderValue::from_static(POLICY), public_url.starts_with("https://"));
        let own_origin = origin(public_url).unwrap_or_default().to_owned();
        Ok(Self { pages: Pages::load()?, own_origin, headers, gateway })
    }

    /// A page in the language wished, else the helpdesk's; `fill` adds what this page is about.
    fn page(&self, status: StatusCode, request: &Request<'_>, fill: impl FnOnce(&Words) -> Vec<(&'static str, Value)>) -> Response {
        let known: Option<Language> = Some(self.gateway.settings.helpdesk_language.clone());
        let html = self.pages.choose(request.wishes(known)).and_then(|(language, words)| {
            let mut values = json!({
                "lang": language.tag(),
                "languages": self.pages.language_choices(language),
                "common": words.common,
                "footer": text(&words.alert, "page", "footer"),
                "words": words.alert.get("page"),
                "state": "alert",
                "refusal": null, "alert": null, "mail": null, "lines": null, "actions": [], "done": null,
            });
            for (name, value) in fill(words) {
                values[name] = value;
            }
            self.pages.render("alert", &values)
        });
        match html {
            Ok(html) => (status, Html(html)).into_response(),
            Err(error) => {
                tracing::error!(%error, "a page cannot be made");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    /// A page that says nothing of any alert.
    fn refusal(&self, name: &'static str, status: StatusCode, request: &Request<'_>) -> Response {
        self.page(status, request, |words| {
            vec![("title", json!(text(&words.alert, name, "title"))), ("refusal", json!(words.alert.get(name)))]
        })
    }

    fn seen(&self, seen: AlertSeen, acted: Option<Acted>, request: &Request<'_>) -> Response {
        match seen {
            AlertSeen::Unknown => self.refusal("unknown", StatusCode::NOT_FOUND, request),
            AlertSeen::Expired => self.refusal("expired", StatusCode::GONE, request),
            AlertSeen::Alert(view) => {
                let status = match acted {
                    None | Some(Acted::Done) => StatusCode::OK,
                    Some(Acted::NotOffered | Acted::StillHeld | Acted::Overtaken) => StatusCode::CONFLICT,
                };
                self.page(status, request, |words| values(&view, acted, words, &format!("/a/{}", request.token)))
            }
        }
    }

    fn unavailable(&self, error: &PortError, request: &Request<'_>) -> Response {
        tracing::error!(%error, "the page of an alert could not be served");
        let mut response = self.refusal("unavailable", StatusCode::SERVICE_UNAVAILABLE, request);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        response
    }
}

pub(super) fn values(view: &AlertView, acted: Option<Acted>, words: &Words, href: &str) -> Vec<(&'static str, Value)> {
    let kind = text(&words.meeting, "alerts", &word(&view.alert.kind));
    let action = |action: AlertAction| {
        let name = action.name();
        json!({ "name": name, "label": text(&words.alert, "action", name), "explain": text(&words.alert, "explain", name) })
    };
    vec![
        ("title", json!(kind)),
        ("alert", alert_values(view, words, kind.as_deref())),
        ("done", json!(acted.and_then(|acted| text(&words.alert, "done", acted_name(acted))))),
        ("actions", view.alert.actions().into_iter().map(action).collect()),
        ("action", json!(href)),
        ("lines", json!(view.words.as_ref().map(|words| words.lines().collect::<Vec<_>>()))),
        (
            "mail",
            json!(view.mail.as_ref().map(|mail| json!({
                "from": mail.from,
                "subject": mail.subject,
                "reasons": mail.reasons,
                "lines": mail.text.lines().collect::<Vec<_>>(),
            }))),
        ),
    ]
}

fn alert_values(view: &AlertView, words: &Words, kind: Option<&str>) -> Value {
    let Alert { severity, state, evidence, count, opened_at, last_at, .. } = &view.alert;
    let moment = |at| format!("{} {} UTC", words.dates.date(at, Tz::UTC), words.dates.clock(at, Tz::UTC));
    json!({
        "kind": kind,
        "evidence": evidence,
        "severity": text(&words.alert, "severity", &word(severity)),
        "state": text(&words.alert, "state", &word(state)),
        "count": count,
        "since": moment(*opened_at),
        "last": moment(*last_at),
        "meeting": view.dialog.as_ref().map(|(meeting, _)| &meeting.event.title),
        "guest": view.dialog.as_ref().map(|(_, guest)| guest.mailbox.name.clone().unwrap_or_else(|| guest.mailbox.mailbox.to_string())),
    })
}

pub(super) fn acted_name(acted: Acted) -> &'static str {
    match acted {
        Acted::Done => "done",
        Acted::NotOffered => "not-offered",
        Acted::StillHeld => "still-held",
        Acted::Overtaken => "overtaken",
    }
}

fn text(texts: &Texts, section: &str, name: &str) -> Option<String> {
    texts.get(section)?.get(name).cloned()
}

/// `GET /a/{token}`: shows, changes nothing.
async fn look(
    State(counter): State<Arc<AlertCounter>>,
    Path(token): Path<String>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Response {
    let request = Request::new(&token, &wish, &headers);
    match counter.gateway.alert_page(&token).await {
        Ok(seen) => counter.seen(seen, None, &request),
        Err(error) => counter.unavailable(&error, &request),
    }
}

/// `POST /a/{token}`: acts, and shows what became of it.
async fn act(
    State(counter): State<Arc<AlertCounter>>,
    Path(token): Path<String>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Response {
    let request = Request::new(&token, &wish, &headers);
    if !is_from_here(&headers, &counter.own_origin) {
        return counter.refusal("elsewhere", StatusCode::FORBIDDEN, &request);
    }
    let done = async {
        let AlertSeen::Alert(view) = counter.gateway.alert_page(&token).await? else { return Ok(None) };
        let Some(action) = AlertAction::parse(&asked.action) else { return Ok(Some(Acted::NotOffered)) };
        counter.gateway.act(view.alert.id, action, "helpdesk:page").await.map(Some)
    };
    let acted = match done.await {
        Ok(acted) => acted,
        Err(error) => return counter.unavailable(&error, &request),
    };
    match counter.gateway.alert_page(&token).await {
        Ok(seen) => counter.seen(seen, acted, &request),
        Err(error) => counter.unavailable(&error, &request),
    }
}

/// `/a/{token}`; its style sheet is among the guest's assets.
pub fn router(counter: Arc<AlertCounter>) -> Router {
    let routes = Router::new().route("/a/{token}", get(look).post(act));
    guarded(routes, BODY_MAX, TIME_MAX, counter.headers.clone()).with_state(counter)
}
