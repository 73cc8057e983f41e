//! `/sign-in`, `/sign-in/return`, `/sign-out`, `/sign-in/back-channel`: by whom the pages behind are asked for.

use super::pages::Pages;
use super::request::{Request, Wish};
use super::security::{guarded, headers, is_from_here, origin};
use crate::flow::port::PortResult;
use crate::flow::sign_in::{Person, SignIn, SignInError, UNDER_WAY};
use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use cookie::{Cookie, SameSite};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Largest body, in octets: a logout token.
const BODY_MAX: usize = 32 << 10;
/// How long a request may take: the provider is asked meanwhile.
const TIME_MAX: Duration = Duration::from_secs(40);
/// Longest path to come back to, in octets.
const PATH_MAX: usize = 1_024;

/// Who may ask, and by which cookie they are known.
pub struct Reception {
    sign_in: Option<SignIn>,
    pages: Arc<Pages>,
    own_origin: String,
    https: bool,
    elsewhere: String,
}

/// What somebody is answered who may not have what they ask for.
pub struct Refused(Box<Response>);

impl From<Response> for Refused {
    fn from(response: Response) -> Self {
        Self(Box::new(response))
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        *self.0
    }
}

/// Who asks, or what they are answered instead.
pub type Known = Result<Person, Refused>;

impl Reception {
    /// At this public URL. Without a provider nobody can sign in, and all pages behind say so.
    pub fn new(sign_in: Option<SignIn>, pages: Arc<Pages>, public_url: &str) -> Self {
        let own_origin = origin(public_url).unwrap_or_default().to_owned();
        Self { sign_in, pages, own_origin, https: public_url.starts_with("https://"), elsewhere: String::new() }
    }

    /// Forms may lead to these addresses too: a browser counts where a form's answer sends it as a form action (the room of a
    /// meeting, the provider's page).
    pub fn leading_to<'u>(self, urls: impl IntoIterator<Item = &'u str>) -> Self {
        let elsewhere = urls.into_iter().filter_map(origin).map(|origin| format!(" {origin}")).collect();
        Self { elsewhere, ..self }
    }

    /// Who asks for `path`; whoever is not signed in is sent to do so. Only for GET: what was posted would be lost.
    pub async fn person(&self, headers: &HeaderMap, path: &str) -> Known {
        match self.known(headers).await {
            Ok(Some(person)) => Ok(person),
            Ok(None) => Err(Redirect::to(&format!("/sign-in?to={}", encoded(path))).into_response().into()),
            Err(error) => {
                tracing::error!(%error, "a session could not be read");
                Err(self.refusal("unavailable", StatusCode::SERVICE_UNAVAILABLE, &Request::bare(headers)).into())
            }
        }
    }

    /// Who posts a form of ours: signed in, from a page of ours, with the key that stands in it.
    pub async fn poster(&self, headers: &HeaderMap, form_key: &str) -> Known {
        let request = Request::bare(headers);
        if !is_from_here(headers, &self.own_origin) {
            return Err(self.refusal("elsewhere", StatusCode::FORBIDDEN, &request).into());
        }
        match self.known(headers).await {
            Ok(Some(person)) if same(&person.form_key, form_key) => Ok(person),
            Ok(_) => Err(self.refusal("again", StatusCode::FORBIDDEN, &request).into()),
            Err(error) => {
                tracing::error!(%error, "a session could not be read");
                Err(self.refusal("unavailable", StatusCode::SERVICE_UNAVAILABLE, &request).into())
            }
        }
    }

    async fn known(&self, headers: &HeaderMap) -> PortResult<Option<Person>> {
        match (&self.sign_in, held(headers, &self.session_cookie())) {
            (Some(sign_in), Some(cookie)) => sign_in.person(&cookie).await,
            (None, _) | (_, None) => Ok(None),
        }
    }

    /// A page that says why not.
    pub fn refusal(&self, name: &str, status: StatusCode, request: &Request<'_>) -> Response {
        let html = self.pages.choose(request.wishes(None)).and_then(|(language, words)| {
            let values = json!({
                "lang": language.tag(),
                "languages": self.pages.language_choices(language),
                "title": words.staff.get(name).and_then(|texts| texts.get("title")),
                "footer": words.staff.get("page").and_then(|texts| texts.get("footer")),
                "common": words.common,
                "state": "staff",
                "words": words.staff.get(name),
            });
            self.pages.render("staff/refusal", &values)
        });
        match html {
            Ok(html) => (status, Html(html)).into_response(),
            Err(error) => {
                tracing::error!(%error, "a page cannot be made");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }

    /// The headers of pages for people who are signed in: nothing is loaded from elsewhere, and forms lead here.
    pub fn headers(&self) -> HeaderMap {
        let policy = format!(
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'{}; \
             frame-ancestors 'none'; base-uri 'none'",
            self.elsewhere
        );
        // Origins have no character that a header can't.
        let policy = HeaderValue::from_str(&policy).unwrap_or_else(|_| HeaderValue::from_static("default-src 'none'"));
        let mut all = headers(policy, self.https);
        // The path is no secret here, and a POST must be known to come from here by its Origin too.
        all.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        all
    }

    /// `__Host-`: set over https by this very host, for all of it, and by nobody else (RFC 6265bis §4.1.3.2).
    fn session_cookie(&self) -> String {
        if self.https { "__Host-paravent".to_owned() } else { "paravent".to_owned() }
    }

    fn sign_in_cookie(&self) -> String {
        if self.https { "__Host-paravent-sign-in".to_owned() } else { "paravent-sign-in".to_owned() }
    }

    /// `seconds` is how long the browser keeps it; until it is closed, where there is no number.
    fn cookie(&self, name: String, value: &str, seconds: Option<i64>) -> HeaderValue {
        let mut cookie = Cookie::build((name, value.to_owned())).path("/").http_only(true).secure(self.https).same_site(SameSite::Lax);
        if let Some(seconds) = seconds {
            cookie = cookie.max_age(cookie::time::Duration::seconds(seconds));
        }
        HeaderValue::from_str(&cookie.build().to_string()).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

/// The value of a cookie.
fn held(headers: &HeaderMap, name: &str) -> Option<String> {
    let fields = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    fields.flat_map(Cookie::split_parse).flatten().find(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned())
}

fn same(one: &str, other: &str) -> bool {
    use subtle::ConstantTimeEq;
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// A path here and nothing else: no other host, no control characters. What is none leads to the start.
fn path_here(to: &str) -> &str {
    let is_path = to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\r', '\n', '\t']);
    if is_path && to.len() <= PATH_MAX && to.bytes().all(|octet| octet.is_ascii_graphic()) { to } else { "/meetings" }
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|octet| {
            if octet.is_ascii_alphanumeric() || b"-._~/".contains(&octet) { char::from(octet).to_string() } else { format!("%{octet:02X}") }
        })
        .collect()
}

#[derive(Deserialize)]
struct Target {
    to: Option<String>,
}

/// `GET /sign-in?to=/path`
async fn begin(State(reception): State<Arc<Reception>>, Query(target): Query<Target>, headers: HeaderMap) -> Response {
    let request = Request::bare(&headers);
    let Some(sign_in) = &reception.sign_in else { return reception.refusal("closed", StatusCode::NOT_FOUND, &request) };
    match sign_in.begin(path_here(target.to.as_deref().unwrap_or_default())).await {
        Ok((url, cookie)) => {
            let set = [(header::SET_COOKIE, reception.cookie(reception.sign_in_cookie(), &cookie, Some(UNDER_WAY.num_seconds())))];
            (set, Redirect::to(&url)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "the identity provider could not be asked");
            reception.refusal("unavailable", StatusCode::SERVICE_UNAVAILABLE, &request)
        }
    }
}

/// What the provider sends the browser back with (RFC 6749 §4.1.2).
#[derive(Deserialize)]
struct Answered {
    code: Option<String>,
    state: Option<String>,
    error: Option<String>,
}

/// `GET /sign-in/return`: the one GET that opens something, as the protocol has it; it needs what only this browser holds.
async fn finish(State(reception): State<Arc<Reception>>, Query(answered): Query<Answered>, headers: HeaderMap) -> Response {
    let request = Request::bare(&headers);
    let Some(sign_in) = &reception.sign_in else { return reception.refusal("closed", StatusCode::NOT_FOUND, &request) };
    if let Some(error) = answered.error {
        tracing::info!(%error, "the identity provider signed nobody in");
        return reception.refusal("again", StatusCode::FORBIDDEN, &request);
    }
    let (Some(cookie), Some(state), Some(code)) = (held(&headers, &reception.sign_in_cookie()), answered.state, answered.code) else {
        return reception.refusal("again", StatusCode::BAD_REQUEST, &request);
    };
    match sign_in.finish(&cookie, &state, &code).await {
        Ok(opened) => {
            // Whoever this browser was before is not signed in any more.
            if let Some(before) = held(&headers, &reception.session_cookie())
                && let Err(error) = sign_in.end(&before).await
            {
                tracing::error!(%error, "an older session could not be ended");
            }
            let mut response = Redirect::to(path_here(&opened.to)).into_response();
            let gone = reception.cookie(reception.sign_in_cookie(), "", Some(0));
            let session = reception.cookie(reception.session_cookie(), &opened.cookie, None);
            response.headers_mut().append(header::SET_COOKIE, gone);
            response.headers_mut().append(header::SET_COOKIE, session);
            response
        }
        Err(error) => {
            tracing::warn!(%error, "nobody was signed in");
            let (name, status) = match error {
                SignInError::Port(_) => ("unavailable", StatusCode::SERVICE_UNAVAILABLE),
                SignInError::NotBegun => ("again", StatusCode::BAD_REQUEST),
                SignInError::Refused(_) => ("again", StatusCode::FORBIDDEN),
                SignInError::Nobody => ("nobody", StatusCode::FORBIDDEN),
                SignInError::Taken => ("taken", StatusCode::FORBIDDEN),
            };
            reception.refusal(name, status, &request)
        }
    }
}

/// The key of a form.
#[derive(Deserialize)]
struct Keyed {
    key: String,
}

/// `POST /sign-out`: here and at the provider.
async fn sign_out(State(reception): State<Arc<Reception>>, headers: HeaderMap, Form(keyed): Form<Keyed>) -> Response {
    if let Err(refusal) = reception.poster(&headers, &keyed.key).await {
        return refusal.into_response();
    }
    let cookie = held(&headers, &reception.session_cookie()).unwrap_or_default();
    let there = match &reception.sign_in {
        Some(sign_in) => sign_in.sign_out(&cookie).await,
        None => Ok(None),
    };
    match there {
        Ok(there) => {
            let gone = [(header::SET_COOKIE, reception.cookie(reception.session_cookie(), "", Some(0)))];
            (gone, Redirect::to(there.as_deref().unwrap_or("/signed-out"))).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a session could not be ended");
            reception.refusal("unavailable", StatusCode::SERVICE_UNAVAILABLE, &Request::bare(&headers))
        }
    }
}

/// `GET /signed-out`
async fn signed_out(State(reception): State<Arc<Reception>>, Query(wish): Query<Wish>, headers: HeaderMap) -> Response {
    reception.refusal("signed-out", StatusCode::OK, &Request::new("", &wish, &headers))
}

#[derive(Deserialize)]
struct Logout {
    logout_token: String,
}

/// `POST /sign-in/back-channel` (OpenID Connect Back-Channel Logout 1.0 §2.5)
async fn back_channel(State(reception): State<Arc<Reception>>, Form(logout): Form<Logout>) -> Response {
    let Some(sign_in) = &reception.sign_in else { return StatusCode::NOT_FOUND.into_response() };
    match sign_in.sign_out_by_provider(&logout.logout_token).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(SignInError::Port(error)) => {
            tracing::error!(%error, "a logout could not be carried out");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Err(error) => {
            tracing::warn!(%error, "a logout is refused");
            StatusCode::BAD_REQUEST.into_response()
        }
    }
}

/// The routes of signing in and out.
pub fn router(reception: Arc<Reception>) -> Router {
    let routes = Router::new()
        .route("/sign-in", get(begin))
        .route("/sign-in/return", get(finish))
        .route("/sign-in/back-channel", post(back_channel))
        .route("/sign-out", post(sign_out))
        .route("/signed-out", get(signed_out));
    let all = reception.headers();
    guarded(routes, BODY_MAX, TIME_MAX, all).with_state(reception)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_elsewhere() {
        for here in ["/meetings", "/desk?state=open&page=2", "/"] {
            assert_eq!(path_here(here), here);
        }
        for elsewhere in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/a\r\nSet-Cookie: x",
            "/a b",
            "javascript:x",
            "/\t/evil.example",
        ] {
            assert_eq!(path_here(elsewhere), "/meetings", "{elsewhere}");
        }
        assert_eq!(path_here(&format!("/{}", "a".repeat(2_000))), "/meetings");
    }
}
