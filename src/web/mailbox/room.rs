//! A stand-in for the conference server: shows what Jitsi would have been given.

use super::MailboxCounter;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// `?jwt=`
#[derive(Deserialize)]
pub(super) struct Ticket {
    jwt: Option<String>,
}

/// `GET /room/{room}`. The token is shown, not checked: that is the real server's work.
pub(super) async fn room(State(counter): State<Arc<MailboxCounter>>, Path(room): Path<String>, Query(ticket): Query<Ticket>) -> Response {
    let token = ticket.jwt.unwrap_or_default();
    let part = |index: usize| {
        let bytes = token.split('.').nth(index).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok())?;
        let value: Value = serde_json::from_slice(&bytes).ok()?;
        serde_json::to_string_pretty(&value).ok()
    };
    let values =
        json!({ "title": "Conference room", "room": room, "header": part(0), "claims": part(1), "boxes": [], "said": null, "live": false });
    counter.html("mailbox/room", &values)
}
