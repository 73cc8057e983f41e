//! What else a guest finds on their page: help, their link again, their calendar file.

use crate::support;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use chrono::TimeDelta;
use paravent::domain::alert::{Alert, AlertAction, AlertKind, AlertState, Severity};
use paravent::domain::delivery::OutboxPurpose::{Helpdesk, Invitation};
use paravent::domain::doorstep::SharedLinks;
use paravent::domain::meeting::Guest;
use paravent::domain::presence::Stay;
use paravent::domain::record::{Commit, RoomWrite, Write};
use paravent::domain::suppression::{Suppression, SuppressionCause};
use paravent::flow::alert_desk::{Acted, AlertSeen};
use paravent::flow::join::{Entry, Join, JoinSettings, JoinState};
use paravent::flow::port::MailDoor::Submission;
use paravent::web::answer::{AnswerCounter, router};
use std::sync::Arc;
use support::house::{House, JEAN, ORGANIZER, calendar_mail, of_purpose};
use tower::ServiceExt;
use uuid::Uuid;

/// Jean is invited; his link.
async fn invited() -> (House, String) {
    let house = House::build().await;
    house.accept(Submission, ORGANIZER, JEAN, &calendar_mail("REQUEST", 0, 13, &[JEAN])).await;
    house.sent().await;
    let token = link(&house).await;
    (house, token)
}

async fn link(house: &House) -> String {
    let (meeting, guests) = house.meeting().await;
    house.gateway.links.mint(&meeting, &guests[0], house.gateway.world.now()).unwrap()
}

async fn ask(house: &House, method: &str, path: &str, site: &str, body: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::builder().method(method).uri(path).header("sec-fetch-site", site).header(header::USER_AGENT, "Firefox/128");
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(body.to_owned())).unwrap();
    let response = router(Arc::new(AnswerCounter::new(house.gateway.clone()))).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap())
}

/// What the page says after a post.
async fn said(house: &House, token: &str, what: &str, body: &str) -> String {
    let (status, headers, _) = ask(house, "POST", &format!("/j/{token}/{what}"), "same-origin", body).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    headers[header::LOCATION].to_str().unwrap().rsplit_once("?said=").unwrap().1.to_owned()
}

async fn alerts(house: &House) -> Vec<Alert> {
    house.archive.alerts(None, 10).await.unwrap()
}

#[tokio::test]
async fn who_cannot_connect_is_an_alert_with_what_the_browser_told() {
    let (house, token) = invited().await;
    let body = "words=Rien+ne+s%27affiche%0A%3Cb%3E+06+12+34+56+78&camera=refused&microphone=works&calls=yes";
    assert_eq!(said(&house, &token, "help", body).await, "told");
    let [alert] = &alerts(&house).await[..] else { panic!("one alert") };
    assert_eq!((alert.kind, alert.severity, alert.state), (AlertKind::CannotConnect, Severity::Warning, AlertState::Open));
    for told in ["Browser: Firefox/128.", "Camera: refused.", "Microphone: works.", "Video calls: yes.", "2026-01-06 13:00 UTC"] {
        assert!(alert.evidence.contains(told), "{told}: {}", alert.evidence);
    }
    for kept in ["06 12", "Rien", JEAN] {
        assert!(!alert.evidence.contains(kept), "what goes to other programs has no words of people: {}", alert.evidence);
    }
    let page = house.gateway.links.mint_alert(alert.id, house.gateway.world.now()).unwrap();
    let AlertSeen::Alert(view) = house.gateway.alert_page(&page).await.unwrap() else { panic!("the alert's page") };
    assert_eq!(view.words.as_deref(), Some("Rien ne s'affiche\n<b> 06 12 34 56 78"));
    assert_eq!(of_purpose(&house.sent().await, Helpdesk).len(), 1);

    assert_eq!(said(&house, &token, "help", body).await, "told", "an impatient guest is told the same");
    assert_eq!((alerts(&house).await[0].count, house.sent().await.len()), (1, 0), "and the helpdesk hears of it once an hour");
}

#[tokio::test]
async fn near_the_meeting_it_is_urgent_and_after_it_nobody_is_called() {
    let (house, token) = invited().await;
    house.clock.move_by(TimeDelta::hours(28));
    assert_eq!(said(&house, &token, "help", "").await, "told", "a form without scripts or words");
    let alert = alerts(&house).await.remove(0);
    assert_eq!(alert.severity, Severity::High);
    assert!(alert.evidence.contains("Camera: not tested.") && alert.evidence.contains("Video calls: not known."), "{}", alert.evidence);
    house.clock.move_by(TimeDelta::hours(3));
    assert_eq!(said(&house, &token, "help", "").await, "late");
    assert_eq!(alerts(&house).await.len(), 1);
}

#[tokio::test]
async fn a_link_is_sent_again_to_the_invited_address_alone() {
    let (house, old) = invited().await;
    let reissued = Guest { link: Uuid::now_v7(), ..house.guest(JEAN).await };
    house.archive.commit(Commit { writes: vec![Write::Guest(Box::new(reissued))] }).await.unwrap();
    assert_eq!(said(&house, &old, "again", "").await, "again");
    let items = house.sent().await;
    assert_eq!(items.len(), 1);
    assert_eq!(items[0].recipient.to_string(), JEAN);
    let text = of_purpose(&items, Invitation).remove(0).text;
    assert!(text.contains(&format!("/j/{}", link(&house).await)) && !text.contains(&old), "{text}");
    for _ in 0..3 {
        assert_eq!(said(&house, &old, "again", "").await, "again", "who asks learns nothing");
    }
    assert_eq!(house.sent().await.len(), 0, "once an hour");
    house.clock.move_by(TimeDelta::hours(1));
    said(&house, &old, "again", "").await;
    assert_eq!(house.sent().await.len(), 1);
}

#[tokio::test]
async fn nothing_is_sent_again_for_dead_meetings_foreign_tokens_or_suppressed_addresses() {
    let (house, token) = invited().await;
    for bad in ["x", &format!("{token}x"), &house.gateway.links.mint_meeting(&house.meeting().await.0, house.gateway.world.now()).unwrap()]
    {
        assert_eq!(said(&house, bad, "again", "").await, "again");
        assert_eq!(said(&house, bad, "help", "").await, "late");
    }
    let (status, ..) = ask(&house, "POST", &format!("/j/{token}/again"), "cross-site", "").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, ..) = ask(&house, "POST", &format!("/j/{token}/help"), "cross-site", "").await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    for (what, body) in [("help", "camera=on+fire"), ("help", "calls=2")] {
        let (status, ..) = ask(&house, "POST", &format!("/j/{token}/{what}"), "same-origin", body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    }
    let stopped = Suppression {
        address: support::house::mailbox(JEAN),
        meeting: None,
        cause: SuppressionCause::Complaint,
        since: house.gateway.world.now(),
        received: None,
        note: String::new(),
    };
    house.archive.commit(Commit { writes: vec![Write::Suppress(Box::new(stopped))] }).await.unwrap();
    assert_eq!(said(&house, &token, "again", "").await, "again");
    assert_eq!((house.sent().await.len(), alerts(&house).await.len()), (0, 0));
}

#[tokio::test]
async fn the_calendar_file_is_what_the_guest_was_sent() {
    let (house, token) = invited().await;
    let path = format!("/j/{token}/invitation.ics");
    let (status, headers, object) = ask(&house, "GET", &path, "none", "").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers[header::CONTENT_TYPE], "text/calendar; charset=utf-8; method=REQUEST");
    assert_eq!(headers[header::CONTENT_DISPOSITION], "attachment; filename=\"invitation.ics\"");
    let guest = house.guest(JEAN).await;
    let object = object.replace("\r\n ", "");
    assert!(object.contains(&format!("UID:{}", guest.uid.0)) && object.contains("SEQUENCE:0"), "{object}");
    for secret in ["claire", "Bernard", "agence.example", "meeting-1"] {
        assert!(!object.contains(secret), "{secret}: {object}");
    }
    let waiting = house.archive.outbox_waiting().await.unwrap();
    assert_eq!(waiting, 0, "looking sends nothing");
    house.accept(Submission, ORGANIZER, JEAN, &calendar_mail("CANCEL", 1, 13, &[JEAN])).await;
    assert_eq!(ask(&house, "GET", &path, "none", "").await.0, StatusCode::GONE);
    assert_eq!(ask(&house, "GET", "/j/x/invitation.ics", "none", "").await.0, StatusCode::GONE);
}

async fn enters(join: &Join, token: &str, from: &str) -> bool {
    matches!(join.enter(token, Some(from.parse().unwrap())).await.unwrap(), Entry::Admitted(_))
}

#[tokio::test]
async fn a_link_in_many_places_is_told_and_by_policy_refused() {
    let (house, token) = invited().await;
    house.clock.move_by(TimeDelta::hours(29));
    let join = house.door(JoinSettings::default());
    for from in ["192.0.2.1", "192.0.2.77", "198.51.100.1", "2001:db8::1", "2001:db8:0:9::1"] {
        assert!(enters(&join, &token, from).await);
    }
    assert_eq!(alerts(&house).await.len(), 0, "three networks: at home, on the way, at the office");
    let refusing = house.door(JoinSettings { shared_links: SharedLinks::Refuse, ..JoinSettings::default() });
    let Entry::Refused(page) = refusing.enter(&token, Some("203.0.113.1".parse().unwrap())).await.unwrap() else { panic!("refused") };
    assert!(page.state == JoinState::Shared && page.meeting.is_none(), "{page:?}");
    let alert = alerts(&house).await.remove(0);
    assert_eq!((alert.kind, alert.severity), (AlertKind::SharedLink, Severity::Warning));
    assert!(alert.evidence.contains("4 networks") && alert.actions().contains(&AlertAction::ReissueLink), "{}", alert.evidence);
    assert!(!alert.evidence.contains("203.0.113"), "{}", alert.evidence);
    assert!(alert.actions().contains(&AlertAction::RevokeLink));
    assert!(enters(&refusing, &token, "192.0.2.1").await, "where they were before they may be again");
    assert!(enters(&join, &token, "203.0.113.1").await, "where the policy is to tell, they come in");
    house.clock.move_by(TimeDelta::hours(-29));
    let ignoring = house.door(JoinSettings { shared_links: SharedLinks::Ignore, ..JoinSettings::default() });
    house.clock.move_by(TimeDelta::hours(29));
    assert!(enters(&ignoring, &token, "203.0.113.200").await && alerts(&house).await[0].count == 2);
    assert_eq!(house.gateway.act(alert.id, AlertAction::RevokeLink, "helpdesk:h1").await.unwrap(), Acted::Done);
    assert!(
        !enters(&ignoring, &token, "192.0.2.1").await && house.sent().await.iter().all(|item| item.purpose != Invitation),
        "dead, and no new one"
    );
}

#[tokio::test]
async fn a_second_place_while_the_guest_is_in_the_room_is_told_at_once() {
    let (house, token) = invited().await;
    house.clock.move_by(TimeDelta::hours(29));
    let join = house.door(JoinSettings::default());
    assert!(enters(&join, &token, "192.0.2.1").await);
    let (meeting, guests) = house.meeting().await;
    let now = house.gateway.world.now();
    let stay = Stay { room: meeting.room.clone(), occupant: "o".into(), person: Some(guests[0].id.0), joined_at: now, left_at: None };
    house.archive.commit(Commit { writes: vec![Write::Room(RoomWrite::Stay { meeting: meeting.id, stay })] }).await.unwrap();
    assert!(enters(&join, &token, "192.0.2.1").await);
    assert_eq!(alerts(&house).await.len(), 0, "their second browser at home");
    assert!(enters(&join, &token, "198.51.100.1").await);
    assert!(alerts(&house).await[0].evidence.contains("while they are in the room"));
}
