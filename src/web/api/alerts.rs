//! Alerts.

use super::problem::{Body, Problem};
use super::types::{AlertActionIn, AlertOut, Page};
use super::{ApiCounter, Asked, In, Program, id, of_word};
use crate::domain::alert::AlertAction;
use crate::domain::api_key::Scope;
use crate::domain::id::{AlertId, MeetingId};
use crate::domain::listing::{AlertFilter, Cursor};
use crate::flow::alert_desk::Acted;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

type Counter = State<Arc<ApiCounter>>;

/// Alerts, the one that happened last first.
#[utoipa::path(get, path = "/api/v1/alerts", tag = "alerts",
    params(("state" = Option<String>, Query, description = "`open`, `acknowledged` or `resolved`."), ("kind" = Option<String>, Query, description = "A kind of docs/alerts.md."),
           ("severity" = Option<String>, Query, description = "At least `info`, `warning` or `high`."), ("meeting" = Option<uuid::Uuid>, Query, description = "Of this meeting."),
           ("cursor" = Option<String>, Query, description = "`next` of the page before.", pattern = r"^-?[0-9]+\.[0-9a-f]{32}$"), ("limit" = Option<u32>, Query, description = "Rows, 1 to 200.", minimum = 1, maximum = 200)),
    responses((status = 200, body = Page<AlertOut>), (status = 400, body = Problem, content_type = "application/problem+json"),
              (status = 401, body = Problem, content_type = "application/problem+json"), (status = 403, body = Problem, content_type = "application/problem+json"),
              (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(State(counter): Counter, program: Program, asked: Asked) -> Result<Response, Problem> {
    program.may(Scope::AlertsRead)?;
    asked.only(&["state", "kind", "severity", "meeting", "cursor", "limit"])?;
    let (cursor, limit) = asked.page()?;
    let filter = AlertFilter {
        state: asked.get("state", of_word)?,
        kind: asked.get("kind", of_word)?,
        severity: asked.get("severity", of_word)?,
        meeting: asked.get("meeting", |text| text.parse().ok().map(MeetingId))?,
    };
    let alerts = counter.gateway.archive.alerts_page(&filter, cursor, limit).await?;
    let next = alerts.last().filter(|_| alerts.len() == limit as usize).map(|alert| Cursor::after_alert(alert).to_string());
    Ok(Json(Page { items: alerts.iter().map(AlertOut::of).collect(), next }).into_response())
}

/// One alert.
#[utoipa::path(get, path = "/api/v1/alerts/{id}", tag = "alerts", params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = AlertOut), (status = 401, body = Problem, content_type = "application/problem+json"),
              (status = 403, body = Problem, content_type = "application/problem+json"), (status = 404, body = Problem, content_type = "application/problem+json"),
              (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn show(State(counter): Counter, program: Program, In(text): In<String>) -> Result<Response, Problem> {
    program.may(Scope::AlertsRead)?;
    let alert = counter.gateway.archive.alert(AlertId(id(&text)?)).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(AlertOut::of(&alert)).into_response())
}

/// Acts on an alert: one of its `actions`.
#[utoipa::path(post, path = "/api/v1/alerts/{id}/actions", tag = "alerts", request_body = AlertActionIn, params(("id" = uuid::Uuid, Path)),
    responses((status = 200, body = AlertOut), (status = 400, body = Problem, content_type = "application/problem+json"),
              (status = 401, body = Problem, content_type = "application/problem+json"), (status = 403, body = Problem, content_type = "application/problem+json"),
              (status = 404, body = Problem, content_type = "application/problem+json"), (status = 409, body = Problem, content_type = "application/problem+json"),
              (status = 413, body = Problem, content_type = "application/problem+json"), (status = 415, body = Problem, content_type = "application/problem+json"),
              (status = 422, body = Problem, content_type = "application/problem+json"), (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn act(
    State(counter): Counter,
    program: Program,
    In(text): In<String>,
    Body(AlertActionIn { action }): Body<AlertActionIn>,
) -> Result<Response, Problem> {
    let actor = program.may(Scope::AlertsWrite)?;
    let alert = AlertId(id(&text)?);
    counter.gateway.archive.alert(alert).await?.ok_or_else(Problem::not_found)?;
    let unknown = || {
        let names = AlertAction::ALL.map(AlertAction::name).join(", ");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("action: one of {names}."))
    };
    let action = AlertAction::parse(&action).ok_or_else(unknown)?;
    let why = match counter.gateway.act(alert, action, &actor).await? {
        Acted::Done => {
            let alert = counter.gateway.archive.alert(alert).await?.ok_or_else(Problem::not_found)?;
            return Ok(Json(AlertOut::of(&alert)).into_response());
        }
        Acted::NotOffered => "It is not among its actions.",
        Acted::StillHeld => "The mail waits as before: it can't be passed on as it is.",
        Acted::Overtaken => "What it is about has changed meanwhile.",
    };
    Err(Problem::new(StatusCode::CONFLICT, why))
}
