//! The identity provider's page of `localserve`: who do you want to be?

use super::MailboxCounter;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// `?state=`
#[derive(Deserialize)]
pub(super) struct Asked {
    state: String,
}

/// `GET /who`
pub(super) async fn who(State(counter): State<Arc<MailboxCounter>>, Query(asked): Query<Asked>) -> Response {
    let state = super::encoded(&asked.state);
    let person = |code: &str, text: &str| json!({ "href": format!("/sign-in/return?state={state}&code={code}"), "text": text });
    let people = [
        person("organizer", "Claire Bernard, organizer"),
        person("helpdesk", "Ana Silva, helpdesk"),
        person("administrator", "Noa Roux, administrator and helpdesk"),
    ];
    counter.html("mailbox/who", &json!({ "title": "Who are you?", "people": people, "boxes": [], "said": null, "live": false }))
}
