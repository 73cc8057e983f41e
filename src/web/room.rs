//! Jitsi in a page of the portal: its own script is loaded from the conference server alone, the contact stands beside it, and it ends
//! with the meeting.

use super::pages::{Pages, PagesError, Words, iso};
use super::security::origin;
use crate::domain::language::Language;
use crate::flow::join::Admission;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde_json::json;

/// Who is in the room, and how the page speaks to them.
pub(super) struct Visit<'a> {
    pub admission: &'a Admission,
    pub contact: Option<&'a str>,
    pub contact_href: Option<&'a str>,
    /// Where the guest's page is.
    pub back: &'a str,
    pub now: DateTime<Utc>,
}

/// The page.
pub(super) fn page(pages: &Pages, language: &Language, words: &Words, visit: &Visit<'_>) -> Result<Response, PagesError> {
    let admission = visit.admission;
    let server = origin(&admission.server).unwrap_or_default();
    let path = admission.server.get(server.len()..).unwrap_or_default().trim_matches('/');
    let room = if path.is_empty() { admission.room.clone() } else { format!("{path}/{}", admission.room) };
    let html = pages.render(
        "room",
        &json!({
            "lang": language.tag(),
            "title": admission.page.meeting.as_ref().map(|meeting| &meeting.title),
            "words": words.help.get("room"),
            "script": format!("{server}/external_api.js"),
            "secure": server.starts_with("https://"),
            "domain": server.split_once("://").map(|(_, host)| host),
            "room": room,
            "token": admission.token,
            "url": admission.url,
            "closes_at": iso(admission.closes_at),
            "now": iso(visit.now),
            "back": visit.back,
            "contact": visit.contact,
            "contact_href": visit.contact_href,
        }),
    )?;
    let value =
        |text: String| HeaderValue::from_str(&text).map_err(|error| PagesError { name: "room".to_owned(), cause: error.to_string() });
    let policy = format!(
        "default-src 'none'; style-src 'self'; script-src 'self' {server}; img-src 'self' data:; frame-src {server}; \
         connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    );
    let devices =
        ["camera", "microphone", "display-capture", "autoplay", "fullscreen"].map(|device| format!("{device}=(self \"{server}\")"));
    let about =
        [(header::CONTENT_SECURITY_POLICY, value(policy)?), (HeaderName::from_static("permissions-policy"), value(devices.join(", "))?)];
    Ok((about, Html(html)).into_response())
}
