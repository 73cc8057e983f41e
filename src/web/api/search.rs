//! Search.

use super::problem::Problem;
use super::types::Hits;
use super::{ApiCounter, Asked, Program, ROWS};
use crate::domain::api_key::Scope;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// Longest text that is looked for, in characters.
const TEXT_MAX: usize = 200;

/// Guests by their address or a message id of theirs, meetings by their title, newest first.
#[utoipa::path(get, path = "/api/v1/search", tag = "search",
    params(("q" = String, Query, description = "An address, a message id, or part of a title.", min_length = 1, max_length = 200),
           ("limit" = Option<u32>, Query, description = "Of guests and of meetings at most so many, 1 to 200.", minimum = 1, maximum = 200)),
    responses((status = 200, body = Hits), (status = 400, body = Problem, content_type = "application/problem+json"),
              (status = 401, body = Problem, content_type = "application/problem+json"), (status = 403, body = Problem, content_type = "application/problem+json"),
              (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn look(State(counter): State<Arc<ApiCounter>>, program: Program, asked: Asked) -> Result<Response, Problem> {
    program.may(Scope::MeetingsRead)?;
    asked.only(&["q", "limit"])?;
    let is_sound = |text: &str| (1..=TEXT_MAX).contains(&text.chars().count());
    let text = asked.get("q", |text| is_sound(text).then(|| text.to_owned()))?;
    let text = text.ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "`q` is missing."))?;
    let limit = asked.get("limit", |text| text.parse().ok().filter(|limit| (1..=ROWS.1).contains(limit)))?.unwrap_or(ROWS.0);
    let hits = counter.gateway.archive.search(&text, limit).await?;
    Ok(Json(Hits::of(&hits)).into_response())
}
