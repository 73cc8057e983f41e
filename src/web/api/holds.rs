//! Mail that waits.

use super::problem::{Body, Problem};
use super::types::{HoldAction, HoldActionIn, HoldOut, Page};
use super::{ApiCounter, Asked, In, Program, id};
use crate::domain::api_key::Scope;
use crate::domain::id::ReceivedId;
use crate::domain::listing::Cursor;
use crate::domain::record::{HoldState, ReceivedSummary};
use crate::flow::hold::HoldOutcome;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

type Counter = State<Arc<ApiCounter>>;

/// Mail that waits, newest first.
#[utoipa::path(get, path = "/api/v1/holds", tag = "holds",
    params(("cursor" = Option<String>, Query, description = "`next` of the page before.", pattern = r"^-?[0-9]+\.[0-9a-f]{32}$"), ("limit" = Option<u32>, Query, description = "Rows, 1 to 200.", minimum = 1, maximum = 200)),
    responses((status = 200, body = Page<HoldOut>), (status = 400, body = Problem, content_type = "application/problem+json"),
              (status = 401, body = Problem, content_type = "application/problem+json"), (status = 403, body = Problem, content_type = "application/problem+json"),
              (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(State(counter): Counter, program: Program, asked: Asked) -> Result<Response, Problem> {
    program.may(Scope::HoldsRead)?;
    asked.only(&["cursor", "limit"])?;
    let (cursor, limit) = asked.page()?;
    let mails = counter.gateway.archive.holds_page(HoldState::Waiting, cursor, limit).await?;
    let next = mails.last().filter(|_| mails.len() == limit as usize).map(|mail| Cursor::after_mail(mail).to_string());
    Ok(Json(Page { items: mails.iter().map(HoldOut::of).collect(), next }).into_response())
}

/// One mail that waits.
#[utoipa::path(get, path = "/api/v1/holds/{id}", tag = "holds", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = HoldOut), (status = 401, body = Problem, content_type = "application/problem+json"),
              (status = 403, body = Problem, content_type = "application/problem+json"), (status = 404, body = Problem, content_type = "application/problem+json"),
              (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn show(State(counter): Counter, program: Program, In(text): In<String>) -> Result<Response, Problem> {
    program.may(Scope::HoldsRead)?;
    let mail = counter.gateway.archive.received_one(ReceivedId(id(&text)?)).await?;
    let mail = mail.filter(|mail| mail.hold == Some(HoldState::Waiting)).ok_or_else(Problem::not_found)?;
    let summary = ReceivedSummary {
        id: mail.id,
        received_at: mail.received_at,
        class: mail.class,
        disposition: mail.disposition,
        reasons: mail.reasons,
        meeting: mail.meeting,
        guest: mail.guest,
        hold: mail.hold,
        size: mail.raw.len() as u64,
    };
    Ok(Json(HoldOut::of(&summary)).into_response())
}

/// Decides about a mail: `release`, `send-without` or `drop`.
#[utoipa::path(post, path = "/api/v1/holds/{id}/actions", tag = "holds", request_body = HoldActionIn, params(("id" = uuid::Uuid, Path)),
    responses((status = 204), (status = 400, body = Problem, content_type = "application/problem+json"), (status = 401, body = Problem, content_type = "application/problem+json"),
              (status = 403, body = Problem, content_type = "application/problem+json"), (status = 404, body = Problem, content_type = "application/problem+json"),
              (status = 409, body = Problem, content_type = "application/problem+json"), (status = 413, body = Problem, content_type = "application/problem+json"),
              (status = 415, body = Problem, content_type = "application/problem+json"), (status = 422, body = Problem, content_type = "application/problem+json"),
              (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn act(
    State(counter): Counter,
    program: Program,
    In(text): In<String>,
    Body(HoldActionIn { action }): Body<HoldActionIn>,
) -> Result<Response, Problem> {
    let actor = program.may(Scope::HoldsWrite)?;
    let mail = ReceivedId(id(&text)?);
    let outcome = match action {
        HoldAction::Release => counter.gateway.release_by(mail, false, &actor).await?,
        HoldAction::SendWithout => counter.gateway.release_by(mail, true, &actor).await?,
        HoldAction::Drop => counter.gateway.drop_held(mail, &actor).await?,
    };
    match outcome {
        HoldOutcome::Done => Ok(StatusCode::NO_CONTENT.into_response()),
        HoldOutcome::NotWaiting => Err(Problem::not_found()),
        HoldOutcome::NoDialog | HoldOutcome::StillHeld => {
            Err(Problem::new(StatusCode::CONFLICT, "It waits as before: it can't be passed on as it is."))
        }
    }
}
