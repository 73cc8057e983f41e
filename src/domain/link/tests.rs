//! Attacks on the link token, and its life.

use super::*;
use crate::domain::address::{Mailbox, NamedMailbox};
use crate::domain::attendance::Attendance;
use crate::domain::id::OrganizerId;
use crate::domain::itip::Uid;
use crate::domain::language::Language;
use crate::domain::meeting::MeetingStatus;
use crate::domain::part::Part;
use crate::domain::series::{Recurrence, Rule};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono_tz::Tz;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn keys() -> LinkKeys {
    LinkKeys::new(&[("2026b".into(), vec![7; 32]), ("2026a".into(), vec![9; 32])]).unwrap()
}

fn dialog() -> (Meeting, Guest) {
    let organizer = NamedMailbox::bare(Mailbox::parse("claire.bernard@agence.example").unwrap());
    let guest = NamedMailbox::new("Jean Martin", Mailbox::parse("jean.martin@hopital.example").unwrap());
    let event = MeetingEvent {
        title: "Avis médical".into(),
        description: None,
        starts_at: now() + TimeDelta::hours(1),
        ends_at: now() + TimeDelta::hours(2),
        series: None,
        whole_days: None,
    };
    let meeting = Meeting {
        id: MeetingId(Uuid::from_u128(1)),
        organizer: OrganizerId(Uuid::from_u128(2)),
        organizer_address: organizer,
        organizer_uid: Uid("u@agence.example".into()),
        ledger: Default::default(),
        organizer_object: String::new(),
        event,
        status: MeetingStatus::Scheduled,
        room: "salle-1".into(),
        created_at: now(),
        version: 1,
    };
    let guest = Guest {
        part: Default::default(),
        ledger: Default::default(),
        id: GuestId(Uuid::from_u128(3)),
        meeting: meeting.id,
        also: Vec::new(),
        invited_as: guest.mailbox.clone(),
        mailbox: guest,
        language: Language::english(),
        uid: Uid("g@visio.example".into()),
        sent: None,
        link: Uuid::from_u128(4),
        removed_at: None,
        attendance: Attendance::default(),
        version: 1,
    };
    (meeting, guest)
}

fn minted() -> String {
    let (meeting, guest) = dialog();
    keys().mint(&meeting, &guest, now()).unwrap()
}

fn part(token: &str, index: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(index).unwrap()).unwrap()).unwrap()
}

/// A token with these header and claims, rightly signed with the key.
fn signed(header: Value, claims: Value, secret: &[u8]) -> String {
    let head = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    format!("{head}.{}", URL_SAFE_NO_PAD.encode(aws_lc_rs::hmac::sign(&key, head.as_bytes())))
}

#[test]
fn a_minted_link_is_read_back() {
    let (meeting, guest) = dialog();
    let link = keys().read(&minted(), now()).unwrap();
    assert_eq!(link, Link { guest: guest.id, meeting: meeting.id, issue: guest.link });
}

#[test]
fn it_has_no_personal_data() {
    let claims = part(&minted(), 1);
    let mut names: Vec<_> = claims.as_object().unwrap().keys().cloned().collect();
    names.sort();
    assert_eq!(names, ["aud", "exp", "jti", "mtg", "nbf", "sub"]);
    for secret in ["martin", "bernard", "avis", "agence", "hopital", "salle"] {
        assert!(!claims.to_string().to_lowercase().contains(secret), "{secret}");
    }
}

#[test]
fn our_own_signing_in_the_tests_makes_the_same_token() {
    let token = minted();
    assert_eq!(keys().read(&signed(part(&token, 0), part(&token, 1), &[7; 32]), now()), keys().read(&token, now()));
}

#[test]
fn it_lives_from_its_making_to_a_month_after_the_end() {
    let (meeting, _) = dialog();
    let end = meeting.event.ends_at + TimeDelta::days(OUTLIVES_END_DAYS);
    assert_eq!(keys().read(&minted(), now() - TimeDelta::seconds(1)), Err(LinkError::NotYet));
    assert!(keys().read(&minted(), end - TimeDelta::seconds(1)).is_ok());
    assert_eq!(keys().read(&minted(), end), Err(LinkError::Expired));
}

#[test]
fn of_a_series_it_tells_the_end_of_the_guests_own_part() {
    let (mut meeting, mut guest) = dialog();
    let starts_at = meeting.event.starts_at;
    let rule = Rule::parse("FREQ=DAILY;COUNT=40", Tz::UTC, false).unwrap();
    let recurrence = Recurrence::new(Tz::UTC, starts_at, Some(rule), vec![], vec![]).unwrap();
    meeting.event.series = Some(Box::new(crate::domain::occurrence::Series { recurrence: Some(recurrence), changed: Default::default() }));
    guest.part = Part::Only(BTreeSet::from([starts_at]));
    let token = keys().mint(&meeting, &guest, now()).unwrap();
    assert_eq!(part(&token, 1)["exp"], json!((meeting.event.ends_at + TimeDelta::days(OUTLIVES_END_DAYS)).timestamp()));
}

#[test]
fn an_older_key_still_verifies_and_an_unknown_one_never() {
    let old = LinkKeys::new(&[("2026a".into(), vec![9; 32])]).unwrap();
    let (meeting, guest) = dialog();
    let token = old.mint(&meeting, &guest, now()).unwrap();
    assert!(keys().read(&token, now()).is_ok());
    let stranger = LinkKeys::new(&[("zz".into(), vec![9; 32])]).unwrap();
    assert_eq!(keys().read(&stranger.mint(&meeting, &guest, now()).unwrap(), now()), Err(LinkError::UnknownKey));
}

#[test]
fn every_changed_character_is_noticed() {
    let token = minted();
    for (at, c) in token.char_indices() {
        let other = if c == 'A' { 'B' } else { 'A' };
        let mut changed = token.clone();
        changed.replace_range(at..=at, &other.to_string());
        assert!(keys().read(&changed, now()).is_err(), "position {at}");
    }
}

#[test]
fn other_headers_are_refused_even_rightly_signed() {
    let token = minted();
    let claims = part(&token, 1);
    for header in [
        json!({"typ": "JWT", "alg": "none", "kid": "2026b"}),
        json!({"typ": "JWT", "alg": "HS512", "kid": "2026b"}),
        json!({"typ": "JWT", "alg": "RS256", "kid": "2026b"}),
        json!({"typ": "JWT", "alg": "HS256"}),
        json!({"alg": "HS256", "kid": "2026b"}),
        json!({"typ": "JWT", "alg": "HS256", "kid": "2026b", "crit": ["exp"]}),
        json!({"typ": "JWT", "alg": "HS256", "kid": "2026b", "jku": "https://attacker.example/keys"}),
        json!({"typ": "JWT", "alg": "HS256", "kid": "../../dev/null"}),
    ] {
        assert!(keys().read(&signed(header.clone(), claims.clone(), &[7; 32]), now()).is_err(), "{header}");
    }
    let unsigned = signed(json!({"typ": "JWT", "alg": "none", "kid": "2026b"}), claims, &[7; 32]);
    let (bare, _) = unsigned.rsplit_once('.').unwrap();
    assert_eq!(keys().read(&format!("{bare}."), now()), Err(LinkError::Form));
}

#[test]
fn other_claims_are_refused_even_rightly_signed() {
    let header = part(&minted(), 0);
    let right = part(&minted(), 1);
    let with = |name: &str, value: Value| {
        let mut claims = right.clone();
        claims[name] = value;
        keys().read(&signed(header.clone(), claims, &[7; 32]), now())
    };
    assert_eq!(with("aud", json!("jitsi")), Err(LinkError::Forged));
    for (name, value) in [
        ("aud", json!(["paravent-link"])),
        ("aud", json!(null)),
        ("sub", json!("not-a-uuid")),
        ("exp", json!(1.5e300)),
        ("exp", json!("never")),
        ("nbf", json!(null)),
        ("extra", json!(1)),
    ] {
        assert!(with(name, value.clone()).is_err(), "{name}: {value}");
    }
    let mut endless = right.clone();
    endless.as_object_mut().unwrap().remove("exp");
    assert!(keys().read(&signed(header.clone(), endless, &[7; 32]), now()).is_err());
}

#[test]
fn long_and_odd_texts_are_refused() {
    assert_eq!(keys().read(&"a".repeat(TOKEN_MAX + 1), now()), Err(LinkError::TooLong));
    for odd in ["", ".", "..", "a.b.c", "é.é.é", "....", "\0\0\0"] {
        assert_eq!(keys().read(odd, now()), Err(LinkError::Form), "{odd:?}");
    }
}

#[test]
fn weak_or_nameless_keys_are_refused() {
    assert_eq!(LinkKeys::new(&[]).unwrap_err(), LinkKeyError::Missing);
    assert_eq!(LinkKeys::new(&[("a".into(), vec![1; 31])]).unwrap_err(), LinkKeyError::TooShort);
    assert_eq!(LinkKeys::new(&[("".into(), vec![1; 32])]).unwrap_err(), LinkKeyError::Name);
    assert_eq!(LinkKeys::new(&[("a".into(), vec![1; 32]), ("a".into(), vec![2; 32])]).unwrap_err(), LinkKeyError::Name);
}

#[test]
fn a_page_of_a_meeting_and_a_guests_link_never_stand_for_each_other() {
    let (meeting, guest) = dialog();
    let page = keys().mint_meeting(&meeting, now()).unwrap();
    assert_eq!(keys().read_meeting(&page, now()), Ok(meeting.id));
    assert!(keys().read_meeting(&keys().mint(&meeting, &guest, now()).unwrap(), now()).is_err());
    let mut other = part(&page, 1);
    other["aud"] = json!("paravent-link");
    assert_eq!(keys().read_meeting(&signed(part(&page, 0), other, &[7; 32]), now()), Err(LinkError::Forged));
    assert!(keys().read(&page, now()).is_err());
    // Rightly signed, the right audience, and still other claims than this kind has.
    let (header, mut claims) = (part(&minted(), 0), part(&minted(), 1));
    claims["aud"] = json!("paravent-meeting");
    assert_eq!(keys().read_meeting(&signed(header, claims, &[7; 32]), now()), Err(LinkError::Form));
}

#[test]
fn the_token_of_a_page_names_the_meeting_alone_and_lives_a_month_past_its_end() {
    let (meeting, _) = dialog();
    let page = keys().mint_meeting(&meeting, now()).unwrap();
    let end = meeting.event.ends_at + TimeDelta::days(OUTLIVES_END_DAYS);
    let expected = json!({ "aud": "paravent-meeting", "sub": meeting.id.0, "nbf": now().timestamp(), "exp": end.timestamp() });
    assert_eq!(part(&page, 1), expected);
    assert_eq!(keys().read_meeting(&page, now() - TimeDelta::seconds(1)), Err(LinkError::NotYet));
    assert!(keys().read_meeting(&page, end - TimeDelta::seconds(1)).is_ok());
    assert_eq!(keys().read_meeting(&page, end), Err(LinkError::Expired));
    for (at, c) in page.char_indices() {
        let mut changed = page.clone();
        changed.replace_range(at..=at, if c == 'A' { "B" } else { "A" });
        assert!(keys().read_meeting(&changed, now()).is_err(), "position {at}");
    }
}
