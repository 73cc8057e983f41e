//! `/jitsi/…`: what Prosody's `mod_reservations` and `event_sync` ask and tell, the keys that conference tokens are checked with, and
//! what Jitsi's pages look like. The first two show a shared secret; the other two are for everybody.

use super::pages::iso;
use super::security::{guarded, headers};
use crate::domain::presence::{Occupant, Place, RoomEvent};
use crate::flow::conference_server::{ConferenceDesk, Refusal, Reservation, Reserved};
use crate::flow::port::PortError;
use axum::extract::{Form, Path, Query, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::DateTime;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq;

/// Largest body, in octets: everybody who was in a large room.
const BODY_MAX: usize = 1 << 20;
/// How long a request may take.
const TIME_MAX: Duration = Duration::from_secs(15);

/// A key that conference tokens are checked with.
#[derive(Clone, Debug)]
pub struct PublishedKey {
    /// `sha256hex(kid)`: Prosody asks for this name with `.pem`.
    pub name: String,
    /// The public key in PEM form (SubjectPublicKeyInfo).
    pub pem: String,
    /// The same as JWK (RFC 7517).
    pub jwk: Value,
}

/// What `/jitsi/…` answers with.
pub struct ConferenceCounter {
    /// The flows.
    pub desk: ConferenceDesk,
    /// What Prosody shows; without it nobody may ask or tell.
    pub secret: Option<SecretString>,
    /// Public keys.
    pub keys: Vec<PublishedKey>,
    /// What pages look like (Jitsi's dynamic branding), by group; the empty name is for all others.
    pub branding: BTreeMap<String, Value>,
    /// Whether pages are served over https.
    pub https: bool,
}

/// `POST /jitsi/conference`, as `mod_reservations` writes it.
#[derive(Deserialize)]
struct Asked {
    name: String,
    #[serde(default)]
    mail_owner: String,
}

/// An event of `event_sync`. What is not needed is passed over.
#[derive(Deserialize)]
struct Told {
    room_name: Option<String>,
    /// Whether it happened in a breakout room; `room_name` is the whole meeting's all the same.
    #[serde(default)]
    is_breakout: bool,
    #[serde(default)]
    breakout_room_id: String,
    occupant: Option<Seen>,
    destroyed_at: Option<i64>,
    #[serde(default, deserialize_with = "list")]
    all_occupants: Vec<Seen>,
}

#[derive(Deserialize)]
struct Seen {
    occupant_jid: String,
    id: Option<String>,
    joined_at: i64,
    left_at: Option<i64>,
}

/// Lua writes an empty list as `{}`.
fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Seen>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if value.as_object().is_some_and(serde_json::Map::is_empty) {
        return Ok(Vec::new());
    }
    serde_json::from_value(value).map_err(serde::de::Error::custom)
}

impl Seen {
    /// `None` for times that are none.
    fn occupant(self) -> Option<Occupant> {
        let at = |seconds| DateTime::from_timestamp(seconds, 0);
        let left_at = match self.left_at {
            Some(seconds) => Some(at(seconds)?),
            None => None,
        };
        Some(Occupant { jid: self.occupant_jid, id: self.id, joined_at: at(self.joined_at)?, left_at })
    }
}

/// Lets through whoever shows the secret.
async fn only_prosody(State(counter): State<Arc<ConferenceCounter>>, request: Request, next: Next) -> Response {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = given.strip_prefix("Bearer ").unwrap_or_default();
    let is_known = counter.secret.as_ref().is_some_and(|secret| bool::from(secret.expose_secret().as_bytes().ct_eq(given.as_bytes())));
    if is_known {
        return next.run(request).await;
    }
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], message("The shared secret is missing or wrong.")).into_response()
}

fn message(text: &str) -> Json<Value> {
    Json(json!({ "message": text }))
}

fn unavailable(error: &PortError) -> Response {
    tracing::error!(%error, "the conference server could not be answered");
    (StatusCode::SERVICE_UNAVAILABLE, message("Not available just now.")).into_response()
}

fn reservation(granted: &Reservation, owner: &str) -> Json<Value> {
    Json(json!({
        "id": granted.id,
        "name": granted.name,
        "mail_owner": owner,
        "start_time": iso(granted.starts_at),
        "duration": granted.lasts.num_seconds(),
    }))
}

/// `POST /jitsi/conference`
async fn reserve(State(counter): State<Arc<ConferenceCounter>>, Form(asked): Form<Asked>) -> Response {
    match counter.desk.reserve(&asked.name).await {
        Ok(Reserved::Granted(granted)) => reservation(&granted, &asked.mail_owner).into_response(),
        Ok(Reserved::Refused(refusal)) => (StatusCode::FORBIDDEN, message(refused(refusal))).into_response(),
        Err(error) => unavailable(&error),
    }
}

/// Shown by Jitsi to whoever tried; nobody knows in which language they read.
fn refused(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Unknown => "This meeting is not known here. \u{2014} Cette r\u{e9}union est inconnue.",
        Refusal::Cancelled => "This meeting was cancelled. \u{2014} Cette r\u{e9}union est annul\u{e9}e.",
        Refusal::Closed => "This meeting is not open now. \u{2014} Cette r\u{e9}union n\u{2019}est pas ouverte en ce moment.",
    }
}

/// `GET /jitsi/conference/{id}`
async fn reserved(State(counter): State<Arc<ConferenceCounter>>, Path(id): Path<String>) -> Response {
    match counter.desk.reservation(&id).await {
        Ok(Some(granted)) => reservation(&granted, "").into_response(),
        Ok(None) => (StatusCode::NOT_FOUND, message(refused(Refusal::Unknown))).into_response(),
        Err(error) => unavailable(&error),
    }
}

/// `DELETE /jitsi/conference/{id}`
async fn release(State(counter): State<Arc<ConferenceCounter>>, Path(id): Path<String>) -> Response {
    match counter.desk.release(&id).await {
        Ok(true) => StatusCode::OK.into_response(),
        Ok(false) => (StatusCode::NOT_FOUND, message(refused(Refusal::Unknown))).into_response(),
        Err(error) => unavailable(&error),
    }
}

/// `POST /jitsi/events/{subject}/{what}`
async fn note(
    State(counter): State<Arc<ConferenceCounter>>,
    Path((subject, what)): Path<(String, String)>,
    Json(told): Json<Told>,
) -> Response {
    let Told { room_name, is_breakout, breakout_room_id, occupant, destroyed_at, all_occupants } = told;
    let event = match (subject.as_str(), what.as_str()) {
        ("occupant", "joined" | "left") => occupant.and_then(Seen::occupant).map(RoomEvent::Occupant),
        ("room", "destroyed") => {
            let occupants = all_occupants.into_iter().filter_map(Seen::occupant).collect();
            destroyed_at.and_then(|seconds| DateTime::from_timestamp(seconds, 0)).map(|at| RoomEvent::Closed { at, occupants })
        }
        ("room", "created") => None,
        (_, _) => return StatusCode::NOT_FOUND.into_response(),
    };
    // What says nothing is taken all the same: asked again, it would say no more.
    let (Some(room), Some(event)) = (room_name, event) else { return StatusCode::OK.into_response() };
    let place = Place { room, breakout: is_breakout.then_some(breakout_room_id) };
    match counter.desk.note(&place, event).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => unavailable(&error),
    }
}

/// `GET /jitsi/keys/{name}.pem`: Prosody's `asap_key_server`.
async fn key(State(counter): State<Arc<ConferenceCounter>>, Path(file): Path<String>) -> Response {
    let name = file.strip_suffix(".pem").unwrap_or_default();
    match counter.keys.iter().find(|key| key.name == name) {
        Some(key) => ([(header::CONTENT_TYPE, "application/x-pem-file"), CACHED], key.pem.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `GET /jitsi/jwks.json` (RFC 7517 §5).
async fn jwks(State(counter): State<Arc<ConferenceCounter>>) -> Response {
    let keys: Vec<&Value> = counter.keys.iter().map(|key| &key.jwk).collect();
    ([(header::CONTENT_TYPE, "application/jwk-set+json"), CACHED], json!({ "keys": keys }).to_string()).into_response()
}

const CACHED: (header::HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=300");

/// `GET /jitsi/branding?conferenceFqn=…`: Jitsi's `dynamicBrandingUrl`, asked by browsers from the conference server's pages.
async fn branding(State(counter): State<Arc<ConferenceCounter>>, Query(wish): Query<BTreeMap<String, String>>) -> Response {
    // `tenant/room`, or `room`.
    let room = wish.get("conferenceFqn").and_then(|name| name.rsplit('/').next()).unwrap_or_default();
    let group = match counter.desk.group_of(room).await {
        Ok(group) => group.unwrap_or_default(),
        Err(error) => return unavailable(&error),
    };
    let look = counter.branding.get(&group).or_else(|| counter.branding.get("")).cloned().unwrap_or_else(|| json!({}));
    // There is no secret in it, and browsers ask from the conference server's origin.
    ([(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"), CACHED], Json(look)).into_response()
}

/// `/jitsi/…`
pub fn router(counter: Arc<ConferenceCounter>) -> Router {
    let prosody = Router::new()
        .route("/jitsi/conference", post(reserve))
        .route("/jitsi/conference/{id}", get(reserved).delete(release))
        .route("/jitsi/events/{subject}/{what}", post(note))
        .route_layer(from_fn_with_state(counter.clone(), only_prosody));
    let open =
        Router::new().route("/jitsi/keys/{file}", get(key)).route("/jitsi/jwks.json", get(jwks)).route("/jitsi/branding", get(branding));
    let all = headers(HeaderValue::from_static("default-src 'none'"), counter.https);
    guarded(prosody.merge(open), BODY_MAX, TIME_MAX, all).with_state(counter)
}
