//! What becomes of mails that wait: an organizer has theirs sent without what would show them, or nobody decides and they end.

use crate::support;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use chrono::TimeDelta;
use paravent::domain::alert::{AlertAction, AlertKind, AlertState};
use paravent::domain::decision::Disposition;
use paravent::domain::delivery::OutboxPurpose::{Answer, Invitation, Organizer};
use paravent::domain::id::ReceivedId;
use paravent::domain::record::HoldState;
use paravent::domain::token::Purpose;
use paravent::flow::alert_desk::Acted;
use paravent::flow::hold::HoldOutcome;
use paravent::flow::port::MailDoor::{Mx, Submission};
use paravent::web::hold::{HoldCounter, router};
use std::sync::Arc;
use support::house::{House, JEAN, LEA, ORGANIZER, calendar_mail, of_purpose, words};
use tower::ServiceExt;

const STRANGER: &str = "jean@perso.example";

async fn ask(house: &House, method: &str, token: &str, site: &str, body: &str) -> (StatusCode, String) {
    let router = router(Arc::new(HoldCounter::new(house.gateway.clone()).unwrap()));
    let request = Request::builder().method(method).uri(format!("/w/{token}")).header("sec-fetch-site", site);
    let request = request.header("content-type", "application/x-www-form-urlencoded").body(Body::from(body.to_owned())).unwrap();
    let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
    (parts.status, String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().to_vec()).unwrap())
}

async fn send_without(house: &House, token: &str) -> (StatusCode, String) {
    ask(house, "POST", token, "same-origin", "action=send-without").await
}

/// An invitation that says who invites, in its title, in a line of its description, and in the name of a guest.
fn telling(sequence: u32) -> String {
    calendar_mail("REQUEST", sequence, 13, &[JEAN, LEA]).replace(
        "SUMMARY:Bilan",
        "SUMMARY:Bilan avec Claire Bernard\nDESCRIPTION:Apportez vos lunettes.\\nClaire Bernard\\, 3e étage\\nÀ mardi",
    )
}

/// The token of the page, out of the mail that tells the organizer.
async fn token(house: &House) -> String {
    let told = of_purpose(&house.sent().await, Organizer);
    assert_eq!(told.len(), 1);
    let (_, rest) = told[0].text.split_once("https://visio.example/w/").expect("the link of the page");
    rest.split_whitespace().next().unwrap().to_owned()
}

async fn held(house: &House) -> Vec<(ReceivedId, Option<HoldState>)> {
    let all = house.archive.received(None, 100).await.unwrap();
    all.into_iter().filter(|mail| mail.disposition == Disposition::Held).map(|mail| (mail.id, mail.hold)).collect()
}

async fn state(house: &House) -> HoldState {
    let held = held(house).await;
    assert_eq!(held.len(), 1);
    held[0].1.unwrap()
}

/// Every message is in one state. (That no worker ran is seen too, and is no fault.)
async fn assert_balance(house: &House) {
    let found = house.archive.reconcile(house.gateway.world.now(), &|_| {}).await.unwrap();
    let held = found.states.get("held").copied().unwrap_or_default();
    let holds = found.holds;
    assert_eq!(holds.waiting + holds.released + holds.dropped + holds.expired, held);
    assert_eq!(found.accepted, found.accounted_for());
    assert!(found.faults.iter().all(|fault| fault.what == "waits for a mail that nobody will send"), "{found:?}");
}

#[tokio::test]
async fn an_invitation_goes_out_without_what_shows_its_organizer_once() {
    let house = House::build().await;
    house.accept(Submission, ORGANIZER, JEAN, &telling(0)).await;
    let token = token(&house).await;
    let (status, page) = ask(&house, "GET", &token, "none", "").await;
    assert_eq!((status, state(&house).await), (StatusCode::OK, HoldState::Waiting), "looking changes nothing");
    assert!(page.contains("Apportez vos lunettes.") && page.contains("[…]") && page.contains("À mardi"), "{page}");
    assert!(page.contains("L’envoyer sans ce qui vous fait reconnaître ?"), "in the organizer's language");
    for (site, body, status) in
        [("cross-site", "action=send-without", StatusCode::FORBIDDEN), ("same-origin", "action=release", StatusCode::UNPROCESSABLE_ENTITY)]
    {
        assert_eq!(ask(&house, "POST", &token, site, body).await.0, status);
    }
    assert_eq!(house.sent().await.len(), 0);

    let (status, page) = send_without(&house, &token).await;
    assert_eq!((status, state(&house).await), (StatusCode::OK, HoldState::Released), "{page}");
    let alerts = house.archive.alerts(None, 10).await.unwrap();
    assert!(alerts.iter().any(|alert| alert.kind == AlertKind::Leak && alert.state == AlertState::Resolved), "{alerts:?}");
    let sent = house.sent().await;
    let invitations = of_purpose(&sent, Invitation);
    assert_eq!((invitations.len(), of_purpose(&sent, Organizer).len()), (1, 1), "the guest of the envelope, and the summary");
    assert_eq!(invitations[0].subject, "Invitation : Service médical");
    assert!(invitations[0].text.contains("Apportez vos lunettes.") && invitations[0].text.contains("À mardi"));
    for item in sent.iter().filter(|item| item.purpose == Invitation) {
        let mail = String::from_utf8_lossy(&item.message).to_lowercase();
        assert!(!mail.contains("claire") && !mail.contains("bernard"), "{mail}");
    }
    // A second press, another tab, a program that follows links.
    for _ in 0..2 {
        assert_eq!(send_without(&house, &token).await.0, StatusCode::OK);
    }
    assert_eq!(house.sent().await.len(), 0);
    assert_balance(&house).await;
}

#[tokio::test]
async fn who_does_not_want_it_sent_ends_it() {
    let house = House::build().await;
    house.accept(Submission, ORGANIZER, JEAN, &telling(0)).await;
    let token = token(&house).await;
    assert_eq!(ask(&house, "POST", &token, "same-origin", "action=drop").await.0, StatusCode::OK);
    assert_eq!(state(&house).await, HoldState::Dropped);
    send_without(&house, &token).await;
    assert_eq!((state(&house).await, house.sent().await.len()), (HoldState::Dropped, 0));
}

#[tokio::test]
async fn a_newer_invitation_is_not_undone_by_an_older_one() {
    let house = House::build().await;
    house.accept(Submission, ORGANIZER, JEAN, &telling(0)).await;
    let token = token(&house).await;
    house.accept(Submission, ORGANIZER, JEAN, &calendar_mail("REQUEST", 1, 14, &[JEAN])).await;
    assert_eq!(of_purpose(&house.sent().await, Invitation).len(), 1);
    let (status, _) = send_without(&house, &token).await;
    assert_eq!((status, state(&house).await, house.sent().await.len()), (StatusCode::CONFLICT, HoldState::Waiting, 0));
}

#[tokio::test]
async fn the_words_of_an_answer_go_on_without_a_line() {
    let house = House::build().await;
    house.accept(Submission, ORGANIZER, JEAN, &calendar_mail("REQUEST", 0, 13, &[JEAN])).await;
    house.sent().await;
    let jean = house.guest(JEAN).await;
    let alias = house.address(Purpose::GuestAlias, jean.id);
    let text = "Apportez vos lunettes.\nEn cas de besoin : claire.bernard@agence.example\nÀ mardi";
    house.accept(Submission, ORGANIZER, &alias, &words(ORGANIZER, &alias, "1@pc.agence.example", text)).await;
    let id = held(&house).await[0].0;
    assert_eq!(house.gateway.release(id).await.unwrap(), HoldOutcome::StillHeld, "nobody's word lets it show them");
    let token = token(&house).await;
    let (status, page) = ask(&house, "GET", &token, "none", "").await;
    assert!(status == StatusCode::OK && page.contains("Apportez vos lunettes.") && !page.contains("claire.bernard"), "{page}");
    send_without(&house, &token).await;
    let answers = of_purpose(&house.sent().await, Answer);
    assert_eq!(answers.len(), 1);
    assert!(answers[0].text.contains("Apportez vos lunettes.\n[…]\nÀ mardi"), "{}", answers[0].text);
    assert_eq!(state(&house).await, HoldState::Released);
    assert_balance(&house).await;
}

#[tokio::test]
async fn links_of_other_pages_and_old_ones_decide_nothing() {
    let house = House::build().await;
    house.accept(Submission, ORGANIZER, JEAN, &telling(0)).await;
    let token = token(&house).await;
    let (id, now) = (held(&house).await[0].0, house.gateway.world.now());
    let alert = house.gateway.links.mint_alert(paravent::domain::id::AlertId(id.0), now).unwrap();
    for bad in [alert, format!("{token}x"), "x".to_owned()] {
        assert_eq!(ask(&house, "GET", &bad, "none", "").await.0, StatusCode::NOT_FOUND);
        assert_eq!(send_without(&house, &bad).await.0, StatusCode::NOT_FOUND);
    }
    house.clock.move_by(TimeDelta::days(31));
    assert_eq!(send_without(&house, &token).await.0, StatusCode::GONE);
    assert_eq!((state(&house).await, house.sent().await.len()), (HoldState::Waiting, 0));
}

#[tokio::test]
async fn what_nobody_decides_about_ends_after_it_was_told() {
    let house = House::build().await;
    house.accept(Submission, ORGANIZER, JEAN, &calendar_mail("REQUEST", 0, 13, &[JEAN])).await;
    let jean = house.guest(JEAN).await;
    let alias = house.address(Purpose::OrganizerAlias, jean.id);
    house.accept(Mx, STRANGER, &alias, &words(STRANGER, &alias, "1@perso.example", "Bonjour")).await;
    house.sent().await;
    let open = || async { house.archive.alerts(Some(AlertState::Open), 9).await.unwrap() };

    house.clock.move_by(TimeDelta::days(26));
    assert_eq!((house.gateway.expire_holds().await.unwrap(), open().await.len()), (0, 1));
    house.clock.move_by(TimeDelta::days(1) + TimeDelta::minutes(1));
    for _ in 0..2 {
        assert_eq!((house.gateway.expire_holds().await.unwrap(), open().await.len()), (0, 2), "told once");
    }
    let told = open().await.into_iter().find(|alert| alert.key == "held/expiring").unwrap();
    assert!(told.evidence.contains("within 3 days: 1, the first on 2026-02-04"), "{}", told.evidence);
    assert_eq!(state(&house).await, HoldState::Waiting);
    house.clock.move_by(TimeDelta::days(3));
    assert_eq!(house.gateway.expire_holds().await.unwrap(), 1);
    assert_eq!(house.gateway.expire_holds().await.unwrap(), 0);
    assert_eq!(state(&house).await, HoldState::Expired);
    assert_eq!(open().await.len(), 1, "its own alert is done; the warning is for people");
    let id = held(&house).await[0].0;
    assert_eq!(house.gateway.release(id).await.unwrap(), HoldOutcome::NotWaiting);
    let (meeting, _) = house.meeting().await;
    assert!(house.archive.audit(meeting.id).await.unwrap().iter().any(|event| event.action == "hold.expired"));
    assert_balance(&house).await;
}

#[tokio::test]
async fn the_helpdesk_can_do_it_for_them() {
    let house = House::build().await;
    house.accept(Submission, ORGANIZER, JEAN, &telling(0)).await;
    let alert = house.archive.alerts(None, 10).await.unwrap().into_iter().find(|alert| alert.kind == AlertKind::Leak).unwrap();
    assert!(alert.actions().contains(&AlertAction::SendWithout) && !alert.actions().contains(&AlertAction::Release));
    house.sent().await;
    assert_eq!(house.gateway.act(alert.id, AlertAction::SendWithout, "helpdesk:h1").await.unwrap(), Acted::Done);
    let mails = of_purpose(&house.sent().await, Invitation);
    assert!(mails.len() == 1 && mails[0].text.contains("lunettes") && !mails[0].text.contains("Claire"), "{mails:?}");
    assert_eq!(state(&house).await, HoldState::Released);
    assert_eq!(house.gateway.act(alert.id, AlertAction::SendWithout, "helpdesk:h1").await.unwrap(), Acted::NotOffered);
}
