//! One call of a webhook: what is said, how it is signed (Standard Webhooks 1.0), and what the answer means.

use crate::domain::alert::{Alert, AlertAction, AlertEvent, AlertKind, AlertState, Severity};
use crate::domain::id::{AlertId, GuestId, MeetingId};
use crate::http_client::{self, HttpClientError};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{CONTENT_TYPE, HeaderName, USER_AGENT};
use reqwest::{Client, StatusCode, Url};
use serde::Serialize;
use std::time::Duration;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// A receiver that is called.
pub struct Webhook {
    url: Url,
    key: hmac::Key,
    client: Client,
    longest: TimeDelta,
}

/// Why a webhook can't be made. For the operator.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The url is none, or of another kind.
    #[error("`{0}` is no http or https url")]
    Url(String),
    /// There is no client.
    #[error(transparent)]
    Client(#[from] HttpClientError),
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Called {
    /// The receiver has it (2xx).
    Taken,
    /// Not now: it is called again with the same id. The text is for the log.
    Later(String),
    /// This very content is refused (400, 413, 415, 422), and would be again.
    Refused(String),
}

/// What is posted. Addresses in the evidence are masked.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: DateTime<Utc>,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    alert: Option<Told<'a>>,
}

#[derive(Serialize)]
struct Told<'a> {
    id: AlertId,
    kind: AlertKind,
    severity: Severity,
    state: AlertState,
    meeting: Option<MeetingId>,
    guest: Option<GuestId>,
    evidence: &'a str,
    count: u32,
    opened_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
    /// What can be done on the page.
    actions: Vec<&'static str>,
    page: Option<&'a str>,
}

impl<'a> Told<'a> {
    fn new(alert: &'a Alert, page: Option<&'a str>) -> Self {
        Self {
            id: alert.id,
            kind: alert.kind,
            severity: alert.severity,
            state: alert.state,
            meeting: alert.meeting,
            guest: alert.guest,
            evidence: &alert.evidence,
            count: alert.count,
            opened_at: alert.opened_at,
            last_at: alert.last_at,
            actions: alert.actions().into_iter().map(AlertAction::name).collect(),
            page,
        }
    }
}

impl Webhook {
    /// How long a call may take.
    pub fn longest(&self) -> TimeDelta {
        self.longest
    }

    /// Posts to `url`, signs with `key`, and waits for an answer no longer than `patience`. Follows no redirection, and asks no proxy.
    pub fn new(url: &str, key: &[u8], patience: Duration) -> Result<Self, WebhookError> {
        let parsed = Url::parse(url).ok().filter(|parsed| matches!(parsed.scheme(), "http" | "https"));
        let client = http_client::new(patience)?;
        let url = parsed.ok_or_else(|| WebhookError::Url(url.to_owned()))?;
        let longest = TimeDelta::from_std(patience).unwrap_or(TimeDelta::MAX);
        Ok(Self { url, key: hmac::Key::new(hmac::HMAC_SHA256, key), client, longest })
    }

    /// Tells of an event; `page` is where its alert can be acted on. Repetitions have the same id, and the alert as it is then.
    pub async fn tell(&self, event: &AlertEvent, page: Option<&str>, now: DateTime<Utc>) -> Called {
        let data = Data { alert: Some(Told::new(&event.alert, page)) };
        let body = Body { kind: event.occasion.name(), timestamp: event.at, data };
        self.post(&format!("{}.{}", event.alert.id, event.number), &body, now).await
    }

    /// Asks whether the receiver is there and knows the secret; `id` names the call.
    pub async fn ping(&self, id: &str, now: DateTime<Utc>) -> Called {
        self.post(id, &Body { kind: "ping", timestamp: now, data: Data { alert: None } }, now).await
    }

    async fn post(&self, id: &str, body: &Body<'_>, now: DateTime<Utc>) -> Called {
        let body = match serde_json::to_vec(body) {
            Ok(body) => body,
            Err(error) => return Called::Refused(error.to_string()),
        };
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("Paravent/", env!("CARGO_PKG_VERSION")))
            .header(ID, id)
            .header(TIMESTAMP, now.timestamp())
            .header(SIGNATURE, signature(&self.key, id, now.timestamp(), &body));
        match request.body(body).send().await {
            Ok(answer) => judged(answer.status()),
            // The library's text has the url, and that may have a secret in it.
            Err(error) => Called::Later(format!("{:#}", anyhow::Error::from(error.without_url()))),
        }
    }
}

/// `v1,` and the MAC of `id.timestamp.body` in base64.
fn signature(key: &hmac::Key, id: &str, timestamp: i64, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(key);
    context.update(format!("{id}.{timestamp}.").as_bytes());
    context.update(body);
    format!("v1,{}", STANDARD.encode(context.sign()))
}

/// A receiver that is set up wrongly (401, 404) may be put right: only what says that this content is at fault is final.
fn judged(status: StatusCode) -> Called {
    let text = format!("HTTP {}", status.as_u16());
    match status {
        taken if taken.is_success() => Called::Taken,
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::UNPROCESSABLE_ENTITY => {
            Called::Refused(text)
        }
        _ => Called::Later(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification's own libraries: its secret, id, time and content give this signature.
    #[test]
    fn the_signature_is_that_of_the_standard() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let signed = signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_is_no_web_address_is_refused_before_anything_is_sent() {
        for url in ["", "desk.example", "file:///etc/passwd", "ftp://desk.example/"] {
            assert!(matches!(Webhook::new(url, &[0; 32], Duration::from_secs(1)), Err(WebhookError::Url(_))), "{url}");
        }
    }
}
