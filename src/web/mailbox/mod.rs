//! The mailbox page of `localserve`: every mail that Paravent would have sent, and buttons to answer it as real programs
//! do, through the real SMTP door. Only `localserve` mounts it; nothing here leaves the machine.

mod act;
mod boxes;
pub mod clients;
pub mod letter;
mod reading;
mod room;
mod sample;
mod start;
mod who;

pub use sample::{sample_envelope, sample_invitation};

use super::guest::send_asset;
use super::pages::{Pages, PagesError};
use super::security::{headers, origin, with_headers};
use crate::domain::address::Mailbox;
use crate::domain::meeting::{Guest, Meeting};
use crate::flow::port::{Archive, CaughtMails, Directory, Injector, PortError, World};
use axum::Router;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use tower_http::limit::RequestBodyLimitLayer;

/// Largest form, in octets.
const FORM_MAX: usize = 64 * 1_024;

/// A guest's personal link, as the invitation has it.
pub type PersonalLink = Arc<dyn Fn(&Meeting, &Guest) -> Option<String> + Send + Sync>;

/// What the mailbox page needs.
pub struct Setup {
    /// The caught mails.
    pub mails: Arc<dyn CaughtMails>,
    /// Our own SMTP doors.
    pub injector: Arc<dyn Injector>,
    /// Where meetings are kept.
    pub archive: Arc<dyn Archive>,
    /// Who is an organizer.
    pub directory: Arc<dyn Directory>,
    /// Clock and chance.
    pub world: Arc<dyn World>,
    /// Who hears of alerts.
    pub helpdesk: Option<Mailbox>,
    /// Makes personal links.
    pub link: PersonalLink,
    /// What runs where: a name, and an address or URL.
    pub doors: Vec<(String, String)>,
    /// Where browsers find this page.
    pub public_url: String,
}

/// The mailbox page with what it remembers: which mails were looked at.
pub struct MailboxCounter {
    setup: Setup,
    pages: Pages,
    own_origin: String,
    seen: Mutex<BTreeSet<u64>>,
}

impl MailboxCounter {
    /// Parses the templates that were built in.
    pub fn new(setup: Setup) -> Result<Self, PagesError> {
        let own_origin = origin(&setup.public_url).unwrap_or_default().to_owned();
        Ok(Self { setup, pages: Pages::load()?, own_origin, seen: Mutex::default() })
    }

    fn html(&self, template: &str, values: &Value) -> Response {
        match self.pages.render(template, values) {
            Ok(html) => Html(html).into_response(),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        }
    }

    fn mark_seen(&self, number: u64) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(number);
    }

    fn is_seen(&self, number: u64) -> bool {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).contains(&number)
    }
}

/// Why a page of the mailbox cannot be shown.
enum Trouble {
    NotFound,
    Refused(&'static str),
    Port(PortError),
}

impl From<PortError> for Trouble {
    fn from(error: PortError) -> Self {
        Self::Port(error)
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "There is no such mail, mailbox or meeting.").into_response(),
            Self::Refused(why) => (StatusCode::BAD_REQUEST, why).into_response(),
            // A developer's page on a loopback address: the cause helps.
            Self::Port(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
        }
    }
}

/// `/`, `/mailbox/…`, `/mail/…`, `/meeting/…`, `/sample` and the stand-ins `/room/…` and `/who`.
pub fn router(counter: Arc<MailboxCounter>) -> Router {
    let policy = HeaderValue::from_static(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; \
         form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    );
    let all = headers(policy, false);
    Router::new()
        .route("/", get(start::start))
        .route("/mailbox/{address}", get(boxes::mailbox))
        .route("/mail/{number}", get(reading::mail).post(act::answer))
        .route("/mail/{number}/html", get(reading::html))
        .route("/mail/{number}/raw", get(reading::raw))
        .route("/sample", post(act::sample))
        .route("/meeting/{id}", post(act::change))
        .route("/room/{room}", get(room::room))
        .route("/who", get(who::who))
        .route("/mailbox-assets/{name}", get(send_asset))
        .layer(RequestBodyLimitLayer::new(FORM_MAX))
        .layer(map_response(move |response| std::future::ready(with_headers(response, &all))))
        .with_state(counter)
}

/// A query or path segment.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() || b"-._~@".contains(&b) { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}
