//! `POST /j/{token}/answer`: a guest's answer from their page. It changes what a mail of theirs would, and leads back to the page.

use super::request::Wish;
use super::security::{guarded, headers, is_from_here, origin};
use crate::domain::attendance::PartStat;
use crate::flow::Gateway;
use crate::flow::answer_page::{Answered, PageAnswer};
use axum::Router;
use axum::extract::{Form, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::post;
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
    Redirect::to(&format!("/j/{token}?said={said}{}", wish.language_again())).into_response()
}

/// `/j/{token}/answer`.
pub fn router(counter: Arc<AnswerCounter>) -> Router {
    let routes = Router::new().route("/j/{token}/answer", post(answer));
    guarded(routes, BODY_MAX, TIME_MAX, counter.headers.clone()).with_state(counter)
}
