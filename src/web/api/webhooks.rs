//! How far each webhook is.

use super::problem::Problem;
use super::types::{WebhookOut, Webhooks};
use super::{ApiCounter, Asked, Program};
use crate::domain::alert::Severity;
use crate::domain::api_key::Scope;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// A receiver of alerts, as the settings name it.
#[derive(Clone, Debug)]
pub struct KnownWebhook {
    /// Its name.
    pub name: String,
    /// The least severe that it is told of.
    pub severity: Severity,
}

/// The webhooks of the settings: what each was told, and how many events wait for it.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "webhooks",
    responses((status = 200, body = Webhooks), (status = 400, body = Problem, content_type = "application/problem+json"), (status = 401, body = Problem, content_type = "application/problem+json"),
              (status = 403, body = Problem, content_type = "application/problem+json"), (status = 503, body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(State(counter): State<Arc<ApiCounter>>, program: Program, asked: Asked) -> Result<Response, Problem> {
    program.may(Scope::AlertsRead)?;
    asked.only(&[])?;
    let archive = &counter.gateway.archive;
    let newest = archive.newest_alert_event().await?;
    let mut items = Vec::with_capacity(counter.webhooks.len());
    for webhook in &counter.webhooks {
        let told = archive.webhook_at(&webhook.name).await?.unwrap_or_default();
        items.push(WebhookOut::of(webhook, told, newest));
    }
    Ok(Json(Webhooks { items }).into_response())
}
