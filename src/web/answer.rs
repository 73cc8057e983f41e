//! What a guest sends from their page: an answer, which changes what a mail of theirs would; that they can't connect; that they want
//! their link again. Each leads back to the page, which says what became of it.

use super::request::Wish;
use super::security::{guarded, headers, is_from_here, origin};
use crate::domain::attendance::PartStat;
use crate::flow::Gateway;
use crate::flow::answer_page::{Answered, PageAnswer};
use crate::flow::help_page::{Device, Helped, Trouble};
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Largest body of a POST, in octets: the longest words in the dearest encoding.
const BODY_MAX: usize = 64 << 10;
/// How long a request may take.
const TIME_MAX: Duration = Duration::from_secs(60);

/// What takes answers.
pub struct AnswerCounter {
    gateway: Arc<Gateway>,
    own_origin: String,
    headers: HeaderMap,
}

/// The form.
#[derive(Deserialize)]
struct Given {
    answer: Choice,
    #[serde(default)]
    words: String,
    form: Uuid,
}

/// The form of "I can't connect". Scripts fill in what is found of the devices.
#[derive(Deserialize)]
struct Lost {
    #[serde(default)]
    words: String,
    #[serde(default)]
    camera: Device,
    #[serde(default)]
    microphone: Device,
    #[serde(default)]
    calls: Calls,
}

/// Whether the browser can hold video calls.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Calls {
    #[default]
    Unknown,
    Yes,
    No,
}

impl Calls {
    fn known(self) -> Option<bool> {
        match self {
            Self::Unknown => None,
            Self::Yes => Some(true),
            Self::No => Some(false),
        }
    }
}

/// The buttons.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Choice {
    Accepted,
    Tentative,
    Declined,
    Words,
}

impl Choice {
    fn partstat(self) -> Option<PartStat> {
        match self {
            Self::Accepted => Some(PartStat::Accepted),
            Self::Tentative => Some(PartStat::Tentative),
            Self::Declined => Some(PartStat::Declined),
            Self::Words => None,
        }
    }
}

impl AnswerCounter {
    /// At the gateway's public URL.
    pub fn new(gateway: Arc<Gateway>) -> Self {
        let public_url = &gateway.settings.public_url;
        let headers = headers(HeaderValue::from_static("default-src 'none'"), public_url.starts_with("https://"));
        let own_origin = origin(public_url).unwrap_or_default().to_owned();
        Self { own_origin, headers, gateway }
    }
}

async fn answer(
    State(counter): State<Arc<AnswerCounter>>,
    Path(token): Path<String>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
    Form(given): Form<Given>,
) -> Response {
    if !is_from_here(&headers, &counter.own_origin) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let answer = PageAnswer { partstat: given.answer.partstat(), words: given.words, form: given.form };
    let said = match counter.gateway.answer_by_page(&token, &answer).await {
        Ok(Answered::Taken) => "taken",
        Ok(Answered::Empty) => "empty",
        Ok(Answered::TooLate) => "late",
        Ok(Answered::TooMuch) => "much",
        Err(error) => {
            tracing::error!(%error, "an answer from a page could not be taken");
            "later"
        }
    };
    back(&token, said, &wish)
}

async fn help(
    State(counter): State<Arc<AnswerCounter>>,
    Path(token): Path<String>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
    Form(lost): Form<Lost>,
) -> Response {
    if !is_from_here(&headers, &counter.own_origin) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let browser = headers.get(header::USER_AGENT).map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned()).unwrap_or_default();
    let Lost { words, camera, microphone, calls } = lost;
    let trouble = Trouble { words, browser, camera, microphone, calls: calls.known() };
    let said = match counter.gateway.ask_for_help(&token, &trouble).await {
        Ok(Helped::Told) => "told",
        Ok(Helped::TooLate) => "late",
        Err(error) => {
            tracing::error!(%error, "a guest's cry for help could not be taken");
            "later"
        }
    };
    back(&token, said, &wish)
}

async fn again(
    State(counter): State<Arc<AnswerCounter>>,
    Path(token): Path<String>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Response {
    if !is_from_here(&headers, &counter.own_origin) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let said = match counter.gateway.send_link_again(&token).await {
        Ok(()) => "again",
        Err(error) => {
            tracing::error!(%error, "a link could not be sent again");
            "later"
        }
    };
    back(&token, said, &wish)
}

/// `GET /j/{token}/invitation.ics`: the meeting for the guest's calendar (RFC 5545). Changes nothing.
async fn calendar(State(counter): State<Arc<AnswerCounter>>, Path(token): Path<String>) -> Response {
    match counter.gateway.calendar_file(&token).await {
        Ok(Some(object)) => {
            let about = [
                (header::CONTENT_TYPE, "text/calendar; charset=utf-8; method=REQUEST"),
                (header::CONTENT_DISPOSITION, "attachment; filename=\"invitation.ics\""),
            ];
            (about, object).into_response()
        }
        Ok(None) => StatusCode::GONE.into_response(),
        Err(error) => {
            tracing::error!(%error, "a calendar file could not be made");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// To the page, which says what became of it.
fn back(token: &str, said: &str, wish: &Wish) -> Response {
    Redirect::to(&format!("/j/{token}?said={said}{}", wish.language_again())).into_response()
}

/// What stands behind `/j/{token}/`.
pub fn router(counter: Arc<AnswerCounter>) -> Router {
    let routes = Router::new()
        .route("/j/{token}/answer", post(answer))
        .route("/j/{token}/help", post(help))
        .route("/j/{token}/again", post(again))
        .route("/j/{token}/invitation.ics", get(calendar));
    guarded(routes, BODY_MAX, TIME_MAX, counter.headers.clone()).with_state(counter)
}
