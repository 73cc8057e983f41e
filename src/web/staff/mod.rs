//! Pages for people who are signed in: organizers, the helpdesk, administrators. GET shows, POST acts, both know who asks.
//!
//! * [`meetings`] an organizer's meetings; [`form`] in which they write one
//! * [`alerts`], [`holds`], [`search`] the helpdesk's desk
//! * [`administration`] the state of the gateway

mod administration;
mod alerts;
mod form;
mod holds;
mod meetings;
mod search;

use super::live::Live;
use super::pages::{Pages, Words};
use super::request::{Request, Wish};
use super::security::guarded;
use super::sign_in::{Reception, Refused};
use crate::domain::language::Language;
use crate::flow::Gateway;
use crate::flow::join::Join;
use crate::flow::meeting_page::MeetingPages;
use crate::flow::port::PortError;
use crate::flow::sign_in::Person;
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Largest body of a POST, in octets: a meeting with a thousand guests.
const BODY_MAX: usize = 256 << 10;
/// How long a request may take.
const TIME_MAX: Duration = Duration::from_secs(60);
/// Rows of a page.
const ROWS: u32 = 50;

/// A page, or why somebody may not see it.
type Answer = Result<Response, Refused>;

/// What the pages need.
pub struct StaffCounter {
    /// By whom they are asked for.
    pub reception: Arc<Reception>,
    /// The flows.
    pub gateway: Arc<Gateway>,
    /// The door of meetings.
    pub join: Arc<Join>,
    /// How open pages are kept up to date.
    pub live: Live,
    /// Templates and words.
    pub pages: Arc<Pages>,
    /// What administrators are shown of the settings: name and value.
    pub settings: Vec<(&'static str, String)>,
    /// The names of keys, with their kind and role; never a secret.
    pub keys: Vec<(&'static str, String, &'static str)>,
}

/// What may be asked of a list.
#[derive(Deserialize)]
pub(super) struct ListWish {
    after: Option<String>,
    past: Option<String>,
    state: Option<String>,
    kind: Option<String>,
    severity: Option<String>,
    q: Option<String>,
}

/// The key of a form, and what it asks for.
#[derive(Deserialize)]
pub(super) struct Act {
    key: String,
    action: String,
}

/// Which part of the menu a page belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Meetings,
    Desk,
    Administration,
}

/// A page for somebody.
struct Sheet<'a> {
    person: &'a Person,
    headers: &'a HeaderMap,
    wish: &'a Wish,
    part: Part,
    template: &'static str,
    status: StatusCode,
}

impl StaffCounter {
    /// A page; `fill` gives it what it is about: its title is among that.
    fn sheet(&self, sheet: &Sheet<'_>, fill: impl FnOnce(&Words) -> Value) -> Response {
        let request = Request::new("", sheet.wish, sheet.headers);
        let html = self.pages.choose(request.wishes(known_language(sheet.person))).and_then(|(language, words)| {
            let person = sheet.person;
            let mut values = json!({
                "lang": language.tag(),
                "languages": self.pages.language_choices(language),
                "common": words.common,
                "state": "staff",
                "footer": words.staff.get("page").and_then(|texts| texts.get("footer")),
                "words": words.staff.get("page"),
                "name": person.name,
                "key": person.form_key,
                "menu": {
                    "meetings": person.organizer.as_ref().map(|_| json!({ "current": sheet.part == Part::Meetings })),
                    "desk": person.roles.helpdesk.then(|| json!({ "current": sheet.part == Part::Desk })),
                    "administration": person.roles.administrator.then(|| json!({ "current": sheet.part == Part::Administration })),
                },
                "said": sheet.wish.said.as_deref().and_then(|said| words.staff.get("said")?.get(said)),
            });
            if let (Value::Object(all), Value::Object(more)) = (&mut values, fill(words)) {
                all.extend(more);
            }
            self.pages.render(sheet.template, &values)
        });
        match html {
            Ok(html) => (sheet.status, Html(html)).into_response(),
            Err(error) => {
                tracing::error!(%error, "a page cannot be made");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    fn unknown(&self, headers: &HeaderMap) -> Response {
        self.reception.refusal("unknown", StatusCode::NOT_FOUND, &Request::bare(headers))
    }

    fn forbidden(&self, headers: &HeaderMap) -> Response {
        self.reception.refusal("forbidden", StatusCode::FORBIDDEN, &Request::bare(headers))
    }

    fn unavailable(&self, error: &dyn std::fmt::Display, headers: &HeaderMap) -> Response {
        tracing::error!(%error, "a page for staff could not be served");
        self.reception.refusal("unavailable", StatusCode::SERVICE_UNAVAILABLE, &Request::bare(headers))
    }

    fn meeting_pages(&self) -> MeetingPages {
        MeetingPages { archive: self.gateway.archive.clone(), world: self.gateway.world.clone(), links: self.gateway.links.clone() }
    }

    /// The page, or the page that says that it can't be had now.
    fn or_unavailable(&self, page: Result<Response, PortError>, headers: &HeaderMap) -> Answer {
        Ok(page.unwrap_or_else(|error| self.unavailable(&error, headers)))
    }
}

fn known_language(person: &Person) -> Option<Language> {
    person.organizer.as_ref().map(|organizer| organizer.language.clone())
}

/// The address of the next page of a list: what was asked for, and where this one ended.
fn next_page(path: &str, kept: &[(&str, Option<&str>)], after: Option<String>) -> Option<String> {
    let after = after?;
    let kept = kept.iter().filter_map(|(name, value)| Some(format!("{name}={}&", (*value).filter(|value| is_word(value))?)));
    Some(format!("{path}?{}after={after}", kept.collect::<String>()))
}

/// Whether it is one of our own words: those need no escaping, and nothing else is repeated.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
}

/// All pages for people who are signed in.
pub fn router(counter: Arc<StaffCounter>) -> Router {
    let routes = Router::new()
        .route("/meetings", get(meetings::list))
        .route("/meetings/new", get(form::blank).post(form::write))
        .route("/meetings/{id}", get(meetings::show))
        .route("/meetings/{id}/events", get(meetings::events))
        .route("/meetings/{id}/change", get(form::filled).post(form::rewrite))
        .route("/meetings/{id}/act", post(meetings::act))
        .route("/meetings/{id}/guests/{guest}", post(meetings::help))
        .route("/desk", get(alerts::list))
        .route("/desk/alerts/{id}", get(alerts::show).post(alerts::act))
        .route("/desk/holds", get(holds::list))
        .route("/desk/holds/{id}", get(holds::show).post(holds::act))
        .route("/desk/search", get(search::look))
        .route("/desk/meetings/{id}", get(search::meeting))
        .route("/administration", get(administration::show));
    let all = counter.reception.headers();
    guarded(routes, BODY_MAX, TIME_MAX, all).with_state(counter)
}
