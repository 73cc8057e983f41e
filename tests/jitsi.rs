//! The contracts with Jitsi: may this room be opened, who was in it, which keys are public. On a real archive, through the router.

use crate::support;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use paravent::domain::conference::{Conference, ConferenceKey, Participant, PublicKey, Role, Server, Servers};
use paravent::domain::doorstep::WaitingRoom;
use paravent::flow::conference_server::ConferenceDesk;
use paravent::flow::join::JoinSettings;
use paravent::flow::port::MailDoor::Submission;
use paravent::web::conference_server::{ConferenceCounter, PublishedKey, router};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use support::house::{House, JEAN, LEA, ORGANIZER, calendar_mail};
use tower::ServiceExt;
use uuid::Uuid;

const SECRET: &str = "a secret of at least thirty-two characters";

/// Jean and Léa are invited, for 13:00 to 13:45 on the next day.
async fn invited() -> House {
    let house = House::build().await;
    let answers = house.give(Submission, ORGANIZER, &[JEAN, LEA], &calendar_mail("REQUEST", 0, 13, &[JEAN, LEA])).await;
    assert!(answers.iter().all(|answer| answer.starts_with("250")), "{answers:?}");
    house.sent().await;
    house
}

fn start() -> DateTime<Utc> {
    "2026-01-06T13:00:00Z".parse().unwrap()
}

fn server(tenant: Option<&str>, groups: &[&str]) -> Server {
    let tokens = Conference::new(ConferenceKey::shared_secret(&[5; 32]).unwrap(), "paravent", "jitsi", "meet.internal", 5).unwrap();
    let groups = groups.iter().map(|group| (*group).to_owned()).collect();
    Server { url: "https://meet.example".into(), tenant: tenant.map(str::to_owned), tokens, groups }
}

struct Jitsi {
    router: Router,
}

impl Jitsi {
    fn of(house: &House, servers: Servers) -> Self {
        let settings = JoinSettings { closes_after_minutes: 10, waiting_room: WaitingRoom::UntilModerator, ..JoinSettings::default() };
        let desk = ConferenceDesk { archive: house.archive.clone(), world: house.clock.clone(), servers: Arc::new(servers), settings };
        let (pem, public) = rsa();
        drop(pem);
        let keys = vec![PublishedKey { name: "abc".into(), pem: public.pem, jwk: json!({ "kid": "k" }) }];
        let branding = BTreeMap::from([
            (String::new(), json!({ "backgroundColor": "#111" })),
            ("medical".to_owned(), json!({ "backgroundColor": "#222" })),
        ]);
        let secret = Some(SECRET.into());
        Self { router: router(Arc::new(ConferenceCounter { desk, secret, keys, branding, https: true })) }
    }

    fn at(house: &House) -> Self {
        Self::of(house, Servers { first: server(None, &[]), others: vec![] })
    }

    async fn ask(&self, method: &str, path: &str, secret: &str, kind: &str, body: String) -> (StatusCode, String) {
        let request = Request::builder().method(method).uri(path).header(header::AUTHORIZATION, format!("Bearer {secret}"));
        let request = request.header(header::CONTENT_TYPE, kind).body(Body::from(body)).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        (parts.status, String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap())
    }

    async fn reserve(&self, name: &str) -> (StatusCode, Value) {
        let body = format!("name={}&start_time=2026-01-06T12%3A51%3A00.000Z&mail_owner=x7%40guest.meet.internal", name.replace('[', "%5B"));
        let (status, body) = self.ask("POST", "/jitsi/conference", SECRET, "application/x-www-form-urlencoded", body).await;
        (status, serde_json::from_str(&body).unwrap())
    }

    async fn tell(&self, what: &str, event: Value) {
        let (status, body) = self.ask("POST", &format!("/jitsi/events/{what}"), SECRET, "application/json", event.to_string()).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }
}

/// A private key and its public half.
fn rsa() -> (String, PublicKey) {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let pem = key.serialize_pem();
    let public = PublicKey::of_rsa("k-2026", &pem).unwrap();
    (pem, public)
}

#[tokio::test]
async fn a_room_may_be_opened_in_its_slot_alone() {
    let house = invited().await;
    let jitsi = Jitsi::at(&house);
    let room = house.meeting().await.0.room;
    let at = |time: DateTime<Utc>| house.clock.move_by(time - house.gateway.world.now());
    for (minutes, status) in [(-11, StatusCode::FORBIDDEN), (-10, StatusCode::OK), (54, StatusCode::OK), (55, StatusCode::FORBIDDEN)] {
        at(start() + TimeDelta::minutes(minutes));
        let (given, body) = jitsi.reserve(&room).await;
        assert_eq!(given, status, "{minutes}: {body}");
        if status != StatusCode::OK {
            assert!(body["message"].as_str().unwrap().contains("not open"), "{body}");
        }
    }
    at(start());
    let (_, granted) = jitsi.reserve(&room).await;
    let expected = json!({
        "id": room, "name": room, "mail_owner": "x7@guest.meet.internal", "start_time": "2026-01-06T13:00:00Z", "duration": 55 * 60,
    });
    assert_eq!(granted, expected);
    assert_eq!(jitsi.reserve(&room).await.1, granted, "asked again, the same");
    let path = format!("/jitsi/conference/{room}");
    let (status, body) = jitsi.ask("GET", &path, SECRET, "", String::new()).await;
    assert_eq!((status, serde_json::from_str::<Value>(&body).unwrap()["duration"].clone()), (StatusCode::OK, json!(55 * 60)));
    assert_eq!(jitsi.ask("DELETE", &path, SECRET, "", String::new()).await.0, StatusCode::OK);
    assert_eq!(jitsi.ask("DELETE", "/jitsi/conference/other", SECRET, "", String::new()).await.0, StatusCode::NOT_FOUND);
    for unknown in ["other", "", "..", "other-202601061300"] {
        assert_eq!(jitsi.reserve(unknown).await.0, StatusCode::FORBIDDEN, "{unknown}");
    }
    house.give(Submission, ORGANIZER, &[JEAN, LEA], &calendar_mail("CANCEL", 1, 13, &[JEAN, LEA])).await;
    assert!(jitsi.reserve(&room).await.1["message"].as_str().unwrap().contains("cancelled"));
}

#[tokio::test]
async fn a_tenants_rooms_are_opened_in_the_tenant_alone() {
    let house = invited().await;
    let room = house.meeting().await.0.room;
    house.clock.move_by(start() - house.gateway.world.now());
    let jitsi = Jitsi::of(&house, Servers { first: server(None, &[]), others: vec![server(Some("acme"), &["medical"])] });
    let (status, body) = jitsi.reserve(&format!("[acme]{room}")).await;
    assert_eq!((status, body["name"].clone(), body["id"].clone()), (StatusCode::OK, json!(format!("[acme]{room}")), json!(room)));
    for elsewhere in [room.clone(), format!("[other]{room}"), format!("[acme{room}")] {
        assert_eq!(jitsi.reserve(&elsewhere).await.0, StatusCode::FORBIDDEN, "{elsewhere}");
    }
    assert_eq!(jitsi.reserve(&format!("[acme]{}", room.to_uppercase())).await.0, StatusCode::OK, "XMPP names have no case");
}

#[tokio::test]
async fn nobody_asks_or_tells_without_the_secret() {
    let house = invited().await;
    let room = house.meeting().await.0.room;
    house.clock.move_by(start() - house.gateway.world.now());
    let mut jitsi = Jitsi::at(&house);
    for secret in ["", "x", &SECRET[1..], &format!("{SECRET}x")] {
        for (method, path) in [("POST", "/jitsi/conference"), ("DELETE", "/jitsi/conference/x"), ("POST", "/jitsi/events/room/created")] {
            let (status, body) = jitsi.ask(method, path, secret, "application/json", "{}".into()).await;
            assert!(status == StatusCode::UNAUTHORIZED && !body.contains(&room), "{method} {path}: {status} {body}");
        }
    }
    let desk = ConferenceDesk {
        archive: house.archive.clone(),
        world: house.clock.clone(),
        servers: Arc::new(Servers { first: server(None, &[]), others: vec![] }),
        settings: JoinSettings::default(),
    };
    jitsi.router = router(Arc::new(ConferenceCounter { desk, secret: None, keys: vec![], branding: BTreeMap::new(), https: true }));
    assert_eq!(
        jitsi.ask("POST", "/jitsi/conference", "", "application/x-www-form-urlencoded", "name=x".into()).await.0,
        StatusCode::UNAUTHORIZED
    );
}

fn occupant(jid: &str, id: Option<Uuid>, joined: i64, left: Option<i64>) -> Value {
    let second = |offset: i64| (start() + TimeDelta::seconds(offset)).timestamp();
    let mut occupant = json!({ "occupant_jid": jid, "joined_at": second(joined), "name": "Somebody" });
    if let Some(id) = id {
        occupant["id"] = json!(id.to_string());
    }
    if let Some(left) = left {
        occupant["left_at"] = json!(second(left));
    }
    occupant
}

#[tokio::test]
async fn a_meeting_of_three_is_right_to_the_second_in_any_order() {
    for turn in 0..6 {
        let house = invited().await;
        let jitsi = Jitsi::at(&house);
        let (meeting, guests) = house.meeting().await;
        let id = |address: &str| guests.iter().find(|guest| guest.mailbox.mailbox.to_string() == address).unwrap().id.0;
        let (jean, lea, host) = (id(JEAN), id(LEA), meeting.organizer.0);
        let about = |occupant: Value| json!({ "room_name": meeting.room, "is_breakout": false, "occupant": occupant });
        let mut events = vec![
            ("room/created", json!({ "room_name": meeting.room, "created_at": start().timestamp() })),
            ("occupant/joined", about(occupant("r@c/h", Some(host), -30, None))),
            ("occupant/joined", about(occupant("r@c/j1", Some(jean), 10, None))),
            ("occupant/left", about(occupant("r@c/j1", Some(jean), 10, Some(610)))),
            ("occupant/joined", about(occupant("r@c/j2", Some(jean), 700, None))),
            ("occupant/left", about(occupant("r@c/j2", Some(jean), 700, Some(2_000)))),
            // Léa is seven minutes late; that she left is lost.
            ("occupant/joined", about(occupant("r@c/l", Some(lea), 420, None))),
            ("occupant/joined", about(occupant("r@c/stranger", None, 100, None))),
            (
                "room/destroyed",
                json!({ "room_name": meeting.room, "destroyed_at": (start() + TimeDelta::seconds(2_100)).timestamp(), "all_occupants": {} }),
            ),
        ];
        // Out of order, and some twice.
        let length = events.len();
        events.rotate_left(turn * 2 % length);
        if turn % 2 == 1 {
            events.reverse();
        }
        for (what, event) in events.iter().chain(&events[..3]) {
            jitsi.tell(what, event.clone()).await;
        }
        let now = start() + TimeDelta::minutes(45);
        let stays = house.archive.stays(meeting.id).await.unwrap();
        let seconds = |person| stays.of(person, now).map(|present| present.lasted.num_seconds());
        assert_eq!((seconds(jean), seconds(lea), seconds(host)), (Some(1_900), Some(1_680), Some(2_130)), "turn {turn}");
        let door = house.archive.doorstep(&meeting.room, guests[0].id).await.unwrap();
        assert_eq!(door.opened_at, Some(start() - TimeDelta::seconds(30)), "the moderator opens the door by coming");
    }
}

#[tokio::test]
async fn the_end_of_a_breakout_room_ends_nobody_elses_presence() {
    let house = invited().await;
    let jitsi = Jitsi::at(&house);
    let (meeting, guests) = house.meeting().await;
    let id = |address: &str| guests.iter().find(|guest| guest.mailbox.mailbox.to_string() == address).unwrap().id.0;
    let main = |occupant: Value| json!({ "room_name": meeting.room, "is_breakout": false, "occupant": occupant });
    let breakout = |mut event: Value| {
        event["room_name"] = json!(meeting.room);
        event["is_breakout"] = json!(true);
        event["breakout_room_id"] = json!("7c6a4d1e");
        event
    };
    jitsi.tell("occupant/joined", main(occupant("r@c/j", Some(id(JEAN)), 0, None))).await;
    // Léa spends ten minutes in the group, and what tells of her leaving it is lost.
    jitsi.tell("occupant/left", main(occupant("r@c/l", Some(id(LEA)), 0, Some(300)))).await;
    jitsi.tell("occupant/joined", breakout(json!({ "occupant": occupant("b@c/l", Some(id(LEA)), 300, None) }))).await;
    let ended = (start() + TimeDelta::seconds(900)).timestamp();
    jitsi.tell("room/destroyed", breakout(json!({ "destroyed_at": ended, "all_occupants": {} }))).await;
    jitsi.tell("occupant/joined", main(occupant("r@c/l2", Some(id(LEA)), 900, None))).await;
    let now = start() + TimeDelta::minutes(20);
    let stays = house.archive.stays(meeting.id).await.unwrap().in_room(&meeting.room);
    let here = |person| stays.of(person, now).map(|present| (present.lasted.num_seconds(), present.left_at));
    assert_eq!((here(id(JEAN)), here(id(LEA))), (Some((1_200, None)), Some((1_200, None))));
    assert_eq!((stays.devices(id(JEAN)), stays.devices(id(LEA))), (1, 1), "one browser each: nobody shares a link");
}

#[tokio::test]
async fn events_that_say_nothing_or_lies_do_no_harm() {
    let house = invited().await;
    let jitsi = Jitsi::at(&house);
    let (meeting, guests) = house.meeting().await;
    let other = Uuid::new_v4();
    for (what, event) in [
        ("occupant/left", json!({ "room_name": meeting.room })),
        ("occupant/joined", json!({ "occupant": occupant("x", None, 0, None) })),
        ("occupant/joined", json!({ "room_name": "other", "occupant": occupant("x", None, 0, None) })),
        ("occupant/joined", json!({ "room_name": meeting.room, "occupant": occupant("x", Some(other), 0, None) })),
        ("occupant/joined", json!({ "room_name": meeting.room, "occupant": occupant(&"x".repeat(5_000), Some(guests[0].id.0), 0, None) })),
        ("occupant/joined", json!({ "room_name": meeting.room, "occupant": { "occupant_jid": "x", "joined_at": i64::MAX } })),
        ("room/destroyed", json!({ "room_name": meeting.room, "all_occupants": [] })),
        ("room/created", json!({})),
    ] {
        jitsi.tell(what, event).await;
    }
    let stays = house.archive.stays(meeting.id).await.unwrap();
    assert_eq!(stays.stays.iter().map(|stay| stay.person).collect::<Vec<_>>(), [None], "somebody whom nobody invited");
    for (what, body) in [("occupant/joined", "{"), ("occupant/joined", "[]"), ("room/destroyed", r#"{"all_occupants":{"a":1}}"#)] {
        let (status, _) = jitsi.ask("POST", &format!("/jitsi/events/{what}"), SECRET, "application/json", body.to_owned()).await;
        assert!(status.is_client_error(), "{what} {body}: {status}");
    }
    assert_eq!(jitsi.ask("POST", "/jitsi/events/room/other", SECRET, "application/json", "{}".into()).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn keys_and_looks_are_public() {
    let house = invited().await;
    let jitsi = Jitsi::at(&house);
    let room = house.meeting().await.0.room;
    let get = async |path: &str| jitsi.ask("GET", path, "", "", String::new()).await;
    assert!(get("/jitsi/keys/abc.pem").await.1.starts_with("-----BEGIN PUBLIC KEY-----\n"));
    for wrong in ["/jitsi/keys/abc", "/jitsi/keys/abd.pem", "/jitsi/keys/.pem"] {
        assert_eq!(get(wrong).await.0, StatusCode::NOT_FOUND);
    }
    assert_eq!(get("/jitsi/jwks.json").await.1, r#"{"keys":[{"kid":"k"}]}"#);
    for (query, colour) in [("", "#111"), ("?conferenceFqn=other", "#111"), (&format!("?conferenceFqn=acme%2F{room}"), "#222")] {
        let (status, body) = get(&format!("/jitsi/branding{query}")).await;
        assert_eq!((status, body), (StatusCode::OK, json!({ "backgroundColor": colour }).to_string()), "{query}");
    }
}

#[test]
fn what_is_published_verifies_what_is_signed_and_nothing_else() {
    let (pem, public) = rsa();
    let conference =
        Conference::new(ConferenceKey::rsa("k-2026", pem.as_bytes()).unwrap(), "paravent", "jitsi", "meet.internal", 5).unwrap();
    let participant = Participant { id: "x", name: None, role: Role::Guest { lobby_bypass: false } };
    let token = conference.mint("room", &participant, start()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_exp = false;
    validation.set_audience(&["jitsi"]);
    let verify = |key: &DecodingKey, validation: &Validation| jsonwebtoken::decode::<Value>(&token, key, validation).is_ok();
    assert!(verify(&DecodingKey::from_rsa_pem(public.pem.as_bytes()).unwrap(), &validation));
    assert!(verify(&DecodingKey::from_rsa_raw_components(&public.rsa.0, &public.rsa.1), &validation));
    assert!(!verify(&DecodingKey::from_rsa_pem(rsa().1.pem.as_bytes()).unwrap(), &validation), "another key");
    // The classic confusion: the public key taken for a shared secret.
    let mut confused = Validation::new(Algorithm::HS256);
    confused.validate_exp = false;
    confused.set_audience(&["jitsi"]);
    assert!(!verify(&DecodingKey::from_secret(public.pem.as_bytes()), &confused));
    for bad in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
        assert!(PublicKey::of_rsa("k", bad).is_err());
    }
}
