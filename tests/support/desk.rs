//! A gateway whose people sign in with a provider on loopback, asked as a browser asks.

use super::house::House;
use super::provider::{CLIENT, CLIENT_SECRET, Key, Provider};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use chrono::TimeDelta;
use paravent::domain::doorstep::WaitingRoom;
use paravent::flow::join::JoinSettings;
use paravent::flow::seal::Seal;
use paravent::flow::sign_in::{SignIn, SignInSettings};
use paravent::oidc::{Oidc, SignInSettings as ProviderSettings};
use paravent::web::live::Live;
use paravent::web::pages::Pages;
use paravent::web::sign_in::{Reception, router};
use paravent::web::staff::{StaffCounter, router as staff};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tower::ServiceExt;

/// A gateway whose people sign in with a provider.
pub struct Desk {
    pub house: House,
    pub provider: Provider,
    pub key: Key,
    pub router: Router,
}

/// Where a browser was sent, and what it holds.
pub struct Sent {
    pub asked: BTreeMap<String, String>,
    pub cookie: String,
}

pub struct Seen {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Seen {
    pub fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map(|to| to.to_str().unwrap()).unwrap_or_default()
    }

    /// The cookie of this name that was set, as the browser sends it.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let set = self.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap());
        set.filter_map(|line| line.split(';').next()).find(|pair| pair.starts_with(&format!("{name}="))).map(str::to_owned)
    }
}

pub const SESSION: &str = "__Host-paravent";
pub const UNDER_WAY: &str = "__Host-paravent-sign-in";

/// Tells who asks.
async fn who(State(reception): State<Arc<Reception>>, headers: HeaderMap) -> axum::response::Response {
    match reception.person(&headers, "/who?state=open").await {
        Ok(person) => {
            let organizer = person.organizer.map(|organizer| organizer.name).unwrap_or_default();
            format!("{}|{organizer}|{}|{}|{}", person.name, person.roles.helpdesk, person.roles.administrator, person.form_key)
                .into_response()
        }
        Err(refused) => refused.into_response(),
    }
}

/// The pages of this house, for people who sign in with the provider at `issuer`; `more` are settings beside the usual ones.
pub fn pages(house: &House, issuer: &str, secret: &str, more: &str) -> Router {
    let settings: ProviderSettings = toml::from_str(&format!(
        "{more}issuer = \"{issuer}\"\nclient_id = \"{CLIENT}\"\nhelpdesk_groups = [\"helpdesk\"]\nadministrator_groups = [\"admins\"]"
    ))
    .unwrap();
    let oidc = Oidc::new(settings, &secret.into(), "https://visio.example", house.clock.clone()).unwrap();
    let sign_in = SignIn {
        archive: house.archive.clone(),
        directory: house.gateway.directory.clone(),
        world: house.clock.clone(),
        provider: Arc::new(oidc),
        seal: Seal::new(&[7; 32]).unwrap(),
        settings: SignInSettings {
            helpdesk_groups: vec!["helpdesk".to_owned()],
            administrator_groups: vec!["admins".to_owned()],
            idle: TimeDelta::minutes(60),
            longest: TimeDelta::hours(12),
        },
    };
    let words = Arc::new(Pages::load().unwrap());
    let reception = Arc::new(Reception::new(Some(sign_in), words.clone(), "https://visio.example"));
    let who = Router::new().route("/who", get(who)).with_state(reception.clone());
    let join = house.door(JoinSettings { waiting_room: WaitingRoom::UntilModerator, ..JoinSettings::default() });
    let (running, stopping) = watch::channel(false);
    // Nothing stops while the test lives.
    std::mem::forget(running);
    let counter = StaffCounter {
        reception: reception.clone(),
        gateway: house.gateway.clone(),
        join: Arc::new(join),
        live: Live { every: Duration::from_millis(5), open: Arc::new(Semaphore::new(1)), stopping },
        pages: words,
        settings: vec![("policy.max_guests", "100".to_owned())],
        keys: vec![("link", "1".to_owned(), "signs")],
    };
    router(reception).merge(who).merge(staff(Arc::new(counter)))
}

impl Desk {
    pub async fn open() -> Self {
        let (house, key) = (House::build().await, Key::new("k1"));
        let provider = Provider::start(&key).await;
        let router = pages(&house, &provider.url, CLIENT_SECRET, "");
        Self { house, provider, key, router }
    }

    pub async fn ask(&self, method: &str, path: &str, cookie: &str, body: &str) -> Seen {
        self.ask_from("same-origin", method, path, cookie, body).await
    }

    pub async fn ask_from(&self, site: &str, method: &str, path: &str, cookie: &str, body: &str) -> Seen {
        let request = Request::builder().method(method).uri(path).header(header::COOKIE, cookie).header("sec-fetch-site", site);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(Body::from(body.to_owned())).unwrap();
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap();
        Seen { status: parts.status, headers: parts.headers, body }
    }

    pub fn now(&self) -> i64 {
        self.house.gateway.world.now().timestamp()
    }

    /// A browser is sent to the provider.
    pub async fn sent(&self) -> Sent {
        let seen = self.ask("GET", "/sign-in?to=/desk", "", "").await;
        assert_eq!(seen.status, StatusCode::SEE_OTHER, "{}", seen.body);
        let (page, query) = seen.location().split_once('?').unwrap();
        assert_eq!(page, format!("{}/page", self.provider.url));
        let asked =
            query.split('&').map(|pair| pair.split_once('=').unwrap()).map(|(name, value)| (name.to_owned(), decoded(value))).collect();
        Sent { asked, cookie: seen.cookie(UNDER_WAY).unwrap() }
    }

    pub async fn back(&self, sent: &Sent, code: &str) -> Seen {
        self.ask("GET", &format!("/sign-in/return?code={code}&state={}", sent.asked["state"]), &sent.cookie, "").await
    }

    /// Comes back with an ID token that these claims are added to.
    pub async fn signed_in(&self, subject: &str, more: Value) -> Seen {
        let sent = self.sent().await;
        let mut claims = self.provider.claims(subject, &sent.asked["nonce"], self.now());
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let code = self.provider.grant(&sent.asked, self.key.sign(&claims));
        self.back(&sent, &code).await
    }

    pub async fn who(&self, cookie: &str) -> Option<Vec<String>> {
        let seen = self.ask("GET", "/who", cookie, "").await;
        (seen.status == StatusCode::OK).then(|| seen.body.split('|').map(str::to_owned).collect())
    }
}

fn decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    let mut parts = text.split('%');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).unwrap()
}

impl Desk {
    /// Somebody signs in: what their browser holds, and the key of their forms.
    pub async fn person(&self, subject: &str, claims: Value) -> (String, String) {
        let cookie = self.signed_in(subject, claims).await.cookie(SESSION).unwrap();
        let key = self.who(&cookie).await.unwrap()[4].clone();
        (cookie, key)
    }
}

/// Text as a form sends it.
pub fn form(fields: &[(&str, &str)]) -> String {
    let encoded = |text: &str| {
        text.bytes()
            .map(|octet| if octet.is_ascii_alphanumeric() { char::from(octet).to_string() } else { format!("%{octet:02X}") })
            .collect::<String>()
    };
    fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
}
