//! The contract with Prosody, claim by claim.

use super::*;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

const ROOM: &str = "k3v7q2-salle";

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 999_000_000).unwrap()
}

fn conference() -> Conference {
    let key = ConferenceKey::shared_secret(&[5; 32]).unwrap();
    Conference::new(key, "paravent", "jitsi", "meet.internal.example", 5).unwrap()
}

fn part(token: &str, index: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
}

fn guest(name: Option<&str>) -> Value {
    part(&conference().mint(ROOM, &Participant { id: "guest-1", name, role: Role::Guest { lobby_bypass: false } }, now()).unwrap(), 1)
}

#[test]
fn the_guest_form_is_exact() {
    let token = conference()
        .mint(ROOM, &Participant { id: "guest-1", name: Some("Jean Martin"), role: Role::Guest { lobby_bypass: false } }, now())
        .unwrap();
    assert_eq!(part(&token, 0), json!({"typ": "JWT", "alg": "HS256"}));
    assert_eq!(
        part(&token, 1),
        json!({
            "aud": "jitsi", "iss": "paravent", "sub": "meet.internal.example", "room": ROOM,
            "iat": 1_800_000_000, "nbf": 1_799_999_990, "exp": 1_800_000_300,
            "context": {"user": {"id": "guest-1", "name": "Jean Martin", "affiliation": "member"}}
        })
    );
}

#[test]
fn the_moderator_form_is_exact() {
    let role = Role::Moderator { mail: Some("claire.bernard@agence.example") };
    let claims = part(&conference().mint(ROOM, &Participant { id: "o-1", name: Some("Claire"), role }, now()).unwrap(), 1);
    assert_eq!(claims["moderator"], json!(true));
    assert_eq!(
        claims["context"]["user"],
        json!({"id": "o-1", "name": "Claire", "email": "claire.bernard@agence.example",
               "affiliation": "owner", "moderator": true, "lobby_bypass": true})
    );
    let role = Role::Moderator { mail: None };
    let claims = part(&conference().mint(ROOM, &Participant { id: "o-1", name: None, role }, now()).unwrap(), 1);
    assert!(!claims.to_string().contains("email"));
}

#[test]
fn nothing_is_ever_null() {
    for name in [None, Some(""), Some(" \t\r\n"), Some("\u{202e}")] {
        let claims = guest(name);
        assert!(!claims.to_string().contains("null"), "{claims}");
        assert!(claims["context"]["user"].get("name").is_none(), "{claims}");
    }
}

#[test]
fn names_lose_control_characters_and_excess() {
    assert_eq!(guest(Some("Jean\r\n\0 Mar\u{202e}tin\u{7f}"))["context"]["user"]["name"], json!("Jean Martin"));
    let long = "é".repeat(5_000);
    assert_eq!(guest(Some(&long))["context"]["user"]["name"].as_str().unwrap().chars().count(), NAME_MAX);
}

#[test]
fn the_largest_token_stays_under_the_limit() {
    let key = ConferenceKey::shared_secret(&[5; 32]).unwrap();
    let wide = "\u{1f600}".repeat(NAME_MAX);
    let conference = Conference::new(key, &wide, &wide, &wide, 60).unwrap();
    let role = Role::Moderator { mail: Some(&wide) };
    match conference.mint(&"a".repeat(64), &Participant { id: &wide, name: Some(&wide), role }, now()) {
        Ok(token) => assert!(token.len() < TOKEN_MAX, "{}", token.len()),
        Err(error) => assert_eq!(error, ConferenceError::TooLong),
    }
}

#[test]
fn only_an_exact_room_is_minted_for() {
    for room in ["", "*", "Room", "a b", "[acme]room", "salle/../x", "é", &"a".repeat(65)] {
        let minted = conference().mint(room, &Participant { id: "g", name: None, role: Role::Guest { lobby_bypass: false } }, now());
        assert_eq!(minted, Err(ConferenceError::BadRoom), "{room:?}");
    }
}

#[test]
fn impossible_settings_are_refused() {
    assert_eq!(ConferenceKey::shared_secret(&[1; 31]).unwrap_err(), ConferenceError::SecretTooShort);
    assert_eq!(ConferenceKey::rsa("k", b"not a key").unwrap_err(), ConferenceError::BadKey);
    let with = |app: &str, audience: &str, minutes| {
        Conference::new(ConferenceKey::shared_secret(&[1; 32]).unwrap(), app, audience, "x", minutes).err()
    };
    assert_eq!(with("", "a", 5), Some(ConferenceError::BadName));
    assert_eq!(with("a", "*", 5), Some(ConferenceError::BadName));
    assert_eq!(with("a\n", "a", 5), Some(ConferenceError::BadName));
    assert_eq!(with("a", "a", 0), Some(ConferenceError::BadLifetime));
    assert_eq!(with("a", "a", 61), Some(ConferenceError::BadLifetime));
}

#[test]
fn rs256_names_its_key_and_verifies_with_the_public_half() {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let key = ConferenceKey::rsa("gateway-1", pair.serialize_pem().as_bytes()).unwrap();
    let conference = Conference::new(key, "paravent", "jitsi", "meet.internal.example", 5).unwrap();
    let token = conference.mint(ROOM, &Participant { id: "g", name: None, role: Role::Guest { lobby_bypass: false } }, now()).unwrap();
    assert_eq!(part(&token, 0), json!({"typ": "JWT", "alg": "RS256", "kid": "gateway-1"}));

    let public = jsonwebtoken::DecodingKey::from_rsa_pem(pair.public_key_pem().as_bytes()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    validation.validate_exp = false;
    validation.set_audience(&["jitsi"]);
    assert!(jsonwebtoken::decode::<Value>(&token, &public, &validation).is_ok());
}

#[test]
fn rooms_are_long_and_plain() {
    let room = new_room([0xa5; 16]);
    assert!(is_room(&room) && room.len() == 26, "{room}");
    assert_ne!(new_room([0; 16]), new_room([1; 16]));
}

#[test]
fn the_room_url_has_one_slash() {
    for base in ["https://meet.example", "https://meet.example/"] {
        assert_eq!(room_url(base, "salle", "t.o.k"), "https://meet.example/salle?jwt=t.o.k");
    }
}
