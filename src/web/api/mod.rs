//! `/api/v1`: meetings, guests, attendance, alerts and mail that waits, for programs. docs/api.md tells how; `/api/v1/openapi.json`
//! is made of what stands here.

mod alerts;
mod holds;
mod meetings;
mod problem;
mod search;
mod types;
mod webhooks;

use super::security::{guarded, headers};
use crate::domain::api_key::{ApiKey, Scope};
use crate::domain::listing::Cursor;
use crate::flow::Gateway;
use axum::Router;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
pub use webhooks::KnownWebhook;

use problem::Problem;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use uuid::Uuid;

/// Largest body, in octets: a meeting with many guests.
const BODY_MAX: usize = 1 << 20;
/// How long a request may take.
const TIME_MAX: Duration = Duration::from_secs(60);
/// Rows of a page, where nothing is said, and at most.
const ROWS: (u32, u32) = (50, 200);

/// What the API answers with.
pub struct ApiCounter {
    /// The flows.
    pub gateway: Arc<Gateway>,
    /// Who is told of alerts.
    pub webhooks: Vec<KnownWebhook>,
    /// Whether pages are served over https.
    pub https: bool,
}

/// A program that showed a key.
struct Program(ApiKey);

impl Program {
    /// What the audit trail calls it, if it may do this.
    fn may(&self, scope: Scope) -> Result<String, Problem> {
        if self.0.scopes.contains(&scope) {
            return Ok(format!("api:{}", self.0.name));
        }
        Err(Problem::new(StatusCode::FORBIDDEN, format!("This key has not the scope {}.", scope.name())))
    }
}

impl FromRequestParts<Arc<ApiCounter>> for Program {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, counter: &Arc<ApiCounter>) -> Result<Self, Problem> {
        let given = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let key = match given.strip_prefix("Bearer ") {
            Some(key) => counter.gateway.program(key).await?,
            None => None,
        };
        key.map(Self).ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "The key is missing, or worthless."))
    }
}

/// What stands in the path. What can't be read is the name of nothing.
struct In<T>(T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for In<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Path::<T>::from_request_parts(parts, state).await.map(|Path(found)| Self(found)).map_err(|_| Problem::not_found())
    }
}

/// What stands behind the question mark; an unknown name or a value that is none is a mistake that is told.
struct Asked(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let read = Query::<BTreeMap<String, String>>::from_request_parts(parts, state).await;
        read.map(|Query(asked)| Self(asked)).map_err(|rejection| Problem::new(StatusCode::BAD_REQUEST, rejection.body_text()))
    }
}

impl Asked {
    fn only(&self, names: &[&str]) -> Result<(), Problem> {
        match self.0.keys().find(|name| !names.contains(&name.as_str())) {
            Some(name) => {
                Err(Problem::new(StatusCode::BAD_REQUEST, format!("There is no parameter `{name}`; there are {}.", names.join(", "))))
            }
            None => Ok(()),
        }
    }

    fn get<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Problem> {
        let Some(text) = self.0.get(name) else { return Ok(None) };
        read(text).map(Some).ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, format!("`{name}` is not one of its values.")))
    }

    fn page(&self) -> Result<(Option<Cursor>, u32), Problem> {
        let limit = self.get("limit", |text| text.parse().ok().filter(|limit| (1..=ROWS.1).contains(limit)))?;
        Ok((self.get("cursor", Cursor::parse)?, limit.unwrap_or(ROWS.0)))
    }
}

/// A word of a closed list.
fn of_word<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
}

/// An id in a path; what is none is of nothing.
fn id(text: &str) -> Result<Uuid, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        document.components.get_or_insert_with(Default::default).add_security_scheme("key", scheme);
    }
}

#[derive(OpenApi)]
#[openapi(
    info(title = "Paravent", description = "Meetings, guests, attendance, alerts and mail that waits."),
    paths(
        meetings::list,
        meetings::create,
        meetings::show,
        meetings::change,
        meetings::cancel,
        meetings::help,
        alerts::list,
        alerts::show,
        alerts::act,
        holds::list,
        holds::show,
        holds::act,
        search::look,
        webhooks::list
    ),
    modifiers(&Bearer),
    security(("key" = []))
)]
struct Document;

/// The OpenAPI document.
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

async fn openapi() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "public, max-age=300")], axum::Json(document()))
}

/// `/api/v1/…`
pub fn router(counter: Arc<ApiCounter>) -> Router {
    let all = headers(HeaderValue::from_static("default-src 'none'"), counter.https);
    let no_such = async || Problem::not_found();
    let routes = Router::new()
        .route("/api/v1/openapi.json", get(openapi))
        .route("/api/v1/meetings", get(meetings::list).post(meetings::create))
        .route("/api/v1/meetings/{id}", get(meetings::show).put(meetings::change).delete(meetings::cancel))
        .route("/api/v1/meetings/{id}/guests/{guest}/actions", post(meetings::help))
        .route("/api/v1/alerts", get(alerts::list))
        .route("/api/v1/alerts/{id}", get(alerts::show))
        .route("/api/v1/alerts/{id}/actions", post(alerts::act))
        .route("/api/v1/holds", get(holds::list))
        .route("/api/v1/holds/{id}", get(holds::show))
        .route("/api/v1/holds/{id}/actions", post(holds::act))
        .route("/api/v1/search", get(search::look))
        .route("/api/v1/webhooks", get(webhooks::list))
        .route("/api/{*rest}", axum::routing::any(no_such))
        .method_not_allowed_fallback(async || Problem::new(StatusCode::METHOD_NOT_ALLOWED, "This can't be done with this."));
    guarded(routes, BODY_MAX, TIME_MAX, all).with_state(counter)
}
