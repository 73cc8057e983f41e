//! What people do about alerts: on the page of its mail, by an answer to it, and what is told again when nobody does anything.

use crate::support;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use chrono::TimeDelta;
use paravent::domain::alert::{Alert, AlertAction, AlertKind, AlertState, Severity};
use paravent::domain::attendance::PartStat;
use paravent::domain::decision::Disposition;
use paravent::domain::delivery::OutboxItem;
use paravent::domain::delivery::OutboxPurpose::{Helpdesk, Invitation, Organizer};
use paravent::domain::record::HoldState;
use paravent::domain::token::Purpose;
use paravent::flow::alert_desk::Acted;
use paravent::flow::port::MailDoor::{Mx, Submission};
use paravent::web::alert::{AlertCounter, router};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use support::house::{House, JEAN, ORGANIZER, calendar_mail, mailbox, of_purpose, parsed, reply, words};
use tower::ServiceExt;

const HELPDESK: &str = "helpdesk@agence.example";
const OTHER: &str = "jean@perso.example";

/// Jean was invited, and somebody else answered in his name.
async fn stranger() -> (House, Alert) {
    let house = House::build().await;
    house.accept(Submission, ORGANIZER, JEAN, &calendar_mail("REQUEST", 0, 13, &[JEAN])).await;
    house.sent().await;
    let guest = house.guest(JEAN).await;
    let alias = house.address(Purpose::OrganizerAlias, guest.id);
    house.accept(Mx, OTHER, &alias, &reply(OTHER, &guest.uid.0, 0, "20260105T090000Z", "ACCEPTED")).await;
    let alert = only(&house).await;
    assert_eq!((alert.kind, alert.state), (AlertKind::Stranger, AlertState::Open));
    (house, alert)
}

async fn only(house: &House) -> Alert {
    let mut alerts = house.archive.alerts(None, 10).await.unwrap();
    alerts.retain(|alert| alert.severity > Severity::Info);
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    alerts.remove(0)
}

async fn state(house: &House, alert: &Alert) -> AlertState {
    house.archive.alert(alert.id).await.unwrap().unwrap().state
}

/// The mail to the helpdesk: its text, and the token of its page.
async fn alert_mail(house: &House) -> (OutboxItem, String) {
    let item = house.sent().await.into_iter().find(|item| item.purpose == Helpdesk).expect("a mail to the helpdesk");
    let text = parsed(&item).text;
    let (_, rest) = text.split_once("https://visio.example/a/").expect("the link of the page");
    let token = rest.split_whitespace().next().unwrap().to_owned();
    (item, token)
}

async fn ask(house: &House, method: &str, path: &str, site: &str, body: &str) -> (StatusCode, String) {
    let router = router(Arc::new(AlertCounter::new(house.gateway.clone()).unwrap()));
    let request = Request::builder().method(method).uri(path).header("sec-fetch-site", site);
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(body.to_owned())).unwrap();
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    (parts.status, String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn the_page_shows_and_changes_nothing_until_a_button_is_pressed() {
    let (house, alert) = stranger().await;
    let (item, token) = alert_mail(&house).await;
    assert_eq!(parsed(&item).from[0].mailbox, mailbox(&alert_address(&house, &alert)), "an answer names the alert");
    for language in ["en", "fr"] {
        let (status, page) = ask(&house, "GET", &format!("/a/{token}?lang={language}"), "none", "").await;
        assert_eq!(status, StatusCode::OK);
        for part in ["value=\"accept-address\"", "value=\"release\"", "value=\"drop\"", OTHER, JEAN] {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert!(!page.contains("value=\"resend\""));
        assert!(!page.contains(ORGANIZER), "the organizer is not told to whoever has this link");
    }
    assert_eq!(state(&house, &alert).await, AlertState::Open);
    let (status, _) = ask(&house, "POST", &format!("/a/{token}"), "cross-site", "action=drop").await;
    assert_eq!((status, state(&house, &alert).await), (StatusCode::FORBIDDEN, AlertState::Open));
    let (status, page) = ask(&house, "POST", &format!("/a/{token}"), "same-origin", "action=acknowledge").await;
    assert_eq!((status, state(&house, &alert).await), (StatusCode::OK, AlertState::Acknowledged));
    assert!(page.contains("Done.") && !page.contains("value=\"acknowledge\""));
    let (status, _) = ask(&house, "POST", &format!("/a/{token}"), "same-origin", "action=resend").await;
    assert_eq!(status, StatusCode::CONFLICT, "what is not offered is not done");
    for bad in [format!("/a/{token}x"), "/a/x".to_owned()] {
        assert_eq!(ask(&house, "POST", &bad, "same-origin", "action=drop").await.0, StatusCode::NOT_FOUND);
    }
    house.clock.move_by(TimeDelta::days(31));
    assert_eq!(ask(&house, "POST", &format!("/a/{token}"), "same-origin", "action=drop").await.0, StatusCode::GONE);
}

#[tokio::test]
async fn the_links_of_a_guest_and_of_an_alert_open_nothing_of_each_other() {
    let (house, alert) = stranger().await;
    let (meeting, guests) = house.meeting().await;
    let (links, now) = (&house.gateway.links, alert.opened_at);
    for token in [links.mint(&meeting, &guests[0], now).unwrap(), links.mint_meeting(&meeting, now).unwrap()] {
        assert!(links.read_alert(&token, now).is_err());
    }
    let token = links.mint_alert(alert.id, now).unwrap();
    assert!(links.read(&token, now).is_err() && links.read_meeting(&token, now).is_err());
}

#[tokio::test]
async fn an_accepted_address_is_the_guests_from_then_on() {
    let (house, alert) = stranger().await;
    assert_eq!(house.gateway.act(alert.id, AlertAction::AcceptAddress, "operator").await.unwrap(), Acted::Done);
    let guest = house.guest(JEAN).await;
    assert_eq!(guest.also, [mailbox(OTHER)]);
    assert_eq!(guest.attendance.response.whole.partstat, PartStat::Accepted, "the answer that waited counts");
    assert_eq!(state(&house, &alert).await, AlertState::Resolved);
    assert_eq!(house.gateway.act(alert.id, AlertAction::AcceptAddress, "operator").await.unwrap(), Acted::NotOffered);
    house.sent().await;
    let alias = house.address(Purpose::OrganizerAlias, guest.id);
    house.accept(Mx, OTHER, &alias, &words(OTHER, &alias, "later@perso.example", "Je serai en retard.")).await;
    assert_eq!(of_purpose(&house.sent().await, Organizer).len(), 1, "relayed");
    house.verdicts.aligned.store(false, Ordering::SeqCst);
    house.accept(Mx, OTHER, &alias, &words(OTHER, &alias, "forged@perso.example", "Moi aussi.")).await;
    assert_eq!(of_purpose(&house.sent().await, Organizer).len(), 0, "proof is still asked for");
}

#[tokio::test]
async fn a_new_link_ends_the_old_one() {
    let (house, alert) = stranger().await;
    let before = house.guest(JEAN).await.link;
    assert_eq!(house.gateway.act(alert.id, AlertAction::ReissueLink, "operator").await.unwrap(), Acted::Done);
    let sent = house.sent().await;
    assert_eq!(of_purpose(&sent, Invitation).len(), 1);
    assert_eq!(sent.iter().find(|item| item.purpose == Invitation).unwrap().recipient, mailbox(JEAN), "to the guest alone");
    assert_ne!(house.guest(JEAN).await.link, before);
}

fn alert_address(house: &House, alert: &Alert) -> String {
    house.gateway.tokens.address(Purpose::Alert, alert.id.0, &house.gateway.settings.domains.alias).to_string()
}

/// What became of the newest message.
async fn ended(house: &House) -> (Disposition, Option<HoldState>) {
    let newest = house.archive.received(None, 1).await.unwrap().remove(0);
    (newest.disposition, newest.hold)
}

#[tokio::test]
async fn the_helpdesk_answers_an_alert_by_mail() {
    let (house, alert) = stranger().await;
    let to = alert_address(&house, &alert);
    let say = |from: &'static str, id: &'static str, text: &'static str| words(from, &alert_address(&house, &alert), id, text);
    house.accept(Mx, HELPDESK, &to, &say(HELPDESK, "1@a.example", "J'ai appelé le patient, il rappelle.\nack")).await;
    assert_eq!((ended(&house).await.0, state(&house, &alert).await), (Disposition::Consumed, AlertState::Open), "words are no command");
    house.accept(Mx, OTHER, &to, &say(OTHER, "2@a.example", "release")).await;
    assert_eq!(ended(&house).await, (Disposition::Held, Some(HoldState::Waiting)), "not of the helpdesk");
    house.verdicts.aligned.store(false, Ordering::SeqCst);
    house.accept(Mx, HELPDESK, &to, &say(HELPDESK, "3@a.example", "release")).await;
    assert_eq!((ended(&house).await.0, state(&house, &alert).await), (Disposition::Held, AlertState::Open), "forged");
    house.verdicts.aligned.store(true, Ordering::SeqCst);
    let away = say(HELPDESK, "4@a.example", "release").replace("MIME-Version", "Auto-Submitted: auto-replied\nMIME-Version");
    house.accept(Mx, HELPDESK, &to, &away).await;
    house.accept(Mx, "", &to, &say(HELPDESK, "5@a.example", "release")).await;
    assert_eq!(
        (ended(&house).await.0, state(&house, &alert).await),
        (Disposition::Consumed, AlertState::Open),
        "machines give no commands"
    );
    house.sent().await;

    house.accept(Mx, "ana.silva@agence.example", &to, &say("ana.silva@agence.example", "6@a.example", "Pris.\n\n> Alert")).await;
    assert_eq!((ended(&house).await.0, state(&house, &alert).await), (Disposition::Applied, AlertState::Acknowledged));
    house.accept(Mx, HELPDESK, &to, &say(HELPDESK, "7@a.example", "release\n\nOn Mon, 5 Jan 2026, Paravent wrote:\n> x")).await;
    assert_eq!((ended(&house).await.0, state(&house, &alert).await), (Disposition::Applied, AlertState::Resolved));
    assert_eq!(house.guest(JEAN).await.attendance.response.whole.partstat, PartStat::Accepted);
    let relayed = house.sent().await.len();
    house.accept(Mx, HELPDESK, &to, &say(HELPDESK, "7@a.example", "release\n\nOn Mon, 5 Jan 2026, Paravent wrote:\n> x")).await;
    assert_eq!((relayed, house.sent().await.len()), (1, 0), "the same mail again does nothing, and nothing is answered");
    let forged = house
        .give(Mx, HELPDESK, &["aa00000000000000000000000000000000000000000@visio.example"], &say(HELPDESK, "8@a.example", "ack"))
        .await;
    assert!(forged[0].starts_with("550"), "{forged:?}");
}

#[tokio::test]
async fn what_nobody_takes_is_told_again_as_the_meeting_comes_near() {
    // It is 8:00 the day before; the meeting is at 13:00.
    let (house, alert) = stranger().await;
    house.sent().await;
    assert_eq!(house.gateway.escalate_alerts().await.unwrap(), 0);
    house.clock.move_by(TimeDelta::hours(6));
    assert_eq!(house.gateway.escalate_alerts().await.unwrap(), 1, "within a day");
    assert_eq!(house.gateway.escalate_alerts().await.unwrap(), 0, "once");
    let (item, _) = alert_mail(&house).await;
    assert!(parsed(&item).text.contains("Still open"), "{}", parsed(&item).text);
    assert_eq!(house.archive.alert(alert.id).await.unwrap().unwrap().severity, Severity::High);
    house.clock.move_by(TimeDelta::hours(21));
    assert_eq!(house.gateway.escalate_alerts().await.unwrap(), 1, "within two hours");
    house.sent().await;
    house.clock.move_by(TimeDelta::hours(4));
    assert_eq!(house.gateway.escalate_alerts().await.unwrap(), 0, "after the start");
}

#[tokio::test]
async fn what_somebody_took_is_not_told_again() {
    let (house, alert) = stranger().await;
    house.gateway.act(alert.id, AlertAction::Acknowledge, "operator").await.unwrap();
    house.clock.move_by(TimeDelta::hours(27));
    assert_eq!(house.gateway.escalate_alerts().await.unwrap(), 0);
}
