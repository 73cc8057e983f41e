//! The HTTP API as programs use it: what each answer is, that it is documented, and that nothing is done twice.

use crate::support;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use chrono::TimeDelta;
use paravent::domain::alert::Severity;
use paravent::domain::api_key::Scope;
use paravent::domain::delivery::OutboxPurpose::Invitation;
use paravent::domain::record::HoldState;
use paravent::domain::token::Purpose;
use paravent::flow::port::MailDoor::{Mx, Submission};
use paravent::web::api::{ApiCounter, KnownWebhook, document, router};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use support::house::{House, JEAN, LEA, ORGANIZER, calendar_mail, of_purpose, words};
use tower::ServiceExt;

struct Api {
    house: House,
    key: String,
    router: Router,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Api {
    async fn open() -> Self {
        let house = House::build().await;
        let key = house.gateway.create_api_key("portal", &Scope::ALL).await.unwrap().unwrap();
        let webhooks = vec![KnownWebhook { name: "desk".to_owned(), severity: Severity::Warning }];
        let router = router(Arc::new(ApiCounter { gateway: house.gateway.clone(), webhooks, https: true }));
        Self { house, key, router }
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.ask_as(&format!("Bearer {}", self.key), method, path, &[("content-type", "application/json")], body.to_string()).await
    }

    async fn ask_as(&self, key: &str, method: &str, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(header::AUTHORIZATION, key);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 4 << 20).await.unwrap();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        Answer { status: parts.status, headers: parts.headers, body }
    }
}

fn meeting(guests: &[&str]) -> Value {
    let guests: Vec<Value> = guests.iter().map(|address| json!({ "address": address })).collect();
    json!({ "organizer": ORGANIZER, "title": "Bilan", "starts_at": "2026-01-06T13:00:00Z", "ends_at": "2026-01-06T13:45:00+00:00", "guests": guests })
}

fn without_organizer(mut meeting: Value) -> Value {
    meeting.as_object_mut().unwrap().remove("organizer");
    meeting
}

#[tokio::test]
async fn a_program_invites_changes_and_cancels() {
    let api = Api::open().await;
    let made = api.ask("POST", "/api/v1/meetings", &meeting(&[JEAN, LEA])).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert_eq!((made.body["status"].clone(), made.body["is_changeable"].clone()), (json!("scheduled"), json!(true)));
    assert_eq!(of_purpose(&api.house.sent().await, Invitation).len(), 2);
    let path = format!("/api/v1/meetings/{}", made.body["id"].as_str().unwrap());
    let shown = api.ask("GET", &path, &Value::Null).await.body;
    assert_eq!((shown["guests"][0]["address"].clone(), shown["guests"][0]["response"].clone()), (json!(JEAN), json!("NEEDS-ACTION")));

    api.house.clock.move_by(TimeDelta::minutes(1));
    let mut moved = without_organizer(meeting(&[LEA]));
    moved["starts_at"] = json!("2026-01-06T13:15:00Z");
    let changed = api.ask("PUT", &path, &moved).await;
    assert_eq!((changed.status, changed.body["starts_at"].clone()), (StatusCode::OK, json!("2026-01-06T13:15:00Z")), "{}", changed.body);
    let invited: Vec<bool> =
        changed.body["guests"].as_array().unwrap().iter().map(|guest| guest["is_invited"].as_bool().unwrap()).collect();
    assert_eq!(invited, [false, true]);
    let guest = changed.body["guests"][1]["id"].as_str().unwrap().to_owned();
    api.house.sent().await;
    let resent = api.ask("POST", &format!("{path}/guests/{guest}/actions"), &json!({ "action": "resend" })).await;
    assert_eq!((resent.status, of_purpose(&api.house.sent().await, Invitation).len()), (StatusCode::NO_CONTENT, 1));

    api.house.clock.move_by(TimeDelta::minutes(1));
    let cancelled = api.ask("DELETE", &path, &Value::Null).await;
    assert_eq!((cancelled.status, cancelled.body["status"].clone()), (StatusCode::OK, json!("cancelled")));
    assert_eq!(api.ask("DELETE", &path, &Value::Null).await.status, StatusCode::CONFLICT);
    let list = api.ask("GET", &format!("/api/v1/meetings?organizer={ORGANIZER}"), &Value::Null).await.body;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_same_request_is_done_once() {
    let api = Api::open().await;
    let (bearer, body) = (format!("Bearer {}", api.key), meeting(&[JEAN]).to_string());
    let post = async |key: &str| {
        api.ask_as(&bearer, "POST", "/api/v1/meetings", &[("content-type", "application/json"), ("idempotency-key", key)], body.clone())
            .await
    };
    let (first, again, other) = (post("a").await, post("a").await, post("b").await);
    assert_eq!((first.status, again.status, other.status), (StatusCode::CREATED, StatusCode::OK, StatusCode::CREATED));
    assert_eq!(first.body["id"], again.body["id"]);
    assert_ne!(first.body["id"], other.body["id"]);
    assert_eq!(of_purpose(&api.house.sent().await, Invitation).len(), 2);
    assert_eq!(post(&"x".repeat(256)).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_meeting_of_a_calendar_program_is_read_and_not_changed() {
    let api = Api::open().await;
    api.house.accept(Submission, ORGANIZER, JEAN, &calendar_mail("REQUEST", 0, 13, &[JEAN])).await;
    let id = api.house.meeting().await.0.id;
    let path = format!("/api/v1/meetings/{id}");
    assert_eq!(api.ask("GET", &path, &Value::Null).await.body["is_changeable"], json!(false));
    assert_eq!(api.ask("PUT", &path, &without_organizer(meeting(&[LEA]))).await.status, StatusCode::CONFLICT);
    assert_eq!(api.ask("DELETE", &path, &Value::Null).await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn what_is_wrong_is_named_and_nothing_is_sent() {
    let api = Api::open().await;
    let cases: [(Value, &str); 6] = [
        (json!({ "title": " ", "guests": [] }), "title: 1 to 200 characters"),
        (json!({ "guests": [{ "address": "x" }, { "address": JEAN }] }), "guests[0].address"),
        (json!({ "ends_at": "2026-01-06T12:00:00Z" }), "ends_at: later than starts_at"),
        (json!({ "organizer": "nobody@agence.example" }), "organizer: nobody who may invite"),
        (json!({ "title": "Bilan de Claire Bernard" }), "votre nom dans le titre"),
        (json!({ "colour": "red" }), "colour"),
    ];
    for (change, said) in cases {
        let mut body = meeting(&[JEAN]);
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = api.ask("POST", "/api/v1/meetings", &body).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
        assert!(answer.body.to_string().contains(said), "{said}: {}", answer.body);
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
    }
    assert_eq!(of_purpose(&api.house.sent().await, Invitation).len(), 0);
}

#[tokio::test]
async fn a_key_lets_do_what_its_scopes_say_until_it_is_revoked() {
    let api = Api::open().await;
    let reader = format!("Bearer {}", api.house.gateway.create_api_key("reader", &[Scope::MeetingsRead]).await.unwrap().unwrap());
    assert!(api.house.gateway.create_api_key("reader", &[]).await.unwrap().is_none(), "one of a name");
    let get = async |key: &str, path: &str| api.ask_as(key, "GET", path, &[], String::new()).await.status;
    assert_eq!(get(&reader, "/api/v1/meetings").await, StatusCode::OK);
    assert_eq!(get(&reader, "/api/v1/alerts").await, StatusCode::FORBIDDEN);
    let written =
        api.ask_as(&reader, "POST", "/api/v1/meetings", &[("content-type", "application/json")], meeting(&[JEAN]).to_string()).await;
    assert_eq!(written.status, StatusCode::FORBIDDEN);
    assert!(api.house.gateway.revoke_api_key("reader").await.unwrap() && !api.house.gateway.revoke_api_key("reader").await.unwrap());
    for key in [reader.as_str(), "", "Bearer ", "Bearer pvt_x", "Basic eDp4"] {
        let answer = api.ask_as(key, "GET", "/api/v1/meetings", &[], String::new()).await;
        assert_eq!(
            (answer.status, answer.headers[header::WWW_AUTHENTICATE].to_str().unwrap()),
            (StatusCode::UNAUTHORIZED, "Bearer"),
            "{key}"
        );
    }
    for key in api.house.archive.api_keys().await.unwrap() {
        assert!(!api.key.as_bytes().windows(8).any(|part| key.hash.windows(8).any(|kept| kept == part)));
    }
}

#[tokio::test]
async fn alerts_and_mail_that_waits_are_worked_on() {
    let api = Api::open().await;
    api.house.accept(Submission, ORGANIZER, JEAN, &calendar_mail("REQUEST", 0, 13, &[JEAN])).await;
    api.house.verdicts.aligned.store(false, Ordering::SeqCst);
    let alias = api.house.address(Purpose::OrganizerAlias, api.house.guest(JEAN).await.id);
    for number in 0..3 {
        api.house.accept(Mx, JEAN, &alias, &words(JEAN, &alias, &format!("w{number}@hopital.example"), &format!("Bonjour {number}"))).await;
    }
    let holds = api.ask("GET", "/api/v1/holds?limit=2", &Value::Null).await.body;
    let more = api.ask("GET", &format!("/api/v1/holds?limit=2&cursor={}", holds["next"].as_str().unwrap()), &Value::Null).await.body;
    assert_eq!((holds["items"].as_array().unwrap().len(), more["items"].as_array().unwrap().len(), more.get("next")), (2, 1, None));
    let hold = format!("/api/v1/holds/{}", holds["items"][0]["id"].as_str().unwrap());
    assert_eq!(api.ask("POST", &format!("{hold}/actions"), &json!({ "action": "drop" })).await.status, StatusCode::NO_CONTENT);
    assert_eq!(api.ask("GET", &hold, &Value::Null).await.status, StatusCode::NOT_FOUND);
    assert_eq!(api.ask("POST", &format!("{hold}/actions"), &json!({ "action": "release" })).await.status, StatusCode::NOT_FOUND);
    assert_eq!(api.house.archive.received(Some(HoldState::Waiting), 10).await.unwrap().len(), 2);

    let alerts = api.ask("GET", "/api/v1/alerts?state=open", &Value::Null).await.body;
    let alert = format!("/api/v1/alerts/{}", alerts["items"][0]["id"].as_str().unwrap());
    let acted = api.ask("POST", &format!("{alert}/actions"), &json!({ "action": "acknowledge" })).await;
    assert_eq!((acted.status, acted.body["state"].clone()), (StatusCode::OK, json!("acknowledged")));
    assert_eq!(api.ask("POST", &format!("{alert}/actions"), &json!({ "action": "acknowledge" })).await.status, StatusCode::CONFLICT);
    let trail = api.house.archive.audit(api.house.meeting().await.0.id).await.unwrap();
    assert!(trail.iter().any(|event| event.actor == "api:portal" && event.action == "alert.acknowledge"), "{trail:?}");
}

#[tokio::test]
async fn guests_and_meetings_are_found_and_webhooks_are_told_of() {
    let api = Api::open().await;
    api.ask("POST", "/api/v1/meetings", &meeting(&[JEAN, LEA])).await;
    let (stored, guests) = api.house.meeting().await;
    let found = api.ask("GET", &format!("/api/v1/search?q={}", JEAN.replace('@', "%40")), &Value::Null).await.body;
    let jean = guests.iter().find(|guest| guest.mailbox.mailbox.to_string() == JEAN).unwrap().id;
    assert_eq!(found["items"][0]["guest"], json!(jean));
    assert_eq!((found["items"][0]["meeting"].clone(), found["items"][0]["address"].clone()), (json!(stored.id), json!(JEAN)));
    let by_title = api.ask("GET", &format!("/api/v1/search?q={}&limit=1", stored.event.title.replace(' ', "%20")), &Value::Null).await.body;
    assert_eq!(by_title["items"][0]["guest"], Value::Null, "{by_title}");

    let before = api.ask("GET", "/api/v1/webhooks", &Value::Null).await.body;
    assert_eq!(before, json!({ "items": [{ "name": "desk", "severity": "warning", "told": 0, "waiting": 0 }] }));
    api.house.verdicts.aligned.store(false, Ordering::SeqCst);
    let alias = api.house.address(Purpose::OrganizerAlias, jean);
    api.house.accept(Mx, JEAN, &alias, &words(JEAN, &alias, "w@hopital.example", "Bonjour")).await;
    let after = api.ask("GET", "/api/v1/webhooks", &Value::Null).await.body;
    assert!(after["items"][0]["waiting"].as_u64().unwrap() > 0, "{after}");
}

/// Every operation with every kind of nonsense: each answer is one that the document names.
#[tokio::test]
async fn no_answer_is_undocumented() {
    let api = Api::open().await;
    api.ask("POST", "/api/v1/meetings", &meeting(&[JEAN])).await;
    let document = serde_json::to_value(document()).unwrap();
    let served = api.ask_as("", "GET", "/api/v1/openapi.json", &[], String::new()).await.body;
    assert_eq!(served, document);
    let id = api.house.meeting().await.0.id.to_string();
    let bodies = ["", "{", "[]", "null", "{}", r#"{"action":"x"}"#, r#"{"action":1}"#, r#"{"title":"x","starts_at":"never"}"#, "\u{0}"];
    let queries = [
        "",
        "?limit=0",
        "?limit=201",
        "?limit=x",
        "?cursor=x",
        "?past=maybe",
        "?state=x",
        "?kind=x",
        "?severity=x",
        "?meeting=x",
        "?organizer=x",
        "?other=1",
        "?q=",
        "?q=jean",
        "?%ff",
    ];
    let mut asked = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let documented = operation["responses"].as_object().unwrap();
            for place in [id.as_str(), "00000000-0000-0000-0000-000000000000", "x", "%ff"] {
                let path = path.replace("{id}", place).replace("{guest}", place);
                for query in queries {
                    for body in bodies {
                        for (key, kind) in [
                            (format!("Bearer {}", api.key), "application/json"),
                            (String::new(), "application/json"),
                            (format!("Bearer {}", api.key), "text/plain"),
                        ] {
                            let answer = api
                                .ask_as(&key, &method.to_uppercase(), &format!("{path}{query}"), &[("content-type", kind)], body.to_owned())
                                .await;
                            asked += 1;
                            let status = answer.status.as_u16().to_string();
                            assert!(documented.contains_key(&status), "{method} {path}{query} {body} {kind}: {status} {}", answer.body);
                            if answer.status.is_client_error() {
                                assert_eq!(
                                    answer.headers[header::CONTENT_TYPE],
                                    "application/problem+json",
                                    "{method} {path}{query} {body}"
                                );
                            }
                        }
                    }
                }
            }
        }
    }
    assert!(asked > 10_000, "{asked}");
    assert_eq!(api.ask("GET", "/api/v1/other", &Value::Null).await.status, StatusCode::NOT_FOUND);
    assert_eq!(api.ask("PATCH", "/api/v1/meetings", &Value::Null).await.status, StatusCode::METHOD_NOT_ALLOWED);
}
