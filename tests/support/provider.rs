//! A small OpenID Connect provider on loopback: it signs in whom a test says, and lies when told to.

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use paravent::domain::conference::PublicKey;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub const CLIENT: &str = "paravent";
pub const CLIENT_SECRET: &str = "the client's secret";

/// A key with its name.
#[derive(Clone)]
pub struct Key {
    pub kid: String,
    pub pem: String,
}

impl Key {
    pub fn new(kid: &str) -> Self {
        let pem = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap().serialize_pem();
        Self { kid: kid.to_owned(), pem }
    }

    fn jwk(&self) -> Value {
        let (modulus, exponent) = PublicKey::of_rsa(&self.kid, &self.pem).unwrap().rsa;
        let number = |octets: &[u8]| BASE64URL_NOPAD.encode(octets);
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid, "n": number(&modulus), "e": number(&exponent) })
    }

    pub fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_rsa_pem(self.pem.as_bytes()).unwrap()).unwrap()
    }
}

/// What a code is worth.
struct Grant {
    challenge: String,
    token: String,
}

struct Inside {
    url: String,
    published: Vec<Key>,
    grants: HashMap<String, Grant>,
    info: Value,
    described: usize,
    is_down: bool,
    is_literal: bool,
    subject: String,
}

#[derive(Clone)]
pub struct Provider {
    inside: Arc<Mutex<Inside>>,
    pub url: String,
    _task: Arc<Task>,
}

struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Provider {
    pub async fn start(key: &Key) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let inside = Inside {
            url: url.clone(),
            published: vec![key.clone()],
            grants: HashMap::new(),
            info: Value::Null,
            described: 0,
            is_down: false,
            is_literal: false,
            subject: String::new(),
        };
        let inside = Arc::new(Mutex::new(inside));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/info", get(info))
            .with_state(inside.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { inside, url, _task: Arc::new(Task(task)) }
    }

    /// Publishes these keys from now on.
    pub fn publish(&self, keys: &[&Key]) {
        self.inside.lock().unwrap().published = keys.iter().map(|key| (*key).clone()).collect();
    }

    /// What the provider tells beside the token.
    pub fn tell(&self, info: Value) {
        self.inside.lock().unwrap().info = info;
    }

    /// Answers nothing of use from now on, or does again.
    pub fn go_down(&self, is_down: bool) {
        self.inside.lock().unwrap().is_down = is_down;
    }

    /// Takes what stands in the header literally, as LemonLDAP::NG 2.16 does, and the secret in the body too.
    pub fn be_literal(&self) {
        self.inside.lock().unwrap().is_literal = true;
    }

    /// How often it was asked about itself.
    pub fn described(&self) -> usize {
        self.inside.lock().unwrap().described
    }

    /// Somebody signs in on the page at this URL: the code with which they go back.
    pub fn grant(&self, asked: &BTreeMap<String, String>, token: String) -> String {
        let code = format!("code-{}", self.inside.lock().unwrap().grants.len());
        let grant = Grant { challenge: asked["code_challenge"].clone(), token };
        self.inside.lock().unwrap().grants.insert(code.clone(), grant);
        code
    }

    /// The claims of an honest ID token.
    pub fn claims(&self, subject: &str, nonce: &str, now: i64) -> Value {
        json!({ "iss": self.url, "sub": subject, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce, "sid": format!("sid-{subject}") })
    }
}

type Shared = State<Arc<Mutex<Inside>>>;

async fn describe(State(inside): Shared) -> Response {
    let mut inside = inside.lock().unwrap();
    inside.described += 1;
    if inside.is_down {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let url = &inside.url;
    let mut description = json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/page"),
        "token_endpoint": format!("{url}/token"),
        "userinfo_endpoint": format!("{url}/info"),
        "jwks_uri": format!("{url}/keys"),
        "end_session_endpoint": format!("{url}/end"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
    });
    if inside.is_literal {
        description["token_endpoint_auth_methods_supported"] = json!(["client_secret_post", "client_secret_basic"]);
    }
    Json(description).into_response()
}

async fn keys(State(inside): Shared) -> Json<Value> {
    Json(json!({ "keys": inside.lock().unwrap().published.iter().map(Key::jwk).collect::<Vec<_>>() }))
}

async fn token(State(inside): Shared, headers: HeaderMap, Form(asked): Form<BTreeMap<String, String>>) -> Response {
    let is_literal = inside.lock().unwrap().is_literal;
    let secret = if is_literal { CLIENT_SECRET } else { "the+client%27s+secret" };
    let known = format!("Basic {}", BASE64.encode(format!("{CLIENT}:{secret}").as_bytes()));
    let in_body = is_literal && asked.get("client_secret").is_some_and(|given| given == CLIENT_SECRET);
    if !in_body && headers.get(header::AUTHORIZATION).is_none_or(|given| given != known.as_str()) {
        return (StatusCode::UNAUTHORIZED, Json(json!({ "error": "invalid_client" }))).into_response();
    }
    let Some(grant) = inside.lock().unwrap().grants.remove(&asked["code"]) else {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    };
    let verifier = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, asked["code_verifier"].as_bytes());
    if BASE64URL_NOPAD.encode(verifier.as_ref()) != grant.challenge {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    }
    let payload = BASE64URL_NOPAD.decode(grant.token.split('.').nth(1).unwrap().as_bytes()).unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    inside.lock().unwrap().subject = claims["sub"].as_str().unwrap().to_owned();
    Json(json!({ "access_token": "access", "token_type": "Bearer", "expires_in": 60, "id_token": grant.token })).into_response()
}

async fn info(State(inside): Shared) -> Response {
    let inside = inside.lock().unwrap();
    match &inside.info {
        Value::Null => Json(json!({ "sub": inside.subject })).into_response(),
        info => Json(info.clone()).into_response(),
    }
}
